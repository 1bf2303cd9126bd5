"""Products of sums multiplied out: A (x + y) is A x + A y.

Another factor may be pulled out of the terms then, some may cancel, and two may be the triangles of
one matrix.
"""

from __future__ import annotations

from collections.abc import Callable

from matcalc.rules.structured import of_half_triangle, of_triangles
from matcalc.tensor.canonical import add, contract, size
from matcalc.tensor.nodes import Contract, Mask, Sum, Tensor

MANY = 6
"""A product is not multiplied out over a sum of more terms than this."""

ROUNDS = 3
"""Triangles are looked for in sums that are multiplied out this often."""

LONG = 24
"""Nor are they in sums of more terms than this."""


def distributed(t: Contract, many: int = MANY) -> list[Tensor]:
    """The contraction multiplied out over one of its sums, for each sum of at most `many` terms."""
    return [
        _multiplied(t, i, f)
        for i, (f, _) in enumerate(t.factors)
        if isinstance(f, Sum) and len(f.terms) <= many
    ]


def _multiplied(t: Contract, place: int, f: Sum) -> Tensor:
    """The contraction multiplied out over the sum at one place."""
    labels = t.factors[place][1]
    others = [*t.factors[:place], *t.factors[place + 1 :]]
    dims = {x: d for u, y in t.factors for x, d in zip(y, u.dims, strict=True)}
    dims |= dict(enumerate(t.dims))
    everything = tuple(range(t.rank))
    terms = []
    for c, a, places in f.terms:
        view = (a, tuple(labels[x] for x in places))
        carried = {x for _, y in [*others, view] for x in y}
        ones = [(size(dims[x]), ()) for x in labels if x >= t.rank and x not in carried]
        terms.append((c, contract([view, *others, *ones], everything, dims), everything))
    return add(terms, t.dims)


def multiplied_out(t: Tensor) -> Tensor:
    """A product multiplied out over its first short sum; t itself if there is none."""
    options = distributed(t) if isinstance(t, Contract) else []
    return options[0] if options else t


def opened(t: Sum) -> list[Tensor]:
    """The sum with every product in it multiplied out once, so that terms may cancel."""
    terms = [(c, multiplied_out(a), labels) for c, a, labels in t.terms]
    if all(new is old for (_, new, _), (_, old, _) in zip(terms, t.terms, strict=True)):
        return []
    return [add(terms, t.dims)]


def absorbed(t: Contract) -> list[Tensor]:
    """The contraction with an element-wise factor of one of its sums taken into the sum."""
    result = []
    for i, (f, labels) in enumerate(t.factors):
        if not isinstance(f, Sum) or len(f.terms) > MANY:
            continue
        for j, (u, places) in enumerate(t.factors):
            if i != j and places and set(places) <= set(labels) and not isinstance(u, Sum):
                axes = tuple(labels.index(x) for x in places)
                whole = tuple(range(f.rank))
                everything = dict(enumerate(f.dims))
                terms = [
                    (c, contract([(a, x), (u, axes)], whole, everything), whole)
                    for c, a, x in f.terms
                ]
                rest = [view for k, view in enumerate(t.factors) if k not in (i, j)]
                views = [(add(terms, f.dims), labels), *rest]
                result.append(contract(views, range(t.rank), dict(enumerate(t.dims))))
    return result


def with_triangles(t: Sum, tidied: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """The sum with its triangles put together, where they stand in sums of products: multiplied
    out over these, then over other short sums as long as the triangles are of different
    matrices."""
    terms = [(c, _over_triangles(a), labels) for c, a, labels in t.terms]
    if all(new is old for (_, new, _), (_, old, _) in zip(terms, t.terms, strict=True)):
        return []
    new = [add(terms, t.dims)]
    for _ in range(ROUNDS):
        sums = [s for s in new if isinstance(s, Sum) and len(s.terms) <= LONG]
        whole = [found for s in sums if (found := of_triangles(s)) is not None]
        if whole:
            return whole
        new = [tidied(other) for s in sums for other in opened(s)]
    return []


def with_half_triangles(t: Contract) -> list[Tensor]:
    """The contraction with a triangle of ones over a symmetric matrix, all of which is summed, as
    half of all of it and half of its diagonal."""
    new = _over_triangles(t)
    parts = new.terms if isinstance(new, Sum) else ((1, t, tuple(range(t.rank))),)
    halves = [of_half_triangle(a) if isinstance(a, Contract) else None for _, a, _ in parts]
    if not any(halves):
        return []
    terms = [(c, half or a, x) for (c, a, x), half in zip(parts, halves, strict=True)]
    return [add(terms, t.dims)]


def _over_triangles(t: Tensor) -> Tensor:
    """A product multiplied out over the first of its sums in which a triangle of ones stands."""
    if isinstance(t, Contract):
        for i, (f, _) in enumerate(t.factors):
            if isinstance(f, Sum) and any(isinstance(a, Mask) for _, a, _ in f.terms):
                return _multiplied(t, i, f)
    return t
