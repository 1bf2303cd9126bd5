"""The record of a derivation in the order in which Parr & Howard tell one: what is given,
intermediate variables, the local derivative of each with the rule that gave it, the chain rule that
joins them, simplifications, the answer.

The local derivatives are those of the engine (`calculus.reverse`), taken between the intermediate
variables instead of through them; their rules and rewrites are the engine's own record.  Nothing is
derived by other means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from matcalc.derivation import verifying
from matcalc.derivation.along import Along
from matcalc.derivation.telling import Teller
from matcalc.expr.nodes import Expr, Symbol
from matcalc.pipeline import Solved
from matcalc.show.record import Explanation, Level, Verdict


class Report(Protocol):
    """What the check of a whole derivation said."""

    @property
    def passed(self) -> bool: ...
    @property
    def wrong(self) -> bool: ...
    @property
    def tried(self) -> int: ...
    @property
    def worst(self) -> float: ...
    @property
    def lines(self) -> tuple[str, ...]: ...


def explained(solved: Solved, level: Level = "textbook") -> Explanation:
    """How a derivative was found, in the detail asked for."""
    teller = Along if solved.problem.directions else Teller
    return Explanation(level, tuple(teller(solved, level).steps()))


def verified(
    told: Explanation, root: Expr, symbols: Sequence[Symbol], report: Report
) -> Explanation:
    """The explanation with a verdict on each step and on the whole.

    report  What the check of the answer itself said.
    """
    reason = "" if report.passed else report.lines[0].partition(": ")[2]
    answer = Verdict(report.tried if report.passed else 0, report.worst, reason, report.wrong)
    steps, verdict = verifying.verified(told.steps, root, symbols, answer)
    return Explanation(told.level, steps, verdict)
