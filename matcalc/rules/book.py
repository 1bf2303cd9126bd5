"""The rule book in index notation: definitions and differentials, compiled from their text when
first needed.

A line `d f(X) = …` is linear in the differentials of the arguments.  Its tensor, with the arguments
put in, is all that differentiation needs: transposing it gives the reverse mode, reading it the
forward mode.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matcalc.calculus.reverse import Linear, pullback
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Constant, Expr, Number, Symbol, children, free_symbols
from matcalc.language import book as text
from matcalc.language.book import Entry, Statement
from matcalc.rules.adjoints import ADJOINTS
from matcalc.rules.identities import Identities
from matcalc.tensor.canonical import (
    UNIT,
    apply_map,
    as_constant,
    contract,
    is_zero,
    rational,
    zeros,
)
from matcalc.tensor.lower import Definition, Lowering, bound_dims
from matcalc.tensor.nodes import Atom, Map, Opaque, Rational, Tensor, Value, intern
from matcalc.tensor.substitute import Substitution


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as a derivation shows it: its name, its statement in the language, and where it is
    from."""

    name: str
    statement: str
    source: str


@dataclass(frozen=True, slots=True)
class Differential:
    """A line `d f(x, y) = …`: the parameters, their differentials, and the tensor that is linear in
    these."""

    rule: Rule
    params: tuple[Tensor, ...]
    differentials: tuple[Tensor, ...]
    body: Tensor
    mentioned: tuple[bool, ...]


_lock: Final = threading.RLock()


