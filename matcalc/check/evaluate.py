"""The value of an expression at a point, directly and plainly: one NumPy operation a node.

This is the oracle's own reading of the language (LANGUAGE.md sections 3 and 4): it shares nothing with the
rule book, the tensor engine or the emitted code.  An `Evaluator` lists the nodes once, children first; then a
value is one walk over the list, and a value for another argument only repeats what depends on it.
Arrays: vectors, rows included, are 1-D.  Complex arguments are followed to first order (a complex step).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, assert_never

import numpy as np

from matcalc.check.differences import Array, lifted
from matcalc.check.elementwise import ALONG, ELEMENTWISE, as_array, power
from matcalc.check.linear import LINEAR, STACKING, as_matrix, inverse, matrix_power, whole
from matcalc.check.standins import StandIn
from matcalc.errors import DerivationError
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Shape

Values = Sequence[Any]
Functions = Mapping[str, Sequence[Callable[..., Any]]]
COMPARISONS: Final[Mapping[str, Callable[..., Any]]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal,
}  # fmt: skip


def evaluate(
    expr: Expr, point: Mapping[str, Any], sizes: Mapping[str, int], functions: Functions | None = None
) -> Array:
    """The value of an expression for values of its variables, sizes of its dimension names and functions.

    `functions` gives for each unknown function itself and its derivatives in order.  A bound name is evaluated
    from what it is bound to, unless the point has a value for it.
    """
    return Evaluator(expr, sizes, functions or {})(point)


@dataclass(frozen=True)
class _Step:
    """How one node's value is made: from those of its inputs, or from the point."""

    node: Expr
    inputs: tuple[int, ...]
    run: Callable[..., Any] | None  # of the inputs' values; None for a symbol
    scoped: bool = False  # run wants the point instead


