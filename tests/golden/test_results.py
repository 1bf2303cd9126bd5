"""The golden file: what matcalc prints for the paper's examples and the textbooks' classics.

Each line of results.txt is `input  by variable  =>  result`; `twice` asks for the Hessian, and a
program's bindings are separated by `;`.  After a change that is meant, and that reads better:

    python -m tests.golden.test_results
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from matcalc import derive
from matcalc.errors import MatcalcError

FILE: Final = Path(__file__).with_name("results.txt")


@dataclass(frozen=True)
class Line:
    """One line: a program, what it is derived by, whether twice, and the result."""

    program: str
    wrt: str
    twice: bool
    result: str

    def answer(self) -> str:
        """What matcalc prints now, on one line."""
        kind = "hessian" if self.twice else "auto"
        try:
            result = derive(self.program, self.wrt, kind=kind).result
        except MatcalcError as error:
            return f"error: {error.message}"
        parts = result if isinstance(result, tuple) else (result,)
        return "  and  ".join(str(part).replace("\n", "; ") for part in parts)

    def __str__(self) -> str:
        return f"{self.program}  by {self.wrt}{' twice' * self.twice}  =>  {self.answer()}"


def parsed(text: str) -> Line:
    """A line of the file."""
    question, _, result = text.partition("  =>  ")
    program, _, wrt = question.rpartition("  by ")
    return Line(program.strip(), wrt.removesuffix(" twice").strip(), wrt.endswith(" twice"), result)


def lines() -> list[str]:
    return FILE.read_text(encoding="utf-8").splitlines()


def is_case(text: str) -> bool:
    return bool(text.strip()) and not text.startswith("#")


CASES: Final = [parsed(text) for text in lines() if is_case(text)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.program} by {case.wrt}")
def test_result(case: Line) -> None:
    assert case.answer() == case.result


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.program} by {case.wrt}")
def test_result_is_right(case: Line) -> None:
    kind = "hessian" if case.twice else "auto"
    report = derive(case.program, case.wrt, kind=kind).check()
    assert report.passed, str(report)


def update() -> None:
    """Write the file anew with what matcalc prints now."""
    new = [str(parsed(text)) if is_case(text) else text for text in lines()]
    FILE.write_text("\n".join(new) + "\n", encoding="utf-8")


if __name__ == "__main__":
    update()
