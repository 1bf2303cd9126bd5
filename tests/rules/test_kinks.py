"""Which derivative a function has at a kink: that of Parr & Howard for max(0, z), and at a tie the
first.  The shares of all arguments together are a slope of the function in their direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest

from matcalc import derive

KINKS: Final = [
    ("relu(x)", {"x": 0}, [0]),
    ("max(0, x)", {"x": 0}, [0]),
    ("abs(x)", {"x": 0}, [0]),
    ("leaky_relu(x, a)", {"x": 0, "a": 0.25}, [0.25, 0]),
    ("leaky_relu(x, a)", {"x": 2, "a": 0.25}, [1, 0]),
    ("leaky_relu(x, a)", {"x": -2, "a": 0.25}, [0.25, -2]),
    ("elu(x)", {"x": 0}, [1]),
    ("max(x, y)", {"x": 3, "y": 3}, [1, 0]),
    ("min(x, y)", {"x": 3, "y": 3}, [1, 0]),
    ("clip(x, a, b)", {"x": 1, "a": 1, "b": 2}, [0, 1, 0]),
    ("clip(x, a, b)", {"x": 2, "a": 1, "b": 2}, [0, 0, 1]),
    ("clip(x, a, b)", {"x": 1, "a": 1, "b": 1}, [0, 1, 0]),
    ("clip(x, a, b)", {"x": 3, "a": 1, "b": 2}, [0, 0, 1]),
    ("clip(x, a, b)", {"x": 0, "a": 1, "b": 2}, [0, 1, 0]),
    ("huber(x, d)", {"x": -3, "d": 1}, [-1, 2]),
    ("huber(x, d)", {"x": 3, "d": 1}, [1, 2]),
    ("huber(x, d)", {"x": -0.5, "d": 1}, [-0.5, 0]),
]


@pytest.mark.parametrize(("text", "at", "wanted"), KINKS)
def test_at_a_kink(text: str, at: dict[str, float], wanted: Sequence[float]) -> None:
    shapes = dict.fromkeys(at, "R")
    for name, share in zip(at, wanted, strict=True):
        d = derive(text, name, shapes=shapes)
        assert d.function()(**{n: float(at[n]) for n in d.inputs}) == share


@pytest.mark.parametrize("text", ["max(x)", "min(x)"])
def test_at_a_tie(text: str) -> None:
    slope = derive(text, "x", shapes={"x": "n"}).function()
    np.testing.assert_array_equal(slope(x=np.full(3, 2.0)), [1, 0, 0])
