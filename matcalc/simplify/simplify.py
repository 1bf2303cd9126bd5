"""The normal form of a result: what the rules can remove is removed, common factors are pulled out where
that is shorter.  The choice among equal forms is by the cost of what would be printed."""

from __future__ import annotations

from collections.abc import Mapping

from matcalc.expr.nodes import Expr
from matcalc.expr.writing import cost
from matcalc.simplify.factor import factored
from matcalc.simplify.indicators import under_indicators
from matcalc.simplify.rewrite import Rewriting
from matcalc.tensor.lift import Lift
from matcalc.tensor.nodes import Sum, Tensor

TALL = 24
"""Sums of more terms than this are not searched for common factors."""


class Simplifier:
    """Simplification and lifting, which share what they have found out."""

    def __init__(self, known: Mapping[Tensor, Expr] | None = None) -> None:
        self.lift = Lift(known)
        self.rewriting = Rewriting(self.node)

    def __call__(self, t: Tensor) -> Tensor:
        """t in normal form."""
        return self.rewriting(t)

    def node(self, t: Tensor) -> Tensor:
        """One rewrite of a node whose operands are in normal form; the node itself if there is none."""
        new = under_indicators(t)
        if new is not t:
            return new
        if isinstance(t, Sum) and 1 < len(t.terms) <= TALL:
            return self.shorter(t)
        return t

    def shorter(self, t: Sum) -> Tensor:
        """The sum, or the sum with a common factor pulled out if that prints shorter."""
        best, candidate = t, factored(t)
        while candidate is not None:
            if cost(self.lift(candidate)) < cost(self.lift(best)):
                return candidate
            return t
        return best
