"""Linear operators with an algebra: arrays, diagonal matrices, and products and sums of operators.

Sums, products and multiples of operators are operators; where there is a better way to a solution
than through the entries, each says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy import ndarray
from scipy.sparse.linalg import LinearOperator

from matcalc.operators.base import ROWS, Structured, blank
from matcalc.operators.systems import Factored, woodbury


class Operator(Structured):
    """A real matrix in the conventions of scipy.sparse.linalg.LinearOperator.

    `A @ x`, `matvec`, `matmat`, `rmatvec` and `rmatmat` take arrays; sums, products and multiples
    of operators are operators.
    """

    def _transpose(self) -> Operator:
        raise NotImplementedError

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`, of one axis or two.

        Raises   LinAlgError if the matrix is singular, or its structure gives no solution: neither
                 is it solved part by part, nor do its parts hold as many numbers as it has itself.
        """
        return self._as_array.solve(self._right_side(b))

    @cached_property
    def _as_array(self) -> Dense:
        """The matrix as an array, where its parts are no smaller."""
        if self._held() < self.shape[0] * self.shape[1]:
            raise np.linalg.LinAlgError(
                f"the structure of this matrix ({self}) gives no solution of a system: use "
                "np.linalg.solve(A.toarray(), b), or an iteration, as scipy.sparse.linalg.cg(A, b)"
            )
        return Dense(self.toarray())

    def _shifted(self, diagonal: Diagonal) -> Operator | None:  # noqa: ARG002
        """The sum with a diagonal matrix, if it is of the same kind."""
        return None

    def dot(self, x: Any) -> Any:
        """The product with an array, an operator or a number."""
        if isinstance(x, LinearOperator):
            return Product(self, x)
        return self._multiple(x) if _is_number(x) else super().dot(x)

    def __matmul__(self, x: Any) -> Any:
        """The product; of a plain array that fits at once, without SciPy's looking at it."""
        if type(x) is ndarray and 0 < x.ndim < 3 and len(x) == self.shape[1]:
            return self._apply(x)
        return super().__matmul__(x)

    def _rdot(self, x: Any) -> Any:
        return Product(x, self) if isinstance(x, LinearOperator) else super()._rdot(x)

    def __rmul__(self, x: Any) -> Any:
        return self._multiple(x) if _is_number(x) else self._rdot(x)

    def __truediv__(self, x: Any) -> Operator:
        if not _is_number(x):
            raise ValueError("a linear operator is divided by numbers only")
        return self._multiple(1 / x)

    def __neg__(self) -> Operator:
        return self._multiple(-1)

    def __add__(self, x: Any) -> Any:
        return Sum(self, x) if isinstance(x, LinearOperator) else NotImplemented

    def __sub__(self, x: Any) -> Any:
        return self + -x if isinstance(x, LinearOperator) else NotImplemented

    def _multiple(self, scale: Any) -> Operator:
        return Product(Identity(self.shape[0], scale), self)


def _is_number(x: Any) -> bool:
    """Whether this is a Python number or an array without axes."""
    return np.isscalar(x) or (isinstance(x, np.ndarray) and not x.ndim)


def a_matrix(given: Any) -> Any:
    """An array or an operator as it is; ValueError if it is not a matrix."""
    if (type(given) is ndarray and given.ndim == 2) or isinstance(given, Operator):
        return given
    if isinstance(given, LinearOperator):
        return Foreign(given)
    matrix = np.asarray(given)
    if matrix.ndim != 2:
        raise ValueError(f"an array of shape {matrix.shape} is not a matrix")
    return matrix


def as_operator(matrix: Any) -> Operator:
    """A matrix as an operator: an array is a dense one.

    Raises   ValueError if it is not a matrix.
    """
    if isinstance(matrix, Operator):
        return matrix
    return Foreign(matrix) if isinstance(matrix, LinearOperator) else Dense(matrix)


class Foreign(Operator):
    """Another LinearOperator."""

    def __new__(cls, operator: LinearOperator) -> Self:
        self = blank(cls)
        self.operator, self.shape, self.dtype = operator, operator.shape, operator.dtype
        return self

    def _apply(self, x: Any) -> Any:
        return self.operator @ x

    def _transpose(self) -> Operator:
        return Foreign(self.operator.T)


