"""How a contraction is written as matrices: a graph whose nodes are indices and whose edges are
matrices.

Every index carries a vector (the element-wise product of the vectors on it) and every pair of
indices at most one matrix.  A summed index with one edge makes a matrix-vector product, one with
two edges a matrix product (with the vector between as a diagonal); what is left are the axes of the
result. What does not reduce so is written with einsum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from matcalc.dims import Dim
from matcalc.expr import build
from matcalc.expr.nodes import Call, Expr, Named, Number, Shape, Size, Symbol
from matcalc.expr.writing import (
    cost,
    hadamard,
    inner,
    multiple,
    negated,
    power,
    product,
    quotient,
    transposed,
)
from matcalc.tensor import special
from matcalc.tensor.canonical import as_constant, contract
from matcalc.tensor.nodes import Contract, Delta, Group, Labels, Map, Mask, Rational, Sum, Tensor

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift

LETTERS: Final = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
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
        top = hadamard(_sorted_factors(self.above)) if self.above else build.number(1)
        return quotient(top, hadamard(self.below)) if self.below else top


@dataclass
class Edge:
    """A matrix with rows a and columns b: a chain of factors to multiply, or an element-wise
    product."""

    a: int
    b: int
    chain: list[Expr]

    def expr(self) -> Expr:
        return product(self.chain)

    def turned(self) -> Edge:
        return Edge(self.b, self.a, [transposed(f) for f in reversed(self.chain)])

    def from_(self, label: int) -> Edge:
        return self if self.a == label else self.turned()


class Irreducible(Exception):
    """The contraction has no matrix notation."""


class Network:
    """The graph of one contraction while it is being reduced."""

    def __init__(
        self,
        lift: Lift,
        factors: Sequence[tuple[Tensor, Labels]],
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
        self.specials: list[tuple[Tensor, Labels]] = []
        parallel: dict[tuple[int, int], list[tuple[Tensor, Labels]]] = {}
        for t, labels in factors:
            for label, dim in zip(labels, t.dims, strict=True):
                self.dims[label] = dim
                self.vectors.setdefault(label, Vector())
            self.place(t, labels, parallel)
        for i in range(self.rank):
            self.vectors.setdefault(i, Vector())
        for (a, b), members in parallel.items():
            self.parallel(a, b, members)

    def place(
        self,
        t: Tensor,
        labels: Labels,
        parallel: dict[tuple[int, int], list[tuple[Tensor, Labels]]],
    ) -> None:
        if len(labels) == 3 and len(set(labels)) == 3 and special.is_special(t):
            self.specials.append((t, labels))
            return
        if len(labels) > 2:
            raise Irreducible
        if len(labels) == 2 and labels[0] != labels[1]:
            if isinstance(t, Delta):
                self.identity = True
            else:
                parallel.setdefault((min(labels), max(labels)), []).append((t, labels))
            return
        base, exponent = _reciprocal(t)
        if exponent:
            expr = (
                power(self.lift.column(base), exponent)
                if base.rank
                else self.lift.raised(base, exponent)
            )
        else:
            expr = self.column(t)
        if len(labels) == 2:
            expr = self.diagonal(expr)
        if not labels:
            (self.below if exponent else self.scalars).append(expr)
        else:
            vector = self.vectors[labels[0]]
            (vector.below if exponent else vector.above).append(expr)

    def column(self, t: Tensor) -> Expr:
        written = self.written.get(t)
        return self.lift.column(t) if written is None else written

    def matrix(self, t: Tensor, swapped: bool) -> Expr:
        written = self.written.get(t)
        if written is None:
            return self.lift.matrix(t, swapped)
        return transposed(written) if swapped else written

    @staticmethod
    def diagonal(matrix: Expr) -> Expr:
        return build.call(Shape(matrix.shape.dims[:1]), "diag", [matrix])

    def parallel(self, a: int, b: int, members: list[tuple[Tensor, Labels]]) -> None:
        """All matrices on one pair of indices: their element-wise product, quotient and
        triangle."""
        if len(members) == 2 and a >= self.rank and not any(_elementwise(t) for t, _ in members):
            if self.closed_pair(a, b, members):
                return
        above: list[Expr] = []
        below: list[Expr] = []
        masks = []
        swaps = sum(
            1 if labels[0] == b else -1
            for t, labels in members
            if not isinstance(t, Sum | Map | Mask)
        )
        flip = swaps > 0 and a >= self.rank
        for t, labels in members:
            swapped = (labels[0] == b) != flip
            base, exponent = _reciprocal(t)
            if isinstance(t, Mask):
                masks.append((t.lower != swapped, -t.offset if swapped else t.offset))
            elif exponent:
                below.append(power(self.lift.matrix(base, swapped), exponent))
            else:
                above.append(self.matrix(t, swapped))
        first, second = (b, a) if flip else (a, b)
        shape = Shape((self.dims[first], self.dims[second]))
        matrix = hadamard(_sorted_factors(above)) if above else None
        if below:
            matrix = quotient(matrix if matrix is not None else build.number(1), hadamard(below))
        for lower, offset in masks:
            matrix = self.lift.triangle(
                matrix if matrix is not None else build.filled("ones", shape), lower, offset
            )
        assert matrix is not None
        self.edges.append(Edge(first, second, [matrix]))

    def closed_pair(self, a: int, b: int, members: list[tuple[Tensor, Labels]]) -> bool:
        """Two matrices and nothing else on two summed indices: a trace, when the graph is closed by
        it."""
        touched = self.vectors[a] or self.vectors[b]
        if touched:
            return False
        (t, first), (u, second) = members
        left = self.matrix(t, swapped=first[0] == b)
        right = self.matrix(u, swapped=second[0] == a)
        self.edges.append(Edge(a, b, [left]))
        self.edges.append(Edge(b, a, [right]))
        return True

    # --- reduction

    def reduce(self) -> None:
        """Sum over every index that is not an axis of the result."""
        while True:
            held = {label for _, labels in self.specials for label in labels}
            summed = [label for label in self.vectors if label >= self.rank and label not in held]
            if self.specials and not summed:
                self.resolve_special()
                continue
            if not summed:
                return
            degrees = {label: [e for e in self.edges if label in (e.a, e.b)] for label in summed}
            label = min(summed, key=lambda x: (self.preference(degrees[x], x), x))
            edges = degrees[label]
            vector = self.vectors.pop(label)
            if not edges:
                self.scalars.append(self.total(vector, self.dims[label]))
            elif len(edges) == 1:
                self.absorb(edges[0], label, vector)
            elif len(edges) == 2:
                self.join(edges[0], edges[1], label, vector)
            else:
                raise Irreducible

    def resolve_special(self) -> None:
        for item in self.specials:
            if special.resolve(self, *item):
                self.specials.remove(item)
                return
        raise Irreducible

    def add_edge(self, a: int, b: int, matrix: Expr) -> None:
        """A matrix more on a pair of indices: its element-wise product with what is there."""
        same = next((e for e in self.edges if {e.a, e.b} == {a, b}), None)
        if same is None:
            self.edges.append(Edge(a, b, [matrix]))
        else:
            self.edges.remove(same)
            self.edges.append(Edge(a, b, [hadamard([same.from_(a).expr(), matrix])]))

    def scaled_edge(self, a: int, b: int, between: list[Edge]) -> Expr:
        """All that two indices carry, as one matrix; it leaves the graph."""
        left, right = self.vectors.pop(a).expr(), self.vectors.pop(b).expr()
        for edge in between:
            self.edges.remove(edge)
        return self.framed(left, right, between, (self.dims[a], self.dims[b]), a)

    def framed(
        self,
        left: Expr | None,
        right: Expr | None,
        between: list[Edge],
        dims: Sequence[Dim],
        a: int,
    ) -> Expr:
        """diag(left) M diag(right), or the outer product of the two."""
        if between:
            chain = between[0].from_(a).chain
            before = [_diagonal_matrix(left)] if left is not None else []
            after = [_diagonal_matrix(right)] if right is not None else []
            return product([*before, *chain, *after])
        if left is None and right is None:
            return build.filled("ones", Shape((dims[0], dims[1])))
        ones = [build.filled("ones", Shape((d,))) for d in dims]
        return product(
            [
                left if left is not None else ones[0],
                transposed(right if right is not None else ones[1]),
            ]
        )

    def preference(self, edges: Sequence[Edge], label: int) -> int:
        """Leaves first; then inner indices without a vector, then those with one."""
        if len(edges) <= 1:
            return 0
        return (1 if not self.vectors[label] else 2) if len(edges) == 2 else 3

    def total(self, vector: Vector, dim: Dim) -> Expr:
        """The sum of a vector's entries: an inner product where it is a product of two."""
        if len(vector.above) == 1 and not vector.below:
            (only,) = vector.above
            square = _square_root(only)
            if square is not None:
                if isinstance(square, Symbol | Named):
                    return build.dot(square, square)
                return power(build.call(Shape(), "norm", [square]), 2)
            if isinstance(only, Call) and only.name == "diag" and only.shape.rank == 1:
                return build.call(Shape(), "tr", [only.args[0]])
        if len(vector.above) >= 2 and not vector.below:
            parts = _sorted_factors(vector.above)
            return inner(hadamard(parts[:-1]), parts[-1])
        expr = vector.expr()
        if expr is None:
            return build.size(dim)
        return build.call(Shape(), self.average(expr, dim), [expr])

    def average(self, summed: Expr, dim: Dim) -> str:
        """sum, or mean where a plain vector is divided by its length anyway."""
        size = build.size(dim)
        if isinstance(summed, Symbol | Named | Call) and size in self.below:
            self.below.remove(size)
            return "mean"
        return "sum"

    def absorb(self, edge: Edge, label: int, vector: Vector) -> None:
        """A leaf: the matrix times the vector on its end is a vector on the other."""
        self.edges.remove(edge)
        away = edge.turned() if edge.a == label else edge
        column = vector.expr()
        if column is None:
            column = self.row_sums(away)
        else:
            column = product([*away.chain, column])
        self.vectors[away.a].above.append(column)

    def row_sums(self, edge: Edge) -> Expr:
        """M 1, written as a sum along an axis."""
        matrix = edge.expr()
        turned = transposed(matrix)
        axis = 1
        if cost(turned) < cost(matrix):
            matrix, axis = turned, 0
        name = self.average(matrix, self.dims[edge.b])
        return build.call(Shape((self.dims[edge.a],)), name, [matrix], axis)

    def join(self, first: Edge, second: Edge, label: int, vector: Vector) -> None:
        """A summed index between two matrices: their product, the vector between as a diagonal."""
        self.edges.remove(first)
        self.edges.remove(second)
        left = first if first.b == label else first.turned()
        right = second if second.a == label else second.turned()
        column = vector.expr()
        middle = [_diagonal_matrix(column)] if column is not None else []
        chain = [*left.chain, *middle, *right.chain]
        if left.a == right.b:
            self.close(left.a, chain)
            return
        if any({e.a, e.b} == {left.a, right.b} for e in self.edges):
            self.add_edge(left.a, right.b, product(chain))
        else:
            self.edges.append(Edge(left.a, right.b, chain))

    def close(self, label: int, chain: list[Expr]) -> None:
        """A cycle: a trace if it ends at a summed index that carries nothing else."""
        alone = (
            label >= self.rank
            and not self.vectors[label]
            and not any(label in (e.a, e.b) for e in self.edges)
        )
        if alone:
            del self.vectors[label]
            self.scalars.append(build.call(Shape(), "tr", [_best_cycle(chain)]))
        else:
            self.vectors[label].above.append(self.diagonal(product(chain)))

    # --- the result

    def result(self, c: Rational) -> Expr:
        """The whole contraction times a rational number, vectors as columns."""
        self.reduce()
        core = self.core()
        return self.scale(core, c)

    def core(self) -> Expr | None:
        if self.rank == 0:
            return None
        if self.rank == 1:
            vector = self.vectors[0].expr()
            return vector if vector is not None else build.filled("ones", Shape((self.dims[0],)))
        if self.rank > 2:
            raise Irreducible
        left, right = self.vectors[0].expr(), self.vectors[1].expr()
        between = [e for e in self.edges if {e.a, e.b} == {0, 1}]
        if self.identity:
            return _diagonal_matrix(left) if left is not None else build.eye(self.dims[0])
        return self.framed(left, right, between, (self.dims[0], self.dims[1]), 0)

    def averaged(self, below: list[Expr]) -> list[Expr]:
        """The scalars; sum(x) / n is mean(x), and n is gone from below then."""
        result = []
        for scalar in self.scalars:
            if isinstance(scalar, Call) and scalar.name == "sum" and scalar.axis is None:
                (arg,) = scalar.args
                size = build.size(arg.shape.dims[0]) if arg.shape.rank == 1 else None
                if size in below and isinstance(arg, Symbol | Named | Call):
                    below.remove(size)
                    scalar = build.call(Shape(), "mean", [arg])
            result.append(scalar)
        return result

    def scale(self, core: Expr | None, c: Rational) -> Expr:
        """Number, scalars and core in the textbook's order; sizes and numbers below go in front of
        a long core."""
        exact = Fraction(c)
        sign, top, bottom = exact < 0, abs(exact.numerator), exact.denominator
        below = sorted(self.below, key=_scalar_order)
        if bottom != 1:
            below.insert(0, build.number(bottom))
        factors = sorted(self.averaged(below), key=_scalar_order)
        if top != 1:
            factors.insert(0, build.number(top))
        divisor = product(below) if below else None
        simple = all(isinstance(b, Number | Size) for b in below)
        if divisor is not None and simple and core is not None and top != 1 and len(factors) == 1:
            front = quotient(build.number(top), divisor)
            result = product([front, *factors[1:], core])
        elif divisor is not None and simple and top != 1 and len(factors) > 1:
            result = product(
                [
                    quotient(build.number(top), divisor),
                    *factors[1:],
                    *([core] if core is not None else []),
                ]
            )
        else:
            parts = [*factors, *([core] if core is not None else [])]
            result = quotient(product(parts) if parts else build.number(1), divisor)
        return negated(result) if sign else result


