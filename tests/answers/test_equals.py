"""The verdict on a hand-derived derivative: every usual slip is told for what it is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pytest

from matcalc import derive
from matcalc.cli import main
from matcalc.errors import InputError
from tests.golden.test_results import CASES, Line

LEAST_SQUARES: Final = "norm(X w - y)^2"
RIDGE: Final = "norm(X w - y)^2 + λ norm(w)^2"
MEAN: Final = "mean((X w - y)^2)"
SOFTMAX: Final = "h = W x + b; p = softmax(h); cross_entropy(h, y)"
SQUARE: Final = {"shapes": {"X": "n×n"}}


@dataclass(frozen=True)
class Case:
    """A derivative, a text that is taken for it, and what is said of that."""

    program: str
    wrt: str
    given: str
    outcome: str
    says: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.given} for {self.program} by {self.wrt}"


VERDICTS: Final = [
    Case(LEAST_SQUARES, "w", "2 (X w - y)' X", "equal", "right (proved"),
    Case(LEAST_SQUARES, "w", "2 (w' X' X - y' X)", "equal", "right (proved"),
    Case(LEAST_SQUARES, "w", "2 X'(X w - y)", "layout", "yours is a column, and in numerator"),
    Case(
        LEAST_SQUARES, "w", "2 (X w - y)' X", "layout", "yours is a row, and in denominator",
        {"layout": "denominator"},
    ),
    Case(LEAST_SQUARES, "w", "(X w - y)' X", "factor", "1/2 times the derivative"),
    Case(LEAST_SQUARES, "w", "2 (y - X w)' X", "factor", "the sign is wrong"),
    Case(LEAST_SQUARES, "w", "X'(X w - y)", "factor", "1/2 times the derivative, and transposed"),
    Case(LEAST_SQUARES, "w", "2 (X w)' X", "term", "yours minus the derivative is 2 y' X"),
    Case(LEAST_SQUARES, "w", "2 (X w - y)' X + 1e-9 w'", "term", "yours minus the derivative is"),
    Case(LEAST_SQUARES, "w", "2.0000001 (X w - y)' X", "term", "off by a term"),
    Case(LEAST_SQUARES, "w", "2 X' X", "shape", "yours is R^(n×n), and the gradient is R^(1×n)"),
    Case(LEAST_SQUARES, "w", "0", "wrong", "the derivative is"),
    Case(RIDGE, "w", "2 (X w - y)' X", "term", "the derivative minus yours is 2 λ w'"),
    Case(MEAN, "w", "2 (X w - y)' X", "factor", "m times"),
    Case(MEAN, "w", "2/n (X w - y)' X", "factor", "m / n times"),
    Case("norm(x)^2 / (2 σ²)", "x", "x'", "factor", "σ^2 times"),
    Case("x' A x", "x", "2 x' A", "wrong", "wrong unless A is symmetric: at x = [1, 2]"),
    Case("x' A x", "x", "2 A x", "wrong", "symmetric (and then right but transposed)"),
    Case("x' A x", "x", "2 A", "wrong", "unless A is symmetric", {"kind": "hessian"}),
    Case("x' A x", "x", "A' + A", "equal", "", {"kind": "hessian"}),
    Case("x' S x where S: R^(n×n) symmetric", "x", "2 x' S", "equal"),
    Case("exp(A x)", "x", "A' diag(exp(A x))", "layout", "transposed: in numerator layout"),
    Case("logdet(X)", "X", "X^-T", "equal", "", SQUARE),
    Case("logdet(X)", "X", "X^-1", "layout", "transposed: in numerator layout", SQUARE),
    Case("logdet(X)", "X", "X^-1", "equal", "", {"shapes": {"X": "n×n spd"}}),
    Case("tr(A X)", "X", "vec(A')", "layout", "stacked by vec()"),
    Case("X^-1", "X", "-X^-T ⊗ X^-1", "equal", "", SQUARE),
    Case("X^-1", "X", "-X^-1 ⊗ X^-T", "layout", "in the other layout", SQUARE),
    Case("X^-1", "X", 'einsum("ij,kl->iklj", -X^-1, X^-1)', "wrong", "", SQUARE),
    Case("X^-1", "X", 'einsum("ik,lj->ijkl", X^-1, X^-1)', "factor", "-1 times", SQUARE),
    Case("A X", "X", 'einsum("ik,jl->ijkl", A, eye(n))', "layout", "all its axes",
         {"shapes": {"A": "p×m", "X": "m×n"}}),
    Case(SOFTMAX, "W", "(sum(y) p - y) x'", "equal"),
    Case(SOFTMAX, "W", "(p - y) x'", "term", "derivative minus yours is (sum(y) - 1) p x'"),
    Case("x", "x", "I", "equal", "", {"shapes": {"x": "R^n"}}),
    Case("x", "x", "1", "shape", "yours is R, and the Jacobian is R^(n×n)",
         {"shapes": {"x": "R^n"}}),
    Case("a·b", "x", "0", "equal", "", {"shapes": {"x": "R^n"}}),
    Case("f(A x)", "x", "∇f(A x)' A", "equal", "", {"shapes": {"f": "R^m -> R", "A": "m×n"}}),
    Case("g(x)^2", "x", "2 g'(x)", "wrong", "", {"shapes": {"g": "R -> R", "x": "R"}}),
    Case("sum(max(0, x))", "x", "(x >= 0)'", "equal", "not proved", {"shapes": {"x": "R^n"}}),
    Case("sum(log(x))", "x", "1 / x'", "equal"),
    Case("1 / (1 + exp(-x))", "x", "sigmoid(x) sigmoid(-x)", "equal", "", {"shapes": {"x": "R"}}),
    Case("x' A x", "x", "dx' A x + x' A dx", "equal", "", {"kind": "differential"}),
    Case("x' A x", "x", "2 x' A dx", "wrong", "unless A is symmetric", {"kind": "differential"}),
    Case("exp(A x)", "x", "exp(A x) ⊙ (A v)", "equal", "", {"kind": "jvp"}),
    Case("exp(A x)", "x", "A' (exp(A x) ⊙ u)", "layout", "yours is a column", {"kind": "vjp"}),
    Case("sum(exp(A x))", "x", "-A' (exp(A x) ⊙ (A v))", "factor", "sign", {"kind": "hvp"}),
    Case("a·x", "x", "0 v", "equal", "", {"kind": "hvp"}),
    Case("(x + y)^3", "x", "3 x^2 + 6 x y + 3 y^2", "equal", "proved", {"shapes": {"x": "R"}}),
]  # fmt: skip


@pytest.mark.parametrize("case", VERDICTS, ids=str)
def test_verdict(case: Case) -> None:
    verdict = derive(case.program, case.wrt, **case.options).equals(case.given)
    assert verdict.outcome == case.outcome, str(verdict)
    assert case.says in str(verdict)
    assert bool(verdict) == (case.outcome == "equal")
    if case.outcome == "wrong":
        assert verdict.counterexample is not None
    if verdict.counterexample is not None:
        different = verdict.counterexample.derivative, verdict.counterexample.given
        assert not np.allclose(*different)


ONE: Final = [case for case in CASES if not case.wrt.startswith("[") and "," not in case.wrt]


@pytest.mark.parametrize("case", ONE, ids=lambda case: f"{case.program} by {case.wrt}")
def test_every_golden_result_is_right_as_it_prints(case: Line) -> None:
    d = derive(case.program, case.wrt, kind="hessian" if case.twice else "auto")
    verdict = d.equals(str(d))
    assert verdict, str(verdict)
    assert verdict.proof == "symbolic", str(d)


@pytest.mark.parametrize("case", ONE, ids=lambda case: f"{case.program} by {case.wrt}")
def test_every_golden_result_with_the_wrong_sign_is_told(case: Line) -> None:
    d = derive(case.program, case.wrt, kind="hessian" if case.twice else "auto")
    *bindings, result = str(d).split("\n")
    verdict = d.equals("\n".join([*bindings, f"-({result})"]))
    if "zeros" not in result and result != "0":
        assert verdict.factor == "-1", str(verdict)


def test_several_variables_want_as_many_texts() -> None:
    d = derive("y' X w", "X, w")
    assert d.equals(["y w'", "y' X"])
    verdict = d.equals(["y w'", "X' y"])
    assert not verdict and verdict.outcome == "layout"
    assert str(verdict).splitlines()[0].startswith("by X: right")
    assert str(verdict).splitlines()[1].startswith("by w: right but transposed")
    with pytest.raises(InputError, match="there are 2 derivatives"):
        d.equals("y w'")
    blocks = derive("x' A y", "x, y", kind="hessian")
    zeros = "zeros(m, m)", "zeros(n, n)"
    assert blocks.equals([[zeros[0], "A"], ["A'", zeros[1]]])
    assert blocks.equals([zeros[0], "A", "A'", zeros[1]])


WRONG_TEXTS: Final = [
    ("2 q' X", "has no variable `q`", "      ^"),
    ("2 (X w", "`(` is never closed", "    ^"),
    ("2 X (X w - y)", "this product does not exist", ""),
    ("v where v: R^n", "has no variable `v`", ""),
    ("X[i,:]", "has no variable `i`", ""),
    ("softmx(w)", "unknown function", ""),
]


@pytest.mark.parametrize(("text", "message", "caret"), WRONG_TEXTS)
def test_a_text_that_is_none_is_a_diagnostic(text: str, message: str, caret: str) -> None:
    with pytest.raises(InputError) as caught:
        derive(LEAST_SQUARES, "w").equals(text)
    said = str(caught.value)
    assert message in said
    assert f"\n  expected: {text}\n" in said
    assert caret in said


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    job = [LEAST_SQUARES, "--wrt", "w", "--expect"]
    assert main([*job, "2 (X w - y)' X"]) == 0
    assert capsys.readouterr().out.startswith("right (proved")
    assert main([*job, "-2 (X w - y)' X"]) == 1
    assert capsys.readouterr().out.startswith("the sign is wrong")
    assert main([*job, "2 (X w"]) == 2
    assert capsys.readouterr().out == ""
    assert main([*job, "2 X' X", "--json"]) == 1
    record = json.loads(capsys.readouterr().out)["verdict"]
    assert (record["outcome"], record["equal"]) == ("shape", False)
    assert main(["a·w", "--wrt", "a,w", "--expect", "w'", "--expect", "a'"]) == 0
