"""The golden file of functions: how each is written in LaTeX.

Each line of functions.txt is `call  =>  LaTeX`, for every function of the rule book with its own
parameters, without those that have a default, and along an axis.  After a change that is meant:

    python -m tests.golden.test_functions
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from matcalc import parse
from matcalc.emit.latex import latex
from matcalc.language import book
from tests.rules.test_book import ENTRIES, entries, texts

FILE: Final = Path(__file__).with_name("functions.txt")
HEAD: Final = (
    "# How functions are written: call  =>  LaTeX.  test_functions.py says how to update this."
)


def lines(name: str, k: int) -> list[str]:
    """The calls of a function as they are written now."""
    return [
        f"{text}  =>  {latex(parse(text, shapes).node)}"
        for text, shapes in texts(book.entries(name)[k])
    ]


@cache
def known() -> frozenset[str]:
    return frozenset(FILE.read_text(encoding="utf-8").splitlines())


@entries
def test_a_function_is_written_as_it_was(name: str, k: int) -> None:
    assert [line for line in lines(name, k) if line not in known()] == []


def test_the_file_has_no_other_functions() -> None:
    written = {line for name, k in ENTRIES for line in lines(name, k)}
    assert {line for line in known() if "  =>  " in line and line != HEAD} == written


def page() -> str:
    """The whole file, by topic."""
    topics: dict[str, dict[str, None]] = {}
    for name, k in ENTRIES:
        found = topics.setdefault(book.entries(name)[k].topic, {})
        found.update(dict.fromkeys(lines(name, k)))
    parts = [[HEAD], *([f"# {book.topics()[topic]}", *found] for topic, found in topics.items())]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
