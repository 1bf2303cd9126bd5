"""Derivatives along directions, as Magnus & Neudecker tell one: the differential of each
intermediate variable, inserted into the next.

A vjp is told by the differential, of which it collects what multiplies dx; an hvp by the gradient,
and then the derivative of that along the direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, count

from matcalc.calculus.forward import pushforward
from matcalc.derivation import indices, kernel
from matcalc.derivation.answers import Answers
from matcalc.derivation.parts import depending
from matcalc.derivation.slopes import name_of
from matcalc.derivation.telling import Teller
from matcalc.expr import build
from matcalc.expr.along import directed
from matcalc.expr.nodes import Expr, Shape, Symbol
from matcalc.kinds import entries
from matcalc.pipeline import Solved, leaves_of, worked_out
from matcalc.rules.book import Rule
from matcalc.show.record import Level, Step
from matcalc.tensor.canonical import is_zero

INSERTING = Rule(
    "Cauchy's rule of invariance", "d f(g(x)) = J_f(g(x)) dg(x)", "Magnus & Neudecker, ch. 5"
)
IDENTIFIED = Rule(
    "identification", "d f = J dx, so that u' d f = (u' J) dx", "Magnus & Neudecker, ch. 5"
)

Ways = Mapping[Expr, Expr]
"""Of each variable or part the direction in which it goes."""


class Along(Teller):
    """Tells one derivation along directions."""

    def __init__(self, solved: Solved, level: Level) -> None:
        super().__init__(solved, level)
        own = solved.problem.directions
        self.symbols: list[Symbol] = list(own) if solved.problem.kind != "vjp" else []
        self.taken |= {symbol.name for symbol in own}

    def steps(self) -> Iterator[Step]:
        problem = self.solved.problem
        yield indices.shapes(problem.expression, [*problem.targets, *problem.directions])
        root = worked_out(problem.expression, self.solved.book)
        match problem.kind:
            case "vjp":
                ways: Ways = {t: self.differential(t) for t in problem.targets}
                yield from self.forward(root, ways, self.free("f"))
            case "hvp":
                yield from self.gradients(root)
            case _:
                yield from self.forward(root, self.given(), self.free("f"))
        rule = IDENTIFIED if problem.kind == "vjp" else None
        for text, name in zip(leaves_of(self.solved.written), self.results(), strict=False):
            yield Step("answer", "the answer", name, rule, None, text)

    def results(self) -> list[str]:
        """What each answer is, in words."""
        problem = self.solved.problem
        names = [t.name for t in problem.targets]
        if problem.kind == "vjp":
            (u,) = problem.directions
            whole = [f"[{', '.join(names)}]"] if problem.stacked else names
            return [f"what multiplies d{n} in {u.name} times the differential" for n in whole]
        if problem.kind == "hvp":
            return ["" for _ in names]
        return ["linear in " + ", ".join(s.name for s in problem.directions)]

    def given(self) -> dict[Expr, Expr]:
        """The direction of each target."""
        problem, slopes = self.solved.problem, self.slopes
        tensors = entries(problem, [slopes.tensor(s) for s in problem.directions])
        return {t: slopes.write(d) for t, d in zip(problem.targets, tensors, strict=True)}

    def gradients(self, root: Expr) -> Iterator[Step]:
        """The gradients, and their derivatives along the directions."""
        problem, answers = self.solved.problem, Answers(self)
        told = yield from self.whole(root, problem.targets, self.free("f"))
        for one, target in zip(told, problem.targets, strict=True):
            gradient = answers.gradient(root, target)
            yield from answers.back(one, answers.as_told(one, gradient))
            letter = "g" if len(problem.targets) == 1 else f"g_{target.name}"
            yield from self.forward(gradient, self.given(), self.free(letter))

    def differential(self, part: Expr) -> Symbol:
        """A variable for the differential of a part: du, or where that is taken du_1 …"""
        stem = f"d{name_of(part)}"
        names = chain([stem], (f"{stem}_{k}" for k in count(1)))
        symbol = build.symbol(
            next(name for name in names if name not in self.taken), Shape(part.shape.dims)
        )
        self.taken.add(symbol.name)
        self.symbols.append(symbol)
        return symbol

    def forward(self, root: Expr, ways: Ways, label: str) -> Iterator[Step]:
        """The differential of each part in those of the parts before it, then all in one."""
        _, made, label = self.parts(root, list(ways), label)
        yield from self.named(made, label)
        known = dict(ways)
        for name, value in [*((p.name, p.value) for p in made.named), (label, made.whole)]:
            near = {n: known[n] for n in self.slopes.reached(value, list(known))}
            step = self.tangent(name, value, near)
            if step is not None:
                yield step
            if name != label and near:
                part = next(p for p in made.named if p.name == name)
                known[part] = self.differential(part)
        if made.named:
            after = self.along(made.whole, ways)
            by, direction = next(iter(ways.items()))
            yield Step(
                "chain", "insert one into the other", "", INSERTING, made.whole, after,
                by=by, of=label, along=direction if isinstance(direction, Symbol) else None,
                ways=tuple(ways.items()),
            )  # fmt: skip

    def tangent(self, name: str, value: Expr, near: Ways) -> Step | None:
        """The differential of one part."""
        if not near or value in near:
            return None
        used: list[object] = []
        after = self.along(value, near, used)
        by, direction = next(iter(near.items()))
        rule = kernel.rule_of(value, depending(value, list(near)), used)
        kind = self.solved.problem.kind
        along = ", ".join(s.name for s in self.solved.problem.directions)
        words = f"differentiate {name} along {along}" if kind in ("jvp", "hvp") else f"find d{name}"
        return Step(
            "local", words, "", rule, value, after,
            by=by, of=name, along=direction if isinstance(direction, Symbol) else None,
            ways=tuple(near.items()),
        )  # fmt: skip

    def along(self, value: Expr, ways: Ways, used: list[object] | None = None) -> Expr:
        """The derivative of a value along directions, with these last in products."""
        slopes = self.slopes
        tensors = {slopes.tensor(node): slopes.tensor(way) for node, way in ways.items()}
        found = pushforward(slopes.tensor(value), tensors, self.solved.book, used)
        written = slopes.write(slopes.spoken(found))
        return written if is_zero(found) else directed(written, self.symbols)
