"""A product is multiplied out over a sum in it where that is less work: values, and that the matrix
in the middle is never formed."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from matcalc import parse

M, N = 800, 2
MIDDLE = M * M * 8
SHAPES = {"X": "m×n", "Y": "m×n", "c": "m", "x": "n"}

ROWS: dict[str, Any] = {
    "X' (eye(m) - ones(m, m) / m) X": lambda X, **_: X.T @ (X - X.mean(0)),
    "X' (eye(m) / m + ones(m, m)) Y": lambda X, Y, **_: X.T @ (Y / M + Y.sum(0)),
    "X' (2 ones(m, m) - eye(m)) X x": lambda X, x, **_: X.T @ (2 * (X @ x).sum() - X @ x),
    "X' (eye(m) - c c') X": lambda X, c, **_: X.T @ (X - np.outer(c, c @ X)),
    "X' (eye(m) + 2 c c') Y": lambda X, Y, c, **_: X.T @ (Y + 2 * np.outer(c, c @ Y)),
    "(eye(m) - c c') X": lambda X, c, **_: X - np.outer(c, c @ X),
    "(ones(m, m) - eye(m)) X": lambda X, **_: X.sum(0) - X,
}


@pytest.mark.parametrize("text", ROWS)
def test_what_is_small_beside_the_identity_is_no_matrix(text: str) -> None:
    rng = np.random.default_rng(1)
    sizes: dict[str, Any] = {"X": (M, N), "Y": (M, N), "c": (M,), "x": (N,)}
    parsed = parse(text, SHAPES)
    given = {name: rng.normal(size=sizes[name]) for name in parsed.inputs}
    function: Any = parsed.function()
    function(**given)
    tracemalloc.start()
    found = function(**given)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MIDDLE / 4
    np.testing.assert_allclose(found, ROWS[text](**given), rtol=1e-9, atol=1e-9)
