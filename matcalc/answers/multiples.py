"""Whether one array is a multiple of another at every random input, and which: a rational number,
or one times a power of a size or of a scalar variable (a forgotten 1/n, λ or σ²)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations
from typing import Final

import numpy as np

from matcalc.check.differences import Array
from matcalc.check.sample import Sample
from matcalc.dims import named
from matcalc.emit.text import text
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Symbol
from matcalc.expr.writing import multiple, product, quotient

TOLERANCE: Final = 1e-7
DENOMINATOR: Final = 360


def multiple_of(
    given: Sequence[Array],
    derivative: Sequence[Array],
    samples: Sequence[Sample],
    scalars: Sequence[Symbol],
) -> str | None:
    """The factor c, as text, such that `given` is c times `derivative` at all samples; None if
    there is none that can be named."""
    ratios = []
    telling = []
    for a, b, drawn in zip(given, derivative, samples, strict=True):
        square = float(np.sum(b * b))
        if not square and not np.any(a):
            continue
        if not square:
            return None
        telling.append(drawn)
        ratio = float(np.sum(a * b)) / square
        scale = max(float(np.max(np.abs(a), initial=0.0)), abs(ratio) * np.sqrt(square))
        if not ratio or np.max(np.abs(a - ratio * b), initial=0.0) > TOLERANCE * scale:
            return None
        ratios.append(ratio)
    if not telling:
        return None
    for values, above, below in _monomials(telling, scalars):
        number = _rational([r / v for r, v in zip(ratios, values, strict=True)])
        if number is not None:
            return text(_written(number, above, below))
    return None


def _monomials(
    samples: Sequence[Sample], scalars: Sequence[Symbol]
) -> Iterator[tuple[list[float], Expr, Expr]]:
    """What a factor may be made of: values, and what is above and below the line."""
    one = build.number(1)
    yield [1.0] * len(samples), one, one
    sizes: list[tuple[list[float], Expr]] = [
        ([float(s.sizes[name]) for s in samples], build.size(named(name)))
        for name in sorted(samples[0].sizes)
    ]
    bases = sizes + [([float(s.point[v.name]) for s in samples], v) for v in scalars]
    for values, base in bases:
        if all(values):
            square = build.power(base, build.number(2))
            for raised, exponent in ((base, 1), (square, 2)):
                yield [value**exponent for value in values], raised, one
                yield [value**-exponent for value in values], one, raised
    for (above, a), (below, b) in permutations(sizes, 2):
        yield [x / y for x, y in zip(above, below, strict=True)], a, b


def _rational(values: Sequence[float]) -> Fraction | None:
    """The simple rational number that all values are."""
    found = Fraction(values[0]).limit_denominator(DENOMINATOR)
    if not found or abs(found) > DENOMINATOR:
        return None
    return found if np.allclose(values, float(found), rtol=TOLERANCE, atol=0.0) else None


def _written(number: Fraction, above: Expr, below: Expr) -> Expr:
    top = multiple(number.numerator, above)
    return quotient(top, product([build.number(number.denominator), below]))
