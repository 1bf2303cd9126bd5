"""LaTeX is what a textbook would print; that KaTeX takes all of it is in tests/katex."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from matcalc.dims import named
from matcalc.emit.latex import latex
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.language import parse_program
from matcalc.language.book import entries, function_names
from tests.emit.programs import TEXTS

SHAPES = {"X": "(m, n)", "A": "(n, n)", "w": "n", "x": "n", "y": "m", "b": "R", "f": "R^n -> R"}
SHAPES |= {"g": "R -> R", "x_1": "n", "loss": "R", "λ": "R", "F": "R^n -> R^m", "W_out": "(n, n)"}

PRINTED = [
    ("(w · x + b > 0) x'", r"[w \cdot x + b > 0] x^{\top}"),
    ("(2/N) X' y", r"\frac{2}{N} X^{\top} y"),
    ("-diag(w / x^2)", r"-\operatorname{diag}\left( \frac{w}{x^{2}} \right)"),
    ("(A^-1)' x", r"A^{-\top} x"),
    ("(A^2)'", r"(A^{2})^{\top}"),
    ("A.^2", r"A^{\odot 2}"),
    ("w ⊙ x / b", r"\frac{w \odot x}{b}"),
    ("A ⊗ X", r"A \otimes X"),
    ("1/2 x", r"\frac{1}{2} x"),
    ("-x / 2", r"-\frac{x}{2}"),
    ("2 (1/b)", r"2 \cdot \frac{1}{b}"),
    ("[b, 1]", r"\begin{bmatrix} b \\ 1 \end{bmatrix}"),
    ("[[b, 1], [0, 2]]", r"\begin{bmatrix} b & 1 \\ 0 & 2 \end{bmatrix}"),
    ("x[0]^2", r"x_{0}^{2}"),
    ("x_1[0]", r"(x_{1})_{0}"),
    ("X[1, :]", r"X_{1,:}"),
    ("x_1 loss", r"x_{1} \, \mathrm{loss}"),
    ("W_out x", r"W_{\mathrm{out}} x"),
    ("λ eye(n)", r"\lambda I_{n}"),
    ("ones(n)'", r"\mathbf{1}_{n}^{\top}"),
    ("norm(x)^2", r"\left\lVert x \right\rVert^{2}"),
    ("exp(b)^2", r"\exp(b)^{2}"),
    ("∇f(x)'", r"\nabla f(x)^{\top}"),
    ("J_F(x) w", r"J_{F}(x) w"),
    ("g''(b)", r"g''(b)"),
    ("softmax(X, axis=1)", r"\operatorname{softmax}_{\mathrm{axis} = 1}(X)"),
    ("sqrtm(A)'", r"(A^{1/2})^{\top}"),
    ("sqrt(b)^3", r"\left( \sqrt{b} \right)^{3}"),
    ("pi b", r"\pi b"),
    ("grad(b^2, b)", r"\nabla_{b} \left[ b^{2} \right]"),
]


@pytest.mark.parametrize(("source", "expected"), PRINTED, ids=[source for source, _ in PRINTED])
def test_printed(source: str, expected: str) -> None:
    assert latex(parse_program(source, SHAPES).expression) == expected


FORMULAS = sorted({latex(case.program.expression) for case in TEXTS})


@pytest.mark.parametrize("formula", FORMULAS)
def test_delimiters_match(formula: str) -> None:
    assert formula.count(r"\left") == formula.count(r"\right")
    depth = 0
    for sign in re.sub(r"\\[{}]", "", formula):
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert not depth
    assert not re.search(r"\\(mbox|label|mathbb|eqnarray)|[^\x00-\x7f]", formula)


def long_names() -> list[Expr]:
    """Names of every kind, under every postfix."""
    n = named("n")
    names = ["alpha_1", "x_1_2", "größe", "Ο", "ς", "данные", "W1", "λ_max", "a_b", "σ", "x₁"]
    exprs: list[Expr] = []
    for name in names:
        matrix = build.symbol(name, Shape((n, n)))
        exprs += [matrix, build.transpose(matrix), build.inverse(matrix)]
        exprs += [
            build.power(matrix, build.number(2)),
            build.index(matrix, [build.number(0), None]),
        ]
        exprs += [
            build.product([matrix, matrix]),
            build.product([build.number(Fraction(1, 3)), matrix]),
        ]
    return exprs


def samples() -> list[Expr]:
    """Each function of the rule book, alone, squared, transposed and multiplied."""
    n = named("n")
    exprs: list[Expr] = []
    for name in function_names():
        for entry in entries(name):
            args: list[Expr] = []
            for param in entry.params:
                if param.role in ("size", "sizes"):
                    args.append(build.size(n))
                elif param.role != "rest":
                    args.append(build.symbol(param.name, Shape(param.dims or ())))
            node = build.call(Shape((n, n)), name, args or [build.symbol("X", Shape((n, n)))])
            exprs += [node, build.power(node, build.number(2)), build.transpose(node)]
            exprs += [build.product([node, node]), build.index(node, [None, build.number(1)])]
            exprs.append(build.call(Shape((n,)), name, args, 0) if entry.mode == "along" else node)
    return exprs


def test_bindings() -> None:
    u = build.named("u", build.power(build.symbol("a"), build.number(2)))
    expr = build.call(Shape(()), "sin", [u])
    assert latex(expr) == r"\sin(u)"
    assert latex(expr, bindings=True) == r"\begin{aligned} u &= a^{2} \\ & \sin(u) \end{aligned}"


def test_repeated_squaring_prints_in_linear_size() -> None:
    expr: Expr = build.symbol("x", Shape((named("n"),)))
    for _ in range(40):
        expr = build.hadamard([expr, expr])
    assert len(latex(expr)) < 3000
