"""The parser of rule-book entries: grammar/rules.lark over the language's own tokens."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from matcalc.dims import Dim
from matcalc.errors import InputError
from matcalc.language import diagnose
from matcalc.language.arrange import arrange
from matcalc.language.book import Mode, Param
from matcalc.language.driver import drive
from matcalc.language.parser import Builder
from matcalc.language.survey import Context
from matcalc.language.syntax import Declaration, SpaceSyntax, Syntax
from matcalc.language.tokens import Token, scan

# A function's name, its parameters, its result (None for a shape worked out otherwise), its mode.
Header = tuple[str, tuple[Param, ...], tuple[Dim, ...] | None, Mode]

TERMINALS: Final = {
    "size": "SIZE",
    "index": "INDEX",
    "elementwise": "ELEMENTWISE",
    "stack": "STACK",
    "sizes": "SIZES",
}


class _Reader(Builder):
    """The reductions of grammar/rules.lark."""

    def header(self, parts: list[Any]) -> Header:
        result, mode = parts[-1]
        params = tuple(part for part in parts if isinstance(part, Param))
        if mode == "" and any(param.dims is None and param.role == "value" for param in params):
            mode = "elementwise"
        return parts[0].text, params, result, mode or "plain"

    def parameter(self, parts: list[Any]) -> Param:
        name: Token = parts[0]
        if name.kind == "ELLIPSIS":
            return Param("", "rest" if len(parts) == 1 else "sizes", None, None)
        if len(parts) == 1:
            return Param(name.text, "value", None, None)
        if isinstance(parts[2], Token):
            return Param(name.text, "size" if parts[2].kind == "SIZE" else "index", (), None)
        space: SpaceSyntax = parts[2]
        return Param(name.text, "value", space.dims, parts[4] if len(parts) == 5 else None)

    def default(self, parts: list[Token]) -> Fraction:
        return Fraction(parts[-1].text) * (-1 if len(parts) == 2 else 1)

    def result(self, parts: list[Any]) -> tuple[tuple[Dim, ...] | None, str]:
        if isinstance(parts[0], Token):
            return None, parts[0].text
        return parts[0].dims, "along" if len(parts) == 2 else ""

    def statement(self, parts: list[Any]) -> tuple[Syntax, Syntax, tuple[Declaration, ...], str]:
        note = parts[-1].text[1:-1] if isinstance(parts[-1], Token) else ""
        where = next((tuple(part) for part in parts if isinstance(part, list)), ())
        return parts[0], parts[2], (*self.inline, *where), note


def _read(start: str, text: str, tokens: list[Token], context: Context) -> Any:
    def unexpected(position: int, expected: set[str]) -> InputError:
        return diagnose.unexpected(text, start, tokens, position, expected, context)

    return drive("rules", start, tokens, _Reader(text, context), unexpected)


def read_header(line: str) -> Header:
    """A heading without its word `function`."""
    tokens: list[Token] = []
    for token in scan(line, "rules"):
        kind, previous = token.kind, tokens[-1].kind if tokens else ""
        if kind == "NAME" and previous == "COLON":
            kind = "REAL" if token.text == "R" else TERMINALS.get(token.text, kind)
        elif kind == "NAME" and token.text == "along":
            kind = "ALONG"
        elif (kind == "NAME" and previous == "ALONG") or (kind == "DOT" and previous == "ELLIPSIS"):
            continue
        elif kind == "DOT":
            kind = "ELLIPSIS"
        tokens.append(Token(kind, token.text, token.start, token.end))
    header: Header = _read("header", line, tokens, Context(origin="rules"))
    return header


def read_statement(
    line: str, known: Mapping[str, str]
) -> tuple[Syntax, Syntax, tuple[Declaration, ...], str]:
    """lhs = rhs where declarations "note"."""
    context = Context(known=known, origin="rules")
    statement: tuple[Syntax, Syntax, tuple[Declaration, ...], str]
    statement = _read("statement", line, arrange(line, scan(line, "rules"), context), context)
    return statement
