"""The emitted function for arrays of JAX, PyTorch, or a library of the Python array API standard.

Arguments are checked as those of the NumPy function are.  What comes in as an array keeps its
library, device and dtype; Python numbers take the dtype of the arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, Final

from matcalc.dims import Dim
from matcalc.emit.arguments import _check, _named, _whole
from matcalc.emit.compiled import MEMORY, Asked, _executed, _implementation, _missing
from matcalc.emit.function import Emitted, Output, leaves
from matcalc.errors import InputError
from matcalc.expr.nodes import Expr, Function, Index, Symbol, postorder
from matcalc.plan.sizes import read_sizes


class Library(ABC):
    """What a library of arrays does with arguments."""

    @abstractmethod
    def like(self, values: Sequence[Any]) -> Any:
        """What arrays are made like: the common floating dtype of the arguments, and where they
        are."""

    @abstractmethod
    def array(self, value: Any, like: Any) -> Any:
        """An argument as a real array; ValueError or TypeError if it is none."""

    def index(self, value: Any) -> Any:
        """A whole number; TypeError if it is none."""
        return value.__index__()

    def finished(
        self,
        body: Callable[..., Any],
        sizes: Sequence[str],  # noqa: ARG002  # what only some libraries ask
    ) -> Callable[..., Any]:
        """The function as the library runs it best; sizes are Python numbers."""
        return body


class Jax(Library):
    """JAX; functions are compiled by jax.jit, and may be called in others that are."""

    def __init__(self) -> None:
        import jax

        self.jax, self.jnp = jax, jax.numpy

    def like(self, values: Sequence[Any]) -> Any:
        dtypes = [self.jnp.result_type(value) for value in values if hasattr(value, "dtype")]
        floating = [d for d in dtypes if self.jnp.issubdtype(d, self.jnp.floating)]
        return self.jnp.result_type(*floating) if floating else self.jnp.result_type(float)

    def array(self, value: Any, like: Any) -> Any:
        array = self.jnp.asarray(value)
        if self.jnp.issubdtype(array.dtype, self.jnp.complexfloating):
            raise ValueError(str(array.dtype))
        return self.jnp.asarray(value, dtype=like)

    def index(self, value: Any) -> Any:
        if isinstance(value, self.jax.core.Tracer):
            if not self.jnp.issubdtype(value.dtype, self.jnp.integer):
                raise TypeError(str(value.dtype))
            return value
        return super().index(value)

    def finished(self, body: Callable[..., Any], sizes: Sequence[str]) -> Callable[..., Any]:
        made: Callable[..., Any] = self.jax.jit(body, static_argnames=tuple(sizes))
        return made


class Torch(Library):
    """PyTorch: on the device of the first tensor."""

    def __init__(self) -> None:
        import torch

        self.torch = torch

    def like(self, values: Sequence[Any]) -> Any:
        tensors = [v if self.torch.is_tensor(v) else self.torch.as_tensor(v)
                   for v in values if hasattr(v, "dtype")]  # fmt: skip
        devices = [v.device for v in values if self.torch.is_tensor(v)]
        dtype = None
        for tensor in tensors:
            if tensor.is_floating_point():
                dtype = self.torch.promote_types(dtype, tensor.dtype) if dtype else tensor.dtype
        return {
            "dtype": dtype or self.torch.get_default_dtype(),
            "device": devices[0] if devices else None,
        }

    def array(self, value: Any, like: Any) -> Any:
        array = value if self.torch.is_tensor(value) else self.torch.as_tensor(value)
        if array.is_complex():
            raise ValueError(str(array.dtype))
        if self.torch.is_tensor(value) and value.device != like["device"]:
            raise ValueError(f"on {value.device}, and others are on {like['device']}")
        return self.torch.as_tensor(value, **like)


class ArrayApi(Library):
    """A library of the array API standard: that of the first array."""

    def __init__(self) -> None:
        import array_api_compat

        self.compat = array_api_compat

    def like(self, values: Sequence[Any]) -> Any:
        arrays = [value for value in values if self.compat.is_array_api_obj(value)]
        if not arrays:
            raise InputError(
                "an array is needed that says which library computes",
                expected="arrays of a library of the array API standard",
            )
        xp = self.compat.array_namespace(*arrays)
        floating = [a.dtype for a in arrays if xp.isdtype(a.dtype, "real floating")]
        dtype = xp.result_type(*floating) if floating else xp.asarray(0.0).dtype
        return xp, dtype, self.compat.device(arrays[0])

    def array(self, value: Any, like: Any) -> Any:
        xp, dtype, device = like
        if not self.compat.is_array_api_obj(value):
            return xp.asarray(value, dtype=dtype, device=device)
        if xp.isdtype(value.dtype, "complex floating"):
            raise ValueError(str(value.dtype))
        return value if value.dtype == dtype else xp.astype(value, dtype)


LIBRARIES: Final[Mapping[str, Callable[[], Library]]] = {
    "jax": Jax, "torch": Torch, "array_api": ArrayApi,
}  # fmt: skip


def library_function(
    target: str,
    name: str,
    outputs: Sequence[Output],
    inputs: Sequence[Symbol],
    functions: Sequence[Function] = (),
    doc: str = "",
    single: bool = False,
    implementations: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
) -> Callable[..., Any]:
    """The function of `source` for a target, compiled: inputs in order or by keyword, missing sizes
    by keyword.

    `implementations` gives for an unknown function f its value and derivatives, [f, f_1, f_2].
    Wrong names, shapes or functions are an InputError, and so is a library that is not installed.
    The function has `arguments`, which checks and converts them: arrays and sizes by name.
    """
    library = loaded(target)
    asked = Asked(name, outputs, inputs, doc, single, target)
    emitted = asked.emitted()
    given = implementations or {}
    for function in functions:
        if function.name in {f for f, _, _ in emitted.functions} and function.name not in given:
            raise _missing(function.name, emitted)
    known = {
        python: _implementation(f, order, given, emitted) for f, order, python in emitted.functions
    }
    bounds = _bounds([leaf for leaf in leaves(outputs) if isinstance(leaf, Expr)])
    ordered = not emitted.sizes and asked.has_orders

    def finished(made: Emitted) -> Callable[..., Any]:
        body = _executed(made.text, made.name, {})
        sizes = [python for _, python in made.sizes]
        return library.finished(partial(body, **known) if known else body, sizes)

    @lru_cache(MEMORY)
    def fitting(*sizes: tuple[str, int]) -> Callable[..., Any]:
        """The function for these sizes, which may ask for another order of products."""
        fit = asked.emitted(dict(sizes))
        return whole if fit.text == emitted.text else finished(fit)

    def compiled(*args: Any, **kwargs: Any) -> Any:
        arrays, sizes, every = _arguments(library, emitted, args, kwargs)
        _within(bounds, arrays, every)
        run = fitting(*every.items()) if ordered else whole
        return run(**{python: arrays[symbol.name] for symbol, python in emitted.inputs}, **sizes)

    def arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        arrays, _, every = _arguments(library, emitted, args, kwargs)
        return arrays, {name: every[name] for name, _ in emitted.sizes}

    whole = finished(emitted)
    compiled.__name__ = emitted.name
    compiled.__doc__ = _executed(emitted.text, emitted.name, {}).__doc__
    compiled.source = emitted.text  # type: ignore[attr-defined]
    compiled.arguments = arguments  # type: ignore[attr-defined]
    return named_as(compiled, compiled)


def named_as(function: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the name and the documentation of another."""
    function.__name__ = function.__qualname__ = other.__name__
    function.__doc__ = other.__doc__
    return function


