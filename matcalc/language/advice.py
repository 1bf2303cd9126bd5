"""What words of other notations are here: options of functions, properties, shapes, inverses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ARGUMENTS: Final[Mapping[str, str]] = {
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