def _reciprocal(t: Tensor) -> tuple[Tensor, Rational]:
    """The base and exponent k of 1 / base^k; exponent 0 if t is not such."""
    if isinstance(t, Map) and t.fn == "pow":
        k = as_constant(t.args[1][0])
        base, labels = t.args[0]
        if k is not None and k < 0 and labels == tuple(range(t.rank)):
            return base, -k
    return t, 0


def squared_matrix(t: Tensor, labels: Labels) -> Tensor | None:
    """X, if a factor is the square of each entry of a matrix X and all of it is summed."""
    if isinstance(t, Map) and t.fn == "pow" and t.rank == 2 and len(set(labels)) == 2:
        base, axes = t.args[0]
        if as_constant(t.args[1][0]) == 2 and axes == (0, 1):
            return base
    return None


def _square_root(expr: Expr) -> Expr | None:
    """x of x^2 where x is a plain vector."""
    from_power = getattr(expr, "exponent", None)
    if isinstance(from_power, Number) and from_power.value == 2:
        base: Expr = expr.base  # type: ignore[union-attr]
        return base
    return None


def _elementwise(t: Tensor) -> bool:
    return isinstance(t, Map | Mask) or (isinstance(t, Contract) and len(t.factors) > 1)


def _diagonal_matrix(column: Expr) -> Expr:
    return build.call(Shape((column.shape.dims[0],) * 2), "diag", [column])


