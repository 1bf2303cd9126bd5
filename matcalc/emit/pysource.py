"""Fragments of Python source: their text, and how tightly their outermost operator binds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Final

from matcalc.dims import Dim
from matcalc.emit.printer import decimal
from matcalc.errors import DerivationError

LARGEST: Final = Fraction(sys.float_info.max)
"""The largest number in double precision."""


class Prec(IntEnum):
    """Python's operators, loosest first."""

    COMPARE = 0
    SUM = 1
    PRODUCT = 2
    UNARY = 3
    POWER = 4
    ATOM = 5


@dataclass(frozen=True, slots=True)
class Py:
    """A Python expression."""

    text: str
    prec: Prec = Prec.ATOM
    matmul: bool = False

    def within(self, least: Prec) -> str:
        """The text, in brackets if it binds less tightly than `least`."""
        return self.text if self.prec >= least else f"({self.text})"


def literal(value: Fraction) -> Py:
    """A number: exact as a whole number or decimal, else a quotient.

    Raises  DerivationError for one that arithmetic in double precision does not have.
    """
    if value < 0:
        return Py("-" + literal(-value).within(Prec.UNARY), Prec.UNARY)
    if value > LARGEST:
        raise DerivationError(
            f"code has no number of {len(str(value.numerator // value.denominator))} digits",
            expected="numbers of at most 1.8e308",
        )
    if value.denominator == 1:
        return Py(str(value) if value < 2**53 else repr(float(value)))
    short = decimal(value)
    if short is not None or Fraction(float(value)) == value:
        return Py(short or repr(float(value)))
    return Py(f"{value.numerator} / {value.denominator}", Prec.PRODUCT)


def negated(arg: Py) -> Py:
    """-x"""
    if arg.prec is Prec.PRODUCT and not arg.matmul and not arg.text.startswith("-"):
        return Py("-" + arg.text, Prec.PRODUCT)
    return Py("-" + arg.within(Prec.UNARY), Prec.UNARY)


def added(terms: list[Py]) -> Py:
    """a + b - c"""
    text = terms[0].within(Prec.SUM)
    for term in terms[1:]:
        if term.text.startswith("-") and term.prec in {Prec.UNARY, Prec.PRODUCT}:
            text += " - " + term.text[1:]
        else:
            text += " + " + term.within(Prec.PRODUCT)
    return Py(text, Prec.SUM)


def multiplied(factors: list[Py]) -> Py:
    """a * b * c"""
    first = factors[0].within(Prec.UNARY if factors[0].matmul else Prec.PRODUCT)
    return Py(" * ".join([first, *(f.within(Prec.UNARY) for f in factors[1:])]), Prec.PRODUCT)


def divided(above: Py, below: Py) -> Py:
    """a / b"""
    first = above.within(Prec.UNARY if above.matmul else Prec.PRODUCT)
    return Py(f"{first} / {below.within(Prec.UNARY)}", Prec.PRODUCT)


def contracted(left: Py, right: Py) -> Py:
    """a @ b"""
    first = left.within(Prec.PRODUCT if left.matmul else Prec.POWER)
    return Py(f"{first} @ {right.within(Prec.POWER)}", Prec.PRODUCT, True)


def raised(base: Py, exponent: str) -> Py:
    """a**b"""
    return Py(f"{base.within(Prec.ATOM)}**{exponent}", Prec.POWER)


def dimension(dim: Dim, names: Mapping[str, str]) -> Py:
    """A dimension as a whole number; its fractions are divided last."""
    bottom = 1
    for _, coefficient in dim.terms:
        bottom = max(bottom, coefficient.denominator)
    terms: list[Py] = []
    for monomial, coefficient in dim.scaled(Fraction(bottom)).terms:
        factors = [Py(names[name]) for name in monomial]
        size = abs(coefficient)
        if size != 1 or not factors:
            factors.insert(0, literal(size))
        made = multiplied(factors) if len(factors) > 1 else factors[0]
        terms.append(negated(made) if coefficient < 0 else made)
    whole = added(terms) if len(terms) > 1 else terms[0] if terms else Py("0")
    if bottom == 1:
        return whole
    return Py(f"{whole.within(Prec.PRODUCT)} // {bottom}", Prec.PRODUCT)


def solved(la: str, factor: str, other: str, data: object, more: str = "") -> Py:
    """The solution of a system whose matrix is factored, in the words of SciPy that JAX has, too.

    `data` says which factors these are, and whether the transposed matrix is meant.
    """
    assert isinstance(data, tuple)
    kind, turned = data
    if kind == "chol":
        return Py(f"{la}.cho_solve(({factor}, True), {other}{more})")
    trans = ", trans=1" if turned else ""
    return Py(f"{la}.lu_solve({factor}, {other}{trans}{more})")
