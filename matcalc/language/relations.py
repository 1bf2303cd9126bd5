"""What the operators mean for shapes: tables of kinds and dimensions, and the relations that no
table says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from matcalc.dims import ONE, ZERO, Dim, number
from matcalc.language.types import (
    ANY,
    COLUMN,
    MATRIX,
    MAX_RANK,
    ROW,
    SCALAR,
    VECTORS,
    Alternative,
    ClashError,
    Constraint,
    Solver,
    Type,
    kind_of,
    rank_of,
)

_S, _C, _R, _M = SCALAR, COLUMN, ROW, MATRIX


def _table(*rows: tuple[str, ...]) -> tuple[Alternative, ...]:
    """Rows like ("M:ab", "C:b", "C:a"): a kind and its dimensions' labels for each type."""
    letters = {"S": _S, "C": _C, "R": _R, "M": _M}
    made = []
    for row in rows:
        parts = [part.partition(":") for part in row]
        made.append(
            (
                tuple(letters[head] for head, _, _ in parts),
                tuple(tuple(labels) for _, _, labels in parts),
            )
        )
    return tuple(made)


_PRODUCTS: Final = _table(
    ("R:a", "C:a", "S"),
    ("C:a", "R:b", "M:ab"),
    ("M:ab", "C:b", "C:a"),
    ("R:a", "M:ab", "R:b"),
    ("M:ab", "M:bc", "M:ac"),
)

_DOTS: Final = _table(
    ("C:a", "C:a", "S"),
    ("R:a", "R:a", "S"),
    ("R:a", "C:a", "S"),
    ("C:a", "R:a", "S"),
    ("M:ab", "C:b", "C:a"),
    ("C:a", "M:ab", "C:b"),
    ("R:a", "M:ab", "R:b"),
    ("M:ab", "M:bc", "M:ac"),
)

TRANSPOSES: Final = _table(("S", "S"), ("C:a", "R:a"), ("R:a", "C:a"), ("M:ab", "M:ba"))
INVERSES: Final = _table(("S", "S"), ("C:a", "C:a"), ("R:a", "R:a"), ("M:aa", "M:aa"))
SOLUTIONS: Final = _table(("M:aa", "C:a", "C:a"), ("M:aa", "M:ab", "M:ab"))
INNER: Final = _table(
    ("C:a", "C:a", "S"),
    ("R:a", "R:a", "S"),
    ("R:a", "C:a", "S"),
    ("C:a", "R:a", "S"),
    ("M:ab", "M:ab", "S"),
)
POWERS: Final = _table(
    ("S", "S", "S"),
    ("C:a", "S", "C:a"),
    ("R:a", "S", "R:a"),
    ("C:a", "C:a", "C:a"),
    ("R:a", "R:a", "R:a"),
    ("S", "C:a", "C:a"),
    ("S", "R:a", "R:a"),
    ("M:aa", "S", "M:aa"),
)


def _scalings(limit: int) -> list[Alternative]:
    """A scalar times anything, up to a rank."""
    made: list[Alternative] = []
    for kind in (_S, _C, _R, *(kind_of(rank) for rank in range(2, limit + 1))):
        labels = tuple(f"a{axis}" for axis in range(rank_of(kind)))
        made.append(((_S, kind, kind), ((), labels, labels)))
        if kind != _S:
            made.append(((kind, _S, kind), (labels, (), labels)))
    return made


@cache
def products(limit: int = 2, contracts: bool = False) -> tuple[Alternative, ...]:
    """Juxtaposition; with `contracts` the operator `·`: of two vectors the inner product."""
    rows = [*_scalings(limit), *(_DOTS if contracts else _PRODUCTS)]
    if contracts:
        rows += [
            _contraction(a, b)
            for a in range(1, limit + 1)
            for b in range(1, limit + 1)
            if max(a, b) > 2
        ]
    return tuple(rows)


