"""Scalar expressions of SymPy in the language, element-wise where a symbol stands for an array.

`scalar(e, {x: X})` is what `e` says with X in the place of x.  What the language cannot say (an
integral, a complex number, a function that the rule book lacks) is an InputError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, Protocol

import sympy as sp

from matcalc.bridge.table import FUNCTIONS
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.expr.nodes import SCALAR, Expr

SAME: Final = (
    "exp log sign sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc gamma atan2"
).split()
"""Functions of the rule book that SymPy has under the same name."""

OTHER: Final = {"Abs": "abs", "polygamma": "polygamma"} | {
    row.sympy or name: name for name, rows in FUNCTIONS.items() for row in rows
}
"""Functions of the rule book by the name that SymPy has for them."""

COMPARED: Final = {sp.Gt: ">", sp.Ge: ">=", sp.Lt: "<", sp.Le: "<=", sp.Eq: "=="}


class Leaves(Protocol):
    """What stands for the parts of a scalar that are known already: a mapping will do."""

    def __contains__(self, e: Any, /) -> bool: ...

    def __getitem__(self, e: Any, /) -> Expr: ...


def scalar(e: Any, symbols: Leaves) -> Expr:
    """A SymPy scalar with expressions in the places of its symbols; InputError if it has no such
    form."""

    def made(part: Any) -> Expr:
        return scalar(part, symbols)

    if e in symbols:
        return symbols[e]
    if e.is_Rational:
        return build.number(Fraction(int(e.p), int(e.q)))
    if e.is_Float:
        return build.number(Fraction(repr(float(e))))
    if e in (sp.pi, sp.oo):
        return build.constant("pi" if e is sp.pi else "inf")
    if e is sp.E:
        return build.call(SCALAR, "exp", [build.number(1)])
    if e.is_Add:
        return total([made(term) for term in e.as_ordered_terms()])
    if e.is_Mul:
        return quotient(e, made)
    if e.is_Pow:
        return raised(e.base, e.exp, made)
    if isinstance(e, sp.Piecewise):
        return piecewise(e.args, made)
    if isinstance(e, sp.Max | sp.Min):
        return nested("max" if isinstance(e, sp.Max) else "min", [made(a) for a in e.args])
    if type(e) in COMPARED:
        return build.compare(COMPARED[type(e)], made(e.lhs), made(e.rhs))
    if isinstance(e, sp.Heaviside) and e.args[1] == 0:
        return build.compare(">", made(e.args[0]), build.number(0))
    if isinstance(e, sp.Function):
        return function(e, made)
    raise unsayable(e)


def unsayable(e: Any) -> InputError:
    """There is no notation for this part of a SymPy expression."""
    return InputError(f"matcalc has no notation for SymPy's {type(e).__name__}: {e}")


def shape_of(parts: Sequence[Expr]) -> Any:
    """The common shape of parts that are combined element by element."""
    shape = build.broadcast_shape(parts)
    if shape is None:
        raise InputError("shapes do not fit: " + ", ".join(str(p.shape) for p in parts))
    return shape


def total(terms: Sequence[Expr]) -> Expr:
    """The sum, with the first term that is not negative in front."""
    first = next((t for t in terms if not build.is_negative(t)), terms[0])
    return build.add([first, *(t for t in terms if t is not first)])


def times(factors: Sequence[Expr]) -> Expr:
    """The element-wise product; scalars scale."""
    scalars = [f for f in factors if not f.shape.dims]
    arrays = [f for f in factors if f.shape.dims]
    return build.product([*scalars, *([build.hadamard(arrays)] if arrays else [])])


def quotient(e: Any, made: Callable[[Any], Expr]) -> Expr:
    """A product with its negative powers as a denominator and its sign in front."""
    sign, above, below = 1, [], []
    for factor in e.as_ordered_factors():
        if factor.is_Rational:
            sign = -sign if factor < 0 else sign
            above += [sp.Integer(abs(factor.p))] if abs(factor.p) != 1 else []
            below += [sp.Integer(factor.q)] if factor.q != 1 else []
        elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
            below.append(factor.base if factor.exp == -1 else factor.base**-factor.exp)
        else:
            above.append(factor)
    top = times([made(f) for f in above]) if above else build.number(1)
    whole = build.divide(top, times([made(f) for f in below])) if below else top
    return build.neg(whole) if sign < 0 else whole


def raised(base: Any, exponent: Any, made: Callable[[Any], Expr]) -> Expr:
    """A power: a square root, an exponential, a quotient, or as it is."""
    if exponent.is_Rational and exponent < 0:
        below = made(base) if exponent == -1 else raised(base, -exponent, made)
        return build.divide(build.number(1), below)
    if base is sp.E:
        arg = made(exponent)
        return build.call(arg.shape, "exp", [arg])
    below = made(base)
    if exponent == sp.Rational(1, 2):
        return build.call(below.shape, "sqrt", [below])
    return build.power(below, made(exponent), elementwise=True)


def piecewise(branches: Sequence[Any], made: Callable[[Any], Expr]) -> Expr:
    """where(condition, a, b), for one branch after the other."""
    value, condition = branches[0]
    if condition is sp.true:
        return made(value)
    if len(branches) == 1:
        raise InputError("a Piecewise of SymPy without a last branch `(value, True)` has gaps")
    here, rest = made(value), piecewise(branches[1:], made)
    if isinstance(condition, sp.Ne):
        condition, here, rest = sp.Eq(condition.lhs, condition.rhs), rest, here
    parts = [made(condition), here, rest]
    return build.call(shape_of(parts), "where", parts)


def nested(name: str, args: Sequence[Expr]) -> Expr:
    """max and min take two arguments."""
    result = args[0]
    for arg in args[1:]:
        result = build.call(shape_of([result, arg]), name, [result, arg])
    return result


def function(e: Any, made: Callable[[Any], Expr]) -> Expr:
    """A call of a function of the rule book."""
    name, args = type(e).__name__, list(e.args)
    if isinstance(e, sp.polygamma) and args[0] == 0:
        name, args = "digamma", args[1:]
    elif name in OTHER:
        name = OTHER[name]
        if name in FUNCTIONS and len(args) not in [len(r.params.split()) for r in FUNCTIONS[name]]:
            raise unsayable(e)
    elif name not in SAME:
        raise unsayable(e)
    parts = [made(a) for a in args]
    return build.call(shape_of(parts), name, parts)
