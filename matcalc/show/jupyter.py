"""What Jupyter shows: LaTeX for expressions, Markdown with foldable steps for derivations.

JupyterLab prefers HTML to Markdown to LaTeX and strips scripts and styles from untrusted output,
so there is no HTML here but `<details>`, and plain text always.  Where `<details>` is stripped, its
contents stay: every piece is Markdown by itself, with blank lines around.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from matcalc.emit.lines import width_of
from matcalc.errors import DerivationError
from matcalc.show.aligned import names, results, rows
from matcalc.show.equations import Line, lines
from matcalc.show.markup import declaration, markdown_code, markdown_prose
from matcalc.show.record import Derivation, Explanation, Rule, Step, law

WIDTH: Final = 80
"""Letters of a formula that fit into a cell of a notebook, about."""


def expression_latex(formula: str) -> str:
    """A formula for `_repr_latex_`."""
    return f"$\\displaystyle {formula}$"


def expression_bundle(plain: str, formula: str) -> dict[str, str]:
    """All forms of an expression by MIME type, for `_repr_mimebundle_`."""
    return {"text/plain": plain, "text/latex": expression_latex(formula)}


def derivation_bundle(d: Derivation, told: Explanation | None = None) -> dict[str, str]:
    """All forms of a derivation by MIME type, for `_repr_mimebundle_`."""
    return {
        "text/plain": d.text(),
        "text/latex": expression_latex(d.latex()),
        "text/markdown": derivation_markdown(d, told),
    }


def derivation_markdown(d: Derivation, told: Explanation | None = None) -> str:
    """The result on top, what was assumed, and the steps in a fold.

    told   The steps to show, unfolded, with what the numerical check said of them; else those of
           a textbook.
    """
    parts = [_display(list(results(d)))]
    named = list(names(d))
    if named:
        parts += ["where", _display(named)]
    if d.assumptions:
        parts.append("\n".join(f"- assuming {_assumed(a)}" for a in d.assumptions))
    if told is not None and told.verdict is not None:
        parts.append(f"*{markdown_prose(str(told.verdict))}*")
    try:
        every = d.steps if told is None else told.steps
    except DerivationError as error:
        return "\n\n".join([*parts, f"The steps cannot be told: {markdown_prose(error.message)}"])
    steps = [step for step in every if step.kind != "answer"]  # which is on top
    if steps:
        body = "\n\n".join(_step(number, step) for number, step in enumerate(steps, 1))
        parts.append(_fold("Steps", body, told is not None))
    return "\n\n".join(parts)


def _fold(summary: str, body: str, unfolded: bool = False) -> str:
    lead = "<details open>" if unfolded else "<details>"
    return f"{lead}<summary>{summary}</summary>\n\n{body}\n\n</details>"


def _assumed(assumption: str) -> str:
    code, reason = declaration(assumption)
    return (markdown_code(code) if code else "") + markdown_prose(reason)


def _display(told: Sequence[Line]) -> str:
    """Equations in one display, aligned at their signs, broken where they are too wide."""
    if len(told) == 1 and width_of(f"{told[0].left.latex} {told[0].right.latex}") <= WIDTH:
        line = told[0]
        sides = [line.left.latex, line.sign, line.right.latex] if line.left.latex else []
        return f"$$\n{' '.join(sides) or line.right.latex}\n$$"
    made = rows(told, WIDTH, lambda piece, _: piece)
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(made) + "\n\\end{aligned}\n$$"


def _step(number: int, step: Step) -> str:
    return "\n\n".join(_told(f"**{number}. {markdown_prose(step.title)}**", step))


def _told(heading: str, step: Step) -> Iterator[str]:
    yield heading
    told = lines(step)
    if told:
        yield _display(told)
    if step.text:
        yield markdown_prose(step.text)
    if step.rule is not None:
        yield _rule(step.rule)
    if step.details:
        inner = [
            "\n\n".join(_told(f"*{markdown_prose(each.title)}*", each)) for each in step.details
        ]
        yield _fold("in detail", "\n\n".join(inner))


def _rule(rule: Rule) -> str:
    source = f" ({markdown_prose(rule.source)})" if rule.source else ""
    return f"by *{markdown_prose(rule.name)}*: {markdown_code(law(rule))}{source}"
