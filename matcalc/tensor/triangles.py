"""vech() between grouped axes: the duplication and the elimination matrix.

The basis of vech, B[k,i,j] = 1 where the entry (i, j) of a matrix is the k-th of its lower
triangle, is the elimination matrix L of L vec(X) = vech(X) with its columns apart.  Where its axis
k is all that the rows or the columns of a matrix are, the matrix is L M, or M L', and M has the
axes j and i there.  Magnus & Neudecker, Matrix Differential Calculus, sec. 3.8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matcalc.dims import Dim
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.expr.writing import transposed
from matcalc.tensor.canonical import contract, delta
from matcalc.tensor.constructors import View
from matcalc.tensor.leaves import is_vech_basis
from matcalc.tensor.nodes import Contract, Group, Sum
from matcalc.tensor.structural import vech_matrix


def named(t: Group) -> Expr | None:
    """The duplication and the elimination matrix, and their transposes, by name."""
    inside = [t.arg, *(f for f, _ in t.arg.factors)] if isinstance(t.arg, Contract) else [t.arg]
    if isinstance(t.arg, Sum):
        inside = [f for _, a, _ in t.arg.terms if isinstance(a, Contract) for f, _ in a.factors]
        inside += [a for _, a, _ in t.arg.terms]
    basis = next((f for f in inside if is_vech_basis(f)), None)
    if basis is None or t.rank != 2 or sum(t.sizes) != 3:
        return None
    count, n = basis.dims[:2]
    for name in ("duplication", "elimination"):
        matrix = vech_matrix(name, count, n)
        for turned in (False, True):
            if t is (contract([(matrix, (1, 0))], (0, 1)) if turned else matrix):
                shape = Shape(matrix.dims)
                made = build.call(shape, name, [build.size(n)])
                return transposed(made) if turned else made
    return None


@dataclass(frozen=True)
class Apart:
    """What is left when an elimination matrix is split off: the views between `first` axes of rows
    and the others, and the matrix, at the side of the rows or of the columns."""

    views: Sequence[View]
    first: int
    rank: int
    dims: Mapping[int, Dim]
    matrix: Expr
    of_rows: bool


def split(views: Sequence[View], first: int, rank: int, dims: Mapping[int, Dim]) -> Apart | None:
    """An elimination matrix split off that is all of the rows, the axes below `first`, or of the
    columns, the axes from there to `rank`."""
    for axis, alone in ((0, first == 1), (first, rank - first == 1)):
        carrying = [view for view in views if axis in view[1]]
        if alone and len(carrying) == 1 and _stacks(carrying[0], axis):
            rest = [view for view in views if axis not in view[1]]
            return _apart(carrying[0], rest, first, rank, dims)
    return None


def _apart(
    basis: View,
    rest: Sequence[View],
    first: int,
    rank: int,
    dims: Mapping[int, Dim],
) -> Apart:
    """The views with the axis k replaced by j, the slow one, and i, the fast one."""
    t, (k, i, j) = basis
    count, n = t.dims[:2]
    place = {x: x if x < k else x + 1 for x in dims}
    turned = [(other, tuple([place[x] for x in labels])) for other, labels in rest]
    turned += [(delta(n), (axis, place[x])) for axis, x in ((k, j), (k + 1, i))]
    sizes = {place[x]: dim for x, dim in dims.items() if x != k}
    sizes |= dict.fromkeys((k, k + 1), n)
    matrix = build.call(Shape((count, n * n)), "elimination", [build.size(n)])
    of_rows = k == 0
    put = matrix if of_rows else transposed(matrix)
    return Apart(turned, first + of_rows, rank + 1, sizes, put, of_rows)


def _stacks(view: View, axis: int) -> bool:
    """Whether an axis is that of the entries of a triangle: k of B[k,i,j], not i or j."""
    t, labels = view
    return is_vech_basis(t) and labels[0] == axis and axis not in labels[1:]
