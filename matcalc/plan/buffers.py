"""Arrays written over: which large array is dead after an operation, and may hold its result.

A large array that is allocated anew has pages that the system has yet to clear, which costs more
than a pass over it that adds or multiplies.  So where an operation goes entry by entry, one of its
operands has its shape, and nothing reads that operand later, the result is written there.

What may be written over is *owned*: made by an operation that returns an array of its own, and not
named by the user.  An input, a view, a result, and what is handed to a function that may keep it or
return it (an operator, a function of the user) is never written over; nor is an array that is read
through a view of it in the same operation.  The sizes are known when the function is called, so
that `d.code()` has the plain formula.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from matcalc.dims import ONE
from matcalc.plan.cost import entries
from matcalc.plan.functions import Called
from matcalc.plan.values import Value, operands

WORTH: Final = 2**14
"""Entries from which an array has pages of its own: 128 KiB, where the C library asks for them."""

_ENTRYWISE: Final = frozenset("add mul div pow abs log".split())
_OVER: Final = _ENTRYWISE | {"neg", "call", "add_diagonal"}
_OWNED: Final = _OVER | {"matmul", "outer"}
_LOOKS: Final = frozenset({"transpose", "expand"})
_READS: Final = _OWNED | set("vdot dot sum max trace compare where cast blas".split())
"""Operations whose result shares no memory with their operands; of calls, those entry by entry."""


def reused(
    order: Sequence[Value],
    outputs: Collection[Value],
    named: Collection[Value],
    sizes: Mapping[str, int],
) -> dict[Value, Value]:
    """The operations that write over an operand, and which; `order` has operands first."""
    large = {value for value in order if value.dims and entries(value, sizes) >= WORTH}
    readers: dict[Value, set[Value]] = {value: set() for value in order}
    for value in reversed(order):  # what looks at an array reads it when it is read itself
        for arg in operands(value):
            readers[arg] |= {value, *(readers[value] if value.op in _LOOKS else ())}
    place = {value: i for i, value in enumerate(order)}
    found: dict[Value, Value] = {}
    for value in order:
        if value not in large or value.op not in _OVER or not _separate(value):
            continue
        if value.op == "neg" and any(reader.op != "call" for reader in readers[value]):
            continue  # a sign that is written with what is made of it
        for arg in value.args[: 1 if value.op == "add_diagonal" else None]:
            last = max(readers[arg], key=lambda reader: place[reader]) is value
            if last and _free(arg, value, readers[arg], outputs, named):
                found[value] = arg
                break
    return found


def _free(
    arg: Value,
    value: Value,
    readers: Collection[Value],
    outputs: Collection[Value],
    named: Collection[Value],
) -> bool:
    """Whether an operand that is not read later may hold the result."""
    looks = [reader for reader in readers if reader.op in _LOOKS]
    return (
        arg.op in _OWNED
        and arg.dims == value.dims
        and ONE not in arg.dims
        and arg not in named
        and value.args.count(arg) == 1
        and not any(seen in outputs for seen in (arg, *looks))
        and not any(look in value.args for look in looks)
        and all(reader.op in _READS | _LOOKS and _separate(reader) for reader in readers)
        and _separate(arg)
    )


def _separate(value: Value) -> bool:
    """Whether a call, if it is one, is sure to make an array of its own, entry by entry."""
    return value.op != "call" or (isinstance(value.data, Called) and value.data.is_ufunc)
