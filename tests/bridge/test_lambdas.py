"""A user's `sympy.Lambda` in `derive(..., functions=...)`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from matcalc import InputError, derive

x, y, a = sp.symbols("x y a")

RIGHT = [
    ("sum(f(X w))", "w", "auto", x**2 * sp.exp(-x)),
    ("f(x)", "x", "auto", sp.log(1 + x**2)),
    ("f(x)", "x", "auto", x),
    ("sum(f(X))", "X", "auto", sp.Integer(3)),
    ("sum(f(x))", "x", "hessian", sp.besselj(0, x) * x),
    ("sum(f(x))", "x", "auto", sp.Piecewise((x**2, x > 0), (0, True))),
    ("sum(f(x)^2)", "x", "auto", sp.Max(x, 0) + sp.Abs(x)),
]


@pytest.mark.parametrize(("expression", "wrt", "kind", "body"), RIGHT, ids=[str(r) for r in RIGHT])
def test_one_argument(expression: str, wrt: str, kind: str, body: Any) -> None:
    shapes = {"x": "R^n", "X": "R^(m×n)"}
    d = derive(expression, wrt, kind=kind, shapes=shapes, functions={"f": sp.Lambda(x, body)})
    report = d.check()
    assert report.passed, str(report)
    assert "f(" not in d.code().split('"""')[2]


def test_two_arguments_and_rules_beside() -> None:
    d = derive(
        "g(s, t) + h(s)",
        "s, t",
        functions={"g": sp.Lambda((x, y), sp.sin(x * y))},
        rules="function h(x): elementwise\n    define h(x) = x^3\n    d h(x) = 3 x^2 dx",
    )
    assert str(d) == "3 s^2 + t cos(s t)  # by s\ns cos(s t)  # by t"
    value, _ = d.function(value=True)(s=2.0, t=0.5)
    np.testing.assert_allclose(value, np.sin(1.0) + 8)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"f": lambda x: x}, "is a sympy.Lambda"),
        ({"f": sp.Lambda(x, a * x)}, "depends on its variables alone"),
        ({"f": sp.Lambda(x, sp.I * x)}, "no notation for SymPy's"),
        ({"f": sp.Lambda(x, sp.Integral(sp.Function("q")(y), (y, 0, x)))}, "no notation for SymPy"),
        ([sp.Lambda(x, x)], "are given by name"),
        ({"exp": sp.Lambda(x, x)}, "exp"),
    ],
)
def test_refused(functions: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        derive("sum(f(w))", "w", shapes={"w": "R^n"}, functions=functions)
