"""Each node of matrix notation against plain NumPy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from matcalc.check import derivative, evaluate
from matcalc.check.standins import stand_in
from matcalc.dims import named, number
from matcalc.errors import DerivationError
from matcalc.expr import build as b
from matcalc.expr.nodes import Expr, Function, Shape

M, N = named("m"), named("n")
SIZES = {"m": 3, "n": 4}
RNG = np.random.default_rng(2)
X, Y = b.symbol("X", Shape((M, N))), b.symbol("Y", Shape((M, N)))
A = b.symbol("A", Shape((N, N)))
x, y = b.symbol("x", Shape((N,))), b.symbol("y", Shape((N,)))
u = b.symbol("u", Shape((M,)))
t = b.symbol("t")
i = b.symbol("i", Shape(), {"integer"})
T = b.symbol("T", Shape((M, N, N)))
POINT: dict[str, Any] = {
    s.name: RNG.standard_normal([d.evaluate(SIZES) for d in s.shape.dims])
    for s in (X, Y, A, x, y, u, t, T)
} | {"i": np.asarray(2)}
p = POINT


def call(name: str, *args: Expr, shape: Shape | None = None, axis: int | None = None) -> Expr:
    return b.call(shape if shape is not None else Shape(), name, args, axis)


ROWS: list[tuple[Expr, Any]] = [
    (b.number(Fraction(1, 3)), 1 / 3),
    (b.constant("pi"), np.pi),
    (b.size(M + N), 7.0),
    (b.named("v", b.neg(x)), -p["x"]),
    (b.add([x, t, b.neg(y)]), p["x"] + p["t"] - p["y"]),
    (b.add([X, b.transpose(x), u]), p["X"] + p["x"][None, :] + p["u"][:, None]),
    (b.add([t, X]), p["t"] + p["X"]),
    (b.product([b.number(2), X, x]), 2 * p["X"] @ p["x"]),
    (b.product([b.transpose(x), y]), p["x"] @ p["y"]),
    (b.product([b.transpose(x), y, X]), p["x"] @ p["y"] * p["X"]),
    (b.product([b.transpose(x), A, y, t, u]), p["x"] @ p["A"] @ p["y"] * p["t"] * p["u"]),
    (b.product([x, b.transpose(u)]), np.outer(p["x"], p["u"])),
    (b.product([x, b.transpose(x), y]), p["x"] * (p["x"] @ p["y"])),
    (b.product([b.transpose(u), X]), p["u"] @ p["X"]),
    (b.product([t, T]), p["t"] * p["T"]),
    (b.dot(x, b.transpose(y)), p["x"] @ p["y"]),
    (b.hadamard([X, Y, X]), p["X"] ** 2 * p["Y"]),
    (b.kron(X, u), np.kron(p["X"], p["u"][:, None])),
    (b.kron(x, u), np.kron(p["x"], p["u"])),
    (b.divide(t, x), p["t"] / p["x"]),
    (b.divide(X, t), p["X"] / p["t"]),
    (b.power(x, b.number(3)), p["x"] ** 3),
    (b.power(A, b.number(3)), p["A"] @ p["A"] @ p["A"]),
    (b.power(A, b.number(-1)), np.linalg.inv(p["A"])),
    (b.power(A, b.number(2), elementwise=True), p["A"] ** 2),
    (b.transpose(X), p["X"].T),
    (b.transpose(x), p["x"]),
    (b.inverse(A), np.linalg.inv(p["A"])),
    (b.inverse(t), 1 / p["t"]),
    (b.compare(">", x, b.number(0)), 1.0 * (p["x"] > 0)),
    (b.compare("==", X, X), np.ones((3, 4))),
    (b.index(x, [b.number(1)]), p["x"][1]),
    (b.index(x, [i]), p["x"][2]),
    (b.index(X, [b.number(1), None]), p["X"][1]),
    (b.index(X, [None, b.number(2)]), p["X"][:, 2]),
    (b.stack([t, b.dot(x, y)]), np.array([p["t"], p["x"] @ p["y"]])),
    (b.stack([b.transpose(x), b.transpose(y)]), np.stack([p["x"], p["y"]])),
    (b.einsum("ij,jk->ki", [X, A]), (p["X"] @ p["A"]).T),
    (b.einsum("ijk->jk", [T]), p["T"].sum(axis=0)),
    (b.eye(N), np.eye(4)),
    (b.filled("ones", Shape((M, N))), np.ones((3, 4))),
    (b.filled("zeros", Shape((N,), row=True)), np.zeros(4)),
    (call("e", i, b.size(N), shape=x.shape), np.eye(4)[2]),
    (call("hstack", x, y, shape=Shape((N, number(2)))), np.stack([p["x"], p["y"]], axis=1)),
    (call("vstack", x, t, shape=Shape((N + number(1),))), np.append(p["x"], p["t"])),
    (
        call("vstack", X, b.transpose(x), shape=Shape((M + number(1), N))),
        np.vstack([p["X"], p["x"]]),
    ),
    (
        call("hstack", b.transpose(x), b.transpose(u), shape=Shape((M + N,), row=True)),
        np.append(p["x"], p["u"]),
    ),
    (call("max", X, b.transpose(x), shape=X.shape), np.maximum(p["X"], p["x"])),
    (call("max", b.number(0), u, shape=u.shape), np.maximum(0, p["u"])),
    (call("max", X, shape=x.shape, axis=0), p["X"].max(axis=0)),
    (call("where", x, t, b.number(1), shape=x.shape), np.full(4, p["t"])),
    (call("clip", t, b.number(-9), x, shape=x.shape), np.minimum(p["t"], p["x"])),
    (call("norm", x, b.constant("inf")), np.abs(p["x"]).max()),
    (call("reshape", X, b.size(M * N), shape=Shape((M * N,))), p["X"].reshape(-1)),
    (call("tril", A, b.number(-1), shape=A.shape), np.tril(p["A"], -1)),
]


@pytest.mark.parametrize(("expr", "expected"), ROWS, ids=[str(k) for k in range(len(ROWS))])
def test_node(expr: Expr, expected: Any) -> None:
    got = evaluate(expr, POINT, SIZES)
    assert got.shape == np.shape(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_bound_name_in_the_point_is_held() -> None:
    v = b.named("v", b.neg(x))
    held = {**POINT, "v": np.ones(4)}
    np.testing.assert_array_equal(evaluate(b.add([v, v]), held, SIZES), 2 * np.ones(4))


def test_derivatives_inside_expressions_see_through_bindings() -> None:
    square = b.named("s", b.hadamard([x, x]))
    f = b.dot(square, y)
    np.testing.assert_allclose(
        evaluate(b.derivative("grad", f, x), POINT, SIZES), 2 * p["x"] * p["y"]
    )
    np.testing.assert_allclose(
        evaluate(b.derivative("jacobian", square, x), POINT, SIZES), 2 * np.diag(p["x"])
    )
    hessian = evaluate(b.derivative("hessian", b.product([f, f]), x), POINT, SIZES)
    outer = 8 * np.outer(p["x"] * p["y"], p["x"] * p["y"])
    diagonal = 4 * np.diag(p["y"]) * (p["x"] ** 2 @ p["y"])
    np.testing.assert_allclose(hessian, outer + diagonal, rtol=1e-9)
    by_name = b.derivative("grad", b.product([f, f]), square)
    expected = 2 * (p["x"] ** 2 @ p["y"]) * p["y"]
    np.testing.assert_allclose(evaluate(by_name, POINT, SIZES), expected)


def test_derivatives_of_derivatives() -> None:
    cubes = call("sum", b.power(x, b.number(3)))
    gradient = b.derivative("grad", cubes, x)
    np.testing.assert_allclose(
        derivative(gradient, x, POINT, SIZES), 6 * np.diag(p["x"]), atol=1e-9
    )
    trace = call("tr", b.derivative("hessian", cubes, x))
    np.testing.assert_allclose(derivative(trace, x, POINT, SIZES), np.full(4, 6.0), rtol=1e-7)


SIGNATURES = [
    (Shape(), Shape()),
    (Shape((N,)), Shape()),
    (Shape((N,)), Shape((M,))),
    (Shape(), Shape((M, N))),
    (Shape((M, N)), Shape()),
    (Shape((M, N)), Shape((N,))),
]


@pytest.mark.parametrize(("domain", "codomain"), SIGNATURES)
@pytest.mark.parametrize("order", [0, 1])
def test_stand_ins_are_consistent(domain: Shape, codomain: Shape, order: int) -> None:
    f = Function("f", domain, codomain)
    functions = {"f": stand_in(f, SIZES, RNG)}
    arg = b.symbol("z", domain)
    point = {"z": RNG.standard_normal([d.evaluate(SIZES) for d in domain.dims])}
    got = derivative(b.apply(f, order, arg), arg, point, SIZES, functions)
    expected = evaluate(b.apply(f, order + 1, arg), point, SIZES, functions)
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_an_element_wise_stand_in_takes_any_shape() -> None:
    f = Function("f", Shape(), Shape())
    functions = {"f": stand_in(f, SIZES, RNG, positive=True)}
    assert evaluate(b.apply(f, 0, X), POINT, SIZES, functions).shape == (3, 4)
    assert np.all(evaluate(b.apply(f, 0, X), POINT, SIZES, functions) > 0)
    got = derivative(call("sum", b.apply(f, 0, X)), X, POINT, SIZES, functions)
    np.testing.assert_allclose(got, evaluate(b.apply(f, 1, X), POINT, SIZES, functions))


def test_functions_of_the_caller_need_no_complex_form() -> None:
    f = Function("f", Shape(), Shape())
    functions = {"f": [lambda z: np.arctan2(z, 1.0), lambda z: 1 / (1 + z * z)]}
    got = derivative(call("sum", b.apply(f, 0, x)), x, POINT, SIZES, functions)
    np.testing.assert_allclose(got, evaluate(b.apply(f, 1, x), POINT, SIZES, functions), rtol=1e-9)
    with pytest.raises(DerivationError, match="derivative 2 of f"):
        evaluate(b.apply(f, 2, x), POINT, SIZES, functions)
    with pytest.raises(DerivationError, match="function f"):
        evaluate(b.apply(f, 0, x), POINT, SIZES)


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(DerivationError, match="frobnicate"):
        evaluate(call("frobnicate", x), POINT, SIZES)
    with pytest.raises(DerivationError, match="no value for x"):
        evaluate(x, {}, SIZES)
    with pytest.raises(IndexError):
        evaluate(b.index(x, [b.number(4)]), POINT, SIZES)


def test_a_deep_graph_is_no_recursion() -> None:
    total: Expr = x
    for _ in range(5000):
        total = b.add([total, x])
    np.testing.assert_allclose(evaluate(total, POINT, SIZES), 5001 * p["x"])
