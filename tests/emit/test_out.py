"""Results written into arrays of the caller: the same values, and no memory of their own."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from matcalc import InputError, derive

RNG = np.random.default_rng(4)
n = 7
VALUES: dict[str, Any] = {
    "A": RNG.standard_normal((n, n)), "B": RNG.standard_normal((n, n)),
    "x": RNG.standard_normal(n), "y": RNG.standard_normal(n), "U": RNG.standard_normal((n, 2)),
    "V": RNG.standard_normal((n, 2)), "T": RNG.standard_normal((n, n)), "λ": 0.5,
}  # fmt: skip
SHAPES = dict.fromkeys("ABT", "n×n") | dict.fromkeys("UV", "n×r") | {"x": "n", "y": "n"}

CASES: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("x' A x + sum(exp(x))", "x", "hessian", ()),
    ("x' A x + sum(exp(x))", "x", "auto", ()),
    ("tanh(x)", "x", "auto", ()),
    ("softmax(x)", "x", "auto", ()),
    ("A tanh(x)", "x", "auto", ()),
    ("A relu(B x)", "x", "auto", ("A",)),
    ("norm(U V' - T)^2", "U", "hessian", ()),
    ("norm(U V' - T)^2", "U, V", "auto", ("T",)),
    ("tr(A B)", "A", "auto", ()),
    ("tr(A B)", "A", "auto", ("B",)),
    ("x' A y", "x, A, y", "auto", ()),
    ("x' A^-1 x", "A", "auto", ()),
    ("x' A^-1 x", "x", "auto", ("A",)),
    ("λ x' x", "x", "hessian", ()),
    ("A x", "x", "auto", ()),
    ("sum(exp(A))", "A", "auto", ()),
    ("exp(x) / sum(x)", "x", "auto", ()),
    ("x' A tanh(sinh(cosh(tanh(y)))) sin(cos(sin(cos(tr(A B) tr(A)))))", "x, y", "auto", ()),
]


def flat(tree: Any) -> list[Any]:
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, tuple) else [tree]


def mapped(tree: Any, change: Any) -> Any:
    return tuple(mapped(part, change) for part in tree) if isinstance(tree, tuple) else change(tree)


@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize(("text", "wrt", "kind", "bound"), CASES)
def test_results_are_written(
    text: str, wrt: str, kind: str, bound: tuple[str, ...], value: bool
) -> None:
    shapes = {name: shape for name, shape in SHAPES.items() if name in text}
    d = derive(text, wrt, kind=kind, shapes=shapes)
    given = {name: VALUES[name] for name in d.inputs}
    wanted = d.function(value=value)(**given)
    fixed = {name: given.pop(name) for name in bound}
    function: Any = d.function(value=value, bind=fixed or None)
    for _ in range(3):
        out = mapped(wanted, lambda a: np.full_like(a, np.nan) if np.ndim(a) else None)
        found = function(**given, out=out)
        for written, result, right in zip(flat(out), flat(found), flat(wanted), strict=True):
            assert written is None or written is result
            np.testing.assert_allclose(result, right, rtol=1e-13, atol=1e-13)
        again = flat(function(**given))  # as ever
        assert all(a is not b for a, b in zip(again, flat(out), strict=True) if b is not None)
    for name, array in given.items():
        assert array is VALUES[name] and not np.isnan(array).any()


def test_an_array_that_is_read_may_be_written() -> None:
    d = derive("x' A x + sum(exp(x))", "x", kind="hessian")
    A, x = VALUES["A"].copy(), VALUES["x"]
    wanted = d.function()(A=A, x=x)
    assert d.function()(A=A, x=x, out=A) is A
    np.testing.assert_allclose(A, wanted)
    step = derive("x' A x + sum(x^3)", "x")  # x is read after the first sum is written
    x = VALUES["x"].copy()
    wanted = step.function()(A=VALUES["A"], x=x)
    np.testing.assert_allclose(step.function()(A=VALUES["A"], x=x, out=x), wanted)
    X = VALUES["A"].copy()
    cube = derive("sum((X X)^2)", "X", shapes={"X": "n×n"}).function()
    wanted = cube(X)
    np.testing.assert_allclose(cube(X, out=X.T), wanted)
    both = derive("norm(U V' - T)^2", "U, V", shapes={"U": "n×r", "V": "n×r", "T": "n×n"})
    one = np.empty((n, 2))
    given = {name: VALUES[name] for name in "UVT"}
    second = both.function()(**given, out=(one, one))[1]
    np.testing.assert_allclose(second, both.function()(**given)[1])


def test_no_memory_of_its_own() -> None:
    m = 600
    for text, kind in [("tanh(x)", "auto"), ("x' A x", "hessian"), ("x' A y", "A")]:
        wrt = "A" if kind == "A" else "x"
        d = derive(text, wrt, kind="auto" if kind == "A" else kind, shapes={"x": "n"})
        sizes = {"A": (m, m), "x": (m,), "y": (m,)}
        given = {name: RNG.standard_normal(sizes[name]) for name in d.inputs}
        function, out = d.function(), np.empty((m, m))
        function(**given, out=out)
        tracemalloc.start()
        function(**given, out=out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < out.nbytes / 4


WRONG: list[tuple[Any, list[str]]] = [
    (np.empty((n, n)), ["does not fit", "shape (7, 7) of float64", "shape (7,) of float64"]),
    (np.empty(n, np.float32), ["float32", "float64"]),
    ([0.0] * n, ["list", "an array of shape (7,)"]),
]


@pytest.mark.parametrize(("out", "words"), WRONG)
def test_what_does_not_fit(out: Any, words: list[str]) -> None:
    function: Any = derive("x' A x", "x").function()
    with pytest.raises(InputError) as caught:
        function(A=VALUES["A"], x=VALUES["x"], out=out)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_several_results_have_several_places() -> None:
    function: Any = derive("x' A x", "x").function(value=True)
    given = {"A": VALUES["A"], "x": VALUES["x"]}
    with pytest.raises(InputError, match="a tuple of 2"):
        function(**given, out=np.empty(n))
    with pytest.raises(InputError, match="None for a result that is no array"):
        function(**given, out=(np.empty(()), np.empty(n)))
    assert np.ndim(function(**given, out=(None, None))[1]) == 1


def test_an_input_may_be_called_out() -> None:
    function: Any = derive("sum(out^2)", "out", shapes={"out": "n"}).function()
    assert function(out=np.ones(3)).tolist() == [2, 2, 2]


def test_rows_of_numbers_are_copied() -> None:
    f = derive("s / t", "[s, t]", kind="hessian", shapes={"s": "R", "t": "R positive"}).function()
    given = np.full((2, 2), np.nan)
    assert f(s=3.0, t=2.0, out=given) is given
    assert np.allclose(given, [[0, -0.25], [-0.25, 0.75]])
