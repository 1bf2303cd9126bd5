"""Products of linear algebra: in which order, and by which array operations.

A chain is cut where a vector ends one part and another begins the next (`a b' x` is `a`, then
`b' x`): every part but the first and the last is then a scalar.  A part with a vector at an end is
multiplied from there, so that no matrix meets a matrix; a part of matrices alone in the order of
least cost, all dimensions taken to be equal but for known numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Final

from matcalc.dims import Dim
from matcalc.expr.nodes import Shape
from matcalc.plan.cost import size
from matcalc.plan.forms import Form, diagonal, full, scaled, transposed
from matcalc.plan.hoist import Fixed
from matcalc.plan.values import Dims, Value, Values, is_indicator

EXHAUSTIVE: Final = 12
"""Matrices up to which the best order is searched for."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of a chain: a column has no `cols`, a row no `rows`, a scalar neither."""

    form: Form
    rows: Dim | None
    cols: Dim | None

    @property
    def dims(self) -> Dims:
        return tuple(d for d in (self.rows, self.cols) if d is not None)


def factor(form: Form, shape: Shape) -> Factor:
    """A form as a factor, by the shape of its expression."""
    if shape.rank == 1:
        dim = shape.dims[0]
        return Factor(form, None, dim) if shape.row else Factor(form, dim, None)
    return Factor(form, shape.dims[0], shape.dims[1]) if shape.dims else Factor(form, None, None)


