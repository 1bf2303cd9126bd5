"""What the rooms of the canonical form ask of one another.

A contraction of sums makes a sum, a sum of regrouped axes is regrouped, and so on: the constructors
are mutually recursive.  Each lives in a module of its own (`contraction`, `sums`, `maps`,
`regroup`) and gets the others as its first argument; `canonical` puts them together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from matcalc.dims import Dim
from matcalc.expr.nodes import Function
from matcalc.tensor.leaves import UNIT
from matcalc.tensor.nodes import Labels, Map, Rational, Sum, Tensor

View = tuple[Tensor, Labels]
Term = tuple[Rational, Tensor, Labels]
Operand = tuple[Tensor, Sequence[Hashable]]
Fn = str | tuple[Function, int]


class Constructors(Protocol):
    """The constructors of canonical tensors; `matcalc.tensor.canonical` says what each does."""

    def contract(
        self,
        operands: Sequence[Operand],
        out: Sequence[Hashable],
        dims: Mapping[Any, Dim] | None = None,
        coefficient: Rational = 1,
    ) -> Tensor: ...

    def add(self, terms: Iterable[Term], dims: tuple[Dim, ...]) -> Tensor: ...

    def apply_map(self, fn: Fn, args: Sequence[View], dims: tuple[Dim, ...]) -> Tensor: ...

    def group(self, arg: Tensor, sizes: tuple[int, ...]) -> Tensor: ...

    def split(self, arg: Tensor, sizes: tuple[int, ...], dims: tuple[Dim, ...]) -> Tensor: ...

    def transpose(self, t: Tensor) -> Tensor: ...

    def is_symmetric(self, t: Tensor) -> bool: ...

    def alike_from(self, t: Tensor) -> int: ...


def scaled(make: Constructors, t: Tensor, c: Rational) -> Tensor:
    """c t."""
    return t if c == 1 else make.add([(c, t, tuple(range(t.rank)))], t.dims)


def expanded(make: Constructors, view: View, dims: tuple[Dim, ...]) -> Tensor:
    """A view, broadcast to dims."""
    return make.contract([view], range(len(dims)), dict(enumerate(dims)))


def power(make: Constructors, base: Tensor, exponent: Tensor) -> Tensor:
    """base^exponent, element-wise; the exponent is a scalar."""
    whole = tuple(range(base.rank))
    return make.apply_map("pow", [(base, whole), (exponent, ())], base.dims)


def relabelled(
    make: Constructors, t: Map | Sum, place: Sequence[int], dims: tuple[Dim, ...]
) -> Tensor:
    """t with its axis i at the axis place[i] of a result of dims."""
    if isinstance(t, Map):
        args = [(a, tuple([place[i] for i in axes])) for a, axes in t.args]
        return make.apply_map(t.fn, args, dims)
    return make.add([(c, a, tuple([place[i] for i in axes])) for c, a, axes in t.terms], dims)


def as_power(t: Tensor, labels: Labels) -> tuple[Tensor, Labels, Tensor]:
    """Base, labels and exponent of an operand, the exponent being a scalar."""
    if isinstance(t, Map) and t.fn == "pow" and not t.args[1][1]:
        base, axes = t.args[0]
        return base, tuple([labels[i] for i in axes]), t.args[1][0]
    return t, labels, UNIT
