"""What an answer means in shapes: a row of n entries, ∂f/∂w_j in place j."""

from __future__ import annotations

from matcalc.derivation.slopes import name_of
from matcalc.expr.nodes import Expr, Shape
from matcalc.pipeline import Solved

NOTED = ("zero", "identity", "scaled identity", "diagonal", "symmetric", "rank one")
"""Structures worth a word."""


def of(solved: Solved, by: Expr | None, written: Expr, structure: str) -> str:
    """A sentence about the shape of an answer and what stands where in it."""
    problem = solved.problem
    if problem.kind == "hessian":
        words = _hessian(by, written)
    elif by is None:
        names = ", ".join(t.name for t in problem.targets)
        words = f"{counted(written.shape)}, by {names} in this order"
    else:
        words = _first(problem.expression.shape, by, written, problem.layout)
    noted = structure in NOTED and written.shape.rank == 2
    return words + (f"; it is {_article(structure)}" if noted else "")


def _article(structure: str) -> str:
    if structure in ("identity", "scaled identity"):
        return f"{'the' if structure == 'identity' else 'a multiple of the'} identity"
    return f"of {structure}" if structure == "rank one" else structure


def _hessian(by: Expr | None, written: Expr) -> str:
    name = name_of(by) if by is not None else "x"
    if written.shape.rank == 0:
        return "a number, the second derivative"
    if written.shape.rank == 2 and by is not None and by.shape.rank == 1:
        return f"{counted(written.shape)}: ∂²f/∂{name}_i∂{name}_j in row i, column j"
    return counted(written.shape)


def _first(shape: Shape, by: Expr, written: Expr, layout: str) -> str:
    name, places = name_of(by), ("i", "j")
    words = counted(written.shape)
    match shape.rank, by.shape.rank:
        case 0, 0:
            return words
        case 0, 1:
            return f"{words}: ∂f/∂{name}_j in place j"
        case 0, 2:
            return f"{words}, as {name}: ∂f/∂{name}_ij in row i, column j"
        case 1, 0:
            return f"{words}: ∂f_i/∂{name} in place i"
        case 1, 1:
            row, column = places if layout == "numerator" else places[::-1]
            return f"{words}: ∂f_i/∂{name}_j in row {row}, column {column}"
        case 2, 0:
            return f"{words}: ∂f_ij/∂{name} in row i, column j"
        case _ if written.shape.rank == 2:
            return f"{words}: a row for each entry of vec(f), a column for each of vec({name})"
        case _:
            return f"{words}: the axes of f, then those of {name}"


def counted(shape: Shape) -> str:
    """A number, a row of n entries, an m×n matrix."""
    dims = [str(d) for d in shape.dims]
    match shape.rank:
        case 0:
            return "a number"
        case 1:
            return f"a {'row' if shape.row else 'column'} of {dims[0]} entries"
        case 2:
            inside = "×".join(d if d.isalnum() else f"({d})" for d in dims)
            return f"a matrix of {inside}"
        case _:
            return f"an array of {'×'.join(d if d.isalnum() else f'({d})' for d in dims)}"
