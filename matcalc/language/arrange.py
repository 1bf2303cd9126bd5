"""The token pass between scanner and parser: what blanks, newlines and declarations decide.

It ends bindings, matches brackets and norm bars (`brackets`), tells a call from a product with a
bracket, an index from a literal, a declaration from a Frobenius product, and reads shapes with the
words that are special there (`shape_words`).  After it the grammar has no ambiguity left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Never

from matcalc.errors import Span
from matcalc.language.advice import RENAMED
from matcalc.language.book import LIBRARY
from matcalc.language.foreign import check_foreign
from matcalc.language.misread import check_misread
from matcalc.language.names import canonical, derivative_named, nearest
from matcalc.language.shape_words import ShapeWords
from matcalc.language.survey import CLOSERS, MATLAB, OPEN, Context
from matcalc.language.tokens import OPERATORS, Token

MAX_POSTFIX: Final = 200

POSTFIXES: Final = frozenset({"PRIME", "TRANSPOSE", "SUPERSCRIPT", "MINUS"})


class Arranger(ShapeWords):
    """One pass over the tokens of one text, which has been surveyed."""

    def arrange(self) -> list[Token]:
        """The tokens as the grammar wants them."""
        tokens = self.tokens
        position, run = 0, 0
        handlers = _HANDLERS
        while position < len(tokens):
            token = tokens[position]
            handler = handlers.get(token.kind)
            run = run + 1 if token.kind in POSTFIXES else 0
            if run > MAX_POSTFIX:
                self.fail(f"more than {MAX_POSTFIX} of these in a row", token)
            position = handler(self, position) if handler else self._keep(position)
        if self.stack:
            self._unclosed(self.stack[-1])
        while self.out and self.out[-1].kind in ("SEP", "NEWLINE"):
            self.out.pop()
        return self.out

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
        following = self.after(position)
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
        if token.text == "where" and not self.out:
            return  # declarations without an expression
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
        derived = derivative_named(name)
        derivative = derived is not None and derived[0] in self.functions
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
        self._definition(position)
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

    def _definition(self, position: int) -> None:
        """`f(x) = x^2`: a function's name does not stand on the left of a binding."""
        token = self.tokens[position]
        end = position + 2 + len(self.inside(position))
        following = self.after(end) if end < len(self.tokens) else None
        if not self.stack and following is not None and following.kind == "EQUALS":
            self.fail(
                "a name is bound to a value, not to a function",
                Span(token.start, self.tokens[end].end),
                suggestion=f"`{token.text} = …`, and `{token.text}` where it is used",
            )

    def _unknown_derivative(self, token: Token, at: Span) -> Never:
        """`w'(X' X) w`, `tanh'(x)`: a prime directly before a bracket is a derivative."""
        name, written = token.text, self.text[at.start : at.end]
        if name in self.context.known and len(name) > 1:
            suggestion = f"grad({name}(x), x), for the derivative of {name} at a scalar x"
        else:
            suggestion = (
                f"{written} (…) with a blank for a product, or declare the function, as in "
                f"`where {name}: R -> R`"
            )
        self.fail(
            f"`{written}(…)` is a derivative, and there is no unknown function `{name}`",
            at,
            suggestion=suggestion,
        )

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
        end = self.tokens[last - 1].end
        if canonical(token.text) not in self.functions:
            self._unknown_derivative(token, Span(token.start, end))
        self.out.append(Token("FUNCTION", self.text[token.start : end], token.start, end))
        return last

    def _nabla(self, position: int) -> int:
        token = self.tokens[position]
        following = self.after(position)
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

    def _star(self, position: int) -> int:
        token = self.tokens[position]
        following = self.after(position)
        if following is not None and following.kind == "STAR" and following.start == token.end:
            at = Span(token.start, following.end)
            self.fail("`**` is not an operator", at, suggestion="x^2, or A^-1")
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
        check_misread(arranger)
    return arranger.arrange()
