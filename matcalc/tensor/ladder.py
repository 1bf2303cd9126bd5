"""A tensor between two pairs of axes as a product of Kronecker products and diagonal matrices.

A derivative of a matrix by a matrix has four axes: the columns and the rows of the result, and
the columns and the rows of the variable.  Drawn as a graph, its column axes are the ends of one
rail and its row axes the ends of another.  What lies along the rails is a Kronecker product A ⊗ B;
a matrix P between the rails, a rung, is diag(vec(P)); four axes at once are a matrix between two
vec().  So

    Σ_q V[q,j] P[i,q] K[q,l] δ[i,k]   is   (V' ⊗ eye(n)) diag(vec(P)) (K ⊗ eye(n)).

Magnus & Neudecker, Matrix Differential Calculus, sec. 2.4 and 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product as choices
from typing import TYPE_CHECKING, Final

from matcalc.dims import Dim
from matcalc.expr import build
from matcalc.expr.nodes import Call, Expr, Shape
from matcalc.expr.writing import cost, product, transposed
from matcalc.tensor.canonical import contract, group
from matcalc.tensor.constructors import View
from matcalc.tensor.nodes import Split, Sum

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift

Pair = tuple[int | None, int | None]
"""The labels of the slow and the fast axis at a place of the ladder; None where there is none."""

INNER: Final = 4
"""At most so many summed labels with more than two factors are given to one rail or the other."""


def ladder(
    lift: Lift, views: Sequence[View], ends: tuple[Pair, Pair], dims: Mapping[int, Dim]
) -> Expr | None:
    """The views, between the ends, as a product of matrices; None if they are no ladder."""
    free = {x for pair in ends for x in pair if x is not None}
    views = reduced(views, free, dims)
    if any(len(labels) not in (1, 2, 4) or len(set(labels)) < len(labels) for _, labels in views):
        return None
    inner = sorted({x for _, labels in views for x in labels} - free)
    if len(inner) > INNER:
        return None
    slow = {x: 0 for x in (ends[0][0], ends[1][0]) if x is not None}
    fast = {x: 1 for x in (ends[0][1], ends[1][1]) if x is not None}
    best: Expr | None = None
    for sides in choices((0, 1), repeat=len(inner)):
        made = _Walk(lift, views, ends, slow | fast | dict(zip(inner, sides, strict=True)), dims)()
        if made is not None and (best is None or cost(made) < cost(best)):
            best = made
    return best


def reduced(views: Sequence[View], free: set[int], dims: Mapping[int, Dim]) -> list[View]:
    """The views with every chain of matrices made one, and all on one pair of labels too."""
    views = list(views)
    while True:
        found = _series(views, free) or _parallel(views)
        if found is None:
            return views
        members, out = found
        made = contract([views[i] for i in members], out, dims)
        views = [view for i, view in enumerate(views) if i not in members] + [(made, out)]


def _series(views: list[View], free: set[int]) -> tuple[list[int], tuple[int, ...]] | None:
    """A summed label that only vectors and at most two matrices carry."""
    for label in sorted({x for _, labels in views for x in labels} - free):
        touching = [i for i, (_, labels) in enumerate(views) if label in labels]
        out = tuple(dict.fromkeys(x for i in touching for x in views[i][1] if x != label))
        if len(out) <= 2 and all(len(views[i][1]) <= 2 for i in touching):
            return touching, out
    return None


def _parallel(views: list[View]) -> tuple[list[int], tuple[int, ...]] | None:
    """Several factors on the same labels."""
    where: dict[frozenset[int], list[int]] = {}
    for i, (_, labels) in enumerate(views):
        if len(set(labels)) <= 2:
            where.setdefault(frozenset(labels), []).append(i)
    for place, members in where.items():
        if len(members) > 1 or len(views[members[0]][1]) > len(place):
            return members, tuple(sorted(place))
    return None


class _Walk:
    """One way from the rows to the columns, with every label given to a rail."""

    def __init__(
        self,
        lift: Lift,
        views: Sequence[View],
        ends: tuple[Pair, Pair],
        side: Mapping[int, int],
        dims: Mapping[int, Dim],
    ) -> None:
        self.lift, self.dims, self.ends = lift, dims, ends
        self.at: list[int | None] = list(ends[0])
        self.since: list[int | None] = list(ends[0])
        self.passed: tuple[list[View], list[View]] = ([], [])
        self.made: list[Expr] = []
        self.vectors = [view for view in views if len(view[1]) == 1]
        self.whole = [view for view in views if len(view[1]) == 4]
        matrices = [view for view in views if len(view[1]) == 2]
        self.rungs = [v for v in matrices if side[v[1][0]] != side[v[1][1]]]
        self.rails = [v for v in matrices if side[v[1][0]] == side[v[1][1]]]
        self.side = side
        self.seen: set[int] = set()
        self.lost = False

    def __call__(self) -> Expr | None:
        """The product of what is met on the way; None if the way does not meet everything."""
        self.arrive(0)
        self.arrive(1)
        while not self.finished():
            if self.lost or not (self.rung() or self.leap() or self.step(0) or self.step(1)):
                return None
        if self.lost:
            return None
        self.flush()
        return product(self.made)

    def finished(self) -> bool:
        left = self.vectors or self.whole or self.rungs or self.rails
        return not left and tuple(self.at) == self.ends[1]

    def arrive(self, side: int) -> None:
        """The vectors on the place that a rail has come to are passed; a place that the way has
        left it does not come back to."""
        label = self.at[side]
        self.lost = self.lost or label in self.seen
        if label is not None:
            self.seen.add(label)
        here = [view for view in self.vectors if view[1] == (label,)]
        self.vectors = [view for view in self.vectors if view not in here]
        self.passed[side].extend(here)

    def flush(self) -> None:
        """What was passed since the last rung is a Kronecker product."""
        before, (slow, fast) = self.since, self.at
        left = self.segment(0, before[0], slow)
        right = self.segment(1, before[1], fast)
        if left is None or right is None:
            sides = [part for part in (left, right) if part is not None]
            self.made.extend(sides)
        elif not (is_identity(left) and is_identity(right)):
            self.made.append(build.kron(left, right))
        elif tuple(self.at) == self.ends[1] and not self.made:
            self.made.append(build.eye(left.shape.dims[0] * right.shape.dims[0]))
        self.since = list(self.at)
        self.passed = ([], [])

    def segment(self, side: int, start: int | None, end: int | None) -> Expr | None:
        """A stretch of a rail as a matrix; a column or a row where one end is missing."""
        views = self.passed[side]
        if start is None and end is None:
            return None
        if start is None or end is None:
            only = end if start is None else start
            column = self.lift(contract(views, (only,), self.dims))
            return transposed(column) if start is None else column
        return self.lift(contract(views, (start, end), self.dims))

    def rung(self) -> bool:
        """A matrix between the two places is a diagonal matrix."""
        slow, fast = self.at
        here = next((v for v in self.rungs if set(v[1]) == {slow, fast}), None)
        if here is None or slow is None or fast is None:
            return False
        self.flush()
        self.rungs.remove(here)
        matrix = self.lift(contract([here], (fast, slow)))
        length = self.dims[slow] * self.dims[fast]
        column = build.call(Shape((length,)), "vec", [matrix])
        self.made.append(build.call(Shape((length, length)), "diag", [column]))
        return True

    def leap(self) -> bool:
        """Four axes at once are a matrix from this pair of places to another."""
        here = set(self.at)
        for view in self.whole:
            rest = [x for x in view[1] if x not in here]
            if len(rest) != 2 or self.side[rest[0]] == self.side[rest[1]]:
                continue
            rest.sort(key=lambda x: self.side[x])
            slow, fast = self.at
            assert slow is not None and fast is not None
            made = self.across(view, (slow, fast), (rest[0], rest[1]))
            if made is None:
                return False
            self.flush()
            self.whole.remove(view)
            self.made.extend(made)
            self.at, self.since = list(rest), list(rest)
            self.arrive(0)
            self.arrive(1)
            return True
        return False

    def across(
        self, view: View, here: tuple[int, int], there: tuple[int, int]
    ) -> list[Expr] | None:
        """A tensor of four axes as a matrix: a sum, or a matrix whose axes were split."""
        t, labels = view
        if isinstance(t, Sum):
            return [self.lift(group(contract([(t, labels)], (*here, *there)), (2, 2)))]
        if not isinstance(t, Split) or t.sizes != (2, 2):
            return None
        rows, columns, matrix = labels[:2], labels[2:], self.lift(t.arg)
        if set(rows) != set(here):
            rows, columns, matrix = columns, rows, transposed(matrix)
        if set(rows) != set(here):
            return None
        before = [] if rows == here else [commutation(*(self.dims[x] for x in here))]
        after = [] if columns == there else [commutation(*(self.dims[x] for x in there[::-1]))]
        return [*before, matrix, *after]

    def step(self, side: int) -> bool:
        """One place further along a rail, unless a rung still hangs on this one."""
        label = self.at[side]
        if any(label in labels for _, labels in (*self.rungs, *self.whole)):
            return False
        here = [view for view in self.rails if label in view[1]]
        if len(here) > 1 or label == self.ends[1][side]:
            return False
        if here:
            self.rails.remove(here[0])
            self.passed[side].append(here[0])
            a, b = here[0][1]
            self.at[side] = b if a == label else a
        else:
            shore = self.nearest(side) if self.whole else self.other_shore(side)
            if self.whole and shore is None:
                return False
            self.at[side] = shore
        self.arrive(side)
        return True

    def nearest(self, side: int) -> int | None:
        """Where a matrix of four axes begins that the other rail has come to."""
        for _, labels in self.whole:
            for pair in (labels[:2], labels[2:]):
                if self.at[1 - side] in pair:
                    return next((x for x in pair if self.side[x] == side), None)
        return None

    def other_shore(self, side: int) -> int | None:
        """Where a rail goes on that leads to its end and not to this place."""
        label = self.ends[1][side]
        left = list(self.rails)
        while True:
            here = [view for view in left if label in view[1]]
            if len(here) != 1:
                return label
            left.remove(here[0])
            a, b = here[0][1]
            label = b if a == label else a


def commutation(m: Dim, n: Dim) -> Expr:
    """K with K vec(X) = vec(X') for X of m×n."""
    return build.call(Shape((m * n, m * n)), "commutation", [build.size(m), build.size(n)])


def is_identity(expr: Expr) -> bool:
    """Whether an expression is eye(n)."""
    return isinstance(expr, Call) and expr.name == "eye"
