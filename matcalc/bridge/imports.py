"""SymPy's matrix expressions in the language.

A matrix of one column is a vector, one of one row a row; symbols of sizes are dimensions.  What the
language cannot say is an InputError.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalMatrix, DiagonalOf
from sympy.matrices.expressions.hadamard import HadamardPower, HadamardProduct
from sympy.matrices.expressions.kronecker import KroneckerProduct
from sympy.matrices.expressions.matexpr import MatrixElement

from matcalc import dims
from matcalc.bridge.scalars import scalar, times, unsayable
from matcalc.dims import Dim
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.expr.nodes import SCALAR, Expr, Function, Shape
from matcalc.language import canonical


def from_sympy(e: Any) -> Expr:
    """An expression of SymPy, scalar or matrix; InputError if the language cannot say it."""
    if not isinstance(e, sp.Basic | sp.MatrixBase):
        raise InputError(f"an expression of SymPy is wanted, and this is a {type(e).__name__}")
    sizes = {s for part in sp.preorder_traversal(e) for s in _sizes(part)}
    e = e.xreplace({s: Size(s.name, integer=True, positive=True) for s in sizes})
    try:
        return _matrix(e) if getattr(e, "is_Matrix", False) else _scalar(e)
    except RecursionError:
        raise InputError("this expression of SymPy is nested too deeply") from None


class Size(sp.Symbol):  # type: ignore[misc]  # SymPy has no types
    """A symbol that is the size of a matrix in the expression, and so a dimension."""


def _sizes(part: Any) -> set[Any]:
    """The symbols in the shape of a matrix."""
    if not isinstance(part, sp.MatrixExpr):
        return set()
    return {s for length in part.shape for s in sp.sympify(length).free_symbols}


def _name(name: str) -> str:
    text = name.replace("{", "").replace("}", "")
    plain = canonical(text)
    if not plain[:1].isalpha() or not all(c.isalnum() or c == "_" for c in plain):
        raise InputError(f"the SymPy symbol {name!r} is no name", expected="letters and digits")
    return plain


def _dim(size: Any) -> Dim:
    """A size as a dimension."""
    size = sp.expand(size)
    if size.is_Integer and size > 0:
        return dims.number(int(size))
    if size.is_Symbol:
        return dims.named(_name(size.name))
    if size.is_Add:
        total = dims.ZERO
        for term in size.args:
            total = total + _dim_term(term)
        return total
    return _dim_term(size)


def _dim_term(term: Any) -> Dim:
    made = dims.ONE
    for factor in sp.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if factor.is_Rational:
            made = made.scaled(Fraction(int(factor.p), int(factor.q)))
        elif base.is_Symbol and power.is_Integer and power > 0:
            for _ in range(int(power)):
                made = made * dims.named(_name(base.name))
        else:
            raise InputError(f"the size {term} is no dimension", expected="numbers, names, + - *")
    return made


def _shape(rows: Any, columns: Any) -> Shape:
    if columns == 1:
        return SCALAR if rows == 1 else Shape((_dim(rows),))
    return Shape((_dim(columns),), row=True) if rows == 1 else Shape((_dim(rows), _dim(columns)))


def _scalar(e: Any) -> Expr:
    return scalar(e, _Leaves())


class _Leaves:
    """What stands at the leaves of a scalar: symbols, traces, determinants, entries, f(x)."""

    def __contains__(self, e: Any) -> bool:
        return e.is_Symbol or isinstance(
            e, sp.Trace | sp.Determinant | MatrixElement | AppliedUndef
        )

    def __getitem__(self, e: Any) -> Expr:
        if isinstance(e, Size):
            return build.size(dims.named(_name(e.name)))
        if e.is_Symbol:
            return build.symbol(_name(e.name))
        if isinstance(e, MatrixElement):
            return _entry(e)
        if isinstance(e, AppliedUndef):
            if len(e.args) != 1:
                raise unsayable(e)
            return build.apply(
                Function(_name(e.func.__name__), SCALAR, SCALAR), 0, _scalar(e.args[0])
            )
        arg = _matrix(e.arg)
        if not arg.shape.dims:
            return arg
        return build.call(SCALAR, "tr" if isinstance(e, sp.Trace) else "det", [arg])


def _entry(e: Any) -> Expr:
    parent = _matrix(e.parent)
    places = [_index(i) for i in e.indices]
    if parent.shape.rank == 1:
        places = places[1:] if parent.shape.row else places[:1]
    return build.index(parent, places[: parent.shape.rank]) if parent.shape.rank else parent


def _index(i: Any) -> Expr:
    if i.is_Integer and i >= 0:
        return build.number(int(i))
    if i.is_Symbol:
        return build.symbol(_name(i.name), properties={"integer"})
    raise InputError(f"the index {i} is not a whole number or a name")


def _matrix(e: Any) -> Expr:
    if isinstance(e, sp.MatrixSymbol):
        return build.symbol(_name(e.name), _shape(*e.shape))
    if isinstance(e, sp.MatAdd):
        return _added([_matrix(term) for term in e.args])
    if isinstance(e, sp.MatMul):
        return _multiplied(e.args)
    if isinstance(e, sp.Inverse):
        return build.inverse(_matrix(e.arg))
    if isinstance(e, sp.Transpose):
        arg = _matrix(e.arg)
        return build.transpose(arg) if arg.shape.dims else arg
    if isinstance(e, HadamardProduct):
        return times([_matrix(factor) for factor in e.args])
    if isinstance(e, HadamardPower):
        base, exponent = _matrix(e.base), _any(e.exp)
        if exponent is build.number(-1):
            return build.divide(build.number(1), base)
        return build.power(base, exponent, elementwise=True)
    if isinstance(e, KroneckerProduct):
        return _folded([_matrix(factor) for factor in e.args])
    if isinstance(e, sp.MatPow):
        if e.exp == -1:
            return build.inverse(_matrix(e.base))
        return build.power(_matrix(e.base), _scalar(e.exp))
    if isinstance(e, ElementwiseApplyFunction):
        return _applied(e)
    return _constant(e)


def _any(e: Any) -> Expr:
    return _matrix(e) if getattr(e, "is_Matrix", False) else _scalar(e)


def _constant(e: Any) -> Expr:
    """Matrices of ones, zeros, diagonals and literal columns."""
    if isinstance(e, sp.Identity):
        return build.eye(_dim(e.shape[0]))
    if isinstance(e, sp.OneMatrix | sp.ZeroMatrix):
        return build.filled("ones" if isinstance(e, sp.OneMatrix) else "zeros", _shape(*e.shape))
    if isinstance(e, DiagMatrix | DiagonalMatrix | DiagonalOf):
        arg = _matrix(e.args[0])
        if arg.shape.rank == 1:
            column = build.transpose(arg) if arg.shape.row else arg
            return build.call(Shape(arg.shape.dims * 2), "diag", [column])
        if isinstance(e, DiagonalOf):
            return build.call(Shape(arg.shape.dims[:1]), "diag", [arg])
    if isinstance(e, sp.MatrixBase):
        rows = [[_scalar(cell) for cell in e.row(i)] for i in range(e.rows)]
        if e.cols == 1:
            return build.stack([row[0] for row in rows])
        stacked = [build.transpose(build.stack(row)) for row in rows]
        return stacked[0] if e.rows == 1 else build.stack(stacked)
    raise unsayable(e)


def _added(terms: Sequence[Expr]) -> Expr:
    first = next((t for t in terms if not build.is_negative(t)), terms[0])
    return build.add([first, *(t for t in terms if t is not first)])


def _multiplied(args: Sequence[Any]) -> Expr:
    """A product: a leading -1 is a sign, the rest keeps its order."""
    scalars = [a for a in args if not getattr(a, "is_Matrix", False)]
    factors = [_matrix(a) for a in args if getattr(a, "is_Matrix", False)]
    number = sp.Mul(*scalars)
    if number == -1:
        return build.neg(build.product(factors))
    if number.could_extract_minus_sign():
        return build.neg(build.product([_scalar(-number), *factors]))
    return build.product([*([_scalar(number)] if number != 1 else []), *factors])


def _folded(factors: Sequence[Expr]) -> Expr:
    total = factors[0]
    for factor in factors[1:]:
        total = build.kron(total, factor)
    return total


def _applied(e: Any) -> Expr:
    """A function of every entry."""
    arg = _matrix(e.expr)
    (variable,) = e.function.variables
    leaves = _Within(variable, arg)
    result = scalar(e.function.expr, leaves)
    if result.shape != arg.shape and not result.shape.dims:
        result = build.product([result, build.filled("ones", arg.shape)])
    return result


class _Within(_Leaves):
    """The leaves of a function's body, its variable being an array."""

    def __init__(self, variable: Any, arg: Expr) -> None:
        self._variable, self._arg = variable, arg

    def __contains__(self, e: Any) -> bool:
        return e == self._variable or super().__contains__(e)

    def __getitem__(self, e: Any) -> Expr:
        if e == self._variable:
            return self._arg
        if isinstance(e, AppliedUndef) and len(e.args) == 1:
            function = Function(_name(e.func.__name__), SCALAR, SCALAR)
            return build.apply(function, 0, scalar(e.args[0], self))
        return super().__getitem__(e)
