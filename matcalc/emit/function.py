"""A plan as the source of one documented Python function, and its interface."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matcalc.dims import Dim
from matcalc.emit.inplace import NumpyWriter
from matcalc.emit.names import Identifiers
from matcalc.emit.once import Once
from matcalc.emit.operators import CLASSES
from matcalc.emit.pysource import dimension
from matcalc.emit.targets import writer_of
from matcalc.emit.writer import Writer, function_key
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Expr, Symbol
from matcalc.plan.functions import Called
from matcalc.plan.plan import Plan, plan
from matcalc.plan.sizes import Source, size_sources

WIDTH: Final = 100
RESERVED: Final = ("dtype", "axis", "float", "bind", "once")

_ASSIGNMENT: Final = re.compile(
    r"([^\W\d][\w.]*(\[[^\]]+\])?(, \w+)*|np\.einsum\(\S+ \w+\)\[\.\.\.\]) [-+]?= "
)

Output = Expr | AsMatrix | Sequence["Output"]


FRESH: Final = frozenset(
    "add mul div neg pow matmul blas outer vdot sum trace diag add_diagonal spread eye cast solve"
    " factor_solve kron".split()
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
        return _text([f"def once({', '.join(self.inputs)}):", *self.lines, result])


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
    taken = Identifiers([*RESERVED, *kind.imports, *kind.reserved])
    names = {symbol.name: taken.take(symbol.name) for symbol in inputs}
    used = _functions(made)
    applied = {key: taken.take(wish) for key, (_, _, wish) in used.items()}
    name = taken.take(name)
    spelled = {dim: taken.take(dim) for dim in _dimension_names(made, inputs)}
    once = Once(made, [s for s in inputs if s.name in bound], names, spelled, taken)
    given = [symbol for symbol in inputs if symbol.name not in bound]
    writer = kind(names | applied | once.places, spelled, taken)
    outs = [taken.take("out") if given_out else "" for given_out in into]
    if made.batch is None:
        pairs = zip(made.outputs, outs, strict=False)
        writer.into = {v: name for v, name in pairs if name and not once.lends(v)}
    writer.run(made)
    texts = _texts(made, writer, once, outs)
    known = size_sources([*once.inputs, *given])
    needed = _needed(writer.used_sizes, known)
    own = [dim for dim in needed if dim not in bound and not once.carries(known.get(dim))]
    missing = tuple((dim, spelled[dim]) for dim in own if dim not in known)
    result = _result(outputs, iter(texts), single)
    lines = [*writer.lines, f"return {result}"]
    body = [
        *_size_lines(own, known, names, spelled),
        *writer.header(_floating(given or inputs, names), "\n".join(lines)),
        *lines,
    ]
    parameters = [*(names[s.name] for s in given), *applied.values(), *filter(None, outs)]
    parameters += ["*", *(python for _, python in missing)] if missing else []
    width = WIDTH - 4 if bound else WIDTH
    head = _wrapped(f"def {name}(", ", ".join(parameters), "):", width)
    note = _docstring(doc, [(names[s.name], s) for s in given], outputs, width, kind)
    lines = [head, *note, *(line for part in body for line in _statement(part, width))]
    lent = [dim for dim in needed if dim not in own]
    before = _before(once, lent, known, names, spelled, bound)
    return Emitted(
        _text(lines, kind) if not bound else _closure(name, before, lines),
        name,
        tuple((symbol, names[symbol.name]) for symbol in given),
        missing,
        tuple((f, order, applied[key]) for key, (f, order, _) in used.items()),
        known,
        _text(lines, kind),
        all(value.op in FRESH for value in made.outputs),
        tuple((each, (names | spelled)[each]) for each in bound),
        before,
        once.kept,
        tuple(filter(None, outs)),
    )


def _before(
    once: Once,
    lent: Sequence[str],
    known: dict[str, Source],
    names: dict[str, str],
    spelled: dict[str, str],
    bound: Collection[str],
) -> Before:
    """The function of the bound inputs that returns what is computed of them once."""
    needed = _needed(dict.fromkeys([*lent, *once.writer.used_sizes]), known)
    body = [
        *_size_lines([dim for dim in needed if dim not in bound], known, names, spelled),
        *once.writer.header(_floating(once.inputs, names), ""),
        *once.writer.lines,
    ]
    given = [names[s.name] for s in once.inputs] + [spelled[d] for d in needed if d in bound]
    found = dict.fromkeys([*(spelled[dim] for dim in lent), *once.places.values()])
    lines = [line for part in body for line in _statement(part, WIDTH)]
    return Before(tuple(given), tuple(lines), tuple(found))


def _closure(name: str, before: Before, lines: Sequence[str]) -> str:
    """The whole source: a function of the bound inputs that returns the function of the others."""
    head = _wrapped("def bind(", ", ".join(before.inputs), "):")
    note = f'    """{name} with these inputs bound: what depends on them alone is computed once."""'
    inner = ["    " + line if line else "" for line in "\n".join(lines).splitlines()]
    return _text([head, note, *before.lines, "", *inner, "", f"    return {name}"])


def _floating(inputs: Sequence[Symbol], names: Mapping[str, str]) -> list[tuple[str, Symbol]]:
    """The inputs that are no indices, with their Python names."""
    return [(names[s.name], s) for s in inputs if "integer" not in s.properties]


def _text(lines: Sequence[str], kind: type[Writer] = NumpyWriter) -> str:
    imports = _imports(lines, kind.imports)
    return "\n".join([*imports, *(["", ""] if imports else []), *lines, ""])


def leaves(outputs: Sequence[Output]) -> Iterable[Expr | AsMatrix]:
    """The expressions among nested outputs, in order."""
    for output in outputs:
        if isinstance(output, Sequence):
            yield from leaves(output)
        else:
            yield output


def _texts(made: Plan, writer: Writer, once: Once, outs: Sequence[str]) -> list[str]:
    """The expressions of the outputs; what is used again as a copy, or in an array given for it."""
    texts: list[str] = []
    for i, value in enumerate(made.outputs):
        name = outs[i] if outs else ""
        if name and writer.into.get(value) == name:
            texts.append(writer.settle(value))
        elif name:  # one value twice, or one that is used again
            writer.lines.append(f"{name}[...] = {writer.text(value)}")
            texts.append(name)
        else:
            lent = value.dims and (once.lends(value) or value in writer.into)
            texts.append(f"{writer.atom(value)}.copy()" if lent else writer.text(value))
    return texts


def _result(outputs: Sequence[Output], values: Iterator[str], single: bool) -> str:
    """The expression returned: nested as the outputs are."""
    texts = [
        _result(output, values, False) if isinstance(output, Sequence) else next(values)
        for output in outputs
    ]
    if single:
        return texts[0]
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def _functions(made: Plan) -> dict[str, tuple[str, int, str]]:
    """The unknown functions and derivatives used: keys, with name, order and wished name."""
    found: dict[str, tuple[str, int, str]] = {}
    for value in made.values:
        if value.op == "apply" and isinstance(value.data, tuple):
            name, order = value.data
            found[function_key(value)] = (name, order, f"{name}_{order}" if order else name)
    return dict(sorted(found.items()))


def _dimension_names(made: Plan, inputs: Sequence[Symbol]) -> list[str]:
    names = {name for s in inputs for dim in s.shape.dims for name in dim.names}
    for value in (*made.values, *(made.before.values if made.before else ())):
        names.update(name for dim in value.dims for name in dim.names)
        if isinstance(value.data, Dim):
            names.update(value.data.names)
        if isinstance(value.data, Called):
            names.update(name for _, dim in value.data.sizes for name in dim.names)
    return sorted(names)


def _needed(used: Iterable[str], known: dict[str, Source]) -> list[str]:
    """The sizes used, each after those that it is computed from."""
    order: list[str] = []
    for name in used:
        if name in known:
            order += [n for n in _needed(sorted(known[name].rest.names), known) if n not in order]
        if name not in order:
            order.append(name)
    return order


def _size_lines(
    needed: Sequence[str], known: dict[str, Source], names: dict[str, str], sizes: dict[str, str]
) -> list[str]:
    """`m, n = X.shape` where both are needed, else `n = x.shape[0]`."""
    lines: list[str] = []
    done: set[str] = set()
    for name in needed:
        if name in done or name not in known:
            continue
        origin = known[name]
        dims = origin.symbol.shape.dims
        partners = [d.name for d in dims]
        python = names[origin.symbol.name]
        whole = len(dims) > 1 and len(set(partners)) == len(dims)
        if whole and all(p in needed and p not in done for p in partners):
            lines.append(f"{', '.join(sizes[p] for p in partners if p)} = {python}.shape")
            done.update(p for p in partners if p)
            continue
        text = f"{python}.shape[{origin.axis}]"
        if origin.rest.terms:
            text = f"{text} - {dimension(origin.rest, sizes).text}".replace("- -", "+ ")
            text = f"({text})" if origin.factor != 1 else text
        if origin.factor != 1:
            above, below = origin.factor.denominator, origin.factor.numerator
            text += f" * {above}" if above != 1 else ""
            text += f" // {below}" if below != 1 else ""
        lines.append(f"{sizes[name]} = {text}")
        done.add(name)
    return lines


def _imports(lines: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """The statements that bring in the modules that are used."""
    body = "\n".join(lines)
    found = [text for name, text in known.items() if re.search(rf"\b{name}\b[.(]", body)]
    classes = sorted(name for name in CLASSES if re.search(rf"\b{name}\(", body))
    return [*found, f"from matcalc.operators import {', '.join(classes)}"] if classes else found


def _statement(text: str, width: int = WIDTH) -> list[str]:
    """A statement, indented; in brackets on several lines if it is too long for one."""
    if text.startswith("    "):  # within a loop
        return ["    " + line for line in _statement(text[4:], width - 4)]
    if len(text) + 4 <= width:
        return ["    " + text]
    assignment = _ASSIGNMENT.match(text)
    start = assignment[0] if assignment else "return "
    value = text.removeprefix(start)
    if _is_bracketed(value):
        value = value[1:-1]
    return [f"    {start}(", *("        " + line for line in _lines(value, width - 8)), "    )"]


def _is_bracketed(text: str) -> bool:
    """Whether the bracket that begins a text ends with it, as in `(a + b)` but not `(a + b).T`."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if not depth:
            return text.startswith("(") and place == len(text) - 1
    return False


