"""Functions of linear algebra in plain NumPy and SciPy, also right for a complex step.

What the language defines for symmetric matrices (chol, eigmax …) is that function of (S + S')/2,
so that its derivative is the symmetric one.  Outside of its domain a function raises DomainError
or LinAlgError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np
import scipy.linalg as la

from matcalc.check.differences import Array, lifted

WORST_CONDITION = 1e11
RANK = 1e-9


class DomainError(ArithmeticError):
    """A function was asked for a value where it has none."""


def whole(value: Any) -> int:
    """The whole number that an argument is."""
    number = float(np.real(np.asarray(value).item()))
    if not np.isfinite(number) or number != round(number):
        raise DomainError(f"{number} is not a whole number")
    return round(number)


def _regular(A: Any) -> Any:
    if not np.all(np.isfinite(A)) or np.linalg.cond(np.real(A)) > WORST_CONDITION:
        raise DomainError("a singular matrix")
    return A


def _finite(A: Any) -> Any:
    if not np.all(np.isfinite(A)):
        raise DomainError("not a number")
    return A


def inverse(A: Any) -> Any:
    """The inverse of a regular matrix."""
    return np.linalg.inv(_regular(A))


def solve(A: Any, b: Any) -> Any:
    """The solution of A z = b, b a vector or a matrix."""
    return np.linalg.solve(_regular(A), b)


def matrix_power(A: Any, exponent: Any) -> Any:
    """A whole power, negative ones of a regular matrix."""
    k = whole(exponent)
    return np.linalg.matrix_power(_regular(A) if k < 0 else A, k)


def logdet(A: Any) -> Any:
    """log|det(A)|; to first order in the imaginary part."""
    sign, size = np.linalg.slogdet(_regular(A))
    return size + 1j * np.angle(sign / np.sign(np.real(sign))) if np.iscomplexobj(A) else size


def pseudoinverse(X: Any) -> Any:
    """The Moore-Penrose inverse; a complex step keeps the rank, as any derivative of it does."""
    real = np.real(_finite(X))
    P = np.linalg.pinv(real, rcond=RANK)
    if not np.iscomplexobj(X):
        return P
    dX = np.imag(X)
    m, n = real.shape
    change = -P @ dX @ P
    change += P @ P.T @ dX.T @ (np.eye(m) - real @ P) + (np.eye(n) - P @ real) @ dX.T @ P.T @ P
    return P + 1j * change


def half(A: Any) -> Any:
    """The symmetric part."""
    return (_finite(A) + np.transpose(A)) / 2


def _real(value: Any) -> Array:
    array = np.asarray(value)
    real: Array = np.asarray(array.real)
    size = max(1.0, float(np.max(np.abs(array), initial=0.0)))
    if np.max(np.abs(array.imag), initial=0.0) > 1e-9 * size:
        raise DomainError("a matrix function that is not real")
    return real


def _steered(vectors: Array) -> Array:
    """Vectors with their sign chosen: the entry of largest size is positive."""
    place = np.argmax(np.abs(vectors), axis=0)
    signs = np.sign(np.take_along_axis(vectors, np.expand_dims(place, 0), axis=0))
    return np.asarray(vectors * (signs if vectors.ndim == 2 else signs[0]))


def _svd(X: Any) -> tuple[Array, Array, Array]:
    u, s, vt = np.linalg.svd(_finite(X), full_matrices=False)
    v = _steered(vt.T)
    signs = np.sum(v * vt.T, axis=0)
    return u * signs, s, v


def sylvester(A: Any, B: Any, C: Any) -> Any:
    """The solution of A X + X B = C."""
    m, n = np.shape(C)
    system = np.kron(np.eye(n), A) + np.kron(np.transpose(B), np.eye(m))
    return np.reshape(solve(system, np.reshape(C, -1, order="F")), (m, n), order="F")


def frechet(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """The derivative of a matrix function at X along E: a block of it at a block matrix."""

    def along(X: Any, E: Any) -> Any:
        n, size = len(X), _at_least_one(E)
        return function(np.block([[X, E / size], [np.zeros((n, n)), X]]))[:n, n:] * size

    return along


def _at_least_one(E: Any) -> float:
    """What a direction is divided by, lest large entries beside X cost the block its digits."""
    return float(np.max(np.abs(E), initial=1.0))


def frechet2(function: Callable[[Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """The second derivative of a matrix function at X along E and F: the corner of it at the block
    matrix of a block matrix."""

    def along(X: Any, E: Any, F: Any) -> Any:
        n, e, f = len(X), _at_least_one(E), _at_least_one(F)
        unit, above = np.eye(2), np.array([[0.0, 1.0], [0.0, 0.0]])
        block = np.kron(np.kron(unit, unit), X) + np.kron(np.kron(unit, above), E / e)
        return function(block + np.kron(np.kron(above, unit), F / f))[:n, 3 * n :] * e * f

    return along


def jacobian2(second: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The matrix of a second derivative along E, between vec(F) and the vec() of the result."""
    return lambda X, E: jacobian(lambda A, F: second(A, E, F))(X)


