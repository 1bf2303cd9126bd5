"""The tables of wrong inputs: `python -m tests.bad_inputs.update` writes what is said of each.

A table is a text file of blocks: `input` with the program (⏎ is a line's end, ␣ a blank at its
edge, {U+200B} a character that cannot be seen), then `by`, `shape` or `kind` if they are given,
then the diagnostic as a person sees it.  Lines that begin with `#` head a topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from matcalc import MatcalcError, derive

FOLDER = Path(__file__).parent
OPTIONS = ("by", "shape", "kind")


@dataclass(frozen=True)
class Row:
    """A wrong input and what is said of it."""

    text: str
    options: dict[str, str] = field(default_factory=dict)
    says: str = ""

    @property
    def program(self) -> str:
        """What is typed."""
        plain = self.text.replace("⏎", "\n").replace("␣", " ")
        return re.sub(r"\{U\+([0-9A-F]+)\}", lambda m: chr(int(m[1], 16)), plain)

    @property
    def shapes(self) -> dict[str, str]:
        """The declarations of the option `shape`."""
        pairs = (each.split(":", 1) for each in self.options.get("shape", "").split(";") if each)
        return {name.strip(): space.strip() for name, space in pairs}

    def answer(self) -> str:
        """What derive() says of it; an AssertionError if it is not refused."""
        wrt, kind = self.options.get("by", "x"), self.options.get("kind", "auto")
        try:
            derived = derive(self.program, wrt, shapes=self.shapes, kind=kind)
        except MatcalcError as error:
            return str(error)
        raise AssertionError(f"{self.text!r} is accepted: {derived}")

    def block(self, says: str) -> str:
        """The row as it stands in its file."""
        options = "".join(f"{name:<6}{self.options[name]}\n" for name in self.options)
        return f"input {self.text}\n{options}{says}\n"


def blocks(text: str) -> Iterator[str | Row]:
    """The headings and rows of a table."""
    for block in text.strip().split("\n\n"):
        if block.startswith("#"):
            yield block
            continue
        first, *rest = block.split("\n")
        options: dict[str, str] = {}
        while rest and rest[0].partition(" ")[0] in OPTIONS:
            name, _, value = rest.pop(0).partition(" ")
            options[name] = value.strip()
        yield Row(first.removeprefix("input").removeprefix(" "), options, "\n".join(rest))


def tables() -> list[Path]:
    """The files, in order."""
    return sorted(FOLDER.glob("*.txt"))


def rows() -> list[Row]:
    """Every row of every table."""
    found = (blocks(path.read_text(encoding="utf-8")) for path in tables())
    return [each for table in found for each in table if isinstance(each, Row)]


def main() -> None:
    """Write what is said now into the tables."""
    for path in tables():
        parts = [
            each if isinstance(each, str) else each.block(each.answer()).rstrip("\n")
            for each in blocks(path.read_text(encoding="utf-8"))
        ]
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
