"""The golden file of the literature: losses, likelihoods, layers and matrix functions of the Matrix
Cookbook, of Magnus & Neudecker and of machine-learning papers, each with its derivative as it is
printed, for a person to read.  Each is verified by the oracle.  After a change that reads better:

    python -m tests.golden.test_literature
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from matcalc import derive
from tests.golden.test_results import Line, is_case, parsed

FILE: Final = Path(__file__).with_name("literature.txt")
LINES: Final = FILE.read_text(encoding="utf-8").splitlines()
CASES: Final = [parsed(text) for text in LINES if is_case(text)]


def test_each_stands_there_once() -> None:
    asked = [(case.program, case.wrt, case.twice) for case in CASES]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.program} by {case.wrt}")
def test_it_is_printed_so_and_right(case: Line) -> None:
    assert case.answer() == case.result
    report = derive(case.program, case.wrt, kind="hessian" if case.twice else "auto").check()
    assert report.passed, str(report)


if __name__ == "__main__":
    new = [str(parsed(text)) if is_case(text) else text for text in LINES]
    FILE.write_text("\n".join(new) + "\n", encoding="utf-8")
