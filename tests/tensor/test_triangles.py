"""Derivatives of what is stacked by triangles: Magnus & Neudecker's elimination matrix, by name."""

from __future__ import annotations

import pytest

from matcalc import derive, parse

SHAPES = {
    "X": "R^(n×n)", "S": "R^(n×n) symmetric", "A": "R^(n×n)", "Y": "R^(n×m)",
    "a": "R^(n*(n+1)/2)", "x": "R^n",
}  # fmt: skip

ROWS = [
    ("vech(X)", "X", "elimination(n)"),
    ("vech(S)", "S", "elimination(n) (eye(n*n) + commutation(n, n)) / 2"),
    ("2 vech(X) / 3", "X", "2 elimination(n) / 3"),
    ("vech(A X A')", "X", "elimination(n) (A ⊗ A)"),
    ("vech(Y Y')", "Y", "elimination(n) (eye(n*n) + commutation(n, n)) (Y ⊗ eye(n))"),
    ("tr(X) vech(X)", "X", "elimination(n) (vec(X) vec(eye(n))' + tr(X) eye(n*n))"),
    ("unvech(a, n)", "a", "elimination(n)'"),
    ("unvech(a, n) A", "a", "(A' ⊗ eye(n)) elimination(n)'"),
    ("vech(unvech(a, n) A)", "a", "elimination(n) (A' ⊗ eye(n)) elimination(n)'"),
    ("norm(unvech(a, n) A)^2", "a", "2 elimination(n) ((A A') ⊗ eye(n)) elimination(n)'"),
    ("norm(unvech(a, n)' x)^2", "a", "2 elimination(n) (eye(n) ⊗ (x x')) elimination(n)'"),
]


def test_an_index_of_a_triangle_is_not_summed_before_it() -> None:
    """A cycle of matrices that closes at an index which the basis of vech still carries: it was a
    KeyError."""
    text = "sum(softplus(vech(chol(gelu(A)))).^2)"
    d = derive(text, "A", kind="hvp", shapes={"A": "R^(n×n)"})
    assert str(d.shape) == "R^(n×n)"


@pytest.mark.parametrize(
    "text", ["norm(cosh(t duplication(n)))", "norm(t duplication(n)' duplication(n))"]
)
def test_an_axis_of_the_matrix_is_not_that_of_the_triangle(text: str) -> None:
    assert derive(text, "t", shapes={"t": "R"}).check().passed


@pytest.mark.parametrize(("text", "by", "printed"), ROWS, ids=[row[0] for row in ROWS])
def test_by_the_elimination_matrix(text: str, by: str, printed: str) -> None:
    d = derive(text, by, kind="hessian" if text.startswith("norm") else "auto", shapes=SHAPES)
    assert str(d) == printed
    assert d.check().passed
    assert parse(printed, SHAPES).node.shape == d.result.node.shape
