"""The variables and unknown functions that random programs may mention, and their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.campaign.terms import Dims

SHAPES: Final = {
    "s": "R",
    "r": "R",
    "t": "R positive",
    "x": "R^n",
    "y": "R^n",
    "q": "R^n positive",
    "u": "R^m",
    "v": "R^m",
    "z": "R^m nonnegative",
    "a": "R^3",
    "b": "R^3",
    "l": "R^(m*n)",
    "A": "R^(n×n)",
    "B": "R^(n×n)",
    "C": "R^(n×n) invertible",
    "S": "R^(n×n) symmetric",
    "P": "R^(n×n) spd",
    "D": "R^(n×n) diagonal",
    "Q": "R^(n×n) orthogonal",
    "L": "R^(n×n) lower",
    "U": "R^(n×n) upper",
    "M": "R^(m×m)",
    "N": "R^(m×m) spd",
    "X": "R^(m×n)",
    "Y": "R^(m×n)",
    "W": "R^(m×n) positive",
    "Z": "R^(n×m)",
    "J": "R^(3×3)",
    "T": "R^(m×n×n)",
    "f": "R -> R",
    "g": "R^n -> R^m",
    "h": "R^n -> R",
    "w": "R^m -> R^m",
    "c": "R -> R^n",
    "k": "R^(m×n) -> R",
    "o": "R -> R^(n×n)",
}
"""Declarations by name."""

VARIABLES: Final[dict[Dims, Sequence[str]]] = {
    (): ("s", "t", "r"),
    ("n",): ("x", "y", "q"),
    ("m",): ("u", "v", "z"),
    ("3",): ("a", "b"),
    ("m*n",): ("l",),
    ("n", "n"): ("A", "B", "S", "P", "D", "Q", "L", "U", "C"),
    ("m", "m"): ("M", "N"),
    ("m", "n"): ("X", "Y", "W"),
    ("n", "m"): ("Z",),
    ("3", "3"): ("J",),
    ("m", "n", "n"): ("T",),
}
"""The variables of a shape, the simplest first."""

POSITIVE: Final = ("t", "q", "z", "W")
AT_KINKS: Final = ("D", "L", "U")
"""Variables with zeros among their entries: a derivative by them may be at a kink."""

APPLIED: Final[Sequence[tuple[str, tuple[Dims, ...], Dims]]] = (
    ("g({0})", (("n",),), ("m",)),
    ("h({0})", (("n",),), ()),
    ("w({0})", (("m",),), ("m",)),
    ("c({0})", ((),), ("n",)),
    ("k({0})", (("m", "n"),), ()),
    ("o({0})", ((),), ("n", "n")),
    ("J_g({0})", (("n",),), ("m", "n")),
    ("J_w({0})", (("m",),), ("m", "m")),
    ("∇h({0})", (("n",),), ("n",)),
    ("H_h({0})", (("n",),), ("n", "n")),
    ("f'({0})", ((),), ()),
    ("c'({0})", ((),), ("n",)),
)
"""Unknown functions and their derivatives as they are written: the parts and the result."""
