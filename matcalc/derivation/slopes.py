"""The engine's own derivatives between the parts of an expression, written in matrix notation.

Nothing is derived here by other means: `calculus.reverse` differentiates, from one name to the next
instead of through it, and `simplify` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc.calculus.reverse import derivative
from matcalc.errors import DerivationError
from matcalc.expr import build
from matcalc.expr.along import directed
from matcalc.expr.nodes import Expr, Named, Shape, Symbol
from matcalc.expr.writing import transposed
from matcalc.rules.book import Rule, RuleBook
from matcalc.rules.identities import Identity
from matcalc.show.record import Step
from matcalc.simplify.simplify import Rewrite, Simplifier
from matcalc.tensor.canonical import contract, is_zero
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Tensor, operands
from matcalc.tensor.substitute import Substitution

MANY = 12
"""Of a simplification so many rewrites are told."""


@dataclass(frozen=True)
class Slope:
    """A derivative between parts: its tensor, and how it is written; None if there is no notation.

    `along` is the differential by which it is told, where a Jacobian would have three axes or more.
    """

    tensor: Tensor
    written: Expr | None
    along: Symbol | None

    @property
    def zero(self) -> bool:
        return is_zero(self.tensor)


@dataclass
class Slopes:
    """Derivatives between parts, for one derivation."""

    book: RuleBook
    inner: Any
    lowering: Lowering = field(init=False)
    recognised: dict[Tensor, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lowering = Lowering(self.book, self.inner)

    def tensor(self, expr: Expr) -> Tensor:
        return self.lowering(expr)

    def simplifier(self) -> Simplifier:
        return Simplifier(self.lowering.known, self.book)

    def write(self, t: Tensor, *, simplify: bool = True) -> Expr:
        """A tensor in matrix notation, in the names that it contains."""
        simplifier = self.simplifier()
        return simplifier.lift(simplifier(t) if simplify else t)

    def recognise(self, part: Named) -> None:
        """Write a part by its name wherever its value comes up: the derivative of p = softmax(z)
        speaks of p."""
        self.recognised[self.tensor(part.value)] = self.tensor(part)

    def spoken(self, t: Tensor) -> Tensor:
        """A tensor that speaks of the parts that were recognised."""
        return Substitution(self.recognised)(t) if self.recognised else t

    def reached(self, value: Expr, nodes: Sequence[Expr]) -> list[Expr]:
        """Those of the nodes that a value depends on directly, not through another of them."""
        tensors = {self.tensor(node): node for node in nodes}
        found: set[Tensor] = set()
        seen: set[Tensor] = set()
        pending = [self.tensor(value)]
        while pending:
            t = pending.pop()
            if t in seen:
                continue
            seen.add(t)
            if t in tensors:
                found.add(t)
            else:
                pending.extend(operands(t))
        return [node for t, node in tensors.items() if t in found]

    def local(self, value: Expr, by: Sequence[Expr]) -> tuple[list[Slope], list[object]]:
        """The derivative of a value by each of the nodes that it directly depends on, and the
        rules that this took."""
        used: list[object] = []
        y = self.tensor(value)
        targets = [self.tensor(node) for node in by]
        found = derivative(y, targets, self.book, used)
        return [self.slope(value, node, t) for node, t in zip(by, found, strict=True)], used

    def total(self, value: Expr, by: Expr, held: Sequence[Expr]) -> Slope:
        """The derivative of a value by a node, through all names that are not held."""
        targets = [self.tensor(node) for node in (by, *held)]
        found, *_ = derivative(self.tensor(value), targets, self.book)
        return self.slope(value, by, found)

    def traced(self, t: Tensor) -> tuple[tuple[Step, ...], list[Rule]]:
        """The rewrites that simplify a tensor, as steps, and their rules without repetitions."""
        trace: list[Rewrite] = []
        simplifier = Simplifier(self.lowering.known, self.book, trace=trace)
        simplifier(t)
        steps: list[Step] = []
        rules: dict[str, Rule] = {}
        for rewrite in trace[:MANY]:
            rule = law_of(rewrite)
            try:
                before, after = simplifier.lift(rewrite.before), simplifier.lift(rewrite.after)
            except DerivationError:  # of many matrices at once: no notation
                continue
            if before is not after:
                rules.setdefault(rule.name, rule)
                steps.append(Step("rewrite", rule.name, "", rule, before, after))
        return tuple(steps), list(rules.values())

    def slope(self, value: Expr, by: Expr, t: Tensor) -> Slope:
        """How a derivative is written: a row for a scalar by a vector, a Jacobian matrix, or where
        that has no matrix notation a differential."""
        simple = self.simplified(self.spoken(t))
        lifted = self.lifted(simple) if simple.rank <= 2 else None
        if lifted is None:
            return self.differential(value, by, simple)
        row = value.shape.rank == 0 and by.shape.rank == 1
        return Slope(simple, transposed(lifted) if row else lifted, None)

    def differential(self, value: Expr, by: Expr, t: Tensor) -> Slope:
        """A derivative along a differential: d(A X B) = A dX B."""
        along = build.symbol(f"d{name_of(by)}", Shape(by.shape.dims))
        axes = range(t.rank)
        own = value.shape.rank
        inner = contract([(t, axes), (self.tensor(along), axes[own:])], axes[:own])
        lifted = self.lifted(self.simplified(inner))
        if lifted is None:
            return Slope(t, None, along)
        lifted = directed(lifted, [along])
        return Slope(t, transposed(lifted) if value.shape.row else lifted, along)

    def simplified(self, t: Tensor) -> Tensor:
        """A tensor in its shortest form, if it has matrix notation."""
        try:
            return self.simplifier()(t)
        except DerivationError:
            return t

    def lifted(self, t: Tensor) -> Expr | None:
        """A tensor in matrix notation; None for a function of many matrices at once, which has
        none."""
        try:
            return self.write(t, simplify=False)
        except DerivationError:
            return None


def law_of(rewrite: Rewrite) -> Rule:
    """The law of a rewrite as a rule; an identity of the book without its name and note."""
    law = rewrite.law
    if not isinstance(law, Identity):
        return Rule(law.name, law.statement, law.source)
    statement = " ".join(law.statement.split()).partition(": ")[2]
    return Rule(law.name, statement.removesuffix(f'"{law.source}"').rstrip(), "rule book")


def name_of(expr: Expr) -> str:
    """The name of a variable or a part."""
    return expr.name if isinstance(expr, Symbol | Named) else ""
