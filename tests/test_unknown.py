"""Unknown functions of every signature: the chain rule, printed, read back, evaluated, in LaTeX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.check import same_value
from matcalc.errors import InputError
from matcalc.pipeline import leaves_of

SCALAR, FIELD = {"f": "R -> R"}, {"f": "R^n -> R"}
MAP, CURVE = {"f": "R^n -> R^m"}, {"f": "R -> R^n"}
OF_MATRIX, MATRIX = {"f": "R^(m×n) -> R"}, {"f": "R -> R^(m×n)"}
BETWEEN = {"f": "R^(m×n) -> R^(p×q)"}
CHAIN = {"f": "R^m -> R", "g": "R^n -> R^m"}
ALONG = {"f": "R^m -> R", "g": "R -> R^m"}
PAIR = {"f": "R^2 -> R"}

# program, variable, declarations, the derivative, its LaTeX, and the Hessian of a scalar
PRINTED = [
    ("f(x)", "x", SCALAR, "f'(x)", "f'(x)", "f''(x)"),
    ("sum(f(A x))", "x", SCALAR, "f'(A x)' A", "", "A' diag(f''(A x)) A"),
    ("f(s^2)", "s", SCALAR, "2 s f'(s^2)", "", ""),
    ("f(x)", "x", FIELD, "∇f(x)'", r"\nabla f(x)^{\top}", "H_f(x)"),
    ("f(A x)", "x", FIELD, "∇f(A x)' A", "", "A' H_f(A x) A"),
    ("f(t x)", "t", FIELD | {"x": "R^n"}, "x · ∇f(t x)", "", "x' H_f(t x) x"),
    ("u = A x; f(u)", "u", FIELD, "∇f(A x)'", "", "H_f(A x)"),
    ("x' H_f(x) y + y' H_f(x) x", "y", FIELD, "2 x' H_f(x)", "", ""),
    ("f(x)", "x", MAP, "J_f(x)", "J_{f}(x)", ""),
    ("f(A x)", "x", MAP, "J_f(A x) A", "J_{f}(A x) A", ""),
    ("norm(f(x))^2", "x", MAP, "2 f(x)' J_f(x)", "", ""),
    ("f(t)", "t", CURVE, "f'(t)", "f'(t)", ""),
    ("norm(f(t))^2", "t", CURVE, "2 (f(t) · f'(t))", "", ""),
    ("f(X)", "X", OF_MATRIX, "∇f(X)", r"\nabla f(X)", ""),
    ("f(t A)", "t", OF_MATRIX, "tr(A' ∇f(t A))", "", ""),
    ("f(t)", "t", MATRIX, "f'(t)", "f'(t)", ""),
    ("tr(A f(t))", "t", MATRIX, "tr(f'(t) A)", "", ""),
    ("f(X)", "X", BETWEEN, "J_f(X)", "J_{f}(X)", ""),
    ("tr(f(X) A)", "X", BETWEEN, "", "", ""),
    ("f(g(x))", "x", CHAIN, "∇f(g(x))' J_g(x)", "", ""),
    ("u = g(x); f(u)", "x", CHAIN, "∇f(u)' J_g(x)", "", ""),
    ("f(g(t))", "t", ALONG, "g'(t) · ∇f(g(t))", "", ""),
    ("f([x, x^2])", "x", PAIR, "∇f([x, x^2]) · [1, 2 x]", "", ""),
    ("f([x, y])", "[x, y]", PAIR, "∇f([x, y])'", "", "H_f([x, y])"),
    ("f([x, y])", "[x, y]", {"f": "R^2 -> R^2"}, "J_f([x, y])", "", ""),
    ("f(x) / g(x)", "x", SCALAR | {"g": "R -> R"}, "", "", ""),
]
KINDS = ("auto", "hessian", "differential", "jvp", "vjp", "hvp")


@pytest.mark.parametrize(("text", "wrt", "shapes", "wanted", "latex", "second"), PRINTED)
def test_printed(
    text: str, wrt: str, shapes: dict[str, str], wanted: str, latex: str, second: str
) -> None:
    d = derive(text, wrt, shapes=shapes)
    if wanted:
        assert str(d).splitlines()[-1] == wanted
    if latex:
        assert d.latex() == latex
    if second:
        assert str(derive(text, wrt, shapes=shapes, kind="hessian")) == second


@pytest.mark.parametrize(("text", "wrt", "shapes"), [row[:3] for row in PRINTED])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(text: str, wrt: str, shapes: dict[str, str], kind: str) -> None:
    """Right, read back, and computed with the functions and derivatives that the caller gives."""
    scalar = not parse(text, shapes).shape.dims
    if kind in ("hessian", "hvp") and not scalar:
        return
    d = derive(text, wrt, shapes=shapes, kind=kind)
    report = d.check()
    assert report.passed, str(report)
    symbols = [*d.program.variables.values(), *d.solved.problem.directions]
    declared = {s.name: " ".join([str(s.shape), *s.properties]) for s in symbols}
    for part in leaves_of(d.result):
        again = parse(str(part), {**shapes, **declared})
        assert same_value(part.node, again.node, symbols, points=1).passed


# program, variable, declarations, the derivatives of the first, second and third order
ORDERS = [
    ("f(x)", "x", FIELD | {"x": "R^n"}, ("∇f(x)'", "H_f(x)", "D3_f(x)", "D4_f(x)")),
    ("f(x)", "x", MAP | {"x": "R^n"}, ("J_f(x)", "H_f(x)", "D3_f(x)", "D4_f(x)")),
    ("f(X)", "X", OF_MATRIX, ("∇f(X)", "H_f(X)", "D3_f(X)")),
    ("f(X)", "X", BETWEEN, ("J_f(X)", "H_f(X)", "D3_f(X)")),
    ("f(t)", "t", CURVE, ("f'(t)", "f''(t)", "f'''(t)", "f''''(t)")),
    ("f(t)", "t", MATRIX, ("f'(t)", "f''(t)", "f'''(t)")),
    ("f(g(x))", "x", CHAIN, ("", "", "")),
    ("f(g(t))", "t", ALONG, ("", "", "")),
    ("f(A x)", "x", FIELD, ("", "", 'einsum("li,mj,nk,lmn->ijk", A, A, A, D3_f(A x))')),
    ("f([x, y])", "x", PAIR, ("", "", "")),
    ("f(x)", "x", SCALAR | {"x": "R^n"}, ("", "", "")),
    ("f(g(X))", "X", {"f": "R -> R", "g": "R^(m×n) -> R"}, ("", "", "")),
]


@pytest.mark.parametrize(("text", "wrt", "shapes", "wanted"), ORDERS)
def test_every_order(text: str, wrt: str, shapes: dict[str, str], wanted: tuple[str, ...]) -> None:
    """Each derivative of a derivative is right, reads back as itself, and has LaTeX and code."""
    expression = parse(text, shapes)
    for printed in wanted:
        d = derive(expression, wrt)
        assert not printed or str(d) == printed
        report = d.check()
        assert report.passed, str(report)
        expression = d.result
        again = parse(str(expression), {**d.expression.declarations(), **shapes})
        assert same_value(expression.node, again.node, points=1).passed
        assert str(again) == str(expression)
        assert d.latex() and d.code() and d.steps


def test_the_axes_of_a_derivative_change_places() -> None:
    """Schwarz: like terms of third derivatives are one."""
    shapes = {"f": "R^n -> R", "x": "R^n", "u": "R^n", "v": "R^n"}
    first = 'einsum("ijk,i,j,k->", D3_f(x), u, v, u)'
    second = 'einsum("ijk,j,k,i->", D3_f(x), u, v, u)'
    assert str(derive(f"{first} - {second}", "u", shapes=shapes)) == "zeros(n)'"


@pytest.mark.parametrize(
    ("text", "signature", "better"),
    [
        ("D3_f(x)", "R -> R", "f'''(x)"),
        ("H_f(t)", "R -> R^n", "f''(t)"),
        ("J_f(x)", "R^n -> R", "∇f(x)"),
    ],
)
def test_a_derivative_of_another_kind_of_function(text: str, signature: str, better: str) -> None:
    with pytest.raises(InputError) as found:
        parse(text, {"f": signature})
    assert better.partition("(")[0] in str(found.value)


def test_functions_and_derivatives_of_the_caller() -> None:
    functions: Any = {
        "f": [lambda x: np.sum(np.sin(x)), np.cos, lambda x: np.diag(-np.sin(x))],
    }
    A, x = np.arange(6.0).reshape(3, 2), np.array([0.3, -0.2])
    shapes = {"f": "R^n -> R"}
    gradient = derive("f(A x)", "x", shapes=shapes).function(functions=functions)
    np.testing.assert_allclose(gradient(A=A, x=x), A.T @ np.cos(A @ x))
    hessian = derive("f(A x)", "x", shapes=shapes, kind="hessian").function(functions=functions)
    np.testing.assert_allclose(hessian(A=A, x=x), A.T @ np.diag(-np.sin(A @ x)) @ A)
    hvp = derive("f(A x)", "x", shapes=shapes, kind="hvp").function(functions=functions)
    v = np.array([1.0, 2.0])
    np.testing.assert_allclose(hvp(A=A, x=x, v=v), A.T @ np.diag(-np.sin(A @ x)) @ A @ v)
