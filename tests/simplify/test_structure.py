"""What is known of structure is used: what is printed, and that it is right."""

from __future__ import annotations

import pytest

from matcalc import derive

SHAPES = {
    "t": "R", "c": "R positive", "x": "R^n", "y": "R^n", "p": "R^n positive",
    "r": "R^n nonnegative", "X": "R^(m×n)", "A": "R^(n×n)", "B": "R^(n×n)", "C": "R^(m×m)",
    "S": "R^(n×n) spd", "H": "R^(n×n) symmetric", "Q": "R^(n×n) orthogonal", "z": "R^(n+m)",
    "D": "R^(n×n) diagonal", "E": "R^(n×n) diagonal", "L": "R^(n×n) lower", "N": "R^(m×n)",
}  # fmt: skip

RESULTS = r"""
logdet(X'X)                     | X | 2 X (X' X)^-1
logdet(X'X + c eye(n))          | X | 2 X (X' X + c eye(n))^-1
norm(Q x)                       | x | x' / norm(x)
t (tril(A) + triu(A))           | t | diag(diag(A)) + A
t tr(expm_frechet(A, B))        | t | tr(expm(A) B)
t logm_frechet(S, S)            | t | eye(n)
t sylvester(S, S, S B + B S)    | t | B
norm(Q A x)                     | x | x' A' A / norm(A x)
x' Q' Q y                       | x | y'
x' Q^-1 y                       | x | y' Q
t logdet(Q A)                   | t | logdet(Q A)
logdet(Q A)                     | A | A^-T
t norm(A Q)                     | t | norm(A)
sum(abs(p))                     | p | ones(n)'
sum(sqrt(p^2))                  | p | ones(n)'
sum(relu(p))                    | p | ones(n)'
sum((p > 0) ⊙ p)                | p | ones(n)'
sum(sqrt(x^2))                  | x | sign(x)'
t sum(abs(r ⊙ x))               | t | r · abs(x)
x' D' y                         | x | y' D
t (D E - E D)                   | t | zeros(n, n)
t tril(L)                       | t | L
t triu(L)                       | t | diag(diag(L))
t diag(diag(D))                 | t | D
t det(L)                        | t | prod(diag(L))
logdet(L L')                    | L | 2 L^-T
t kron(A, C) kron(B, C)         | t | (A B) ⊗ C^2
t inv(kron(A, C))               | t | A^-1 ⊗ C^-1
t logdet(kron(A, C))            | t | m logdet(A) + n logdet(C)
t tr(kron(A, C))                | t | tr(A) tr(C)
t inv(blockdiag(A, C))          | t | blockdiag(A^-1, C^-1)
t expm(blockdiag(A, C))         | t | blockdiag(expm(A), expm(C))
logdet(blockdiag(A, C))         | A | A^-T
t det(blockdiag(A, C))          | t | det(A) det(C)
logdet(A B)                     | A | A^-T
det(t A)                        | t | n t^(n - 1) det(A)
logdet(t A)                     | t | n / t
pinv(t X)                       | t | -pinv(X) / t^2
t (tr(A') + tr(A))              | t | 2 tr(A)
t det(A')                       | t | det(A)
t kron(A', C) vec(N)            | t | vec(C N A)
t logdet(expm(A))               | t | tr(A)
t chol(S) chol(S)'              | t | S
t logdet(chol(S))               | t | logdet(S) / 2
t expm(A) expm(-A)              | t | eye(n)
t S eigvecmax(S)                | t | eigmax(S) eigvecmax(S)
eigmax(c H)                     | c | eigmax(H)
1 / (1 + exp(-x·y))             | x | sigmoid(x · y) (1 - sigmoid(x · y)) y'
exp(x - logsumexp(x))·y         | y | softmax(x)'
t softmax(x + t)                | x | t (diag(softmax(x)) - softmax(x) softmax(x)')
softmax(abs(A[:,0]))·x          | x | softmax(abs(A[:, 0]))'
sum(abs(A relu(x)))             | A | sign(A relu(x)) relu(x)'
sum(sign(A p))                  | p | zeros(n)'
t sum(sign(A p))                | t | sum(sign(A p))
t log(p · exp(x))               | t | log(p · exp(x))
sum(log(sum(exp(X), axis=1)))   | X | softmax(X, axis=1)
sum(log(sum(exp(X), axis=0)))   | X | softmax(X, axis=0)
sum(N ⊙ log(softmax(X, axis=1))) | N | log_softmax(X, axis=1)
sum(N ⊙ exp(X - logsumexp(X, axis=1))) | N | softmax(X, axis=1)
sum(sum(softmax(X, axis=1), axis=1) t) | t | m
t (e(0, n) ⊙ x)[1]              | t | 0
t (e(0, n) ⊙ x ⊙ y)[0]          | t | x[0] y[0]
tr(D' A)                        | D | A
x' D x                          | D | x x'
tr(Q' A)                        | Q | A
logdet(S)                       | S | S^-1
tr(S^-1 A)                      | S | -S^-1 (A + A') S^-1 / 2
tr(grad(tr(H A), H) B)          | B | (A + A') / 2
"""

ROWS = [[part.strip() for part in line.rsplit("|", 2)] for line in RESULTS.strip().splitlines()]


@pytest.mark.parametrize(("text", "wrt", "result"), ROWS)
def test_structure_is_used(text: str, wrt: str, result: str) -> None:
    d = derive(text, wrt, shapes=SHAPES)
    assert str(d) == result
    assert d.check().passed


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        ("tr(D' D)", "D"), ("tr(D A D B)", "D"), ("tr(Q' A Q B)", "Q"), ("logdet(L L')", "L"),
        ("sum((L x)^2)", "L"), ("tr(Q' Q A)", "Q"), ("norm(D - A)^2", "D"), ("tr(H A H B)", "H"),
        ("logdet(S)", "S"), ("y' S^-1 x", "S"), ("tr(S H S)", "S, H"), ("tr(D A H)", "D, H"),
    ],
)  # fmt: skip
def test_second_derivatives_by_structured_variables(text: str, wrt: str) -> None:
    """Symmetric where declared symmetric; of the unconstrained formula otherwise."""
    assert derive(text, wrt, kind="hessian", shapes=SHAPES).check().passed
