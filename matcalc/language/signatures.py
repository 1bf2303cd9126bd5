"""Which entries of the rule book a call may mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from matcalc.language import book
from matcalc.language.syntax import Applied

ALIASES: Final = {"ln": "log"}


Own = Mapping[str, Sequence[book.Entry]]
"""Functions that were handed in, beside those of the book."""


def overloads(own: Own, name: str) -> Sequence[book.Entry]:
    """The entries of a name."""
    name = ALIASES.get(name, name)
    return own.get(name) or book.entries(name)


def candidates(own: Own, node: Applied) -> Sequence[book.Entry]:
    """The entries of a name that take this number of arguments."""
    return [entry for entry in overloads(own, node.name) if entry.takes(len(node.args))]
