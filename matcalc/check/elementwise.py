"""Element-wise functions, reductions and functions along an axis, in plain NumPy.

Each is also right for complex arguments whose imaginary part is tiny, so that a complex step goes
through it: whatever compares looks at real parts, and |x| is x or -x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import scipy.special as sp

from matcalc.check.differences import Array, lifted


def power(base: Any, exponent: Any) -> Any:
    """base^exponent by entries; of a negative base a whole exponent alone is defined, else nan."""
    if not (np.iscomplexobj(base) or np.iscomplexobj(exponent)):
        return np.power(np.asarray(base, dtype=float), exponent)
    base, exponent = np.broadcast_arrays(np.asarray(base, dtype=complex), exponent)
    whole = np.real(exponent) == np.round(np.real(exponent))
    fixed = np.imag(exponent) == 0
    size = np.power(np.where(base.real < 0, -base, base), exponent)
    sign = np.where(np.real(exponent) % 2 == 1, -1.0, 1.0)
    return np.where(base.real >= 0, size, np.where(whole & fixed, sign * size, np.nan))


def absolute(x: Any) -> Any:
    """|x|."""
    return x * np.sign(np.real(x))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-absolute(x))
    return np.where(np.real(x) >= 0, 1 / (1 + small), small / (1 + small))


def larger(a: Any, b: Any) -> Any:
    """The larger by entries; the first at a tie."""
    return np.where((np.real(a) >= np.real(b)) | np.isnan(np.real(a)), a, b)


def smaller(a: Any, b: Any) -> Any:
    """The smaller by entries; the first at a tie."""
    return np.where((np.real(a) <= np.real(b)) | np.isnan(np.real(a)), a, b)


def indicator(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """1 where a comparison holds, 0 where it does not, nan where there is nothing to compare."""

    def compared(a: Any, b: Any) -> Any:
        a, b = np.real(a), np.real(b)
        return np.where((a != a) | (b != b), np.nan, np.where(test(a, b), 1.0, 0.0))

    return compared


def chosen(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition is not 0, else b; nan where there is no condition."""
    test = np.real(condition)
    return np.where(test != test, np.nan, np.where(test != 0, a, b))


def rectified(x: Any) -> Any:
    """x above 0, else 0."""
    return np.where(np.real(x) <= 0, 0.0, x)


def extreme(x: Any, axis: int | None, sign: int) -> Any:
    """The largest (sign 1) or smallest (sign -1) entry along an axis, or of all."""
    x = np.asarray(x)
    if axis is None:
        return np.reshape(x, -1)[np.argmax(sign * np.real(x))]
    place = np.expand_dims(np.argmax(sign * np.real(x), axis=axis), axis)
    return np.take_along_axis(x, place, axis=axis).squeeze(axis)


def one_hot_extreme(x: Any, axis: int | None, sign: int) -> Any:
    """1 at the first largest (sign 1) or smallest (sign -1) entry, else 0."""
    scores = sign * np.real(x)
    unknown = np.isnan(np.sum(scores, axis=axis, keepdims=True))
    if axis is None:
        result = np.reshape(np.arange(np.size(x)) == np.argmax(scores), np.shape(x)) * 1.0
        return np.where(unknown, np.nan, result)
    places = np.expand_dims(np.argmax(scores, axis=axis), axis)
    result = np.zeros(np.shape(x))
    np.put_along_axis(result, places, 1.0, axis=axis)
    return np.where(unknown, np.nan, result)


def maximum(x: Any, *other: Any, axis: int | None = None) -> Any:
    """max of all entries, along an axis, or of two arguments by entries."""
    return larger(x, other[0]) if other else extreme(x, axis, 1)


def minimum(x: Any, *other: Any, axis: int | None = None) -> Any:
    """min of all entries, along an axis, or of two arguments by entries."""
    return smaller(x, other[0]) if other else extreme(x, axis, -1)


def logsumexp(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) without overflow."""
    shift = np.max(np.real(x), axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=True)) + shift
    return total if keepdims else np.squeeze(total, axis)


def variance(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The mean square deviation from the mean."""
    away = x - np.mean(x, axis=axis, keepdims=True)
    return np.mean(away * away, axis=axis, keepdims=keepdims)


def norm(x: Any, p: Any = 2.0, axis: int | None = None) -> Any:
    """The p-norm of the entries; p is 2 (also Frobenius), 1, inf or any number."""
    order = np.real(p)
    if order == np.inf:
        return extreme(absolute(x), axis, 1)
    if order == 1 and not np.iscomplexobj(p):
        return np.sum(absolute(x), axis=axis)
    if order == 2 and not np.iscomplexobj(p):
        return np.sqrt(np.sum(x * x, axis=axis))
    return power(np.sum(power(absolute(x), p), axis=axis), 1 / p)


def softmax(x: Any, axis: int | None = None) -> Any:
    """exp(x) / sum(exp(x))."""
    return np.exp(x - logsumexp(x, axis, keepdims=True))


