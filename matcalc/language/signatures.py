"""Which entries of the rule book a call may mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matcalc.language import book
from matcalc.language.syntax import Applied

ALIASES: Final = {"ln": "log"}


def candidates(node: Applied) -> Sequence[book.Entry]:
    """The entries of a name that take this number of arguments."""
    name = ALIASES.get(node.name, node.name)
    return [entry for entry in book.entries(name) if entry.takes(len(node.args))]
