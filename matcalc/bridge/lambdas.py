"""A user's `sympy.Lambda` as a function of the language: its rule is what SymPy says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from matcalc.bridge.rules import along
from matcalc.bridge.scalars import scalar, total
from matcalc.emit.text import text
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.language import canonical


def rules_of(functions: Mapping[str, Any]) -> str:
    """Entries of a rule book, for `derive(..., rules=...)`; InputError for what is no Lambda."""
    if not isinstance(functions, Mapping):
        raise InputError(
            "functions are given by name",
            found=type(functions).__name__,
            suggestion='functions={"f": sympy.Lambda(x, expr)}',
        )
    return "\n\n".join(_entry(name, function) for name, function in functions.items())


def _entry(name: str, function: Any) -> str:
    if not isinstance(function, sp.Lambda):
        raise InputError(
            f"the function {name} is a sympy.Lambda of scalars",
            found=type(function).__name__,
            suggestion="unknown functions are declared, f: R -> R, and given as Python code to "
            "d.function",
        )
    variables = [v for v in function.variables if v.is_Symbol]
    free = function.free_symbols
    if len(variables) != len(function.variables) or free:
        raise InputError(
            f"the function {name} depends on its variables alone",
            found=", ".join(sorted(map(str, free))) or "a variable that is no symbol",
            suggestion="make these variables of the Lambda, too",
        )
    names = [canonical(v.name) for v in variables]
    if len(set(names)) < len(names) or not all(n.isidentifier() for n in names):
        raise InputError(f"the variables of {name} are names, each once", found=", ".join(names))
    reals = [sp.Symbol(n, real=True) for n in names]
    body = function(*reals)
    symbols = {v: build.symbol(v.name) for v in reals}
    slopes = [along(scalar(_slope(body, v), symbols), build.symbol(f"d{v.name}")) for v in reals]
    head = f"{name}({', '.join(names)})"
    return "\n    ".join(
        [
            f"function {head}: elementwise",
            f'title "{name}, as a sympy.Lambda says"',
            'source "SymPy"',
            f"define {head} = {text(scalar(body, symbols))}",
            f"d {head} = {text(total(slopes))}",
        ]
    )


def _slope(body: Any, variable: Any) -> Any:
    """The derivative; the step of a kink, as of Max, is 0 at the kink itself."""
    return sp.diff(body, variable).replace(sp.Heaviside, lambda z, *_: sp.Heaviside(z, 0))
