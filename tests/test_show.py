"""What is shown in Jupyter and in a terminal."""

from __future__ import annotations

import re

import pytest

from matcalc import derive, parse
from matcalc.show import terminal

PROGRAM = "h = max(0, W x + b)\nmean((y - h)^2)"


def test_an_expression_in_jupyter() -> None:
    shown = parse("x' A x")
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == str(shown)
    assert bundle["text/latex"] == f"$\\displaystyle {shown.latex()}$"
    assert "text/html" not in bundle


def test_a_derivation_in_jupyter() -> None:
    d = derive(PROGRAM, "W", shapes={"W": "m×n"})
    bundle = d._repr_mimebundle_()
    assert bundle["text/plain"] == str(d)
    markdown = bundle["text/markdown"]
    assert markdown.startswith(f"$$\n{d.latex()}\n$$")
    assert markdown.count("<details>") == markdown.count("</details>") == 1
    assert markdown.index(d.latex()) < markdown.index("<details>")
    assert d._repr_latex_() == f"$\\displaystyle {d.latex()}$"
    outside = re.sub(r"\$\$.*?\$\$|`[^`]*`|</?(details|summary)>", "", markdown, flags=re.DOTALL)
    assert "<" not in outside and "$" not in outside.replace("\\$", "")


@pytest.mark.parametrize("ascii", [False, True])
def test_steps_in_a_terminal(ascii: bool) -> None:
    d = derive(PROGRAM, "W", shapes={"W": "m×n"})
    shown = terminal.steps(d, ascii=ascii)
    assert max(map(len, shown.splitlines())) <= terminal.WIDTH
    assert shown.isascii() or not ascii
    for number, step in enumerate(d.steps[:-1], 1):
        title = terminal.plain(step.title) if ascii else step.title
        assert f"{number}. {title}"[:60] in shown
    assert shown.endswith(d.text(ascii=ascii).splitlines()[-1])


def test_plain_prose() -> None:
    assert terminal.plain("σ² ∈ ℝ, Λ ≥ 0 … é ☃") == "sigma^2 in R, Lambda >= 0 ... e ?"
