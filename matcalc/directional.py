"""The record of a derivative along directions, as Magnus & Neudecker tell one: the differential of
each intermediate variable, inserted into the next.

A vjp is told by the differential, of which it collects what multiplies dx; an hvp by the gradient,
and then the derivative of that along the direction.  Whole derivatives are told by `derivation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count

from matcalc.calculus.forward import pushforward
from matcalc.calculus.reverse import Record, derivative
from matcalc.derivation import NAMING, Telling, label, name_of, reached, rule_of
from matcalc.derivation import explained as whole
from matcalc.dims import Dim
from matcalc.directions import KINDS
from matcalc.expr import build
from matcalc.expr.along import directed
from matcalc.expr.nodes import Expr, Shape, Symbol, free_symbols
from matcalc.kinds import entries
from matcalc.pipeline import Solved, leaves_of
from matcalc.rules.book import Rule
from matcalc.show.record import Explanation, Level, Step
from matcalc.tensor.canonical import is_zero
from matcalc.tensor.nodes import Bound, Tensor

INSERTING = Rule(
    "Cauchy's rule of invariance", "d f(g(x)) = J_f(g(x)) dg(x)", "Magnus & Neudecker, ch. 5"
)
TRANSPOSED = Rule(
    "identification", "d f = J dx, so that u' d f = (u' J) dx", "Magnus & Neudecker, ch. 5"
)


def explained(solved: Solved, level: Level = "textbook") -> Explanation:
    """How a derivative of any kind was found, in the detail asked for."""
    if solved.problem.kind not in KINDS:
        return whole(solved, level)
    return Explanation(level, tuple(_Along(solved).steps()))


class _Along(Telling):
    """Tells one derivation along directions."""

    def __init__(self, solved: Solved) -> None:
        super().__init__(solved)
        own = solved.problem.directions
        self.symbols = list(own) if solved.problem.kind != "vjp" else []
        self.taken = {symbol.name for symbol in own}
        self.taken |= set(free_symbols(solved.problem.expression))

    def arranged(self, expr: Expr) -> Expr:
        """With the directions last in products that commute."""
        return directed(expr, self.symbols)

    def steps(self) -> Iterator[Step]:
        value, targets = self.solved.value, self.solved.targets
        problem = self.solved.problem
        match problem.kind:
            case "vjp":
                yield from self.adjoints(value, targets)
            case "hvp":
                yield from self.gradients(value, targets)
            case _:
                ways = entries(problem, self.solved.directions)
                yield from self.forward(value, problem.expression, ways)
        yield from self.answers()

    def adjoints(self, value: Tensor, targets: Sequence[Tensor]) -> Iterator[Step]:
        """The differential, and what it is multiplied by in the product with the cotangent."""
        expression = self.solved.problem.expression
        ways = [self.differential(name_of(self.write(t)), t.dims) for t in targets]
        yield from self.forward(value, expression, ways)
        (u,) = self.solved.problem.directions
        names = [str(name_of(self.write(way))) for way in ways]
        if self.solved.problem.stacked:
            names = [f"[{', '.join(names)}]"]
        for name, row in zip(names, leaves_of(self.solved.written), strict=True):
            title = f"collect what multiplies {name}"
            text = f"of {u.name} times the differential"
            yield Step("chain", title, text, TRANSPOSED, expression, row)

    def gradients(self, value: Tensor, targets: Sequence[Tensor]) -> Iterator[Step]:
        """The gradients, and their derivatives along the directions."""
        yield from self.first(value, targets, self.solved.problem.expression)
        found = derivative(value, targets, self.solved.book)
        for target, gradient in zip(targets, found, strict=True):
            simple = self.simplifier()(gradient)
            if not is_zero(simple):
                shown = self.write(simple)
                title = f"derive the gradient by {name_of(self.write(target))} along {self.along}"
                yield Step("intermediate", title, "", None, None, shown)
                ways = entries(self.solved.problem, self.solved.directions)
                yield from self.forward(simple, shown, ways)

    @property
    def along(self) -> str:
        """The names of the directions."""
        return ", ".join(symbol.name for symbol in self.solved.problem.directions)

    def differential(self, part: str, dims: tuple[Dim, ...]) -> Tensor:
        """A variable for the differential of a part: du, or where that is taken du_1 …"""
        names = chain([f"d{part}"], (f"d{part}_{k}" for k in count(1)))
        symbol = build.symbol(next(name for name in names if name not in self.taken), Shape(dims))
        self.taken.add(symbol.name)
        self.symbols.append(symbol)
        return self.solved.lowering(symbol)

    def symbol(self, direction: Tensor) -> Symbol | None:
        """The variable that a direction is; an entry of one is none."""
        written = self.write(direction)
        return written if isinstance(written, Symbol) else None

    def forward(self, value: Tensor, shown: Expr, directions: Sequence[Tensor]) -> Iterator[Step]:
        """The differential of each part in those of the parts before it, then all in one."""
        problem, book = self.solved.problem, self.solved.book
        ways = dict(zip(self.solved.targets, directions, strict=True))
        parts = self.parts(value, self.solved.targets)
        for part in parts:
            named = self.named[part.node]
            yield Step("intermediate", f"let {named.name}", "", NAMING, named, named.value)
        replaced: dict[Tensor, Bound] = {
            p.node.value: p.node for p in parts if p.node.value is not p.node
        }
        root = self.replaced(value, replaced, parts)
        tangents = dict(ways)
        along = problem.kind in ("jvp", "hvp")
        title = f"derivative along {self.along}" if along else "differential"
        for node, inner, before in [
            *((p.node, p.value, self.named[p.node].value) for p in parts),
            (None, root, shown if not parts else self.write(root)),
        ]:
            if inner in tangents:
                continue
            record = Record()
            near = {t: tangents[t] for t in reached(inner, list(tangents))}
            tangent = pushforward(inner, near, book, record)
            if near and not is_zero(tangent):
                after = self.write(self.simplifier()(tangent))
                (by, way), *others = near.items()
                yield Step(
                    "local", f"the {title}", "", rule_of(record, inner), before, after,
                    by=None if others else self.write(by),
                    along=None if others else self.symbol(way),
                    of=label(inner, parts),
                )  # fmt: skip
            if node is not None and near:
                tangents[node] = self.differential(node.name, node.dims)
        if parts:
            whole = self.simplifier()(pushforward(value, ways, book))
            text = "insert one into the other"
            yield Step("chain", text, "", INSERTING, shown, self.write(whole))
