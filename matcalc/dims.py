"""Dimensions: positive whole numbers, names, and polynomials of these (`2n`, `n+1`, `m*n`).

A dimension is a polynomial with rational coefficients in dimension names, kept in one canonical
form, so that equal dimensions are the same object.  Whether two dimensions *may* be equal is the
business of inference; here they are equal or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final

from matcalc.errors import LimitError

Monomial = tuple[str, ...]

TERMS: Final = 1000
"""A dimension of more terms is refused."""

MEMO: Final = 2**12
"""So many products of dimensions are remembered."""


class Dim:
    """A polynomial in dimension names: `terms` maps sorted tuples of names to coefficients."""

    __slots__ = ("_text", "terms")

    terms: tuple[tuple[Monomial, Fraction], ...]

    def __init__(self, terms: tuple[tuple[Monomial, Fraction], ...]) -> None:
        self.terms = terms
        self._text = ""

    def __reduce__(self) -> tuple[object, ...]:
        return (_interned, (self.terms,))

    def __add__(self, other: Dim) -> Dim:
        return _collect([*self.terms, *other.terms])

    def __sub__(self, other: Dim) -> Dim:
        return _collect([*self.terms, *((m, -c) for m, c in other.terms)])

    def __mul__(self, other: Dim) -> Dim:
        return _product(self, other)

    def scaled(self, factor: Fraction) -> Dim:
        """This dimension times a rational number."""
        return _collect((m, c * factor) for m, c in self.terms)

    @property
    def value(self) -> int | None:
        """The whole number that this is, if it names nothing."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and not self.terms[0][0] and self.terms[0][1].denominator == 1:
            return int(self.terms[0][1])
        return None

    @property
    def names(self) -> frozenset[str]:
        """The dimension names that occur."""
        return frozenset(name for monomial, _ in self.terms for name in monomial)

    @property
    def name(self) -> str | None:
        """The name that this is, if it is one name alone."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    @property
    def factors(self) -> tuple[str, ...]:
        """The names that this is the product of; none if it is no mere product of names."""
        return self.terms[0][0] if len(self.terms) == 1 and self.terms[0][1] == 1 else ()

    def substitute(self, values: Mapping[str, Dim]) -> Dim:
        """This dimension with names replaced by dimensions."""
        own = self.name
        if own is not None:
            return values.get(own, self)
        if not any(name in values for name in self.names):
            return self
        total = ZERO
        for monomial, coefficient in self.terms:
            term = number(1).scaled(coefficient)
            for name in monomial:
                term = term * (values[name] if name in values else named(name))
            total = total + term
        return total

    def evaluate(self, sizes: Mapping[str, int]) -> int:
        """The number that this is for given sizes of its names; KeyError for a missing name."""
        total = Fraction(0)
        for monomial, coefficient in self.terms:
            term = coefficient
            for name in monomial:
                term *= sizes[name]
            total += term
        if total.denominator != 1:
            raise ValueError(f"{self} is not a whole number for {dict(sizes)}")
        return int(total)

    def __str__(self) -> str:
        if not self._text:
            self._text = _text(self)
        return self._text

    def __repr__(self) -> str:
        return f"Dim({self})"


_dims: Final[dict[tuple[tuple[Monomial, Fraction], ...], Dim]] = {}


def _interned(terms: tuple[tuple[Monomial, Fraction], ...]) -> Dim:
    found = _dims.get(terms)
    return _dims.setdefault(terms, Dim(terms)) if found is None else found  # one, in all threads


@lru_cache(MEMO)
def _product(left: Dim, right: Dim) -> Dim:
    if len(left.terms) * len(right.terms) > TERMS:
        raise LimitError(f"a dimension of more than {TERMS} terms")
    return _collect((tuple(sorted(m + n)), c * d) for m, c in left.terms for n, d in right.terms)


def _collect(terms: Iterable[tuple[Monomial, Fraction]]) -> Dim:
    total: dict[Monomial, Fraction] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, Fraction(0)) + coefficient
    if len(total) > TERMS:
        raise LimitError(f"a dimension of more than {TERMS} terms")
    ordered = sorted(((m, c) for m, c in total.items() if c), key=lambda t: (-len(t[0]), t[0]))
    return _interned(tuple(ordered))


def total(parts: Iterable[tuple[int, Dim]]) -> Dim:
    """The sum of dimensions, each times a number."""
    return _collect((m, sign * c) for sign, dim in parts for m, c in dim.terms)


@cache
def number(value: int) -> Dim:
    """The dimension that is a whole number."""
    return _collect([((), Fraction(value))])


@cache
def named(name: str) -> Dim:
    """The dimension of that name."""
    return _interned((((name,), Fraction(1)),))


ZERO: Final = number(0)
ONE: Final = number(1)


def _text(dim: Dim) -> str:
    """`2n`, `m*n`, `1 - n`: as LANGUAGE.md section 2 writes dimensions; it reads back."""
    if not dim.terms:
        return "0"
    parts: list[str] = []
    first = next((term for term in dim.terms if term[1] > 0), dim.terms[0])
    for monomial, coefficient in (first, *(term for term in dim.terms if term is not first)):
        size = abs(coefficient)
        body = "*".join(monomial)
        if not monomial:
            body = str(size)
        elif size != 1:
            times = f"{size.numerator}*" if size.numerator != 1 else ""
            body = f"{times}{body}" + (f"/{size.denominator}" if size.denominator != 1 else "")
        sign = "-" if coefficient < 0 else "+"
        parts.append((f" {sign} " if parts else ("-" if sign == "-" else "")) + body)
    return "".join(parts)
