"""Products written side by side: all the ways that scalars, columns, rows and matrices fit."""

from __future__ import annotations

from itertools import product as choices

import numpy as np
import pytest

from matcalc.check import evaluate, sample
from matcalc.dims import named
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.tensor.lift import Lift
from tests.tensor.problems import lowering
from tests.tensor.validator import validate

M, N = named("m"), named("n")


def column(name: str, shape: Shape) -> Expr:
    return build.symbol(name, shape)


FACTORS = {
    "s": build.symbol("s"),
    "x": column("x", Shape((N,))),
    "u": column("u", Shape((M,))),
    "x'": build.transpose(column("x", Shape((N,)))),
    "u'": build.transpose(column("u", Shape((M,)))),
    "A": column("A", Shape((N, N))),
    "X": column("X", Shape((M, N))),
    "X'": build.transpose(column("X", Shape((M, N)))),
}


def fits(names: tuple[str, ...]) -> bool:
    shape: Shape | None = FACTORS[names[0]].shape
    for name in names[1:]:
        shape = build.product_shape(shape, FACTORS[name].shape) if shape is not None else None
    return shape is not None


CHAINS = [c for k in (2, 3, 4) for c in choices(FACTORS, repeat=k) if c.count("s") < 2 and fits(c)]


@pytest.mark.parametrize("first", list(FACTORS))
def test_products_keep_their_value(first: str) -> None:
    for names in CHAINS:
        if names[0] != first:
            continue
        expr = build.product([FACTORS[name] for name in names])
        t = lowering()(expr)
        validate(t, expr.shape)
        drawn = sample([expr], [], np.random.default_rng(0))
        wanted = evaluate(expr, drawn.point, drawn.sizes)
        got = evaluate(Lift()(t), drawn.point, drawn.sizes)
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-10, err_msg=" ".join(names))
