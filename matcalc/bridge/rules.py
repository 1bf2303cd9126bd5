"""Entries of the rule book made by SymPy: the derivative, the LaTeX and the code of a function.

    python -m matcalc.bridge.rules

writes `matcalc/rules/sympy.rules` from `matcalc/bridge/table.py`; a test fails when it is stale.
Since the entries are text like any other, a derivation does not need SymPy to use them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import sympy as sp
from sympy.printing.numpy import SciPyPrinter

from matcalc.bridge.scalars import scalar, total
from matcalc.bridge.table import FUNCTIONS, Row
from matcalc.emit.text import text
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.expr.nodes import Divide, Expr, Neg, Number, Product

FILE: Final = Path(__file__).resolve().parents[1] / "rules" / "sympy.rules"

HEAD: Final = """\
# Element-wise functions from SymPy: `python -m matcalc.bridge.rules` writes this file.

topic sympy: Special functions, from SymPy
"""

IDENTITIES: Final = """\
identity Bessel function of order -1: besselj(-1, x) = -besselj(1, x) where x: R            "the order is not negative"
identity second Bessel function of order -1: bessely(-1, x) = -bessely(1, x) where x: R     "the order is not negative"
identity modified Bessel function of order -1: besseli(-1, x) = besseli(1, x) where x: R    "the order is not negative"
identity second modified Bessel function of order -1: besselk(-1, x) = besselk(1, x) where x: R   "the order is not negative"
identity exponential integral of order 0: expint(0, x) = exp(-x) / x where x: R             "an elementary function"
"""  # noqa: E501  # a rule is a line

DOUBLES: Final = ("polygamma", "lambertw", "factorial")
"""Functions of SciPy that have no single precision; with a whole degree no function has."""

REPLACED: Final = {"scipy.special.": "sp.", "scipy.constants.pi": "np.pi", "numpy.": "np."}


def rules() -> str:
    """The whole file."""
    entries = [entry(name, row) for name, rows in FUNCTIONS.items() for row in rows]
    return "\n\n".join([HEAD.strip(), *entries, IDENTITIES])


def entry(name: str, row: Row) -> str:
    """The entry of one function, with what SymPy says of it."""
    symbols = {p: sp.Symbol(p) for p in row.params.split()}
    value = getattr(sp, row.sympy or name)(*symbols.values())
    slopes = {p: slope(value, p, symbols) for p in symbols}
    ruled = any(s is not None for s in slopes.values())
    heading = ", ".join(f"{p}: R" if ruled and slopes[p] is None else p for p in symbols)
    lines = [
        f"function {name}({heading}): elementwise",
        f'title "{row.title}"',
        *([f'domain "{row.domain}"'] if row.domain else []),
        f'latex "{row.latex or latex(value, symbols)}"',
        f'numpy "{code(row, value)}"',
        'source "SymPy"',
    ]
    terms = [
        along(slope, build.symbol(f"d{p}")) for p, slope in slopes.items() if slope is not None
    ]
    if terms:
        lines.append(f"d {name}({', '.join(symbols)}) = {text(total(terms))}")
    return "\n    ".join(lines)


def along(slope: Expr, dx: Expr) -> Expr:
    """slope dx, with dx above the line of a quotient."""
    match slope:
        case Neg(arg=arg):
            return build.neg(along(arg, dx))
        case Product(factors=factors):
            return build.product([*factors, dx])
        case Divide(numerator=Number(value=value), denominator=below) if value == 1:
            return build.divide(dx, below)
        case Divide(numerator=above, denominator=below):
            return build.divide(along(above, dx), below)
        case _:
            return build.product([slope, dx])


def slope(value: Any, param: str, symbols: dict[str, Any]) -> Expr | None:
    """The derivative by a parameter in the language; None if SymPy has none that can be said."""
    names = {s: build.symbol(p) for p, s in symbols.items()}
    try:
        return scalar(sp.diff(value, symbols[param]), names)
    except InputError:
        return None


def latex(value: Any, symbols: dict[str, Any]) -> str:
    """SymPy's LaTeX as a template."""
    return str(sp.latex(value, symbol_names={s: f"<{p}>" for p, s in symbols.items()}))


def code(row: Row, value: Any) -> str:
    """SymPy's SciPy code as a template; what answers in doubles whatever it is given is cast."""
    written = row.code or str(SciPyPrinter({"fully_qualified_modules": True}).doprint(value))
    for old, new in REPLACED.items():
        written = written.replace(old, new)
    if written.startswith("(") and written.endswith(")"):
        written = written[1:-1]
    doubles = "a whole number" in row.domain or any(name in written for name in DOUBLES)
    call = written.endswith((")", "]")) and written.count("(") == 1
    held = written if call else f"({written})"
    return f"{held}.astype(dtype)" if doubles else written


def main(arguments: Sequence[str] = ()) -> None:
    """Write the file; with `--print` to standard output."""
    if "--print" in arguments:
        sys.stdout.write(rules())
    else:
        FILE.write_text(rules(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
