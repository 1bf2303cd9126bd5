"""Tells a derivation in the order of Parr & Howard: what is given, the intermediate variables, the
local derivative of each, the chain rule that joins them, the way to the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matcalc.derivation import indices, kernel
from matcalc.derivation.answers import Answers
from matcalc.derivation.entries import entry_of, literal_entries
from matcalc.derivation.joining import Joining
from matcalc.derivation.parts import (
    Parts,
    depending,
    is_leaf,
    is_nonlinear,
    names_in,
    operations,
    parts,
    replaced,
    textbook,
)
from matcalc.derivation.slopes import Slope, Slopes, name_of
from matcalc.expr import build
from matcalc.expr.nodes import (
    SCALAR,
    Add,
    Call,
    Dot,
    Expr,
    Hadamard,
    Index,
    Named,
    Neg,
    Number,
    Product,
    Stack,
    Symbol,
    Transpose,
    children,
    postorder,
)
from matcalc.expr.writing import transposed
from matcalc.pipeline import Solved, worked_out
from matcalc.rules.book import Rule
from matcalc.show.equations import written
from matcalc.show.record import Level, Step
from matcalc.tensor.canonical import zeros

LETTERS = "uvsrq"
"""The letters of names: the first for the parts, the next for the operations in these, …"""


@dataclass(frozen=True)
class Told:
    """A derivative of the whole in the names of its parts, and which of these the user did not
    choose."""

    by: Expr
    slope: Slope
    own: tuple[Named, ...]


class Teller:
    """Tells one derivation."""

    def __init__(self, solved: Solved, level: Level) -> None:
        self.solved = solved
        self.level = level
        self.slopes = Slopes(solved.book, solved.lowering.differentiate)
        self.joining = Joining(self.slopes, level)
        problem = solved.problem
        self.taken = names_in(problem.expression, *problem.targets)

    def steps(self) -> Iterator[Step]:
        """All steps; for a Hessian those of the gradient first."""
        problem = self.solved.problem
        yield indices.shapes(problem.expression, problem.targets)
        answers = Answers(self)
        root = worked_out(problem.expression, self.solved.book)
        if root is not problem.expression:
            title, rule = "work out the derivatives that stand in it", kernel.INSIDE
            yield Step("rewrite", title, "", rule, problem.expression, root)
        if problem.kind != "hessian":
            told = yield from self.whole(root, problem.targets, self.free("f"))
            yield from answers.answers(told)
            return
        told = yield from self.whole(root, problem.targets, self.free("f"))
        second = []
        for one, target in zip(told, problem.targets, strict=True):
            gradient = answers.gradient(root, target)
            yield from answers.back(one, answers.as_told(one, gradient))
            letter = "g" if len(problem.targets) == 1 else f"g_{name_of(target)}"
            second += yield from self.whole(gradient, problem.targets, self.free(letter))
        yield from answers.answers(second)

    def free(self, wanted: str) -> str:
        """A name that nothing has."""
        name = wanted
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def whole(self, root: Expr, targets: Sequence[Expr], label: str) -> Any:
        """The steps of one derivative by each target; returns the derivatives.

        A bound name is held constant only in the derivative by itself: each has a telling of its
        own.
        """
        if len(targets) > 1 and any(isinstance(t, Named) for t in targets):
            told = []
            for target in targets:
                told += yield from self.one(root, [target], label)
            return told
        return (yield from self.one(root, targets, label))

    def one(self, root: Expr, targets: Sequence[Expr], label: str) -> Any:
        """The steps of one derivative, in which no bound name but the target is held constant."""
        chosen, made, label = self.parts(root, targets, label)
        own = tuple(n for n, c in zip(made.named, chosen, strict=True) if not isinstance(c, Named))
        for target in targets:
            if isinstance(target, Named):
                yield self.let(target)
        yield from self.named(made, label)
        nodes = [*targets, *made.named]
        locals_ = yield from self.locals(made, label, nodes, (), 0)
        told = []
        for target in targets:
            yield from self.joining.chain(made, label, target, locals_, ())
            told.append(Told(target, self.slopes.total(made.whole, target, ()), own))
        return told

    # --- intermediate variables

    def parts(
        self, root: Expr, targets: Sequence[Expr], label: str
    ) -> tuple[Sequence[Expr], Parts, str]:
        """What gets a name, the parts with their names, and the name of the whole."""
        self.slopes.recognised = {}
        chosen, whole = textbook(root, targets), root
        if isinstance(root, Named) and root not in targets:
            chosen = [c for c in chosen if c is not root]
            whole, label = root.value, root.name
        made = parts(whole, chosen, self.taken, LETTERS[0])
        self.taken |= {n.name for n in made.named}
        return chosen, made, label

    def named(self, made: Parts, label: str) -> Iterator[Step]:
        """What each name stands for, and the whole."""
        for part in made.named:
            if is_nonlinear(part.value):
                self.slopes.recognise(part)
            yield self.let(part)
        yield self.let(build.named(label, made.whole))

    @staticmethod
    def let(part: Named) -> Step:
        rule = kernel.NAMING
        return Step("intermediate", f"let {part.name}", "", rule, part, part.value, of=part.name)

    # --- local derivatives

    def locals(
        self, made: Parts, label: str, nodes: Sequence[Expr], held: Sequence[Expr], depth: int
    ) -> Any:
        """The derivative of each part by what it directly depends on; returns them by their two
        names."""
        found: dict[tuple[str, Expr], Slope] = {}
        for name, value in [*((p.name, p.value) for p in made.named), (label, made.whole)]:
            reached = self.slopes.reached(value, [*nodes, *held])
            by = [node for node in reached if node in nodes and node is not value]
            slopes, used = self.slopes.local(value, reached)
            for node, slope in zip(reached, slopes, strict=True):
                if node in by and not (slope.zero and len(by) > 1):
                    found[name, node] = slope
                    active = depending(value, [node], [n for n in reached if n is not node])
                    rule = kernel.rule_of(value, active, used)
                    yield self.local(name, value, node, slope, rule, reached, depth)
            if name == label and not by:
                yield from self.constant(label, value, nodes)
        return found

    def constant(self, label: str, value: Expr, nodes: Sequence[Expr]) -> Iterator[Step]:
        """The derivative of what does not depend on a variable, or is the variable itself."""
        for node in nodes:
            slope = self.slopes.total(value, node, ())
            rule = kernel.ITSELF if node is value else kernel.CONSTANT
            if isinstance(node, Symbol) or node is value:
                yield self.local(label, value, node, slope, rule, [node], len(LETTERS))

    def local(
        self,
        name: str,
        value: Expr,
        by: Expr,
        slope: Slope,
        rule: Rule,
        reached: Sequence[Expr],
        depth: int,
    ) -> Step:
        """One local derivative, with its details if they are asked for."""
        held = [node for node in reached if node is not by]
        details: list[Step] = []
        if self.level != "textbook" and depth < len(LETTERS) - 1:
            spoken = dict(self.slopes.recognised)
            details += self.details(name, value, by, held, depth + 1)
            self.slopes.recognised = spoken
        if self.level == "index":
            details += indices.of_local(self.slopes, name, value, by, slope)
        return Step(
            "local", f"differentiate {name} by {name_of(by)}", "", rule, value, slope.written,
            by=by, of=name, along=slope.along, details=tuple(details),
            held=tuple(name_of(h) for h in held),
        )  # fmt: skip

    # --- details

    def details(
        self, name: str, value: Expr, by: Expr, held: Sequence[Expr], depth: int
    ) -> Iterator[Step]:
        """A local derivative operation by operation."""
        if value is by:
            return
        as_sum = entries_summed(value)
        if as_sum is not None:
            yield Step(
                "rewrite", "write it as a sum of entries", "", kernel.DOT, value, as_sum, of=name
            )
            value = as_sum
        if isinstance(value, Stack):
            yield from self.components(name, value, by, held, depth)
            return
        entries = self.entries(name, value, by, held, depth)
        if entries:
            yield from entries
            return
        chosen = operations(value, [by], held)
        yield from self.leaves(value, by, held, depth == 1 or bool(chosen))
        if not chosen and as_sum is None:
            return
        made = parts(value, chosen, self.taken, LETTERS[depth])
        self.taken |= {n.name for n in made.named}
        yield from self.named(made, name)
        locals_ = yield from self.locals(made, name, [by, *made.named], held, depth)
        yield from self.joining.chain(made, name, by, locals_, held)

    def leaves(self, value: Expr, by: Expr, held: Sequence[Expr], told: bool) -> Iterator[Step]:
        """The variable by itself, and the terms that do not depend on it.

        Of an operation between names only the first is told, and only where entries are added up.
        """
        inside = value.arg if isinstance(value, Neg | Transpose) else value
        reduces = isinstance(inside, Call) and inside.name in ("sum", "mean")
        whole = by in self.solved.problem.targets and told
        if not (reduces or (whole and isinstance(inside, Add | Product | Dot | Hadamard))):
            return
        active = depending(value, [by], held)
        for child in dict.fromkeys(children(inside)):
            if child is by:
                yield self.leaf(child, by, kernel.ITSELF)
            elif isinstance(inside, Add) and self.is_constant(child, active, held):
                yield self.leaf(child, by, kernel.CONSTANT)

    @staticmethod
    def is_constant(term: Expr, active: Collection[Expr], held: Collection[Expr]) -> bool:
        """Whether a term is a constant worth a word: no number, and with nothing that is held."""
        held_inside = any(node in held for node in postorder((term,)))
        return not (isinstance(term, Number) or term in active or held_inside)

    def leaf(self, child: Expr, by: Expr, rule: Rule) -> Step:
        """∂x/∂x = I, or ∂c/∂x = 0."""
        slope = self.slopes.local(child, [by])[0][0] if child is by else self.zero(child, by)
        label = name_of(child) or written(child).text
        step = Step(
            "local", f"differentiate {label} by {name_of(by)}", "", rule, child, slope.written,
            by=by, of=label, along=slope.along, held=(),
        )  # fmt: skip
        if self.level == "index" and child is by:
            inner = tuple(indices.of_local(self.slopes, label, child, by, slope))
            return replace(step, details=inner)
        return step

    def zero(self, child: Expr, by: Expr) -> Slope:
        """The derivative of what is constant here."""
        return self.slopes.slope(child, by, zeros(child.shape.dims + by.shape.dims))

    def entries(
        self, name: str, value: Expr, by: Expr, held: Sequence[Expr], depth: int
    ) -> list[Step]:
        """The derivative by each entry that is used, of a scalar that uses a vector entry by
        entry."""
        if value.shape.dims or not isinstance(by, Symbol | Named) or is_leaf(value):
            return []
        if any(by in postorder((node,)) for node in held):
            return []
        places = {
            e: entry_of(by, numbers(e), "_".join(map(str, numbers(e))))
            for e in literal_entries(value, by)
        }
        here = replaced(value, places)
        steps = []
        for place in places.values():
            reached = [place, *(p for p in places.values() if p is not place), *held]
            slopes, used = self.slopes.local(here, reached)
            rule = kernel.rule_of(here, depending(here, [place], held), used)
            steps.append(self.local(name, here, place, slopes[0], rule, reached, depth))
        return steps

    def components(
        self, name: str, value: Stack, by: Expr, held: Sequence[Expr], depth: int
    ) -> Iterator[Step]:
        """The rows of a Jacobian: each component of a vector of functions."""
        if any(item.shape.dims for item in value.items):
            return
        for k, item in enumerate(value.items):
            part = build.named(self.free(f"{name}_{k + 1}"), item)
            yield self.let(part)
            slopes, used = self.slopes.local(item, [by, *held])
            rule = kernel.rule_of(item, depending(item, [by], held), used)
            yield self.local(part.name, item, by, slopes[0], rule, [by, *held], depth)


def entries_summed(value: Expr) -> Expr | None:
    """x · y and x' y as sum(x ⊙ y)."""
    match value:
        case Dot(left=a, right=b):
            pass
        case Product(factors=(a, b)) if not value.shape.dims and a.shape.dims and b.shape.dims:
            pass
        case _:
            return None
    sides = [transposed(side) if side.shape.row else side for side in (a, b)]
    if any(side.shape.row for side in sides) or sides[0].shape != sides[1].shape:
        return None
    return build.call(SCALAR, "sum", [build.hadamard(sides)])


def numbers(entry: Index) -> list[Number]:
    """The literal indices of an entry."""
    return [i for i in entry.indices if isinstance(i, Number)]
