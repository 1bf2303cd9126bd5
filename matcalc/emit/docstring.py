"""What an emitted function says of itself: the formula, and the shapes of what goes in and out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matcalc.emit.nested import Output, leaves
from matcalc.emit.writer import Writer
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Expr, Symbol


def docstring(
    doc: str,
    inputs: Sequence[tuple[str, Symbol]],
    outputs: Sequence[Output],
    width: int,
    kind: type[Writer],
) -> list[str]:
    """The formula, then the shapes of what goes in and comes out."""
    shapes = [f"{python}: {_shape(symbol, kind)}" for python, symbol in inputs]
    results = [_shape(leaf, kind) for leaf in leaves(outputs)]
    text = (doc.strip() or "Computed by matcalc.").replace("\\", "\\\\").replace('"""', "'''")
    text += " " if text.endswith('"') else ""
    lines = [
        part
        for line in text.splitlines()
        for part in textwrap.wrap(line, width - 7, subsequent_indent="  ") or [""]
    ]
    tail = ["", *_filled("Takes ", shapes, width)] if shapes else [""]
    tail += _filled("Returns ", results, width)
    return [
        f'    """{lines[0]}',
        *("    " + line if line else "" for line in [*lines[1:], *tail]),
        '    """',
    ]


def _filled(start: str, items: Sequence[str], width: int) -> list[str]:
    return textwrap.wrap(
        start + "; ".join(items) + ".", width - 6, subsequent_indent="  ", break_long_words=False
    )


def _shape(node: Expr | AsMatrix, kind: type[Writer]) -> str:
    if isinstance(node, AsMatrix):
        return _operator(node)
    dims = node.shape.dims
    if not dims:
        whole = isinstance(node, Symbol) and "integer" in node.properties
        return "whole number" if whole else kind.scalar_word
    return f"{kind.word} ({', '.join(map(str, dims))}{',' if len(dims) == 1 else ''})"


def _operator(result: AsMatrix) -> str:
    """The shape of an operator, and what its rows and columns are."""
    dims = ", ".join(map(str, result.dims))
    if len(result.array.shape.dims) == 2:
        return f"operator ({dims})"
    return f'operator ({dims}) between vectors of stacked columns, X.ravel(order="F")'
