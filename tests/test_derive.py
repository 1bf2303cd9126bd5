"""`derive` and `parse` as people call them: kinds, layouts, structure, names, errors."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.errors import DerivationError, InputError, LimitError


@pytest.mark.parametrize(
    ("program", "wrt", "structure"),
    [
        ("w + x where w: R^n, x: R^n", "w", "identity"),
        ("w - 3 x where w: R^n, x: R^n", "x", "scaled identity"),
        ("t x where x: R^n, t: R", "x", "scaled identity"),
        ("w ⊙ x where w: R^n, x: R^n", "w", "diagonal"),
        ("f(x) where f: R -> R, x: R^n", "x", "diagonal"),
        ("max(0, x) + x where x: R^n", "x", "diagonal"),
        ("w > x where w: R^n, x: R^n", "w", "zero"),
        ("sign(x) where x: R^n", "x", "zero"),
        ("w · x", "z", "zero"),
        ("sum(x) where x: R^n", "x", "constant"),
        ("7 s", "s", "constant"),
        ("(a' x) b where x: R^n, a: R^n, b: R^m", "x", "rank one"),
        ("A x", "x", "dense"),
        ("A' A x", "x", "symmetric"),
        ("softmax(x) where x: R^n", "x", "symmetric"),
    ],
)
def test_structure(program: str, wrt: str, structure: str) -> None:
    shapes = {"z": "R^n"} if wrt == "z" else {}
    assert derive(program, wrt, shapes=shapes).structure == structure


@pytest.mark.parametrize(
    ("program", "shapes"),
    [("w · x", {"z": "R^n"}), ("w · x", {"z": "R"}), ("A x", {"z": "R^k"}), ("A x", {"z": "k×n"})],
)
def test_what_is_declared_and_unused_gives_zeros(program: str, shapes: dict[str, str]) -> None:
    d = derive(program, "z", shapes=shapes)
    assert d.structure == "zero"
    assert "z" in d.inputs
    assert d.check().passed


@pytest.mark.parametrize(
    ("program", "wrt", "numerator", "denominator", "shape"),
    [
        ("w · x", "w", "x'", "x", (3,)),
        ("A x", "x", "A", "A'", (4, 3)),
        ("tr(A X)", "X", "A'", "A'", (3, 4)),
        ("norm(x)^2 where x: R^n", "x", "2 x'", "2 x", (3,)),
        ("[x, x^2]", "x", "[1, 2 x]", "[1, 2 x]", (2,)),
        ("[x^2, y]", "[x, y]", "[[2 x, 0], [0, 1]]", "[[2 x, 0], [0, 1]]", (2, 2)),
    ],
)
def test_layout(
    program: str, wrt: str, numerator: str, denominator: str, shape: tuple[int, ...]
) -> None:
    for layout, wanted in (("numerator", numerator), ("denominator", denominator)):
        d = derive(program, wrt, layout=layout)
        assert str(d) == wanted
        assert d.layout.startswith(layout)
        assert d.check().passed
        sizes = {"n": 3, "m": 4}
        rng = np.random.default_rng(0)
        symbols = {s.name: s for s in d.program.variables.values()}
        given: dict[str, Any] = {
            name: rng.random([dim.evaluate(sizes) for dim in symbol.shape.dims])
            for name, symbol in symbols.items()
        }
        given = {name: given.get(name, sizes.get(name)) for name in d.inputs}
        assert np.shape(d.function()(**given)) == shape


def test_several_variables_give_a_tuple() -> None:
    d = derive("mean((y - max(0, X w + b))^2)", "w, b")
    assert d.wrt == ("w", "b")
    assert len(d.result) == len(d.shape) == len(str(d).splitlines()) == 2
    assert derive("mean((y - max(0, X w + b))^2)", ["w", "b"]).solved.arrays == d.solved.arrays
    blocks = derive("x' A y", "x, y", kind="hessian").result
    assert [[str(block) for block in row] for row in blocks] == [
        ["zeros(m, m)", "A"],
        ["A'", "zeros(n, n)"],
    ]


def test_by_a_bound_name_all_else_is_constant() -> None:
    program = "u = x^2; y = sin(u) + x; y"
    assert str(derive(program, "u")) in ("cos(x^2)", "u = x^2\ncos(u)")
    assert str(derive(program, "x")) in ("2 x cos(x^2) + 1", "u = x^2\n2 x cos(u) + 1")


def test_kind_is_worked_out() -> None:
    assert derive("w · x", "w").kind == "gradient"
    assert derive("A x", "x").kind == "jacobian"
    assert derive("w · x", "w", kind="jacobian").kind == "jacobian"


def test_a_symmetric_variable_has_a_symmetric_gradient() -> None:
    d = derive("tr(A S) where S: R^(n×n) symmetric", "S")
    assert str(d) in ("(A + A') / 2", "(A' + A) / 2", "1/2 (A + A')")
    assert d.check().passed
    assert str(derive("logdet(S) where S: R^(n×n) spd", "S")) == "S^-1"


@pytest.mark.parametrize(
    ("program", "wrt", "options", "message"),
    [
        ("w · x", "q", {}, "unknown variable `q`"),
        ("w · x", "", {}, "no variable to derive by"),
        ("w · x", "w, w", {}, "twice"),
        ("x[i] + i where x: R^n", "i", {}, "index"),
        ("e(i, n) · x", "i", {}, "index"),
        ("A x", "x", {"kind": "hessian"}, "a hessian is of a scalar"),
        ("A x", "x", {"kind": "gradient"}, "a gradient is of a scalar"),
        ("w · x", "w", {"kind": "slope"}, "kind is 'slope'"),
        ("w · x", "w", {"layout": "upright"}, "layout is 'upright'"),
        ("w · x", "w", {"dialect": "octave"}, "dialect"),
        ("w · x +", "w", {}, ""),
        ("frob(x)", "x", {}, "frob"),
        ("x + y where x: R^n, y: R^m", "x", {}, ""),
    ],
)
def test_wrong_questions(program: str, wrt: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        derive(program, wrt, **options)
    assert message in str(caught.value)
    assert str(caught.value).startswith("error: ")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("program", "wrt", "function"),
    [
        ("polygamma(s, x) where x: R positive, s: R", "s", "polygamma"),
        ("A^0.5 where A: R^(n×n)", "A", "power"),
    ],
)
def test_what_has_no_rule_is_said(program: str, wrt: str, function: str) -> None:
    with pytest.raises((DerivationError, InputError)) as caught:
        derive(program, wrt)
    assert function in str(caught.value)


def test_assumptions_are_reported() -> None:
    assert derive("w · x", "w").assumptions
    assert any("X" in line for line in derive("X w", "w").assumptions)


@pytest.mark.parametrize("text", ["", " ", "()", "where x: R", "x y z w (", "[", "1 +", "λ:"])
def test_nothing_is_no_program(text: str) -> None:
    with pytest.raises(InputError):
        derive(text, "x")


def test_an_expression_of_its_own() -> None:
    e = parse("sum(max(0, X w + b))", {"X": "m×n"})
    assert e.inputs == ("X", "w", "b")
    assert str(e.shape) == "R"
    rng = np.random.default_rng(0)
    X, w, b = rng.standard_normal((4, 3)), rng.standard_normal(3), rng.standard_normal(4)
    assert e.function()(X=X, w=w, b=b) == pytest.approx(np.maximum(0, X @ w + b).sum())
    assert "np." in e.code()


def test_value_and_derivative_in_one() -> None:
    d = derive("norm(A x)^2", "x")
    rng = np.random.default_rng(0)
    A, x = rng.standard_normal((4, 3)), rng.standard_normal(3)
    value, slope = d.function("numpy", value=True)(A, x)
    assert value == pytest.approx(np.sum((A @ x) ** 2))
    np.testing.assert_allclose(slope, 2 * A.T @ A @ x)


def test_steps_end_in_the_answer() -> None:
    d = derive("u = X w + b\nsum(max(0, u))", "w")
    kinds = [step.kind for step in d.steps]
    assert kinds[:2] == ["shapes", "intermediate"] and kinds[-1] == "answer"
    assert "local" in kinds and "chain" in kinds
    assert all(step.rule is None or step.rule.name for step in d.steps)
    assert d.steps[-1].after is d.result.node


@pytest.mark.parametrize("name", "sum mean prod max min var std logsumexp norm".split())
def test_a_reduction_of_a_scalar(name: str) -> None:
    d = derive(f"{name}(2 x) x", wrt="x", shapes={"x": "R"})
    assert d.check().passed


def test_an_index_may_be_a_product() -> None:
    assert str(derive("x[2i + 1]", wrt="x", shapes={"x": "R^n"})) == "e(2 i + 1, n)'"


def test_a_limit_of_time() -> None:
    program = " ".join(f"(x + {i})" for i in range(60))
    with pytest.raises(LimitError, match=r"more than 0\.05 s"):
        derive(program, wrt="x", kind="hessian", shapes={"x": "R"}, limit=0.05)


def test_a_sum_spread_over_a_grouped_axis_ends() -> None:
    """σ - σ^2 along the rows of a Jacobian by a matrix: once asked for its form for ever."""
    d = derive("sigmoid(Y' ones(m))", "Y", shapes={"Y": "R^(m×n)"})
    assert d.check().passed


@pytest.mark.parametrize("limit", ["", "10", [], True, 0, -1, float("nan")])
def test_a_limit_is_a_number_of_seconds(limit: Any) -> None:
    with pytest.raises(InputError, match="a limit is a number of seconds"):
        derive("x^2", "x", limit=limit)


def test_a_check_has_the_limit_of_its_derivation() -> None:
    factors = [f"X{k}" for k in range(10)]
    d = derive(f"tr({' '.join(factors)})", factors, kind="hessian")
    object.__setattr__(d, "limit", 1)
    assert str(d.check()) == "not verified: this takes more than 1 s"


def test_no_functions_are_like_none() -> None:
    assert str(derive("sum(x^2)", "x", functions={})) == "2 x'"
