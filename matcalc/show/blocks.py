"""A picture of the structure of a derivative: its entries at small sizes, by blocks.

A block is the derivative by one variable (of a Hessian: by two).  Matrices stand as vec(…), columns
below each other, so that a derivative of rank 3 and more is a matrix, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from matcalc.errors import DerivationError
from matcalc.simplify.pattern import Pattern

LARGEST: Final = 4096
"""Entries of a picture; a text has room for WIDE of them in a row."""

WIDE: Final = 60
CELL: Final = 12


@dataclass(frozen=True)
class Block:
    """A derivative, or a block of one: what it is, its structure in a word, its entries."""

    title: str
    structure: str
    cells: Pattern

    def __str__(self) -> str:
        filled, size = int(self.cells.sum()), self.cells.size
        rows, columns = self.cells.shape
        share = "all" if filled == size else str(filled) if filled else "none"
        return (
            f"{self.title}: {self.structure}, {rows} × {columns}, {share} of {size} can be nonzero"
        )


@dataclass(frozen=True)
class Blocks:
    """The blocks of a derivative in rows; `str` draws them in letters, Jupyter as a picture."""

    rows: tuple[tuple[Block, ...], ...]
    sizes: Mapping[str, int]

    def __str__(self) -> str:
        return self.text()

    def text(self, *, ascii: bool = False) -> str:
        """Drawn in letters, each block with a line that says what it is."""
        told = [str(block) for row in self.rows for block in row]
        at = ", ".join(f"{name} = {size}" for name, size in self.sizes.items())
        legend = [f"at {at}"] if at else []
        width = sum(block.cells.shape[1] for block in self.rows[0])
        drawing = _letters(self.rows, ascii) if width <= WIDE else ["(too wide to draw in letters)"]
        written = "\n".join([*drawing, *told, *legend])
        return written.replace("×", "x").replace("∂", "d").replace("²", "^2") if ascii else written

    def svg(self) -> str:
        """Drawn as SVG."""
        return _picture(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": str(self)}


def as_matrix(found: Pattern, split: int) -> Pattern:
    """An array as a matrix: its first `split` axes as rows, the others as columns, each as vec."""
    rows, columns = found.shape[:split], found.shape[split:]
    if found.size > LARGEST:
        raise DerivationError(
            f"a picture of {found.size} entries is too large", suggestion="fewer dimensions"
        )
    size = int(np.prod(rows, dtype=int)), int(np.prod(columns, dtype=int))
    order = (*reversed(range(split)), *reversed(range(split, found.ndim)))
    return found.transpose(order).reshape(size)


def _letters(rows: Sequence[Sequence[Block]], ascii: bool) -> list[str]:
    full, empty = ("#", ".") if ascii else ("■", "·")
    bar, dash, cross = ("|", "-", "+") if ascii else ("│", "─", "┼")
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append(cross.join(dash * (2 * b.cells.shape[1] + 1) for b in row).rstrip())
        for number in range(row[0].cells.shape[0]):
            parts = [" ".join(full if cell else empty for cell in b.cells[number]) for b in row]
            lines.append(f" {bar} ".join(parts))
    return [" " + line if line[:1] in (full, empty) else line for line in lines]


def _picture(blocks: Blocks) -> str:
    """Cells as squares, blocks in frames, what they are below."""
    told = [str(block) for row in blocks.rows for block in row]
    at = ", ".join(f"{name} = {size}" for name, size in blocks.sizes.items())
    told += [f"at {at}"] if at else []
    heights = [row[0].cells.shape[0] * CELL for row in blocks.rows]
    widths = [block.cells.shape[1] * CELL for block in blocks.rows[0]]
    high, wide = sum(heights) + 6 * len(heights), sum(widths) + 6 * len(widths)
    total = max(wide, *(7 * len(line) for line in told)) + 12, high + 18 * len(told) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total[0]}" height="{total[1]}"'
        f' viewBox="0 0 {total[0]} {total[1]}" font-family="Helvetica, sans-serif" font-size="12">'
    ]
    top = 6
    for row, height in zip(blocks.rows, heights, strict=True):
        left = 6
        for block, width in zip(row, widths, strict=True):
            parts += [f"<g><title>{escape(str(block))}</title>".replace("'", '"')]
            parts += _squares(block.cells, left, top)
            parts.append(
                f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none"'
                ' stroke="#888"/></g>'
            )
            left += width + 6
        top += height + 6
    for number, line in enumerate(told, 1):
        parts.append(f'<text x="6" y="{high + 6 + 18 * number}" fill="#777">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>"])


def _squares(cells: Pattern, left: int, top: int) -> list[str]:
    """The entries; those of one kind in one path, so that a picture stays small."""
    paths = []
    for kind, colour in ((True, "#3465a4"), (False, "#dddddd")):
        margin = 1 if kind else 4
        side = CELL - 2 * margin
        moves = "".join(
            f"M{left + CELL * j + margin} {top + CELL * i + margin}h{side}v{side}h-{side}z"
            for i, j in np.argwhere(cells == kind)
        )
        if moves:
            paths.append(f'<path d="{moves}" fill="{colour}"/>')
    return paths
