"""Constructors of matrix notation: they check shapes, work out the result's shape, and never
simplify."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from matcalc.dims import ONE, Dim
from matcalc.errors import InputError
from matcalc.expr.nodes import (
    SCALAR,
    Add,
    Apply,
    Call,
    Compare,
    Constant,
    Derivative,
    Divide,
    Dot,
    Einsum,
    Expr,
    Function,
    Hadamard,
    Index,
    Inverse,
    Kron,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Shape,
    Size,
    Stack,
    Symbol,
    Transpose,
    intern,
)


def symbol(name: str, shape: Shape = SCALAR, properties: Iterable[str] = ()) -> Symbol:
    """A variable."""
    return intern(Symbol, shape, name, frozenset(properties))


@lru_cache(maxsize=1000)
def number(value: int | Fraction) -> Number:
    """An exact number; a float is never one."""
    return intern(Number, SCALAR, Fraction(value))


def constant(name: str) -> Constant:
    """`pi` or `inf`."""
    return intern(Constant, SCALAR, name)


def size(dim: Dim) -> Size | Number:
    """A dimension as a number; a known one is that number."""
    value = dim.value
    return intern(Size, SCALAR, dim) if value is None else number(value)


def named(name: str, value: Expr) -> Named:
    """A bound name."""
    return intern(Named, value.shape, name, value)


def neg(arg: Expr) -> Neg:
    """-x."""
    return intern(Neg, arg.shape, arg)


def _mismatch(what: str, *parts: Expr) -> InputError:
    return InputError(
        f"the shapes do not fit: {what} of " + " and ".join(str(part.shape) for part in parts)
    )


def broadcast_shape(parts: Sequence[Expr]) -> Shape | None:
    """The shape that scalars, and a row or a column beside a matrix, expand to; None if they do not
    fit."""
    shapes = {part.shape for part in parts if part.shape.dims}
    if not shapes:
        return SCALAR
    widest = max(shapes, key=lambda shape: shape.rank)
    for shape in shapes - {widest}:
        if not (
            widest.rank == 2
            and shape.rank == 1
            and shape.dims[0] == widest.dims[1 if shape.row else 0]
        ):
            return None
    return widest


def add(terms: Sequence[Expr]) -> Expr:
    """The sum of the terms; one term alone is itself."""
    if len(terms) == 1:
        return terms[0]
    shape = broadcast_shape(terms)
    if shape is None:
        raise _mismatch("a sum", *terms)
    return intern(Add, shape, tuple(terms))


def product_shape(left: Shape, right: Shape) -> Shape | None:
    """The shape of a product of linear algebra; None if there is none."""
    if not left.dims:
        return right
    if not right.dims:
        return left
    if left.rank > 2 or right.rank > 2:
        return None
    rows, inner = _as_matrix(left)
    other, columns = _as_matrix(right)
    if inner != other:
        return None
    if left.rank == 1 and left.row:
        return SCALAR if right.rank == 1 and not right.row else Shape((columns,), row=True)
    if right.rank == 1 and not right.row:
        return Shape((rows,))
    return Shape((rows, columns))


def _as_matrix(shape: Shape) -> tuple[Dim, Dim]:
    if shape.rank == 1:
        return (ONE, shape.dims[0]) if shape.row else (shape.dims[0], ONE)
    return shape.dims[0], shape.dims[1]


def product(factors: Sequence[Expr]) -> Expr:
    """The product of linear algebra, from left to right; one factor alone is itself."""
    if len(factors) == 1:
        return factors[0]
    shape = factors[0].shape
    for factor in factors[1:]:
        result = product_shape(shape, factor.shape)
        if result is None:
            raise _mismatch("a product", *factors)
        shape = result
    return intern(Product, shape, tuple(factors))


def dot(left: Expr, right: Expr) -> Dot:
    """The inner product of two vectors of one length."""
    if left.shape.rank != 1 or left.shape.dims != right.shape.dims:
        raise _mismatch("an inner product", left, right)
    return intern(Dot, SCALAR, left, right)


def hadamard(factors: Sequence[Expr]) -> Expr:
    """The element-wise product of factors of one shape; one factor alone is itself."""
    if len(factors) == 1:
        return factors[0]
    if len({factor.shape for factor in factors}) != 1:
        raise _mismatch("an element-wise product", *factors)
    return intern(Hadamard, factors[0].shape, tuple(factors))


def kron(left: Expr, right: Expr) -> Kron:
    """The Kronecker product; of a column and a column a column, of rows a row, else a matrix."""
    a, b = left.shape, right.shape
    if a.rank == b.rank == 1 and a.row == b.row:
        shape = Shape((a.dims[0] * b.dims[0],), a.row)
    elif {a.rank, b.rank} <= {1, 2}:
        (m, n), (p, q) = _as_matrix(a), _as_matrix(b)
        shape = Shape((m * p, n * q))
    else:
        raise _mismatch("a Kronecker product", left, right)
    return intern(Kron, shape, left, right)


def divide(numerator: Expr, denominator: Expr) -> Divide:
    """x / y: by a scalar, or element-wise."""
    a, b = numerator.shape, denominator.shape
    if a != b and a.dims and b.dims:
        raise _mismatch("a quotient", numerator, denominator)
    return intern(Divide, a if a.dims else b, numerator, denominator)


def power(base: Expr, exponent: Expr, elementwise: bool = False) -> Power:
    """x^p; `elementwise` matters for matrices only (`X.^p`)."""
    a, b = base.shape, exponent.shape
    elementwise = elementwise and a.rank != 1 and bool(a.dims or b.dims)
    if a.rank == 2 and not elementwise:
        if a.dims[0] != a.dims[1] or b.dims:
            raise _mismatch("a matrix power", base, exponent)
    elif a != b and a.dims and b.dims:
        raise _mismatch("a power", base, exponent)
    return intern(Power, a if a.dims else b, base, exponent, elementwise)


def transpose(arg: Expr) -> Transpose:
    """x'."""
    if arg.shape.rank > 2:
        raise _mismatch("a transpose", arg)
    return intern(Transpose, arg.shape.transposed, arg)


