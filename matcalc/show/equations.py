"""The lines of a step: left = right = right …, in text and in LaTeX alike.

This is the one place that knows how a step's claim is written; terminals, notebooks and documents
lay these lines out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from matcalc.emit.latex import differential as latex_differential
from matcalc.emit.latex import latex
from matcalc.emit.names import latex_name
from matcalc.emit.text import text
from matcalc.expr.nodes import Expr, Named, Symbol
from matcalc.show.record import Formula, Step


@dataclass(frozen=True)
class Line:
    """`left = right`; where `left` is empty, the line continues the one before.

    `sign` is "=", or nothing where the right is no side of an equation.
    """

    left: Formula
    right: Formula
    sign: str = "="


EMPTY = Formula("", "")


def written(expr: Expr, differentials: Mapping[str, str] | None = None) -> Formula:
    """An expression in both scripts, speaking in names; `differentials` says which are d of
    what."""
    return Formula(text(expr, bindings=False), latex(expr, differentials=differentials))


def name(word: str) -> Formula:
    """A name in both scripts."""
    return Formula(word, latex_name(word))


def partial(of: str, by: Expr) -> Formula:
    """∂of/∂by."""
    top, bottom = name(of), written(by)
    return Formula(
        f"∂{top.text}/∂{bottom.text}",
        rf"\frac{{\partial {top.latex}}}{{\partial {bottom.latex}}}",
    )


def differential(of: str) -> Formula:
    """d of."""
    return Formula(f"d{of}", latex_differential(of))


def lines(step: Step) -> list[Line]:
    """What a step claims, as equations; formulas that are no equations stand on the right."""
    sign = "" if step.kind in ("shapes", "index") else "="
    return [Line(left, right, sign) for left, right in _sides(step)]


def _sides(step: Step) -> Iterator[tuple[Formula, Formula]]:
    match step.kind:
        case "shapes" | "index":
            yield from ((EMPTY, formula) for formula in step.formulas)
        case "local" | "chain":
            yield from _derivative(step)
        case "answer":
            if step.after is not None:
                left = partial(step.of, step.by) if step.of and step.by is not None else EMPTY
                yield left, written(step.after)
        case "intermediate" | "rewrite" | "symmetric" | "reading":
            if step.after is not None:
                left = written(step.before) if step.before is not None else EMPTY
                yield left, written(step.after)


def _derivative(step: Step) -> Iterator[tuple[Formula, Formula]]:
    """∂u/∂x = what it is worked out from = what it is, without repetitions."""
    if step.by is None or step.after is None:
        return
    moved = step.along is not None or bool(step.ways)
    left = differential(step.of) if moved else partial(step.of, step.by)
    rights: list[Formula] = []
    if step.kind == "local" and step.before is not None:
        rights.append(operated(step.before, step.by, moved))
    rights += [step.partials] if step.partials is not None and not moved else []
    named = differentials(step)
    rights += [written(side, named) for side in (step.joined, step.after) if side is not None]
    kept = rights[:1] + [b for a, b in pairwise(rights) if a.text != b.text]
    for place, right in enumerate(kept):
        yield (left if place == 0 else EMPTY), right


def differentials(step: Step) -> dict[str, str]:
    """The variables of a step that stand for a differential: dx of x."""
    single = [(step.by, step.along)] if step.along is not None else []
    return {
        way.name: by.name
        for by, way in [*step.ways, *single]
        if isinstance(way, Symbol) and isinstance(by, Symbol | Named) and way.name == f"d{by.name}"
    }


def operated(expr: Expr, by: Expr, differential: bool) -> Formula:
    """∂/∂by (expr), or d(expr)."""
    inner, below = written(expr), written(by)
    if differential:
        return Formula(f"d({inner.text})", rf"\mathrm{{d}}\left({inner.latex}\right)")
    return Formula(
        f"∂/∂{below.text} ({inner.text})",
        rf"\frac{{\partial}}{{\partial {below.latex}}} \left({inner.latex}\right)",
    )
