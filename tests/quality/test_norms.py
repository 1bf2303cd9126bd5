"""Norms, and what is derived from them, where the squares of the entries overflow or underflow.

Results against the printed derivative at many digits: wherever that is a number of the precision,
the code has it to a few units in the last place of its largest entry, without a warning.
"""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
import pytest
from mpmath import mp

from matcalc import derive, parse
from tests.campaign.precise import Precise
from tests.quality.measure import DIGITS

SIZES: Final = {"n": 3, "m": 2}
SHAPES: Final = {"x": "n", "y": "n", "w": "n", "A": "n×n", "X": "m×n"}

VALUES: Final = (
    "norm(x)",
    "norm(x, 2)",
    "sqrt(x·x)",
    "sqrt(sum(x^2))",
    "sqrt(mean(x^2))",
    "norm(x - y)",
    "norm(X)",
    "norm(X, axis=1)",
    "norm(X, axis=0)",
    "std(x)",
    "x / norm(x)",
    "x / sqrt(mean(x^2))",
    "x · y / (norm(x) norm(y))",
    "X / norm(X)",
    "layernorm(x)",
    "sum(norm(X, axis=1))",
    "1 - x · y / (norm(x) norm(y))",
    "w · x / norm(x)",
    "norm(A x) / norm(x)",
)
HESSIANS: Final = (
    "norm(x)",
    "norm(x - y)",
    "norm(X)",
    "sqrt(mean(x^2))",
    "x · y / (norm(x) norm(y))",
    "w · x / norm(x)",
    "x'A x / (x · x)",
    "sqrt(x · x)^3",
)
SCALES: Final = {np.float64: (1e-200, 1e-30, 1.0, 1e30, 1e200), np.float32: (1e-25, 1.0, 1e25)}


def arrays(scale: float, dtype: Any) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    signs = {"x": [1, -1, 1], "y": [1, 1, -1], "w": [-1, 1, 1]}
    made = {name: rng.uniform(0.5, 1.5, 3) * sign for name, sign in signs.items()}
    made["A"] = np.diag([1, 2, -3]) + rng.uniform(-0.2, 0.2, (3, 3))
    made["X"] = rng.standard_normal((2, 3))
    return {k: (v * (scale if k in "xyX" else 1)).astype(dtype) for k, v in made.items()}


def result(text: str, kind: str) -> Any:
    shapes = {name: shape for name, shape in SHAPES.items() if name in text}
    if kind == "value":
        return parse(text, shapes), parse(text, shapes).node
    found = derive(text, "X" if "X" in text else "x", kind=kind, shapes=shapes)
    return found, found.result.node


def cases() -> list[tuple[str, str]]:
    made = [(text, kind) for text in VALUES for kind in ("value", "auto")]
    return [*made, *((text, "hessian") for text in HESSIANS)]


@pytest.mark.parametrize("dtype", SCALES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(("text", "kind"), cases())
def test_no_square_overflows(text: str, kind: str, dtype: Any) -> None:
    found, node = result(text, kind)
    function = found.function()
    info = np.finfo(dtype)
    for scale in SCALES[dtype]:
        given = {k: v for k, v in arrays(scale, dtype).items() if k in found.inputs}
        with mp.workdps(DIGITS):
            exact = {k: np.vectorize(mp.mpf, otypes=[object])(v) for k, v in given.items()}
            wanted = np.asarray(Precise(node, SIZES, {})(exact), object)
        largest = max(abs(each) for each in wanted.ravel())
        if not float(info.tiny) < largest < float(info.max):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = function(**given)
        assert got.dtype == dtype
        if got.ndim > wanted.ndim:  # written as a matrix of vec(X)
            got = np.reshape(got, wanted.shape, order="F")
        assert np.all(np.isfinite(got)), (scale, got)
        error = max(
            abs(mp.mpf(float(g)) - e) for g, e in zip(got.ravel(), wanted.ravel(), strict=True)
        )
        assert error <= 8 * float(np.spacing(dtype(largest))), (scale, got, wanted)


def test_what_is_no_number_of_norms() -> None:
    """No entries, zeros, infinities and nan: as the root of the sum of squares has them."""
    norm, rows = (parse(t, {"X": "m×n"}).function() for t in ("norm(X)", "norm(X, axis=1)"))
    nan, inf = np.nan, np.inf
    for entries, wanted in [([0, 0], 0), ([nan, 1], nan), ([inf, 1], inf), ([-inf, 0], inf)]:
        X = np.array([entries, [3, 4]], np.float64)
        assert np.array_equal(norm(X[:1]), wanted, equal_nan=True)
        assert np.array_equal(rows(X), [wanted, 5], equal_nan=True)
    assert norm(np.zeros((0, 3))) == 0
    assert rows(np.zeros((0, 3))).shape == (0,)
    assert np.array_equal(rows(np.zeros((2, 0))), [0, 0])


def test_a_choice_about_the_vector_keeps_its_vector() -> None:
    """At 0 there is no unit vector, and none is needed where the branch is not taken."""
    function = parse("where(norm(x) > 0, w · x / norm(x), 0)").function()
    assert function(x=np.zeros(3), w=np.ones(3)) == 0


def test_the_unit_vector_is_computed_once() -> None:
    shapes = {"x": "n", "y": "n"}
    code = derive("x · y / (norm(x) norm(y))", "x", shapes=shapes).code()
    assert "return (unit_y - (unit_x @ unit_y) * unit_x) / norm_x" in code
    assert code.count("x / norm_x") == code.count("y / norm_y") == 1
    assert "unit" not in parse("x (x · y) / (x · x)", shapes).code()  # a product that costs less
