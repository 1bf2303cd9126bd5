"""Derivations as plain text of 80 columns."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from matcalc.show.equations import Line, lines
from matcalc.show.record import Derivation, Explanation, Rule, Step, law

WIDTH = 80

LEFT = 24
"""A left side of more letters than this has a line of its own."""

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


def steps(
    d: Derivation,
    told: Explanation | None = None,
    *,
    ascii: bool = False,
    width: int = WIDTH,
    colour: bool = False,
) -> str:
    """The derivation step by step: a number and a title, its equations, the rule that was used.

    told    The explanation; else the textbook's.
    width   Columns; at least 80.
    colour  Titles bold, rules faint, by ANSI escapes.
    """
    page = _Page(max(width, WIDTH), ascii, colour)
    every = told.steps if told is not None else tuple(d.steps)
    blocks = [f"{d.kind} by {', '.join(d.wrt)} of\n" + page.formula(d.expression.text(ascii=ascii))]
    blocks += page.numbered([step for step in every if step.kind != "answer"], "", "")
    lead = f": d{d.value_name} =" if d.kind == "differential" else ""
    meanings = dict.fromkeys(step.text for step in every if step.kind == "answer" and step.text)
    answer = [page.bold(f"Answer{lead}"), page.formula(d.text(ascii=ascii))]
    blocks.append("\n".join([*answer, *(page.prose(f"{m}.", "    ") for m in meanings)]))
    if told is not None and told.verdict is not None:
        blocks.append(page.prose(verdict(told), ""))
    whole = "\n\n".join(blocks)
    return plain(whole) if ascii else whole


def verdict(told: Explanation) -> str:
    """The line that says what was verified."""
    judged = sum(step.verdict is not None for step in _every(told.steps))
    found = told.verdict
    if found is None or not found.passed:
        return str(found)
    return f"each of {judged} steps {found}; largest relative error {found.worst:.1e}"


def _every(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _every(step.details)


class _Page:
    """Lays steps out in columns."""

    def __init__(self, width: int, ascii: bool, colour: bool) -> None:
        self.width = width
        self.ascii = ascii
        self.colour = colour

    def numbered(self, steps: Sequence[Step], number: str, indent: str) -> list[str]:
        """Blocks of steps; names that follow each other are one block."""
        blocks: list[str] = []
        count = 0
        for kind, run in groupby(steps, key=lambda step: step.kind):
            alike = list(run)
            groups = [alike] if kind == "intermediate" else [[step] for step in alike]
            for group in groups:
                if kind == "shapes":
                    blocks.append(self.given(group[0]))
                    continue
                count += 1
                blocks += self.block(group, f"{number}{count}", indent)
        return blocks

    def given(self, step: Step) -> str:
        words = ",  ".join(formula.text for formula in step.formulas) or "numbers only"
        return "\n".join([self.bold("Given"), self.prose(words, "    ")])

    def block(self, group: Sequence[Step], number: str, indent: str) -> list[str]:
        """A step, or names that are introduced together, and then its details."""
        first = group[0]
        title = "let" if len(group) > 1 else first.title
        head = f"{number}. {title[:1].upper()}{title[1:]}"
        rows = [self.bold(self.prose(head, indent, indent + "   "))]
        rows += [self.prose(first.text, indent + "    ")] if first.text else []
        rows += self.equations([line for step in group for line in lines(step)], indent + "    ")
        if first.rule is not None:
            rows.append(self.rule(first.rule, indent + "    "))
        details = self.numbered(
            [detail for step in group for detail in step.details], f"{number}.", indent + "    "
        )
        return ["\n".join(rows), *details]

    def equations(self, told: Sequence[Line], indent: str) -> list[str]:
        """Equations below each other, aligned at their signs."""
        lefts = [len(line.left.text) for line in told if line.sign]
        room = max((n for n in lefts if n <= LEFT), default=0)
        rows = []
        for line in told:
            left, lead = line.left.text, ""
            if len(left) > LEFT:  # on a line of its own
                rows.append(self.prose(left, indent, indent + "    "))
                left = ""
            if line.sign:
                lead = f"{left:<{room}} {line.sign} " if room else f"{line.sign} "
            rest = indent + " " * (len(lead) + 2)
            rows.append(self.prose(lead + line.right.text, indent, rest))
        return rows

    def rule(self, rule: Rule, indent: str) -> str:
        source = f"  [{rule.source}]" if rule.source else ""
        sentence = f"by {rule.name}: {law(rule)}{source}"
        return self.styled(self.prose(sentence, indent, indent + "   "), "2")

    def formula(self, written: str) -> str:
        return "\n".join(self.prose(line, "    ", "        ") for line in written.splitlines())

    def prose(self, sentence: str, indent: str, rest: str | None = None) -> str:
        """A sentence in lines that fit; what cannot be broken may be longer."""
        kept = sentence.replace("  ", "\0 ")
        return textwrap.fill(
            kept,
            self.width,
            initial_indent=indent,
            subsequent_indent=indent if rest is None else rest,
            break_long_words=False,
            break_on_hyphens=False,
        ).replace("\0", " ")

    def bold(self, sentence: str) -> str:
        return self.styled(sentence, "1")

    def styled(self, sentence: str, style: str) -> str:
        return f"\033[{style}m{sentence}\033[0m" if self.colour else sentence
