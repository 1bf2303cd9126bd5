"""Text: it parses back, and it is what a textbook would print."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

import pytest

from matcalc.dims import named
from matcalc.emit.text import text
from matcalc.expr import build
from matcalc.expr.nodes import Einsum, Expr, Neg, Shape, postorder
from matcalc.language import parse_program
from tests.emit.programs import TEXTS, Text, declarations

N = named("n")
x = build.symbol("x", Shape((N,)))
y = build.symbol("y", Shape((N,)))
A = build.symbol("A", Shape((N, N)))
B = build.symbol("B", Shape((N, N)))
a = build.symbol("a")
b = build.symbol("b")
number = build.number


def negates_a_product(expr: Expr) -> bool:
    """Whether -(a b) is somewhere, which prints as -a b and so parses back to (-a) b."""
    products = ("Product", "Hadamard", "Dot", "Kron", "Divide")
    return any(
        isinstance(node, Neg) and type(node.arg).__name__ in products for node in postorder((expr,))
    )


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case.id)
def test_parses_back_to_the_same(case: Text, ascii: bool) -> None:
    program = case.program
    printed = text(program.expression, ascii=ascii)
    again = parse_program(printed, declarations(program)).expression
    if negates_a_product(program.expression):
        assert text(again, ascii=ascii) == printed
    else:
        assert again is program.expression


PRINTED: list[tuple[Expr, str]] = [
    (build.product([number(Fraction(1, 2)), x]), "x / 2"),
    (build.product([number(Fraction(-1, 2)), x]), "-x / 2"),
    (build.product([number(Fraction(3, 2)), x]), "3/2 x"),
    (build.product([number(Fraction(1, 100)), x]), "0.01 x"),
    (build.product([number(Fraction(1, 3)), A, x]), "A x / 3"),
    (build.product([number(Fraction(1, 2)), build.add([A, B])]), "(A + B) / 2"),
    (build.add([x, build.product([number(-2), y])]), "x - 2 y"),
    (build.add([x, number(Fraction(-1, 2))]), "x - 1/2"),
    (build.add([build.neg(x), y]), "-x + y"),
    (build.add([x, build.neg(build.add([x, y]))]), "x - (x + y)"),
    (build.add([x, build.neg(build.neg(y))]), "x - (-y)"),
    (build.neg(build.neg(x)), "-(-x)"),
    (build.neg(build.product([A, x])), "-A x"),
    (build.neg(build.hadamard([x, y])), "-x ⊙ y"),
    (build.neg(build.add([x, y])), "-(x + y)"),
    (build.product([A, build.dot(x, y)]), "A (x · y)"),
    (build.product([build.dot(x, y), A]), "(x · y) A"),
    (build.product([build.neg(build.dot(x, y)), A]), "-(x · y) A"),
    (build.product([build.hadamard([A, B]), x]), "(A ⊙ B) x"),
    (build.hadamard([build.product([A, x]), y]), "A x ⊙ y"),
    (build.hadamard([y, build.product([A, x])]), "y ⊙ (A x)"),
    (build.hadamard([build.divide(x, a), y]), "x / a ⊙ y"),
    (build.divide(x, build.hadamard([x, y])), "x / (x ⊙ y)"),
    (build.divide(x, build.neg(y)), "x / (-y)"),
    (build.divide(build.divide(x, a), b), "x / a / b"),
    (build.product([build.divide(number(2), build.size(N)), x]), "(2/n) x"),
    (build.product([build.divide(x, build.add([a, b])), a]), "(x / (a + b)) a"),
    (build.product([a, number(2), number(3)]), "a * 2 * 3"),
    (build.product([build.compare(">", x, number(0)), a]), "(x > 0) a"),
    (build.compare(">", build.compare("<", a, b), number(0)), "(a < b) > 0"),
    (build.compare(">=", a, b), "a ≥ b"),
    (build.power(build.power(x, number(2)), number(2)), "(x^2)^2"),
    (build.power(build.neg(a), number(2)), "(-a)^2"),
    (build.power(number(-2), a), "(-2)^a"),
    (build.power(a, number(-1)), "a^-1"),
    (build.power(a, number(-2)), "a^(-2)"),
    (build.power(a, build.add([b, number(1)])), "a^(b + 1)"),
    (build.power(a, number(Fraction(1, 2))), "a^(1/2)"),
    (build.power(a, build.symbol("T")), "pow(a, T)"),
    (build.power(A, number(2), elementwise=True), "A.^2"),
    (build.power(build.index(x, [number(0)]), number(2)), "x[0]^2"),
    (build.transpose(build.power(x, number(2))), "(x^2)'"),
    (build.transpose(build.inverse(A)), "A^-T"),
    (build.inverse(build.transpose(A)), "(A')^-1"),
    (build.index(build.transpose(A), [number(0), None]), "A'[0, :]"),
    (build.index(build.product([A, x]), [number(1)]), "(A x)[1]"),
    (build.kron(A, build.kron(B, A)), "A ⊗ (B ⊗ A)"),
    (build.stack([a, number(1)]), "[a, 1]"),
    (
        build.stack([build.transpose(build.stack([a, b])), build.transpose(build.stack([b, a]))]),
        "[[a, b], [b, a]]",
    ),
    (build.stack([build.transpose(x), build.transpose(y)]), "[x', y']"),
    (build.einsum("i,jk->ijk", [x, A]), 'einsum("i,jk->ijk", x, A)'),
    (build.call(Shape(()), "norm_nuc", [A]), "norm(A, nuc)"),
    (build.call(Shape((N,)), "sum", [A], 0), "sum(A, axis=0)"),
    (build.filled("ones", Shape((N,), row=True)), "ones(n)'"),
    (build.product([number(Fraction(10) ** -8), x]), "1e-8 x"),
]


@pytest.mark.parametrize(("expr", "expected"), PRINTED, ids=[expected for _, expected in PRINTED])
def test_printed(expr: Expr, expected: str) -> None:
    assert text(expr) == expected


@pytest.mark.parametrize(("expr", "expected"), PRINTED, ids=[expected for _, expected in PRINTED])
def test_printed_parses(expr: Expr, expected: str) -> None:
    shapes = {"x": "n", "y": "n", "A": "(n, n)", "B": "(n, n)", "a": "R", "b": "R", "T": "R"}
    assert text(parse_program(expected, shapes).expression) == expected
    for ascii in (False, True):
        assert parse_program(text(expr, ascii=ascii), shapes).expression.shape == expr.shape


def test_ascii_spells_greek() -> None:
    eta = build.symbol("η")
    expr = build.compare(">=", build.product([eta, build.constant("pi")]), build.symbol("λ"))
    assert text(expr) == "η π ≥ λ"
    assert text(expr, ascii=True) == "eta pi >= lambda"
    assert text(build.kron(A, B), ascii=True) == "kron(A, B)"


def test_bindings_come_first_in_order() -> None:
    u = build.named("u", build.power(a, number(2)))
    v = build.named("v", build.add([u, b]))
    expr = build.call(Shape(()), "sin", [build.product([v, u])])
    assert text(expr) == "u = a^2\nv = u + b\nsin(v u)"
    assert text(expr, bindings=False) == "sin(v u)"
    assert text((expr, u)) == "u = a^2\nv = u + b\nsin(v u)\nu"


def test_a_name_bound_twice_is_spelled_out() -> None:
    one, other = build.named("u", a), build.named("u", b)
    assert text(build.add([one, other])) == "u = a\nu + b"
    assert text(build.add([a, build.named("a", b)])) == "a + b"


def test_repeated_squaring_prints_in_linear_size() -> None:
    expr: Expr = build.add([x, y])
    for _ in range(40):
        expr = build.hadamard([expr, expr])
    printed = text(expr)
    assert len(printed) < 2000
    assert parse_program(printed, {"x": "n", "y": "n"}).expression.shape == expr.shape


def test_a_deep_chain_prints() -> None:
    expr: Expr = x
    for _ in range(5000):
        expr = build.call(x.shape, "tanh", [build.product([A, expr])])
    printed = text(expr)
    assert printed.count("tanh") == 5000
    assert max(map(len, printed.splitlines())) < 4000


def test_names_that_are_introduced_are_unused() -> None:
    expr: Expr = build.add([build.symbol("t1", x.shape), y])
    for _ in range(15):
        expr = build.hadamard([expr, expr])
    assert text(expr).startswith("t2 = ")


def test_every_node_prints() -> None:
    seen = {type(node) for case in TEXTS for node in postorder((case.program.expression,))}
    assert seen | {Einsum} == set(get_args(Expr))
