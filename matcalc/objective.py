"""A scalar expression as an objective of scipy.optimize: fun, jac, hess and hessp of one vector.

The variables are packed into one flat vector, in the order of `wrt`, the entries of a matrix row by
row (as `ravel()` gives them): `pack` and `unpack` go there and back.  Constants are bound, so that
what depends on them alone is computed once.  The value and the gradient come from one function, and
are kept for the last point: an optimizer that asks for both computes them once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Protocol

from matcalc.errors import InputError
from matcalc.expr.nodes import Named, Symbol
from matcalc.language import canonical
from matcalc.plan.sizes import read_sizes, size_sources


class Derived(Protocol):
    """What is needed of a derivation."""

    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def directions(self) -> Sequence[Any]: ...
    @property
    def function(self) -> Callable[..., Any]: ...


class Objective:
    """`fun(x)`, `jac(x)`, `hess(x)` and `hessp(x, p)` of a flat vector x; `derive(…).objective(…)`
    makes it.

    The derivatives of second order are derived when they are first asked for.  One objective is for
    one thread at a time, since it keeps the last point.
    """

    def __init__(
        self,
        targets: Sequence[Symbol | Named],
        derived: Callable[[str], Derived],
        constants: Mapping[str, Any],
        functions: Mapping[str, Any] | None = None,
        stacked: bool = False,
    ) -> None:
        self.variables = tuple(_variable(target) for target in targets)
        self._derived = derived
        constants = {canonical(name): value for name, value in constants.items()}
        self._options: dict[str, Any] = {"bind": constants, "functions": functions}
        self._stacked = stacked
        first = derived("gradient")
        self._check_constants(first.inputs, constants)
        self._both = first.function(value=True, **self._options)
        self._functions: dict[str, tuple[Any, tuple[str, ...]]] = {}
        self._sizes: Mapping[str, int] = self._both.sizes
        self._point: Any = None
        self._known: tuple[Any, Any] = (None, None)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, in the order in which they are packed."""
        return tuple(symbol.name for symbol in self.variables)

    def pack(self, **values: Any) -> Any:
        """The flat vector of values of the variables, by name; a start for an optimizer.

        Raises   InputError for a missing or unknown variable, or a wrong shape.
        """
        import numpy as np

        values = {canonical(name): value for name, value in values.items()}
        unknown = next((name for name in values if name not in self.names), None)
        missing = next((name for name in self.names if name not in values), None)
        if unknown or missing:
            raise InputError(
                f"there is no variable {unknown}" if unknown else f"{missing} has no value",
                expected=", ".join(self.names),
            )
        arrays = [np.asarray(values[name], dtype=float) for name in self.names]
        self._learn({s.name: a.shape for s, a in zip(self.variables, arrays, strict=True)})
        for symbol, array, shape in zip(self.variables, arrays, self.shapes, strict=True):
            if array.shape != shape:
                raise InputError(
                    f"the variable {symbol.name} has the wrong shape",
                    found=f"shape {array.shape}",
                    expected=f"shape {shape}",
                )
        return np.concatenate([array.ravel() for array in arrays])

    def unpack(self, x: Any) -> dict[str, Any]:
        """The values of the variables by name: views of a flat vector."""
        import numpy as np

        x = np.asarray(x)
        shapes = self._fitted(x)
        found, start = {}, 0
        for name, shape in zip(self.names, shapes, strict=True):
            found[name] = x[start : start + prod(shape)].reshape(shape)[()]
            start += prod(shape)
        return found

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the variables; InputError as long as a size is not known."""
        unknown = {n for s in self.variables for d in s.shape.dims for n in d.names}
        unknown -= set(self._sizes)
        if unknown:
            raise InputError(
                f"the size {min(unknown)} is not known: no constant has it",
                suggestion=f"pack({', '.join(f'{name}=…' for name in self.names)}) first",
            )
        return tuple(
            tuple(int(dim.evaluate(self._sizes)) for dim in s.shape.dims) for s in self.variables
        )

    def fun(self, x: Any) -> float:
        """The value."""
        return float(self._at(x)[0])

    def jac(self, x: Any) -> Any:
        """The gradient, packed like x."""
        return self._at(x)[1].copy()

    def hess(self, x: Any) -> Any:
        """The Hessian, a square matrix of len(x)."""
        import numpy as np

        function, _ = self._second("hessian")
        blocks = function(**self.unpack(x))
        if not isinstance(blocks, tuple):
            return blocks.reshape(len(x), len(x))
        lengths = [prod(shape) for shape in self.shapes]
        return np.block(
            [
                [np.reshape(block, (m, n)) for n, block in zip(lengths, row, strict=True)]
                for m, row in zip(lengths, blocks, strict=True)
            ]
        )

    def hessp(self, x: Any, p: Any) -> Any:
        """The Hessian times a vector p, packed like x; the Hessian is not computed."""
        function, names = self._second("hvp")
        ways = [p] if self._stacked else self.unpack(p).values()
        return _flat(function(**self.unpack(x), **dict(zip(names, ways, strict=True))))

    def _at(self, x: Any) -> tuple[Any, Any]:
        """Value and gradient at x, computed once for as long as x stays the same."""
        import numpy as np

        if self._point is None or not np.array_equal(self._point, x):
            point = np.array(x, dtype=float)
            value, gradient = self._both(**self.unpack(point))
            self._point, self._known = point, (value, _flat(gradient))
        return self._known

    def _second(self, kind: str) -> tuple[Any, tuple[str, ...]]:
        """The function of a derivative of second order, and the names of its directions."""
        if kind not in self._functions:
            made = self._derived(kind)
            names = tuple(direction.symbol.name for direction in made.directions)
            self._functions[kind] = made.function(**self._options), names
        return self._functions[kind]

    def _fitted(self, x: Any) -> tuple[tuple[int, ...], ...]:
        """The shapes of the variables, for a vector of that length."""
        if len(self.variables) == 1 and len(self.variables[0].shape.dims) == x.ndim == 1:
            self._learn({self.names[0]: x.shape})
        shapes = self.shapes
        if x.shape != (length := sum(map(prod, shapes)),):
            raise InputError(
                "the packed vector has the wrong shape",
                found=f"shape {x.shape}",
                expected=f"({length},) for {', '.join(self.names)} of the shapes "
                + ", ".join(map(str, shapes)),
            )
        return shapes

    def _learn(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Sizes that the constants leave open, from the shapes of variables."""
        ranks = {s.name: len(s.shape.dims) for s in self.variables}
        if any(len(shape) != ranks[name] for name, shape in shapes.items()):
            return
        sources = {
            name: source
            for name, source in size_sources(self.variables).items()
            if name not in self._sizes
        }
        if sources:
            self._sizes = read_sizes(sources, shapes, self._sizes)

    def _check_constants(self, inputs: Sequence[str], constants: Mapping[str, Any]) -> None:
        own = next((name for name in constants if name in self.names), None)
        if own is not None:
            raise InputError(f"{own} is a variable of the objective", suggestion=f"pack({own}=…)")
        missing = [n for n in inputs if n not in self.names and n not in constants]
        if missing:
            raise InputError(
                f"the constant {missing[0]} has no value",
                suggestion=f"objective({', '.join(f'{name}=…' for name in missing)})",
            )


def _variable(target: Symbol | Named) -> Symbol:
    if isinstance(target, Named):
        raise InputError(
            f"{target.name} is bound to an expression: it is no variable to minimise by"
        )
    return target


def _flat(tree: Any) -> Any:
    """Derivatives as one vector."""
    import numpy as np

    parts = tree if isinstance(tree, tuple) else (tree,)
    return np.concatenate([np.ravel(part) for part in parts])
