r"""Long formulas in lines: where a LaTeX formula is broken so that it fits a page.

TeX breaks no displayed formula by itself.  The places are the blanks that the printer leaves
between operands; one outside all brackets is better than one inside, and one at a sum better than
one at a product.  A pair \left … \right that a line ends in is closed and opened anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"\\(?:left|right)\s*(?:\\[A-Za-z]+|\\.|.)|\\[A-Za-z]+|\\.|\s+|.", re.DOTALL
)
_SUM: Final = ("+", "-")
_PRODUCT: Final = (r"\odot", r"\otimes", r"\cdot")
_RELATION: Final = ("=", r"\le", r"\ge", "<", ">")
_PREFIX: Final = (r"\nabla", r"\partial", r"\,", r"\quad", r"\operatorname", r"\mathrm")
_SPACE: Final = frozenset({r"\,", r"\!", r"\left.", r"\right."})
_SKIPPED: Final = frozenset(
    {r"\operatorname", r"\mathrm", r"\text", r"\texttt", r"\mathbf", r"\mathbb", r"\displaystyle"}
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A blank where a line may end: its offset, the width before it, how bad it is, and the open
    brackets.
    """

    at: int
    width: float
    badness: float
    open: tuple[str, ...]


def broken(formula: str, width: int) -> list[str]:
    """The formula in lines of about so many letters; one line if it fits or has no place to break.

    Each line is a formula in itself: its braces and its \\left and \\right match.
    """
    places, total = _places(formula)
    lines: list[str] = []
    start, before, reopened = 0, 0.0, ""
    while total - before > width:
        fitting = [p for p in places if p.at > start and before + width / 4 < p.width]
        best = min(
            (p for p in fitting if p.width <= before + width),
            key=lambda p: p.badness - (p.width - before) / width,
            default=min(fitting, key=lambda p: p.width, default=None),
        )
        if best is None:
            break
        lines.append(reopened + formula[start : best.at].strip() + r" \right." * len(best.open))
        reopened = r"\left. " * len(best.open)
        start, before = best.at, best.width
    return [*lines, reopened + formula[start:].strip()]


def width_of(formula: str) -> float:
    """About how wide a formula is, in letters."""
    return _places(formula)[1]


def _places(formula: str) -> tuple[list[_Place], float]:
    """The blanks where a formula can be broken, and its width."""
    tokens = [(match.start(), match[0]) for match in _TOKEN.finditer(formula)]
    texts = ["", *(token for _, token in tokens), ""]
    places: list[_Place] = []
    ruler = _Ruler()
    brackets: list[str] = []
    environments = 0
    for number, (at, token) in enumerate(tokens):
        outside = not ruler.groups and not environments
        if token.isspace():
            badness = _badness(texts[number], texts[number + 2])
            if badness is not None and outside:
                held = tuple(b for b in brackets if b not in "([")
                places.append(_Place(at, ruler.width, badness + 2 * len(brackets), held))
            continue
        environments += (token == r"\begin") - (token == r"\end")
        if outside and (token.startswith(r"\left") or token in "(["):
            brackets.append(token)
        elif outside and (token.startswith(r"\right") or token in ")]") and brackets:
            brackets.pop()
        ruler.take(texts[number], token)
    return places, ruler.width


class _Ruler:
    """Adds up how wide a formula is, in letters: scripts are smaller, fractions have two rows."""

    def __init__(self) -> None:
        self.width = 0.0
        self.groups: list[tuple[str, float]] = []
        self.above = 0.0

    def take(self, before: str, token: str) -> None:
        """One token more, and the one before it."""
        if token == "{":
            script = before in ("^", "_")
            role = "script" if script else "above" if before == r"\frac" else "plain"
            role = "below" if before == "}" and self.above else role
            self.groups.append((role, self.width))
        elif token == "}" and self.groups:
            role, start = self.groups.pop()
            wide = self.width - start
            if role == "below":
                self.width -= min(wide, self.above)
            self.above = wide if role == "above" else 0.0
        else:
            small = any(role == "script" for role, _ in self.groups)
            self.width += _width(token) * (0.7 if small else 1.0)


def _badness(before: str, after: str) -> float | None:
    """How bad it is to end a line between two tokens; None if it cannot be."""
    if before.startswith((r"\left", *_PREFIX)) or after.startswith((r"\right", r"\,", "}")):
        return None
    if before in (*_SUM, *_PRODUCT, *_RELATION) or not before or not after:
        return None
    if after in _SUM or after in _RELATION:
        return 0.0
    return 0.6 if after in _PRODUCT or before == "," else 1.0


def _width(token: str) -> float:
    """About how wide a token is, in letters."""
    if token in "{}^_&" or token in _SKIPPED or token in _SPACE:
        return 0.0
    if token in _SUM or token in _PRODUCT or token in _RELATION:
        return 2.4
    if token == r"\frac":
        return 0.6
    if token.startswith((r"\left", r"\right")):
        return 1.6
    if token in (r"\quad", r"\qquad"):
        return 2.0
    if ord(token[0]) > 0x17F:  # by its number, in small type
        return 2.5
    return len(token) - 1 if token[0] == "\\" and token[1:] in _OPERATORS else 1.0


_OPERATORS: Final = frozenset("log exp sin cos tan max min det sinh cosh tanh".split())
