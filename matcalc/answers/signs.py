"""(B - A)^-1 (c - d) or (A - B)^-1 (d - c): the one whose matrix has the sign of the Hessian,
as long as no more minus signs are printed."""

from __future__ import annotations

from collections import Counter

from matcalc.expr import build
from matcalc.expr.nodes import Add, Expr, Inverse, Product
from matcalc.expr.writing import negated


def is_opposite(one: Expr, other: Expr) -> bool:
    """Whether one sum is the other with the opposite sign."""
    if not (isinstance(one, Add) and isinstance(other, Add)):
        return False
    return Counter(map(negated, one.terms)) == Counter(other.terms)


def oriented(value: Expr, matrix: Expr) -> Expr:
    """A product in which the inverse of a matrix has the sign of that matrix, where it can."""
    if not isinstance(value, Product):
        return value
    for i, factor in enumerate(value.factors):
        if not (isinstance(factor, Inverse) and is_opposite(matrix, factor.arg)):
            continue
        for j, other in enumerate(value.factors):
            if not isinstance(other, Add):
                continue
            turned = _turned(other)
            if _minuses(matrix) + _minuses(turned) <= _minuses(factor.arg) + _minuses(other):
                factors = list(value.factors)
                factors[i], factors[j] = build.inverse(matrix), turned
                return build.product(factors)
    return value


def _turned(expr: Add) -> Expr:
    """Minus a sum, term by term, the positive ones first."""
    return build.add(sorted(map(negated, expr.terms), key=build.is_negative))


def _minuses(expr: Expr) -> int:
    return sum(map(build.is_negative, expr.terms)) if isinstance(expr, Add) else 0
