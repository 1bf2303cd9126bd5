"""The record of a derivation in the order in which Parr & Howard tell one: intermediate variables,
the local derivative of each with the rules that gave it, the chain rule that joins them,
simplifications.

The local derivatives are those of the engine (`calculus.reverse`), taken between the intermediate
variables instead of through them; their rules are the engine's own record.  Nothing is derived by
other means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from matcalc.calculus.reverse import Record, derivative
from matcalc.emit.names import latex_name
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Named, free_symbols
from matcalc.expr.writing import transposed
from matcalc.pipeline import Solved, leaves_of
from matcalc.rules.book import Rule
from matcalc.show.record import Explanation, Formula, Level, Step
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import as_constant, is_zero
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Map,
    Opaque,
    Sum,
    Tensor,
    intern,
    operands,
    postorder,
)
from matcalc.tensor.substitute import Substitution

PRODUCT = Rule("product rule", "d(a b) = da b + a db", "Parr & Howard, sec. 2")
SUM = Rule("sum rule", "d(a + b) = da + db", "Parr & Howard, sec. 2")
CHAIN = Rule("chain rule", "∂f(g(x))/∂x = ∂f/∂g ∂g/∂x", "Parr & Howard, sec. 4.5.3")
TOTAL = Rule(
    "total-derivative chain rule", "∂f/∂x = Σ_i ∂f/∂u_i ∂u_i/∂x", "Parr & Howard, sec. 4.5.2"
)
NAMING = Rule(
    "intermediate variables",
    "name each part, then differentiate each by itself",
    "Parr & Howard, sec. 4.5.1",
)
SIMPLIFYING = Rule("simplification", "equal forms; the shorter is kept", "")
UNKNOWN = Rule("derivative of an unknown function", "d f(x) = J_f(x) dx", "Parr & Howard, sec. 4.2")


def explained(solved: Solved, level: Level = "textbook") -> Explanation:
    """How a derivative was found, in the detail asked for."""
    return Explanation(level, tuple(Telling(solved).steps()))


@dataclass
class _Part:
    """An intermediate variable: its node, and its value in terms of the variables before it."""

    node: Bound
    value: Tensor


class Telling:
    """Tells one derivation."""

    def __init__(self, solved: Solved) -> None:
        self.solved = solved
        self.known: dict[Tensor, Expr] = {
            t: e for t, e in solved.lowering.known.items() if not isinstance(t, Bound)
        }
        self.named: dict[Tensor, Named] = {}

    def steps(self) -> Iterator[Step]:
        """All steps, for a Hessian those of the gradient first."""
        value, targets = self.solved.value, self.solved.targets
        if self.solved.problem.kind == "hessian":
            gradients = derivative(value, targets, self.solved.book)
            yield from self.first(value, targets, self.solved.problem.expression)
            for target, gradient in zip(targets, gradients, strict=True):
                simple = self.simplifier()(gradient)
                if not is_zero(simple):
                    shown = self.write(simple)
                    by = self.write(target)
                    title = f"derive the gradient by {name_of(by)} again"
                    yield Step("intermediate", title, "", None, None, shown)
                    yield from self.first(simple, targets, shown)
        else:
            yield from self.first(value, targets, self.solved.problem.expression)
        yield from self.answers()

    def first(self, value: Tensor, targets: Sequence[Tensor], shown: Expr) -> Iterator[Step]:
        """The steps of one derivative."""
        parts = self.parts(value, targets)
        for part in parts:
            named = self.named[part.node]
            yield Step("intermediate", f"let {named.name}", "", NAMING, named, named.value)
        replaced = {p.node.value: p.node for p in parts if p.node.value is not p.node}
        root = self.replaced(value, replaced, parts)
        yield from self.locals(root, shown if not parts else None, parts, targets)
        yield from self.joined(root, parts, targets, shown)

    # --- intermediate variables

    def parts(self, value: Tensor, targets: Sequence[Tensor]) -> list[_Part]:
        """The intermediate variables: the user's names, and the arguments of functions."""
        chosen: list[Tensor] = []
        active: set[Tensor] = set()
        for node in postorder((value,)):
            if node in targets:
                active.add(node)
                continue
            if any(o in active for o in operands(node)):
                active.add(node)
            if not isinstance(node, Map | Opaque) or node not in active:
                if isinstance(node, Bound) and node in active and node not in chosen:
                    chosen.append(node)
                continue
            for operand in operands(node):
                plain = not isinstance(operand, Atom | Bound) and as_constant(operand) is None
                if plain and operand in active and operand not in chosen:
                    chosen.append(operand)
        bound_values = {t.value for t in chosen if isinstance(t, Bound)}
        chosen = [t for t in chosen if t not in bound_values and t is not value]
        return self.named_parts(chosen, value)

    def named_parts(self, chosen: Sequence[Tensor], value: Tensor) -> list[_Part]:
        taken = set(free_symbols(self.solved.problem.expression))
        taken |= {t.name for t in chosen if isinstance(t, Bound)}
        taken |= {n for n in (getattr(t, "name", "") for t in postorder((value,))) if n}
        own = sum(not isinstance(t, Bound) for t in chosen)
        fresh = (n for n in (["u"] if own == 1 else []) + [f"u{i}" for i in range(1, own + 1)])
        spare = (f"u_{i}" for i in count(1))
        parts: list[_Part] = []
        for t in chosen:
            name = t.name if isinstance(t, Bound) else next(fresh)
            while not isinstance(t, Bound) and name in taken:
                name = next(spare)
            taken.add(name)
            whole = t.value if isinstance(t, Bound) else t
            inner = self.replaced(whole, {p.node.value: p.node for p in parts}, parts)
            node = t if isinstance(t, Bound) else intern(Bound, t.dims, name, t)
            parts.append(_Part(node, inner))
            self.named[node] = build.named(name, self.write(inner))
        return parts

    @staticmethod
    def replaced(t: Tensor, names: dict[Tensor, Bound], parts: Sequence[_Part]) -> Tensor:
        """t with the parts in it replaced by their names."""
        if not parts:
            return t
        return Substitution({**names, **{p.node: p.node for p in parts}})(t)

    # --- local derivatives

    def locals(
        self, root: Tensor, shown: Expr | None, parts: Sequence[_Part], targets: Sequence[Tensor]
    ) -> Iterator[Step]:
        """The derivative of each part, and of the whole, by what it directly depends on."""
        nodes: list[Tensor] = [*targets, *(p.node for p in parts)]
        for value, before in [
            *((p.value, self.named[p.node].value) for p in parts),
            (root, shown or self.write(root)),
        ]:
            near = reached(value, nodes)
            if value in near:
                continue
            record = Record()
            for by, slope in zip(
                near, derivative(value, near, self.solved.book, record), strict=True
            ):
                if not is_zero(slope):
                    title = f"∂/∂{name_of(self.write(by))}"
                    after = self.row(value, by, self.write(self.simplifier()(slope)))
                    yield Step(
                        "local", title, "", rule_of(record, value), before, after,
                        by=self.write(by), of=label(value, parts),
                    )  # fmt: skip

    def row(self, value: Tensor, by: Tensor, slope: Expr) -> Expr:
        """A derivative of a scalar by a vector as the layout has it."""
        wanted = value.rank == 0 and by.rank == 1 and self.solved.problem.layout == "numerator"
        return transposed(slope) if wanted else slope

    # --- joining

    def joined(
        self, root: Tensor, parts: Sequence[_Part], targets: Sequence[Tensor], shown: Expr
    ) -> Iterator[Step]:
        """The product of the local derivatives along each way, in the names of the parts."""
        for target, whole in zip(targets, derivative(root, targets, self.solved.book), strict=True):
            by = self.write(target)
            ways = _ways(root, target, parts)
            if not parts or not ways:
                continue
            texts = [_product_of(way, self.named, name_of(by)) for way in ways]
            partials = Formula(*(" + ".join(side) for side in zip(*texts, strict=True)))
            rule = CHAIN if len(ways) == 1 else TOTAL
            after = self.row(root, target, self.write(self.simplifier()(whole)))
            yield Step(
                "chain", "join them by the chain rule", "", rule, shown, after,
                by=by, of="f", partials=partials,
            )  # fmt: skip

    def answers(self) -> Iterator[Step]:
        """What simplification made of it, and the answer."""
        raws, finals = leaves_of(self.solved.raw), leaves_of(self.solved.arrays)
        for raw, final, text in zip(raws, finals, leaves_of(self.solved.written), strict=True):
            simplifier = Simplifier(self.solved.lowering.known, self.solved.book)
            joined = self.arranged(simplifier.lift(raw))
            if joined is not final:
                yield Step("rewrite", "simplify", "", SIMPLIFYING, joined, final)
            layout = f"layout: {self.solved.layout}"
            yield Step("answer", "the derivative", layout, None, None, text)

    def simplifier(self) -> Simplifier:
        return Simplifier({**self.known, **self.named}, self.solved.book)

    def write(self, t: Tensor) -> Expr:
        return self.arranged(self.simplifier().lift(t))

    def arranged(self, expr: Expr) -> Expr:
        """An expression as this kind of derivation writes it."""
        return expr


