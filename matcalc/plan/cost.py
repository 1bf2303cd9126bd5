"""What a value costs: floating-point operations, counted as for the kernels of BLAS and LAPACK."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Final

from matcalc.dims import Dim
from matcalc.plan.operators import OPERATORS
from matcalc.plan.values import PRODUCTS, Value

TYPICAL: Final = 100
"""The size that an unknown dimension is taken to have."""

TRANSCENDENTAL: Final = 15
"""What a function such as exp costs for one entry."""

_FREE: Final = frozenset(
    "input number constant size weak transpose expand index reshape broadcast".split()
)
_CUBIC: Final[Mapping[str, float]] = {
    "inv": 2, "factor": 2 / 3, "chol": 1 / 3, "factor_inv": 4 / 3, "logdet": 2 / 3,
    "matrix_power": 4,
}  # fmt: skip


def size(dim: Dim, sizes: Mapping[str, int]) -> float:
    """The length of a dimension; typical if it has a name of unknown size."""
    alone = dim.name
    if alone is not None:
        return float(sizes.get(alone, TYPICAL))
    known = {name: sizes.get(name, TYPICAL) for name in dim.names}
    try:
        return float(dim.evaluate(known))
    except ValueError:  # a fraction, for a typical size
        return float(TYPICAL)


def entries(value: Value, sizes: Mapping[str, int]) -> float:
    """How many entries an array has."""
    return prod(size(dim, sizes) for dim in value.dims)


def flops(value: Value, sizes: Mapping[str, int]) -> float:
    """The operations of one value, its operands being there already."""
    own = entries(value, sizes)
    if value.op in _FREE or value.op in OPERATORS:
        return 0.0
    if value.op in PRODUCTS:
        return 2 * own * size(value.args[0].dims[-1], sizes)
    if value.op in {"solve", "factor_solve"}:
        n = size(value.args[0].dims[0], sizes)
        return 2 * n * own + (2 / 3 * n**3 if value.op == "solve" and not value.data else 0)
    if value.op in _CUBIC:
        return _CUBIC[value.op] * size(value.args[0].dims[0], sizes) ** 3
    if value.op in {"sum", "trace", "max", "vdot"}:
        return entries(value.args[0], sizes)
    if value.op in {"call", "apply"}:
        return TRANSCENDENTAL * max(own, *(entries(arg, sizes) for arg in value.args), 1.0)
    return own * max(1, len(value.args) - 1)
