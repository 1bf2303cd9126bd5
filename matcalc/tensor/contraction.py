"""Contractions: sums of products, flat, without deltas that can be used up, in canonical order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcalc.dims import Dim
from matcalc.tensor.constructors import Constructors, View, relabelled, scaled
from matcalc.tensor.factors import Factors
from matcalc.tensor.leaves import LEVI_CIVITA, delta, size, zeros
from matcalc.tensor.nodes import (
    Contract,
    Group,
    Labels,
    Map,
    Opaque,
    Rational,
    Sum,
    Tensor,
    intern,
)
from matcalc.tensor.order import ordered
from matcalc.tensor.reductions import grouped_alike, reduce, split_label


def contracted(
    make: Constructors,
    count: int,
    views: Sequence[View],
    axes: Labels,
    dims: Mapping[int, Dim],
    coefficient: Rational,
) -> Tensor:
    """The sum over all labels that are not in `axes` of the product of the views.

    The labels are the numbers below `count`; `dims` are those of labels that no view carries.
    """
    factors = Factors(make, count, dict(dims), coefficient)
    out: list[int] = []
    for label in axes:  # a label twice in the output is a delta
        if label in out:
            out.append(factors.fresh())
            factors.deltas.append((label, out[-1]))
        else:
            out.append(label)
    for t, labels in views:
        factors.push(t, labels)
    for a, b in zip(axes, out, strict=True):
        if a != b:
            factors.dim[b] = factors.dim[a]
    shape = tuple([factors.dim[label] for label in out])
    while True:
        if factors.coefficient == 0:
            return zeros(shape)
        factors.flatten()
        factors.unite(out)
        if not reduce(factors, out) and not _count_free_sums(factors, out):
            break
    regrouped = _regrouped(factors, out)
    return regrouped if regrouped is not None else _finished(factors, out, shape)


def _count_free_sums(factors: Factors, out: Sequence[int]) -> bool:
    """A sum over an index that nothing carries counts: it is the size of the index.  Whether there
    was one."""
    carried = {x for _, labels in factors.views for x in labels}
    carried |= {x for pair in factors.deltas for x in pair}
    free = {factors.find(x) for x in factors.dim} - set(out) - carried
    for label in sorted(free):
        factors.push(size(factors.dim[label]), ())
        factors.use_up([label])
    return bool(free)


def _regrouped(factors: Factors, out: Sequence[int]) -> Tensor | None:
    """An axis of the result that only regrouped axes carry is regrouped after the contraction."""
    if not any(isinstance(t, Group) for t, _ in factors.views):
        return None
    for place, label in enumerate(out):
        touching, parts = grouped_alike(factors, label)
        if len(parts) < 2 or any(label in pair for pair in factors.deltas):
            continue
        fresh = split_label(factors, label, touching, parts)
        spread = [*out[:place], *fresh, *out[place + 1 :]]
        _count_free_sums(factors, spread)  # of what the parts no longer share
        known = {x: factors.dim[x] for x in spread if x in factors.dim}
        inner = factors.make.contract(
            _with_deltas(factors),
            spread,
            known | dict(zip(fresh, parts, strict=True)),
            factors.coefficient,
        )
        sizes = (1,) * place + (len(parts),) + (1,) * (len(out) - place - 1)
        return factors.make.group(inner, sizes)
    return None


def _with_deltas(factors: Factors) -> list[View]:
    """The factors and the deltas that are left."""
    return [*factors.views, *((delta(factors.dim[a]), (a, b)) for a, b in factors.deltas)]


def _finished(factors: Factors, out: Sequence[int], dims: tuple[Dim, ...]) -> Tensor:
    """The node of factors that nothing more can be done with."""
    make = factors.make
    position = {label: i for i, label in enumerate(out)}
    if len(factors.views) == 1 and not factors.deltas:
        t, labels = factors.views[0]
        if factors.coefficient != 1 and isinstance(t, Sum) and set(labels) <= set(out):
            t = scaled(make, t, factors.coefficient)  # a view of a sum keeps its content inside
            factors.views = [(t, labels)]
            factors.coefficient = 1
    views = [_schwarz(make, view, position) for view in _with_deltas(factors)]
    if len(views) == 1:
        t, labels = views[0]
        if labels == tuple(out):
            return scaled(make, t, factors.coefficient)
        if isinstance(t, Map | Sum) and set(labels) == set(out):
            plain = relabelled(make, t, [position[x] for x in labels], dims)
            return scaled(make, plain, factors.coefficient)
    arranged = ordered(
        [_oriented(make, view, position) for view in views], position, make.alike_from
    )
    arranged, sign = _sorted_axes(make, arranged)
    if sign == 0:
        return zeros(dims)
    alone = len(arranged) == 1 and arranged[0][1] == tuple(range(len(dims)))
    made = arranged[0][0] if alone else intern(Contract, dims, arranged)
    return scaled(make, made, factors.coefficient * sign)


def _oriented(make: Constructors, view: View, position: Mapping[int, int]) -> View:
    """A matrix and its transpose are one factor, read either way."""
    t, labels = view
    if t.rank == 2 and (isinstance(t, Map | Sum | Contract) or make.is_symmetric(t)):
        other = make.transpose(t)
        if other is t:
            first, second = (position.get(x, len(position)) for x in labels)
            return (t, labels if first <= second else labels[::-1])
        if not isinstance(other, Contract) and other.key < t.key:
            return (other, labels[::-1])
    return view


def _schwarz(make: Constructors, view: View, position: Mapping[int, int]) -> View:
    """A derivative of an unknown function with the axes of its variable in order."""
    t, labels = view
    first = make.alike_from(t) if t.rank > 2 else t.rank
    tail = sorted(labels[first:], key=lambda x: position.get(x, len(position)))
    return t, (*labels[:first], *tail)


def _sorted_axes(make: Constructors, views: Sequence[View]) -> tuple[tuple[View, ...], int]:
    """Symmetric and antisymmetric factors with their labels in order, and the sign that this
    costs."""
    result = []
    sign = 1
    for t, labels in views:
        first = make.alike_from(t)
        if first < len(labels):
            labels = (*labels[:first], *sorted(labels[first:]))
        elif isinstance(t, Opaque) and t.fn == LEVI_CIVITA:
            if len(set(labels)) < len(labels):
                return (), 0
            turns = sum(a > b for i, a in enumerate(labels) for b in labels[i + 1 :])
            labels, sign = tuple(sorted(labels)), sign * (-1) ** turns
        result.append((t, labels))
    return tuple(result), sign
