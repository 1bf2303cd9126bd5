"""Every function of the language, in every signature and along every axis: its value, first and
second derivative, each printed, read back, and compared with numerical differentiation.

A row is a call and the variables that it is differentiated by; the letters have one shape each.
"""

from __future__ import annotations

from typing import Final

import pytest

from matcalc import derive, parse
from matcalc.expression import Expression

SHAPES: Final = {
    "s": "R", "r": "R", "x": "R^n", "y": "R^n", "p": "R^n positive", "u": "R^m", "t": "R^n",
    "a": "R^3", "b": "R^3", "v": "R^(m*n)", "h": "R^(n*(n+1)/2)",
    "X": "R^(m×n)", "Y": "R^(m×n)", "P": "R^(m×n) positive", "Z": "R^(n×m)", "A": "R^(n×n)",
    "B": "R^(n×n)", "S": "R^(n×n) symmetric", "K": "R^(n×n) spd", "D": "R^(n×n) diagonal",
}  # fmt: skip

ELEMENTWISE: Final = (
    "exp log log1p expm1 sqrt abs sign sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh "
    "sigmoid softplus relu leaky_relu elu gelu silu erf erfc gamma lgamma digamma normcdf "
    "log_normcdf normpdf square recip xlogx log2 log10 log_sigmoid mish softsign huber floor ceil "
    "round"
).split()

SIGNATURES: Final = """
    polygamma(1, p) | p
    leaky_relu(x, 0.2) | x
    huber(x, s) | x s
    huber(X, 0.5) | X
    logit(sigmoid(x)) | x
    logaddexp(x, y) | x y
    hypot(x, y) | x y
    cumsum(x) | x
    cumsum(X, axis=0) | X
    cumsum(X, axis=1) | X
    clip(x, -1, 1) | x
    clip(x, y, t) | x y t
    clip(X, -1, 1) | X
    where(x > 0, y, x^2) | x y
    where(X > 0, Y, X.^2) | X Y
    max(x, y) | x y
    max(x, 0) | x
    min(x, y) | x y
    min(X, 1) | X
    max(X, Y) | X Y
    pow(p, 3) | p
    pow(p, y) | p y
    pow(P, s) | P s
    atan2(x, y) | x y
    atan2(X, Y) | X Y
    tr(A) | A
    tr(A B) | A B
    det(A) | A
    det(K) | K
    logdet(A) | A
    logdet(K) | K
    inv(A) | A
    inv(K) | K
    pinv(X) | X
    transpose(X) | X
    diag(x) | x
    diag(A) | A
    vec(X) | X
    unvec(v, m, n) | v
    vech(A) | A
    unvech(h, n) | h
    kron(A, X) | A X
    kron(x, y) | x y
    outer(x, u) | x u
    dot(x, y) | x y
    cross(a, b) | a b
    skew(a) | a
    solve(A, x) | A x
    solve(A, Z) | A Z
    chol(K) | K
    expm(A) | A
    expm(S) | S
    logm(K) | K
    sqrtm(K) | K
    eigmax(S) | S
    eigvecmax(S) | S
    polar(A) | A
    expm_frechet(A, B) | A B
    logm_frechet(K, B) | K B
    sylvester(A, B, X' Y) | A B
    s eye(n) | s
    s ones(n) | s
    s ones(m, n) | s
    s zeros(n) + x | x
    s e(1, n) | s
    hstack(X, Y) | X
    hstack(X, u) | X u
    vstack(X, Y) | Y
    vstack(X, x') | x
    blockdiag(A, X) | A X
    [s, r, s r] | s r
    tril(A) | A
    tril(A, -1) | A
    triu(A) | A
    triu(A, 1) | A
    einsum("ij,jk->ik", A, B) | A B
    einsum("ij,ij->", X, Y) | X
    einsum("ii->i", A) | A
    norm(x) | x
    norm(x, 1) | x
    norm(x, 2) | x
    norm(x, inf) | x
    norm(x, 3) | x
    norm(p, s) | p
    norm(X) | X
    norm(X, nuc) | X
    norm(X, 2) | X
    cross_entropy(x, y) | x y
    cross_entropy(X, Y, axis=0) | X Y
    cross_entropy(X, Y, axis=1) | X Y
    mse(x, y) | x y
    mse(X, Y) | X Y
    mse(X, Y, axis=0) | X Y
    mse(X, Y, axis=1) | X Y
    layernorm(x) | x
    layernorm(x, 0.1) | x
    layernorm(X, axis=0) | X
    layernorm(X, axis=1) | X
    layernorm(X, 0.1, axis=1) | X
    grad(sum(exp(x) ⊙ y), x) | x y
    jacobian(A tanh(x), x) | x
    hessian(sum(x^4) s, x) | x s
    grad(logdet(K), K) | K
    A \\ x | A x
    A^3 | A
    A^-2 | A
    x.^3 | x
    x[1] X[0,2] | x X
    X[1,:] | X
    X[:,0] | X
    X > Y | X
    x ⊙ y / (1 + p) | x y p
    D x | D x
"""

