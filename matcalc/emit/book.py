"""What the rule book says of a function for those who print it: its LaTeX, and how NumPy computes it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matcalc.errors import DerivationError
from matcalc.expr.nodes import Call
from matcalc.language.book import Entry, entries

_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")


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


@dataclass(frozen=True, slots=True)
class Implementation:
    """A function as NumPy computes it: the names of its parameters, and the template."""

    params: tuple[str, ...]
    defaults: tuple[str, ...]
    elementwise: bool
    template: Template


def overload(node: Call) -> Entry | None:
    """The entry of the rule book that a call means, by the number and the ranks of its arguments."""
    found = [e for e in entries(node.name) if _fits(e, node)]
    return found[0] if found else next(iter(entries(node.name)), None)


def _fits(entry: Entry, node: Call) -> bool:
    needed = sum(param.default is None for param in entry.params)
    return needed <= len(node.args) <= len(entry.params)


def entry(node: Call) -> Implementation:
    """How a call is computed; DerivationError if the rule book does not say."""
    found = overload(node)
    text = found.fields.get("numpy") if found is not None else None
    if found is None or text is None:
        raise DerivationError(f"the rule book does not say how to compute {node.name}")
    return implementation(found, text)


@lru_cache(maxsize=None)
def implementation(found: Entry, text: str) -> Implementation:
    """The template of an entry."""
    params = tuple(param.name for param in found.params)
    defaults = tuple("" if param.default is None else str(param.default) for param in found.params)
    return Implementation(params, defaults, found.mode == "elementwise", template(text))


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


_FIXED: Final = frozenset({"np", "sp", "la", "None", "True", "False", "dtype"})


def _in_string(text: str, at: int) -> bool:
    return text[:at].count("'") % 2 == 1 or text[:at].count('"') % 2 == 1


def _closed(before: str, after: str) -> bool:
    """Whether a place is between brackets, commas or `=` on both sides."""
    left = before.rstrip()
    return left.endswith(("(", "[", ",", "=")) and after.startswith((")", "]", ","))
