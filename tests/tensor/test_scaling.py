"""Numbers beside what they multiply keep their value, whatever stands above and below."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest

from matcalc.check import evaluate
from matcalc.dims import named
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.tensor.scaling import scaled

N = named("n")
x, y = (build.symbol(name, Shape((N,)), frozenset()) for name in "xy")
s, t = (build.symbol(name, Shape(), frozenset()) for name in "st")
POINT = {"x": np.array([0.3, -2.0]), "y": np.array([1.5, 0.7]), "s": 1.7, "t": -0.6}

CORES = (None, x, build.divide(x, y), build.divide(build.number(1), y))
NUMBERS = (1, -1, 3, Fraction(1, 3), Fraction(2, 3), Fraction(-4, 5))
SCALARS: tuple[tuple[Expr, ...], ...] = ((), (s,), (s, t))
BELOW: tuple[tuple[Expr, ...], ...] = ((), (t,), (build.size(N),))


@pytest.mark.parametrize("c", NUMBERS)
@pytest.mark.parametrize("core", CORES)
def test_the_value_is_that_of_the_product(c: int | Fraction, core: Expr | None) -> None:
    for scalars, below in product(SCALARS, BELOW):
        above = float(c) * prod([value(e) for e in scalars])
        wanted = above / prod([value(e) for e in below]) * (1.0 if core is None else value(core))
        np.testing.assert_allclose(value(scaled(c, scalars, below, core)), wanted)


def value(expr: Expr) -> Any:
    """The value at the point."""
    return evaluate(expr, POINT, {"n": 2})
