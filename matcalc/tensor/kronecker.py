"""Kronecker products: a regrouped contraction whose factors fall into two halves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matcalc.expr import build
from matcalc.expr.nodes import Expr
from matcalc.expr.writing import product, transposed
from matcalc.tensor.canonical import contract
from matcalc.tensor.constructors import View
from matcalc.tensor.nodes import Contract, Group

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift


def kronecker(lift: Lift, t: Group) -> Expr | None:
    """A ⊗ B where a grouping of axes is a Kronecker product; None if it is not."""
    whole = t.arg
    if not isinstance(whole, Contract) or any(s > 2 for s in t.sizes) or t.rank > 2:
        return None
    starts = [sum(t.sizes[:i]) for i in range(t.rank)]
    seconds = [s + 1 for s, length in zip(starts, t.sizes, strict=True) if length == 2]
    halves = _halves(whole, starts, seconds)
    if halves is None:
        return None
    columns = starts[1] if t.rank == 2 else whole.rank
    sides = zip(halves, (starts, seconds), strict=True)
    left, right = (_half(lift, whole, half, axes, columns) for half, axes in sides)
    scalars = [lift.column(f) for f, labels in whole.factors if not labels]
    made: Expr = build.kron(left, right)
    return product([*scalars, made]) if scalars else made


def _halves(
    t: Contract, firsts: Sequence[int], seconds: Sequence[int]
) -> tuple[list[View], list[View]] | None:
    """The factors that belong to each operand's axes; None if they cannot be told apart."""
    owner = dict.fromkeys(firsts, 0) | dict.fromkeys(seconds, 1)
    halves: tuple[list[View], list[View]] = ([], [])
    pending = [view for view in t.factors if view[1]]
    while pending:
        ready = [view for view in pending if any(x in owner for x in view[1])]
        if not ready:
            return None
        for view in ready:
            sides = {owner[x] for x in view[1] if x in owner}
            if len(sides) != 1:
                return None
            (side,) = sides
            halves[side].append(view)
            owner.update(dict.fromkeys(view[1], side))
            pending.remove(view)
    return halves


def _half(
    lift: Lift, whole: Contract, views: Sequence[View], axes: Sequence[int], columns: int
) -> Expr:
    """One operand as a matrix or a column; as a row if its one axis is among the columns of the
    result."""
    dims = {axis: whole.dims[axis] for axis in axes}
    expr = lift(contract(views, axes, dims))
    return transposed(expr) if len(axes) == 1 and axes[0] >= columns else expr
