"""What is asked for, checked: names to derive by, the kind of derivative, its directions.

Every wrong choice is an InputError that says what there is to choose from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from matcalc.directions import Choice, Direction, directions
from matcalc.errors import InputError, Span
from matcalc.expr.build import named
from matcalc.expr.nodes import Named, Symbol
from matcalc.kinds import JOINT, SCALAR, Kind, Problem
from matcalc.language import Program, canonical

LAYOUTS: Final = ("numerator", "denominator")
KINDS: Final = ("auto", "gradient", "jacobian", "hessian", "differential", "jvp", "vjp", "hvp")
_NAMES: Final = re.compile(r"[\s,]+")


def asked(
    program: Program,
    names: Sequence[str],
    stacked: bool,
    *,
    kind: str,
    layout: str,
    simplify: bool,
    direction: Choice,
) -> tuple[Problem, tuple[Direction, ...]]:
    """The problem that a program, names to derive by and options pose, and its directions."""
    targets = tuple(_target(program, name) for name in names)
    if stacked:
        _check_scalars(targets)
    if kind in JOINT and len(targets) > 1 and any(isinstance(t, Named) for t in targets):
        raise InputError(
            f"there is no {kind} by a bound name and another variable: they are not independent",
            suggestion="one variable at a time, or variables that are not bound",
        )
    actual = _kind(kind, program)
    along = directions(actual, program, targets, stacked, direction)
    symbols = tuple(each.symbol for each in along)
    return Problem(program.expression, targets, stacked, actual, layout, simplify, symbols), along


def wanted(wrt: str | Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The names to derive by, and whether they are stacked into one vector."""
    if not isinstance(wrt, str):
        if not isinstance(wrt, Sequence) or not all(isinstance(name, str) for name in wrt):
            raise InputError("wrt is a name, or a list of names", found=type(wrt).__name__)
        parts = [name.strip() for name in wrt]
        stacked = False
    else:
        body = wrt.strip()
        stacked = body.startswith("[") and body.endswith("]")
        parts = [name for name in _NAMES.split(body[1:-1] if stacked else body) if name]
    if not parts or not all(parts):
        raise InputError("there is no variable to derive by", expected='a name, as in wrt="w"')
    parts = [canonical(name) for name in parts]
    repeated = next((name for name in parts if parts.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{repeated} is named twice in wrt")
    return tuple(parts), stacked


def declared(shapes: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Declarations by name, as they were given."""
    if shapes is not None and not isinstance(shapes, Mapping):
        raise InputError(
            "shapes are declarations by name",
            found=type(shapes).__name__,
            suggestion='shapes={"X": "R^(m×n)"}',
        )
    return shapes


def check_text(what: str, given: object) -> None:
    """An InputError unless something is a text."""
    if not isinstance(given, str):
        raise InputError(f"{what} is a text", found=type(given).__name__)


def check_option(name: str, value: str, allowed: Sequence[str]) -> None:
    """An InputError with the nearest choice unless a value is one of those allowed."""
    if value not in allowed:
        near = get_close_matches(str(value), allowed, 1)
        raise InputError(
            f"{name} is {value!r}",
            expected="one of: " + ", ".join(allowed),
            suggestion=f"{name}={near[0]!r}" if near else "",
        )


def _target(program: Program, name: str) -> Symbol | Named:
    value = program.bindings.get(name)
    if value is not None:
        return named(name, value)
    found = program.variables.get(name)
    if found is None:
        raise InputError(
            f"there is no variable {name} to derive by",
            found="variables " + (", ".join([*program.variables, *program.bindings]) or "none"),
        )
    if "integer" in found.properties:
        raise InputError(
            f"{name} is an index, a whole number: there is no derivative by it",
            source=name,
            span=Span(0, len(name)),
            origin="wrt",
        )
    if "constant" in found.properties:
        raise InputError(
            f"{name} is declared constant: there is no derivative by it",
            source=name,
            span=Span(0, len(name)),
            origin="wrt",
            suggestion=f"`{name}: {found.shape}` without `constant`",
        )
    return found


def _check_scalars(targets: Sequence[Symbol | Named]) -> None:
    for target in targets:
        if target.shape.dims:
            raise InputError(
                f"[…] stacks scalars, and {target.name} has the shape {target.shape}",
                suggestion=f'wrt="{target.name}"',
            )


def _kind(kind: str, program: Program) -> Kind:
    scalar = not program.expression.shape.dims
    if kind in SCALAR and not scalar:
        instead, what = ("jvp", "an hvp") if kind == "hvp" else ("jacobian", f"a {kind}")
        raise InputError(
            f"{what} is of a scalar, and the expression has the shape {program.expression.shape}",
            suggestion=f"kind='{instead}', or sum(…) of it",
        )
    if kind == "auto":
        return "gradient" if scalar else "jacobian"
    return kind  # type: ignore[return-value]  # one of KINDS
