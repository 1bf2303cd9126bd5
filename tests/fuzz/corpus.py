"""What mutation begins with: the programs of the case files, wrong inputs, earlier findings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from matcalc.language.book import known_functions
from tests.bad_inputs import update

FOLDER: Final = Path(__file__).parent / "corpus"
"""Findings, one a file, minimised; the tests judge each."""

CASES: Final = Path(__file__).parents[1] / "cases"

SIGNS: Final = (
    "' ^T ᵀ .T ^2 ² ^-1 ⁻¹ ^(-1) ^{-1} ^-T .^ - + @ · . ⋅ * ⊙ ∘ .* ⊗ / ./ \\ < <= ≤ > >= ≥ == = ; "
    ", : ( ) [ ] { } ‖ || | ∇ ∂ -> → × ∈ ℝ ℝⁿ R R^n R^(m×n) R->R (m,n) 2n n+1 m*n where spd "
    "symmetric diagonal lower positive constant invertible axis=0 axis=-1 eye(n) ones(n) e(1,n) "
    "inf pi π I T e 0 1 2 0.5 1e3 1e400 10^10 f' J_f ∇f H_f sigma σ² x₁ x' W1 lambda np __class__ "
    'None def if else \\frac{1}{2} \\begin{pmatrix} $ % & _ ~ ` " # \n \t ? ! é ﬁ 漢 ｘ − – ′ ’ “'
).split(" ")


def findings() -> list[Path]:
    """The files of what was found."""
    return sorted(FOLDER.glob("*.txt"))


def seeds() -> list[str]:
    """The texts that mutation begins with."""
    texts = [row.program for row in update.rows()]
    for path in sorted(CASES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            shapes = ", ".join(f"{name}: {shape}" for name, shape in case["shapes"].items())
            texts.append(case["expr"] + (f" where {shapes}" if shapes else ""))
    texts += [path.read_text(encoding="utf-8") for path in findings()]
    return list(dict.fromkeys(texts))


def pieces(texts: list[str]) -> list[str]:
    """The words and signs of the language, and the words of some texts."""
    words = {word for text in texts for word in re.findall(r"\w+", text) if len(word) < 20}
    return sorted({*SIGNS, *known_functions(), *words} - {""})
