"""Inputs bound when a function is made: the same values, and what depends on them computed once."""

from __future__ import annotations

import copy
import gc
import re
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from matcalc import InputError, derive

RNG = np.random.default_rng(3)
X, y, w = RNG.standard_normal((40, 5)), RNG.standard_normal(40), RNG.standard_normal(5)
A, B = RNG.standard_normal((5, 5)), RNG.standard_normal((5, 5))
S = X.T @ X
VALUES: Mapping[str, Any] = {
    "X": X, "y": y, "w": w, "A": A, "B": B, "S": S, "x": w, "b": w + 1, "μ": 2 * w, "λ": 0.5,
    "v": w - 1, "u": w + 2, "i": 2, "k": 3,
}  # fmt: skip
SHAPES = {
    "X": "m×n",
    "y": "m",
    "S": "n×n spd",
    "μ": "n",
    "A": "n×n",
    "B": "n×n",
    "i": "R",
    "v": "n",
}

CASES: list[tuple[str, str, str, str]] = [
    ("sum((X w - y)^2)", "w", "X, y", "gradient"),
    ("sum((X w - y)^2)", "w", "X", "gradient"),
    ("sum((X w - y)^2)", "w", "X, y", "hessian"),
    ("sum((X w - y)^2) + λ w'w", "w", "X, y, λ", "gradient"),
    ("sum((X w - y)^2) + λ w'w", "w", "λ", "hessian"),
    ("r = X w - y; sum(r^2)", "w", "X, y", "gradient"),
    ("sum(log(1 + exp(-y ⊙ (X w))))", "w", "X, y", "gradient"),
    ("sum(log(1 + exp(-y ⊙ (X w))))", "w", "X, y", "hvp"),
    ("b' A^-1 b", "b", "A", "gradient"),
    ("-1/2 logdet(S) - 1/2 (x - μ)' S^-1 (x - μ)", "μ", "S", "gradient"),
    ("-1/2 logdet(S) - 1/2 (x - μ)' S^-1 (x - μ)", "S", "x, μ", "gradient"),
    ("x' A x + sum(exp(x))", "x", "A", "hessian"),
    ("u' A v", "u, v, A", "A, u", "gradient"),
    ("tr(A B) + λ sum(exp(x))", "A, x, λ", "B, λ", "gradient"),
    ("u' A v", "v", "u, v, A", "gradient"),
    ("A x", "x", "A", "jacobian"),
    ("v", "v", "v", "jacobian"),
    ("A (ones(n, n) + x x') v", "v", "A", "jacobian"),
    ("A (ones(n, n) - n eye(n) + x x') v", "v", "A, v", "jacobian"),
    ("x[i] sum(A)", "x", "i, A", "gradient"),
    ("x ones(k)'", "x", "k", "jacobian"),
    ("sum(y / (m + m^2)) λ", "λ", "λ", "gradient"),
]


def flat(tree: Any) -> list[Any]:
    """The arrays of a result."""
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, tuple) else [tree]


@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize(("text", "wrt", "bound", "kind"), CASES)
def test_bound_is_as_good_as_given(text: str, wrt: str, bound: str, kind: str, value: bool) -> None:
    used = set(re.findall(r"\w+", text))
    shapes = {name: shape for name, shape in SHAPES.items() if name in used}
    d = derive(text, wrt.split(", "), kind=kind if kind != "jacobian" else "auto", shapes=shapes)
    given = {name: VALUES[name] for name in d.inputs}
    names = bound.split(", ")
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 2e-4)):
        point = {
            name: v if isinstance(v, int | float) else v.astype(dtype) for name, v in given.items()
        }
        fixed = {n: copy.copy(point[n]) for n in names}
        rest = {name: v for name, v in point.items() if name not in names}
        function: Any = d.function(bind=fixed, value=value)
        for v in fixed.values():
            if isinstance(v, np.ndarray):
                v[...] = np.nan  # what is changed after it was bound has no effect
        wanted = flat(d.function(value=value)(**point))
        for check in (function, d.function(bind={n: point[n] for n in names}, value=value,
                                           check=False)):  # fmt: skip
            for _ in range(3):
                found = flat(check(**rest))
                for a, b in zip(found, wanted, strict=True):
                    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * 10)
                    assert np.shape(a) == np.shape(b) and a.dtype == b.dtype
                    if np.ndim(a):
                        a[...] = np.nan  # the next call gives new arrays


def source(text: str, wrt: str, bind: Mapping[str, Any], **options: Any) -> tuple[str, str]:
    """The source of what is computed once, and of a call."""
    used = set(re.findall(r"\w+", text))
    d = derive(text, wrt, shapes={n: s for n, s in SHAPES.items() if n in used}, **options)
    function: Any = d.function(bind=bind)
    before, _, call = function.source.partition("\n\n    def ")
    return before, call


