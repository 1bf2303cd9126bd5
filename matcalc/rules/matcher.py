"""Matching a pattern, the left side of an identity in index notation, against tensors.

A pattern's variables are atoms.  A scalar variable stands for any element-wise operand (a view), a
vector or matrix variable for any tensor of that rank.  Inside a contraction a pattern may match
some of the factors: order and grouping do not matter, and a summed index of the pattern must be
summed there and used nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from matcalc.dims import Dim
from matcalc.tensor.canonical import (
    UNIT,
    as_constant,
    constant,
    contract,
    is_symmetric,
    primitive_part,
    rational,
    scaled,
    transpose,
)
from matcalc.tensor.constructors import Term, View
from matcalc.tensor.nodes import Atom, Contract, Delta, Labels, Map, Opaque, Sum, Tensor
from matcalc.tensor.traits import commutes_with_transpose


@dataclass(frozen=True)
class Match:
    """What the variables stand for (a view, its labels being the subject's), and which labels
    correspond."""

    values: Mapping[Tensor, View] = field(default_factory=dict)
    labels: Mapping[int, int] = field(default_factory=dict)
    dims: Mapping[str, Dim] = field(default_factory=dict)

    def bound(self, variable: Tensor, view: View) -> Match | None:
        """With a variable bound, if that agrees with what it is bound to."""
        old = self.values.get(variable)
        if old is not None:
            return self if old == view else None
        dims = dict(self.dims)
        if variable.rank:
            for d, actual in zip(variable.dims, view[0].dims, strict=True):
                if d.name is not None and dims.setdefault(d.name, actual) != actual:
                    return None
        return replace(self, values={**self.values, variable: view}, dims=dims)

    def unified(self, pattern: int, subject: int) -> Match | None:
        """With a label of the pattern standing for one of the subject."""
        old = self.labels.get(pattern)
        if old is not None:
            return self if old == subject else None
        if subject in self.labels.values():
            return None
        return replace(self, labels={**self.labels, pattern: subject})


def tidy(t: Tensor, labels: Sequence[int]) -> View:
    """A view with its labels in order and each once."""
    target = sorted(set(labels))
    return contract([(t, labels)], target), tuple(target)


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
        case Contract():
            if subject is UNIT and pattern is UNIT:
                yield state
            else:
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
    if len(set(labels)) != pattern.rank or len(labels) != pattern.rank:
        return
    known = [state.labels.get(x) for x in places]
    rest = [x for x in labels if x not in known]
    if any(x is not None and x not in labels for x in known):
        return
    target = [rest.pop(0) if x is None else x for x in known]
    joined: Match | None = state
    for place, label in zip(places, target, strict=True):
        joined = joined.unified(place, label) if joined is not None else None
    if joined is not None:
        value = contract([(subject, labels)], target)
        after = joined.bound(pattern, (value, tuple(range(value.rank))))
        if after is not None:
            yield after


def _delta(
    pattern: Delta, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    if isinstance(subject, Delta):
        first = state.unified(places[0], labels[0])
        second = first.unified(places[1], labels[1]) if first is not None else None
        name = pattern.dims[0].name
        if second is not None and (
            name is None or second.dims.get(name, subject.dims[0]) == subject.dims[0]
        ):
            yield (
                second
                if name is None
                else replace(second, dims={**second.dims, name: subject.dims[0]})
            )


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
    if commutes_with_transpose(subject.fn) and len(labels) == 2:
        turned.append(((transpose(subject.args[0]),), labels[::-1]))
    for args, outer in turned:
        after: Match | None = state
        for place, label in zip(places, outer, strict=True):
            after = after.unified(place, label) if after is not None else None
        if after is not None:
            yield from _whole_args(pattern.args, args, after)


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
    for after in matches(pattern, own, subject, own, replace(state, labels={})):
        yield from _whole_args(patterns[1:], subjects[1:], replace(after, labels=state.labels))


def _sum(
    pattern: Sum, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    value = as_constant(pattern)
    if value is not None:
        if as_constant(subject) == value:
            yield state
        return
    if len(pattern.terms) == 1 and isinstance(pattern.terms[0][1], Atom) and not pattern.rank:
        inverse = rational(1 / Fraction(pattern.terms[0][0]))  # c x is anything: x is that over c
        yield from matches(pattern.terms[0][1], (), scaled(subject, inverse), labels, state)
        return
    if isinstance(subject, Sum) and len(subject.terms) == len(pattern.terms):
        yield from _terms(list(pattern.terms), list(subject.terms), places, labels, state)


def _terms(
    patterns: list[Term], subjects: list[Term], places: Labels, labels: Labels, state: Match
) -> Iterator[Match]:
    if not patterns:
        yield state
        return
    c, t, axes = patterns[0]
    for i, (d, u, other) in enumerate(subjects):
        if c == d:
            mine, yours = tuple(places[x] for x in axes), tuple(labels[x] for x in other)
            for after in matches(t, mine, u, yours, state):
                yield from _terms(
                    patterns[1:], subjects[:i] + subjects[i + 1 :], places, labels, after
                )


def _product(
    pattern: Contract, places: Labels, subject: Tensor, labels: Labels, state: Match
) -> Iterator[Match]:
    """A product that is a whole operand: a scalar variable takes all scalars, or factor by
    factor."""
    scalar = _scaled_variable(pattern)
    if scalar is not None:
        factor, rest = split_scalar(subject)
        if factor is not UNIT:
            after = state.bound(scalar[0], (factor, ()))
            if after is not None:
                yield from matches(scalar[1], places, rest, labels, after)
        return
    if isinstance(subject, Contract) and len(subject.factors) == len(pattern.factors):
        shifted = _apart(subject, labels, 1000 + max(labels, default=0))
        mine = _apart(pattern, places, 2000 + max(places, default=0))
        for after, left in factors(mine, shifted, state):
            if not left:
                yield after


def _apart(t: Contract, labels: Labels, fresh: int) -> list[View]:
    """The factors of a contraction with its axes at labels and its summed labels out of the way."""
    return [
        (f, tuple(labels[x] if x < t.rank else fresh + x for x in axes)) for f, axes in t.factors
    ]


def _scaled_variable(pattern: Contract) -> tuple[Tensor, Tensor] | None:
    """(s, A) of a pattern s A."""
    scalars = [f for f, axes in pattern.factors if not axes and isinstance(f, Atom)]
    others = [
        f
        for f, axes in pattern.factors
        if axes == tuple(range(pattern.rank)) and isinstance(f, Atom)
    ]
    if pattern.rank and len(scalars) == len(others) == 1 and len(pattern.factors) == 2:
        return scalars[0], others[0]
    return None


def split_scalar(t: Tensor) -> tuple[Tensor, Tensor]:
    """The scalar factors of a tensor, as one tensor, and the rest."""
    coefficient = constant(1)
    if isinstance(t, Sum) and t.terms:
        c, inner = (t.terms[0][0], None) if len(t.terms) == 1 else primitive_part(t)
        coefficient = constant(c)
        t = (
            contract([t.terms[0][1:]], range(t.rank), dict(enumerate(t.dims)))
            if inner is None
            else inner
        )
    if isinstance(t, Contract):
        scalars = [f for f in t.factors if not f[1]]
        others = [f for f in t.factors if f[1]]
        if scalars and others:
            rest = contract(others, range(t.rank), dict(enumerate(t.dims)))
            return contract([*scalars, (coefficient, ())], ()), rest
    return coefficient, t


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
    concrete = _concrete(value, places, state)
    if concrete is not None:
        for after, left in _found(*concrete, subjects, state):
            yield from factors(ordered[1:], left, after)


def _concrete(
    value: Tensor, places: Labels, state: Match
) -> tuple[list[View], dict[int, int]] | None:
    """The factors of a bound tensor, with labels that are known (non-negative) or to be found
    (negative)."""
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


def _found(
    wanted: list[View], names: dict[int, int], subjects: Sequence[View], state: Match
) -> Iterator[tuple[Match, list[View]]]:
    """Concrete factors among the subjects; labels to be found become known."""
    if not wanted:
        yield state, list(subjects)
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
                yield from _found(rest, names, [*subjects[:i], *subjects[i + 1 :]], after)


def _orientations(u: Tensor, labels: Labels) -> list[View]:
    if len(labels) != 2:
        return [(u, labels)]
    return [(u, labels), (u if is_symmetric(u) else transpose(u), labels[::-1])]


def _renamed(row: Labels, labels: Labels) -> dict[int, int] | None:
    """What the labels to be found stand for, if the known ones agree."""
    renamed: dict[int, int] = {}
    for x, label in zip(row, labels, strict=True):
        if (x >= 0 and x != label) or (x < 0 and renamed.setdefault(x, label) != label):
            return None
    return renamed
