"""Where a program is at the border of the domain of one of its functions.

The rules hold inside: sqrt(x) for x > 0, prod(x) for entries that are not 0.  At the border a
formula may have no value though the derivative happens to have one: 0 · ∞.  That a program is there
is a fact about its own values, which are looked at here with many digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
from mpmath import mp

from matcalc.check.differences import Array
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr
from tests.campaign.digits import DIGITS

ZERO: Final = mp.mpf(10) ** -25
ROUNDING: Final = mp.mpf(10) ** -13
"""Apart by less than this, relatively, is equal but for rounding: an orthogonal matrix that is
drawn in double precision has a determinant of 1 only to so many digits."""
RANK: Final = mp.mpf(10) ** -8
"""Singular values that are smaller, relative to the largest, count as 0 for one computation and not
for another."""
FINE: Final = mp.mpf(10) ** 8
"""Beyond this a step of the witness crosses whole numbers."""


def _zero(*args: Array) -> bool:
    return any(abs(e) < ZERO for e in np.ravel(args[0]))


def _tied(*args: Array) -> bool:
    """Whether the largest of two arguments, or of all entries of one, is not the only one."""
    if len(args) > 1:
        return any(abs(e) < ZERO for e in np.ravel(np.asarray(args[0]) - args[1]))
    entries = sorted(np.ravel(args[0]))
    return len(entries) > 1 and entries[-1] - entries[-2] < ZERO


def _one(x: Array) -> bool:
    return any(abs(abs(e) - 1) < ZERO for e in np.ravel(x))


def _nowhere(y: Array, x: Array) -> bool:
    """Whether some point of the plane is its origin, which has no angle, or on the cut beside it,
    where the angle is pi or -pi as 0 has one sign or the other."""
    pairs = zip(*map(np.ravel, np.broadcast_arrays(y, x)), strict=True)
    return any(abs(a) < ZERO and b < ZERO for a, b in pairs)


def _constant(*args: Array) -> bool:
    """Whether some row, column or all of it has no spread, but for rounding."""
    x = np.asarray(args[0])
    ways = [x.reshape(1, -1)] if x.ndim < 2 else [x.reshape(1, -1), x, x.T]
    return any(_equal(max(row), min(row)) for way in ways for row in way)


def _steep(x: Array) -> bool:
    """Whether steps between whole numbers are no longer seen beside the number itself."""
    return any(abs(e) > FINE for e in np.ravel(x))


def _empty(*args: Array) -> bool:
    """Whether some row, column or all of it is 0."""
    x = np.asarray(args[0])
    ways = [x.reshape(1, -1)] if x.ndim < 2 else [x.reshape(1, -1), x, x.T]
    return any(max(map(abs, row)) < ZERO for way in ways for row in way) or (
        len(args) > 1 and _zero(x)
    )


def _singular_values(X: Array) -> list[Any]:
    """The singular values of a matrix, the largest first."""
    with mp.workdps(DIGITS):
        return sorted(mp.svd_r(mp.matrix(X.tolist()), compute_uv=False), reverse=True)


def _deficient(X: Array) -> bool:
    """Whether a matrix has not full rank, or two singular values are equal but for rounding."""
    values = _singular_values(X)
    return values[-1] < ZERO or any(_equal(a, b) for a, b in pairwise(values))


def _equal(a: Any, b: Any) -> bool:
    """Whether two numbers are equal but for rounding."""
    return bool(abs(b - a) < ROUNDING * max(1, abs(a), abs(b)))


def _multiple(S: Array) -> bool:
    """Whether the largest eigenvalue is not simple, as of a multiple of the identity."""
    with mp.workdps(DIGITS):
        values = sorted(mp.eigsy(mp.matrix(((S + S.T) / 2).tolist()), eigvals_only=True))
    return len(values) > 1 and _equal(*values[-2:])


def _alone(S: Array) -> bool:
    """Whether the largest eigenvalue is not simple, or the only one: what remains of the matrix
    without it is of rounding alone."""
    return np.size(S) == 1 or _multiple(S)


BORDERS: Final[Mapping[str, Callable[..., bool]]] = {
    **dict.fromkeys("log log2 log10 logit hypot sqrt recip xlogx prod".split(), _zero),
    "pow": lambda x, _: _zero(x) or _negative(x),
    **dict.fromkeys("asin acos atanh acosh".split(), _one),
    **dict.fromkeys("std layernorm".split(), _constant),
    **dict.fromkeys("norm_nuc norm_2 polar pinv".split(), _deficient),
    "eigmax": _multiple,
    "eigvecmax": _alone,
    **dict.fromkeys("floor ceil round".split(), _steep),
    "norm": _empty,
    "atan2": _nowhere,
}
"""Functions of the book, and whether an argument is at the border of the domain."""

KINKED: Final[Mapping[str, Callable[..., bool]]] = {
    "abs": _zero,
    "relu": _zero,
    "max": _tied,
    "min": lambda *args: _tied(*(-np.asarray(a) for a in args)),
    "eigmax": lambda S: np.size(S) == 1,
}
"""Functions with a kink, and whether they are on it."""

CHOOSING: Final = frozenset(
    "max min onehot_max onehot_min clip gt ge eq sign abs relu where floor ceil round huber".split()
)
"""Functions that compare; what they compare may differ by rounding alone."""


def borders(values: Mapping[Expr, Array]) -> Iterator[str]:
    """What is at a border, or has no value, among the values of a program's parts."""
    for node, value in values.items():
        name = node.name if isinstance(node, nodes.Call) else type(node).__name__
        if not isinstance(node, nodes.Constant) and not _finite(value):
            yield f"{name} has no value in a part of the program"
        args = [values[child] for child in nodes.children(node) if child in values]
        if not all(map(_finite, args)):
            continue
        match node:
            case nodes.Call() if name in BORDERS and BORDERS[name](*args):
                yield f"at the border of the domain of {name}"
            case nodes.Divide() if _zero(args[1]):
                yield "a division by 0"
            case nodes.Power(exponent=exponent) if _raised(exponent) and _zero(args[0]):
                yield "at the border of the domain of a power"
            case nodes.Power(exponent=exponent) if _moves(exponent) and _negative(args[0]):
                yield "a power of a negative number"
            case _:
                pass


