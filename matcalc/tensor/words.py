"""What the user has words for: names, functions, differences the way round they were written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from matcalc.expr.nodes import Expr
from matcalc.tensor.canonical import UNIT, scaled
from matcalc.tensor.nodes import Sum, Tensor


class Words(dict[Tensor, Expr]):
    """The words for tensors; `differences` are the sums of both signs that the user wrote."""

    def __init__(
        self, words: Mapping[Tensor, Expr] | None = None, differences: Iterable[Tensor] = ()
    ) -> None:
        super().__init__(words or {})
        self.differences = set(differences)

    def copy(self) -> Words:
        """The same words, to which others can be added."""
        return Words(self, self.differences)


def is_difference(t: Tensor) -> bool:
    """Whether a tensor is a sum of terms of both signs."""
    return isinstance(t, Sum) and {c > 0 for c, _, _ in t.terms} == {True, False}


def is_turned(t: Tensor, differences: Collection[Tensor]) -> bool:
    """Whether the user wrote a difference the other way round, or it is a scalar without a vector:
    x - mean(x), not mean(x) - x."""
    if t in differences or not is_difference(t):
        return False
    return _takes_a_vector_away(t) or bool(differences and scaled(t, -1) in differences)


def _takes_a_vector_away(t: Tensor) -> bool:
    """Whether a sum is a scalar, not a mere number, less an array."""
    if not isinstance(t, Sum) or len(t.terms) != 2 or not t.rank:
        return False
    return all(a is not UNIT and (c < 0) == bool(labels) for c, a, labels in t.terms)
