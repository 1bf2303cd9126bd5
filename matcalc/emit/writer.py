"""A plan as lines of NumPy: which values become local variables, and how each operation is written.

A value that is used once is written where it is used; one that is used more often, or that the user
has named, or that would make a line too long, becomes a local variable first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Final

from matcalc.dims import Dim
from matcalc.emit.book import Slot, numpy_template
from matcalc.emit.names import Identifiers
from matcalc.emit.operators import OPERATORS
from matcalc.emit.pysource import (
    Prec,
    Py,
    added,
    contracted,
    dimension,
    divided,
    literal,
    multiplied,
    negated,
    raised,
)
from matcalc.plan.functions import Called, default
from matcalc.plan.plan import Plan
from matcalc.plan.values import ATOMIC, VIEWS, Value, operands

LIMIT: Final = 84
"""Characters of an expression above which its longest operand becomes a local variable."""

UNCHECKED: Final = ", check_finite=False"
"""SciPy looks for infinite entries unless told not to; NumPy never does."""

OWNED: Final = frozenset("add mul div neg pow matmul outer solve inv einsum kron broadcast".split())


class Writer:
    """Writes the body of a function: `lines`, and then `text(value)` for the outputs."""

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
        self._count = 0

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
        return _OPERATIONS[value.op](self, value)

    def args(self, value: Value) -> list[Py]:
        """The expressions of the operands."""
        return [self._texts[arg] for arg in value.args]

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

    def leaf(self, value: Value) -> Py:
        """An input or a number."""
        data = value.data
        if isinstance(data, Fraction):
            return literal(data)
        if isinstance(data, Dim):
            return self.dim(data)
        return Py(self._names[str(data[0])] if isinstance(data, tuple) else f"np.{data}")

    def neg(self, value: Value) -> Py:
        """Minus a value; NumPy refuses it of a boolean, which a product may begin with."""
        first, (py,) = value.args[0], self.args(value)
        while first.op in {"mul", "div"}:
            first = first.args[0]
        boolean = first is not value.args[0] and first.op == "compare"
        return negated(Py(f"({py.text})") if boolean and not py.text.isidentifier() else py)

    def power(self, value: Value) -> Py:
        """A power: small whole ones of arrays as products, roots by their function."""
        base, exponent = self.args(value)
        number = value.args[1].data if value.args[1].op == "number" else None
        if number == Fraction(1, 2) and not value.plain:
            return Py(f"np.sqrt({base.text})")
        return raised(base, exponent.within(Prec.POWER))

    def index(self, value: Value) -> Py:
        """x[i], X[i, j], X[i], X[:, j]"""
        arg, *places = self.args(value)
        rest = iter(places)
        assert isinstance(value.data, tuple)
        inside = [next(rest).text if flag else ":" for flag in value.data]
        while inside[-1] == ":":
            inside.pop()
        return Py(f"{arg.within(Prec.ATOM)}[{', '.join(inside)}]")

    def active(self, value: Value) -> Py:
        """X[mask], X[:, mask]"""
        arg, mask = self.args(value)
        return Py(f"{arg.within(Prec.ATOM)}[{':, ' * int(value.data == 1)}{mask.text}]")

    def array(self, value: Value) -> Py:
        """A literal of scalars, or of rows of scalars."""
        rows = value.args[0].op == "array"
        inside = (
            ", ".join(f"[{self.listed(row.args)}]" for row in value.args)
            if rows
            else self.listed(value.args)
        )
        return Py(f"np.array([{inside}], {self.dtype()})")

    def broadcast(self, value: Value) -> Py:
        """A value in full size."""
        arg = value.args[0]
        shape = self.shape(value.dims)
        if arg.op == "number" and arg.data in {0, 1}:
            return Py(f"np.{'ones' if arg.data else 'zeros'}({shape}, {self.dtype()})")
        if not arg.dims:
            return Py(f"np.full({shape}, {self._texts[arg].text}, {self.dtype()})")
        return Py(f"np.broadcast_to({self._texts[arg].text}, {shape})")

    def add_diagonal(self, value: Value) -> Py:
        """A matrix plus a diagonal one: added in place to the fresh sum, or to a copy."""
        base, entries = value.args
        py = self._texts[base]
        fresh = base.op in OWNED and not py.text.isidentifier()
        fresh = fresh and not py.text.startswith("np.broadcast_to")
        name = self._taken.take(self._hints.get(value) or self._wish(value))
        self.lines.append(f"{name} = {py.text if fresh else py.within(Prec.ATOM) + '.copy()'}")
        added_text = self._texts[entries].text
        subtracted = entries.op == "neg" and added_text.startswith("-")  # and not a name for that
        sign, added_text = ("-", added_text[1:]) if subtracted else ("+", added_text)
        self.lines.append(f"{name}[np.diag_indices_from({name})] {sign}= {added_text}")
        return Py(name)

    def spread(self, value: Value) -> Py:
        """Zeros, and the entries of an array at the places where axes agree."""
        shape = self.shape(value.dims)
        made = self._local(self._wish(value), f"np.zeros({shape}, {self.dtype()})")
        core = self._texts[value.args[0]].text
        self.lines.append(f'np.einsum("{value.data}", {made.text})[...] = {core}')
        return made

    def solve(self, value: Value) -> Py:
        """The solution of a system; by substitution if the matrix is triangular."""
        if value.data not in {"lower", "upper"}:
            return Py(f"np.linalg.solve({self.listed(value.args)})")
        lower = ", lower=True" if value.data == "lower" else ""
        return Py(f"la.solve_triangular({self.listed(value.args)}{lower}{UNCHECKED})")

    def factor(self, value: Value) -> Py:
        """A factorisation that several operations use: LU, or the lower Cholesky factor."""
        text = self._texts[value.args[0]].text
        if value.op == "factor":
            return self._local("lu", f"la.lu_factor({text}{UNCHECKED})")
        if not value.data:
            return Py(f"np.linalg.cholesky({text})")
        return self._local("L", f"la.cholesky({text}, lower=True{UNCHECKED})")

    def factor_solve(self, value: Value) -> Py:
        """The solution of a system whose matrix is factored."""
        factor, other = (py.text for py in self.args(value))
        assert isinstance(value.data, tuple)
        kind, turned = value.data
        if kind == "chol":
            return Py(f"la.cho_solve(({factor}, True), {other}{UNCHECKED})")
        trans = ", trans=1" if turned else ""
        return Py(f"la.lu_solve({factor}, {other}{trans}{UNCHECKED})")

    def factor_inv(self, value: Value) -> Py:
        """The inverse of a factored matrix; LAPACK leaves that of a symmetric one in one half."""
        factor = self.args(value)[0].text
        if value.data == "chol":
            routine = self._local("potri", f'la.get_lapack_funcs("potri", ({factor},))').text
            half = self._local("half", f"{routine}({factor}, lower=True)[0]").text
            return Py(f"{half} + np.tril({half}, -1).T", Prec.SUM)
        routine = self._local("getri", f'la.get_lapack_funcs("getri", {factor}[:1])').text
        return Py(f"{routine}(*{factor})[0]")

    def logdet(self, value: Value) -> Py:
        """log|det A|, from the factors or the diagonal where these are known."""
        (py,) = self.args(value)
        if value.data in {"lower", "upper"}:
            return Py(f"np.sum(np.log(np.abs(np.diag({py.text}))))")
        if value.op == "factor_logdet":
            return Py(f"np.sum(np.log(np.abs(np.diag({py.text}[0]))))")
        return Py(f"np.linalg.slogdet({py.text})[1]")

    def _local(self, wish: str, text: str) -> Py:
        """A local variable for an expression that is not a value of the plan by itself."""
        name = self._taken.take(wish)
        self.lines.append(f"{name} = {text}")
        return Py(name)

    def reshape(self, value: Value) -> Py:
        """The entries in another shape; the first index fastest where the data say F."""
        order = ', order="F"' if value.data == "F" else ""
        return Py(f"np.reshape({self.args(value)[0].text}, {self.shape(value.dims)}{order})")

    def blocks(self, value: Value) -> Py:
        """Blocks side by side, one under the other, or along the diagonal."""
        if value.op == "blockdiag":
            return Py(f"la.block_diag({self.listed(value.args)})")
        name = "vstack" if value.op == "vstack" and len(value.dims) == 2 else "hstack"
        return Py(f"np.{name}([{self.listed(value.args)}], {self.dtype()})")

    def call(self, value: Value) -> Py:
        """A function of the rule book: its template with the arguments in place."""
        function = value.data
        assert isinstance(function, Called)
        template = numpy_template(function.entry)
        bound = dict(zip(function.params, value.args, strict=True))
        for name, arg in bound.items():
            if template.uses(name) > 1 and arg.op not in ATOMIC:
                self.settle(arg)
        texts = {param.name: Py(default(param)) for param in function.left_out}
        texts |= {name: self.dim(d) for name, d in function.sizes if name in template.names}
        texts |= {name: self._texts[arg] for name, arg in bound.items()}
        texts["axis"] = Py(str(function.axis))
        out = ""
        for part in template.parts:
            if isinstance(part, Slot):
                py = texts[part.name]
                out += py.text if part.closed else py.within(Prec.ATOM)
            else:
                out += part
        self.uses_dtype = self.uses_dtype or "dtype" in out
        return Py(out.replace(", axis=None", ""), Prec.COMPARE if template.loose else Prec.ATOM)

    def onehot(self, value: Value) -> Py:
        """1 at the first largest or smallest entry: of all, or along an axis."""
        assert isinstance(value.data, tuple)
        name, axis = f"np.arg{value.data[0]}", value.data[1]
        arg = self.settle(value.args[0])
        if axis is None or len(value.dims) == 1:
            found = f"(np.arange({arg}.size) == {name}({arg}))"
            found += f".reshape({arg}.shape)" if len(value.dims) > 1 else ""
        elif axis in {0, -2}:
            found = f"(np.arange({self.dim(value.dims[0]).text})[:, None] == {name}({arg}, axis=0))"
        else:
            places = f"{name}({arg}, axis=1)[:, None]"
            found = f"(np.arange({self.dim(value.dims[1]).text}) == {places})"
        self.uses_dtype = True
        return Py(f"{found}.astype(dtype)")

    def unvech(self, value: Value) -> Py:
        """The lower triangular matrix of a vector that holds it by columns."""
        name = self._taken.take(self._wish(value))
        self.lines.append(f"{name} = np.zeros({self.shape(value.dims)}, {self.dtype()})")
        size = self.dim(value.dims[0]).text
        self.lines.append(f"{name}.T[np.triu_indices({size})] = {self.listed(value.args)}")
        return Py(name)

    def apply(self, value: Value) -> Py:
        """An unknown function or its derivative."""
        return Py(f"{self._names[function_key(value)]}({self.listed(value.args)})")

    def cast(self, value: Value) -> Py:
        """An indicator as a number of the inputs' dtype."""
        self.uses_dtype = True
        return Py(f"{self.args(value)[0].within(Prec.ATOM)}.astype(dtype)")

    def scalar(self, value: Value) -> Py:
        """A Python number as a scalar of the inputs' dtype."""
        self.uses_dtype = True
        return Py(f"dtype.type({self.listed(value.args)})")

    def compare(self, value: Value) -> Py:
        """A comparison."""
        left, right = (side.within(Prec.SUM) for side in self.args(value))
        return Py(f"{left} {value.data} {right}", Prec.COMPARE)

    def max(self, value: Value) -> Py:
        """The largest of all entries, or along an axis."""
        axis = "" if value.data is None else f", axis={value.data}"
        return Py(f"np.max({self.listed(value.args)}{axis})")

    def sum(self, value: Value) -> Py:
        """The sum over all axes or one."""
        axis = "" if value.data is None else f", axis={value.data}"
        return Py(f"np.sum({self.listed(value.args)}{axis})")


