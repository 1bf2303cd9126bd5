"""Laws that hold for every program: random well-typed ones, from the grammar of the campaign.

That their derivatives are right is what the campaign itself checks (`test_campaign`); here is what
takes two derivations to see.  `HYPOTHESIS_PROFILE=explore python -m pytest` tries some thousands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matcalc import Derivation, derive
from matcalc.check import Sample, evaluate, sample
from matcalc.errors import DerivationError
from matcalc.pipeline import leaves_of
from matcalc.simplify.simplify import Simplifier
from tests.campaign.asking import Asked, Made, made_by
from tests.campaign.declared import SHAPES
from tests.campaign.terms import renamed

DEPTH = 4


@st.composite
def questions(draw: st.DrawFn, depth: int = DEPTH) -> Made:
    """A random program and what is asked of it."""
    return made_by(lambda count: draw(st.integers(0, count - 1)), depth)


def derived(question: Asked, **options: Any) -> Derivation:
    """The derivation; a program that is refused is no example."""
    try:
        return question.derived(**options)
    except DerivationError:
        assume(False)
        raise


def drawn_for(d: Derivation, question: Asked) -> Sample:
    """An input at which the program and its derivative have values."""
    symbols = [*d.program.variables.values(), *d.solved.problem.directions]
    problem = d.solved.problem
    parts = [problem.expression, *problem.targets, *leaves_of(d.solved.arrays)]
    try:
        return sample(parts, symbols, np.random.default_rng(0), sizes=dict(question.sizes))
    except DerivationError:
        assume(False)
        raise


def values(d: Derivation, at: Sample, name: Callable[[str], str] = str) -> list[Any]:
    """The results at an input, its names changed by a function; bound names at their value."""
    point = {name(n): v for n, v in at.point.items()}
    sizes = {name(n): v for n, v in at.sizes.items()}
    functions = {name(n): v for n, v in at.functions.items()}
    return [evaluate(array, point, sizes, functions) for array in leaves_of(d.solved.arrays)]


def assert_close(found: list[Any], wanted: list[Any]) -> None:
    """Results that are equal but for rounding."""
    for got, value in zip(found, wanted, strict=True):
        assert np.shape(got) == np.shape(value)
        size = max(1.0, float(np.max(np.abs(value), initial=0.0)))
        assert np.max(np.abs(got - value), initial=0.0) <= 1e-8 * size


NAMES = {name: f"z{k + 10}" for k, name in enumerate([*sorted(SHAPES), "n", "m", "d1", "d2"])}


@given(questions())
@settings(max_examples=80)
def test_names_do_not_matter(made: Made) -> None:
    question = made.asked
    first = derived(question)
    second = derive(
        renamed(question.text, NAMES),
        renamed(question.wrt, NAMES),
        kind=question.kind,
        layout=question.layout,
        shapes={NAMES[n]: renamed(shape, NAMES) for n, shape in question.shapes.items()},
    )
    pairs = zip(first.directions, second.directions, strict=True)
    names = NAMES | {old.symbol.name: new.symbol.name for old, new in pairs}
    at = drawn_for(first, question)
    assert_close(values(second, at, lambda n: names.get(n, n)), values(first, at))


@given(questions())
@settings(max_examples=80)
def test_the_order_of_operands_does_not_matter(made: Made) -> None:
    flipped = made.with_program(made.program.flipped())
    question = made.asked
    first, second = derived(question), derived(flipped.asked)
    assert unbound(second) == unbound(first)
    at = drawn_for(first, question)
    assert_close(values(second, at), values(first, at))


def unbound(d: Derivation) -> str:
    """The result as it prints, without the bindings, which stand as they were typed."""
    return re.sub(r"^\w+ = .*(\n  .*)*\n", "", str(d), flags=re.MULTILINE)


@given(questions())
@settings(max_examples=100)
def test_simplification_is_idempotent(made: Made) -> None:
    question = made.asked
    d = derived(question)
    for raw in leaves_of(d.solved.raw):
        once, again = (Simplifier(d.solved.lowering.known, d.solved.book) for _ in range(2))
        normal = once(raw)
        assert again(normal) is normal


@given(questions(3))
@settings(max_examples=80)
def test_simplification_does_not_change_values(made: Made) -> None:
    question = made.asked
    plain = derived(question, simplify=False)
    at = drawn_for(plain, question)
    assert_close(values(derived(question), at), values(plain, at))


@given(questions())
@settings(max_examples=60)
def test_the_layout_changes_how_a_result_is_written_alone(made: Made) -> None:
    question = made.asked
    first, second = (
        derived(replace(question, layout=layout)) for layout in ("numerator", "denominator")
    )
    assert first.solved.arrays == second.solved.arrays


@pytest.mark.parametrize("kind", ["gradient", "hessian"])
def test_the_same_twice(kind: str) -> None:
    text = "sum(softplus(X w + b)) + norm(w)^2"
    first, second = (derive(text, "w", kind=kind) for _ in range(2))
    assert first.solved.arrays is second.solved.arrays