class Evaluator:
    """An expression made ready to be evaluated at many points, for fixed sizes and functions."""

    def __init__(self, expr: Expr, sizes: Mapping[str, int], functions: Functions | None = None) -> None:
        self.expr = expr
        self.sizes = sizes
        self.functions = functions or {}
        self._steps: list[_Step] = []
        places: dict[Expr, int] = {}
        for node in _order(expr):
            places[node] = len(self._steps)
            self._steps.append(self._step(node, tuple(places[child] for child in _inputs(node))))

    def __call__(self, point: Mapping[str, Any]) -> Array:
        """The value at a point."""
        with np.errstate(all="ignore"):
            return as_array(self._walk(point, range(len(self._steps)), [None] * len(self._steps))[-1])

    def along(self, wrt: nodes.Symbol | nodes.Named, point: Mapping[str, Any]) -> Callable[[Any], Array]:
        """The expression as a function of one variable or bound name alone, the rest being as in the point."""
        with np.errstate(all="ignore"):
            values = self._walk(point, range(len(self._steps)), [None] * len(self._steps))
        moving = self._dependents(wrt)

        def function(value: Any) -> Array:
            with np.errstate(all="ignore"):
                return as_array(self._walk({**point, wrt.name: value}, moving, list(values))[-1])

        return function

    def _dependents(self, wrt: nodes.Symbol | nodes.Named) -> list[int]:
        """The steps, in order, that have to be repeated when the value of wrt changes."""
        found: list[int] = []
        moving: set[int] = set()
        for place, step in enumerate(self._steps):
            itself = isinstance(step.node, nodes.Symbol | nodes.Named) and step.node.name == wrt.name
            if itself or step.scoped or any(k in moving for k in step.inputs):
                moving.add(place)
                found.append(place)
        return found

    def _walk(self, point: Mapping[str, Any], places: Sequence[int], values: list[Any]) -> list[Any]:
        for place in places:
            step = self._steps[place]
            if isinstance(step.node, nodes.Symbol | nodes.Named) and step.node.name in point:
                values[place] = as_array(point[step.node.name])
            elif step.run is None:
                raise DerivationError(f"the numerical check has no value for {step.node}")
            elif step.scoped:
                values[place] = step.run(point)
            else:
                values[place] = step.run(*[values[k] for k in step.inputs])
        return values

    def _step(self, node: Expr, inputs: tuple[int, ...]) -> _Step:
        if isinstance(node, nodes.Symbol):
            return _Step(node, (), None)
        if isinstance(node, nodes.Derivative):
            return _Step(node, (), self._derivative(node), scoped=True)
        return _Step(node, inputs, self._operation(node))

    def _shape(self, shape: Shape) -> tuple[int, ...]:
        return tuple(dim.evaluate(self.sizes) for dim in shape.dims)

    def _derivative(self, node: nodes.Derivative) -> Callable[[Mapping[str, Any]], Any]:
        """A derivative inside an expression, as a function of the point; a complex point by differences."""
        from matcalc.check.derivative import Differentiator  # the two need each other

        inner = Differentiator(node.arg, node.wrt, self.sizes, self.functions)
        order = 2 if node.kind == "hessian" else 1

        def value(point: Mapping[str, Any]) -> Any:
            names = list(point)

            def at(*values: Any) -> Any:
                return inner(dict(zip(names, values, strict=True)), order).value

            return lifted(at)(*point.values())

        return value

    def _operation(self, node: Expr) -> Callable[..., Any]:  # noqa: PLR0911, PLR0912  (one case a node class)
        match node:
            case nodes.Number(value=value):
                number = np.asarray(float(value) if isinstance(value, Fraction) else value)
                return lambda: number
            case nodes.Constant(name=name):
                constant = np.asarray({"pi": np.pi, "inf": np.inf}[name])
                return lambda: constant
            case nodes.Size(dim=dim):
                size = np.asarray(float(dim.evaluate(self.sizes)))
                return lambda: size
            case nodes.Named():
                return lambda value: value
            case nodes.Neg():
                return lambda arg: -arg
            case nodes.Add(terms=terms, shape=shape):
                return _expanding(lambda *parts: sum(parts[1:], start=parts[0]), terms, shape)
            case nodes.Product(factors=factors):
                return _product(factors, self._shape(node.shape))
            case nodes.Dot():
                return lambda a, b: a @ b
            case nodes.Hadamard():
                return lambda first, *rest: _multiplied(first, rest)
            case nodes.Kron(left=a, right=b):
                return _stacking("kron", (a, b), self._shape(node.shape))
            case nodes.Divide():
                return lambda a, b: a / b
            case nodes.Power(base=base, elementwise=elementwise):
                return matrix_power if base.shape.rank == 2 and not elementwise else power
            case nodes.Transpose():
                return np.transpose
            case nodes.Inverse():
                return inverse
            case nodes.Compare(op=op, left=a, right=b, shape=shape):
                test = COMPARISONS[op]
                return _expanding(lambda x, y: 1.0 * test(np.real(x), np.real(y)), (a, b), shape)
            case nodes.Index(indices=indices):
                return _indexing([index is None for index in indices])
            case nodes.Stack():
                return lambda *items: np.stack(items)
            case nodes.Einsum(spec=spec):
                return lambda *args: np.einsum(spec, *args)
            case nodes.Call():
                return _call(node, self._shape(node.shape))
            case nodes.Apply():
                return self._apply(node)
            case nodes.Symbol() | nodes.Derivative():
                raise AssertionError("these are not operations")
            case _:
                assert_never(node)

    def _apply(self, node: nodes.Apply) -> Callable[..., Any]:
        known = self.functions.get(node.function.name, ())
        if node.order >= len(known):
            raise DerivationError(
                f"the numerical check was not given derivative {node.order} of {node.function.name}"
                if known
                else f"the numerical check was not given the function {node.function.name}"
            )
        function = known[node.order]
        return function if isinstance(function, StandIn) else lifted(function)


def _inputs(node: Expr) -> tuple[Expr, ...]:
    return () if isinstance(node, nodes.Derivative) else nodes.children(node)


