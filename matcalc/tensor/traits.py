"""What the canonical form itself has to know of functions; everything else is in the rule book."""

from __future__ import annotations

from typing import Final

from matcalc.expr.nodes import Function

IDEMPOTENT: Final = frozenset({"gt", "ge", "eq"})
"""Indicators: 0 or 1, so their powers are themselves."""

OF_ENTRIES: Final = frozenset("max min prod std logsumexp".split())
"""Functions of all entries, whose order is no matter: of a matrix what they are of its vec()."""

EVEN: Final = frozenset("abs cos cosh normpdf".split())
"""f(-x) = f(x)."""

ODD: Final = frozenset("sign sin tan asin atan sinh tanh asinh atanh erf".split())
"""f(-x) = -f(x)."""

DEGREE: Final = {"sign": 0, "abs": 1, "relu": 1}
"""f(c x) = c^k f(x) for a positive number c."""

AT_ZERO: Final = {
    **dict.fromkeys("sin tan asin atan sinh tanh asinh atanh erf expm1 log1p abs sign".split(), 0),
    **dict.fromkeys("exp cos cosh erfc".split(), 1),
}
"""f(0), where it is whole."""

AT_ONE: Final = {"log": 0, "gamma": 1, "lgamma": 0}
"""f(1), where it is whole."""

_INVARIANT: Final = frozenset({"det", "logdet", "norm_2", "norm_nuc"})

_TURNED: Final = {
    **dict.fromkeys("inv expm logm sqrtm pinv".split(), (0,)),
    **dict.fromkeys("expm_frechet logm_frechet".split(), (0, 1)),
    **dict.fromkeys("expm_frechet2 logm_frechet2".split(), (0, 1, 2)),
    "sylvester": (1, 0, 2),
}

_LINEAR: Final = {
    **dict.fromkeys("expm_frechet logm_frechet expm_jacobian2 logm_jacobian2".split(), (1,)),
    **dict.fromkeys("expm_frechet2 logm_frechet2".split(), (1, 2)),
    "sylvester": (2,),
}


def turned_order(fn: str | tuple[Function, int]) -> tuple[int, ...] | None:
    """Where f(A, B, …)' is f of the transposed arguments in another order, that order: a Sylvester
    equation A Z + Z B = C is B' Z' + Z' A' = C'."""
    return _TURNED.get(fn) if isinstance(fn, str) else None


def invariant_under_transpose(fn: str | tuple[Function, int]) -> bool:
    """Whether f(A') = f(A)."""
    return fn in _INVARIANT


def linear_arguments(fn: str | tuple[Function, int]) -> tuple[int, ...]:
    """The places of the arguments that a function is linear in; two are the directions of a second
    derivative, which may be exchanged."""
    return _LINEAR.get(fn, ()) if isinstance(fn, str) else ()


# What is declared of a variable that a derivative is taken by holds at the point, but not around
# it where it is the property of a closed set: the formula is differentiated without it, and only
# the result may use it.

CLOSED: Final = frozenset({"diagonal", "lower", "upper", "orthogonal"})
"""Properties that a small change of one entry destroys."""

_ASIDE: Final = "at the point: "


def set_aside(properties: frozenset[str]) -> frozenset[str]:
    """The properties of a variable of a derivative: those of closed sets hold at the point only."""
    return frozenset(_ASIDE + name if name in CLOSED else name for name in properties)


def at_the_point(properties: frozenset[str]) -> frozenset[str]:
    """All that is declared, what was set aside included."""
    return frozenset(name.removeprefix(_ASIDE) for name in properties)
