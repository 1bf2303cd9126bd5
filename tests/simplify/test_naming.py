"""What a program gives a name to is called by it: whole, among terms, among factors, in a power."""

from __future__ import annotations

import pytest

from matcalc import derive, parse
from matcalc.emit.text import text
from matcalc.rules.book import default_book
from matcalc.simplify.naming import Naming
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.lower import Lowering

SHAPES = {
    **dict.fromkeys("xyz", "R^n"),
    **dict.fromkeys("uv", "R^m"),
    **dict.fromkeys("st", "R"),
    **dict.fromkeys("AB", "R^(n×n)"),
    **dict.fromkeys("XY", "R^(m×n)"),
    "S": "R^(n×n) symmetric",
}

SUMS = """
h = x + y                    | x + y                          | h
h = x + y                    | x + y + z                      | z + h
h = x + y                    | z - x - y                      | z - h
h = x + y                    | 2 x + 2 y                      | 2 h
h = x + y                    | 2 x + 2 y + z                  | 2 h + z
h = x + y                    | 2 x + 3 y                      | 2 x + 3 y
h = x + y                    | x - y                          | x - y
h = x + y                    | sin(x + y + z)                 | sin(z + h)
h = x + y + z                | x + y                          | x + y
h = 2 x + 2 y                | x + y                          | h / 2
h = 2 x + 2 y                | x + y + z                      | h / 2 + z
h = 2 x + 3 y                | 4 x + 6 y - z                  | 2 h - z
h = x - y                    | y - x                          | -h
h = x - y                    | y - x + z                      | z - h
h = 2 x                      | x ⊙ y                          | y ⊙ h / 2
h = 2 x                      | exp(x)                         | exp(h / 2)
h = A + A'                   | A + A' + B                     | B + h
h = A + B                    | A' + B' - S                    | h' - S
h = x + t                    | x + y + t                      | y + h
h = t + s                    | x + t + s                      | x + h
h = x ones(n)' + ones(n) y'  | x ones(n)' + ones(n) y' + A    | A + h
h = x ones(n)' + ones(n) y'  | ones(n) x' + y ones(n)' + A    | A + h'
h = x + y; g = h + z         | x + y + z                      | g
h = x + y; g = h + z         | exp(x + y) ⊙ (x + y + z)       | g ⊙ exp(h)
h = x + y; g = exp(h)        | exp(x + y) ⊙ (x + y)           | g ⊙ h
h = x + y; g = x + y         | x + y + z                      | z + h
"""

PRODUCTS = """
h = x ⊙ y                    | x ⊙ y ⊙ z                      | z ⊙ h
h = x ⊙ y                    | x ⊙ y + z                      | z + h
h = x ⊙ y                    | t (x · y)                      | t sum(h)
h = x ⊙ y                    | x' A y                         | x' A y
h = 3 x ⊙ y                  | x ⊙ y ⊙ z                      | z ⊙ h / 3
h = x · y                    | (x · y) z                      | h z
h = x · y                    | z / (x · y)                    | z / h
h = A x                      | A A x                          | A h
h = A x                      | x' A' y                        | y · h
h = A x                      | A x x' A'                      | h h'
h = A x                      | x' A' A x                      | h · h
h = A x                      | A (x ⊙ y)                      | A (x ⊙ y)
h = A x                      | A diag(x)                      | A diag(x)
h = x' A x                   | sum(exp(y)) (x' A x)           | h sum(exp(y))
h = x' A x                   | (x' A x) z                     | h z
h = A B                      | S B' A'                        | S h'
h = A B                      | tr(S A B)                      | tr(S h)
h = A ⊙ B                    | (A ⊙ B) x                      | h x
h = X X'                     | u' X X' v                      | v' h u
h = x y'                     | A x y'                         | A h
h = x y'                     | y x'                           | h'
h = x y'                     | (x · y) z                      | (x · y) z
h = x / t                    | x ⊙ y / t                      | y ⊙ h
h = x / t                    | x x' / t^2                     | h h'
h = x / t                    | x x' / t                       | h x'
h = t s                      | t s x                          | h x
h = diag(A)                  | diag(diag(A)) B                | diag(h) B
h = sum(X, axis=1)           | u · sum(X, axis=1)             | u · h
h = sum(X, axis=1)           | u' X y                         | u' X y
h = sum(X, axis=1)           | X' sum(X, axis=1)              | X' h
h = sum(x)                   | sum(x)^2 y                     | h^2 y
h = tr(A)                    | tr(A) B                        | h B
h = X' u; g = X y            | X X' u                         | X h
"""

