"""Standard derivatives, as they are printed, each verified by the oracle.

`python -m tests.golden.test_standard` writes the file anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from matcalc import derive
from tests.golden.test_results import is_case, parsed

FILE: Final = Path(__file__).with_name("standard.txt")
LINES: Final = FILE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", [each for each in LINES if is_case(each)])
def test_it_is_printed_so_and_right(text: str) -> None:
    line = parsed(text)
    assert str(line) == text
    d = derive(line.program, line.wrt, kind="hessian" if line.twice else "auto")
    assert d.check().passed


def test_there_are_enough() -> None:
    assert sum(map(is_case, LINES)) >= 39


if __name__ == "__main__":
    FILE.write_text("".join(f"{parsed(t) if is_case(t) else t}\n" for t in LINES), encoding="utf-8")
