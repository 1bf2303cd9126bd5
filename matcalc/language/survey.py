"""What a text declares and binds, found in its tokens before the token pass needs to know it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Never

from matcalc.errors import InputError, Span
from matcalc.expr.nodes import PROPERTIES
from matcalc.language.names import GREEK, canonical, is_upper, skeleton
from matcalc.language.tokens import Token

OPEN: Final = {"LPAR": "RPAR", "LSQUARE": "RSQUARE", "LBRACE": "RBRACE", "OPENINDEX": "CLOSEINDEX"}
CLOSERS: Final = frozenset({"RPAR", "RSQUARE", "RBRACE"})
DECLARABLE: Final = PROPERTIES - {"integer"}
ARITHMETIC: Final = frozenset({"NAME", "NUMBER", "PLUS", "MINUS", "STAR", "LPAR", "RPAR"})

# Functions of the matlab dialect: the function that each is, and arguments that it adds.
MATLAB: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "norm1": ("norm", (1,)),
    "norm2": ("norm", ()),
    "vector": ("ones", ()),
    "matrix": ("ones", ()),
}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known before the text is read.

    Declared variables, functions and dimensions, the functions of the book, where the text is
    from, whether it is a program or a shape, and the dialect.
    """

    variables: Collection[str] = frozenset()
    functions: Collection[str] = frozenset()
    dims: Collection[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    mode: str = "program"
    matlab: bool = False


class Survey:
    """The names of one text: variables (declared or bound), functions, and dimensions."""

    def __init__(self, text: str, tokens: list[Token], context: Context) -> None:
        self.text = text
        self.tokens = tokens
        self.context = context
        self.functions = set(context.functions)
        self.variables = set(context.variables)
        self.dims = set(context.dims)
        self.settled = set(context.variables)
        self._walk()
        if not text.isascii() and context.mode == "program":
            self._compare()

    def fail(
        self,
        message: str,
        at: Token | Span,
        *,
        found: str = "",
        expected: str = "",
        suggestion: str = "",
    ) -> Never:
        """Raise the diagnostic for a place."""
        raise InputError(
            message,
            source=self.text,
            span=at.span if isinstance(at, Token) else at,
            origin=self.context.origin,
            found=found,
            expected=expected,
            suggestion=suggestion,
        )

    def after(self, position: int) -> Token | None:
        """The token after a position."""
        return self.tokens[position + 1] if position + 1 < len(self.tokens) else None

    def _walk(self) -> None:
        depth, start, declaring = 0, True, self.context.mode == "shape"
        for position, token in enumerate(self.tokens):
            kind = token.kind
            if kind in OPEN:
                depth += 1
            elif kind in CLOSERS:
                depth -= 1
            elif kind == "NAME":
                if not declaring and token.text == "where" and not depth:
                    declaring = self.opens_declarations(position)
                else:
                    self._note(position, depth, start, declaring)
            start = kind in ("NEWLINE", "SEMICOLON")

    def _note(self, position: int, depth: int, start: bool, declaring: bool) -> None:
        token, following = self.tokens[position], self.after(position)
        kind = following.kind if following is not None else ""
        if declaring and not depth and kind in ("COLON", "COMMA") and self._opens(position):
            self._declared(position)
        elif declaring:
            self.dims.add(canonical(token.text))
        elif kind == "EQUALS" and start and not depth:
            self.variables.add(canonical(token.text))
            self.settled.add(canonical(token.text))
        elif kind == "COLON" and position and self.tokens[position - 1].kind == "LPAR":
            self._declared_inline(position)

    def _opens(self, position: int) -> bool:
        """Whether a name in the declarations is one that is declared: it opens them, or follows a
        comma.
        """
        previous = self.tokens[position - 1]
        return not position or previous.kind not in ("COLON", "ARROW", "TIMES", "POWER")

    def _declared(self, position: int) -> None:
        """A declared name is a function if its space has an arrow, else a variable."""
        name, depth, colon = canonical(self.tokens[position].text), 0, False
        for later in range(position + 1, len(self.tokens)):
            kind = self.tokens[later].kind
            if kind == "ARROW":
                self.functions.add(name)
                return
            colon = colon or kind == "COLON"
            depth += (kind in OPEN) - (kind in CLOSERS)
            if kind == "COMMA" and not depth and colon and not self._is_space_only(later + 1):
                break
        self.variables.add(name)
        self.settled.add(name)

    def _is_space_only(self, position: int) -> bool:
        """Whether `R -> …` or `R, … ->` follows: no declaration but more of a domain, as in
        `f: R, R -> R`, which is refused with a better message if `f` counts as a function.
        """
        if position >= len(self.tokens) or not is_real(self.tokens[position].text):
            return False
        for token in self.tokens[position:]:
            if token.kind == "ARROW":
                return True
            if token.kind == "COLON":
                return False
        return False

    def _declared_inline(self, position: int) -> None:
        inside = self.inside(position)
        name = canonical(self.tokens[position].text)
        if any(token.kind == "ARROW" for token in inside):
            self.functions.add(name)
        elif self.is_space(name, inside):
            self.variables.add(name)

    def opens_declarations(self, position: int) -> bool:
        """`where` opens the declarations unless it is called or is itself a name."""
        following = self.after(position)
        while following is not None and following.kind == "NEWLINE":
            position += 1
            following = self.after(position)
        named = following is None or following.kind == "NAME"
        return named and position > 0 and "where" not in self.variables

    def inside(self, position: int) -> list[Token]:
        """The tokens from after the colon that follows `position` to the closing bracket."""
        depth, inside = 0, []
        for later in range(position + 2, len(self.tokens)):
            token = self.tokens[later]
            depth += (token.kind in OPEN) - (token.kind in CLOSERS)
            if depth < 0:
                break
            inside.append(token)
        return inside

    def is_space(self, declared: str, inside: list[Token]) -> bool:
        """Whether what follows `(declared :` declares it; otherwise it is a Frobenius product."""
        if not inside:
            return True
        kinds = {token.kind for token in inside}
        first = inside[0]
        names = [canonical(token.text) for token in inside if token.kind == "NAME"]
        if first.kind == "NUMBER" and not kinds & {"TIMES", "ARROW"}:
            return not kinds - ARITHMETIC and self.dims.issuperset(self.variables & {*names})
        if kinds & {"TIMES", "ARROW"}:
            return True
        if first.kind == "LPAR" and _is_list(inside):
            return True
        again = declared in self.settled
        if first.kind == "NAME" and is_real(first.text) and names[0] not in self.variables:
            return not again or bool(kinds & {"POWER", "SUPERSCRIPT"})
        if kinds - ARITHMETIC or not names:
            return False
        return all(
            name in self.dims
            or name in DECLARABLE
            or not (again or is_upper(name) or name in self.variables)
            for name in names
        )

    def _compare(self) -> None:
        """Refuse names that only look alike: х (Cyrillic) and x, x₁ and x1."""
        seen: dict[str, tuple[str, str]] = {}
        for name in sorted(self.variables):
            seen[skeleton(name)] = (name, name)
        for token in self.tokens:
            if token.kind != "NAME" or token.text in GREEK:
                continue
            name, typed = canonical(token.text), token.text.replace("µ", "μ")
            other, spelled = seen.setdefault(skeleton(name), (name, typed))
            if other != name or (spelled != typed and spelled not in GREEK):
                self.fail(
                    f"`{token.text}` only looks like `{spelled}`: they are different names",
                    token,
                    found=" and ".join(
                        f"{each} ({_codes(each)})" for each in (spelled, token.text)
                    ),
                    suggestion="one spelling for one variable, another name for another",
                )


def _is_list(bracket: list[Token]) -> bool:
    """Whether a comma stands in the bracket that opens, and not in one inside of it only."""
    depth = 0
    for token in bracket:
        depth += (token.kind in OPEN) - (token.kind in CLOSERS)
        if token.kind == "COMMA" and depth == 1:
            return True
        if not depth:
            return False
    return False


def is_real(name: str) -> bool:
    """The words for the real numbers."""
    return name in ("R", "ℝ", "scalar")


def _codes(name: str) -> str:
    return " ".join(f"U+{ord(letter):04X}" for letter in name)
