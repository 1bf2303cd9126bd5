"""Where a program is at the border of the domain of one of its functions.

The rules hold inside: sqrt(x) for x > 0, prod(x) for entries that are not 0.  At the border a
formula may have no value though the derivative happens to have one: 0 · ∞.  That a program is there
is a fact about its own values, which are looked at here with many digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from mpmath import mp

from matcalc.check.differences import Array
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr

ZERO: Final = mp.mpf(10) ** -25


def _zero(*args: Array) -> bool:
    return any(abs(e) < ZERO for e in np.ravel(args[0]))


def _one(x: Array) -> bool:
    return any(abs(abs(e) - 1) < ZERO for e in np.ravel(x))


def _constant(*args: Array) -> bool:
    """Whether some row, column or all of it has no spread."""
    x = np.asarray(args[0])
    ways = [x.reshape(1, -1)] if x.ndim < 2 else [x.reshape(1, -1), x, x.T]
    return any(max(row) - min(row) < ZERO for way in ways for row in way)


def _empty(*args: Array) -> bool:
    """Whether some row, column or all of it is 0."""
    x = np.asarray(args[0])
    ways = [x.reshape(1, -1)] if x.ndim < 2 else [x.reshape(1, -1), x, x.T]
    return any(max(map(abs, row)) < ZERO for way in ways for row in way) or (
        len(args) > 1 and _zero(x)
    )


def _power(base: Array, exponent: Array) -> bool:
    whole = all(e == mp.floor(e) and e >= 0 for e in np.ravel(exponent))
    return _zero(base) and not whole


BORDERS: Final[Mapping[str, Callable[..., bool]]] = {
    **dict.fromkeys("log sqrt recip xlogx prod".split(), _zero),
    **dict.fromkeys("asin acos atanh acosh".split(), _one),
    **dict.fromkeys("std layernorm".split(), _constant),
    "norm": _empty,
    "pow": _power,
    "norm_nuc": lambda X: _deficient(X),
    "norm_2": lambda X: _deficient(X),
    "polar": lambda X: _deficient(X),
    "pinv": lambda X: _deficient(X),
}
"""Functions of the book, and whether an argument is at the border of the domain."""


def _deficient(X: Array) -> bool:
    """Whether a matrix has not full rank, or two singular values are equal."""
    values = sorted(mp.svd_r(mp.matrix(X.tolist()), compute_uv=False), reverse=True)
    return values[-1] < ZERO or any(a - b < ZERO for a, b in zip(values, values[1:], strict=False))


def borders(values: Mapping[Expr, Array]) -> Iterator[str]:
    """What is at a border, or has no value, among the values of a program's parts."""
    for node, value in values.items():
        if not all(mp.isfinite(e) for e in np.ravel(value)):
            if not isinstance(node, nodes.Constant | nodes.Call):
                yield "a part of the program has no value"
            elif isinstance(node, nodes.Call):
                yield f"{node.name} has no value in a part of the program"
        args = [values[child] for child in nodes.children(node) if child in values]
        if isinstance(node, nodes.Call) and len(args) == len(node.args):
            test = BORDERS.get(node.name)
            if test is not None and _holds(test, args):
                yield f"at the border of the domain of {node.name}"
        elif isinstance(node, nodes.Divide) and _zero(args[1]):
            yield "a division by 0"
        elif isinstance(node, nodes.Power) and node.elementwise | (not node.shape.dims):
            if _holds(_power, args):
                yield "at the border of the domain of a power"


def _holds(test: Callable[..., bool], args: list[Any]) -> bool:
    return bool(test(*args))
