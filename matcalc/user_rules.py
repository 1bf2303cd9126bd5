"""Functions that a user hands in as text: read, checked, and put to use in one derivation.

A differential is compared with the numerical one of the definition when it is handed in; where
there is no definition, it is taken on trust, and that is said.  Code and numerical checks come from
definitions, which are replaced by what they stand for, or from functions given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from matcalc.errors import DerivationError, InputError
from matcalc.expr import build
from matcalc.expr.along import rebuilt
from matcalc.expr.nodes import Call, Expr, Function, Named, Shape, free_symbols, postorder
from matcalc.expr.writing import product, transposed
from matcalc.language import Program
from matcalc.language.book import Entry, statement_exprs
from matcalc.language.own import OwnRules, read_rules
from matcalc.pipeline import inner_derivative
from matcalc.rules.book import RuleBook, default_book
from matcalc.rules.own import (
    Own,
    OwnBook,
    check_rules,
    fault,
    parameters,
    statement_of,
)
from matcalc.tensor.lift import Lift
from matcalc.tensor.lower import Lowering

POINTS = 12
"""Inputs at which a rule is compared with its definition."""

Functions = Mapping[str, Sequence[Callable[..., Any]]]


def own_rules(rules: str | None) -> OwnRules | None:
    """The rules of a text; InputError for what is none."""
    if rules is None:
        return None
    if not isinstance(rules, str):
        raise InputError("rules are a text", found=type(rules).__name__)
    return read_rules(rules)


def book_of(program: Program) -> RuleBook:
    """The rule book for a program: with the functions handed in for it.

    Raises   InputError for rules that are none, or that their definition contradicts.
    """
    if not program.own:
        return default_book()
    _verified(tuple(entry for (entry, *_) in program.own.values()))
    return OwnBook(default_book(), program.own)


def trusted(program: Program) -> tuple[str, ...]:
    """What is said of the rules that a program uses and no definition confirms."""
    if not program.own:
        return ()
    reasons = _verified(tuple(entry for (entry, *_) in program.own.values()))
    used = _reached(program)
    return tuple(
        f"d {name} is taken on trust: {reason}" for name, reason in reasons if name in used
    )


def _reached(program: Program) -> set[str]:
    """The functions handed in that a program uses, by way of rules too."""
    found: set[str] = set()
    pending = [program.expression]
    while pending:
        for name in own_calls(pending.pop(), program.own) - found:
            found.add(name)
            (entry, *_) = program.own[name]
            pending += [statement_exprs(entry, s)[1] for s in entry.statements]
    return found


def own_calls(expr: Expr, own: Own) -> set[str]:
    """The functions handed in that are called in an expression."""
    return {n.name for n in postorder((expr,)) if isinstance(n, Call) and n.name in own}


@lru_cache(maxsize=64)
def _verified(entries: tuple[Entry, ...]) -> tuple[tuple[str, str], ...]:
    """The differentials that are taken on trust, with the reason; InputError for a wrong one."""
    own = {entry.name: (entry,) for entry in entries}
    check_rules(own, default_book())
    reasons = []
    for entry in entries:
        if statement_of(entry, "d") is None:
            continue
        if statement_of(entry, "define") is None:
            reasons.append((entry.name, "no definition to check it against"))
            continue
        reason = _compared(entry, own)
        if reason:
            reasons.append((entry.name, reason))
    return tuple(reasons)


def _compared(entry: Entry, own: Own) -> str:
    """Why a differential could not be compared with that of its definition; empty if it agrees."""
    import numpy as np  # both loaded where there is something to check

    from matcalc.check import Sample, check, evaluate
    from matcalc.check.linear import DomainError

    rule, definition = statement_of(entry, "d"), statement_of(entry, "define")
    assert rule is not None and definition is not None
    params, right = parameters(entry, rule)
    _, body = parameters(entry, definition)
    if right.shape.dims != body.shape.dims:  # d f(x) = 0
        right = product([right, build.filled("ones", body.shape)])
    named = free_symbols(right)
    mentioned = tuple(p for p in params if f"d{p.name}" in named) or params
    along = tuple(build.symbol(f"d{p.name}", p.shape) for p in mentioned)

    def value(drawn: Sample) -> Any:
        made = evaluate(right, drawn.point, drawn.sizes, drawn.functions)
        if not np.all(np.isfinite(made)):
            raise DomainError("the differential is not finite there")
        return made

    report = check(
        body,
        [value],
        mentioned,
        "differential",
        symbols=[*params, *along],
        functions=evaluators(own),
        along=along,
        points=POINTS,
    )
    if report.wrong:
        first, *rest = [line.strip().removeprefix("WRONG: ") for line in report.lines]
        raise fault(
            f"this is not the differential of the definition of {entry.name}",
            rule,
            found=first + " " + ", ".join(rest).replace(", at ", ", "),
            expected=definition.text.splitlines()[0],
        )
    return "" if report.passed else report.lines[0].removeprefix("not verified: ")


def evaluators(own: Own) -> dict[str, Sequence[Callable[..., Any]]]:
    """The functions that have a definition, for the numerical check: plain evaluation of it."""
    from matcalc.check.defined import Defined

    made: dict[str, Sequence[Callable[..., Any]]] = {}
    for name, (entry, *_) in own.items():
        definition = statement_of(entry, "define")
        if definition is not None:
            params, body = parameters(entry, definition)
            defaults = tuple(float(p.default) for p in entry.params if p.default is not None)
            made[name] = (Defined(params, body, entry.mode, defaults, made),)
    return made


def computable(expr: Expr, own: Own, given: Collection[str] = ()) -> Expr:
    """An expression without functions that were handed in: those with a definition replaced by it,
    the others, and those that the caller gives, as unknown functions.

    Raises   DerivationError for a function that needs a definition and has none.
    """
    if not own or not own_calls(expr, own):
        return expr
    expanded = {
        name
        for name, (entry, *_) in own.items()
        if name not in given and statement_of(entry, "define") is not None
    }
    book = OwnBook(default_book(), own, expanded)
    lifted = Lift()(Lowering(book, inner_derivative(book))(expr))
    return _as_unknown(transposed(lifted) if expr.shape.row else lifted, own)


def _as_unknown(expr: Expr, own: Own) -> Expr:
    """Calls of functions that were handed in as those of unknown functions."""
    made: dict[Expr, Expr] = {}
    for node in postorder((expr,)):
        new = rebuilt(node, made) if not isinstance(node, Named) else _named(node, made)
        if isinstance(new, Call) and new.name in own:
            if len(new.args) != 1 or new.axis is not None:
                raise DerivationError(
                    f"{new.name} has no definition, and its value is needed",
                    suggestion=f"a line `define {new.name}(…) = …` in the rules",
                )
            (arg,) = new.args
            if own[new.name][0].mode == "elementwise":
                function = Function(new.name, Shape(), Shape())
            else:
                function = Function(new.name, Shape(arg.shape.dims), Shape(new.shape.dims))
            new = build.apply(function, 0, arg)
        made[node] = new
    return made[expr]


def _named(node: Named, made: Mapping[Expr, Expr]) -> Expr:
    return build.named(node.name, made[node.value])
