"""The table of forms: texts, what they are in exact arithmetic, where they are tried, and by how
many ulps their code may be wrong.

References are plain definitions in mpmath, at so many digits that what cancels does not matter.  A
form is element-wise; its value, gradient and Hessian (the diagonal) are measured entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mpmath import mp

Scalar = Callable[[Any], Any]

SIZES: Final = (
    1e-300, 1e-20, 1e-10, 1e-5, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0, 36.5,
    100.0, 300.0, 700.0, 745.0, 1e3, 1e8,
)  # fmt: skip
ALL: Final = tuple(sorted({0.0, *SIZES, *(-x for x in SIZES)}))
POSITIVE: Final = tuple(x for x in ALL if x > 0)
NONZERO: Final = tuple(x for x in ALL if abs(x) > 1e-100)
SMALL: Final = tuple(x for x in ALL if abs(x) <= 300)
NOT_ONE: Final = tuple(x for x in SMALL if abs(x) != 1)
TAILS: Final = tuple(x for x in ALL if abs(x) <= 20)
NEAR: Final = 1 - 2.0**-53
UNIT: Final = (*(x for x in ALL if abs(x) < 1), 0.999999, NEAR, -0.999999, -NEAR)
ABOVE: Final = (1 + 2.0**-52, 1 + 1e-9, *(x for x in ALL if x > 1))


@dataclass(frozen=True)
class Form:
    """An element-wise form: limits are ulps of its value, gradient and Hessian.

    `singular` has a pole or an end of its domain at 0: differences of the reference are relative.
    """

    text: str
    reference: Scalar
    points: Sequence[float] = ALL
    limits: tuple[float, float, float] = (2, 4, 4)
    singular: bool = False


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + mp.exp(-x))


def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return mp.log(1 + mp.exp(x))


def normal(x: Any) -> Any:
    """The distribution function of the standard normal distribution."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def elu(x: Any) -> Any:
    """x, or exp(x) - 1 below 0."""
    return x if x > 0 else mp.exp(x) - 1


def log_cosh(x: Any) -> Any:
    """log(cosh(x))."""
    return mp.log(mp.cosh(x))


TAIL: Final = (2000, 2000, 2000)
"""Of the normal distribution far out: the relative error grows with x^2, in SciPy too."""

