"""The closed forms of the literature, taken for hand-derived ones: each is told to be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from matcalc import derive
from tests.cases import check_cases

CASES: Final = Path(check_cases.__file__).parent

RESTRICTED: Final = {
    "fn-norm-2": "a pseudo-inverse of a matrix that is singular up to rounding",
}
"""Closed forms that are right only on what the case file samples, beside those of a simplex."""


def cases() -> list[Any]:
    """The cases that have a closed form, of one derivative each."""
    found = [case for path in sorted(CASES.glob("*.jsonl")) for case in check_cases.load(path)]
    return [
        pytest.param(case, id=case.id)
        for case in found
        if case.expected
        and (isinstance(case.wrt, str) and ("," not in case.wrt or case.wrt.startswith("[")))
        and "simplex" not in case.domain.values()
        and case.id not in RESTRICTED
    ]


@pytest.mark.parametrize("case", cases())
def test_closed_form_of_the_source(case: Any) -> None:
    d = derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes, layout=case.layout)
    verdict = d.equals(case.expected)
    literal = case.expected.startswith("[")  # a list of entries is a column
    assert verdict.outcome == "equal" or (literal and verdict.outcome == "layout"), str(verdict)
