"""A plan as lines of Python: which values become local variables, and how operations are written.

A value that is used once is written where it is used; one that is used more often, or that the user
has named, or that would make a line too long, becomes a local variable first.  What is written here
is what the array libraries have in common, without writing into an array; the writer of a target
says what the target spells in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar, Final

from matcalc.dims import Dim
from matcalc.emit.book import Slot, Template, math_template, numpy_template
from matcalc.emit.names import Identifiers
from matcalc.emit.pysource import (
    Prec,
    Py,
    dimension,
    literal,
    negated,
    raised,
)
from matcalc.expr.nodes import Symbol
from matcalc.language.book import Entry
from matcalc.plan.functions import Called, default
from matcalc.plan.plan import Plan
from matcalc.plan.values import ATOMIC, VIEWS, Value, operands

LIMIT: Final = 84
"""Characters of an expression above which its longest operand becomes a local variable."""


class Writer:
    """Writes the body of a function: `lines`, and then `text(value)` for the outputs.

    lib      The name of the module of array functions.
    imports  The statements that bring in the modules that the lines may use, by their names.
    word     What an array is called; `scalar_word` one without axes.
    native   Functions that are not taken apart, since the target computes them well.
    factors  Whether the target has LU and Cholesky factors to solve with.
    reserved Other names that the lines may use.
    masks    Whether rows may be selected by an indicator: how many these are depends on values.
    provider Whether large products go to the library that has the factors.
    blocks   Whether rows are computed in blocks where an axis is proved to be a batch axis.
    boolean  Operations in which an indicator may stay a boolean.
    """

    lib: ClassVar = "np"
    imports: ClassVar[Mapping[str, str]] = {"math": "import math"}
    word: ClassVar = "array"
    scalar_word: ClassVar = "scalar"
    native: ClassVar[frozenset[str]] = frozenset()
    reserved: ClassVar[Sequence[str]] = ()
    factors: ClassVar = True
    masks: ClassVar = False
    provider: ClassVar = False
    blocks: ClassVar = False
    boolean: ClassVar[frozenset[str]] = frozenset({"mul", "matmul", "outer", "vdot"})

    def __init__(
        self, names: Mapping[str, str], sizes: Mapping[str, str], taken: Identifiers
    ) -> None:
        self.lines: list[str] = []
        self.used_sizes: list[str] = []
        self.uses_dtype = False
        self._names = names
        self._sizes = dict(sizes)
        self._taken = taken
        self._texts: dict[Value, Py] = {}
        self._hints: Mapping[Value, str] = {}
        self._masks: dict[Dim, str] = {}
        self._count = 0
        self.into: dict[Value, str] = {}

    def run(self, plan: Plan) -> None:
        """Write all that the outputs need."""
        self._hints = {value: step.name for value, step in plan.steps.items() if step.name}
        for value in plan.values:
            self._texts[value] = self._short(value)
            if value in plan.steps and not self._trivial(value):
                self.settle(value)

    def text(self, value: Value) -> str:
        """An expression for a value that run() has written."""
        return self._texts[value].text

    def atom(self, value: Value) -> str:
        """The same, in brackets if it is more than a name or a call."""
        return self._texts[value].within(Prec.ATOM)

    def _trivial(self, value: Value) -> bool:
        """Whether a value is a look at a local variable, which needs no name of its own."""
        if value in self._hints:
            return False
        return value.op in VIEWS and self._texts[value.args[0]].text.isidentifier()

    def settle(self, value: Value) -> str:
        """Make a value a local variable, unless it has a name already."""
        py = self._texts[value]
        if py.text.isidentifier():
            return py.text
        name = self._taken.take(self._hints.get(value) or self._wish(value))
        self.lines.append(f"{name} = {py.text}")
        self._texts[value] = Py(name)
        return name

    def _wish(self, value: Value) -> str:
        """A name for a value that the user has not named: `tanh_x` for tanh(x), else t1, t2, …"""
        if isinstance(value.data, Called) and len(value.args) == 1:
            arg = self._texts[value.args[0]].text
            if arg.isidentifier() and not re.fullmatch(r"\w*t\d+", arg):
                return f"{value.data.name}_{arg}"
        return self._next()

    def _next(self) -> str:
        """The next of t1, t2, …"""
        self._count += 1
        while not self._taken.free(f"t{self._count}"):
            self._count += 1
        return f"t{self._count}"

    def _short(self, value: Value) -> Py:
        """The expression of a value; if it is too long, its longest operands become variables."""
        made = self._compose(value)
        while len(made.text) > LIMIT:
            inline = [v for v in operands(value) if self._long(v)]
            if not inline:
                break
            self.settle(max(inline, key=lambda v: len(self._texts[v].text)))
            made = self._compose(value)
        return made

    def _long(self, value: Value) -> bool:
        """Whether a local variable would be shorter than the expression."""
        text = self._texts[value].text
        return len(text) > 12 and not text.isidentifier()

    def _compose(self, value: Value) -> Py:
        """An operation is written by the method of its name."""
        py: Py = getattr(self, value.op)(value)
        return py

    def args(self, value: Value) -> list[Py]:
        """The expressions of the operands; an indicator as numbers where it has to be."""
        numbers = value.op in _NUMERIC and value.op not in self.boolean
        return [
            Py(self.numbers(self._texts[arg]))
            if numbers and arg.op == "compare"
            else self._texts[arg]
            for arg in value.args
        ]

    def listed(self, values: Iterable[Value]) -> str:
        """Expressions with commas between."""
        return ", ".join(self._texts[v].text for v in values)

    def dim(self, dim: Dim) -> Py:
        """A dimension as an expression."""
        for name in sorted(dim.names):
            if name not in self.used_sizes:
                self.used_sizes.append(name)
        return dimension(dim, self._sizes)

    def shape(self, dims: tuple[Dim, ...]) -> str:
        """A shape as NumPy's constructors take it."""
        texts = [self.dim(d).text for d in dims]
        return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"

    def dtype(self) -> str:
        """The argument that keeps the dtype of the inputs."""
        self.uses_dtype = True
        return "dtype=dtype"

    def header(
        self,
        inputs: Sequence[tuple[str, Symbol]],
        body: str,  # noqa: ARG002  # what some targets look at
    ) -> list[str]:
        """The statements that say what the body has to know of the floating inputs."""
        if not self.uses_dtype:
            return []
        arrays = [name for name, _ in inputs]
        return [f"dtype = {self.lib}.result_type({', '.join([*arrays, '0.0'])})"]

    def numbers(self, indicator: Py) -> str:
        """A boolean array as numbers of the inputs' dtype."""
        self.uses_dtype = True
        return f"{indicator.within(Prec.ATOM)}.astype(dtype)"

    def template(self, entry: Entry) -> Template:
        """How the target computes a function of the book; DerivationError if it cannot."""
        return numpy_template(entry)

    def template_of(self, value: Value, entry: Entry) -> Template:  # noqa: ARG002  # see targets
        """How the target computes a function of the book with the operands of a value."""
        return self.template(entry)

    def scalar_template(self, entry: Entry) -> Template:
        """How Python computes a function of numbers."""
        return math_template(entry)

    def leaf(self, value: Value) -> Py:
        """An input, a number or a size."""
        data = value.data
        if isinstance(data, Fraction):
            return literal(data)
        if isinstance(data, Dim):
            return self.dim(data)
        assert isinstance(data, tuple)
        return Py(self._names[str(data[0])])

    input = number = size = leaf

    def constant(self, value: Value) -> Py:
        """pi or inf."""
        return Py(f"math.{value.data}")

    def neg(self, value: Value) -> Py:
        """Minus a value; NumPy refuses it of a boolean, which a product may begin with."""
        first, (py,) = value.args[0], self.args(value)
        if first.op == "compare":
            return negated(Py(self.numbers(py)))
        while first.op in {"mul", "div"}:
            first = first.args[0]
        boolean = first is not value.args[0] and first.op == "compare"
        return negated(Py(f"({py.text})") if boolean and not py.text.isidentifier() else py)

    def pow(self, value: Value) -> Py:
        """A power: small whole ones of arrays as products, roots by their function."""
        base, exponent = self.args(value)
        number = value.args[1].data if value.args[1].op == "number" else None
        if number == Fraction(1, 2) and not value.plain:
            return Py(f"{self.lib}.sqrt({base.text})")
        return raised(base, exponent.within(Prec.POWER))

    def index(self, value: Value) -> Py:
        """x[i], X[i, j], X[i], X[:, j]"""
        arg, *places = self.args(value)
        rest = iter(places)
        assert isinstance(value.data, tuple)
        inside = [next(rest).text if flag else ":" for flag in value.data]
        return Py(f"{arg.within(Prec.ATOM)}[{', '.join(self.indices(inside))}]")

    def indices(self, every: list[str]) -> list[str]:
        """What is written of an index for each axis: NumPy takes the last ones as read."""
        last = max(place for place, index in enumerate(every) if index != ":")
        return every[: last + 1]

    def _local(self, wish: str, text: str) -> Py:
        """A local variable for an expression that is not a value of the plan by itself."""
        name = self._taken.take(wish)
        self.lines.append(f"{name} = {text}")
        return Py(name)

    def call(self, value: Value) -> Py:
        """A function of the rule book: its template with the arguments in place."""
        function = value.data
        assert isinstance(function, Called)
        host = not value.dims and bool(value.args) and all(arg.plain for arg in value.args)
        entry = function.entry
        template = self.scalar_template(entry) if host else self.template_of(value, entry)
        bound = dict(zip(function.params, value.args, strict=True))
        for name, arg in bound.items():
            if template.uses(name) > 1 and arg.op not in ATOMIC:
                self.settle(arg)
        texts = {param.name: Py(default(param)) for param in function.left_out}
        texts |= {name: self.dim(d) for name, d in function.sizes if name in template.names}
        given = {name: self._texts[arg] for name, arg in bound.items()}
        texts |= given if host else {n: self.argument(function, n, a) for n, a in bound.items()}
        texts["axis"] = Py(self.axis(function, value))
        for local in template.locals:
            texts[local] = Py(self._taken.take(local))
        out = ""
        for part in template.parts:
            if isinstance(part, Slot):
                py = texts[part.name]
                out += py.text if part.closed else py.within(Prec.ATOM)
            else:
                out += part
        self.uses_dtype = self.uses_dtype or "dtype" in out
        *before, out = out.split("; ")
        self.lines += before
        out = out.replace(", axis=None", "").replace(", dim=None", "")
        return Py(out, Prec.COMPARE if template.loose else Prec.ATOM)

    def argument(self, function: Called, name: str, arg: Value) -> Py:  # noqa: ARG002  # see targets
        """The operand that a function of the rule book has for a parameter."""
        return self._texts[arg]

    def axis(self, function: Called, value: Value) -> str:  # noqa: ARG002
        """The axis of a function of the rule book, or None for all entries."""
        return str(function.axis)

    def apply(self, value: Value) -> Py:
        """An unknown function or its derivative."""
        return Py(f"{self._names[function_key(value)]}({self.listed(value.args)})")

    def cast(self, value: Value) -> Py:
        """An indicator as a number of the inputs' dtype."""
        return Py(self.numbers(self.args(value)[0]))

    def scalar(self, value: Value) -> Py:
        """A Python number as a scalar of the inputs' dtype."""
        return Py(f"{self.lib}.asarray({self.listed(value.args)}, {self.dtype()})")

    def weak(self, value: Value) -> Py:
        """A Python number."""
        (py,) = self.args(value)
        libraries = set(re.findall(r"([^\W\d]\w*)\.[^\W\d]", py.text))
        number = value.args[0].op == "call" and libraries == {"math"}
        return py if number else Py(f"float({py.text})")

    def where(self, value: Value) -> Py:
        """One of two arrays, entry by entry."""
        test, *branches = value.args
        return Py(f"{self.lib}.where({self.condition(test)}, {self.listed(branches)})")

    def condition(self, test: Value) -> str:
        """A value as a boolean array."""
        py = self._texts[test]
        return py.text if test.op == "compare" else f"{py.within(Prec.SUM)} != 0"

    def compare(self, value: Value) -> Py:
        """A comparison."""
        left, right = (side.within(Prec.SUM) for side in self.args(value))
        return Py(f"{left} {value.data} {right}", Prec.COMPARE)


_NUMERIC: Final = frozenset({"mul", "matmul", "outer", "vdot"})
"""Operations that are given indicators as booleans."""


def function_key(value: Value) -> str:
    """What a derivative of an unknown function is called: f, f_1, f_2."""
    assert isinstance(value.data, tuple)
    name, order = value.data
    return f"{name}_{order}()" if order else f"{name}()"
