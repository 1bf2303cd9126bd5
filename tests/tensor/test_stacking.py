"""What is put together of parts is written as it was put together: literals, vstack, hstack and
single entries."""

from __future__ import annotations

import pytest

from matcalc import derive
from tests.tensor.test_written import split
from tests.tensor.written import written_again

SHAPES = {
    "A": "R^(n×n)", "B": "R^(n×n)", "C": "R^(3×3)", "X": "R^(m×n)", "Z": "R^((m+n)×n)",
    "x": "R^n", "y": "R^n", "u": "R^m", "a": "R^3", "b": "R^3", "c": "R^7", "d": "R^8",
    "s": "R", "t": "R", "T": "R^(3×n×n)", "Q": "R^(7×7)",
    "Y": "R^((n+1)×m)",
}  # fmt: skip

AS_TYPED = """
vstack(x, u); vstack(x, x, y); vstack(s, x); vstack(x, s); vstack(s, t, x); vstack(x, s, u);
vstack(s, x, t); vstack(s, x, t, u); vstack(x, s, t); vstack(x, s u, s); vstack(X, A);
vstack(eye(n), A); vstack(A, eye(n)); vstack(diag(x), A); vstack(A, 2 diag(x), B);
vstack(A, x'); vstack(x', A); vstack(A, x', y', X); vstack(Z, A); vstack(x y', A);
vstack(A B, s A); vstack(ones(n)', A); vstack(zeros(n), x); vstack(0, x); vstack(x, 0);
vstack(x, zeros(2), y); vstack(zeros(m), x, zeros(m)); vstack(zeros(n), s, zeros(m));
vstack(zeros(n), 1); vstack(zeros(m, n), A); vstack(A, zeros(1, n)); vstack(a, x); vstack(a, s, b);
vstack(eye(n), eye(n));
hstack(A, B); hstack(x, y); hstack(x, x + y, 2 x); hstack(x, A); hstack(A, x, y); hstack(x, A, y);
hstack(ones(n), A); hstack(A, eye(n)); hstack(eye(n), diag(y)); hstack(A, zeros(n, 1));
hstack(zeros(n, m), A); hstack(x, zeros(n, 2), A); hstack(a, b); hstack(a, C, b); hstack(A, x y');
blockdiag(A, B); blockdiag(eye(n), A); blockdiag(A, B, A); blockdiag(A B, A);
blockdiag(A, X' X, B'); blockdiag(x y', A);
blockdiag(diag(x), A); s blockdiag(A, B); blockdiag(A, C); blockdiag(C, A);
vstack(hstack(A, B), hstack(B, A)); vstack(hstack(A, B), hstack(zeros(n, n), A));
[s, t, 1]; [0, s, 0]; [s, 0, 0, 0, 0, 0]; [s, t, s, t, s, t, 1]; [0, s, 0, s, t, s, t];
[s, s, t, t, 0, 0, 0, 0]; [1, 2, 3, 4, 5, 6, 7]; [a[0], s, b[1]]; [x', y']; [x', y', (x + y)'];
[x', y', x', y', x', y', x']; [x', zeros(n)']; [x', zeros(n)', y']; [a', b']; [a', [0, 1, 0]];
[[1, 0, 0], a']; [a', [0, 0, 0], b']; [[s, t], [1, 2]]; [[s, 0], [0, 0]]; [[0, s, 0], [0, 0, 0]];
[[s, t, s]]; [c', e(3, 7)']; [c', c']; [[s, 0], [0, t], [1, s]];
s e(2, 7); e(2, 7); s e(1, n); s e(2, 7) + t e(3, 7); x e(2, 5)'; e(2, 7) x'; e(0, 3) x';
e(2, 5) e(3, 7)'; e(2, 7) e(3, 7)'; a e(0, 3)'; x e(1, n)';
x[0]; x[2]; c[6]; A[:, 1]; A[0, 1]; X[1, :] y; X[:, 0] y'; A[0, 0]; x[1] y; A[0, :] A[:, 1];
A[:, 1] + x; C[0, 2] a; x[i]; A[:, i]; A[i, j]; Q[:, 3]; A[i, :] x
"""
OTHERWISE = {
    "[x', zeros(n)', zeros(n)']": "e(0, 3) x'",
    "hstack(x, zeros(n), zeros(n))": "x e(0, 3)'",
    "s e(2, 6)": "[0, 0, s, 0, 0, 0]",
    "vstack(s, t)": "[s, t]",
    "vstack(a', b')": "[a', b']",
    "hstack(s, x', t)": "vstack(s, x, t)",
    "s e(0, n + 1) + vstack(0, x)": "vstack(s, x)",
    "2 vstack(x, u)": "vstack(2 x, 2 u)",
    "vstack(x, zeros(m)) u'": "vstack(x u', zeros(m, m))",
    "vstack(A, zeros(m, n)) diag(x)": "vstack(A diag(x), zeros(m, n))",
    "vstack(x, u)[0]": "x[0]",
    "vstack(s, x)[0]": "s",
    "vstack(s, x)[1]": "x[0]",
    "hstack(A, B)[:, 0]": "A[:, 0]",
    "hstack(x, A)[:, 0]": "x",
    "[x', y'][1, :]": "y",
    "A[0, :]": "A[0, :]'",
    "A[i, :]": "A[i, :]'",
    "vstack(x, u)' vstack(y, u)": "u · u + x · y",
    "hstack(A, x) vstack(y, s)": "A y + s x",
    "T[0, :, :]": 'einsum("kij,k->ij", T, e(0, 3))',
    "blockdiag(A, x)": "vstack(hstack(A, zeros(n, 1)), hstack(zeros(n, n), x))",
    "blockdiag(x, A)": "vstack(x e(0, n + 1)', hstack(zeros(n, 1), A))",
    "blockdiag(x, u)": "vstack(hstack(x, zeros(n)), hstack(zeros(m), u))",
    "2 blockdiag(A, B)": "blockdiag(2 A, 2 B)",
    "-blockdiag(A, B)": "blockdiag(-A, -B)",
    "blockdiag(A, B)'": "blockdiag(A', B')",
    "blockdiag(A, B) blockdiag(B, A)": "blockdiag(A B, B A)",
    "blockdiag(A, zeros(n, n))": "vstack(hstack(A, zeros(n, n)), zeros(n, 2*n))",
    "blockdiag(zeros(n, n), A)": "vstack(zeros(n, 2*n), hstack(zeros(n, n), A))",
    "tr(A e(0, n) e(1, n)')": "A[1, 0]",
    "(A B)[0, 1]": "A[0, :] B[:, 1]",
    "x[i] e(i, n)": "x[i] e(i, n)",
    "vstack(x, zeros(m)) + vstack(zeros(m), x)": "vstack(x, zeros(m)) + vstack(zeros(m), x)",
    "vstack(a, 0, 0) + vstack(0, 0, b)": "vstack(a, zeros(2)) + vstack(zeros(2), b)",
    "vstack(x, 0) + s e(0, n + 1)": "vstack(x, 0) + s e(0, n + 1)",
    "e(i, 3) x' + e(1, 3) y'": "e(i, 3) x' + e(1, 3) y'",
    "diag(vstack(x, u))": "diag(vstack(x, u))",
    "A hstack(x, B)": "A hstack(x, B)",
    "vstack(x', A')' Y": "hstack(x, A) Y",
}
WRITTEN = {program: program for program in split(AS_TYPED)} | OTHERWISE


