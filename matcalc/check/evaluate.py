"""The value of an expression at a point, directly and plainly: one NumPy operation a node.

This is the oracle's own reading of the language (LANGUAGE.md sections 3 and 4): it shares nothing
with the rule book, the tensor engine or the emitted code.  An `Evaluator` lists the nodes once,
children first; a value is one walk over the list, and a value for another argument repeats only
what depends on it.  Arrays: vectors, rows included, are 1-D.  Complex values are followed to first
order in their imaginary parts, so that a complex step differentiates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from matcalc.budget import look
from matcalc.check.differences import Array, lifted
from matcalc.check.elementwise import as_array
from matcalc.check.operations import constant, operation
from matcalc.check.standins import StandIn
from matcalc.check.steps import differentiated, directions
from matcalc.errors import DerivationError
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Named, Symbol
from matcalc.graphs import postorder

Functions: TypeAlias = Mapping[str, Sequence[Callable[..., Any]]]
Point: TypeAlias = Mapping[str, Any]


def evaluate(
    expr: Expr, point: Point, sizes: Mapping[str, int], functions: Functions | None = None
) -> Array:
    """The value of an expression for values of its variables, sizes of dimension names, functions.

    `functions` gives for each unknown function itself and its derivatives in order.  A bound name
    is evaluated from what it is bound to, unless the point has a value for it.
    """
    return Evaluator(expr, sizes, functions)(point)


class _Step(NamedTuple):
    """How one node's value is made: from the point if it has the name, else from the inputs."""

    name: str | None
    inputs: tuple[int, ...]
    run: Callable[..., Any] | None
    scoped: bool  # run wants the point instead of the inputs' values


class Evaluator:
    """An expression made ready to be evaluated at many points, for fixed sizes and functions."""

    def __init__(
        self, expr: Expr, sizes: Mapping[str, int], functions: Functions | None = None
    ) -> None:
        self.sizes = sizes
        self.functions = functions or {}
        self._steps: list[_Step] = []
        places: dict[Expr, int] = {}
        for node in order_of(expr):
            places[node] = len(self._steps)
            self._steps.append(self._step(node, tuple(places[child] for child in inputs_of(node))))

    def __call__(self, point: Point) -> Array:
        """The value at a point."""
        return as_array(self._all(point)[-1])

    def along(self, wrt: Symbol | Named, point: Point) -> Callable[[Any], Array]:
        """The expression as a function of one variable or bound name, the rest as in the point."""
        values = self._all(point)
        moving = self._dependents(wrt.name)

        def function(value: Any) -> Array:
            return as_array(self._walk({**point, wrt.name: value}, moving, list(values))[-1])

        return function

    def _all(self, point: Point) -> list[Any]:
        return self._walk(point, range(len(self._steps)), [None] * len(self._steps))

    def _dependents(self, name: str) -> list[int]:
        """The steps, in order, that have to be repeated when the value of a name changes."""
        moving: dict[int, None] = {}
        for place, step in enumerate(self._steps):
            if step.name == name or step.scoped or any(k in moving for k in step.inputs):
                moving[place] = None
        return list(moving)

    def _walk(self, point: Point, places: Sequence[int], values: list[Any]) -> list[Any]:
        look()
        with np.errstate(all="ignore"):
            for place in places:
                name, inputs, run, scoped = self._steps[place]
                if name is not None and name in point:
                    values[place] = as_array(point[name])
                elif run is None:
                    raise DerivationError(f"the numerical check has no value for {name}")
                else:
                    values[place] = run(point) if scoped else run(*[values[k] for k in inputs])
        return values

    def _step(self, node: Expr, inputs: tuple[int, ...]) -> _Step:
        match node:
            case Symbol(name=name):
                return _Step(name, (), None, False)
            case nodes.Derivative():
                return _Step(None, (), self._derivative(node), True)
            case nodes.Number() | nodes.Constant() | nodes.Size():
                value = np.asarray(constant(node, self.sizes))
                return _Step(None, (), lambda: value, False)
            case nodes.Apply():
                return _Step(None, inputs, self._apply(node), False)
            case nodes.Call(name=name, axis=axis) if name in self.functions:
                run = self.functions[name][0]
                return _Step(None, inputs, run if axis is None else partial(run, axis=axis), False)
            case _:
                shape = tuple(dim.evaluate(self.sizes) for dim in node.shape.dims)
                bound = node.name if isinstance(node, Named) else None
                return _Step(bound, inputs, operation(node, shape), False)

    def _derivative(self, node: nodes.Derivative) -> Callable[[Point], Any]:
        """A derivative inside an expression as a function of the point."""
        inner = Evaluator(node.arg, self.sizes, self.functions)
        start = Evaluator(node.wrt, self.sizes, self.functions)
        order = 2 if node.kind == "hessian" else 1

        def value(point: Point) -> Any:
            def at(*values: Any) -> Any:
                here = dict(zip(point, values, strict=True))
                x, f = start(here), inner.along(node.wrt, here)
                return differentiated(f, x, directions(node.wrt, x.shape), order).value

            return lifted(at)(*point.values())

        return value

    def _apply(self, node: nodes.Apply) -> Callable[..., Any]:
        name, known = node.function.name, self.functions.get(node.function.name, ())
        if node.order >= len(known):
            what = f"derivative {node.order} of {name}" if known else f"the function {name}"
            raise DerivationError(f"the numerical check was not given {what}")
        function = known[node.order]
        return function if isinstance(function, StandIn) else lifted(function)


def inputs_of(node: Expr) -> tuple[Expr, ...]:
    """What the value of a node is computed from: what stands in a derivative is evaluated there."""
    return () if isinstance(node, nodes.Derivative) else nodes.children(node)


def order_of(root: Expr) -> list[Expr]:
    """Every node outside of inner derivatives once, in the order in which they are evaluated."""
    return postorder((root,), inputs_of)
