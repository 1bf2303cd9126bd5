"""Products by SciPy's BLAS, as source.

BLAS stores matrices by columns, NumPy by rows: what is handed over is the transpose, so that
nothing is copied, and the product comes back as a transpose as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from matcalc.emit.functional import Functional
from matcalc.emit.names import Identifiers
from matcalc.emit.pysource import Py
from matcalc.plan.values import Value


class BlasWriter(Functional):
    """Writes products by the routines gemm, gemv and syrk, each looked up once."""

    def __init__(
        self, names: Mapping[str, str], sizes: Mapping[str, str], taken: Identifiers
    ) -> None:
        super().__init__(names, sizes, taken)
        self._routines: dict[str, str] = {}

    def blas(self, value: Value) -> Py:
        """A product of matrices, or of a matrix and a vector."""
        left, right = value.args
        name = str(value.data)
        if name not in self._routines:
            text = f'la.get_blas_funcs("{name}", [{self._base(left)}])'
            self._routines[name] = self._local(name, text).text
        routine = self._routines[name]
        match name:
            case "syrk":
                inner, turned = (right, "") if left.op == "transpose" else (left, ", trans=1")
                half = self._local("half", f"{routine}(1.0, {self._base(inner)}.T{turned})").text
                return self.mirrored(value, half)
            case "gemv":
                matrix, vector = (left, right) if len(left.dims) == 2 else (right, left)
                plain = (matrix.op == "transpose") == (matrix is left)
                text = f"{routine}(1.0, {self._base(matrix)}.T, {self.text(vector)}"
                return Py(text + (")" if plain else ", trans=1)"))
            case _:
                flags = (", trans_a=1" if right.op == "transpose" else "") + (
                    ", trans_b=1" if left.op == "transpose" else ""
                )
                sides = f"{self._base(right)}.T, {self._base(left)}.T"
                return Py(f"{routine}(1.0, {sides}{flags}).T")

    def mirrored(self, value: Value, half: str) -> Py:
        """A symmetric matrix of which there is one half, and zeros in the other.

        The sum with its transpose has the diagonal twice.
        """
        name = self.into.get(value)
        if name is None:
            wish = self._hints.get(value) or self._wish(value)
            name = self._local(wish, f"{half} + {half}.T").text
        else:
            self.lines.append(f"np.add({half}, {half}.T, out={name})")
        self.lines.append(f"np.fill_diagonal({name}, {half}.diagonal())")
        return Py(name)

    def _base(self, matrix: Value) -> str:
        """The name of a matrix, or of what it is the transpose of."""
        return self.settle(matrix.args[0] if matrix.op == "transpose" else matrix)
