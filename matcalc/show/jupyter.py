"""What Jupyter shows: LaTeX for expressions, Markdown with foldable steps for derivations.

JupyterLab prefers HTML to Markdown to LaTeX and strips scripts and styles from untrusted output,
so there is no HTML here but `<details>`, and plain text always.  Where `<details>` is stripped, its
contents stay: every piece is Markdown by itself, with blank lines around.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Final

from matcalc.emit.latex import latex
from matcalc.emit.lines import width_of
from matcalc.emit.names import latex_name
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Named, postorder
from matcalc.show.aligned import rows
from matcalc.show.equations import Line, lines
from matcalc.show.markup import declaration, markdown_code, markdown_prose
from matcalc.show.record import Derivation, Formula, Rule, Step, law

WIDTH: Final = 80
"""Letters of a formula that fit into a cell of a notebook, about."""


def expression_latex(formula: str) -> str:
    """A formula for `_repr_latex_`."""
    return f"$\\displaystyle {formula}$"


def expression_bundle(plain: str, formula: str) -> dict[str, str]:
    """All forms of an expression by MIME type, for `_repr_mimebundle_`."""
    return {"text/plain": plain, "text/latex": expression_latex(formula)}


def derivation_bundle(d: Derivation, *, unfolded: bool = False) -> dict[str, str]:
    """All forms of a derivation by MIME type, for `_repr_mimebundle_`."""
    return {
        "text/plain": d.text(),
        "text/latex": expression_latex(d.latex()),
        "text/markdown": derivation_markdown(d, unfolded=unfolded),
    }


def derivation_markdown(d: Derivation, *, unfolded: bool = False) -> str:
    """The result on top, what was assumed, and the steps in a fold, which may be open."""
    parts = [_display(list(_results(d)))]
    names = list(_names(d))
    if names:
        parts += ["where", _display(names)]
    if d.assumptions:
        parts.append("\n".join(f"- assuming {_assumed(a)}" for a in d.assumptions))
    try:
        told = [step for step in d.steps if step.kind != "answer"]  # which is on top
    except DerivationError as error:
        return "\n\n".join([*parts, f"The steps cannot be told: {markdown_prose(error.message)}"])
    if told:
        body = "\n\n".join(_step(number, step) for number, step in enumerate(told, 1))
        parts.append(_fold("Steps", body, unfolded))
    return "\n\n".join(parts)


def _fold(summary: str, body: str, unfolded: bool = False) -> str:
    lead = "<details open>" if unfolded else "<details>"
    return f"{lead}<summary>{summary}</summary>\n\n{body}\n\n</details>"


def _assumed(assumption: str) -> str:
    code, reason = declaration(assumption)
    return (markdown_code(code) if code else "") + markdown_prose(reason)


def _results(d: Derivation) -> Iterator[Line]:
    """The derivative; of several, each with what it is by."""
    found = list(_leaves(d.result))
    if len(found) == 1:
        yield Line(Formula("", ""), Formula("", d.latex()), "")
        return
    hessian = d.kind == "hessian"
    names = list(product(d.wrt, d.wrt)) if hessian else [(name,) for name in d.wrt]
    for by, result in zip(names, found, strict=True):
        below = r" \, ".join(rf"\partial {latex_name(name)}" for name in by)
        above = r"\partial^{2}" if hessian else r"\partial"
        left = rf"\frac{{{above} {latex_name(d.value_name)}}}{{{below}}}"
        yield Line(
            Formula("", left), Formula("", latex(result.node, differentials=d.differentials))
        )


def _names(d: Derivation) -> Iterator[Line]:
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