INSIDE_A_SCALAR = """
h = x / t                    | (x · y) z / t                  | (y · h) z
h = x / t                    | sum(exp(y)) (x · y) z / t      | sum(exp(y)) (y · h) z
h = x / t                    | (x · y) (x · z) y / t^2        | (y · h) (z · h) y
h = x / t                    | (x' A x) y / t^2               | (h' A h) y
h = x / t                    | (x · y) (x · z) z / t          | (x · z) (y · h) z
h = x / norm(x)              | (x · z) z / norm(x)^2          | (z · h) z / norm(x)
h = t s                      | t s exp(t) (x · y) z           | h exp(t) (x · y) z
h = x / t                    | (u · v) (x · y) z / t          | (u · v) (y · h) z
h = x / t                    | sum(sin(u)) (x · y) z / t      | sum(sin(u)) (y · h) z
h = z / t                    | (x · x) (x · y) (y · z) x / t  | (x · x) (x · y) (y · h) x
"""

ANOTHER_SUM = """
h = x · y                    | x ⊙ y                          | x ⊙ y
h = x · y                    | x ⊙ y ⊙ z                      | x ⊙ y ⊙ z
h = x · y                    | sum(x ⊙ y ⊙ z)                 | (x ⊙ y) · z
h = x · y                    | y ⊙ (A x)                      | y ⊙ (A x)
h = A x                      | (A ⊙ B) x                      | (A ⊙ B) x
h = A x                      | A diag(x) B                    | A diag(x) B
h = A x                      | sum(A) (x · y)                 | sum(A) (x · y)
h = x ones(n)'               | A x                            | A x
"""
"""The factors of the value are there, but summed over other indices."""

NO_VALUES = """
h = 3                        | 3 x                            | 3 x
h = ones(n)                  | x + ones(n)                    | x + 1
h = x                        | x ⊙ y                          | x ⊙ y
"""
"""A number or a variable is not called by another name."""

TRANSPOSES = """
h = A'                       | A x                            | h' x
h = 2 A'                     | B A                            | B h' / 2
h = A + B                    | A' + B'                        | h'
h = A' B'                    | B A                            | h'
h = exp(A')                  | B exp(A)                       | B h'
h = exp(A')                  | exp(A') B                      | h B
h = -exp(A)                  | exp(A') B                      | -h' B
h = inv(A')                  | inv(A) x                       | h' x
h = softmax(X, axis=0)       | softmax(X, axis=0)             | h
h = softmax(X, axis=0)       | softmax(X, axis=0) y           | h y
h = 2 x ones(n)'             | B + 2 x ones(n)'               | B + h
h = 2 x ones(n)'             | x ones(n)'                     | x ones(n)'
"""

POWERS = """
h = x ⊙ y                    | x^2 ⊙ y^2 ⊙ z                  | z ⊙ h^2
h = x ⊙ y                    | x^2 ⊙ y                        | x ⊙ h
h = x ⊙ y                    | x^3 ⊙ y^3                      | h^3
h = x ⊙ y                    | x^4 ⊙ y^4                      | h^4
h = x · y                    | (x · y)^2 z                    | h^2 z
h = t s                      | t^2 s^2 x                      | h^2 x
h = t s                      | t^2 s x                        | t h x
h = t s                      | x / (t s)                      | x / (s t)
h = t / s                    | t^2 x / s^2                    | h^2 x
h = t / s                    | t x / s^3                      | h x / s^2
h = t / s                    | s x / t                        | s x / t
h = t / s^2                  | t^2 x / s^4                    | h^2 x
h = t / s^2                  | t x / s^3                      | t x / s^3
h = t^2 s                    | t^4 s^2 x                      | h^2 x
h = t^2 s                    | t^3 s x                        | s t^3 x
h = t^2 s                    | t^5 s x                        | s t^5 x
h = t^(3/2) s                | t^3 s^2 x                      | h^2 x
h = sqrt(t + s)              | x / (t + s)                    | x / h^2
h = sqrt(x)                  | x ⊙ y                          | y ⊙ h^2
h = norm(x)                  | x · x                          | h^2
h = norm(x)                  | x / norm(x)^3                  | x / h^3
h = exp(t)                   | exp(t) x                       | h x
h = norm(x)^2                | x / norm(x)                    | x / sqrt(h)
"""


