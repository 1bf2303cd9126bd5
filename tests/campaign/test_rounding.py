"""What the judge of the campaign is made of: how far rounding carries a formula, where a program is
at the border of a domain, and derivatives inside of programs with many digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.check import evaluate, sample
from matcalc.check.sample import Sample
from matcalc.expr.nodes import Expr
from tests.campaign.borders import borders
from tests.campaign.precise import Precise
from tests.campaign.rounding import NOISE, spread

SHAPES = {"s": "R", "x": "R^n", "y": "R^n", "A": "R^(n×n)"}


def drawn_for(text: str) -> tuple[Expr, Sample]:
    """An expression and inputs for it."""
    expression = parse(text, SHAPES).node
    return expression, sample([expression], (), np.random.default_rng(5), sizes={"n": 2})


@pytest.mark.parametrize(
    "text",
    [
        "sum(exp(x) .* y)",
        "where(x > 0, x, y)",
        "(A' A + eye(n))^-1 x",
        "sign(x) * norm(x)",
        "tril(A, 1)^2 x",
        "e(0, n) * x[1]",
    ],
)
def test_rounding_does_little_where_nothing_cancels(text: str) -> None:
    expression, drawn = drawn_for(text)
    value = evaluate(expression, drawn.point, drawn.sizes, drawn.functions)
    assert spread(expression, drawn, np.random.default_rng(6), value) < 1000 * NOISE


@pytest.mark.parametrize(
    "text",
    [
        "(1 + 1000000000 x) - 1000000000 x",
        "1 / (1 - erf(abs(x) + 4))",
        "(A A' + eye(n) / 100000000 - A A')^-1 x",
        "expm(vstack(hstack(zeros(n, n), 10000000000 A), zeros(n, 2n)) + eye(2n)) e(0, 2n)",
    ],
)
def test_rounding_does_much_where_something_cancels(text: str) -> None:
    expression, drawn = drawn_for(text)
    value = evaluate(expression, drawn.point, drawn.sizes, drawn.functions)
    assert spread(expression, drawn, np.random.default_rng(6), value) > 1e4 * NOISE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("atan2(s - s, s - s)", "atan2"),
        ("atan2(x, y)", ""),
        ("atan2(x, y - y)", ""),
        ("sqrt(x - x)", "sqrt"),
        ("prod(x)", ""),
        ("floor(1000000000 x)", "floor"),
        ("floor(x)", ""),
    ],
)
def test_borders_of_domains(text: str, said: str) -> None:
    expression, drawn = drawn_for(text)
    found = list(borders(Precise(expression, drawn.sizes, drawn.functions).all(drawn.point)))
    assert any(said in word for word in found) if said else not found


@pytest.mark.parametrize(
    ("inside", "text", "wrt", "kind"),
    [
        ("grad(sum(sin(x) .* y), x)", "sum(sin(x) .* y)", "x", "gradient"),
        ("jacobian(A softmax(x), x)", "A softmax(x)", "x", "jacobian"),
        ("hessian(exp(x · y) + sum(x.^3), x)", "exp(x · y) + sum(x.^3)", "x", "hessian"),
    ],
)
def test_derivatives_inside_with_many_digits(inside: str, text: str, wrt: str, kind: Any) -> None:
    expression, drawn = drawn_for(inside)
    got = Precise(expression, drawn.sizes, drawn.functions)(drawn.point)
    array = derive(text, wrt, kind=kind, shapes=SHAPES).solved.arrays
    assert isinstance(array, Expr)
    wanted = Precise(array, drawn.sizes, drawn.functions)(drawn.point)
    assert np.max(np.abs(got - wanted)) < 1e-25
