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
    count = len(node.args)
    found = []
    for entry in book.entries(name):
        params = entry.params
        needed = sum(param.default is None for param in params)
        if needed <= count <= len(params) or (count and params and params[0].role == "rest"):
            found.append(entry)
    return found
