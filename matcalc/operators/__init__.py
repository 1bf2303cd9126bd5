"""Matrices known by their structure: what `d.function(structured=True)` returns.

Each is a `scipy.sparse.linalg.LinearOperator`, so that SciPy's solvers take it, and besides has
`.toarray()`, `.diagonal()`, `.T`, and `.solve(b)` where the structure gives one.  None of them ever
makes the matrix that it stands for, but for `.toarray()`.  They refer to the arrays that they were
made from and do not copy them.  The package needs NumPy and SciPy and nothing else.

A matrix between vec(X) and vec(Y) has the columns of X and Y stacked: `vec(X)` is
`X.ravel(order="F")`, and `(H @ X.ravel(order="F")).reshape(Y.shape, order="F")` is Y.
"""

from matcalc.operators.algebra import Dense, Diagonal, Identity, Operator, Product, Sum
from matcalc.operators.kinds import BlockDiagonal, Commutation, Inverse, Kronecker, LowRank

__all__ = [
    "BlockDiagonal", "Commutation", "Dense", "Diagonal", "Identity", "Inverse", "Kronecker",
    "LowRank", "Operator", "Product", "Sum",
]  # fmt: skip