FORMS: Final = (
    Form("softplus(x)", softplus),
    Form("log(1 + exp(x))", softplus),
    Form("log(exp(x) + 1)", softplus),
    Form("log1p(exp(x))", softplus),
    Form("log(1 + exp(-x))", lambda x: softplus(-x)),
    Form("sigmoid(x)", sigmoid),
    Form("1 / (1 + exp(-x))", sigmoid),
    Form("1 / (exp(-x) + 1)", sigmoid),
    Form("exp(x) / (1 + exp(x))", sigmoid),
    Form("1 / (1 + exp(x))", lambda x: sigmoid(-x)),
    Form("1 - sigmoid(x)", lambda x: sigmoid(-x)),
    Form("2 sigmoid(x) - 1", lambda x: mp.tanh(x / 2)),
    Form("sigmoid(x) ⊙ (1 - sigmoid(x))", lambda x: sigmoid(x) * sigmoid(-x)),
    Form("log(sigmoid(x))", lambda x: -softplus(-x)),
    Form("log(1 / (1 + exp(-x)))", lambda x: -softplus(-x)),
    Form("log(1 - sigmoid(x))", lambda x: -softplus(x)),
    Form("-log(1 - 1 / (1 + exp(-x)))", softplus),
    Form("-0.3 log(sigmoid(x)) - 0.7 log(1 - sigmoid(x))",
         lambda x: softplus(x) - mp.mpf(3) / 10 * x, limits=(4, 4, 4)),
    Form("silu(x)", lambda x: x * sigmoid(x)),
    Form("x ⊙ sigmoid(x)", lambda x: x * sigmoid(x)),
    Form("x / (1 + exp(-x))", lambda x: x * sigmoid(x)),
    Form("tanh(x)", mp.tanh),
    Form("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", mp.tanh),
    Form("1 - tanh(x)^2", lambda x: 1 / mp.cosh(x) ** 2),
    Form("log(1 - tanh(x)^2)", lambda x: -2 * log_cosh(x)),
    Form("log(cosh(x))", log_cosh),
    Form("1 / cosh(x)", lambda x: 1 / mp.cosh(x), limits=(2, 4, 16)),  # its bend is 0 near 0.88
    Form("sinh(x)", mp.sinh),
    Form("cosh(x)", mp.cosh),
    Form("expm1(x)", lambda x: mp.exp(x) - 1),
    Form("exp(x) - 1", lambda x: mp.exp(x) - 1),
    Form("1 - exp(-x)", lambda x: 1 - mp.exp(-x)),
    Form("exp(x)", mp.exp),
    Form("log1p(x)", lambda x: mp.log(1 + x), (*(-x for x in UNIT), *POSITIVE)),
    Form("log(1 + x)", lambda x: mp.log(1 + x), (*(-x for x in UNIT), *POSITIVE)),
    Form("log(1 - x)", lambda x: mp.log(1 - x), (*UNIT, *(-x for x in POSITIVE))),
    Form("log(1 - exp(-x))", lambda x: mp.log(1 - mp.exp(-x)), POSITIVE, singular=True),
    Form("log(exp(x) - 1)", lambda x: mp.log(mp.exp(x) - 1), POSITIVE, singular=True),
    Form("1 / (exp(x) - 1)", lambda x: 1 / (mp.exp(x) - 1),
         tuple(x for x in NONZERO if abs(x) <= 20), singular=True),
    Form("log(x)", mp.log, POSITIVE, singular=True),
    Form("x ⊙ log(x)", lambda x: x * mp.log(x), POSITIVE, singular=True),
    Form("xlogx(x)", lambda x: x * mp.log(x), POSITIVE, singular=True),
    Form("sqrt(x)", mp.sqrt, POSITIVE, singular=True),
    Form("1 / x", lambda x: 1 / x, NONZERO, singular=True),
    Form("elu(x)", elu, NONZERO, singular=True),
    Form("where(x > 0, x, exp(x) - 1)", elu, NONZERO, singular=True),
    Form("where(x > 0, log(1 + x), 0)", lambda x: mp.log(1 + x) if x > 0 else mp.mpf(0),
         NONZERO, singular=True),
    Form("max(0, x)^1.5", lambda x: x**mp.mpf(1.5) if x > 0 else mp.mpf(0),
         NONZERO, singular=True),
    Form("gelu(x)", lambda x: x * normal(x), SMALL, TAIL),
    Form("normpdf(x)", lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi), NOT_ONE),
    Form("normcdf(x)", normal, SMALL, TAIL),
    Form("log_normcdf(x)", lambda x: mp.log(normal(x)), TAILS, (2000, 2000, 2e5)),
    Form("log(normcdf(x))", lambda x: mp.log(normal(x)), TAILS, (2000, 2000, 2e5)),
    Form("erf(x)", mp.erf, SMALL),
    Form("erfc(x)", mp.erfc, TAILS),
    Form("1 - erf(x)", mp.erfc, TAILS),
    Form("exp(-x^2)", lambda x: mp.exp(-x * x), SMALL),
    Form("sqrt(1 + x^2)", lambda x: mp.sqrt(1 + x * x), limits=(2, 4, 8)),
    Form("log(1 + x^2)", lambda x: mp.log(1 + x * x), NOT_ONE),
    Form("atan(x)", mp.atan),
    Form("asinh(x)", mp.asinh),
    Form("atanh(x)", mp.atanh, UNIT),
    Form("asin(x)", mp.asin, UNIT),
    Form("acosh(x)", mp.acosh, ABOVE),
    Form("sin(x)", mp.sin, SMALL),
    Form("1 - cos(x)", lambda x: 1 - mp.cos(x), SMALL),
)  # fmt: skip
