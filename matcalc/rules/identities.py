"""The identities of the rule book as rewriting rules on tensors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from matcalc.language import book as text
from matcalc.rules.matcher import Match, factors, matches
from matcalc.tensor.canonical import contract
from matcalc.tensor.lower import STRUCTURAL, Book, Lowering
from matcalc.tensor.nodes import Contract, Labels, Map, Opaque, Tensor, operands, postorder
from matcalc.tensor.substitute import Substitution


@dataclass(frozen=True)
class Identity:
    """lhs = rhs, with the functions that have to occur where it applies."""

    name: str
    statement: str
    source: str
    lhs: Tensor
    rhs: Tensor

    @cached_property
    def functions(self) -> frozenset[str]:
        """The names of the functions of the left side; a power is none."""
        names = {
            n.fn
            for n in postorder((self.lhs,))
            if isinstance(n, Map | Opaque) and isinstance(n.fn, str)
        }
        return frozenset(names - {"pow"})

    def applied(self, t: Tensor) -> Tensor | None:
        """t rewritten at its root; None if the identity does not apply there."""
        if isinstance(self.lhs, Contract):
            return self._in_product(t) if isinstance(t, Contract) else None
        own = tuple(range(t.rank))
        if type(t) is not type(self.lhs) or (isinstance(t, Opaque) and t.batch):
            return None
        places = own if self.lhs.rank else ()
        for found in matches(self.lhs, places, t, own, Match()):
            return self._written(found, own, t)
        return None

    def _in_product(self, t: Contract) -> Tensor | None:
        """Some factors of a product replaced by the right side."""
        assert isinstance(self.lhs, Contract)
        rank = self.lhs.rank
        inner = {x for _, axes in self.lhs.factors for x in axes if x >= rank}
        for found, left in factors(self.lhs.factors, t.factors, Match()):
            summed = [found.labels[x] for x in inner]
            if any(x < t.rank or any(x in labels for _, labels in left) for x in summed):
                continue
            if rank and any(i not in found.labels for i in range(rank)):
                continue
            labels = tuple(found.labels[i] for i in range(rank)) if rank else self._spread(found)
            new = self._written(found, labels, t)
            dims = {x: d for f, axes in t.factors for x, d in zip(axes, f.dims, strict=True)}
            return contract([(new, labels), *left], range(t.rank), dims | dict(enumerate(t.dims)))
        return None

    @staticmethod
    def _spread(found: Match) -> Labels:
        return tuple(sorted({x for _, labels in found.values.values() for x in labels}))

    def _written(self, found: Match, labels: Labels, t: Tensor) -> Tensor:
        """The right side with the variables replaced; element-wise if the variables are scalars."""
        if self.lhs.rank or not labels:
            values = {variable: view[0] for variable, view in found.values.items()}
            return Substitution(values, found.dims)(self.rhs)
        size = {
            x: d
            for view in found.values.values()
            for x, d in zip(view[1], view[0].dims, strict=True)
        }
        size |= {x: t.dims[x] for x in labels if x not in size}
        batch = tuple(size[x] for x in labels)
        values = {
            variable: contract([(u, axes)], labels, size) if axes else u
            for variable, (u, axes) in found.values.items()
        }
        return Substitution(values, batch=batch)(self.rhs)


CALLED: Final = re.compile(r"(\w+)\(")
KERNEL: Final = frozenset(STRUCTURAL)
"""Functions that lowering makes contractions of: they are no nodes to look for."""


class Identities:
    """All identities of the book, each compiled when it may first apply."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._functions: dict[Tensor, frozenset[str]] = {}
        self._compiled: dict[text.Law, Identity] = {}

    @cached_property
    def wanted(self) -> tuple[tuple[frozenset[str], text.Law], ...]:
        """For each identity the functions that its left side names: read off the text, so that
        only those that may apply are ever parsed."""
        return tuple(
            (frozenset(CALLED.findall(law.body.partition(" = ")[0])) - KERNEL, law)
            for law in text.laws("identity")
        )

    def compiled(self, law: text.Law) -> Identity:
        """An identity in index notation."""
        found = self._compiled.get(law)
        if found is None:
            statement = text.law_statement("identity", law)
            lhs, rhs, _ = text.statement_exprs(None, statement)
            low = Lowering(self.book)
            found = Identity(statement.name, statement.text, statement.note, low(lhs), low(rhs))
            self._compiled[law] = found
        return found

    def functions(self, t: Tensor) -> frozenset[str]:
        """The names of the functions that occur in a tensor."""
        found = self._functions.get(t)
        if found is None:
            if len(self._functions) > 50_000:
                self._functions.clear()
            for node in postorder((t,), self._functions):
                names = {name for o in operands(node) for name in self._functions[o]}
                if isinstance(node, Map | Opaque) and isinstance(node.fn, str):
                    names.add(node.fn)
                self._functions[node] = frozenset(names)
            found = self._functions[t]
        return found

    def rewrite(self, t: Tensor) -> tuple[Tensor, Identity] | None:
        """t rewritten at its root by the first identity that applies."""
        names = self.functions(t)
        if not names:
            return None
        for wanted, law in self.wanted:
            if wanted <= names and (rule := self.compiled(law)).functions <= names:
                new = rule.applied(t)
                if new is not None and new is not t:
                    return new, rule
        return None
