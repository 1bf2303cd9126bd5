"""Text to typed expressions: parse, infer, diagnose; and the reader of the rule book.

The parser is imported at the first call: what only passes typed expressions on does not pay for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matcalc.language.book import Entry, Param, Statement
from matcalc.language.names import canonical
from matcalc.language.result import Program

if TYPE_CHECKING:
    from matcalc.language.own import OwnRules

__all__ = ["Entry", "Param", "Program", "Statement", "canonical", "parse_program"]


def parse_program(
    text: str,
    shapes: Mapping[str, str] | None = None,
    wrt: Sequence[str] = (),
    dialect: str = "matcalc",
    rules: OwnRules | None = None,
) -> Program:
    """The program of a text; InputError if it is none, or if its shapes do not fit.

    `shapes` declares variables and functions, as `where` does; `wrt` names variables that may be
    used or declared only, and is checked.
    """
    from matcalc.language.program import parse_program as read

    return read(text, shapes, wrt, dialect, rules)
