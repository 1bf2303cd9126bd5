"""The parser: drives the prebuilt LALR table over the arranged tokens, and builds syntax nodes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from matcalc.dims import Dim
from matcalc.dims import named as dim_named
from matcalc.dims import number as dim_number
from matcalc.dims import total as dim_sum
from matcalc.errors import InputError, Span
from matcalc.language import diagnose
from matcalc.language.arrange import arrange
from matcalc.language.driver import drive
from matcalc.language.names import canonical, derivative_named
from matcalc.language.survey import MATLAB, Context
from matcalc.language.syntax import (
    Applied,
    Axis,
    Binding,
    Chain,
    Comparison,
    Declaration,
    Frobenius,
    Indexed,
    Inverted,
    Listed,
    Minus,
    Name,
    Num,
    ProgramSyntax,
    Raised,
    SpaceSyntax,
    Sum,
    Syntax,
    Text,
    Transposed,
    respan,
)
from matcalc.language.tokens import Token, scan

SUPERSCRIPTS: Final = str.maketrans(
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
    "0123456789+-abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
)
OPERATORS: Final = {
    "AT": "@",
    "DOT": "·",
    "STAR": "*",
    "HADAMARD": "⊙",
    "KRON": "⊗",
    "SLASH": "/",
    "DOTSLASH": "./",
}
COMPARISONS: Final = {"≤": "<=", "≥": ">="}


class Builder:
    """The reductions: each takes the children of a rule and returns a syntax node.

    Inline declarations collect in `inline`.
    """

    def __init__(self, text: str, context: Context) -> None:
        self.text = text
        self.context = context
        self.inline: list[Declaration] = []

    def fail(self, message: str, span: Span, **details: str) -> InputError:
        return InputError(
            message, source=self.text, span=span, origin=self.context.origin, **details
        )

    # --- programs ------------------------------------------------------------------------------
    def program(self, parts: list[Any]) -> ProgramSyntax:
        bindings = tuple(part for part in parts if isinstance(part, Binding))
        declared: list[Declaration] = parts[-1] if isinstance(parts[-1], list) else []
        expression = parts[-3] if isinstance(parts[-1], list) else parts[-1]
        return ProgramSyntax(bindings, expression, (*self.inline, *declared))

    def binding(self, parts: list[Any]) -> Binding:
        return Binding(canonical(parts[0].text), parts[0].span, parts[2])

    def declarations(self, parts: list[Any]) -> list[Declaration]:
        return [each for part in parts if isinstance(part, list) for each in part]

    def declaration(self, parts: list[Any]) -> list[Declaration]:
        return [Declaration(canonical(name.text), name.span, parts[2]) for name in parts[0]]

    def names(self, parts: list[Token]) -> list[Token]:
        return parts[::2]

    # --- expressions ---------------------------------------------------------------------------
    def sum(self, parts: list[Any]) -> Sum:
        signs = (1, *(-1 if sign.kind == "MINUS" else 1 for sign in parts[1::2]))
        return Sum(Span(parts[0].span.start, parts[-1].span.end), tuple(parts[::2]), signs)

    def product(self, parts: list[Any]) -> Chain:
        operands: list[Syntax] = [parts[0]]
        operators: list[str] = []
        pending = ""
        for part in parts[1:]:
            if type(part) is Token:
                if part.kind == "TIMES":
                    raise self.fail(
                        "× stands only between dimensions",
                        part.span,
                        suggestion="A B, x ⊙ y, or cross(x, y)",
                    )
                pending = OPERATORS.get(part.kind, "\\")
            else:
                operators.append(pending)
                operands.append(part)
                pending = ""
        return Chain(
            Span(operands[0].span.start, operands[-1].span.end), tuple(operands), tuple(operators)
        )

    def operator(self, parts: list[Token]) -> Token:
        return parts[0]

    def comparison(self, parts: list[Any]) -> Comparison:
        op = parts[1].text
        return Comparison(
            Span(parts[0].span.start, parts[2].span.end),
            COMPARISONS.get(op, op),
            parts[0],
            parts[2],
        )

    def negation(self, parts: list[Any]) -> Minus:
        return Minus(Span(parts[0].start, parts[1].span.end), parts[1])

    def transpose(self, parts: list[Any]) -> Transposed:
        return Transposed(Span(parts[0].span.start, parts[1].end), parts[0])

    def superscript(self, parts: list[Any]) -> Syntax:
        base, token = parts
        span = Span(base.span.start, token.end)
        plain = token.text.translate(SUPERSCRIPTS).lstrip("+")
        if plain in ("T", "-T"):
            return Transposed(span, Inverted(span, base) if plain == "-T" else base)
        if plain == "-1":
            return Inverted(span, base)
        body = plain.lstrip("-")
        exponent: Syntax = (
            Num(token.span, Fraction(body))
            if body.isdecimal()
            else Name(token.span, canonical(body))
        )
        return Raised(
            span, base, Minus(token.span, exponent) if plain[0] == "-" else exponent, False
        )

    def power(self, parts: list[Any]) -> Syntax:
        base, operator, exponent = parts
        span = Span(base.span.start, exponent.span.end)
        elementwise = operator.kind == "DOTPOWER"
        if isinstance(exponent, Minus) and not elementwise:
            inner = exponent.arg
            if isinstance(inner, Num) and inner.value == 1:
                return Inverted(span, base)
            if isinstance(inner, Name) and inner.name == "T":
                return Transposed(span, Inverted(span, base))
        return Raised(span, base, exponent, elementwise)

    def braced(self, parts: list[Any]) -> Syntax:
        inner: Syntax = respan(parts[1], parts[0].start, parts[2].end)
        return inner

    parenthesis = braced

    def index(self, parts: list[Any]) -> Indexed:
        subscripts = tuple(None if type(part) is Token else part for part in parts[2:-1:2])
        return Indexed(Span(parts[0].span.start, parts[-1].end), parts[0], subscripts)

    def whole_axis(self, parts: list[Token]) -> Token:
        return parts[0]

    def number(self, parts: list[Token]) -> Num:
        token = parts[0]
        if abs(int(token.text.lower().partition("e")[2] or 0)) > 300:
            raise self.fail(
                "this number's exponent is too large", token.span, expected="at most 300"
            )
        return Num(token.span, Fraction(token.text))

    def name(self, parts: list[Token]) -> Name:
        return Name(parts[0].span, canonical(parts[0].text))

    def frobenius(self, parts: list[Any]) -> Frobenius:
        return Frobenius(Span(parts[0].start, parts[4].end), parts[1], parts[3])

    def inline_declaration(self, parts: list[Any]) -> Name:
        name = canonical(parts[1].text)
        self.inline.append(Declaration(name, parts[1].span, parts[3]))
        return Name(Span(parts[0].start, parts[4].end), name)

    def call(self, parts: list[Any]) -> Applied:
        head: Token = parts[0]
        span = Span(head.start, parts[-1].end)
        axis: int | None = None
        args: list[Syntax] = []
        for arg in parts[2:-1:2]:
            if isinstance(arg, Axis):
                if axis is not None:
                    raise self.fail("axis is given twice", arg.span)
                axis = arg.value
            else:
                args.append(arg)
        name, order, mark = self._head(head)
        if self.context.matlab and name in MATLAB and name not in self.context.functions:
            name, extra = MATLAB[name]
            args += [Num(head.span, Fraction(value)) for value in extra]
        return Applied(span, name, tuple(args), axis, order, mark, head.span)

    def _head(self, head: Token) -> tuple[str, int, str]:
        """The function that a call's head names, the order of its derivative, and how that is
        marked.
        """
        text = head.text
        if text[0] == "∇":
            return canonical(text[1:].strip()), 1, "∇"
        plain = text.rstrip("'′’")
        if plain != text:
            return canonical(plain), len(text) - len(plain), "'"
        derived = derivative_named(text)
        if derived and text not in self.context.known and text not in self.context.functions:
            return derived
        if text in self.context.known and canonical(text) not in self.context.functions:
            return text, 0, ""
        return canonical(text), 0, ""

    def axis(self, parts: list[Token]) -> Axis:
        number = parts[-1]
        if not number.text.isdecimal() or len(number.text) > 3:
            raise self.fail(
                "an axis is a whole number", number.span, found=number.text, suggestion="axis=0"
            )
        return Axis(
            Span(parts[0].start, number.end), int(number.text) * (-1 if len(parts) == 4 else 1)
        )

    def string(self, parts: list[Token]) -> Text:
        return Text(parts[0].span, parts[0].text[1:-1])

    def stack(self, parts: list[Any]) -> Listed:
        return Listed(Span(parts[0].start, parts[-1].end), tuple(parts[1:-1:2]))

    def bars(self, parts: list[Any]) -> Applied:
        span = Span(parts[0].start, parts[2].end)
        return Applied(span, "norm", (parts[1],), None, 0, "", parts[0].span)

    # --- shapes --------------------------------------------------------------------------------
    def shape(self, parts: list[Any]) -> SpaceSyntax:
        space: SpaceSyntax = parts[0]
        properties = tuple(token.text for token in parts[1:])
        end = parts[-1].end if properties else space.span.end
        return SpaceSyntax(Span(space.span.start, end), space.dims, space.codomain, properties)

    def mapping(self, parts: list[Any]) -> SpaceSyntax:
        domain, arrow, codomain = parts
        if any({"R", "ℝ"} & set(dim.names) for dim in domain.dims):
            raise self.fail(
                diagnose.ONE_ARGUMENT, arrow.span, suggestion=diagnose.STACKED
            )  # `(R, R) -> R`
        return SpaceSyntax(
            Span(domain.span.start, codomain.span.end), domain.dims, codomain.dims, ()
        )

    def scalar(self, parts: list[Token]) -> SpaceSyntax:
        return SpaceSyntax(parts[0].span, (), None, ())

    def superscript_space(self, parts: list[Token]) -> SpaceSyntax:
        token = parts[1]
        names = token.text.translate(SUPERSCRIPTS).split("x")
        dims = tuple(
            dim_number(int(each)) if each.isdecimal() else dim_named(canonical(each))
            for each in names
            if each
        )
        return self._space(Span(parts[0].start, token.end), dims)

    def power_space(self, parts: list[Any]) -> SpaceSyntax:
        span = Span(parts[0].start, parts[-1].end)
        if len(parts) == 3:
            return self._space(span, (self._dim_atom(parts[2]),))
        inner = parts[3]
        return self._space(span, tuple(inner) if isinstance(inner, list) else (inner,))

    def extent(self, parts: list[Any]) -> list[Dim]:
        return parts[::2]

    def space(self, parts: list[Any]) -> SpaceSyntax:
        dims = tuple(part for part in parts if not isinstance(part, Token))
        return self._space(Span(0, 0), dims)

    def _space(self, span: Span, dims: tuple[Dim, ...]) -> SpaceSyntax:
        for dim in dims:
            if not dim.names and (dim.value is None or dim.value < 1):
                raise self.fail(f"a dimension is a positive whole number, not {dim}", span)
        return SpaceSyntax(span, dims, None, ())

    def dim_sum(self, parts: list[Any]) -> Dim:
        signs = (1, *(-1 if sign.kind == "MINUS" else 1 for sign in parts[1::2]))
        return dim_sum(zip(signs, parts[::2], strict=True))

    def dim_product(self, parts: list[Any]) -> Dim:
        total: Dim = parts[0]
        for sign, factor in zip(parts[1::2], parts[2::2], strict=True):
            if sign.kind == "STAR":
                total = total * factor
            elif not factor.value:
                raise self.fail("a dimension is divided by whole numbers only", sign.span)
            else:
                total = total.scaled(Fraction(1, factor.value))
        return total

    def dim_multiple(self, parts: list[Any]) -> Dim:
        inner = parts[1] if len(parts) == 2 else parts[2]
        return self._dim_atom(parts[0]) * (
            self._dim_atom(inner) if isinstance(inner, Token) else inner
        )

    def dim_atom(self, parts: list[Any]) -> Dim:
        return parts[1] if len(parts) == 3 else self._dim_atom(parts[0])

    def _dim_atom(self, token: Token) -> Dim:
        if token.kind == "NAME":
            return dim_named(canonical(token.text))
        if not token.text.isdecimal():
            raise self.fail("a dimension is a positive whole number, not " + token.text, token.span)
        return dim_number(int(token.text))


def parse(text: str, start: str, context: Context) -> tuple[Any, list[Declaration]]:
    """The syntax of a text (`program` or `shape`), and the declarations made inline; InputError if
    it is wrong.
    """
    scanned = text.replace("%", "#") if context.matlab else text
    arranged = arrange(text, scan(scanned, context.origin), context)
    builder = Builder(text, context)

    def unexpected(position: int, expected: set[str]) -> InputError:
        return diagnose.unexpected(text, start, arranged, position, expected, context)

    return drive("matcalc", start, arranged, builder, unexpected), builder.inline
