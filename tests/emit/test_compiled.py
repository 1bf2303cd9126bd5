"""Arguments of compiled functions: what is wrong with them is said."""

from __future__ import annotations

import re
import traceback
from typing import Any

import numpy as np
import pytest

import matcalc
from matcalc.emit.numpy import compile_function
from matcalc.errors import InputError
from matcalc.language import parse_program

SHAPES = {"X": "(m, n)", "w": "n", "b": "m", "λ": "R", "f": "R -> R"}


def compiled(text: str, **options: Any) -> Any:
    used = set(re.findall(r"\w+", text))
    shapes = {name: shape for name, shape in SHAPES.items() if name in used}
    program = parse_program(text, shapes)
    functions = list(program.functions.values())
    inputs = list(program.variables.values())
    return compile_function("f", [program.expression], inputs, functions, single=True, **options)


X, w, b = np.ones((3, 2)), np.ones(2), np.ones(3)

WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("X w + b", {"X": X, "w": b, "b": b}, ["input w", "(3,)", "n = 2", "read off X"]),
    ("X w + b", {"X": X, "w": w, "b": w}, ["input b", "(2,)", "m = 3"]),
    ("X w + b", {"X": w, "w": w, "b": b}, ["input X", "axes", "(2,)", "(m, n)"]),
    ("X w + b", {"X": X, "w": w}, ["needs the input b"]),
    ("X w + b", {"X": X, "w": w, "b": b, "c": b}, ["no input c", "X, w, b"]),
    ("X w + b", {"X": X, "w": ["a", "b"], "b": b}, ["input w", "real numbers"]),
    ("X w + b", {"X": X, "w": w * 1j, "b": b}, ["input w", "complex128"]),
    ("X w + b", {"X": X, "w": [[1], [2, 3]], "b": b}, ["input w", "real numbers"]),
    ("X w + b", {"X": X, "w": w, "b": b, "n": 3}, ["input X", "n = 3", "as given"]),
    ("w[k]", {"w": w, "k": 1.5}, ["input k", "whole number"]),
    ("w ones(k)'", {"w": w}, ["size k", "k=…"]),
    ("w ones(k)'", {"w": w, "k": 1.5}, ["size k", "whole number", "1.5"]),
]


@pytest.mark.parametrize(("text", "arguments", "words"), WRONG)
def test_wrong_arguments(text: str, arguments: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        compiled(text)(**arguments)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_too_many_and_twice() -> None:
    with pytest.raises(InputError, match="by position"):
        compiled("X w")(X, w, b)
    with pytest.raises(InputError, match="twice"):
        compiled("X w")(X, w, X=X)


@pytest.mark.parametrize("given", [{}, {"f": [np.sin]}, {"f": np.sin}])
def test_missing_functions(given: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        compiled("f'(w)", implementations=given)
    assert 'functions={"f": [f, f_1]}' in str(caught.value)


def test_names_in_every_spelling() -> None:
    function = compiled("λ w")
    assert function(w=w, λ=2).tolist() == [2, 2]
    assert function(**{"w": w, "lambda": 2}).tolist() == [2, 2]
    assert function(2, w).tolist() == [2, 2]


def test_sizes_that_agree_are_taken() -> None:
    assert compiled("X w")(X=X, w=w, n=2).tolist() == [2, 2, 2]


def test_dtypes() -> None:
    function = compiled("X w")
    assert function(X=np.float32(X), w=np.float32(w)).dtype == np.float32
    assert function(X=np.float32(X), w=w).dtype == np.float64
    assert function(X=np.float32(X), w=[1, 2]).dtype == np.float32
    assert function(X=X.astype(bool), w=[1, 2]).dtype == np.float64
    counted = compiled("λ sum(w > 0)")(w=np.float32(w), λ=np.float32(2))
    assert counted == 2 * w.size and counted.dtype == np.float32
    assert compiled("λ w")(w=np.float32(w), λ=2.0).dtype == np.float32  # a number of Python
    assert isinstance(compiled("w · w")(w=np.float32(w)), np.float32)


def test_tracebacks_show_the_source() -> None:
    function = compiled("f(w)", implementations={"f": [lambda _: 1 / 0]})
    with pytest.raises(ZeroDivisionError) as caught:
        function(w=w)
    assert "return f(w)" in "".join(traceback.format_tb(caught.tb))


def test_documented() -> None:
    assert "Takes X: array (m, n); w: array (n,)." in compiled("X w").__doc__


def test_shapes_seen_before_are_still_checked() -> None:
    function = compiled("X w + b")
    for _ in range(2):
        assert function(X, w, b).tolist() == [3, 3, 3]
        assert function(X=X, b=b, w=w).tolist() == [3, 3, 3]
        with pytest.raises(InputError, match="input w"):
            function(X, b, b)
        assert function(np.float32(X), np.float32(w), np.float32(b)).dtype == np.float32
        assert function(X.astype(int), w, b).dtype == np.float64
        with pytest.raises(InputError, match="needs the input"):
            function(X, w)


@pytest.mark.parametrize(
    "name", ["args", "kwargs", "run", "bind", "gradient", "value", "out", "t1"]
)
def test_a_variable_may_have_any_name(name: str) -> None:
    d = matcalc.derive(f"sum(exp(A {name}))", name, shapes={"A": "m×n"})
    A, x = np.arange(6.0).reshape(3, 2) / 4, np.array([0.5, -1.0])
    expected = np.exp(A @ x) @ A
    f, unchecked, bound = d.function(), d.function(check=False), d.function(bind={"A": A})
    given = f(**{"A": A, name: x}), f(A, x), f(A, x), unchecked(A, x), bound(**{name: x})
    assert all(np.allclose(each, expected, rtol=1e-14) for each in given)
