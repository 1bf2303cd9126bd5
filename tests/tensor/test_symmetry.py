"""Which matrices equal their transposes, and which axes may change places: what is known of a
function or a variable makes two ways to write one tensor the same object."""

from __future__ import annotations

import numpy as np
import pytest

from matcalc.check import evaluate, sample
from matcalc.emit.text import text
from matcalc.expr.nodes import Function, Shape
from matcalc.language import parse_program
from matcalc.tensor.canonical import contract, is_symmetric, opaque, transpose
from matcalc.tensor.lift import Lift
from matcalc.tensor.nodes import Tensor
from tests.tensor.networks import THREE, A, N, V, x, y
from tests.tensor.problems import lowering
from tests.tensor.test_written import split

SHAPES = {
    "A": "R^(n×n)", "B": "R^(n×n)", "S": "R^(n×n) symmetric", "P": "R^(n×n) spd",
    "D": "R^(n×n) diagonal", "L": "R^(n×n) lower", "X": "R^(m×n)", "x": "R^n", "y": "R^n",
    "s": "R", "Q": "R^(n×n) symmetric",
}  # fmt: skip

SYMMETRIC = """
S; P; D; eye(n); A + A'; A A'; A' A; X' X; A S A'; S A S A' S; x x'; S + x x'; A ⊙ A'; S ⊙ P;
exp(S); S.^2; S^2; S^3; 2 S - P / 3; inv(S); inv(P); expm(S); logm(P); sqrtm(P); pinv(S);
inv(A A'); inv(A + A'); inv(S)^2; expm_frechet(S, Q); expm_frechet2(S, P, Q); logm_frechet(P, S);
sylvester(S, S, P); sylvester(A, A', S); (A > 0) + (A' > 0); diag(x);
s S; s eye(n) + S; ones(n, n); tr(A) S; A' inv(S) A; tril(ones(n, n)) + triu(ones(n, n))
"""
NOT_SYMMETRIC = """
A; L; A - A'; A B; S P; S A; x y'; A + B; A ⊙ B; exp(A); A^2; inv(A); expm(A); expm_frechet(A, S);
expm_frechet(S, A); expm_frechet2(S, A, S); expm_frechet2(A, S, P); logm_frechet(P, A);
sylvester(S, A, P); sylvester(A, A, S); sylvester(S, S, A); sylvester(S, P, Q); chol(P); tril(S);
tril(ones(n, n)); A > A'; max(A, B); softmax(S, axis=1); diag(x) S; X; A' inv(B) A; S - x y'
"""


@pytest.mark.parametrize("program", split(SYMMETRIC))
def test_what_is_known_to_be_symmetric(program: str) -> None:
    expr = parse_program(program, SHAPES).expression
    t = lowering()(expr)
    assert is_symmetric(t) and transpose(t) is t
    drawn = sample([expr], [], np.random.default_rng(0))
    array = np.asarray(evaluate(expr, drawn.point, drawn.sizes))
    np.testing.assert_allclose(array, array.T, 1e-7, 1e-9)


@pytest.mark.parametrize("program", split(NOT_SYMMETRIC))
def test_what_is_not_symmetric(program: str) -> None:
    t = lowering()(parse_program(program, SHAPES).expression)
    assert not is_symmetric(t)
    assert transpose(t) is not t and transpose(transpose(t)) is t


TURNED = {
    "inv(A)'": "inv(A')", "expm(A)'": "expm(A')", "logm(A)'": "logm(A')", "sqrtm(A)'": "sqrtm(A')",
    "pinv(X)'": "pinv(X')", "expm_frechet(A, B)'": "expm_frechet(A', B')",
    "logm_frechet(A, B)'": "logm_frechet(A', B')",
    "expm_frechet2(A, B, S)'": "expm_frechet2(A', B', S)",
    "logm_frechet2(A, B, S)'": "logm_frechet2(A', S, B')",
    "expm_frechet2(A, B, S)": "expm_frechet2(A, S, B)",
    "sylvester(A, B, C)'": "sylvester(B', A', C')",
    "det(A')": "det(A)", "logdet(A')": "logdet(A)",
    "norm(X', nuc)": "norm(X, nuc)", "tr(A')": "tr(A)", "tr(A' B')": "tr(B A)",
    "(A S)'": "S A'", "x' S y": "y' S x", "tr(S A)": "tr(A S)", "(S ⊙ A)'": "S ⊙ A'",
    "det(A B')": "det(B A')",
}  # fmt: skip


