"""A text read within a program that has been typed: its names mean there what they mean here.

Nothing new may be assumed: a name that the program does not know is an error, not one more
variable.  The text may bind names of its own, which then stand before the program's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape, Symbol
from matcalc.language import conventions
from matcalc.language.declare import check_binding, declare
from matcalc.language.elaborate import Elaborator
from matcalc.language.infer import Declared, Inference, Scope
from matcalc.language.names import nearest
from matcalc.language.parser import parse
from matcalc.language.places import announce_sizes
from matcalc.language.program import known_functions, name_dims
from matcalc.language.result import Program
from matcalc.language.survey import Context
from matcalc.language.syntax import ProgramSyntax
from matcalc.language.types import ClashError


def parse_within(
    program: Program,
    text: str,
    *,
    further: Iterable[Symbol] = (),
    shapes: Sequence[Shape] = (),
    origin: str = "",
) -> Expr:
    """The expression of a text in the scope of a program; InputError if it is none.

    further  Variables beside those of the program, such as directions of a differential.
    shapes   What the expression may be like, where the text leaves its dimensions open (`I`).
    origin   What diagnostics call the text.
    """
    variables = {**program.variables, **{symbol.name: symbol for symbol in further}}
    scope = _scope(program, variables, text, origin)
    context = Context(
        variables=variables.keys() | program.bindings.keys(),
        functions=scope.functions.keys(),
        dims=scope.dims.keys(),
        known=known_functions(scope.matlab, tuple(program.own)),
        origin=origin,
        matlab=scope.matlab,
    )
    syntax: ProgramSyntax
    syntax, _ = parse(text, "program", context)
    declare(scope, syntax)
    return _typed(scope, syntax, program, variables, shapes)


def _scope(program: Program, variables: Mapping[str, Symbol], text: str, origin: str) -> Scope:
    scope = Scope(text, matlab=program.dialect == "matlab", origin=origin, own=program.own)
    for name, symbol in variables.items():
        if "integer" in symbol.properties:
            scope.integers[name] = None
        else:
            scope.variables[name] = Declared(symbol.shape, symbol.properties, None)
    scope.functions.update(program.functions)
    scope.dims.update(dict.fromkeys(program.dims))
    return scope


def _typed(
    scope: Scope,
    syntax: ProgramSyntax,
    program: Program,
    variables: Mapping[str, Symbol],
    shapes: Sequence[Shape],
) -> Expr:
    bound = {binding.name for binding in syntax.bindings} | program.bindings.keys()
    for root in (*(binding.value for binding in syntax.bindings), syntax.expression):
        announce_sizes(scope, bound, root)
    inference = Inference(scope)
    for name, value in program.bindings.items():
        inference.bound[name] = inference.solver.fixed(value.shape)
    for binding in syntax.bindings:
        check_binding(scope, binding.name, binding.span)
        inference.binding(binding)
    inference.statement(syntax.expression)
    _refuse_new(scope, program, variables)
    conventions.decide(inference)
    _fit(inference, syntax, shapes)
    name_dims(inference)
    builder = Elaborator(inference, dict(variables))
    for name, value in program.bindings.items():
        builder.named[name] = build.named(name, value)
    for binding in syntax.bindings:
        value = builder.statement(binding.value)
        builder.named[binding.name] = build.named(binding.name, value)
    return builder.statement(syntax.expression)


def _refuse_new(scope: Scope, program: Program, variables: Mapping[str, Symbol]) -> None:
    """An InputError for a name that the program does not have."""
    places = {name: declared.span for name, declared in scope.variables.items()} | scope.used
    new = {name: span for name, span in places.items() if span and name not in variables}
    known = [*variables, *program.bindings]
    for name, span in sorted(new.items(), key=lambda item: item[1].start):
        raise scope.fail(
            f"the expression that was derived has no variable `{name}`",
            span,
            found="it has " + ", ".join(known),
            suggestion=", ".join(nearest(name, known)),
        )


def _fit(inference: Inference, syntax: ProgramSyntax, shapes: Sequence[Shape]) -> None:
    """Dimensions that the text leaves open are those of the first shape that fits."""
    solver = inference.solver
    kind = inference.types[syntax.expression]
    for shape in shapes:
        dims = [solver.resolve(dim) for dim in kind.dims or ()]
        if not any(name[0] == "?" for dim in dims for name in dim.names):
            return
        if len(dims) == shape.rank:
            before = dict(solver.bound)
            try:
                solver.unify_all(dims, shape.dims)
                return
            except ClashError:
                solver.bound = before
