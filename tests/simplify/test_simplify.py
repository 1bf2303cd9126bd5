"""The normal form: reached at once, the same whatever the order of terms, never another value."""

from __future__ import annotations

import pytest

from matcalc import derive
from matcalc.simplify.simplify import Simplifier
from tests.tensor.problems import CASES, leaves, solved

names = pytest.mark.parametrize("name", list(CASES))


def simplifier_of(name: str) -> Simplifier:
    """A simplifier of a case that has seen nothing yet."""
    found = solved(name).solved
    return Simplifier(found.lowering.known, found.book)


@names
def test_simplification_is_done_at_once(name: str) -> None:
    simplifier = simplifier_of(name)
    for raw in leaves(solved(name).solved.raw):
        once = simplifier(raw)
        assert simplifier(once) is once
        assert simplifier_of(name)(raw) is once


ORDERS = [
    (("x' A x + b · x", "b · x + x' A x"), "x"),
    (("sum(exp(x) ⊙ y + y.^2)", "sum(y.^2 + y ⊙ exp(x))"), "y"),
    (("norm(A x - b)^2 + l norm(x)^2", "l norm(x)^2 + norm(-b + A x)^2"), "x"),
    (("tr(A X B) + tr(B' X' A')", "tr(X B A) + tr(A X B)"), "X"),
    (("mean((y - max(0, X w + b))^2)", "mean((-max(0, b + X w) + y)^2)"), "w"),
]
SHAPES = {
    **dict.fromkeys("bwxy", "R^n"),
    **dict.fromkeys("ABX", "R^(n×n)"),
    "l": "R",
}


@pytest.mark.parametrize(("programs", "wrt"), ORDERS, ids=lambda item: str(item))
def test_the_order_of_terms_does_not_show(programs: tuple[str, str], wrt: str) -> None:
    first, second = (str(derive(program, wrt, shapes=SHAPES)) for program in programs)
    assert first == second


@pytest.mark.parametrize(
    ("program", "wrt", "result"),
    [
        ("sum(log(exp(x)))", "x", "ones(n)'"),
        ("sum(exp(log(x)) ⊙ y)", "x", "y'"),
        ("sum(log(1 + exp(x)))", "x", "sigmoid(x)'"),
        ("tr(A inv(A) X)", "X", "eye(n)"),
        ("norm(x)^2 - x · x", "x", "zeros(n)'"),
        ("tr(A X) - tr(X A)", "X", "zeros(n, n)"),
        ("l (x · y) / l", "x", "y'"),
        ("x' A y - y' A' x", "A", "zeros(n, n)"),
        ("sum(max(0, x) ⊙ (x > 0))", "x", "(x > 0)'"),
    ],
)
def test_what_cancels_is_gone(program: str, wrt: str, result: str) -> None:
    assert str(derive(program, wrt, shapes=SHAPES)) == result
