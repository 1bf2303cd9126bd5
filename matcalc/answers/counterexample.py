"""The smallest inputs at which a derivative and what was taken for it differ.

Sizes from 1 on, the smallest total first; entries 1, then 1, 2, 3 …, then small whole numbers, made
to have the declared properties.  A person can follow the arithmetic of such an example.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np

from matcalc.budget import tick
from matcalc.check.differences import Array
from matcalc.check.evaluate import Functions
from matcalc.check.plan import Plan, fits, plan_of
from matcalc.check.sample import OUTSIDE, Sample
from matcalc.check.standins import stand_in
from matcalc.errors import DerivationError, LimitError
from matcalc.expr.nodes import Expr, Symbol

LARGEST: Final = 3
"""Sizes from 1 to this one are tried."""

COMBINATIONS: Final = 40
"""So many choices of sizes are tried, those with the smallest total first."""

STYLES: Final = ("ones", "counting", "whole", "whole", "definite", "definite", "fractions")

Differ = Callable[[Sample], bool]


def smallest(
    expressions: Sequence[Expr],
    symbols: Sequence[Symbol],
    differ: Differ,
    functions: Functions | None = None,
) -> tuple[Sample | None, int]:
    """The first inputs, from small ones on, for which `differ` is true; how many were compared.

    Inputs at which an expression has no finite value are passed over; `functions` are the caller's.
    """
    plan = plan_of(expressions, symbols)
    rng = np.random.default_rng(0)
    tried = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, of singular matrices: small inputs have many
        for sizes, style in product(_sizes(plan), STYLES):
            drawn = _inputs(plan, sizes, style, rng)
            drawn.functions.update(functions or {})
            tried += 1
            tick()
            try:
                if differ(drawn):
                    return drawn, tried
            except LimitError:
                raise
            except (*OUTSIDE, DerivationError, ValueError):
                tried -= 1
    return None, tried


def _sizes(plan: Plan) -> Iterator[dict[str, int]]:
    """Sizes of the dimension names that make every dimension positive."""
    names = sorted({name for dim in plan.dims for name in dim.names})
    if LARGEST ** len(names) > 10**5:
        choices = [(size,) * len(names) for size in range(1, LARGEST + 1)]
    else:
        choices = sorted(product(range(1, LARGEST + 1), repeat=len(names)), key=sum)
    for choice in choices[:COMBINATIONS]:
        sizes = dict(zip(names, choice, strict=True))
        if fits(plan, sizes):
            yield sizes


def _inputs(plan: Plan, sizes: dict[str, int], style: str, rng: np.random.Generator) -> Sample:
    point: dict[str, Array] = {}
    count = 1
    for name, symbol in plan.symbols.items():
        shape = tuple(dim.evaluate(sizes) for dim in symbol.shape.dims)
        if "integer" in symbol.properties or name in plan.ranges:
            point[name] = np.asarray(0)
            continue
        point[name] = _value(symbol.properties, shape, style, count, rng)
        count += point[name].size
    functions = {
        name: stand_in(function, sizes, rng, positive=False)
        for name, function in plan.unknown.items()
    }
    return Sample(point, sizes, dict(functions), {})


def _value(
    properties: frozenset[str],
    shape: tuple[int, ...],
    style: str,
    first: int,
    rng: np.random.Generator,
) -> Array:
    """A small array of a style, with the properties."""
    entries = int(np.prod(shape, dtype=int))
    if style == "ones":
        a = np.ones(shape)
    elif style == "counting":
        a = np.arange(first, first + entries, dtype=float).reshape(shape)
    elif style == "fractions":
        a = rng.integers(1, 8, shape) / 8
    else:
        a = rng.integers(-3, 4, shape).astype(float)
    if properties & {"positive", "nonnegative"}:
        a = np.abs(a) + ("positive" in properties) * (a == 0)
    square = len(shape) == 2 and shape[0] == shape[1]
    return _structured(a, properties, style) if square else np.asarray(a)


def _structured(a: Array, properties: frozenset[str], style: str) -> Array:
    """A square matrix made to have the properties."""
    unit = np.eye(len(a))
    if "orthogonal" in properties:
        return unit[::-1] if style in ("counting", "whole") else unit
    if "spd" in properties or style == "definite":
        a = np.tril(a) @ np.tril(a).T + unit
    elif "invertible" in properties:
        a = a + 5 * unit
    if "symmetric" in properties:
        a = np.tril(a) + np.tril(a, -1).T
    if "diagonal" in properties:
        a = a * unit
    if "lower" in properties:
        a = np.tril(a)
    return np.triu(a) if "upper" in properties else np.asarray(a)
