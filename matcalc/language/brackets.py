"""Brackets and norm bars as they open and close, and the tokens passed on between them."""

from __future__ import annotations

from typing import Final, Never

from matcalc.errors import Span
from matcalc.language.survey import OPEN, Context, Survey
from matcalc.language.tokens import ENDS, OPERATORS, Token

MAX_DEPTH: Final = 200

_CLOSER: Final = {"LPAR": ")", "LSQUARE": "]", "OPENINDEX": "]", "LBRACE": "}"}
_SHOWN: Final = {"RPAR": ")", "RSQUARE": "]", "CLOSEINDEX": "]", "RBRACE": "}"}


class Brackets(Survey):
    """The tokens so far, and the brackets that are open after them.

    Each handler takes a position and returns the next.
    """

    def __init__(self, text: str, tokens: list[Token], context: Context) -> None:
        super().__init__(text, tokens, context)
        self.out: list[Token] = []
        self.stack: list[Token] = []
        self.in_shape: list[int] = []

    def _keep(self, position: int) -> int:
        self.out.append(self.tokens[position])
        return position + 1

    def _make(self, kind: str, position: int) -> int:
        token = self.tokens[position]
        self.out.append(Token(kind, token.text, token.start, token.end))
        return position + 1

    def _open(self, position: int) -> int:
        token = self.tokens[position]
        previous = self.out[-1] if self.out else None
        if len(self.stack) >= MAX_DEPTH:
            self.fail(f"brackets are nested more than {MAX_DEPTH} deep", token)
        if (
            token.kind == "LSQUARE"
            and previous is not None
            and previous.end == token.start
            and previous.kind in ENDS
        ):
            token = Token("OPENINDEX", token.text, token.start, token.end)
        self.stack.append(token)
        self.out.append(token)
        return position + 1

    def _close(self, position: int) -> int:
        token = self.tokens[position]
        if not self.stack:
            self.fail(
                f"`{token.text}` closes nothing",
                token,
                suggestion="one bracket less here, or one more before",
            )
        opened = self.stack.pop()
        wanted = OPEN.get(opened.kind, "CLOSEBAR")
        kind = "CLOSEINDEX" if token.kind == "RSQUARE" and wanted == "CLOSEINDEX" else token.kind
        if kind != wanted:
            shown = _SHOWN.get(wanted, opened.text)
            self.fail(
                f"`{token.text}` does not close `{opened.text}`",
                Span(opened.start, token.end),
                found=f"`{token.text}`",
                expected=f"`{shown}` first",
            )
        if self.in_shape and len(self.stack) < self.in_shape[-1]:
            self.in_shape.pop()
        if kind == "RPAR" and self.out and self.out[-1].kind in OPERATORS - {"COMMA"}:
            self._dangling(self.out[-1])
        self.out.append(Token(kind, token.text, token.start, token.end))
        return position + 1

    def _bar(self, position: int) -> int:
        token = self.tokens[position]
        previous = self.out[-1].kind if self.out else ""
        if self.stack and self.stack[-1].kind == "OPENBAR" and previous in ENDS:
            self.stack.pop()
            return self._make("CLOSEBAR", position)
        if len(self.stack) >= MAX_DEPTH:
            self.fail(f"bars are nested more than {MAX_DEPTH} deep", token)
        position = self._make("OPENBAR", position)
        self.stack.append(self.out[-1])
        return position

    def _dangling(self, token: Token) -> Never:
        self.fail(f"`{token.text}` has nothing on its right", token, expected="an operand")

    def _unclosed(self, token: Token) -> Never:
        closer = _CLOSER.get(token.kind, token.text)
        self.fail(
            f"`{token.text}` is never closed",
            token,
            expected=f"`{closer}`",
            suggestion="max(a > 0, b > 0) for `or`" if token.text == "||" else "",
        )
