"""How the array libraries spell the operations of a plan, as far as they agree; nothing is written
into an array.

The writer of a target says what its library spells in another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import ClassVar

from matcalc.dims import Dim
from matcalc.emit.pysource import Prec, Py, added, contracted, divided, multiplied, negated
from matcalc.emit.writer import Writer
from matcalc.plan.functions import Called
from matcalc.plan.values import Value


def is_of_a_whole_matrix(value: Value) -> bool:
    """Whether a softmax is over all entries of a matrix, where libraries take it along one axis."""
    function = value.data
    return (
        isinstance(function, Called)
        and function.name in {"softmax", "log_softmax"}
        and function.axis is None
        and len(value.dims) > 1
    )


class Functional(Writer):
    """Writes operations as functions of arrays; functions of numbers are those of the host."""

    imports: ClassVar[Mapping[str, str]] = {
        **Writer.imports,
        "np": "import numpy as np",
        "sp": "from scipy import special as sp",
    }

    def add(self, value: Value) -> Py:
        """A sum."""
        return added(self.args(value))

    def mul(self, value: Value) -> Py:
        """A product, entry by entry."""
        return multiplied(self.args(value))

    def div(self, value: Value) -> Py:
        """A quotient, entry by entry."""
        return divided(*self.args(value))

    def matmul(self, value: Value) -> Py:
        """A product of matrices and vectors."""
        return contracted(*self.args(value))

    def outer(self, value: Value) -> Py:
        """All products of the entries of two vectors."""
        return self.function("outer", value)

    def transpose(self, value: Value) -> Py:
        """The transpose of a matrix."""
        return Py(self.args(value)[0].within(Prec.ATOM) + ".T")

    def expand(self, value: Value) -> Py:
        """A vector as a matrix of one column."""
        return Py(self.args(value)[0].within(Prec.ATOM) + "[:, None]")

    def log(self, value: Value) -> Py:
        """The logarithm, entry by entry."""
        return self.function("log", value)

    def abs(self, value: Value) -> Py:
        """The magnitude, entry by entry; of a Python number, Python's."""
        (py,) = self.args(value)
        return Py(f"abs({py.text})") if value.plain else self.function("abs", value)

    def inv(self, value: Value) -> Py:
        """The inverse of a matrix."""
        return self.function("linalg.inv", value)

    def matrix_power(self, value: Value) -> Py:
        """A whole power of a matrix."""
        return self.function("linalg.matrix_power", value)

    def trace(self, value: Value) -> Py:
        """The sum of the diagonal."""
        return self.function("trace", value)

    def vdot(self, value: Value) -> Py:
        """The sum of the products of the entries of two arrays."""
        return self.function("vdot", value)

    def kron(self, value: Value) -> Py:
        """The Kronecker product."""
        return self.function("kron", value)

    def stack(self, value: Value) -> Py:
        """Rows, one under the other."""
        return Py(f"{self.lib}.stack([{self.listed(value.args)}])")

    def einsum(self, value: Value) -> Py:
        """A contraction."""
        return Py(f'{self.lib}.einsum("{value.data}", {self.listed(value.args)})')

    def reshape(self, value: Value) -> Py:
        """The entries in another shape."""
        return Py(self.reshaped(self._texts[value.args[0]].text, self.shape(value.dims)))

    def function(self, name: str, value: Value) -> Py:
        """A function of the library with the operands of a value."""
        return Py(f"{self.lib}.{name}({', '.join(py.text for py in self.args(value))})")

    def unit(self, value: Value) -> Py:
        """1 at one place, else 0."""
        places = self.range(self.dim(value.dims[0]).text)
        at = self.args(value)[0].within(Prec.SUM)
        return Py(self.numbers(Py(f"({places} == {at})")))

    def broadcast(self, value: Value) -> Py:
        """A value in full size."""
        arg = value.args[0]
        shape = self.shape(value.dims)
        if arg.op == "number" and arg.data in {0, 1}:
            return Py(f"{self.lib}.{'ones' if arg.data else 'zeros'}({shape}, {self.dtype()})")
        if not arg.dims:
            return self.full(value)
        return Py(f"{self.lib}.broadcast_to({self._texts[arg].text}, {shape})")

    def array(self, value: Value) -> Py:
        """A literal of scalars, or of rows of scalars."""
        rows = value.args[0].op == "array"
        inside = (
            ", ".join(f"[{self.listed(row.args)}]" for row in value.args)
            if rows
            else self.listed(value.args)
        )
        return Py(f"{self.lib}.array([{inside}], {self.dtype()})")

    def full(self, value: Value) -> Py:
        """A scalar at every place."""
        text = self._texts[value.args[0]].text
        return Py(f"{self.lib}.full({self.shape(value.dims)}, {text}, {self.dtype()})")

    def add_diagonal(self, value: Value) -> Py:
        """A matrix plus a diagonal one."""
        base, entries = value.args
        minus = entries.op == "neg" and self._texts[entries].text.startswith("-")
        entries = entries.args[0] if minus else entries
        if entries.dims:
            term = self.diagonal_matrix(self._texts[entries], value)
        elif entries.op == "number" and entries.data == 1:
            term = self.eye(value)
        else:
            term = multiplied([self._texts[entries], self.eye(value)])
        return added([self._texts[base], negated(term) if minus else term])

    def eye(self, value: Value) -> Py:
        """The identity matrix of the rows of a value."""
        return Py(f"{self.lib}.eye({self.dim(value.dims[0]).text}, {self.dtype()})")

    def diag(self, value: Value) -> Py:
        """The diagonal matrix of a vector."""
        return self.diagonal_matrix(self.args(value)[0], value)

    def diagonal_matrix(self, entries: Py, value: Value) -> Py:  # noqa: ARG002  # its dimensions
        """The diagonal matrix of a vector, which has the dimensions of a value."""
        return Py(f"{self.lib}.diag({entries.text})")

    def places(self, dim: Dim) -> str:
        """The diagonal of a square array, as booleans."""
        return f"{self.lib}.eye({self.dim(dim).text}, dtype=bool)"

    def mask(self, dim: Dim) -> str:
        """The same as a local variable, of which there is one for each size."""
        if dim not in self._masks:
            self._masks[dim] = self._local("same", self.places(dim)).text
        return self._masks[dim]

    def spread(self, value: Value) -> Py:
        """The entries of an array at the places where axes agree, and zero elsewhere."""
        core = value.args[0]
        letters, _, view = str(value.data).partition("->")
        carried = view[len(view) - len(core.dims) :]
        masks = [
            self.mask(value.dims[i]) + _axes(k in {i, j} for k in range(len(letters)))
            for x in dict.fromkeys(letters)
            for i, j in pairwise(k for k, y in enumerate(letters) if y == x)
        ]
        first = (x in carried and letters.index(x) == k for k, x in enumerate(letters))
        entries = self._texts[core].within(Prec.ATOM) + _axes(first) if core.dims else None
        text = entries or self._texts[core].text
        made = f"{self.lib}.where({' & '.join(masks)}, {text}, 0)"
        if all(x in carried or letters.count(x) > 1 for x in letters):
            return Py(made)
        return Py(f"{self.lib}.broadcast_to({made}, {self.shape(value.dims)})")

    def solve(self, value: Value) -> Py:
        """The solution of a system; by substitution if the matrix is triangular."""
        if value.data in {"lower", "upper"} and self.factors:
            return self.triangular(value)
        return Py(f"{self.lib}.linalg.solve({self.listed(value.args)})")

    def triangular(self, value: Value) -> Py:
        """The solution of a triangular system."""
        raise NotImplementedError

    def factor(self, value: Value) -> Py:
        """The LU factors of a matrix, which several operations use."""
        return self._local("lu", self.lu(self._texts[value.args[0]].text))

    def chol(self, value: Value) -> Py:
        """The lower Cholesky factor; it has a name if it is used to solve with."""
        text = f"{self.lib}.linalg.cholesky({self._texts[value.args[0]].text})"
        return self._local("L", text) if value.data else Py(text)

    def lu(self, matrix: str) -> str:
        """The LU factors of a matrix and the interchanges of rows."""
        raise NotImplementedError

    def factor_solve(self, value: Value) -> Py:
        """The solution of a system whose matrix is factored."""
        raise NotImplementedError

    def factor_inv(self, value: Value) -> Py:
        """The inverse of a factored matrix."""
        raise NotImplementedError

    def factor_logdet(self, value: Value) -> Py:
        """log|det A| of a matrix whose factors are known."""
        return self.logdet(value)

    def logdet(self, value: Value) -> Py:
        """log|det A|, from the factors or the diagonal where these are known."""
        (py,), lib = self.args(value), self.lib
        if value.data in {"lower", "upper"} or value.op == "factor_logdet":
            factors = f"{py.text}[0]" if value.op == "factor_logdet" else py.text
            return Py(f"{lib}.sum({lib}.log({lib}.abs({self.diagonal_of(factors)})))")
        return Py(f"{lib}.linalg.slogdet({py.text})[1]")

    def diagonal(self, value: Value) -> Py:
        """The diagonal of a matrix."""
        return Py(self.diagonal_of(self.args(value)[0].text))

    def diagonal_of(self, matrix: str) -> str:
        """The diagonal of a matrix."""
        return f"{self.lib}.diag({matrix})"

    def array_of(self, value: Value) -> str:
        """An operand as an array, if it may be a Python number."""
        return self._texts[value].text

    def hstack(self, value: Value) -> Py:
        """Blocks side by side."""
        return self.stacked("hstack", value)

    def vstack(self, value: Value) -> Py:
        """Blocks one under the other."""
        return self.stacked("vstack" if len(value.dims) == 2 else "hstack", value)

    def stacked(self, name: str, value: Value) -> Py:
        """The operands put together by a function of the library."""
        return Py(f"{self.lib}.{name}([{', '.join(map(self.array_of, value.args))}])")

    def blockdiag(self, value: Value) -> Py:
        """Blocks along the diagonal."""
        return Py(f"{self.lib}.block_diag({self.listed(value.args)})")

    def unvech(self, value: Value) -> Py:
        """The lower triangular matrix of a vector that holds it by columns."""
        raise NotImplementedError

    def onehot(self, value: Value) -> Py:
        """1 at the first largest or smallest entry: of all, or along an axis."""
        assert isinstance(value.data, tuple)
        name, axis = f"{self.lib}.arg{value.data[0]}", value.data[1]
        arg = self.settle(value.args[0])
        if axis is None or len(value.dims) == 1:
            found = f"({self.range(self.count(value.args[0]))} == {name}({arg}))"
            found = self.reshaped(found, f"{arg}.shape") if len(value.dims) > 1 else found
        elif axis in {0, -2}:
            rows = self.range(self.dim(value.dims[0]).text)
            found = f"({rows}[:, None] == {name}({arg}{self.along(0)}))"
        else:
            columns = self.range(self.dim(value.dims[1]).text)
            found = f"({columns} == {name}({arg}{self.along(1)})[:, None])"
        return Py(self.numbers(Py(found)))

    def count(self, value: Value) -> str:
        """How many entries an array has."""
        return f"{self._texts[value].within(Prec.ATOM)}.size"

    def reshaped(self, array: str, shape: str) -> str:
        """An array in another shape."""
        return f"{self.lib}.reshape({array}, {shape})"

    def max(self, value: Value) -> Py:
        """The largest of all entries, or along an axis."""
        return Py(f"{self.lib}.max({self.listed(value.args)}{self.along(value.data)})")

    def sum(self, value: Value) -> Py:
        """The sum over all axes or one."""
        return Py(f"{self.lib}.sum({self.listed(value.args)}{self.along(value.data)})")

    def range(self, count: str) -> str:
        """The whole numbers up to a count."""
        return f"{self.lib}.arange({count})"

    def along(self, axis: object) -> str:
        """The argument that names an axis; none for all of them."""
        return "" if axis is None else f", axis={axis}"


def _axes(shown: Iterable[bool]) -> str:
    """The index that puts the axes of an array in some places, of length 1 elsewhere."""
    marks = [":" if mark else "None" for mark in shown]
    return "" if set(marks) == {":"} else f"[{', '.join(marks)}]"
