"""The order of printed terms and factors: stated once, the same however the input was typed."""

from __future__ import annotations

from itertools import permutations

import pytest

from matcalc import derive

SHAPES = {
    **dict.fromkeys("ABX", "R^(n×n)"),
    **dict.fromkeys("xyb", "R^n"),
    **dict.fromkeys("tsk", "R"),
}

SUMS = [
    (["t B", "A"], "A + t B"),
    (["A", "B"], "A + B"),
    (["x x'", "A"], "A + x x'"),
    (["t^2 eye(n)", "X' X"], "X' X + t^2 eye(n)"),
    (["X' X", "eye(n)"], "eye(n) + X' X"),
    (["b", "A x"], "A x + b"),
    (["x / t", "y"], "y + x / t"),
    (["b", "-x"], "b - x"),
    (["-x", "-b", "y"], "y - b - x"),
    (["y x'", "x y'"], "x y' + y x'"),
    (["1", "exp(t)"], "1 + exp(t)"),
    (["1", "t"], "t + 1"),
    (["1", "2 s t"], "2 s t + 1"),
    (["3", "exp(t)"], "exp(t) + 3"),
    (["1", "t^2", "2 t"], "t^2 + 2 t + 1"),
    (["k (x - y)", "A x"], "A x + k (x - y)"),
]


@pytest.mark.parametrize(("terms", "printed"), SUMS, ids=lambda item: str(item))
def test_terms(terms: list[str], printed: str) -> None:
    for order in permutations(terms):
        total = " + ".join(f"({term})" for term in order)
        assert str(derive(f"z ({total})", "z", shapes={**SHAPES, "z": "R"})) == printed


PRODUCTS = [
    (["exp(t)", "t", "(s + t)"], "t exp(t) (s + t)"),
    (["t^2", "s", "exp(s)"], "s t^2 exp(s)"),
    (["t^(s - 1)", "(s - 1)", "k"], "k (s - 1) t^(s - 1)"),
    (["t^t", "(t + 1)"], "t^t (t + 1)"),
    (["exp(s)", "exp(t^2 + s)", "sin(t)"], "sin(t) exp(t^2 + 2 s)"),
]


@pytest.mark.parametrize(("factors", "printed"), PRODUCTS, ids=lambda item: str(item))
def test_factors(factors: list[str], printed: str) -> None:
    for order in permutations(factors):
        assert str(derive(f"z {' '.join(order)}", "z", shapes={**SHAPES, "z": "R"})) == printed


def test_bound_names_come_after_variables() -> None:
    """So that putting back what they stand for does not change the order."""
    d = derive("p = softmax(x); y·p", "p", shapes=SHAPES)
    assert str(d.result) == "y'"
    assert "y · p" in str(derive("p = softmax(x); y·p", "x", shapes=SHAPES).result)


def test_what_is_shared_is_not_read_again_and_again() -> None:
    program = "; ".join(f"u{k + 1} = u{k}^2 + u{k}" for k in range(60)) + "; u60 + sin(u60)"
    assert str(derive(program, "u0", limit=20))
