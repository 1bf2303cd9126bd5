"""Verifies every step of every derivation of the case files, and prints the time that it takes.

python -m tests.derivation.verify [LEVEL]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Final

from matcalc import derive
from matcalc.derivation.verifying import every
from matcalc.show.record import Explanation, Level
from tests.cases import check_cases

FOLDER: Final = Path(__file__).parents[1] / "cases"


def cases() -> list[Any]:
    """The cases of all files."""
    return [case for path in sorted(FOLDER.glob("*.jsonl")) for case in check_cases.load(path)]


def explained(case: Any, level: Level = "index") -> Explanation:
    """The derivation of a case at a level, each step verified."""
    d = derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes, layout=case.layout)
    return d.explain(level, check=True)


def faults(told: Explanation) -> list[str]:
    """The steps that are wrong, or were not verified."""
    judged = [(step, step.verdict) for step in every(told.steps) if step.verdict is not None]
    return [f"{step.title}: {verdict}" for step, verdict in judged if not verdict.passed]


def main(level: Level = "index") -> int:
    """Check all cases; 1 if a step fails."""
    start, steps, failed = time.perf_counter(), 0, 0
    every_case = cases()
    for case in every_case:
        told = explained(case, level)
        steps += sum(step.verdict is not None for step in every(told.steps))
        for fault in faults(told):
            failed += 1
            print(f"{case.id}: {fault}")
    seconds = time.perf_counter() - start
    print(f"{len(every_case)} cases, {steps} steps verified, {failed} failed, {seconds:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))  # type: ignore[arg-type]  # a level, or explain() says so
