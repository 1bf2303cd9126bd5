"""Names: of the language as ASCII, as LaTeX, and as identifiers of Python; of derivatives."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from matcalc.expr.nodes import Function

_SPELLED: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho"
    " sigma tau upsilon phi chi psi omega"
).split()
_LETTERS: Final = "αβγδεζηθικλμνξοπρστυφχψω"

GREEK: Final = {
    **dict(zip(_LETTERS, _SPELLED, strict=True)),
    **dict(zip(_LETTERS.upper(), (name.capitalize() for name in _SPELLED), strict=True)),
}
"""Greek letters and their names."""

_LETTER: Final = {name: letter for letter, name in GREEK.items()}

_COMMANDS: Final = (
    {letter: "\\" + name for letter, name in GREEK.items()}
    | dict(zip("οΑΒΕΖΗΙΚΜΝΟΡΤΧ", "oABEZHIKMNOPTX", strict=True))  # Latin letters in LaTeX
    | {"ς": r"\varsigma", "ϵ": r"\epsilon", "ϑ": r"\vartheta", "ϕ": r"\phi", "ϖ": r"\varpi"}
    | {"ϱ": r"\varrho", "ϰ": r"\varkappa", "ℓ": r"\ell"}
)

_SUBSCRIPTS: Final = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def ascii_name(name: str) -> str:
    """A name with a Greek letter spelled out, if that is the whole name; else as it is."""
    return GREEK.get(name, name)


def plain_digits(name: str) -> str:
    """A name with its subscript digits as ordinary ones."""
    return name.translate(_SUBSCRIPTS)


def latex_name(name: str) -> str:
    r"""`x_1`, `x1`, `x₁` as `x_{1}`; `W_out` as `W_{\mathrm{out}}`; `loss` as `\mathrm{loss}`."""
    head, _, rest = plain_digits(name).partition("_")
    digits = re.fullmatch(r"([^\W\d_]+)(\d+)", head)
    if digits:
        head, rest = digits[1], digits[2] + ("_" + rest if rest else "")
    lower = ",".join(_word(part) for part in rest.split("_") if part)
    return _word(head) + (f"_{{{lower}}}" if lower else "")


def has_subscript(name: str) -> bool:
    """Whether latex_name() writes a subscript."""
    return "_{" in latex_name(name)


def _word(text: str) -> str:
    text = _LETTER.get(text, text)
    if text in _COMMANDS:
        return _COMMANDS[text]
    if (len(text) == 1 and text.isascii()) or text.isdigit():
        return text
    if text.isascii():
        return rf"\mathrm{{{text}}}"
    return rf"\text{{{text}}}"


def mark(function: Function, order: int) -> str:
    """How a derivative of an unknown function is marked: "" the function itself, "'" a scalar
    argument's, "∇" a gradient, "J" a Jacobian, "H" the second derivative, "D" the third and more.
    """
    if order == 0:
        return ""
    if not function.domain.dims:
        return "'"
    if order == 1:
        return "J" if function.codomain.dims else "∇"
    return "H" if order == 2 else "D"


class Identifiers:
    """Gives names of the language distinct Python identifiers, close to what the user wrote."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = set(reserved)

    def free(self, name: str) -> bool:
        """Whether nothing has that name."""
        return name not in self._taken

    def take(self, wish: str) -> str:
        """An identifier like the wish that nothing else has."""
        name = unicodedata.normalize("NFKC", plain_digits(wish))
        if not name.isidentifier():
            name = re.sub(r"\W", "_", name) or "_"
            name = name if name.isidentifier() else f"v_{name}"
        while keyword.iskeyword(name) or name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
