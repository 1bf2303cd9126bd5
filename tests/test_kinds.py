"""Derivatives along directions: differential, jvp, vjp, hvp, as a textbook prints them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc import InputError, derive, parse
from matcalc.check import same_value
from matcalc.pipeline import leaves_of

# program, variable, and what is printed for the differential, J v, u' J and H v
PRINTED = [
    ("log(det(X))", "X", "tr(X^-1 dX)", "tr(X^-1 v)", "u X^-T", "-X^-T v' X^-T"),
    ("tr(A X)", "X", "tr(A dX)", "tr(A v)", "u A'", "zeros(n, m)"),
    ("tr(X' X)", "X", "2 tr(X' dX)", "2 tr(X' v)", "2 u X", "2 v"),
    ("a' X b", "X", "a' dX b", "a' v b", "u a b'", "zeros(m, n)"),
    ("tr(X^-1 A)", "X", "-tr(X^-1 A X^-1 dX)", "-tr(X^-1 A X^-1 v)", "", ""),
    ("det(X)", "X", "det(X) tr(X^-1 dX)", "det(X) tr(X^-1 v)", "u det(X) X^-T", ""),
    ("sum(exp(X))", "X", "tr(exp(X)' dX)", "tr(exp(X)' v)", "u exp(X)", "exp(X) ⊙ v"),
    ("X^-1 where X: R^(n×n)", "X", "-X^-1 dX X^-1", "-X^-1 v X^-1", "-X^-T u X^-T", ""),
    ("A X B", "X", "A dX B", "A v B", "A' u B'", ""),
    ("X' X", "X", "X' dX + dX' X", "X' v + v' X", "X (u + u')", ""),
    ("expm(X)", "X", "expm_frechet(X, dX)", "expm_frechet(X, v)", "expm_frechet(X', u)", ""),
    ("exp(A x)", "x", "exp(A x) ⊙ (A dx)", "exp(A x) ⊙ (A v)", "(u ⊙ exp(A x))' A", ""),
    ("x' A", "x", "dx' A", "v' A", "u' A'", ""),
    ("norm(A x - b)^2", "x", "2 (A x - b)' A dx", "2 (A x - b)' A v", "", "2 A' A v"),
    ("x' A x", "x", "x' (A + A') dx", "x' (A + A') v", "u x' (A + A')", "(A + A') v"),
    ("logsumexp(x)", "x", "softmax(x) · dx", "softmax(x) · v", "u softmax(x)'",
     "softmax(x) ⊙ (v - softmax(x) · v)"),
    ("softmax(x)", "x", "softmax(x) ⊙ (dx - softmax(x) · dx)", "", "", ""),
    ("sum(softplus(X w) - y ⊙ (X w))", "w", "(sigmoid(X w) - y)' X dw", "", "",
     "X' (sigmoid(X w) ⊙ (1 - sigmoid(X w)) ⊙ (X v))"),
    ("mean((y - X w)^2)", "w", "(2/m) (X w - y)' X dw", "", "(2/m) u (X w - y)' X", "(2/m) X' X v"),
    ("s^2 t", "s, t", "2 s t ds + s^2 dt", "2 s t v_s + s^2 v_t", "2 s t u\nu s^2",
     "2 (s v_t + t v_s)\n2 s v_s"),
    ("x^2 y", "[x, y]", "2 x y dx + x^2 dy", "2 x y v[0] + x^2 v[1]", "[2 u x y, u x^2]'",
     "[2 ([y, x] · v), 2 x v[0]]"),
    ("[x^2 y, sin(x)]", "[x, y]", "[2 x y dx + x^2 dy, cos(x) dx]", "", "", ""),
    ("logdet(S) where S: R^(n×n) spd", "S", "tr(S^-1 dS)", "tr(S^-1 v)", "u S^-1",
     "-S^-1 v S^-1"),
    ("f(x) where f: R^n -> R, x: R^n", "x", "∇f(x) · dx", "∇f(x) · v", "u ∇f(x)'", "H_f(x) v"),
    ("f(A x) where f: R^m -> R^k", "x", "J_f(A x) A dx", "J_f(A x) A v", "u' J_f(A x) A", ""),
    ("x t where x: R^n", "t", "x dt", "x v", "", ""),
    ("norm(X w)^2 + norm(Y w)^2", "w", "", "", "", "2 (X' X + Y' Y) v"),
    ("3 s where x: R^n", "x", "0", "0", "zeros(n)'", "zeros(n)"),
    ("h = A x; h·h", "h", "2 x' A' dh", "", "2 u x' A'", "2 v"),
    ("tr(A S) where S: R^(n×n) symmetric", "S", "", "", "", "zeros(n, n)"),
    ("sum(T.^2) where T: R^(k×m×n)", "T", "2 sum(T ⊙ dT)", "2 sum(T ⊙ v)", "2 u T", "2 v"),
]  # fmt: skip
KINDS = ("differential", "jvp", "vjp", "hvp")
QUESTIONS = [
    (text, wrt, kind, wanted)
    for text, wrt, *results in PRINTED
    for kind, wanted in zip(KINDS, results, strict=True)
    if wanted or kind != "hvp"
]


@pytest.mark.parametrize(("text", "wrt", "kind", "wanted"), QUESTIONS)
def test_printed_right_and_read_back(text: str, wrt: str, kind: str, wanted: str) -> None:
    d = derive(text, wrt, kind=kind)
    parts = leaves_of(d.result)
    if wanted:
        assert "\n".join(part.text().splitlines()[-1] for part in parts) == wanted
    assert d.check().passed, str(d.check())
    shapes = {s.name: " ".join([str(s.shape), *s.properties]) for s in scope(d)}
    shapes |= {f.name: str(f) for f in d.program.functions.values()}
    for part in parts:
        again = parse(str(part), shapes)
        assert same_value(part.node, again.node, scope(d), points=1).passed
    assert d.steps[-1].kind == "answer" and d.steps[-1].after is parts[-1].node
    assert d.latex() and d.code()


def scope(d: Any) -> list[Any]:
    return [*d.program.variables.values(), *d.solved.problem.directions]


@pytest.mark.parametrize(("text", "wrt", "kind", "_"), QUESTIONS)
def test_denominator_layout(text: str, wrt: str, kind: str, _: str) -> None:
    """Only u' J is written in another way, as a column; arrays are what they are."""
    d, other = (derive(text, wrt, kind=kind, layout=layout) for layout in LAYOUTS)
    assert other.check().passed
    if kind == "vjp":
        assert not any(getattr(part.shape, "row", False) for part in leaves_of(other.result))
    else:
        assert str(other) == str(d)


