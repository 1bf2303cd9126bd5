"""Functions of matrices with many digits, which the judge of random programs relies on."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

from matcalc.check.linear import DomainError
from tests.campaign.digits import MATRIX, numbers, orthogonal, power

SYMMETRIC = np.full((3, 3), 4.0) + np.diag([2.5, 0.4, 90.0])
TURNING = np.array([[2.0, 0.7], [-0.3, 1.5]])


@pytest.mark.parametrize("matrix", [SYMMETRIC, TURNING], ids=["symmetric", "not symmetric"])
def test_roots_and_logarithms(matrix: np.ndarray) -> None:
    with mp.workdps(40):
        A = numbers(matrix)
        root = MATRIX["sqrtm"](A)
        for found in (root @ root, MATRIX["expm"](MATRIX["logm"](A))):
            assert max(abs(e) for e in (found - A).ravel()) < mp.mpf(10) ** -30


def test_a_column_of_zeros_has_no_pivot() -> None:
    zeros = numbers(np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert MATRIX["det"](zeros) == 0
    with pytest.raises(DomainError):
        MATRIX["inv"](zeros)
    with pytest.raises(DomainError):
        MATRIX["polar"](numbers(np.full((2, 2), np.nan)))


def test_orthogonal_matrices_are_that_to_many_digits() -> None:
    with mp.workdps(60):
        Q = orthogonal(numbers(np.linalg.qr(TURNING)[0]))
        assert max(abs(e) for e in (Q.T @ Q - np.eye(2)).ravel()) < mp.mpf(10) ** -55


@pytest.mark.parametrize(
    ("x", "p", "value"),
    [
        (-2, 3, -8),
        (-2, 4, 16),
        (-2, -3, mp.mpf(-1) / 8),
        (-2, 0.5, mp.nan),
        (0, 0, 1),
        (0.5, mp.exp(100_000), 0),
        (-1.5, mp.floor(mp.exp(100_000)), mp.inf),
    ],
)
def test_powers(x: float, p: float, value: float) -> None:
    """Also to exponents of a hundred thousand bits, at once."""
    found = abs(power(mp.mpf(x), mp.mpf(p))) if value == mp.inf else power(mp.mpf(x), mp.mpf(p))
    assert found == value or (mp.isnan(found) and mp.isnan(value))


def test_determinant_of_what_is_no_number() -> None:
    A = numbers(np.array([[np.nan, 1.0], [2.0, 3.0]]))
    assert mp.isnan(MATRIX["det"](A).item())
    assert mp.isnan(MATRIX["logdet"](A).item())
