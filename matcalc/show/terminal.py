"""Derivations as plain text of 80 columns."""

from __future__ import annotations

import textwrap
import unicodedata

from matcalc.emit.text import text
from matcalc.show.record import Derivation, Rule, Step, law

WIDTH = 80

PLAIN = str.maketrans(
    {
        "·": ".", "⊙": ".*", "⊗": "(x)", "×": "x", "≤": "<=", "≥": ">=", "∈": "in", "→": "->",
        "ℝ": "R", "ᵀ": "^T", "⁻": "^-", "²": "^2", "³": "^3", "ⁿ": "^n", "∇": "grad ", "∂": "d",
        "‖": "||", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...",
    }
)  # fmt: skip


def plain(sentence: str) -> str:
    """A sentence in ASCII: symbols as the language writes them, Greek letters by name."""
    return "".join(c if c.isascii() else _named(c) for c in sentence.translate(PLAIN))


def _named(letter: str) -> str:
    words = unicodedata.name(letter, "?").split()
    if words[:1] == ["GREEK"] and "LETTER" in words:
        name = words[-1].replace("LAMDA", "LAMBDA")
        return name.lower() if "SMALL" in words else name.capitalize()
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"


def steps(d: Derivation, *, ascii: bool = False) -> str:
    """The derivation step by step: a number and a title, the formula, the rule that was used."""
    blocks = [f"{d.kind} by {', '.join(d.wrt)} of\n" + _formula(d.expression.text(ascii=ascii))]
    told = [step for step in d.steps if step.kind != "answer"]
    blocks += [_step(number, step, ascii) for number, step in enumerate(told, 1)]
    lead = f": d{d.value_name} =" if d.kind == "differential" else ""
    blocks.append(f"Answer{lead}\n" + _formula(d.text(ascii=ascii)))
    whole = "\n\n".join(blocks)
    return plain(whole) if ascii else whole


def _step(number: int, step: Step, ascii: bool) -> str:
    of = " of" if step.kind == "local" else ""
    lines = [_wrapped(f"{number}. {step.title}{of}", "   ")]
    before = (
        step.before if step.kind not in ("chain",) else None
    )  # the whole expression, which is on top
    sides = [text(e, ascii=ascii, bindings=False) for e in (before, step.after) if e is not None]
    if step.kind == "intermediate":
        lines.append(_formula(" = ".join(sides)))
    else:
        lines += [_formula(lead + side) for lead, side in zip(("", "= "), sides, strict=False)]
    if step.rule is not None:
        lines.append(_rule(step.rule))
    return "\n".join(lines)


def _rule(rule: Rule) -> str:
    source = f"  [{rule.source}]" if rule.source else ""
    return _wrapped(f"by {rule.name}: {law(rule)}{source}", "       ", first="    ")


def _formula(written: str) -> str:
    return "\n".join(_wrapped(line, "        ", first="    ") for line in written.splitlines())


def _wrapped(sentence: str, indent: str, first: str = "") -> str:
    return textwrap.fill(
        sentence,
        WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
