"""The ways to put a sum together: enough of them to choose from, and not so many as to drown in."""

from __future__ import annotations

from typing import Any

import pytest

from matcalc import derive
from matcalc.emit.text import text
from matcalc.language import parse_program
from matcalc.rules.book import default_book
from matcalc.simplify import factor
from matcalc.simplify.factor import framed
from matcalc.tensor.lift import Lift
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Contract
from tests.simplify.ways import SHAPES, Ways, assert_ways, lowered, rows, rows_of

FACTORED = """
x' A y + x' B y            | y · (A' x + B' x)
                           | x · (A y + B y)
                           | x' (A + B) y
A x + A y                  | A (x + y)
A x + A y + z              | A (x + y) + z
A x + A y + B x            | (A + B) x + A y
                           | A (x + y) + B x
2 A x + 3 B x              | (2 A + 3 B) x
A' x + B' x                | (A' + B') x
A x + c x                  |
B A x + c A x              | (B A + c A) x
B A + c A                  | (B + c eye(n)) A
A B + A C                  | A (B + C)
A B C + A M C              | (A B + A M) C
                           | A (B C + M C)
X A + X B                  | X (A + B)
X A + X                    | X (eye(n) + A)
A B + B                    | (A + eye(n)) B
B A B + B                  | B (eye(n) + A B)
                           | (eye(n) + B A) B
A^-1 + A^-1 B A^-1         | A^-1 (eye(n) + B A^-1)
                           | (eye(n) + A^-1 B) A^-1
S B + B                    | (S + eye(n)) B
S A S + S                  | S (eye(n) + A S)
A ⊙ S + B ⊙ S              | S ⊙ (A + B)
(A ⊙ B) x + A x            | (A ⊙ B + A) x
                           | sum(A ⊙ (B diag(x) + ones(n) x'), axis=1)
A.^2 ⊙ B + A ⊙ C           | A ⊙ (A ⊙ B + C)
x y' + x z' + A            | A + x (y + z)'
x x' A + x y'              | x (A' x + y)'
x y' + y x'                |
diag(x) A + diag(x) B      | diag(x) (A + B)
3 x + 2 x ⊙ y              | x ⊙ (2 y + 3)
a x + b x                  | (a + b) x
a x + a                    | a (x + 1)
c A' + c B                 | c (B + A')
sin(S) ⊙ A + sin(S) ⊙ B    | sin(S) ⊙ (A + B)
norm(x)^2 + x · y          | x · (x + y)
sum(x) + sum(y)            |
(x' A x) x + (x' A x) y    | (x' A x) (x + y)
(x' A x)^2 x + (x' A x) y  | (x' A x) (y + (x' A x) x)
x (y' S y) + x (y' H y)    | (y' H y + y' S y) x
x · (A y) (x' A x) + x' B y | y · (B' x + (x' A x) A' x)
                            | x · (B y + (x' A x) A y)
                            | x · (B y + (x' A y) A x)
                            | x' (B + (x' A x) A) y
(x' A x) (x' A y) + a (x' A x) | x · ((x' A x) A y + a A' x)
                               | x · ((x' A y) A x + a A x)
                               | tr(((x' A x) y x' + a x x') A)
                               | tr(((x' A y) x x' + a x x') A)
                               | (x' A x) (x' A y + a)
                               | x' ((x' A y) A + a A) x
                               | x' A ((x' A y) x + a x)
                               | x' A ((x' A x) y + a x)
                               | ((x' A y) x + a x)' A x
(x' A x) (y' B y) + (x' A x)^2 | (x' A x) (x' A x + y' B y)
x' A y + x' B y + u' S H S H S H S H v | u' S H S H S H S H v + y · (A' x + B' x)
                                       | u' S H S H S H S H v + x · (A y + B y)
                                       | u' S H S H S H S H v + x' (A + B) y
x' A x + x' A y            | x · (A' x + A y)
                           | x · (A x + A y)
                           | tr((x x' + y x') A)
                           | x' A (x + y)
A x + diag(A) ⊙ y          | sum(A ⊙ (diag(y) + ones(n) x'), axis=1)
a b^2 + a c                | a (b^2 + c)
"""

POWERS = """
3 a^2 + 4 a                | a (3 a + 4)
3 a^2 + 4 a - 1            |
a^2 b + a c + s            |
a^3 b + a^3 c + s          | a^3 (b + c) + s
a b + a c + s              | a (b + c) + s
a b s + a b t + a c        | a (b s + b t + c)
                           | b (a s + a t) + a c
                           | a (b (s + t) + c)
                           | a b (s + t) + a c
sqrt(a) b + a^(3/2) c      | sqrt(a) (a c + b)
a^c b + a^c s              | a^c (b + s)
a^b + a^c                  |
x.^2 ⊙ y + x ⊙ z           | x ⊙ (x ⊙ y + z)
"""
"""A polynomial is written out: the next way of Horner's scheme is none."""

