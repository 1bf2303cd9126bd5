"""JAX: pure functions of arrays, which `jax.jit`, `jax.grad` and `jax.vmap` take.

Python numbers take the dtype of what they are combined with, and shapes are known when a function
is traced, so that nothing depends on values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from matcalc.emit.book import Template, template, template_for
from matcalc.emit.functional import Functional, is_of_a_whole_matrix
from matcalc.emit.pysource import Py, contracted, solved
from matcalc.errors import DerivationError
from matcalc.language.book import Entry
from matcalc.plan.functions import Called
from matcalc.plan.values import Value

_LACKS: Final = (
    "sp.airy sp.ellipe sp.ellipeinc sp.ellipk sp.ellipkinc sp.erfcinv sp.erfi sp.eval_chebyt"
    " sp.eval_chebyu sp.eval_gegenbauer sp.eval_genlaguerre sp.eval_hermite sp.eval_hermitenorm"
    " sp.eval_jacobi sp.eval_laguerre sp.eval_legendre sp.iv sp.jv sp.kv sp.lambertw sp.shichi"
    " sp.yv la.logm"
).split()

NAMES: Final[Mapping[str, str | None]] = {
    "np": "jnp",
    "sp": "jsp.special",
    "la": "jsp.linalg",
    "np.pi": "math.pi",
    "sp.expit": "jax.nn.sigmoid",
    "sp.softmax": "jax.nn.softmax",
    "sp.log_softmax": "jax.nn.log_softmax",
    **dict.fromkeys(_LACKS),
}


def _reflected(order: int) -> str:
    """polygamma(order, x), left of 0 by its values right of it (DLMF 5.5.4, differentiated).

    JAX's zeta function takes nine terms before the asymptotic series: left of -9 it is far off.
    (-1)^k ψ_k(1 - x) - ψ_k(x) = (d/dx)^k π cot(πx) = (-1)^k π^(k+1) P_k(cot πx), where P_0(c) = c
    and P_(k+1) = (1 + c²) P_k'.
    """
    poly = [0, 1]  # the coefficients of P, the constant first
    for _ in range(order):
        slope = [n * a for n, a in enumerate(poly)][1:]
        poly = [a + b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    terms = " + ".join(f"{a} * c**{n}" if n else f"{a}" for n, a in enumerate(poly) if a)
    circle = f"jnp.pi**{order + 1} * ({terms})"
    return (
        "c = 1 / jnp.tan(jnp.pi * jnp.where(x > 0, 0.5, x - jnp.round(x))); "
        "p = jsp.special.polygamma(k, jnp.where(x > 0, x, 1 - x)); "
        f"jnp.where(x > 0, p, {f'{circle} - p' if order % 2 else f'p - {circle}'})"
    )


class JaxWriter(Functional):
    """Writes JAX."""

    lib = "jnp"
    imports: ClassVar[Mapping[str, str]] = {
        **Functional.imports,
        "jax": "import jax",
        "jnp": "import jax.numpy as jnp",
        "jsp": "import jax.scipy as jsp",
    }
    native = frozenset("sigmoid softplus softmax log_softmax logsumexp".split())

    def template(self, entry: Entry) -> Template:
        """How JAX computes a function of the book."""
        return template_for(entry, "jax", NAMES)

    def matmul(self, value: Value) -> Py:
        """A product; A' v as v @ A, which XLA does in a sixth of the time on a processor."""
        left, right = value.args
        if left.op == "transpose" and len(right.dims) == 1:
            return contracted(self.args(value)[1], self._texts[left.args[0]])
        return super().matmul(value)

    def axis(self, function: Called, value: Value) -> str:
        """The axis of a function; where JAX takes the last one for none, all are named."""
        if not is_of_a_whole_matrix(value):
            return super().axis(function, value)
        return str(tuple(range(len(value.dims))))

    def template_of(self, value: Value, entry: Entry) -> Template:
        """How JAX computes a function with these operands."""
        if entry.name != "polygamma":
            return super().template_of(value, entry)
        order = value.args[0]
        if order.op != "number":
            raise DerivationError("JAX has polygamma(k, x) for a number k alone")
        return template(_reflected(int(str(order.data)))) if order.data else self.template(entry)

    def triangular(self, value: Value) -> Py:
        """The solution of a triangular system."""
        lower = ", lower=True" if value.data == "lower" else ""
        return Py(f"jsp.linalg.solve_triangular({self.listed(value.args)}{lower})")

    def lu(self, matrix: str) -> str:
        """The LU factors of a matrix and the interchanges of rows."""
        return f"jsp.linalg.lu_factor({matrix})"

    def factor_solve(self, value: Value) -> Py:
        """The solution of a system whose matrix is factored."""
        factor, other = (py.text for py in self.args(value))
        return solved("jsp.linalg", factor, other, value.data)

    def factor_inv(self, value: Value) -> Py:
        """The inverse of a factored matrix."""
        factor, eye = self.args(value)[0].text, self.eye(value).text
        if value.data == "chol":
            return Py(f"jsp.linalg.cho_solve(({factor}, True), {eye})")
        return Py(f"jsp.linalg.lu_solve({factor}, {eye})")

    def blockdiag(self, value: Value) -> Py:
        """Blocks along the diagonal."""
        return Py(f"jsp.linalg.block_diag({self.listed(value.args)})")

    def array_of(self, value: Value) -> str:
        """An operand as an array; a Python number takes the dtype of the inputs."""
        text = super().array_of(value)
        return f"jnp.asarray({text}, {self.dtype()})" if value.plain else text

    def unvech(self, value: Value) -> Py:
        """The lower triangular matrix of a vector that holds it by columns."""
        size = self.dim(value.dims[0]).text
        zeros = f"jnp.zeros({self.shape(value.dims)}, {self.dtype()})"
        places = f"jnp.triu_indices({size})"
        return Py(f"{zeros}.at[{places}].set({self.listed(value.args)}).T")
