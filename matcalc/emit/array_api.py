"""The Python array API standard: code for any library that follows it, taken from the inputs.

The standard has neither factorisations to solve with, nor einsum, nor a product of booleans and
numbers: systems are solved by `linalg.solve`, contractions are written as products of two arrays,
and indicators become numbers before they multiply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from matcalc.emit.book import Template, template_for
from matcalc.emit.devices import OnDevice
from matcalc.emit.pairwise import Pairwise
from matcalc.emit.pysource import Prec, Py, multiplied
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Symbol
from matcalc.language.book import Entry
from matcalc.plan.values import Value

_LACKS: Final = (
    "np.array np.block np.dot np.euler_gamma np.kron np.linalg.norm np.outer np.ravel np.real"
    " np.sinc np.transpose np.triu_indices"
).split()

NAMES: Final[Mapping[str, str | None]] = {
    "np": "xp",
    "np.pi": "math.pi",
    "np.power": "xp.pow",
    "np.trace": "xp.linalg.trace",
    "np.cross": "xp.linalg.cross",
    **{f"np.arc{name}": f"xp.a{name}" for name in "sin cos tan sinh cosh tanh tan2".split()},
    **dict.fromkeys(_LACKS),
    ".astype(dtype)": "",
}


class ArrayWriter(Pairwise, OnDevice):
    """Writes code for the array API standard of 2024 and later."""

    lib = "xp"
    imports: ClassVar[Mapping[str, str]] = {
        **OnDevice.imports,
        "array_api_compat": "import array_api_compat",
    }
    reserved: ClassVar[Sequence[str]] = ("xp", "device")
    scalar_word = "array ()"
    factors = False
    of_numbers = frozenset("pow leaky_relu gt ge eq max min atan2 hypot logaddexp".split())

    def template(self, entry: Entry) -> Template:
        """How the standard's functions compute a function of the book."""
        return template_for(entry, "xp", NAMES)

    def header(self, inputs: Sequence[tuple[str, Symbol]], body: str) -> list[str]:
        """The library of the inputs, their dtype and their device, as far as they are used."""
        if not re.search(r"\bxp\.", body):
            return []
        if not inputs:
            raise DerivationError(
                "code for the array API standard takes its library from the arrays that come in,"
                " and there are none"
            )
        names = ", ".join(name for name, _ in inputs)
        own = super().header(inputs, body)
        return [f"xp = array_api_compat.array_namespace({names})", *own]

    def device_of(self, array: str) -> str:
        """Where an array is."""
        return f"array_api_compat.device({array})"

    def numbers(self, indicator: Py) -> str:
        """A boolean array as numbers of the inputs' dtype."""
        self.uses_dtype = True
        return f"xp.astype({indicator.text}, dtype)"

    def array_of(self, value: Value) -> str:
        """An operand as an array."""
        text = self._texts[value].text
        return f"xp.asarray({text}, {self.dtype()})" if value.plain else text

    def literal(self, inside: str) -> str:
        """An array of numbers."""
        return f"xp.asarray([{inside}], {self.dtype()})"

    def indices(self, every: list[str]) -> list[str]:
        """An index for each axis, which the standard wants."""
        return every

    def outer(self, value: Value) -> Py:
        """All products of the entries of two vectors."""
        left, right = self.args(value)
        return multiplied([Py(left.within(Prec.ATOM) + "[:, None]"), right])

    def trace(self, value: Value) -> Py:
        """The sum of the diagonal."""
        return self.function("linalg.trace", value)

    def diagonal_of(self, matrix: str) -> str:
        """The diagonal of a matrix."""
        return f"xp.linalg.diagonal({matrix})"

    def diagonal_matrix(self, entries: Py, value: Value) -> Py:
        """The diagonal matrix of a vector."""
        return Py(f"xp.where({self.places(value.dims[0])}, {entries.text}, 0)")

    def kron(self, value: Value) -> Py:
        """The Kronecker product: all products, in blocks."""
        left, right = self.args(value)
        wide = [len(arg.dims) == 2 for arg in value.args]
        a = left.within(Prec.ATOM) + ("[:, None, :, None]" if wide[0] else "[:, None]")
        b = right.within(Prec.ATOM) + "[:, None, :]" if wide[1] else right.within(Prec.UNARY)
        return Py(f"xp.reshape({a} * {b}, {self.shape(value.dims)})")

    def stacked(self, name: str, value: Value) -> Py:
        """The operands put together, side by side or one under the other."""
        axis = ", axis=1" if name == "hstack" and len(value.dims) == 2 else ""
        blocks = [self._block(arg, len(value.dims)) for arg in value.args]
        return Py(f"xp.concat([{', '.join(blocks)}]{axis})")

    def _block(self, value: Value, rank: int) -> str:
        """An operand with as many axes as the whole has; a vector beside matrices is a row."""
        if len(value.dims) == rank:
            return self.array_of(value)
        if value.dims:
            return f"{self._texts[value].within(Prec.ATOM)}[None, :]"
        return f"xp.reshape({self.array_of(value)}, {(1,) * rank})"

    def blockdiag(self, value: Value) -> Py:
        """Blocks along the diagonal, zeros beside each."""
        sizes = [
            tuple(self.dim(d).text for d in arg.dims[-2:]) if len(arg.dims) == 2
            else ("1", self.dim(arg.dims[0]).text if arg.dims else "1")
            for arg in value.args
        ]  # fmt: skip
        rows = []
        for i, (arg, (height, _)) in enumerate(zip(value.args, sizes, strict=True)):
            beside = [
                self._block(arg, 2) if j == i else f"xp.zeros(({height}, {width}), {self.dtype()})"
                for j, (_, width) in enumerate(sizes)
            ]
            rows.append(self._local("row", f"xp.concat([{', '.join(beside)}], axis=1)").text)
        return Py(f"xp.concat([{', '.join(rows)}])")

    def unvech(self, value: Value) -> Py:
        """The lower triangular matrix of a vector that holds it by columns."""
        n, entries = self.dim(value.dims[0]).text, self.settle(value.args[0])
        j = self._taken.take("j")
        above = f"xp.zeros({j}, {self.dtype()})"
        column = f"{entries}[{j} * {n} - {j} * ({j} - 1) // 2 :][: {n} - {j}]"
        columns = f"[xp.concat([{above}, {column}]) for {j} in range({n})]"
        return Py(f"xp.stack({columns}, axis=1)")