@pytest.mark.parametrize(("program", "wanted"), WRITTEN.items())
def test_written_as_it_was_put_together(program: str, wanted: str) -> None:
    assert written_again(program, SHAPES)[0] == wanted


DERIVED = [
    ("vstack(eye(n), A) x", "x", "vstack(eye(n), A)"),
    ("vstack(x.^2, A x, 2 x)", "x", "vstack(2 diag(x), A, 2 eye(n))"),
    ("vstack(x, s x, s)", "x", "vstack(eye(n), s eye(n), zeros(1, n))"),
    ("vstack(x, s x, s)", "s", "vstack(zeros(n), x, 1)"),
    ("vstack(exp(x), s)", "s", "vstack(zeros(n), 1)"),
    ("hstack(ones(n), A) w", "w", "hstack(ones(n), A)"),
    ("norm(hstack(ones(n), A) w - y)^2", "w", "2 (hstack(ones(n), A) w - y)' hstack(ones(n), A)"),
    ("[3 s^2 t, 2 s + t^8]", "[s, t]", "[[6 s t, 3 s^2], [2, 8 t^7]]"),
    ("[a[0], a[1]^2, s]", "a", "[[1, 0, 0], [0, 2 a[1], 0], [0, 0, 0]]"),
    ("x[0] x[1]", "x", "(x[0] e(1, n) + x[1] e(0, n))'"),
    ("A[0, 1]", "A", "e(0, n) e(1, n)'"),
]


@pytest.mark.parametrize(("program", "by", "wanted"), DERIVED)
def test_derivatives_of_what_is_put_together(program: str, by: str, wanted: str) -> None:
    d = derive(program, by, shapes=SHAPES | {"w": "R^(n+1)"})
    assert str(d) == wanted
    assert d.check().passed
