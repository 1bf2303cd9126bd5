"""From text to a typed program: parse, declare, infer, name the dimensions, build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, count
from typing import TYPE_CHECKING, Final

from matcalc.dims import Dim, named
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape, Symbol
from matcalc.language import book, conventions
from matcalc.language.assumptions import assumptions
from matcalc.language.declare import (
    check_binding,
    check_own_value,
    check_wrt,
    declare,
    declare_one,
    declare_shapes,
)
from matcalc.language.elaborate import Elaborator
from matcalc.language.infer import Declared, Inference, Scope
from matcalc.language.parser import parse
from matcalc.language.places import announce_sizes
from matcalc.language.result import Program
from matcalc.language.survey import MATLAB, Context
from matcalc.language.syntax import ProgramSyntax
from matcalc.language.types import MATRIX

if TYPE_CHECKING:
    from matcalc.language.book import Statement
    from matcalc.language.own import OwnRules
    from matcalc.language.signatures import Own

DIALECTS: Final = ("matcalc", "matlab")
NAMES: Final = "n m p k q r s t l d h".split()


def parse_program(
    text: str,
    shapes: Mapping[str, str] | None = None,
    wrt: Sequence[str] = (),
    dialect: str = "matcalc",
    rules: OwnRules | None = None,
) -> Program:
    """The program of a text; InputError if it is none, or if its shapes do not fit.

    `shapes` declares variables and functions, as `where` does; `wrt` names variables that may be
    used or declared only, and is checked; `rules` are functions beside those of the book.
    """
    if dialect not in DIALECTS:
        raise InputError(f"unknown dialect `{dialect}`", expected=" or ".join(DIALECTS))
    matlab = dialect == "matlab"
    declared = Scope(text, matlab=matlab)
    declare_shapes(declared, shapes or {})

    def read(text: str) -> Program:
        scope = Scope(
            text,
            dict(declared.variables),
            dict(declared.functions),
            dims=dict(declared.dims),
            matlab=matlab,
        )
        return _read(scope, wrt, rules)

    try:
        return read(text)
    except InputError as error:
        from matcalc.language.recover import with_others  # loaded when something is wrong

        told = with_others(text, error, read)
        told.instead = _in_the_language(text, read)
        raise told from None


def _in_the_language(text: str, read: Callable[[str], Program]) -> str:
    """A formula of LaTeX as the language writes it, if that reads; "" if there is none."""
    if not ("\\" in text or "$" in text):
        return ""
    from matcalc.language.pasted import from_latex  # loaded when LaTeX is pasted in

    written = from_latex(text, known_functions(False))
    try:
        if written:
            read(written)
    except InputError:
        return ""
    return written


def _read(scope: Scope, wrt: Sequence[str], rules: OwnRules | None) -> Program:
    context = Context(
        variables=scope.variables.keys(),
        functions=scope.functions.keys(),
        dims=scope.dims.keys(),
        known=known_functions(scope.matlab, rules.names if rules is not None else ()),
        matlab=scope.matlab,
    )
    syntax, _ = parse(scope.text, "program", context)
    declare(scope, syntax)
    if rules is not None:
        scope.own = rules.bound(scope.functions)
        for name in scope.own:
            scope.functions.pop(name, None)
    return _typed(scope, syntax, wrt)


@lru_cache(maxsize=64)
def known_functions(matlab: bool, own: tuple[str, ...] = ()) -> dict[str, str]:
    """The functions that a text may call, with those of the dialect and those handed in."""
    dialect = dict.fromkeys(MATLAB, "") if matlab else {}
    return {**book.known_functions(), **dialect, **dict.fromkeys(own, "")}


def _typed(scope: Scope, syntax: ProgramSyntax, wrt: Sequence[str]) -> Program:
    bound = {binding.name for binding in syntax.bindings}
    for root in (*(binding.value for binding in syntax.bindings), syntax.expression):
        announce_sizes(scope, bound, root)
    inference = Inference(scope)
    for binding in syntax.bindings:
        check_binding(scope, binding.name, binding.span)
        inference.binding(binding)
        check_own_value(scope, binding.name)
    inference.statement(syntax.expression)
    check_wrt(scope, wrt)
    reasons = conventions.decide(inference)
    name_dims(inference)
    symbols = _symbols(inference)
    builder = Elaborator(inference, symbols)
    bindings: dict[str, Expr] = {}
    for binding in syntax.bindings:
        bindings[binding.name] = builder.statement(binding.value)
        builder.named[binding.name] = build.named(binding.name, bindings[binding.name])
    expression = builder.statement(syntax.expression)
    return Program(
        scope.text,
        expression,
        bindings,
        symbols,
        dict(scope.functions),
        tuple(scope.dims),
        tuple(assumptions(inference, symbols, reasons)),
        frozenset(scope.integers),
        "matlab" if scope.matlab else "matcalc",
        {name: tuple(entries) for name, entries in scope.own.items()},
    )


# --- dimensions ----------------------------------------------------------------------------------
def name_dims(inference: Inference) -> None:
    """Name the dimensions that were inferred: matrices first, rows m and columns n."""
    solver, scope = inference.solver, inference.scope
    taken = (
        scope.dims.keys()
        | inference.names.keys()
        | inference.bound.keys()
        | scope.variables.keys()
        | scope.integers.keys()
    )
    candidates = chain(NAMES, (f"n{number}" for number in count(1)))
    free = (name for name in candidates if name not in taken)

    def give(dim: Dim) -> None:
        for unknown in sorted(name for name in solver.resolve(dim).names if name[0] == "?"):
            name = next(free)
            solver.bound[named(unknown)] = named(name)
            scope.dims.setdefault(name)

    kinds = list(inference.names.values())
    for kind in sorted(kinds, key=lambda kind: kind.mask != MATRIX):
        for dim in reversed(kind.dims or ()):
            give(dim)
    for kind in inference.types.values():
        for dim in kind.dims or ():
            give(dim)
    inference.recheck()


def _symbols(inference: Inference) -> dict[str, Symbol]:
    """The variables: used ones in the order of their first mention, then the declared ones."""
    scope = inference.scope
    symbols: dict[str, Symbol] = {}
    used = sorted(scope.used, key=lambda name: scope.used[name].start)
    for name in [*used, *scope.variables]:
        if name in symbols:
            continue
        if name in scope.variables:
            declared = scope.variables[name]
            properties = declared.properties | ({"integer"} if name in scope.integers else set())
            symbols[name] = build.symbol(name, declared.shape, properties)
        elif name in scope.integers:
            symbols[name] = build.symbol(name, Shape(), {"integer"})
        else:
            symbols[name] = build.symbol(name, inference.solver.shape(inference.names[name]))
    return symbols


# --- statements of the rule book -----------------------------------------------------------------
def typed_statement(
    statement: Statement,
    shapes: Mapping[str, tuple[Dim, ...]],
    sizes: Sequence[str],
    indices: Sequence[str],
    own: Own | None = None,
) -> tuple[Expr, Expr, dict[str, Symbol]]:
    """Both sides of a rule, typed together, and its variables."""
    scope = Scope(statement.text, origin="rules", own=own or {})
    for declaration in statement.where:
        declare_one(scope, declaration)
    for name, dims in shapes.items():
        if name not in scope.variables:
            scope.variables[name] = Declared(Shape(dims), frozenset(), None)
            for dim in dims:
                for each in sorted(dim.names):
                    scope.dims.setdefault(each)
    scope.dims.update(dict.fromkeys(sizes))
    scope.integers.update(dict.fromkeys(indices))
    inference = Inference(scope)
    for side in (statement.lhs, statement.rhs):
        inference.statement(side)
    conventions.decide(inference)
    name_dims(inference)
    symbols = _symbols(inference)
    builder = Elaborator(inference, symbols)
    return builder.statement(statement.lhs), builder.statement(statement.rhs), symbols