def _contraction(left: int, right: int) -> Alternative:
    """The last axis of one array with the first of another."""
    a = [f"a{axis}" for axis in range(1, left)]
    b = [f"b{axis}" for axis in range(1, right)]
    labels: tuple[tuple[str, ...], ...] = ((*a, "z"), ("z", *b), (*a, *b))
    return (kind_of(left), kind_of(right), kind_of(left + right - 2)), labels


@cache
def krons() -> tuple[Alternative, ...]:
    """Kronecker products; the sizes are products of sizes."""
    from matcalc.dims import named

    made: list[Alternative] = [
        ((_C, _C, _C), ("a", "b", (named("a") * named("b"),))),
        ((_R, _R, _R), ("a", "b", (named("a") * named("b"),))),
    ]
    shapes = {_C: ("a", ""), _R: ("", "b"), _M: ("a", "b")}
    for left in (_C, _R, _M):
        for right in (_C, _R, _M):
            if left == right != _M:
                continue
            (a, b), (c, d) = (
                shapes[left],
                (each.replace("a", "c").replace("b", "d") for each in shapes[right]),
            )
            rows = _times(a, c)
            columns = _times(b, d)
            made.append(((left, right, _M), ((*a, *b), (*c, *d), (rows, columns))))
    return tuple(made)


def _times(*labels: str) -> Dim:
    from matcalc.dims import named

    total = ONE
    for label in labels:
        total = total * named(label) if label else total
    return total


class Indexing(Constraint):
    """An entry, a row, a column: types are the array and the result; `whole` says where the colons
    are.
    """

    __slots__ = ("whole",)

    def __init__(self, place: object, types: Sequence[Type], whole: tuple[bool, ...]) -> None:
        super().__init__(place, types)
        self.whole = whole

    def run(self, solver: Solver) -> None:
        arg, result = self.types
        rank = len(self.whole)
        solver.narrow(arg, VECTORS if rank == 1 else kind_of(rank))
        if arg.dims is None:
            solver.narrow(result, VECTORS if self.whole[0] else SCALAR)
            return
        left = tuple(dim for dim, whole in zip(arg.dims, self.whole, strict=True) if whole)
        row = len(left) == 1 and (self.whole[-1] if rank == 2 else arg.mask == ROW)
        solver.narrow(result, kind_of(len(left), row))
        assert result.dims is not None
        solver.unify_all(result.dims, left)


class Listing(Constraint):
    """[a, b, c]: of scalars a column, of rows a matrix; `literal` says which items are lists
    themselves.
    """

    __slots__ = ("literal",)

    def __init__(self, place: object, types: Sequence[Type], literal: tuple[bool, ...]) -> None:
        super().__init__(place, types)
        self.literal = literal

    def run(self, solver: Solver) -> None:
        *items, result = self.types
        rows = all(
            item.mask & (VECTORS if literal else ROW)
            for item, literal in zip(items, self.literal, strict=True)
        )
        scalars = all(item.mask & SCALAR for item in items)
        solver.narrow(result, (COLUMN if scalars else 0) | (MATRIX if rows else 0))
        for item, literal in zip(items, self.literal, strict=True):
            vector = VECTORS if literal else ROW
            solver.narrow(
                item,
                (SCALAR if result.mask & COLUMN else 0) | (vector if result.mask & MATRIX else 0),
            )
        if result.dims is None:
            return
        solver.unify(result.dims[0], number(len(items)))
        for item in items:
            if result.mask == MATRIX and item.dims is not None:
                solver.unify(item.dims[0], result.dims[1])


