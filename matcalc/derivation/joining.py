"""The chain rule: products of the local derivatives along the ways from the whole to a variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from matcalc.derivation import indices, kernel
from matcalc.derivation.parts import Parts, without
from matcalc.derivation.slopes import Slope, Slopes, name_of
from matcalc.emit.names import latex_name
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Named, Number, postorder
from matcalc.show.record import Formula, Level, Step

MANY = 8
"""More ways than this from a variable to the result are not written out."""

Locals: TypeAlias = Mapping[tuple[str, Expr], Slope]


class Joining:
    """Tells how local derivatives are joined."""

    def __init__(self, slopes: Slopes, level: Level) -> None:
        self.slopes = slopes
        self.level = level

    def chain(
        self,
        made: Parts,
        label: str,
        target: Expr,
        locals_: Locals,
        held: Sequence[Expr],
    ) -> Iterator[Step]:
        """The product of the local derivatives along each way, in the names of the parts."""
        if not made.named:
            return
        values = {p: p.value for p in made.named}
        ways = self.ways(made.whole, target, values)
        if not ways:
            return
        if self.level != "textbook":
            for part in made.named:
                inner = self.ways(part.value, target, values)
                if any(len(way) > 1 for way in inner):
                    yield self.joined(part.name, part.value, target, inner, locals_, held)
        if not self.composable(ways, label, locals_) and not made.whole.shape.dims:
            yield from self.adjoints(made, label, ways, locals_, held)
        yield self.joined(label, made.whole, target, ways, locals_, held)

    def adjoints(
        self,
        made: Parts,
        label: str,
        ways: Sequence[Sequence[Expr]],
        locals_: Locals,
        held: Sequence[Expr],
    ) -> Iterator[Step]:
        """The derivative of the whole by each part on the way, from the last to the first."""
        values = {p: p.value for p in made.named}
        for part in reversed(made.named):
            inner = self.ways(made.whole, part, values)
            if any(part in way for way in ways) and any(len(way) > 1 for way in inner):
                yield self.joined(label, made.whole, part, inner, locals_, held)

    def joined(
        self,
        label: str,
        value: Expr,
        target: Expr,
        ways: Sequence[Sequence[Expr]],
        locals_: Locals,
        held: Sequence[Expr],
    ) -> Step:
        """One derivative by the chain rule."""
        slope = self.slopes.total(value, target, held)
        product = None
        if self.composable(ways, label, locals_):
            product = build.add([self.product(way, label, locals_) for way in ways])
        details: tuple[Step, ...] = ()
        if self.level == "index":
            names = {n for n in postorder((value,)) if isinstance(n, Named)} - {target, *held}
            bare = without(value, names, (target, *held))
            details = tuple(indices.of_local(self.slopes, label, bare, target, slope))
        return Step(
            "chain", f"join ∂{label}/∂{name_of(target)}", "",
            kernel.CHAIN if len(ways) == 1 else kernel.TOTAL, value, slope.written,
            by=target, of=label, along=slope.along, joined=product,
            partials=partials(ways, label), held=tuple(map(name_of, held)),
            details=details,
        )  # fmt: skip

    @staticmethod
    def composable(ways: Sequence[Sequence[Expr]], label: str, locals_: Locals) -> bool:
        """Whether the local derivatives are rows, matrices and columns that multiply."""
        for way in ways:
            names = [label, *(name_of(node) for node in way)]
            for name, node in zip(names, way, strict=False):
                slope = locals_.get((name, node))
                if slope is None or slope.written is None or slope.along is not None:
                    return False
                if node.shape.rank > 1 or node.shape.row or slope.tensor.rank - node.shape.rank > 1:
                    return False
        return True

    @staticmethod
    def product(way: Sequence[Expr], label: str, locals_: Locals) -> Expr:
        names = [label, *(name_of(node) for node in way)]
        factors = [locals_[name, node].written for name, node in zip(names, way, strict=False)]
        written = [factor for factor in factors if factor is not None]
        return build.product([f for f in written if not _is_one(f)] or written[:1])

    def ways(self, root: Expr, target: Expr, values: dict[Named, Expr]) -> list[list[Expr]]:
        """The ways from a value to the target through the parts; none if they are too many."""
        nodes: list[Expr] = [target, *(p for p in values if p is not target)]
        found: list[list[Expr]] = []
        pending: list[tuple[Expr, list[Expr]]] = [(root, [])]
        while pending:
            value, way = pending.pop()
            for node in self.slopes.reached(value, nodes):
                if node is target:
                    found.append([*way, node])
                elif isinstance(node, Named):
                    pending.append((values[node], [*way, node]))
            if len(found) + len(pending) > MANY:
                return []
        return found


def _is_one(expr: Expr) -> bool:
    return isinstance(expr, Number) and expr.value == 1


def partials(ways: Sequence[Sequence[Expr]], label: str) -> Formula:
    """∂f/∂u2 ∂u2/∂u1 ∂u1/∂x + …"""
    texts, scripts = [], []
    for way in ways:
        pairs = list(pairwise([label, *(name_of(node) for node in way)]))
        texts.append(" ".join(f"∂{a}/∂{b}" for a, b in pairs))
        scripts.append(
            " ".join(
                rf"\frac{{\partial {latex_name(a)}}}{{\partial {latex_name(b)}}}" for a, b in pairs
            )
        )
    return Formula(" + ".join(texts), " + ".join(scripts))
