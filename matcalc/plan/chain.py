"""Products of linear algebra: in which order, and by which array operations.

A chain is cut where a vector ends one part and another begins the next (`a b' x` is `a`, then
`b' x`): every part but the first and the last is then a scalar.  A part with a vector at an end is
multiplied from there, so that no matrix meets a matrix; a part of matrices alone in the order of
least cost, all dimensions taken to be equal but for known numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from matcalc.dims import Dim
from matcalc.expr.nodes import Shape
from matcalc.plan.forms import Form, diagonal, full, scaled, transposed
from matcalc.plan.values import Dims, Value, Values

TYPICAL: Final = 100
"""The size that an unknown dimension is taken to have."""

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


def multiply(values: Values, factors: Sequence[Factor]) -> Factor:
    """The product of a chain: its scalars scale the first of two vectors, else the whole."""
    scalars, parts = _parts(factors)
    made = [_part(values, part) for part in parts]
    scalars += [part.form.value for part in made if not part.dims]
    made = [part for part in made if part.dims]
    scale = values.mul(scalars)
    if not made:
        return Factor(Form(scale), None, None)
    made[0] = _scale(values, made[0], scale)
    return reduce(lambda left, right: join(values, left, right), made)


def _scale(values: Values, part: Factor, scale: Value) -> Factor:
    return Factor(scaled(values, part.form, scale, part.dims), part.rows, part.cols)


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


def _part(values: Values, part: list[Factor]) -> Factor:
    if part[0].rows is None or (part[-1].cols is not None and len(part) > EXHAUSTIVE):
        return reduce(lambda left, right: join(values, left, right), part)
    if part[-1].cols is None:
        return reduce(lambda right, left: join(values, left, right), reversed(part))
    return _best(values, part)


def _best(values: Values, part: list[Factor]) -> Factor:
    """Matrices in the order of least cost; of equal costs, from the left."""
    best: dict[tuple[int, int], tuple[float, int, str]] = {
        (i, i): (0.0, i, item.form.kind) for i, item in enumerate(part)
    }
    for length in range(1, len(part)):
        for i in range(len(part) - length):
            j = i + length
            options = []
            for cut in range(j - 1, i - 1, -1):
                left, right = best[i, cut], best[cut + 1, j]
                cost, kind = _cost(part, i, cut, j, left[2], right[2])
                options.append((left[0] + right[0] + cost, cut, kind))
            best[i, j] = min(options, key=lambda option: option[0])

    def build(i: int, j: int) -> Factor:
        if i == j:
            return part[i]
        cut = best[i, j][1]
        return join(values, build(i, cut), build(cut + 1, j))

    return build(0, len(part) - 1)


def _cost(part: list[Factor], i: int, cut: int, j: int, left: str, right: str) -> tuple[float, str]:
    rows, inner, cols = (_guess(d) for d in (part[i].rows, part[cut].cols, part[j].cols))
    if left == right == "diagonal":
        return inner, "diagonal"
    inverses = [inner**3 for kind in (left, right) if kind == "inverse"]
    if "diagonal" in {left, right}:
        return rows * cols + 3 * sum(inverses), "array"
    return rows * inner * cols + sum(inverses), "array"


def _guess(dim: Dim | None) -> float:
    value = dim.value if dim is not None else 1
    return float(TYPICAL if value is None else value)


def join(values: Values, left: Factor, right: Factor) -> Factor:
    """The product of two factors."""
    rows, cols = left.rows, right.cols
    if left.cols is None or right.rows is None:
        return _outer(values, left, right)
    kinds = left.form.kind, right.form.kind
    if "diagonal" in kinds:
        return Factor(_scaling(values, left, right), rows, cols)
    if kinds[0] == "inverse":
        return Factor(Form(_solve(values, left, right)), rows, cols)
    if kinds[1] == "inverse":
        flipped = _solve(values, _flip(values, right), _flip(values, left))
        return Factor(Form(values.transpose(flipped)), rows, cols)
    return Factor(_contract(values, left, right), rows, cols)


def _outer(values: Values, left: Factor, right: Factor) -> Factor:
    """No axis to sum over: a scaling, or the outer product of a column and a row."""
    if not left.dims or not right.dims:
        whole, scale = (right, left) if not left.dims else (left, right)
        return _scale(values, whole, scale.form.value)
    if left.cols is not None:
        return join(values, _entry(values, left, (None, 0)), right)
    if right.rows is not None:
        return join(values, left, _entry(values, right, (0, None)))
    a, b = left.form.value, right.form.value
    if a.dims and b.dims:
        made = values.make("outer", (values.bare(a, b), values.bare(b, a)), (*a.dims, *b.dims))
    else:
        made = values.mul((values.expand(a), b))
    return Factor(Form(made), left.rows, right.cols)


def _entry(values: Values, item: Factor, at: tuple[int | None, int | None]) -> Factor:
    """The only column, or row, of a matrix as a vector."""
    dim, row = (item.rows, False) if at[0] is None else (item.cols, True)
    assert dim is not None
    axis = 1 if at[0] is None else 0
    made = values.index(full(values, item.form, item.dims), axis, values.number(0))
    return factor(Form(made), Shape((dim,), row))


def _scaling(values: Values, left: Factor, right: Factor) -> Form:
    """A product with a diagonal matrix: rows or columns are scaled."""
    a, b = left.form, right.form
    if a.kind == b.kind:
        return Form(values.mul((a.value, b.value)), "diagonal")
    if a.kind == "diagonal":
        if b.kind == "inverse" and not a.value.dims:
            return scaled(values, b, a.value, right.dims)
        other = b.value if b.kind == "array" else full(values, b, right.dims)
        entries = a.value if right.cols is None else values.expand(a.value)
        return Form(values.mul((entries, other)))
    other = a.value if a.kind == "array" else full(values, a, left.dims)
    return Form(values.mul((other, b.value)))


def _flip(values: Values, item: Factor) -> Factor:
    return Factor(transposed(values, item.form, len(item.dims)), item.cols, item.rows)


def _solve(values: Values, left: Factor, right: Factor) -> Value:
    """inv(A) times what stands right of it."""
    other = full(values, right.form, right.dims)
    data = left.form.structure if left.form.structure in {"lower", "upper"} else None
    return values.make("solve", (left.form.value, other), other.dims, data)


def _contract(values: Values, left: Factor, right: Factor) -> Form:
    """A sum over the shared axis: for a unit vector a slice, for a constant one a sum."""
    for one, other, axis in ((right, left, len(left.dims) - 1), (left, right, 0)):
        vector = one.form.value
        if len(one.dims) == 1 and not vector.dims:
            if other.form.value.dims != other.dims and len(other.dims) == 1:
                return Form(values.mul((values.size(other.dims[0]), vector, other.form.value)))
            whole = full(values, other.form, other.dims)
            total = values.sum(whole, axis if len(other.dims) == 2 else None)
            return Form(values.mul((vector, total)))
        if len(one.dims) == 1 and vector.op == "unit":
            whole = full(values, other.form, other.dims)
            return Form(values.index(whole, axis, vector.args[0]))
    a = full(values, left.form, left.dims)
    b = full(values, right.form, right.dims)
    return Form(values.matmul(a, b))


def trace(values: Values, factors: Sequence[Factor]) -> Value:
    """The trace of a chain that is a square matrix: never by way of the whole product."""
    scalars, runs = _parts(factors)
    parts = [run for run in runs if run[0].rows is not None or run[-1].cols is not None]
    scalars += [_part(values, run).form.value for run in runs if run not in parts]
    if len(parts) > 1:  # tr(A b c' D) = c' D A b: turned round, the chain is a number
        turned = [item for part in (*parts[1:], parts[0]) for item in part]
        return values.mul((*scalars, multiply(values, turned).form.value))
    part = parts[0]
    if len(part) == 1:
        return values.mul((*scalars, _trace_one(values, part[0])))
    left, right = _part(values, part[:-1]), part[-1]
    return values.mul((*scalars, _trace_two(values, left, right)))


def _trace_two(values: Values, left: Factor, right: Factor) -> Value:
    """tr(A B), the sum of the entries of A ⊙ B'; with a diagonal matrix an inner product."""
    kinds = left.form.kind, right.form.kind
    if "diagonal" in kinds and kinds[0] != kinds[1]:
        one, other = (left, right) if kinds[0] == "diagonal" else (right, left)
        entries = values.mul((one.form.value, diagonal(values, other.form, other.dims)))
        return _total(values, entries, one.dims[0])
    if kinds != ("array", "array"):
        return _trace_one(values, join(values, left, right))
    a, b = full(values, left.form, left.dims), full(values, right.form, right.dims)
    b = values.transpose(b)
    if a.op == b.op == "transpose":
        a, b = a.args[0], b.args[0]
    return values.sum(values.mul((a, b)))


def _trace_one(values: Values, item: Factor) -> Value:
    form, dims = item.form, item.dims
    if form.kind == "array" and form.value.dims == dims:
        return values.make("trace", (form.value,), ())
    entries = diagonal(values, form, dims)
    return _total(values, entries, dims[0])


def _total(values: Values, entries: Value, dim: Dim) -> Value:
    """The sum of a vector of that length, or of one scalar for all its entries."""
    return values.sum(entries) if entries.dims else values.mul((values.size(dim), entries))
