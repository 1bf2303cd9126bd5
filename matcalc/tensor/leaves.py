"""Tensors without operands that have to be rewritten: numbers, identities, selections, masks, and
what can be read off a tensor without building another."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt
from typing import Final

from matcalc.budget import check_digits
from matcalc.dims import ONE, Dim
from matcalc.tensor.nodes import (
    Contract,
    Delta,
    Embed,
    Group,
    Mask,
    OneHot,
    Opaque,
    Rational,
    Sum,
    Tensor,
    Value,
    intern,
)

UNIT: Final = intern(Contract, (), ())

LEVI_CIVITA: Final = "levi_civita"
VECH_BASIS: Final = "vech_basis"


def rational(value: Rational) -> Rational:
    """An int where the value is whole: ints are faster.  LimitError for very long numbers."""
    if type(value) is int:
        check_digits(value.bit_length())
        return value
    check_digits(value.numerator.bit_length() + value.denominator.bit_length())
    return value.numerator if value.denominator == 1 else value


def quotient(above: Rational, below: Rational) -> Rational:
    """above / below, in whole numbers where it is whole."""
    if type(above) is int and type(below) is int and above % below == 0:
        return above // below
    return rational(Fraction(above) / below)


def rational_power(value: Rational, k: int) -> Rational:
    """value^k; LimitError for very long numbers, before they are made."""
    check_digits(abs(k) * max(value.numerator.bit_length(), value.denominator.bit_length()))
    return rational(Fraction(value) ** k)


def constant(value: Rational, dims: tuple[Dim, ...] = ()) -> Tensor:
    """A rational number, broadcast to dims."""
    value = rational(value)
    if value == 0:
        return intern(Sum, dims, ())
    unit = UNIT if not dims else intern(Contract, dims, ())
    return unit if value == 1 else intern(Sum, dims, ((value, UNIT, ()),))


def zeros(dims: tuple[Dim, ...]) -> Tensor:
    """The zero tensor."""
    return intern(Sum, dims, ())


def is_zero(t: Tensor) -> bool:
    """Whether t is the zero tensor."""
    return isinstance(t, Sum) and not t.terms


def as_constant(t: Tensor) -> Rational | None:
    """The rational number that every entry of t is, if it is one."""
    if isinstance(t, Contract):
        return None if t.factors else 1
    if isinstance(t, Sum):
        if not t.terms:
            return 0
        if len(t.terms) == 1 and t.terms[0][1] is UNIT:
            return t.terms[0][0]
    return None


def delta(dim: Dim) -> Tensor:
    """The identity of a dimension."""
    return intern(Delta, (dim, dim))


def size(dim: Dim) -> Tensor:
    """A dimension as a number."""
    value = dim.value
    return intern(Value, (), dim) if value is None else constant(value)


def one_hot(index: int | Tensor, dim: Dim) -> Tensor:
    """e(i, n)."""
    return intern(OneHot, (dim,), index)


def mask(dims: tuple[Dim, ...], offset: int) -> Tensor:
    """The lower triangle of ones; an upper one is its transpose."""
    return intern(Mask, dims, offset)


def embed(whole: Dim, part: Dim, offset: Dim) -> Tensor:
    """The selection of a part of an axis."""
    return delta(whole) if whole == part else intern(Embed, (whole, part), offset)


def levi_civita() -> Tensor:
    """The antisymmetric unit tensor of three dimensions: cross(x, y)_i = ε_ijk x_j y_k."""
    three = ONE.scaled(Fraction(3))
    return intern(Opaque, (three, three, three), LEVI_CIVITA, (), 0, ())


def vech_basis(count: Dim, n: Dim) -> Tensor:
    """Where vech takes its entries from: vech(X)_k = B_kij X_ij."""
    return intern(Opaque, (count, n, n), VECH_BASIS, (), 0, ())


def is_vech_basis(t: Tensor) -> bool:
    """Whether a tensor is such a basis."""
    return isinstance(t, Opaque) and t.fn == VECH_BASIS


def grouped_dims(t: Group, axis: int) -> tuple[Dim, ...]:
    """The dimensions that axis `axis` of a group was made of."""
    start = sum(t.sizes[:axis])
    return t.arg.dims[start : start + t.sizes[axis]]


def primitive_part(t: Sum) -> tuple[Rational, Tensor]:
    """The content of a sum and the sum without it: whole coprime coefficients, that of an identity
    or a number positive, else the last."""
    coefficients = [c for c, _, _ in t.terms]
    numerator, denominator = 0, 1
    for c in coefficients:
        numerator = gcd(numerator, c.numerator)
        denominator = denominator * c.denominator // gcd(denominator, c.denominator)
    identity = (c for c, a, _ in t.terms if isinstance(a, Delta))
    number = (c for c, a, _ in t.terms if a is UNIT)
    leading = next(identity, None) or next(number, coefficients[-1])
    signed = -numerator if leading < 0 else numerator
    content = signed if denominator == 1 else rational(Fraction(signed, denominator))
    if content == 1:
        return 1, t
    terms = tuple((quotient(c, content), a, axes) for c, a, axes in t.terms)
    return content, intern(Sum, t.dims, terms)


def rational_root(value: Rational, k: Rational) -> Rational | None:
    """value^k for a half-integer k, if value is positive and the power is rational."""
    if value <= 0 or k.denominator != 2:
        return None
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top**2 != value.numerator or bottom**2 != value.denominator:
        return None
    return rational(Fraction(top, bottom) ** k.numerator)
