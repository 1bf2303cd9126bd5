"""%load_ext matcalc in a real IPython, and what its magics show."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from matcalc import Derivation, InputError, derive
from matcalc.cli import run
from matcalc.magics import words
from matcalc.show.jupyter import derivation_markdown
from tests.cases import check_cases
from tests.katex.strict import refused


@pytest.fixture(scope="module")
def shell() -> Any:
    made: Any = InteractiveShell.instance(history_length=0)
    made.run_cell("%load_ext matcalc")
    yield made
    InteractiveShell.clear_instance()


def said(shell: Any, cell: str) -> tuple[Any, str, str]:
    with capture_output() as caught:
        done = shell.run_cell(cell)
    return done.result, caught.stdout, caught.stderr


@pytest.mark.parametrize(
    ("line", "cell", "expected"),
    [
        ("sum(max(0, w·x + b)) --wrt w", None, ["sum(max(0, w·x + b))", "--wrt", "w"]),
        ("x' A x --wrt x", None, ["x' A x", "--wrt", "x"]),
        ('"x\' A x" --wrt x --shape "A: n×n"', None,
         ["x' A x", "--wrt", "x", "--shape", "A: n×n"]),
        ("-y·log(p) --wrt p", None, ["-y·log(p)", "--wrt", "p"]),
        ("--wrt h", "h = A x\nh·h\n", ["h = A x\nh·h\n", "--wrt", "h"]),
        ("rules tanh", None, ["rules", "tanh"]),
        ("", None, []),
    ],
)  # fmt: skip
def test_words(line: str, cell: str | None, expected: list[str]) -> None:
    assert words(line, cell) == expected


def test_wrong_words() -> None:
    with pytest.raises(InputError, match="options cannot be read"):
        words('x --shape "x: n')
    with pytest.raises(InputError, match="the cell"):
        words("x --wrt x", "y")


def test_a_line(shell: Any) -> None:
    result, _, _ = said(shell, "%matcalc sum(max(0, w·x + b)) --wrt w")
    assert isinstance(result, Derivation)
    assert str(result) == run(["sum(max(0, w·x + b))", "--wrt", "w"]).result


def test_a_program(shell: Any) -> None:
    cell = "%%matcalc --wrt W --steps\nh = relu(W x + b)  # a layer\ne = y - h\ne·e"
    result, _, _ = said(shell, cell)
    bundle = result._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/latex", "text/markdown"}
    markdown = bundle["text/markdown"]
    assert "<details open>" in markdown and "verified on" in markdown
    finer, _, _ = said(shell, cell.replace("--steps", "--steps=index"))
    assert len(finer._repr_mimebundle_()["text/markdown"]) > len(markdown)


def test_other_forms_are_printed(shell: Any) -> None:
    for option in ("--numpy", "--latex", "--json", "--check"):
        result, out, _ = said(shell, f"%matcalc x' A x --wrt x {option}")
        assert result is None
        assert out.rstrip("\n") == run(["x' A x", "--wrt", "x", option]).result
    _, out, _ = said(shell, "%matcalc x' A x --wrt x --json")
    assert json.loads(out)["wrt"] == ["x"]


def test_rules_are_a_page(shell: Any) -> None:
    result, _, _ = said(shell, "%matcalc rules tanh")
    assert r"\tanh" in result._repr_mimebundle_()["text/markdown"]
    assert repr(result) == run(["rules", "tanh"]).result


def test_structure_is_a_picture(shell: Any) -> None:
    result, _, _ = said(shell, "%matcalc exp(x) --wrt x --shape x:n --structure")
    assert result._repr_mimebundle_()["image/svg+xml"].startswith("<svg")


@pytest.mark.parametrize(
    "cell",
    [
        '%matcalc sum(X w + w) --wrt w --shape "X: R^(m×n)"',
        "%%matcalc --wrt x\nsofplus(x)",
        'from matcalc import derive\nderive("A x + ) y", "x")',
        "%matcalc x --wrt",
    ],
)
def test_an_error_is_a_diagnostic(shell: Any, cell: str) -> None:
    with capture_output() as caught:
        done = shell.run_cell(cell)
    assert isinstance(done.error_in_exec, InputError)
    shown = caught.stdout + caught.stderr
    assert "error: " in shown
    assert str(done.error_in_exec).splitlines()[-1] in shown
    assert "Traceback" not in shown and "File" not in shown


class Tags(HTMLParser):
    """The tags of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.seen.append(tag)


CASES = [
    case
    for path in sorted(check_cases.Path(check_cases.__file__).parent.glob("*.jsonl"))
    for case in check_cases.load(path)
]


def outside(markdown: str) -> str:
    """What is neither a display formula nor code."""
    return re.sub(r"\$\$\n.*?\n\$\$|(`+).*?\1", "", markdown, flags=re.DOTALL)


def test_markdown_of_cases() -> None:
    """Formulas that KaTeX takes; folds that match; nothing that is markup by accident."""
    formulas: list[str] = []
    for case in CASES[::3]:
        d = derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes)
        markdown = derivation_markdown(d)
        formulas += re.findall(r"^\$\$\n(.*?)\n\$\$$", markdown, re.DOTALL | re.MULTILINE)
        rest = outside(markdown)
        tags = Tags()
        tags.feed(rest)
        assert set(tags.seen) <= {"details", "summary"}
        assert rest.count("<details") == rest.count("</details>")
        assert not re.search(r"(?<!\\)\$", rest)
        assert markdown.startswith("$$\n")
    assert refused(formulas) == []


@pytest.mark.parametrize("kind", ["gradient", "hessian", "differential", "jvp", "vjp", "hvp"])
def test_every_kind_of_two_variables(kind: str) -> None:
    d = derive("sum(exp(A x)) + x·y", "x, y", kind=kind, shapes={"A": "(n, n)", "y": "n"})
    markdown = derivation_markdown(d)
    formulas = re.findall(r"^\$\$\n(.*?)\n\$\$$", markdown, re.DOTALL | re.MULTILINE)
    assert (r"\partial" in formulas[0]) == (kind in ("gradient", "hessian"))
    assert refused(formulas) == []


def test_without_folds_everything_is_still_there() -> None:
    """Where HTML is stripped, each piece is Markdown by itself: blank lines around every tag."""
    markdown = derivation_markdown(derive("h = relu(W x + b); e = y - h; e·e", "W, b"))
    for number, line in enumerate(lines := markdown.splitlines()):
        if re.match(r"</?details", line):
            assert not lines[number - 1]
            assert number + 1 == len(lines) or not lines[number + 1]
    bare = re.sub(r"</?(details|summary)[^>]*>", "", markdown)
    assert "**1. " in bare and bare.count("$$") == markdown.count("$$")


@pytest.mark.parametrize("name", ["script", "b_x", "details", "α_b_c", "größe", "данные"])
def test_names_cannot_inject(name: str) -> None:
    d = derive(f"sum(exp({name} ⊙ x)) + {name}·x", name, shapes={name: "n", "x": "n"})
    tags = Tags()
    tags.feed(outside(derivation_markdown(d)))
    assert set(tags.seen) <= {"details", "summary"}


def test_comments_and_errors_cannot_inject() -> None:
    with pytest.raises(InputError) as caught:
        derive("x + <img src=x onerror=alert(1)>$y$", "x")
    assert caught.value._render_traceback_() == str(caught.value).splitlines()
