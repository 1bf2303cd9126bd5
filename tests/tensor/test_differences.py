"""Differences in products and powers: the way round that saves a minus, unless the user wrote the
other one."""

from __future__ import annotations

import pytest

from matcalc import derive
from tests.tensor.test_written import split
from tests.tensor.written import written_again

SHAPES = {
    "A": "R^(n×n)", "B": "R^(n×n)", "S": "R^(n×n) symmetric", "X": "R^(m×n)", "Y": "R^(m×n)",
    "x": "R^n", "y": "R^n", "v": "R^n", "p": "R^n", "u": "R^m", "s": "R", "t": "R",
}  # fmt: skip

AS_TYPED = """
x - 1; s - x; x - s; mean(x) - x; x - mean(x); x - sum(x); y ⊙ (x - 1); y ⊙ (1 - x); x ⊙ (1 - x);
(x - 1) ⊙ (y - 1); (1 - x) ⊙ (1 - y); (1 - x) ⊙ (y - 1); tanh(x) ⊙ (1 - tanh(x));
-tanh(x) ⊙ (1 - tanh(x)); -y ⊙ (1 - tanh(x)^2); y ⊙ (tanh(x)^2 - 1); (x - y) ⊙ (1 - exp(x));
(y - x) ⊙ (1 - exp(x)); (exp(x) - 1) ⊙ (1 - exp(y)); -(1 - exp(x)) ⊙ (1 - exp(y)); (x - y)^2;
(x - y)^3; -(x - y)^2; -s (x - y)^2; s (x - y)^3; (x - y)^2 / (s - t)^2; (x - y) / (s - t);
(y - x) / (s - t); 1 / (s - t); 1 / (s - 1); 1 / (1 - s); s / (1 - s); -1 / (s - t)^2;
1 / (1 - s)^2; -1 / (1 - s)^2; (A - B) x; (B - A) x; A (x - y); (A - eye(n)) x; (eye(n) - A) x;
(A - A') x; s (x - mean(x)); s (mean(x) - x); t (s - x); t (x - s); (x - s) · (y - t);
(x - mean(x)) · (y - mean(y)); x ⊙ (x - y); x ⊙ (y - x); (x - v) ⊙ (x - y) ⊙ (y - v);
(s - 1) (s - t) x; norm(x - y)^2; -norm(x - y)^2; norm(A - B)^2; norm(x - 1)^2; norm(u - X x)^2;
2 A' (y - A x); (A x - y) x'; (y - A x) x'; s (x + y - 1); s (1 - x - y); (x - y) (x - y)';
-(x - y) (x - y)'; x (x - y)'; diag(x - y) A; A diag(x - y); diag(1 - x) A; diag(x - 1);
s (s - 1) x; s (1 - s) x; (s - 1) / s; (1 - s) / s; (s - 1) / (t - 1); (1 - s) / (t - 1);
(1 - s^2) x; (s^2 - 1) x; (1 - s t) x; (1 - sin(s)) x; -(1 - sin(s)) x; (sin(s) - 1) x;
-(1 - exp(-s)) x; (1 - 1 / s) x; (1 / s - 1) x; (1 - x · y) x; (x · y - 1) x; -(1 - max(x)) x;
(max(x) - 1) x; x ⊙ (1 - softmax(x)); y ⊙ (softmax(x) - 1); p ⊙ (softmax(x) - y);
p ⊙ (y - softmax(x)); y ⊙ (2 - x); y ⊙ (x - 2); y ⊙ (1 - 2 x); y ⊙ (2 x - 1); y ⊙ (x - 1)^2;
y ⊙ (1 - x)^2; y ⊙ (x - 1)^3; -y ⊙ (x - 1)^2; y / (x - 1); y / (1 - x); y / (x - 1)^2;
y / (x - v); y / (v - x)^3; (x - y) / (x - v); (y - x) / (x - v); (x - y)^2 ⊙ (x - v);
(x - y)^2 ⊙ (v - x); (x - v)^2 ⊙ (x - y)^2; (x - y)^2 ⊙ (x - v)^3; x + y - mean(x);
B ⊙ (A - s); B ⊙ (s - A); B ⊙ (mean(A) - A); X' (u - X x); X' (X x - u); s X' (X x - u);
u · (X x - u); norm(u - X x); 1 / norm(x - y); (x - y) / norm(x - y);
(x - y) / norm(x - y)^3; abs(x - y); cos(x - y); exp(-(x - y)^2); s norm(A - B);
exp(-norm(x - y)^2 / 2) (x - y); (y - x) ⊗ u; (A - B) ⊗ X;
(B - A) ⊗ X; A ⊗ (Y - X); vec(A - B); -vec(A - B); tr((S - A) A); x - 3 y; 1 / (x - y)^3;
(A - B).^3; (1 - s)^3 x; (s - 1)^3 x; (x - y)^3 / (s - 1)
"""
"""What the user wrote, and is written so."""