class Dense(Operator):
    """An array as an operator.

    `assume_a`, as in scipy.linalg.solve, says what is known for `solve`: "gen", "sym" or "pos".
    The array is factored once, when a system is first solved.
    """

    def __new__(cls, array: Any, assume_a: str = "gen") -> Self:
        self = blank(cls)
        self.array = array = a_matrix(array)
        self.assume_a, self._turned = assume_a, None
        self.shape, self.dtype = array.shape, array.dtype
        return self

    _turned: Dense | None

    def _apply(self, x: Any) -> Any:
        return self.array @ x

    def _transpose(self) -> Operator:
        if self.assume_a != "gen":
            return self
        turned = Dense(self.array.T)
        turned._turned = self
        return turned

    def _rows(self, start: int, stop: int) -> Any:
        return self.array[start:stop]

    def _held(self) -> int:
        return int(self.array.size)

    def toarray(self) -> Any:
        """The matrix as an array of its own."""
        return self.array.copy()

    def diagonal(self) -> Any:
        """The entries on the main diagonal."""
        return self.array.diagonal().copy()

    @cached_property
    def _solver(self) -> Factored:
        return Factored(self.array, self.assume_a == "pos")

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`; LinAlgError if the matrix is singular to working precision."""
        b = self._right_side(b)
        if self._turned is not None:
            return self._turned._solver.solve(b, turned=True)
        return self._solver.solve(b)


class Diagonal(Operator):
    """The diagonal matrix of a vector of entries."""

    def __new__(cls, entries: Any) -> Self:
        self = blank(cls)
        self._entries = entries = np.asarray(entries)
        if entries.ndim != 1:
            raise ValueError(f"an array of shape {entries.shape} is not a vector of entries")
        self.shape = entries.shape * 2
        return self

    @property
    def _operands(self) -> Sequence[Any]:
        return (self._entries,)

    @property
    def entries(self) -> Any:
        """The entries on the diagonal."""
        return self._entries

    def _apply(self, x: Any) -> Any:
        return self._along(x) * x

    def _along(self, x: Any) -> Any:
        return self._entries if x.ndim == 1 else self._entries[:, None]

    def _transpose(self) -> Operator:
        return self

    def toarray(self) -> Any:
        """The matrix as an array of its own."""
        return np.diag(self.diagonal())

    def diagonal(self) -> Any:
        """The entries on the main diagonal."""
        return np.array(self.entries)

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`: b over the entries; LinAlgError if one of them is zero."""
        b = self._right_side(b)
        if not np.all(self.entries):
            raise np.linalg.LinAlgError("the matrix is singular: a diagonal entry is zero")
        return b / self._along(b)

    def _multiple(self, scale: Any) -> Operator:
        return Diagonal(scale * self.entries)


class Identity(Diagonal):
    """The identity of n rows, or a multiple of it.

    Its dtype is that of the scale; a Python number takes that of what it is combined with.
    """

    def __new__(cls, n: int, scale: Any = 1, dtype: Any = None) -> Self:
        self = blank(cls)
        self.scale, self.shape = scale, (n, n)
        if dtype is not None:
            self.dtype = np.dtype(dtype)
        return self

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """That of the scale."""
        scale = self.scale
        return np.dtype(bool) if type(scale) in {int, float} else np.asarray(scale).dtype

    @property
    def entries(self) -> Any:
        """The scale for every row."""
        return np.broadcast_to(np.asarray(self.scale, self._own), self.shape[:1])

    @property
    def _own(self) -> Any:
        return None if self.dtype.kind == "b" else self.dtype

    def _apply(self, x: Any) -> Any:
        return self.scale * x

    def _along(self, x: Any) -> Any:  # noqa: ARG002  # of a vector it is an axis
        return self.scale

    def _rows(self, start: int, stop: int) -> Any:
        rows = np.zeros((stop - start, self.shape[0]), self._own)
        rows[np.arange(stop - start), np.arange(start, stop)] = self.scale
        return rows

    def _multiple(self, scale: Any) -> Operator:
        return Identity(self.shape[0], scale * self.scale)


class Product(Operator):
    """The product of matrices, which is never multiplied out: from the right, one at a time.

    Raises   ValueError if the shapes do not fit.
    """

    _given: list[Any]

    def __new__(cls, *factors: Any) -> Self:
        self = blank(cls)
        self._given = given = [a_matrix(factor) for factor in factors]
        columns = given[0].shape[0]
        for factor in given:
            rows, after = factor.shape
            if rows != columns:
                raise ValueError(f"a product of {columns} columns and the shape {factor.shape}")
            columns = after
        self.shape = given[0].shape[0], columns
        return self

    @property
    def _operands(self) -> Sequence[Any]:
        return self._given

    @cached_property
    def factors(self) -> tuple[Operator, ...]:
        """The factors as operators."""
        return tuple(map(as_operator, self._given))

    def _apply(self, x: Any) -> Any:
        for factor in self._given[::-1]:
            x = factor @ x if type(factor) is ndarray else factor._apply(x)
        return x

    def _transpose(self) -> Operator:
        return Product(*(factor._transpose() for factor in reversed(self.factors)))

    def _rows(self, start: int, stop: int) -> Any:
        rows = self.factors[0]._rows(start, stop)
        for factor in self.factors[1:]:
            rows = factor._transpose()._apply(rows.T).T
        return rows

    def toarray(self) -> Any:
        """The matrix as an array of its own; from the end that has fewer columns or rows."""
        if self.shape[0] < self.shape[1]:
            return self._transpose().toarray().T
        made = self.factors[-1].toarray()
        for factor in reversed(self.factors[:-1]):
            made = factor._apply(made)
        return made

    def diagonal(self) -> Any:
        """The entries on the main diagonal: no more than some rows are multiplied at a time."""
        if len(self.factors) == 1:
            return self.factors[0].diagonal()
        left = Product(*self.factors[:-1])
        right = self.factors[-1]._transpose()
        count = min(self.shape)
        entries = np.empty(count, self.dtype)
        for start in range(0, count, ROWS):
            stop = min(start + ROWS, count)
            pair = left._rows(start, stop), right._rows(start, stop)
            entries[start:stop] = np.einsum("ij,ij->i", *pair)
        return entries

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`, factor by factor; LinAlgError if a factor gives none."""
        x = self._right_side(b)
        if any(factor.shape[0] != factor.shape[1] for factor in self.factors):
            return super().solve(b)
        for factor in self.factors:
            x = factor.solve(x)
        return x

    def _held(self) -> int:
        return sum(factor._held() for factor in self.factors)

    def _factors(self) -> tuple[Any, Any] | None:
        inner = [factor.shape[1] for factor in self.factors[:-1]]
        for place, factor in enumerate(self.factors):
            pair = factor._factors()
            if pair is not None:
                before, after = self.factors[:place], self.factors[place + 1 :]
                left = Product(*before)._apply(pair[0]) if before else pair[0]
                right = Product(*after)._transpose()._apply(pair[1]) if after else pair[1]
                return left, right
        narrow = min(inner, default=self.shape[0])
        if narrow >= min(self.shape):
            return None
        cut = inner.index(narrow) + 1
        return (
            Product(*self.factors[:cut]).toarray(),
            Product(*self.factors[cut:])._transpose().toarray(),
        )


