"""A derivative as a matrix: what stands for it where its structure is to be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from operator import mul

from matcalc.dims import ONE, Dim
from matcalc.expr.nodes import Expr


@dataclass(frozen=True, slots=True)
class AsMatrix:
    """An array of two axes or more as a matrix: its first `rows` axes, stacked as vec does, by the
    others.  `matrix` is that in matrix notation, None where there is none.
    """

    array: Expr
    matrix: Expr | None
    rows: int

    @property
    def root(self) -> Expr:
        """The expression that is computed."""
        return self.array if self.matrix is None else self.matrix

    @property
    def dims(self) -> tuple[Dim, Dim]:
        """Its rows and columns."""
        dims = self.array.shape.dims
        return reduce(mul, dims[: self.rows], ONE), reduce(mul, dims[self.rows :], ONE)

    def mapped(self, f: Callable[[Expr], Expr]) -> AsMatrix:
        """The same of expressions that are rewritten."""
        matrix = None if self.matrix is None else f(self.matrix)
        return replace(self, array=f(self.array), matrix=matrix)
