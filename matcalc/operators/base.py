"""What a matrix that is known by its structure says of itself: products, rows, entries.

`_apply(x)` is all that it has to say: the matrix times a vector, or times the columns of a matrix.
Where there is a better way than that to the entries, it says that too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from scipy.sparse.linalg import LinearOperator

ROWS: Final = 64
"""Rows that are looked at together where entries of a product are wanted."""


blank: Final = object.__new__
"""An object of a class, without any attributes."""


class Structured(LinearOperator):  # type: ignore[misc]  # SciPy has no types
    """A real matrix of which no array is made."""

    shape: tuple[int, int]

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """That of its entries."""
        return reduce(np.promote_types, [part.dtype for part in self._operands])

    @property
    def _operands(self) -> Sequence[Any]:
        """The arrays and operators that it is made of."""
        raise NotImplementedError

    if not TYPE_CHECKING:
        # Each class has __new__ alone: SciPy's looks for the methods of each object anew, and a
        # small result is made in hardly more time than its operators are.
        __init__ = object.__init__

    def __reduce__(self) -> tuple[Any, ...]:
        return blank, (type(self),), self.__dict__

    def _apply(self, x: Any) -> Any:
        """The matrix times x, of one axis or two."""
        raise NotImplementedError

    def _matvec(self, x: Any) -> Any:
        return self._apply(x)

    def _matmat(self, X: Any) -> Any:
        return self._apply(X)

    def _transpose(self) -> Self:
        raise NotImplementedError

    def _adjoint(self) -> Self:
        return self._transpose()

    def _rows(self, start: int, stop: int) -> Any:
        """Some rows as an array."""
        chosen = np.zeros((self.shape[0], stop - start), self.dtype)
        chosen[np.arange(start, stop), np.arange(stop - start)] = 1
        return self._transpose()._apply(chosen).T

    def toarray(self) -> Any:
        """The matrix as an array of its own."""
        return self._apply(np.eye(self.shape[1], dtype=self.dtype))

    def diagonal(self) -> Any:
        """The entries on the main diagonal."""
        count = min(self.shape)
        entries = np.empty(count, self.dtype)
        for start in range(0, count, ROWS):
            stop = min(start + ROWS, count)
            entries[start:stop] = np.diagonal(self._rows(start, stop)[:, start:stop])
        return entries

    def _held(self) -> int:
        """How many numbers its arrays hold."""
        return 0

    def _factors(self) -> tuple[Any, Any] | None:
        """U and V with A = U V', narrower than the matrix; None if they are not known."""
        return None

    def _right_side(self, b: Any) -> Any:
        b = np.asarray(b)
        if self.shape[0] != self.shape[1]:
            raise np.linalg.LinAlgError(f"a matrix of shape {self.shape} is not square")
        if b.ndim not in {1, 2} or b.shape[0] != self.shape[0]:
            raise ValueError(f"b has the shape {b.shape}, and the matrix {self.shape}")
        return b
