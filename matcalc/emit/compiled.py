"""The emitted function, compiled: it checks its arguments, reads off sizes, keeps the dtype.

What is called is a *door* with the parameters of the source.  It looks up the types and shapes of
the arguments; those seen before pass at once to the code for them.  Others are checked, converted
and remembered.  With inputs bound, what depends on them alone is computed when the function is made
and the arrays themselves are copied as far as calls need them.
"""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, Final

from matcalc.emit.arguments import NOTHING, Bound, Given, bindings, converted
from matcalc.emit.function import Emitted, emit
from matcalc.emit.given import check_functions, implementation
from matcalc.emit.nested import Output, flat, leaves, nested
from matcalc.emit.outs import aligned, check_outs, overlapping
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Add, Einsum, Function, Product, Symbol, postorder
from matcalc.plan.buffers import WORTH
from matcalc.plan.sizes import read_sizes
from matcalc.plan.small import SMALL

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
    bind: Mapping[str, Any] | None = None,
    check: bool = True,
) -> Callable[..., Any]:
    """The function of `source`, compiled: inputs in order or by keyword, missing sizes by keyword.

    implementations  For an unknown function f its value and derivatives, [f, f_1, f_2].
    bind             Inputs and sizes that are the same for all calls, by name: they are no longer
                     inputs, and what depends on them alone is computed here, once.
    check            Without, only the first call is checked, and decides the order of products.
    The function has a keyword `out`: an array for the result, or for each of several results one or
    None; it is written there, without an array of its own, and returned.
    Raises           InputError for wrong names, shapes or functions.
    """
    asked = Asked(name, outputs, inputs, doc, single)
    emitted = asked.emitted()
    check_functions(emitted, functions, implementations or {})
    bound, values = bindings(emitted, bind) if bind else (NOTHING, {})
    made = _Compiled(asked, emitted, bound, values, implementations or {})
    door = made.checking() if check else made.trusting()
    door.__wrapped__ = made.body  # type: ignore[attr-defined]  # whose signature it has
    door.__doc__ = made.body.__doc__
    door.source = made.emitted.text  # type: ignore[attr-defined]
    door.sizes = made.sizes  # type: ignore[attr-defined]
    return door


@dataclass(frozen=True)
class Asked:
    """What source is asked for; sizes and bound names may follow."""

    name: str
    outputs: Sequence[Output]
    inputs: Sequence[Symbol]
    doc: str
    single: bool
    target: str = "numpy"

    def emitted(
        self,
        sizes: Mapping[str, int] | None = None,
        bound: Collection[str] = (),
        into: Sequence[bool] = (),
    ) -> Emitted:
        asked = self.name, self.outputs, self.inputs, self.doc, self.single
        return emit(*asked, sizes, bound, self.target, into)

    @property
    def has_orders(self) -> bool:
        """Whether there is a product that can be computed in more than one order."""
        found = leaves(self.outputs)
        roots = tuple(leaf.root if isinstance(leaf, AsMatrix) else leaf for leaf in found)
        return any(
            (isinstance(node, Einsum) and len(node.args) > 2)
            or (
                isinstance(node, Product)
                and (
                    len(node.factors) > 2 or any(isinstance(f, Add | Product) for f in node.factors)
                )
            )
            for node in postorder(roots)
        )


