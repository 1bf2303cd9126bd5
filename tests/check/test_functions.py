"""Every function of the oracle follows a complex step, and the special ones are what they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.linalg as la
import scipy.special as sp

from matcalc.check.differences import slope
from matcalc.check.elementwise import ALONG, ELEMENTWISE, power
from matcalc.check.linear import LINEAR, RANKS, STACKING, DomainError, batched, whole
from matcalc.check.steps import STEP

RNG = np.random.default_rng(5)
VECTOR = np.array([0.3, -0.8, 0.55, -0.2])
ABOVE = np.array([0.6, 1.7, 2.4, 0.35])
MATRIX = RNG.standard_normal((4, 3))
SQUARE = RNG.standard_normal((4, 4)) + 4 * np.eye(4)
ROOT = RNG.standard_normal((4, 4))
SPD = ROOT @ ROOT.T / 4 + np.eye(4)
OTHER = RNG.standard_normal((4, 4))
THREE = np.array([0.2, -1.1, 0.7])

ARGUMENTS: dict[str, list[tuple[Any, ...]]] = {
    **{name: [(VECTOR,)] for name in ELEMENTWISE},
    **{name: [(VECTOR,), (MATRIX,)] for name in ALONG},
    **{name: [(SQUARE,)] for name in LINEAR},
    **{name: [(SPD,)] for name in LINEAR if name.startswith(("eig", "chol", "logm", "sqrtm"))},
    **{name: [(ABOVE,)] for name in "log log2 log10 sqrt recip gamma lgamma digamma xlogx".split()},
    **{name: [(SPD, OTHER)] for name in "expm_frechet logm_frechet sqrtm_frechet".split()},
    **{name: [(SPD, OTHER, ROOT)] for name in ("expm_frechet2", "logm_frechet2")},
    **{name: [(SPD, OTHER)] for name in ("expm_jacobian2", "logm_jacobian2")},
    **{name: [(SPD[:2, :2],)] for name in ("expm_hessian", "logm_hessian")},
    **{name: [(MATRIX,)] for name in LINEAR if name.startswith(("svd", "left", "right", "norm_"))},
    "acosh": [(1 + ABOVE,)],
    "polygamma": [(2.0, ABOVE)],
    "leaky_relu": [(VECTOR,), (VECTOR, 0.2)],
    "clip": [(2 * VECTOR, -0.5, 0.5), (2 * VECTOR, np.full(4, -0.5), np.full(4, 0.5))],
    "where": [(VECTOR > 0, ABOVE, VECTOR)],
    "pow": [(ABOVE, 2.5), (VECTOR, 3.0), (VECTOR, -2.0), (ABOVE, VECTOR)],
    "logit": [(ABOVE / (1 + ABOVE),)],
    **{name: [(VECTOR, ABOVE)] for name in ("atan2", "hypot", "logaddexp")},
    "huber": [(3 * VECTOR,), (3 * VECTOR, 0.5)],
    **{name: [(VECTOR, ABOVE - 1)] for name in ("gt", "ge", "eq")},
    "unvech": [(THREE, 2.0)],
    "polar": [(MATRIX,), (SQUARE,), (MATRIX.T,)],
    "max": [(VECTOR,), (VECTOR, ABOVE - 1)],
    "min": [(VECTOR,), (VECTOR, ABOVE - 1)],
    "norm": [(VECTOR,), (VECTOR, 1.0), (VECTOR, np.inf), (VECTOR, 3.0), (VECTOR, 2.5), (MATRIX,)],
    "layernorm": [(VECTOR,), (VECTOR, 0.1), (MATRIX,)],
    "cross_entropy": [(VECTOR, ABOVE)],
    "mse": [(VECTOR, ABOVE)],
    "pinv": [(MATRIX,), (MATRIX.T,)],
    "diag": [(VECTOR,), (SQUARE,)],
    "unvec": [(ABOVE, 2.0, 2.0)],
    "outer": [(VECTOR, THREE)],
    "dot": [(VECTOR, ABOVE)],
    "cross": [(THREE, ABOVE[:3])],
    "skew": [(THREE,)],
    "solve": [(SQUARE, VECTOR), (SQUARE, MATRIX)],
    "sylvester": [(SQUARE, SPD, OTHER)],
    "lyapunov": [(SQUARE, OTHER)],
    "hstack": [(SQUARE, MATRIX)],
    "vstack": [(SQUARE, OTHER)],
    "blockdiag": [(SQUARE, MATRIX)],
    "kron": [(SQUARE, MATRIX)],
    **{name: [(4.0,)] for name in "eye ones zeros duplication elimination".split()},
    "e": [(2.0, 4.0)],
    "commutation": [(3.0, 4.0)],
    "vech_basis": [(3.0,)],
    "levi_civita": [()],
    "tril": [(SQUARE,), (SQUARE, -1.0)],
    "triu": [(SQUARE,), (SQUARE, 1.0)],
}
TABLES = {**ALONG, **ELEMENTWISE, **LINEAR, **STACKING}
FIXED = set("eye ones zeros e commutation duplication elimination vech_basis".split())
ROWS = [(name, k) for name in sorted(TABLES) for k in range(len(ARGUMENTS[name]))]


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_a_complex_step_gives_the_derivative(name: str, row: int) -> None:
    args = ARGUMENTS[name][row]
    function = TABLES[name]
    rng = np.random.default_rng(row)
    moving = [isinstance(a, np.ndarray) and a.dtype == float for a in args]
    if name in FIXED:
        moving = [False] * len(args)
    along = [rng.uniform(-1, 1, np.shape(a)) * m for a, m in zip(args, moving, strict=True)]

    def moved(t: complex) -> Any:
        pairs = zip(args, along, moving, strict=True)
        return function(*(a + t * d if m else a for a, d, m in pairs))

    expected, error = slope(moved)
    got = np.imag(moved(1j * STEP)) / STEP
    assert error < 1e-8
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-8 * max(1.0, np.abs(expected).max()))
    value = moved(0.0)
    size = max(1.0, np.abs(value).max())
    np.testing.assert_allclose(np.real(moved(1j * STEP)), value, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("name", [n for n in ALONG if n not in {"cross_entropy", "mse"}])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_an_axis_is_each_of_its_vectors(name: str, axis: int) -> None:
    function = ALONG[name]
    rows = MATRIX.T if axis == 0 else MATRIX
    expected = np.stack([function(row) for row in rows])
    got = function(MATRIX, axis=axis)
    np.testing.assert_allclose(got.T if axis == 0 else got, expected, rtol=1e-13)


def test_a_pseudoinverse_keeps_its_rank() -> None:
    a, b = np.random.default_rng(1).standard_normal((2, 4, 2))

    def curve(t: complex) -> Any:  # of rank 2 all along
        return LINEAR["pinv"]((a + t * b) @ (b - 2 * t * a)[:, ::-1].T)

    np.testing.assert_allclose(np.imag(curve(1j * STEP)) / STEP, slope(curve)[0], atol=1e-8)


def test_matrix_functions_of_symmetric_matrices() -> None:
    v = LINEAR["eigvecmax"](SPD)
    np.testing.assert_allclose(SPD @ v, LINEAR["eigmax"](SPD) * v)
    np.testing.assert_allclose(LINEAR["chol"](SPD) @ LINEAR["chol"](SPD).T, SPD)
    vectors, values = LINEAR["eigvecs"](SPD), LINEAR["eigvals"](SPD)
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, SPD)
    u, s, w = (LINEAR[name](MATRIX) for name in ("svd_u", "svdvals", "svd_v"))
    np.testing.assert_allclose(u @ np.diag(s) @ w.T, MATRIX)
    np.testing.assert_allclose(
        LINEAR["leftmax"](MATRIX) @ MATRIX @ LINEAR["rightmax"](MATRIX), s[0]
    )


def test_vec_and_its_matrices() -> None:
    X = MATRIX
    vec, vech = LINEAR["vec"], LINEAR["vech"]
    np.testing.assert_array_equal(LINEAR["unvec"](vec(X), 4.0, 3.0), X)
    np.testing.assert_array_equal(LINEAR["commutation"](4.0, 3.0) @ vec(X), vec(X.T))
    np.testing.assert_array_equal(LINEAR["duplication"](4.0) @ vech(SPD), vec(SPD))
    np.testing.assert_array_equal(LINEAR["elimination"](4.0) @ vec(SQUARE), vech(SQUARE))
    np.testing.assert_array_equal(LINEAR["unvech"](vech(SQUARE), 4.0), np.tril(SQUARE))
    np.testing.assert_array_equal(vech(np.arange(9).reshape(3, 3)), [0, 3, 6, 4, 7, 8])


def test_exponentials_and_logarithms() -> None:
    for X in (SPD, SQUARE, 5 * ROOT, 0 * ROOT):
        np.testing.assert_allclose(LINEAR["expm"](X), la.expm(X), rtol=1e-10, atol=1e-10)
    for X in (SPD, SQUARE, la.expm(ROOT), 1000 * SPD):
        np.testing.assert_allclose(la.expm(LINEAR["logm"](X)), X, rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(LINEAR["logm"](SPD), la.logm(SPD), atol=1e-12)


def test_the_exponential_of_a_matrix_far_from_normal() -> None:
    """exp([[A, s E], [0, A]]) has the blocks exp(A) and s L(A, E), however large s is."""
    scale = 1e12
    n = len(SPD)
    X = np.block([[SPD, scale * OTHER], [np.zeros((n, n)), SPD]])
    got = LINEAR["expm"](X)
    np.testing.assert_allclose(got[:n, :n], la.expm(SPD), rtol=1e-10)
    wanted = scale * la.expm_frechet(SPD, OTHER, compute_expm=False)
    np.testing.assert_allclose(got[:n, n:], wanted, rtol=1e-10)


def test_arrays_of_rank_three() -> None:
    basis = LINEAR["vech_basis"](4.0)
    np.testing.assert_array_equal(np.einsum("kij,ij->k", basis, SQUARE), LINEAR["vech"](SQUARE))
    cross = np.einsum("ijk,j,k->i", LINEAR["levi_civita"](), THREE, ABOVE[:3])
    np.testing.assert_allclose(cross, np.cross(THREE, ABOVE[:3]))


def test_axes_in_front_of_a_matrix_are_places() -> None:
    many = np.random.default_rng(3).standard_normal((2, 3, 4, 4))
    got = batched(LINEAR["expm_frechet"], RANKS["expm_frechet"])(SPD, many)
    assert got.shape == many.shape
    np.testing.assert_allclose(got[1, 2], LINEAR["expm_frechet"](SPD, many[1, 2]))


def test_frechet_and_sylvester() -> None:
    wanted = la.expm_frechet(SPD, OTHER, compute_expm=False)
    np.testing.assert_allclose(LINEAR["expm_frechet"](SPD, OTHER), wanted)
    X = LINEAR["sylvester"](SQUARE, SPD, OTHER)
    np.testing.assert_allclose(SQUARE @ X + X @ SPD, OTHER)


@pytest.mark.parametrize("name", ["expm", "logm"])
def test_second_frechet_derivatives(name: str) -> None:
    """By central differences of the first; all of the second from it, by vec()."""
    h, other = 1e-4, SQUARE / 4
    first = LINEAR[f"{name}_frechet"]
    wanted = (first(SPD + h * other, OTHER) - first(SPD - h * other, OTHER)) / (2 * h)
    got = LINEAR[f"{name}_frechet2"](SPD, OTHER, other)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-7)
    matrix = LINEAR[f"{name}_jacobian2"](SPD, OTHER)
    e, f = (x.reshape(-1, order="F") for x in (OTHER, other))
    np.testing.assert_allclose(matrix @ f, got.reshape(-1, order="F"))
    every = LINEAR[f"{name}_hessian"](SPD)
    np.testing.assert_allclose(np.einsum("ijk,j->ik", every, e), matrix, atol=1e-12)


def test_values_at_ties_and_ends() -> None:
    assert ALONG["max"](np.array([1.0 + 1j, 1.0 + 2j])) == 1.0 + 1j
    assert ALONG["max"](np.array([2.0 + 1j]), np.array([2.0 + 5j])) == 2.0 + 1j
    assert ELEMENTWISE["relu"](0.0 + 1j) == 0
    assert ELEMENTWISE["xlogx"](0.0) == 0
    assert ELEMENTWISE["softplus"](1000.0) == 1000
    assert ALONG["logsumexp"](np.array([1000.0, 1000.0])) == 1000 + math.log(2)
    assert np.isnan(power(np.array(-1.0 + 0j), 0.5))
    np.testing.assert_allclose(ELEMENTWISE["gelu"](1.3), 1.3 * sp.ndtr(1.3))


def test_outside_of_a_domain() -> None:
    with pytest.raises(DomainError):
        LINEAR["inv"](np.outer(VECTOR, VECTOR))
    with pytest.raises(DomainError):
        LINEAR["sqrtm"](-SPD)
    with pytest.raises(DomainError):
        LINEAR["logdet"](np.zeros((2, 2)))
    with pytest.raises(DomainError):
        whole(2.5)
    with pytest.raises(IndexError):
        LINEAR["e"](4.0, 4.0)