def called(bindings: str, expression: str) -> str:
    """An expression in normal form, with what is bound called by its names."""
    book = default_book()
    lowering = Lowering(book)
    for binding in bindings.split(";"):
        name = binding.partition("=")[0]
        lowering(parse(f"{bindings}; {name}", SHAPES).node)
    known = lowering.known.copy()
    simplifier = Simplifier(known, book)
    names = Naming(known, simplifier)
    t = simplifier(lowering(parse(expression, SHAPES).node))
    return text(simplifier.lift(names.found(t)), bindings=False)


TABLES = (SUMS, PRODUCTS, INSIDE_A_SCALAR, ANOTHER_SUM, NO_VALUES, TRANSPOSES, POWERS)


@pytest.mark.parametrize("line", [line for table in TABLES for line in table.splitlines() if line])
def test_a_value_is_called_by_its_name(line: str) -> None:
    bindings, expression, result = (part.strip() for part in line.split("|"))
    assert called(bindings, expression) == result


RESULTS = """
h = exp(t); sum(sin(h - x))                        | t | h sum(cos(h - x))
h = exp(t); sum(sin(x - h))                        | t | -h sum(cos(x - h))
h = exp(t); sum((h - x)^3)                         | x | -3 ((h - x)^2)'
h = exp(t); sum((x - h)^3)                         | x | 3 ((x - h)^2)'
h = exp(x); sum(cos(t - h))                        | x | (h ⊙ sin(t - h))'
h = mean(x); sum((h - x)^3)                        | x | 3 (var(x) - (mean(x) - x)^2)'
h = mean(x); sum((x - h)^3)                        | x | 3 ((x - mean(x))^2 - var(x))'
p = sigmoid(x); -y · p                             | x | -(y ⊙ p ⊙ (1 - p))'
h = inv(S); x' h y                                 | S | -h (x y' + y x') h / 2
h = inv(S + t eye(n)); x' h y                      | S | -h (x y' + y x') h / 2
h = inv(A'); x' h y                                | A | -h y x' h
p = softmax(x); y · p                              | x | (p ⊙ (y - y · p))'
p = softmax(x); sum(p) (x · y)                     | x | y'
p = softmax(x); sum(log(p))                        | x | (1 - n p)'
h = softmax(X, axis=1); sum(Y ⊙ log(h))            | X | Y - diag(sum(Y, axis=1)) h
h = softmax(X, axis=0); sum(Y ⊙ log(h))            | X | Y - h diag(sum(Y, axis=0))
h = softmax(X, axis=0); u' h y                     | X | (diag(u) h - h diag(h' u)) diag(y)
h = x - mean(x); norm(h)                           | x | h' / norm(h)
h = x - mean(x); sum(exp(h))                       | x | (exp(h) - mean(exp(h)))'
h = X - ones(m) mean(X, axis=0)'; sum(exp(h))      | X | (eye(m) - ones(m, m) / m) exp(h)
layernorm(x) · y          | x | (y - mean(y) - (y · layernorm(x)) layernorm(x) / n)' / std(x)
layernorm(x)              | x | (eye(n) - (ones(n, n) + layernorm(x) layernorm(x)') / n) / std(x)
"""
"""A name is known for what its value is, symmetric or with entries that sum to 1, and a difference
stays the way round in which it was written."""


@pytest.mark.parametrize("line", [line for line in RESULTS.splitlines() if line])
def test_results_speak_in_names(line: str) -> None:
    program, wrt, result = (part.strip() for part in line.split("|"))
    assert str(derive(program, wrt, shapes=SHAPES)).split("\n")[-1] == result