LAYOUTS = ("numerator", "denominator")


@pytest.mark.parametrize(
    ("text", "wrt", "kind", "shapes"),
    [
        ("exp(A x)", "x", "jvp", [(4,)]),
        ("exp(A x)", "x", "differential", [(4,)]),
        ("exp(A x)", "x", "vjp", [(3,)]),
        ("x' A' A x", "x", "hvp", [(3,)]),
        ("A X", "X", "jvp", [(4, 5)]),
        ("A X", "A, X", "vjp", [(4, 3), (3, 5)]),
        ("sum(exp(A X))", "A, X", "hvp", [(4, 3), (3, 5)]),
        ("sum(exp(A X))", "A, X", "jvp", [()]),
        ("x' A'", "x", "jvp", [(4,)]),
    ],
)
def test_shapes_of_arrays(text: str, wrt: str, kind: str, shapes: list[tuple[int, ...]]) -> None:
    d = derive(text, wrt, kind=kind, shapes={"A": "4×3", **({"X": "3×5"} if "X" in text else {})})
    rng = np.random.default_rng(0)
    given = {s.name: rng.random([dim.value or 3 for dim in s.shape.dims]) for s in scope(d)}
    assert set(given) == set(d.inputs)
    value, found = d.function(value=True)(**given)
    assert [np.shape(part) for part in leaves_of(found)] == shapes
    plain = parse(text, {s.name: str(s.shape) for s in scope(d) if s.name in text})
    assert np.shape(value) == tuple(dim.value for dim in plain.shape.dims)


def test_directions_are_inputs_and_reported() -> None:
    d = derive("sum(exp(X w + b))", "w, b", kind="jvp")
    assert d.inputs == ("X", "w", "b", "v_w", "v_b")
    assert "v_w: R^n, the direction of w" in d.assumptions
    assert derive("A x", "x", kind="vjp").assumptions[-1].startswith("u: R^m, the cotangent")
    d = derive("logdet(S) where S: R^(n×n) spd", "S", kind="differential")
    assert d.assumptions[-1] == "dS: R^(n×n) symmetric, the differential of S"


@pytest.mark.parametrize(
    ("text", "wrt", "kind", "direction", "names"),
    [
        ("w · x", "w", "jvp", "p", ["p"]),
        ("w · x", "w, x", "jvp", "p", ["p_w", "p_x"]),
        ("w · x", "w, x", "jvp", "p, q", ["p", "q"]),
        ("w · x", "w, x", "hvp", {"x": "z"}, ["v_w", "z"]),
        ("A x", "x", "vjp", "y", ["y"]),
        ("A x", "x", "jvp", "delta", ["δ"]),
        ("v · x", "x", "jvp", None, ["v_1"]),
        ("u = A x; u", "x", "vjp", None, ["u_1"]),
        ("x where dx: R^n, x: R^n", "x", "differential", None, ["dx_1"]),
        ("et^2", "et", "differential", None, ["det_1"]),
        ("x · y", "x", "jvp", "y", ["y"]),
    ],
)
def test_names(text: str, wrt: str, kind: str, direction: Any, names: list[str]) -> None:
    d = derive(text, wrt, kind=kind, direction=direction)
    assert [each.symbol.name for each in d.directions] == names
    assert d.check().passed


