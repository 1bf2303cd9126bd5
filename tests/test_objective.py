"""Objectives of scipy.optimize: real problems are minimised, and nothing is computed twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from matcalc import InputError, derive

RNG = np.random.default_rng(5)
X = RNG.standard_normal((200, 4))
y = np.sign(X @ np.array([1.0, -2, 0.5, 1]) + RNG.standard_normal(200))
T = RNG.standard_normal((12, 2)) @ RNG.standard_normal((2, 9))
LOGISTIC = "sum(log(1 + exp(-y ⊙ (X w)))) + λ/2 w' w"
ROSENBROCK = "sum(100 (B x - (A x)^2)^2 + (1 - A x)^2)"
n = 6
SHIFTS: dict[str, Any] = {"A": np.eye(n)[:-1], "B": np.eye(n)[1:]}
CURVED = "u = X W1 + b1'; sum((tanh(u) w2 - y)^2)"

METHODS: list[tuple[str, dict[str, bool]]] = [
    ("BFGS", {"jac": True}),
    ("Newton-CG", {"jac": True, "hess": True}),
    ("trust-exact", {"jac": True, "hess": True}),
    ("trust-krylov", {"jac": True, "hessp": True}),
    ("trust-ncg", {"jac": True, "hessp": True}),
]


def solved(objective: Any, start: Any, method: str, used: dict[str, bool]) -> Any:
    """What SciPy finds with some of the derivatives."""
    given = {name: getattr(objective, name) for name in used}
    return minimize(objective.fun, start, method=method, options={"maxiter": 2000}, **given)


@pytest.mark.parametrize(("method", "used"), METHODS)
def test_logistic_regression(method: str, used: dict[str, bool]) -> None:
    objective = derive(LOGISTIC, "w").objective(X=X, y=y, λ=0.1)
    found = solved(objective, objective.pack(w=np.zeros(4)), method, used)
    w = objective.unpack(found.x)["w"]
    slope = -X.T @ (y / (1 + np.exp(y * (X @ w)))) + 0.1 * w
    assert np.max(np.abs(slope)) < 1e-3


@pytest.mark.parametrize(("method", "used"), METHODS)
def test_rosenbrock(method: str, used: dict[str, bool]) -> None:
    objective = derive(ROSENBROCK, "x").objective(**SHIFTS)
    found = solved(objective, objective.pack(x=np.full(n, 0.5)), method, used)
    np.testing.assert_allclose(found.x, 1, atol=1e-3)


@pytest.mark.parametrize("text", ["norm(U V' - T)^2", "norm(U V' - T)^2 / 100"])
def test_matrix_factorisation(text: str) -> None:
    objective = derive(text, "U, V").objective(T=T)
    start = objective.pack(U=RNG.standard_normal((12, 2)), V=RNG.standard_normal((9, 2)))
    found = solved(objective, start, "L-BFGS-B", {"jac": True})
    parts = objective.unpack(found.x)
    assert found.fun < 1e-4
    np.testing.assert_allclose(parts["U"] @ parts["V"].T, T, atol=0.05)


def test_scalars_in_a_stack() -> None:
    objective = derive("100 (b - a^2)^2 + (1 - a)^2", "[a, b]").objective()
    start = objective.pack(a=-1.2, b=1)
    for method, used in METHODS[1:]:
        found = solved(objective, start, method, used)
        assert objective.unpack(found.x) == pytest.approx({"a": 1, "b": 1}, abs=1e-3)


PACKED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (LOGISTIC, "w", {"X": X, "y": y, "λ": 0.1}, {"w": np.ones(4)}),
    (LOGISTIC, "w", {"X": X, "y": y, "lambda": 0.1}, {"w": np.ones(4)}),
    (CURVED, "W1, b1, w2", {"X": X, "y": y},
     {"W1": RNG.standard_normal((4, 3)), "b1": np.ones(3), "w2": np.ones(3)}),
    ("norm(U V' - T)^2", "V, U", {"T": T},
     {"U": RNG.standard_normal((12, 2)), "V": RNG.standard_normal((9, 2))}),
    ("a^2 b + sum(x) a", "[a, b]", {"x": np.ones(3)}, {"a": 2.0, "b": 3.0}),
    ("a^2 b + sum(x)^2 a", "a, x", {"b": 2.0}, {"a": 2.0, "x": np.arange(3.0)}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "constants", "values"), PACKED)
def test_derivatives_are_packed_like_the_variables(
    text: str, wrt: str, constants: dict[str, Any], values: dict[str, Any]
) -> None:
    shapes = {"x": "n"} if wrt == "a, x" else None
    objective = derive(text, wrt, shapes=shapes).objective(**constants)
    x = objective.pack(**values)
    for name, value in objective.unpack(x).items():
        assert np.array_equal(value, values[name]) and np.shape(value) == np.shape(values[name])
    assert [*objective.unpack(x)] == wrt.strip("[]").split(", ")
    scale = np.max(np.abs(objective.jac(x)))
    slope = approx_fprime(x, objective.fun, 1e-6)
    np.testing.assert_allclose(objective.jac(x), slope, atol=1e-4 * scale)
    hessian = objective.hess(x)
    curvature = approx_fprime(x, objective.jac, 1e-6)
    np.testing.assert_allclose(hessian, curvature, atol=1e-4 * np.max(np.abs(hessian)))
    p = RNG.standard_normal(len(x))
    np.testing.assert_allclose(objective.hessp(x, p), hessian @ p, rtol=1e-8, atol=1e-10)


def test_work_is_done_once_for_a_point() -> None:
    calls: list[str] = []

    def counted(name: str, function: Any) -> Any:
        def call(t: Any) -> Any:
            calls.append(name)
            return function(t)

        return call

    given = {
        "f": [counted("f", np.sin), counted("f_1", np.cos), counted("f_2", lambda t: -np.sin(t))]
    }
    d = derive("sum(f(X w))", "w", shapes={"f": "R -> R"})
    objective = d.objective(X=X, functions=given)
    x = objective.pack(w=np.ones(4))
    assert not calls
    first = objective.jac(x)
    objective.fun(x)
    objective.jac(x)
    assert sorted(calls) == ["f", "f_1"]
    first[...] = np.nan  # what is handed out is a copy
    x[0] += 1  # in place, as optimizers do
    assert np.isfinite(objective.jac(x)).all()
    assert sorted(calls) == ["f", "f", "f_1", "f_1"]
    objective.hessp(x, x)
    assert calls.count("f_2") == 1 and calls.count("f") == 2


WRONG: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (LOGISTIC, "w", {"X": X, "y": y}, ["constant λ", "objective(λ=…)"]),
    (LOGISTIC, "w", {"X": X, "y": y, "λ": 1.0, "w": np.ones(4)}, ["w is a variable", "pack(w=…)"]),
    (LOGISTIC, "w", {"X": X, "y": y, "λ": 1.0, "v": 1.0}, ["no input v"]),
    (LOGISTIC, "w", {"X": X, "y": y[:3], "λ": 1.0}, ["input X", "m = 3"]),
    ("u = X w; sum(u^2)", "u", {"X": X, "w": np.ones(4)}, ["u is bound to an expression"]),
    ("X w", "w", {"X": X}, ["gradient is of a scalar"]),
]


@pytest.mark.parametrize(("text", "wrt", "constants", "words"), WRONG)
def test_wrong_constants(text: str, wrt: str, constants: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        derive(text, wrt).objective(**constants)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_wrong_vectors() -> None:
    objective = derive("norm(U V' - T)^2", "U, V").objective(T=T)
    with pytest.raises(InputError, match=r"pack\(U=…, V=…\) first"):
        objective.fun(np.ones(5))
    with pytest.raises(InputError, match="V has no value"):
        objective.pack(U=np.ones((12, 2)))
    with pytest.raises(InputError, match="no variable W"):
        objective.pack(U=np.ones((12, 2)), V=np.ones((9, 2)), W=1)
    with pytest.raises(InputError, match="V has the wrong shape"):
        objective.pack(U=np.ones((12, 2)), V=np.ones((9, 3)))
    with pytest.raises(InputError, match="U has the wrong shape"):
        objective.pack(U=np.ones((3, 2)), V=np.ones((9, 2)))
    objective.pack(U=np.ones((12, 2)), V=np.ones((9, 2)))
    with pytest.raises(InputError, match=r"\(42,\) for U, V of the shapes \(12, 2\), \(9, 2\)"):
        objective.fun(np.ones(5))