def loaded(target: str) -> Library:
    """What a library does with arguments; InputError if it is not installed."""
    try:
        return LIBRARIES[target]()
    except ImportError as error:
        extra = target.replace("_", "-")
        raise InputError(
            f"functions for {target} need a package that is not installed: {error.name}",
            suggestion=f"pip install 'matcalc-engine[{extra}]'",
        ) from error


def _arguments(
    library: Library, emitted: Emitted, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, int], dict[str, int]]:
    """The arguments as arrays by their names, the sizes to hand over, and all sizes."""
    given = _named(emitted, args, kwargs)
    symbols = [symbol for symbol, _ in emitted.inputs]
    floating = [s.name for s in symbols if "integer" not in s.properties]
    like = library.like([given[name] for name in floating])
    arrays = {s.name: _array(library, s, given.pop(s.name), like) for s in symbols}
    known = {name: _whole(name, value) for name, value in given.items()}
    shapes = {n: tuple(array.shape) for n, array in arrays.items() if hasattr(array, "shape")}
    _check([s for s in symbols if s.name in shapes], shapes, emitted, known)
    missing = [name for name, _ in emitted.sizes if name not in known]
    if missing:
        raise InputError(
            f"the size {missing[0]} is carried by no input and has to be given",
            suggestion=f"{missing[0]}=…",
        )
    sizes = {python: known[name] for name, python in emitted.sizes}
    return arrays, sizes, read_sizes(emitted.sources, shapes, known)


def _array(library: Library, symbol: Symbol, value: Any, like: Any) -> Any:
    if "integer" in symbol.properties:
        try:
            return library.index(value)
        except (TypeError, AttributeError):
            raise InputError(
                f"the input {symbol.name} is an index and has to be a whole number",
                found=str(value),
            ) from None
    try:
        array = library.array(value, like)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"the input {symbol.name} is not an array of real numbers", found=str(error)
        ) from None
    if array.ndim != symbol.shape.rank:
        dims = ", ".join(map(str, symbol.shape.dims))
        raise InputError(
            f"the input {symbol.name} has the wrong number of axes",
            found=f"shape {tuple(array.shape)}",
            expected=f"shape ({dims}{',' if symbol.shape.rank == 1 else ''})",
        )
    return array


def _bounds(roots: Sequence[Expr]) -> list[tuple[Expr, Dim]]:
    """The indices that are taken, each with the size of its axis: some libraries do not look."""
    return [
        (at, dim)
        for node in postorder(tuple(roots))
        if isinstance(node, Index)
        for at, dim in zip(node.indices, node.arg.shape.dims, strict=True)
        if at is not None
    ]


def _within(
    bounds: Sequence[tuple[Expr, Dim]], arguments: Mapping[str, Any], sizes: Mapping[str, int]
) -> None:
    """IndexError for an index beyond its axis, where both are known."""
    for at, dim in bounds:
        place = arguments.get(at.name) if isinstance(at, Symbol) else getattr(at, "value", None)
        if isinstance(place, int | Fraction):
            size = dim.evaluate(sizes)
            if not -size <= place < size:
                raise IndexError(f"index {place} is out of bounds for an axis of size {size}")
