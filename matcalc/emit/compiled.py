"""The emitted function, compiled: it checks its arguments, reads off sizes, keeps the dtype."""

from __future__ import annotations

import itertools
import linecache
import unicodedata
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from matcalc.emit.function import Emitted, Output, emit, leaves
from matcalc.emit.names import GREEK
from matcalc.errors import InputError
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Add, Function, Product, Symbol, postorder
from matcalc.plan.batch import LARGE
from matcalc.plan.sizes import read_sizes

MEMORY: Final = 1000
"""Shapes of arguments that are remembered."""

_count: Final = itertools.count(1)


def compile_function(
    name: str,
    outputs: Sequence[Output],
    inputs: Sequence[Symbol],
    functions: Sequence[Function] = (),
    doc: str = "",
    single: bool = False,
    implementations: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
) -> Callable[..., Any]:
    """The function of `source`, compiled: inputs in order or by keyword, missing sizes by keyword.

    `implementations` gives for an unknown function f its value and derivatives, [f, f_1, f_2].
    Wrong names, shapes or functions are an InputError.
    """
    emitted = emit(name, outputs, inputs, doc, single)
    given = implementations or {}
    for function in functions:
        if function.name in {f for f, _, _ in emitted.functions} and function.name not in given:
            raise _missing(function.name, emitted)
    bound = {
        python: _implementation(f, order, given, emitted) for f, order, python in emitted.functions
    }
    body = _executed(emitted)
    bodies = {emitted.text: body}
    seen = _Seen(emitted)

    def fitting(arrays: Mapping[str, Any]) -> Callable[..., Any]:
        """The function for these sizes: they may ask for another order of products, or blocks."""
        large = any(array.size >= LARGE for array in arrays.values() if hasattr(array, "size"))
        if not seen.plain or len(seen.bodies) >= MEMORY or not (large or _has_orders(outputs)):
            return body
        shapes = {s.name: arrays[python].shape for s, python in emitted.inputs}
        fit = emit(name, outputs, inputs, doc, single, read_sizes(emitted.sources, shapes, {}))
        if fit.sizes:
            return body
        if fit.text not in bodies:
            bodies[fit.text] = _executed(fit)
        return bodies[fit.text]

    def compiled(*args: Any, **kwargs: Any) -> Any:
        known = seen.arguments(args, kwargs)
        if known is not None:
            arguments, run = known
            return _owned(run(*arguments, **bound), arguments)
        arrays, sizes = _arguments(emitted, args, kwargs)
        run = fitting(arrays)
        seen.remember(arrays, run)
        return _owned(run(**arrays, **bound, **sizes), arrays.values())

    compiled.__name__ = compiled.__qualname__ = emitted.name
    compiled.__doc__ = body.__doc__
    compiled.source = emitted.text  # type: ignore[attr-defined]
    return compiled


class _Seen:
    """Shapes that were found right before: arrays of such shapes and of one dtype pass at once."""

    def __init__(self, emitted: Emitted) -> None:
        self.names = [symbol.name for symbol, _ in emitted.inputs]
        self.plain = not emitted.sizes and not any(
            "integer" in symbol.properties for symbol, _ in emitted.inputs
        )
        self.bodies: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def arguments(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Sequence[Any], Callable[..., Any]] | None:
        """The arguments in order and the function for them, if nothing has to be checked."""
        if kwargs:
            if len(args) + len(kwargs) != len(self.names):
                return None
            rest = self.names[len(args) :]
            if any(name not in kwargs for name in rest):
                return None
            args = [*args, *(kwargs[name] for name in rest)]
        try:
            key = tuple([(type(a), a.dtype.char, a.shape) for a in args])
        except AttributeError:
            return None
        body = self.bodies.get(key)
        return (args, body) if body is not None else None

    def remember(self, arrays: Mapping[str, Any], body: Callable[..., Any]) -> None:
        """Arguments that have been checked; scalars are kept too if they are NumPy's."""
        values = list(arrays.values())
        if self.plain and len(self.bodies) < MEMORY:
            self.bodies[tuple((type(a), a.dtype.char, a.shape) for a in values)] = body