def rule_of(record: Record, value: Tensor) -> Rule:
    """The rule of the book that a local derivative used, or the rule of its outermost operation."""
    rules = [local.rule for local in record.locals if isinstance(local.rule, Rule)]
    if rules:
        return rules[0]
    if record.locals:
        return UNKNOWN
    return SUM if isinstance(value, Sum) else PRODUCT


def name_of(expr: Expr) -> str:
    return str(getattr(expr, "name", "u"))


def reached(value: Tensor, nodes: Sequence[Tensor]) -> list[Tensor]:
    """Those of the nodes that a value depends on directly, not through another of them."""
    found: set[Tensor] = set()
    seen: set[Tensor] = set()
    pending = [value]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in nodes:
            found.add(node)
        else:
            pending.extend(operands(node))
    return [node for node in nodes if node in found]


MANY = 8
"""More ways than this from a variable to the result are not written out."""


def _ways(root: Tensor, target: Tensor, parts: Sequence[_Part]) -> list[list[Tensor]]:
    """The ways from the whole to the target through the parts; none if they are too many."""
    values: dict[Tensor, Tensor] = {p.node: p.value for p in parts}
    nodes: list[Tensor] = [target, *values]
    ways: list[list[Tensor]] = []
    pending: list[tuple[Tensor, list[Tensor]]] = [(root, [])]
    while pending:
        value, way = pending.pop()
        for node in reached(value, nodes):
            if node is target:
                ways.append([*way, node])
            else:
                pending.append((values[node], [*way, node]))
        if len(ways) + len(pending) > MANY:
            return []
    return ways


def _product_of(way: Sequence[Tensor], named: dict[Tensor, Named], target: str) -> tuple[str, str]:
    """∂f/∂u2 ∂u2/∂u1 ∂u1/∂x, in text and LaTeX."""
    names = ["f", *(named[t].name for t in way[:-1]), target]
    pairs = [*pairwise(names)]
    frac = r"\frac{\partial %s}{\partial %s}"
    return " ".join(f"∂{a}/∂{b}" for a, b in pairs), " ".join(
        frac % (latex_name(a), latex_name(b)) for a, b in pairs
    )


def label(value: Tensor, parts: Sequence[_Part]) -> str:
    """The name of a part; that of the whole is f."""
    return next((p.node.name for p in parts if p.value is value), "f")
