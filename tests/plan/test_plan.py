"""What a plan shares, and what it costs."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from matcalc.emit.numpy import compile_function, source
from matcalc.language import parse_program
from matcalc.plan.plan import plan

SHAPES = {
    "A": "(n, n)", "B": "(n, n)", "S": "(n, n) spd", "X": "(m, n)", "x": "n", "v": "n", "y": "m",
    "d": "m positive",
}  # fmt: skip


def planned(text: str, **sizes: int) -> list[str]:
    """The operations of a plan."""
    used = set(re.findall(r"\w+", text))
    program = parse_program(text, {k: v for k, v in SHAPES.items() if k in used})
    return [value.op for value in plan([program.expression], sizes=sizes).values]


def statements(text: str) -> str:
    """The emitted statements, without the docstring."""
    used = set(re.findall(r"\w+", text))
    program = parse_program(text, {k: v for k, v in SHAPES.items() if k in used})
    return source("f", [program.expression], list(program.variables.values())).split('"""')[2]


FACTORED = [
    ("x' S^-1 x", ["chol", "factor_solve"]),
    ("logdet(S) + x' S^-1 x", ["chol", "factor_solve", "log"]),
    ("logdet(S)", ["chol", "log"]),
    ("S^-1", ["chol", "factor_inv"]),
    ("x' A^-1 x", ["solve"]),
    ("logdet(A) + x' A^-1 x", ["factor", "factor_solve", "factor_logdet"]),
    ("(A^-1 x) · ((A^-1)' v)", ["factor", "factor_solve", "factor_solve"]),
]


@pytest.mark.parametrize(("text", "expected"), FACTORED)
def test_one_factorisation(text: str, expected: list[str]) -> None:
    kinds = {"chol", "factor", "solve", "inv", "log", "logdet"}
    found = [op for op in planned(text) if op in kinds or op.startswith("factor")]
    assert sorted(found) == sorted(expected)


def test_sizes_decide_the_order_of_products() -> None:
    program = parse_program("A B C", {"A": "(k, m)", "B": "(m, n)", "C": "(n, p)"})
    flat = plan([program.expression], sizes={"k": 1000, "m": 2, "n": 1000, "p": 2})
    tall = plan([program.expression], sizes={"k": 2, "m": 1000, "n": 2, "p": 1000})
    assert flat.outputs[0].args[1].op == "dot"  # which is small
    assert tall.outputs[0].args[0].op == "dot"
    assert flat.cost({"k": 1000, "m": 2, "n": 1000, "p": 2}) == 2 * (2 * 1000 * 2 + 1000 * 2 * 2)


def test_a_gram_matrix_with_weights_is_a_symmetric_product() -> None:
    assert re.search(r"(\w+)\.T @ \1\b", statements("X' diag(d) X"))
    assert not re.search(r"(\w+)\.T @ \1\b", statements("X' diag(y) X"))


def test_what_has_two_signs_is_computed_once() -> None:
    assert planned("(x - v)' A (x - v) + sum(exp(v - x))").count("add") == 2


def test_no_identity_is_an_operand() -> None:
    text = 'einsum("qj,ql,ik->ijkl", X, X, eye(n))'
    body = statements(text)
    assert "X.T @ X" in body and "np.eye" not in body
    assert 'np.einsum("ijil->ijl"' in body
    assert "np.eye" in statements('einsum("ij,ij,k->k", eye(n), eye(n), x)')  # summed: a number


def test_a_product_is_multiplied_out_where_that_is_less_work() -> None:
    assert "A @ x + A.T @ x" in statements("(A + A') x")
    assert "(A + A.T) @ B" in statements("(A + A') B")
    program = parse_program("(U V' - T) V", {"U": "(m, r)", "V": "(n, r)", "T": "(m, n)"})
    narrow = plan([program.expression], sizes={"m": 2000, "n": 2000, "r": 10}).outputs[0]
    square = plan([program.expression], sizes={"m": 200, "n": 200, "r": 200}).outputs[0]
    assert narrow.op == "add"
    assert square.op == "matmul"


def test_actual_sizes_decide_when_a_function_is_called() -> None:
    program = parse_program("(U V' - T) V", {"U": "(m, r)", "V": "(n, r)", "T": "(m, n)"})
    inputs = list(program.variables.values())
    function: Any = compile_function("f", [program.expression], inputs, single=True)
    rng = np.random.default_rng(0)
    for m, n, r in [(60, 50, 2), (3, 4, 50), (60, 50, 2)]:
        U, V, T = (rng.standard_normal(s) for s in ((m, r), (n, r), (m, n)))
        for _ in range(2):
            np.testing.assert_allclose(function(U=U, V=V, T=T), (U @ V.T - T) @ V, rtol=1e-10)


def test_long_entries_of_a_view_are_wrapped() -> None:
    text = 'einsum("qj,qk,il->ijkl", exp(a_long_name + other_name), tanh(a_long_name - x), eye(n))'
    text = text.replace("- x", "- exp(other_name)")
    shapes = {"a_long_name": "(n, n)", "other_name": "(n, n)"}
    program = parse_program(text, shapes)
    inputs = list(program.variables.values())
    function: Any = compile_function("f", [program.expression], inputs, single=True)
    assert max(map(len, function.source.splitlines())) <= 100
    assert function(np.zeros((2, 2)), np.zeros((2, 2))).shape == (2, 2, 2, 2)
