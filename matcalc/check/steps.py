"""Derivatives of a function of one array by complex steps, and by differences of these.

The complex step is exact to rounding and blind to kinks, since it never leaves the point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matcalc.check.differences import Array, one_sided, slope
from matcalc.expr.nodes import Named, Symbol

STEP = 1e-20
ROUNDING = 1e-10
SMALLEST = 1e-3  # what counts as the largest entry, at least


@dataclass(frozen=True)
class Numerical:
    """A derivative, and an estimate of its error relative to the largest entry."""

    value: Array
    error: float


def size(value: Array) -> float:
    """The size of the largest entry, which errors are relative to."""
    return max(float(np.max(np.abs(value), initial=0.0)), SMALLEST)


def directions(wrt: Symbol | Named, shape: tuple[int, ...]) -> list[Array]:
    """One direction for each entry of wrt: that entry's own, or if symmetric (E_ij + E_ji) / 2."""
    units = np.eye(int(np.prod(shape, dtype=int))).reshape((-1, *shape))
    if isinstance(wrt, Symbol) and wrt.properties & {"symmetric", "spd"} and len(shape) == 2:
        units = (units + units.swapaxes(1, 2)) / 2
    return list(units)


def differentiated(
    f: Callable[[Array], Array], x: Array, units: list[Array], order: int
) -> Numerical:
    """The derivative of f at x of order 1 or 2 along the directions: shape of f, then of x."""
    if order == 1:
        return Numerical(stepped(f, x, units), ROUNDING)
    return differenced(lambda t: stepped(f, t, units), x, units)


def stepped(f: Callable[[Array], Array], x: Array, units: list[Array]) -> Array:
    """The first derivative, by complex steps."""
    return _joined([np.imag(f(x + 1j * STEP * unit)) / STEP for unit in units], x.shape)


def differenced(f: Callable[[Array], Array], x: Array, units: list[Array]) -> Numerical:
    """The first derivative, by extrapolated differences."""
    parts = [_slope_along(f, x, unit) for unit in units]
    value = _joined([part for part, _ in parts], x.shape)
    worst = max((error * size(part) for part, error in parts), default=0.0)
    return Numerical(value, max(ROUNDING, worst / size(value)))


def _slope_along(f: Callable[[Array], Array], x: Array, unit: Array) -> tuple[Array, float]:
    return slope(lambda t: f(x + t * unit))


def _joined(columns: list[Array], shape: tuple[int, ...]) -> Array:
    """Directional derivatives side by side: their shape, then the shape of the variable."""
    together = np.stack(columns, axis=-1)
    return together.reshape((*together.shape[:-1], *shape))


def kink(f: Callable[[float], Array], h: float = 1e-4) -> float:
    """How far the slopes of f at 0 from right and left are apart, relative to their size."""
    right, left = one_sided(f, h), one_sided(f, -h)
    scale = max(size(right), size(left))
    return float(np.max(np.abs(right - left), initial=0.0)) / scale
