"""A function given by its definition, evaluated as the definition says: plainly, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from matcalc.check.differences import Array
from matcalc.check.evaluate import Evaluator
from matcalc.expr.nodes import Expr, Symbol


@dataclass(frozen=True, eq=False)
class Defined:
    """f(params) = body; `functions` has what the body may call beside the functions of the book.

    mode      elementwise (parameters are scalars), along (a vector; of a matrix its rows or
              columns), or plain.
    defaults  The values of the last parameters, where a call leaves them out.
    """

    params: tuple[Symbol, ...]
    body: Expr
    mode: str
    defaults: tuple[float, ...]
    functions: Mapping[str, Sequence[Callable[..., Any]]]
    _ready: dict[tuple[tuple[str, int], ...], Evaluator] = field(default_factory=dict)

    def __call__(self, *args: Any, axis: int | None = None) -> Array:
        """The value; vectors are 1-D arrays."""
        missing = len(self.params) - len(args)
        arrays = [np.asarray(a) for a in (*args, *self.defaults[len(self.defaults) - missing :])]
        if self.mode == "elementwise":
            return self._entries(arrays)
        if self.mode == "along":
            return self._along(arrays, axis)
        return self._value(arrays)

    def _value(self, arrays: Sequence[Array]) -> Array:
        sizes: dict[str, int] = {}
        for param, array in zip(self.params, arrays, strict=True):
            for dim, size in zip(param.shape.dims, array.shape, strict=True):
                if dim.name is not None:
                    sizes[dim.name] = size
        key = tuple(sorted(sizes.items()))
        if key not in self._ready:
            self._ready[key] = Evaluator(self.body, sizes, self.functions)
        names = (param.name for param in self.params)
        return self._ready[key](dict(zip(names, arrays, strict=True)))

    def _entries(self, arrays: Sequence[Array]) -> Array:
        """The value for each entry by itself."""
        wide = np.broadcast_arrays(*arrays)
        if not wide[0].shape:
            return self._value(arrays)
        flat = [array.reshape(-1) for array in wide]
        values = [self._value([np.asarray(x) for x in each]) for each in zip(*flat, strict=True)]
        return np.array(values).reshape(wide[0].shape)

    def _along(self, arrays: Sequence[Array], axis: int | None) -> Array:
        """The value for each row or column of a matrix; of a matrix as a whole for all entries."""
        if axis is None:
            return self._value([a.reshape(-1, order="F") if a.ndim == 2 else a for a in arrays])
        turned = [np.moveaxis(a, axis, -1) if a.ndim == 2 else a for a in arrays]
        count = next(len(a) for a in turned if a.ndim == 2)
        rows = [self._value([a[k] if a.ndim == 2 else a for a in turned]) for k in range(count)]
        value = np.stack(rows)
        return np.moveaxis(value, -1, axis) if value.ndim == 2 else value
