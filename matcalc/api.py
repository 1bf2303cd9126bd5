"""What a person calls: a text becomes an expression, and an expression its derivative.

parse ──▶ lower ──▶ differentiate ──▶ simplify ──▶ lift ──▶ Derivation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matcalc.budget import DEFAULT, limited, within_limit
from matcalc.directions import Choice
from matcalc.expr.nodes import free_symbols, unknown_functions
from matcalc.expression import Expression
from matcalc.handed_in import book_of, rules_of
from matcalc.language import parse_program
from matcalc.pipeline import solve
from matcalc.question import KINDS, LAYOUTS, asked, check_option, check_text, declared, wanted
from matcalc.result import Derivation, whole


def parse(
    text: str,
    shapes: Mapping[str, str] | None = None,
    *,
    dialect: str = "matcalc",
    rules: str | None = None,
    limit: float | None = DEFAULT,
) -> Expression:
    """The typed expression of a text in the language.

    shapes   Declarations by name ({"X": "R^(m×n)", "S": "n×n spd"}).
    dialect  matcalc, or matlab, where * is the product of linear algebra.
    rules    Functions beside those of the rule book, in its language; see `derive`.
    limit    Seconds that it may take; None for no limit.
    Raises   InputError, whose str is a diagnostic with the place; LimitError.
    """
    check_text("the expression", text)
    with limited(limit):
        program = parse_program(text, declared(shapes), dialect=dialect, rules=rules_of(rules))
        return whole(program, book_of(program))


def from_sympy(expr: Any) -> Expression:
    """The expression of a SymPy scalar or matrix expression; `derive` takes it like a text.

    A MatrixSymbol of one column is a vector, one of one row a row.
    Raises   InputError for what the language cannot say.
    """
    from matcalc.bridge.imports import from_sympy  # loads SymPy

    node = from_sympy(expr)
    return Expression(node, tuple(free_symbols(node).values()), unknown_functions((node,)))


@within_limit
def derive(
    expr: str | Expression,
    wrt: str | Sequence[str],
    *,
    kind: str = "auto",
    shapes: Mapping[str, str] | None = None,
    layout: str = "numerator",
    dialect: str = "matcalc",
    simplify: bool = True,
    direction: Choice = None,
    rules: str | None = None,
    functions: Mapping[str, Any] | None = None,
    limit: float | None = DEFAULT,
) -> Derivation:
    """The derivative of an expression, with how it was found.

    expr     A program of the language; a derivative may also be taken by a name that it binds.
             Or an Expression, whose variables are then declared.
    wrt      A name, several ("W, b" or a list: a tuple of derivatives), or "[x, y]", scalars as
             one vector.
    kind     auto (gradient of a scalar, Jacobian otherwise), gradient, jacobian, hessian, or
             differential (linear in dX), jvp (J v), vjp (u' J), hvp (H v).
    shapes   Declarations by name; what is not declared is inferred.
    layout   How the result is written: numerator (the gradient by a column is a row) or
             denominator (a column).  By a matrix a gradient has the shape of the matrix; where
             there are more than two axes, the matrix between vec(variable) and vec(result).
    dialect  matcalc, or matlab, where * is the product of linear algebra.
    simplify False leaves out the search for a shorter form.
    direction The names of the directions: one ("p"; of several variables p_W, p_b), or by variable
             ({"W": "P"}); without it dX of a differential, v of jvp and hvp, u of vjp.
    rules    Functions beside those of the rule book, in its language: `function f(x): elementwise`,
             `define f(x) = …`, `d f(x) = … dx`; or the two lines alone, for a function that the
             program declares.  A differential is checked against the definition; without one it is
             taken on trust, and `assumptions` says so.
    functions Functions as SymPy has them, {"f": sympy.Lambda(x, x**2)}, applied to every entry.
    limit    Seconds that it may take, and each use of what comes back; None for no limit.
    Raises   InputError for a wrong input, DerivationError if there is no derivative or no rule,
             LimitError if it takes longer than its limit.

    Source: T. Parr, J. Howard, The Matrix Calculus You Need For Deep Learning, arXiv 1802.01528.
    """
    options = {**locals()}  # kept, since a derivation that is unpickled is derived again
    if isinstance(expr, Expression):
        shapes = {**expr.declarations(), **(declared(shapes) or {})}
        expr = str(expr)
    check_text("the expression", expr)
    check_option("layout", layout, LAYOUTS)
    check_option("kind", kind, KINDS)
    names, stacked = wanted(wrt)
    own = rules_of(rules, functions)
    program = parse_program(expr, declared(shapes), wrt=names, dialect=dialect, rules=own)
    problem, along = asked(
        program, names, stacked, kind=kind, layout=layout, simplify=simplify, direction=direction
    )
    again = partial(derive, **{**options, "expr": expr, "shapes": dict(shapes or {})})
    return Derivation(program, names, solve(problem, book_of(program)), along, limit, again)
