"""From text to a typed program: parse, declare, infer, name the dimensions, build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain, count
from typing import TYPE_CHECKING, Final

from matcalc.dims import Dim, named
from matcalc.errors import InputError, Span
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Function, Shape, Symbol
from matcalc.language import book, conventions
from matcalc.language.elaborate import Elaborator
from matcalc.language.infer import Declared, Inference, Scope
from matcalc.language.names import canonical
from matcalc.language.parser import parse
from matcalc.language.result import Program
from matcalc.language.survey import Context
from matcalc.language.syntax import Declaration, ProgramSyntax, SpaceSyntax
from matcalc.language.types import MATRIX

if TYPE_CHECKING:
    from matcalc.language.book import Statement

DIALECTS: Final = ("matcalc", "matlab")
NAMES: Final = "n m p k q r s t l d h".split()


def parse_program(
    text: str,
    shapes: Mapping[str, str] | None = None,
    wrt: Sequence[str] = (),
    dialect: str = "matcalc",
) -> Program:
    """The program of a text; InputError if it is none, or if its shapes do not fit.

    `shapes` declares variables and functions, as `where` does; `wrt` names variables that may be used or
    declared only, and is checked.
    """
    if dialect not in DIALECTS:
        raise InputError(f"unknown dialect `{dialect}`", expected=" or ".join(DIALECTS))
    scope = Scope(text, matlab=dialect == "matlab")
    _declare_shapes(scope, shapes or {})
    context = Context(
        variables=scope.variables.keys(),
        functions=scope.functions.keys(),
        dims=scope.dims.keys(),
        known=book.known_functions(),
    )
    syntax, _ = parse(text, "program", context)
    _declare(scope, syntax)
    return _typed(scope, syntax, wrt)


def _typed(scope: Scope, syntax: ProgramSyntax, wrt: Sequence[str]) -> Program:
    inference = Inference(scope)
    for binding in syntax.bindings:
        _check_binding(scope, binding.name, binding.span)
        inference.binding(binding)
    inference.statement(syntax.expression)
    _check_wrt(scope, wrt)
    reasons = conventions.decide(inference)
    _name_dims(inference)
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
        tuple(_assumptions(inference, symbols, reasons)),
        frozenset(scope.integers),
    )


# --- declarations --------------------------------------------------------------------------------
@lru_cache(maxsize=1024)
def space(text: str) -> SpaceSyntax:
    """The space that a text of `shapes` says; InputError with origin `shapes`."""
    read, _ = parse(text, "shape", Context(origin="shapes", mode="shape"))
    result: SpaceSyntax = read
    return result


def _declare_shapes(scope: Scope, shapes: Mapping[str, str]) -> None:
    for name, text in shapes.items():
        if not isinstance(text, str):
            raise InputError(
                f"the shape of `{name}` is not a text", found=repr(text), expected='"R^n", "m×n", …'
            )
        _add(scope, canonical(name), space(text), None)


def _declare(scope: Scope, syntax: ProgramSyntax) -> None:
    bound = {binding.name for binding in syntax.bindings}
    for declaration in syntax.declarations:
        _declare_one(scope, declaration, bound)


def _declare_one(scope: Scope, declaration: Declaration, bound: set[str]) -> None:
    name = declaration.name
    if name in bound:
        raise scope.fail(
            f"`{name}` is bound and declared", declaration.span, suggestion="one of the two"
        )
    _add(scope, name, declaration.space, declaration.span)


def _add(scope: Scope, name: str, space: SpaceSyntax, span: Span | None) -> None:
    """Take up a declaration; the same declaration twice is none too many."""
    shape = Shape(space.dims)
    for dim in (*space.dims, *(space.codomain or ())):
        for each in sorted(dim.names):
            scope.dims.setdefault(each)
    if space.codomain is not None:
        function = Function(name, shape, Shape(space.codomain))
        if scope.functions.setdefault(name, function) != function or name in scope.variables:
            raise _twice(scope, name, span)
        return
    declared = Declared(shape, frozenset(space.properties), span)
    before = scope.variables.setdefault(name, declared)
    if name in scope.functions or (before.shape, before.properties) != (shape, declared.properties):
        raise _twice(scope, name, span)


def _twice(scope: Scope, name: str, span: Span | None) -> InputError:
    message = f"`{name}` is declared twice, differently"
    return InputError(message) if span is None else scope.fail(message, span)


def _check_binding(scope: Scope, name: str, span: Span) -> None:
    if name in scope.bound:
        raise scope.fail(
            f"`{name}` is bound twice", span, suggestion="another name for the second value"
        )
    if name in scope.used:
        raise scope.fail(
            f"`{name}` is used before it is bound", span, suggestion="the binding first"
        )
    if name in scope.variables or name in scope.functions:
        raise scope.fail(f"`{name}` is bound and declared", span, suggestion="one of the two")


def _check_wrt(scope: Scope, wrt: Sequence[str]) -> None:
    for each in wrt:
        name = canonical(each)
        if name in scope.variables or name in scope.used or name in scope.bound:
            continue
        raise InputError(
            f"unknown variable `{each}`", source=each, span=Span(0, len(each)), origin="wrt"
        )


# --- dimensions ----------------------------------------------------------------------------------
def _name_dims(inference: Inference) -> None:
    """Name the dimensions that were inferred: matrices first, rows m and columns n."""
    solver, scope = inference.solver, inference.scope
    taken = (
        scope.dims.keys() | inference.names.keys() | inference.bound.keys() | scope.variables.keys()
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


def _assumptions(
    inference: Inference, symbols: Mapping[str, Symbol], reasons: Mapping[str, str]
) -> list[str]:
    """What was inferred of each variable that is not declared, and why."""
    lines = []
    for name, symbol in symbols.items():
        if name in inference.scope.variables:
            continue
        if name in inference.scope.integers:
            lines.append(f"{name} is a whole number: an index")
        else:
            lines.append(f"{name}: {symbol.shape} ({reasons.get(name, 'from its use')})")
    return lines


# --- statements of the rule book -----------------------------------------------------------------
def typed_statement(
    statement: Statement,
    shapes: Mapping[str, tuple[Dim, ...]],
    sizes: Sequence[str],
    indices: Sequence[str],
) -> tuple[Expr, Expr, dict[str, Symbol]]:
    """Both sides of a rule, typed together, and its variables."""
    scope = Scope(statement.text, origin="rules")
    for declaration in statement.where:
        _declare_one(scope, declaration, set())
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
    _name_dims(inference)
    symbols = _symbols(inference)
    builder = Elaborator(inference, symbols)
    return builder.statement(statement.lhs), builder.statement(statement.rhs), symbols
