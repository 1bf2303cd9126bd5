"""The command: what it prints where, its exit codes, and a diagnostic for every wrong input."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from matcalc import cli, derive, parse
from matcalc.cli import declarations, main
from matcalc.errors import InputError

JOB = ["sum(max(0, w·x + b))", "--wrt", "w"]
RESULT = "(w · x + b > 0) x'"


class Said:
    """What a run of the command wrote, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Say:
    """Runs the command within this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> Said:
        code = main(arguments)
        out, err = self.capsys.readouterr()
        return Said(code, out, err)

    def refused(self, *arguments: str) -> str:
        """The diagnostic of wrong input: exit code 2, nothing on standard output."""
        said = self(*arguments)
        assert (said.code, said.out) == (2, ""), said.err
        assert said.err.startswith("error: ")
        assert "Traceback" not in said.err
        return said.err


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    return Say(capsys)


def process(
    *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "matcalc", *arguments]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(command, input=stdin, env=environment, capture_output=True, check=False)


def test_the_main_job(say: Say) -> None:
    said = say(*JOB)
    assert (said.code, said.out) == (0, RESULT + "\n")
    assert "w" in said.err and "x" in said.err  # what was assumed of them


def test_several_variables(say: Say) -> None:
    said = say("mean((y - max(0, X w + b))^2)", "--wrt", "w,b")
    assert said.code == 0
    again = say("mean((y - max(0, X w + b))^2)", "--wrt", "w", "--wrt", "b")
    assert said.out == again.out != ""


@pytest.mark.parametrize("text", ["-y·log(p)", "-x'x", "--x'x", "-x", "- x'x"])
def test_an_expression_may_begin_with_a_minus_sign(say: Say, text: str) -> None:
    name = "p" if "p" in text else "x"
    expected = str(derive(text, name))
    for arguments in ((text, "--wrt", name), ("--wrt", name, text), ("--wrt", name, "--", text)):
        said = say(*arguments)
        assert (said.code, said.out) == (0, expected + "\n")


def test_a_variable_named_h(say: Say) -> None:
    assert say("-h", "--wrt", "h").out == "-1\n"
    assert say("-h").out.startswith("usage:")


@pytest.mark.parametrize("source", ["stdin", "file"])
def test_a_program_from_elsewhere(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    program = "\ufeffh = W x + b  # affine\r\nsum(max(0, h)) where W: R^(m×n)\r\n".encode()
    if source == "file":
        (tmp_path / "model.mc").write_bytes(program)
        said = say("--file", str(tmp_path / "model.mc"), "--wrt", "x")
    else:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(program), "ascii"))
        said = say("-", "--wrt", "x")
    assert said.code == 0
    text = "h = W x + b\nsum(max(0, h)) where W: R^(m×n)"
    assert said.out == str(derive(text, "x")) + "\n"


def test_shapes_kind_layout_and_dialect(say: Say) -> None:
    said = say("x' A x", "--wrt", "x", "--shape", "A: R^(n×n) symmetric", "--kind", "hessian")
    assert said.out == "2 A\n"
    said = say("a·x", "--wrt", "x", "--layout", "denominator")
    assert said.out == "a\n"
    said = say("x'*A*x", "--wrt", "x", "--dialect", "matlab", "--shape", "A: (n, n) symmetric")
    assert said.out == "2 x' A\n"


def test_latex(say: Say) -> None:
    assert say(*JOB, "--latex").out == derive(JOB[0], "w").latex() + "\n"


def test_numpy(say: Say) -> None:
    said = say(*JOB, "--numpy")
    assert ast.parse(said.out)
    assert said.out == say(*JOB, "--code", "numpy").out
    assert said.out == derive(JOB[0], "w").code("numpy").strip("\n") + "\n"


def test_steps(say: Say) -> None:
    said = say(*JOB, "--steps")
    assert said.code == 0
    assert RESULT in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_json(say: Say) -> None:
    said = say(*JOB, "--json", "--check")
    record = json.loads(said.out)
    assert record["schema"] == "matcalc/derivation/1"
    assert record["result"] == RESULT
    assert record["wrt"] == ["w"]
    assert record["kind"] == "gradient"
    assert record["check"]["passed"] is True
    assert record["steps"] and record["assumptions"] and record["latex"]
    assert said.err == ""


def test_json_of_several(say: Say) -> None:
    record = json.loads(say("x' A y", "--wrt", "x,y", "--json").out)
    assert len(record["result"]) == len(record["latex"]) == len(record["shape"]) == 2


def test_check(say: Say) -> None:
    said = say(*JOB, "--check")
    assert said.code == 0
    first, *comments = said.out.splitlines()
    assert first == RESULT
    assert comments and all(line.startswith("# ") for line in comments)
    assert str(parse(said.out)) == str(parse(RESULT))
    assert say(*JOB, "--numpy", "--check").out == say(*JOB, "--numpy").out


def test_ascii(say: Say) -> None:
    for form in ([], ["--steps"], ["--json"], ["--check"]):
        said = say("σ² x ⊙ y / ‖x‖", "--wrt", "x", "--ascii", *form)
        assert said.code == 0
        assert said.out.isascii() and said.err.isascii()


def test_help_fits_80_columns(say: Say) -> None:
    said = say("--help")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 80
    assert all(option in said.out for option in cli.OPTIONS)


def test_rules(say: Say) -> None:
    listed = say("rules")
    assert listed.code == 0
    assert "tanh" in listed.out
    assert max(map(len, listed.out.splitlines())) <= 80
    entry = say("rules", "tanh")
    assert "d tanh(x) = " in entry.out
    assert "tanh" in say("rules", "tanh", "--latex").out
    assert "matcalc rules tanh" in say.refused("rules", "tahn")


WRONG = [
    ([], "no expression"),
    (["", "--wrt", "x"], "error"),
    (["x'x"], "no variable to differentiate by"),
    (["x", "+", "y", "--wrt", "x"], "more than one expression"),
    (["x", "--file", "y", "--wrt", "x"], "an expression and --file"),
    (["--file", "/no/such/file", "--wrt", "x"], "cannot be read"),
    (["--file", "a\0b", "--wrt", "x"], "cannot be read"),
    (["x'x", "--wrt", "x", "--code", "cobol"], "no code for the target 'cobol'"),
    (["x'x", "--wtr", "x"], "try: --wrt"),
    (["x'x", "--wrt"], "expected one argument"),
    (["x'x", "--wrt", "x", "--latex", "--numpy"], "not allowed with argument"),
    (["x'x", "--wrt", "x", "--shape", "x"], "this is not a declaration"),
    (["x'x", "--wrt", "x", "--shape", "x: n", "--shape", "x: m"], "x is declared twice"),
    (["x +* y", "--wrt", "x"], "^"),
    (["x'x", "--wrt", "z"], "z"),
    (["x'x", "--wrt", "x", "--kind", "laplacian"], "laplacian"),
    (["x'x", "--wrt", "x", "--layout", "sideways"], "sideways"),
    (["x'x", "--wrt", "x", "--dialect", "klingon"], "klingon"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input(say: Say, arguments: list[str], message: str) -> None:
    assert message in say.refused(*arguments)


def test_declarations() -> None:
    assert declarations(["X: R^(m×n), y: (m, n)", "w, x: R^n spd; f: R -> R"]) == {
        "X": "R^(m×n)",
        "y": "(m, n)",
        "w": "R^n spd",
        "x": "R^n spd",
        "f": "R -> R",
    }
    assert declarations([]) == {}
    for wrong in ("", "X", "X:", ": R", "X: R, y", "X y: R", "w,: R", "x, x: R"):
        with pytest.raises(InputError):
            declarations([wrong])


def test_a_pipe_that_closes_early() -> None:
    command = [sys.executable, "-m", "matcalc", "rules"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_interrupted(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.forms, "derive", interrupt)
    said = say(*JOB)
    assert (said.code, said.out, said.err) == (130, "", "interrupted\n")


def test_a_fault_is_said_in_one_line(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.forms, "derive", None)
    said = say(*JOB)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: a fault in matcalc") and said.err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "matcalc", "rules"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: the result cannot be written")
    assert done.stderr.count(b"\n") == 1


C_LOCALE = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("way", ["argument", "stdin"])
def test_utf8_whatever_the_locale(way: str) -> None:
    if way == "argument":
        done = process(*JOB, env=C_LOCALE)
    else:
        done = process("-", "--wrt", "w", stdin=JOB[0].encode(), env=C_LOCALE)
    assert done.stdout.decode() == RESULT + "\n"


def test_input_that_is_not_utf8() -> None:
    done = process("-", "--wrt", "x", stdin=b"x\xff")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith("error: standard input is not UTF-8 text")


IGNORED = [
    ("--steps", "--numpy"),
    ("--steps", "--structure"),
    ("--expect=2 x", "--document"),
    ("--expect=2 x", "--graph=a.svg"),
    ("--expect=2 x", "--check"),
    ("--solve", "--structure"),
    ("--solve", "--steps"),
]


@pytest.mark.parametrize("options", IGNORED, ids=" ".join)
def test_no_option_is_ignored_without_a_word(say: Say, options: tuple[str, ...]) -> None:
    said = say("x^2", "--wrt", "x", *options)
    assert said.code == 2 and not said.out
    assert options[1].partition("=")[0] in said.err


@pytest.mark.parametrize("option", ["--check", "--json", "--steps", "--numpy", "--graph=a.svg"])
def test_the_rule_book_takes_its_own_options_alone(say: Say, option: str) -> None:
    assert say("rules", "tanh", option).code == 2


def test_json_of_a_level(say: Say) -> None:
    levels = {}
    for level in ("textbook", "all", "index"):
        record = json.loads(say("(x + 1)^2", "--wrt", "x", "--json", f"--steps={level}").out)
        assert record["level"] == level
        levels[level] = sum(len(step["details"]) for step in record["steps"])
    assert levels["textbook"] <= levels["all"]
    assert json.loads(say("x^2", "--wrt", "x", "--json").out)["level"] == "textbook"


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--hessian", "--kind hessian"),
        ("--hessain", "--kind hessian"),
        ("--jax", "--code jax"),
        ("--denominator", "--layout denominator"),
        ("--numppy", "--numpy"),
        ("--nothing-like-it", "matcalc --help"),
    ],
)
def test_an_unknown_option_is_told_what_it_may_mean(say: Say, option: str, meant: str) -> None:
    said = say("x^2", "--wrt", "x", option)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"error: unrecognized arguments: {option}\n  try: {meant}\n"
