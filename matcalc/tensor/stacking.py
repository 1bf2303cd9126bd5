"""Tensors that are put together of parts: literals `[a, b]`, vstack, hstack, and selections of
parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matcalc.dims import ONE, ZERO, Dim, number
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape, Stack
from matcalc.expr.writing import transposed
from matcalc.tensor.canonical import add, contract, delta, is_zero
from matcalc.tensor.components import touches
from matcalc.tensor.constructors import Term
from matcalc.tensor.nodes import Contract, Embed, OneHot, Sum, Tensor

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift

LITERAL: Final = 6
"""Up to this many entries an axis is written out as a literal; a longer one where few are zero."""


@dataclass(frozen=True, slots=True)
class Part:
    """A term of a whole, with the axes of the whole, in its place along one of them.

    An entry is one place long, and has nothing along that axis.
    """

    term: Term
    offset: Dim
    length: Dim
    is_entry: bool


def _part(term: Term, axis: int) -> Part | None:
    """A term as a part; None if there is no selection that puts it in its place along the axis."""
    c, t, labels = term
    factors = t.factors if isinstance(t, Contract) else ((t, tuple(range(t.rank))),)
    along = [x for x in range(t.rank) if labels[x] == axis]
    for i, (f, axes) in enumerate(factors):
        if not isinstance(f, OneHot | Embed) or axes[0] not in along:
            continue
        others = [*factors[:i], *factors[i + 1 :]]
        place = _place(f)
        if place is None or touches(others, along):
            return None
        kept = [x for x in range(t.rank) if x not in along]
        dims = {x: t.dims[x] for x in kept}
        own = tuple([labels[x] for x in kept])
        if f.dims[1:] in ((), (ONE,)) and not touches(others, axes[1:]):
            return Part((c, contract(others, kept, dims), own), place, ONE, is_entry=True)
        inner = (delta(f.dims[1]), (axes[1], "part"))
        block = contract([*others, inner], [*kept, "part"], dims)
        return Part((c, block, (*own, axis)), place, f.dims[1], is_entry=False)
    return None


def _place(selection: OneHot | Embed) -> Dim | None:
    """Where a selection puts something; None if that is a variable."""
    if isinstance(selection, Embed):
        return selection.offset
    return number(selection.index) if isinstance(selection.index, int) else None


def stack(lift: Lift, t: Sum) -> Expr | None:
    """A sum of parts in their places as a literal or a stack of blocks; None if it is no such
    sum."""
    return _stacked(lift, t, t.terms)


Places = dict[Dim, list[Part]]


def _stacked(lift: Lift, t: Tensor, terms: Sequence[Term]) -> Expr | None:
    """Terms that are all put in their places along one axis, as a literal or as blocks."""
    for axis in range(t.rank if t.rank <= 2 else 0):
        places = _places(terms, axis)
        if places is not None:
            made = _literal(lift, t, axis, places) or _blocks(lift, t, axis, places)
            if made is not None:
                return made
    return None


def _places(terms: Sequence[Term], axis: int) -> Places | None:
    """The parts by their places; None if a term is none, or two in one place are not as long."""
    found: Places = {}
    for term in terms:
        part = _part(term, axis)
        if part is None or found.setdefault(part.offset, [part])[0].length != part.length:
            return None
        if found[part.offset][0] is not part:
            found[part.offset].append(part)
    return found


def _literal(lift: Lift, t: Tensor, axis: int, places: Places) -> Expr | None:
    """[a, b, c], or [[a, b], [c, d]] where the entries are rows."""
    count = t.dims[axis].value
    if count is None or not all(part.is_entry for parts in places.values() for part in parts):
        return None
    width = ONE.value if t.rank == 1 else t.dims[1 - axis].value
    short = axis == 0 and width is not None and max(count, width) <= LITERAL
    if 2 * len(places) < count and not short:
        return None
    items = [_entry(t, axis, places.get(number(i), [])) for i in range(count)]
    if t.rank == 1:
        return build.stack([lift(item) for item in items])
    if axis == 0:
        return build.stack([transposed(_as_literal(lift, item)) for item in items])
    columns = [lift(item) for item in items]
    if all(isinstance(column, Stack) for column in columns):
        return None  # the rows of a literal are written, not its columns
    return build.call(Shape(t.dims), "hstack", columns)


def _entry(t: Tensor, axis: int, parts: Sequence[Part]) -> Tensor:
    """What entries in one place are together: a vector, or a scalar."""
    rest = t.dims[:axis] + t.dims[axis + 1 :]
    return add([(c, a, (0,) * len(x)) for c, a, x in (part.term for part in parts)], rest)


def _as_literal(lift: Lift, item: Tensor) -> Expr:
    """A vector in a literal: zeros and unit vectors of a small size are written out."""
    count = item.dims[0].value
    if count is not None and count <= LITERAL:
        if is_zero(item):
            return build.stack([build.number(0)] * count)
        if isinstance(item, OneHot) and isinstance(item.index, int):
            return build.stack([build.number(i == item.index) for i in range(count)])
    return lift(item)


def _blocks(lift: Lift, t: Tensor, axis: int, places: Places) -> Expr | None:
    """vstack or hstack of the parts, with zeros where there are none."""
    if all(parts[0].is_entry and at.value is not None for at, parts in places.items()):
        return None  # unit vectors say it
    left = dict(places)
    items: list[Expr] = []
    place = ZERO
    while place != t.dims[axis]:
        parts = left.pop(place, None)
        if parts is not None:
            items.append(_block(lift, t, axis, parts))
            place = place + parts[0].length
            continue
        after = [o for o in left if _reaches(place, o)]
        first = (o for o in after if not any(_reaches(other, o) for other in after))
        end = next(first, t.dims[axis])
        if not _reaches(place, end):
            return None
        items.append(_gap(t, axis, end - place))
        place = end
    if left:
        return None
    return build.call(Shape(t.dims), "vstack" if axis == 0 else "hstack", items)


def _reaches(start: Dim, end: Dim) -> bool:
    """Whether an end is surely after a start."""
    return start != end and all(c > 0 for _, c in (end - start).terms)


def _gap(t: Tensor, axis: int, length: Dim) -> Expr:
    """Zeros."""
    dims = tuple(length if i == axis else d for i, d in enumerate(t.dims))
    return build.filled("zeros", Shape(() if dims == (ONE,) else dims))


def _block(lift: Lift, t: Tensor, axis: int, parts: Sequence[Part]) -> Expr:
    """What parts in one place are together: a block, a row, a column or a number."""
    if all(part.is_entry for part in parts):
        entry = lift(_entry(t, axis, parts))
        return transposed(entry) if axis == 0 and t.rank == 2 else entry
    dims = tuple(parts[0].length if i == axis else d for i, d in enumerate(t.dims))
    return lift(add([part.term for part in parts], dims))


def contraction(lift: Lift, t: Contract) -> Expr | None:
    """A single part in its place: an entry picked out, a short literal, or blocks of zeros around
    it."""
    if not any(isinstance(f, OneHot | Embed) for f, _ in t.factors):
        return None
    entry = _picked(lift, t)
    if entry is not None:
        return entry
    return _stacked(lift, t, [(1, t, tuple(range(t.rank)))])


def _picked(lift: Lift, t: Contract) -> Expr | None:
    """x[i], X[i, :], X[i, j]: one tensor with unit vectors on some of its axes."""
    picks: dict[int, OneHot] = {}
    for f, labels in t.factors:
        if isinstance(f, OneHot) and labels[0] >= t.rank:
            if labels[0] in picks:  # two places of one axis
                return None
            picks[labels[0]] = f
    others = [
        (f, labels)
        for f, labels in t.factors
        if not (isinstance(f, OneHot) and labels[0] >= t.rank)
    ]
    if not picks or len(others) != 1:
        return None
    base, labels = others[0]
    if base.rank > 2 or len(set(labels)) < len(labels) or not set(picks) <= set(labels):
        return None
    if any(x >= t.rank and x not in picks for x in labels) or len(picks) + t.rank != base.rank:
        return None
    indices: list[Expr | None] = []
    for x in labels:
        hot = picks.get(x)
        place = None if hot is None else hot.index
        indices.append(
            None
            if place is None
            else build.number(place)
            if isinstance(place, int)
            else lift(place)
        )
    made = build.index(lift.column(base), indices)
    return build.transpose(made) if made.shape.row else made


def selection(t: Embed) -> Expr:
    """An Embed alone: an identity with zeros above and below."""
    whole, part = t.dims
    items: list[Expr] = []
    if t.offset != ZERO:
        items.append(build.filled("zeros", Shape((t.offset, part))))
    items.append(build.eye(part))
    after = whole - part - t.offset
    if after != ZERO:
        items.append(build.filled("zeros", Shape((after, part))))
    return build.call(Shape(t.dims), "vstack", items)
