"""What words of other notations are here: commands of LaTeX, functions, their options, properties,
shapes, inverses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ARGUMENTS: Final[Mapping[str, str]] = {
    "dims": "axis=0 for each column, axis=1 for each row",
    "dim": "axis=0 for each column, axis=1 for each row",
    "axes": "axis=0 for each column, axis=1 for each row",
    "ord": "the order as the second argument: norm(x, 1), norm(x, inf), norm(X, nuc)",
    "p": "the order as the second argument: norm(x, 1), norm(x, inf), norm(X, nuc)",
    "keepdims": "the function without it: what shapes need is expanded, A + b'",
    "keepdim": "the function without it: what shapes need is expanded, A + b'",
    "dtype": "the function without it: results have the dtype of the inputs",
    "ddof": "var(x) n / (n - 1): var and std divide by n",
}
"""Named arguments of NumPy and PyTorch."""

PROPERTIES: Final[Mapping[str, str]] = {
    "psd": "symmetric; spd if it is positive definite",
    "pd": "spd",
    "posdef": "spd",
    "sym": "symmetric",
    "symm": "symmetric",
    "hermitian": "symmetric",
    "selfadjoint": "symmetric",
    "diag": "diagonal",
    "orth": "orthogonal",
    "unitary": "orthogonal",
    "nonsingular": "invertible",
    "regular": "invertible",
    "nonneg": "nonnegative",
    "pos": "positive",
    "by": "n×m for n by m",
}
"""Properties by other names."""

SPACES: Final[Mapping[str, str]] = {
    "vector": "R^n",
    "column": "R^n",
    "array": "R^n, or R^(m×n)",
    "matrix": "R^(m×n)",
    "tensor": "R^(k×m×n)",
    "real": "R",
    "float": "R",
    "double": "R",
    "number": "R",
    "function": "R -> R",
}
"""Shapes in words."""

INVERSES: Final[Mapping[str, str]] = {
    **{name: f"a{name}" for name in "sin cos tan sinh cosh tanh".split()},
    **{f"a{name}": name for name in "sin cos tan sinh cosh tanh".split()},
    "exp": "log",
    "log": "exp",
    "sigmoid": "logit",
    "logit": "sigmoid",
    "erf": "erfinv",
    "sqrt": "square",
}
"""Inverse functions."""

OPERATIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        "min max argmin argmax inf sup lim".split(), "what is minimised alone, and {below} as wrt"
    ),
    "sum": "sum(x), of a vector",
    "prod": "prod(x), of a vector",
    "log": "log(x) / log({below})",
}
"""Operators of mathematics that have something below them, and functions with a base."""

LATEX: Final[Mapping[str, str]] = {
    "frac": "a / b",
    "dfrac": "a / b",
    "tfrac": "a / b",
    "sqrt": "sqrt(x)",
    "sum": "sum(x)",
    "prod": "prod(x)",
    "int": "",
    "partial": "grad(f, x) or jacobian(f, x)",
    "nabla": "grad(f, x), or ∇f(x) of an unknown function f",
    "top": "x'",
    "intercal": "x'",
    "prime": "x'",
    "dagger": "pinv(A)",
    "cdot": "·",
    "times": "A B, x ⊙ y or cross(x, y); between dimensions x or ×",
    "odot": "⊙",
    "circ": "⊙",
    "otimes": "⊗",
    "le": "<=",
    "leq": "<=",
    "ge": ">=",
    "geq": ">=",
    "ne": "1 - (x == y)",
    "neq": "1 - (x == y)",
    "in": "a declaration after where, as in `where x: R^n`",
    "to": "a declaration after where, as in `where f: R -> R`",
    "infty": "inf",
    "left": "the bracket alone",
    "right": "the bracket alone",
    "big": "the bracket alone",
    "bigl": "the bracket alone",
    "bigr": "the bracket alone",
    "Big": "the bracket alone",
    "lVert": "norm(x)",
    "rVert": "norm(x)",
    "Vert": "norm(x)",
    "lvert": "abs(x)",
    "rvert": "abs(x)",
    "vert": "abs(x) or det(A)",
    "begin": "the rows of a matrix as lists: [[a, b], [c, d]]",
    "end": "the rows of a matrix as lists: [[a, b], [c, d]]",
    **dict.fromkeys(
        "mathbf boldsymbol bm mathrm mathit mathcal mathbb text vec hat bar tilde widehat".split(),
        "the name alone: x, X",
    ),
    "operatorname": "the function's name: softmax(x)",
    **{
        name: f"{name}(x)"
        for name in "log exp sin cos tan sinh cosh tanh max min det arcsin arccos arctan".split()
    },
    "ln": "log(x)",
    "langle": "x · y for an inner product",
    "rangle": "x · y for an inner product",
    "quad": "a blank",
    "displaystyle": "",
}
"""Commands of LaTeX and what to write instead."""

RENAMED: Final[Mapping[str, str]] = {
    "σ": "sigmoid(x)",
    "Φ": "normcdf(x)",
    "φ": "normpdf(x)",
    "Γ": "gamma(x)",
    "ψ": "digamma(x)",
    "inverse": "inv(A)",
    "transpose": "A'",
    "T": "A'",
    "trace": "tr(A)",
    "matmul": "A B",
    "dot": "x · y, or A B",
    "inner": "x · y",
    "multiply": "x ⊙ y",
    "subtract": "x - y",
    "add": "x + y",
    "divide": "x ./ y",
    "power": "x.^p",
    "pow": "x.^p",
    "maximum": "max(a, b)",
    "minimum": "min(a, b)",
    "slogdet": "logdet(A)",
    "amax": "max(x)",
    "amin": "min(x)",
    "arcsin": "asin(x)",
    "arccos": "acos(x)",
    "arctan": "atan(x)",
    "identity": "eye(n)",
    "einsum": 'einsum("ij,jk->ik", A, B)',
    "mm": "A B",
    "bmm": "einsum(…)",
    "logdet": "logdet(A)",
    "flatten": "vec(X)",
    "ravel": "vec(X)",
    "reshape": "reshape(x, m, n)",
    "diff": "grad(f, x)",
    "gradient": "grad(f, x)",
    "derivative": "grad(f, x)",
    "conj": "x: everything is real",
    "argmax": "onehot_max(x), 1 at the largest entry",
    "argmin": "onehot_min(x), 1 at the smallest entry",
    "mod": "x - y floor(x / y)",
    "Tr": "tr(A)",
    "t": "A'",
    "tg": "tan(x)",
    "total": "sum(x)",
    "reduce_sum": "sum(x)",
    "reduce_mean": "mean(x)",
    "crossprod": "A' B",
    "determinant": "det(A)",
    "cholesky": "chol(A)",
    "kronecker": "kron(A, B)",
    "hadamard": "A ⊙ B",
    "frobenius": "norm(X)",
    "nuclear": "norm(X, nuc)",
    "lambda_max": "eigmax(S)",
    "norm2": "norm(x)",
    "sgn": "sign(x)",
}
"""Names of NumPy and PyTorch that are other names here."""