def function_key(value: Value) -> str:
    """What a derivative of an unknown function is called: f, f_1, f_2."""
    assert isinstance(value.data, tuple)
    name, order = value.data
    return f"{name}_{order}()" if order else f"{name}()"


def _plain(name: str) -> Callable[[Writer, Value], Py]:
    return lambda w, v: Py(f"{name}({w.listed(v.args)})")


_OPERATIONS: Final[Mapping[str, Callable[[Writer, Value], Py]]] = {
    "input": Writer.leaf,
    "number": Writer.leaf,
    "constant": Writer.leaf,
    "size": Writer.leaf,
    "neg": Writer.neg,
    "add": lambda w, v: added(w.args(v)),
    "mul": lambda w, v: multiplied(w.args(v)),
    "div": lambda w, v: divided(*w.args(v)),
    "pow": Writer.power,
    "matmul": lambda w, v: contracted(*w.args(v)),
    "outer": _plain("np.outer"),
    "transpose": lambda w, v: Py(w.args(v)[0].within(Prec.ATOM) + ".T"),
    "expand": lambda w, v: Py(w.args(v)[0].within(Prec.ATOM) + "[:, None]"),
    "compare": Writer.compare,
    "cast": Writer.cast,
    "eye": lambda w, v: Py(f"np.eye({w.dim(v.dims[0]).text}, {w.dtype()})"),
    "unit": lambda w, v: Py(
        f"(np.arange({w.dim(v.dims[0]).text}) == {w.args(v)[0].within(Prec.SUM)})"
        f".astype({w.dtype().partition('=')[2]})"
    ),
    "broadcast": Writer.broadcast,
    "diag": _plain("np.diag"),
    "diagonal": _plain("np.diag"),
    "add_diagonal": Writer.add_diagonal,
    "spread": Writer.spread,
    "solve": Writer.solve,
    "factor": Writer.factor,
    "chol": Writer.factor,
    "factor_solve": Writer.factor_solve,
    "factor_inv": Writer.factor_inv,
    "factor_logdet": Writer.logdet,
    "logdet": Writer.logdet,
    "reshape": Writer.reshape,
    "inv": _plain("np.linalg.inv"),
    "log": _plain("np.log"),
    "trace": _plain("np.trace"),
    "vdot": _plain("np.vdot"),
    "sum": Writer.sum,
    "index": Writer.index,
    "active": Writer.active,
    "array": Writer.array,
    "stack": lambda w, v: Py(f"np.stack([{w.listed(v.args)}])"),
    "einsum": lambda w, v: Py(f'np.einsum("{v.data}", {w.listed(v.args)}, optimize=True)'),
    "kron": _plain("np.kron"),
    "matrix_power": _plain("np.linalg.matrix_power"),
    "hstack": Writer.blocks,
    "vstack": Writer.blocks,
    "blockdiag": Writer.blocks,
    "where": _plain("np.where"),
    "call": Writer.call,
    "abs": _plain("np.abs"),
    "max": Writer.max,
    "onehot": Writer.onehot,
    "unvech": Writer.unvech,
    "apply": Writer.apply,
    "weak": _plain("float"),
    "scalar": Writer.scalar,
    **OPERATORS,
}
