"""How a value is held: as an array, as the diagonal of a matrix, or as the matrix to invert.

An array may be smaller than the expression (a *wide* form): NumPy's broadcasting makes it larger
where that is needed, so that `ones(n)` or `ones(m) c'` are not built to be added or multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from matcalc.dims import Dim
from matcalc.plan.values import Dims, Value, Values, broadcast_dims

Structure = Literal["", "symmetric", "spd", "lower", "upper", "nonnegative"]

_FLIPPED: Final[dict[Structure, Structure]] = {
    "": "", "symmetric": "symmetric", "spd": "spd", "lower": "upper", "upper": "lower",
    "nonnegative": "nonnegative",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A value and its role.

    array: broadcasts to the expression's dimensions.  diagonal: the entries of a diagonal matrix,
    a vector or one scalar for all.  inverse: the square matrix whose inverse is meant.  What is
    known of a diagonal's entries, or of the matrix to invert, is in `structure`.
    """

    value: Value
    kind: Literal["array", "diagonal", "inverse"] = "array"
    structure: Structure = ""


def full(values: Values, form: Form, dims: Dims) -> Value:
    """The form as one array of exactly these dimensions."""
    value = form.value
    if form.kind == "inverse":
        return values.make("inv", (value,), dims, form.structure or None)
    if form.kind == "diagonal" and value.dims:
        return values.make("diag", (value,), dims)
    if form.kind == "diagonal":
        value = values.mul((value, values.make("eye", (), dims, dims[0])))
    return value if value.dims == dims else values.make("broadcast", (value,), dims)


def array(values: Values, form: Form, dims: Dims) -> Value:
    """The form as an array that broadcasts to these dimensions."""
    return form.value if form.kind == "array" else full(values, form, dims)


def transposed(values: Values, form: Form, rank: int) -> Form:
    """The form of the transpose; rank is that of the expression."""
    if rank < 2 or form.kind == "diagonal" or form.structure in {"symmetric", "spd"}:
        return form
    value = form.value
    if form.kind == "inverse":
        return Form(values.transpose(value), "inverse", _FLIPPED[form.structure])
    if len(value.dims) == 2 and value.op != "expand":
        return Form(values.transpose(value))
    if value.op == "expand":
        return Form(value.args[0])
    return Form(values.expand(value))


def scaled(values: Values, form: Form, scale: Value, dims: Dims) -> Form:
    """The form of a scalar times the expression."""
    if form.kind == "inverse":
        return Form(values.mul((scale, full(values, form, dims))))
    return Form(values.mul((scale, form.value)), form.kind)


def combined_sum(values: Values, terms: list[Form], dims: Dims) -> Form:
    """The form of a sum of forms, which are aligned to one rank."""
    diagonals = [t.value for t in terms if t.kind == "diagonal"]
    arrays = [array(values, t, dims) for t in terms if t.kind != "diagonal"]
    if not diagonals:
        return Form(values.add(arrays))
    entries = values.add(diagonals)
    base = values.add(arrays)
    if not arrays or (base.op == "number" and base.data == 0):
        return Form(entries, "diagonal")
    whole = full(values, Form(base), dims)
    return Form(values.make("add_diagonal", (whole, entries), dims))


def combined_product(values: Values, factors: list[Form], dims: Dims) -> Form:
    """The form of an element-wise product of forms of one shape."""
    if not any(f.kind == "diagonal" for f in factors):
        return Form(values.mul([array(values, f, dims) for f in factors]))
    entries = [f.value if f.kind == "diagonal" else diagonal(values, f, dims) for f in factors]
    return Form(values.mul(entries), "diagonal")


def diagonal(values: Values, form: Form, dims: Dims) -> Value:
    """The main diagonal of a square matrix: a vector, or a scalar that broadcasts to it."""
    value = form.value
    if form.kind == "diagonal" or (form.kind == "array" and len(value.dims) < 2):
        return value
    if form.kind == "array" and value.op == "expand":
        return value.args[0]
    whole = full(values, form, dims)
    if whole.op == "matmul" and all(len(a.dims) == 2 for a in whole.args):
        left, right = whole.args
        return values.sum(values.mul((left, values.transpose(right))), 1)
    return values.make("diagonal", (whole,), dims[:1])


def summed(values: Values, form: Form, dims: Dims) -> Value:
    """The sum of all entries."""
    if form.kind == "inverse":
        return values.sum(full(values, form, dims))
    value = form.value
    if form.kind == "diagonal":
        return values.sum(value) if value.dims else values.mul((values.size(dims[0]), value))
    held = broadcast_dims((value,))
    missing = [d for i, d in enumerate(reversed(dims)) if i >= len(held) or held[-1 - i] is not d]
    total = values.sum(value) if value.dims else value
    return values.mul((*(values.size(d) for d in missing), total))


def count(values: Values, dims: tuple[Dim, ...]) -> Value:
    """The number of entries of an array."""
    return values.mul([values.size(d) for d in dims]) if dims else values.number(1)