class Along(Constraint):
    """A function along vectors: a reduction or a map, of the whole or along an axis.

    The types are the arguments, of one shape, and the result.
    """

    __slots__ = ("axis", "reduces")

    def __init__(
        self, place: object, types: Sequence[Type], axis: int | None, reduces: bool
    ) -> None:
        super().__init__(place, types)
        self.axis = axis
        self.reduces = reduces

    def run(self, solver: Solver) -> None:
        first, *rest = self.types[:-1]
        result = self.types[-1]
        lowest = ANY if self.axis is None and self.reduces else ANY & ~SCALAR
        if self.axis is None and not self.reduces:
            lowest = VECTORS
        for arg in self.types[:-1]:
            solver.narrow(arg, lowest & first.mask)
        if self.reduces and self.axis is None:
            solver.narrow(result, SCALAR)
        elif not self.reduces:
            solver.narrow(result, first.mask)
            solver.narrow(first, result.mask)
        if first.dims is None:
            return
        for other in rest:
            if other.dims is not None:
                solver.unify_all(other.dims, first.dims)
        self._result(solver, first, result)

    def _result(self, solver: Solver, arg: Type, result: Type) -> None:
        assert arg.dims is not None
        rank = len(arg.dims)
        if self.axis is not None and not -rank <= self.axis < rank:
            raise ClashError
        left: tuple[Dim, ...] = arg.dims
        if self.reduces:
            left = (
                ()
                if self.axis is None
                else (*left[: self.axis % rank], *left[self.axis % rank + 1 :])
            )
        solver.narrow(result, kind_of(len(left), arg.mask == ROW and not self.reduces))
        assert result.dims is not None
        solver.unify_all(result.dims, left)


class Stacking(Constraint):
    """hstack, vstack, blockdiag; a column counts as a matrix of one column, a scalar as 1×1."""

    __slots__ = ("how",)

    def __init__(self, place: object, types: Sequence[Type], how: str) -> None:
        super().__init__(place, types)
        self.how = how

    def run(self, solver: Solver) -> None:
        *blocks, result = self.types
        for block in blocks:
            solver.narrow(block, SCALAR | VECTORS | MATRIX)
        if any(block.dims is None for block in blocks):
            return
        flat = {"hstack": ROW, "vstack": COLUMN}.get(self.how, 0)
        kinds = {block.mask for block in blocks}
        extents = [_extent(block) for block in blocks]
        if self.how == "blockdiag":
            rows = sum((r for r, _ in extents), ZERO)
            columns = sum((c for _, c in extents), ZERO)
        else:
            across = 0 if self.how == "hstack" else 1
            for extent in extents[1:]:
                solver.unify(extent[across], extents[0][across])
            total = sum((extent[1 - across] for extent in extents), ZERO)
            rows, columns = (
                (extents[0][0], total) if self.how == "hstack" else (total, extents[0][1])
            )
        if flat and kinds <= {SCALAR, flat}:
            solver.narrow(result, flat)
            dims: tuple[Dim, ...] = (columns if flat == ROW else rows,)
        else:
            solver.narrow(result, MATRIX)
            dims = (rows, columns)
        assert result.dims is not None
        solver.unify_all(result.dims, dims)


def _extent(block: Type) -> tuple[Dim, Dim]:
    """Rows and columns of a block."""
    assert block.dims is not None
    if block.mask == MATRIX:
        return block.dims[0], block.dims[1]
    if block.mask == SCALAR:
        return ONE, ONE
    return (block.dims[0], ONE) if block.mask == COLUMN else (ONE, block.dims[0])


class Differentiating(Constraint):
    """grad, jacobian, hessian: types are the expression, the variable, the result."""

    __slots__ = ("how",)

    def __init__(self, place: object, types: Sequence[Type], how: str) -> None:
        super().__init__(place, types)
        self.how = how

    def run(self, solver: Solver) -> None:
        value, variable, result = self.types
        if self.how != "jacobian":
            solver.narrow(value, SCALAR)
        if value.dims is None or variable.dims is None:
            return
        dims = variable.dims * 2 if self.how == "hessian" else variable.dims
        dims = value.dims + dims if self.how == "jacobian" else dims
        if len(dims) > MAX_RANK:
            raise ClashError
        solver.narrow(result, kind_of(len(dims)))
        assert result.dims is not None
        solver.unify_all(result.dims, dims)
