"""Arrays that are dead are written over: never an input, a result, or what is read again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcalc import derive
from matcalc.emit.compiled import executed
from matcalc.emit.function import emit
from matcalc.expr.nodes import Expr, free_symbols
from matcalc.language import parse_program
from matcalc.plan import buffers
from tests.cases import check_cases
from tests.emit.programs import COMPUTED, Text, symbols
from tests.emit.test_random import ANY, POINT, SIZES, SYMBOLS

SHAPES = {"A": "n×n", "B": "n×n", "x": "n", "v": "n"}

WRITTEN = [  # formulas, and the statements where all matrices are large
    ("tanh(A B + x')", "t1 = A @ B; t1 += x; np.tanh(t1, out=t1); return t1"),
    (
        "exp(A ⊙ B) / (1 + A.^2)",
        "t1 = A * B; np.exp(t1, out=t1); t2 = A**2; t2 += 1; t1 /= t2; return t1",
    ),
    ("x - tanh(v)", "return x - np.tanh(v)"),  # vectors are small
    ("A + A'", "return A + A.T"),
    ("A B + x x' + λ eye(n)", "t1 = A @ B; t1 += np.outer(x, x); …+= λ; return t1"),
]


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small arrays are worth it as well."""
    monkeypatch.setattr(buffers, "WORTH", 1)


def made(outputs: Sequence[Expr], inputs: Sequence[Any], sizes: Any = None) -> tuple[Any, str]:
    """The function of some expressions, and its source."""
    emitted = emit("f", outputs, inputs, sizes=sizes)
    return executed(emitted.call, "f", {}), emitted.call


def same(outputs: Sequence[Expr], inputs: Sequence[Any], point: Any, sizes: Any) -> None:
    """The values are those without buffers, and no input is changed."""
    plain, _ = made(outputs, inputs)
    over, source = made(outputs, inputs, sizes)
    assert max(map(len, source.splitlines())) <= 100
    before = {name: np.copy(value) for name, value in point.items()}
    with np.errstate(all="ignore"):
        wanted, found = plain(**point), over(**point)
    for name, value in before.items():
        np.testing.assert_array_equal(point[name], value)
    for one, other in zip(found, wanted, strict=True):
        scale = float(np.nanmax(np.abs(other), initial=1))
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12 * scale)
        assert np.shape(one) == np.shape(other) and np.result_type(one) == np.result_type(other)


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("case", [t for t in COMPUTED if not t.program.functions])
@pytest.mark.filterwarnings("ignore:logm result may be inaccurate")
def test_cases(case: Text) -> None:
    program, point = case.program, check_cases.sampled(case.case, 0)[1]
    given_ = {s.name: point[s.name] for s in symbols(program)}
    if not emit("f", [program.expression], symbols(program)).sizes:
        same([program.expression], symbols(program), given_, case.case.dims)


@pytest.mark.usefixtures("everything")
@given(st.lists(ANY, min_size=1, max_size=3))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_expressions(outputs: list[Expr]) -> None:
    inputs = {"x": SYMBOLS["x"], "y": SYMBOLS["y"]}
    for output in outputs:
        inputs |= free_symbols(output)
    point = {name: POINT[name] for name in inputs}
    same(outputs, list(inputs.values()), point, SIZES)


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_written(text: str, expected: str) -> None:
    used = set(re.findall(r"\w+", text))
    read = parse_program(text, {n: s for n, s in SHAPES.items() if n in used})
    inputs = list(read.variables.values())
    made = emit("f", [read.expression], inputs, single=True, sizes={"n": 200})
    lines = [line.strip() for line in made.call.split('"""')[2].strip().splitlines()]
    found = "; ".join(lines).replace('np.einsum("ii->i", t1)[...] ', "…")
    assert found == expected


def test_what_the_user_named_stays() -> None:
    program = "H = A B; sum(tanh(H + x'))"
    shapes = {"A": "n×n", "B": "n×n", "x": "n"}
    read = parse_program(program, shapes)
    made = emit("f", [read.expression], list(read.variables.values()), sizes={"n": 200})
    assert "H = A @ B" in made.call and "H +=" not in made.call


def test_a_network_writes_over_what_is_dead() -> None:
    """And gives the same as its source without sizes."""
    d = derive("H = tanh(X W + b'); norm(H V - T)^2", "W, b, V", shapes={"X": "m×n", "W": "n×k"})
    function: Any = d.function(value=True)
    rng = np.random.default_rng(0)
    sizes = {"X": (200, 150), "W": (150, 160), "b": (160,), "V": (160, 170), "T": (200, 170)}
    point = {name: rng.standard_normal(shape) / 12 for name, shape in sizes.items()}
    before = {name: value.copy() for name, value in point.items()}
    namespace: dict[str, Any] = {}
    exec(function.source, namespace)
    wanted = namespace["gradient"](**point)
    for _ in range(2):
        value, parts = function(**point)
        np.testing.assert_allclose(value, wanted[0], rtol=1e-12)
        for part, other in zip(parts, wanted[1], strict=True):
            np.testing.assert_allclose(part, other, rtol=1e-10, atol=1e-12)
    for name, value in before.items():
        np.testing.assert_array_equal(point[name], value)
