r"""Derivations in LaTeX: the body of an `align*`, and a whole document for pdflatex.

The body stands on the left and holds all that is told, so that it can be put into any paper; KaTeX
takes it too.  A document aligns equations at their signs and tells the rest in prose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from matcalc.emit.latex import latex
from matcalc.emit.lines import broken, width_of
from matcalc.emit.names import latex_name
from matcalc.expr.nodes import Named, postorder
from matcalc.show.aligned import results, rows
from matcalc.show.equations import Line, lines
from matcalc.show.markup import declaration, tex_document, tex_prose
from matcalc.show.record import Derivation, Formula, Rule, Step, law

WIDTH: Final = 70
"""Letters that fit on a line of the page, about."""

BREAK: Final = " \\\\\n"


def body(d: Derivation, steps: Sequence[Step]) -> str:
    """The steps as the body of an `align*`, the result last."""
    told = [rf"& \text{{{_heading(d)} of}}"]
    told += [rf"& \quad {piece}" for line in _given(d) for piece in _pieces(line)]
    for number, step in enumerate(steps, 1):
        told += _rows(rf"\textbf{{{number}. {tex_prose(step.title)}}}", step, "")
    return BREAK.join(told)


def _rows(heading: str, step: Step, indent: str) -> Iterator[str]:
    """A step in rows, and its details further in."""
    yield f"& {indent}{heading}{_tag(step.rule)}"
    if step.text:
        yield rf"& {indent}\text{{{tex_prose(step.text)}}}"
    yield from (rf"& {indent}\quad {piece}" for line in lines(step) for piece in _pieces(line))
    for each in step.details:
        yield from _rows(rf"\text{{{tex_prose(each.title)}}}", each, rf"{indent}\quad ")


def _tag(rule: Rule | None) -> str:
    if rule is None:
        return ""
    source = f" [{rule.source}]" if rule.source else ""
    return rf" \tag*{{\small {tex_prose(rule.name + source)}}}"


def _pieces(line: Line) -> Iterator[str]:
    """A line in pieces that fit: the equation, and what continues it further in."""
    left, right = line.left.latex, line.right.latex
    sign = f"{left} {line.sign} ".lstrip() if line.sign else ""
    first, *rest = broken(f"{sign}{right}", WIDTH)
    yield first
    yield from (rf"\qquad {piece}" for piece in rest)


def _heading(d: Derivation) -> str:
    return f"The {d.kind} by {', '.join(f'${latex_name(name)}$' for name in d.wrt)}"


def _assumed(assumption: str) -> str:
    """What was assumed, the declaration as code."""
    code, reason = declaration(assumption)
    return (rf"\texttt{{{tex_prose(code)}}}" if code else "") + tex_prose(reason)


def _given(d: Derivation) -> Iterator[Line]:
    """The bindings of the program, and the expression."""
    for node in postorder((d.expression.node,)):
        if isinstance(node, Named):
            yield Line(Formula(node.name, latex_name(node.name)), Formula("", latex(node.value)))
    yield Line(Formula("", ""), Formula("", latex(d.expression.node)), "")


def document(d: Derivation, steps: Sequence[Step] | None) -> str:
    """A LaTeX document: what is given, what was assumed, the steps if given, and the result."""
    parts = [f"{_heading(d)} of\n{_display(list(_given(d)))}"]
    if d.assumptions:
        items = "\n".join(rf"  \item {_assumed(a)}" for a in d.assumptions)
        parts.append(f"assuming\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    told = [step for step in steps or () if step.kind != "answer"]
    if told:
        parts.append(r"\section*{Derivation}")
        for number, step in enumerate(told, 1):
            heading = rf"\medskip\textbf{{{number}. {tex_prose(step.title)}}}"
            parts.append(_step(heading, step))
    parts.append(f"\\section*{{Result}}\n{_display(list(results(d)))}")
    return tex_document(_heading(d), "\n\n".join(parts))


def _step(heading: str, step: Step) -> str:
    parts = [heading]
    parts += [rf"\\ {tex_prose(step.text)}"] if step.text else []
    told = lines(step)
    parts += [_display(told)] if told else []
    if step.rule is not None:
        source = f" [{step.rule.source}]" if step.rule.source else ""
        statement = rf"\texttt{{{tex_prose(law(step.rule))}}}"
        lead = "" if told else r"\\ "
        name = tex_prose(step.rule.name)
        parts.append(rf"{lead}by \emph{{{name}}}: {statement}{tex_prose(source)}")
    if step.details:
        inner = [_step(rf"\emph{{{tex_prose(each.title)}}}", each) for each in step.details]
        parts.append("\\begin{quote}\\small\n" + "\n\n".join(inner) + "\n\\end{quote}")
    return "\n".join(parts)


def _display(told: Sequence[Line]) -> str:
    """Equations below each other, aligned at their signs; what is too wide is broken or scaled."""
    return f"\\begin{{align*}}\n{BREAK.join(rows(told, WIDTH, _fitted))}\n\\end{{align*}}"


def _fitted(piece: str, room: int) -> str:
    return rf"\fitted{{{piece}}}" if width_of(piece) > room else piece
