"""LaTeX of whole derivations: bodies of `align*`, and documents that pdflatex sets.

apt-get install texlive-latex-base texlive-latex-recommended lmodern     where there is no pdflatex
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from matcalc import Derivation, InputError, derive
from matcalc.cli import run
from matcalc.emit.lines import broken, width_of
from matcalc.show import document
from tests.cases import check_cases
from tests.katex.strict import refused

CASES = [
    case
    for path in sorted(Path(check_cases.__file__).parent.glob("*.jsonl"))
    for case in check_cases.load(path)
]
MODEL = "h = relu(W1 x + b1); p = softmax(W2 h + b2); -y·log(p)"
NAMES = "σ_größe μ' x₁ + 漢字 данные_2·μ + exp(loss_a) # % $ & _ ~ \\ { }"
LETTERS = {"μ": "n", "x₁": "n", "σ_größe": "R", "漢字": "R", "данные_2": "n"}


@functools.cache
def told() -> list[Derivation]:
    """The derivations of all cases; each is told in steps."""
    found = [derive(c.expr, c.wrt, kind=c.kind, shapes=c.shapes) for c in CASES]
    assert all(d.steps for d in found)
    return found


def pdflatex(source: str, folder: Path) -> str:
    """The log of a document that pdflatex sets without an error; skips a test without pdflatex."""
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("pdflatex is not installed: apt-get install texlive-latex-recommended")
    (folder / "it.tex").write_text(source, encoding="utf-8")
    options = ["-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "it.tex"]
    done = subprocess.run([program, *options], cwd=folder, capture_output=True, check=False)
    log = (folder / "it.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, re.findall(r"^!.*(?:\n.*){3}", log, re.MULTILINE)
    assert (folder / "it.pdf").read_bytes().startswith(b"%PDF")
    return log


def too_wide(log: str) -> list[float]:
    """By how many points lines stick out."""
    return [float(found) for found in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["sum(max(0, w·x + b))", "--wrt", "w", "--document"],
        [MODEL, "--wrt", "W1,b1", "--document", "--steps"],
        ["x' A x", "--wrt", "x", "--kind", "hessian", "--document", "--steps"],
        ["f(g(x)) + a f(x)", "--wrt", "x", "--shape", "f: R->R, g: R->R, x: R", "--document"],
        [
            NAMES, "--wrt", "μ", "--document", "--steps",
            "--shape", ", ".join(f"{name}: {shape}" for name, shape in LETTERS.items()),
        ],
        ["rules", "--document"],
    ],
)  # fmt: skip
def test_a_document_compiles(arguments: list[str], tmp_path: Path) -> None:
    source = run(arguments).result
    assert source.startswith("\\documentclass") and source.endswith("\\end{document}")
    assert not too_wide(pdflatex(source, tmp_path))


def test_every_case_in_one_document(tmp_path: Path) -> None:
    """All cases' derivations, set by pdflatex; no formula sticks out by more than a few letters."""
    found = [document.document(d, d.steps) for d in told()]
    head, _, _ = found[0].partition("\\begin{document}")
    bodies = [re.findall(r"\\begin{document}\n(.*)\\end{document}", s, re.DOTALL)[0] for s in found]
    log = pdflatex(head + "\\begin{document}\n" + "\n".join(bodies) + "\\end{document}", tmp_path)
    assert all(points < 40 for points in too_wide(log))


def test_the_body_of_an_align(tmp_path: Path) -> None:
    shown = run([MODEL, "--wrt", "W1,b1", "--latex", "--steps"]).result
    assert "\\begin{align" not in shown and "\\documentclass" not in shown
    preamble = "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\begin{document}\n"
    pdflatex(f"{preamble}\\begin{{align*}}\n{shown}\n\\end{{align*}}\n\\end{{document}}", tmp_path)


def test_katex_takes_the_steps_of_every_case() -> None:
    bodies = [document.body(d, d.steps) for d in told()]
    assert refused(rf"\begin{{align*}}{body}\end{{align*}}" for body in bodies) == []


@pytest.mark.parametrize("width", [20, 40, 70])
def test_broken_lines_are_formulas(width: int) -> None:
    for case in CASES[::5]:
        whole = derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes).latex()
        lines = broken(whole, width)
        kept = re.sub(r"\\(left|right)\.| ", "", "".join(lines))
        assert kept == re.sub(" ", "", whole)
        for line in lines:
            assert line.count(r"\left") == line.count(r"\right")
            bare = re.sub(r"\\[{}]", "", line)
            assert bare.count("{") == bare.count("}")
            assert len(lines) == 1 or width_of(line) > 0


def test_what_does_not_go_together() -> None:
    with pytest.raises(InputError, match="--steps"):
        run(["x'x", "--wrt", "x", "--steps", "--numpy"])