def _best_cycle(chain: list[Expr]) -> Expr:
    """Of the ways to read a cycle, the shortest, then the first."""
    ways = []
    for chains in (chain, [transposed(f) for f in reversed(chain)]):
        for i in range(len(chains)):
            ways.append(product(chains[i:] + chains[:i]))
    return min(ways, key=cost)


def _sorted_factors(parts: list[Expr]) -> list[Expr]:
    return sorted(parts, key=_scalar_order)


_ORDER: Final = {
    "Size": 0, "Constant": 0, "Symbol": 1, "Named": 1, "Index": 1, "Power": 2, "Call": 3, "Apply": 3, "Dot": 4,
    "Compare": 5, "Product": 6, "Divide": 7, "Hadamard": 7, "Add": 8,
}  # fmt: skip


def _scalar_order(expr: Expr) -> int:
    return _ORDER.get(type(expr).__name__, 6)


# --- what the lift calls


def write(lift: Lift, t: Contract, c: Rational) -> Expr:
    """c times a contraction; a sign is moved into a difference where that saves a minus."""
    whole = tuple((f, labels) for f, labels in t.factors)
    return write_factors(lift, whole, t.dims, c)


def write_factors(
    lift: Lift, factors: Sequence[tuple[Tensor, Labels]], dims: Sequence[Dim], c: Rational
) -> Expr:
    """c times the contraction of these factors."""
    if len(factors) == 1 and not dims:
        matrix = squared_matrix(*factors[0])
        if matrix is not None:
            return multiple(c, power(build.call(Shape(), "norm", [lift.column(matrix)]), 2))
    written: dict[Tensor, Expr] = {}
    if c < 0:
        written, c = _flipped(lift, factors, c)
    try:
        return Network(lift, factors, dims, written).result(c)
    except Irreducible:
        return _einsum(lift, factors, dims, -c if written else c)


