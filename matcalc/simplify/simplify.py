"""The normal form of a result: what the rules can remove is removed, common factors are pulled out
where that is shorter.  The choice among equal forms is by the cost of what would be printed."""

from __future__ import annotations

from collections.abc import Mapping

from matcalc.expr.nodes import Expr
from matcalc.expr.writing import cost
from matcalc.rules.adjoints import forward
from matcalc.rules.book import RuleBook
from matcalc.rules.structured import commuted, of_blocks
from matcalc.simplify.factor import absorbed, distributed, factored, opened
from matcalc.simplify.indicators import under_indicators
from matcalc.simplify.rewrite import Rewriting
from matcalc.tensor.canonical import add, group
from matcalc.tensor.knowledge import KNOWN
from matcalc.tensor.lift import Lift
from matcalc.tensor.nodes import Contract, Group, Map, Opaque, Sum, Tensor, node_count, operands
from matcalc.tensor.substitute import with_operands

TALL = 24
"""Sums of more terms than this are not searched for common factors."""

PASSES = 6
"""Passes over a tensor at most; more than two are rare."""

LARGE = 1000
"""Tensors of more nodes than this are not searched for shorter forms: nobody reads them."""


class Simplifier:
    """Simplification and lifting, which share what they have found out.

    A formula that is still to be differentiated is not `final`: what holds only at the variable is
    not used.
    """

    def __init__(
        self, known: Mapping[Tensor, Expr] | None, book: RuleBook, final: bool = True
    ) -> None:
        self.lift = Lift(known)
        self.identities, self.expansions = book.identities, book.expansions
        self.known = KNOWN[final]
        self.rewriting = Rewriting(self.node)

    def __call__(self, t: Tensor) -> Tensor:
        """t in normal form: rewritten until a pass changes nothing, which is soon."""
        for _ in range(PASSES):
            new = self.rewriting(t)
            if new is t:
                break
            t = new
        return t

    def node(self, t: Tensor) -> Tensor:
        """One rewrite of a node whose operands are in normal form; the node itself if there is
        none."""
        new = under_indicators(t)
        if new is not t:
            return new
        if isinstance(t, Map | Opaque | Contract | Sum):
            rewritten = self.identities.rewrite(t, self.known)
            if rewritten is not None:
                return rewritten[0]
        moved = of_blocks(t) if isinstance(t, Opaque) else None
        if isinstance(t, Contract):
            moved = forward(t) or commuted(t, self.known)
        if moved is not None:
            return moved
        if node_count(t) > LARGE:  # nobody reads it, however short
            return t
        if isinstance(t, Sum) and len(t.terms) == 1:
            c, inner, labels = t.terms[0]
            new = self.node(inner)
            return t if new is inner else add([(c, new, labels)], t.dims)
        if isinstance(t, Group):
            return self.shortest(t, [group(other, t.sizes) for other in self.others(t.arg)])
        return self.shortest(t, self.others(t))

    def others(self, t: Tensor) -> list[Tensor]:
        """Equal tensors that may print shorter."""
        if isinstance(t, Sum) and 1 < len(t.terms) <= TALL:
            return factored(t) + opened(t) + self.expansions.tried(t, self.known)
        if isinstance(t, Contract):
            return absorbed(t) + distributed(t) + self.expansions.tried(t, self.known)
        return []

    def tidied(self, t: Tensor) -> Tensor:
        """What identities make of a tensor and, if it is a sum, of its terms."""
        for _ in range(PASSES):
            found = self.identities.rewrite(t, self.known)
            if found is None:
                break
            t = found[0]
        if isinstance(t, Sum):
            parts = [self.identities.rewrite(a, self.known) for _, a, _ in t.terms]
            if any(parts):
                new = [
                    found[0] if found else a for found, a in zip(parts, operands(t), strict=True)
                ]
                return with_operands(t, new)
        return t

    def shortest(self, t: Tensor, others: list[Tensor]) -> Tensor:
        """Of equal tensors the one that prints shortest; t itself at a tie."""
        best, least = t, -1
        for other in map(self.tidied, others):
            least = cost(self.lift(t)) if least < 0 else least
            price = cost(self.lift(other))
            if price < least:
                best, least = other, price
        return best
