"""The golden file of slopes: the derivative of every function of the book by each argument.

Each line of slopes.txt is `call by argument  =>  derivative`, a call being that of the function
with its own parameters.  After a change that is meant, and that reads better:

    python -m tests.golden.test_slopes
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from matcalc import DerivationError, derive
from matcalc.language import book
from tests.rules.test_book import ENTRIES, declared, example, has_rule

FILE: Final = Path(__file__).with_name("slopes.txt")
HEAD: Final = (
    "# Derivatives of functions: call by argument  =>  derivative.  "
    "test_slopes.py says how to update this."
)


def questions() -> list[tuple[str, int, str]]:
    """Every function, with each argument that it has a derivative by."""
    return [
        (name, k, argument)
        for name, k in ENTRIES
        for entry in [book.entries(name)[k]]
        for argument in example(entry)[1]
        if has_rule(entry, argument)
    ]


def line(name: str, k: int, argument: str) -> str:
    """The derivative of a function as it is printed now."""
    entry = book.entries(name)[k]
    text, shapes = example(entry)
    try:
        result = str(derive(text, argument, shapes=declared(entry, text, shapes)).result)
    except DerivationError as error:
        result = f"refused: {error.message}"
    return f"{text} by {argument}  =>  {' '.join(result.split())}"


def known() -> frozenset[str]:
    return frozenset(FILE.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(("name", "k", "argument"), questions())
def test_a_slope_is_printed_as_it_was(name: str, k: int, argument: str) -> None:
    assert line(name, k, argument) in known()


def page() -> str:
    """The whole file, by topic."""
    topics: dict[str, dict[str, None]] = {}
    for name, k, argument in questions():
        topics.setdefault(book.entries(name)[k].topic, {})[line(name, k, argument)] = None
    parts = [[HEAD], *([f"# {book.topics()[topic]}", *found] for topic, found in topics.items())]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
