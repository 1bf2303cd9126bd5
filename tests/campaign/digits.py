"""Functions of numbers, vectors and matrices with many digits, by mpmath.

Arrays are NumPy's, their entries mpmath's numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import mpmath
import numpy as np
from mpmath import mp

from matcalc.check import linear
from matcalc.check.differences import Array

DIGITS: Final = 60
"""Decimal digits of the computation, unless it is within `mp.workdps` of more."""


class UnknownError(Exception):
    """There is no way here to compute something with many digits."""


LARGE: Final = mp.mpf(10) ** 15
"""Beyond this exp(x) has more digits before the point than the memory holds."""


def numbers(value: Any) -> Array:
    """An array of mpmath's numbers."""
    array = np.asarray(value)
    out = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        entry = array[place]
        out[place] = entry if isinstance(entry, mpmath.mpf) else mp.mpf(float(entry))
    return out


def each(function: Callable[..., Any]) -> Callable[..., Array]:
    """A function of numbers applied to every entry of arrays that are expanded to one shape."""

    def apply(*args: Any) -> Array:
        wide = np.broadcast_arrays(*args)
        out = np.empty(wide[0].shape, dtype=object)
        for place in np.ndindex(out.shape):
            try:
                value = function(*(a[place] for a in wide))
            except (ZeroDivisionError, ValueError, OverflowError, MemoryError):
                value = mp.nan
            out[place] = value if isinstance(value, mpmath.mpf) else _real(value)
        return out

    return apply


def _real(value: Any) -> Any:
    value = mp.mpmathify(value)
    return value.real if abs(mp.im(value)) == 0 else mp.nan


def _matrix(X: Array) -> Any:
    return mp.matrix(X.tolist())


