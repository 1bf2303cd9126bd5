"""What sums to a known number along an axis: deviations from a mean to 0, Σ_i (x_i - mean(x)) = 0,
and what a name stands for where that is known of its value: of p = softmax(x) to 1."""

from __future__ import annotations

from collections.abc import Callable

from matcalc.tensor.canonical import add, as_constant, contract, is_zero, size
from matcalc.tensor.nodes import Atom, Contract, Map, Sum, Tensor
from matcalc.tensor.words import is_difference

SAYS = "sums along "


def known_of(value: Tensor, simplified: Callable[[Tensor], Tensor]) -> frozenset[str]:
    """What is to be known of a name for a value: what its entries sum to along its axes."""
    found: set[str] = set()
    several = isinstance(value, Sum) and len(value.terms) > 1
    if isinstance(value, Map) or (several and not is_difference(value)):
        return frozenset()  # the entries of exp(x) or x + y sum to no number
    for axis in range(value.rank if value.rank <= 2 else 0):
        kept = [x for x in range(value.rank) if x != axis]
        total = as_constant(simplified(contract([(value, range(value.rank))], kept)))
        if total in (0, 1):
            found.add(f"{SAYS}{axis} to {total}")
    return frozenset(found)


def summed(t: Contract) -> Tensor | None:
    """The contraction where one factor alone carries a summed index along which it sums to a known
    number, with that number instead; None if there is no such factor."""
    carriers: dict[int, list[int]] = {}
    for place, (_, labels) in enumerate(t.factors):
        for label in labels:
            carriers.setdefault(label, []).append(place)
    for label, places in carriers.items():
        if label >= t.rank and len(places) == 1:
            f, labels = t.factors[places[0]]
            total = _total(f, labels.index(label))
            if total is not None:
                return _without(t, places[0], label, total)
    for place, (f, labels) in enumerate(t.factors):  # a scalar in it
        inner = summed(f) if not labels and isinstance(f, Contract) else None
        if inner is not None:
            views = [*t.factors[:place], (inner, labels), *t.factors[place + 1 :]]
            return contract(views, range(t.rank), dict(enumerate(t.dims)))
    return None


def _without(t: Contract, place: int, label: int, total: int) -> Tensor:
    """The contraction with a number instead of the sum of a factor over a label."""
    f, labels = t.factors[place]
    rest = [*t.factors[:place], *t.factors[place + 1 :]]
    carried = {x for _, axes in rest for x in axes}
    alone = [x for x in labels if x >= t.rank and x != label and x not in carried]
    counts = [(size(f.dims[labels.index(x)]), ()) for x in alone]
    dims = dict(enumerate(t.dims))
    return contract([*rest, *counts], range(t.rank), dims, total)


def _total(t: Tensor, axis: int) -> int | None:
    """What a tensor sums to along an axis, if that is one number and known."""
    if isinstance(t, Atom):
        return next((n for n in (0, 1) if f"{SAYS}{axis} to {n}" in t.properties), None)
    return 0 if _cancels(t, axis) else None


def _cancels(t: Tensor, axis: int) -> bool:
    """Whether the sums of the terms along an axis cancel; some of them do not vary along it."""
    if not isinstance(t, Sum) or len({axis in labels for _, _, labels in t.terms}) < 2:
        return False
    kept = tuple(x for x in range(t.rank) if x != axis)
    dims = dict(enumerate(t.dims))
    count = (size(t.dims[axis]), ())
    parts = []
    for c, a, labels in t.terms:
        views = [(a, labels)] if axis in labels else [(a, labels), count]
        parts.append((c, contract(views, kept, dims), tuple(range(len(kept)))))
    return is_zero(add(parts, tuple(dims[x] for x in kept)))
