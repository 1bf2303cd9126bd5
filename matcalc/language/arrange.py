"""The token pass between scanner and parser: what blanks, newlines and declarations decide.

It ends bindings, matches brackets and norm bars, tells a call from a product with a bracket, an
index from a literal, a declaration from a Frobenius product, and reads shapes with the words that
are special there.  After it the grammar has no ambiguity left.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Never

from matcalc.errors import Span
from matcalc.language.book import LIBRARY
from matcalc.language.foreign import RENAMED, check_foreign
from matcalc.language.names import canonical, nearest
from matcalc.language.survey import (
    CLOSERS,
    DECLARABLE,
    MATLAB,
    OPEN,
    Context,
    Survey,
    is_real,
)
from matcalc.language.tokens import Token

MAX_DEPTH: Final = 200
MAX_POSTFIX: Final = 200

OPERATORS: Final = frozenset(
    "PLUS MINUS STAR AT DOT SLASH DOTSLASH BACKSLASH HADAMARD KRON TIMES COMPARE EQUALS COMMA "
    "COLON POWER DOTPOWER ARROW FROBENIUS NABLA".split()
)
ENDS: Final = frozenset(
    "NUMBER NAME SUPERSCRIPT STRING TRANSPOSE PRIME RPAR RSQUARE RBRACE CLOSEINDEX CLOSEBAR REAL "
    "PROPERTY".split()
)
POSTFIXES: Final = frozenset({"PRIME", "TRANSPOSE", "SUPERSCRIPT", "MINUS"})


class Arranger(Survey):
    """One pass over the tokens of one text, which has been surveyed."""

    def __init__(self, text: str, tokens: list[Token], context: Context) -> None:
        super().__init__(text, tokens, context)
        self.out: list[Token] = []
        self.stack: list[Token] = []
        self.in_shape: list[int] = []
        self.where = context.mode == "shape"
        self.run = 0

    def arrange(self) -> list[Token]:
        """The tokens as the grammar wants them."""
        tokens = self.tokens
        position = 0
        handlers = _HANDLERS
        while position < len(tokens):
            token = tokens[position]
            handler = handlers.get(token.kind)
            if token.kind in POSTFIXES:
                self.run += 1
                if self.run > MAX_POSTFIX:
                    self.fail(f"more than {MAX_POSTFIX} of these in a row", token)
            else:
                self.run = 0
            position = handler(self, position) if handler else self._keep(position)
        if self.stack:
            self._unclosed(self.stack[-1])
        while self.out and self.out[-1].kind in ("SEP", "NEWLINE"):
            self.out.pop()
        return self.out

    # --- handlers: each takes a position and returns the next ----------------------------------
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
            shown = {"RPAR": ")", "RSQUARE": "]", "CLOSEINDEX": "]", "RBRACE": "}"}.get(
                wanted, opened.text
            )
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

    def _dangling(self, token: Token) -> Never:
        self.fail(f"`{token.text}` has nothing on its right", token, expected="an operand")

    def _unclosed(self, token: Token) -> Never:
        closer = {"LPAR": ")", "LSQUARE": "]", "OPENINDEX": "]", "LBRACE": "}"}.get(
            token.kind, token.text
        )
        self.fail(
            f"`{token.text}` is never closed",
            token,
            expected=f"`{closer}`",
            suggestion="max(a > 0, b > 0) for `or`" if token.text == "||" else "",
        )

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

    def _separate(self, position: int) -> int:
        token = self.tokens[position]
        previous = self.out[-1].kind if self.out else ""
        if token.kind == "SEMICOLON" and self.stack and not self.where:
            self.fail(
                "`;` inside brackets",
                token,
                suggestion="the rows of a matrix as lists: [[a, b], [c, d]]"
                if self.stack[-1].text == "["
                else "",
            )
        silent = (
            self.stack
            or previous in ("", "SEP", "WHERE")
            or (token.kind == "NEWLINE" and previous in OPERATORS)
        )
        following = None if silent else self._following(position)
        if following is None or self._is_where(following):
            return position + 1
        if self.where:
            return self._make("COMMA", position)
        return self._make("SEP", position)

    def _following(self, position: int) -> int | None:
        """The position of the next token that is no newline and no semicolon."""
        for later in range(position + 1, len(self.tokens)):
            if self.tokens[later].kind not in ("NEWLINE", "SEMICOLON"):
                return later
        return None

    def _is_where(self, position: int) -> bool:
        token = self.tokens[position]
        return token.kind == "NAME" and token.text == "where" and self.opens_declarations(position)

    def _name(self, position: int) -> int:
        token = self.tokens[position]
        following = self.tokens[position + 1] if position + 1 < len(self.tokens) else None
        if self.where or self.in_shape:
            return self._name_in_shape(position)
        if following is not None and following.start == token.end:
            if following.kind == "LPAR":
                return self._call(position)
            if following.kind == "PRIME" and canonical(token.text) not in self.variables:
                return self._primed(position)
        if (
            following is not None
            and following.kind == "EQUALS"
            and self.stack
            and token.text == "axis"
        ):
            return self._make("AXIS", position)
        if not self.stack and self._is_where(position) and self.context.mode == "program":
            self.where = True
            return self._make("WHERE", position)
        if following is not None and following.kind in ("LPAR", "NAME", "NUMBER"):
            self._check_blank(token, following)
        return self._keep(position)

    def _check_blank(self, token: Token, following: Token) -> None:
        """`sin x`, `sin (x)`: a function's name where no variable of that name is declared."""
        name = canonical(token.text)
        is_function = name in self.functions or (
            self.context.known.get(token.text, LIBRARY) != LIBRARY
            and name == token.text
            and len(name) > 1
        )
        if is_function and name not in self.variables:
            end = token.end if following.text == "where" else following.end
            self.fail(
                f"`{token.text}` is a function: its bracket follows without a blank",
                Span(token.start, end),
                suggestion=f"{token.text}(…)"
                + ("" if name in self.functions else f", or declare a variable `{token.text}`"),
            )

    def _call(self, position: int) -> int:
        token = self.tokens[position]
        name = canonical(token.text)
        derivative = name[:2] in ("J_", "H_") and canonical(name[2:]) in self.functions
        known = self.context.known
        if name in self.functions or known.get(token.text, LIBRARY) != LIBRARY:
            kind = "FUNCTION"
        elif name in self.variables:
            kind = "NAME"
        elif derivative or token.text in known or name in known:
            kind = "FUNCTION"
        elif name in self.dims:
            kind = "NAME"
        else:
            self._unknown_function(position)
        return self._make(kind, position)

    def _arguments_given(self, position: int) -> int:
        """How many arguments stand in the bracket after a function's name."""
        depth, commas = 0, 0
        for token in self.inside(position):
            commas += token.kind == "COMMA" and not depth
            depth += (token.kind in OPEN) - (token.kind in CLOSERS)
        return commas + 1

    def _unknown_function(self, position: int) -> Never:
        token = self.tokens[position]
        similar = nearest(token.text, [*self.context.known, *self.functions])
        choices = [f"{each}(…)" for each in similar]
        if token.text in RENAMED:
            choices = [RENAMED[token.text]]
        elif token.text in MATLAB:
            name, order = MATLAB[token.text]
            choices = [f"{name}(x, {order[0]})" if order else f"{name}(…)"]
        rest = self.text[token.end + 1 : token.end + 3].strip()
        if rest[:1] == ":" or rest[:1].isdigit():
            choices.append(f"{token.text}[…] for an entry: places count from 0")
        given = self._arguments_given(position)
        if given == 1:
            choices.append(f"{token.text} (…) with a blank for a product")
            choices.append(f"declare it, as in `where {token.text}: R -> R`")
        elif not choices:
            declared = f"`where {token.text}: R^{given} -> R`"
            choices.append(f"one vector of them, {token.text}([…]), and declare it: {declared}")
        self.fail(f"unknown function `{token.text}`", token, suggestion=", or ".join(choices))

    def _primed(self, position: int) -> int:
        """f'(x): the primes belong to the function's name if the bracket follows directly."""
        last = position + 1
        while (
            self.tokens[last].kind == "PRIME"
            and self.tokens[last].start == self.tokens[last - 1].end
        ):
            last += 1
            if last == len(self.tokens):
                return self._keep(position)
        token, bracket = self.tokens[position], self.tokens[last]
        if bracket.kind != "LPAR" or bracket.start != self.tokens[last - 1].end:
            return self._keep(position)
        if canonical(token.text) not in self.functions:
            self._unknown_function(position)
        end = self.tokens[last - 1].end
        self.out.append(Token("FUNCTION", self.text[token.start : end], token.start, end))
        return last

    def _nabla(self, position: int) -> int:
        token = self.tokens[position]
        following = self.tokens[position + 1] if position + 1 < len(self.tokens) else None
        if (
            following is None
            or following.kind != "NAME"
            or canonical(following.text) not in self.functions
        ):
            self.fail(
                "∇ stands only before an unknown function's name",
                token,
                suggestion="grad(f, x) for the gradient of an expression f by x",
            )
        self.out.append(
            Token("FUNCTION", self.text[token.start : following.end], token.start, following.end)
        )
        return position + 2

    def _colon(self, position: int) -> int:
        out = self.out
        if self.where and not self.in_shape:
            return self._keep(position)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.kind == "LPAR":
            inline = out[-1].kind == "NAME" and len(out) > 1 and out[-2] is top
            if inline and self.is_space(canonical(out[-1].text), self.inside(position - 1)):
                self.in_shape.append(len(self.stack))
                return self._keep(position)
            return self._make("FROBENIUS", position)
        following = self.after(position)
        if following is not None and following.kind == "EQUALS":
            self.fail(
                "`:=` is not an operator",
                Span(self.tokens[position].start, following.end),
                suggestion="=",
            )
        if top is None and out and out[-1].kind == "NUMBER":
            self.fail("there are no ranges such as 0:2 in the language", self.tokens[position])
        if top is None:
            self.fail(
                "a declaration stands after `where`, or in brackets",
                self.tokens[position],
                suggestion="expression where x: R^n, or (x: R^n)·y",
            )
        return self._keep(position)

    # --- shapes --------------------------------------------------------------------------------
    def _name_in_shape(self, position: int) -> int:
        token = self.tokens[position]
        previous = self.out[-1] if self.out else None
        following = self.tokens[position + 1] if position + 1 < len(self.tokens) else None
        kind = previous.kind if previous is not None else ""
        if following is not None and following.kind == "COLON" and self.where and not self.stack:
            return self._keep(position)
        if self._is_times(token, previous, following):
            return self._times(position)
        starts = kind in ("COLON", "ARROW", "")
        if starts and (is_real(token.text) or token.text == "R"):
            return self._make("REAL", position)
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
                suggestion=f"{name.text}: {self.text[token.start :].split(',')[0]}",
            )
        similar = nearest(token.text, DECLARABLE) or sorted(DECLARABLE)
        self.fail(
            f"`{token.text}` is no property of a variable",
            token,
            expected="one of " + ", ".join(sorted(DECLARABLE)),
            suggestion=similar[0] if len(similar) < 4 else "a comma before the next declaration",
        )

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

    def _star(self, position: int) -> int:
        token = self.tokens[position]
        following = self.tokens[position + 1] if position + 1 < len(self.tokens) else None
        if following is not None and following.kind == "STAR" and following.start == token.end:
            self.fail("`**` is not an operator", Span(token.start, following.end), suggestion="x^2")
        return self._keep(position)


_HANDLERS: Final[dict[str, Callable[[Arranger, int], int]]] = {
    **dict.fromkeys(("LPAR", "LSQUARE", "LBRACE"), Arranger._open),
    **dict.fromkeys(CLOSERS, Arranger._close),
    **dict.fromkeys(("NEWLINE", "SEMICOLON"), Arranger._separate),
    "BAR": Arranger._bar,
    "NAME": Arranger._name,
    "NABLA": Arranger._nabla,
    "COLON": Arranger._colon,
    "STAR": Arranger._star,
    "TRANSPOSE": Arranger._transpose,
}


def arrange(text: str, tokens: list[Token], context: Context) -> list[Token]:
    """The tokens of a text as the grammar wants them."""
    arranger = Arranger(text, tokens, context)
    if context.mode == "program":
        check_foreign(arranger)
    return arranger.arrange()
