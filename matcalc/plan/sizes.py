"""Where the size of a dimension is read off: an axis of an input, solved for the name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from matcalc.dims import ZERO, Dim, named
from matcalc.expr.nodes import Symbol


@dataclass(frozen=True, slots=True)
class Source:
    """size = (length of the axis - rest) / factor, where rest names only sizes found before."""

    symbol: Symbol
    axis: int
    factor: Fraction
    rest: Dim


def size_sources(inputs: Sequence[Symbol]) -> dict[str, Source]:
    """For each dimension name that an input carries, where to read it; plain axes are preferred."""
    axes = [(symbol, axis, dim) for symbol in inputs for axis, dim in enumerate(symbol.shape.dims)]
    found: dict[str, Source] = {}
    for symbol, axis, dim in axes:
        if dim.name is not None and dim.name not in found:
            found[dim.name] = Source(symbol, axis, Fraction(1), ZERO)
    progress = True
    while progress:
        progress = False
        for symbol, axis, dim in axes:
            unknown = [name for name in dim.names if name not in found]
            if len(unknown) != 1:
                continue
            own = [(m, c) for m, c in dim.terms if unknown[0] in m]
            if len(own) == 1 and own[0][0] == (unknown[0],):
                rest = dim - named(unknown[0]).scaled(own[0][1])
                found[unknown[0]] = Source(symbol, axis, own[0][1], rest)
                progress = True
    return found


def read_sizes(
    sources: Mapping[str, Source], shapes: Mapping[str, tuple[int, ...]], known: Mapping[str, int]
) -> dict[str, int]:
    """The sizes for the shapes of the inputs; KeyError if one depends on an unknown size."""
    sizes = dict(known)
    for name, source in sources.items():
        length = shapes[source.symbol.name][source.axis]
        value = (length - source.rest.evaluate(sizes)) / source.factor
        if value.denominator != 1 or value < 0:
            raise ValueError(name)
        sizes[name] = int(value)
    return sizes
