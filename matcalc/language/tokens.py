"""Text to tokens: the scanner, and what it says of characters that are not in the language."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from matcalc.budget import DIGITS
from matcalc.errors import InputError, Span
from matcalc.language import table
from matcalc.language.names import SUBSCRIPTS, canonical, character

MAX_TEXT: Final = 200_000
MAX_NUMBER: Final = DIGITS
MAX_NAME: Final = 100
_LONGEST: Final = {"NAME": MAX_NAME, "NUMBER": MAX_NUMBER, "SUPERSCRIPT": MAX_NUMBER}

OPERATORS: Final = frozenset(
    "PLUS MINUS STAR AT DOT SLASH DOTSLASH BACKSLASH HADAMARD KRON TIMES COMPARE EQUALS COMMA "
    "COLON POWER DOTPOWER ARROW FROBENIUS NABLA".split()
)
"""Kinds that want an operand on their right."""

ENDS: Final = frozenset(
    "NUMBER NAME SUPERSCRIPT STRING TRANSPOSE PRIME RPAR RSQUARE RBRACE CLOSEINDEX CLOSEBAR REAL "
    "PROPERTY".split()
)
"""Kinds that an operand can end with."""


class Token:
    """A piece of the text: its terminal, its characters, and where it is."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    def __repr__(self) -> str:
        return f"{self.kind}:{self.text!r}"


@cache
def _scanner() -> tuple[re.Pattern[str], frozenset[str]]:
    matcalc = table.load("matcalc")
    return matcalc.scanner(), matcalc.ignored


def scan(text: str, origin: str = "") -> list[Token]:
    """The tokens of a text, without blanks and comments; InputError for what is none."""
    if len(text) > MAX_TEXT:
        raise InputError(
            f"the text is too long: {len(text)} characters",
            expected=f"at most {MAX_TEXT} characters",
        )
    pattern, ignored = _scanner()
    tokens: list[Token] = []
    position = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        if start != position:
            raise _strange(text, position, origin)
        position = end
        kind = match.lastgroup or ""
        if kind not in ignored:
            if end - start > _LONGEST.get(kind, MAX_TEXT):
                raise _too_long(kind, text, start, end, origin)
            if kind == "NAME" and not match.group().isascii():
                _check_letters(text, start, end, origin)
            tokens.append(Token(kind, match.group(), start, end))
    if position != len(text):
        raise _strange(text, position, origin)
    return tokens


def _check_letters(text: str, start: int, end: int, origin: str) -> None:
    """Refuse a letter that stands for several words, as ﷺ does: no name is spelled by it."""
    for position in range(start, end):
        if any(not _in_name(each) for each in canonical(text[position])):
            raise _strange(text, position, origin)


def _in_name(letter: str) -> bool:
    return letter.isalnum() or letter == "_" or unicodedata.category(letter) in ("Mn", "Mc")


def _too_long(kind: str, text: str, start: int, end: int, origin: str) -> InputError:
    what = "name" if kind == "NAME" else "number"
    return InputError(
        f"the {what} is too long: {end - start} characters",
        source=text,
        span=Span(start, end),
        origin=origin,
        expected=f"at most {_LONGEST[kind]} characters",
    )


_ADVICE: Final = {
    "_": "names begin with a letter",
    "∛": "x^(1/3)",
    "—": "-",
    "|": "abs(x), det(A), or ‖x‖ for the norm",
    "÷": "/",
    "√": "sqrt(x)",
    "∫": "an expression without integrals: there are none in the language",
    "†": "pinv(A)",
    "`": "the expression alone, without quotation marks",
    "“": "the expression alone, without quotation marks",
    "”": "the expression alone, without quotation marks",
    "„": "the expression alone, without quotation marks",
    "…": "the terms written out, or sum(x) and prod(x) of a vector",
    "∈": "a colon in the declarations: where x: R^n",
    "←": "=",
    "⟨": "x · y for an inner product",
    "⟩": "x · y for an inner product",
    "¬": "1 - x for `not`",
    "∧": "(a > 0) ⊙ (b > 0) for `and`",
    "∨": "max(a > 0, b > 0) for `or`",
    "⌊": "floor(x)",
    "⌋": "floor(x)",
    "⌈": "ceil(x)",
    "⌉": "ceil(x)",
    "∑": "sum(x)",
    "Σ": "sum(x)",
    "∏": "prod(x)",
    "!": "gamma(x + 1) for a factorial, 1 - x for `not`",
    "&": "(a > 0) ⊙ (b > 0) for `and`",
    "~": "1 - x for `not`",
    "$": "the formula alone, without the dollar signs of LaTeX",
    "%": "# for a comment, x - y floor(x / y) for a remainder",
    "'": "x' for a transpose",
    "∂": "grad(f, x) or jacobian(f, x)",
    "≠": "1 - (x == y)",
    '"': 'quotation marks on both sides, as in einsum("ij,jk->ik", A, B)',
    "•": "·",
    "∙": "·",
    "−": "-",
    "²": "x^2",
    "?": "where(condition, a, b)",
}


_AFTER_NORMS: Final = ("‖", "|", ")", "∥")


def _strange(text: str, position: int, origin: str) -> InputError:
    """The diagnostic for a character that begins no token."""
    letter = text[position]
    category = unicodedata.category(letter)
    plain = unicodedata.normalize("NFKC", letter).replace("⁄", "/")
    suggestion = _ADVICE.get(letter, "")
    message = f"this character has no meaning here: {character(letter)}"
    if category in ("Cf", "Cc", "Zl", "Zp", "Co", "Cs"):
        message, suggestion = f"an invisible character: {character(letter)}", "the text without it"
    elif letter == "_" and text[position - 1 : position] == "∇":
        suggestion = "grad(f, x)"
    elif (letter == "_" or letter in SUBSCRIPTS) and text[position - 1 : position] in _AFTER_NORMS:
        suggestion = "norm(x) or norm(x, 1), norm(x, inf), norm(X) for Frobenius, norm(X, nuc)"
    elif letter == "%" and text.startswith("%*%", position):
        message, suggestion = "`%*%` is not an operator", "A B"
    elif letter == "%" and text.startswith("%o%", position):
        message, suggestion = "`%o%` is not an operator", "x y'"
    elif letter == "&" and "\\begin" in text:
        suggestion = "the formula alone, on one line"
    elif letter == "⁺":
        suggestion = "pinv(A)"
    elif letter == "|" and text[position - 1 : position] == "\\":
        message, suggestion = "a command of LaTeX: `\\|`", "norm(x), or ‖x‖"
    elif letter == "|":
        message = "bars are ambiguous: `|x|` may be an absolute value or a determinant"
    elif not suggestion and plain != letter and plain.isascii() and plain.strip():
        suggestion = plain
    elif category == "Mn":
        message = f"a mark without a letter before it: {character(letter)}"
    elif text.startswith("!=", position):
        return InputError(
            "`!=` is not an operator",
            source=text,
            span=Span(position, position + 2),
            origin=origin,
            suggestion="1 - (x == y)",
        )
    end = position + (3 if message.startswith("`%") else 1)
    while text[end : end + 1] == letter:
        end += 1
    return InputError(
        message,
        source=text,
        span=Span(position, end),
        origin=origin,
        found=letter.strip() if letter.isprintable() else "",
        suggestion=suggestion,
    )
