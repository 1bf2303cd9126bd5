"""What is drawn from an indicator in a product: under (x > y), max(x, y) is x."""

from __future__ import annotations

import pytest

from matcalc import parse
from matcalc.emit.text import text
from matcalc.rules.book import default_book
from matcalc.simplify.indicators import under_indicators
from matcalc.tensor.lift import Lift
from matcalc.tensor.lower import Lowering

SHAPES = {
    **dict.fromkeys("xyz", "R^n"),
    **dict.fromkeys("uv", "R^m"),
    **dict.fromkeys("st", "R"),
    **dict.fromkeys("XY", "R^(m×n)"),
    "A": "R^(n×n)",
}

DRAWN = """
(x > y) ⊙ max(x, y)                        | x ⊙ (x > y)
(x > y) ⊙ max(y, x)                        | x ⊙ (x > y)
(x > y) ⊙ min(x, y)                        | y ⊙ (x > y)
(x > y) ⊙ min(y, x)                        | y ⊙ (x > y)
(y >= x) ⊙ max(x, y)                       | y ⊙ (y ≥ x)
(x > y) ⊙ (x >= y)                         | x > y
(x > y) ⊙ (y >= x)                         | zeros(n)
(x > y) ⊙ (y > x)                          | zeros(n)
(x >= y) ⊙ (x > y)                         | x > y
(x >= y) ⊙ (y > x)                         | zeros(n)
(x > 0) ⊙ max(0, x)                        | x ⊙ (x > 0)
(x < 0) ⊙ max(0, x)                        | zeros(n)
(x > 0) ⊙ relu(x)                          | x ⊙ (x > 0)
(x >= 0) ⊙ relu(x)                         | x ⊙ (x ≥ 0)
(x < 0) ⊙ relu(x)                          | zeros(n)
(x > y) ⊙ exp(max(x, y))                   | exp(x) ⊙ (x > y)
(x > y) ⊙ (max(x, y) + z)                  | (x > y) ⊙ (x + z)
(x > y) ⊙ (2 z + exp(max(x, y)))           | (x > y) ⊙ (2 z + exp(x))
(x > y) ⊙ exp(max(y, x) ⊙ sin(max(x, y)))  | exp(x ⊙ sin(x)) ⊙ (x > y)
(x > y) ⊙ (max(x, y) + z)^2                | (x + z)^2 ⊙ (x > y)
(x > y) ⊙ exp(z ⊙ (x > y))                 | exp(z) ⊙ (x > y)
(x > y) ⊙ exp(z ⊙ (y > x))                 | x > y
(x > y) ⊙ exp(z ⊙ (y >= x))                | x > y
(x >= y) ⊙ exp(z ⊙ (x >= y))               | exp(z) ⊙ (x ≥ y)
(x >= y) ⊙ exp(z ⊙ (y > x))                | x ≥ y
z ⊙ (x > y) ⊙ max(x, y) ⊙ sin(z)           | x ⊙ z ⊙ sin(z) ⊙ (x > y)
(x > y) · exp(max(x, y))                   | exp(x) · (x > y)
(t > s) max(t, s)                          | t (t > s)
(t > s) exp(max(t, s) x)                   | (t > s) exp(t x)
(t > s) sin(max(t, s) + x)                 | (t > s) sin(t + x)
(X > Y) ⊙ max(Y, X)                        | X ⊙ (X > Y)
(A > A') ⊙ max(A', A)                      | A ⊙ (A > A')
(A > A') ⊙ (A' > A)                        | zeros(n, n)
diag(u > v) sin(X + max(u, v) ones(n)')    | diag(u > v) sin(X + u ones(n)')
sin(X + max(u, v) ones(n)') (x > y)        | sin(X + max(u, v) ones(n)') (x > y)
"""


def drawn(program: str) -> str:
    """A product with the consequences of its indicators drawn, as text."""
    book = default_book()
    lowering = Lowering(book)
    product = lowering(parse(program, SHAPES).node)
    return text(Lift(lowering.known)(under_indicators(product, book)))


@pytest.mark.parametrize("line", [line for line in DRAWN.splitlines() if line])
def test_an_indicator_decides(line: str) -> None:
    program, result = (part.strip() for part in line.split("|"))
    assert drawn(program) == result


@pytest.mark.parametrize(
    "product",
    [
        "x ⊙ max(x, y)",  # no indicator
        "max(x, y) ⊙ (x == y)",
        "(x ≥ y) ⊙ (y ≥ x)",  # 1 where they are equal
        "relu(x) ⊙ (x > 1)",  # 1 is not where relu has its kink
        "relu(x) ⊙ (x < 1)",
        "max(x, z) ⊙ (x > y)",
        "exp(x ⊙ (z > y)) ⊙ (x > y)",
        "exp(z ⊙ (x > y)) ⊙ (x ≥ y)",  # they may be equal
        "exp(z ⊙ (y ≥ x)) ⊙ (x ≥ y)",
        "atan2(x, y) ⊙ (x > y)",
        "hypot(y, x) ⊙ (x > y)",
        "max(x, y) ⊙ (A (x > y))",  # entry by entry another indicator
        "diag(x > y) A diag(max(x, y))",
        "(u > v) sin(max(x, y))'",
        "sum(max(t, s) + x) (t > s)",  # a sum is entered by no element
        "exp(A max(x, y)) ⊙ (x > y)",
        "(x > y) + max(x, y)",
        "(x > y) / (max(x, y) + z)",
    ],
)
def test_where_an_indicator_decides_nothing(product: str) -> None:
    assert drawn(product) == product


@pytest.mark.parametrize(
    "undefined",
    [
        "log(max(x, y))",
        "sqrt(max(x, y) + z)",
        "asin(max(x, y))",
        "gamma(max(x, y))",
        "lambertw(max(x, y))",
        "clip(z, x, max(x, y))",
        "sqrt(max(x, y) + z)^3",
        "(max(x, y) + z)^t",
        "exp(log(max(x, y)) + z)",
    ],
)
def test_what_is_not_defined_everywhere_stays(undefined: str) -> None:
    """Where x < y, 0 log(y) is 0, but 0 log(x) perhaps no number."""
    product = f"{undefined} ⊙ (x > y)"
    assert drawn(product) == product
