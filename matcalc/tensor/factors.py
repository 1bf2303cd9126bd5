"""The factors of a contraction while it is built: operands are taken in part by part, deltas used
up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from matcalc.dims import Dim, named
from matcalc.tensor.constructors import Constructors, View
from matcalc.tensor.leaves import primitive_part, rational, size
from matcalc.tensor.nodes import Contract, Delta, Labels, Rational, Sum, Tensor, Value

FLAT: Final = 32
"""Contractions in a contraction are flattened up to so many factors, so that sharing is kept."""


class Factors:
    """Factors, the deltas among their labels, a coefficient, and the dimension of each label.

    `make` are the constructors that the rewrites of `reductions` need.
    """

    def __init__(
        self, make: Constructors, count: int, dims: dict[int, Dim], coefficient: Rational
    ) -> None:
        self.make = make
        self.count = count
        self.dim = dims
        self.coefficient = coefficient
        self.deltas: list[tuple[int, int]] = []
        self.views: list[View] = []
        self._alias: dict[int, int] = {}

    def fresh(self) -> int:
        """A label that nothing carries yet."""
        self.count += 1
        return self.count - 1

    def find(self, label: int) -> int:
        """The label that a label has become."""
        while label in self._alias:
            label = self._alias[label]
        return label

    def push(self, t: Tensor, labels: Labels) -> None:
        """Take in an operand; multiples lose their number, a contraction stays whole, the number of
        entries of a matrix is m times n."""
        for label, dim in zip(labels, t.dims, strict=True):
            self.dim.setdefault(label, dim)
        if isinstance(t, Contract) and len(t.factors) < 2 and _opens(t):
            self._open(t, labels)
        elif isinstance(t, Sum):
            if len(t.terms) > 1:
                self._push_sum(t, labels)
            elif not t.terms:
                self.coefficient = 0
            else:
                c, single, axes = t.terms[0]
                self.coefficient = rational(self.coefficient * c)
                self.push(single, tuple([labels[i] for i in axes]))
        elif isinstance(t, Delta):
            self.deltas.append((labels[0], labels[1]))
        elif isinstance(t, Value) and isinstance(t.what, Dim) and (names := t.what.factors):
            self.views += [(size(named(name)), ()) for name in names]
        else:
            self.views.append((t, labels))

    def flatten(self) -> None:
        """Replace contractions by their factors: all of them, or none where they are too long
        together, so that what is shared stays shared.  One that is alone says nothing by itself."""
        while True:
            views = self.views
            products = [t for t, _ in views if isinstance(t, Contract) and _opens(t)]
            length = len(views) + sum(len(t.factors) - 1 for t in products)
            if not products or (length > FLAT and len(views) > 1):
                return
            self.views = []
            for t, labels in views:
                if isinstance(t, Contract) and _opens(t):
                    self._open(t, labels)
                else:
                    self.views.append((t, labels))

    def _open(self, t: Contract, labels: Labels) -> None:
        """Take in the factors of a contraction, its summed labels as new ones."""
        inner = list(labels)
        highest = max((x for _, axes in t.factors for x in axes), default=-1)
        inner.extend(self.fresh() for _ in range(highest + 1 - t.rank))
        for f, axes in t.factors:
            self.push(f, tuple([inner[i] for i in axes]))

    def _push_sum(self, t: Sum, labels: Labels) -> None:
        content, primitive = primitive_part(t)
        if content != 1:
            self.coefficient = rational(self.coefficient * content)
        self.views.append((primitive, labels))

    def drop(self, places: Iterable[int]) -> None:
        """Leave out the factors at these places."""
        gone = set(places)
        self.views = [view for place, view in enumerate(self.views) if place not in gone]

    def use_up(self, labels: Iterable[int]) -> None:
        """These summed labels are summed now."""
        gone = {self.find(x) for x in labels}
        self.dim = {x: d for x, d in self.dim.items() if self.find(x) not in gone}

    def touching(self, label: int) -> list[int]:
        """The places of the factors that carry a label."""
        return [i for i, (_, labels) in enumerate(self.views) if label in labels]

    def unite(self, out: Sequence[int]) -> None:
        """Use up the deltas: two labels that one joins are one, unless both are axes of the
        result."""
        if not self.deltas and not self._alias:
            return
        kept: list[tuple[int, int]] = []
        position = {label: i for i, label in enumerate(out)}
        for a, b in self.deltas:
            a, b = self.find(a), self.find(b)
            if a == b:
                continue
            if a in position and b in position:
                kept.append((a, b) if position[a] < position[b] else (b, a))
            else:
                gone, stays = (a, b) if b in position else (b, a)
                self._alias[gone] = stays
        joined: dict[int, int] = {}
        self.deltas = []
        for a, b in kept:  # the other factors use the first of two joined axes
            a = joined.get(a, a)
            if joined.get(b, b) != a:
                joined[b] = a
                self.deltas.append((a, b))
        if self._alias or joined:
            for i, (t, labels) in enumerate(self.views):
                found = [self.find(x) for x in labels]
                self.views[i] = (t, tuple([joined.get(x, x) for x in found]))


def _opens(t: Contract) -> bool:
    """Whether a factor is but a part of the product; a connected scalar is not, so that its powers
    collect."""
    return bool(t.rank) or not any(axes for _, axes in t.factors)
