"""Numerical derivatives of an expression, and how far they can be trusted.

First derivatives by the complex step: exact to rounding, and blind to kinks, since it never leaves the point.
Second derivatives by extrapolated central differences of these.  An independent look along one random line
(values only, each side by itself) finds the kinks and the precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.check.differences import Array, one_sided, slope
from matcalc.check.evaluate import Evaluator, Functions
from matcalc.expr.nodes import Expr, Named, Symbol

STEP = 1e-20
ROUNDING = 1e-10


@dataclass(frozen=True)
class Numerical:
    """A derivative, and an estimate of its error relative to the largest entry."""

    value: Array
    error: float


def derivative(
    expr: Expr,
    wrt: Symbol | Named,
    point: Mapping[str, Any],
    sizes: Mapping[str, int],
    functions: Functions | None = None,
    order: int = 1,
) -> Array:
    """The derivative of an expression: its shape followed by `order` times the shape of wrt."""
    return Differentiator(expr, wrt, sizes, functions or {})(point, order).value


def directions(wrt: Symbol | Named, shape: tuple[int, ...]) -> list[Array]:
    """One direction for each entry of wrt: the entry's own, or for a symmetric one (E_ij + E_ji) / 2."""
    units = np.eye(int(np.prod(shape, dtype=int))).reshape((-1, *shape))
    if isinstance(wrt, Symbol) and wrt.properties & {"symmetric", "spd"}:
        units = (units + units.swapaxes(1, 2)) / 2
    return list(units)


class Differentiator:
    """An expression made ready to be differentiated by one variable or bound name."""

    def __init__(
        self, expr: Expr, wrt: Symbol | Named, sizes: Mapping[str, int], functions: Functions | None = None
    ) -> None:
        self.wrt = wrt
        self.evaluator = Evaluator(expr, sizes, functions)
        self._start = Evaluator(wrt, sizes, functions)

    def start(self, point: Mapping[str, Any]) -> Array:
        """The value of wrt at the point."""
        return np.asarray(self._start(point), dtype=float)

    def __call__(self, point: Mapping[str, Any], order: int = 1) -> Numerical:
        """The derivative of order 1 or 2 at a point of real values."""
        x = self.start(point)
        f = self.evaluator.along(self.wrt, point)
        units = directions(self.wrt, x.shape)
        if order == 1:
            return Numerical(_stepped(f, x, units), ROUNDING)
        return _differences(lambda t: _stepped(f, t, units), x, units)

    def mixed(self, other: Differentiator, point: Mapping[str, Any]) -> Numerical:
        """The derivative by wrt, then by the wrt of another: a block of a Hessian."""
        x, y = self.start(point), other.start(point)
        units = directions(self.wrt, x.shape)

        def gradient(value: Array) -> Array:
            return _stepped(self.evaluator.along(self.wrt, {**point, other.wrt.name: value}), x, units)

        return _differences(gradient, y, directions(other.wrt, y.shape))


def _joined(columns: list[Array], shape: tuple[int, ...]) -> Array:
    """Directional derivatives side by side: their shape, then the shape of the variable."""
    together = np.stack(columns, axis=-1)
    return together.reshape((*together.shape[:-1], *shape))


def _stepped(f: Callable[[Any], Array], x: Array, units: list[Array]) -> Array:
    return _joined([np.asarray(np.imag(f(x + 1j * STEP * unit)) / STEP) for unit in units], x.shape)


def _differences(f: Callable[[Any], Array], x: Array, units: list[Array]) -> Numerical:
    parts = [slope(lambda t, unit=unit: f(x + t * unit)) for unit in units]  # type: ignore[misc]
    value = _joined([part for part, _ in parts], x.shape)
    scale = max(float(np.max(np.abs(value), initial=0.0)), 1e-3)
    sizes = [max(float(np.max(np.abs(part), initial=0.0)), 1e-3) for part, _ in parts]
    return Numerical(value, max(ROUNDING, *(e * size / scale for (_, e), size in zip(parts, sizes, strict=True))))


def kink(f: Callable[[float], Any], h: float = 1e-4) -> float:
    """How far the slopes of f at 0 from the right and from the left are apart, relative to their size."""
    right, left = one_sided(f, h), one_sided(f, -h)
    scale = max(float(np.max(np.abs([right, left]), initial=0.0)), 1e-3)
    return float(np.max(np.abs(right - left), initial=0.0)) / scale
