"""Names: the spelled Greek ones are the letters, and names that only look alike are told apart."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_LOWER = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "tau upsilon phi chi psi omega"
)
_LETTERS = "αβγδεζηθικλμνξοπρστυφχψω"

GREEK: Final = {
    **dict(zip(_LOWER.split(), _LETTERS, strict=True)),
    **{
        name.capitalize(): letter.upper()
        for name, letter in zip(_LOWER.split(), _LETTERS, strict=True)
    },
}

SUBSCRIPTS: Final = frozenset("₀₁₂₃₄₅₆₇₈₉")

# Letters of other alphabets that look like Latin ones, for a hint only.
_LOOKALIKES: Final = dict(
    zip("аеорсухіјѕԁԛԝһАВЕКМНОРСТУХІЈЅ", "aeopcyxijsdqwhABEKMHOPCTYXIJS", strict=True)
)


def canonical(name: str) -> str:
    """The one spelling of a name: `lambda` is `λ`; variants of a letter, which Python's names do
    not
    tell apart either, are the letter; subscript digits stay."""
    if name.isascii():
        return GREEK.get(name, name)
    plain = "".join(
        letter if letter in SUBSCRIPTS else unicodedata.normalize("NFKC", letter) for letter in name
    )
    return unicodedata.normalize("NFC", plain)


_MARKED: Final = re.compile(r"([JH])_|D([1-9][0-9]?)_")


def derivative_named(name: str) -> tuple[str, int, str] | None:
    """The function, the order and the mark in the name of a derivative: `J_f` is the first of f,
    `H_f` the second, `D3_f` the third (two digits at most); None for any other name.
    """
    match = _MARKED.match(name)
    if match is None or match.end() == len(name):
        return None
    mark = match[1] or "D"
    order = {"J": 1, "H": 2}.get(mark) or int(match[2])
    return canonical(name[match.end() :]), order, mark


def skeleton(name: str) -> str:
    """What a name looks like."""
    plain = unicodedata.normalize("NFKC", name)
    return "".join(_LOOKALIKES.get(letter, letter) for letter in plain)


def is_upper(name: str) -> bool:
    """Whether a name stands for a matrix by its first letter, Latin or Greek."""
    return name[0].isupper()


def is_latin_lower(name: str) -> bool:
    """Whether a name begins with a lower-case Latin letter (with or without marks)."""
    return name[0].islower() and "LATIN" in unicodedata.name(name[0], "")


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like this one."""
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.lower(), each)
    if name.lower() in folded:
        return [folded[name.lower()]]
    return [folded[match] for match in difflib.get_close_matches(name.lower(), folded, count, 0.7)]


def character(letter: str) -> str:
    """A character, named for a diagnostic."""
    name = unicodedata.name(letter, "")
    code = f"U+{ord(letter):04X}"
    shown = f"`{letter}`, " if letter.isprintable() and not letter.isspace() else ""
    return f"{shown}{code} {name.lower()}".strip()
