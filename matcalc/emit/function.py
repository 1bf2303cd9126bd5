"""A plan as the source of one documented Python function, and its interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matcalc.emit.docstring import docstring
from matcalc.emit.inplace import NumpyWriter
from matcalc.emit.names import Identifiers
from matcalc.emit.nested import Output, leaves, written
from matcalc.emit.once import Once
from matcalc.emit.sizes import dimension_names, needed, size_lines
from matcalc.emit.statements import WIDTH, source, statement, wrapped
from matcalc.emit.targets import writer_of
from matcalc.emit.writer import Writer, function_key
from matcalc.expr.nodes import Symbol
from matcalc.plan.operators import OPERATORS
from matcalc.plan.plan import Plan, plan
from matcalc.plan.sizes import Source, size_sources

RESERVED: Final = ("dtype", "axis", "float", "bind", "once")

FRESH: Final = frozenset(
    "add mul div neg pow matmul blas dot outer vdot sum trace diag add_diagonal spread eye cast"
    " solve factor_solve kron".split()
)
"""Operations whose result is an array of its own, or a scalar, that nothing else holds."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is computed once: of which bound inputs and sizes, the statements, and the names that
    calls use."""

    inputs: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The source of a function that returns what the names stand for."""
        result = "    return (" + "".join(f"{name}, " for name in self.names) + ")"
        return source(
            [f"def once({', '.join(self.inputs)}):", *self.lines, result], NumpyWriter.imports
        )


@dataclass(frozen=True, slots=True)
class Emitted:
    """A function's source, and its Python names of inputs, sizes and unknown functions.

    Of bound inputs and sizes there are the Python names in `bound`, what is made of them once in
    `before`, and what calls use besides in `kept`; `call` is the source that uses both as globals.
    """

    text: str
    name: str
    inputs: tuple[tuple[Symbol, str], ...]
    sizes: tuple[tuple[str, str], ...]
    functions: tuple[tuple[str, int, str], ...]
    sources: dict[str, Source]
    call: str
    owned: bool
    bound: tuple[tuple[str, str], ...] = ()
    before: Before = Before()
    kept: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()


def emit(
    name: str,
    outputs: Sequence[Output],
    inputs: Sequence[Symbol],
    doc: str = "",
    single: bool = False,
    sizes: Mapping[str, int] | None = None,
    bound: Collection[str] = (),
    target: str = "numpy",
    into: Sequence[bool] = (),
) -> Emitted:
    """The source with its interface; sizes of dimensions decide the order of products.

    What depends on `bound` inputs and sizes alone is computed by a function around this one.  Of
    the outputs those that `into` says are written into arrays that come as arguments.
    """
    kind = writer_of(target)
    made = plan(
        list(leaves(outputs)), sizes=sizes, native=kind.native, factors=kind.factors,
        masks=kind.masks, provider=kind.provider, blocks=kind.blocks, bound=bound,
    )  # fmt: skip
    return _Function(name, made, inputs, bound, kind, into).emitted(outputs, doc, single)


