"""What the tests of emit print and compute: every expression and closed form of the case files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from matcalc.expr.nodes import Derivative, Symbol, postorder
from matcalc.language import Program, parse_program
from tests.cases import check_cases

CASES: list[Any] = [
    case
    for path in sorted(Path(check_cases.__file__).parent.glob("*.jsonl"))
    for case in check_cases.load(path)
]


@dataclass(frozen=True)
class Text:
    """A text of a case file with its declarations, and NumPy that computes the same."""

    id: str
    case: Any
    text: str
    numpy: str

    @property
    def program(self) -> Program:
        return parsed(self.text, tuple({**self.case.shapes, **self.case.inferred}.items()))


@cache
def parsed(text: str, shapes: tuple[tuple[str, str], ...]) -> Program:
    return parse_program(text, dict(shapes))


def texts() -> Iterator[Text]:
    """The expression of every case, and its closed form if that is one expression."""
    for case in CASES:
        yield Text(case.id, case, case.expr, case.reference)
        several = isinstance(case.wrt, list) or ("," in case.wrt and case.wrt[0] != "[")
        bound = re.findall(r"^ *(\w+) *=[^=]", case.expr, re.MULTILINE)
        speaks = set(bound) & set(re.findall(r"\w+", case.expected.split("\n")[-1]))
        if not several and not speaks and case.layout == "numerator":
            yield Text(f"{case.id}-expected", case, case.expected, case.expected_np)


TEXTS = list(texts())
COMPUTED = [
    t
    for t in TEXTS
    if not any(isinstance(n, Derivative) for n in postorder((t.program.expression,)))
]


def declarations(program: Program) -> dict[str, str]:
    """The shapes of a program's names as its user might declare them."""
    shapes = {
        name: " ".join([str(symbol.shape), *sorted(symbol.properties)])
        for name, symbol in program.variables.items()
        if "integer" not in symbol.properties
    }
    return shapes | {name: str(function) for name, function in program.functions.items()}


def symbols(program: Program) -> list[Symbol]:
    """The inputs of a program."""
    return list(program.variables.values())
