"""README.md is true: every command and every Python example in it gives what it says."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from matcalc.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
EXAMPLES = re.findall(r"^```pycon\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[tuple[str, str]]:
    """Each `$ matcalc …` of the console blocks with the output that follows it."""
    return [
        (command, output)
        for session in SESSIONS
        for command, output in re.findall(r"^\$ (matcalc .*)\n((?:(?!\$ ).*\n)*)", session, re.M)
    ]


@pytest.mark.parametrize(("command", "output"), commands())
def test_command(command: str, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(shlex.split(command)[1:])
    said = capsys.readouterr()
    assert said.err + said.out == output if code else said.out == output


def test_python_examples() -> None:
    """One after the other: they share their names."""
    names: dict[str, object] = {}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for number, example in enumerate(EXAMPLES, 1):
        test = doctest.DocTestParser().get_doctest(
            example, names, f"README example {number}", None, None
        )
        said: list[str] = []
        assert not runner.run(test, out=said.append, clear_globs=False).failed, "".join(said)
        names = test.globs
    assert EXAMPLES and SESSIONS
