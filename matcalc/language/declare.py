"""Declarations: what `shapes`, `where` and inline declarations say, and what names may not be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final

from matcalc.errors import InputError, Span
from matcalc.expr.nodes import Function, Shape
from matcalc.language.infer import Declared, Scope
from matcalc.language.names import canonical, nearest, skeleton
from matcalc.language.parser import parse
from matcalc.language.survey import Context
from matcalc.language.syntax import Declaration, ProgramSyntax, SpaceSyntax
from matcalc.language.tokens import scan


@lru_cache(maxsize=1024)
def space(text: str) -> SpaceSyntax:
    """The space that a text of `shapes` says; InputError with origin `shapes`."""
    read, _ = parse(text, "shape", Context(origin="shapes", mode="shape"))
    result: SpaceSyntax = read
    return result


@lru_cache(maxsize=1024)
def _check_name(name: object) -> None:
    """Refuse what `shapes` declares that is no name of the language."""
    text = name if isinstance(name, str) else ""
    if [token.kind for token in scan(text, "shapes")] != ["NAME"] or text != text.strip():
        raise InputError(
            "shapes are declarations by name: a letter, then letters, digits and _",
            found=repr(name),
            suggestion='shapes={"x": "R^n", "y": "R"}' if "," in text or ";" in text else "",
        )


def declare_shapes(scope: Scope, shapes: Mapping[str, str]) -> None:
    """Take up the declarations of `shapes`."""
    for name, text in shapes.items():
        if not isinstance(text, str):
            raise InputError(
                f"the shape of `{name}` is not a text", found=repr(text), expected='"R^n", "m×n", …'
            )
        _check_name(name)
        _add(scope, canonical(name), space(text), None)


def declare(scope: Scope, syntax: ProgramSyntax) -> None:
    """Take up the declarations of a program, after `where` and inline."""
    bound = {binding.name for binding in syntax.bindings}
    for declaration in syntax.declarations:
        declare_one(scope, declaration, bound)


def declare_one(scope: Scope, declaration: Declaration, bound: Collection[str] = ()) -> None:
    """Take up one declaration."""
    name = declaration.name
    if name in bound:
        raise scope.fail(
            f"`{name}` is bound and declared", declaration.span, suggestion="one of the two"
        )
    _add(scope, name, declaration.space, declaration.span)


def _add(scope: Scope, name: str, space: SpaceSyntax, span: Span | None) -> None:
    """Take up a declaration; the same declaration twice is none too many."""
    shape = Shape(space.dims)
    _check_properties(scope, name, shape, space, span)
    for dim in (*space.dims, *(space.codomain or ())):
        for each in sorted(dim.names):
            scope.dims.setdefault(each)
    if space.codomain is not None:
        function = Function(name, shape, Shape(space.codomain))
        if scope.functions.setdefault(name, function) != function or name in scope.variables:
            raise _twice(scope, name, "a variable or another function", span)
        return
    declared = Declared(shape, frozenset(space.properties), span)
    before = scope.variables.setdefault(name, declared)
    if name in scope.functions or (before.shape, before.properties) != (shape, declared.properties):
        raise _twice(scope, name, _told(before), span, _told(declared))


OF_SQUARES: Final = frozenset("symmetric spd diagonal orthogonal invertible lower upper".split())
"""Properties that only square matrices have."""


def _check_properties(
    scope: Scope, name: str, shape: Shape, space: SpaceSyntax, span: Span | None
) -> None:
    """Refuse properties of square matrices for anything else."""
    wrong = [each for each in space.properties if each in OF_SQUARES]
    if space.codomain is not None:
        wrong = list(space.properties)
    elif shape.rank == 2 and shape.dims[0] == shape.dims[1]:
        return
    if not wrong:
        return
    shown = "a function" if space.codomain is not None else str(shape)
    message = f"only a square matrix is {wrong[0]}: `{name}` is {shown}"
    if span is None:
        raise InputError(message, origin="shapes", expected="R^(n×n)")
    raise scope.fail(message, span, expected="R^(n×n)")


def _told(declared: Declared) -> str:
    return " ".join([str(declared.shape), *sorted(declared.properties)])


def _twice(
    scope: Scope, name: str, before: str, span: Span | None, then: str = "a function"
) -> InputError:
    message = f"`{name}` is declared twice, differently"
    found, advice = f"{name}: {before}, and {name}: {then}", "one of the two"
    if span is None:
        return InputError(message, found=found, suggestion=advice)
    return scope.fail(message, span, found=found, suggestion=advice)


def check_binding(scope: Scope, name: str, span: Span) -> None:
    """Refuse a second meaning of a name, and a use before the binding."""
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


def check_own_value(scope: Scope, name: str) -> None:
    """Refuse `x = x + 1`: a name is one thing in all of a program."""
    if name in scope.used:
        raise scope.fail(
            f"`{name}` is used in its own value: a name is bound once, before its use",
            scope.used[name],
            suggestion=f"another name for the value, {name}1 = …, and where it is used after that",
        )


def check_wrt(scope: Scope, wrt: Sequence[str]) -> None:
    """Refuse names to differentiate by that the program does not know."""
    known = [*dict.fromkeys([*scope.used, *scope.bound, *scope.variables])]
    for each in wrt:
        name = canonical(each)
        if name in scope.variables or name in scope.used or name in scope.bound:
            continue
        if name in scope.dims:
            raise InputError(f"`{each}` is a dimension: there is no derivative by it")
        raise InputError(
            f"unknown variable `{each}`",
            source=each,
            span=Span(0, len(each)),
            origin="wrt",
            found=_alike(name, known),
            expected="one of " + ", ".join(known) if known else "a declared variable",
            suggestion=_split_name(name, known) or ", ".join(nearest(name, known)),
        )


def _alike(name: str, known: Sequence[str]) -> str:
    """A name that only looks like this one."""
    alike = [each for each in known if skeleton(each) == skeleton(name)]
    codes = " ".join(f"U+{ord(letter):04X}" for letter in alike[0]) if alike else ""
    return f"`{alike[0]}`, other letters that look the same ({codes})" if alike else ""


def _split_name(name: str, known: Sequence[str]) -> str:
    """`x y`, if the program says `xy`."""
    for each in known:
        parts = each.split(name, 1)
        if len(parts) == 2 and len(each) <= 2 * len(name) + 2:
            rest = parts[1]
            if not parts[0] and rest[:1] == "_":
                return f"{name}[i] for an entry, counted from 0: `{each}` is one name"
            if not parts[0] and rest[:1] in ("T", "t") and len(rest) > 1:
                return f"{name}^T {rest[1:]}: `{each}` is one name"
            spread = " ".join(part for part in (parts[0], name, rest) if part)
            return f"{spread} for a product: `{each}` is one name"
    return ""
