"""The emitted function for arrays of JAX, PyTorch, or a library of the Python array API standard.

Arguments are checked as those of the NumPy function are; types and shapes that were seen before
pass at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

from matcalc.dims import Dim
from matcalc.emit.arguments import by_name, check_axes, check_shapes, whole_number
from matcalc.emit.compiled import MEMORY, Asked, executed
from matcalc.emit.function import Emitted
from matcalc.emit.given import check_functions, implementation
from matcalc.emit.libraries import Library, loaded
from matcalc.emit.nested import Output, leaves
from matcalc.errors import InputError
from matcalc.expr.nodes import Expr, Function, Index, Symbol, postorder
from matcalc.plan.sizes import read_sizes


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
    check_functions(emitted, functions, implementations or {})
    made = _Made(library, asked, emitted, implementations or {})

    def compiled(*args: Any, **kwargs: Any) -> Any:
        return made(args, kwargs)

    compiled.__name__ = emitted.name
    compiled.__doc__ = executed(emitted.text, emitted.name, {}).__doc__
    compiled.source = emitted.text  # type: ignore[attr-defined]
    compiled.arguments = made.arguments  # type: ignore[attr-defined]
    return named_as(compiled, compiled)


def named_as(function: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the name and the documentation of another."""
    function.__name__ = function.__qualname__ = other.__name__
    function.__doc__ = other.__doc__
    return function


class _Made:
    """A function in the making: its bodies by sizes, and the arguments that pass."""

    def __init__(
        self,
        library: Library,
        asked: Asked,
        emitted: Emitted,
        given: Mapping[str, Sequence[Callable[..., Any]]],
    ) -> None:
        self.library, self.asked, self.emitted = library, asked, emitted
        self.functions = {
            python: implementation(f, order, given, emitted)
            for f, order, python in emitted.functions
        }
        roots = [leaf for leaf in leaves(asked.outputs) if isinstance(leaf, Expr)]
        self.bounds = _bounds(roots)
        self.names = [symbol.name for symbol, _ in emitted.inputs]
        self.whole = self._finished(emitted)
        self.fitting = lru_cache(MEMORY)(self._fitting)
        self.seen: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def __call__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The results for some arguments."""
        given: Sequence[Any] = ()
        try:
            given = [*args, *(kwargs[name] for name in self.names[len(args) :])] if kwargs else args
            key = tuple([self.library.key(value) for value in given])
            run = self.seen.get(key) if len(given) == len(args) + len(kwargs) else None
        except (AttributeError, KeyError):
            run, key = None, ()
        if run is not None:
            return run(*given)
        arrays, sizes, every = _arguments(self.library, self.emitted, args, kwargs)
        _within(self.bounds, arrays, every)
        ordered = not self.emitted.sizes and self.asked.has_orders
        run = self.fitting(*every.items()) if ordered else self.whole
        values = [arrays[name] for name in self.names]
        same = all(one is other for one, other in zip(values, given, strict=False))
        if key and same and not sizes and len(values) == len(given) and len(self.seen) < MEMORY:
            self.seen[key] = run
        return run(*values, **sizes)

    def arguments(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, int]]:
        """Arguments as arrays by name, and the sizes that none carries."""
        arrays, _, every = _arguments(self.library, self.emitted, args, kwargs)
        return arrays, {name: every[name] for name, _ in self.emitted.sizes}

    def _finished(self, made: Emitted) -> Callable[..., Any]:
        body = executed(made.text, made.name, {})
        sizes = [python for _, python in made.sizes]
        whole = partial(body, **self.functions) if self.functions else body
        return self.library.finished(whole, sizes)

    def _fitting(self, *sizes: tuple[str, int]) -> Callable[..., Any]:
        """The function for these sizes, which may ask for another order of products."""
        fit = self.asked.emitted(dict(sizes))
        return self.whole if fit.text == self.emitted.text else self._finished(fit)


def _arguments(
    library: Library, emitted: Emitted, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, int], dict[str, int]]:
    """The arguments as arrays by their names, the sizes to hand over, and all sizes."""
    given = by_name(emitted, args, kwargs)
    symbols = [symbol for symbol, _ in emitted.inputs]
    floating = [s.name for s in symbols if "integer" not in s.properties]
    like = library.like([given[name] for name in floating])
    arrays = {s.name: _array(library, s, given.pop(s.name), like) for s in symbols}
    known = {name: whole_number(name, value) for name, value in given.items()}
    shapes = {n: tuple(array.shape) for n, array in arrays.items() if hasattr(array, "shape")}
    check_shapes([s for s in symbols if s.name in shapes], shapes, emitted, known)
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
    check_axes(symbol, array)
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
