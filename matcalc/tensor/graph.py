"""The graph of a contraction: its nodes are indices and its edges are matrices.

Every index carries a vector (the element-wise product of the vectors on it) and every pair of
indices at most one matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matcalc.dims import Dim
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.expr.order import ordered_factors
from matcalc.expr.writing import hadamard, power, product, quotient, transposed
from matcalc.tensor import special
from matcalc.tensor.canonical import as_constant
from matcalc.tensor.constructors import View
from matcalc.tensor.nodes import Contract, Delta, Labels, Map, Mask, Rational, Sum, Tensor

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift


@dataclass(slots=True)
class Vector:
    """The vectors on an index: some above, some below a fraction line."""

    above: list[Expr] = field(default_factory=list)
    below: list[Expr] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.above or self.below)

    def expr(self) -> Expr | None:
        """The element-wise product as one column; None if there is nothing."""
        if not self:
            return None
        top = hadamard(ordered_factors(self.above)) if self.above else build.number(1)
        return quotient(top, hadamard(self.below)) if self.below else top


@dataclass(slots=True)
class Edge:
    """A matrix with rows a and columns b: a chain of factors to multiply, or an element-wise
    product."""

    a: int
    b: int
    chain: list[Expr]

    def expr(self) -> Expr:
        """The matrix as one expression."""
        return product(self.chain)

    def turned(self) -> Edge:
        """The same edge with rows b and columns a."""
        return Edge(self.b, self.a, [transposed(f) for f in reversed(self.chain)])

    def from_(self, label: int) -> Edge:
        """The same edge with the rows at one of its ends."""
        return self if self.a == label else self.turned()


class IrreducibleError(Exception):
    """The contraction has no matrix notation."""


class Graph:
    """The graph of one contraction, before anything in it is summed."""

    def __init__(
        self,
        lift: Lift,
        factors: Sequence[View],
        dims: Sequence[Dim],
        written: Mapping[Tensor, Expr],
    ) -> None:
        self.lift = lift
        self.written = written
        self.rank = len(dims)
        self.dims: dict[int, Dim] = dict(enumerate(dims))
        self.scalars: list[Expr] = []
        self.below: list[Expr] = []
        self.vectors: dict[int, Vector] = {}
        self.edges: list[Edge] = []
        self.identity = False
        self.specials: list[View] = []
        parallel: dict[tuple[int, int], list[View]] = {}
        for t, labels in factors:
            for label, dim in zip(labels, t.dims, strict=True):
                self.dims[label] = dim
                if label not in self.vectors:
                    self.vectors[label] = Vector()
            self.place(t, labels, parallel)
        for i in range(self.rank):
            if i not in self.vectors:
                self.vectors[i] = Vector()
        for (a, b), members in parallel.items():
            joined = {x for pair in parallel if pair != (a, b) for x in pair}
            self.parallel(a, b, members, {a, b} <= joined)

    def place(self, t: Tensor, labels: Labels, parallel: dict[tuple[int, int], list[View]]) -> None:
        """Put a factor where it belongs; matrices are collected in `parallel`."""
        if len(labels) == 3 and len(set(labels)) == 3 and special.is_special(t):
            self.specials.append((t, labels))
        elif len(labels) > 2:
            raise IrreducibleError
        elif len(set(labels)) < 2:
            self.place_vector(t, labels)
        elif isinstance(t, Delta):
            self.identity = True
        else:
            parallel.setdefault((min(labels), max(labels)), []).append((t, labels))

    def place_vector(self, t: Tensor, labels: Labels) -> None:
        """A scalar, a vector or the diagonal of a matrix; reciprocals go below the fraction
        line."""
        base, exponent = reciprocal(t)
        if not exponent:
            expr = self.column(t)
        elif base.rank or base in self.written:
            expr = power(self.column(base), exponent)
        else:
            expr = self.lift.raised(base, exponent)
        if not labels:
            (self.below if exponent else self.scalars).append(expr)
        else:
            vector = self.vectors[labels[0]]
            side = vector.below if exponent else vector.above
            side.append(self.diagonal(expr) if len(labels) == 2 else expr)

    def column(self, t: Tensor) -> Expr:
        written = self.turned(t)
        return self.lift.column(t) if written is None else written

    def matrix(self, t: Tensor, swapped: bool) -> Expr:
        written = self.turned(t)
        if written is None:
            return self.lift.matrix(t, swapped)
        return transposed(written) if swapped else written

    def turned(self, t: Tensor) -> Expr | None:
        """A difference, or a power of one, that is written the other way round."""
        base, k = whole_power(t)
        written = self.written.get(base)
        return written if written is None or k == 1 else power(written, k)

    @staticmethod
    def diagonal(matrix: Expr) -> Expr:
        return build.call(Shape(matrix.shape.dims[:1]), "diag", [matrix])

    def parallel(self, a: int, b: int, members: list[View], joined: bool) -> None:
        """All matrices on one pair of indices: their element-wise product, quotient and triangle.

        Two that are `joined` to others at both ends are no cycle.
        """
        if not joined and self.closed_pair(a, b, members):
            return
        turned = [labels[0] == b for _, labels in members]
        votes = [
            1 if swapped else -1
            for swapped, (t, _) in zip(turned, members, strict=True)
            if not isinstance(t, Sum | Map | Mask)
        ]
        if sum(votes) > 0 and a >= self.rank:  # most are written b by a
            a, b = b, a
            turned = [not swapped for swapped in turned]
        above: list[Expr] = []
        below: list[Expr] = []
        masks = []
        for swapped, (t, _) in zip(turned, members, strict=True):
            base, exponent = reciprocal(t)
            if isinstance(t, Mask):
                masks.append((not swapped, -t.offset if swapped else t.offset))
            elif exponent:
                below.append(power(self.matrix(base, swapped), exponent))
            else:
                above.append(self.matrix(t, swapped))
        matrix = hadamard(ordered_factors(above)) if above else None
        if below:
            matrix = quotient(matrix or build.number(1), hadamard(below))
        for lower, offset in masks:
            ones = build.filled("ones", Shape((self.dims[a], self.dims[b])))
            matrix = self.lift.triangle(matrix or ones, lower, offset)
        assert matrix is not None
        self.edges.append(Edge(a, b, [matrix]))

    def closed_pair(self, a: int, b: int, members: list[View]) -> bool:
        """Two plain matrices and nothing else on two summed indices are a cycle, not a product."""
        if len(members) != 2 or a < self.rank or any(_elementwise(t) for t, _ in members):
            return False
        if self.vectors[a] or self.vectors[b]:
            return False
        if any(a in labels or b in labels for _, labels in self.specials):
            return False
        (t, first), (u, second) = members
        self.edges.append(Edge(a, b, [self.matrix(t, swapped=first[0] == b)]))
        self.edges.append(Edge(b, a, [self.matrix(u, swapped=second[0] == a)]))
        return True


def reciprocal(t: Tensor) -> tuple[Tensor, Rational]:
    """The base and exponent k of 1 / base^k; exponent 0 if t is not such."""
    if isinstance(t, Map) and t.fn == "pow":
        k = as_constant(t.args[1][0])
        base, labels = t.args[0]
        if k is not None and k < 0 and labels == tuple(range(t.rank)):
            return base, -k
    return t, 0


def whole_power(t: Tensor) -> tuple[Tensor, int]:
    """What a tensor is a whole power of: b and 2 for b^2 and 1 / b^2, else itself and 1."""
    if isinstance(t, Map) and t.fn == "pow":
        k = as_constant(t.args[1][0])
        base, labels = t.args[0]
        if isinstance(k, int) and labels == tuple(range(t.rank)):
            return base, abs(k)
    return t, 1


def _elementwise(t: Tensor) -> bool:
    return isinstance(t, Map | Mask) or (isinstance(t, Contract) and len(t.factors) > 1)
