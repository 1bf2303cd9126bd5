"""From the derivative in the names of the parts to the answer: values put back, rewrites one by
one, symmetry, a short name for what is long, and what the answer means in shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from matcalc.calculus.layouts import symmetrised
from matcalc.calculus.reverse import derivative
from matcalc.derivation import kernel, meaning
from matcalc.derivation.parts import replaced, without
from matcalc.derivation.slopes import name_of
from matcalc.expr import build
from matcalc.expr.nodes import SCALAR, Add, Dot, Expr, Hadamard, Named, Symbol, postorder
from matcalc.expr.writing import cost, transposed
from matcalc.pipeline import leaves_of
from matcalc.rules.book import Rule
from matcalc.show.record import Step

if TYPE_CHECKING:
    from matcalc.derivation.telling import Teller, Told

LONG = 12
"""An answer of more operators and leaves than this is read with a name for its longest part."""

SIMPLER = Rule("simplification", "equal forms; the shorter is kept", "")


class Answers:
    """The last steps of a derivation."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.solved = teller.solved

    def gradient(self, root: Expr, target: Symbol | Named) -> Expr:
        """The gradient by a variable, which a Hessian derives again."""
        slopes = self.teller.slopes
        value = slopes.tensor(root)
        (found,) = derivative(value, [slopes.tensor(target)], self.solved.book)
        return slopes.write(symmetrised(found, (0, 1)) if is_symmetric(target) else found)

    @staticmethod
    def as_told(one: Told, array: Expr) -> Expr:
        """An array in the layout in which derivatives are told: rows for scalars by vectors."""
        told = one.slope.written
        row = array.shape.rank == 1 and told is not None and told.shape.row
        return transposed(array) if row else array

    def answers(self, told: Sequence[Told]) -> Iterator[Step]:
        """What each derivative becomes, and what it means; of a Hessian block by block."""
        arrays, texts = leaves_of(self.solved.arrays), leaves_of(self.solved.written)
        structures = leaves_of(self.solved.structure)
        if len(arrays) != len(told):  # scalars stacked into one vector
            for one in told:
                yield from self.back(one, None)
            yield self.answer(None, texts[0], structures[0])
            return
        for one, array, text, found in zip(told, arrays, texts, structures, strict=True):
            final = self.as_told(one, array)
            yield from self.back(one, final)
            yield from self.plainly(one, final)
            yield from self.reading(final)
            yield self.answer(one, text, found)

    def back(self, one: Told, final: Expr | None) -> Iterator[Step]:
        """Names replaced by their values, then the rewrites to the final form, if that is known."""
        before = one.slope.written
        if before is None:
            return
        after = without(before, one.own)
        every = [n for n in postorder((before,)) if isinstance(n, Named)]
        if final is not None and after is not final and without(before, every) is final:
            after = final
        if after is not before:
            yield self.step("put back what the names stand for", kernel.BACK, before, after)
        if final is None or one.slope.along is not None or after is final:
            return
        if is_symmetric(one.by):
            yield Step(
                "symmetric", f"{name_of(one.by)} is symmetric", "", kernel.SYMMETRIC, after, final
            )
            return
        if after.shape.dims == final.shape.dims:
            details, rules = self.rewrites(after)
            rule = rules[0] if len(rules) == 1 else SIMPLER
            yield self.step("simplify", rule, after, final, details)

    def plainly(self, one: Told, final: Expr) -> Iterator[Step]:
        """What the answer is without the user's names, in finer derivations."""
        names = [n for n in postorder((final,)) if isinstance(n, Named) and n is not one.by]
        if self.teller.level == "textbook" or not names or isinstance(one.by, Named):
            return
        bare = self.teller.slopes.write(self.teller.slopes.tensor(without(final, names)))
        shown = transposed(bare) if final.shape.row else bare
        if shown.shape == final.shape:
            yield self.step("without names", kernel.BACK, final, shown)
            yield from self.reading(shown)

    def rewrites(self, expr: Expr) -> tuple[tuple[Step, ...], list[Rule]]:
        """What the simplifier does with an expression, rewrite by rewrite."""
        slopes = self.teller.slopes
        steps, rules = slopes.traced(slopes.tensor(expr))
        return (steps if self.teller.level != "textbook" else ()), rules

    @staticmethod
    def step(
        title: str, rule: Rule, before: Expr, after: Expr, details: tuple[Step, ...] = ()
    ) -> Step:
        return Step("rewrite", title, "", rule, before, after, details=details)

    def reading(self, final: Expr) -> Iterator[Step]:
        """A name for the longest part of a long answer, such as the error in a loss's gradient."""
        if cost(final) <= LONG:
            return
        named = {
            node: part
            for node in postorder((final,))
            if node is not final and (part := worth_a_name(node)) is not None
        }
        if not named:
            return
        place = max(named, key=lambda node: cost(named[node]))
        longest = named[place]
        if cost(longest) < LONG // 2:
            return
        name = build.named(self.teller.free("ε"), longest)
        shown = name if place is longest else build.call(SCALAR, "sum", [name])
        yield self.teller.let(name)
        yield Step(
            "reading", f"read it with {name.name}", "", None, final,
            replaced(final, {place: shown}),
        )  # fmt: skip

    def answer(self, one: Told | None, text: Expr, structure: str) -> Step:
        """The answer, and what it means in shapes."""
        words = meaning.of(self.solved, one.by if one is not None else None, text, structure)
        return Step(
            "answer", "the answer", words, None, None, text, by=one.by if one is not None else None
        )


def worth_a_name(node: Expr) -> Expr | None:
    """A sum or an element-wise product of columns or matrices; of an inner product a · b, a ⊙ b."""
    match node:
        case Add() | Hadamard() if 0 < node.shape.rank <= 2:
            return node
        case Dot(left=a, right=b) if a.shape == b.shape and not a.shape.row:
            return build.hadamard([a, b])
        case _:
            return None


def is_symmetric(by: Expr) -> bool:
    """Whether a derivative is by a symmetric matrix, in the space of such."""
    return (
        isinstance(by, Symbol) and by.shape.rank == 2 and bool(by.properties & {"symmetric", "spd"})
    )
