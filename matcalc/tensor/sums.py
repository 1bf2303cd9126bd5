"""Sums: like terms are one, a sum of regrouped axes is regrouped, a common broadcast is outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matcalc.dims import Dim
from matcalc.tensor.constructors import Constructors, Term, View, expanded
from matcalc.tensor.leaves import UNIT, as_constant, constant, delta, rational
from matcalc.tensor.nodes import (
    Contract,
    Delta,
    Group,
    Labels,
    Map,
    Mask,
    Rational,
    Sum,
    Tensor,
    intern,
)
from matcalc.tensor.regroup import common_make


def add(make: Constructors, terms: Iterable[Term], dims: tuple[Dim, ...]) -> Tensor:
    """The sum of coefficient times view, each broadcast to dims."""
    items = _collected(make, terms)
    if len(items) > 1:
        grouped = _grouped_sum(make, items, dims)
        if grouped is not None:
            return grouped
    carried = sorted({i for _, _, labels in items for i in labels})
    if len(carried) < len(dims) and items:
        return _broadcast(make, items, carried, dims)
    if len(items) == 1 and items[0][0] == 1:
        return expanded(make, items[0][1:], dims)
    whole = _two_triangles(items)
    if whole is not None:
        return add(make, whole, dims)
    items.sort(key=lambda item: (item[1].key, item[2]))
    return intern(Sum, dims, tuple(items))


def _collected(make: Constructors, terms: Iterable[Term]) -> list[Term]:
    """The terms with nested sums opened and equal views added up."""
    total: dict[View, Rational] = {}
    pending = list(terms)[::-1]
    while pending:
        c, t, labels = pending.pop()
        if isinstance(t, Sum):
            pending.extend(
                (rational(c * d), a, tuple([labels[i] for i in axes]))
                for d, a, axes in reversed(t.terms)
            )
            continue
        view = normal_view(make, t, labels)
        if isinstance(view[0], Sum):
            pending.append((c, *view))
            continue
        total[view] = rational(total.get(view, 0) + c)
    return [(c, t, labels) for (t, labels), c in total.items() if c != 0]


def _broadcast(
    make: Constructors, items: Sequence[Term], carried: Sequence[int], dims: tuple[Dim, ...]
) -> Tensor:
    """The sum over the axes that are carried, broadcast to the others."""
    inner = {label: i for i, label in enumerate(carried)}
    small = add(
        make,
        [(c, t, tuple([inner[i] for i in x])) for c, t, x in items],
        tuple(dims[i] for i in carried),
    )
    value = as_constant(small)
    if value is not None:
        return constant(value, dims)
    if isinstance(small, Sum) and len(small.terms) == 1:
        c, t, axes = small.terms[0]
        return intern(Sum, dims, ((c, t, tuple([carried[i] for i in axes])),))
    return expanded(make, (small, tuple(carried)), dims)


def _two_triangles(items: list[Term]) -> list[Term] | None:
    """The lower and the upper triangle of ones make all ones, and the diagonal once more."""
    for c, t, labels in items:
        if isinstance(t, Mask) and t.offset == 0 and labels == (0, 1) and (c, t, (1, 0)) in items:
            rest = [item for item in items if item[1] is not t]
            return [*rest, (c, UNIT, ()), (c, delta(t.dims[0]), (0, 1))]
    return None


def _grouped_sum(make: Constructors, items: Sequence[Term], dims: tuple[Dim, ...]) -> Tensor | None:
    """A sum of regrouped axes is regrouped."""
    makes = common_make([(t, labels) for _, t, labels in items], len(dims))
    if makes is None:
        return None
    sizes, inner = makes
    axes = tuple(range(len(inner)))
    terms = [(c, t.arg, axes) if isinstance(t, Group) else (c, t, labels) for c, t, labels in items]
    return make.group(add(make, terms, inner), sizes)


def normal_view(make: Constructors, t: Tensor, labels: Labels) -> View:
    """The same view with nothing to say: no broadcast axis, no axis twice, no permutation that t
    can take in."""
    while isinstance(t, Contract) and len(t.factors) == 1:
        inner, axes = t.factors[0]
        if any(i >= t.rank for i in axes):
            break
        t, labels = inner, tuple([labels[i] for i in axes])
    if isinstance(t, Contract):
        return _normal_contraction(make, t, labels)
    if labels and isinstance(t, Sum) and (value := as_constant(t)) is not None:
        return constant(value), ()
    if len(set(labels)) < len(labels):
        if isinstance(t, Delta | Mask):
            return (UNIT if isinstance(t, Delta) or t.offset >= 0 else constant(0)), ()
        return _ordered(make, t, labels) if isinstance(t, Map | Sum) else (t, labels)
    if len(labels) > 1 and list(labels) != sorted(labels):
        if isinstance(t, Map | Sum):
            return _ordered(make, t, labels)
        first = make.alike_from(t)
        return t, (*labels[:first], *sorted(labels[first:]))
    return t, labels


def _ordered(make: Constructors, t: Tensor, labels: Labels) -> View:
    """A view with its labels in order, each once."""
    target = tuple(sorted(set(labels)))
    return make.contract([(t, labels)], target), target


def _normal_contraction(make: Constructors, t: Contract, labels: Labels) -> View:
    """A view of a contraction: only axes that a factor carries, in order."""
    used = {i for _, axes in t.factors for i in axes if i < t.rank}
    target = tuple(sorted({labels[i] for i in range(t.rank) if i in used}))
    if labels == target:
        return t, labels
    out = [("own", x) for x in target]
    inside = [(f, [("own", labels[x]) if x < t.rank else x for x in axes]) for f, axes in t.factors]
    return make.contract(inside, out), target
