"""How a derivative, an array whose axes are those of the result and then those of the variable, is
written.

Numerator layout (Parr & Howard's): the derivative of a scalar by a vector is a row, that of a
vector by a vector has a row for each entry of the result.  Denominator layout is its transpose.  A
derivative with more than two axes that come from matrices is written as the matrix between vec() of
the variable and vec() of the result (Magnus & Neudecker), where it has matrix notation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matcalc.dims import Dim
from matcalc.tensor.canonical import add, contract, group, split, transpose
from matcalc.tensor.nodes import Tensor


def vectorised(t: Tensor, parts: Sequence[int]) -> Tensor:
    """t with each run of two axes (a matrix) stacked by columns into one; `parts` are the lengths
    of the runs."""
    order = [i for run in _turned(parts) for i in run]
    turned = contract([(t, range(t.rank))], order, dict(enumerate(t.dims)))
    return group(turned, tuple(length for length in parts if length))


def unvectorised(t: Tensor, parts: Sequence[int], dims: Sequence[Dim]) -> Tensor:
    """The array of these dimensions whose `vectorised` matrix is t."""
    order = [i for run in _turned(parts) for i in run]
    sizes = tuple(length for length in parts if length)
    opened = split(t, sizes, tuple(dims[i] for i in order))
    return contract([(opened, order)], range(len(dims)))


def _turned(parts: Sequence[int]) -> list[list[int]]:
    """The axes of each run, the last first."""
    starts = [sum(parts[:i]) for i in range(len(parts))]
    return [list(range(s, s + p))[::-1] for s, p in zip(starts, parts, strict=True)]


def has_matrices(parts: Sequence[int]) -> bool:
    """Whether a derivative needs vec() to be written as a matrix: three axes or more, in runs of
    one and two."""
    return sum(parts) > 2 and len([p for p in parts if p]) == 2 and max(parts) <= 2


def written(t: Tensor, parts: Sequence[int], layout: str) -> Tensor:
    """The tensor that is printed for a derivative with two axes: transposed in denominator
    layout."""
    return transpose(t) if layout == "denominator" and t.rank == 2 and tuple(parts) == (1, 1) else t


def symmetrised(t: Tensor, axes: Sequence[int]) -> Tensor:
    """t made symmetric in two of its axes: (G + G')/2."""
    first, second = axes
    order = list(range(t.rank))
    order[first], order[second] = order[second], order[first]
    other = contract([(t, range(t.rank))], order)
    return half_sum(t, other, t.dims)


def half_sum(t: Tensor, other: Tensor, dims: tuple[Dim, ...]) -> Tensor:
    """(t + other) / 2."""
    axes = tuple(range(t.rank))
    half = Fraction(1, 2)
    return t if t is other else add([(half, t, axes), (half, other, axes)], dims)
