"""Products multiplied out, and what may be put together then: factors taken in, triangles."""

from __future__ import annotations

import pytest

from matcalc.simplify import expand
from tests.simplify.ways import Ways, assert_ways, rows_of

ABSORBED = """
(x ⊙ y + z) ⊙ u            | u ⊙ x ⊙ y + u ⊙ z
u ⊙ (x + 2 y)              | 2 (u ⊙ y) + u ⊙ x
u ⊙ v ⊙ (x + y)            | v ⊙ (u ⊙ x + u ⊙ y)
                           | u ⊙ (v ⊙ x + v ⊙ y)
(x + a) ⊙ y                | x ⊙ y + a y
(x + y) ⊙ (u + v)          |
(A + A') ⊙ S               | S ⊙ A' + A ⊙ S
(A + B) ⊙ (x y')           | (diag(x) A + diag(x) B) diag(y)
                           | diag(x) (A diag(y) + B diag(y))
(A + B) x                  | sum(A diag(x) + B diag(x), axis=1)
x · (y + z)                | sum(x ⊙ y + x ⊙ z)
a (x + y)                  |
x (y + z)'                 |
X (x + y)                  |
sin(x) ⊙ y                 |
y ⊙ (x + y + z + u + v + a) | y^2 + u ⊙ y + v ⊙ y + x ⊙ y + y ⊙ z + a y
y ⊙ (x + y + z + u + v + a + exp(x)) |
"""

DISTRIBUTED = """
a (x + 1)                  | a + a x
A (x + 2 y)                | 2 A y + A x
(A + B) (x + y)            | (A + B) x + (A + B) y
                           | A (x + y) + B (x + y)
(A + B + C) x              | A x + B x + C x
A (B + C) M                | A B M + A C M
(A + x y') z               | A z + (y · z) x
x (y + z)'                 | x y' + x z'
tr(A (B + C))              | tr(B A) + tr(C A)
A x                        |
A (x + a)                  | A x + a sum(A, axis=1)
sum(x + a)                 | n a + sum(x)
sum(X + a)                 | m n a + sum(X)
sum(X + w y' + a)          | m n a + sum(w) sum(y) + sum(X)
sum(A + x ones(n)')        | n sum(x) + sum(A)
((x + y) ⊙ z) ones(n)'     | (x ⊙ z + y ⊙ z) ones(n)'
A (x + y + z + u + v + sin(x)) | A sin(x) + A u + A v + A x + A y + A z
A (x + y + z + u + v + sin(x) + exp(x)) |
"""

OPENED = """
A (x + y) + A z            | A x + A y + A z
A (x + y) + B (x + z)      | A x + A y + B x + B z
(A + B) (x + y) + z        | (A + B) x + (A + B) y + z
a (x + y) - a x            | a y
A x + B y                  |
x + y                      |
"""

WITH_HALF_TRIANGLES = """
x' tril(S) x               | (x^2 · diag(S) + x' S x) / 2
x' L x                     | (sum(x)^2 + x · x) / 2
tr(A' L A)                 | (norm(A)^2 + sum(A sum(A, axis=0))) / 2
x' (S ⊙ (L + C)) x         | x^2 · diag(S) / 2 + x' (C ⊙ S) x + x' S x / 2
sum((A A') ⊙ (L' + C))     | norm(A)^2 / 2 + sum(A sum(A, axis=0)) / 2 + tr(A' C A)
x' (S ⊙ (L + C)) y         |
x' tril(S, 1) x            |
sum(tril(A))               |
A' L A                     |
"""
"""L is the lower triangle of ones."""

WITH_TRIANGLES = """
A (L + C) + A L'           | A C + A + sum(A, axis=1) ones(n)'
B ⊙ (L + C) + B ⊙ L'       | diag(diag(B)) + B ⊙ C + B
A (B ⊙ (L + C)) + A triu(B) | A diag(diag(B)) + A (B ⊙ C) + A B
A (B ⊙ (L + C)) + A triu(M) |
A (B ⊙ (L + C)) + M        |
x + y                      |
A tril(B) + A triu(B)      |
A (L + C) + A (L' + M)     | A C + A M + A + sum(A, axis=1) ones(n)'
A (L + C) + B (L + M)      |
A (L + C) - A L            |
"""


WAYS: dict[str, tuple[Ways, str]] = {
    "absorbed": (expand.absorbed, ABSORBED),
    "distributed": (expand.distributed, DISTRIBUTED),
    "opened": (expand.opened, OPENED),
    "half triangles": (expand.with_half_triangles, WITH_HALF_TRIANGLES),
    "triangles": (lambda t: expand.with_triangles(t, lambda same: same), WITH_TRIANGLES),
}


@pytest.mark.parametrize(("name", "expression", "printed"), rows_of(WAYS))
def test_the_ways_to_write_it(name: str, expression: str, printed: list[str]) -> None:
    assert_ways(WAYS[name][0], expression, printed)
