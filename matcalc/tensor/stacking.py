"""Tensors that are put together of parts: literals `[a, b]`, vstack, hstack, and selections of
parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matcalc.dims import ONE, ZERO, Dim
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.expr.writing import transposed
from matcalc.tensor.canonical import add, contract, is_zero
from matcalc.tensor.nodes import Contract, Embed, Labels, OneHot, Rational, Sum, Tensor

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift

LITERAL: Final = 6
"""Up to this many entries an axis is written out as a literal."""


def _picks(t: Tensor) -> bool:
    """Whether there is a selection in a term, which may put it in its place."""
    if isinstance(t, Contract):
        return any(isinstance(f, OneHot | Embed) for f, _ in t.factors)
    return isinstance(t, OneHot | Embed)


def _picker(t: Tensor, labels: Labels, axis: int) -> tuple[OneHot | Embed, Tensor, Labels] | None:
    """The selection that puts a term in its place along an axis, and the term without it.

    The term without it has the labels of the term, an Embed's part taking the place of the whole.
    """
    if isinstance(t, OneHot | Embed):
        if labels[0] != axis:
            return None
        inner = (
            contract([], range(t.rank - 1), {0: t.dims[-1]})
            if isinstance(t, Embed)
            else contract([], ())
        )
        return (t, inner, ()) if isinstance(t, OneHot) else None
    if not isinstance(t, Contract):
        return None
    for i, (f, axes) in enumerate(t.factors):
        own = [labels[x] if x < t.rank else None for x in axes]
        if not isinstance(f, OneHot | Embed) or own[0] != axis:
            continue
        others = [*t.factors[:i], *t.factors[i + 1 :]]
        if any(x < t.rank and labels[x] == axis for _, y in others for x in y):
            continue
        if isinstance(f, Embed) and axes[1] < t.rank:
            continue
        kept = [x for x in range(t.rank) if labels[x] != axis]
        names = {x: x for x in kept}
        out: list[int] = list(kept)
        dims = {x: t.dims[x] for x in kept}
        if isinstance(f, Embed):
            out.append(axes[1])
            dims[axes[1]] = f.dims[1]
        rest = contract(others, out, dims)
        return (
            f,
            rest,
            tuple(labels[names[x]] for x in kept) + ((axis,) if isinstance(f, Embed) else ()),
        )
    return None


def stack(lift: Lift, t: Sum) -> Expr | None:
    """A sum of parts in their places as a literal or a stack of blocks; None if it is no such
    sum."""
    if t.rank == 0 or t.rank > 2 or not all(_picks(a) for _, a, _ in t.terms):
        return None
    for axis in range(t.rank):
        parts = []
        for c, a, labels in t.terms:
            picked = _picker(a, labels, axis)
            if picked is None:
                break
            parts.append((c, *picked))
        else:
            made = _stacked(lift, t, axis, parts)
            if made is not None:
                return made
    return None


Part = tuple[Rational, OneHot | Embed, Tensor, Labels]


def _stacked(lift: Lift, t: Tensor, axis: int, parts: Sequence[Part]) -> Expr | None:
    """Parts along an axis as a literal, or as blocks."""
    made = _literal(lift, t, axis, parts)
    return _blocks(lift, t, axis, parts) if made is None else made


def _literal(lift: Lift, t: Tensor, axis: int, parts: Sequence[Part]) -> Expr | None:
    """[a, b, c], or [[a, b], [c, d]] where the entries are rows."""
    count = t.dims[axis].value
    if (
        count is None
        or count > LITERAL
        or not all(isinstance(f, OneHot) and isinstance(f.index, int) for _, f, *_ in parts)
    ):
        return None
    rest = t.dims[:axis] + t.dims[axis + 1 :]
    items = []
    for i in range(count):
        mine = [
            (c, a, tuple(0 for _ in labels))
            for c, f, a, labels in parts
            if isinstance(f, OneHot) and f.index == i
        ]
        items.append(add(mine, rest))
    if t.rank == 1:
        return build.stack([lift(item) for item in items])
    if sum(is_zero(item) for item in items) * 2 > len(items) and rest[0].value is None:
        return None
    if axis == 1 and rest[0].value is not None:
        return (
            None
            if rest[0].value <= LITERAL
            else transposed(build.stack([transposed(lift(x)) for x in items]))
        )
    rows = build.stack([transposed(_as_literal(lift, item)) for item in items])
    return rows if axis == 0 else transposed(rows)


def _as_literal(lift: Lift, item: Tensor) -> Expr:
    """A vector in a literal: zeros and unit vectors of a small size are written out."""
    count = item.dims[0].value
    if count is not None and count <= LITERAL:
        if is_zero(item):
            return build.stack([build.number(0)] * count)
        if isinstance(item, OneHot) and isinstance(item.index, int):
            return build.stack([build.number(i == item.index) for i in range(count)])
    return lift(item)


def _blocks(lift: Lift, t: Tensor, axis: int, parts: Sequence[Part]) -> Expr | None:
    """vstack or hstack of the parts, with zeros where there are none."""
    blocks: dict[Dim, list[Part]] = {}
    extent: dict[Dim, Dim] = {}
    for part in parts:
        f = part[1]
        if isinstance(f, OneHot):
            return None
        if extent.setdefault(f.offset, f.dims[1]) != f.dims[1]:
            return None
        blocks.setdefault(f.offset, []).append(part)
    items: list[Expr] = []
    place = ZERO
    while place != t.dims[axis]:
        if place in blocks:
            items.append(_block(lift, t, axis, extent[place], blocks.pop(place)))
            place = place + extent[place]
            continue
        following = [o for o in blocks if _reaches(place, o)]
        end = (
            min(following, key=lambda o: (len((o - place).terms), str(o)))
            if following
            else t.dims[axis]
        )
        if not _reaches(place, end):
            return None
        items.append(_gap(t, axis, end - place))
        place = end
    if blocks:
        return None
    if len(items) == 1:
        return items[0]
    row = t.rank == 1 and False
    return build.call(Shape(t.dims, row), "vstack" if axis == 0 else "hstack", items)


def _reaches(start: Dim, end: Dim) -> bool:
    return start != end and all(c > 0 for _, c in (end - start).terms)


def _gap(t: Tensor, axis: int, length: Dim) -> Expr:
    dims = tuple(length if i == axis else d for i, d in enumerate(t.dims))
    if dims == (ONE,):
        return build.number(0)
    return build.filled("zeros", Shape(dims))


def _block(lift: Lift, t: Tensor, axis: int, length: Dim, parts: Sequence[Part]) -> Expr:
    dims = tuple(length if i == axis else d for i, d in enumerate(t.dims))
    block = lift(add([(c, a, labels) for c, _, a, labels in parts], dims))
    if dims == (ONE,):
        return build.index(block, [build.number(0)])
    return block


def contraction(lift: Lift, t: Contract) -> Expr | None:
    """A single part in its place: an entry picked out, a short literal, or blocks of zeros around
    it."""
    if not _picks(t):
        return None
    entry = _entry(lift, t)
    if entry is not None:
        return entry
    if t.rank not in (1, 2):
        return None
    for axis in range(t.rank):
        picked = _picker(t, tuple(range(t.rank)), axis)
        if picked is not None:
            made = _stacked(lift, t, axis, [(1, *picked)])
            if made is not None:
                return made
    return None


def _entry(lift: Lift, t: Contract) -> Expr | None:
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
