"""What is shown in Jupyter and in a terminal."""

from __future__ import annotations

import re

import pytest

from matcalc import derive, parse
from matcalc.show import equations, terminal

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
    for step in d.steps[:-1]:
        for line in equations.lines(step):
            right = terminal.plain(line.right.text) if ascii else line.right.text
            assert right in " ".join(shown.split()) or len(right) > 60
    assert d.text(ascii=ascii).splitlines()[-1] in shown


def test_levels_colours_and_widths() -> None:
    d = derive(PROGRAM, "W", shapes={"W": "m×n"})
    told = d.explain("index", check=True)
    assert told.verdict is not None and told.verdict.passed
    shown = terminal.steps(d, told)
    assert "Σ_" in shown and "\033" not in shown
    assert shown.endswith(terminal.verdict(told)) and "verified on 3 random inputs" in shown
    coloured = terminal.steps(d, told, colour=True, width=120)
    assert re.sub("\033\\[\\d*m", "", coloured) == terminal.steps(d, told, width=120)
    assert max(map(len, terminal.steps(d, told, width=120).splitlines())) > terminal.WIDTH


def test_plain_prose() -> None:
    assert terminal.plain("σ² ∈ ℝ, Λ ≥ 0 … é ☃") == "sigma^2 in R, Lambda >= 0 ... e ?"
