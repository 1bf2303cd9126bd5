"""PyTorch: functions of tensors of one floating dtype on one device, where results stay.

Nothing is written into a tensor and nothing goes by way of the host, so that `torch.func` and
autograd can pass through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from matcalc.emit.book import Template, template_for
from matcalc.emit.devices import OnDevice
from matcalc.emit.functional import is_of_a_whole_matrix
from matcalc.emit.pysource import Prec, Py
from matcalc.errors import DerivationError
from matcalc.language.book import Entry
from matcalc.plan.functions import Called
from matcalc.plan.values import Value, is_number

_SPECIAL: Final = (
    "digamma erf erfc erfinv expit gammainc gammaincc gammaln log_ndtr ndtr polygamma xlogy zeta"
).split()

NAMES: Final[Mapping[str, str | None]] = {
    "np": "torch",
    "np.pi": "math.pi",
    "axis=": "dim=",
    "keepdims=": "keepdim=",
    ".astype(dtype)": "",
    "np.euler_gamma": "0.5772156649015329",
    "np.power": "torch.pow",
    "np.max": "torch.amax",
    "np.min": "torch.amin",
    "np.dot": "torch.dot",
    "np.cross": "torch.linalg.cross",
    "np.sinc": "torch.sinc",
    **{f"np.arc{name}": f"torch.a{name}" for name in "sin cos tan sinh cosh tanh tan2".split()},
    **dict.fromkeys("np.array np.block np.triu_indices np.ravel".split()),
    **{f"sp.{name}": f"torch.special.{name}" for name in _SPECIAL},
    **{f"sp.{name}": f"torch.{name}" for name in "erf erfc digamma logsumexp softmax".split()},
    "sp.expit": "torch.sigmoid",
    "sp.gammaln": "torch.lgamma",
    "sp.log_softmax": "torch.log_softmax",
    "sp.expi": None,
    "la.expm": "torch.linalg.matrix_exp",
}

_AXIS: Final = frozenset("softmax log_softmax logsumexp layernorm cumsum".split())
"""Functions whose axis has to be named."""


class TorchWriter(OnDevice):
    """Writes PyTorch."""

    lib = "torch"
    imports: ClassVar[Mapping[str, str]] = {**OnDevice.imports, "torch": "import torch"}
    word = "tensor"
    scalar_word = "scalar tensor"
    native = frozenset("sigmoid softmax log_softmax logsumexp".split())
    boolean = frozenset({"mul"})
    maker = "tensor"
    of_numbers = frozenset("pow leaky_relu polygamma gt ge eq zeta".split())

    def template(self, entry: Entry) -> Template:
        """How PyTorch computes a function of the book."""
        return template_for(entry, "torch", NAMES)

    def known(self, array: str) -> dict[str, str]:
        """What is known of an input, or where there is none by default."""
        if array:
            return super().known(array)
        return {"dtype": "torch.get_default_dtype()", "device": "torch.get_default_device()"}

    def numbers(self, indicator: Py) -> str:
        """A boolean tensor as numbers of the inputs' dtype."""
        self.uses_dtype = True
        return f"{indicator.within(Prec.ATOM)}.to(dtype)"

    def along(self, axis: object) -> str:
        """The argument that names an axis; none for all of them."""
        return "" if axis is None else f", dim={axis}"

    def array_of(self, value: Value) -> str:
        """An operand as a tensor."""
        text = self._texts[value].text
        return f"torch.tensor({text}, {self.dtype()})" if value.plain else text

    def max(self, value: Value) -> Py:
        """The largest of all entries, or along an axis."""
        return Py(f"torch.amax({self.listed(value.args)}{self.along(value.data)})")

    def triangular(self, value: Value) -> Py:
        """The solution of a triangular system."""
        matrix, other = self.args(value)
        upper = value.data == "upper"
        return self._columns(
            value, f"torch.linalg.solve_triangular({matrix.text}, {{}}, upper={upper})", other
        )

    def lu(self, matrix: str) -> str:
        """The LU factors of a matrix and the interchanges of rows."""
        return f"torch.linalg.lu_factor({matrix})"

    def factor_solve(self, value: Value) -> Py:
        """The solution of a system whose matrix is factored."""
        factor, other = self.args(value)
        assert isinstance(value.data, tuple)
        kind, turned = value.data
        if kind == "chol":
            return self._columns(value, f"torch.cholesky_solve({{}}, {factor.text})", other)
        adjoint = ", adjoint=True" if turned else ""
        text = f"torch.linalg.lu_solve(*{factor.text}, {{}}{adjoint})"
        return self._columns(value, text, other)

    def factor_inv(self, value: Value) -> Py:
        """The inverse of a factored matrix."""
        factor = self.args(value)[0].text
        if value.data == "chol":
            return Py(f"torch.cholesky_inverse({factor})")
        return Py(f"torch.linalg.lu_solve(*{factor}, {self.eye(value).text})")

    def _columns(self, value: Value, text: str, other: Py) -> Py:
        """A solver's call, which takes and returns matrices."""
        if len(value.dims) > 1:
            return Py(text.format(other.text))
        return Py(text.format(f"{other.within(Prec.ATOM)}[:, None]") + "[:, 0]")

    def kron(self, value: Value) -> Py:
        """The Kronecker product; torch.kron fails for a transpose beside what is none."""
        sides = [
            py.text if arg.op == "eye" else f"{py.within(Prec.ATOM)}.contiguous()"
            for py, arg in zip(self.args(value), value.args, strict=True)
        ]
        return Py(f"torch.kron({', '.join(sides)})")

    def unvech(self, value: Value) -> Py:
        """The lower triangular matrix of a vector that holds it by columns."""
        size = self.dim(value.dims[0]).text
        zeros = f"torch.zeros({self.shape(value.dims)}, {self.dtype()})"
        places = f"tuple(torch.triu_indices({size}, {size}, device=device))"
        return Py(f"{zeros}.index_put({places}, {self.listed(value.args)}).T")

    def call(self, value: Value) -> Py:
        """A function of the rule book; bounds that are numbers are arguments of clamp."""
        function = value.data
        assert isinstance(function, Called)
        if is_of_a_whole_matrix(value):
            return self._flattened(value, function)
        if function.name == "polygamma" and value.args[0].op != "number":
            raise DerivationError("PyTorch has polygamma(k, x) for a number k alone")
        if function.entry.mode == "elementwise" and function.name in {"max", "min", "clip"}:
            made = self._clamped(function.name, value.args)
            if made is not None:
                return made
        return super().call(value)

    def _flattened(self, value: Value, function: Called) -> Py:
        """A function along all axes, by one that takes a single axis."""
        array = self.settle(value.args[0])
        return Py(f"torch.{function.name}({array}.reshape(-1), dim=0).reshape({array}.shape)")

    def _clamped(self, name: str, args: Sequence[Value]) -> Py | None:
        """max(x, 0), min(x, 1) or clip(x, 0, 1); None if it is something else."""
        if name == "clip":
            x, bounds = args[0], dict(zip(("min", "max"), args[1:], strict=True))
        else:
            x, bound = args if args[1].plain else args[::-1]
            bounds = {"min" if name == "max" else "max": bound}
        if x.plain or not all(bound.plain for bound in bounds.values()):
            return None
        text = self._texts[x].text
        if name == "max" and is_number(bounds["min"], 0):
            return Py(f"torch.relu({text})")
        given = "".join(f", {side}={self._texts[bound].text}" for side, bound in bounds.items())
        return Py(f"torch.clamp({text}{given})")

    def axis(self, function: Called, value: Value) -> str:
        """The axis of a function; some want one to be named."""
        if function.axis is not None or function.name not in _AXIS:
            return str(function.axis)
        rank = len(value.args[0].dims)
        return "0" if rank < 2 else str(tuple(range(rank)))
