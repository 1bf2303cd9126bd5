"""Laws that hold for every program: random well-typed ones, derived and compared with the oracle.

`HYPOTHESIS_PROFILE=explore python -m pytest tests/test_properties.py` tries some thousands, and
`python -m tests.explore 20000` makes as many as it is told, without shrinking, in one loop.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matcalc import derive, parse
from matcalc.check import Sample, evaluate, same_value, sample
from matcalc.errors import DerivationError
from matcalc.pipeline import leaves_of
from matcalc.result import Derivation
from matcalc.simplify.simplify import Simplifier
from tests.random_programs import KINDS, Program, declared, program, renamed, variables

DEPTH = 3
SECOND_DEPTH = 2


@st.composite
def programs(draw: st.DrawFn, depth: int = DEPTH) -> Program:
    """A random program."""
    return program(lambda count: draw(st.integers(0, count - 1)), depth)


@st.composite
def pairs(draw: st.DrawFn, depth: int = DEPTH) -> tuple[Program, Program]:
    """A random program, and the same with the operands of sums and products exchanged."""
    made: list[int] = []

    def pick(count: int) -> int:
        made.append(draw(st.integers(0, count - 1)))
        return made[-1]

    first = program(pick, depth)
    again = iter(made)
    return first, program(lambda _: next(again), depth, flipped=True)


def derived(p: Program, kind: str = "auto") -> Derivation:
    return derive(p.text, p.wrt, kind=kind, shapes=p.shapes)


def drawn_for(d: Derivation) -> Sample:
    """An input at which the program and its derivative have values."""
    rng = np.random.default_rng(0)
    symbols = d.program.variables.values()
    try:
        return sample([d.program.expression, d.solved.arrays], symbols, rng)
    except DerivationError:
        assume(False)
        raise


def value(d: Derivation, at: Sample) -> Any:
    """The derivative at an input; by a bound name, at its value there."""
    return evaluate(d.solved.arrays, at.point, at.sizes, at.functions)


def assert_close(got: Any, wanted: Any) -> None:
    assert np.shape(got) == np.shape(wanted)
    size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    assert np.max(np.abs(got - wanted), initial=0.0) <= 1e-8 * size


@given(programs())
@settings(max_examples=150)
def test_a_derivative_is_right(p: Program) -> None:
    report = derived(p).check()
    assert not report.wrong, str(report)


@given(programs(SECOND_DEPTH))
@settings(max_examples=60)
def test_a_hessian_is_right(p: Program) -> None:
    assume(not p.dims)
    report = derived(p, "hessian").check()
    assert not report.wrong, str(report)


@given(programs(), st.sampled_from(KINDS[1:]), st.booleans())
@settings(max_examples=120)
def test_a_derivative_along_directions_is_right(p: Program, kind: str, both: bool) -> None:
    d = derive(p.text, variables(p)[: 1 + both], kind=kind, shapes=p.shapes)
    report = d.check()
    assert not report.wrong, str(report)
    for part in leaves_of(d.result):
        again = parse(str(part), declared(p, d))
        symbols = [*d.program.variables.values(), *d.solved.problem.directions]
        read = same_value(part.node, again.node, symbols, points=1)
        assert not read.wrong, str(read)


@given(programs(SECOND_DEPTH), st.booleans())
@settings(max_examples=40)
def test_a_hessian_times_a_direction_is_right(p: Program, both: bool) -> None:
    assume(not p.dims)
    report = derive(p.text, variables(p)[: 1 + both], kind="hvp", shapes=p.shapes).check()
    assert not report.wrong, str(report)


@given(programs())
@settings(max_examples=100)
def test_a_result_parses_back(p: Program) -> None:
    d = derived(p)
    again = parse(str(d), p.shapes)
    assert again.node.shape == d.result.node.shape
    report = same_value(d.result.node, again.node, d.program.variables.values(), points=1)
    assert not report.wrong, str(report)


@given(programs())
@settings(max_examples=80)
def test_the_compiled_function_is_the_result(p: Program) -> None:
    d = derived(p)
    at = drawn_for(d)
    known = {**at.sizes, **at.point}
    function = d.function("numpy", functions=at.functions)
    assert_close(function(**{name: known[name] for name in d.inputs}), value(d, at))


NAMES = dict(zip("s t x y q u v A B P Q L S X Y Z n m b1 b2".split(), range(99), strict=False))


@given(programs())
@settings(max_examples=60)
def test_names_do_not_matter(p: Program) -> None:
    names = {name: f"z{len(NAMES) - k}" for name, k in NAMES.items()}
    first, second = derived(p), derived(renamed(p, names))
    at = drawn_for(first)
    point = {names.get(name, name): array for name, array in at.point.items()}
    sizes = {names.get(name, name): size for name, size in at.sizes.items()}
    got = evaluate(second.solved.arrays, point, sizes, at.functions)
    assert_close(got, value(first, at))


@given(pairs())
@settings(max_examples=60)
def test_the_order_of_terms_does_not_matter(pair: tuple[Program, Program]) -> None:
    first, second = (derived(p) for p in pair)
    assert unbound(second) == unbound(first)
    at = drawn_for(first)
    assert_close(value(second, at), value(first, at))


def unbound(d: Derivation) -> str:
    """The result as it prints, without the bindings, which stand as they were typed."""
    return re.sub(r"^\w+ = .*(\n  .*)*\n", "", str(d), flags=re.MULTILINE)


@given(programs())
@settings(max_examples=80)
def test_simplification_is_idempotent(p: Program) -> None:
    d = derived(p)
    for raw in leaves_of(d.solved.raw):
        once, again = (Simplifier(d.solved.lowering.known, d.solved.book) for _ in range(2))
        normal = once(raw)
        assert again(normal) is normal


@given(programs(SECOND_DEPTH))
@settings(max_examples=60)
def test_simplification_does_not_change_values(p: Program) -> None:
    plain = derive(p.text, p.wrt, shapes=p.shapes, simplify=False)
    at = drawn_for(plain)
    assert_close(value(derived(p), at), value(plain, at))


@pytest.mark.parametrize("kind", ["gradient", "hessian"])
def test_the_same_twice(kind: str) -> None:
    text = "sum(softplus(X w + b)) + norm(w)^2"
    first, second = (derive(text, "w", kind=kind) for _ in range(2))
    assert first.solved.arrays is second.solved.arrays