class RuleBook:
    """What lowering and differentiation ask of the rule book."""

    def __init__(self) -> None:
        self._differentials: dict[tuple[str, int], Differential | None] = {}
        self._definitions: dict[tuple[str, int], list[tuple[tuple[Expr, ...], Definition]]] = {}
        self._known: dict[tuple[str, int], bool] = {}
        self._locals: dict[tuple[str, int, int], Tensor] = {}
        self._lowering = Lowering(self)
        self.identities = Identities(self)
        self.expansions = Identities(self, "expansion")

    def entries(self, name: str) -> Sequence[Entry]:
        """The overloads of a function; empty if there is none of that name."""
        return text.entries(name)

    def entry(self, name: str, count: int) -> Entry:
        """The entry of a function with so many arguments; the element-wise one before the
        others."""
        candidates = [e for e in self.entries(name) if e.takes(count)]
        if not candidates:
            raise DerivationError(
                f"the rule book has no function {name} of {count} argument{'s' * (count != 1)}",
                suggestion="`matcalc rules` lists the functions; derive(..., rules=...) adds one",
            )
        return candidates[0]

    def mode(self, name: str, count: int) -> str:
        return self.entry(name, count).mode

    def defaults(self, name: str, count: int) -> Sequence[Rational]:
        params = self.entry(name, count).params[count:]
        return [rational(p.default) for p in params if p.default is not None]

    def definition(self, name: str, args: Sequence[Tensor]) -> Definition | None:
        """What a function without a differential of its own means, if its arguments fit a
        definition."""
        if self.has_differential(name, len(args)):
            return None
        exact = self.mode(name, len(args)) == "plain"
        for pattern, definition in self._defined(name, len(args)):
            if all(_fits(p, t, exact) for p, t in zip(pattern, args, strict=True)):
                return definition
        return None

    def _defined(self, name: str, count: int) -> list[tuple[tuple[Expr, ...], Definition]]:
        key = (name, count)
        found = self._definitions.get(key)
        if found is None:
            with _lock:
                found = [
                    self._definition(entry, statement)
                    for entry in self.entries(name)
                    if entry.takes(count)
                    for statement in entry.statements
                    if statement.kind == "define"
                ]
                self._definitions[key] = found
        return found

    def _definition(
        self, entry: Entry, statement: Statement
    ) -> tuple[tuple[Expr, ...], Definition]:
        lhs, rhs, _ = text.statement_exprs(entry, statement)
        pattern = children(lhs)
        params = tuple(self._parameter(p, i) for i, p in enumerate(pattern))
        return pattern, Definition(params, self._lowering(rhs))

    def _parameter(self, pattern: Expr, position: int) -> Tensor:
        """The variable of a parameter; one that is fixed in the pattern gets a name that nothing
        uses."""
        if isinstance(pattern, Symbol):
            return self._lowering(pattern)
        return intern(Atom, (), f"\0fixed{position}", frozenset())

    # --- differentials

    def has_differential(self, name: str, count: int) -> bool:
        """Whether the book has a line `d name(…) = …` for so many arguments."""
        key = (name, count)
        if key not in self._known:
            self._known[key] = any(
                s.kind == "d" for e in self.entries(name) if e.takes(count) for s in e.statements
            )
        return self._known[key]

    def differential_of(self, name: str, count: int) -> Differential | None:
        """The differential of a function, compiled; None if the book has only a definition."""
        key = (name, count)
        if key not in self._differentials:
            with _lock:
                self._differentials[key] = self._compiled(name, count)
        return self._differentials[key]

    def _compiled(self, name: str, count: int) -> Differential | None:
        for entry in self.entries(name):
            for statement in entry.statements if entry.takes(count) else ():
                if statement.kind == "d":
                    lhs, rhs, _ = text.statement_exprs(entry, statement)
                    return self._differential(entry, statement, lhs, rhs)
        return None

    def _differential(
        self, entry: Entry, statement: Statement, lhs: Expr, rhs: Expr
    ) -> Differential:
        params = [p for p in children(lhs) if isinstance(p, Symbol)]
        used = free_symbols(rhs)
        zero = is_zero(self._lowering(rhs)) and not any(f"d{p.name}" in used for p in params)
        low = Lowering(self)
        differentials = []
        for p in params:
            d = intern(Atom, p.shape.dims, f"\0d{p.name}", frozenset())
            differentials.append(d)
            if f"d{p.name}" in used:
                low.done[used[f"d{p.name}"]] = d
        return Differential(
            Rule(
                f"derivative of {entry.name}",
                statement.text,
                statement.note or entry.fields.get("source", ""),
            ),
            tuple(self._lowering(p) for p in params),
            tuple(differentials),
            low(rhs),
            tuple(zero or f"d{p.name}" in used for p in params),
        )

    def _need(self, name: str, count: int, position: int) -> Differential:
        found = self.differential_of(name, count)
        if found is None:
            raise DerivationError(
                f"there is no rule for the derivative of {name}",
                suggestion=f"derive(..., rules='d {name}(…) = …') adds one",
            )
        if not found.mentioned[position]:
            param = self.entry(name, count).params[position].name
            raise DerivationError(
                f"there is no rule for the derivative of {name} by its argument {param}"
            )
        return found

    def local(self, node: Map, position: int) -> tuple[object, Tensor]:
        """The derivative of an element-wise function by one argument, with the axes of the node."""
        if isinstance(node.fn, tuple):
            function, order = node.fn
            return None, apply_map((function, order + 1), node.args, node.dims)
        found = self._need(node.fn, len(node.args), position)
        key = (node.fn, len(node.args), position)
        slope = self._locals.get(key)
        if slope is None:
            d = found.differentials[position]
            slope = pullback(found.body, UNIT, (), {d}, self).get(d, zeros(()))
            self._locals[key] = slope
        everything = dict(enumerate(node.dims))
        values = {}
        for param, (t, labels) in zip(found.params, node.args, strict=True):
            values[param] = contract([(t, labels)], range(node.rank), everything) if labels else t
        return found.rule, Substitution(values, batch=node.dims)(slope)

    def linear(self, node: Opaque, position: int) -> bool:
        """Whether a function is linear in an argument, and has an adjoint there."""
        return (node.fn, position) in ADJOINTS

    def adjoint(self, node: Opaque, position: int, total: Tensor, outer: int) -> Tensor | None:
        """What a function that is linear in an argument passes back to it; None if the book has no
        such line."""
        assert isinstance(node.fn, str)
        make = ADJOINTS.get((node.fn, position))
        return make(node, position, total, outer) if make is not None and not node.batch else None

    def differential(self, node: Opaque, position: int) -> Linear:
        """The differential of a function of whole tensors in one argument."""
        assert isinstance(node.fn, str)
        found = self._need(node.fn, len(node.args), position)
        values: dict[Tensor, Tensor] = dict(zip(found.params, node.args, strict=True))
        dx = intern(Atom, node.args[position].dims, f"\0d{position}", frozenset())
        for i, (differential, arg) in enumerate(zip(found.differentials, node.args, strict=True)):
            values[differential] = dx if i == position else zeros(arg.dims)
        dims = bound_dims(found.params, node.args)
        batch = node.dims[: node.batch]
        return Linear(found.rule, Substitution(values, dims, batch)(found.body), dx)


def _fits(pattern: Expr, t: Tensor, exact: bool) -> bool:
    """Whether an argument fits a parameter: a number fits only itself; `exact` asks for the
    parameter's rank."""
    if isinstance(pattern, Number):
        return as_constant(t) == pattern.value
    if isinstance(pattern, Constant):
        return isinstance(t, Value) and t.what == pattern.name
    return not exact or pattern.shape.rank == t.rank


@lru_cache(maxsize=1)
def default_book() -> RuleBook:
    """The rule book that matcalc comes with."""
    return RuleBook()