SHORTER = {
    "-(x - 1) s": "s (1 - x)",
    "-(1 - x) ⊙ y": "y ⊙ (x - 1)",
    "-(x - 1) ⊙ (y - 1)": "(x - 1) ⊙ (1 - y)",
    "-x ⊙ (1 - x)": "x ⊙ (x - 1)",
    "-2 x ⊙ (1 - x)": "2 (x ⊙ (x - 1))",
    "-(1 - exp(x)) ⊙ (x - y)": "(y - x) ⊙ (1 - exp(x))",
    "(x - y) ⊙ (y - x)": "-(y - x)^2",
    "-(x - y) / (s - t)": "(y - x) / (s - t)",
    "-(A - B) x": "(B - A) x",
    "-(A - B) (x - y)": "(A - B) (y - x)",
    "-A (x - y) s": "s A (y - x)",
    "-(A - B) ⊙ A": "A ⊙ (B - A)",
    "-(A - A') x": "(A' - A) x",
    "-(x - mean(x)) s": "s (mean(x) - x)",
    "-(x - s) · y": "y · (s - x)",
    "-(x - y) ⊙ (x - v)": "(x - v) ⊙ (y - x)",
    "-(s - 1) (t - 1)": "(s - 1) (1 - t)",
    "-(s - t) (s - 1) x": "(s - 1) (t - s) x",
    "-2 A' (A x - y)": "2 A' (y - A x)",
    "-(A x - y) x'": "(y - A x) x'",
    "-(x + y - 1) s": "s (1 - x - y)",
    "-diag(x ⊙ (1 - x))": "diag(x ⊙ (x - 1))",
    "-tr(A (A - S))": "tr((S - A) A)",
    "-y / (x - 1)": "y / (1 - x)",
    "-(x - y)^2 ⊙ (x - v)": "(x - y)^2 ⊙ (v - x)",
    "-(x - y)^2 ⊙ (x - v)^2": "-(x - v)^2 ⊙ (x - y)^2",
    "-X' (u - X x)": "X' (X x - u)",
    "-(x - y) ⊗ u": "(y - x) ⊗ u",
    "-A ⊗ (X - Y)": "A ⊗ (Y - X)",
    "-(max(x) - 1) x": "(1 - max(x)) x",
    "-(x - y) / norm(x - y)": "(y - x) / norm(x - y)",
    "-exp(-norm(x - y)^2 / 2) (x - y)": "exp(-norm(x - y)^2 / 2) (y - x)",
    "-(x + y)": "-x - y",
    "-(x + y) s": "-s (x + y)",
}
"""A minus in front goes into a difference."""

UNSAID = {
    "(x - 1) ⊙ (y - 1)": "(1 - x) ⊙ (1 - y)",
    "(exp(x) - 1) ⊙ (1 - exp(y))": "-(1 - exp(x)) ⊙ (1 - exp(y))",
    "(x - 1)^2 ⊙ y": "y ⊙ (1 - x)^2",
    "(s - 1) / (t - 1)": "(1 - s) / (1 - t)",
    "(tanh(x)^2 - 1) ⊙ y": "-y ⊙ (1 - tanh(x)^2)",
    "(softmax(x) - 1) ⊙ y": "-y ⊙ (1 - softmax(x))",
    "(s - x)^2": "(x - s)^2",
    "(x - s)^2": "(x - s)^2",
    "(s - x)^3": "(s - x)^3",
    "norm(s - x)": "norm(x - s)",
    "(mean(x) - x)^2": "(x - mean(x))^2",
    "-(mean(x) - x) s": "s (x - mean(x))",
    "(s t - x)^2": "(x - s t)^2",
    "(x · y - x)^2": "(x - x · y)^2",
    "(s - x - y)^2": "(x + y - s)^2",
    "(2 - x)^2": "(2 - x)^2",
    "(x - 1)^2": "(1 - x)^2",
    "(s + x)^2": "(s + x)^2",
    "-(x - y)^3": "(y - x)^3",
    "(x - y)^3": "(x - y)^3",
    "1 / (s - t)^3": "1 / (s - t)^3",
    "s (s - 1)": "s (s - 1)",
}
"""Without the user's words 1 - f stands rather than f - 1, which is no reason for a minus, and a
vector less a number rather than the number less the vector."""

KNOWN = {program: program for program in split(AS_TYPED)} | SHORTER


@pytest.mark.parametrize(
    ("program", "wanted", "known"),
    [(*row, True) for row in KNOWN.items()] + [(*row, False) for row in UNSAID.items()],
)
def test_written_the_way_round_that_reads_best(program: str, wanted: str, known: bool) -> None:
    assert written_again(program, SHAPES, known)[0] == wanted


DERIVED = [
    ("(s - t)^4", "s", "4 (s - t)^3"),
    ("(s - t)^4", "t", "4 (t - s)^3"),
    ("sum((x - y)^4)", "x", "4 ((x - y)^3)'"),
    ("log(s - t)", "s", "1 / (s - t)"),
    ("log(s - 1)", "s", "1 / (s - 1)"),
    ("log(1 - s)", "s", "-1 / (1 - s)"),
    ("s / (s - 1)", "s", "-1 / (s - 1)^2"),
    ("1 / (s - t)^2", "s", "2 / (t - s)^3"),
    ("norm(x - y)^2 / 2", "x", "(x - y)'"),
    ("norm(x - y)", "y", "(y - x)' / norm(x - y)"),
    ("norm(u - X x)^2", "x", "2 (X x - u)' X"),
    ("sum(log(1 + exp(-y ⊙ x)))", "x", "-(y ⊙ sigmoid(-x ⊙ y))'"),
    ("exp(-norm(x - y)^2 / 2)", "x", "exp(-norm(x - y)^2 / 2) (y - x)'"),
    ("tr(A - B)^2", "A", "2 (tr(A) - tr(B)) eye(n)"),
]


@pytest.mark.parametrize(("program", "by", "wanted"), DERIVED)
def test_derivatives_of_differences(program: str, by: str, wanted: str) -> None:
    d = derive(program, by, shapes=SHAPES)
    assert str(d) == wanted
    assert d.check().passed
