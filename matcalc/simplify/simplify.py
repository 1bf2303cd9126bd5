"""The normal form of a result: what the rules can remove is removed, common factors are pulled out
where that is shorter.  The choice among equal forms is by the cost of what would be printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matcalc.expr.nodes import Expr
from matcalc.expr.writing import cost
from matcalc.expr.writing import is_symmetric as looks_symmetric
from matcalc.rules.adjoints import forward, turned
from matcalc.rules.book import RuleBook
from matcalc.rules.identities import Identity
from matcalc.rules.structured import commuted, of_blocks, of_triangles
from matcalc.simplify import laws
from matcalc.simplify.expand import (
    absorbed,
    distributed,
    opened,
    with_half_triangles,
    with_triangles,
)
from matcalc.simplify.factor import cleared, factored, framed, refactored
from matcalc.simplify.indicators import under_indicators
from matcalc.simplify.rewrite import Rewriting
from matcalc.simplify.totals import summed
from matcalc.tensor.canonical import add, contract, group, is_symmetric
from matcalc.tensor.knowledge import KNOWN
from matcalc.tensor.lift import Lift
from matcalc.tensor.nodes import Contract, Group, Map, Opaque, Sum, Tensor, node_count, operands
from matcalc.tensor.substitute import with_operands

TALL = 24
"""Sums of more terms than this are not searched for common factors."""

MANY = 16
"""Products of more factors than this, as through many layers, are not searched either."""

PASSES = 6
"""Passes over a tensor at most; more than two are rare."""

LOPSIDED = 3
"""What it costs that a symmetric matrix is not seen to be symmetric."""

LARGE = 1000
"""Tensors of more nodes than this are not searched for shorter forms: nobody reads them."""


@dataclass(frozen=True)
class Rewrite:
    """One rewrite: a node before and after, and the identity or law that says they are equal."""

    before: Tensor
    after: Tensor
    law: Identity | laws.Law


class Simplifier:
    """Simplification and lifting, which share what they have found out.

    A formula that is still to be differentiated is not `final`: what holds only at the variable is
    not used.  With a `trace`, each rewrite is noted there as it is done.
    """

    def __init__(
        self,
        known: Mapping[Tensor, Expr] | None,
        book: RuleBook,
        final: bool = True,
        trace: list[Rewrite] | None = None,
    ) -> None:
        self.lift = Lift(known)
        self.trace = trace
        self.book, self.identities, self.expansions = book, book.identities, book.expansions
        self.known = KNOWN[final]
        self.rewriting = Rewriting(self.node)
        self._found: dict[Tensor, tuple[Tensor, Identity | laws.Law | None]] = {}

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
        found = self._found.get(t)
        if found is None:
            found = self._found[t] = self.rewritten(t)
        new, law = found
        if self.trace is not None and law is not None and new is not t:
            self.trace.append(Rewrite(t, new, law))
        return new

    def rewritten(self, t: Tensor) -> tuple[Tensor, Identity | laws.Law | None]:
        """The node rewritten, and why."""
        if isinstance(t, Map | Opaque | Contract | Sum):
            found = self.identities.rewrite(t, self.known)
            if found is not None:
                return found
        new = under_indicators(t, self.book)
        if new is not t:
            return new, laws.INDICATOR
        for moved, law in self.moved(t):
            if moved is not None:
                return moved, law
        if node_count(t) > LARGE:  # nobody reads it, however short
            return t, None
        if isinstance(t, Sum) and len(t.terms) == 1:
            c, inner, labels = t.terms[0]
            new = self.node(inner)
            return (t, None) if new is inner else (add([(c, new, labels)], t.dims), None)
        if isinstance(t, Group):
            inside = [
                (law, [group(other, t.sizes) for other in others])
                for law, others in self.choices(t.arg)
            ]
            return self.shortest(t, inside)
        return self.shortest(t, self.choices(t))

    def moved(self, t: Tensor) -> Iterator[tuple[Tensor | None, laws.Law]]:
        """Rewrites that rules about structure make."""
        if isinstance(t, Opaque):
            yield of_blocks(t), laws.BLOCKS
        if isinstance(t, Sum):
            yield of_triangles(t), laws.TRIANGLES
        if isinstance(t, Contract):
            yield summed(t), laws.TOTAL
            yield forward(t), laws.ADJOINT
            yield commuted(t, self.known), laws.COMMUTED

    def choices(self, t: Tensor) -> list[tuple[laws.Law, list[Tensor]]]:
        """Equal tensors that may print shorter, by the law that says they are equal."""
        if isinstance(t, Sum) and 1 < len(t.terms) <= TALL:
            own = [
                (laws.FACTOR, factored(t)),
                (laws.EXPAND, opened(t)),
                (laws.TRIANGLES, with_triangles(t, self.tidied)),
            ]
        elif isinstance(t, Contract) and len(t.factors) <= MANY:
            own = [
                (laws.ABSORB, absorbed(t)),
                (laws.EXPAND, distributed(t)),
                (laws.FACTOR, refactored(t) + framed(t)),
                (laws.CLEARED, cleared(t)),
                (laws.ADJOINT, turned(t, self.tidied)),
                (laws.TRIANGLES, with_half_triangles(t)),
            ]
        elif isinstance(t, Map) and t.fn == "pow":
            return [(laws.CLEARED, cleared(t))]
        else:
            return []
        return [*own, (laws.BACKWARDS, self.expansions.tried(t, self.known))]

    def tidied(self, t: Tensor) -> Tensor:
        """What identities make of a tensor and, if it is a sum, of its terms."""
        for _ in range(PASSES):
            found = self._tidier(t)
            if found is None:
                break
            t = found
        if isinstance(t, Contract) and len(t.factors) == 1:  # a transpose
            view, labels = t.factors[0]
            found = self._tidier(view)
            if found is not None:
                t = contract([(found, labels)], range(t.rank), dict(enumerate(t.dims)))
        if isinstance(t, Sum):
            parts = [self._tidier(a) for _, a, _ in t.terms]
            if any(parts):
                new = [found or a for found, a in zip(parts, operands(t), strict=True)]
                return with_operands(t, new)
        return t

    def _tidier(self, t: Tensor) -> Tensor | None:
        """t rewritten at its root by an identity; None if there is none."""
        gone = summed(t) if isinstance(t, Contract) else None
        if gone is not None:
            return gone
        found = self.identities.rewrite(t, self.known)
        return None if found is None else found[0]

    def shortest(
        self, t: Tensor, choices: list[tuple[laws.Law, list[Tensor]]]
    ) -> tuple[Tensor, laws.Law | None]:
        """Of equal tensors the one that prints shortest, and why it is equal; t itself at a tie.

        What is symmetric is preferably seen to be so: A' M A, not (M' A)' A.
        """
        made: dict[Tensor, laws.Law] = {}
        for law, others in choices:
            for other in dict.fromkeys(others):
                made.setdefault(self.tidied(other), law)
        made.pop(t, None)
        if not made:
            return t, None
        symmetric = t.rank == 2 and any(map(is_symmetric, (t, *made)))

        def price(form: Tensor) -> int:
            expr = self.lift(form)
            return cost(expr) + (LOPSIDED if symmetric and not looks_symmetric(expr) else 0)

        best: tuple[Tensor, laws.Law | None] = (t, None)
        least = price(t)
        for other, law in made.items():
            found = price(other)
            if found < least:
                best, least = (other, law), found
        return best
