"""README.md is true: every command and every Python example in it gives what it says.

python -m tests.test_readme     writes the outputs anew
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from pathlib import Path

import pytest

from matcalc.cli import main

PATH = Path(__file__).parents[1] / "README.md"
README = PATH.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(console|pycon)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SESSION = re.compile(r"^\$ (matcalc .*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def said(command: str) -> str:
    """What a command prints; standard error too where it does not succeed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(shlex.split(command)[1:])
    return err.getvalue() + out.getvalue() if code else out.getvalue()


def commands() -> list[tuple[str, str]]:
    """Each `$ matcalc …` of the console blocks with the output that follows it."""
    blocks = [text for language, text in BLOCK.findall(README) if language == "console"]
    return [found for block in blocks for found in SESSION.findall(block)]


@pytest.mark.parametrize(("command", "output"), commands())
def test_command(command: str, output: str) -> None:
    assert said(command) == output


def test_python_examples() -> None:
    names: dict[str, object] = {}
    blocks = [text for language, text in BLOCK.findall(README) if language == "pycon"]
    assert blocks
    for block in blocks:
        assert examples(block, names) == block


def examples(block: str, names: dict[str, object]) -> str:
    """One block of examples with what they print, run in these names."""
    lines: list[str] = []
    for example in doctest.DocTestParser().get_examples(block):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(example.source, "README.md", "single"), names)
        prompts = [">>> ", *["... "] * example.source.count("\n")]
        source = example.source.splitlines()
        lines += [f"{prompt}{line}" for prompt, line in zip(prompts, source, strict=False)]
        lines += out.getvalue().splitlines()
    return "\n".join(lines) + "\n"


def rewritten(text: str) -> str:
    """The README with every output as it is now."""
    names: dict[str, object] = {}

    def block(match: re.Match[str]) -> str:
        language, body = match.groups()
        if language == "console":
            body = "".join(f"$ {command}\n{said(command)}" for command, _ in SESSION.findall(body))
        else:
            body = examples(body, names)
        return f"```{language}\n{body}```"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    PATH.write_text(rewritten(README), encoding="utf-8")
