"""Functions that only move entries: each is a contraction with deltas, selections or constant
tensors, or a regrouping of axes.

Each takes the lowered arguments and the call, whose shape is that of the result.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.dims import ONE, ZERO, Dim, number
from matcalc.errors import DerivationError, InputError
from matcalc.expr.nodes import Call, Expr, Number, Shape, Size
from matcalc.tensor import leaves
from matcalc.tensor.canonical import (
    UNIT,
    add,
    as_constant,
    constant,
    contract,
    delta,
    embed,
    group,
    mask,
    one_hot,
    split,
    transpose,
)
from matcalc.tensor.constructors import Operand, Term
from matcalc.tensor.nodes import Tensor
from matcalc.tensor.substitute import without_names

Args = Sequence[Tensor]


def matrix_axes(shape: Shape, first: int) -> tuple[int | None, int | None]:
    """Labels for the rows and columns that a column, a row or a matrix has."""
    if shape.rank == 1:
        return (None, first + 1) if shape.row else (first, None)
    return first, first + 1


def unit_vector(index: Tensor, dim: Dim) -> Tensor:
    """e(i, n) for an index that is a number, a name of one, or an integer variable."""
    value, size = as_constant(without_names(index)), dim.value
    if value is not None and (
        not isinstance(value, int) or value < 0 or (size is not None and value >= size)
    ):
        raise InputError(f"there is no place {value} among {dim}", expected="a place from 0 on")
    place = as_constant(index)
    return one_hot(place if isinstance(place, int) else index, dim)


def eye(_: Args, node: Call) -> Tensor:
    return delta(node.shape.dims[0])


def ones(_: Args, node: Call) -> Tensor:
    return constant(1, node.shape.dims)


def zeros(_: Args, node: Call) -> Tensor:
    return constant(0, node.shape.dims)


def unit(args: Args, node: Call) -> Tensor:
    return unit_vector(args[0], node.shape.dims[0])


def total(args: Args, node: Call) -> Tensor:
    """sum, of all entries or along an axis."""
    t = args[0]
    kept = [] if node.axis is None else [i for i in range(t.rank) if i != node.axis % t.rank]
    return contract([(t, range(t.rank))], kept[: node.shape.rank])


def diag(args: Args, _: Call) -> Tensor:
    (t,) = args
    return contract([(t, (0,))], (0, 0)) if t.rank == 1 else contract([(t, (0, 0))], (0,))


def trace(args: Args, _: Call) -> Tensor:
    return contract([(args[0], (0, 0))], ())


def vec(args: Args, _: Call) -> Tensor:
    (t,) = args
    return group(transpose(t), (2,)) if t.rank == 2 else t


def unvec(args: Args, node: Call) -> Tensor:
    m, n = node.shape.dims
    return transpose(split(args[0], (2,), (n, m)))


def triangle(args: Args, node: Call) -> Tensor:
    """tril and triu."""
    t = args[0]
    offset = as_constant(without_names(args[1])) if len(args) > 1 else 0
    if not isinstance(offset, int):
        raise DerivationError(f"the offset of {node.name} is a whole number")
    if node.name == "tril":
        return contract([(t, (0, 1)), (mask(t.dims, offset), (0, 1))], (0, 1))
    return contract([(t, (0, 1)), (mask(t.dims[::-1], -offset), (1, 0))], (0, 1))


def blocks(args: Args, node: Call) -> Tensor:
    """hstack, vstack and blockdiag: the sum of the parts, each put in its place."""
    dims, lies = node.shape.dims, node.shape.row
    down, across = node.name != "hstack", node.name != "vstack"
    if len(dims) == 1:
        down, across = not lies, lies
    row, column = ZERO, ZERO
    terms: list[Term] = []
    for t, part in zip(args, node.args, strict=True):
        rows, columns = matrix_axes(part.shape, 0) if part.shape.dims else (None, None)
        height = ONE if rows is None else t.dims[0]
        width = ONE if columns is None else t.dims[-1]
        operands: list[Operand] = [(t, [x for x in (rows, columns) if x is not None])]
        out: list[str] = []
        if len(dims) == 2 or not lies:
            operands.append((_place(dims[0], height, row), ("down", _or(rows, "row"))))
            out.append("down")
        if len(dims) == 2 or lies:
            operands.append((_place(dims[-1], width, column), ("across", _or(columns, "column"))))
            out.append("across")
        terms.append((1, contract(operands, out), tuple(range(len(out)))))
        row = row + height if down else row
        column = column + width if across else column
    return add(terms, dims)


def _or(label: int | None, name: str) -> int | str:
    return name if label is None else label


def _place(whole: Dim, part: Dim, offset: Dim) -> Tensor:
    """Where a block goes along an axis; a single place that is known is a unit vector."""
    place = offset.value
    if part == ONE and place is not None and whole != ONE:
        return contract([(one_hot(place, whole), (0,)), (UNIT, ())], (0, 1), {1: ONE})
    return embed(whole, part, offset)


def stack(args: Args, dims: tuple[Dim, ...]) -> Tensor:
    """[a, b, …]: the sum of the items, each at its place along the first axis."""
    axes = tuple(range(len(dims)))
    parts = [
        contract([(one_hot(i, dims[0]), (0,)), (t, (1,) * t.rank)], axes)
        for i, t in enumerate(args)
    ]
    return add([(1, t, axes) for t in parts], dims)


def kron(left: tuple[Tensor, Shape], right: tuple[Tensor, Shape]) -> Tensor:
    """A ⊗ B: the outer product with rows and columns grouped."""
    (a, first), (b, second) = left, right
    pairs = zip(matrix_axes(first, 0), matrix_axes(second, 2), strict=True)
    sides = [[x for x in pair if x is not None] for pair in pairs]
    operands = [
        (t, [x for x in axes if x is not None])
        for t, axes in ((a, matrix_axes(first, 0)), (b, matrix_axes(second, 2)))
    ]
    return group(contract(operands, sides[0] + sides[1]), tuple(len(x) for x in sides if x))


def cross(args: Args, _: Call) -> Tensor:
    x, y = args
    return contract([(leaves.levi_civita(), (0, 1, 2)), (x, (1,)), (y, (2,))], (0,))


def skew(args: Args, _: Call) -> Tensor:
    return contract([(leaves.levi_civita(), (0, 2, 1)), (args[0], (2,))], (0, 1))


def levi_civita(_: Args, __: Call) -> Tensor:
    return leaves.levi_civita()


def vech_basis(_: Args, node: Call) -> Tensor:
    return leaves.vech_basis(node.shape.dims[0], node.shape.dims[1])


def vech(args: Args, node: Call) -> Tensor:
    (t,) = args
    basis = leaves.vech_basis(node.shape.dims[0], t.dims[0])
    return contract([(basis, (0, 1, 2)), (t, (1, 2))], (0,))


def unvech(args: Args, node: Call) -> Tensor:
    t = args[0]
    basis = leaves.vech_basis(t.dims[0], node.shape.dims[0])
    return contract([(basis, (0, 1, 2)), (t, (0,))], (1, 2))


def vech_matrix(name: str, count: Dim, n: Dim) -> Tensor:
    """duplication(n), D vech(S) = vec(S), or elimination(n), L vec(S) = vech(S)."""
    basis = leaves.vech_basis(count, n)
    if name == "elimination":
        return group(contract([(basis, (0, 1, 2))], (0, 2, 1)), (1, 2))
    below = contract([(basis, (0, 1, 2))], (2, 1, 0))
    above = contract([(basis, (0, 1, 2))], (1, 2, 0))
    both = contract([(basis, (0, 1, 1)), (delta(n), (1, 2))], (1, 2, 0))
    whole = (0, 1, 2)
    terms = [(1, below, whole), (1, above, whole), (-1, both, whole)]
    return group(add(terms, below.dims), (2, 1))


def size_of(arg: Expr) -> Dim:
    """The dimension that stands as an argument."""
    if isinstance(arg, Size):
        return arg.dim
    assert isinstance(arg, Number), "a size is a dimension, or a whole number"
    return number(int(arg.value))


def of_triangles(_: Args, node: Call) -> Tensor:
    """duplication and elimination."""
    rows, columns = node.shape.dims
    count = columns if node.name == "duplication" else rows
    return vech_matrix(node.name, count, size_of(node.args[0]))


def commutation(_: Args, node: Call) -> Tensor:
    """K vec(X) = vec(X') for X of m×n."""
    m, n = map(size_of, node.args)
    pairs: list[Operand] = [(delta(m), (0, 3)), (delta(n), (1, 2))]
    return group(contract(pairs, (0, 1, 2, 3)), (2, 2))


def reshape(args: Args, node: Call) -> Tensor:
    t, dims = args[0], node.shape.dims
    if t.dims == dims:
        return t
    if not t.dims:
        return contract([(t, ())], range(len(dims)), dict(enumerate(dims)))
    runs = _runs(t.dims, dims)
    if runs is not None:
        return group(t, runs)
    sizes = _runs(dims, t.dims)
    if sizes is not None:
        return split(t, sizes, dims)
    whole = group(t, (t.rank,)) if t.rank > 1 else t
    return whole if len(dims) == 1 else split(whole, (len(dims),), dims)


def _runs(parts: Sequence[Dim], wholes: Sequence[Dim]) -> tuple[int, ...] | None:
    """How many of the parts in a row multiply to each whole; None if they do not."""
    sizes = []
    rest = list(parts)
    for whole in wholes:
        product, count = ONE, 0
        while rest and product != whole:
            product, count = product * rest.pop(0), count + 1
        if product != whole:
            return None
        sizes.append(count)
    return tuple(sizes) if not rest and 0 not in sizes else None
