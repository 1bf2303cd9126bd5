"""What NumPy and SciPy spell in their own way: writing into arrays, LAPACK, and einsum's order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from matcalc.emit.book import Template, numpy_template
from matcalc.emit.into import IntoWriter
from matcalc.emit.operators import CLASSES, OPERATORS
from matcalc.emit.pysource import Prec, Py, solved
from matcalc.language.book import Entry
from matcalc.plan.functions import Called
from matcalc.plan.values import Value

UNCHECKED: Final = ", check_finite=False"
"""SciPy looks for infinite entries unless told not to; NumPy never does."""

OWNED: Final = frozenset(
    "add mul div neg pow matmul dot outer solve inv einsum kron broadcast".split()
)


class NumpyWriter(IntoWriter):
    """Writes NumPy."""

    imports: ClassVar[Mapping[str, str]] = {
        "np": "import numpy as np",
        "la": "from scipy import linalg as la",
        "sp": "from scipy import special as sp",
    }

    reserved = CLASSES
    masks = True
    provider = True

    def _compose(self, value: Value) -> Py:
        """An operation by the method of its name, a structured matrix by its class."""
        written = OPERATORS.get(value.op)
        return super()._compose(value) if written is None else written(self, value)

    def reshape(self, value: Value) -> Py:
        """The entries in another shape; the first index fastest where the data say F."""
        order = ', order="F"' if value.data == "F" else ""
        return Py(f"np.reshape({self.args(value)[0].text}, {self.shape(value.dims)}{order})")

    def active(self, value: Value) -> Py:
        """X[mask], X[:, mask]"""
        arg, mask = self.args(value)
        return Py(f"{arg.within(Prec.ATOM)}[{':, ' * int(value.data == 1)}{mask.text}]")

    def constant(self, value: Value) -> Py:
        """pi or inf."""
        return Py(f"np.{value.data}")

    def scalar_template(self, entry: Entry) -> Template:
        """How NumPy computes a function of numbers: as it does one of arrays."""
        return numpy_template(entry)

    def call(self, value: Value) -> Py:
        """A function of the rule book; a Euclidean norm is taken with care."""
        function = value.data
        assert isinstance(function, Called)
        if function.name != "norm" or len(value.args) > 1 or len(value.args[0].dims) > 2:
            return super().call(value)
        return self._norm(value, function.axis)

    def _norm(self, value: Value, axis: int | None) -> Py:
        """The root of the sum of squares; where that may have overflowed or underflowed, which
        is told by its size, of entries that are scaled by a power of 2.

        Neither `vdot` nor `einsum` warns.  In single precision a norm above 1e-16 has lost nothing
        to underflow; in double precision the bound could be lower.
        """
        rank = len(value.args[0].dims)
        axis = None if axis is None or rank == 1 else axis % 2
        x = self._texts[value.args[0]].text
        x = x if x.isidentifier() else self.settle(value.args[0])
        name = self._taken.take(self._hints.get(value) or self._wish(value))
        e = self._taken.take("e")
        keep = "" if axis is None else f"axis={axis}, keepdims=True, "
        if axis is None:
            total, test = f"np.vdot({x}, {x})", f"not 1e-16 < {name} < np.inf"
            last = e
        else:
            total = f'np.einsum("ij,ij->{"ji"[axis]}", {x}, {x})'
            test = f"not 1e-16 < {name}.min(initial=1) <= {name}.max(initial=1) < np.inf"
            last = f"{e}[{'0' if axis == 0 else ':, 0'}]"
        along = self.along(axis)
        self.lines += [
            f"{name} = np.sqrt({total})",
            "# where the squares may have overflowed or underflowed:",
            f"if {test}:",
            f"    {e} = np.frexp(np.max(np.abs({x}), {keep}initial=0))[1]",
            f"    {name} = np.ldexp(np.linalg.norm(np.ldexp({x}, -{e}){along}), {last})",
        ]
        return Py(name)

    def weak(self, value: Value) -> Py:
        """A Python number."""
        return Py(f"float({self.listed(value.args)})")

    def scalar(self, value: Value) -> Py:
        """A Python number as a scalar of the inputs' dtype."""
        self.uses_dtype = True
        return Py(f"dtype.type({self.listed(value.args)})")

    def dot(self, value: Value) -> Py:
        """A product of small matrices and vectors."""
        left, right = self.args(value)
        return Py(f"{left.within(Prec.ATOM)}.dot({right.text})")

    def where(self, value: Value) -> Py:
        """One of two arrays, entry by entry."""
        return Py(f"np.where({self.listed(value.args)})")

    def einsum(self, value: Value) -> Py:
        """A contraction in its best order."""
        return Py(f'np.einsum("{value.data}", {self.listed(value.args)}, optimize=True)')

    def add_diagonal(self, value: Value) -> Py:
        """A matrix plus a diagonal one: added in place to the fresh sum, or to a copy."""
        base, entries = value.args
        py = self._texts[base]
        fresh = base.op in OWNED and not py.text.isidentifier()
        fresh = fresh and not py.text.startswith("np.broadcast_to")
        name = self.fresh(value, base, fresh)
        self.lines.append(f'np.einsum("ii->i", {name})[...] {self.shifted(entries)}')
        return Py(name)

    def shifted(self, value: Value) -> str:
        """What follows an array that a value is added to: `+= x`, `-= x`."""
        text = self._texts[value].text
        if value.op == "neg" and text.startswith("-"):  # and not a name for that
            return f"-= {text[1:]}"
        return f"+= {text}"

    def spread(self, value: Value) -> Py:
        """Zeros, and the entries of an array at the places where axes agree."""
        made = self.zeros(value)
        core = self._texts[value.args[0]].text
        self.lines.append(f'np.einsum("{value.data}", {made})[...] = {core}')
        return Py(made)

    def solve(self, value: Value) -> Py:
        """The solution of a system; by substitution if the matrix is triangular."""
        if value.data not in {"lower", "upper"}:
            return Py(f"np.linalg.solve({self.listed(value.args)})")
        lower = ", lower=True" if value.data == "lower" else ""
        return Py(f"la.solve_triangular({self.listed(value.args)}{lower}{UNCHECKED})")

    def factor(self, value: Value) -> Py:
        """The LU factors of a matrix, which several operations use."""
        text = self._texts[value.args[0]].text
        return self._local("lu", f"la.lu_factor({text}{UNCHECKED})")

    def chol(self, value: Value) -> Py:
        """The lower Cholesky factor; of SciPy, if it is used to solve with."""
        text = self._texts[value.args[0]].text
        if not value.data:
            return Py(f"np.linalg.cholesky({text})")
        return self._local("L", f"la.cholesky({text}, lower=True{UNCHECKED})")

    def factor_solve(self, value: Value) -> Py:
        """The solution of a system whose matrix is factored."""
        factor, other = (py.text for py in self.args(value))
        return solved("la", factor, other, value.data, UNCHECKED)

    def factor_inv(self, value: Value) -> Py:
        """The inverse of a factored matrix; LAPACK leaves that of a symmetric one in one half."""
        factor = self.args(value)[0].text
        if value.data == "chol":
            routine = self._local("potri", f'la.get_lapack_funcs("potri", ({factor},))').text
            half = self._local("half", f"{routine}({factor}, lower=True)[0]").text
            return self.mirrored(value, half)
        routine = self._local("getri", f'la.get_lapack_funcs("getri", {factor}[:1])').text
        return Py(f"{routine}(*{factor})[0]")

    def stacked(self, name: str, value: Value) -> Py:
        """The operands put together by a function of NumPy."""
        return Py(f"np.{name}([{self.listed(value.args)}], {self.dtype()})")

    def blockdiag(self, value: Value) -> Py:
        """Blocks along the diagonal."""
        return Py(f"la.block_diag({self.listed(value.args)})")

    def unvech(self, value: Value) -> Py:
        """The lower triangular matrix of a vector that holds it by columns."""
        name = self._taken.take(self._wish(value))
        self.lines.append(f"{name} = np.zeros({self.shape(value.dims)}, {self.dtype()})")
        size = self.dim(value.dims[0]).text
        self.lines.append(f"{name}.T[np.triu_indices({size})] = {self.listed(value.args)}")
        return Py(name)
