"""Expressions of the language as SymPy's matrix expressions.

Columns and rows are matrices of one column or row, a scalar made of them (`x' y`) is a trace.
Sizes are positive integer symbols.  What SymPy cannot say, such as an einsum, is an InputError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import sympy as sp
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalOf
from sympy.matrices.expressions.hadamard import HadamardPower, HadamardProduct
from sympy.matrices.expressions.kronecker import KroneckerProduct

from matcalc.bridge.scalars import SAME
from matcalc.bridge.table import FUNCTIONS
from matcalc.budget import tick
from matcalc.dims import Dim
from matcalc.errors import InputError, LimitError
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Shape, postorder


def normcdf(x: Any) -> Any:
    """The standard normal distribution function."""
    return (1 + sp.erf(x / sp.sqrt(2))) / 2


LARGE: Final = 1000
"""A function of a larger number stays as it is: gamma(100000) has half a million digits."""

LONGEST: Final = 20_000
"""What is longer than this, written out, is refused."""

SLOPE: Final = sp.Rational(1, 100)

ELEMENTWISE: Final[dict[str, Callable[..., Any]]] = {
    **{name: getattr(sp, name) for name in [*SAME, "sqrt", "digamma", "polygamma"]},
    **{name: getattr(sp, rows[0].sympy or name) for name, rows in FUNCTIONS.items()},
    "abs": sp.Abs,
    "log1p": lambda x: sp.log(1 + x),
    "expm1": lambda x: sp.exp(x) - 1,
    "pow": lambda x, p: x**p,
    "gt": lambda a, b: sp.Piecewise((1, a > b), (0, True)),
    "ge": lambda a, b: sp.Piecewise((1, a >= b), (0, True)),
    "eq": lambda a, b: sp.Piecewise((1, sp.Eq(a, b)), (0, True)),
    "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
    "relu": lambda x: sp.Piecewise((x, x > 0), (0, True)),
    "leaky_relu": lambda x, a=SLOPE: sp.Piecewise((x, x > 0), (a * x, True)),
    "elu": lambda x, a=1: sp.Piecewise((x, x > 0), (a * (sp.exp(x) - 1), True)),
    "gelu": lambda x: x * normcdf(x),
    "silu": lambda x: x / (1 + sp.exp(-x)),
    "lgamma": sp.loggamma,
    "normcdf": normcdf,
    "log_normcdf": lambda x: sp.log(normcdf(x)),
    "normpdf": lambda x: sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi),
    "square": lambda x: x**2,
    "recip": lambda x: 1 / x,
    "xlogx": lambda x: x * sp.log(x),
    "log2": lambda x: sp.log(x) / sp.log(2),
    "log10": lambda x: sp.log(x) / sp.log(10),
    "logaddexp": lambda a, b: sp.log(sp.exp(a) + sp.exp(b)),
    "floor": sp.floor,
    "ceil": sp.ceiling,
    "log_sigmoid": lambda x: -sp.log(1 + sp.exp(-x)),
    "logit": lambda x: sp.log(x / (1 - x)),
    "mish": lambda x: x * sp.tanh(sp.log(1 + sp.exp(x))),
    "softsign": lambda x: x / (1 + sp.Abs(x)),
    "huber": lambda x, d=1: sp.Piecewise(
        (x**2 / 2, sp.Abs(x) <= d), (d * (sp.Abs(x) - d / 2), True)
    ),
    "hypot": lambda a, b: sp.sqrt(a**2 + b**2),
    "clip": lambda x, a, b: sp.Piecewise((b, sp.Max(x, a) > b), (a, x <= a), (x, True)),
    "where": lambda c, a, b: sp.Piecewise((b, sp.Eq(c, 0)), (a, True)),
    "max": lambda a, b: sp.Piecewise((a, a >= b), (b, True)),
    "min": lambda a, b: sp.Piecewise((a, a <= b), (b, True)),
}
"""Element-wise functions of the rule book as SymPy writes them."""

COMPARED: Final = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq}


def to_sympy(expr: Expr) -> Any:
    """An expression as one of SymPy; InputError if SymPy has no such notation.

    SymPy walks through what is shared again and again: LimitError for what would be too long.
    """
    made: dict[Expr, Any] = {}
    lengths: dict[int, tuple[int, Any]] = {}
    for node in postorder((expr,)):
        tick()
        made[node] = _made(node, [made[child] for child in nodes.children(node)])
        if _length(made[node], lengths) > LONGEST:
            raise LimitError(
                f"written out for SymPy, this has more than {LONGEST} terms and factors"
            )
    return made[expr]


def _length(root: Any, lengths: dict[int, tuple[int, Any]]) -> int:
    """The nodes of an expression of SymPy, each as often as it stands there; by `id` of the part,
    with the part."""
    pending = [(root, root.args)]
    while pending:
        part, inner = pending[-1]
        missing = [(each, each.args) for each in inner if id(each) not in lengths]
        if missing:
            pending += missing
        else:
            pending.pop()
            lengths[id(part)] = 1 + sum(lengths[id(each)][0] for each in inner), part
    return lengths[id(root)][0]


def size(dim: Dim) -> Any:
    """A dimension: an integer, or a polynomial in positive integer symbols."""
    return sp.Add(
        *(
            sp.Rational(c.numerator, c.denominator) * sp.Mul(*map(_size_symbol, names))
            for names, c in dim.terms
        )
    )


@cache
def _size_symbol(name: str) -> Any:
    return sp.Symbol(name, integer=True, positive=True)


def rows_columns(shape: Shape) -> tuple[Any, Any]:
    """The shape of a vector or matrix in SymPy; InputError for rank 3 and more."""
    if shape.rank == 2:
        return size(shape.dims[0]), size(shape.dims[1])
    if shape.rank == 1:
        return (1, size(shape.dims[0])) if shape.row else (size(shape.dims[0]), 1)
    raise InputError(f"SymPy has no matrix expression of the shape {shape}")


def _unsayable(what: str) -> InputError:
    return InputError(f"SymPy has no matrix notation for {what}")


def _made(node: Expr, parts: list[Any]) -> Any:
    match node:
        case nodes.Symbol(name=name, shape=shape, properties=properties):
            if shape.dims:
                return sp.MatrixSymbol(name, *rows_columns(shape))
            return _size_symbol(name) if "integer" in properties else sp.Symbol(name)
        case nodes.Number(value=value):
            return sp.Rational(value.numerator, value.denominator)
        case nodes.Constant(name=name):
            return sp.pi if name == "pi" else sp.oo
        case nodes.Size(dim=dim):
            return size(dim)
        case nodes.Named():
            return parts[0]
        case nodes.Neg():
            return -parts[0]
        case nodes.Add(terms=terms):
            return _sum(
                [_spread(p, t.shape, node.shape) for p, t in zip(parts, terms, strict=True)]
            )
        case nodes.Product(factors=factors):
            return _product(parts, [f.shape for f in factors])
        case nodes.Dot(left=left, right=right):
            return sp.Trace(
                _turned(parts[0], left.shape, row=True) * _turned(parts[1], right.shape)
            )
        case nodes.Hadamard():
            return HadamardProduct(*parts)
        case nodes.Kron():
            return KroneckerProduct(*parts)
        case nodes.Divide():
            return _quotient(parts[0], parts[1], node)
        case nodes.Power(base=base, exponent=exponent, elementwise=elementwise):
            if base.shape.rank == 2 and not elementwise:
                return sp.MatPow(*parts)
            return _pointwise(lambda x, p: x**p, parts, [base.shape, exponent.shape], "a power")
        case nodes.Transpose(arg=arg):
            return parts[0].T if arg.shape.dims else parts[0]
        case nodes.Inverse():
            return sp.Inverse(parts[0])
        case _:
            return _of_whole(node, parts)


def _of_whole(node: Expr, parts: list[Any]) -> Any:
    shapes = [child.shape for child in nodes.children(node)]
    match node:
        case nodes.Compare(op=op):
            test = COMPARED[op]
            return _pointwise(
                lambda a, b: sp.Piecewise((1, test(a, b)), (0, True)), parts, shapes, "an indicator"
            )
        case nodes.Index(arg=arg, indices=indices):
            if any(i is None for i in indices):
                raise _unsayable("a row or a column of a matrix")
            places = parts[1:] if arg.shape.rank == 2 else [parts[1], 0]
            return parts[0][tuple(places[::-1] if arg.shape.row else places)]
        case nodes.Stack(items=items) if all(not item.shape.dims for item in items):
            return sp.ImmutableMatrix(parts)
        case nodes.Apply(function=function, order=order) if function.elementwise:
            f = sp.Function(function.name)
            t = sp.Dummy("t")
            slope = sp.diff(f(t), t, order) if order else f(t)
            return _pointwise(lambda x: slope.subs(t, x), parts, shapes, "this")
        case nodes.Call():
            return _call(node, parts)
        case _:
            raise _unsayable(type(node).__name__.lower())


def _sum(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _spread(part: Any, shape: Shape, whole: Shape) -> Any:
    """A term in the shape of the sum: a scalar, a row or a column is expanded with ones."""
    if shape == whole or not whole.dims:
        return part
    rows, columns = rows_columns(whole)
    if not shape.dims:
        return part * sp.OneMatrix(rows, columns)
    return sp.OneMatrix(rows, 1) * part if shape.row else part * sp.OneMatrix(1, columns)


def _turned(part: Any, shape: Shape, row: bool = False) -> Any:
    return part if shape.row == row else part.T


def _product(parts: Sequence[Any], shapes: Sequence[Shape]) -> Any:
    """From left to right; where a row meets a column, the scalar is a trace."""
    total, shape = parts[0], shapes[0]
    for part, other in zip(parts[1:], shapes[1:], strict=True):
        left, inner = shape, total * part
        if not left.dims or not other.dims:
            shape = other if not left.dims else left
        else:
            scalar = left.rank == other.rank == 1 and left.row and not other.row
            inner = sp.Trace(inner) if scalar else inner
            shape = _result(left, other)
        total = inner
    return total


def _result(left: Shape, right: Shape) -> Shape:
    from matcalc.expr.build import product_shape

    shape = product_shape(left, right)
    assert shape is not None, "the expression was built with shapes that fit"
    return shape


def _quotient(above: Any, below: Any, node: nodes.Divide) -> Any:
    if not node.denominator.shape.dims:
        return above / below
    reciprocal = HadamardPower(below, -1)
    if not node.numerator.shape.dims:
        return above * reciprocal
    return HadamardProduct(above, reciprocal)


def _pointwise(
    function: Callable[..., Any], parts: Sequence[Any], shapes: Sequence[Shape], what: str
) -> Any:
    """A function of scalars, or of one array and scalars, applied to every entry."""
    arrays = [k for k, shape in enumerate(shapes) if shape.dims]
    if not arrays:
        large = [p for p in parts if isinstance(p, sp.Rational) and abs(p) > LARGE]
        kept = bool(large) and isinstance(function, sp.FunctionClass)
        return function(*parts, evaluate=False) if kept else function(*parts)
    if len(arrays) > 1:
        raise _unsayable(f"{what} of two arrays, entry by entry")
    t = sp.Dummy("t", real=True)
    given = [t if k == arrays[0] else part for k, part in enumerate(parts)]
    return ElementwiseApplyFunction(sp.Lambda(t, function(*given)), parts[arrays[0]])


def _call(node: nodes.Call, parts: list[Any]) -> Any:
    name, shapes = node.name, [arg.shape for arg in node.args]
    if name in ELEMENTWISE and (name not in ("max", "min") or len(parts) == 2):
        return _pointwise(ELEMENTWISE[name], parts, shapes, name)
    if name in WHOLE and node.axis is None:
        return WHOLE[name](*parts)
    if name in CONSTANTS:
        rows, columns = rows_columns(node.shape)
        return CONSTANTS[name](rows, columns)
    if name in ("sum", "mean") and len(parts) == 1:
        return _summed(parts[0], shapes[0], node.axis, name == "mean")
    if name == "norm" and len(parts) == 1 and node.axis is None:
        return sp.sqrt(sp.Trace(parts[0].T * parts[0]))
    if name == "diag":
        return DiagMatrix(parts[0]) if shapes[0].rank == 1 else DiagonalOf(parts[0])
    if name in ("dot", "outer"):
        left, right = (_turned(p, s) for p, s in zip(parts, shapes, strict=True))
        return sp.Trace(left.T * right) if name == "dot" else left * right.T
    if name in ("softmax", "logsumexp", "log_softmax") and node.axis is None:
        return _softmax(name, parts[0], shapes[0])
    raise _unsayable(f"the function {name}")


def _summed(x: Any, shape: Shape, axis: int | None, mean: bool) -> Any:
    """The sum of all entries, or over the rows or columns of a matrix, which is a column."""
    rows, columns = rows_columns(shape)
    left, right = sp.OneMatrix(1, rows), sp.OneMatrix(columns, 1)
    if axis is None:
        total, count = sp.Trace(left * x * right), rows * columns
    elif axis % shape.rank == 0 and shape.rank == 2:
        total, count = (left * x).T, rows
    elif shape.rank == 2:
        total, count = x * right, columns
    else:
        total, count = sp.Trace(left * x * right), rows * columns
    return total / count if mean else total


def _softmax(name: str, x: Any, shape: Shape) -> Any:
    exp = _pointwise(sp.exp, [x], [shape], name)
    total = _summed(exp, shape, None, False)
    if name == "logsumexp":
        return sp.log(total)
    return exp / total if name == "softmax" else x + _spread(-sp.log(total), Shape(), shape)


WHOLE: Final[dict[str, Callable[..., Any]]] = {
    "tr": sp.Trace,
    "det": sp.Determinant,
    "logdet": lambda a: sp.log(sp.Abs(sp.Determinant(a))),
    "inv": sp.Inverse,
    "transpose": lambda a: a.T,
    "kron": KroneckerProduct,
    "mse": lambda a, b: sp.Trace((a - b).T * (a - b)) / (a.shape[0] * a.shape[1]),
    "solve": lambda a, b: sp.Inverse(a) * b,
}
CONSTANTS: Final[dict[str, Callable[..., Any]]] = {
    "eye": lambda rows, columns: sp.Identity(rows),  # noqa: ARG005
    "ones": sp.OneMatrix,
    "zeros": sp.ZeroMatrix,
}
