"""Matrix expressions to SymPy and back: equal in numbers, or a clear error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy.matrices.expressions.hadamard import HadamardProduct
from sympy.matrices.expressions.kronecker import KroneckerProduct

from matcalc import InputError, derive, from_sympy, parse
from matcalc.check import same_value, sample
from matcalc.check.evaluate import evaluate

SHAPES = {
    "A": "R^(m×n)", "B": "R^(m×n)", "S": "R^(n×n) spd", "Z": "R^(n×n)", "x": "R^n", "y": "R^n",
    "u": "R^m", "s": "R", "t": "R positive", "f": "R -> R",
}  # fmt: skip

THERE_AND_BACK = """
s
2 s + 1/3
-s^2 / (1 + t)
exp(s) sin(t) + log(t)
besselj(0, s) + lambertw(t)
max(0, s) + abs(s)
sqrt(t) + pi
x
x'
x' y
x · y + s
x y'
A x
A' u + 2 x
-A x - u
A x + s
A + u
A + x'
A - 1
A ⊙ B
A ./ (1 + B ⊙ B)
s / (1 + exp(x))
S^-1 x
S \\ x
S^3 x
tr(S Z)
det(S) logdet(S)
inv(S + eye(n))
A ⊗ B
x ⊗ y
exp(A x)
A.^2
x.^s
max(0, A x - u)
sigmoid(A)
(A > 0) ⊙ A
sum(A)
sum(A, axis=0)
mean(A, axis=1)
mean(x)
norm(x) + norm(A)
diag(x) Z
diag(Z)
ones(n) x'
A zeros(n)
A[0, 1] + x[2]
[s, t, s t]
softmax(x)
logsumexp(A x)
log_softmax(x)
mse(x, y)
f(s) + f'(s)
f(A x)
x' S x / (x' x)
n (x' y) + 1/n
"""


def row(text: str) -> Any:
    return pytest.param(text, id=text)


@pytest.mark.parametrize("text", [row(t) for t in THERE_AND_BACK.split("\n") if t])
def test_there_and_back(text: str) -> None:
    expression = parse(text, SHAPES)
    if "'(" in text:
        with pytest.raises(InputError, match="no notation for SymPy's Derivative"):
            from_sympy(expression.to_sympy())
        return
    again = from_sympy(expression.to_sympy())
    assert again.shape == expression.shape
    report = same_value(expression.node, again.node, expression.variables)
    assert report, str(report)
    printed = parse(str(again), again.declarations())
    assert printed.node.shape == again.shape


@pytest.mark.parametrize(
    "text", ["s", "x", "A x", "exp(A x)", "A ⊙ B", "x' S x / (x' x)", "S^-1 x"]
)
def test_sympy_gives_the_same_numbers(text: str) -> None:
    """Against SymPy's own evaluation with explicit matrices."""
    expression = parse(text, {**SHAPES, "n": "R"} if text == "n" else SHAPES)
    drawn = sample([expression.node], expression.variables, np.random.default_rng(0))
    value: Any = expression.to_sympy()
    value = value.subs(
        {sp.Symbol(d, integer=True, positive=True): k for d, k in drawn.sizes.items()}
    )
    for symbol in expression.variables:
        array = drawn.point[symbol.name]
        if symbol.shape.dims:
            rows = sp.Matrix(array if array.ndim == 2 else array[:, None])
            value = value.subs(sp.MatrixSymbol(symbol.name, *rows.shape), sp.ImmutableMatrix(rows))
        else:
            value = value.subs(sp.Symbol(symbol.name), float(array))
    got = np.array(sp.Matrix([value.doit()]) if value.is_scalar else sp.Matrix(value.doit()), float)
    wanted = evaluate(expression.node, drawn.point, drawn.sizes)
    np.testing.assert_allclose(got.reshape(wanted.shape), wanted, rtol=1e-9)


@pytest.mark.parametrize(
    "text",
    ['einsum("ij,jk->ik", A, Z)', "chol(S)", "A[0, :]", "max(A, B)", "prod(x)", "norm(A, nuc)"],
)
def test_what_sympy_cannot_say(text: str) -> None:
    with pytest.raises(InputError, match="SymPy has no"):
        parse(text, SHAPES).to_sympy()


n, m = sp.symbols("n m", integer=True, positive=True)
A, S, x = sp.MatrixSymbol("A", m, n), sp.MatrixSymbol("S", n, n), sp.MatrixSymbol("x", n, 1)
w, a = sp.MatrixSymbol("w", n, 1), sp.Symbol("a")
FROM = [
    (sp.Trace(S * S.T), "S", "2 S"),
    (x.T * S * x, "x", "x' (S + S')"),
    (sp.log(sp.Determinant(S)), "S", "S^-T"),
    (sp.exp(a) * sp.besselj(0, a), "a", None),
    ((A * x).applyfunc(sp.tanh), "x", None),
    (HadamardProduct(x, w), "x", "diag(w)"),
    (KroneckerProduct(A, x), "x", None),
    (sp.Trace(x.T * w) ** 2, "x", None),
    (sp.Matrix([a**2, sp.sin(a)]), "a", None),
]


@pytest.mark.parametrize(("expression", "wrt", "result"), FROM, ids=[str(row[0]) for row in FROM])
def test_derive_takes_what_comes_from_sympy(expression: Any, wrt: str, result: str | None) -> None:
    d = derive(from_sympy(expression), wrt)
    assert result is None or str(d) == result
    assert d.check().passed


def test_a_derivative_goes_to_sympy() -> None:
    d = derive("x' S x", "x, S", shapes={"S": "n×n"})
    by_x, by_s = d.to_sympy()
    assert by_x == x.T * (S + S.T)
    assert by_s == x * x.T
    hessian = derive("x' S x", "x", kind="hessian", shapes={"S": "n×n"}).to_sympy()
    assert hessian == S + S.T


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("x", "an expression of SymPy is wanted"),
        (sp.Integral(a, a), "no notation for SymPy's Integral"),
        (sp.I * a, "no notation for SymPy's"),
        (sp.Function("g")(a, a), "no notation for SymPy's g"),
        (sp.Symbol("a b"), "is no name"),
        (sp.DiracDelta(a), "no notation for SymPy's DiracDelta"),
        (sp.MatrixSymbol("X", n / m, 2), "is no dimension"),
    ],
)
def test_what_the_language_cannot_say(expression: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_sympy(expression)
