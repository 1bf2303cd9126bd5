"""Random smooth functions in place of the unknown ones, with exact derivatives of every order.

f(x) = offset + Σ_k c_k sin(a_k · x + b_k), so that its r-th derivative is
Σ_k c_k sin(a_k · x + b_k + rπ/2) a_k ⊗ … ⊗ a_k.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matcalc.check.differences import Array
from matcalc.expr.nodes import Function, Shape

TERMS = 3
ORDERS = 10


@dataclass(frozen=True, eq=False)
class StandIn:
    """A derivative, of order `order`, of a random function; it takes real and complex arrays."""

    elementwise: bool
    weights: Array  # codomain axes, then one for the terms
    slopes: Array  # terms, then domain axes
    phases: Array  # terms
    offset: float
    order: int

    def __call__(self, x: Any) -> Any:
        """The value at x: like x if element-wise, else codomain axes, then the domain's."""
        x = np.asarray(x)
        turn = self.phases + self.order * np.pi / 2
        constant = self.offset if self.order == 0 else 0.0
        if self.elementwise:
            waves = np.sin(x[..., None] * self.slopes + turn) * self.slopes**self.order
            return constant + waves @ self.weights
        rank = self.slopes.ndim - 1
        waves = np.sin(np.tensordot(self.slopes, x, rank) + turn) * self.weights
        for _ in range(self.order):
            waves = waves[..., None]
        result = waves
        for place in range(self.order):
            factor = self.slopes.reshape(TERMS, -1)
            shape = [1] * (self.weights.ndim - 1) + [TERMS] + [1] * self.order
            shape[self.weights.ndim + place] = factor.shape[1]
            result = result * factor.reshape(shape)
        total = np.sum(result, axis=self.weights.ndim - 1)
        axes = self.weights.shape[:-1] + self.slopes.shape[1:] * self.order
        return constant + total.reshape(axes)


def _sizes(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(dim.evaluate(sizes) for dim in shape.dims)


def stand_in(
    function: Function, sizes: Mapping[str, int], rng: np.random.Generator, positive: bool = False
) -> tuple[StandIn, ...]:
    """A random function of the signature and its derivatives; if `positive`, its values are so."""
    weights = rng.uniform(0.4, 1.0, (*_sizes(function.codomain, sizes), TERMS))
    weights *= rng.choice([-1.0, 1.0], weights.shape)
    domain = _sizes(function.domain, sizes)
    entries = int(np.prod(domain, dtype=int))
    slopes = rng.uniform(-1.0, 1.0, (TERMS, *domain)) / np.sqrt(max(1.0, entries / 2))
    offset = float(np.max(np.sum(np.abs(weights), axis=-1))) + 0.5 if positive else 0.0
    first = StandIn(function.elementwise, weights, slopes, rng.uniform(0, 6.0, TERMS), offset, 0)
    return tuple(replace(first, order=order) for order in range(ORDERS))