def _flipped(
    lift: Lift, factors: Sequence[tuple[Tensor, Labels]], c: Rational
) -> tuple[dict[Tensor, Expr], Rational]:
    """-(a - b) is b - a: how one difference among the factors is written the other way round, if
    there is one."""
    for t, labels in factors:
        if (
            isinstance(t, Sum)
            and any(x < 0 for x, _, _ in t.terms)
            and any(x > 0 for x, _, _ in t.terms)
        ):
            if sum(u is t for u, _ in factors) == 1 and len(labels) <= 2:
                return {t: lift.sum_of([(-x, a, y) for x, a, y in t.terms], t.dims)}, -c
    return {}, c


def write_view(lift: Lift, t: Tensor, labels: Labels, dims: Sequence[Dim], c: Rational) -> Expr:
    """c times a view of t, expanded to dims."""
    if isinstance(t, Contract):
        rank, count = len(dims), max((x for _, axes in t.factors for x in axes), default=0) + 1
        place = {i: labels[i] for i in range(t.rank)} | {i: rank + i for i in range(t.rank, count)}
        factors = [(f, tuple(place[x] for x in axes)) for f, axes in t.factors]
        return write_factors(lift, factors, dims, c)
    return write_factors(lift, [(t, labels)], dims, c)


def _einsum(
    lift: Lift, factors: Sequence[tuple[Tensor, Labels]], dims: Sequence[Dim], c: Rational
) -> Expr:
    """The contraction as an einsum over its factors, each written as it is; scalars in front."""
    scalars, below, args, inputs = [], [], [], []
    carried = {label for _, labels in factors for label in labels}
    for t, labels in factors:
        base, exponent = _reciprocal(t)
        if not labels:
            (below if exponent else scalars).append(
                power(lift.column(base), exponent) if exponent else lift.column(t)
            )
        else:
            args.append(lift.column(t))
            inputs.append("".join(LETTERS[x] for x in labels))
    for axis, dim in enumerate(dims):
        if axis not in carried:
            args.append(build.filled("ones", Shape((dim,))))
            inputs.append(LETTERS[axis])
    body = build.einsum(f"{','.join(inputs)}->{LETTERS[: len(dims)]}", args)
    exact = Fraction(c)
    top = [build.number(abs(exact.numerator))] if abs(exact.numerator) != 1 else []
    if exact.denominator != 1:
        below.insert(0, build.number(exact.denominator))
    made = quotient(product([*top, *scalars, body]), product(below) if below else None)
    return negated(made) if exact < 0 else made