ONCE: list[tuple[str, str, tuple[str, ...], dict[str, Any], str, str]] = [
    ("sum((X w - y)^2)", "w", ("X", "y"), {}, r"X\.T @ X", "X"),
    ("sum((X w - y)^2)", "w", ("X",), {"kind": "hessian"}, r"X\.T @ X", "X"),
    ("b' A^-1 b", "b", ("A",), {}, r"lu_factor\(A", "A,"),
    ("logdet(S) + x' S^-1 x", "x", ("S",), {}, r"cholesky\(S", "S,"),
    ("x' A x + sum(exp(x))", "x", ("A",), {}, r"A \+ A\.T", "A"),
]


@pytest.mark.parametrize(("text", "wrt", "names", "options", "once", "never"), ONCE)
def test_what_is_computed_once(
    text: str, wrt: str, names: tuple[str, ...], options: Any, once: str, never: str
) -> None:
    before, call = source(text, wrt, {name: VALUES[name] for name in names}, **options)
    assert re.search(once, before)
    body = call.split('"""')[2]
    assert never not in body and not re.search(once, body)


def test_a_gram_matrix_is_not_worth_it_where_rows_are_few() -> None:
    before, call = source("sum((X w - y)^2)", "w", {"X": X[:2], "y": y[:2]})
    assert "X.T @ X" not in before and "X.dot(w)" in call


def test_factorisations_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(name: str) -> Any:
        original = getattr(scipy.linalg, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return original(*args, **kwargs)

        return call

    for name in ("lu_factor", "cholesky"):
        monkeypatch.setattr(scipy.linalg, name, counted(name))
    function: Any = derive("b' A^-1 b + b' S^-1 b", "b", shapes={"S": "n×n spd"}).function(
        bind={"A": A, "S": S}
    )
    for dtype in (np.float64, np.float32, np.float64):
        for _ in range(3):
            function(w.astype(dtype))
    assert sorted(calls) == ["cholesky", "lu_factor"]


def test_data_that_calls_do_not_need_are_let_go() -> None:
    large = RNG.standard_normal((1000, 3))
    data = weakref.ref(large)
    function: Any = derive("sum((X w)^2)", "w").function(bind={"X": large})
    wanted = 2 * large.T @ (large @ np.ones(3))
    del large
    gc.collect()
    assert data() is None
    np.testing.assert_allclose(function(np.ones(3)), wanted)


def test_the_dtype_of_all_inputs_counts() -> None:
    d = derive("λ X w", "w")
    for dtype in (np.float32, np.float64):
        function: Any = d.function(bind={"X": X.astype(np.float32), "λ": 0.5}, value=True)
        assert [part.dtype for part in function(w.astype(dtype))] == [dtype, dtype]
    whole: Any = d.function(bind={"X": np.ones((2, 2), int), "λ": 2})
    assert whole(np.ones(2, np.float32)).dtype == np.float32
    assert whole(np.ones(2)).dtype == np.float64


WRONG: list[tuple[Any, dict[str, Any], list[str]]] = [
    ({"Z": X}, {}, ["no input Z", "X, w, y"]),
    ({"X": w}, {}, ["input X", "axes", "(m, n)"]),
    ({"X": X, "y": w}, {}, ["input y", "m = 40", "read off X"]),
    ({"X": X}, {"w": y, "y": y}, ["input w", "n = 5"]),
    ({"X": X}, {"w": w, "y": y, "X": X}, ["no input X", "X is bound", "w, y"]),
    ({"X": X}, {"w": w}, ["needs the input y"]),
    ([X], {}, ["bind", "by name", 'bind={"X": X}']),
    ({"X": "a"}, {}, ["input X", "real numbers"]),
]


@pytest.mark.parametrize(("bind", "given", "words"), WRONG)
def test_wrong_values_to_bind(bind: Any, given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        derive("sum((X w - y)^2)", "w").function(bind=bind)(**given)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_without_checks_the_code_alone_runs() -> None:
    d = derive("x' A x + sum(exp(x))", "x")
    function: Any = d.function(check=False)
    with pytest.raises(InputError, match="input A"):  # the first call is checked
        function(w, w)
    wanted = d.function()(w, A)
    for _ in range(3):
        assert function(w, A).tolist() == wanted.tolist()
        assert function(A=A, x=w).tolist() == wanted.tolist()
    with pytest.raises(ValueError, match="not aligned"):  # NumPy's own
        function(w, X)


def test_a_size_that_bound_inputs_carry_is_read_off_them() -> None:
    """m is the length of N, which comes last, and also what of u is left beside L."""
    shapes = {"L": "n×n", "N": "m×m"}
    d = derive("blockdiag(L, N.^3)", "N", kind="vjp", shapes=shapes)
    given = {"L": A[:2, :2], "N": B[:3, :3], "u": A}
    bound = d.function(bind={"L": given["L"], "u": given["u"]})
    np.testing.assert_allclose(bound(N=given["N"]), d.function()(**given), rtol=1e-12)
    with pytest.raises(InputError, match="N"):
        bound(N=A)