FRACTIONS = """
a/b + c                    | (b c + a) / b
a/b + s/b + c              | (a + s) / b + c
                           | (b c + a + s) / b
a/b + c/b^2                | (c / b + a) / b
                           | (a b + c) / b^2
a/b + c/b^2 + s            | (s b^2 + a b + c) / b^2
a/b + s/t                  | (a t / b + s) / t
                           | (b s / t + a) / b
a b + a c + s/a            | a (b + c) + s / a
                           | (b a^2 + c a^2 + s) / a
a b + s/a + t/a            | (s + t) / a + a b
                           | (b a^2 + s + t) / a
x/a + y                    | (x + a y) / a
A/b + B                    | (A + b B) / b
x ./ y + z                 | (y ⊙ z + x) / y
x ./ y + z ./ y.^2         | (z / y + x) / y
                           | (x ⊙ y + z) / y^2
x ./ y + z + u ./ y        | (u + x) / y + z
                           | (y ⊙ z + u + x) / y
exp(x) ./ sum(exp(x)) + x  | (exp(x) + sum(exp(x)) x) / sum(exp(x))
A ./ B + C                 | (B ⊙ C + A) / B
A ./ (y y') + B            | (diag(1 / y) A + B diag(y)) diag(1 / y)
                           | diag(1 / y) (A diag(1 / y) + diag(y) B)
(A ./ B) x + y             |
"""

FROM_BOTH_SIDES = """
A' S A + A' A              | (S A + A)' A
                           | A' (S A + A)
                           | A' (S + eye(n)) A
A' S A - A' H A            | (S A - H A)' A
                           | A' (S A - H A)
                           | A' (S - H) A
A' S A - c A' A            | (S A - c A)' A
                           | A' (S A - c A)
                           | A' (S - c eye(n)) A
A' M A + A' A              | (M' A + A)' A
                           | A' (M A + A)
x x' + x x' (x' A x)       | (x + (x' A x) x) x'
                           | x (x + (x' A x) x)'
                           | (1 + x' A x) x x'
A' S A + A' H A + M B S B' M' | M B S B' M' + (H A + S A)' A
                           | M B S B' M' + A' (H A + S A)
                           | M B S B' M' + A' (H + S) A
A + A'                     |
A x x' + x x' A'           |
A' S A + A' H A + S        | (H A + S A)' A + S
                           | A' (H A + S A) + S
                           | A' (H + S) A + S
A A' S A A' + A A' H A A'  | (A A' H A + A A' S A) A'
                           | A (A A' H A + A A' S A)'
                           | A (A' H A + A' S A) A'
exp(S) ⊙ H ⊙ S + exp(S) ⊙ H ⊙ S ⊙ sin(H) | exp(S) ⊙ (H ⊙ S ⊙ sin(H) + H ⊙ S)
                                         | S ⊙ (H ⊙ sin(H) ⊙ exp(S) + H ⊙ exp(S))
                                         | H ⊙ (S ⊙ sin(H) ⊙ exp(S) + S ⊙ exp(S))
                                         | S ⊙ exp(S) ⊙ (H ⊙ sin(H) + H)
                                         | H ⊙ exp(S) ⊙ (S ⊙ sin(H) + S)
                                         | H ⊙ S ⊙ exp(S) ⊙ (1 + sin(H))
                                         | H ⊙ S ⊙ (sin(H) ⊙ exp(S) + exp(S))
"""
"""What is pulled out in front is pulled out behind too, where the sum is symmetric."""

STACKED = """
[a b, a c]                 |
vstack(a x, b x)           |
hstack(a X, b X)           |
blockdiag(a A, a B)        |
[a b, a c] + a [s, t]      | a [b + s, c + t]
"""
"""A literal and what is stacked of blocks are written as they are."""

CLEARED = """
1/(1 + a/b)                | b / (a + b)
1/(1 + a/b)^2              | b^2 / (a + b)^2
1/(1 + 2 a/b)              | b / (2 a + b)
1/(a/b + c/s)              | b s / (a s + b c)
1/(a/b^2 + c/b)            | b^2 / (b c + a)
a/(b + c/s)                | a s / (b s + c)
a/(b + c/a)                | a^2 / (a b + c)
a/(b + c)                  |
(1 + a/b)^2                |
(1 + a/b)^c                |
1/sqrt(1 + a/b)            |
1/exp(1 + a/b)             |
c/((1 + a/b) (1 + s/t))    | c t / ((s + t) (1 + a / b))
                           | b c / ((a + b) (1 + s / t))
1 ./ (x ./ y + z)          | y / (y ⊙ z + x)
x ./ (1 + y ./ z)          | x ⊙ z / (y + z)
x ./ (1 + y/a)             | a x / (a + y)
1 ./ (A + x y')            |
A x / (1 + x' A x / a)     | a A x / (x' A x + a)
x x' / (a + x' A x / b)    | b x x' / (x' A x + a b)
x (y · z) / (1 + a/b)      | b (y · z) x / (a + b)
((x ./ (y + z ./ u)) · v) w | sum(u ⊙ v ⊙ x / (u ⊙ y + z)) w
"""

