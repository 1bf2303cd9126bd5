"""What the rule book says of a function that a plan calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matcalc.dims import Dim
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Call
from matcalc.language.book import Entry, Param, entries

UFUNCS: Final = frozenset(
    "exp log log1p expm1 sqrt abs sign sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh"
    " arccosh arctanh square maximum minimum power".split()
)
"""Universal functions of NumPy: each makes a new array, or writes into the one given as `out`."""

_UFUNC: Final = re.compile(r"np\.(\w+)\([\w, ]*\)")


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a function of the rule book: its entry, which parameters the operands are, the
    sizes that its header names, and `axis` as NumPy counts it."""

    entry: Entry
    params: tuple[str, ...]
    sizes: tuple[tuple[str, Dim], ...]
    axis: int | None

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def is_ufunc(self) -> bool:
        """Whether NumPy computes it by one universal function of the arguments."""
        found = _UFUNC.fullmatch(self.entry.fields.get("numpy", ""))
        return self.entry.mode == "elementwise" and found is not None and found[1] in UFUNCS

    @property
    def left_out(self) -> tuple[Param, ...]:
        """The parameters that are given no operand: their defaults apply."""
        return tuple(p for p in self.entry.params if p.name not in self.params)


def called(node: Call) -> Called:
    """The function that a call means; DerivationError if the rule book has none."""
    entry = overload(node)
    if entry is None:
        raise DerivationError(f"the rule book has no function {node.name} of these arguments")
    params = tuple(param.name for param in entry.params[: len(node.args)])
    sizes = {} if entry.mode == "elementwise" else header_sizes(entry, node)
    return Called(entry, params, tuple(sizes.items()), node.axis)


@lru_cache(maxsize=4096)
def overload(node: Call) -> Entry | None:
    """The entry of the rule book that a call means, by number and ranks of its arguments."""
    found = [entry for entry in entries(node.name) if entry.takes(len(node.args))]
    found.sort(key=lambda entry: _misfits(entry, node))
    return found[0] if found else None


def _misfits(entry: Entry, node: Call) -> int:
    """How many arguments have another rank than the header says."""
    if entry.mode == "elementwise":
        return 0
    pairs = zip(entry.params, node.args, strict=False)
    return sum(p.dims is not None and len(p.dims) != arg.shape.rank for p, arg in pairs)


def header_sizes(entry: Entry, node: Call) -> dict[str, Dim]:
    """The dimensions that the header names, for these arguments."""
    found: dict[str, Dim] = {}
    for param, arg in zip(entry.params, node.args, strict=False):
        for dim, actual in zip(param.dims or (), arg.shape.dims, strict=False):
            if dim.name is not None:
                found.setdefault(dim.name, actual)
    return found


def default(param: Param) -> str:
    """The default of a parameter as source; empty if there is none."""
    if param.default is None:
        return ""
    whole = param.default.denominator == 1
    return str(param.default) if whole else repr(float(param.default))
