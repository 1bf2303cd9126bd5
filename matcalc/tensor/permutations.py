"""Three axes and more on a side: a Kronecker product, and commutation matrices for the order.

The parts of vec(A ⊗ X) are vec(A) and vec(X), but its axes are the columns of both, then the rows
of both: vec(A ⊗ X) = (I ⊗ K ⊗ I) (vec(A) ⊗ vec(X)).  Each block of axes that has to pass another
one is such a commutation matrix.  Magnus & Neudecker, Matrix Differential Calculus, sec. 3.7,
theorem 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Final

from matcalc.dims import ONE, Dim
from matcalc.expr import build
from matcalc.expr.nodes import Expr
from matcalc.expr.writing import cost, product, transposed
from matcalc.tensor.canonical import contract, group
from matcalc.tensor.components import parts, touches
from matcalc.tensor.constructors import View
from matcalc.tensor.ladder import commutation, is_identity

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift

LOOSE: Final = 3
"""At most so many parts that touch rows alone are tried in every place."""

SWAPS: Final = 3
"""More commutation matrices than these are no form to read."""

Axes = tuple[int, ...]
Sides = tuple[Axes, Axes]
"""The axes of a part among the rows, and among the columns."""

Swap = tuple[Axes, Axes, Axes, Axes]
"""P, B, C and S of P B C S, which becomes P C B S."""


def permuted(
    lift: Lift, views: Sequence[View], rows: Axes, columns: Axes, dims: Mapping[int, Dim]
) -> Expr | None:
    """The factors as a Kronecker product of their parts, in the order of the columns, and the
    commutation matrices that bring the rows into theirs; None if there is no such form."""
    bare = [x for x in (*rows, *columns) if not touches(views, (x,))]
    views = [*views, *((contract([], (0,), {0: dims[x]}), (x,)) for x in bare)]
    ways: list[tuple[list[list[View]], list[Sides], list[Swap]]] = []
    for order in _orders(parts(views), columns):
        sides = [(_of(part, rows), _of(part, columns)) for part in order]
        if tuple(x for _, across in sides for x in across) != columns:
            continue
        found = swaps(tuple(x for down, _ in sides for x in down), rows)
        if found is not None and all(len(axes) <= 2 for side in sides for axes in side):
            ways.append((order, sides, found))
    fewest = max(1, min((len(found) for *_, found in ways), default=0))
    made = [_put_together(lift, *way, dims) for way in ways if len(way[-1]) <= fewest]
    return min(made, key=lambda way: (way[1], cost(way[0])))[0] if made else None


def _orders(together: Sequence[list[View]], columns: Axes) -> Iterator[list[list[View]]]:
    """The parts in the order of their columns, those without columns in every place."""
    fixed = [part for part in together if touches(part, columns)]
    loose = [part for part in together if part not in fixed]
    fixed.sort(key=lambda part: min(_of(part, columns)))
    if len(loose) > LOOSE:
        return
    orders = [fixed]
    for part in loose:
        orders = [[*o[:place], part, *o[place:]] for o in orders for place in range(len(o) + 1)]
    yield from orders


def _of(part: Sequence[View], axes: Axes) -> Axes:
    """The axes that a part touches, of some."""
    return tuple(x for x in axes if touches(part, (x,)))


def _put_together(
    lift: Lift,
    order: Sequence[Sequence[View]],
    sides: Sequence[Sides],
    turns: Sequence[Swap],
    dims: Mapping[int, Dim],
) -> tuple[Expr, int]:
    """The product, and the number of parts in its Kronecker product."""
    matrices: list[Expr] = []
    for part, (down, across) in zip(order, sides, strict=True):
        sizes = tuple(len(x) for x in (down, across) if x)
        made = lift(group(contract(part, (*down, *across), dims), sizes))
        matrices.append(made if down else transposed(made))
    merged = _merged(matrices)
    swapped = [_kron(_swapping(turn, dims)) for turn in reversed(turns)]
    return product([*swapped, _kron(merged)]), len(merged)


def _swapping(turn: Swap, dims: Mapping[int, Dim]) -> list[Expr]:
    """I ⊗ K ⊗ I, without what has no axes."""
    before, first, second, after = (_length(dims, block) for block in turn)
    crossed = commutation(second, first)
    left = [build.eye(before)] if turn[0] else []
    return [*left, crossed, build.eye(after)] if turn[3] else [*left, crossed]


def _kron(matrices: Sequence[Expr]) -> Expr:
    return reduce(lambda a, b: build.kron(a, b), matrices)


def _merged(matrices: Sequence[Expr]) -> list[Expr]:
    """Matrices of a Kronecker product; identities side by side are one."""
    made: list[Expr] = []
    for part in matrices:
        if made and is_identity(part) and is_identity(made[-1]):
            made[-1] = build.eye(made[-1].shape.dims[0] * part.shape.dims[0])
        else:
            made.append(part)
    return made


def _length(dims: Mapping[int, Dim], axes: Axes) -> Dim:
    total = ONE
    for axis in axes:
        total = total * dims[axis]
    return total


def swaps(given: Axes, wanted: Axes) -> list[Swap] | None:
    """Exchanges of neighbouring blocks that bring axes into an order, one after the other; None if
    they are too many."""
    made: list[Swap] = []
    while given != wanted:
        if len(made) == SWAPS:
            return None
        swap = _last_swap(given, wanted) or _next_swap(given, wanted)
        before, first, second, after = swap
        given = (*before, *second, *first, *after)
        made.append(swap)
    return made


def _last_swap(given: Axes, wanted: Axes) -> Swap | None:
    """The one exchange that is missing, if it is one."""
    start = next(i for i, (a, b) in enumerate(zip(given, wanted, strict=True)) if a != b)
    end = len(given)
    while given[end - 1] == wanted[end - 1]:
        end -= 1
    for middle in range(start + 1, end):
        if given[middle:end] + given[start:middle] == wanted[start:end]:
            return given[:start], given[start:middle], given[middle:end], given[end:]
    return None


def _next_swap(given: Axes, wanted: Axes) -> Swap:
    """The exchange that brings the longest block to the first place that is wrong."""
    start = next(i for i, (a, b) in enumerate(zip(given, wanted, strict=True)) if a != b)
    middle = given.index(wanted[start])
    length = 1
    while given[middle : middle + length + 1] == wanted[start : start + length + 1]:
        length += 1
    return (
        given[:start],
        given[start:middle],
        given[middle : middle + length],
        given[middle + length :],
    )