@pytest.mark.parametrize(
    ("text", "wrt", "kind", "direction", "message"),
    [
        ("w · x", "w", "gradient", "p", "a gradient has no direction"),
        ("w · x", "w, x", "jvp", "p, q, r", "2 directions, and 3 names"),
        ("w · x", "w", "jvp", {"x": "p"}, "there is no direction of x"),
        ("w · x", "w", "jvp", "w", "a name that the program uses"),
        ("A x", "x", "jvp", "A", "a name that the program uses"),
        ("w · x", "w, x", "jvp", "p, p", "chosen for two"),
        ("w · x", "w", "jvp", "exp", "name of a function"),
        ("w · x", "w", "jvp", "a+b", "letters, digits"),
        ("w · x", "w", "jvp", 3, "direction is a name"),
        ("A x", "x", "hvp", None, "an hvp is of a scalar"),
        ("u = x^2; u x", "u, x", "differential", None, "not independent"),
        ("u = x^2; u x", "u, x", "jvp", None, "not independent"),
        ("u = x^2; u x", "u, x", "hvp", None, "not independent"),
    ],
)
def test_wrong_directions(text: str, wrt: str, kind: str, direction: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        derive(text, wrt, kind=kind, direction=direction)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wrt", "kind", "latex"),
    [
        ("log(det(X))", "X", "differential",
         r"\mathrm{d}f = \operatorname{tr}(X^{-1} \, \mathrm{d}X)"),
        ("L = norm(y - X w)^2; L", "w", "differential",
         r"\mathrm{d}L = 2 (X w - y)^{\top} X \, \mathrm{d}w"),
        ("X^-1 where X: R^(n×n)", "X", "differential",
         r"\mathrm{d}F = -X^{-1} \, \mathrm{d}X \, X^{-1}"),
        ("f σ^2", "sigma", "differential", r"\mathrm{d}g = 2 f σ \, \mathrm{d}\sigma"),
        ("A x_1", "x_1", "differential", r"\mathrm{d}f = A \, \mathrm{d}x_{1}"),
        ("A x", "x", "jvp", "A v"),
    ],
)  # fmt: skip
def test_latex(text: str, wrt: str, kind: str, latex: str) -> None:
    d = derive(text, wrt, kind=kind)
    assert d.latex() == latex.replace("σ", r"\sigma")
    assert d.result.latex() in d.latex()


def test_the_hessian_is_never_built() -> None:
    code = derive("sum(softplus(X w))", "w", kind="hvp").code()
    assert "diag" not in code and "X.T @ (" in code
    code = derive("exp(A x)", "x", kind="jvp").code()
    assert "diag" not in code and "A @ v" in code
    code = derive("norm(X w)^2 + norm(Y w)^2", "w", kind="hvp").code()
    assert "X.T @ (X @ v)" in code and "Y.T @ (Y @ v)" in code


def test_minus_before_an_indicator() -> None:
    """NumPy refuses minus of a boolean, which a product may begin with."""
    d = derive("-min(ones(m), u) / 3", "u", kind="differential", shapes={"u": "R^m"})
    np.testing.assert_allclose(d.function()(u=np.array([0.0, 2.0]), du=np.ones(2)), [-1 / 3, 0])


def test_steps_tell_the_differential_of_each_part() -> None:
    d = derive("sum(exp(A x + b))", "x", kind="differential")
    told = [(step.kind, str(parse_free(step.after))) for step in d.steps if step.after is not None]
    assert ("local", "A dx") in told
    assert ("local", "u2 ⊙ du1") in told and ("local", "sum(du2)") in told
    assert told[-1] == ("answer", "exp(A x + b)' A dx")


def parse_free(expr: Any) -> Any:
    from matcalc.emit.text import text

    return text(expr, bindings=False)


def test_what_is_wrong_is_found() -> None:
    """The oracle tells a wrong answer of every kind from the right one."""
    from matcalc.check import check

    for kind in KINDS:
        d = derive("norm(A x)^4", "x", kind=kind)
        problem = d.solved.problem
        known = {"A": "m×n", "x": "n"} | {v.symbol.name: str(v.symbol.shape) for v in d.directions}
        wrong = [parse(f"1.001 ({part})", known).node
                 for part in leaves_of(d.result)]  # fmt: skip
        report = check(problem.expression, wrong, problem.targets, problem.kind,
                       along=problem.directions)  # fmt: skip
        assert report.wrong
