"""Unit vectors beside matrices, read as rows and columns: e(i)' A is A[i, :]."""

from __future__ import annotations

from matcalc.expr import build
from matcalc.expr.nodes import Call, Expr, Named, Symbol, Transpose


def with_entries(factors: list[Expr]) -> list[Expr]:
    """e(i)' A is the row A[i, :] and A e(j) the column A[:, j], where A has a name or is a call."""
    if not any(_unit(f) for f in factors):
        return factors
    result: list[Expr] = []
    for factor in factors:
        place = _unit(factor)
        other = _unit(result[-1]) if result else None
        if place is not None and result and not factor.shape.row and _has_entries(result[-1]):
            result[-1] = _line(result[-1], place, column=True)
        elif other is not None and result[-1].shape.row and _has_entries(factor):
            result[-1] = _line(factor, other, column=False)
        else:
            result.append(factor)
    return result


def _unit(expr: Expr) -> Expr | None:
    """The place i of the unit vector e(i), as a column or a row."""
    bare = expr.arg if isinstance(expr, Transpose) else expr
    return bare.args[0] if isinstance(bare, Call) and bare.name == "e" else None


def _has_entries(expr: Expr) -> bool:
    """Whether rows and columns of a matrix are written with an index after it."""
    bare = expr.arg if isinstance(expr, Transpose) else expr
    return bare.shape.rank == 2 and isinstance(bare, Symbol | Named | Call)


def _line(matrix: Expr, place: Expr, column: bool) -> Expr:
    """A column of a matrix, as a column, or a row of it, as a row."""
    if isinstance(matrix, Transpose):
        return build.transpose(_line(matrix.arg, place, not column))
    return build.index(matrix, [None, place] if column else [place, None])
