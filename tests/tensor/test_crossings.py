"""Sums of Kronecker products and commutation matrices share what they can."""

from __future__ import annotations

import pytest

from matcalc import derive

SHAPES = {
    "X": "R^(n×n)", "A": "R^(n×n)", "B": "R^(n×n)", "C": "R^(n×n)", "s": "R", "t": "R",
    "a": "R^(n*(n+1)/2)",
}  # fmt: skip

ROWS = [
    ("X'", "X", "commutation(n, n)"),
    ("-X'", "X", "-commutation(n, n)"),
    ("-A X' / 2", "X", "-(eye(n) ⊗ A) commutation(n, n) / 2"),
    ("X + 2 X'", "X", "eye(n*n) + 2 commutation(n, n)"),
    ("X - X'", "X", "eye(n*n) - commutation(n, n)"),
    ("(X + X') / 2", "X", "(eye(n*n) + commutation(n, n)) / 2"),
    ("(X - X') / 2", "X", "(eye(n*n) - commutation(n, n)) / 2"),
    ("X - A X'", "X", "eye(n*n) - (eye(n) ⊗ A) commutation(n, n)"),
    ("A X + A X'", "X", "(eye(n) ⊗ A) (eye(n*n) + commutation(n, n))"),
    ("X A + X' A", "X", "(A' ⊗ eye(n)) (eye(n*n) + commutation(n, n))"),
    ("A X + X' A'", "X", "(eye(n*n) + commutation(n, n)) (eye(n) ⊗ A)"),
    ("A X - X' A'", "X", "(eye(n*n) - commutation(n, n)) (eye(n) ⊗ A)"),
    ("2 X X'", "X", "2 (eye(n*n) + commutation(n, n)) (X ⊗ eye(n))"),
    ("X X' / t", "X", "(eye(n*n) + commutation(n, n)) (X ⊗ eye(n)) / t"),
    ("A X' + B X'", "X", "(eye(n) ⊗ (A + B)) commutation(n, n)"),
    ("A X' - B X'", "X", "(eye(n) ⊗ (A - B)) commutation(n, n)"),
    ("A X' B + X + X'", "X", "(eye(n*n) + commutation(n, n)) + (B' ⊗ A) commutation(n, n)"),
    (
        "A X' B + X C X' + C X'",
        "X",
        "(X C') ⊗ eye(n) + (B' ⊗ A + eye(n) ⊗ (X C + C)) commutation(n, n)",
    ),
    ("s X' + t A X' - X", "X", "(eye(n) ⊗ (t A + s eye(n))) commutation(n, n) - eye(n*n)"),
    ("vech(X) / t", "X", "elimination(n) / t"),
    ("vech(A X) / t", "X", "elimination(n) (eye(n) ⊗ A) / t"),
    ("vech(X X') / t", "X", "elimination(n) (eye(n*n) + commutation(n, n)) (X ⊗ eye(n)) / t"),
    ("vech(X + X')", "X", "elimination(n) (eye(n*n) + commutation(n, n))"),
    ("vech(A X + X B)", "X", "elimination(n) (B' ⊗ eye(n) + eye(n) ⊗ A)"),
    (
        "vech(X X') - vech(A X)",
        "X",
        "elimination(n) ((eye(n*n) + commutation(n, n)) (X ⊗ eye(n)) - eye(n) ⊗ A)",
    ),
    ("unvech(a, n) / t", "a", "elimination(n)' / t"),
    ("3 unvech(a, n) - unvech(a, n)'", "a", "(3 eye(n*n) - commutation(n, n)) elimination(n)'"),
    ("A unvech(a, n) + unvech(a, n) B", "a", "(eye(n) ⊗ A + B' ⊗ eye(n)) elimination(n)'"),
    (
        "vech(unvech(a, n)' A)",
        "a",
        "elimination(n) (A' ⊗ eye(n)) commutation(n, n) elimination(n)'",
    ),
]


@pytest.mark.parametrize(("program", "by", "wanted"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_shared(program: str, by: str, wanted: str) -> None:
    d = derive(program, by, shapes=SHAPES)
    assert str(d) == wanted
    assert d.check().passed
