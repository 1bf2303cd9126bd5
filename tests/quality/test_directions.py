"""Derivatives of matrix functions are linear in their directions, of whatever size these are."""

from __future__ import annotations

import numpy as np
import pytest

from matcalc import parse
from matcalc.check import evaluate

SIZES = (1e-120, 1e20, 1e120)
ALONG = (
    "expm_frechet(A, E)",
    "expm_frechet2(A, E, F)",
    "expm_frechet2(A, F, E)",
    "expm_jacobian2(A, E)",
    "logm_frechet(A, E)",
    "logm_frechet2(A, E, F)",
    "logm_frechet2(A, F, E)",
    "logm_jacobian2(A, E)",
)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", ALONG)
def test_a_direction_of_any_size_costs_no_digits(text: str, size: float) -> None:
    """In NumPy's code, and in the oracle that it is held against.

    Large entries beside A in one matrix, of which a block is the derivative, would spoil it.
    """
    rng = np.random.default_rng(0)
    root, E, F = rng.normal(size=(3, 3, 3))
    expression = parse(text, dict.fromkeys("AEF", "n×n"))
    point = {"A": root @ root.T + np.eye(3), "E": E, "F": F}
    wanted = evaluate(expression.node, point, {"n": 3}, {})
    scaled = point | {"E": size * E}
    code = expression.function("numpy")(**{k: scaled[k] for k in expression.inputs})
    for found in (code, evaluate(expression.node, scaled, {"n": 3}, {})):
        np.testing.assert_allclose(found / size, wanted, rtol=1e-12, atol=1e-12)