def log_softmax(x: Any, axis: int | None = None) -> Any:
    """x - logsumexp(x)."""
    return x - logsumexp(x, axis, keepdims=True)


def layernorm(x: Any, epsilon: Any = 0.0, axis: int | None = None) -> Any:
    """(x - mean(x)) / sqrt(var(x) + epsilon)."""
    spread = np.sqrt(variance(x, axis, keepdims=True) + epsilon)
    return (x - np.mean(x, axis=axis, keepdims=True)) / spread


def clip(x: Any, low: Any, high: Any) -> Any:
    """x between low and high; nothing where these are not in order."""
    return np.where(np.real(low) <= np.real(high), smaller(larger(x, low), high), np.nan)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x above 0, alpha (exp(x) - 1) below."""
    return np.where(np.real(x) > 0, x, alpha * np.expm1(smaller(x, 0.0)))


def huber(x: Any, delta: Any = 1.0) -> Any:
    """x^2 / 2 within delta of 0, lines of slope delta outside; nothing unless delta > 0."""
    size = absolute(x)
    near = np.real(size) <= np.real(delta)
    value = np.where(near, x * x / 2, delta * (size - delta / 2))
    return np.where(np.real(delta) > 0, value, np.nan)


def xlogx(x: Any) -> Any:
    """x log(x), 0 at 0."""
    return np.where(np.real(x) == 0, 0.0, x * np.log(np.where(np.real(x) == 0, 1.0, x)))


def polygamma(k: Any, x: Any) -> Any:
    """The k-th derivative of digamma, k = 0 being digamma itself."""
    return sp.polygamma(round(float(np.real(k))), x)


CIRCULAR: Final = "sin cos tan sinh cosh tanh".split()

ELEMENTWISE: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: getattr(np, name) for name in "exp log log1p expm1 sqrt".split()},
    **{name: getattr(np, name) for name in CIRCULAR},
    **{f"a{name}": getattr(np, f"arc{name}") for name in CIRCULAR},
    "abs": absolute,
    "sign": lambda x: np.sign(np.real(x)),
    "gt": indicator(np.greater),
    "ge": indicator(np.greater_equal),
    "eq": indicator(np.equal),
    "sigmoid": sigmoid,
    "softplus": lambda x: larger(x, 0.0) + np.log1p(np.exp(-absolute(x))),
    "relu": rectified,
    "leaky_relu": lambda x, slope=0.01: np.where(np.real(x) > 0, x, slope * x),
    "elu": elu,
    "gelu": lambda x: x * sp.ndtr(x),
    "silu": lambda x: x * sigmoid(x),
    "erf": sp.erf,
    "erfc": sp.erfc,
    "gamma": lifted(sp.gamma),
    "lgamma": lifted(sp.gammaln),
    "digamma": sp.digamma,
    "polygamma": lifted(polygamma),
    "normcdf": sp.ndtr,
    "log_normcdf": sp.log_ndtr,
    "normpdf": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "square": lambda x: x * x,
    "recip": lambda x: 1 / x,
    "clip": clip,
    "where": chosen,
    "pow": power,
    "atan2": lifted(np.arctan2),
    "xlogx": xlogx,
    "log2": lambda x: np.log(x) / np.log(2.0),
    "log10": lambda x: np.log(x) / np.log(10.0),
    "logaddexp": lambda a, b: larger(a, b) + np.log1p(np.exp(-absolute(a - b))),
    "floor": lambda x: np.floor(np.real(x)),
    "ceil": lambda x: np.ceil(np.real(x)),
    "round": lambda x: np.round(np.real(x)),
    "log_sigmoid": lambda x: smaller(x, 0.0) - np.log1p(np.exp(-absolute(x))),
    "logit": lambda x: np.log(x) - np.log1p(-x),
    "mish": lambda x: x * np.tanh(larger(x, 0.0) + np.log1p(np.exp(-absolute(x)))),
    "softsign": lambda x: x / (1 + absolute(x)),
    "huber": huber,
    "hypot": lambda a, b: np.sqrt(a * a + b * b),
}

ALONG: Final[Mapping[str, Callable[..., Any]]] = {
    "sum": np.sum,
    "mean": np.mean,
    "cumsum": np.cumsum,
    "prod": np.prod,
    "max": maximum,
    "min": minimum,
    "onehot_max": lambda x, axis=None: one_hot_extreme(x, axis, 1),
    "onehot_min": lambda x, axis=None: one_hot_extreme(x, axis, -1),
    "var": variance,
    "std": lambda x, axis=None: np.sqrt(variance(x, axis)),
    "logsumexp": logsumexp,
    "norm": norm,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "layernorm": layernorm,
    "cross_entropy": lambda z, y, axis=None: -np.sum(y * log_softmax(z, axis), axis=axis),
    "mse": lambda a, b, axis=None: np.mean((a - b) * (a - b), axis=axis),
}


def as_array(value: Any) -> Array:
    """A value as an array of float64 or complex128."""
    array = np.asarray(value)
    return array if array.dtype.kind == "c" else array.astype(float, copy=False)
