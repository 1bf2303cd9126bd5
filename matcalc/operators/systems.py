"""Systems of linear equations that are never solved for where the matrix is singular."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg


class Factored:
    """A square array factored once: by Cholesky if it is positive definite, else by LU.

    Raises   LinAlgError if it is singular to working precision: its reciprocal condition, as LAPACK
             estimates it, is below the precision of its dtype.
    """

    def __init__(self, array: Any, definite: bool) -> None:
        norm = np.linalg.norm(array, 1)
        self.definite = definite
        if definite:
            self.factor = linalg.cholesky(array, lower=True)
            (pocon,) = linalg.get_lapack_funcs(("pocon",), (self.factor,))
            rcond = pocon(self.factor, norm, uplo="L")[0]
        else:
            getrf, gecon = linalg.get_lapack_funcs(("getrf", "gecon"), (array,))
            lu, pivots, failed = getrf(array)
            self.factor = lu, pivots
            rcond = 0.0 if failed else gecon(lu, norm)[0]
        if not rcond > np.finfo(norm.dtype).eps:
            raise np.linalg.LinAlgError("the matrix is singular to working precision")

    def solve(self, b: Any, turned: bool = False) -> Any:
        """The solution for the array, or for its transpose."""
        if self.definite:
            return linalg.cho_solve((self.factor, True), b)
        return linalg.lu_solve(self.factor, b, trans=int(turned))


def woodbury(solve: Callable[[Any], Any], left: Any, right: Any, b: Any) -> Any:
    """The solution for A + U V', where `solve` gives that for A.

    Raises   LinAlgError if the sum is singular to working precision: the small matrix I + V' A⁻¹ U
             is, beside the parts that it is the sum of.
    Source   M. Woodbury, Inverting modified matrices, Princeton 1950.
    """
    scaled = solve(left)
    product = right.T @ scaled
    small = np.eye(len(product), dtype=product.dtype) + product
    smallest = np.linalg.svd(small, compute_uv=False)[-1]
    if not smallest > 10 * np.finfo(small.dtype).eps * (1 + np.linalg.norm(product)):
        raise np.linalg.LinAlgError("the matrix is singular to working precision")
    x = solve(b)
    return x - scaled @ np.linalg.solve(small, right.T @ x)
