"""Functions of matrices with many digits, which the judge of random programs relies on."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

from tests.campaign.digits import MATRIX, numbers

SYMMETRIC = np.full((3, 3), 4.0) + np.diag([2.5, 0.4, 90.0])
TURNING = np.array([[2.0, 0.7], [-0.3, 1.5]])


@pytest.mark.parametrize("matrix", [SYMMETRIC, TURNING], ids=["symmetric", "not symmetric"])
def test_roots_and_logarithms(matrix: np.ndarray) -> None:
    with mp.workdps(40):
        A = numbers(matrix)
        root = MATRIX["sqrtm"](A)
        for found in (root @ root, MATRIX["expm"](MATRIX["logm"](A))):
            assert max(abs(e) for e in (found - A).ravel()) < mp.mpf(10) ** -30
