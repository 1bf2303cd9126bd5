"""Runs of axes merged into one (vec, reshape, Kronecker products), and axes split up again."""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.dims import ONE, Dim
from matcalc.tensor.constructors import Constructors, View, expanded, scaled
from matcalc.tensor.leaves import constant, delta, zeros
from matcalc.tensor.nodes import Contract, Delta, Group, Labels, Map, Split, Sum, Tensor, intern


def open_group(make: Constructors, t: Group, axis: int) -> Tensor:
    """t with one of its grouped axes open again."""
    sizes = t.sizes[:axis] + (1,) * t.sizes[axis] + t.sizes[axis + 1 :]
    return make.group(t.arg, sizes)


def group(make: Constructors, arg: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """Runs of axes merged into one each."""
    if all(s == 1 for s in sizes):
        return arg
    dims = _merged(arg.dims, sizes)
    if isinstance(arg, Sum) and not arg.terms:
        return zeros(dims)
    if isinstance(arg, Sum) and len(arg.terms) == 1:
        c, a, axes = arg.terms[0]
        bare = expanded(make, (a, axes), arg.dims)
        if not (isinstance(bare, Sum) and len(bare.terms) == 1):  # A - A' has no sign of its own
            return scaled(make, group(make, bare, sizes), c)
    if isinstance(arg, Sum) and any(isinstance(a, Group) for _, a, _ in arg.terms):
        spread = [expanded(make, (a, x), arg.dims) for _, a, x in arg.terms]
        if any(isinstance(term, Group) for term in spread):  # one of fewer axes is none here
            whole = tuple(range(len(sizes)))  # a group of a group is one: vec(A ⊗ B + C ⊗ D)
            parts = [
                (c, group(make, t, sizes)) for (c, *_), t in zip(arg.terms, spread, strict=True)
            ]
            return make.add([(c, part, whole) for c, part in parts], dims)
    if isinstance(arg, Group):
        runs = [arg.sizes[sum(sizes[:i]) : sum(sizes[: i + 1])] for i in range(len(sizes))]
        return group(make, arg.arg, tuple(sum(run) for run in runs))
    if isinstance(arg, Contract) and not arg.factors:
        return constant(1, dims)
    if isinstance(arg, Split) and arg.sizes == sizes and arg.arg.dims == dims:
        return arg.arg
    return intern(Group, dims, arg, sizes)


def _merged(dims: tuple[Dim, ...], sizes: tuple[int, ...]) -> tuple[Dim, ...]:
    """The dimensions of a result whose axes are runs of so many axes."""
    result = []
    start = 0
    for s in sizes:
        total = ONE
        for d in dims[start : start + s]:
            total = total * d
        result.append(total)
        start += s
    return tuple(result)


def common_make(views: Sequence[View], rank: int) -> tuple[tuple[int, ...], tuple[Dim, ...]] | None:
    """How all the views that are not scalars were regrouped, if they all were in one way."""
    whole = tuple(range(rank))
    makes = set()
    for t, labels in views:
        if labels:
            if not isinstance(t, Group) or labels != whole:
                return None
            makes.add((t.sizes, t.arg.dims))
    return makes.pop() if len(makes) == 1 else None


def split(make: Constructors, arg: Tensor, sizes: tuple[int, ...], dims: tuple[Dim, ...]) -> Tensor:
    """Each axis of arg split into that many axes, `dims` in all; the inverse of `group`."""
    if all(s == 1 for s in sizes):
        return arg
    if isinstance(arg, Group) and arg.sizes == sizes and arg.arg.dims == dims:
        return arg.arg
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    place = {i: tuple(range(starts[i], starts[i] + s)) for i, s in enumerate(sizes)}

    def opened(t: Tensor, labels: Labels) -> View:
        """An operand with its axes split: one that is summed stays, after all others."""
        inner = tuple(sizes[x] if x in place else 1 for x in labels)
        spread = tuple(y for x in labels for y in place.get(x, (x - len(sizes) + len(dims),)))
        inner_dims: list[Dim] = []
        for x, d in zip(labels, t.dims, strict=True):
            inner_dims += [dims[y] for y in place[x]] if x in place else [d]
        return split(make, t, inner, tuple(inner_dims)), spread

    if isinstance(arg, Sum):
        return make.add([(c, *opened(t, labels)) for c, t, labels in arg.terms], dims)
    if isinstance(arg, Map):
        return make.apply_map(arg.fn, [opened(t, labels) for t, labels in arg.args], dims)
    if isinstance(arg, Contract):
        parts = [opened(t, labels) for t, labels in arg.factors]
        return make.contract(parts, range(len(dims)), dict(enumerate(dims)))
    if isinstance(arg, Delta) and (1 in sizes or dims[: sizes[0]] == dims[sizes[0] :]):
        return _split_delta(make, sizes, dims)
    return intern(Split, dims, arg, sizes)


def _split_delta(make: Constructors, sizes: tuple[int, ...], dims: tuple[Dim, ...]) -> Tensor:
    """An identity with both axes split in one way, or one of them alone."""
    first, second = sizes
    if first == second:
        pairs = [(delta(d), (i, first + i)) for i, d in enumerate(dims[:first])]
        return make.contract(pairs, range(2 * first))
    count = max(first, second)
    parts = dims[:first] if first > 1 else dims[1:]
    pairs = [(delta(d), (i, count + i)) for i, d in enumerate(parts)]
    both = make.contract(pairs, range(2 * count))
    return make.group(both, ((1,) * count + (count,)) if first > 1 else ((count,) + (1,) * count))