def _order(root: Expr) -> list[Expr]:
    """Every node outside of inner derivatives once, children before parents."""
    order: list[Expr] = []
    done: set[Expr] = set()
    pending: list[tuple[Expr, bool]] = [(root, False)]
    while pending:
        node, ready = pending.pop()
        if node in done:
            continue
        if ready:
            done.add(node)
            order.append(node)
        else:
            pending.append((node, True))
            pending.extend((child, False) for child in reversed(_inputs(node)))
    return order


def _expanding(function: Callable[..., Any], parts: Sequence[Expr], shape: Shape) -> Callable[..., Any]:
    """The function, its vector arguments beside a matrix expanded: a row over the rows, a column over the columns."""
    if shape.rank != 2 or all(part.shape.rank != 1 for part in parts):
        return function
    axes = [(0 if part.shape.row else 1) if part.shape.rank == 1 else None for part in parts]

    def expanded(*values: Any) -> Any:
        pairs = zip(values, axes, strict=True)
        return function(*(v if axis is None else np.expand_dims(v, axis) for v, axis in pairs))

    return expanded


def _multiplied(first: Any, rest: Values) -> Any:
    for factor in rest:
        first = first * factor
    return first


def _product(factors: Sequence[Expr], result: tuple[int, ...]) -> Callable[..., Any]:
    """The product of linear algebra from left to right; a row times a column is a scalar from there on."""
    shapes = [factor.shape for factor in factors]

    def product(*values: Any) -> Any:
        total, shape = values[0], shapes[0]
        scalar, row = not shape.dims, shape.row and shape.rank == 1
        total = total if scalar or shape.rank > 2 else as_matrix(total, row)
        for value, shape in zip(values[1:], shapes[1:], strict=True):
            if scalar or not shape.dims:
                both = not scalar or not shape.dims
                row, scalar = (row, scalar) if both else (shape.row, False)
                right = value if not shape.dims or shape.rank > 2 else as_matrix(value, shape.row)
                total = total * right
                continue
            total = total @ as_matrix(value, shape.row)
            if row and shape.rank == 1 and not shape.row:
                total, scalar = total[0, 0], True
            row = row and not scalar
        return np.reshape(total, result)

    return product


def _indexing(free: Sequence[bool]) -> Callable[..., Any]:
    def entry(arg: Any, *given: Any) -> Any:
        rest = iter(given)
        chosen = tuple(slice(None) if colon else whole(next(rest)) for colon in free)
        if any(isinstance(k, int) and not 0 <= k < n for k, n in zip(chosen, np.shape(arg), strict=True)):
            raise IndexError(f"entry {chosen} of an array of {np.shape(arg)}")
        return np.asarray(arg)[chosen]

    return entry


def _stacking(name: str, parts: Sequence[Expr], result: tuple[int, ...]) -> Callable[..., Any]:
    rows = [part.shape.row for part in parts]

    def stacked(*values: Any) -> Any:
        matrices = [as_matrix(value, row) for value, row in zip(values, rows, strict=True)]
        return np.reshape(STACKING[name](*matrices), result)

    return stacked


def _call(node: nodes.Call, result: tuple[int, ...]) -> Callable[..., Any]:
    """The function of a call; DerivationError for one that the oracle does not know."""
    name, axis = node.name, node.axis
    if name in STACKING:
        return _stacking(name, node.args, result)
    if name in LINEAR:
        return LINEAR[name]
    if name in ALONG and not (name in {"max", "min"} and len(node.args) == 2):
        function = ALONG[name]
        return lambda *args: function(*args, axis=axis)
    if name in ELEMENTWISE or name in ALONG:
        function = {**ALONG, **ELEMENTWISE}[name]
        wide = _expanding(function, node.args, node.shape)
        return lambda *args: np.broadcast_to(wide(*args), result)
    raise DerivationError(
        f"the numerical check does not know the function {name}",
        suggestion="add it to the tables of matcalc/check (elementwise.py, linear.py)",
    )
