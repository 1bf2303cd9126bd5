"""The ways to write one derivative that are told apart from a wrong one: transposed, in the other
layout, stacked by vec(), or as an array of all its axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from matcalc.check.differences import Array
from matcalc.dims import ONE, Dim
from matcalc.expr.nodes import Shape
from matcalc.tensor.canonical import contract, group
from matcalc.tensor.nodes import Tensor

Order: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Way:
    """A rearrangement of the axes of a derivative's array: an order, then runs merged into one.

    words  How it is called.
    """

    words: str
    order: Order
    sizes: tuple[int, ...]
    row: bool = False

    def shape(self, dims: Sequence[Dim]) -> Shape:
        """The shape that the array has in this way."""
        return Shape(tuple(self._merged([dims[i] for i in self.order])), self.row)

    def _merged(self, dims: Sequence[Dim]) -> Iterator[Dim]:
        start = 0
        for length in self.sizes:
            total = ONE
            for dim in dims[start : start + length]:
                total = total * dim
            yield total
            start += length

    def of_array(self, array: Array) -> Array:
        """The numbers of an array in this way."""
        turned = np.transpose(array, self.order)
        starts = [sum(self.sizes[:place]) for place in range(len(self.sizes))]
        shape = [
            int(np.prod(turned.shape[start : start + length], dtype=int))
            for start, length in zip(starts, self.sizes, strict=True)
        ]
        return turned.reshape(shape)

    def of_tensor(self, t: Tensor) -> Tensor:
        """The tensor in this way."""
        turned = contract([(t, range(t.rank))], self.order, dict(enumerate(t.dims)))
        return group(turned, self.sizes)


def ways(runs: Sequence[int]) -> list[Way]:
    """The ways to write an array whose axes come in runs (of the output, of each variable)."""
    rank = sum(runs)
    plain = tuple(range(rank))
    ones = (1,) * rank
    parts = [length for length in runs if length]
    if rank == 1:
        return [Way("transposed", plain, ones, row) for row in (False, True)]
    if rank == 2:
        turned = [Way("transposed", order, ones) for order in ((0, 1), (1, 0))]
        return [*turned, *(Way("stacked by vec()", (1, 0), (2,), row) for row in (False, True))]
    found = [Way("as an array of all its axes", plain, ones)]
    if len(parts) == 2:
        first, second = plain[: parts[0]], plain[parts[0] :]
        found.append(Way("as an array with the axes of the variable first", second + first, ones))
        if max(parts) <= 2:
            found += _between(first, second)
    return found


def _between(first: Order, second: Order) -> list[Way]:
    """The matrix between vec() of the variable and vec() of the output, and its transpose."""
    a, b = first[::-1], second[::-1]
    return [
        Way("between vec(variable) and vec(result)", a + b, (len(a), len(b))),
        Way("transposed, in the other layout", b + a, (len(b), len(a))),
    ]