class Chain:
    """Products of linear algebra among the values of one plan; `sizes` are those known, and what
    is `fixed` for all calls costs nothing."""

    def __init__(self, values: Values, sizes: Mapping[str, int], fixed: Fixed, masks: bool) -> None:
        self.values = values
        self.sizes = sizes
        self.fixed = fixed
        self.masks = masks

    def multiply(self, factors: Sequence[Factor]) -> Factor:
        """The product of a chain: its scalars scale the first of two vectors, else the whole."""
        scalars, parts = _parts(factors)
        made = [self._part(part) for part in parts]
        scalars += [part.form.value for part in made if not part.dims]
        made = [part for part in made if part.dims]
        scale = self.values.mul(scalars)
        if not made:
            return Factor(Form(scale), None, None)
        made[0] = self._scale(made[0], scale)
        return reduce(self.join, made)

    def _scale(self, part: Factor, scale: Value) -> Factor:
        return Factor(scaled(self.values, part.form, scale, part.dims), part.rows, part.cols)

    def _part(self, part: list[Factor]) -> Factor:
        if self.masks and part[0].rows is not None and part[-1].cols is not None:
            part = self._active(part)
        if self._has_fixed(part):
            return self._best(part)
        if part[0].rows is None or (part[-1].cols is not None and len(part) > EXHAUSTIVE):
            return reduce(self.join, part)
        if part[0].rows is not None and part[-1].cols is not None and len(part) == 3:
            gram = self._gram(*part)
            if gram is not None:
                return gram
        if part[-1].cols is None:
            return reduce(lambda right, left: self.join(left, right), reversed(part))
        return self._best(part)

    def _has_fixed(self, part: list[Factor]) -> bool:
        """Whether a product of two neighbours is the same for all calls, and not the whole."""
        fixed = [self.fixed(item.form.value) for item in part] if self.fixed.any else []
        some = not all(fixed) and any(a and b for a, b in pairwise(fixed))
        return some and len(part) <= EXHAUSTIVE

    def _best(self, part: list[Factor]) -> Factor:
        """Factors in the order of least cost; of equal costs, from the left."""
        best: dict[tuple[int, int], tuple[float, int, str]] = {
            (i, i): (0.0, i, item.form.kind) for i, item in enumerate(part)
        }
        fixed = [self.fixed(item.form.value) for item in part]

        def spent(i: int, j: int, within: bool) -> float:
            """What a part of a part costs: nothing if it, but not the whole, is always the same."""
            return best[i, j][0] if within or not all(fixed[i : j + 1]) else 0.0

        for length in range(1, len(part)):
            for i in range(len(part) - length):
                j = i + length
                options = []
                for cut in range(j - 1, i - 1, -1):
                    kinds = best[i, cut][2], best[cut + 1, j][2]
                    cost, kind = self._cost(part, i, cut, j, *kinds)
                    within = all(fixed[i : j + 1])
                    cost += spent(i, cut, within) + spent(cut + 1, j, within)
                    options.append((cost, cut, kind))
                best[i, j] = min(options, key=lambda option: option[0])

        def build(i: int, j: int) -> Factor:
            if i == j:
                return part[i]
            cut = best[i, j][1]
            return self.join(build(i, cut), build(cut + 1, j))

        return build(0, len(part) - 1)

    def _active(self, part: list[Factor]) -> list[Factor]:
        """A diag(s ⊙ mask) B as A[:, mask] diag(s[mask]) B[mask]: rows that an indicator makes zero
        are not multiplied."""
        for i in range(1, len(part) - 1):
            left, middle, right = part[i - 1 : i + 2]
            kinds = left.form.kind, middle.form.kind, right.form.kind
            if kinds != ("array", "diagonal", "array"):
                continue
            mask, rest = _mask(middle.form.value)
            if mask is None:
                continue
            columns = self.values.active(full(self.values, left.form, left.dims), mask, 1)
            rows = self.values.active(full(self.values, right.form, right.dims), mask, 0)
            sides = [Factor(Form(columns), left.rows, left.cols)]
            scale = self.values.mul(rest)
            if rest and scale.dims:
                known = Form(self.values.active(scale, mask, 0), "diagonal", middle.form.structure)
                sides.append(Factor(known, middle.rows, middle.cols))
            elif rest:
                columns = self.values.mul((scale, columns))
                sides = [Factor(Form(columns), left.rows, left.cols)]
            after = [Factor(Form(rows), right.rows, right.cols), *part[i + 2 :]]
            return [*part[: i - 1], *sides, *self._active(after)]
        return part

    def _gram(self, left: Factor, middle: Factor, right: Factor) -> Factor | None:
        """A' diag(d) A with d ≥ 0 as R' R, for which BLAS needs half the work."""
        if middle.form.kind != "diagonal" or middle.form.structure != "nonnegative":
            return None
        whole = full(self.values, right.form, right.dims)
        if full(self.values, left.form, left.dims) is not self.values.transpose(whole):
            return None
        entries = middle.form.value
        if not entries.dims:
            return None
        root = self.values.pow(entries, self.values.number(Fraction(1, 2)))
        scaled_rows = self.values.mul((self.values.expand(root), whole))
        gram = self.values.matmul(self.values.transpose(scaled_rows), scaled_rows)
        return Factor(Form(gram), left.rows, right.cols)

    def _cost(
        self, part: list[Factor], i: int, cut: int, j: int, left: str, right: str
    ) -> tuple[float, str]:
        rows, inner, cols = (self._size(d) for d in (part[i].rows, part[cut].cols, part[j].cols))
        if left == right == "diagonal":
            return inner, "diagonal"
        ends = (left, part[cut]), (right, part[cut + 1])
        inverses = [
            inner**3 for kind, item in ends if kind == "inverse" and not self.fixed(item.form.value)
        ]
        if "diagonal" in {left, right}:
            return rows * cols + 3 * sum(inverses), "array"
        return rows * inner * cols + sum(inverses), "array"

    def _size(self, dim: Dim | None) -> float:
        return 1.0 if dim is None else size(dim, self.sizes)

    def join(self, left: Factor, right: Factor) -> Factor:
        """The product of two factors."""
        rows, cols = left.rows, right.cols
        if left.cols is None or right.rows is None:
            return self._outer(left, right)
        kinds = left.form.kind, right.form.kind
        if "diagonal" in kinds:
            return Factor(self._scaling(left, right), rows, cols)
        if kinds[0] == "inverse":
            return Factor(Form(self._solve(left, right)), rows, cols)
        if kinds[1] == "inverse":
            flipped = self._solve(self._flip(right), self._flip(left))
            return Factor(Form(self.values.transpose(flipped)), rows, cols)
        return Factor(self._contract(left, right), rows, cols)

    def _outer(self, left: Factor, right: Factor) -> Factor:
        """No axis to sum over: a scaling, or the outer product of a column and a row."""
        if not left.dims or not right.dims:
            whole, scale = (right, left) if not left.dims else (left, right)
            return self._scale(whole, scale.form.value)
        if left.cols is not None:
            return self.join(self._entry(left, (None, 0)), right)
        if right.rows is not None:
            return self.join(left, self._entry(right, (0, None)))
        a, b = left.form.value, right.form.value
        if a.dims and b.dims:
            made = self.values.outer(a, b)
        else:
            made = self.values.mul((self.values.expand(a), b))
        return Factor(Form(made), left.rows, right.cols)

    def _entry(self, item: Factor, at: tuple[int | None, int | None]) -> Factor:
        """The only column, or row, of a matrix as a vector."""
        dim, row = (item.rows, False) if at[0] is None else (item.cols, True)
        assert dim is not None
        axis = 1 if at[0] is None else 0
        made = self.values.index(
            full(self.values, item.form, item.dims), axis, self.values.number(0)
        )
        return factor(Form(made), Shape((dim,), row))

    def _scaling(self, left: Factor, right: Factor) -> Form:
        """A product with a diagonal matrix: rows or columns are scaled."""
        a, b = left.form, right.form
        if a.kind == b.kind:
            return Form(self.values.mul((a.value, b.value)), "diagonal")
        if a.kind == "diagonal":
            if b.kind == "inverse" and not a.value.dims:
                return scaled(self.values, b, a.value, right.dims)
            other = b.value if b.kind == "array" else full(self.values, b, right.dims)
            entries = a.value if right.cols is None else self.values.expand(a.value)
            return Form(self.values.mul((entries, other)))
        other = a.value if a.kind == "array" else full(self.values, a, left.dims)
        return Form(self.values.mul((other, b.value)))

    def _flip(self, item: Factor) -> Factor:
        return Factor(transposed(self.values, item.form, len(item.dims)), item.cols, item.rows)

    def _solve(self, left: Factor, right: Factor) -> Value:
        """inv(A) times what stands right of it."""
        other = full(self.values, right.form, right.dims)
        return self.values.solve(left.form.value, other, left.form.structure or None)

    def _contract(self, left: Factor, right: Factor) -> Form:
        """A sum over the shared axis: for a unit vector a slice, for a constant one a sum."""
        for one, other, axis in ((right, left, len(left.dims) - 1), (left, right, 0)):
            vector = one.form.value
            if len(one.dims) == 1 and not vector.dims:
                if other.form.value.dims != other.dims and len(other.dims) == 1:
                    return Form(
                        self.values.mul((self.values.size(other.dims[0]), vector, other.form.value))
                    )
                whole = full(self.values, other.form, other.dims)
                total = self.values.sum(whole, axis if len(other.dims) == 2 else None)
                return Form(self.values.mul((vector, total)))
            if len(one.dims) == 1 and vector.op == "unit":
                whole = full(self.values, other.form, other.dims)
                return Form(self.values.index(whole, axis, vector.args[0]))
        a = full(self.values, left.form, left.dims)
        b = full(self.values, right.form, right.dims)
        return Form(self.values.matmul(a, b))

    def trace(self, factors: Sequence[Factor]) -> Value:
        """The trace of a chain that is a square matrix: never by way of the whole product."""
        scalars, runs = _parts(factors)
        parts = [run for run in runs if run[0].rows is not None or run[-1].cols is not None]
        scalars += [self._part(run).form.value for run in runs if run not in parts]
        if len(parts) > 1:  # tr(A b c' D) = c' D A b: turned round, the chain is a number
            turned = [item for part in (*parts[1:], parts[0]) for item in part]
            return self.values.mul((*scalars, self.multiply(turned).form.value))
        part = parts[0]
        if len(part) == 1:
            return self.values.mul((*scalars, self._trace_one(part[0])))
        left, right = self._part(part[:-1]), part[-1]
        return self.values.mul((*scalars, self._trace_two(left, right)))

    def _trace_two(self, left: Factor, right: Factor) -> Value:
        """tr(A B), the sum of the entries of A ⊙ B'; with a diagonal matrix an inner product."""
        kinds = left.form.kind, right.form.kind
        if "diagonal" in kinds and kinds[0] != kinds[1]:
            one, other = (left, right) if kinds[0] == "diagonal" else (right, left)
            entries = self.values.mul(
                (one.form.value, diagonal(self.values, other.form, other.dims))
            )
            return self._total(entries, one.dims[0])
        if kinds != ("array", "array"):
            return self._trace_one(self.join(left, right))
        a, b = full(self.values, left.form, left.dims), full(self.values, right.form, right.dims)
        b = self.values.transpose(b)
        if a.op == b.op == "transpose":
            a, b = a.args[0], b.args[0]
        return self.values.sum(self.values.mul((a, b)))

    def _trace_one(self, item: Factor) -> Value:
        form, dims = item.form, item.dims
        if form.kind == "array" and form.value.dims == dims:
            return self.values.make("trace", (form.value,), ())
        entries = diagonal(self.values, form, dims)
        return self._total(entries, dims[0])

    def _total(self, entries: Value, dim: Dim) -> Value:
        """The sum of a vector of that length, or of one scalar for all its entries."""
        return (
            self.values.sum(entries)
            if entries.dims
            else self.values.mul((self.values.size(dim), entries))
        )


def _mask(entries: Value) -> tuple[Value | None, list[Value]]:
    """The indicator among the factors of a vector, as booleans, and the others."""
    if len(entries.dims) != 1:
        return None, []
    factors = entries.args if entries.op == "mul" else (entries,)
    for i, factor in enumerate(factors):
        bare = factor.args[0] if is_indicator(factor) else factor
        if bare.op == "compare" and bare.dims == entries.dims:
            return bare, [*factors[:i], *factors[i + 1 :]]
    return None, []


def _parts(factors: Sequence[Factor]) -> tuple[list[Value], list[list[Factor]]]:
    """The scalars, and the maximal runs in which each factor contracts with the next."""
    scalars: list[Value] = []
    parts: list[list[Factor]] = []
    for item in factors:
        if not item.dims:
            scalars.append(item.form.value)
        elif parts and parts[-1][-1].cols is not None and item.rows is not None:
            parts[-1].append(item)
        else:
            parts.append([item])
    return scalars, parts
