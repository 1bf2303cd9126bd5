"""Numbers and scalars beside what they multiply, in the textbook's order: 2/n in front, sin(t)
below."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matcalc.dims import Dim, named
from matcalc.expr import build
from matcalc.expr.nodes import (
    Call,
    Divide,
    Expr,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Shape,
    Size,
    Symbol,
)
from matcalc.expr.order import ordered_factors
from matcalc.expr.writing import negated, power, product, quotient
from matcalc.tensor.nodes import Rational


def scaled(c: Rational, scalars: Sequence[Expr], below: Sequence[Expr], core: Expr | None) -> Expr:
    """c times the scalars and a core, over what is below; a fraction of sizes and numbers goes in
    front of a long product."""
    top, bottom = abs(c.numerator), c.denominator
    under = ordered_factors(below)
    if bottom != 1:
        under.insert(0, build.number(bottom))
    factors = ordered_factors(_averaged(scalars, under))
    if isinstance(core, Divide) and (top != 1 or factors):  # 3 / x, not 3 (1 / x)
        one = isinstance(core.numerator, Number) and core.numerator.value == 1
        above = scaled(c.numerator, factors, under, None if one else core.numerator)
        if not isinstance(above, Divide | Neg):
            return build.divide(above, core.denominator)
    tail = [] if core is None else [core]
    divisor = product(under) if under else None
    number = [build.number(top)] if top != 1 else []
    plain = all(isinstance(_power_of(b)[0], Number | Size) for b in under)
    if divisor is not None and plain and number and (factors or tail):
        result = product([quotient(number[0], divisor), *factors, *tail])
    else:
        parts = [*number, *factors, *tail]
        result = quotient(product(parts) if parts else build.number(1), divisor)
    return negated(result) if c < 0 else result


def _averaged(scalars: Sequence[Expr], below: list[Expr]) -> list[Expr]:
    """The scalars; sum(x) / n is mean(x), n var(x) / n is var(x), and n is gone from below then."""
    result = []
    for scalar in scalars:
        if isinstance(scalar, Product) and _is_spread(scalar) and scalar.factors[0] in below:
            below.remove(scalar.factors[0])
            scalar = scalar.factors[1]
        total, k = _power_of(scalar)
        if isinstance(total, Call) and total.name == "sum" and total.axis is None and k > 0:
            (arg,) = total.args
            if k.denominator == 1 and average(arg, arg.shape.dims * k.numerator, below):
                scalar = power(build.call(Shape(), "mean", [arg]), k)
        result.append(scalar)
    return result


def _is_spread(expr: Product) -> bool:
    """Whether a product is n var(x)."""
    last = expr.factors[-1]
    return len(expr.factors) == 2 and isinstance(last, Call) and last.name == "var"


def average(summed: Expr, dims: Sequence[Dim], below: list[Expr]) -> bool:
    """Whether something plain that is summed over dimensions is divided by their product anyway;
    that is then gone from below."""
    if not isinstance(summed, Symbol | Named | Call | Product):
        return False
    rest = list(below)
    for size in [size for dim in dims for size in _factors(dim)]:
        parts = [_power_of(part) for part in rest]
        place = next((i for i, (base, k) in enumerate(parts) if base == size and k >= 1), None)
        if place is None:
            return False
        k = parts[place][1] - 1
        rest[place : place + 1] = [power(size, k)] if k else []
    below[:] = rest
    return True


def _factors(dim: Dim) -> list[Expr]:
    """A dimension as a number, factor by factor."""
    return [build.size(named(name)) for name in dim.factors] or [build.size(dim)]


def _power_of(part: Expr) -> tuple[Expr, Fraction]:
    """The base and the exponent of a power by a number."""
    if isinstance(part, Power) and isinstance(part.exponent, Number):
        return part.base, Fraction(part.exponent.value)
    return part, Fraction(1)
