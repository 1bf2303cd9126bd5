"""The lines of steps as rows of an aligned display in LaTeX, broken where they are too wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matcalc.emit.lines import broken, width_of
from matcalc.show.equations import Line


def rows(told: Sequence[Line], width: int, fitted: Callable[[str, int], str]) -> list[str]:
    r"""Rows for between `\begin{aligned}` and its end, equations aligned at their signs.

    A left side that is wide has rows of its own.  `fitted` is given each piece and the room for
    it, which a piece without a place to break may exceed.
    """
    made: list[str] = []
    for line in told:
        left = line.left.latex
        if width_of(left) > width / 3:
            made += [f"& {fitted(piece, width)}" for piece in broken(left, width)]
            left = ""
        room = int(width - width_of(left))
        sign = f"{line.sign} " if line.sign and (left or made) else ""
        first, *rest = (fitted(piece, room) for piece in broken(line.right.latex, room))
        made.append(f"{left} & {sign}{first}".strip())
        made += [rf"& \quad {piece}" for piece in rest]
    return made
