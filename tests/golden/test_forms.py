"""The golden file of forms: which of several equal forms is printed, and by which law.

forms.txt has a heading for each law of arithmetic by which the simplifier rewrites, and below it
inputs whose result that law brings about; below the other headings stand what is known of names
and what is better left as it is.  The lines are those of results.txt.  After a change that is
meant, and that reads better:

    python -m tests.golden.test_forms
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from matcalc import derive
from matcalc.simplify import laws
from matcalc.simplify.simplify import Rewrite, Simplifier
from tests.golden.test_results import Line, is_case, parsed
from tests.tensor.problems import leaves

FILE: Final = Path(__file__).with_name("forms.txt")
LINES: Final = FILE.read_text(encoding="utf-8").splitlines()
LAWS: Final = {
    f"# {law.name}: {law.statement}  [{law.source}]": law
    for law in vars(laws).values()
    if isinstance(law, laws.Law)
}


def below_headings() -> Iterator[tuple[str, Line]]:
    """The lines, each with its heading."""
    heading = ""
    for text in LINES:
        heading = text if text.startswith("#") else heading
        if is_case(text):
            yield heading, parsed(text)


CASES: Final = list(below_headings())
IDS: Final = [f"{case.program} by {case.wrt}{' twice' * case.twice}" for _, case in CASES]


@pytest.mark.parametrize(("heading", "case"), CASES, ids=IDS)
def test_it_is_printed_so_and_right(heading: str, case: Line) -> None:
    d = derive(case.program, case.wrt, kind="hessian" if case.twice else "auto")
    assert str(d).replace("\n", "; ") == case.result
    assert d.check().passed
    if heading in LAWS:
        trace: list[Rewrite] = []
        simplifier = Simplifier(d.solved.lowering.known, d.solved.book, trace=trace)
        for raw in leaves(d.solved.raw):
            simplifier(raw)
        assert LAWS[heading] in {rewrite.law for rewrite in trace}


def test_every_law_has_its_heading() -> None:
    headings = [heading for heading, _ in CASES]
    assert set(LAWS) <= set(headings)


if __name__ == "__main__":
    FILE.write_text("".join(f"{parsed(t) if is_case(t) else t}\n" for t in LINES), encoding="utf-8")
