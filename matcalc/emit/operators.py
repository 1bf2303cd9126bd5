"""Operators of a plan as source: the classes of matcalc.operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from matcalc.dims import Dim
from matcalc.emit.pysource import Prec, Py, multiplied, negated
from matcalc.plan.values import Value, is_number

if TYPE_CHECKING:
    from matcalc.emit.writer import Writer

CLASSES: Final = (
    "BlockDiagonal", "Commutation", "Dense", "Diagonal", "Identity", "Inverse", "Kronecker",
    "LowRank", "Product", "Sum",
)  # fmt: skip


def _made(writer: Writer, value: Value) -> Py:
    return Py(f"{value.op}({writer.listed(value.args)})")


def _dense(writer: Writer, value: Value) -> Py:
    known = "" if value.data == "gen" else f', assume_a="{value.data}"'
    return Py(f"Dense({writer.listed(value.args)}{known})")


def _identity(writer: Writer, value: Value) -> Py:
    size, scale = writer.dim(value.dims[0]).text, value.args[0]
    text = size if is_number(scale, 1) else f"{size}, {writer.listed(value.args)}"
    typed = f", {writer.dtype()}" if value.data == "typed" else ""
    return Py(f"Identity({text}{typed})")


def _blocks(writer: Writer, value: Value) -> Py:
    interleaved = ", interleaved=True" if value.data == "interleaved" else ""
    return Py(f"BlockDiagonal({writer.listed(value.args)}{interleaved})")


def _commutation(writer: Writer, value: Value) -> Py:
    assert isinstance(value.data, tuple)
    sizes = [writer.dim(dim).text for dim in value.data if isinstance(dim, Dim)]
    return Py(f"Commutation({', '.join(sizes)}, {writer.dtype()})")


def _scaled(writer: Writer, value: Value) -> Py:
    scale, matrix = writer.args(value)
    if is_number(value.args[0], -1):
        return negated(matrix)
    return multiplied([scale, matrix])


def _face_splitting(writer: Writer, value: Value) -> Py:
    """The products of each row of one array with that row of another, as one row."""
    left, right = (py.within(Prec.ATOM) for py in writer.args(value))
    products = f"({left}[:, :, None] * {right}[:, None, :])"
    return Py(f"{products}.reshape({writer.shape(value.dims)[1:-1]})")


OPERATORS: Final[Mapping[str, Callable[[Writer, Value], Py]]] = {
    "Dense": _dense,
    "Diagonal": _made,
    "Identity": _identity,
    "LowRank": _made,
    "Product": _made,
    "Sum": _made,
    "Scaled": _scaled,
    "Kronecker": _made,
    "BlockDiagonal": _blocks,
    "Commutation": _commutation,
    "Inverse": _made,
    "face_splitting": _face_splitting,
    "Transposed": lambda w, v: Py(w.args(v)[0].text + ".T"),
}