def inverse(arg: Expr) -> Expr:
    """A^-1 of a square matrix; the reciprocal of a scalar is a power."""
    if not arg.shape.dims:
        return power(arg, number(-1))
    if arg.shape.rank != 2 or arg.shape.dims[0] != arg.shape.dims[1]:
        raise _mismatch("an inverse", arg)
    return intern(Inverse, arg.shape, arg)


def compare(op: str, left: Expr, right: Expr) -> Compare:
    """An indicator; op is one of < <= > >= ==."""
    shape = broadcast_shape((left, right))
    if shape is None:
        raise _mismatch("a comparison", left, right)
    return intern(Compare, shape, op, left, right)


def index(arg: Expr, indices: Sequence[Expr | None]) -> Index:
    """x[i], X[i, j], X[i, :] (a row), X[:, j]."""
    if len(indices) != arg.shape.rank or any(i is not None and i.shape.dims for i in indices):
        raise _mismatch("an entry", arg)
    left = tuple(dim for dim, i in zip(arg.shape.dims, indices, strict=True) if i is None)
    row = len(left) == 1 and (indices[-1] is None if arg.shape.rank == 2 else arg.shape.row)
    return intern(Index, Shape(left, row), arg, tuple(indices))


def stack(items: Sequence[Expr]) -> Stack:
    """[a, b, c]: a vector of scalars, or a matrix of rows."""
    from_scalars = all(not item.shape.dims for item in items)
    count = _whole(len(items))
    if from_scalars:
        return intern(Stack, Shape((count,)), tuple(items))
    if len({item.shape.dims for item in items}) != 1 or items[0].shape.rank != 1:
        raise _mismatch("a stack", *items)
    return intern(Stack, Shape((count, items[0].shape.dims[0])), tuple(items))


def _whole(value: int) -> Dim:
    return ONE.scaled(Fraction(value))


def einsum(spec: str, args: Sequence[Expr]) -> Einsum:
    """einsum("ij,jk->ik", A, B); rows and columns are axes alike."""
    inputs, _, output = spec.partition("->")
    labels: dict[str, Dim] = {}
    for text, arg in zip(inputs.split(","), args, strict=True):
        if len(text) != arg.shape.rank:
            raise _mismatch(f"einsum operand {text!r}", arg)
        for label, dim in zip(text, arg.shape.dims, strict=True):
            if labels.setdefault(label, dim) != dim:
                raise _mismatch(f"einsum axis {label!r}", arg)
    if not set(output) <= set(labels):
        raise InputError(f"einsum {spec!r}: an output axis that no operand has")
    return intern(Einsum, Shape(tuple(labels[label] for label in output)), spec, tuple(args))


def call(shape: Shape, name: str, args: Sequence[Expr], axis: int | None = None) -> Call:
    """A function of the rule book; its shape is what the function's header says for these
    arguments."""
    return intern(Call, shape, name, tuple(args), axis)


def eye(dim: Dim) -> Call:
    """The identity matrix."""
    return call(Shape((dim, dim)), "eye", (size(dim),))


def filled(name: Literal["ones", "zeros"], shape: Shape) -> Expr:
    """ones(m, n), zeros(n)', …: every entry 1 or 0; of no dimensions the number itself."""
    if not shape.dims:
        return number(1 if name == "ones" else 0)
    made = call(Shape(shape.dims), name, [size(dim) for dim in shape.dims])
    return transpose(made) if shape.row else made


def apply(function: Function, order: int, arg: Expr) -> Apply:
    """An unknown function's value (order 0), or a derivative of it, at arg.

    Element-wise: the shape of arg.  Else f(x) has the codomain's shape; order 1 of a scalar
    function of a vector is the gradient (a column); otherwise the axes are the codomain's, then the
    domain's, order times.
    """
    if function.elementwise:
        return intern(Apply, arg.shape, function, order, arg)
    if arg.shape.dims != function.domain.dims:
        raise _mismatch(f"an argument of {function.name}: {function}", arg)
    dims = function.codomain.dims + function.domain.dims * order
    return intern(Apply, Shape(dims, function.codomain.row and not order), function, order, arg)


def derivative(
    kind: Literal["grad", "jacobian", "hessian"], arg: Expr, wrt: Symbol | Named
) -> Derivative:
    """grad(f, x), jacobian(f, x), hessian(f, x); a gradient has the shape of x."""
    dims = {
        "grad": wrt.shape.dims,
        "jacobian": arg.shape.dims + wrt.shape.dims,
        "hessian": wrt.shape.dims * 2,
    }
    if kind != "jacobian" and arg.shape.dims:
        raise InputError(
            f"{kind}(f, {wrt.name}) wants a scalar f; this one has the shape {arg.shape}"
        )
    return intern(Derivative, Shape(dims[kind]), kind, arg, wrt)


def is_number(expr: Expr) -> bool:
    """Whether an expression is a number, or minus a number."""
    return isinstance(expr, Number) or (isinstance(expr, Neg) and isinstance(expr.arg, Number))


def is_negative(expr: Expr) -> bool:
    """Whether an expression is written with a minus sign in front."""
    return isinstance(expr, Neg) or (isinstance(expr, Number) and expr.value < 0)
