"""Stationary points: what comes back, what is refused, and that a wrong closed form is caught."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.cli import main
from matcalc.errors import DerivationError, InputError
from matcalc.expression import Expression

RIDGE = "norm(X w - y)^2 + λ norm(w)^2"
LINE = "norm(X w + b - y)^2 where b: R"


def test_what_comes_back() -> None:
    point = derive(RIDGE, "w").stationary()
    assert point.unknown == "w"
    assert "X' X" in str(point.solution) and "λ" in str(point.solution)
    assert point.condition.endswith("is invertible, as it is for λ > 0")
    assert point.nature == "minimum for λ > 0"
    assert point.check().passed
    assert point.latex().startswith("w = ")
    X, y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]), np.array([1.0, 0.0, 2.0])
    wanted = np.linalg.solve(X.T @ X + 0.5 * np.eye(2), X.T @ y)
    assert np.allclose(point.solution.function()(X=X, y=y, λ=0.5), wanted)


def test_several_unknowns_speak_of_each_other_by_name() -> None:
    point = derive(LINE, "w, b").stationary()
    assert point.unknown == ("w", "b")
    w, b = point.solution
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    wanted = np.linalg.lstsq(np.column_stack([X, np.ones(6)]), y, rcond=None)[0]
    assert np.allclose(w.function()(X=X, y=y), wanted[:2])
    assert np.allclose(b.function()(X=X, y=y), wanted[2])
    assert str(b).splitlines()[0] == f"w = {w}"


def test_results_speak_in_the_names_of_the_program() -> None:
    point = derive("K = X' X + λ I; w' K w - 2 w' X' y where X: R^(m×n)", "w").stationary()
    assert "K^-1 X' y" in str(point)
    assert str(point).splitlines()[0].startswith("K = ")


def test_of_both_layouts() -> None:
    for layout in ("numerator", "denominator"):
        assert str(derive("norm(X w - y)^2", "w", layout=layout).stationary().solution) == (
            "(X' X)^-1 X' y"
        )


def test_unknown_functions_of_what_is_known() -> None:
    point = derive("norm(w - f(y))^2 where f: R^n -> R^n", "w").stationary()
    assert str(point.solution) == "f(y)"


REFUSED = [
    ("X w", "w", {}, InputError, "stationary point is where the gradient of a scalar"),
    (RIDGE, "w", {"kind": "hessian"}, InputError, "gradient of a scalar is zero"),
    ("u = A x; u·u", "u", {}, InputError, "`u` is bound"),
    ("x^2 + y^2", "[x, y]", {}, InputError, "gradient of a scalar"),
    (
        "norm(X - B)^2", "X", {"shapes": {"X": "R^(n×n) diagonal"}},
        DerivationError, "X is declared diagonal",
    ),
    ("sum(sigmoid(w))", "w", {}, DerivationError, "it has the term sigmoid(w)"),
    ("sum(w^3) + c·w", "w", {}, DerivationError, "3 w^2"),
    ("sum(max(0, X w))", "w", {}, DerivationError, "not linear in w"),
    ("(a·x)^2", "x", {}, DerivationError, "a a' is not invertible"),
    ("c", "x", {"shapes": {"x": "R^n"}}, DerivationError, "zero for every x"),
    ("a·x + y^2", "x, y", {}, DerivationError, "does not depend on it"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "wrt", "options", "kind", "message"), REFUSED)
def test_refused(
    program: str, wrt: str, options: dict[str, object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        derive(program, wrt, **options).stationary()  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_a_wrong_closed_form_is_caught() -> None:
    point = derive("norm(X w - y)^2", "w").stationary()
    wrong = parse("2 (X' X)^-1 X' y", {"X": "m×n", "y": "m"})
    forged = replace(point, closed={"w": Expression(wrong.node, wrong.variables, ())})
    assert forged.check().wrong
    with pytest.raises(DerivationError, match="is wrong"):
        forged.verified()


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    job = ["norm(X w - y)^2", "--wrt", "w", "--solve"]
    assert main(job) == 0
    assert capsys.readouterr().out == ("w = (X' X)^-1 X' y\n# if X' X is invertible\n# a minimum\n")
    assert main([*job, "--latex"]) == 0
    assert capsys.readouterr().out == "w = (X^{\\top} X)^{-1} X^{\\top} y\n"
    assert main([*job, "--numpy", "--check"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("import numpy as np") and "def w(X, y):" in said.out
    assert "verified on 3 random inputs" in said.err
    assert main([*job, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)["stationary"]
    assert record["solution"] == {"w": "(X' X)^-1 X' y"}
    assert (record["condition"], record["nature"]) == ("X' X is invertible", "minimum")
    assert main(["norm(X w - y)^2 + norm(w, 1)", "--wrt", "w", "--solve"]) == 1
    assert "it has the term sign(w)" in capsys.readouterr().err
    assert main([*job, "--expect", "0"]) == 2
    assert main([*job, "--steps"]) == 2


def test_functions_of_a_user_in_what_is_known() -> None:
    rules = """
function swish(x): elementwise
    define swish(x) = x sigmoid(x)
    d swish(x) = (sigmoid(x) + x sigmoid(x) (1 - sigmoid(x))) ⊙ dx
"""
    point = derive("norm(w - swish(y))^2", "w", rules=rules).stationary()
    assert str(point.solution) == "swish(y)"
    y = np.array([1.0, -2.0])
    assert np.allclose(point.solution.function()(y=y), y / (1 + np.exp(-y)))
    assert derive("norm(w - swish(y))^2", "w", rules=rules).equals("2 (w - swish(y))'")
