"""The normal form: reached at once, the same whatever the order of terms, never another value."""

from __future__ import annotations

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.emit.text import text
from matcalc.rules.book import default_book
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.lower import Lowering
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
    **dict.fromkeys("bwxyz", "R^n"),
    **dict.fromkeys("ABMX", "R^(n×n)"),
    **dict.fromkeys("DE", "R^(n×n) diagonal"),
    **dict.fromkeys("lrst", "R"),
    "S": "R^(n×n) symmetric",
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


SHORTEST = """
s t + s r                              | s (r + t)
s x ⊙ y + t x ⊙ y                      | (s + t) (x ⊙ y)
A x + A y                              | A (x + y)
A x + B x                              | (A + B) x
x ⊙ (y + z) - x ⊙ y                    | x ⊙ z
1 / (1 + s / t)                        | t / (s + t)
x / (1 + s / t)                        | t x / (s + t)
1 / (1 + x / y)                        | y / (x + y)
tril(A) + triu(A)                      | diag(diag(A)) + A
D E - E D                              | zeros(n, n)
D E A - E D A                          | zeros(n, n)
inv(blockdiag(A, B))                   | blockdiag(A^-1, B^-1)
x + sum(y - mean(y)) z                 | x
exp(sum(y - mean(y))) x                | x
inv(A) (A x + y)                       | A^-1 y + x
vec(A B + A M)                         | vec(A (B + M))
"""

SEEN_TO_BE_SYMMETRIC = """
A' M A + A' M' A                       | A' (M + M') A
A' (S A) + 2 A' A                      | A' (S + 2 eye(n)) A
S A S + S A' S                         | S (A + A') S
A S A' + A A'                          | A (S + eye(n)) A'
(A x) (A y)' + (A y) (A x)'            | A (x y' + y x') A'
x (A x)' + (A x) x'                    | x x' A' + A x x'
x x' + t x x'                          | (t + 1) x x'
x x' - x y' - y x'                     | x x' - x y' - y x'
S A + A' S                             | A' S + S A
D x y' D + D y x' D                    | D (x y' + y x') D
diag(x) A diag(x) + diag(x) B diag(x)  | diag(x) (A + B) diag(x)
A x x' A' + A y y' A'                  | A (x x' + y y') A'
A' A - A' B - B' A + B' B              | A' A + B' B - A' B - B' A
"""


@pytest.mark.parametrize(
    "line",
    [line for table in (SHORTEST, SEEN_TO_BE_SYMMETRIC) for line in table.split("\n") if line],
)
def test_the_normal_form(line: str) -> None:
    program, result = (part.strip() for part in line.split("|"))
    lowering = Lowering(default_book())
    simplifier = Simplifier(lowering.known, default_book())
    found = text(simplifier.lift(simplifier(lowering(parse(program, SHAPES).node))))
    assert found == result


def test_what_nobody_reads_is_derived_all_the_same() -> None:
    """Thousands of nodes are not searched for a shorter form."""
    many = range(2, 80)
    program = " + ".join(f"sin({k} x) ⊙ exp(x / {k})" for k in many)
    gradient = derive(f"sum({program})", "x", shapes={"x": "R^n"}).function("numpy")
    x = np.array([0.1, -0.7])
    wanted = sum((k * np.cos(k * x) + np.sin(k * x) / k) * np.exp(x / k) for k in many)
    np.testing.assert_allclose(gradient(x=x), wanted)
