"""What the nodes of matrix notation do to arrays: products, expansion, stacking, entries, calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, assert_never

import numpy as np

from matcalc.check.elementwise import ALONG, ELEMENTWISE, indicator, power
from matcalc.check.linear import (
    LINEAR,
    RANKS,
    STACKING,
    as_matrix,
    batched,
    inverse,
    matrix_power,
    whole,
)
from matcalc.check.special import SPECIAL
from matcalc.errors import DerivationError
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Shape

Operation = Callable[..., Any]
Leaf = nodes.Number | nodes.Constant | nodes.Size
Inner = (
    nodes.Named | nodes.Neg | nodes.Add | nodes.Product | nodes.Dot | nodes.Hadamard | nodes.Kron
    | nodes.Divide | nodes.Power | nodes.Transpose | nodes.Inverse | nodes.Compare | nodes.Index
    | nodes.Stack | nodes.Einsum | nodes.Call
)  # fmt: skip

FEW: Final = 8
"""Indices of a contraction beyond which two factors at a time are contracted."""

CONSTANTS: Final[Mapping[str, float]] = {"pi": np.pi, "inf": np.inf}
COMPARISONS: Final[Mapping[str, Operation]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
}


def constant(node: Leaf, sizes: Mapping[str, int]) -> float:
    """The number that a leaf is."""
    match node:
        case nodes.Number(value=value):
            return float(value)
        case nodes.Constant(name=name):
            return CONSTANTS[name]
        case nodes.Size(dim=dim):
            return float(dim.evaluate(sizes))
        case _:
            assert_never(node)


def operation(node: Inner, result: tuple[int, ...]) -> Operation:
    """The function from the values of a node's inputs to its own; `result` is the shape of that."""
    match node:
        case nodes.Named():
            return lambda value: value
        case nodes.Neg():
            return np.negative
        case nodes.Add(terms=terms):
            return _expanding(lambda *parts: sum(parts[1:], start=parts[0]), terms, node.shape)
        case nodes.Product(factors=factors):
            return _product([factor.shape for factor in factors], result)
        case nodes.Dot():
            return np.dot
        case nodes.Hadamard():
            return _hadamard
        case nodes.Kron(left=a, right=b):
            return _stacking("kron", (a, b), result)
        case nodes.Divide():
            return np.divide
        case nodes.Power(base=base, elementwise=elementwise):
            return matrix_power if base.shape.rank == 2 and not elementwise else power
        case nodes.Transpose():
            return np.transpose
        case nodes.Inverse():
            return inverse
        case nodes.Compare(op=op, left=a, right=b):
            return _expanding(_comparison(op), (a, b), node.shape)
        case nodes.Index(indices=indices):
            return _indexing([index is None for index in indices])
        case nodes.Stack():
            return lambda *items: np.stack(items)
        case nodes.Einsum(spec=spec):
            many = len({*spec} - {*",->"}) > FEW  # each index at once is a loop in a loop
            return lambda *args: np.einsum(spec, *args, optimize=many)
        case nodes.Call():
            return _call(node, result)
        case _:
            assert_never(node)


def _expanding(function: Operation, parts: Sequence[Expr], shape: Shape) -> Operation:
    """The function with vectors beside a matrix expanded: a row over its rows, a column so too."""
    if shape.rank != 2 or all(part.shape.rank != 1 for part in parts):
        return function
    axes = [int(not part.shape.row) if part.shape.rank == 1 else None for part in parts]

    def expanded(*values: Any) -> Any:
        pairs = zip(values, axes, strict=True)
        return function(*(v if axis is None else np.expand_dims(v, axis) for v, axis in pairs))

    return expanded


def _comparison(op: str) -> Operation:
    return indicator(COMPARISONS[op])


def _hadamard(first: Any, *rest: Any) -> Any:
    for factor in rest:
        first = first * factor
    return first


def _product(shapes: Sequence[Shape], result: tuple[int, ...]) -> Operation:
    """The product of linear algebra from left to right; a row times a column is a scalar."""

    def product(*values: Any) -> Any:
        total: Any = 1.0
        scalar, row = True, False
        for value, shape in zip(values, shapes, strict=True):
            right = as_matrix(value, shape.row) if shape.rank in {1, 2} else value
            if scalar:
                total, scalar, row = total * right, not shape.dims, shape.row
            elif not shape.dims:
                total = total * right
            else:
                total = total @ right
                if row and shape.rank == 1 and not shape.row:
                    total, scalar, row = total[0, 0], True, False
        return np.reshape(total, result)

    return product


def _indexing(free: Sequence[bool]) -> Operation:
    """An entry, a row or a column; IndexError outside of the array, negative places included."""

    def entry(arg: Any, *given: Any) -> Any:
        rest = iter(given)
        chosen = tuple(slice(None) if colon else whole(next(rest)) for colon in free)
        for place, length in zip(chosen, np.shape(arg), strict=True):
            if isinstance(place, int) and not 0 <= place < length:
                raise IndexError(f"there is no entry {place} in {length}")
        return np.asarray(arg)[chosen]

    return entry


def _stacking(name: str, parts: Sequence[Expr], result: tuple[int, ...]) -> Operation:
    rows = [part.shape.row for part in parts]

    def stacked(*values: Any) -> Any:
        matrices = [as_matrix(value, row) for value, row in zip(values, rows, strict=True)]
        return np.reshape(STACKING[name](*matrices), result)

    return stacked


def _call(node: nodes.Call, result: tuple[int, ...]) -> Operation:
    """The function of a call; DerivationError for one that the oracle does not know."""
    name, axis = node.name, node.axis
    if name in STACKING:
        return _stacking(name, node.args, result)
    if name == "reshape":  # axes merged or split, the last counting fastest
        return lambda arg, *_: np.reshape(arg, result)
    if name in LINEAR:
        return batched(LINEAR[name], RANKS[name]) if name in RANKS else LINEAR[name]
    if name in {"max", "min"} and len(node.args) == 2:
        return _expanding(ALONG[name], node.args, node.shape)
    if name in ALONG:
        function = ALONG[name]
        return lambda *args: function(*args, axis=axis)
    if name in ELEMENTWISE or name in SPECIAL:
        known = ELEMENTWISE.get(name) or SPECIAL[name]
        wide = _expanding(known, node.args, node.shape)
        return lambda *args: np.broadcast_to(wide(*args), result)
    raise DerivationError(
        f"the numerical check does not know the function {name}",
        suggestion="add it to the tables of matcalc/check (elementwise.py, special.py, linear.py)",
    )