class _Compiled:
    """A function in the making: its bodies by dtype and shapes, and the values computed once."""

    def __init__(
        self,
        asked: Asked,
        emitted: Emitted,
        bound: Bound,
        values: Mapping[str, Any],
        given: Mapping[str, Sequence[Callable[..., Any]]],
    ) -> None:
        self.asked = asked
        self.bound = bound
        self.emitted = emitted
        self.sizes = bound.known(emitted)
        if bound.names:
            self.emitted = asked.emitted(self.sizes, bound.names)
        self.symbols = [symbol for symbol, _ in self.emitted.inputs]
        self.functions = {
            python: implementation(f, order, given, self.emitted)
            for f, order, python in self.emitted.functions
        }
        self.plain = not self.emitted.sizes and not any(
            "integer" in symbol.properties for symbol in self.symbols
        )
        self.bodies: dict[Any, Callable[..., Any]] = {}
        self.once = {bound.dtype: _once(self.emitted, values)} if values else {None: {}}
        self.writers: dict[Any, tuple[Callable[..., Any], Sequence[str]]] = {}
        self.brief: Emitted | None = None
        self.known: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self.body = self._body(self.emitted, bound.dtype)

    def checking(self) -> Callable[..., Any]:
        """The door that checks what it has not seen before."""
        names = [python for _, python in self.emitted.inputs]
        parts = [_KEY.format(n) if s.shape.dims else _SCALAR_KEY.format(n)
                 for n, s in zip(names, self.symbols, strict=True)]  # fmt: skip
        return self._door(
            _CHECKING,
            parameters="".join(f"{name}=_missing, " for name in names) + "/, " * bool(names),
            arguments="".join(f"{name}, " for name in names),
            targets="".join(f"{name}, " for name in names) or "()",
            count=str(len(names)),
            first=names[0] if names else "_missing",
            keywords="".join(f'_kwargs["{name}"], ' for name in names) or "()",
            key=f"({''.join(part + ', ' for part in parts)})",
        )

    def trusting(self) -> Callable[..., Any]:
        """The door that checks the first call alone."""
        names = [python for _, python in self.emitted.inputs]
        sizes = [python for _, python in self.emitted.sizes]
        parameters = [*names, *(["*", *sizes] if sizes else [])]
        arguments = [*names, *(f"{size}={size}" for size in sizes)]
        return self._door(
            _TRUSTING, parameters=", ".join(parameters), arguments=", ".join(arguments)
        )

    def _door(self, template: str, **parts: str) -> Callable[..., Any]:
        namespace: dict[str, Any] = {
            "_missing": _MISSING, "_known": self.known, "_checked": self._checked, "_type": type,
            "_float": float, "_errors": (AttributeError, KeyError), "_nothing": {},
            "_into": self._into, "_offers_out": all(s.name != "out" for s in self.symbols),
        }  # fmt: skip
        namespace["_run"] = partial(self._first, namespace)
        text = template.format(name=self.emitted.name, **parts)
        exec(compile(text, "<matcalc>", "exec"), namespace)  # names are validated
        door: Callable[..., Any] = namespace[self.emitted.name]
        return door

    def _checked(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A call whose arguments are not known yet: the first ones come by their parameters."""
        run, given = self._fitting(args, kwargs)
        self._remember(given, run, args if not kwargs else ())
        return run(**given.arrays, **given.sizes)

    def _into(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A call whose results are written into arrays of the caller."""
        rest = {name: value for name, value in kwargs.items() if name != "out"}
        run, given = self._fitting(args, rest)
        asked = self.asked
        outs = aligned(asked.outputs, kwargs["out"], asked.single)
        known = {dim: given.sizes[python] for dim, python in self.emitted.sizes}
        sizes = read_sizes(self.emitted.sources, given.shapes, {**self.bound.sizes, **known})
        check_outs(asked.outputs, outs, sizes, given.dtype)
        arrays = {**given.arrays, **given.sizes}
        if overlapping(outs, given.arrays.values()):
            results = flat(run(**arrays))
            for out, result in zip(outs, results, strict=True):
                if out is not None:
                    out[...] = result
        else:
            write, names = self._writer(given, tuple(out is not None for out in outs))
            into = [out for out in outs if out is not None]
            results = flat(write(**arrays, **dict(zip(names, into, strict=True))))
        found = [
            _owned(result, arrays.values()) if out is None else out
            for out, result in zip(outs, results, strict=True)
        ]
        return nested(asked.outputs, iter(found), asked.single)

    def _writer(
        self, given: Given, into: tuple[bool, ...]
    ) -> tuple[Callable[..., Any], Sequence[str]]:
        """The code that writes some of the results into arrays, and what these are called."""
        key = tuple(given.shapes.items()), given.dtype, into
        if key not in self.writers:
            fit = self._fit(given, into)
            self.writers[key] = self._body(fit, given.dtype), fit.outs
        return self.writers[key]

    def _first(self, namespace: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The first call of a door that checks nothing later."""
        run, given = self._fitting(args, kwargs)
        namespace["_run"] = run
        return run(**given.arrays, **given.sizes)

    def _fitting(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[Callable[..., Any], Given]:
        """The code for some arguments, and these converted."""
        present = tuple(value for value in args if value is not _MISSING)
        given = converted(self.emitted, self.bound, present, kwargs)
        return self._body(self._fit(given), given.dtype), given

    def _fit(self, given: Given, into: Sequence[bool] = ()) -> Emitted:
        """The source for these sizes: they may ask for another order of products, blocks
        of rows, or arrays that are written over.

        Where nothing else depends on them, there is one source for all that are small.
        """
        base = self.emitted
        if into:
            base = self.asked.emitted(self.sizes or None, self.bound.names, into)
        entries = max(map(prod, given.shapes.values()), default=0)
        threads = "import linalg" in self.emitted.text and given.dtype.char in "fd"
        wanted = entries >= WORTH or self.asked.has_orders or threads
        brief = not wanted and entries <= SMALL and not into
        if brief and self.brief is not None:
            return self.brief
        if not self.plain or len(self.known) >= MEMORY or not (wanted or brief):
            return base
        sizes = read_sizes(self.emitted.sources, given.shapes, self.bound.sizes)
        fit = self.asked.emitted(sizes, self.bound.names, into)
        fit = fit if fit.before == self.emitted.before and not fit.sizes else base
        self.brief = fit if brief else self.brief
        return fit

    def _body(self, emitted: Emitted, dtype: Any) -> Callable[..., Any]:
        """The compiled source, with what it uses of bound inputs in a dtype."""
        dtype = dtype if self.bound.names else None
        if dtype not in self.once:
            self.once[dtype] = _cast(self.once[self.bound.dtype], dtype)
        key = emitted.text, dtype
        if key not in self.bodies:
            body = executed(emitted.call, emitted.name, self.once[dtype])
            if self.functions:
                body = partial(body, **self.functions)
            self.bodies[key] = body if emitted.owned or emitted.outs else _owning(body)
        return self.bodies[key]

    def _remember(self, given: Given, run: Callable[..., Any], args: Sequence[Any]) -> None:
        """Let arguments of these types and shapes pass: none of them had to be converted, but for
        numbers of Python, which are."""
        if not self.plain or len(self.known) >= MEMORY or len(args) != len(self.symbols):
            return
        key: list[Any] = []
        numbers: list[int] = []
        for place, (symbol, value, array) in enumerate(
            zip(self.symbols, args, given.arrays.values(), strict=True)
        ):
            if not symbol.shape.dims and type(value) is float:
                numbers.append(place)
                key.append(float)
            elif type(value) is type(array) and value.dtype == array.dtype:
                found = type(value), value.dtype, value.shape
                key += found if symbol.shape.dims else (found,)
            else:
                return
        self.known[tuple(key)] = _scalars(run, numbers, given.dtype.type) if numbers else run


_MISSING: Final = type("missing", (), {"__repr__": lambda _: "…"})()

_KEY: Final = "_type({0}), {0}.dtype, {0}.shape"
_SCALAR_KEY: Final = "_float if _type({0}) is _float else (_type({0}), {0}.dtype, {0}.shape)"

# Names that begin with an underscore: no variable of a program has one.
_CHECKING: Final = """
def {name}({parameters}*_args, **_kwargs):
    if _kwargs and "out" in _kwargs and _offers_out:
        return _into(({arguments}*_args,), _kwargs)
    if _kwargs and len(_kwargs) == {count} and {first} is _missing:
        try:
            {targets} = {keywords}
            _kwargs = _nothing
        except _errors:
            pass
    if not (_args or _kwargs):
        try:
            _known_run = _known[{key}]
        except _errors:
            pass
        else:
            return _known_run({arguments})
    return _checked(({arguments}*_args,), _kwargs)
"""

_TRUSTING: Final = """
def {name}({parameters}):
    return _run({arguments})
"""


def _scalars(
    run: Callable[..., Any], places: Sequence[int], number: Callable[[float], Any]
) -> Callable[..., Any]:
    """A function that gets Python's numbers at some places as scalars of a dtype."""

    def converting(*args: Any) -> Any:
        values = list(args)
        for place in places:
            values[place] = number(values[place])
        return run(*values)

    return converting


def _owning(run: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose results share no memory with its arguments."""

    def owning(*args: Any, **kwargs: Any) -> Any:
        return _owned(run(*args, **kwargs), (*args, *kwargs.values()))

    return owning


def _once(emitted: Emitted, values: Mapping[str, Any]) -> dict[str, Any]:
    """What calls use of bound inputs, by Python names; it shares no memory with them."""
    known = {python: values[name] for name, python in emitted.bound}
    made = executed(emitted.before.text, "once", {})(*(known[n] for n in emitted.before.inputs))
    found = dict(zip(emitted.before.names, made, strict=True))
    views = [name for name, value in found.items() if getattr(value, "base", None) is not None]
    found |= {name: known[name] for name in emitted.kept}
    copied = [name for name in (*views, *emitted.kept) if hasattr(found[name], "copy")]
    return found | {name: found[name].copy() for name in copied}


def _cast(value: Any, dtype: Any) -> Any:
    """Values and what they consist of, floating ones in a dtype."""
    if isinstance(value, dict):
        return {name: _cast(part, dtype) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_cast(part, dtype) for part in value)
    floating = hasattr(value, "dtype") and value.dtype.kind == "f"
    return value.astype(dtype) if floating else value


def executed(text: str, name: str, namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """The function object; its source is known to tracebacks."""
    filename = f"<matcalc {name} {next(_count)}>"
    lines = text.splitlines(keepends=True)
    linecache.cache[filename] = len(text), None, lines, filename
    namespace = dict(namespace)
    exec(compile(text, filename, "exec"), namespace)  # names are validated
    function: Callable[..., Any] = namespace[name]
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return function


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
