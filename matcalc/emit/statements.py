"""Lines of Python as they stand on a page: statements and signatures that are too long, imports."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from matcalc.emit.operators import CLASSES

WIDTH: Final = 100

_ASSIGNMENT: Final = re.compile(
    r"([^\W\d][\w.]*(\[[^\]]+\])?(, \w+)*|np\.einsum\(\S+ \w+\)\[\.\.\.\]) [-+*/]?= "
)


def source(lines: Sequence[str], known: Mapping[str, str]) -> str:
    """The lines of a function after the statements that import the known modules it uses."""
    imports = _imports(lines, known)
    return "\n".join([*imports, *(["", ""] if imports else []), *lines, ""])


def _imports(lines: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """The statements that bring in the modules that are used."""
    body = "\n".join(lines)
    found = [text for name, text in known.items() if re.search(rf"\b{name}\b[.(]", body)]
    classes = sorted(name for name in CLASSES if re.search(rf"\b{name}\(", body))
    return [*found, f"from matcalc.operators import {', '.join(classes)}"] if classes else found


def statement(text: str, width: int = WIDTH) -> list[str]:
    """A statement, indented; in brackets on several lines if it is too long for one."""
    if text.startswith("    "):  # within a loop
        return ["    " + line for line in statement(text[4:], width - 4)]
    if len(text) + 4 <= width or text.startswith("if "):
        return ["    " + text]
    assignment = _ASSIGNMENT.match(text)
    start = assignment[0] if assignment else "return " if text.startswith("return ") else ""
    start = start or text[: text.index("(")]  # a call
    value = text.removeprefix(start)
    if is_bracketed(value):
        value = value[1:-1]
    return [f"    {start}(", *("        " + line for line in _lines(value, width - 8)), "    )"]


def is_bracketed(text: str) -> bool:
    """Whether the bracket that begins a text ends with it, as in `(a + b)` but not `(a + b).T`."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if not depth:
            return text.startswith("(") and place == len(text) - 1
    return False


def _units(text: str) -> list[str]:
    """A text cut at the blanks outside brackets."""
    units, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if sign == " " and not depth:
            units.append(text[start:place])
            start = place + 1
    return [*units, text[start:]]


def _lines(text: str, width: int) -> list[str]:
    """A text on several lines, broken outside brackets where that is possible."""
    lines: list[str] = []
    for unit in _units(text):
        if lines and len(lines[-1]) + len(unit) < width:
            lines[-1] += " " + unit
        else:
            lines += textwrap.wrap(unit, width, break_long_words=False, break_on_hyphens=False)
    return lines


def wrapped(start: str, middle: str, end: str, width: int = WIDTH) -> str:
    """A text in one line, or what is between its start and its end in lines of its own."""
    if len(start + middle + end) <= width:
        return start + middle + end
    inner = textwrap.wrap(middle, width - 4, break_long_words=False)
    return "\n".join([start, *("    " + line for line in inner), end])