class Sum(Operator):
    """The sum of matrices of one shape, term by term.

    A system is solved if one term, with the diagonal ones, gives a solution, and the others are of
    low rank (M. Woodbury, Inverting modified matrices, 1950).
    Raises   ValueError if the shapes differ.
    """

    _given: list[Any]

    def __new__(cls, *terms: Any) -> Self:
        self = blank(cls)
        self._given = given = [a_matrix(term) for term in terms]
        self.shape = shape = given[0].shape
        for term in given:
            if term.shape != shape:
                raise ValueError(f"a sum of the shapes {shape} and {term.shape}")
        return self

    @property
    def _operands(self) -> Sequence[Any]:
        return self._given

    @cached_property
    def terms(self) -> tuple[Operator, ...]:
        """The terms as operators."""
        return tuple(map(as_operator, self._given))

    def _apply(self, x: Any) -> Any:
        made = self.terms[0]._apply(x)
        for term in self.terms[1:]:
            made = made + term._apply(x)
        return made

    def _transpose(self) -> Operator:
        return Sum(*(term._transpose() for term in self.terms))

    def _rows(self, start: int, stop: int) -> Any:
        return np.add.reduce([term._rows(start, stop) for term in self.terms])

    def toarray(self) -> Any:
        """The matrix as an array of its own; diagonal terms are added in place."""
        rest = [term for term in self.terms if not isinstance(term, Diagonal)]
        made = np.zeros(self.shape, self.dtype) if not rest else rest[0].toarray()
        made = made.astype(self.dtype, copy=False)
        for term in rest[1:]:
            made += term.toarray()
        for term in self.terms:
            if isinstance(term, Diagonal):
                np.einsum("ii->i", made)[...] += term.entries
        return made

    def diagonal(self) -> Any:
        """The entries on the main diagonal."""
        entries = np.zeros(min(self.shape), self.dtype)
        for term in self.terms:
            entries += term.diagonal()
        return entries

    def solve(self, b: Any) -> Any:
        """The x with `A @ x == b`; LinAlgError if the matrix is singular, or not of this kind."""
        b = self._right_side(b)
        if self._parts is None:
            return super().solve(b)
        base, left, right = self._parts
        return base.solve(b) if left is None else woodbury(base.solve, left, right, b)

    @cached_property
    def _parts(self) -> tuple[Operator, Any, Any] | None:
        """The term that is solved for, and U and V of the others, None if there are none."""
        pairs, diagonals, rest = [], [], []
        for term in self.terms:
            pair = term._factors()
            if pair is not None:
                pairs.append(pair)
            elif isinstance(term, Diagonal):
                diagonals.append(term)
            else:
                rest.append(term)
        base = _with_diagonals(rest, diagonals)
        columns = sum(left.shape[1] for left, _ in pairs)
        if base is None or columns >= self.shape[0]:
            return None
        if not pairs:
            return base, None, None
        lefts, rights = zip(*pairs, strict=True)
        return base, np.hstack(lefts), np.hstack(rights)

    def _held(self) -> int:
        return sum(term._held() for term in self.terms)


def _with_diagonals(rest: Sequence[Operator], diagonals: Sequence[Diagonal]) -> Operator | None:
    """One operator for a sum of at most one and of diagonal ones; None if there is none."""
    if len(rest) > 1:
        return None
    if not diagonals:
        return rest[0] if rest else None
    diagonal = diagonals[0]
    if len(diagonals) > 1:
        diagonal = Diagonal(np.add.reduce([term.entries for term in diagonals]))
        if all(isinstance(term, Identity) for term in diagonals):
            diagonal = Identity(diagonal.shape[0], diagonal.entries[0])
    return rest[0]._shifted(diagonal) if rest else diagonal