ALONG: Final = "sum mean prod max min var std logsumexp norm softmax log_softmax".split()
ONE_OUT: Final = "softmax log_softmax layernorm".split()


def rows() -> list[tuple[str, str]]:
    """Every call, with each variable it is to be differentiated by."""
    calls = [f"{name}(p) | p" for name in ELEMENTWISE] + [f"{name}(P) | P" for name in ELEMENTWISE]
    calls += [f"{name}(x) | x" for name in ALONG if name != "norm"]
    calls += [f"{name}(X, axis={k}) | X" for name in ALONG for k in (0, 1)]
    calls += [f"{name}(X) | X" for name in ALONG if name not in ONE_OUT and name != "norm"]
    calls += [f"norm(P, {p}, axis={k}) | P" for p in ("1", "2", "inf", "3") for k in (0, 1)]
    calls += [line for line in SIGNATURES.splitlines() if line.strip()]
    split = [call.split(" | ") for call in calls]
    return [(text.strip(), name) for text, names in split for name in names.split()]


INSIDE: Final = {"asin": "p / 9", "acos": "p / 9", "atanh": "p / 9", "acosh": "1 + p"}
"""Arguments that stay inside the domain."""


def call_of(text: str) -> str:
    """The call with its argument in the domain of the function."""
    name, _, rest = text.partition("(")
    inside = INSIDE.get(name)
    return f"{name}({inside.replace('p', rest[:-1])})" if inside else text


def shapes_of(text: str, extra: str = "") -> dict[str, str]:
    """The declarations of the letters that occur."""
    used = set(parse_names(text + extra))
    return {name: shape for name, shape in SHAPES.items() if name in used}


def parse_names(text: str) -> list[str]:
    """The one-letter words of a text."""
    word = "".join(c if c.isalnum() or c == "_" else " " for c in text)
    return [w for w in word.split() if len(w) == 1]


def read_back(expression: Expression, shapes: dict[str, str]) -> None:
    """What is printed means the same expression."""
    again = parse(str(expression), shapes)
    assert again.node.shape == expression.node.shape


@pytest.mark.parametrize(("text", "by"), rows(), ids=lambda value: value)
def test_first_derivative(text: str, by: str) -> None:
    text = call_of(text)
    shapes = shapes_of(text)
    read_back(parse(text, shapes), shapes)
    d = derive(text, by, shapes=shapes)
    report = d.check()
    assert report.passed, str(report)
    read_back(d.result, shapes)


@pytest.mark.parametrize(("text", "by"), rows(), ids=lambda value: value)
def test_second_derivative(text: str, by: str) -> None:
    text = call_of(text)
    shapes = shapes_of(text)
    scalar = not parse(text, shapes).node.shape.dims
    whole = f"({text})^2" if scalar else f"sum(({text}).^2)"
    d = derive(whole, by, kind="hessian", shapes=shapes)
    report = d.check()
    assert report.passed, str(report)
    read_back(d.result, shapes)