def hessian(second: Callable[[Any, Any, Any], Any]) -> Callable[[Any], Any]:
    """The matrices of a second derivative along each unit matrix, these in the order of vec()."""

    def array(X: Any) -> Any:
        n = len(X)
        units = np.eye(n * n).reshape(n * n, n, n).transpose(0, 2, 1)
        return np.stack([jacobian2(second)(X, unit) for unit in units], axis=1)

    return array


def vech(X: Any) -> Any:
    """The lower triangle by columns."""
    return np.concatenate([X[j:, j] for j in range(len(X))])


def unvech(a: Any, n: Any) -> Any:
    """The lower triangular matrix whose columns are stacked in a vector."""
    size = whole(n)
    columns, rows = np.triu_indices(size)
    matrix = np.zeros((size, size), dtype=np.result_type(a, float))
    matrix[rows, columns] = a
    return matrix


def commutation(m: Any, n: Any) -> Any:
    """The matrix K with K vec(X) = vec(X') for X of m×n."""
    rows, columns = whole(m), whole(n)
    places = np.reshape(np.arange(rows * columns), (rows, columns), order="F")
    return np.eye(rows * columns)[np.reshape(places.T, -1, order="F")]


def duplication(n: Any) -> Any:
    """The matrix D with D vech(S) = vec(S) for symmetric S of n×n."""
    size = whole(n)
    places = np.zeros((size, size), dtype=int)
    places[np.triu_indices(size)[::-1]] = np.arange(size * (size + 1) // 2)
    places = np.maximum(places, places.T)
    return np.eye(size * (size + 1) // 2)[np.reshape(places, -1, order="F")]


def elimination(n: Any) -> Any:
    """The matrix L with L vec(X) = vech(X)."""
    size = whole(n)
    places = np.reshape(np.arange(size * size), (size, size), order="F")
    return np.eye(size * size)[vech(places)]


def jacobian(derivative: Callable[..., Any]) -> Callable[..., Any]:
    """The matrix of a Fréchet derivative: K vec(E) = vec(derivative(A, E))."""

    def matrix(a: Any) -> Any:
        units = np.eye(np.size(a)).reshape(-1, *np.shape(a)).transpose(0, 2, 1)
        columns = [np.reshape(derivative(a, unit), -1, order="F") for unit in units]
        return np.stack(columns, axis=-1)

    return matrix


def vech_basis(n: Any) -> Any:
    """The array B with vech(X)[k] = Σ B[k, i, j] X[i, j]."""
    size = whole(n)
    columns, rows = np.triu_indices(size)
    basis = np.zeros((len(rows), size, size))
    basis[np.arange(len(rows)), rows, columns] = 1.0
    return basis


def levi_civita() -> Any:
    """The array E with cross(x, y)[i] = Σ E[i, j, k] x[j] y[k]."""
    return np.stack([np.cross(row, np.eye(3)) for row in np.eye(3)], axis=1).transpose(2, 1, 0)


def one_hot(i: Any, n: Any) -> Any:
    """The unit vector of entry i; IndexError if there is none."""
    if not 0 <= whole(i) < whole(n):
        raise IndexError(f"entry {whole(i)} of a vector of {whole(n)}")
    return np.eye(whole(n))[whole(i)]


def skew(x: Any) -> Any:
    """The matrix with skew(x) y = cross(x, y)."""
    zero = 0 * x[0]
    return np.array([[zero, -x[2], x[1]], [x[2], zero, -x[0]], [-x[1], x[0], zero]])


def expm(X: Any) -> Any:
    """The matrix exponential: Taylor's series of X / 2^k, squared k times.

    How far X is scaled is told by its powers, not by X alone: where X is far from normal they are
    much smaller, and every square loses digits (Al-Mohy & Higham 2009, theorem 4.2).
    """
    unit = np.eye(len(_finite(X)))
    length = _growth(np.real(X))
    k = math.ceil(math.log2(length)) + 2 if length > 0.25 else 0
    small, total = X / 2.0**k, unit
    for n in range(16, 0, -1):
        total = unit + small @ total / n
    for _ in range(k):
        total = total @ total
    return total


def _growth(X: Any) -> float:
    """The larger of ‖X^4‖^(1/4) and ‖X^5‖^(1/5); ‖X‖ where these overflow."""
    with np.errstate(all="ignore"):
        roots = [np.linalg.norm(np.linalg.matrix_power(X, p)) ** (1 / p) for p in (4, 5)]
    return float(max(roots) if np.all(np.isfinite(roots)) else np.linalg.norm(X))


def _logm(X: Any) -> Array:
    """The principal logarithm 2^k log(I + E), I + E a 2^k-th root; E (I + t E)^-1 by quadrature."""
    root, k, unit = _regular(X), 0, np.eye(len(X))
    while np.linalg.norm(root - unit) > 0.2 and k < 60:
        root, k = _sqrtm(root), k + 1
    places, weights = _quadrature()
    E = root - unit
    parts = np.linalg.solve(unit + places[:, None, None] * E, E)
    return np.asarray(np.tensordot(weights, parts, 1) * 2.0**k)


@cache
def _quadrature() -> tuple[Array, Array]:
    """Places and weights of Gauss and Legendre for an integral from 0 to 1."""
    places, weights = np.polynomial.legendre.leggauss(12)
    return (1 + places) / 2, weights / 2


def _sqrtm(X: Any) -> Array:
    return _real(la.sqrtm(_finite(X)))


def _followed(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A matrix function of real matrices, made to answer complex ones to first order."""
    along = frechet(function)

    def followed(X: Any) -> Any:
        if not np.iscomplexobj(X):
            return function(X)
        real, imag = np.real(X), np.imag(X)
        size = max(float(np.max(np.abs(imag))), 1e-300)
        return function(real) + 1j * size * along(real, imag / size)

    return followed


logm = _followed(_logm)
sqrtm = _followed(_sqrtm)

LINEAR: Final[Mapping[str, Callable[..., Any]]] = {
    "tr": np.trace,
    "det": np.linalg.det,
    "logdet": logdet,
    "inv": inverse,
    "pinv": pseudoinverse,
    "transpose": np.transpose,
    "diag": np.diag,
    "vec": lambda X: np.reshape(X, -1, order="F"),
    "unvec": lambda a, m, n: np.reshape(a, (whole(m), whole(n)), order="F"),
    "vech": vech,
    "unvech": unvech,
    "outer": np.outer,
    "dot": lambda a, b: a @ b,
    "cross": np.cross,
    "skew": skew,
    "solve": solve,
    "sylvester": sylvester,
    "lyapunov": lambda A, C: sylvester(A, np.transpose(A), C),
    "chol": lifted(lambda S: np.linalg.cholesky(half(S))),
    "expm": expm,
    "logm": logm,
    "sqrtm": sqrtm,
    "expm_frechet": frechet(expm),
    "logm_frechet": frechet(logm),
    "sqrtm_frechet": frechet(sqrtm),
    "expm_jacobian": jacobian(frechet(expm)),
    "logm_jacobian": jacobian(frechet(logm)),
    "expm_frechet2": frechet2(expm),
    "logm_frechet2": frechet2(logm),
    "expm_jacobian2": jacobian2(frechet2(expm)),
    "logm_jacobian2": jacobian2(frechet2(logm)),
    "expm_hessian": hessian(frechet2(expm)),
    "logm_hessian": hessian(frechet2(logm)),
    "eigmax": lifted(lambda S: np.linalg.eigvalsh(half(S))[-1]),
    "eigmin": lifted(lambda S: np.linalg.eigvalsh(half(S))[0]),
    "eigvals": lifted(lambda S: np.linalg.eigvalsh(half(S))),
    "eigvecs": lifted(lambda S: _steered(np.linalg.eigh(half(S))[1])),
    "eigvecmax": lifted(lambda S: _steered(np.linalg.eigh(half(S))[1][:, -1])),
    "eigvecmin": lifted(lambda S: _steered(np.linalg.eigh(half(S))[1][:, 0])),
    "norm_2": lifted(lambda X: np.linalg.svd(_finite(X), compute_uv=False)[0]),
    "norm_nuc": lifted(lambda X: np.sum(np.linalg.svd(_finite(X), compute_uv=False))),
    "svdvals": lifted(lambda X: np.linalg.svd(_finite(X), compute_uv=False)),
    "svd_u": lifted(lambda X: _svd(X)[0]),
    "svd_v": lifted(lambda X: _svd(X)[2]),
    "leftmax": lifted(lambda X: _svd(X)[0][:, 0]),
    "rightmax": lifted(lambda X: _svd(X)[2][:, 0]),
    "polar": lifted(lambda X: la.polar(_finite(X))[0]),
    "eye": lambda n: np.eye(whole(n)),
    "ones": lambda *n: np.ones([whole(k) for k in n]),
    "zeros": lambda *n: np.zeros([whole(k) for k in n]),
    "e": one_hot,
    "tril": lambda X, k=0: np.tril(X, whole(k)),
    "triu": lambda X, k=0: np.triu(X, whole(k)),
    "commutation": commutation,
    "duplication": duplication,
    "elimination": elimination,
    "vech_basis": vech_basis,
    "levi_civita": levi_civita,
}

RANKS: Final[
    Mapping[str, tuple[int, ...]]
] = {  # of the arguments, which may have more axes in front
    **dict.fromkeys(
        "inv pinv chol expm logm sqrtm polar det logdet tr expm_jacobian logm_jacobian".split(),
        (2,),
    ),
    **dict.fromkeys("eigmax eigvecmax norm_2 norm_nuc vec vech".split(), (2,)),
    **dict.fromkeys("expm_frechet logm_frechet sqrtm_frechet".split(), (2, 2)),
    **dict.fromkeys("expm_jacobian2 logm_jacobian2".split(), (2, 2)),
    **dict.fromkeys("expm_hessian logm_hessian".split(), (2,)),
    **dict.fromkeys("expm_frechet2 logm_frechet2 sylvester".split(), (2, 2, 2)),
    "cross": (1, 1),
    "skew": (1,),
}


def batched(function: Callable[..., Any], ranks: tuple[int, ...]) -> Callable[..., Any]:
    """The function applied for each place of the axes that arguments have in front, if any."""

    def each(*args: Any) -> Any:
        extra = [np.ndim(arg) - rank for arg, rank in zip(args, ranks, strict=True)]
        if max(extra) == 0:
            return function(*args)
        outer = np.shape(args[extra.index(max(extra))])[: max(extra)]
        pairs = list(zip(args, extra, strict=True))
        parts = [function(*(a[k] if e else a for a, e in pairs)) for k in np.ndindex(outer)]
        return np.reshape(parts, outer + np.shape(parts[0]))

    return each


def as_matrix(value: Any, row: bool) -> Array:
    """A scalar, a column or a row as the matrix that it is."""
    array = np.asarray(value)
    if array.ndim < 2:
        array = array.reshape((1, -1) if row else (-1, 1))
    return array


STACKING: Final[Mapping[str, Callable[..., Any]]] = {  # of matrices, whatever was given
    "hstack": lambda *parts: np.hstack(parts),
    "vstack": lambda *parts: np.vstack(parts),
    "blockdiag": lambda *parts: la.block_diag(*parts),
    "kron": np.kron,
}