def _has_orders(outputs: Sequence[Output]) -> bool:
    """Whether there is a product that can be computed in more than one order."""
    found = leaves(outputs)
    roots = tuple(leaf.root if isinstance(leaf, AsMatrix) else leaf for leaf in found)
    return any(
        isinstance(node, Product)
        and (len(node.factors) > 2 or any(isinstance(f, Add | Product) for f in node.factors))
        for node in postorder(roots)
    )


def _missing(name: str, emitted: Emitted) -> InputError:
    orders = [order for f, order, _ in emitted.functions if f == name]
    wanted = ", ".join([name, f"{name}_1", f"{name}_2", f"{name}_3"][: max(orders) + 1])
    return InputError(
        f"the unknown function {name} is needed as Python code",
        expected=f"the function and its derivatives up to order {max(orders)}",
        suggestion=f'functions={{"{name}": [{wanted}]}}',
    )


def _implementation(
    name: str, order: int, given: Mapping[str, Sequence[Callable[..., Any]]], emitted: Emitted
) -> Callable[..., Any]:
    found = given.get(name)
    listed = [found] if callable(found) else list(found or ())
    if len(listed) <= order:
        raise _missing(name, emitted)
    return listed[order]


def _executed(emitted: Emitted) -> Callable[..., Any]:
    """The function object; its source is known to tracebacks."""
    filename = f"<matcalc {emitted.name} {next(_count)}>"
    linecache.cache[filename] = (
        len(emitted.text),
        None,
        emitted.text.splitlines(keepends=True),
        filename,
    )
    namespace: dict[str, Any] = {}
    exec(compile(emitted.text, filename, "exec"), namespace)  # names are validated
    function: Callable[..., Any] = namespace[emitted.name]
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return function


def _arguments(
    emitted: Emitted, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, int]]:
    """The arguments as arrays of one floating dtype by Python names, and the sizes given."""
    given = _named(emitted, args, kwargs)
    symbols = [symbol for symbol, _ in emitted.inputs]
    arrays = {symbol.name: _array(symbol, given.pop(symbol.name)) for symbol in symbols}
    known = {name: _whole(name, value) for name, value in given.items()}
    _check(symbols, arrays, emitted, known)
    dtype = _dtype(symbols, arrays)
    values = {
        python: _index(symbol, arrays[symbol.name])
        if "integer" in symbol.properties
        else arrays[symbol.name].astype(dtype, copy=False)[()]
        for symbol, python in emitted.inputs
    }
    missing = [name for name, _ in emitted.sizes if name not in known]
    if missing:
        raise InputError(
            f"the size {missing[0]} is carried by no input and has to be given",
            suggestion=f"{missing[0]}=…",
        )
    return values, {python: known[name] for name, python in emitted.sizes}


