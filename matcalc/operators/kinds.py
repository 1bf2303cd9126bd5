"""Linear operators of one structure each: low rank, Kronecker, block-diagonal, an inverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy import ndarray

from matcalc.operators.algebra import Diagonal, Identity, Operator, Sum, a_matrix, as_operator
from matcalc.operators.base import blank


class LowRank(Operator):
    """U V', of the columns of U and V, or a multiple of it; a vector is one column.

    Raises   ValueError if they have not equally many columns.
    """

    _given: tuple[Any, Any]

    def __new__(cls, left: Any, right: Any, scale: Any = 1) -> Self:
        self = blank(cls)
        self._given = left, right = np.asarray(left), np.asarray(right)
        self.scale = scale
        self.shape = len(left), len(right)
        if left.shape[1:] != right.shape[1:] or left.ndim not in {1, 2}:
            raise ValueError(f"U and V have the shapes {left.shape} and {right.shape}")
        return self

    @property
    def _operands(self) -> Sequence[Any]:
        return self._given

    @property
    def left(self) -> Any:
        """U, of two axes, times the scale."""
        left = _columns(self._given[0])
        return left if self.scale == 1 else self.scale * left

    @property
    def right(self) -> Any:
        """V, of two axes."""
        return _columns(self._given[1])

    def _apply(self, x: Any) -> Any:
        left, right = self._given
        if left.ndim == 1:
            inner = right.dot(x)
            if self.scale != 1:
                inner = self.scale * inner
            return left * inner if x.ndim == 1 else left[:, None] * inner
        return self.left @ (right.T @ x)

    def _transpose(self) -> Operator:
        left, right = self._given
        return LowRank(right, left, self.scale)

    def _multiple(self, scale: Any) -> Operator:
        return LowRank(*self._given, scale * self.scale)

    def _rows(self, start: int, stop: int) -> Any:
        return self.left[start:stop] @ self.right.T

    def toarray(self) -> Any:
        """The matrix as an array of its own."""
        return self.left @ self.right.T

    def diagonal(self) -> Any:
        """The entries on the main diagonal."""
        count = min(self.shape)
        return np.einsum("ij,ij->i", self.left[:count], self.right[:count])

    def _factors(self) -> tuple[Any, Any] | None:
        return self.left, self.right

    def _held(self) -> int:
        return int(self.left.size + self.right.size)


def _columns(array: Any) -> Any:
    return array[:, None] if array.ndim == 1 else array


class Kronecker(Operator):
    """A ⊗ B, of which only A and B are kept: (A ⊗ B) vec(X) = vec(B X A')."""

    _given: tuple[Any, Any]

    def __new__(cls, left: Any, right: Any) -> Self:
        self = blank(cls)
        self._given = left, right = a_matrix(left), a_matrix(right)
        (m, n), (p, q) = left.shape, right.shape
        self.shape = m * p, n * q
        return self

    @property
    def _operands(self) -> Sequence[Any]:
        return self._given

    @cached_property
    def left(self) -> Operator:
        """A."""
        return as_operator(self._given[0])

    @cached_property
    def right(self) -> Operator:
        """B."""
        return as_operator(self._given[1])

    def _apply(self, x: Any) -> Any:
        first, second = self._given
        if type(second) is Identity and type(first) is ndarray:
            made = first @ x.reshape(first.shape[1], -1)
            if second.scale != 1:
                made = second.scale * made
            return made.reshape(-1) if x.ndim == 1 else made.reshape(-1, x.shape[1])
        thin = self._thin
        if thin is None:
            return self._each(x, self.left._apply, self.right._apply)
        left, right = thin
        if x.ndim == 1 and right.shape[1] == 1:
            inner = self.right._apply((right.T @ x.reshape(len(right), -1))[0])
            return (left * inner).reshape(-1)
        k, q, rest = right.shape[1], self.right.shape[1], x.shape[1:]
        inner = (right.T @ x.reshape(len(right), -1)).reshape(k, q, -1)
        made = self.right._apply(inner.swapaxes(0, 1).reshape(q, -1))
        made = made.reshape(len(made), k, -1).swapaxes(0, 1).reshape(k, -1)
        return (left @ made).reshape(-1, *rest)

    @cached_property
    def _thin(self) -> tuple[Any, Any] | None:
        """U and V with A = U V', if they are narrower than A: then B is wanted of fewer columns."""
        pair = self.left._factors()
        return pair if pair is not None and pair[0].shape[1] < self.left.shape[0] else None

    def _each(self, x: Any, left: Callable[[Any], Any], right: Callable[[Any], Any]) -> Any:
        """One function along the columns of X, another along its rows; x may have columns too."""
        q, rest = self.right.shape[1], x.shape[1:]
        if not rest:
            return right(left(x.reshape(-1, q)).T).T.reshape(-1)
        made = left(x.reshape(len(x) // q, -1))
        m = len(made)
        made = right(made.reshape(m, q, -1).swapaxes(0, 1).reshape(q, -1))
        return made.reshape(len(made), m, -1).swapaxes(0, 1).reshape(-1, *rest)

    def _transpose(self) -> Operator:
        return Kronecker(self.left._transpose(), self.right._transpose())

    def toarray(self) -> Any:
        """The matrix as an array of its own."""
        made = np.kron(self.left.toarray(), self.right.toarray())
        return made.astype(self.dtype, copy=False)

    def diagonal(self) -> Any:
        """The entries on the main diagonal."""
        if self.left.shape[0] != self.left.shape[1] or self.right.shape[0] != self.right.shape[1]:
            return super().diagonal()
        made = np.kron(self.left.diagonal(), self.right.diagonal())
        return made.astype(self.dtype, copy=False)

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`: a system with A and one with B."""
        return self._each(self._right_side(b), self.left.solve, self.right.solve)

    def _held(self) -> int:
        return self.left._held() + self.right._held()

    def _shifted(self, diagonal: Diagonal) -> Operator | None:
        """(A + d/c I) ⊗ c I, if the other factor is an identity."""
        if not isinstance(diagonal, Identity):
            return None
        left, right = self.left, self.right
        if isinstance(right, Identity) and right.scale:
            shift = Identity(left.shape[0], diagonal.scale / right.scale)
            return Kronecker(Sum(left, shift), right)
        if isinstance(left, Identity) and left.scale:
            shift = Identity(right.shape[0], diagonal.scale / left.scale)
            return Kronecker(left, Sum(right, shift))
        return None


class BlockDiagonal(Operator):
    """Blocks of one shape along the diagonal, as an array of three axes: block, row, column.

    Interleaved, the rows of the blocks alternate: first the first row of each block, then the
    second of each; so do the columns.  That is what a matrix between vec(X) and vec(Y) is in which
    each row of Y depends on that row of X.
    """

    def __new__(cls, blocks: Any, interleaved: bool = False) -> Self:
        self = blank(cls)
        self.blocks, self.interleaved = np.asarray(blocks), interleaved
        if self.blocks.ndim != 3:
            raise ValueError(f"an array of shape {self.blocks.shape} has no blocks")
        count, rows, columns = self.blocks.shape
        self.shape, self.dtype = (count * rows, count * columns), self.blocks.dtype
        return self

    def _apply(self, x: Any) -> Any:
        return self._joined(self.blocks @ self._split(x, self.blocks.shape[2]), x.shape[1:])

    def _split(self, x: Any, size: int) -> Any:
        """x as one matrix for each block."""
        if self.interleaved:
            return x.reshape(size, len(self.blocks), -1).swapaxes(0, 1)
        return x.reshape(len(self.blocks), size, -1)

    def _joined(self, parts: Any, rest: tuple[int, ...]) -> Any:
        return (parts.swapaxes(0, 1) if self.interleaved else parts).reshape(-1, *rest)

    def _transpose(self) -> Operator:
        return BlockDiagonal(self.blocks.swapaxes(1, 2), self.interleaved)

    def toarray(self) -> Any:
        """The matrix as an array of its own."""
        count, rows, columns = self.blocks.shape
        if self.interleaved:
            made = np.zeros((rows, count, columns, count), self.dtype)
            np.einsum("jili->ijl", made)[...] = self.blocks
        else:
            made = np.zeros((count, rows, count, columns), self.dtype)
            np.einsum("ijil->ijl", made)[...] = self.blocks
        return made.reshape(self.shape)

    def diagonal(self) -> Any:
        """The entries on the main diagonal."""
        if self.shape[0] != self.shape[1]:
            return super().diagonal()
        entries = np.diagonal(self.blocks, axis1=1, axis2=2)
        return (entries.T if self.interleaved else entries).reshape(-1)

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`, block by block; LinAlgError if a block is singular."""
        b = self._right_side(b)
        if not self._regular:
            raise np.linalg.LinAlgError("a block is singular to working precision")
        parts = self._split(b, self.blocks.shape[1])
        return self._joined(np.linalg.solve(self.blocks, parts), b.shape[1:])

    @cached_property
    def _regular(self) -> bool:
        """Whether every block is of a condition that its dtype can hold."""
        norms = np.linalg.norm(self.blocks, 1, (1, 2))
        conditions = norms * np.linalg.norm(np.linalg.inv(self.blocks), 1, (1, 2))
        return bool(np.all(conditions * np.finfo(norms.dtype).eps < 1))

    def _multiple(self, scale: Any) -> Operator:
        return BlockDiagonal(scale * self.blocks, self.interleaved)

    def _held(self) -> int:
        return int(self.blocks.size)

    def _shifted(self, diagonal: Diagonal) -> Operator | None:
        """The blocks with the entries on their diagonals."""
        count, rows, columns = self.blocks.shape
        if rows != columns:
            return None
        entries = diagonal.entries
        parts = entries.reshape(rows, count).T if self.interleaved else entries.reshape(count, rows)
        shift = np.eye(rows, dtype=parts.dtype) * parts[:, None]
        return BlockDiagonal(self.blocks + shift, self.interleaved)


class Commutation(Operator):
    """The permutation K with K vec(X) = vec(X') for X of m rows and n columns.

    Source: J. Magnus, H. Neudecker, The commutation matrix, Ann. Statist. 7 (1979).
    """

    def __new__(cls, m: int, n: int, dtype: Any = float) -> Self:
        self = blank(cls)
        self.rows, self.columns = m, n
        self.shape, self.dtype = (m * n, m * n), np.dtype(dtype)
        return self

    def _apply(self, x: Any) -> Any:
        return x.reshape(self.columns, self.rows, -1).swapaxes(0, 1).reshape(x.shape)

    def _transpose(self) -> Operator:
        return Commutation(self.columns, self.rows, self.dtype)

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`: the inverse of a permutation is its transpose."""
        return self._transpose()._apply(self._right_side(b))


class Inverse(Operator):
    """The inverse of a matrix: a product with it solves a system.

    Raises   LinAlgError, when it is used, if the matrix is singular.
    """

    def __new__(cls, matrix: Any) -> Self:
        self = blank(cls)
        self.matrix = as_operator(matrix)
        self.shape, self.dtype = self.matrix.shape, self.matrix.dtype
        return self

    def _apply(self, x: Any) -> Any:
        return self.matrix.solve(x)

    def _transpose(self) -> Operator:
        return Inverse(self.matrix._transpose())

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`: the matrix times b."""
        return self.matrix._apply(self._right_side(b))
