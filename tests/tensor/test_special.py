"""The constant tensors of rank 3 as they are written: cross products and skew-symmetric matrices,
and what is stacked by triangles."""

from __future__ import annotations

import pytest

from matcalc.language import parse_program
from tests.tensor.problems import lowering
from tests.tensor.written import written_again

SHAPES = {
    "a": "R^3", "b": "R^3", "c": "R^3", "C": "R^(3×3)", "D": "R^(3×m)", "A": "R^(n×n)",
    "B": "R^(n×n)", "S": "R^(n×n) symmetric", "x": "R^n", "y": "R^n", "h": "R^(n*(n+1)/2)",
    "g": "R^(n*(n+1)/2)", "X": "R^(m×n)", "s": "R",
}  # fmt: skip
EPSILON = "levi_civita()"

WRITTEN = {
    "cross(a, b)": "cross(a, b)",
    "cross(b, a)": "-cross(a, b)",
    "cross(C a, b)": "cross(C a, b)",
    "cross(a, C b)": "-cross(C b, a)",
    "skew(a)": "skew(a)",
    "skew(a)'": "-skew(a)",
    "skew(2 a)": "2 skew(a)",
    "skew(a + b)": "skew(a + b)",
    "skew(a ⊙ b)": "skew(a ⊙ b)",
    "skew(a) b": "cross(a, b)",
    "a' skew(b)": "cross(a, b)",
    "skew(a) C": "skew(a) C",
    "C skew(a)": "C skew(a)",
    "skew(a) D": "skew(a) D",
    "D' skew(a)": "D' skew(a)",
    "skew(a) skew(b)": "skew(a) skew(b)",
    "skew(a) diag(b)": "skew(a) diag(b)",
    "skew(a)^2": "skew(a)^2",
    "skew(cross(a, b))": "skew(cross(a, b))",
    "skew(a) skew(b) a": "-skew(a) cross(a, b)",
    "a' skew(b) C": "C' cross(a, b)",
    "a · cross(b, C a)": "cross(a, b)' C a",
    "a · cross(b, c)": "a · cross(b, c)",
    "c · cross(b, a)": "-a · cross(b, c)",
    "cross(a, b) c'": "cross(a, b) c'",
    "cross(ones(3), a)": "-cross(a, ones(3))",
    "tr(skew(a) C)": "sum(C' ⊙ skew(a))",
    "tr(skew(a) skew(b))": "-sum(skew(a) ⊙ skew(b))",
    "vech(A)": "vech(A)",
    "vech(A')": "vech(A')",
    "vech(A A')": "vech(A A')",
    "vech(x x')": "vech(x x')",
    "vech(x y')": "vech(x y')",
    "vech(A ⊙ B)": "vech(A ⊙ B)",
    "vech(diag(x) A)": "vech(diag(x) A)",
    "vech(A diag(x))": "vech(A diag(x))",
    "vech(S)": "vech(S)",
    "2 vech(A)": "2 vech(A)",
    "vech(A) x'": "vech(A) x'",
    "vech(A) ⊙ h": "h ⊙ vech(A)",
    "vech(A) · h": "sum(A ⊙ unvech(h, n))",
    "h · g": "g · h",
    "unvech(h, n)": "unvech(h, n)",
    "unvech(h, n)'": "unvech(h, n)'",
    "unvech(h, n) A": "unvech(h, n) A",
    "X unvech(h, n)": "X unvech(h, n)",
    "x' unvech(h, n) y": "x' unvech(h, n) y",
    "unvech(h, n) ⊙ A": "A ⊙ unvech(h, n)",
    "unvech(h ⊙ g, n)": "unvech(g ⊙ h, n)",
    "unvech(vech(A), n)": "tril(A)",
    "sum(vech(A))": "sum(tril(A))",
    "elimination(n)": "elimination(n)",
    "elimination(n)'": "elimination(n)'",
    "duplication(n)": "duplication(n)",
    "duplication(n)'": "duplication(n)'",
    "elimination(n) vec(A)": "vech(A)",
    "elimination(n) (A ⊗ B)": "elimination(n) (A ⊗ B)",
    "(A ⊗ B) elimination(n)'": "(A ⊗ B) elimination(n)'",
    "elimination(n) (A ⊗ A) elimination(n)'": "elimination(n) (A ⊗ A) elimination(n)'",
}
AXES = {
    f'einsum("ijk,i->jk", {EPSILON}, a)': "-skew(a)",
    f'einsum("ijk,j->ik", {EPSILON}, a)': "skew(a)",
    f'einsum("ijk,k->ij", {EPSILON}, a)': "-skew(a)",
    f'einsum("ijk,j->ki", {EPSILON}, a)': "-skew(a)",
    f'einsum("ijk,j,k->i", {EPSILON}, a, b)': "cross(a, b)",
    f'einsum("ijk,i,k->j", {EPSILON}, a, b)': "-cross(a, b)",
    f'einsum("ijk,i,j->k", {EPSILON}, a, b)': "cross(a, b)",
    f'einsum("ijk,i,j,k->", {EPSILON}, a, b, c)': "a · cross(b, c)",
    f'einsum("ijk,jl,l->ik", {EPSILON}, C, a)': "skew(C a)",
    f'einsum("ijk,jk->i", {EPSILON}, C)': 'einsum("jk,ijk->i", C, levi_civita())',
    f'einsum("ijk->kij", {EPSILON})': "levi_civita()",
}


@pytest.mark.parametrize(("program", "wanted"), (WRITTEN | AXES).items())
def test_written_as_it_is_known(program: str, wanted: str) -> None:
    said, t = written_again(program, SHAPES)
    assert said == wanted
    assert lowering()(parse_program(wanted, SHAPES).expression) is t
