"""What the rule book says of how NumPy computes a function: a template with places."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from matcalc.errors import DerivationError
from matcalc.language.book import Entry

_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")
_FIXED: Final = frozenset({"np", "sp", "la", "None", "True", "False", "dtype"})


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a template where a name stands; `closed` if no bracket is ever needed there."""

    name: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A Python expression with slots; `loose` if it has to be bracketed as an operand."""

    parts: tuple[str | Slot, ...]
    loose: bool

    def uses(self, name: str) -> int:
        """How often a name stands in the template."""
        return sum(isinstance(part, Slot) and part.name == name for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that stand in the template."""
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Slot)))


def numpy_template(entry: Entry) -> Template:
    """How a function is computed; DerivationError if the rule book does not say."""
    text = entry.fields.get("numpy")
    if text is None:
        raise DerivationError(
            f"the rule book does not say how NumPy computes {entry.name}",
            suggestion=f'a line numpy "…" in the entry of {entry.name}',
        )
    return template(text)


@cache
def template(text: str) -> Template:
    """A template from its source."""
    parts: list[str | Slot] = []
    end = 0
    for match in _NAME.finditer(text):
        after = text[match.end() :].lstrip()
        keyword = re.match(r"=(?!=)", after) is not None
        if match[0] in _FIXED or keyword or _in_string(text, match.start()):
            continue
        parts += [text[end : match.start()], Slot(match[0], _closed(text[: match.start()], after))]
        end = match.end()
    parts.append(text[end:])
    body = ast.parse(text, mode="eval").body
    loose = not isinstance(body, ast.Call | ast.Attribute | ast.Subscript | ast.Name)
    return Template(tuple(parts), loose)


def _in_string(text: str, at: int) -> bool:
    return text[:at].count("'") % 2 == 1 or text[:at].count('"') % 2 == 1


def _closed(before: str, after: str) -> bool:
    """Whether a place is between brackets, commas or `=` on both sides."""
    left = before.rstrip()
    return left.endswith(("(", "[", ",", "=")) and after.startswith((")", "]", ","))
