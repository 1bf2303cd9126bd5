"""Identities of functions that commute with the transpose: what matches a transpose is written as
one, and a minus that only turns a difference round does not leave a function."""

from __future__ import annotations

import pytest

from matcalc import derive

SHAPES = {
    **dict.fromkeys("MX", "R^(m×m)"),
    **dict.fromkeys("ABCV", "R^(n×n)"),
    "S": "R^(n×n) spd",
    "T": "R^(n×n) spd",
    "Y": "R^(n×m)",
    "x": "R^n",
    "z": "R^m",
    "t": "R",
    "f": "R -> R^(n×m)",
}

ROWS = """
expm_frechet(M, X - X')   | X | jvp      | expm_frechet(M, v - v')
logm_frechet(S, C - C')   | C | jvp      | logm_frechet(S, v - v')
sylvester(A, B, C - C')   | C | jvp      | sylvester(A, B, v - v')
tr(C sqrtm(S))            | S | gradient | sylvester(sqrtm(S), sqrtm(S), C + C') / 2
tr(C logm(S))             | S | gradient | logm_frechet(S, C + C') / 2
tr(C expm(A))             | A | gradient | expm_frechet(A', C')
norm(sqrtm(S) x)^2        | S | gradient | x x'
norm(logm(S))^2           | S | gradient | 2 S^-1 logm(S)
det(A - t I)              | t | gradient | -det(A - t eye(n)) tr((A - t eye(n))^-1)
(A - t I)^-1              | t | jacobian | (A - t eye(n))^-2
expm(t (A - B))           | t | jacobian | (A - B) expm(t (A - B))
expm(A + t B) x           | t | jacobian | expm_frechet(A + t B, B) x
logm(S + t T) x           | t | jacobian | logm_frechet(S + t T, T) x
sqrtm(S + t T) x          | t | jacobian | sylvester(sqrtm(S + t T), sqrtm(S + t T), T) x
sylvester(A, M, t Y) z    | t | jacobian | sylvester(A, M, Y) z
sylvester(A, M, f(t)) z   | t | jacobian | sylvester(A, M, f'(t)) z
sylvester(A, t M, Y) z    | t | jacobian | -sylvester(A, t M, sylvester(A, t M, Y) M) z
tr(A expm(A))             | A | gradient | expm_frechet(A', A') + expm(A)'
expm_frechet(A, B)[0,0]   | B | gradient | expm_frechet(A', e(0, n) e(0, n)')
tr(C expm_frechet2(A, B, V)) | V | gradient | expm_frechet2(A', B', C')
tr(C expm_frechet2(A, V, V)) | V | gradient | 2 expm_frechet2(A', C', V')
tr(C logm_frechet2(S, B, V)) | V | gradient | logm_frechet2(S, B', C')
sylvester(t A, M, Y) z    | t | jacobian | -sylvester(t A, M, A sylvester(M', t A', Y')') z
"""


@pytest.mark.parametrize(
    ("program", "wrt", "kind", "result"),
    [[cell.strip() for cell in row.split("|")] for row in ROWS.strip().splitlines()],
)
def test_what_is_turned_keeps_its_sign(program: str, wrt: str, kind: str, result: str) -> None:
    d = derive(program, wrt, kind=kind, shapes=SHAPES)
    assert str(d) == result
    report = d.check()
    assert report.passed, str(report)
