"""Numerical derivatives of expressions by a variable or a bound name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matcalc.check.differences import Array
from matcalc.check.evaluate import Evaluator, Functions, Point
from matcalc.check.steps import Numerical, differenced, differentiated, directions, stepped
from matcalc.expr.nodes import Expr, Named, Symbol


def derivative(
    expr: Expr,
    wrt: Symbol | Named,
    point: Point,
    sizes: Mapping[str, int],
    functions: Functions | None = None,
    order: int = 1,
) -> Array:
    """The derivative of an expression: its shape followed by `order` times the shape of wrt.

    By a bound name: at the value it is bound to, everything else held constant.  By a symmetric
    variable: of the unconstrained formula, made symmetric.
    """
    return Differentiator(expr, wrt, sizes, functions)(point, order).value


class Differentiator:
    """An expression made ready to be differentiated by one variable or bound name."""

    def __init__(
        self,
        expr: Expr,
        wrt: Symbol | Named,
        sizes: Mapping[str, int],
        functions: Functions | None = None,
    ) -> None:
        self.wrt = wrt
        self.evaluator = Evaluator(expr, sizes, functions)
        self._start = Evaluator(wrt, sizes, functions)

    def start(self, point: Point) -> Array:
        """The value of wrt at the point."""
        return np.asarray(self._start(point), dtype=float)

    def __call__(self, point: Point, order: int = 1) -> Numerical:
        """The derivative of order 1 or 2 at a point of real values."""
        x = self.start(point)
        f = self.evaluator.along(self.wrt, point)
        return differentiated(f, x, directions(self.wrt, x.shape), order)

    def mixed(self, other: Differentiator, point: Point) -> Numerical:
        """The derivative by wrt, then by the wrt of another: a block of a Hessian."""
        x, y = self.start(point), other.start(point)
        units = directions(self.wrt, x.shape)
        held = {**point, self.wrt.name: x}

        def gradient(value: Array) -> Array:
            f = self.evaluator.along(self.wrt, {**held, other.wrt.name: value})
            return stepped(f, x, units)

        return differenced(gradient, y, directions(other.wrt, y.shape))
