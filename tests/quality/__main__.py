"""The worst errors of emitted code, in ulps, against mpmath: `python -m tests.quality [TEXT …]`.

For each form: value, gradient and Hessian, with the point where each is worst and the warnings that
NumPy gives.  The exit code is 1 if a limit of the table is exceeded.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from tests.quality import vectors
from tests.quality.forms import FORMS
from tests.quality.measure import KINDS, measured
from tests.quality.vectors import CONDITIONS, MATRIX_FORMS, VECTOR_FORMS, matrix_error

STABLE: Final = 16
"""Ulps that a form may be wrong by and be called stable."""


def main(texts: list[str]) -> int:
    """Print the tables."""
    say(f"{'form':48} {'value':>8} {'gradient':>8} {'Hessian':>8}   limits")
    worst, failed = [0.0] * 3, 0
    for form in FORMS:
        if texts and form.text not in texts:
            continue
        found = measured(form)
        errors = [found[kind].ulps for kind in KINDS]
        say(f"{form.text:48} {shown(errors)}   {', '.join(f'{x:g}' for x in form.limits)}")
        for kind, limit in zip(KINDS, form.limits, strict=True):
            one = found[kind]
            if one.ulps > limit or one.warned:
                failed += 1
                say(f"    {kind} at {one.point:g}: {one.ulps:.3g} {'; '.join(one.warned)}")
        if max(form.limits) <= STABLE:
            worst = [max(pair) for pair in zip(worst, errors, strict=True)]
    say(f"{f'worst of those with limits of at most {STABLE}':48} {shown(worst)}")
    return 1 if failed or (not texts and wholes()) else 0


def wholes() -> int:
    """Print the tables of vectors and matrices; how many limits are exceeded."""
    failed = 0
    say(f"\n{'form of a vector':48} {'value':>8} {'gradient':>8} {'second':>8}   limits")
    for form in VECTOR_FORMS:
        found = vectors.measured(form)
        errors = [found.get(kind, (0.0,))[0] for kind in KINDS]
        errors[2] = max(errors[2], found.get("jacobian", (0.0,))[0])
        failed += any(e > limit for e, limit in zip(errors, form.limits, strict=True))
        say(f"{form.text:48} {shown(errors)}   {', '.join(f'{x:g}' for x in form.limits)}")
    powers = " ".join(f"{f'1e{power}':>8}" for power in CONDITIONS)
    say(f"\n{'form of a matrix, over its condition number':48} {powers}   limit")
    for each in MATRIX_FORMS:
        errors = [matrix_error(each, power) for power in CONDITIONS]
        failed += max(errors) > each.limit
        say(f"{each.text + ', A: ' + each.shape:48} {shown(errors)}   {each.limit:g}")
    return failed


def shown(errors: Sequence[float]) -> str:
    """Errors in columns."""
    return " ".join(f"{error:8.2f}" for error in errors)


def say(text: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
