"""What is said about a hand-derived derivative: one sentence, with the evidence behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from matcalc.check.differences import Array

Outcome = Literal["equal", "layout", "factor", "term", "shape", "wrong"]


@dataclass(frozen=True)
class Counterexample:
    """Inputs at which two expressions differ, and the values of the derivative and of the other."""

    inputs: Mapping[str, Array]
    derivative: Array
    given: Array

    def __str__(self) -> str:
        mine, theirs = rounded(self.derivative), rounded(self.given)
        return f"at {self.place()} the derivative is {mine}, and yours is {theirs}"

    def place(self) -> str:
        """The inputs in words."""
        return ", ".join(f"{name} = {rounded(value)}" for name, value in self.inputs.items())


DIGITS: Final = 4


def rounded(value: Array) -> str:
    """An array as nested lists, of four significant digits; rounding errors are zeros."""
    array = np.asarray(value, dtype=float)
    largest = float(np.max(np.abs(array), initial=0.0))
    return _listed(np.where(np.abs(array) < 1e-12 * largest, 0.0, array))


def _listed(array: Array) -> str:
    if array.ndim:
        return "[" + ", ".join(_listed(part) for part in array) + "]"
    return f"{float(array):.{DIGITS}g}"


@dataclass(frozen=True)
class Verdict:
    """Whether a hand-derived derivative is right; true if it is, and `str` says it in a sentence.

    outcome         equal; layout (right but transposed, or written in another layout); factor (a
                    multiple); term (off by a summand); shape (no array of the derivative's shape);
                    wrong.
    layout          How it is written where that is not as it was asked for ("transposed" …).
    factor          What multiple of the derivative it is.
    difference      The derivative minus it, where that is short, or None.
    proof           For equal and layout: symbolic, or numeric (on random inputs).
    tried           The random inputs on which both were compared.
    counterexample  Small inputs at which they differ, for term and wrong.
    parts           For several variables the verdict on each; then `outcome` is the first that is
                    not equal.
    """

    outcome: Outcome
    sentence: str
    layout: str = ""
    factor: str = ""
    difference: str = ""
    proof: str = ""
    tried: int = 0
    counterexample: Counterexample | None = None
    parts: Mapping[str, Verdict] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.outcome == "equal"

    def __str__(self) -> str:
        if self.parts:
            return "\n".join(f"{label}: {part}" for label, part in self.parts.items())
        example = self.counterexample
        return self.sentence if example is None else f"{self.sentence}: {example}"

    def record(self) -> dict[str, Any]:
        """The verdict for programs."""
        example = self.counterexample
        return {
            "outcome": self.outcome,
            "equal": bool(self),
            "sentence": str(self),
            "layout": self.layout,
            "factor": self.factor,
            "difference": self.difference,
            "proof": self.proof,
            "tried": self.tried,
            "counterexample": example
            and {
                "inputs": {name: value.tolist() for name, value in example.inputs.items()},
                "derivative": example.derivative.tolist(),
                "given": example.given.tolist(),
            },
            "parts": {label: part.record() for label, part in self.parts.items()},
        }


def together(parts: Mapping[str, Verdict]) -> Verdict:
    """The verdict on several derivatives; of one alone its own."""
    first = next((part for part in parts.values() if not part), next(iter(parts.values())))
    if len(parts) == 1:
        return first
    return Verdict(
        first.outcome,
        "; ".join(f"{label}: {part.sentence}" for label, part in parts.items()),
        tried=min(part.tried for part in parts.values()),
        parts=parts,
    )
