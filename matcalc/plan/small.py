"""Products of small arrays by `dot`: what a call costs before anything is multiplied.

`A @ x` is a universal function of NumPy, which looks for its loop and broadcasts; `A.dot(x)` hands
the arrays to BLAS.  For 10 rows the one takes 0.7 microseconds, the other 0.25, and of the vector
and a matrix `x.dot(A)` needs no transpose.  Of arrays without other axes both are the same product.

The sizes are known when the function is called, so that `d.code()` has the plain formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from matcalc.plan.cost import entries
from matcalc.plan.rebuild import rebuild
from matcalc.plan.values import Value, Values

SMALL: Final = 2**12
"""Entries of an operand up to which the call is worth looking at."""


def small_products(
    values: Values, outputs: Sequence[Value], hints: dict[Value, str], sizes: Mapping[str, int]
) -> tuple[list[Value], dict[Value, str]]:
    """The outputs with products of small vectors and matrices by their method."""

    def rewrite(value: Value, args: tuple[Value, ...]) -> Value | None:
        if value.op != "matmul" or not all(_fits(part, sizes) for part in (value, *args)):
            return None
        left, right = args
        if left.op == "transpose" and len(right.dims) == 1:
            left, right = right, left.args[0]
        return values.make("dot", (left, right), value.dims)

    return rebuild(values, outputs, hints, rewrite)


def _fits(value: Value, sizes: Mapping[str, int]) -> bool:
    return len(value.dims) <= 2 and entries(value, sizes) <= SMALL
