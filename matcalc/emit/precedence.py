"""Levels, symbols and spellings of the notation: data that text and LaTeX share.

Products of all kinds stand on one level and group from left to right, as the language reads them.
Where that grouping is right but a reader would doubt it (`a ⊙ b c`), `Infix.left` leaves the kind
out, and the operand is bracketed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """How tightly the outermost operator of a text binds, loosest first."""

    COMPARE = 0
    SUM = 1
    PRODUCT = 2
    UNARY = 3
    POSTFIX = 4
    ATOM = 5


@dataclass(frozen=True, slots=True)
class Infix:
    """An operator of the product level: its symbols, and the kinds unbracketed at its left."""

    unicode: str
    ascii: str
    latex: str
    left: frozenset[str]


INFIX: Final = {
    "product": Infix(" ", " ", " ", frozenset({"fraction"})),
    "dot": Infix(" · ", " . ", r" \cdot ", frozenset({"product"})),
    "hadamard": Infix(
        " ⊙ ", " .* ", r" \odot ", frozenset({"product", "divide", "slash", "fraction"})
    ),
    "kron": Infix(" ⊗ ", "", r" \otimes ", frozenset({"kron"})),
    "divide": Infix(
        " / ", " / ", "", frozenset({"product", "hadamard", "dot", "divide", "slash", "fraction"})
    ),
}

POSTFIX_LEFT: Final = {
    "power": frozenset({"index"}),
    "transpose": frozenset({"index"}),
    "index": frozenset({"index", "transpose"}),
}

COMPARE: Final = {  # unicode, ascii, latex
    "<": ("<", "<", "<"),
    "<=": ("≤", "<=", r"\le"),
    ">": (">", ">", ">"),
    ">=": ("≥", ">=", r"\ge"),
    "==": ("==", "==", "="),
}

CONSTANTS: Final = {"pi": ("π", "pi", r"\pi"), "inf": ("inf", "inf", r"\infty")}

CALLS: Final = {"norm_nuc": ("norm", ("nuc",)), "norm_2": ("norm", ("2",))}
"""Functions written as another one with further words as arguments."""