REFACTORED = """
(S A + S B) x              | S (A + B) x
(x x' + x y') A            | x (x + y)' A
x' (A + A B) y             | x' A (B + eye(n)) y
a (A x + B x)              | a (A + B) x
A (B x + C x)              | A (B + C) x
(3 a^2 + 4 a) x            | a (3 a + 4) x
B (A x + c x)              |
A (x + y)                  |
A (B x + B y + C z + M x)  | A ((B + M) x + B y + C z)
                           | A (B (x + y) + C z + M x)
A (B x + B y + C z + M u + H v + sin(x)) | A (B (x + y) + C z + H v + M u + sin(x))
A (B x + B y + C z + M u + H v + sin(x) + z) |
"""

FRAMED = """
A' (S A + A)               | A' (S + eye(n)) A
A' (S A - c A)             | A' (S - c eye(n)) A
A' (A + x x' A)            | A' (eye(n) + x x') A
X' (a X + w w' X)          | X' (w w' + a eye(m)) X
(X' + X' w w') X           | X' (eye(m) + w w') X
A' (B A + A)               |
X' (Y + X)                 |
X (A + B)                  |
A (x + y)                  |
a (b + c)                  |
"""


SHORTEST = """
A' S A - A' H A                        | A' (S - H) A
A' S A - c A' A                        | A' (S - c eye(n)) A
A' S A + A' H A + S                    | A' (H + S) A + S
X' X - 2 X' w w' X                     | X' (eye(m) - 2 w w') X
X' X + X' w w' X                       | X' (eye(m) + w w') X
a (x' A x) + b (x' A x)                | (x' A x) (a + b)
(x' A x) (y' B y) + b (y' B y)         | (y' B y) (x' A x + b)
(x' A x) (x' A y) + a (x' A x)         | (x' A x) (x' A y + a)
norm(x)^2 (x · y) + a norm(x)^2        | (x · x) (x · y + a)
x' A x + x' A y                        | x' A (x + y)
y' A x + x' A x                        | (x + y)' A x
(x' A x)^2 a + (x' A x) b + 1          | a (x' A x)^2 + b (x' A x) + 1
3 a^2 + 4 a - 1                        | 3 a^2 + 4 a - 1
"""


WAYS: dict[str, tuple[Ways, str]] = {
    "factored": (factor.factored, FACTORED + POWERS + FRACTIONS + FROM_BOTH_SIDES + STACKED),
    "cleared": (factor.cleared, CLEARED),
    "refactored": (factor.refactored, REFACTORED),
    "framed": (factor.framed, FRAMED),
}


@pytest.mark.parametrize(("name", "expression", "printed"), rows_of(WAYS))
def test_the_ways_to_write_it(name: str, expression: str, printed: list[str]) -> None:
    assert_ways(WAYS[name][0], expression, printed)


@pytest.mark.parametrize(("expression", "printed"), rows(SHORTEST))
def test_the_shortest_is_printed(expression: str, printed: list[str]) -> None:
    assert [str(derive(f"k ({expression})", "k", shapes={**SHAPES, "k": "R"}))] == printed


FUNCTIONS = ("exp", "sin", "cos", "tanh", "atan", "erf")


@pytest.mark.parametrize("many", range(2, len(FUNCTIONS) + 1))
def test_ways_are_few(many: int) -> None:
    """Factors are pulled out in front, behind and once more: of k factors that all terms share at
    most k³ choices, and not each of their k! orders."""
    shared = " ⊙ ".join(f"{name}(S)" for name in FUNCTIONS[:many])
    program = f"(sinh(S) + cosh(S)) ⊙ {shared}"
    expression = parse_program(program, {"S": "n×n symmetric"}).expression
    t = Lowering(default_book())(expression)
    assert isinstance(t, Contract)
    assert 0 < len(framed(t)) <= many**3


def test_of_many_common_factors_the_largest_are_pulled_out() -> None:
    shared = "exp(a) sin(b) cos(c) tanh(s) atan(t) erf(b) t"
    t: Any = lowered(f"{shared} x + {shared} y")
    ways = [text(Lift()(way)) for way in factor.factored(t)]
    assert len(ways) == factor.CANDIDATES
    assert not any(way.startswith("t (") for way in ways)
