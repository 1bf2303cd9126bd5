"""Under an indicator the other factors may assume what it says: [z > 0] max(0, z) is [z > 0] z.

Where the indicator is 0 they are anything that has a value: log(max(1, z)) has one, log(z) perhaps
has none, and 0 times that is no number.  So functions that are not defined everywhere, those with a
domain in the rule book, stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.rules.book import RuleBook
from matcalc.tensor.canonical import as_constant, constant, contract
from matcalc.tensor.nodes import Contract, Labels, Map, Sum, Tensor
from matcalc.tensor.substitute import with_operands

View = tuple[Tensor, Labels]


def _is_total(t: Map, book: RuleBook) -> bool:
    """Whether an element-wise function has a value wherever its arguments have one."""
    if t.fn == "pow":
        exponent = as_constant(t.args[1][0])
        return isinstance(exponent, int) and exponent >= 0
    return not isinstance(t.fn, str) or "domain" not in book.entry(t.fn, len(t.args)).fields


def under_indicators(t: Tensor, book: RuleBook) -> Tensor:
    """A contraction with the consequences of its indicators drawn in its other factors."""
    if not isinstance(t, Contract):
        return t
    for i, (f, labels) in enumerate(t.factors):
        if not isinstance(f, Map) or f.fn not in ("gt", "ge"):
            continue
        for j, (u, places) in enumerate(t.factors):
            if i == j or not set(labels) <= set(places) or not isinstance(u, Sum | Map):
                continue
            new = assuming(u, places, f, labels, book)
            if new is not u:
                factors = [*t.factors[:j], (new, places), *t.factors[j + 1 :]]
                return contract(factors, range(t.rank), dict(enumerate(t.dims)))
    return t


def assuming(u: Tensor, places: Labels, indicator: Map, labels: Labels, book: RuleBook) -> Tensor:
    """u, whose axes are at places, with what follows from an indicator whose axes are at labels."""
    axis = {label: i for i, label in enumerate(places)}
    larger, smaller = (_moved(view, [axis[x] for x in labels]) for view in indicator.args)
    given = _Assuming(larger, smaller, indicator.fn == "gt", book)
    return given.along(u, tuple(range(u.rank)))


def _moved(view: View, place: Sequence[int]) -> View:
    t, labels = view
    return t, tuple(place[x] for x in labels)


class _Assuming:
    """Replaces what an indicator `larger > smaller` decides, element by element."""

    def __init__(self, larger: View, smaller: View, strict: bool, book: RuleBook) -> None:
        self.larger, self.smaller, self.strict, self.book = larger, smaller, strict, book

    def along(self, t: Tensor, axes: Labels) -> Tensor:
        """t, whose axes are the elements' axes `axes`; only element-wise operations are entered."""
        if isinstance(t, Map):
            decided = self.decided(t, axes)
            if decided is not None:
                return decided
            return self.inside(t, t.args, axes) if _is_total(t, self.book) else t
        if isinstance(t, Sum):
            return self.inside(t, [(a, labels) for _, a, labels in t.terms], axes)
        if isinstance(t, Contract) and all(x < t.rank for _, labels in t.factors for x in labels):
            return self.inside(t, t.factors, axes)
        return t

    def inside(self, t: Map | Sum | Contract, views: Sequence[View], axes: Labels) -> Tensor:
        """An element-wise operation with its operands seen under the indicator."""
        new = [self.along(a, tuple(axes[i] for i in labels)) for a, labels in views]
        return (
            t
            if all(n is a for n, (a, _) in zip(new, views, strict=True))
            else with_operands(t, new)
        )

    def decided(self, t: Map, axes: Labels) -> Tensor | None:
        views = [(a, tuple(axes[i] for i in labels)) for a, labels in t.args]
        whole = range(t.rank)
        everything = dict(enumerate(t.dims))

        def chosen(i: int) -> Tensor:
            return contract([t.args[i]], whole, everything)

        falls = self.falls(views)
        if t.fn in ("max", "min") and falls is not None:
            return chosen(0 if falls == (t.fn == "max") else 1)
        if t.fn in ("gt", "ge") and falls is not None:
            known = "ge" if falls else "gt"  # what holds for equal ones too
            if self.strict or t.fn == known:
                return constant(int(falls), t.dims)
        if t.fn == "relu" and views[0] == self.larger and as_constant(self.smaller[0]) == 0:
            return chosen(0)
        if t.fn == "relu" and views[0] == self.smaller and as_constant(self.larger[0]) == 0:
            return constant(0, t.dims)
        return None

    def falls(self, views: list[View]) -> bool | None:
        """Whether the first of two is the larger one, or the smaller one; None if that is not
        said."""
        if views == [self.larger, self.smaller]:
            return True
        return False if views == [self.smaller, self.larger] else None