def _named(emitted: Emitted, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the names of the language; sizes among them."""
    names = [symbol.name for symbol, _ in emitted.inputs]
    if len(args) > len(names):
        raise InputError(
            f"{emitted.name} takes {len(names)} inputs by position: {', '.join(names)}",
            found=f"{len(args)} arguments",
        )
    given = dict(zip(names, args, strict=False))
    spelled = {python: symbol.name for symbol, python in emitted.inputs}
    spelled |= {unicodedata.normalize("NFKC", name): name for name in names}
    spelled |= {GREEK[name]: name for name in names if name in GREEK}
    spelled |= {python: name for name, python in emitted.sizes}
    spelled |= {name: name for name in (*_sizes(emitted), *names)}
    for key, value in kwargs.items():
        name = spelled.get(key)
        if name is None:
            raise InputError(
                f"{emitted.name} has no input {key}", expected=", ".join([*names, *_sizes(emitted)])
            )
        if name in given:
            raise InputError(f"{emitted.name} got the input {name} twice")
        given[name] = value
    absent = [name for name in names if name not in given]
    if absent:
        raise InputError(f"{emitted.name} needs the input {absent[0]}", expected=", ".join(names))
    return given


def _sizes(emitted: Emitted) -> list[str]:
    """The dimension names that may be given: those that inputs carry are then checked."""
    inputs = {name for name, _ in ((symbol.name, 0) for symbol, _ in emitted.inputs)}
    needed = [name for name, _ in emitted.sizes]
    carried = {n for s, _ in emitted.inputs for d in s.shape.dims for n in d.names}
    return [*needed, *sorted(carried - inputs - set(needed))]


def _array(symbol: Symbol, value: Any) -> Any:
    import numpy as np

    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"the input {symbol.name} is not an array of real numbers", found=str(array.dtype)
        )
    if array.ndim != symbol.shape.rank:
        dims = ", ".join(map(str, symbol.shape.dims))
        raise InputError(
            f"the input {symbol.name} has the wrong number of axes",
            found=f"shape {array.shape}",
            expected=f"shape ({dims}{',' if symbol.shape.rank == 1 else ''})",
        )
    return array


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 0:
        raise InputError(f"the size {name} has to be a whole number", found=repr(value))
    return int(value.__index__())


def _index(symbol: Symbol, array: Any) -> int:
    if array.dtype.kind not in "iu":
        raise InputError(
            f"the input {symbol.name} is an index and has to be a whole number", found=str(array)
        )
    return int(array)


def _check(
    symbols: Sequence[Symbol], arrays: Mapping[str, Any], emitted: Emitted, known: Mapping[str, int]
) -> None:
    """The dimensions of the inputs must agree with each other and with the sizes given."""
    sources = {n: s for n, s in emitted.sources.items() if n not in known}
    shapes = {name: array.shape for name, array in arrays.items()}
    for symbol in symbols:
        for axis, dim in enumerate(symbol.shape.dims):
            found = shapes[symbol.name][axis]
            try:
                wanted = dim.evaluate(read_sizes(sources, shapes, known))
            except KeyError:
                continue
            except ValueError:
                wanted = -1
            if wanted != found:
                raise _disagreement(symbol, shapes[symbol.name], axis, wanted, sources, known)


def _disagreement(
    symbol: Symbol,
    shape: tuple[int, ...],
    axis: int,
    wanted: int,
    sources: Mapping[str, Any],
    known: Mapping[str, int],
) -> InputError:
    dim = symbol.shape.dims[axis]
    origins = [
        f"{name} = {known[name]} as given"
        if name in known
        else f"{name} is read off {sources[name].symbol.name}"
        for name in sorted(dim.names)
        if name in known or (name in sources and sources[name].symbol is not symbol)
    ]
    dims = ", ".join(map(str, symbol.shape.dims)) + ("," if len(shape) == 1 else "")
    size = f"{dim} = {wanted}" if dim.names and wanted >= 0 else str(dim)
    return InputError(
        f"the input {symbol.name} has the wrong shape",
        found=f"shape {shape}",
        expected=f"shape ({dims}) with {size} along axis {axis}"
        + (f" ({'; '.join(origins)})" if origins else ""),
    )


def _dtype(symbols: Sequence[Symbol], arrays: Mapping[str, Any]) -> Any:
    """The common dtype of the floating inputs, float64 if there are none."""
    import numpy as np

    floating = [arrays[s.name].dtype for s in symbols if arrays[s.name].dtype.kind == "f"]
    return np.result_type(*floating) if floating else np.dtype(float)


def _owned(result: Any, arrays: Collection[Any]) -> Any:
    """The result as an array of its own: no view, and nothing that shares memory with an input."""
    import numpy as np

    if isinstance(result, tuple):
        return tuple(_owned(part, arrays) for part in result)
    if hasattr(result, "toarray"):
        return result  # an operator refers to its arrays, and copies none
    array = np.asarray(result)
    if not array.ndim:
        return array[()]
    borrowed = array.base is not None or any(array is a for a in arrays)
    return array.copy() if borrowed else array