def _finite(value: Array) -> bool:
    return all(mp.isfinite(e) for e in np.ravel(value))


def _moves(exponent: Expr) -> bool:
    """Whether a derivative by the exponent is asked for, or may be: it has the logarithm of the
    base."""
    return not isinstance(exponent, nodes.Number)


def _negative(x: Array) -> bool:
    return any(e < 0 for e in np.ravel(x))


def _raised(exponent: Expr) -> bool:
    """Whether a power has no derivative at 0, or none that its formula gives."""
    return not isinstance(exponent, nodes.Number) or exponent.value.denominator != 1


def ties(values: Mapping[Expr, Array]) -> Iterator[str]:
    """Choices between values that are equal but for rounding: another order of the same operations
    chooses otherwise."""
    for node in values:
        name = node.name if isinstance(node, nodes.Call) else ""
        if isinstance(node, nodes.Compare) or name in CHOOSING:
            args = [values[child] for child in nodes.children(node) if child in values]
            entries = [e for arg in args for e in np.ravel(arg)] + [mp.mpf(0)]
            if any(
                a != b and _equal(a, b) for a, b in pairwise(sorted(filter(mp.isfinite, entries)))
            ):
                yield f"{name or 'a comparison'} of values that are equal but for rounding"


def kinks(values: Mapping[Expr, Array]) -> Iterator[str]:
    """What a program stands on exactly and a second derivative does not survive.

    A square of a kink is smooth there, and its first derivative right; the second has no term that
    the formula knows: that of abs(x)^2 at 0.  The only eigenvalue of a matrix leaves nothing but
    rounding beside it.
    """
    for node in values:
        if isinstance(node, nodes.Call) and node.name in KINKED:
            args = [values[child] for child in nodes.children(node) if child in values]
            if args and KINKED[node.name](*args):
                yield f"on a kink of {node.name}"


def ranks(values: Mapping[Expr, Array]) -> Iterator[str]:
    """Pseudo-inverses of matrices so near to a lower rank that code in doubles may see that one."""
    for node in values:
        if isinstance(node, nodes.Call) and node.name == "pinv" and node.args[0] in values:
            matrix = values[node.args[0]]
            if _finite(matrix) and np.size(matrix):
                found = _singular_values(matrix)
                if found[-1] < RANK * found[0]:
                    yield "a pseudo-inverse near a change of rank"
