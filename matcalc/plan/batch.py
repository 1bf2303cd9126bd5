"""Proof that an axis is a batch axis, so that its rows may be computed in blocks.

Along a batch axis every value is a *constant*, without that axis; a *row* quantity, whose row i
needs row i of the inputs and constants alone; a *total*, a sum over all rows; or comes *after*,
from totals and constants.  Blocks of rows then give the same rows, and sums of blocks the totals:
the data are read from memory once, and what is computed of a block stays in the cache.  What needs
all rows at once, as a maximum over them or rows minus their mean, has no such proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from matcalc.dims import Dim
from matcalc.plan.cost import entries, size
from matcalc.plan.functions import Called
from matcalc.plan.values import ATOMIC, PRODUCTS, VIEWS, Value

Role = Literal["constant", "row", "total", "after"]

LARGE: Final = 2**18
"""Entries of the largest row input from which blocks are worth their loop."""

BLOCK: Final = 2**18
"""Entries of a block of the largest row input: what stays in a cache until it is read again."""

FEWEST, MOST = 256, 8192
"""Rows of a block: fewer do not pay for the calls, more do not fit with what is made of them."""

_ELEMENTWISE: Final = frozenset("neg add mul div pow compare cast where abs log".split())


@dataclass(frozen=True)
class Batch:
    """A batch axis: the dimension, how many rows a block has, and what each value is along it."""

    dim: Dim
    rows: int
    roles: Mapping[Value, Role]
    axes: Mapping[Value, int]


def batch(
    values: Sequence[Value], outputs: Sequence[Value], sizes: Mapping[str, int]
) -> Batch | None:
    """The largest batch axis, if its rows are many and more than one thing is done with them."""
    inputs = [value for value in values if value.op == "input"]
    dims = {dim for value in inputs for dim in value.dims if dim.name in sizes}
    for dim in sorted(dims, key=lambda d: (-size(d, sizes), str(d))):
        largest = max(entries(v, sizes) for v in inputs if dim in v.dims)
        if largest < LARGE:
            continue
        proof = _Proof(dim)
        if not all(proof.add(value) for value in values) or not proof.holds(outputs):
            continue
        width = largest / size(dim, sizes)
        rows = min(MOST, 1 << (max(1, int(BLOCK / width)).bit_length() - 1))
        if rows >= FEWEST and size(dim, sizes) >= 4 * rows:
            return Batch(dim, rows, proof.roles, proof.axes)
    return None


class _Proof:
    """The role of each value along one dimension; `axes` are those of row quantities."""

    def __init__(self, dim: Dim) -> None:
        self.dim = dim
        self.roles: dict[Value, Role] = {}
        self.axes: dict[Value, int] = {}

    def holds(self, outputs: Sequence[Value]) -> bool:
        """Whether blocks can be joined, and spare anything: totals are numbers and vectors."""
        rows = [v for v, role in self.roles.items() if role == "row"]
        totals = [v for v, role in self.roles.items() if role == "total"]
        made = [v for v in rows if v.op not in ATOMIC | VIEWS]
        return (
            len(made) + len(totals) > 2
            and all(len(value.dims) < 2 for value in totals)
            and all(self.axes.get(value, 0) == 0 for value in outputs)
        )

    def add(self, value: Value) -> bool:
        """Whether a value has a role, the operands having theirs."""
        role = self._role(value)
        if role is None:
            return False
        self.roles[value] = role
        if role == "row" and value.dims[self.axes[value]] is not self.dim:
            return False
        named = any(d.names & self.dim.names for d in value.dims)
        return role == "row" or not named

    def _role(self, value: Value) -> Role | None:
        if value.op in ATOMIC:
            if value.op != "input" or self.dim not in value.dims:
                return "constant"
            self.axes[value] = value.dims.index(self.dim)
            return "row" if value.dims.count(self.dim) == 1 else None
        roles = {self.roles[arg] for arg in value.args}
        if "row" not in roles:
            return "after" if roles & {"total", "after"} else "constant"
        if roles & {"total", "after"}:
            return None
        return self._of_rows(value)

    def _of_rows(self, value: Value) -> Role | None:
        """The role of a value with rows among its operands."""
        places = [self.axes.get(arg) for arg in value.args]
        elementwise = isinstance(value.data, Called) and value.data.entry.mode == "elementwise"
        if value.op in _ELEMENTWISE or (value.op == "call" and elementwise):
            ends = {
                place - len(arg.dims)
                for place, arg in zip(places, value.args, strict=True)
                if place is not None
            }
            return self._row(value, len(value.dims) + ends.pop()) if len(ends) == 1 else None
        if value.op in PRODUCTS:
            return self._of_product(value, places)
        match value.op, places:
            case "transpose", [int(place)]:
                return self._row(value, 1 - place)
            case "expand", [int(place)]:
                return self._row(value, place)
            case "vdot", [int(first), int(second)] if first == second:
                return "total"
            case "sum", [int(place)] if value.data is None or value.data == place:
                return "total"
            case (("sum" | "max"), [int(place)]) if isinstance(value.data, int):
                later = value.data < place
                return self._row(value, place - later) if value.data != place else None
            case _:
                return None

    def _of_product(self, value: Value, places: list[int | None]) -> Role | None:
        """The role of a product of matrices and vectors with rows among its operands."""
        last = len(value.args[0].dims) - 1
        match places:
            case [int(place), None] if place < last:
                return self._row(value, place)
            case [None, int(place)] if place > 0:
                return self._row(value, last)
            case [int(first), 0] if first == last:
                return "total"
            case _:
                return None

    def _row(self, value: Value, axis: int) -> Role:
        self.axes[value] = axis
        return "row"
