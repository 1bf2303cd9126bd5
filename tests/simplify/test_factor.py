"""The ways to put a sum together: enough of them to choose from, and not so many as to drown in."""

from __future__ import annotations

import pytest

from matcalc.language import parse_program
from matcalc.rules.book import default_book
from matcalc.simplify.factor import framed
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Contract

FUNCTIONS = ("exp", "sin", "cos", "tanh", "atan", "erf")


@pytest.mark.parametrize("many", range(2, len(FUNCTIONS) + 1))
def test_ways_are_few(many: int) -> None:
    """Factors are pulled out in front, behind and once more: of k factors that all terms share at
    most k³ choices, and not each of their k! orders."""
    shared = " ⊙ ".join(f"{name}(S)" for name in FUNCTIONS[:many])
    text = f"(sinh(S) + cosh(S)) ⊙ {shared}"
    expression = parse_program(text, {"S": "n×n symmetric"}).expression
    t = Lowering(default_book())(expression)
    assert isinstance(t, Contract)
    assert 0 < len(framed(t)) <= many**3
