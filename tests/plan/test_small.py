"""Products of small arrays go to BLAS at once, those of large ones through NumPy's operator."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from matcalc import derive
from matcalc.emit.function import emit
from matcalc.language import parse_program
from matcalc.plan.small import SMALL

SHAPES = {"A": "m×n", "B": "n×k", "S": "n×n", "x": "n", "y": "m", "v": "n"}

SMALL_ONES = [  # as formulas say them, and as they are written where all is small
    ("A x", "A.dot(x)"),
    ("A' y", "y.dot(A)"),
    ("x' S v", "x.dot(S).dot(v)"),
    ("(x + v)·v", "(x + v).dot(v)"),
    ("A B", "A.dot(B)"),
    ("A' A", "A.T.dot(A)"),
    ("A' (y > 0)", "(y > 0).dot(A)"),
    ("-2 A x", "-2 * A.dot(x)"),
]


def returned(text: str, sizes: dict[str, int] | None) -> str:
    used = set(re.findall(r"\w+", text))
    read = parse_program(text, {n: s for n, s in SHAPES.items() if n in used})
    made = emit("f", [read.expression], list(read.variables.values()), single=True, sizes=sizes)
    return made.text.rpartition("return ")[2].strip()


@pytest.mark.parametrize(("text", "expected"), SMALL_ONES)
def test_small_products(text: str, expected: str) -> None:
    assert returned(text, {"m": 5, "n": 7, "k": 3}) == expected
    assert ".dot(" not in returned(text, None)


def test_large_products_stay() -> None:
    assert returned("A B", {"m": SMALL, "n": 2, "k": 3}) == "A @ B"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 2), (90, 80)])
def test_one_function_for_all_sizes(m: int, n: int, dtype: Any) -> None:
    rng = np.random.default_rng(m)
    f: Any = derive("sum((A x - y)^2) + sum(max(0, A x))", "x", shapes={"A": "m×n"}).function()
    for rows in (m, m + 1, m):
        A, x = rng.normal(size=(rows, n)).astype(dtype), rng.normal(size=n).astype(dtype)
        y = rng.normal(size=rows).astype(dtype)
        expected = 2 * A.T @ (A @ x - y) + A.T @ (A @ x > 0)
        for order in (A, np.asfortranarray(A), A[::-1][::-1]):
            found = f(A=order, x=x, y=y)
            assert found.dtype == dtype and found.shape == (n,)
            rtol = 1e-4 if dtype is np.float32 else 1e-11
            np.testing.assert_allclose(found, expected, rtol=rtol)
