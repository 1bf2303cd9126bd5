"""Gradients, Jacobians and Hessians of programs of many kinds, against the oracle.

A row is a program, what it is derived by, and the kind; shapes not declared in it are inferred.
Each result is checked as an array, as text that is read back, and as compiled code.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest

from matcalc import InputError, MatcalcError, derive, parse
from matcalc.calculus.forward import pushforward
from matcalc.calculus.layouts import has_matrices
from matcalc.check import evaluate, same_value, sample
from matcalc.errors import DerivationError
from matcalc.kinds import Kind
from matcalc.result import Derivation
from matcalc.rules.book import default_book
from matcalc.tensor.canonical import UNIT
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Atom, postorder

G, J, H = "gradient", "jacobian", "hessian"

PROGRAMS: Final = [
    # scalars
    ("3 x^2 y + y^3", "x, y", G),
    ("3 x^2 y + y^3", "x, y", H),
    ("x^y where x: R positive", "x, y", H),
    ("log(x) / (1 + x^2) where x: R positive", "x", H),
    ("sin(x y) exp(-x)", "[x, y]", G),
    ("sin(x y) exp(-x)", "[x, y]", H),
    ("[x y, x + y, x / (1 + y^2)]", "[x, y]", J),
    ("atan2(y, x)", "x, y", H),
    ("max(x, y)^2 + min(x, 0)", "x, y", G),
    ("where(x > y, x^2, y^3)", "x, y", G),
    ("clip(x, -1, 1) y", "x", G),
    ("polygamma(1, x) where x: R positive", "x", H),
    # vectors
    ("x ⊙ y / (1 + y.^2) where x: R^n, y: R^n", "y", J),
    ("x.^3 + 2 x where x: R^n", "x", J),
    ("pow(1 + x.^2, y) where x: R^n, y: R^n", "x, y", J),
    ("(x · y)^2 / (1 + norm(x)^2)", "x, y", G),
    ("(x · y)^2 / (1 + norm(x)^2)", "x, y", H),
    ("norm(x - y, 3)", "x", H),
    ("norm(x, 1) + norm(x, inf) where x: R^n", "x", G),
    ("prod(x) where x: R^n", "x", H),
    ("max(x) min(y) where x: R^n, y: R^n", "x, y", H),
    ("x / norm(x) where x: R^n", "x", J),
    ("a' x b where x: R^n, a: R^n, b: R^m", "x", J),
    ("a' x b' y A where x: R^n, a: R^n, b: R^m, y: R^m, A: R^(m×n)", "x, A", J),
    ("x a' b where x: R^n, a: R^n, b: R^n", "a", J),
    ("cross(x, y) · z where x: R^3, y: R^3, z: R^3", "x", G),
    ("skew(x) y where x: R^3, y: R^3", "x", J),
    ("e(i, n) · x + x[i]^2 where x: R^n", "x", H),
    ("vstack(x, 2 y, 1) where x: R^n, y: R^m", "x, y", J),
    ("x where x: R^n, y: R^m", "y", J),
    ("s ones(n) where s: R", "s", J),
    # rows and transposes
    ("x' where x: R^n", "x", J),
    ("x' A where A: R^(n×m), x: R^n", "x", J),
    ("(x' A)' ⊙ y where A: R^(n×m)", "x", J),
    ("sum(X + b') where X: R^(m×n), b: R^n", "b", G),
    ("(X + b')' u where X: R^(m×n), b: R^n, u: R^m", "b, u", J),
    # literals, entries, rows, columns
    ("[x[0] x[1], x[1]^2, 1] where x: R^2", "x", J),
    ("[[a, b], [c, d]][0,1] + det([[a, b], [c, d]]) where a: R, b: R, c: R, d: R", "a, b", G),
    ("X[i,:] w + X[0,1] where X: R^(m×n), w: R^n", "X, w", G),
    ("X[:,j] · u where X: R^(m×n), u: R^m", "X", G),
    ("norm(X[i,:])^2 where X: R^(m×n)", "X", H),
    # matrices
    ("tr(A X B X') where X: R^(m×n), A: R^(m×m), B: R^(n×n)", "X", G),
    ("tr(A X B X') where X: R^(m×n), A: R^(m×m), B: R^(n×n)", "X", H),
    ("tr(X^3) where X: R^(n×n)", "X", H),
    ("(A : X)^2 where X: R^(m×n), A: R^(m×n)", "X", H),
    ("logdet(X' X + eye(n)) where X: R^(m×n)", "X", G),
    ("det(A + t B)", "t", H),
    ("A^-1 b where A: R^(n×n), b: R^n", "A, b", J),
    ("A \\ (b + x) where A: R^(n×n), b: R^n, x: R^n", "x", J),
    ("A^-T x where A: R^(n×n), x: R^n", "A", J),
    ("tr(S A S B) where S: R^(n×n) symmetric", "S", G),
    ("logdet(S) - x' S^-1 x where S: R^(n×n) spd, x: R^n", "S", G),
    ("logdet(S) + tr(A S) where S: R^(n×n) spd", "S", H),
    ("A X B where X: R^(m×n), A: R^(k×m), B: R^(n×p)", "X", J),
    ("X .^2 ⊙ A where X: R^(m×n), A: R^(m×n)", "X", J),
    ("X X' where X: R^(m×n)", "X", J),
    ("diag(x) A diag(x) where x: R^n, A: R^(n×n)", "x", J),
    ("tril(X) + triu(X, 1)' where X: R^(n×n)", "X", J),
    ("kron(A, B) where A: R^(m×n), B: R^(p×q)", "B", J),
    ("vec(A X) where A: R^(k×m), X: R^(m×n)", "X", J),
    ("hstack(X, x) where X: R^(m×n), x: R^m", "X, x", J),
    ("blockdiag(A, B) where A: R^(m×n), B: R^(p×q)", "A", J),
    ("chol(S) b where S: R^(n×n) spd, b: R^n", "S", J),
    ("unvec(x, m, n) b where x: R^(m*n), b: R^n", "x", J),
    ("expm_frechet(A, X) b where A: R^(n×n), X: R^(n×n), b: R^n", "X", J),
    ("sylvester(A, B, X) b where A: R^(m×m), B: R^(n×n), X: R^(m×n), b: R^n", "X", J),
    ("sqrtm(S + t T) b where S: R^(n×n) spd, T: R^(n×n) spd, b: R^n", "t", J),
    ("a' expm(t A) b where A: R^(n×n), a: R^n, b: R^n", "t, A", G),
    ("eigmax(A + A') where A: R^(n×n)", "A", G),
    ("norm(X, nuc) + norm(X, 2) where X: R^(m×n)", "X", G),
    ('einsum("ijk,j->ik", T, x) where T: R^(k×m×n), x: R^m', "T, x", J),
    ('sum(einsum("ij,jk,ki->i", A, B, C))', "A", G),
    # reductions along axes, neural functions
    ("sum(X, axis=0) where X: R^(m×n)", "X", J),
    ("norm(mean(X, axis=1))^2 where X: R^(m×n)", "X", H),
    ("max(X, axis=0) + std(X, axis=0) where X: R^(m×n)", "X", J),
    ("logsumexp(X) + sum(logsumexp(X, axis=1)) where X: R^(m×n)", "X", G),
    ("softmax(X, axis=1) where X: R^(m×n)", "X", J),
    ("layernorm(x, 1/10) · y where x: R^n", "x", H),
    ("cross_entropy(W x + b, y) where x: R^n, b: R^m, y: R^m", "W, b", G),
    ("mse(relu(X w), y)", "w", H),
    ("sum(gelu(X w) ⊙ silu(b)) where b: R^m", "w, b", G),
    ("sum(softmax(Q K' / sqrt(d), axis=1) V) where Q: R^(n×d), K: R^(n×d), V: R^(n×p)", "Q, K", G),
    # bound names
    ("u = A x + b; v = tanh(u); sum(v)^2 where b: R^m", "A, x, b", G),
    ("u = A x + b; v = tanh(u); sum(v)^2 where b: R^m", "u", G),
    ("u = A x + b; v = tanh(u); sum(v)^2 where b: R^m", "v", H),
    ("u = x x'; tr(u A u) where x: R^n", "u", G),
    ("u = x · a; v = norm(x)^2; (u + v)^2 - u^2 - 2 u v", "x", G),  # nothing comes back to u
    ("u = x · a; v = norm(x)^2; (u + v)^2 - v^2 - 2 u v", "x", G),
    ("u = x x'; tr(u A u) where x: R^n", "x", G),
    ("h = relu(W1 x + b1); norm(W2 h + b2)^2 where b1: R^k, b2: R^m", "W1, b1, W2, b2", G),
    # unknown functions
    ("f(x) g(x) where f: R -> R, g: R -> R", "x", H),
    ("sum(f(A x)) where f: R -> R", "x", H),
    ("f(x)' A g(y) where f: R^n -> R^m, g: R^k -> R^p, x: R^n, y: R^k", "x, y", G),
    ("f(g(x)) where f: R^k -> R, g: R^n -> R^k, x: R^n", "x", G),
    ("f(x)^2 where f: R^n -> R, x: R^n", "x", H),
    ("f(x · y) where f: R -> R^m, x: R^n, y: R^n", "x", J),
    ("f(A X) where f: R^(m×n) -> R, A: R^(m×k), X: R^(k×n)", "X", G),
    ("tr(f(t) A) where f: R -> R^(m×n), A: R^(n×m)", "t", G),
    # derivatives inside
    ("w - η grad(mean((y - X w)^2), w)", "η", J),
    ("norm(grad(x' A x, x))^2 where x: R^n", "x", G),
    ("jacobian(tanh(A x), x) y where x: R^n", "x", J),
    ("tr(hessian(log(1 + x · x), x))", "x", G),
    ("u = x ⊙ x; grad(sum(u ⊙ u), u) where x: R^n", "x", J),
]  # fmt: skip


def label(row: tuple[str, str, str]) -> str:
    return f"{row[2]} of {row[0]} by {row[1]}"


rows = pytest.mark.parametrize("row", PROGRAMS, ids=label)


def derived(row: tuple[str, str, str], **options: Any) -> Derivation:
    program, wrt, kind = row
    return derive(program, wrt, kind=kind, **options)


def leaves(tree: Any) -> list[Any]:
    return [x for part in tree for x in leaves(part)] if isinstance(tree, tuple) else [tree]


@rows
def test_the_oracle_agrees(row: tuple[str, str, str]) -> None:
    report = derived(row).check()
    assert report.passed, str(report)


@rows
@pytest.mark.parametrize("kind", ["differential", "jvp", "vjp", "hvp"])
def test_along_directions(row: tuple[str, str, str], kind: Kind) -> None:
    program, wrt, _ = row
    if kind == "hvp" and derive(program, wrt).program.expression.shape.dims:
        with pytest.raises(InputError, match="an hvp is of a scalar"):
            derive(program, wrt, kind=kind)
    else:
        report = derive(program, wrt, kind=kind).check()
        assert report.passed, str(report)


def test_neither_mode_differentiates_by_an_index() -> None:
    with pytest.raises(MatcalcError, match="no derivative by an index"):
        derive("grad(x[i], i)", "x", shapes={"x": "n"})
    lowering = Lowering(default_book())
    entry = lowering(parse("x[i]", {"x": "n"}).node)
    index = next(n for n in postorder((entry,)) if isinstance(n, Atom) and n.name == "i")
    with pytest.raises(DerivationError, match="no derivative by an index"):
        pushforward(entry, {index: UNIT}, default_book())


@pytest.mark.parametrize(
    ("parts", "needed"),
    [
        ((1, 1), False),  # a vector by a vector is a matrix as it is
        ((0, 2), False),
        ((2, 1), True),
        ((1, 2), True),
        ((2, 2), True),
        ((3, 1), False),  # what has three axes is no matrix
        ((1, 1, 1), False),
    ],
)
def test_vec_is_needed_where_matrices_are_differentiated(
    parts: tuple[int, ...], needed: bool
) -> None:
    assert has_matrices(parts) is needed


@pytest.mark.parametrize("kind", ["differential", "jvp", "vjp", "gradient"])
@pytest.mark.parametrize("program", ["x[i]^2", "e(i, n) · x"])
def test_there_is_none_by_an_index(program: str, kind: Kind) -> None:
    with pytest.raises(InputError, match="i is an index"):
        derive(program, "i", kind=kind, shapes={"x": "n"})


@rows
def test_it_is_right_without_simplification(row: tuple[str, str, str]) -> None:
    report = derived(row, simplify=False).check()
    assert report.passed, str(report)


def shapes_of(d: Derivation) -> dict[str, str]:
    """The declarations with which a result is read back."""
    symbols = d.program.variables.values()
    shapes = {
        s.name: " ".join([str(s.shape), *sorted(s.properties)])
        for s in symbols
        if "integer" not in s.properties
    }
    return shapes | {name: str(function) for name, function in d.program.functions.items()}


@rows
@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_the_text_reads_back(row: tuple[str, str, str], layout: str) -> None:
    d = derived(row, layout=layout)
    rng = np.random.default_rng(0)
    for result in leaves(d.result):
        again = parse(str(result), shapes_of(d))
        assert again.node.shape == result.node.shape
        symbols = d.program.variables.values()
        report = same_value(result.node, again.node, symbols, rng, points=1)
        assert report.passed, str(report)


@rows
def test_the_code_computes_it(row: tuple[str, str, str]) -> None:
    d = derived(row)
    arrays = leaves(d.solved.arrays)
    value = d.program.expression
    drawn = sample([value, *arrays], d.program.variables.values(), np.random.default_rng(1))
    known = {**drawn.sizes, **drawn.point}
    given = {name: known[name] for name in d.inputs}
    got_value, got = d.function(value=True, functions=drawn.functions)(**given)
    for node, array in [(value, got_value), *zip(arrays, leaves(got), strict=True)]:
        wanted = evaluate(node, drawn.point, drawn.sizes, drawn.functions)
        assert np.shape(array) == wanted.shape
        np.testing.assert_allclose(array, wanted, rtol=1e-7, atol=1e-8 * (1 + np.abs(wanted).max()))
