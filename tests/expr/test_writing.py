"""How expressions are written down: the passes that choose a form."""

from __future__ import annotations

import pytest

from matcalc import derive, parse
from matcalc.expr.writing import transposed
from matcalc.expression import Expression


def test_names_bound_by_the_one_before_are_no_recursion() -> None:
    """Three hundred layers of matrices, each name bound by the one before."""
    layers = "\n".join(f"h{i + 1} = tanh(W{i} h{i} + b{i})" for i in range(300))
    d = derive(f"h0 = x\n{layers}\nnorm(h300)^2", "W0", shapes={"x": "R"})
    assert str(d.shape) == "R^(m×n)"


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("skew(a) b", "-b' skew(a)"),
        ("-(skew(a) b)", "b' skew(a)"),
        ("tril(ones(n, n)) x", "x' triu(ones(n, n))"),
        ("triu(S) x", "x' tril(S)"),
        ("tril(A) x", "x' tril(A)'"),
        ("ones(n, n) x", "x' ones(n, n)"),
    ],
)
def test_a_transpose_moves_inwards_and_its_sign_outwards(text: str, turned: str) -> None:
    shapes = {"a": "R^3", "b": "R^3", "x": "R^n", "A": "R^(n×n)", "S": "R^(n×n) symmetric"}
    assert str(Expression(transposed(parse(text, shapes).node))) == turned


@pytest.mark.parametrize(
    ("text", "derivative"),
    [
        ("(x^2)^(3/4)", "3 x / (2 (x^2)^(1/4))"),
        ("(x^4)^(1/3)", "4 x^3 / (3 (x^4)^(2/3))"),
        ("(q^2)^(3/4)", "3 sqrt(q) / 2"),
    ],
)
def test_a_root_of_an_even_power_has_values_at_negative_numbers(text: str, derivative: str) -> None:
    """(x^2)^(1/4) is no x^(1/2), unless x is positive."""
    d = derive(text, text[1], shapes={"x": "R", "q": "R positive"})
    assert str(d) == derivative
    assert d.check()
