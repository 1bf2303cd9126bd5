"""Rows in blocks: only where an axis is proved to be a batch axis, and with the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc import derive
from matcalc.emit.function import emit
from matcalc.emit.numpy import compile_function
from matcalc.language import parse_program

SIZES = {"m": 60_011, "n": 7}
SHAPES = {"X": "(m, n)", "y": "m", "w": "n", "W": "(n, n)", "b": "n", "A": "(m, m)"}

BATCHES = [
    "sum(log(1 + exp(-y ⊙ (X w))))",
    "X' (X w - y)",
    "sum((X w - y)^2) / m + w · w",
    "sum(tanh(X W + b').^2)",
    "ones(m)' exp(X w) + b' w",
    "exp(X w) ⊙ y + sum(b)",
    "sum(exp(-X W), axis=0)",
    "sum(logsumexp(X W, axis=1))",
    "2 exp(W X') (X w + y)",
]

NONE = [
    "max(exp(X w))",
    "sum((exp(X w) - mean(exp(X w)))^2)",
    "softmax(exp(X w))",
    "y' A exp(y)",
    "X' diag(exp(X w)) X",
    "sum(w)",
]


def compiled(text: str) -> tuple[Any, Any, str]:
    used = {k: v for k, v in SHAPES.items() if k in text}
    program = parse_program(text, used)
    inputs = list(program.variables.values())
    function = compile_function("f", [program.expression], inputs, single=True)
    return function, inputs, emit("f", [program.expression], inputs, "", True, SIZES).text


@pytest.mark.parametrize("text", BATCHES)
def test_blocks_have_the_same_values(text: str) -> None:
    function, inputs, source = compiled(text)
    assert "for i in range(0, m, " in source
    assert max(map(len, source.splitlines())) <= 100
    assert "for i" not in function.source
    rng = np.random.default_rng(0)
    point = {s.name: rng.standard_normal([SIZES[str(d)] for d in s.shape.dims]) / 3 for s in inputs}
    namespace: dict[str, Any] = {}
    exec(function.source, namespace)
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 1e-3)):
        given = {name: value.astype(dtype) for name, value in point.items()}
        wanted = namespace["f"](**point)
        for _ in range(2):
            found = function(**given)
            assert found.dtype == dtype
            np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * 10)


@pytest.mark.parametrize("text", NONE)
def test_no_blocks_without_a_proof(text: str) -> None:
    assert "for i in" not in compiled(text)[2]


def test_value_and_gradient_of_a_long_vector() -> None:
    d = derive("sum(sin(x) ⊙ exp(x))", wrt="x")
    x = np.random.default_rng(0).standard_normal(300_001)
    value, gradient = d.function(value=True)(x=x)
    np.testing.assert_allclose(value, np.sum(np.sin(x) * np.exp(x)), rtol=1e-10)
    np.testing.assert_allclose(gradient, np.exp(x) * (np.sin(x) + np.cos(x)), rtol=1e-10)
