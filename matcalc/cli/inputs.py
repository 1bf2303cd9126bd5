"""What the command reads and writes: declarations, programs, files, the width of the terminal."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matcalc.budget import DEFAULT
from matcalc.errors import InputError, Span


def declarations(texts: Sequence[str]) -> dict[str, str]:
    """The shapes of `--shape "X: R^(m×n), y: R^m"`, by name; InputError for anything else."""
    shapes: dict[str, str] = {}
    for source in texts:
        names: list[str] = []
        for start, end in _pieces(source):
            name, colon, shape = source[start:end].partition(":")
            names.append(name.strip())
            if not colon and source[end : end + 1] == "," and source[end + 1 :].strip():
                continue  # `w, x: R^n` declares both
            twice = next((n for n in names if n in shapes or names.count(n) > 1), None)
            if not shape.strip() or not all(map(_is_name, names)) or twice:
                raise InputError(
                    f"{twice} is declared twice" if twice else "this is not a declaration",
                    source=source,
                    span=Span(start, end),
                    origin="--shape",
                    expected="NAME: SHAPE, such as X: R^(m×n)",
                )
            shapes.update(dict.fromkeys(names, shape.strip()))
            names = []
    return shapes


def _is_name(word: str) -> bool:
    return bool(word) and len(word.split()) == 1


def _pieces(source: str) -> Iterator[tuple[int, int]]:
    """Start and end of each part between commas, semicolons and line ends outside all brackets."""
    depth, start = 0, 0
    for place, letter in enumerate(source + ";"):
        depth += (letter in "([{") - (letter in ")]}")
        if place == len(source) or (letter in ",;\n" and depth == 0):
            blank = len(source[start:place]) - len(source[start:place].lstrip())
            if blank < place - start or (place == len(source) and not source.strip()):
                yield start + blank, place
            start = place + 1


def program(options: argparse.Namespace) -> str:
    """The text of the program, from the command line, standard input or a file."""
    words: list[str] = options.words
    if len(words) > 1:
        raise InputError(
            "more than one expression",
            found=" ".join(words),
            suggestion='quote it, so that it is one argument: matcalc "x\' A x" --wrt x',
        )
    if options.file is not None:
        if words:
            raise InputError("an expression and --file: one of them is enough", found=words[0])
        return _decoded(_contents(options.file), options.file)
    if not words:
        raise InputError("no expression", suggestion='matcalc "sum(max(0, w·x + b))" --wrt w')
    if words[0] == "-":
        if sys.stdin is None:
            raise InputError("there is no standard input")
        return _decoded(sys.stdin.buffer.read(), "standard input")
    return words[0]


def _contents(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"the file {name!r} cannot be read: {reason}") from None


def _decoded(contents: bytes, origin: str) -> str:
    try:
        return contents.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        place = f"byte {error.start}: 0x{contents[error.start]:02x}"
        raise InputError(f"{origin} is not UTF-8 text", found=place) from None


def rules(options: argparse.Namespace) -> str | None:
    """The text of the functions of --rules."""
    return None if options.rules is None else _decoded(_contents(options.rules), options.rules)


def argument(word: str) -> str:
    """A word of the command line as the UTF-8 that it was typed in, whatever the locale says."""
    try:
        return os.fsencode(word).decode("utf-8")
    except UnicodeError:
        if word.isprintable():
            return word
        raise InputError("the command line is not UTF-8 text", found=ascii(word)) from None


def seconds(text: str | None) -> float:
    """The seconds of --limit."""
    try:
        seconds = DEFAULT if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise InputError(f"--limit is {text!r}", expected="a number of seconds")
    return seconds


def terminal_form() -> dict[str, Any]:
    """How wide the terminal is, and whether it has colours; a pipe has 80 columns and none."""
    if not sys.stdout.isatty():
        return {}
    colour = "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb"
    return {"width": shutil.get_terminal_size().columns, "colour": colour}


def write(name: str, forms: Mapping[str, Callable[[], str]]) -> None:
    """Write a picture to a file, in the form that its name ends in."""
    ending = Path(name).suffix.lower()
    if ending not in forms:
        raise InputError(f"the file {name!r} ends in none of: {', '.join(forms)}")
    picture = forms[ending]()
    try:
        Path(name).write_text(picture + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"the file {name!r} cannot be written: {reason}") from None
