"""Diagnostics of the parser: what an unexpected token says about the mistake that was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matcalc.errors import GrammarError, InputError, Span
from matcalc.language.advice import ARGUMENTS
from matcalc.language.survey import OPEN, is_real
from matcalc.language.tokens import ENDS

if TYPE_CHECKING:
    from matcalc.language.survey import Context
    from matcalc.language.tokens import Token

BINARY: Final = frozenset(
    "PLUS MINUS STAR AT DOT SLASH DOTSLASH BACKSLASH HADAMARD KRON TIMES COMPARE POWER DOTPOWER "
    "FROBENIUS ARROW".split()
)
CLOSERS: Final = {
    "RPAR": "`)`",
    "RSQUARE": "`]`",
    "CLOSEINDEX": "`]`",
    "RBRACE": "`}`",
    "CLOSEBAR": "the closing `‖`",
}
# What may stand somewhere, in words: all of the terminals on the left, then the words.
WORDS: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (frozenset({"NAME", "NUMBER", "LPAR", "FUNCTION"}), "an operand (a name, a number, a bracket)"),
    (frozenset({"REAL", "NAME"}), "a shape (R, R^n, R^(m×n), n, m×n)"),
    (frozenset({"PLUS"}), "an operator"),
    (frozenset({"COMMA"}), "`,`"),
    (frozenset({"COLON"}), "`:`"),
    (frozenset({"EQUALS"}), "`=`"),
    (frozenset({"SEP"}), "the end of the line"),
    (frozenset({"$END"}), "the end"),
    (frozenset({"NAME"}), "a name"),
    (frozenset({"NUMBER"}), "a whole number"),
)


_MEANT: Final = {
    ("/", "/"): "floor(x / y)",
    ("^", "*"): "A' for the transpose",
    ("^", "+"): "pinv(A)",
    ("=", ">"): ">=",
    (".", "+"): "+",
    (".", "-"): "-",
}
"""Operators of other notations, as the two that they are here."""

_HINTS: Final = {
    "ARROW": "a > b, or a declaration `where f: R -> R`",
    "LBRACE": "round brackets: (x)",
    "TIMES": "brackets around dimensions: R^(m×n)",
    "LSQUARE": "R^(m×n), or (m, n)",
}
"""What may have been meant by a token that cannot stand there."""

ONE_ARGUMENT: Final = "an unknown function takes one argument"
STACKED: Final = (
    "one vector of them: f: R^2 -> R and f([x, y]), or f: R^(n+m) -> R and f(vstack(x, y))"
)


class Unexpected:
    """One unexpected token: the text, the tokens, the position, and what could stand there."""

    def __init__(
        self,
        text: str,
        start: str,
        tokens: Sequence[Token],
        position: int,
        expected: set[str],
        context: Context,
    ) -> None:
        self.text = text
        self.start = start
        self.tokens = tokens
        self.position = position
        self.expected = expected
        self.context = context
        self.token = tokens[position] if position < len(tokens) else None
        self.previous = tokens[position - 1] if position else None

    def error(self) -> InputError:
        """The first diagnosis that fits."""
        for diagnosis in (
            self._empty,
            self._no_expression,
            self._doubled,
            self._trailing,
            self._binding,
            self._equals,
            self._arguments,
        ):
            found = diagnosis()
            if found is not None:
                return found
        return self._plain()

    def fail(
        self, message: str, span: Span, *, found: str = "", expected: str = "", suggestion: str = ""
    ) -> InputError:
        return GrammarError(
            message,
            source=self.text,
            span=span,
            origin=self.context.origin,
            found=found,
            expected=expected,
            suggestion=suggestion,
        )

    # --- diagnoses -----------------------------------------------------------------------------
    def _arguments(self) -> InputError | None:
        """`f: R × R -> R` or `f: R, R -> R`: the domain of a function is one space."""
        if self.token is None or self.token.kind not in ("TIMES", "COMMA", "ARROW"):
            return None
        if self.token.kind == "ARROW" and not self._after_a_declaration():
            return None
        for later in self.tokens[self.position :]:
            if later.kind in ("COLON", "SEP"):
                return None
            if later.kind == "ARROW":
                return self.fail(ONE_ARGUMENT, self.token.span, suggestion=STACKED)
        return None

    def _after_a_declaration(self) -> bool:
        """Whether what stands before this arrow is a space after `name: shape,`."""
        for at in range(self.position - 1, -1, -1):
            if self.tokens[at].kind == "COMMA":
                return is_real(self.tokens[at + 1].text)
            if self.tokens[at].kind in ("COLON", "SEP", "WHERE"):
                return False
        return False

    def _empty(self) -> InputError | None:
        if self.tokens:
            return None
        if self.start == "shape":
            return InputError("the shape is empty", expected="R, R^n, R^(m×n), n, m×n, R -> R, …")
        return InputError(
            "there is no expression", expected="an expression, such as sum(max(0, X w + b))"
        )

    def _no_expression(self) -> InputError | None:
        """The end, or `where`, where the expression should be."""
        if self.token is not None and self.token.kind != "WHERE":
            return None
        if self.start != "program" or not self._is_binding(self._last_statement()):
            if self.token is not None and (self.previous is None or self.previous.kind == "SEP"):
                return self.fail(
                    "there is no expression before `where`",
                    self.token.span,
                    expected="an expression",
                )
            return None
        if "SEP" not in self.expected:
            return None
        name = self._last_statement()[0]
        at = self.token.span if self.token is not None else self._end()
        return self.fail(
            "the program binds names but has no expression at its end",
            at,
            expected="an expression after the bindings",
            suggestion=f"a last line `{name.text}`",
        )

    def _last_statement(self) -> Sequence[Token]:
        first = self.position
        while first and self.tokens[first - 1].kind != "SEP":
            first -= 1
        return self.tokens[first : self.position]

    @staticmethod
    def _is_binding(statement: Sequence[Token]) -> bool:
        return len(statement) > 1 and statement[0].kind == "NAME" and statement[1].kind == "EQUALS"

    def _doubled(self) -> InputError | None:
        token, previous = self.token, self.previous
        if (
            token is None
            or token.kind not in BINARY
            or (previous is not None and previous.kind in ENDS)
        ):
            return None
        if token.text == "." and self.text.startswith("..", token.start - 1):
            return self.fail(
                "`..` has no meaning here",
                Span(token.start - 1, token.end),
                suggestion="a line goes on inside brackets, or after an operator; a sum of many is "
                "sum(x)",
            )
        if token.text == "@" and previous is None:
            return self.fail(
                "`@` has nothing on its left",
                token.span,
                expected="an operand before it",
                suggestion="the expression alone: variables are declared after where",
            )
        meant = _MEANT.get((previous.text if previous is not None else "", token.text))
        if previous is not None and meant is not None and previous.end == token.start:
            return self.fail(
                f"`{previous.text}{token.text}` is not an operator",
                Span(previous.start, token.end),
                suggestion=meant,
            )
        if previous is not None and (previous.kind in BINARY or previous.kind == "EQUALS"):
            return self.fail(
                f"`{previous.text}` and `{token.text}` side by side",
                Span(previous.start, token.end),
                expected="an operand between them",
                suggestion="one of the two",
            )
        hint = "x · y for an inner product" if token.text == "<" else ""
        if previous is not None and previous.kind == "SEP":
            hint = f"the line before ends with `{token.text}`"
        return self.fail(
            f"`{token.text}` has nothing on its left",
            token.span,
            expected="an operand before it",
            suggestion=hint,
        )

    def _trailing(self) -> InputError | None:
        token, previous = self.token, self.previous
        if (
            previous is None
            or previous.kind not in BINARY | {"EQUALS", "COMMA"}
            or "NAME" not in self.expected
        ):
            return None
        if token is None or token.kind in CLOSERS or token.kind in ("SEP", "COMMA", "WHERE"):
            return self.fail(
                f"`{previous.text}` has nothing on its right",
                previous.span,
                expected="an operand after it",
            )
        return None

    def _binding(self) -> InputError | None:
        """A statement before the last one that is no binding."""
        token = self.token
        if token is None or token.kind != "SEP" or "WHERE" not in self.expected:
            return None
        following = self.tokens[self.position + 1] if self.position + 1 < len(self.tokens) else None
        statement = self._last_statement()
        span = Span(statement[0].start, statement[-1].end)
        if following is not None and following.kind in BINARY:
            advice = f"`{following.text}` at the end of the line before, or brackets around all"
        else:
            advice = "name = … before it, or an operator at the end of this line"
        return self.fail(
            "an expression that is not the last one needs a name",
            span,
            found="a line after it",
            suggestion=advice,
        )

    def _equals(self) -> InputError | None:
        token, previous = self.token, self.previous
        if token is None or token.kind != "EQUALS":
            return None
        if previous is not None and previous.kind == "NAME" and self._in_call():
            return self.fail(
                f"no function takes `{previous.text}=`",
                Span(previous.start, token.end),
                expected="axis= is the only named argument",
                suggestion=ARGUMENTS.get(previous.text, "== for a comparison"),
            )
        declared = self.tokens[self.position + 1 :][:1]
        in_where = any(each.kind == "WHERE" for each in self.tokens[: self.position])
        if in_where and previous is not None and previous.kind == "NAME" and declared:
            shape = re.split("[,;\n]", self.text[declared[0].start :])[0].strip()
            return self.fail(
                "a declaration wants a colon",
                token.span,
                suggestion=f"{previous.text}: {shape}",
            )
        return self.fail(
            "`=` binds a name, at the beginning of a line",
            token.span,
            suggestion="== for a comparison, or name = value on a line of its own",
        )

    def _in_call(self) -> bool:
        depth = 0
        for position in range(self.position - 1, 0, -1):
            token = self.tokens[position]
            depth += (token.kind in CLOSERS) - (token.kind in OPEN)
            if depth < 0:
                return self.tokens[position - 1].kind == "FUNCTION"
        return False

    def _plain(self) -> InputError:
        token, previous = self.token, self.previous
        if token is None:
            return self.fail(
                "the text ends too early", self._end(), found="the end", expected=self._words()
            )
        suggestion = ""
        if token.kind == "PRIME":
            suggestion = "x' for a transpose, directly after what is transposed"
        elif token.kind == "COMPARE" and previous is not None:
            suggestion = "(a < b) ⊙ (b < c) for two comparisons"
        elif previous is not None and previous.kind == "EQUALS" and self._is_axis():
            suggestion = "axis=0, or no axis= for all entries at once"
        elif token.kind == "STRING" and previous is None:
            suggestion = "the expression alone, without quotation marks"
        elif token.kind == "STRING":
            suggestion = 'einsum("ij,jk->ik", A, B): only einsum takes a text'
        elif token.kind == "COLON":
            suggestion = "X[i, :] for a whole row; ranges such as 0:2 are not in the language"
        elif token.kind == "WHERE":
            suggestion = "the declarations at the end, after the expression"
        elif (
            token.kind in ("RPAR", "CLOSEINDEX", "RSQUARE")
            and previous is not None
            and previous.text in "(["
        ):
            return self.fail(
                "empty brackets", Span(previous.start, token.end), expected="an expression inside"
            )
        elif token.kind == "NAME" and self._declares():
            suggestion = f"a comma before the next declaration: `, {token.text}: …`"
        elif token.kind in _HINTS:
            suggestion = _HINTS[token.kind]
        elif token.kind == "COMMA":
            suggestion = self._comma()
        shown = "the end of the line" if token.kind == "SEP" else f"`{token.text}`"
        return self.fail(
            f"{shown} cannot stand here",
            token.span,
            found=shown,
            expected=self._words(),
            suggestion=suggestion,
        )

    def _declares(self) -> bool:
        """Whether `name: ` stands here in the declarations."""
        following = self.tokens[self.position + 1 :][:1]
        named = bool(following) and following[0].kind == "COLON"
        return named and any(each.kind == "WHERE" for each in self.tokens[: self.position])

    def _is_axis(self) -> bool:
        return self.position > 1 and self.tokens[self.position - 2].kind == "AXIS"

    def _comma(self) -> str:
        """`1,000`, `x, y`: a comma outside of lists and calls."""
        following = self.tokens[self.position + 1 :][:1]
        before = self.previous is not None and self.previous.kind == "NUMBER"
        if before and following and following[0].kind == "NUMBER" and len(following[0].text) == 3:
            assert self.previous is not None
            return f"{self.previous.text}{following[0].text}: no commas within numbers"
        return "" if self._in_call() else "[a, b] for a vector of scalars"

    def _words(self) -> str:
        """What could stand here."""
        possible = set(self.expected)
        opened = self._open_bracket()
        possible -= CLOSERS.keys() - {opened}
        if opened:
            possible -= {"SEP", "$END", "WHERE"}
        if opened in ("", "RPAR") and not self._in_call():
            possible -= {"COMMA"}
        words = [CLOSERS[opened]] if opened in possible else []
        for needed, word in WORDS:
            if needed <= possible:
                words.append(word)
                possible -= needed
        return ", or ".join(dict.fromkeys(words))

    def _open_bracket(self) -> str:
        """The terminal that closes the innermost open bracket."""
        stack = [""]
        for token in self.tokens[: self.position]:
            if token.kind in OPEN:
                stack.append(OPEN[token.kind])
            elif token.kind == "OPENBAR":
                stack.append("CLOSEBAR")
            elif token.kind in CLOSERS and len(stack) > 1:
                stack.pop()
        return stack[-1]

    def _end(self) -> Span:
        end = len(self.text.rstrip())
        return Span(end, end + 1)


def unexpected(
    text: str,
    start: str,
    tokens: Sequence[Token],
    position: int,
    expected: set[str],
    context: Context,
) -> InputError:
    """The diagnostic for the token at a position (the end, if there is none) that cannot stand
    there.
    """
    return Unexpected(text, start, tokens, position, expected, context).error()
