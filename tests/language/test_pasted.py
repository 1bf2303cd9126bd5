"""Formulas of LaTeX, pasted in: what the diagnostic offers in the language, where that is clear."""

from __future__ import annotations

import pytest

from matcalc import MatcalcError, derive, parse
from matcalc.language.book import known_functions
from matcalc.language.pasted import from_latex

WRITTEN = [
    (r"\mathbf{x}^\top \mathbf{A} \mathbf{x}", "x' A x"),
    (r"$$\frac{1}{2} w^T w$$", "1/2 w' w"),
    (r"\[ \frac12 w^{\top} w \]", "1/2 w' w"),
    (r"\( w \cdot x \)", "w · x"),
    (r"\frac{x^\top A x}{x^\top x}", "(x' A x) / (x' x)"),
    (r"a \frac{x}{y} b", "a (x/y) b"),
    (r"\left(\frac{a}{b}\right)^2", "(a/b)^2"),
    (r"\left\| A x - b \right\|_2^2", "norm(A x - b, 2)^2"),
    (
        r"\lVert X \rVert_F^2 + \|w\|_1 + \Vert w \Vert_\infty",
        "norm(X)^2 + norm(w, 1) + norm(w, inf)",
    ),
    (r"-\frac{1}{2}(x-\mu)^\top \Sigma^{-1} (x-\mu)", "-1/2 (x - μ)' Σ^-1 (x - μ)"),
    (r"\log\left(1 + e^{-y w^\top x}\right)", "log(1 + exp(-y w' x))"),
    (r"\frac{1}{1+e^{-w^Tx}}", "1 / (1 + exp(-w' x))"),
    (r"\sigma(W_2 \tanh(W_1 x + b_1) + b_2)", "sigmoid(W_2 tanh(W_1 x + b_1) + b_2)"),
    (r"\mathbf{y}^\top \log \operatorname{softmax}(W x)", "y' log(softmax(W x))"),
    (r"\operatorname{tr}(A X^{-1} B X^{-\top})", "tr(A X^-1 B X^-T)"),
    (r"\log \det X", "log(det(X))"),
    (r"\sin^2 x + \cos x", "sin(x)^2 + cos(x)"),
    (r"\sqrt{x^T x}", "sqrt(x' x)"),
    (r"\langle x, y \rangle + \langle A, B \rangle", "(x · y) + sum(A ⊙ B)"),
    (r"\hat{y} - \boldsymbol{\theta}^T \vec{x}", "y_hat - θ' x"),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} x", "[[1, 2], [3, 4]] x"),
    (r"\begin{pmatrix} x \\ y \end{pmatrix}", "[x, y]"),
    (r"\begin{aligned} L(w) &= \|Xw - y\|^2 \end{aligned}", "norm(X w - y)^2"),
    (r"2^{-x}", "2^(-x)"),
]


@pytest.mark.parametrize(("latex", "written"), WRITTEN)
def test_what_is_written(latex: str, written: str) -> None:
    assert from_latex(latex, known_functions()) == written
    parse(written)


@pytest.mark.parametrize(
    "latex",
    [
        r"\sum_{i=1}^n x_i", r"\frac{\partial f}{\partial x}", r"\nabla_x f", r"\mathbb{E}[x]",
        r"\mathcal{L}(x)", r"\sin x y", r"\sqrt[3]{x}", r"x^10 \alpha", r"|x| \cdot y", r"\log_2 x",
        r"a \\ b", r"\frac{x}", r"\left(x", "\\frac{" * 300 + "x" + "}{y}" * 300, "\\",
        r"x \times y",
        r"f(x) \cdot y", r"\max_i x_i", r"x \in \mathbb{R}^n", r"\|x", r"\int_0^1 x",
    ],
)  # fmt: skip
def test_what_is_not_guessed(latex: str) -> None:
    assert from_latex(latex, known_functions()) == ""


def test_the_diagnostic_offers_it() -> None:
    with pytest.raises(MatcalcError) as caught:
        derive(r"\lVert X w - y \rVert_2^2", "w")
    assert str(caught.value).endswith("\nin the language: norm(X w - y, 2)^2")
    assert str(derive("norm(X w - y, 2)^2", "w")) == "2 (X w - y)' X"


def test_it_is_offered_only_if_it_fits() -> None:
    with pytest.raises(MatcalcError) as caught:
        derive(r"\mathbf{w} \cdot x", "w", shapes={"w": "R^2", "x": "R^3"})
    assert "in the language" not in str(caught.value)
