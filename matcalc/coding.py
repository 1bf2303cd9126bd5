"""What code is written for: arrays or structured matrices, and the values beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from matcalc.computation import Computation
from matcalc.emit.text import text
from matcalc.errors import InputError
from matcalc.expr.along import unfolded
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Expr, Symbol
from matcalc.expr.writing import cost
from matcalc.handed_in import preparing
from matcalc.kinds import WORDS
from matcalc.language import Program
from matcalc.pipeline import Solved, leaves_of, mapped, worked_out

FORMULA: Final = 40
"""Operators and leaves up to which a formula is put into the description of code."""


@dataclass(frozen=True, eq=False)
class Coding:
    """A derivation as code needs it; `again` derives anew with other options."""

    program: Program
    solved: Solved
    wrt: tuple[str, ...]
    variables: tuple[Symbol, ...]
    again: Callable[..., Any]

    def computation(
        self,
        value: bool,
        structured: bool = False,
        given: Collection[str] = (),
        gradient: bool = False,
    ) -> Computation:
        """What code is written for; `given` are functions whose code the caller has."""
        outputs = self._computed(self.solved.arrays, given)
        if structured and self.kind in {"gradient", "jacobian", "hessian"}:
            outputs = mapped(partial(self._matrix, given=given), self.solved.matrices)
        single = not (value or gradient) and not isinstance(outputs, tuple)
        before = []
        if value:
            before.append(worked_out(self.program.expression, self.solved.book))
        if gradient:
            before.append(self._first())
        if before:
            outputs = (*(self._computed(each, given) for each in before), outputs)
        outputs = [outputs] if single else list(outputs)
        return Computation(self.kind, outputs, self.variables, self._doc, single)

    @property
    def kind(self) -> str:
        """gradient, jacobian, hessian, differential, jvp, vjp or hvp."""
        return self.solved.problem.kind

    @property
    def _doc(self) -> str:
        """What is computed: the derivative of which source line, and its formula if it is short."""
        kind = WORDS.get(self.kind, self.kind)
        said = f"The {kind} of {' '.join(self.program.text.split())} by {', '.join(self.wrt)}"
        parts = leaves_of(self.solved.written)
        if len(parts) > 1 or cost(parts[0]) > FORMULA:
            return said + "."
        return said + ":\n\n" + "\n".join("    " + line for line in text(parts[0]).splitlines())

    def _first(self) -> Any:
        """The gradient of which this is the derivative, or the derivative along a direction."""
        if self.kind not in {"hessian", "hvp"}:
            raise InputError(
                f"a {self.kind} has no gradient beside it",
                suggestion="kind='hessian' or kind='hvp', or value=True for the value",
            )
        return self.again(kind="gradient", direction=None).solved.arrays

    def _matrix(self, leaf: AsMatrix, given: Collection[str]) -> Expr | AsMatrix:
        """A derivative that keeps its structure; one that is no matrix is an array."""
        made = leaf.mapped(partial(self._computed, given=given))
        return made if made.rows else made.array

    def _computed(self, tree: Any, given: Collection[str] = ()) -> Any:
        """What code is written for; `given` are functions whose code the caller has."""
        directions = self.solved.problem.directions
        if directions:
            tree = mapped(partial(unfolded, directions=directions), tree)
        prepare = preparing(self.program)
        return tree if prepare is None else mapped(partial(prepare, given=given), tree)
