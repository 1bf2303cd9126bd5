"""What structure a result is said to have: one word for each kind of matrix."""

from __future__ import annotations

import pytest

from matcalc import parse
from matcalc.rules.book import default_book
from matcalc.simplify.structure import structure
from matcalc.tensor.lower import Lowering

SHAPES = {
    **dict.fromkeys("ABC", "R^(n×n)"), "D": "R^(n×n) diagonal", "S": "R^(n×n) symmetric",
    "x": "R^n", "y": "R^n", "t": "R",
}  # fmt: skip

SAID = """
zeros(n, n)                    | zero
zeros(n)                       | zero
ones(n, n)                     | constant
3                              | constant
eye(n)                         | identity
2 eye(n)                       | scaled identity
t eye(n)                       | scaled identity
-t^2 eye(n)                    | scaled identity
t eye(n) + eye(n)              | scaled identity
(x' A x) eye(n)                | scaled identity
diag(x)                        | diagonal
3 diag(x ⊙ y)                  | diagonal
t diag(A x)                    | diagonal
A ⊙ eye(n)                     | diagonal
diag(x) + eye(n)               | diagonal
diag(x) - 2 diag(y)            | diagonal
diag(x) + t eye(n) + eye(n)    | diagonal
D                              | diagonal
2 D                            | diagonal
t D                            | diagonal
D ⊙ A                          | diagonal
D + t eye(n)                   | diagonal
D A                            | dense
D + t                          | symmetric
diag(x) + A                    | dense
diag(x) A                      | dense
diag(x) + t                    | symmetric
x y'                           | rank one
x x'                           | rank one
-2 x y'                        | rank one
(A x) (A y)'                   | rank one
A x y' A                       | rank one
(x y') ⊙ (y x')                | rank one
x y' A y x'                    | rank one
x ones(n)'                     | rank one
2 x ones(n)'                   | rank one
2 ones(n) x'                   | rank one
(x + y) ones(n)'               | rank one
t ones(n, n)                   | rank one
x ones(n)' + diag(y)           | dense
x ones(n)' + ones(n) x'        | symmetric
A A                            | dense
A B C                          | dense
C B A                          | dense
A A'                           | symmetric
S                              | symmetric
2 S                            | symmetric
A + A'                         | symmetric
x x' + y y'                    | symmetric
x y' + A                       | dense
A                              | dense
2 A'                           | dense
x                              | dense
2 x                            | dense
t                              | dense
"""


@pytest.mark.parametrize("line", [line for line in SAID.splitlines() if line])
def test_what_a_matrix_is_called(line: str) -> None:
    text, said = (part.strip() for part in line.split("|"))
    assert structure(Lowering(default_book())(parse(text, SHAPES).node)) == said
