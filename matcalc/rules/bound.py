"""What a variable is bound to, found again among the operands of a sum or product.

A variable that occurs twice in a pattern stands for the same tensor twice: at its second place
there is nothing to match, only terms or factors to be found, and labels that were open till then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcalc.rules.match import Match
from matcalc.tensor.canonical import is_symmetric, is_zero, primitive_part, rational, transpose
from matcalc.tensor.constructors import Term, View
from matcalc.tensor.nodes import Contract, Labels, Rational, Sum, Tensor


def without_terms(
    view: View, factor: Rational, places: Labels, subjects: Sequence[Term], state: Match
) -> list[Term] | None:
    """The terms without `factor` times what a variable is bound to; None if it is not there."""
    t, labels = view
    if places:
        known = [state.labels.get(x) for x in places]
        labels = tuple(x for x in known if x is not None)
    if len(labels) != t.rank:
        return None
    parts = t.terms if isinstance(t, Sum) else ((1, t, tuple(range(t.rank))),)
    left = list(subjects)
    for c, a, axes in parts:
        term = (rational(factor * c), a, tuple(labels[x] for x in axes))
        if term not in left:
            return None
        left.remove(term)
    return left


def concrete_factors(
    value: Tensor, places: Labels, state: Match
) -> tuple[list[View], dict[int, int]] | None:
    """The factors of a bound tensor, with labels that are known (non-negative) or to be found
    (negative)."""
    if is_zero(value):
        return None
    if isinstance(value, Sum):
        content, value = primitive_part(value)
        if content != 1:
            return None
    parts = value.factors if isinstance(value, Contract) else ((value, tuple(range(value.rank))),)
    names: dict[int, int] = {}
    wanted = []
    for t, axes in parts:
        row = []
        for x in axes:
            known = state.labels.get(places[x]) if x < value.rank else None
            name = known if known is not None else -1 - x
            if known is None and x < value.rank:
                names[name] = places[x]
            row.append(name)
        wanted.append((t, tuple(row)))
    return wanted, names


def found_among(
    wanted: list[View],
    names: dict[int, int],
    subjects: Sequence[View],
    state: Match,
    summed: frozenset[int] = frozenset(),
) -> Iterator[tuple[Match, list[View]]]:
    """Concrete factors among the subjects; labels to be found become known, and `summed` are those
    found so far of indices that the factors sum among themselves."""
    if not wanted:
        if not summed & {x for _, labels in subjects for x in labels}:
            yield replace(state, hidden=state.hidden | summed), list(subjects)
        return
    t, row = wanted[0]
    for i, (u, labels) in enumerate(subjects):
        for v, turned in _orientations(u, labels):
            if v is not t:
                continue
            renamed = _renamed(row, turned)
            if renamed is None:
                continue
            after: Match | None = state
            for name, label in renamed.items():
                if name in names and after is not None:
                    after = after.unified(names[name], label)
            if after is not None:
                rest = [(a, tuple(renamed.get(x, x) for x in y)) for a, y in wanted[1:]]
                others = [*subjects[:i], *subjects[i + 1 :]]
                inner = summed | {y for x, y in renamed.items() if x not in names}
                yield from found_among(rest, names, others, after, inner)


def _orientations(u: Tensor, labels: Labels) -> list[View]:
    if len(labels) != 2:
        return [(u, labels)]
    return [(u, labels), (u if is_symmetric(u) else transpose(u), labels[::-1])]


def _renamed(row: Labels, labels: Labels) -> dict[int, int] | None:
    """What the labels to be found stand for, if the known ones agree."""
    renamed: dict[int, int] = {}
    for x, label in zip(row, labels, strict=True):
        if label != (x if x >= 0 else renamed.setdefault(x, label)):
            return None
    return renamed
