"""The constructors of index notation, which keep it in canonical form.

Contractions flatten and lose their deltas as they are built, since that is what a contraction
means; equal factors become powers, like terms become one, coefficients move to the front,
broadcasts and permutations move outwards.  A product is never distributed over a sum here.  Two
tensors that differ only in the names of their indices are the same object.

Leaves that have one form only (variables, bound names) are interned as they are; all else is built
here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

from matcalc.budget import tick
from matcalc.dims import Dim
from matcalc.tensor import constructors, maps, regroup, sums
from matcalc.tensor.chains import chain
from matcalc.tensor.constructors import Fn, Operand, Term, View
from matcalc.tensor.contraction import contracted
from matcalc.tensor.leaves import (
    LEVI_CIVITA,
    UNIT,
    VECH_BASIS,
    as_constant,
    constant,
    delta,
    embed,
    is_zero,
    levi_civita,
    mask,
    one_hot,
    primitive_part,
    rational,
    size,
    vech_basis,
    zeros,
)
from matcalc.tensor.nodes import (
    Atom,
    Contract,
    Delta,
    Key,
    Map,
    Opaque,
    Rational,
    Sum,
    Tensor,
    intern,
)
from matcalc.tensor.traits import invariant_under_transpose, linear_arguments, turned_order

__all__ = [
    "LEVI_CIVITA", "UNIT", "VECH_BASIS", "add", "apply_map", "as_constant", "constant", "contract",
    "delta", "embed", "group", "is_symmetric", "is_zero", "levi_civita", "mask", "one_hot",
    "opaque", "power", "primitive_part", "rational", "scaled", "size", "split", "transpose",
    "vech_basis", "zeros",
]  # fmt: skip

MEMO: Final = 50_000
"""So many contractions and transposes are remembered before all are forgotten."""

_SYMMETRIC: Final = frozenset({"symmetric", "spd", "diagonal"})
"""Not of a bound name: a derivative by one is that of the unconstrained formula."""


class Canonical:
    """The constructors together, with what they remember: what `constructors.Constructors` asks
    for."""

    def __init__(self) -> None:
        self._contractions: dict[Hashable, Tensor] = {}
        self._transposes: dict[Tensor, Tensor] = {}

    def contract(
        self,
        operands: Sequence[Operand],
        out: Sequence[Hashable],
        dims: Mapping[Any, Dim] | None = None,
        coefficient: Rational = 1,
    ) -> Tensor:
        """The sum over all labels that are not in `out` of the product of the operands, times a
        coefficient.

        A label twice in `out` makes a diagonal; one that no operand carries is broadcast, and needs
        its `dims`.
        """
        numbers: dict[Hashable, int] = {}
        for label in out:
            if label not in numbers:
                numbers[label] = len(numbers)
        for _, labels in operands:
            for label in labels:
                if label not in numbers:
                    numbers[label] = len(numbers)
        views = tuple([(t, tuple([numbers[x] for x in labels])) for t, labels in operands])
        axes = tuple([numbers[x] for x in out])
        extra = tuple([(numbers[x], d) for x, d in dims.items() if x in numbers]) if dims else ()
        key = (views, axes, extra, coefficient)
        found = self._contractions.get(key)
        if found is None:
            tick()
            found = contracted(self, len(numbers), views, axes, dict(extra), coefficient)
            if len(self._contractions) > MEMO:
                self._contractions.clear()
            self._contractions[key] = found
        return found

    def add(self, terms: Iterable[Term], dims: tuple[Dim, ...]) -> Tensor:
        """The sum of coefficient times view, each broadcast to dims."""
        return sums.add(self, terms, dims)

    def apply_map(self, fn: Fn, args: Sequence[View], dims: tuple[Dim, ...]) -> Tensor:
        """An element-wise function of views, broadcast to dims."""
        return maps.apply_map(self, fn, args, dims)

    def power(self, base: Tensor, exponent: Tensor) -> Tensor:
        """base^exponent, element-wise; the exponent is a scalar."""
        return constructors.power(self, base, exponent)

    def scaled(self, t: Tensor, c: Rational) -> Tensor:
        """c t."""
        return constructors.scaled(self, t, c)

    def group(self, arg: Tensor, sizes: tuple[int, ...]) -> Tensor:
        """Runs of axes merged into one each; `sizes` are their lengths."""
        return regroup.group(self, arg, sizes)

    def split(self, arg: Tensor, sizes: tuple[int, ...], dims: tuple[Dim, ...]) -> Tensor:
        """Each axis of arg split into that many axes, `dims` in all; the inverse of `group`."""
        return regroup.split(self, arg, sizes, dims)

    def opaque(
        self,
        fn: Fn,
        args: Sequence[Tensor],
        dims: tuple[Dim, ...],
        batch: int = 0,
        batched: Sequence[bool] = (),
    ) -> Tensor:
        """A function of whole tensors; transposes move out of the functions that they commute
        with."""
        flags = tuple(batched) if batch else ()
        if not batch and len(args) == 1 and invariant_under_transpose(fn) and args[0].rank == 2:
            args = [min(args[0], self.transpose(args[0]), key=_turned)]
        if any(is_zero(args[i]) for i in linear_arguments(fn)):
            return zeros(dims)
        args = _exchanged(fn, args)
        others = () if batch else self._turned_args(fn, args)
        if others and [t.key for t in others] < [t.key for t in args]:
            inner = intern(Opaque, dims[::-1], fn, others, 0, ())
            return self.contract([(inner, (1, 0))], (0, 1))
        return intern(Opaque, dims, fn, tuple(args), batch, flags)

    def _turned_args(self, fn: Fn, args: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The arguments of which the function is its transpose; none if that is not so."""
        order = turned_order(fn)
        if order is None or len(order) != len(args) or any(t.rank != 2 for t in args):
            return ()
        return _exchanged(fn, [self.transpose(args[i]) for i in order])

    def transpose(self, t: Tensor) -> Tensor:
        """A rank-2 tensor with its axes exchanged."""
        found = self._transposes.get(t)
        if found is None:
            if not isinstance(t, Contract | Map | Sum) and self.is_symmetric(t):
                found = t
            else:
                found = self.contract([(t, (1, 0))], (0, 1))
            if len(self._transposes) > MEMO:
                self._transposes.clear()
            self._transposes[t] = found
        return found

    def is_symmetric(self, t: Tensor) -> bool:
        """Whether a rank-2 tensor is known to equal its transpose."""
        if t.rank != 2 or t.dims[0] != t.dims[1]:
            return False
        match t:
            case Delta():
                return True
            case Contract() | Map() | Sum():
                return self.transpose(t) is t
            case Opaque(fn=(function, order)):  # the Hessian of an unknown function
                return order == 2 and not function.codomain.dims and not t.batch
            case Opaque(args=args, fn=fn):
                return bool(args) and not t.batch and self._turned_args(fn, args) == args
            case _:
                return isinstance(t, Atom) and bool(_SYMMETRIC & t.properties)

    def alike_from(self, t: Tensor) -> int:
        """The axis from which on the axes of a tensor may change places; its rank if none may.

        Those of a symmetric matrix, and those of the variable in a second or higher derivative of
        an unknown function of a vector (Schwarz's theorem).
        """
        if t.rank == 2:
            return 0 if self.is_symmetric(t) else 2
        if isinstance(t, Opaque) and not isinstance(t.fn, str):
            function, order = t.fn
            if order > 1 and function.domain.rank == 1:
                return t.batch + function.codomain.rank
        return t.rank


def _exchanged(fn: Fn, args: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The arguments with those in order that may be exchanged: two that a function of a point is
    linear in."""
    if len(linear_arguments(fn)) < 2:
        return tuple(args)
    return (args[0], *sorted(args[1:], key=lambda t: t.key))


def _turned(t: Tensor) -> tuple[int, Key]:
    """How many transposes a matrix needs to be written, then its key."""
    path = chain(t)
    return path.turned if path is not None else 0, t.key


_CANONICAL: Final = Canonical()

contract: Final = _CANONICAL.contract
add: Final = _CANONICAL.add
apply_map: Final = _CANONICAL.apply_map
power: Final = _CANONICAL.power
scaled: Final = _CANONICAL.scaled
group: Final = _CANONICAL.group
split: Final = _CANONICAL.split
opaque: Final = _CANONICAL.opaque
transpose: Final = _CANONICAL.transpose
is_symmetric: Final = _CANONICAL.is_symmetric
