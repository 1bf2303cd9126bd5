"""Every kind of operator against the array that it stands for."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Final

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, aslinearoperator, cg

from matcalc.operators import (
    BlockDiagonal,
    Commutation,
    Dense,
    Diagonal,
    Identity,
    Inverse,
    Kronecker,
    LowRank,
    Product,
    Sum,
)

_rng: Final = np.random.default_rng(7)


def _normal(*shape: int) -> Any:
    return _rng.standard_normal(shape)


def _definite(n: int) -> Any:
    root = _normal(n, n)
    return root @ root.T + np.eye(n)


A, B, W = _normal(6, 6), _normal(6, 6), _normal(4, 6)
d, e = _normal(6), _normal(6) ** 2 + 1
S, P = _definite(6), _definite(3)
tall, wide = _normal(6, 2), _normal(2, 6)
v = _normal(12)
blocks, square = _normal(4, 3, 2), _normal(4, 3, 3)


def _along(parts: Any) -> Any:
    count, rows, columns = parts.shape
    made = np.zeros((count * rows, count * columns))
    for i, part in enumerate(parts):
        made[i * rows : (i + 1) * rows, i * columns : (i + 1) * columns] = part
    return made


def _swap(m: int, n: int) -> Any:
    """The permutation from vec(X) to vec(X'), entry by entry."""
    made = np.zeros((m * n, m * n))
    for i in range(m):
        for j in range(n):
            made[j + n * i, i + m * j] = 1
    return made


WHAT: Final[dict[str, tuple[Any, Any, bool]]] = {
    "dense": (Dense(W), W, False),
    "dense, square": (Dense(A), A, True),
    "dense, definite": (Dense(S, "pos"), S, True),
    "dense, symmetric": (Dense(A + A.T, "sym"), A + A.T, True),
    "diagonal": (Diagonal(d), np.diag(d), True),
    "identity": (Identity(6, dtype=float), np.eye(6), True),
    "multiple of the identity": (Identity(6, 2.5, float), 2.5 * np.eye(6), True),
    "low rank": (LowRank(tall, _normal(4, 2)), None, False),
    "outer product": (LowRank(d, e), np.outer(d, e), False),
    "multiple of one": (LowRank(d, e, -3), -3 * np.outer(d, e), False),
    "low rank, scaled": (LowRank(tall, wide.T, 0.5), 0.5 * tall @ wide, False),
    "Kronecker, scaled": (Kronecker(LowRank(d, e, 2), W), 2 * np.kron(np.outer(d, e), W), False),
    "product": (Product(W, Diagonal(d), B), W @ np.diag(d) @ B, False),
    "product, square": (Product(A, Diagonal(d), B), A @ np.diag(d) @ B, True),
    "product, narrow": (Product(tall, wide), tall @ wide, False),
    "product, wide": (Product(wide, A), wide @ A, False),
    "sum": (Sum(A, Diagonal(d), LowRank(d, e)), A + np.diag(d) + np.outer(d, e), True),
    "diagonal plus rank one": (Sum(Diagonal(e), LowRank(d, e)), np.diag(e) + np.outer(d, e), True),
    "diagonal plus low rank": (
        Sum(LowRank(d, e), Diagonal(e), Product(tall, Diagonal([1.0, 2]), wide), Identity(6, 2)),
        np.outer(d, e) + np.diag(e + 2) + tall @ np.diag([1.0, 2]) @ wide, True),
    "dense plus low rank": (Sum(A, Product(B, LowRank(d, e), B)),
        A + B @ np.outer(d, e) @ B, True),
    "dense plus diagonal": (Sum(A, Diagonal(d)), A + np.diag(d), True),
    "Gram, tall": (Sum(Identity(4, 0.5), Product(W, Diagonal(e), W.T)),
        0.5 * np.eye(4) + W @ np.diag(e) @ W.T, True),
    "Gram, wide": (Product(W, Diagonal(e), W.T), W @ np.diag(e) @ W.T, True),
    "sum of two structures": (Sum(Kronecker(P, P), Commutation(3, 3)), np.kron(P, P) + _swap(3, 3),
        False),
    "Kronecker": (Kronecker(_normal(3, 2), _normal(2, 4)), None, False),
    "Kronecker, square": (Kronecker(P, B), np.kron(P, B), True),
    "Kronecker, square of others": (Kronecker(tall, wide), np.kron(tall, wide), False),
    "Kronecker with an identity": (Kronecker(P, Identity(4)), np.kron(P, np.eye(4)), True),
    "identity first": (Kronecker(Identity(4, 3), P), 3 * np.kron(np.eye(4), P), True),
    "Kronecker, a row": (Kronecker(d[:, None].T, Identity(4)), np.kron(d, np.eye(4)), False),
    "Kronecker, outer product": (Kronecker(LowRank(d, e), W), np.kron(np.outer(d, e), W), False),
    "Kronecker, low rank": (Kronecker(Product(tall, wide), W.T), np.kron(tall @ wide, W.T), False),
    "block-diagonal": (BlockDiagonal(blocks), _along(blocks), False),
    "block-diagonal, square": (BlockDiagonal(square), _along(square), True),
    "interleaved": (BlockDiagonal(blocks, interleaved=True),
        _swap(4, 3).T @ _along(blocks) @ _swap(4, 2), False),
    "interleaved, square": (BlockDiagonal(square, interleaved=True),
        _swap(4, 3).T @ _along(square) @ _swap(4, 3), True),
    "Kronecker plus identity": (Sum(Kronecker(P, Identity(4, 2)), Identity(12, 3)),
        np.kron(P, 2 * np.eye(4)) + 3 * np.eye(12), True),
    "identities plus Kronecker": (
        Sum(Identity(12), Kronecker(Identity(4, 2), P), Identity(12, 3), LowRank(v, v)),
        np.kron(2 * np.eye(4), P) + 4 * np.eye(12) + np.outer(v, v), True),
    "Kronecker plus diagonal": (Sum(Kronecker(Identity(4), P), Diagonal(v)),
        np.kron(np.eye(4), P) + np.diag(v), False),
    "blocks plus diagonal": (Sum(BlockDiagonal(square), Diagonal(v)),
        _along(square) + np.diag(v), True),
    "interleaved plus diagonal": (Sum(BlockDiagonal(square, True), Diagonal(v), Identity(12)),
        _swap(4, 3).T @ _along(square) @ _swap(4, 3) + np.diag(v + 1), True),
    "commutation": (Commutation(2, 5), _swap(2, 5), True),
    "inverse": (Inverse(A), np.linalg.inv(A), True),
    "inverse of diagonal plus low rank": (
        Inverse(Sum(Diagonal(e), LowRank(d, d))), np.linalg.inv(np.diag(e) + np.outer(d, d)), True),
    "Kronecker of inverses": (Kronecker(Inverse(A).T, Inverse(Dense(P, "pos"))),
        np.kron(np.linalg.inv(A).T, np.linalg.inv(P)), True),
    "Kronecker, commuted": (Product(Kronecker(P, A), Commutation(6, 3)),
        np.kron(P, A) @ _swap(6, 3), True),
    "multiple": (2 * Dense(W), 2 * W, False),
    "array without axes times": (np.array(2.0) * Dense(W), 2 * W, False),
    "number times": (np.float64(2) * Kronecker(P, A), 2 * np.kron(P, A), True),
    "minus": (-Diagonal(d), -np.diag(d), True),
    "quotient": (Identity(6) / 4, np.eye(6) / 4, True),
    "difference": (LowRank(d, e) - Dense(A), np.outer(d, e) - A, True),
    "product by @": (Dense(A) @ Diagonal(d), A @ np.diag(d), True),
    "multiple of blocks": (3 * BlockDiagonal(square), 3 * _along(square), True),
    "with another operator": (Dense(A) @ aslinearoperator(B) + Diagonal(d), A @ B + np.diag(d),
        True),
}  # fmt: skip


@pytest.mark.parametrize("name", WHAT)
def test_operator(name: str) -> None:
    operator, array, _ = WHAT[name]
    if array is None:
        parts = (operator.left, operator.right)
        low = isinstance(operator, LowRank)
        array = parts[0] @ parts[1].T if low else np.kron(*(part.array for part in parts))
    m, n = array.shape
    x, X, y, Y = _normal(n), _normal(n, 3), _normal(m), _normal(m, 3)
    assert isinstance(operator, LinearOperator) and operator.shape == (m, n)
    pairs = [
        (operator.toarray(), array), (operator @ x, array @ x), (operator @ X, array @ X),
        (operator.matvec(x[:, None]), (array @ x)[:, None]), (operator.matmat(X), array @ X),
        (operator.rmatvec(y), array.T @ y), (operator.rmatmat(Y), array.T @ Y),
        (operator.T @ Y, array.T @ Y), (operator.T.toarray(), array.T), (operator.H @ y, y @ array),
        (y @ operator, y @ array), (operator.diagonal(), np.diagonal(array)),
        (operator.T.T @ x, array @ x),
    ]  # fmt: skip
    for found, expected in pairs:
        assert found.dtype == float and found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", WHAT)
def test_solution(name: str) -> None:
    operator, array, solvable = WHAT[name]
    if not solvable:
        with pytest.raises(np.linalg.LinAlgError, match=r"not square|gives no solution"):
            operator.solve(np.ones(operator.shape[0]))
        return
    for one, matrix in ((operator, array), (operator.T, array.T)):
        for x in (_normal(len(array)), _normal(len(array), 3)):
            np.testing.assert_allclose(one.solve(matrix @ x), x, rtol=1e-6, atol=1e-8)


p = np.exp(d) / np.sum(np.exp(d))
SINGULAR: Final[dict[str, Any]] = {
    "softmax": Sum(Diagonal(p), LowRank(-p, p)),
    "ones": Dense(np.ones((6, 6))),
    "zeros": Dense(np.zeros((6, 6))),
    "a zero on the diagonal": Diagonal(np.array([1.0, 0])),
    "no identity": Identity(3, 0),
    "projection": Sum(Identity(6), LowRank(-d / (d @ d), d)),
    "blocks": BlockDiagonal(np.ones((4, 2, 2))),
    "nearly singular blocks": BlockDiagonal(np.outer(d[:3], d[:3]) + np.zeros((4, 1, 1))),
    "within Kronecker": Kronecker(A, np.ones((2, 2))),
    "inverse of low rank": Product(Inverse(Diagonal(d)), Diagonal(np.array([1.0, 0, 0, 0, 0, 0]))),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_a_singular_matrix_is_never_solved_for(name: str) -> None:
    operator = SINGULAR[name]
    with pytest.raises(np.linalg.LinAlgError, match=r"singular|Singular"):
        operator.solve(np.ones(operator.shape[0]))


def test_a_singular_matrix_has_no_inverse() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        Inverse(np.ones((2, 2))) @ np.ones(2)


WRONG: Final[list[tuple[Any, str]]] = [
    (lambda: Product(W, W), "6 columns"),
    (lambda: Sum(W, A), "shapes"),
    (lambda: Dense(d), "not a matrix"),
    (lambda: Diagonal(A), "not a vector"),
    (lambda: LowRank(tall, A), "U and V"),
    (lambda: BlockDiagonal(A), "blocks"),
    (lambda: Diagonal(d) @ e[:3], "dimension mismatch"),
    (lambda: Diagonal(d).solve(e[:3]), r"\(3,\)"),
    (lambda: Diagonal(d) / Diagonal(d), "numbers only"),
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_wrong_shapes_are_errors(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_single_precision_stays() -> None:
    single = np.float32
    rows = d.astype(single)
    operators: list[Any] = [
        Sum(Identity(6, 2), LowRank(rows, rows)),
        Kronecker(Identity(2), Dense(A.astype(single))),
        Product(Commutation(2, 3, single), Diagonal(rows)),
        BlockDiagonal(square.astype(single)),
        2 * Inverse(A.astype(single)),
        Identity(6, single(3)),
    ]
    for operator in operators:
        x = np.ones(operator.shape[1], single)
        found = [operator @ x, operator.toarray(), operator.diagonal(), operator.solve(x)]
        assert operator.dtype == single
        assert {array.dtype for array in found} == {np.dtype(single)}


def test_scipy_takes_it() -> None:
    operator = Sum(Diagonal(e), LowRank(d, d))
    found, failed = cg(operator, A[0], rtol=1e-10)
    assert not failed
    np.testing.assert_allclose(found, operator.solve(A[0]), rtol=1e-6)


@pytest.mark.parametrize("name", WHAT)
def test_operators_are_copied_and_pickled(name: str) -> None:
    operator = WHAT[name][0]
    for other in (copy.copy(operator), pickle.loads(pickle.dumps(operator))):
        assert type(other) is type(operator) and other.dtype == operator.dtype
        np.testing.assert_array_equal(other.toarray(), operator.toarray())
