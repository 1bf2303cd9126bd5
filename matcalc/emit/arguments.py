"""Arguments of a compiled function: by name or in order, checked, as arrays of one dtype.

What is wrong with them is an InputError that names the input, and says where a size comes from.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matcalc.emit.function import Emitted
from matcalc.emit.names import GREEK
from matcalc.errors import InputError
from matcalc.expr.nodes import Symbol
from matcalc.plan.sizes import read_sizes, size_sources


@dataclass(frozen=True)
class Bound:
    """What is known of inputs and sizes that are the same for all calls, by the names of the
    language; `dtype` is that of the floating ones, None if there are none but numbers of Python."""

    shapes: Mapping[str, tuple[int, ...]]
    sizes: Mapping[str, int]
    dtype: Any

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.shapes, *self.sizes)

    def known(self, emitted: Emitted) -> dict[str, int]:
        """All sizes that they determine."""
        sources = size_sources([s for s, _ in emitted.inputs if s.name in self.shapes])
        return read_sizes(sources, self.shapes, self.sizes)


def bindings(emitted: Emitted, bind: Mapping[str, Any]) -> tuple[Bound, dict[str, Any]]:
    """Inputs to bind, checked, and their values in one dtype; `emitted` takes all inputs."""
    if not isinstance(bind, Mapping):
        raise InputError(
            "bind has values by name", found=type(bind).__name__, suggestion='bind={"X": X}'
        )
    given = by_name(emitted, (), bind, complete=False)
    symbols = [symbol for symbol, _ in emitted.inputs if symbol.name in given]
    strong = {symbol.name for symbol in symbols if type(given[symbol.name]) is not float}
    arrays = {symbol.name: _array(symbol, given.pop(symbol.name)) for symbol in symbols}
    sizes = {name: whole_number(name, value) for name, value in given.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    check_shapes(symbols, shapes, emitted, sizes)
    dtypes = [a.dtype for name, a in arrays.items() if name in strong and a.dtype.kind == "f"]
    bound = Bound(shapes, sizes, common_dtype(dtypes) if dtypes else None)
    dtype = common_dtype(dtypes)
    return bound, {s.name: _value(s, arrays[s.name], dtype) for s in symbols} | sizes


NOTHING: Final = Bound({}, {}, None)


@dataclass(frozen=True)
class Given:
    """Arguments by Python names, arrays of one floating dtype, and sizes; the shapes of all inputs
    by the names of the language, bound ones included."""

    arrays: Mapping[str, Any]
    sizes: Mapping[str, int]
    dtype: Any
    shapes: Mapping[str, tuple[int, ...]]


def converted(
    emitted: Emitted, bound: Bound, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Given:
    """The arguments, checked and converted; `bound` are those that came before."""
    given = by_name(emitted, args, kwargs)
    own = [symbol for symbol, _ in emitted.inputs]
    weak = {symbol.name for symbol in own if type(given[symbol.name]) is float}
    arrays = {symbol.name: _array(symbol, given.pop(symbol.name)) for symbol in own}
    shapes = {name: array.shape for name, array in arrays.items()}
    known = {name: whole_number(name, value) for name, value in given.items()}
    shapes, known = {**bound.shapes, **shapes}, {**known, **bound.sizes}
    check_shapes(own, shapes, emitted, known)
    missing = [name for name, _ in emitted.sizes if name not in known]
    if missing:
        raise InputError(
            f"the size {missing[0]} is carried by no input and has to be given",
            suggestion=f"{missing[0]}=…",
        )
    dtypes = [array.dtype for name, array in arrays.items() if name not in weak]
    dtype = common_dtype(dtypes if bound.dtype is None else [*dtypes, bound.dtype])
    return Given(
        {python: _value(s, arrays[s.name], dtype) for s, python in emitted.inputs},
        {python: known[name] for name, python in emitted.sizes},
        dtype,
        shapes,
    )


def _value(symbol: Symbol, array: Any, dtype: Any) -> Any:
    if "integer" in symbol.properties:
        return _index(symbol, array)
    return array.astype(dtype, copy=False)[()]


def common_dtype(dtypes: Iterable[Any]) -> Any:
    """The common one of the floating dtypes, float64 if there are none."""
    import numpy as np

    floating = [dtype for dtype in dtypes if dtype.kind == "f"]
    return np.result_type(*floating) if floating else np.dtype(float)


def by_name(
    emitted: Emitted, args: Sequence[Any], kwargs: Mapping[str, Any], complete: bool = True
) -> dict[str, Any]:
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
            bound = any(key in pair for pair in emitted.bound)
            raise InputError(
                f"{emitted.name} has no input {key}",
                found=f"{key} is bound" if bound else "",
                expected=", ".join([*names, *_sizes(emitted)]) or "no input",
            )
        if name in given:
            raise InputError(f"{emitted.name} got the input {name} twice")
        given[name] = value
    absent = [name for name in names if name not in given]
    if absent and complete:
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
    check_axes(symbol, array)
    return array


def check_axes(symbol: Symbol, array: Any) -> None:
    """InputError if an array has more axes than its input, or fewer."""
    if array.ndim != symbol.shape.rank:
        dims = ", ".join(map(str, symbol.shape.dims))
        raise InputError(
            f"the input {symbol.name} has the wrong number of axes",
            found=f"shape {tuple(array.shape)}",
            expected=f"shape ({dims}{',' if symbol.shape.rank == 1 else ''})",
        )


def whole_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 0:
        raise InputError(f"the size {name} has to be a whole number", found=repr(value))
    return int(value.__index__())


def _index(symbol: Symbol, array: Any) -> int:
    if array.dtype.kind not in "iu":
        raise InputError(
            f"the input {symbol.name} is an index and has to be a whole number", found=str(array)
        )
    return int(array)


def check_shapes(
    symbols: Sequence[Symbol],
    shapes: Mapping[str, tuple[int, ...]],
    emitted: Emitted,
    known: Mapping[str, int],
) -> None:
    """The dimensions of the inputs must agree with each other and with the sizes given."""
    sources = {n: s for n, s in emitted.sources.items() if n not in known}
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
