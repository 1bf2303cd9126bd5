"""The derivations of the paper's cases contain the paper's own intermediate results.

Names of intermediate variables may differ: a name of the paper is matched with one of ours that
stands for the same value.  All else is compared as values at random inputs, where the names that
the paper uses in a formula are variables of their own: (1/u) 2x is told from 2/x.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from matcalc import derive
from matcalc.check import evaluate, sample
from matcalc.errors import MatcalcError
from matcalc.expr.nodes import Expr, Named, Symbol, free_symbols
from matcalc.language import parse_program
from matcalc.result import Derivation
from matcalc.show.record import Step
from tests.cases.steps_of import told

FILE: Final = Path(__file__).with_name("parr_howard.jsonl")
CASES: Final = [(case, steps) for case, steps in told(FILE) if steps]


def test_there_are_as_many_as_the_paper_has() -> None:
    assert len(CASES) == 132


@pytest.mark.parametrize(("case", "steps"), CASES, ids=lambda part: getattr(part, "id", ""))
def test_the_paper_s_results_are_told(case: Any, steps: Sequence[Mapping[str, str]]) -> None:
    missing = Comparison(case).missing(steps)
    assert not missing, f"not told: {missing}"


def test_what_is_not_in_the_paper_is_missed() -> None:
    """The comparison can fail: wrong derivatives, wrong values, names that are not there."""
    case, _ = next(pair for pair in CASES if pair[0].id == "ph-log-sin")
    wrong = [
        {"let": "u1", "be": "x^2"},
        {"let": "u1", "be": "x^3"},
        {"d": "sin(u1)", "by": "u1", "is": "-cos(u1)"},
        {"d": "cos(u1)", "by": "u1", "is": "-sin(u1)"},
        {"combine": "(1 / u1) cos(u1) 3 x^2"},
        {"substitute": "6 x^2 cos(x^3) / sin(x^3)^2"},
    ]
    missing = Comparison(case).missing(wrong)
    assert missing == [wrong[0], *wrong[2:]]


def every(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from every(step.details)


class Comparison:
    """One case: our steps, and the values of everything at random inputs."""

    def __init__(self, case: Any) -> None:
        d: Derivation = derive(
            case.expr, wrt=case.wrt, kind=case.kind, shapes=case.shapes, layout=case.layout
        )
        self.d = d
        self.steps = list(every(d.explain("index").steps))
        self.names: dict[str, Named] = {
            step.before.name: step.before
            for step in self.steps
            if isinstance(step.before, Named) and step.before.name in d.program.bindings
        }
        self.declared = {s.name: f"{s.shape} {' '.join(s.properties)}" for s in self.variables}
        self.declared |= {name: str(f) for name, f in d.program.functions.items()}

    @property
    def variables(self) -> list[Symbol]:
        return list(self.d.program.variables.values())

    def missing(self, steps: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        """The results of the paper that no step of ours tells."""
        return [step for step in steps if not self.is_told(step)]

    def is_told(self, step: Mapping[str, str]) -> bool:
        match step:
            case {"let": name, "be": value}:
                return self.named(name, value)
            case {"d": value, "by": by, "is": derivative}:
                parts = (value, by, derivative)
                claims = [(s.before, s.by, s.after) for s in self.steps if s.by is not None]
                total = "total" in step  # through all names, which are no variables then
                return any(self.agree(parts, claim, not total) for claim in claims)
            case {"combine": value} | {"substitute": value}:
                sides = [e for s in self.steps for e in (s.joined, s.before, s.after)]
                return any(self.agree((value,), (side,)) for side in sides)
            case _:
                raise AssertionError(f"an unknown step of the paper: {step}")

    def named(self, name: str, value: str) -> bool:
        """Whether a name of ours stands for the value; it is then the paper's name, too."""
        for step in self.steps:
            ours = step.before if step.kind == "intermediate" else None
            if isinstance(ours, Named) and self.agree((value,), (step.after,)):
                self.names[name] = ours
                return True
        return False

    def parsed(self, text: str) -> Expr:
        """A formula of the paper, whose names have the shapes of ours."""
        known = {name: str(ours.shape) for name, ours in self.names.items()}
        program = parse_program(text, {**self.declared, **known})
        return program.expression

    def agree(self, paper: Sequence[str], ours: Sequence[Expr | None], vary: bool = True) -> bool:
        """Whether formulas have equal values, the names of the paper in them being variables."""
        if any(side is None for side in ours):
            return False
        try:
            parsed = [self.parsed(text) for text in paper]
        except MatcalcError:
            return False
        theirs = {name for e in parsed for name in free_symbols(e)} & set(self.names)
        theirs = theirs if vary else set()
        sides = [side for side in ours if side is not None]
        return all(self.equal(parsed, sides, sorted(theirs), seed) for seed in range(2))

    def equal(
        self, paper: Sequence[Expr], ours: Sequence[Expr], theirs: Sequence[str], seed: int
    ) -> bool:
        rng = np.random.default_rng(seed)
        symbols = [s for e in (*paper, *ours) for s in free_symbols(e).values()]
        indices = {s.name for s in symbols if "integer" in s.properties}
        drawn = sample([self.d.program.expression], self.variables, rng)
        point = {**drawn.point, "i": np.asarray(1)}
        point |= {name: np.asarray(1) for name in indices}
        held = dict(point)
        for name, part in self.names.items():
            point[name] = evaluate(part, drawn.point, drawn.sizes, drawn.functions)
        for name in theirs:  # a value of its own, near the one that it stands for
            value = evaluate(self.names[name], drawn.point, drawn.sizes, drawn.functions)
            moved = value + rng.uniform(0.05, 0.2, value.shape)
            point[name] = held[self.names[name].name] = moved
        try:
            left = [evaluate(e, point, drawn.sizes, drawn.functions) for e in paper]
            right = [evaluate(e, held, drawn.sizes, drawn.functions) for e in ours]
        except (MatcalcError, IndexError, ValueError):
            return False
        return all(
            a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-12)
            for a, b in zip(left, right, strict=True)
        )