class _Function:
    """A function in the making: what its parts are called, and its body."""

    def __init__(
        self,
        name: str,
        made: Plan,
        inputs: Sequence[Symbol],
        bound: Collection[str],
        kind: type[Writer],
        into: Sequence[bool],
    ) -> None:
        self.made, self.kind, self.bound = made, kind, bound
        taken = Identifiers([*RESERVED, *kind.imports, *kind.reserved])
        self.names = {symbol.name: taken.take(symbol.name) for symbol in inputs}
        self.used = _functions(made)
        self.applied = {key: taken.take(wish) for key, (_, _, wish) in self.used.items()}
        self.name = taken.take(name)
        self.spelled = {dim: taken.take(dim) for dim in dimension_names(made, inputs)}
        held = [symbol for symbol in inputs if symbol.name in bound]
        self.once = Once(made, held, self.names, self.spelled, taken)
        self.given = [symbol for symbol in inputs if symbol.name not in bound]
        self.floating = self._floating(self.given or inputs)
        self.writer = kind(self.names | self.applied | self.once.places, self.spelled, taken)
        self.outs = [taken.take("out") if given_out else "" for given_out in into]
        if made.batch is None:
            pairs = zip(made.outputs, self.outs, strict=False)
            self.writer.into = {v: out for v, out in pairs if out and not self.once.lends(v)}
        self.writer.run(made)
        self.texts = self._texts()
        self.known = size_sources([*self.once.inputs, *self.given]) | size_sources(self.once.inputs)
        sizes = needed(self.writer.used_sizes, self.known)
        self.own = [dim for dim in sizes if dim not in bound and not self._carried(dim)]
        self.lent = [dim for dim in sizes if dim not in self.own]
        self.missing = tuple((dim, self.spelled[dim]) for dim in self.own if dim not in self.known)

    def emitted(self, outputs: Sequence[Output], doc: str, single: bool) -> Emitted:
        """The function whose results are nested as the outputs are."""
        lines = self._lines(outputs, doc, single)
        before = self._before()
        call = source(lines, self.kind.imports)
        return Emitted(
            text=_closure(self.name, before, lines) if self.bound else call,
            name=self.name,
            inputs=tuple((symbol, self.names[symbol.name]) for symbol in self.given),
            sizes=self.missing,
            functions=tuple((f, n, self.applied[key]) for key, (f, n, _) in self.used.items()),
            sources=self.known,
            call=call,
            owned=all(value.op in FRESH | OPERATORS for value in self.made.outputs),
            bound=tuple((each, (self.names | self.spelled)[each]) for each in self.bound),
            before=before,
            kept=self.once.kept,
            outs=tuple(filter(None, self.outs)),
        )

    def _lines(self, outputs: Sequence[Output], doc: str, single: bool) -> list[str]:
        """The signature, the docstring and the body."""
        width = WIDTH - 4 if self.bound else WIDTH
        parameters = [*(self.names[s.name] for s in self.given), *self.applied.values()]
        parameters += filter(None, self.outs)
        parameters += ["*", *(python for _, python in self.missing)] if self.missing else []
        lines = [*self.writer.lines, f"return {written(outputs, iter(self.texts), single)}"]
        body = [
            *size_lines(self.own, self.known, self.names, self.spelled),
            *self.writer.header(self.floating, "\n".join(lines)),
            *lines,
        ]
        inputs = [(self.names[s.name], s) for s in self.given]
        return [
            wrapped(f"def {self.name}(", ", ".join(parameters), "):", width),
            *docstring(doc, inputs, outputs, width, self.kind),
            *(line for part in body for line in statement(part, width)),
        ]

    def _before(self) -> Before:
        """The function of the bound inputs that returns what is computed of them once."""
        once, names, spelled = self.once, self.names, self.spelled
        wanted = needed(dict.fromkeys([*self.lent, *once.writer.used_sizes]), self.known)
        bound = [dim for dim in wanted if dim in self.bound]
        body = [
            *size_lines([d for d in wanted if d not in bound], self.known, names, spelled),
            *once.writer.header(self._floating(once.inputs), ""),
            *once.writer.lines,
        ]
        given = [names[s.name] for s in once.inputs] + [spelled[dim] for dim in bound]
        found = dict.fromkeys([*(spelled[dim] for dim in self.lent), *once.places.values()])
        lines = [line for part in body for line in statement(part, WIDTH)]
        return Before(tuple(given), tuple(lines), tuple(found))

    def _texts(self) -> list[str]:
        """The outputs; what is used again as a copy, or in an array given for it."""
        texts: list[str] = []
        writer = self.writer
        for i, value in enumerate(self.made.outputs):
            name = self.outs[i] if self.outs else ""
            if name and writer.into.get(value) == name:
                texts.append(writer.settle(value))
            elif name:  # one value twice, or one that is used again
                writer.lines.append(f"{name}[...] = {writer.text(value)}")
                texts.append(name)
            else:
                lent = value.dims and (self.once.lends(value) or value in writer.into)
                texts.append(f"{writer.atom(value)}.copy()" if lent else writer.text(value))
        return texts

    def _floating(self, inputs: Sequence[Symbol]) -> list[tuple[str, Symbol]]:
        """The inputs that are no indices, with their Python names."""
        return [(self.names[s.name], s) for s in inputs if "integer" not in s.properties]

    def _carried(self, dim: str) -> bool:
        """Whether a size is read off a bound input."""
        return self.once.carries(self.known.get(dim))


def _closure(name: str, before: Before, lines: Sequence[str]) -> str:
    """The whole source: a function of the bound inputs that returns the function of the others."""
    head = wrapped("def bind(", ", ".join(before.inputs), "):")
    note = f'    """{name} with these inputs bound: what depends on them alone is computed once."""'
    inner = ["    " + line if line else "" for line in "\n".join(lines).splitlines()]
    whole = [head, note, *before.lines, "", *inner, "", f"    return {name}"]
    return source(whole, NumpyWriter.imports)


def _functions(made: Plan) -> dict[str, tuple[str, int, str]]:
    """The unknown functions and derivatives used: keys, with name, order and wished name."""
    found: dict[str, tuple[str, int, str]] = {}
    for value in made.values:
        if value.op == "apply" and isinstance(value.data, tuple):
            name, order = value.data
            found[function_key(value)] = (name, order, f"{name}_{order}" if order else name)
    return dict(sorted(found.items()))
