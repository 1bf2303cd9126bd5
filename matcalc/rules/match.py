"""What a match has found out so far: the tensors that a pattern's variables stand for, and the
labels and dimensions that correspond.

A match grows by one agreement at a time, and each either fits what is known already, or there is no
match.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from matcalc.dims import Dim
from matcalc.tensor.canonical import contract, scaled
from matcalc.tensor.constructors import View
from matcalc.tensor.nodes import Rational, Tensor


@dataclass(frozen=True)
class Terms:
    """On what terms variables stand for things: their conditions, what is known of tensors, and
    whether all are scalars, so that each may stand for any operand of an element-wise formula."""

    conditions: Mapping[Tensor, frozenset[str]]
    known: Callable[[Tensor], frozenset[str]]
    elementwise: bool


ANYTHING: Final = Terms({}, lambda _: frozenset(), False)


@dataclass(frozen=True)
class Match:
    """What the variables stand for (a view, its labels being the subject's), and which labels
    correspond.

    hidden   Labels of the subject that belong to factors found again, which sum them: nothing else
             may carry one.
    """

    values: Mapping[Tensor, View] = field(default_factory=dict)
    labels: Mapping[int, int] = field(default_factory=dict)
    dims: Mapping[str, Dim] = field(default_factory=dict)
    terms: Terms = field(default_factory=lambda: ANYTHING)
    free: int = 0
    hidden: frozenset[int] = frozenset()

    def bound(self, variable: Tensor, view: View) -> Match | None:
        """With a variable bound, if that agrees with what it is bound to, and what is declared of
        the variable is known of it."""
        old = self.values.get(variable)
        if old is not None:
            return self if old == view else None
        if view[1] and not variable.rank and not self.terms.elementwise:
            return None
        sized = self.sized(variable, view[0]) if variable.rank else self
        if sized is None:
            return None
        wanted = self.terms.conditions.get(variable)
        if wanted and not wanted <= self.terms.known(view[0]):
            return None
        return replace(sized, values={**self.values, variable: view})

    def sized(self, pattern: Tensor, subject: Tensor) -> Match | None:
        """With the names of the pattern's dimensions standing for the subject's, in order."""
        dims = dict(self.dims)
        for d, actual in zip(pattern.dims, subject.dims, strict=True):
            if d.name is not None and dims.setdefault(d.name, actual) != actual:
                return None
        return replace(self, dims=dims)

    def rescaled(self, variable: Tensor, c: Rational) -> Match:
        """With a variable standing for c times what it stood for."""
        t, labels = self.values[variable]
        return replace(self, values={**self.values, variable: (scaled(t, c), labels)})

    def unified(self, pattern: int, subject: int) -> Match | None:
        """With a label of the pattern standing for one of the subject.

        Two axes of the pattern (labels below `free`) may meet in one: an equation of matrices is
        one of their diagonals too.
        """
        old = self.labels.get(pattern)
        if old is not None:
            return self if old == subject else None
        for other, taken in self.labels.items():
            if taken == subject and not (pattern < self.free and other < self.free):
                return None
        return replace(self, labels={**self.labels, pattern: subject})

    def aligned(self, places: Sequence[int], labels: Sequence[int]) -> Match | None:
        """With each label of the pattern standing for the one beside it."""
        joined: Match | None = self
        for place, label in zip(places, labels, strict=True):
            joined = joined.unified(place, label) if joined is not None else None
        return joined


def tidy(t: Tensor, labels: Sequence[int]) -> View:
    """A view with its labels in order and each once."""
    target = sorted(set(labels))
    return contract([(t, labels)], target), tuple(target)
