"""Block-diagonal matrices in index notation: the sum of their blocks, each put in its place."""

from __future__ import annotations

from matcalc.dims import ZERO
from matcalc.tensor.canonical import contract, scaled
from matcalc.tensor.constructors import Term, View
from matcalc.tensor.nodes import Contract, Embed, Sum, Tensor

Block = tuple[Tensor, Embed]


def diagonal_blocks(t: Sum) -> list[Block] | None:
    """The blocks along the diagonal in their order, with their places; None if they do not fill
    it."""
    if len(t.terms) < 2 or t.rank != 2 or t.dims[0] != t.dims[1]:
        return None
    at = {}
    for term in t.terms:
        found = _block(term)
        if found is None or found[1].offset in at:
            return None
        at[found[1].offset] = found
    ordered, offset = [], ZERO
    while offset in at:
        ordered.append(at.pop(offset))
        offset = offset + ordered[-1][1].dims[1]
    return ordered if not at and offset == t.dims[0] else None


def _block(term: Term) -> Block | None:
    """A term that is a block in the same place of rows and columns."""
    c, t, labels = term
    if labels != (0, 1) or not isinstance(t, Contract):
        return None
    places: dict[int, tuple[Embed, int]] = {}
    rest: list[View] = []
    for f, x in t.factors:
        if isinstance(f, Embed) and x[0] in (0, 1):
            places[x[0]] = f, x[1]
        elif set(x) & {0, 1}:
            return None
        else:
            rest.append((f, x))
    if len(places) < 2 or places[0][0] is not places[1][0]:
        return None
    place, inner = places[0][0], (places[0][1], places[1][1])
    block = contract(rest, inner, dict.fromkeys(inner, place.dims[1]))
    return scaled(block, c), place
