"""What the user has words for: names, functions, differences the way round they were written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from matcalc.expr.nodes import Expr
from matcalc.tensor.canonical import scaled
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
    """Whether the user wrote a difference the other way round."""
    return bool(differences) and t not in differences and scaled(t, -1) in differences
