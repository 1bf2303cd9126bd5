"""The rule book together with functions that a user handed in, for one derivation only.

The functions of the book keep their compiled rules; what is handed in is compiled here, and lives
as long as the derivation that it was handed to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from matcalc.calculus.reverse import derivative
from matcalc.errors import InputError, MatcalcError, Span
from matcalc.expr.nodes import Call, Expr, Symbol, children, free_symbols, postorder
from matcalc.language.book import Entry, Statement, statement_exprs
from matcalc.rules.book import Differential, RuleBook
from matcalc.tensor.canonical import is_zero, zeros
from matcalc.tensor.lower import Definition
from matcalc.tensor.nodes import Map, Tensor
from matcalc.tensor.nodes import postorder as nodes_of
from matcalc.tensor.substitute import Substitution

Own = Mapping[str, tuple[Entry, ...]]

CALLS: Final = 2000
"""Calls of functions that were handed in, all told, that a definition may stand for."""

DEPTH: Final = 40
"""Definitions within definitions."""


class OwnBook(RuleBook):
    """The book with further functions; those in `expanded` are replaced by their definitions."""

    def __init__(self, base: RuleBook, own: Own, expanded: Collection[str] = ()) -> None:
        super().__init__()
        self.base = base
        self.own = own
        self.expanded = expanded
        self.identities, self.expansions = base.identities, base.expansions

    def entries(self, name: str) -> Sequence[Entry]:
        return self.own.get(name) or self.base.entries(name)

    def has_differential(self, name: str, count: int) -> bool:
        if name in self.own:
            return name not in self.expanded and super().has_differential(name, count)
        return self.base.has_differential(name, count)

    def local(self, node: Map, position: int) -> tuple[object, Tensor]:
        if node.fn in self.own:
            return super().local(node, position)
        return self.base.local(node, position)

    def differential_of(self, name: str, count: int) -> Differential | None:
        if name in self.own:
            return super().differential_of(name, count)
        return self.base.differential_of(name, count)

    def _defined(self, name: str, count: int) -> list[tuple[tuple[Expr, ...], Definition]]:
        return (
            super()._defined(name, count) if name in self.own else self.base._defined(name, count)
        )


def statement_of(entry: Entry, kind: str) -> Statement | None:
    """The differential ("d") or the definition ("define") of a function, if it has one."""
    return next((s for s in entry.statements if s.kind == kind), None)


def fault(message: str, statement: Statement, **details: str) -> InputError:
    """The diagnostic for a statement."""
    line = statement.text.splitlines()[0]
    return InputError(message, source=line, span=Span(0, len(line)), origin="rules", **details)


def check_rules(own: Own, base: RuleBook) -> None:
    """Refuse rules that are none.

    Raises   InputError for a name that is no argument, a definition that comes back to itself, a
             right side of another shape, or one that is not linear in the differentials.
    """
    uses: dict[str, list[str]] = {}
    for name, (entry, *_) in own.items():
        for statement in entry.statements:
            left, right, _ = statement_exprs(entry, statement)
            _check_names(entry, statement, right)
            scalar = not right.shape.dims  # expanded, as in `d f(x) = 0`
            if right.shape.dims != left.shape.dims and not (scalar and statement.kind == "d"):
                raise fault(
                    f"the right side is not of the shape of {name}",
                    statement,
                    found=str(right.shape),
                    expected=str(left.shape),
                )
            if statement.kind == "define":
                calls = [n.name for n in postorder((right,)) if isinstance(n, Call)]
                uses[name] = [called for called in calls if called in own]
    _check_ends(uses, own)
    book = OwnBook(base, own)
    for name, (entry, *_) in own.items():
        rule = statement_of(entry, "d")
        if rule is not None:
            _check_linear(book, name, entry, rule)


def _check_names(entry: Entry, statement: Statement, right: Expr) -> None:
    allowed = {param.name for param in entry.params}
    if statement.kind == "d":
        allowed |= {f"d{name}" for name in allowed}
    unknown = next((name for name in free_symbols(right) if name not in allowed), None)
    if unknown is not None:
        raise fault(
            f"`{unknown}` is no argument of {entry.name}",
            statement,
            found=unknown,
            expected=", ".join(sorted(allowed)),
        )


def _check_ends(uses: Mapping[str, Sequence[str]], own: Own) -> None:
    """Refuse a definition that uses what it defines, or that stands for too many calls."""
    sizes: dict[str, int] = {}
    depths: dict[str, int] = {}
    way: list[str] = []
    pending = [(name, False) for name in uses]
    while pending:
        name, done = pending.pop()
        inner = [called for called in uses.get(name, ()) if called in uses]
        if done:
            way.pop()
            sizes[name] = 1 + sum(sizes[called] for called in inner)
            depths[name] = 1 + max((depths[called] for called in inner), default=0)
            if sizes[name] > CALLS or depths[name] > DEPTH:
                raise fault(f"the definition of {name} stands for too much", _definition(own, name))
        elif name in way:
            raise fault(f"the definition of {name} comes back to {name}", _definition(own, name))
        elif name not in sizes:
            way.append(name)
            pending.append((name, True))
            pending += [(called, False) for called in inner]


def _definition(own: Own, name: str) -> Statement:
    found = statement_of(own[name][0], "define")
    assert found is not None
    return found


def _check_linear(book: OwnBook, name: str, entry: Entry, statement: Statement) -> None:
    """d f is linear in the differentials: 0 where they are, with slopes that do not hold them."""
    try:
        found = book.differential_of(name, len(entry.params))
        assert found is not None
        steps = found.differentials
        still = Substitution({d: zeros(d.dims) for d in steps})(found.body)
        linear = is_zero(still) and not any(
            _holds(slope, steps) for slope in derivative(found.body, steps, book)
        )
    except MatcalcError as error:
        raise fault(f"the rule for {name} cannot be used: {error.message}", statement) from None
    if not linear:
        names = ", ".join(f"d{param.name}" for param in entry.params)
        raise fault(
            f"the differential of {name} is not linear in {names}",
            statement,
            expected=f"d {name}(…) = … {names.replace(', ', ' + … ')}",
        )


def _holds(t: Tensor, atoms: Collection[Tensor]) -> bool:
    return any(node in atoms for node in nodes_of((t,)))


def parameters(entry: Entry, statement: Statement) -> tuple[tuple[Symbol, ...], Expr]:
    """The variables on the left of a statement, and the expression on its right."""
    left, right, _ = statement_exprs(entry, statement)
    return tuple(p for p in children(left) if isinstance(p, Symbol)), right
