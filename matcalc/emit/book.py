"""What the rule book says of a function for those who print it: its LaTeX, its NumPy."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from matcalc.dims import Dim
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Call
from matcalc.language.book import Entry, Param, entries

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


@lru_cache(maxsize=4096)
def overload(node: Call) -> Entry | None:
    """The entry of the rule book that a call means, by number and ranks of its arguments."""
    found = [entry for entry in entries(node.name) if entry.takes(len(node.args))]
    found.sort(key=lambda entry: _misfits(entry, node))
    return found[0] if found else None


def _misfits(entry: Entry, node: Call) -> int:
    """How many arguments have another rank than the header says."""
    if entry.mode == "elementwise":
        return 0
    pairs = zip(entry.params, node.args, strict=False)
    return sum(p.dims is not None and len(p.dims) != arg.shape.rank for p, arg in pairs)


def numpy_template(node: Call) -> tuple[Entry, Template]:
    """How a call is computed; DerivationError if the rule book does not say."""
    entry = overload(node)
    text = entry.fields.get("numpy") if entry is not None else None
    if entry is None or text is None:
        raise DerivationError(
            f"the rule book does not say how NumPy computes {node.name}",
            suggestion=f'a line numpy "…" in the entry of {node.name}',
        )
    return entry, template(text)


def header_sizes(entry: Entry, node: Call) -> dict[str, Dim]:
    """The dimensions that the header names, for these arguments."""
    found: dict[str, Dim] = {}
    for param, arg in zip(entry.params, node.args, strict=False):
        for dim, actual in zip(param.dims or (), arg.shape.dims, strict=False):
            if dim.name is not None:
                found.setdefault(dim.name, actual)
    return found


def default(param: Param) -> str:
    """The default of a parameter as source; empty if there is none."""
    if param.default is None:
        return ""
    whole = param.default.denominator == 1
    return str(param.default) if whole else repr(float(param.default))


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
