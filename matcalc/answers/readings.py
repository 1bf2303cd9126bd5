"""The numbers of a derivative, read in one of the ways in which it may be written, and when two
arrays of numbers count as equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcalc.answers.ways import Way
from matcalc.check import evaluate
from matcalc.check.differences import Array
from matcalc.check.sample import Sample
from matcalc.check.steps import size
from matcalc.expr.nodes import Expr
from matcalc.tensor.nodes import Tensor

TOLERANCE: Final = 1e-7
VISIBLE: Final = 1e-3
"""What differs at a counterexample differs by so much, relative to the largest entry."""


@dataclass(frozen=True)
class Reading:
    """One way to write the derivative: an expression, its axes rearranged (None: as they are)."""

    expr: Expr
    way: Way | None
    tensor: Tensor

    @property
    def words(self) -> str:
        """How the way is called; nothing for the one that was asked for."""
        return "" if self.way is None else self.way.words

    def at(self, drawn: Sample) -> Array:
        """The numbers at some inputs."""
        value = value_at(self.expr, drawn)
        return value if self.way is None else self.way.of_array(value)


def value_at(expr: Expr, drawn: Sample) -> Array:
    """The numbers of an expression, by the independent evaluator."""
    return np.asarray(evaluate(expr, drawn.point, drawn.sizes, drawn.functions))


def with_symmetric(drawn: Sample, name: str) -> Sample:
    """The same inputs with one matrix made symmetric."""
    matrix = drawn.point[name]
    return replace(drawn, point={**drawn.point, name: (matrix + matrix.T) / 2})


def agree(left: Sequence[Array], right: Sequence[Array]) -> bool:
    """Whether arrays are equal where that can be told.

    A pair that differs in the last digits only tells nothing: some functions of matrices are not
    computed more precisely.  More than half of the pairs have to be equal, and none far from it.
    """
    equal = sum(close([a], [b]) for a, b in zip(left, right, strict=True))
    return 2 * equal > len(left) and close(left, right, VISIBLE)


def close(left: Sequence[Array], right: Sequence[Array], tolerance: float = TOLERANCE) -> bool:
    """Whether arrays are equal, pair by pair, relative to their largest entries."""
    return all(
        float(np.max(np.abs(a - b), initial=0.0)) <= tolerance * max(size(a), size(b))
        for a, b in zip(left, right, strict=True)
    )
