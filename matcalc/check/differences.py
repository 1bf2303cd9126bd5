"""Derivatives along a line by extrapolated central differences, with an error estimate.

A function that has no complex form of its own gets one from these: `lifted(g)` answers a complex
argument x + i e with g(x) + i (dg along e), which is all that a complex step asks of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

STEPS = (1e-2, 1e-3)
GOOD_ENOUGH = 1e-9


def slope(f: Callable[[float], Any]) -> tuple[Array, float]:
    """The derivative of f at 0 and an estimate of its error relative to the largest entry.

    Central differences at h, h/2 and h/4, extrapolated to sixth order; a smaller h where that is
    not precise.
    A kink or a jump within reach of h shows as a large estimate.
    """
    best, smallest = np.asarray(np.nan), np.inf
    for h in STEPS:
        value, error = _extrapolated(f, h)
        if error < smallest or np.isnan(best).any():
            best, smallest = value, error
        if smallest < GOOD_ENOUGH:
            break
    return best, smallest


def _extrapolated(f: Callable[[float], Any], h: float) -> tuple[Array, float]:
    table = [(np.asarray(f(t)) - np.asarray(f(-t))) / (2 * t) for t in (h, h / 2, h / 4)]
    first, second = (4 * table[1] - table[0]) / 3, (4 * table[2] - table[1]) / 3
    value = (16 * second - first) / 15
    scale = max(float(np.max(np.abs(value), initial=0.0)), 1e-3)
    error = float(np.max(np.abs(value - second), initial=0.0)) / scale
    return value, error if np.isfinite(error) else np.inf


def one_sided(f: Callable[[float], Any], h: float) -> Array:
    """The derivative of f at 0 from one side alone (h may be negative), to third order."""
    start = np.asarray(f(0.0))
    table = [(np.asarray(f(t)) - start) / t for t in (h, h / 2, h / 4)]
    first, second = 2 * table[1] - table[0], 2 * table[2] - table[1]
    return (4 * second - first) / 3  # type: ignore[no-any-return]  # arrays of any dtype


def lifted(g: Callable[..., Any]) -> Callable[..., Any]:
    """g, made to answer complex arguments to first order in their imaginary parts."""

    def function(*args: Any, **options: Any) -> Any:
        if not any(np.iscomplexobj(arg) for arg in args):
            return g(*args, **options)
        reals, imags = [np.real(arg) for arg in args], [np.imag(arg) for arg in args]
        size = max(float(np.max(np.abs(imag), initial=0.0)) for imag in imags)
        value = np.asarray(g(*reals, **options))
        if size == 0:
            return value.astype(complex)
        along = [imag / size for imag in imags]

        def moved(t: float) -> Any:
            parts = (r + t * d if np.any(d) else r for r, d in zip(reals, along, strict=True))
            return g(*parts, **options)

        return value + 1j * size * slope(moved)[0]

    return function


def bend(f: Callable[[float], Any]) -> tuple[Array, float]:
    """The second derivative of f at 0 by extrapolated differences, and its relative error."""
    start = np.asarray(f(0.0))
    table = [(np.asarray(f(t)) - 2 * start + np.asarray(f(-t))) / t**2 for t in (2e-2, 1e-2, 5e-3)]
    first, second = (4 * table[1] - table[0]) / 3, (4 * table[2] - table[1]) / 3
    value = (16 * second - first) / 15
    scale = max(float(np.max(np.abs(value), initial=0.0)), 1e-2)
    error = float(np.max(np.abs(value - second), initial=0.0)) / scale
    return value, error if np.isfinite(error) else np.inf
