"""The matrix of a linear function is not needed where it meets one direction, on either side."""

from __future__ import annotations

import pytest

from matcalc import parse
from matcalc.rules.adjoints import forward, turned
from matcalc.rules.book import default_book
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import contract, split
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Contract
from tests.golden.test_identities import simplified

SHAPES = {
    **dict.fromkeys("AB", "R^(n×n)"),
    **dict.fromkeys("MN", "R^(m×m)"),
    "Y": "R^(n×m)",
    "K": "R^((m*n)×(m*n))",
    "u": "R^n",
}


@pytest.mark.parametrize(
    ("matrix", "before", "after"),
    [  # unvec(K vec(Y)) and unvec(K' vec(Y)); "" where K is no matrix of a known function
        ("inv(eye(m) ⊗ A + M' ⊗ eye(n))", "sylvester(A, M, Y)", "sylvester(A', M', Y)"),
        ("inv(M' ⊗ eye(n) + eye(m) ⊗ A)", "sylvester(A, M, Y)", "sylvester(A', M', Y)"),
        ("inv(eye(m) ⊗ (A B) + M ⊗ eye(n))", "sylvester(A B, M', Y)", "sylvester(B' A', M, Y)"),
        ("inv(eye(m) ⊗ A + (M N) ⊗ eye(n))", "sylvester(A, N' M', Y)", "sylvester(A', M N, Y)"),
        ("inv(eye(m) ⊗ A + 2 (M' ⊗ eye(n)))", "", ""),
        ("inv(2 (eye(m) ⊗ A) + M' ⊗ eye(n))", "", ""),
        ("inv(eye(m) ⊗ A + M' ⊗ B)", "", ""),
        ("inv(N ⊗ A + M' ⊗ eye(n))", "", ""),
        ("inv(eye(m) ⊗ A + eye(m) ⊗ B)", "", ""),
        ("inv(eye(m) ⊗ A + M' ⊗ eye(n) + N ⊗ B)", "", ""),
        ("pinv(eye(m) ⊗ A + M' ⊗ eye(n))", "", ""),
        ("inv(M ⊗ A)", "", ""),
        ("inv(ones(m, m) ⊗ A + M' ⊗ eye(n))", "", ""),
        ("inv(eye(m) ⊗ (u ones(n)') + M' ⊗ eye(n))", "", ""),
        ("K", "", ""),
    ],
)
def test_the_matrix_of_a_sylvester_equation(matrix: str, before: str, after: str) -> None:
    lowering = Lowering(default_book())
    normal = Simplifier(None, default_book())
    y = lowering(parse("Y", SHAPES).node)
    n, m = y.dims
    opened = split(lowering(parse(matrix, SHAPES).node), (2, 2), (m, n, m, n))
    for labels, wanted in (((1, 0, 3, 2), before), ((3, 2, 1, 0), after)):
        product = contract([(opened, labels), (y, (2, 3))], (0, 1))
        assert isinstance(product, Contract)
        found = forward(product)
        if wanted:
            assert found is not None
            assert normal(found) is normal(lowering(parse(wanted, SHAPES).node))
        else:
            assert found is None


@pytest.mark.parametrize(
    ("product", "readings"),
    [
        ("tr(expm_frechet(A, B))", ["sum(expm_frechet(A', eye(n)) ⊙ B)"]),
        ("u' expm_frechet(A, B) v", ["sum(expm_frechet(A', u v') ⊙ B)"]),
        ("v · diag(expm_frechet(A, B))", ["sum(expm_frechet(A', diag(v)) ⊙ B)"]),
        ("(C C' C v) · diag(expm_frechet(A, B))",
         ["sum(expm_frechet(A', diag(C C' C v)) ⊙ B)"]),
        ("u' expm_frechet2(A, B, C) v",
         ["sum(expm_frechet2(A', u v', C') ⊙ B)", "sum(expm_frechet2(A', B', u v') ⊙ C)"]),
        ("u' logm_frechet2(A, B, C) v",
         ["sum(logm_frechet2(A', u v', C') ⊙ B)", "sum(logm_frechet2(A', B', u v') ⊙ C)"]),
        ("u' sylvester(A, B, C) v", ["sum(sylvester(A', B', u v') ⊙ C)"]),
        ("sum(expm_frechet(A, B) ⊙ logm_frechet(A, C))",
         ["sum(expm_frechet(A', logm_frechet(A, C)) ⊙ B)",
          "sum(logm_frechet(A', expm_frechet(A, B)) ⊙ C)"]),
        ("expm_frechet(A, B) u", []),
        ("u' inv(A) v", []),
    ],
)  # fmt: skip
def test_a_product_closed_by_a_linear_function(product: str, readings: list[str]) -> None:
    """<G, L(A, E)> is <L*(A, G), E>, for each such function in it and each of its directions."""
    lowering = Lowering(default_book())
    shapes = {**dict.fromkeys("ABC", "R^(n×n)"), **dict.fromkeys("uv", "R^n")}
    before, *wanted = (lowering(parse(text, shapes).node) for text in (product, *readings))
    assert isinstance(before, Contract)
    assert set(turned(before, lambda t: t)) == set(wanted)


@pytest.mark.parametrize(
    ("expression", "result"),
    [  # <L(A, E), I> = <E, L(A', I)>, and this one is known
        ("tr(expm_frechet(A, B))", "tr(expm(A) B)"),
        ("tr(logm_frechet(A, B))", "tr(A^-1 B)"),
        ("x tr(expm_frechet(A, B))", "tr(expm(A) B) x"),
        ("x y' tr(expm_frechet(A, B))", "tr(expm(A) B) x y'"),
        ("tr(expm_frechet(A, B) A)", "tr(expm_frechet(A, B) A)"),
        ("diag(expm_frechet(A, B))", "diag(expm_frechet(A, B))"),
        ("x' expm_frechet(A, B) y", "x' expm_frechet(A, B) y"),
    ],
)
def test_a_linear_function_in_a_product_that_closes_it(expression: str, result: str) -> None:
    shapes = {"A": "R^(n×n)", "B": "R^(n×n)", "x": "R^n", "y": "R^n"}
    declared = ", ".join(f"{name}: {shape}" for name, shape in shapes.items() if name in expression)
    assert simplified(f"{expression} where {declared}") == result
