"""What a program says does not depend on how: on names, on the order of what commutes, on what is
bound to names, on simplification, on layout, on what computes it, on printing and reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, note
from hypothesis import strategies as st

from matcalc import Derivation, derive, parse
from matcalc.check import Sample, evaluate, sample
from matcalc.errors import DerivationError
from matcalc.pipeline import leaves_of
from matcalc.simplify.simplify import Simplifier
from tests.campaign.asking import KINDS, SCALAR, Asked, Made, made_by
from tests.campaign.declared import SHAPES
from tests.campaign.terms import renamed
from tests.emit.libraries import NEEDS, TARGETS, given_to
from tests.laws.support import (
    LAWS,
    Composition,
    Law,
    array,
    assert_equal,
    chooser,
    compositions,
    law,
)

DEPTH = 4


@st.composite
def questions(draw: st.DrawFn, depth: int = DEPTH) -> Made:
    """A random program and what is asked of it."""
    return made_by(chooser(draw), depth)


def derived(question: Asked, **options: Any) -> Derivation:
    """The derivation; a program that is refused is no example."""
    note(str(question))
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


@law(questions(), 60)
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


@law(questions(), 60)
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


@law(questions(), 60)
def test_simplification_is_idempotent(made: Made) -> None:
    question = made.asked
    d = derived(question)
    for raw in leaves_of(d.solved.raw):
        once, again = (Simplifier(d.solved.lowering.known, d.solved.book) for _ in range(2))
        normal = once(raw)
        assert again(normal) is normal


@law(questions(3), 60)
def test_simplification_does_not_change_values(made: Made) -> None:
    question = made.asked
    plain = derived(question, simplify=False)
    at = drawn_for(plain, question)
    assert_close(values(derived(question), at), values(plain, at))


@law(questions(), 60)
def test_the_layout_changes_how_a_result_is_written_alone(made: Made) -> None:
    question = made.asked
    first, second = (
        derived(replace(question, layout=layout)) for layout in ("numerator", "denominator")
    )
    assert first.solved.arrays == second.solved.arrays


@law(compositions(), 60)
def test_names_stand_for_their_values(c: Composition) -> None:
    """What is bound can be put in: as arrays and as code that is the same, of every kind."""
    named = f"d1 = {c.inner}; {renamed(c.outer, {c.name: 'd1'})}"
    kinds = KINDS if c.dims else (*KINDS, *SCALAR)
    kind = kinds[len(c.whole) % len(kinds)]
    first, second = (c.scene.derived(text, kind) for text in (named, c.whole))
    at = c.scene.drawn([first, second])
    assert_equal(at, lambda value: [(value(array(first)), value(array(second)))])
    assert_close(computed(second, at), computed(first, at))


def computed(d: Derivation, at: Sample, target: str = "numpy") -> list[Any]:
    """The results of the compiled function of a target."""
    known = {**at.sizes, **at.point}
    given = {name: known[name] for name in d.inputs}
    if target != "numpy":
        given = {name: given_to(target, value) for name, value in given.items()}
    function = d.function(target, functions=at.functions)
    with np.errstate(all="ignore"):
        return [np.asarray(each) for each in leaves_of(function(**given))]


@law(questions(), 60)
def test_code_is_what_is_printed(made: Made) -> None:
    """The array, the text that is printed and read back, and the compiled function are equal; what
    is read back has the same LaTeX."""
    question = made.asked
    d = derived(question)
    at = drawn_for(d, question)
    assert_close(computed(d, at), values(d, at))
    symbols = [way.symbol for way in d.directions]
    shapes = question.shapes | {s.name: f"{s.shape} {' '.join(s.properties)}" for s in symbols}
    results = leaves_of(d.result)
    again = [parse(str(each), shapes) for each in results]

    def sides(value: Any) -> Any:
        for one, other in zip(again, results, strict=True):
            yield value(one.node), value(other.node)
            if d.kind != "differential":  # of which the text does not know that ds is one
                assert one.latex() == other.latex()

    assert_equal(at, sides)


def code_of(target: str) -> Law:
    """NumPy and another library compute the same; what a library lacks is said."""

    def states(made: Made) -> None:
        question = made.asked
        d = derived(question)
        assume(not d.program.functions)
        at = drawn_for(d, question)
        try:
            found = computed(d, at, target)
        except DerivationError as error:
            lacks = " has no " in str(error)
            assume(not lacks)
            raise
        assert_close(found, computed(d, at))

    return Law(states, questions(), 40)


LAWS.update({f"code_of_{target}": code_of(target) for target in NEEDS})


@pytest.mark.parametrize("target", TARGETS)
def test_targets_agree(target: str) -> None:
    LAWS[f"code_of_{target}"].test()()


@pytest.mark.parametrize("kind", ["gradient", "hessian"])
def test_the_same_twice(kind: str) -> None:
    text = "sum(softplus(X w + b)) + norm(w)^2"
    first, second = (derive(text, "w", kind=kind) for _ in range(2))
    assert first.solved.arrays is second.solved.arrays
