"""What Jupyter shows: LaTeX for expressions, Markdown with foldable steps for derivations.

JupyterLab prefers HTML to Markdown to LaTeX and strips scripts and styles from untrusted output,
so there is no HTML here but `<details>`, and plain text always.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from matcalc.emit.latex import latex
from matcalc.expr.nodes import Expr
from matcalc.show.record import Derivation, Rule, Step, law


def expression_latex(formula: str) -> str:
    """A formula for `_repr_latex_`."""
    return f"$\\displaystyle {formula}$"


def derivation_markdown(d: Derivation) -> str:
    """The result on top, what was assumed, and the steps in a fold."""
    parts = [f"$$\n{d.latex()}\n$$"]
    if d.assumptions:
        parts.append("\n".join(f"- assuming {_prose(a)}" for a in d.assumptions))
    told = [step for step in d.steps if step.kind != "answer"]  # which is on top
    if told:
        body = "\n\n".join(
            _step(number, step, d.differentials) for number, step in enumerate(told, 1)
        )
        parts.append(f"<details><summary>Steps</summary>\n\n{body}\n\n</details>")
    return "\n\n".join(parts)


def derivation_bundle(d: Derivation) -> dict[str, str]:
    """All forms of a derivation by MIME type, for `_repr_mimebundle_`."""
    return {
        "text/plain": d.text(),
        "text/latex": expression_latex(d.latex()),
        "text/markdown": derivation_markdown(d),
    }


def expression_bundle(plain: str, formula: str) -> dict[str, str]:
    """All forms of an expression by MIME type, for `_repr_mimebundle_`."""
    return {"text/plain": plain, "text/latex": expression_latex(formula)}


def _step(number: int, step: Step, differentials: Mapping[str, str]) -> str:
    lines = [f"**{number}. {_prose(step.title)}**"]
    before = step.before if step.kind != "chain" else None  # the whole expression
    joint = r" \longmapsto " if step.kind == "local" else " = "
    formulas = [_formula(e, differentials) for e in (before, step.after) if e is not None]
    if formulas:
        lines.append("$$\n" + joint.join(formulas) + "\n$$")
    if step.rule is not None:
        lines.append(_rule(step.rule))
    return "\n\n".join(lines)


def _formula(expr: Expr | tuple[Expr, ...], differentials: Mapping[str, str]) -> str:
    parts = expr if isinstance(expr, tuple) else (expr,)
    return ",\\quad ".join(latex(part, differentials=differentials) for part in parts)


def _rule(rule: Rule) -> str:
    source = f" ({_prose(rule.source)})" if rule.source else ""
    return f"by *{_prose(rule.name)}*: `{law(rule)}`{source}"


def _prose(sentence: str) -> str:
    """A sentence in which nothing is Markdown, HTML or mathematics by accident; `code` stays."""
    pieces = sentence.split("`")
    for place in range(0, len(pieces), 2):
        text = escape(pieces[place], quote=False)
        pieces[place] = "".join(f"\\{c}" if c in "\\*_[]$#~|^" else c for c in text)
    return "`".join(pieces)
