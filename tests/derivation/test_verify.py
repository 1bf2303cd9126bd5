"""Every step of every derivation of the case files is true, at the finest level."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from matcalc import derive
from matcalc.derivation.verifying import verified
from matcalc.expr import build
from matcalc.show.record import Verdict
from tests.derivation import verify


@pytest.mark.parametrize("case", verify.cases(), ids=lambda case: case.id)
def test_every_step(case: Any) -> None:
    told = verify.explained(case)
    assert told.verdict is not None and told.verdict.passed, str(told.verdict)
    assert not verify.faults(told)


@pytest.mark.parametrize("kind", ["local", "chain", "rewrite", "intermediate"])
def test_a_wrong_step_is_found(kind: str) -> None:
    d = derive("log(sin(x^3)^2)", "x")
    root, symbols = d.program.expression, tuple(d.program.variables.values())
    for place, step in enumerate(d.steps):
        if step.kind == kind and step.after is not None:
            wrong = replace(step, after=build.product([build.number(2), step.after]))
            steps = (*d.steps[:place], wrong, *d.steps[place + 1 :])
            found, verdict = verified(steps, root, symbols, Verdict(3))
            assert verdict.wrong and "off by" in verdict.reason
            judged = found[place].verdict
            assert judged is not None and judged.wrong


def test_what_cannot_be_verified_says_why() -> None:
    told = derive("log(-1 - x^2)", "x").explain(check=True)
    assert told.verdict is not None and not told.verdict.passed and not told.verdict.wrong
    assert str(told.verdict).startswith("not verified: ") and "finite real value" in str(
        told.verdict
    )
