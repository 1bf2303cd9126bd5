"""Borders of domains, and choices by rounding, are told from what is well inside."""

from __future__ import annotations

import numpy as np
import pytest

from matcalc.expr.nodes import Expr
from matcalc.language import parse_program
from tests.campaign.borders import borders, kinks, ranks, ties
from tests.campaign.digits import numbers
from tests.campaign.precise import Precise

TURN = np.linalg.qr(np.array([[0.3, 1.2], [-0.7, 0.4]]))[0]
SPREAD = TURN @ np.diag([1.0, 1.0 + 1e-6]) @ TURN.T
SHAPES = {"S": "n×n symmetric", "Q": "n×n orthogonal"}

AT = [
    ("eigmax(S)", {"S": np.eye(2)}, True),
    ("eigvecmax(S)", {"S": TURN @ np.diag([3.0, 3.0]) @ TURN.T}, True),
    ("eigvecmax(S)", {"S": SPREAD}, False),
    ("eigmax(S)", {"S": np.array([[2.0]])}, False),
    ("eigvecmax(S)", {"S": np.array([[2.0]])}, True),
    ("eigmax(S)", {"S": np.diag([1.0, 1.0, 2.0])}, False),
    ("atan2(0 S, S)", {"S": np.array([[-2.0]])}, True),
    ("atan2(0 S, S)", {"S": np.array([[2.0]])}, False),
    ("polar(sqrt(S) ones(n, m*n))", {"S": np.full((2, 2), 0.7)}, True),
    ("std(Q Q' ones(n), axis=0)", {"Q": TURN}, True),
    ("std(S ones(n), axis=0)", {"S": np.diag([1.0, 1.1])}, False),
    ("norm_2(Q)", {"Q": TURN}, True),
    ("norm_2(S)", {"S": SPREAD}, False),
    ("S.^S", {"S": np.array([[2.0, -0.5], [-0.5, 2.0]])}, True),
    ("S.^2", {"S": np.array([[2.0, -0.5], [-0.5, 2.0]])}, False),
]


@pytest.mark.parametrize(("text", "point", "there"), AT)
def test_border(text: str, point: dict[str, np.ndarray], there: bool) -> None:
    assert bool(list(borders(_parts(text, point)))) is there


@pytest.mark.parametrize(
    ("text", "point", "there"),
    [
        ("logdet(Q) > 0", {"Q": TURN}, True),
        ("max(tr(Q Q'), 2)", {"Q": TURN}, True),
        ("max(tr(S), 2)", {"S": SPREAD}, False),
    ],
)
def test_choice_by_rounding(text: str, point: dict[str, np.ndarray], there: bool) -> None:
    """A difference of 1e-6 is one; what rounds to the same is none."""
    assert bool(list(ties(_parts(text, point)))) is there


@pytest.mark.parametrize(("small", "there"), [(1e-12, True), (1e-6, False), (0.5, False)])
def test_rank_that_doubles_do_not_tell(small: float, there: bool) -> None:
    """NumPy drops singular values below 1e-15 of the largest, the oracle those below 1e-9."""
    point = {"S": TURN @ np.diag([2.0, 2.0 * small]) @ TURN.T}
    assert bool(list(ranks(_parts("pinv(S S' inv(S))", point)))) is there


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("abs(S)", True),
        ("abs(S + 1)", False),
        ("max(S, 3 eye(n))", True),
        ("max(S)", False),
        ("min(S)", True),
    ],
)
def test_kink_that_a_program_stands_on(text: str, there: bool) -> None:
    assert bool(list(kinks(_parts(text, {"S": np.diag([1.0, 2.0])})))) is there


def _parts(text: str, point: dict[str, np.ndarray]) -> dict[Expr, np.ndarray]:
    shapes = {name: shape for name, shape in SHAPES.items() if name in point}
    expression = parse_program(text, shapes).expression
    size = {"n": len(next(iter(point.values()))), "m": 2}
    values = {name: numbers(value) for name, value in point.items()}
    return Precise(expression, size, {}).all(values)
