"""The value of an expression with many digits: what decides when two results in doubles differ.

What is structure (products, sums, stacking, entries) is the oracle's own code, which does not care
what entries are; what computes is in `digits`.  Slower than doubles by orders of magnitude, so it
is asked only where two results disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mpmath import mp

from matcalc.check import linear, operations
from matcalc.check.differences import Array
from matcalc.check.evaluate import order_of
from matcalc.check.linear import whole
from matcalc.check.standins import StandIn
from matcalc.check.steps import directions
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Named, Symbol
from tests.campaign.digits import (
    ALONG,
    DIGITS,
    MATRIX,
    SCALAR,
    UnknownError,
    along,
    divided,
    each,
    eye,
    inverse,
    numbers,
    power,
)


class Precise:
    """An expression made ready to be evaluated with many digits."""

    def __init__(
        self,
        expr: Expr,
        sizes: Mapping[str, int],
        functions: Mapping[str, Sequence[Callable[..., Any]]],
    ) -> None:
        self.expr, self.sizes, self.functions = expr, sizes, functions
        self.order = order_of(expr)

    def __call__(self, point: Mapping[str, Any]) -> Array:
        """The value where names have these values; UnknownError if there is no way to it."""
        return self.all(point)[self.expr]

    def all(self, point: Mapping[str, Any]) -> dict[Expr, Array]:
        """The values of all parts."""
        values: dict[Expr, Array] = {}
        with mp.workdps(max(DIGITS, mp.dps)), np.errstate(all="ignore"):
            for node in self.order:
                name = getattr(node, "name", None) if isinstance(node, Symbol | Named) else None
                if name is not None and name in point:
                    values[node] = numbers(point[name])
                elif isinstance(node, nodes.Derivative):
                    values[node] = self._derivative(node, point)
                else:
                    args = [values[child] for child in nodes.children(node)]
                    values[node] = numbers(self._value(node, args))
        return values

    def _derivative(self, node: nodes.Derivative, point: Mapping[str, Any]) -> Array:
        """A derivative inside an expression, by central differences with four times the digits."""
        step = mp.mpf(10) ** (-mp.dps // 2)
        order = 2 if node.kind == "hessian" else 1
        with mp.workdps(4 * mp.dps):
            x = Precise(node.wrt, self.sizes, self.functions)(point)
            inner = Precise(node.arg, self.sizes, self.functions)
            steps = [step * numbers(unit) for unit in directions(node.wrt, x.shape)]

            def at(value: Array) -> Array:
                return inner({**point, node.wrt.name: value})

            function: Callable[[Array], Array] = at
            for _ in range(order):
                function = _differenced(function, steps, step)
            return function(x)

    def _value(self, node: Expr, args: list[Array]) -> Any:
        match node:
            case nodes.Number(value=value):
                return mp.mpf(value.numerator) / value.denominator
            case nodes.Constant(name=name):
                return {"pi": mp.pi + 0, "inf": mp.inf}[name]
            case nodes.Size(dim=dim):
                return dim.evaluate(self.sizes)
            case nodes.Apply(function=function, order=order):
                return _stand_in(self.functions[function.name][order], args[0])
            case nodes.Divide():
                return each(divided)(*args)
            case nodes.Inverse(arg=arg):
                return each(SCALAR["recip"])(*args) if not arg.shape.dims else inverse(args[0])
            case nodes.Power(base=base, elementwise=elementwise):
                if base.shape.rank == 2 and not elementwise:
                    return _matrix_power(args[0], whole(args[1]))
                return each(power)(*args)
            case nodes.Call():
                return self._call(node, args)
            case nodes.Derivative() | Symbol():
                raise UnknownError(f"no value for {node}")
            case _:
                shape = tuple(dim.evaluate(self.sizes) for dim in node.shape.dims)
                return operations.operation(node, shape)(*args)

    def _call(self, node: nodes.Call, args: list[Array]) -> Any:
        name, shape = node.name, tuple(dim.evaluate(self.sizes) for dim in node.shape.dims)
        two = name in {"max", "min"} and len(args) == 2
        if name in SCALAR and (two or name not in ALONG):
            return operations._expanding(each(SCALAR[name]), node.args, node.shape)(*args)
        if name in ALONG:
            return along(name, node.axis)(*args)
        if name in MATRIX:
            ranks = linear.RANKS.get(name)
            own = MATRIX[name]
            return (linear.batched(own, ranks) if ranks else own)(*args)
        if name in linear.STACKING or name in linear.LINEAR or name == "reshape":
            return operations.operation(node, shape)(*args)
        raise UnknownError(name)


def _differenced(
    f: Callable[[Array], Array], steps: Sequence[Array], h: Any
) -> Callable[[Array], Array]:
    """The derivative of a function of an array, by central differences along steps of length h."""

    def derivative(x: Array) -> Array:
        slopes = np.stack([(f(x + step) - f(x - step)) / (2 * h) for step in steps], axis=-1)
        return np.reshape(slopes, (*slopes.shape[:-1], *x.shape))

    return derivative


def _matrix_power(A: Array, k: int) -> Array:
    base = A if k >= 0 else inverse(A)
    total = eye(len(A))
    for _ in range(abs(k)):
        total = total @ base
    return total


def _stand_in(function: Any, x: Array) -> Array:
    """The value of a random function in the oracle's place of an unknown one, see `StandIn`."""
    if not isinstance(function, StandIn):
        raise UnknownError("a function of the caller's")
    slopes, weights = numbers(function.slopes), numbers(function.weights)
    turn = numbers(function.phases) + function.order * mp.pi / 2
    constant = mp.mpf(function.offset) if function.order == 0 else mp.mpf(0)
    sine = each(mp.sin)
    if function.elementwise:
        waves = sine(x[..., None] * slopes + turn) * slopes**function.order
        return np.asarray(waves @ weights + constant)
    rank = slopes.ndim - 1
    flat = slopes.reshape(len(slopes), -1)
    waves = sine(flat @ x.reshape(-1) + turn)
    total = np.zeros(weights.shape[:-1] + slopes.shape[1:] * function.order, dtype=object)
    for k in range(len(slopes)):
        part = weights[..., k] * waves[k]
        for _ in range(function.order):
            part = np.multiply.outer(part, slopes[k]) if rank else part * slopes[k]
        total = total + part
    return np.asarray(total + constant)
