"""How wrong emitted code is, in units in the last place of what it should be.

An error below the smallest normal number is underflow and counts as none; a result that is not
finite where it should be counts as infinitely wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from mpmath import mp

from matcalc import derive, parse
from tests.quality.forms import Form

DIGITS: Final = 760
"""Of references: exp(-1000) has to be told beside 1, in second differences."""

STEP: Final = -110
"""The step of differences is 10 to this."""

TINY: Final = 2.0**-1022

KINDS: Final = ("value", "gradient", "hessian")


@dataclass(frozen=True)
class Worst:
    """The worst error of a form: ulps, where, and the warnings that NumPy gave."""

    ulps: float
    point: float
    warned: tuple[str, ...]


def function(text: str, kind: str) -> Callable[..., Any]:
    """The compiled value of an element-wise form of x, or a derivative of the sum of that."""
    shapes = {"x": "n"}
    if kind == "value":
        return parse(text, shapes).function()
    return derive(f"sum({text})", "x", kind=kind, shapes=shapes).function()


def exact(form: Form) -> dict[str, list[Any]]:
    """Value, first and second derivative at each point, by differences at many digits."""
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    with mp.workdps(DIGITS):
        for point in form.points:
            x = mp.mpf(point)
            step = mp.mpf(10) ** STEP * (abs(x) if form.singular else max(1, abs(x)))
            below, here, above = (mp.mpf(form.reference(x + k * step)) for k in (-1, 0, 1))
            found["value"].append(here)
            found["gradient"].append((above - below) / (2 * step))
            found["hessian"].append((above - 2 * here + below) / step**2)
    return found


def ulps(got: float, wanted: Any) -> float:
    """The error in units in the last place of the wanted number, which has many digits."""
    nearest = float(wanted)
    if not np.isfinite(nearest):
        return 0.0 if got == nearest else float("inf")
    if not np.isfinite(got):
        return float("inf")
    with mp.workdps(DIGITS):
        error = abs(mp.mpf(got) - wanted)
        return 0.0 if error < TINY else float(error / mp.mpf(float(np.spacing(abs(nearest)))))


def measured(form: Form) -> dict[str, Worst]:
    """The worst error of value, gradient and Hessian."""
    wanted = exact(form)
    return {kind: worst(form, kind, wanted[kind]) for kind in KINDS}


def worst(form: Form, kind: str, wanted: Sequence[Any]) -> Worst:
    """The worst error of one kind of result."""
    compiled = function(form.text, kind)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = compiled(np.array(form.points))
    got = np.diag(got) if np.ndim(got) == 2 else got
    errors = [ulps(float(g), w) for g, w in zip(got, wanted, strict=True)]
    place = int(np.argmax(errors))
    overflows = any(not np.isfinite(float(w)) for w in wanted)
    warned = {str(each.message) for each in caught}
    if overflows:  # as it should
        warned = {w for w in warned if not w.startswith(("overflow", "divide by zero"))}
    return Worst(errors[place], form.points[place], tuple(sorted(warned)))