def _units(text: str) -> list[str]:
    """A text cut at the blanks outside brackets."""
    units, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if sign == " " and not depth:
            units.append(text[start:place])
            start = place + 1
    return [*units, text[start:]]


def _lines(text: str, width: int) -> list[str]:
    """A text on several lines, broken outside brackets where that is possible."""
    lines: list[str] = []
    for unit in _units(text):
        if lines and len(lines[-1]) + len(unit) < width:
            lines[-1] += " " + unit
        else:
            lines += textwrap.wrap(unit, width, break_long_words=False, break_on_hyphens=False)
    return lines


def _wrapped(start: str, middle: str, end: str, width: int = WIDTH) -> str:
    if len(start + middle + end) <= width:
        return start + middle + end
    inner = textwrap.wrap(middle, width - 4, break_long_words=False)
    return "\n".join([start, *("    " + line for line in inner), end])


def _docstring(
    doc: str,
    inputs: Sequence[tuple[str, Symbol]],
    outputs: Sequence[Output],
    width: int,
    kind: type[Writer],
) -> list[str]:
    """The formula, then the shapes of what goes in and comes out."""
    shapes = [f"{python}: {_shape(symbol, kind)}" for python, symbol in inputs]
    results = [_shape(leaf, kind) for leaf in leaves(outputs)]
    text = (doc.strip() or "Computed by matcalc.").replace("\\", "\\\\").replace('"""', "'''")
    text += " " if text.endswith('"') else ""
    lines = [
        part
        for line in text.splitlines()
        for part in textwrap.wrap(line, width - 7, subsequent_indent="  ") or [""]
    ]
    tail = ["", *_filled("Takes ", shapes, width)] if shapes else [""]
    tail += _filled("Returns ", results, width)
    return [
        f'    """{lines[0]}',
        *("    " + line if line else "" for line in [*lines[1:], *tail]),
        '    """',
    ]


def _filled(start: str, items: Sequence[str], width: int) -> list[str]:
    return textwrap.wrap(
        start + "; ".join(items) + ".", width - 6, subsequent_indent="  ", break_long_words=False
    )


def _shape(node: Expr | AsMatrix, kind: type[Writer]) -> str:
    if isinstance(node, AsMatrix):
        return _operator(node)
    dims = node.shape.dims
    if not dims:
        whole = isinstance(node, Symbol) and "integer" in node.properties
        return "whole number" if whole else kind.scalar_word
    return f"{kind.word} ({', '.join(map(str, dims))}{',' if len(dims) == 1 else ''})"


def _operator(result: AsMatrix) -> str:
    """The shape of an operator, and what its rows and columns are."""
    dims = ", ".join(map(str, result.dims))
    if len(result.array.shape.dims) == 2:
        return f"operator ({dims})"
    return f'operator ({dims}) between vectors of stacked columns, X.ravel(order="F")'