def _array(X: Any) -> Array:
    out = np.empty((X.rows, X.cols), dtype=object)
    for place in np.ndindex(out.shape):
        value = X[place]
        if abs(mp.im(value)) > mp.mpf(10) ** (-mp.dps // 3):
            raise UnknownError("a matrix function that is not real")
        out[place] = mp.re(value)
    return out


def exp(x: Any) -> Any:
    if abs(x) < LARGE or mp.isnan(x):
        return mp.exp(x)
    return mp.inf if x > 0 else mp.mpf(0)


def _expm1(x: Any) -> Any:
    return mp.expm1(x) if abs(x) < LARGE else exp(x) - 1


def _moderate(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that grows or turns too fast far away from 0 to be computed there."""
    return lambda x: function(x) if abs(x) < LARGE else mp.nan


def divided(a: Any, b: Any) -> Any:
    if b == 0:
        return mp.nan if a == 0 else mp.inf * (1 if a > 0 else -1)
    return a / b


def power(x: Any, p: Any) -> Any:
    if x == 0:
        return mp.mpf(1) if p == 0 else mp.mpf(0) if p > 0 else mp.inf
    if x < 0:
        if p != mp.floor(p):
            return mp.nan
        return power(-x, p) * (1 if p / 2 == mp.floor(p / 2) else -1)
    return x**p if abs(p) < LARGE else exp(p * mp.log(x))  # it multiplies for every bit of a p


def _clip(x: Any, low: Any, high: Any) -> Any:
    return max(low, min(x, high)) if low <= high else mp.nan


def _huber(x: Any, d: Any) -> Any:
    return mp.nan if d <= 0 else x * x / 2 if abs(x) <= d else d * (abs(x) - d / 2)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + exp(-x)) if x > 0 else exp(x) / (1 + exp(x))


SCALAR: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: getattr(mp, name) for name in "atan tanh asinh erf erfc sign".split()},
    **{
        name: _moderate(getattr(mp, name)) for name in "sin cos tan sinh cosh gamma digamma".split()
    },
    "exp": exp,
    "log": lambda x: mp.log(x) if x > 0 else -mp.inf if x == 0 else mp.nan,
    "log1p": lambda x: mp.log(1 + x) if x > -1 else mp.nan,
    "expm1": _expm1,
    "sqrt": lambda x: mp.sqrt(x) if x >= 0 else mp.nan,
    "pow": power,
    "abs": abs,
    "gt": lambda a, b: mp.mpf(a > b),
    "ge": lambda a, b: mp.mpf(a >= b),
    "eq": lambda a, b: mp.mpf(a == b),
    "asin": lambda x: mp.asin(x) if abs(x) <= 1 else mp.nan,
    "acos": lambda x: mp.acos(x) if abs(x) <= 1 else mp.nan,
    "acosh": lambda x: mp.acosh(x) if x >= 1 else mp.nan,
    "atanh": lambda x: mp.atanh(x) if abs(x) < 1 else mp.nan,
    "sigmoid": _sigmoid,
    "softplus": lambda x: max(x, mp.mpf(0)) + mp.log(1 + exp(-abs(x))),
    "relu": lambda x: x if x > 0 else mp.mpf(0),
    "leaky_relu": lambda x, slope=0.01: x if x > 0 else slope * x,
    "elu": lambda x: x if x > 0 else _expm1(x),
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x * _sigmoid(x),
    "lgamma": _moderate(lambda x: mp.log(abs(mp.gamma(x)))),
    "polygamma": lambda k, x: mp.polygamma(int(k), x),
    "normcdf": mp.ncdf,
    "log_normcdf": lambda x: mp.log(mp.ncdf(x)),
    "normpdf": mp.npdf,
    "square": lambda x: x * x,
    "recip": lambda x: divided(mp.mpf(1), x),
    "clip": _clip,
    "where": lambda c, a, b: a if c != 0 else b,
    "max": lambda a, b: a if a >= b else b,
    "min": lambda a, b: a if a <= b else b,
    "atan2": mp.atan2,
    "xlogx": lambda x: mp.mpf(0) if x == 0 else x * mp.log(x) if x > 0 else mp.nan,
    "log2": lambda x: mp.log(x, 2) if x > 0 else mp.nan,
    "log10": lambda x: mp.log10(x) if x > 0 else mp.nan,
    "logaddexp": lambda a, b: max(a, b) + mp.log(1 + exp(-abs(a - b))),
    "floor": mp.floor,
    "ceil": mp.ceil,
    "round": mp.nint,
    "log_sigmoid": lambda x: min(x, mp.mpf(0)) - mp.log(1 + exp(-abs(x))),
    "logit": lambda x: mp.log(x / (1 - x)) if 0 < x < 1 else mp.nan,
    "mish": lambda x: x * mp.tanh(max(x, mp.mpf(0)) + mp.log(1 + exp(-abs(x)))),
    "softsign": lambda x: x / (1 + abs(x)),
    "huber": lambda x, d=1: _huber(x, mp.mpf(d)),
    "hypot": mp.hypot,
}
"""Element-wise functions of numbers."""


def _norm(x: Array, p: Any = 2) -> Any:
    if p == mp.inf:
        return max(abs(e) for e in x)
    total = sum((power(abs(e), mp.mpf(p)) for e in x), mp.mpf(0))
    return power(total, 1 / mp.mpf(p))


def _mean(x: Array) -> Any:
    return sum(x, mp.mpf(0)) / len(x)


def _var(x: Array) -> Any:
    return _mean((x - _mean(x)) ** 2)


def _lse(x: Array) -> Any:
    return mp.log(sum((exp(e) for e in x), mp.mpf(0)))


def _hot(x: Array, sign: int) -> Array:
    place = max(range(len(x)), key=lambda k: sign * x[k])
    return numbers(np.eye(len(x))[place])


def _layernorm(x: Array, epsilon: Any = 0) -> Array:
    spread = mp.sqrt(_var(x) + epsilon)
    return each(divided)(x - _mean(x), numbers(spread))


ALONG: Final[Mapping[str, Callable[..., Any]]] = {
    "sum": lambda x: sum(x, mp.mpf(0)),
    "cumsum": np.cumsum,
    "mean": _mean,
    "prod": lambda x: mp.fprod(x),
    "max": max,
    "min": min,
    "onehot_max": lambda x: _hot(x, 1),
    "onehot_min": lambda x: _hot(x, -1),
    "var": _var,
    "std": lambda x: mp.sqrt(_var(x)),
    "logsumexp": _lse,
    "norm": _norm,
    "softmax": lambda x: each(exp)(x - _lse(x)),
    "log_softmax": lambda x: x - _lse(x),
    "layernorm": _layernorm,
    "cross_entropy": lambda z, y: -sum(y * (z - _lse(z)), mp.mpf(0)),
    "mse": lambda a, b: _mean((a - b) ** 2),
}
"""Functions of vectors."""


def along(name: str, axis: int | None) -> Callable[..., Array]:
    """A function of vectors along an axis of its arguments; of all entries without one."""
    function = ALONG[name]

    def run(*args: Any) -> Array:
        own = [numbers(a) for a in args]
        if axis is None:
            scalars = 1 if name in {"norm", "layernorm"} else len(own)
            vectors = [a.reshape(-1) for a in own[:scalars]]
            value = function(*vectors, *(a.item() for a in own[scalars:]))
            return numbers(
                np.reshape(np.asarray(value, dtype=object), own[0].shape if _keeps(name) else ())
            )
        turned = [np.moveaxis(a, axis, -1) if a.ndim else a for a in own]
        outer = turned[0].shape[:-1]
        rows = [
            np.asarray(function(*(a[k] if a.ndim else a.item() for a in turned)), dtype=object)
            for k in np.ndindex(outer)
        ]
        value = np.stack(rows).reshape(outer + rows[0].shape)
        return np.moveaxis(value, -1, axis) if _keeps(name) else value

    return run


def _keeps(name: str) -> bool:
    return name in {"cumsum", "onehot_max", "onehot_min", "softmax", "log_softmax", "layernorm"}


def _eigen(S: Array) -> tuple[Array, Array]:
    half = (S + S.T) / 2
    try:
        values, vectors = mp.eigsy(_matrix(half))
    except RuntimeError as error:
        raise UnknownError(str(error)) from None
    order = sorted(range(len(values)), key=lambda k: values[k])
    E, V = [values[k] for k in order], _array(vectors)[:, order]
    for column in range(V.shape[1]):
        place = max(range(len(V)), key=lambda k: abs(V[k, column]))
        if V[place, column] < 0:
            V[:, column] = -V[:, column]
    return numbers(np.array(E, dtype=object)), V


def _svd(X: Array) -> tuple[Array, Array, Array]:
    if not all(mp.isfinite(e) for e in np.ravel(X)):
        raise linear.DomainError("singular values of what is no number")  # they come to no end
    u, s, v = mp.svd_r(_matrix(X))
    return _array(u), np.array(list(s), dtype=object), _array(v)


def inverse(A: Array) -> Array:
    if not all(mp.isfinite(e) for e in np.ravel(A)):
        return numbers(np.full(A.shape, np.nan))  # of which mpmath says that it has no pivot
    try:
        return _array(mp.inverse(_matrix(A)))
    except (ZeroDivisionError, TypeError):  # the latter of a column of zeros, in mpmath 1.3
        raise linear.DomainError("a singular matrix") from None


def orthogonal(Q: Array) -> Array:
    """The orthogonal matrix next to one that was drawn in doubles (Newton-Schulz; Higham, Functions
    of Matrices, sec. 8.3)."""
    unit = numbers(np.eye(len(Q)))
    for _ in range(5):  # 16 digits become 32, 64, …
        Q = Q @ (3 * unit - Q.T @ Q) / 2
    return Q


def _pinv(X: Array) -> Array:
    u, s, v = _svd(X)
    least = max(s) * mp.mpf(10) ** (-mp.dps // 2)
    inverse = np.array([1 / e if e > least else mp.mpf(0) for e in s], dtype=object)
    return np.asarray((v.T * inverse) @ u.T)


def _polar(X: Array) -> Array:
    u, _, v = _svd(X)
    return np.asarray(u @ v)


def _determinant(A: Array) -> Any:
    """The determinant; mpmath has none of a matrix with an entry that is no number, nor of one
    with a column of zeros."""
    if not all(mp.isfinite(e) for e in np.ravel(A)):
        return mp.nan
    try:
        return mp.det(_matrix(A))
    except TypeError:
        return mp.mpf(0)


def _det(A: Array) -> Array:
    return numbers(_determinant(A))


def _logdet(A: Array) -> Array:
    value = abs(_determinant(A))
    return numbers(mp.log(value) if value else mp.ninf)


def _chol(S: Array) -> Array:
    try:
        return _array(mp.cholesky(_matrix((S + S.T) / 2)))
    except ValueError:
        raise linear.DomainError("not positive definite") from None


def _expm(A: Array) -> Array:
    return _array(mp.expm(_matrix(A), method="taylor"))


def _logm(A: Array) -> Array:
    return _of_matrix(A, SCALAR["log"], mp.logm)


def _sqrtm(A: Array) -> Array:
    return _of_matrix(A, SCALAR["sqrt"], mp.sqrtm)


def _of_matrix(A: Array, each: Callable[[Any], Any], whole: Callable[[Any], Any]) -> Array:
    """A function of a matrix, from its eigenvalues where it is symmetric; mpmath's own does not
    always come to an end."""
    size = max(map(abs, A.ravel()), default=mp.mpf(0))
    if all(abs(e) <= size * mp.mpf(10) ** (5 - mp.dps) for e in (A - A.T).ravel()):
        values, V = _eigen(A)
        return np.asarray(V * [each(value) for value in values] @ V.T)
    try:
        return _array(whole(_matrix(A)))
    except mp.NoConvergence as error:
        raise UnknownError(f"mpmath: {type(error).__name__}") from None


def _solve(A: Array, b: Array) -> Array:
    return np.asarray(inverse(A) @ b)


def _lower(X: Array, k: int) -> Array:
    rows, columns = X.shape
    return np.tri(rows, columns, k) > 0


def _sylvester(A: Array, B: Array, C: Array) -> Array:
    m, n = C.shape
    system = np.kron(eye(n), A) + np.kron(B.T, eye(m))
    return np.reshape(_solve(system, C.reshape(-1, order="F")), (m, n), order="F")


def eye(n: int) -> Array:
    return numbers(np.eye(n))


def _jacobian(derivative: Callable[..., Array]) -> Callable[[Array], Array]:
    def matrix(A: Array) -> Array:
        units = np.eye(A.size).reshape(-1, *A.shape).transpose(0, 2, 1)
        return np.stack([derivative(A, numbers(u)).reshape(-1, order="F") for u in units], axis=-1)

    return matrix


def _frechet(function: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    """Along a direction by a central difference: a matrix that is not diagonalisable has none of
    mpmath's logarithms, and the block matrix of the oracle is one."""

    def along(X: Array, E: Array) -> Array:
        size = max((abs(e) for e in np.ravel(E)), default=mp.mpf(0))
        step = mp.mpf(10) ** (-mp.dps // 3) / max(size, mp.mpf(1))
        return np.asarray((function(X + step * E) - function(X - step * E)) / (2 * step))

    return along


def _expm_frechet2(A: Array, E: Array, F: Array) -> Array:
    """The corner of the exponential of the block matrix of Higham & Relton 2014, (2.4)."""
    n, unit, above = len(A), numbers(np.eye(2)), numbers(np.eye(2, k=1))
    block = np.kron(np.kron(unit, unit), A) + np.kron(np.kron(unit, above), E)
    return _expm(block + np.kron(np.kron(above, unit), F))[:n, 3 * n :]


def _logm_frechet2(A: Array, E: Array, F: Array) -> Array:
    """From expm(logm(A)) = A, differentiated twice."""
    first = _frechet(_logm)
    return -first(A, _expm_frechet2(_logm(A), first(A, E), first(A, F)))


def _jacobian2(second: Callable[..., Array]) -> Callable[[Array, Array], Array]:
    return lambda A, E: _jacobian(lambda X, F: second(X, E, F))(A)


def _hessian(second: Callable[..., Array]) -> Callable[[Array], Array]:
    def array(A: Array) -> Array:
        units = np.eye(A.size).reshape(-1, *A.shape).transpose(0, 2, 1)
        return np.stack([_jacobian2(second)(A, numbers(unit)) for unit in units], axis=1)

    return array


MATRIX: Final[Mapping[str, Callable[..., Array]]] = {
    "det": _det,
    "logdet": _logdet,
    "inv": inverse,
    "pinv": _pinv,
    "solve": _solve,
    "sylvester": _sylvester,
    "lyapunov": lambda A, C: _sylvester(A, A.T, C),
    "chol": _chol,
    "expm": _expm,
    "logm": _logm,
    "sqrtm": _sqrtm,
    "expm_frechet": _frechet(_expm),
    "logm_frechet": _frechet(_logm),
    "sqrtm_frechet": _frechet(_sqrtm),
    "expm_jacobian": _jacobian(_frechet(_expm)),
    "logm_jacobian": _jacobian(_frechet(_logm)),
    "expm_frechet2": _expm_frechet2,
    "logm_frechet2": _logm_frechet2,
    "expm_jacobian2": _jacobian2(_expm_frechet2),
    "logm_jacobian2": _jacobian2(_logm_frechet2),
    "expm_hessian": _hessian(_expm_frechet2),
    "logm_hessian": _hessian(_logm_frechet2),
    "eigmax": lambda S: numbers(_eigen(S)[0][-1]),
    "eigmin": lambda S: numbers(_eigen(S)[0][0]),
    "eigvals": lambda S: _eigen(S)[0],
    "eigvecs": lambda S: _eigen(S)[1],
    "eigvecmax": lambda S: _eigen(S)[1][:, -1],
    "eigvecmin": lambda S: _eigen(S)[1][:, 0],
    "norm_2": lambda X: numbers(max(_svd(X)[1])),
    "norm_nuc": lambda X: numbers(sum(_svd(X)[1])),
    "polar": _polar,
    "tr": lambda A: numbers(sum(np.diagonal(A), mp.mpf(0))),
    "tril": lambda X, k=0: numbers(np.where(_lower(X, int(k)), X, mp.mpf(0))),
    "triu": lambda X, k=0: numbers(np.where(_lower(X, int(k) - 1), mp.mpf(0), X)),
    "cross": lambda a, b: np.array(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]],
        dtype=object,
    ),
    "dot": lambda a, b: np.asarray(a @ b),
}
"""Functions of matrices; what is missing here is structure, and the oracle's own."""
