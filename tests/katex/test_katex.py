"""KaTeX in strict mode takes all LaTeX that matcalc writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matcalc import derive
from matcalc.emit.latex import latex
from matcalc.show import book, reference
from tests.cases import check_cases
from tests.emit.test_latex import FORMULAS, long_names, samples
from tests.katex.strict import refused

CASES = [
    case
    for path in sorted(Path(check_cases.__file__).parent.glob("*.jsonl"))
    for case in check_cases.load(path)
]


def test_the_judge_can_say_no() -> None:
    assert [formula for formula, _ in refused(["x", r"\frac{x}", r"\unknown x"])] == [
        r"\frac{x}",
        r"\unknown x",
    ]


def test_expressions() -> None:
    assert refused(FORMULAS + [latex(expr) for expr in [*samples(), *long_names()]]) == []


def test_every_rule() -> None:
    rules = book.items()
    sheet = reference.latex_body(rules)
    assert sheet.count("&") >= len([s for item in rules for s in item.lines()]) / 2
    assert refused(rf"\begin{{align*}}{row}\end{{align*}}" for row in sheet.split("\\\\\n")) == []
    page = reference.page().split("$$\n")[1::2]
    assert refused(page) == []


def derivation(case: Any) -> Any:
    return derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes, layout=case.layout)


def test_every_case() -> None:
    found = [derivation(case) for case in CASES]
    assert refused([*(d.expression.latex() for d in found), *(d.latex() for d in found)]) == []
