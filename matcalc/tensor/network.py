"""The network of a contraction, reduced to matrix notation index by index.

A summed index with one edge makes a matrix-vector product, one with two edges a matrix product
(with the vector between as a diagonal); what is left are the axes of the result.  What does not
reduce so has no matrix notation.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.dims import Dim
from matcalc.expr import build
from matcalc.expr.nodes import Add, Call, Expr, Hadamard, Named, Neg, Number, Power, Shape, Symbol
from matcalc.expr.order import ordered_factors
from matcalc.expr.writing import cost, hadamard, inner, power, product, transposed
from matcalc.tensor import special
from matcalc.tensor.graph import Edge, Graph, IrreducibleError, Vector
from matcalc.tensor.nodes import Rational
from matcalc.tensor.scaling import average, scaled


class Network(Graph):
    """The graph of one contraction while it is being reduced."""

    def reduce(self) -> None:
        """Sum over every index that is not an axis of the result."""
        while True:
            held = self.held()
            summed = [label for label in self.vectors if label >= self.rank and label not in held]
            if self.specials and not summed:
                self.resolve_special()
                continue
            if not summed:
                return
            degrees: dict[int, list[Edge]] = {label: [] for label in self.vectors}
            for edge in self.edges:
                degrees[edge.a].append(edge)
                degrees[edge.b].append(edge)
            label = min(summed, key=lambda x: (*self.preference(degrees[x], x), x))
            edges = degrees[label]
            vector = self.vectors.pop(label)
            if not edges:
                self.scalars.append(self.total(vector, self.dims[label]))
            elif len(edges) == 1:
                self.absorb(edges[0], label, vector)
            elif len(edges) == 2:
                self.join(edges[0], edges[1], label, vector)
            else:
                raise IrreducibleError

    def held(self) -> set[int]:
        """The indices that a special factor carries: they are not summed before it is resolved."""
        return {label for _, labels in self.specials for label in labels}

    def resolve_special(self) -> None:
        for item in self.specials:
            if special.resolve(self, *item):
                self.specials.remove(item)
                return
        raise IrreducibleError

    def add_edge(self, a: int, b: int, matrix: Expr) -> None:
        """A matrix more on a pair of indices: its element-wise product with what is there."""
        same = next((e for e in self.edges if {e.a, e.b} == {a, b}), None)
        if same is None:
            self.edges.append(Edge(a, b, [matrix]))
        else:
            self.edges.remove(same)
            old = same.from_(a).expr()
            both = power(old, 2) if old == matrix else hadamard([old, matrix])
            self.edges.append(Edge(a, b, [both]))

    def scaled_edge(self, a: int, b: int, between: Sequence[Edge]) -> Expr:
        """All that two indices carry, as one matrix; it leaves the graph."""
        left, right = self.vectors.pop(a).expr(), self.vectors.pop(b).expr()
        for edge in between:
            self.edges.remove(edge)
        return self.framed(left, right, between, a, b)

    def framed(
        self, left: Expr | None, right: Expr | None, between: Sequence[Edge], a: int, b: int
    ) -> Expr:
        """diag(left) M diag(right) with rows a and columns b, or the outer product of the two."""
        if between:
            before = [_diagonal_matrix(left)] if left is not None else []
            after = [_diagonal_matrix(right)] if right is not None else []
            only, *others = [edge.from_(a) for edge in between]
            chain = [hadamard([e.expr() for e in (only, *others)])] if others else only.chain
            return product([*before, *chain, *after])
        dims = self.dims[a], self.dims[b]
        if left is None and right is None:
            return build.filled("ones", Shape(dims))
        column, row = (build.filled("ones", Shape((d,))) for d in dims)
        return product([left or column, transposed(right or row)])

    def preference(self, edges: Sequence[Edge], label: int) -> tuple[int, int]:
        """Leaves first, those at the columns of a matrix before those at its rows: x' A y, not
        y' A' x; then inner indices without a vector, then those with one."""
        if len(edges) == 1:
            return 0, cost(edges[0].turned().expr() if edges[0].a == label else edges[0].expr())
        if not edges:
            return 0, 0
        return ((1 if not self.vectors[label] else 2) if len(edges) == 2 else 3), 0

    def total(self, vector: Vector, dim: Dim) -> Expr:
        """The sum of a vector's entries: an inner product where it is a product of two."""
        if len(vector.above) == 1 and not vector.below:
            (only,) = vector.above
            square = _square_root(only)
            if square is not None:
                if isinstance(square, Symbol | Named):
                    return build.dot(square, square)
                deviating = _deviating(square)
                if deviating is not None:
                    return product([build.size(dim), build.call(Shape(), "var", [deviating])])
                return power(build.call(Shape(), "norm", [square]), 2)
            if isinstance(only, Call) and only.name == "diag" and only.shape.rank == 1:
                return build.call(Shape(), "tr", [only.args[0]])
        if len(vector.above) >= 2 and not vector.below:
            parts = ordered_factors(vector.above)
            return inner(hadamard(parts[:-1]), parts[-1])
        expr = vector.expr()
        assert expr is not None, "a sum over an index that nothing carries is a size already"
        if isinstance(expr, Call) and expr.name == "sum" and expr.axis is not None:
            return build.call(Shape(), "sum", expr.args)
        name = self.average(expr, dim)
        if isinstance(expr, Call) and expr.name == name == "mean" and expr.axis is not None:
            return build.call(Shape(), "mean", expr.args)  # of the rows' means
        return build.call(Shape(), name, [expr])

    def average(self, summed: Expr, dim: Dim) -> str:
        """sum, or mean where a plain vector is divided by its length anyway."""
        return "mean" if average(summed, [dim], self.below) else "sum"

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
        same = next((e for e in self.edges if {e.a, e.b} == {left.a, right.b}), None)
        if same is None:
            self.edges.append(Edge(left.a, right.b, chain))
        elif not self.closed(same, Edge(left.a, right.b, chain)):
            self.add_edge(left.a, right.b, product(chain))

    def closed(self, old: Edge, new: Edge) -> bool:
        """Two matrices between the same indices made a cycle, where an end is summed and bare, and
        a trace or diagonal is no longer than the sum of an element-wise product."""
        if any(isinstance(f, Hadamard) for f in (*old.chain, *new.chain)):
            return False
        others = [e for e in self.edges if e is not old]
        carried = self.held() | {x for e in others for x in (e.a, e.b)}
        bare = [
            x for x in (old.a, old.b) if x >= self.rank and not self.vectors[x] and x not in carried
        ]
        if not bare:
            return False
        if len(bare) == 2:
            self.edges.append(new)
            return True
        (inner,) = bare
        outer = old.b if old.a == inner else old.a
        chain = [*new.from_(outer).chain, *old.from_(inner).chain]
        entrywise = hadamard([old.from_(outer).expr(), new.from_(outer).expr()])
        framed = chain[0] == transposed(chain[-1])  # diag(A' M A), though A ⊙ (M A) is shorter
        if cost(product(chain)) - framed > min(cost(entrywise), cost(transposed(entrywise))):
            return False
        self.edges.remove(old)
        del self.vectors[inner]
        self.close(outer, chain)
        return True

    def close(self, label: int, chain: list[Expr]) -> None:
        """A cycle: a trace if it ends at a summed index that carries nothing else."""
        alone = (
            label >= self.rank
            and label not in self.held()
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
        return scaled(c, self.scalars, self.below, self.core())

    def core(self) -> Expr | None:
        """What the axes of the result carry; None for a scalar."""
        if self.rank == 0:
            return None
        if self.rank == 1:
            vector = self.vectors[0].expr()
            return vector if vector is not None else build.filled("ones", Shape((self.dims[0],)))
        if self.rank > 2:
            raise IrreducibleError
        left, right = self.vectors[0].expr(), self.vectors[1].expr()
        between = [e for e in self.edges if {e.a, e.b} == {0, 1}]
        if self.identity:
            return _diagonal_matrix(left) if left is not None else build.eye(self.dims[0])
        return self.framed(left, right, between, 0, 1)


def _square_root(expr: Expr) -> Expr | None:
    """x of x^2."""
    if isinstance(expr, Power) and isinstance(expr.exponent, Number):
        return expr.base if expr.exponent.value == 2 else None
    return None


def _deviating(expr: Expr) -> Expr | None:
    """x of x - mean(x), whichever way round."""
    if not isinstance(expr, Add) or len(expr.terms) != 2:
        return None
    first, second = expr.terms
    if isinstance(first, Neg) or not isinstance(second, Neg):
        return None
    for x, mean in ((first, second.arg), (second.arg, first)):
        if isinstance(mean, Call) and mean.name == "mean" and mean.args == (x,):
            return x if mean.axis is None else None
    return None


def _diagonal_matrix(column: Expr) -> Expr:
    return build.call(Shape((column.shape.dims[0],) * 2), "diag", [column])


def _best_cycle(chain: list[Expr]) -> Expr:
    """Of the ways to read a cycle, the shortest, then W' A W, then the first; (A B)^2 for A B A
    B."""
    ways: list[tuple[int, bool, int, Expr]] = []
    for chains in (chain, [transposed(f) for f in reversed(chain)]):
        for i in range(len(chains)):
            turned = chains[i:] + chains[:i]
            framed = turned[0] == transposed(turned[-1])
            read = _repeated(turned)
            ways.append((cost(read), not framed, len(ways), read))
    return min(ways)[-1]


def _repeated(chain: list[Expr]) -> Expr:
    """A product, as a power if it is one product several times."""
    count = len(chain)
    for size in range(2, count // 2 + 1):
        if count % size == 0 and chain == chain[:size] * (count // size):
            return build.power(product(chain[:size]), build.number(count // size))
    return product(chain)
