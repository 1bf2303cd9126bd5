"""Derivations in displays of LaTeX: the lines of a result, and lines as rows that fit a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from matcalc.emit.latex import latex
from matcalc.emit.lines import broken, width_of
from matcalc.emit.names import latex_name
from matcalc.expr.nodes import Named, postorder
from matcalc.show.equations import Line
from matcalc.show.record import Derivation, Formula


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


def results(d: Derivation) -> Iterator[Line]:
    """The derivative; of several, each with what it is by."""
    found = list(_leaves(d.result))
    if len(found) == 1:
        yield Line(Formula("", ""), Formula("", d.latex()), "")
        return
    hessian = d.kind == "hessian"
    by_names = list(product(d.wrt, d.wrt)) if hessian else [(name,) for name in d.wrt]
    for by, result in zip(by_names, found, strict=True):
        right = Formula("", latex(result.node, differentials=d.differentials))
        if d.kind not in (
            "gradient",
            "jacobian",
            "hessian",
        ):  # a product
            yield Line(Formula("", rf"\text{{by }} {latex_name(by[0])}\colon"), right, "")
            continue
        below = r" \, ".join(rf"\partial {latex_name(name)}" for name in by)
        above = r"\partial^{2}" if hessian else r"\partial"
        left = rf"\frac{{{above} {latex_name(d.value_name)}}}{{{below}}}"
        yield Line(Formula("", left), right)


def names(d: Derivation) -> Iterator[Line]:
    """What the bound names stand for in which the result speaks."""
    for node in postorder(tuple(result.node for result in _leaves(d.result))):
        if isinstance(node, Named):
            yield Line(Formula("", latex_name(node.name)), Formula("", latex(node.value)))


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, tuple):
        for part in tree:
            yield from _leaves(part)
    else:
        yield tree
