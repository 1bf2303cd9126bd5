"""The record of a derivation, raised from index notation into matrix notation for the reader.

It is the engine's own record: the nodes that differentiation went through and the rules it used there.
Nothing is derived a second time here; local derivatives are only written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matcalc.calculus.reverse import Local, derivative
from matcalc.expr.nodes import Expr, Named, Symbol
from matcalc.pipeline import Solved
from matcalc.rules.book import Rule
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import opaque
from matcalc.tensor.nodes import Atom, Bound, Contract, Map, Opaque, Sum, Tensor, intern, operands
from matcalc.tensor.substitute import with_operands


@dataclass(frozen=True)
class Step:
    """One step.

    kind    intermediate (a name for a part), local (a derivative of one part by another, by a rule),
            chain (their product), simplify (one form and a shorter one), answer.
    before  What is derived, or the form before; after its derivative, or the form after.
    """

    kind: str
    title: str
    text: str
    rule: Rule | None
    before: Expr | None
    after: Expr | None


PRODUCT = Rule("product rule", "d(a b) = da b + a db", "Parr & Howard, sec. 2")
SUM = Rule("sum rule", "d(a + b) = da + db", "Parr & Howard, sec. 2")
CHAIN = Rule("chain rule", "∂f(g(x))/∂x = ∂f/∂g ∂g/∂x", "Parr & Howard, sec. 4.5.3")
NAMING = Rule(
    "intermediate variables",
    "name each part, then differentiate each by itself",
    "Parr & Howard, sec. 4.5.1",
)
SIMPLIFYING = Rule("simplification", "equal forms; the shorter is kept", "")
UNKNOWN = Rule("derivative of an unknown function", "d f(x) = J_f(x) dx", "Parr & Howard, sec. 4.2")


def steps_of(solved: Solved) -> tuple[Step, ...]:
    """The steps of a derivation, in the order of the paper."""
    return tuple(_Telling(solved).steps())


class _Telling:
    """Writes the record of one derivation."""

    def __init__(self, solved: Solved) -> None:
        self.solved = solved
        self.simplifier = Simplifier(solved.lowering.known, solved.book.identities)

    def steps(self) -> Iterator[Step]:
        yield from self.intermediates()
        yield from self.locals()
        yield from self.results()

    def intermediates(self) -> Iterator[Step]:
        """The names that the user bound and the value depends on."""
        for t in _bound(self.solved.value):
            named = self.solved.lowering.known.get(t)
            if isinstance(named, Named):
                yield Step("intermediate", f"let {named.name}", "", NAMING, named, named.value)

    def locals(self) -> Iterator[Step]:
        """Each local derivative that the chain rule used, innermost first, with its rule."""
        seen: set[tuple[Tensor, int]] = set()
        for local in reversed(self.solved.record.locals):
            key = (local.node, local.position)
            if key not in seen:
                seen.add(key)
                step = self.local(local)
                if step is not None:
                    yield step

    def local(self, local: Local) -> Step | None:
        operand = operands(local.node)[local.position]
        if not isinstance(operand, Atom | Bound):
            name = "u"
            stand_in: Tensor = intern(Atom, operand.dims, name, frozenset())
        else:
            stand_in = operand
        node = _with_operand(local.node, local.position, stand_in)
        (slope,) = derivative(node, [stand_in], self.solved.book)
        before, after = self.write(node), self.write(slope)
        if isinstance(local.node, Contract):
            rule = PRODUCT
        elif isinstance(local.node, Sum):
            rule = SUM
        elif isinstance(local.rule, Rule):
            rule = local.rule
        else:
            rule = UNKNOWN
        by = self.write(stand_in)
        where = "" if stand_in is operand else "u"
        return Step("local", f"∂/∂{_name(by)}", where, rule, before, after)

    def results(self) -> Iterator[Step]:
        """The product of the local derivatives, and what simplification made of it."""
        raws, finals = _leaves(self.solved.raw), _leaves(self.solved.arrays)
        written = _leaves(self.solved.written)
        for raw, final, text in zip(raws, finals, written, strict=True):
            joined = self.simplifier.lift(raw)
            yield Step(
                "chain",
                "join them by the chain rule",
                "",
                CHAIN,
                self.solved.problem.expression,
                joined,
            )
            if joined is not final:
                yield Step("simplify", "simplify", "", SIMPLIFYING, joined, final)
            yield Step(
                "answer", "the derivative", f"layout: {self.solved.layout}", None, None, text
            )

    def write(self, t: Tensor) -> Expr:
        return self.simplifier.lift(self.simplifier(t))


def _name(expr: Expr) -> str:
    return expr.name if isinstance(expr, Symbol | Named) else "u"


def _with_operand(node: Tensor, position: int, operand: Tensor) -> Tensor:
    """A node with one operand replaced; nothing else is touched."""
    parts = list(operands(node))
    parts[position] = operand
    if isinstance(node, Opaque):
        return opaque(node.fn, parts, node.dims, node.batch, node.batched)
    return with_operands(node, parts) if isinstance(node, Contract | Sum | Map) else node


def _bound(root: Tensor) -> list[Bound]:
    """The bound names below a tensor, inner ones first."""
    found: list[Bound] = []
    seen: set[Tensor] = set()
    pending: list[tuple[Tensor, bool]] = [(root, False)]
    while pending:
        node, ready = pending.pop()
        if ready:
            if isinstance(node, Bound):
                found.append(node)
            continue
        if node in seen:
            continue
        seen.add(node)
        pending.append((node, True))
        pending.extend((o, False) for o in reversed(operands(node)))
    return found


def _leaves(tree: Any) -> list[Any]:
    return [leaf for part in tree for leaf in _leaves(part)] if isinstance(tree, tuple) else [tree]