@pytest.mark.parametrize(("program", "other"), TURNED.items())
def test_two_ways_to_write_one_tensor(program: str, other: str) -> None:
    first, second = (
        parse_program(e, SHAPES | {"C": "R^(n×n)"}).expression for e in (program, other)
    )
    assert lowering()(first) is lowering()(second)


DIFFERENT = {
    "chol(P)'": "chol(P')", "cumsum(A, axis=0)'": "cumsum(A', axis=0)", "vec(A')": "vec(A)",
    "expm_frechet(A, B)": "expm_frechet(B, A)", "sylvester(A, B, S)": "sylvester(B, A, S)",
    "expm_jacobian2(A, B)": "expm_jacobian2(B, A)", "x' A y": "y' A x",
    "expm_frechet2(A, B, S)": "expm_frechet2(B, A, S)",
}  # fmt: skip


@pytest.mark.parametrize(("program", "other"), DIFFERENT.items())
def test_what_is_not_the_same(program: str, other: str) -> None:
    first, second = (parse_program(e, SHAPES).expression for e in (program, other))
    assert lowering()(first) is not lowering()(second)


# --- derivatives of unknown functions: Schwarz's theorem


def unknown(domain: Shape, codomain: Shape, order: int, at: Tensor) -> Tensor:
    """The derivative of an order of an unknown function at a point: the axes of the value, then
    those of the variable once for each order."""
    function = Function("f", domain, codomain)
    return opaque((function, order), [at], codomain.dims + order * domain.dims)


VECTOR, SCALAR, MATRIX = Shape((N,)), Shape(()), Shape((N, N))


def test_a_hessian_is_symmetric() -> None:
    hessian = unknown(VECTOR, SCALAR, 2, x)
    assert is_symmetric(hessian) and transpose(hessian) is hessian
    assert text(Lift()(contract([(x, "i"), (hessian, "ji"), (A, "jk")], "k"))) == "A' H_f(x) x"


def test_a_jacobian_of_as_many_values_is_not() -> None:
    jacobian = unknown(VECTOR, VECTOR, 1, x)
    assert not is_symmetric(jacobian)
    assert transpose(jacobian) is not jacobian


def test_the_second_derivative_of_a_matrix_by_a_number_is_not() -> None:
    second = unknown(SCALAR, MATRIX, 2, contract([(x, "i"), (y, "i")], ""))
    assert not is_symmetric(second)
    assert transpose(second) is not second


@pytest.mark.parametrize(("order", "letters"), [(3, "ijk"), (4, "ijkl")])
def test_axes_of_one_variable_change_places(order: int, letters: str) -> None:
    third = unknown(VECTOR, SCALAR, order, x)
    whole = contract([(third, letters)], letters)
    assert whole is third
    assert contract([(third, letters)], letters[::-1]) is third
    turned = contract([(third, letters), (x, "i"), (A, "jm")], "m" + letters[2:])
    assert contract([(third, letters[::-1]), (x, "i"), (A, "jm")], "m" + letters[2:]) is turned


def test_axes_of_the_value_stay() -> None:
    second = unknown(VECTOR, VECTOR, 2, x)
    assert contract([(second, "ikj")], "ijk") is second
    assert contract([(second, "jik")], "ijk") is not second
    assert contract([(second, "kji"), (A, "ja"), (y, "i")], "ka") is contract(
        [(second, "kij"), (A, "ja"), (y, "i")], "ka"
    )


def test_axes_of_a_matrix_variable_belong_together() -> None:
    """∂²f / ∂X_ij ∂X_kl: i and j are no two variables."""
    second = unknown(MATRIX, SCALAR, 2, A)
    assert contract([(second, "jikl")], "ijkl") is not second
    assert contract([(second, "kjil")], "ijkl") is not second


def test_the_first_derivative_has_no_axes_to_change() -> None:
    first = unknown(Shape((N,)), MATRIX, 1, x)
    for order in ("jik", "ikj", "kji"):
        assert contract([(first, order)], "ijk") is not first


# --- the antisymmetric tensor


def test_signs_of_the_antisymmetric_tensor() -> None:
    made = lowering()(parse_program("levi_civita()", {}).expression)
    assert contract([(made, "jki")], "ijk") is made
    assert contract([(made, "jik")], "ijk") is contract([(made, "ijk")], "ijk", coefficient=-1)
    assert contract([(made, "iij"), (V, "jk")], "k") is contract([], "k", {"k": THREE}, 0)
