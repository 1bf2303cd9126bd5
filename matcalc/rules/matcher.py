"""Matching a pattern, the left side of an identity in index notation, against tensors.

A pattern's variables are atoms.  In a pattern of scalars each stands for any element-wise operand
(a view); a vector or matrix variable stands for any tensor of that rank, and a scalar beside it for
a scalar.  What is declared of a variable must be known of what it stands for.  Inside a contraction
or a sum a pattern may match some of the operands: order and grouping do not matter, and a summed
index of the pattern must be summed there and used nowhere else.  Where a pattern is to match a
whole product or sum, one variable may stand for all that the others leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from typing import Final

from matcalc.rules.bound import concrete_factors, found_among, without_terms
from matcalc.rules.match import Match, tidy
from matcalc.rules.scalars import free_scalar, scaled_variable, split_scalar
from matcalc.tensor.canonical import (
    UNIT,
    add,
    as_constant,
    contract,
    rational,
    scaled,
    transpose,
)
from matcalc.tensor.constructors import Term, View
from matcalc.tensor.nodes import (
    Atom,
    Contract,
    Delta,
    Group,
    Labels,
    Map,
    Mask,
    Opaque,
    Rational,
    Sum,
    Tensor,
)
from matcalc.tensor.traits import linear_arguments, turned_order


def matches(
    pattern: Tensor, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    """The ways in which a view of a pattern is a view of a subject."""
    match pattern:
        case Atom():
            yield from _variable(pattern, places, subject, labels, state)
        case Map(fn=fn, args=args):
            if isinstance(subject, Map) and subject.fn == fn and len(args) == len(subject.args):
                parts = [(a, tuple(labels[x] for x in axes)) for a, axes in subject.args]
                inner = [(a, tuple(places[x] for x in axes)) for a, axes in args]
                yield from _all(inner, parts, state)
        case Opaque():
            yield from _opaque(pattern, places, subject, labels, state)
        case Sum():
            yield from _sum(pattern, places, subject, labels, state)
        case Delta():
            yield from _delta(pattern, places, subject, labels, state)
        case Group(arg=arg, sizes=sizes):
            if (
                isinstance(subject, Group)
                and subject.sizes == sizes
                and len(set(labels)) == len(labels)
            ):
                aligned = state.aligned(places, labels)
                if aligned is not None:
                    yield from _whole_args((arg,), (subject.arg,), aligned)
        case Mask(offset=offset):
            same = isinstance(subject, Mask) and subject.offset == offset
            aligned = state.aligned(places, labels) if same else None
            if aligned is not None:
                yield aligned
        case Contract():
            yield from _product(pattern, places, subject, labels, state)
        case _:
            if pattern is subject and not labels:
                yield state


def _all(patterns: Sequence[View], subjects: Sequence[View], state: Match) -> Iterator[Match]:
    """All operands in order."""
    if not patterns:
        yield state
        return
    for after in matches(*patterns[0], *subjects[0], state):
        yield from _all(patterns[1:], subjects[1:], after)


def _variable(
    pattern: Tensor, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    if not pattern.rank:
        after = state.bound(pattern, tidy(subject, labels))
        if after is not None:
            yield after
        return
    if len(labels) != pattern.rank:
        return
    if len(set(labels)) != pattern.rank:  # a diagonal is one of a diagonal
        same = state.aligned(places, labels) if len(set(places)) == len(set(labels)) else None
        whole = tuple(range(subject.rank))
        after = same.bound(pattern, (subject, whole)) if same is not None else None
        if after is not None:
            yield after
        return
    known = [state.labels.get(x) for x in places]
    rest = [x for x in labels if x not in known]
    if len(rest) != known.count(None):  # what is known of an axis is another one's
        return
    for way in permutations(rest) if len(rest) <= 2 else [rest]:
        open_labels = iter(way)
        target = [next(open_labels) if x is None else x for x in known]
        after = state.aligned(places, target)
        if after is not None:
            value = contract([(subject, labels)], target)
            bound = after.bound(pattern, (value, tuple(range(value.rank))))
            if bound is not None:
                yield bound


def _delta(
    pattern: Delta, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    if isinstance(subject, Delta):
        aligned = state.aligned(places, labels)
        dim, wanted = subject.dims[0], pattern.dims[0]
        if aligned is None:
            return
        if wanted.name is None:
            if wanted == dim:
                yield aligned
        elif aligned.dims.get(wanted.name, dim) == dim:
            yield replace(aligned, dims={**aligned.dims, wanted.name: dim})


def _opaque(
    pattern: Opaque, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    if (
        not isinstance(subject, Opaque)
        or subject.fn != pattern.fn
        or len(subject.args) != len(pattern.args)
    ):
        return
    if subject.batch != pattern.batch:
        return
    turned = [(subject.args, labels)]
    order = turned_order(subject.fn)
    if order is not None and len(labels) == 2 and not subject.batch:
        turned.append((tuple(transpose(subject.args[i]) for i in order), labels[::-1]))
    exchanged = len(linear_arguments(subject.fn)) > 1
    for args, outer in turned:
        after = state.aligned(places, outer)
        if after is not None:
            yield from _whole_args(pattern.args, args, after)
            if exchanged:
                yield from _whole_args(pattern.args, (args[0], *args[:0:-1]), after)


def _whole_args(
    patterns: Sequence[Tensor], subjects: Sequence[Tensor], state: Match
) -> Iterator[Match]:
    """Arguments that are whole tensors: their labels are their own."""
    if not patterns:
        yield state
        return
    pattern, subject = patterns[0], subjects[0]
    if pattern.rank != subject.rank:
        return
    own = tuple(range(pattern.rank))
    inside = replace(state, labels={x: x for x in own}, free=0)
    for after in matches(pattern, own, subject, own, inside):
        outside = replace(after, labels=state.labels, free=state.free)
        yield from _whole_args(patterns[1:], subjects[1:], outside)


def _sum(
    pattern: Sum, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    value = as_constant(pattern)
    if value is not None:
        if as_constant(subject) == value:
            after = state.sized(pattern, subject) if pattern.rank == subject.rank else None
            if after is not None or not pattern.rank:
                yield after or state
        return
    if len(pattern.terms) == 1 and isinstance(pattern.terms[0][1], Atom) and not pattern.rank:
        negative = isinstance(subject, Sum) and any(c < 0 for c, _, _ in subject.terms)
        if pattern.terms[0][0] < 0 and not negative and pattern.terms[0][1] not in state.values:
            return
        inverse = rational(1 / Fraction(pattern.terms[0][0]))  # c x is anything: x is that over c
        yield from matches(pattern.terms[0][1], (), scaled(subject, inverse), labels, state)
        return
    if not isinstance(subject, Sum):
        return
    ours = [(c, t, tuple(places[x] for x in axes)) for c, t, axes in pattern.terms]
    yours = [(c, t, tuple(labels[x] for x in axes)) for c, t, axes in subject.terms]
    if len(ours) == len(yours):
        for after, _, _ in terms(ours, yours, state):
            yield after
    elif len(ours) < len(yours):
        for taker in ours:
            if isinstance(taker[1], Atom):
                yield from _remaining_terms(taker, ours, yours, subject, labels, state)


def _remaining_terms(
    taker: Term, ours: list[Term], yours: list[Term], subject: Sum, labels: Labels, state: Match
) -> Iterator[Match]:
    """One variable of a sum stands for all the terms that the others leave."""
    c, variable, places = taker
    dims = dict(zip(labels, subject.dims, strict=True))
    others = [term for term in ours if term is not taker]
    for after, left, _ in terms(others, yours, state):
        carried = sorted({x for _, _, axes in left for x in axes})
        inner = {x: i for i, x in enumerate(carried)}
        rest = [
            (rational(Fraction(d) / Fraction(c)), t, tuple(inner[x] for x in axes))
            for d, t, axes in left
        ]
        value = add(rest, tuple(dims[x] for x in carried))
        yield from matches(variable, places, value, tuple(carried), after)


def terms(
    patterns: Sequence[Term], subjects: Sequence[Term], state: Match, ratio: Rational | None = 1
) -> Iterator[tuple[Match, list[Term], Rational]]:
    """The ways in which some of the terms are those of a pattern, with the terms that are left.

    Coefficients are those of the pattern times `ratio`, which comes back; None lets the first tell
    it.
    Variables alone come last: they are bound by then, and may be several terms.
    """
    if not patterns:
        yield state, list(subjects), 1 if ratio is None else ratio
        return
    ordered = sorted(patterns, key=lambda term: isinstance(term[1], Atom))
    c, pattern, places = ordered[0]
    if isinstance(pattern, Atom) and pattern in state.values and ratio is not None:
        left = without_terms(state.values[pattern], rational(c * ratio), places, subjects, state)
        if left is not None:
            yield from terms(ordered[1:], left, state, ratio)
        return
    free = free_scalar(pattern, state)
    for i, (d, u, labels) in enumerate(subjects):
        each = rational(Fraction(d) / Fraction(c))
        wanted = (1 if free is not None else each) if ratio is None else ratio
        if each != wanted and free is None:
            continue
        for after in matches(pattern, places, u, labels, state):
            if free is not None:  # c x y is anything times y: x takes in the c
                after = after.rescaled(free, rational(Fraction(each) / Fraction(wanted)))
            yield from terms(ordered[1:], [*subjects[:i], *subjects[i + 1 :]], after, wanted)


def _product(
    pattern: Contract, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    """A product that is a whole operand: a scalar variable takes all scalars, or factor by
    factor."""
    scalar = scaled_variable(pattern)
    if scalar is not None:
        factor, rest = split_scalar(subject)
        if factor is not UNIT:
            after = state.bound(scalar[0], (factor, ()))
            if after is not None:
                yield from matches(scalar[1], places, rest, labels, after)
        return
    if not isinstance(subject, Contract) or len(subject.factors) < len(pattern.factors):
        return
    yours = _apart(subject, labels, INNER)
    mine = _apart(pattern, places, 2 * INNER)
    if len(mine) == len(yours):
        for after, left in factors(mine, yours, state):
            if not left and _apart_still(after, state, labels):
                yield after
        return
    for taker in mine:
        if isinstance(taker[0], Atom):
            for after in _remaining_factors(taker, mine, yours, labels, state):
                if _apart_still(after, state, labels):
                    yield after


INNER: Final = 1000
"""Summed labels of a product that is an operand begin here, those of a pattern at twice this."""


def _apart_still(after: Match, before: Match, labels: Labels) -> bool:
    """Whether axes stand for axes and summed labels for summed ones; what a scalar stands for has
    no label that the product sums, and what is summed out of sight is no axis."""
    inner = _first_inner(INNER, labels)
    hidden = after.hidden - before.hidden
    if any(x < inner for x in hidden) or hidden & set(after.labels.values()):
        return False
    if any(x >= inner for _, own in after.values.values() for x in own):
        return False
    return all((y >= INNER) == (x >= 2 * INNER) for x, y in after.labels.items())


def _remaining_factors(
    taker: View,
    mine: list[View],
    yours: list[View],
    labels: Labels,
    state: Match,
) -> Iterator[Match]:
    """One variable of a product stands for all the factors that the others leave."""
    variable, places = taker
    for after, left in factors([view for view in mine if view is not taker], yours, state):
        used = set(after.labels.values()) | set(labels)
        carried = {x for _, axes in left for x in axes}
        if not carried & after.hidden:
            axes = sorted(carried & used)
            yield from matches(variable, places, contract(left, axes), tuple(axes), after)


def _apart(t: Contract, labels: Labels, fresh: int) -> list[View]:
    """The factors of a contraction with its axes at labels and its summed labels out of the way,
    also of those of a product around it."""
    fresh = _first_inner(fresh, labels)
    return [
        (f, tuple(labels[x] if x < t.rank else fresh + x for x in axes)) for f, axes in t.factors
    ]


def _first_inner(fresh: int, labels: Labels) -> int:
    """Where the summed labels of a product with its axes at labels begin."""
    return fresh * (1 + max(labels, default=0) // fresh)


def factors(
    patterns: Sequence[View], subjects: Sequence[View], state: Match
) -> Iterator[tuple[Match, list[View]]]:
    """The ways in which some of the factors are those of a pattern, with the factors that are left.

    Factors of the pattern that are bare variables come last: they are bound by then.
    """
    if not patterns:
        yield state, list(subjects)
        return
    ordered = sorted(patterns, key=lambda view: isinstance(view[0], Atom))
    pattern, places = ordered[0]
    for i, (t, labels) in enumerate(subjects):
        if isinstance(pattern, Atom) and pattern.rank and pattern in state.values:
            break
        for after in matches(pattern, places, t, labels, state):
            yield from factors(ordered[1:], [*subjects[:i], *subjects[i + 1 :]], after)
    else:
        return
    value = state.values[pattern][0]
    wanted = concrete_factors(value, places, state)
    if wanted is not None:
        for after, left in found_among(*wanted, subjects, state):
            yield from factors(ordered[1:], left, after)
