"""Which entries can differ from zero: drawn for each kind of node, `#` where one can."""

from __future__ import annotations

import pytest

from matcalc import parse
from matcalc.rules.book import default_book
from matcalc.simplify.pattern import pattern
from matcalc.tensor.lower import Lowering

SIZES = {"n": 3, "m": 2}
SHAPES = {
    "A": "R^(n×n)", "C": "R^(m×m)", "D": "R^(n×n) diagonal", "L": "R^(n×n) lower",
    "U": "R^(n×n) upper", "S": "R^(n×n) spd", "X": "R^(m×n)", "x": "R^n", "y": "R^m", "t": "R",
    "k": "R",
}  # fmt: skip

DRAWN = """
x                               | ###
X                               | ### ###
D                               | #.. .#. ..#
L                               | #.. ##. ###
U                               | ### .## ..#
eye(n)                          | #.. .#. ..#
t eye(n)                        | #.. .#. ..#
e(1, n)                         | .#.
e(1, n) x'                      | ... ### ...
n x                             | ###
zeros(n, n)                     | ... ... ...
ones(n, n)                      | ### ### ###
tril(A)                         | #.. ##. ###
triu(A)                         | ### .## ..#
tril(A, -1)                     | ... #.. ##.
triu(A, 1)                      | .## ..# ...
tril(U)                         | #.. .#. ..#
diag(x)                         | #.. .#. ..#
L + D                           | #.. ##. ###
L + U                           | ### ### ###
D - A                           | ### ### ###
x ones(n)' + D                  | ### ### ###
D A                             | ### ### ###
D L                             | #.. ##. ###
L U                             | ### ### ###
tril(A, -1) tril(A, -1)         | ... ... #..
tril(A, -1)^3                   | ... ... ...
e(0, n) ⊙ e(1, n)               | ...
x · e(1, n)                     | #
e(0, n) · e(1, n)               | .
D x                             | ###
tril(A, -1) x                   | .##
sin(L)                          | #.. ##. ###
cos(L)                          | ### ### ###
exp(D)                          | ### ### ###
D.^2                            | #.. .#. ..#
D.^(1/2)                        | #.. .#. ..#
D.^(-1)                         | ### ### ###
D.^t                            | ### ### ###
max(D, L)                       | #.. ##. ###
max(D, 1)                       | ### ### ###
hypot(L, D)                     | #.. ##. ###
inv(L)                          | #.. ##. ###
expm(U)                         | ### .## ..#
expm(triu(A, 1))                | ### .## ..#
inv(A)                          | ### ### ###
sqrtm(L)                        | #.. ##. ###
logm(U)                         | ### .## ..#
pinv(L)                         | ### ### ###
chol(S)                         | ### ### ###
blockdiag(C, D)                 | ##... ##... ..#.. ...#. ....#
blockdiag(C, D) blockdiag(C, L) | ##... ##... ..#.. ..##. ..###
inv(blockdiag(C, L))            | ##... ##... ..#.. ..##. ..###
vstack(X, e(0, n)')               | ### ### #..
e(k, n)                         | ###
vec(D)                          | #...#...#
D ⊗ eye(m)                      | #..... .#.... ..#... ...#.. ....#. .....#
u = D; u + u^2                  | #.. .#. ..#
u = D; u x                      | ###
"""


@pytest.mark.parametrize("line", [line for line in DRAWN.splitlines() if line])
def test_what_can_differ_from_zero(line: str) -> None:
    text, drawn = (part.strip() for part in line.split("|"))
    tensor = Lowering(default_book())(parse(text, SHAPES).node)
    found = pattern(tensor, SIZES)
    rows = found.reshape(-1, found.shape[-1] if found.ndim else 1)
    assert found.shape == tuple(dim.evaluate(SIZES) for dim in tensor.dims)
    assert " ".join("".join(".#"[int(x)] for x in row) for row in rows) == drawn


def test_steps_through_a_long_chain_are_followed() -> None:
    """A path of 9 edges: the inverse of a bidiagonal matrix is a full triangle."""
    text = "inv(eye(n) + tril(A) ⊙ triu(ones(n, n), -1))"
    tensor = Lowering(default_book())(parse(text, {"A": "R^(n×n)"}).node)
    found = pattern(tensor, {"n": 10})
    assert all(found[i, j] == (j <= i) for i in range(10) for j in range(10))
