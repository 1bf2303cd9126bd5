"""Properties inferred through expressions, and that each of them holds on numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from matcalc.emit.numpy import compile_function
from matcalc.expr.nodes import Expr
from matcalc.expr.properties import properties
from matcalc.language import parse_program
from matcalc.rules.book import default_book
from matcalc.tensor.knowledge import KNOWN
from matcalc.tensor.lower import Lowering

SHAPES = {
    "A": "R^(n×n)",
    "B": "R^(n×n) invertible",
    "S": "R^(n×n) symmetric",
    "P": "R^(n×n) spd",
    "D": "R^(n×n) diagonal",
    "Q": "R^(n×n) orthogonal",
    "L": "R^(n×n) lower",
    "U": "R^(n×n) upper",
    "X": "R^(m×n)",
    "x": "R^n",
    "p": "R^n positive",
    "c": "R positive",
    "t": "R",
}

CASES = [
    ("S + S^2", "symmetric"),
    ("S.^2", "symmetric nonnegative"),
    ("(S.^2).^(t^2)", "symmetric nonnegative"),
    ("S + A", ""),
    ("A + A'", "symmetric"),
    ("A B + B' A'", "symmetric"),
    ("X' X", "symmetric semidefinite"),
    ("X' X + c eye(n)", "spd symmetric invertible"),
    ("X' X + t eye(n)", "symmetric"),
    ("B' B", "spd"),
    ("A P A'", "semidefinite symmetric"),
    ("B P B'", "spd"),
    ("x x'", "symmetric semidefinite"),
    ("x' x", "nonnegative"),
    ("x' P x", "nonnegative"),
    ("x' A x", ""),
    ("x · x", "nonnegative"),
    ("P^-1", "spd"),
    ("L^-1", "lower invertible"),
    ("L'", "upper"),
    ("L L", "lower"),
    ("L U", ""),
    ("-D", "diagonal lower upper symmetric"),
    ("Q Q", "orthogonal invertible"),
    ("2 Q", "invertible"),
    ("t Q", ""),
    ("Q'", "orthogonal"),
    ("D ⊙ A", "diagonal"),
    ("P ⊙ P", "spd"),
    ("P ⊗ P", "spd"),
    ("P / c", "spd"),
    ("P / t", "symmetric invertible"),
    ("c P", "spd"),
    ("t P", "symmetric"),
    ("diag(p)", "spd diagonal nonnegative"),
    ("diag(x)", "diagonal"),
    ("diag(x^2)", "diagonal semidefinite nonnegative"),
    ("diag(P)", "positive"),
    ("exp(S)", "positive symmetric"),
    ("expm(S)", "spd"),
    ("expm(A)", "invertible"),
    ("chol(P)", "lower invertible"),
    ("sqrtm(P)", "spd"),
    ("tril(A)", "lower"),
    ("x^2", "nonnegative"),
    ("x^3", ""),
    ("p^3", "positive"),
    ("1 + x^2", "positive"),
    ("x > 0", "nonnegative"),
    ("p / (1 + x^2)", "positive"),
    ("norm(x) + c", "positive"),
    ("max(x, p)", "positive"),
    ("det(P)", "positive"),
    ("ones(n, n)", "positive symmetric semidefinite"),
    ("zeros(n, n)", "diagonal nonnegative"),
    ("eye(n)", "spd orthogonal diagonal"),
    ("hessian(sum(exp(x)), x)", "symmetric"),
    ("blockdiag(P, P)", "spd"),
    ("[c, 1]", "positive"),
]

ELSEWHERE = {"blockdiag(P, P)", "[c, 1]", "diag(P)", "det(P)", "x' P x", "hessian(sum(exp(x)), x)"}
"""Cases that only matrix notation knows."""

INDEXED = [(text, expected) for text, expected in CASES if text not in ELSEWHERE] + [
    ("A + A'", "symmetric"),
    ("A x x' A'", "semidefinite"),
    ("X diag(x^2) X'", "semidefinite"),
    ("B' diag(p) B", "spd"),
    ("A' diag(p) A + c eye(n)", "spd invertible"),
    ("eye(n) + x x'", "spd"),
    ("diag(p) + x x'", "spd"),
    ("ones(n, n) + P", "spd"),
    ("S S'", "semidefinite"),
    ("B S B'", "symmetric"),
    ("Q D Q'", "symmetric"),
    ("Q P Q'", "spd"),
    ("Q B", "invertible"),
    ("Q diag(p)", "invertible"),
    ("(X' X + c eye(n))^-1", "spd"),
    ("expm(A + A')", "spd"),
    ("A ⊗ A", ""),
    ("Q ⊗ Q", "orthogonal"),
    ("L ⊗ L", "lower"),
    ("polar(B)", "orthogonal"),
    ("chol(X' X + c eye(n))", "lower invertible"),
    ("L ⊙ A", "lower"),
    ("L + D", "lower"),
    ("U L", ""),
    ("relu(p)", "positive"),
    ("exp(x) ⊙ abs(x)", "nonnegative"),
    ("sqrt(x^2)", "nonnegative"),
    ("sinh(p)", "positive"),
    ("where(x > 0, p, 1)", "positive"),
    ("min(p, x)", ""),
    ("softmax(x) / c", "positive"),
    ("B Q B'", "invertible"),
    ("B' diag(x) B", "symmetric"),
    ("x p'", ""),
    ("(x + p) (x + p)'", "semidefinite"),
    ("c A A' + D D'", "semidefinite"),
    ("X' X - c eye(n)", "symmetric"),
    ("1 / P", "symmetric"),
    ("1 / (L + ones(n, n))", ""),
    ("P.^2", "spd"),
    ("S.^2", "symmetric"),
    ("L.^3", "lower"),
    ("D.^3", "diagonal"),
    ("Q.^3", ""),
    ("logm(D D + eye(n))", "diagonal"),
    ("sqrtm(D D + eye(n))", "diagonal spd"),
    ("expm(D)", "diagonal spd"),
    ("expm(L)", "lower invertible"),
    ("expm(Q)", "invertible"),
    ("pinv(P)", "spd"),
    ("pinv(Q)", "orthogonal"),
    ("pinv(D)", "diagonal"),
    ("chol(diag(p))", "diagonal lower invertible"),
    ("polar(A)", ""),
    ("U^-1", "upper invertible"),
    ("h = A + A'\nh + S", "symmetric"),
    ("h = X' X\n2 h", "semidefinite symmetric"),
    ("tril(A, 1)", ""),
    ("tril(A, -1)", "lower"),
    ("triu(A, 1)", "upper"),
    ("triu(A, -1)", ""),
    ("L ⊗ U", ""),
    ("D ⊗ P", "symmetric"),
    ("D ⊗ D", "diagonal"),
    ("P ⊙ A", ""),
    ("P ⊙ S", "symmetric"),
    ("diag(x) A diag(x)", ""),
    ("diag(x) P diag(x)", "semidefinite"),
    ("diag(p) P diag(p)", "spd"),
    ("L diag(x) L", "lower"),
    ("L diag(1 / x)", "lower"),
    ("B diag(1 / x)", "invertible"),
    ("t L", "lower"),
    ("Q P Q", "invertible"),
    ("P Q", "invertible"),
    ("A' S A", "symmetric"),
    ("A' A A' A", "semidefinite"),
    ("A' P A + P", "spd"),
    ("P - S", "symmetric"),
    ("-P", "symmetric invertible"),
    ("x x' + p p'", "semidefinite"),
    ("x x' - p p'", "symmetric"),
    ("(A x) (A x)'", "semidefinite"),
    ("c x x'", "semidefinite"),
    ("t x x'", "symmetric"),
    ("x^2 - c", ""),
    ("p - c", ""),
    ("-p", ""),
    ("c - p^2", ""),
    ("t^2 + c", "positive"),
    ("x^4", "nonnegative"),
    ("p^-3", "positive"),
    ("sqrt(p)", "positive"),
    ("p^t", "positive"),
    ("sigmoid(x)", "positive"),
    ("softplus(x)", "positive"),
    ("cosh(x)", "positive"),
    ("normpdf(x)", "positive"),
    ("normcdf(x)", "positive"),
    ("erfc(x)", "positive"),
    ("softmax(x)", "positive"),
    ("x >= 0", "nonnegative"),
    ("x == p", "nonnegative"),
    ("norm(A, 2)", "nonnegative"),
    ("norm(A, nuc)", "nonnegative"),
    ("std(x)", "nonnegative"),
    ("tanh(p)", "positive"),
    ("atan(p)", "positive"),
    ("asinh(p)", "positive"),
    ("log1p(p)", "positive"),
    ("expm1(p)", "positive"),
    ("erf(p)", "positive"),
    ("abs(p)", "positive"),
    ("tanh(x)", ""),
    ("tanh(abs(x))", "nonnegative"),
    ("max(x, 0)", "nonnegative"),
    ("max(p)", "positive"),
    ("min(p)", "positive"),
    ("prod(p)", "positive"),
    ("max(x)", ""),
    ("min(p, p^2)", "positive"),
    ("min(p, x^2)", "nonnegative"),
    ("where(x > 0, p, x)", ""),
    ("where(x > 0, x, p)", ""),
    ("where(x > 0, x^2, p)", "nonnegative"),
    ("vec(A.^2)", "nonnegative"),
    ("reshape(p p', n * n)", "positive"),
    ("pi c", "positive"),
    ("n c", "positive"),
    ("e(0, n)", "nonnegative"),
    ("tril(exp(A))", "nonnegative lower"),
    ("vstack(p, x^2)", "nonnegative"),
    ("h = p^2\nh + c", "positive"),
    ("p · x", ""),
    ("p · p", "positive"),
]

NUMBERS = [text for text, _ in [*CASES, *INDEXED] if "hessian" not in text]

HOLDS: dict[str, Callable[[Any], bool]] = {
    "symmetric": lambda a: np.allclose(a, a.T),
    "semidefinite": lambda a: bool(np.linalg.eigvalsh(a).min() > -1e-9),
    "spd": lambda a: bool(np.linalg.eigvalsh(a).min() > 1e-9),
    "diagonal": lambda a: np.allclose(a, np.diag(np.diag(a))),
    "orthogonal": lambda a: np.allclose(a @ a.T, np.eye(len(a))),
    "invertible": lambda a: bool(abs(np.linalg.det(a)) > 1e-9),
    "lower": lambda a: np.allclose(a, np.tril(a)),
    "upper": lambda a: np.allclose(a, np.triu(a)),
    "positive": lambda a: bool(np.all(a > 0)),
    "nonnegative": lambda a: bool(np.all(a >= 0)),
}


def parsed(text: str) -> Expr:
    return parse_program(text, SHAPES).expression


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_inferred(text: str, expected: str) -> None:
    found = properties(parsed(text))
    assert set(expected.split()) <= found
    if not expected:
        assert not found


def in_index_notation(expr: Expr) -> frozenset[str]:
    """What is known of the tensor of an expression."""
    return KNOWN[True](Lowering(default_book())(expr))


@pytest.mark.parametrize(("text", "expected"), INDEXED)
def test_inferred_in_index_notation(text: str, expected: str) -> None:
    found = in_index_notation(parsed(text))
    assert set(expected.split()) <= found
    if not expected:
        assert not found


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_inferred_holds(text: str) -> None:
    program = parse_program(text, SHAPES)
    symbols = list(program.variables.values())
    function = compile_function("f", [program.expression], symbols, single=True)
    rng = np.random.default_rng(1)
    a = rng.standard_normal((3, 3))
    point: dict[str, Any] = {
        "A": a,
        "B": a + 6 * np.eye(3),
        "S": a + a.T,
        "P": a @ a.T + np.eye(3),
        "D": np.diag(a[0]),
        "Q": np.linalg.qr(a)[0],
        "L": np.tril(a) + 3 * np.eye(3),
        "U": np.triu(a) + 3 * np.eye(3),
        "X": rng.standard_normal((2, 3)),
        "x": a[1],
        "p": np.exp(a[2]),
        "c": 0.7,
        "t": -0.4,
    }
    value = function(**{symbol.name: point[symbol.name] for symbol in symbols})
    expr = program.expression
    for name in properties(expr) | in_index_notation(expr):
        assert HOLDS[name](value), name


def test_deep_graphs_are_no_problem() -> None:
    from matcalc.expr import build

    expr: Expr = parsed("P")
    for _ in range(5000):
        expr = build.transpose(expr)
    assert "spd" in properties(expr)