def kronecker(lift: Lift, t: Group) -> Expr | None:
    """A ⊗ B where a grouping of axes is a Kronecker product; None if it is not."""
    inner_tensor, c = t.arg, 1
    if not isinstance(inner_tensor, Contract) or any(s > 2 for s in t.sizes) or t.rank > 2:
        return None
    starts = [sum(t.sizes[:i]) for i in range(t.rank)]
    first = {s for s in starts}
    second = {s + 1 for s, length in zip(starts, t.sizes, strict=True) if length == 2}
    halves: tuple[list[tuple[Tensor, Labels]], list[tuple[Tensor, Labels]]] = ([], [])
    owner: dict[int, int] = {**dict.fromkeys(first, 0), **dict.fromkeys(second, 1)}
    pending = list(inner_tensor.factors)
    scalars = [f for f in pending if not f[1]]
    pending = [f for f in pending if f[1]]
    while pending:
        ready = [f for f in pending if any(x in owner for x in f[1])]
        if not ready:
            return None
        for f in ready:
            sides = {owner[x] for x in f[1] if x in owner}
            if len(sides) != 1:
                return None
            (side,) = sides
            halves[side].append(f)
            owner.update(dict.fromkeys(f[1], side))
            pending.remove(f)
    left = _half(lift, halves[0], [(s, inner_tensor.dims[s]) for s in sorted(first)], t, starts, 0)
    right = _half(
        lift, halves[1], [(s, inner_tensor.dims[s]) for s in sorted(second)], t, starts, 1
    )
    made: Expr = build.kron(left, right)
    if scalars:
        made = product([*(lift.column(f) for f, _ in scalars), made])
    return made if c == 1 else None


def _half(
    lift: Lift,
    factors: list[tuple[Tensor, Labels]],
    axes: list[tuple[int, Dim]],
    t: Group,
    starts: list[int],
    side: int,
) -> Expr:
    """One operand of a Kronecker product as a matrix, a column or a row of the result."""
    place = {axis: i for i, (axis, _) in enumerate(axes)}
    views = []
    for f, labels in factors:
        views.append((f, [place[x] if x in place else 100 + x for x in labels]))
    tensor = contract(views, range(len(axes)), {i: d for i, (_, d) in enumerate(axes)})
    expr = lift(tensor)
    is_row = t.rank == 2 and len(axes) == 1 and axes[0][0] >= starts[1]
    return transposed(expr) if is_row else expr
