"""Every element-wise function of one argument in the rule book: at extreme inputs against mpmath,
and with inputs of other kinds: single precision, whole numbers, no entries, nan.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest
from mpmath import mp

from matcalc import parse
from matcalc.language import book
from tests.campaign.digits import SCALAR
from tests.quality.measure import ulps

POINTS: Final = (
    0.0, 1e-300, 1e-10, 1e-5, 0.25, 0.5, 0.999, 1.0, 2.0, 20.0, 100.0, 700.0, 745.0, 1e3,
)  # fmt: skip
WORST: Final = {
    "lgamma": 4000,
    "digamma": 300,
    "normcdf": 2000,
    "log_normcdf": 2000,
    "gelu": 2000,
    "erfc": 2000,
}
"""Ulps of functions that are SciPy's, near their zeros and far out; of the others 8."""

NAMES: Final = [
    name
    for name in book.function_names()
    if name in SCALAR
    and any(e.mode == "elementwise" and len(e.params) == 1 for e in book.entries(name))
]


def value(name: str) -> Any:
    return parse(f"{name}(x)", {"x": "n"}).function()


@pytest.mark.parametrize("name", NAMES)
def test_at_extreme_inputs(name: str) -> None:
    compiled = value(name)
    for point in (*POINTS, *(-x for x in POINTS)):
        with mp.workdps(400):
            try:
                wanted = SCALAR[name](mp.mpf(point))
            except (ValueError, ZeroDivisionError, ArithmeticError):
                continue  # no value there
            if isinstance(wanted, mp.mpc) or not np.isfinite(float(wanted)):
                continue
            with np.errstate(all="ignore"):
                found = float(compiled(x=np.array([point]))[0])
            assert ulps(found, wanted) <= WORST.get(name, 8), point


@pytest.mark.parametrize("name", NAMES)
def test_inputs_of_other_kinds(name: str) -> None:
    compiled = value(name)
    fine = 2 if name in {"acosh"} else 0.5
    with np.errstate(all="ignore"):
        assert compiled(x=np.full(0, fine)).shape == (0,)
        single = compiled(x=np.full(1, fine, np.float32))
        assert single.dtype == np.float32 and single.shape == (1,)
        np.testing.assert_allclose(single, compiled(x=np.full(1, fine)), rtol=1e-5)
        whole, same = compiled(x=np.array([2, 3])), compiled(x=np.array([2.0, 3.0]))
        assert np.array_equal(whole, same, equal_nan=True) and whole.dtype == np.float64
        spread = np.repeat(np.array([fine, 2.0]), 2)[::2]
        spread.flags.writeable = False
        found = compiled(x=spread)
        assert np.array_equal(found, compiled(x=spread.copy()), equal_nan=True)
        poisoned = compiled(x=np.array([np.nan, fine]))
    assert np.isnan(poisoned[0]) and np.isfinite(poisoned[1])
