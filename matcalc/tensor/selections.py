"""Places picked out of wholes: unit vectors (OneHot), parts of an axis (Embed), and what is put
together of them."""

from __future__ import annotations

from matcalc.dims import Dim
from matcalc.tensor.constructors import Constructors, Operand, View
from matcalc.tensor.leaves import UNIT, delta, embed, one_hot, zeros
from matcalc.tensor.nodes import Contract, Embed, Labels, Map, OneHot, Sum, Tensor


def selected(t: OneHot | Embed, axis: int, u: OneHot | Embed, place: int) -> Tensor | None:
    """The contraction of two selections over one axis of each; None if it says nothing."""
    if isinstance(t, OneHot) and isinstance(u, OneHot):
        if t.index == u.index:
            return UNIT
        return zeros(()) if isinstance(t.index, int) and isinstance(u.index, int) else None
    if isinstance(t, Embed) and isinstance(u, Embed):
        return _part_of_part(t, axis, u, place)
    hot, part, where = (t, u, place) if isinstance(t, OneHot) else (u, t, axis)
    assert isinstance(hot, OneHot) and isinstance(part, Embed)
    return _place_in_part(hot, part, where)


def _place_in_part(hot: OneHot, part: Embed, where: int) -> Tensor | None:
    """A unit vector in the whole (where = 0) or in the part (1), seen from the other."""
    offset = part.offset.value
    if not isinstance(hot.index, int):
        return None
    if offset is None:
        outside = where == 0 and bool(part.offset.names) and _beyond(hot.index, part)
        return zeros((part.dims[1],)) if outside else None
    if where == 1:
        return one_hot(hot.index + offset, part.dims[0])
    length = part.dims[1].value
    if hot.index < offset or (length is not None and hot.index >= offset + length):
        return zeros((part.dims[1],))
    place = hot.index - offset
    return one_hot(place, part.dims[1]) if length is not None or 0 in (place, offset) else None


def _beyond(index: int, part: Embed) -> bool:
    """Whether a place is surely before a part whose offset is at least the number of its names."""
    least = sum(int(c) for _, c in part.offset.terms if c > 0)
    return all(c > 0 for _, c in part.offset.terms) and index < least


def _part_of_part(t: Embed, axis: int, u: Embed, place: int) -> Tensor | None:
    if axis == place == 0:
        if t.offset == u.offset and t.dims[1] == u.dims[1]:
            return delta(t.dims[1])
        first, second = (t, u) if _starts_after(u.offset, t.offset + t.dims[1]) else (u, t)
        if _starts_after(second.offset, first.offset + first.dims[1]):
            return zeros((t.dims[1], u.dims[1]))
        return None
    if axis == 1 and place == 0:  # t[N, i] u[i, k]
        return embed(t.dims[0], u.dims[1], t.offset + u.offset)
    return None


def _starts_after(offset: Dim, end: Dim) -> bool:
    return all(c >= 0 for _, c in (offset - end).terms)


def is_stacked(t: Tensor, axis: int) -> bool:
    """Whether t is put together along an axis of parts or entries (or is a function of such)."""
    if isinstance(t, Contract):
        return any(
            isinstance(f, OneHot | Embed) and axes and axes[0] == axis for f, axes in t.factors
        )
    if isinstance(t, OneHot | Embed):
        return axis == 0
    views: tuple[View, ...] = ()
    if isinstance(t, Map):
        views = t.args
    elif isinstance(t, Sum):
        views = tuple((a, x) for _, a, x in t.terms)
    return any(axis in axes and is_stacked(a, axes.index(axis)) for a, axes in views)


def select_inside(make: Constructors, t: OneHot | Embed, u: Tensor, place: int) -> Tensor:
    """The selection t (over its axis 0) of u along an axis, term by term; its part's axis comes
    last."""
    rest = [i for i in range(u.rank) if i != place]
    dims = tuple(u.dims[i] for i in rest) + t.dims[1:]
    where = {old: new for new, old in enumerate(rest)}
    part = tuple(range(len(rest), len(dims)))

    def picked(a: Tensor, labels: Labels) -> View:
        kept = tuple([where[i] for i in labels if i != place])
        if place not in labels:
            return a, kept
        inner = [("in", i) for i in labels]
        hot: Operand = (t, [("in", place), *(("part", i) for i in part)])
        out = [("in", i) for i in labels if i != place] + [("part", i) for i in part]
        return make.contract([(a, inner), hot], out), kept + part

    if isinstance(u, Sum):
        return make.add([(c, *picked(a, labels)) for c, a, labels in u.terms], dims)
    if isinstance(u, Map):
        return make.apply_map(u.fn, [picked(a, labels) for a, labels in u.args], dims)
    after = [u.rank + i for i in part]
    return make.contract([(u, range(u.rank)), (t, (place, *after))], [*rest, *after])
