"""One provider of linear algebra within a function: NumPy's threads beside SciPy's cost much."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.emit.function import emit
from matcalc.language import parse_program

RNG = np.random.default_rng(2)
SHAPES = {
    "A": "n×n", "B": "n×n", "C": "n×n", "S": "n×n spd", "L": "n×n lower", "X": "m×n", "T": "n×k",
    "x": "n", "y": "m", "v": "n",
}  # fmt: skip
SIZES = {"m": 150, "n": 120, "k": 130}

NUMPY = [  # no factors are kept
    "A B x + X' y", "A^-1 x", "tr(A B A)", "sum(A^-1)", "logdet(S)", "X' X", "det(A) x",
    "chol(C) v + C^-1 x",
]  # fmt: skip
SCIPY = [
    "S^-1 x", "S^-1 A", "A S^-1 B", "x' S^-1 x + logdet(S)", "L^-1 A B", "A^-1 x + (A^-1)' v",
    "(X' X) S^-1 (X' y)", "logdet(A) + x' A^-1 x + sum(A B)", "S^-1 T T' v", "X S^-1 X'",
    "B^-1 x + S^-1 v", "logdet(B) + x' S^-1 x", "sum(S^-1 (A > 0) B)", "(A' A + S)^-1 A' v",
    "tr(S^-1 A) + tr(B' A)", "A' (S^-1 B')", "v' A S^-1 x",
    "chol(C) x + S^-1 x", "L^-1 (chol(C) x)",
]  # fmt: skip


def program(text: str) -> Any:
    used = set(re.findall(r"\w+", text))
    return parse_program(text, {n: s for n, s in SHAPES.items() if n in used})


def body(text: str, sizes: dict[str, int] | None) -> str:
    """The emitted source, for known sizes or none, without the docstring."""
    read = program(text)
    inputs = list(read.variables.values())
    parts = emit("f", [read.expression], inputs, sizes=sizes).text.split('"""')
    return parts[0] + parts[2]


@pytest.mark.parametrize("text", NUMPY)
@pytest.mark.parametrize("sizes", [None, SIZES])
def test_numpy_alone(text: str, sizes: dict[str, int] | None) -> None:
    assert "scipy" not in body(text, sizes) and "la." not in body(text, sizes)


@pytest.mark.parametrize("text", SCIPY)
def test_factorisations_by_scipy_alone(text: str) -> None:
    for sizes in (None, SIZES):
        assert "import linalg as la" in body(text, sizes)
        assert "np.linalg" not in body(text, sizes)


@pytest.mark.parametrize("text", SCIPY)
def test_products_that_threads_share_are_by_scipy(text: str) -> None:
    large = body(text, SIZES)
    shapes = {n: tuple(int(SIZES[d]) for d in s.split()[0].split("×")) for n, s in SHAPES.items()}
    for left, right in re.findall(r"(\w+)(?:\.T)? @ (\w+)", large):
        named = [shapes.get(name, (1,)) for name in (left, right)]
        assert not any(len(shape) == 2 for shape in named), large
    small = body(text, dict.fromkeys(SIZES, 5))
    assert "get_blas_funcs" not in small


@pytest.mark.parametrize("text", SCIPY)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_are_the_same(text: str, dtype: Any) -> None:
    used = set(re.findall(r"\w+", text))
    expression = parse(text, {n: s for n, s in SHAPES.items() if n in used})
    given = {}
    for name in expression.inputs:
        shape = tuple(SIZES[d] for d in SHAPES[name].split()[0].split("×"))
        value = RNG.standard_normal(shape) / 11
        value = value @ value.T + np.eye(120) if name in "SC" else value
        value = np.tril(value) + 3 * np.eye(120) if name == "L" else value
        value = value + 3 * np.eye(120) if name in "AB" and "^-1" in text else value
        given[name] = value.astype(dtype)
    found = expression.function()(**given)
    small: dict[str, Any] = {}
    exec(expression.code(), small)
    wanted = small["f"](**given)
    assert found.dtype == dtype
    tolerance = 1e-9 if dtype is np.float64 else 2e-3
    scale = np.max(np.abs(wanted))
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * scale)


ROUTINES = [
    ("X' X + S^-1", "syrk(1.0, X.T)"),
    ("X X' + tr(S^-1 A) ones(m, m)", "syrk(1.0, X.T, trans=1)"),
    ("A B + S^-1", "gemm(1.0, B.T, A.T).T"),
    ("A' B + S^-1", "gemm(1.0, B.T, A.T, trans_b=1).T"),
    ("A B' + S^-1", "gemm(1.0, B.T, A.T, trans_a=1).T"),
    ("A x + S^-1 x", "gemv(1.0, A.T, x, trans=1)"),
    ("A' x + S^-1 x", "gemv(1.0, A.T, x)"),
]


@pytest.mark.parametrize(("text", "call"), ROUTINES)
def test_nothing_is_copied_for_blas(text: str, call: str) -> None:
    assert call in body(text, SIZES)


def test_derivatives_too() -> None:
    d = derive("logdet(A A' + S)", "A", shapes={"A": "n×k", "S": "n×n spd"})
    A = RNG.standard_normal((100, 90))
    S = np.eye(100)
    wanted = 2 * np.linalg.solve(A @ A.T + S, A)
    np.testing.assert_allclose(d.function()(A=A, S=S), wanted, rtol=1e-9, atol=1e-10)
