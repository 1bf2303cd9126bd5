"""Special functions for the oracle, by mpmath: neither SciPy, which the emitted code calls, nor
SymPy, which the rules are from.

Nothing here is loaded before one of the functions is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import numpy as np

H: Final = 1e-10

NAMES: Final = (
    "lambertw loggamma factorial binomial harmonic beta erfi erfinv expint li fresnels "
    "fresnelc besselj bessely besseli besselk legendre hermite gegenbauer jacobi sinc sec csc cot "
    "asec acsc acot sech csch coth asech acsch acoth"
).split()
"""What mpmath calls as SymPy does."""

OTHER: Final[Mapping[str, Callable[..., Any]]] = {
    "betainc": lambda m, a, b, x, y: m.betainc(a, b, x, y),
    "betainc_regularized": lambda m, a, b, x, y: m.betainc(a, b, x, y, regularized=True),
    "lowergamma": lambda m, a, x: m.gammainc(a, 0, x),
    "uppergamma": lambda m, a, x: m.gammainc(a, x),
    "erfcinv": lambda m, x: m.erfinv(1 - x),
    "zeta": lambda m, s, *a: m.zeta(s, *a) if s > 1 else m.nan,
    "erf2": lambda m, x, y: m.erf(y) - m.erf(x),
    "Ei": lambda m, x: m.ei(x),
    "Si": lambda m, x: m.si(x),
    "Ci": lambda m, x: m.ci(x),
    "Shi": lambda m, x: m.shi(x),
    "Chi": lambda m, x: m.chi(x),
    "jn": lambda m, v, x: m.sqrt(m.pi / (2 * x)) * m.besselj(v + 0.5, x),
    "yn": lambda m, v, x: m.sqrt(m.pi / (2 * x)) * m.bessely(v + 0.5, x),
    "airyai": lambda m, x: m.airyai(x),
    "airyaiprime": lambda m, x: m.airyai(x, derivative=1),
    "airybi": lambda m, x: m.airybi(x),
    "airybiprime": lambda m, x: m.airybi(x, derivative=1),
    "elliptic_k": lambda m, k: m.ellipk(k),
    "elliptic_e": lambda m, *args: m.ellipe(*args),
    "elliptic_f": lambda m, x, k: m.ellipf(x, k),
    "chebyshevt": lambda m, n, x: m.chebyt(n, x),
    "chebyshevu": lambda m, n, x: m.chebyu(n, x),
    "hermite_prob": lambda m, n, x: m.hermite(n, x / m.sqrt(2)) / m.sqrt(2) ** n,
    "laguerre": lambda m, n, x: m.laguerre(n, 0, x),
    "assoc_laguerre": lambda m, n, a, x: m.laguerre(n, a, x),
}


def _real(name: str, *args: Any) -> Any:
    """The real value at numbers of mpmath; nan where there is none."""
    import mpmath

    try:
        value = OTHER[name](mpmath, *args) if name in OTHER else getattr(mpmath, name)(*args)
        value = mpmath.mpmathify(value)
    except (ValueError, ZeroDivisionError, mpmath.mp.NoConvergence):
        return mpmath.nan
    real, imag = mpmath.re(value), mpmath.im(value)
    return real if abs(imag) <= 1e-12 * max(1, abs(real)) else mpmath.nan


def _value(name: str, *args: Any) -> complex:
    """The value at real or complex numbers, to first order in their imaginary parts.

    With 30 digits a central difference over 1e-10 is exact to double precision.
    """
    import mpmath

    with mpmath.workdps(30):
        place = [mpmath.mpf(float(arg.real)) for arg in args]
        value = complex(_real(name, *place))
        size = max(abs(float(arg.imag)) for arg in args)
        if size == 0:
            return value
        step = [mpmath.mpf(float(arg.imag) / size) * H for arg in args]
        there, back = ([x + s * d for x, d in zip(place, step, strict=True)] for s in (1, -1))
        slope = (_real(name, *there) - _real(name, *back)) / (2 * H)
        return value + 1j * size * float(slope)


def _of_arrays(name: str) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        arrays = np.broadcast_arrays(*[np.asarray(arg, dtype=complex) for arg in args])
        flat = [_value(name, *each) for each in zip(*(a.ravel() for a in arrays), strict=True)]
        result = np.reshape(np.asarray(flat, dtype=complex), arrays[0].shape)
        return result if any(np.iscomplexobj(arg) for arg in args) else result.real

    return function


class _Special(Mapping[str, Callable[..., Any]]):
    """The functions by name, each made when it is asked for."""

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in OTHER and name not in NAMES:
            raise KeyError(name)
        return _made(name)

    def __iter__(self) -> Iterator[str]:
        return iter([*NAMES, *OTHER])

    def __len__(self) -> int:
        return len(NAMES) + len(OTHER)


_made: Final = cache(_of_arrays)
SPECIAL: Final = _Special()
