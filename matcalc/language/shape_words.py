"""Words within shapes and declarations, where `R`, `x`, `T` and `symmetric` are special."""

from __future__ import annotations

import re
from typing import Final, Never

from matcalc.errors import Span
from matcalc.language.advice import PROPERTIES, SPACES
from matcalc.language.brackets import Brackets
from matcalc.language.names import nearest
from matcalc.language.survey import DECLARABLE, Context, is_real
from matcalc.language.tokens import ENDS, Token

OF_MATRICES: Final = DECLARABLE - {"positive", "nonnegative", "constant"}


class ShapeWords(Brackets):
    """The words of shapes; `where` says whether what follows is declarations."""

    def __init__(self, text: str, tokens: list[Token], context: Context) -> None:
        super().__init__(text, tokens, context)
        self.where = context.mode == "shape"

    def _name_in_shape(self, position: int) -> int:
        token = self.tokens[position]
        previous = self.out[-1] if self.out else None
        following = self.after(position)
        kind = previous.kind if previous is not None else ""
        if following is not None and following.kind == "COLON" and self.where and not self.stack:
            return self._keep(position)
        if self._is_times(token, previous, following):
            return self._times(position)
        starts = kind in ("COLON", "ARROW", "")
        if starts and (is_real(token.text) or token.text == "R"):
            return self._make("REAL", position)
        if starts and (
            token.text in DECLARABLE or token.text in SPACES or token.text in PROPERTIES
        ):
            self._not_a_shape(token)
        if kind in ENDS and token.text in DECLARABLE and kind != "POWER":
            return self._make("PROPERTY", position)
        if kind in ENDS and kind != "NUMBER":
            self._not_a_property(token)
        if re.fullmatch(r"[A-Za-z0-9]x[A-Za-z0-9]", token.text):
            spread = f"{token.text[0]}×{token.text[2]}"
            self.fail(
                f"`{token.text}` is one name",
                token,
                suggestion=f"{spread}, or {spread.replace('×', ' x ')}",
            )
        return self._keep(position)

    def _not_a_shape(self, token: Token) -> None:
        """`x: vector`, `S: symmetric`: words where a shape stands, which would be dimensions."""
        word = token.text
        if word in SPACES:
            if not self.context.matlab:
                self.fail(f"`{word}` is no shape", token, suggestion=SPACES[word])
            return
        plain = word if word in DECLARABLE else PROPERTIES[word].partition(";")[0]
        self.fail(
            f"`{word}` is a property: the shape stands before it",
            token,
            suggestion=f"R^(n×n) {plain}" if plain in OF_MATRICES else f"R^n {plain}",
        )

    def _not_a_property(self, token: Token) -> Never:
        colon = False
        for each in reversed(self.out):
            if each.kind in ("COMMA", "WHERE"):
                break
            colon = colon or each.kind == "COLON"
        if not colon and self.context.mode == "program":
            name = self.out[-1]
            self.fail(
                "a declaration wants a colon",
                Span(name.start, token.end),
                suggestion=f"{name.text}: {self._rest(token)}",
            )
        meant = PROPERTIES.get(token.text.lower())
        similar = [meant] if meant else nearest(token.text, DECLARABLE) or sorted(DECLARABLE)
        self.fail(
            f"`{token.text}` is no property of a variable",
            token,
            expected="one of " + ", ".join(sorted(DECLARABLE)),
            suggestion=similar[0] if len(similar) < 4 else "a comma before the next declaration",
        )

    def _rest(self, token: Token) -> str:
        """The declaration from a word on; `in` is for the colon."""
        rest = self.text[token.start :].split(",")[0]
        return rest.removeprefix("in ") if token.text == "in" else rest

    @staticmethod
    def _is_times(token: Token, previous: Token | None, following: Token | None) -> bool:
        """An `x` between two dimensions."""
        if previous is None or previous.kind not in ("NAME", "NUMBER", "RPAR"):
            return False
        if token.text == "x":
            return following is not None and following.kind in ("NAME", "NUMBER", "LPAR")
        return previous.kind == "NUMBER" and previous.end == token.start and token.text[0] == "x"

    def _times(self, position: int) -> int:
        token = self.tokens[position]
        self.out.append(Token("TIMES", "x", token.start, token.start + 1))
        if len(token.text) > 1:
            rest = token.text[1:]
            kind = "NUMBER" if rest.isdecimal() else "NAME"
            self.out.append(Token(kind, rest, token.start + 1, token.end))
        return position + 1

    def _transpose(self, position: int) -> int:
        """`^T` in a shape is a power: R^T, T being a dimension."""
        token = self.tokens[position]
        if not (self.where or self.in_shape) or token.text[0] != "^" or "T" not in token.text:
            return self._keep(position)
        middle = token.text.index("T")
        self.out.append(Token("POWER", "^", token.start, token.start + 1))
        self.out.append(Token("NAME", "T", token.start + middle, token.start + middle + 1))
        return position + 1
