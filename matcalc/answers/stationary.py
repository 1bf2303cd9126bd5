"""Where a gradient is zero, in closed form.

Several unknowns are eliminated one after the other: each gradient is solved for its own unknown,
the closed form put into the other gradients, and so on; the first to be solved for is the one with
the shortest closed form.  What is said is verified at random inputs before it is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from matcalc.answers.affine import Algebra, depends, obstacle
from matcalc.answers.conditions import Condition, condition_of, open_scalars, positive_of
from matcalc.answers.operators import kronecker_sum
from matcalc.answers.roots import Root, definiteness, root
from matcalc.answers.signs import oriented
from matcalc.answers.solution import Stationary, with_bound
from matcalc.emit.text import text
from matcalc.errors import DerivationError, InputError
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape, Symbol
from matcalc.expr.writing import cost
from matcalc.expression import Expression
from matcalc.kinds import Piece
from matcalc.language import Program
from matcalc.pipeline import Solved, Writer, leaves_of
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import is_zero
from matcalc.tensor.nodes import Atom, Tensor
from matcalc.tensor.substitute import Substitution, without_names
from matcalc.user_rules import computable, evaluators

CONSTRAINED: Final = ("orthogonal", "diagonal", "lower", "upper", "integer", "constant")
"""Properties that the points near a stationary point would have to keep."""


@dataclass(frozen=True)
class Eliminated:
    """An unknown solved for: its closed form in what is known and the unknowns solved for later."""

    unknown: Atom
    found: Root


def stationary(program: Program, solved: Solved) -> Stationary:
    """The point, or the points of several unknowns, at which the gradient is zero.

    Raises  DerivationError, which says why, where there is no closed form; InputError where there
            is no gradient to set to zero.
    """
    problem = solved.problem
    if problem.kind != "gradient" or problem.stacked:
        raise InputError(
            "a stationary point is where the gradient of a scalar is zero",
            found="variables stacked into one"
            if problem.stacked
            else (f"a {problem.kind} of an expression of the shape {problem.expression.shape}"),
            suggestion="the variables one by one" if problem.stacked else "",
        )
    unknowns: list[Symbol] = []
    for target in problem.targets:
        if not isinstance(target, Symbol):
            raise InputError(
                f"`{target.name}` is bound: it has one value, and is no unknown",
                suggestion="a variable that is not bound",
            )
        unknowns.append(target)
    return _Solver(program, solved, unknowns).answer()


class _Solver:
    def __init__(self, program: Program, solved: Solved, unknowns: Sequence[Symbol]) -> None:
        self.program, self.solved, self.unknowns = program, solved, unknowns
        known = solved.lowering.known
        self.algebra = Algebra(solved.book, Simplifier(known, solved.book))
        self.writer = Writer(solved.problem, solved.lowering, solved.book)
        self.atoms: dict[Atom, Symbol] = {}
        self.gradients: dict[Atom, Tensor] = {}
        for symbol, piece in zip(unknowns, leaves_of(solved.raw), strict=True):
            atom = solved.lowering(symbol)
            assert isinstance(atom, Atom)
            self.atoms[atom] = symbol
            self.gradients[atom] = self.algebra.shortest(without_names(piece))

    def answer(self) -> Stationary:
        for symbol in self.unknowns:
            self.refuse_constrained(symbol)
        order = self.eliminated()
        values = {e.unknown: self.closed_form(e) for e in order}
        conditions: list[Condition] = []
        for e in reversed(order):
            symbol = self.atoms[e.unknown]
            conditions.append(condition_of(e.found, symbol, values[e.unknown], self.algebra))
        names = {symbol.name for symbol in self.unknowns}
        variables = tuple(s for s in self.program.variables.values() if s.name not in names)
        functions = tuple(self.program.functions.values())
        own = self.program.own

        def expression(expr: Expr) -> Expression:
            prepare = partial(computable, own=own) if own else None
            return Expression(expr, variables, functions, own=own, prepare=prepare)

        closed: dict[str, Expr] = {}
        for e in reversed(order):  # later ones are known by then, and bound to their names
            symbol = self.atoms[e.unknown]
            closed[symbol.name] = with_bound(values[e.unknown], closed)
        made = Stationary(
            tuple(symbol.name for symbol in self.unknowns),
            {name: expression(expr) for name, expr in closed.items()},
            tuple(c for c in conditions if c),
            self.nature(order),
            self.solved.problem.expression,
            tuple(self.unknowns),
            tuple(self.program.variables.values()),
            evaluators(own),
        )
        made.verified()
        return made

    def refuse_constrained(self, symbol: Symbol) -> None:
        kept = [name for name in CONSTRAINED if name in symbol.properties]
        if kept:
            raise DerivationError(
                f"{symbol.name} is declared {kept[0]}: the gradient need not be zero at the best "
                f"such {symbol.name}",
                suggestion="Lagrange multipliers, or no such declaration",
            )

    def written(self, t: Tensor) -> Expr:
        """A tensor in matrix notation, in the program's own words."""
        array: Expr = self.writer(Piece(t, (t.rank,))).array
        return array

    def closed_form(self, e: Eliminated) -> Expr:
        """The closed form of an unknown in matrix notation."""
        solver = e.found.solver
        if solver.form != "vec" or e.found.inverted:
            return oriented(self.written(e.found.value), self.written(solver.first))
        matrix = kronecker_sum(solver.pieces, self.written)
        value = self.written(e.found.right)
        m, n = value.shape.dims
        column = build.call(Shape((m * n,)), "vec", [value])
        entries = build.product([build.inverse(matrix), column])
        return build.call(value.shape, "unvec", [entries, build.size(m), build.size(n)])

    # --- elimination

    def eliminated(self) -> list[Eliminated]:
        """The unknowns in the order in which they were solved for."""
        left = dict(self.gradients)
        order: list[Eliminated] = []
        while left:
            found = {u: root(g, u, self.algebra) for u, g in left.items()}
            options = [(u, r) for u, r in found.items() if r is not None]
            if not options:
                raise self.refusal(left)
            unknown, best = min(
                options, key=lambda o: cost(self.algebra.simplifier.lift(o[1].value))
            )
            order.append(Eliminated(unknown, best))
            put_in = Substitution({unknown: best.value})
            left = {
                u: self.algebra.shortest(put_in(g)) for u, g in left.items() if u is not unknown
            }
        return order

    def refusal(self, left: Mapping[Atom, Tensor]) -> DerivationError:
        """Why the first of the gradients that are left cannot be solved."""
        unknown, gradient = next(iter(left.items()))
        name, others = unknown.name, [u for u in self.gradients if u is not unknown]
        if is_zero(gradient):
            when = " where the other gradients are" if others else ""
            return DerivationError(f"the gradient by {name} is zero for every {name}{when}")
        for u in self.gradients:
            term = obstacle(self.gradients[u], list(self.gradients), self.algebra)
            if term is not None:
                shown = text(self.written(term), bindings=False)
                names = " and ".join(u.name for u in self.gradients)
                together = " together" if others else ""
                return DerivationError(
                    f"the gradient is not linear in {names}{together}: it has the term {shown}"
                )
        shown = text(self.written(gradient), bindings=False)
        reason = (
            "is no sum of products A X B" if depends(gradient, unknown) else "does not depend on it"
        )
        return DerivationError(
            f"there is no closed form: the gradient by {name} {reason}"
            + (" when the other gradients are zero" if others else ""),
            found=f"{shown} = 0",
        )

    # --- minimum, maximum or saddle

    def nature(self, order: Sequence[Eliminated]) -> str:
        """What is known of the stationary point.

        Where every gradient is affine, the inertia of the whole Hessian is that of the pivots of
        the elimination together (Haynsworth 1968).
        """
        if any(e.found.hessian is None for e in order):
            return ""
        plain = self.inertia(order, {})
        if plain:
            return plain
        scalars = open_scalars([e.found.hessian for e in order if e.found.hessian is not None])
        if not scalars:
            return ""
        positive: dict[Tensor, Tensor] = {atom: positive_of(atom) for atom in scalars}
        assumed = self.inertia(order, positive)
        names = " and ".join(f"{atom.name} > 0" for atom in scalars)
        return f"{assumed} for {names}" if assumed else ""

    def inertia(self, order: Sequence[Eliminated], positive: Mapping[Tensor, Tensor]) -> str:
        signs = []
        for e in order:
            assert e.found.hessian is not None
            hessian = Substitution(positive)(e.found.hessian) if positive else e.found.hessian
            signs.append(definiteness(hessian, e.unknown, self.algebra))
        if all(sign > 0 for sign in signs):
            return "minimum"
        if all(sign < 0 for sign in signs):
            return "maximum"
        return "saddle point" if all(signs) else ""
