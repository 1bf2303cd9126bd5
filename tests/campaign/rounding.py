"""How far rounding may carry the value of a formula: each of its operations, made a little wrong.

Two ways to compute the same formula in doubles differ by what their roundings grow to.  Here every
operation gets an error of some hundred units in the last place: numbers one each, relative to
themselves; products, whose sums may cancel, one of the product of the absolute values; functions of
matrices, whose good algorithms are exact for a matrix nearby and no more, one in their arguments,
relative to the largest entry (Higham, Accuracy and Stability of Numerical Algorithms, sec. 1.5 and
3.5), and exponentials one in their value, as many times larger as the matrix is (Functions of
Matrices, sec. 10.2).  How far the value moves says how far apart two right ways may be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from matcalc.check.differences import Array
from matcalc.check.evaluate import Evaluator, _Step, order_of
from matcalc.check.sample import OUTSIDE, Sample
from matcalc.check.steps import size
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Named, Symbol

NOISE: Final = 1e-13
DRAWS: Final = 4
LOST: Final = 0.03
"""What moves by more has no digits: a reciprocal of what rounding left can be of any size."""

OF_MATRICES: Final = frozenset(
    "inv pinv solve sylvester lyapunov det logdet chol expm logm sqrtm expm_frechet logm_frechet "
    "sqrtm_frechet expm_jacobian logm_jacobian expm_frechet2 logm_frechet2 expm_jacobian2 "
    "logm_jacobian2 expm_hessian logm_hessian eigmax eigmin eigvals eigvecs eigvecmax eigvecmin "
    "norm_2 norm_nuc svdvals svd_u svd_v leftmax rightmax polar".split()
)
EXPONENTIALS: Final = frozenset(name for name in OF_MATRICES if name.startswith("expm"))
STEPS: Final = frozenset("gt ge eq sign onehot_max onehot_min".split())
"""Functions whose values are whole numbers, which nothing rounds."""


class Shaken(Evaluator):
    """An evaluator of an expression whose operations are rounded at random."""

    def __init__(self, expr: Expr, drawn: Sample, rng: np.random.Generator) -> None:
        super().__init__(expr, drawn.sizes, drawn.functions)
        self.rng = rng
        moving: set[Expr] = set()
        for place, node in enumerate(order_of(expr)):
            parts = nodes.children(node)
            if isinstance(node, Symbol | nodes.Derivative) or not moving.isdisjoint(parts):
                moving.add(node)
                self._steps[place] = self._rounded(node, self._steps[place])

    def _rounded(self, node: Expr, step: _Step) -> _Step:
        name = node.name if isinstance(node, nodes.Call) else ""
        if isinstance(node, Symbol | Named | nodes.Compare) or step.run is None or name in STEPS:
            return step
        matrix = isinstance(node, nodes.Power) and not node.elementwise and node.base.shape.rank
        of_matrix = matrix or isinstance(node, nodes.Inverse) or name in OF_MATRICES
        if isinstance(node, nodes.Product | nodes.Dot | nodes.Einsum):
            return step._replace(run=self._shaking_sums(step.run))
        run = self._shaking(step.run, bool(of_matrix))
        return step._replace(run=self._shaking_exponential(run) if name in EXPONENTIALS else run)

    def _shaking(self, run: Callable[..., Any], of_matrix: bool) -> Callable[..., Any]:
        def shaken(*args: Any) -> Any:
            given = [self._nearby(a) if of_matrix and np.ndim(a) else a for a in args]
            value = np.asarray(run(*given))
            return value * (1 + NOISE * self.rng.uniform(-1, 1, value.shape))

        return shaken

    def _shaking_exponential(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def shaken(A: Any, *directions: Any) -> Any:
            value = np.asarray(run(A, *directions))
            error = NOISE * np.linalg.norm(A) * np.max(np.abs(value), initial=0.0)
            return value + error * self.rng.uniform(-1, 1, value.shape)

        return shaken

    def _shaking_sums(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def shaken(*args: Any) -> Any:
            value, size = np.asarray(run(*args)), np.asarray(run(*map(np.abs, args)))
            return value + NOISE * size * self.rng.uniform(-1, 1, value.shape)

        return shaken

    def _nearby(self, A: Array) -> Array:
        largest = np.max(np.abs(A), initial=0.0)
        return np.asarray(A + NOISE * largest * self.rng.uniform(-1, 1, np.shape(A)))


def spread(expr: Expr, drawn: Sample, rng: np.random.Generator, value: Array) -> float:
    """How far the value of an expression at a sample moves when its operations are rounded,
    relative to the largest entry; infinite where it then has none, or hardly a digit is left."""
    shaken, worst = Shaken(expr, drawn, rng), 0.0
    for _ in range(DRAWS):
        try:
            apart = float(np.max(np.abs(shaken(drawn.point) - value), initial=0.0))
        except OUTSIDE:
            return np.inf
        worst = max(worst, apart / size(value) if np.isfinite(apart) else np.inf)
        if worst > LOST:
            return np.inf
    return worst
