"""The golden file of stationary points: classical problems, and what is refused with its reason.

Each line of stationary.txt is `problem  by unknowns  =>  closed form  |  condition  |  nature`, the
problem a program on one line.  After a change that is meant, and that reads better:

    python -m tests.golden.test_stationary
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.check import evaluate, same_value, sample
from matcalc.errors import DerivationError, MatcalcError
from tests.golden.test_results import is_case

FILE: Final = Path(__file__).with_name("stationary.txt")


def lines() -> list[str]:
    return FILE.read_text(encoding="utf-8").splitlines()


def asked(line: str) -> tuple[str, str]:
    """The problem and the unknowns of a line."""
    problem, _, unknowns = line.partition("  =>  ")[0].rpartition("  by ")
    return problem, unknowns


def answer(problem: str, unknowns: str) -> str:
    """What matcalc says now, on one line."""
    try:
        point = derive(problem, unknowns).stationary()
    except MatcalcError as error:
        return f"refused: {error.message}"
    equations = [line for line in str(point).splitlines() if not line.startswith("# ")]
    return "  |  ".join(["; ".join(equations), *point.remarks])


CASES: Final = [line for line in lines() if is_case(line)]
SOLVED: Final = [line for line in CASES if "  =>  refused: " not in line]


def name(line: str) -> str:
    return " by ".join(asked(line))


@pytest.mark.parametrize("line", CASES, ids=name)
def test_answer(line: str) -> None:
    assert f"{line.partition('  =>  ')[0]}  =>  {answer(*asked(line))}" == line


@pytest.mark.parametrize("line", SOLVED, ids=name)
def test_the_gradient_is_zero_there(line: str) -> None:
    report = derive(*asked(line)).stationary().check()
    assert report.passed, str(report)
    assert report.tried == 3


@pytest.mark.parametrize("line", SOLVED, ids=name)
def test_closed_forms_parse_back_and_compile(line: str) -> None:
    point = derive(*asked(line)).stationary()
    for made in point.closed.values():
        shapes = {s.name: " ".join([str(s.shape), *s.properties]) for s in made.variables}
        assert same_value(made.node, parse(str(made), shapes).node, made.variables).passed
        drawn = sample([made.node], made.variables, np.random.default_rng(0))
        given = {k: v for k, v in drawn.point.items() if k in made.inputs} | {
            k: n for k, n in drawn.sizes.items() if k in made.inputs
        }
        wanted = evaluate(made.node, drawn.point, drawn.sizes)
        assert np.allclose(made.function()(**given), wanted, rtol=1e-5, atol=1e-6)


def test_enough_is_solved_and_enough_refused() -> None:
    assert len(SOLVED) >= 40
    assert len(CASES) - len(SOLVED) >= 8


def test_refusals_are_derivation_errors() -> None:
    for line in set(CASES) - set(SOLVED):
        with pytest.raises(DerivationError):
            derive(*asked(line)).stationary()


def update() -> None:
    """Write the file anew with what matcalc says now."""
    new = [
        f"{line.partition('  =>  ')[0]}  =>  {answer(*asked(line))}" if is_case(line) else line
        for line in lines()
    ]
    FILE.write_text("\n".join(new) + "\n", encoding="utf-8")


if __name__ == "__main__":
    update()
