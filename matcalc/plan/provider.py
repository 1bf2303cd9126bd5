"""One provider of linear algebra within a function: NumPy's BLAS or SciPy's, never both at work.

NumPy and SciPy each bring a BLAS with threads of its own, and the threads of the one that has just
finished wait busily while the other works.  On two processors, a Cholesky factorisation by SciPy
and a matrix product by NumPy in turn (n = 300) took 174 ms at best, the same with the product by
SciPy 1.2 ms; on one thread both take 1.2 ms.  Therefore:

- a function whose plan needs no factors to be kept uses NumPy alone, and SciPy is not imported;
- one that keeps factors, or solves with triangular matrices, has all its factorisations from SciPy
  (`factorise`), and, where a product is so large that threads would share it, its products too.

The sizes are known when the function is called, so that `d.code()` has the plain formula.  What the
rule book computes by a call of NumPy or SciPy stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

from matcalc.plan.cost import entries, size
from matcalc.plan.rebuild import rebuild
from matcalc.plan.values import Value, Values, reachable

MATRICES: Final = 2**18
"""Multiplications from which a product of matrices is shared by threads, as OpenBLAS decides it."""

VECTOR: Final = 9216
"""Entries of a matrix from which its product with a vector is."""

INNER: Final = 10_000
"""Entries from which an inner product is."""


def one_provider(
    values: Values, outputs: Sequence[Value], hints: dict[Value, str], sizes: Mapping[str, int]
) -> tuple[list[Value], dict[Value, str]]:
    """The outputs with large products by SciPy, if SciPy has factors to work with."""
    order, _ = reachable(outputs)
    if not any(map(needs_scipy, order)):
        return list(outputs), hints

    def rewrite(value: Value, args: tuple[Value, ...]) -> Value | None:
        if value.op == "vdot" or (value.op == "matmul" and not value.dims):
            large = entries(value.args[0], sizes) > INNER
            return values.make("sum", (values.mul(args),), ()) if large else None
        boolean = any(arg.op == "compare" for arg in args)
        if value.op != "matmul" or boolean or not _large(value, sizes):
            return None
        return values.make("blas", args, value.dims, _routine(args))

    return rebuild(values, outputs, hints, rewrite)


def needs_scipy(value: Value) -> bool:
    """Whether a value is computed by SciPy's LAPACK."""
    return value.op in {"factor", "factor_solve", "factor_inv"} or (
        value.op == "solve" and value.data in {"lower", "upper"}
    )


def _large(value: Value, sizes: Mapping[str, int]) -> bool:
    left, right = value.args
    if len(left.dims) == len(right.dims) == 2:
        inner = size(left.dims[1], sizes)
        return prod(size(dim, sizes) for dim in value.dims) * inner > MATRICES
    return max(entries(left, sizes), entries(right, sizes)) > VECTOR


def _routine(args: Sequence[Value]) -> str:
    left, right = args
    if len(left.dims) != len(right.dims):
        return "gemv"
    gram = (left.op == "transpose" and left.args[0] is right) or (
        right.op == "transpose" and right.args[0] is left
    )
    return "syrk" if gram else "gemm"
