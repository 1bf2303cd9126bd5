r"""Matrix notation as LaTeX that KaTeX (strict) and MathJax both accept.

How a function prints is in its rule-book entry: the field `latex` is an operator (`\tanh`), written
before its arguments in brackets, or a template with the parameters in angle brackets
(`\sqrt{<x>}`); `<x!>` is bracketed unless it is an atom.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final, assert_never

from matcalc.dims import Dim
from matcalc.emit.names import has_subscript, latex_name, mark
from matcalc.emit.precedence import COMPARE, CONSTANTS, INFIX, Level
from matcalc.emit.printer import Piece, Printer, atom, decimal
from matcalc.emit.sharing import bindings_of
from matcalc.expr.nodes import (
    Apply,
    Call,
    Derivative,
    Einsum,
    Expr,
    Index,
    Inverse,
    Named,
    Power,
    Stack,
    Transpose,
)
from matcalc.language.book import Entry
from matcalc.plan.functions import default, overload

_TALL: Final = re.compile(r"\\(frac|begin|sqrt|left|sum)|\(")
_HOLE: Final = re.compile(r"<(\w+)(!?)>")


def latex(
    expr: Expr | Sequence[Expr],
    *,
    bindings: bool = False,
    differentials: Mapping[str, str] | None = None,
    own: Mapping[str, Sequence[Entry]] | None = None,
) -> str:
    """An expression as LaTeX, without dollar signs; several of them a line each.

    `differentials` says of variables which other they are the differential of; `own` has the
    entries of functions that are not in the rule book.  Bound names print as such; with `bindings`,
    lines `name = value` come first.  Parts of a huge graph get names of their own, and these are
    always explained.
    """
    roots = list(expr) if isinstance(expr, Sequence) else [expr]
    names = bindings_of(roots)
    printer = LatexPrinter(names, differentials, own)
    bodies = printer.run(roots)
    told = [
        f"{latex_name(name)} &= {printer.bodies[node].text}"
        for node, name in names.items()
        if bindings or not isinstance(node, Named)
    ]
    if not told and len(bodies) == 1:
        return bodies[0]
    lines = [*told, *(f"& {body}" for body in bodies)]
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"


class LatexPrinter(Printer):
    """Prints mathematics."""

    keeps_grouping = False

    def __init__(
        self,
        names: Mapping[Expr, str],
        differentials: Mapping[str, str] | None = None,
        own: Mapping[str, Sequence[Entry]] | None = None,
    ) -> None:
        super().__init__(names)
        self.differentials = differentials or {}
        self.own = own or {}

    def bracket(self, piece: Piece) -> Piece:
        return atom(bracketed(piece.text), "bracket")

    def separator(self, kind: str, sides: tuple[Piece, Piece]) -> str:
        left, right = sides
        if kind == "product" and (right.text[0].isdigit() or right.text.startswith(r"\frac{")):
            return r" \cdot "
        word = left.kind == "word" or right.kind == "word"
        return r" \, " if kind == "product" and word else INFIX[kind].latex

    def symbol(self, name: str) -> Piece:
        if name in self.differentials:
            return atom(differential(self.differentials[name]), "word")
        written = latex_name(name)
        if has_subscript(name):
            return atom(written, "subscript")
        return atom(written, "word" if written.startswith((r"\mathrm", r"\text")) else "name")

    def number(self, value: Fraction) -> Piece:
        written = decimal(value) or str(value)
        if "/" in written:
            above, below = str(abs(value.numerator)), str(value.denominator)
            made = Piece(rf"\frac{{{above}}}{{{below}}}", Level.POSTFIX, "quotient")
            return self.negated(made) if value < 0 else made
        if "e" in written:
            digits, _, power = written.partition("e")
            return Piece(rf"{digits} \cdot 10^{{{power}}}", Level.PRODUCT, "dot")
        return Piece(written, Level.UNARY) if value < 0 else atom(written, "number")

    def constant(self, name: str) -> Piece:
        return atom(CONSTANTS[name][2])

    def size(self, dim: Dim) -> Piece:
        terms = []
        for monomial, coefficient in dim.terms:
            number = self.number(abs(coefficient)).text if abs(coefficient) != 1 else ""
            body = " ".join([number, *map(latex_name, monomial)]).strip() or "1"
            terms.append(("-" if coefficient < 0 else "+", body))
        text = " ".join(f"{sign} {body}" for sign, body in terms).removeprefix("+ ")
        if dim.name is not None:
            return self.symbol(dim.name)
        return Piece(text, Level.PRODUCT if len(terms) == 1 else Level.SUM, "product")

    def kron(self, left: Expr, right: Expr) -> Piece:
        return self.infix("kron", (left, right))

    def divide(self, above: Piece, below: Piece) -> Piece:
        if above.text.startswith("-") and above.level > Level.SUM:
            return self.negated(self.divide(atom(above.text[1:]), below))
        return Piece(rf"\frac{{{above.text}}}{{{below.text}}}", Level.POSTFIX, "quotient")

    def compare(self, op: str, left: Piece, right: Piece) -> Piece:
        inside = f"{left.text} {COMPARE[op][2]} {right.text}"
        return atom(rf"\left[ {inside} \right]" if _TALL.search(inside) else f"[{inside}]")

    def postfix(self, node: Power | Transpose | Inverse | Index) -> Piece:
        match node:
            case Power(base=base, exponent=exponent, elementwise=elementwise):
                sign = r"\odot " if elementwise else ""
                return self.raised(base, sign + self.pieces[exponent].text)
            case Transpose(arg=Inverse(arg=arg)):
                return self.raised(arg, r"-\top")
            case Transpose(arg=arg):
                return self.raised(arg, r"\top")
            case Inverse(arg=arg):
                return self.raised(arg, "-1")
            case Index(arg=arg, indices=indices):
                inside = ",".join(":" if i is None else self.pieces[i].text for i in indices)
                piece = self.pieces[arg]
                held = piece if piece.kind == "name" else self.bracket(piece)
                return Piece(f"{held.text}_{{{inside}}}", Level.POSTFIX, "index")
            case _:
                assert_never(node)

    def raised(self, base: Expr, exponent: str) -> Piece:
        """A superscript."""
        text = self.base("power", self.pieces[base]).text
        return Piece(f"{text}^{{{exponent}}}", Level.POSTFIX, "power")

    def application(self, node: Stack | Einsum | Call | Apply | Derivative) -> Piece:
        match node:
            case Stack(items=items):
                return self.matrix(items)
            case Einsum(spec=spec, args=args):
                inside = ", ".join([rf"\texttt{{{spec}}}", *(self.pieces[a].text for a in args)])
                return atom(r"\operatorname{einsum}" + bracketed(inside))
            case Call():
                return self.call(node)
            case Apply(arg=arg):
                return atom(_applied(node) + bracketed(self.pieces[arg].text))
            case Derivative(kind=kind, arg=arg, wrt=wrt):
                name = latex_name(wrt.name)
                body = rf"\left[ {self.pieces[arg].text} \right]"
                nabla = rf"\nabla_{{{name}}}" + ("^{2}" if kind == "hessian" else "")
                sign = rf"\frac{{\partial}}{{\partial {name}}}" if kind == "jacobian" else nabla
                return Piece(f"{sign} {body}", Level.POSTFIX, "derivative")
            case _:
                assert_never(node)

    def matrix(self, items: Sequence[Expr]) -> Piece:
        """A column of scalars, or a matrix of rows."""
        rows = []
        for item in items:
            row = item.arg if isinstance(item, Transpose) else item
            cells = row.items if isinstance(row, Stack) else (item,)
            rows.append(" & ".join(self.pieces[cell].text for cell in cells))
        return atom(r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}", "literal")

    def call(self, node: Call) -> Piece:
        """A function as the rule book prints it; an axis as a subscript."""
        entry = next(iter(self.own.get(node.name, ())), None) or overload(node)
        name = node.name.replace("_", r"\_")
        written = entry.fields.get("latex", "") if entry is not None else ""
        written = written or rf"\operatorname{{{name}}}"
        axis = "" if node.axis is None else rf"_{{\mathrm{{axis}} = {node.axis}}}"
        if entry is None or "<" not in written:
            inside = ", ".join(self.pieces[arg].text for arg in node.args)
            return atom(written + axis + bracketed(inside), "call")
        texts = {p.name: atom(default(p)) for p in entry.params[len(node.args) :]}
        pairs = zip(entry.params, node.args, strict=False)
        texts |= {param.name: self.pieces[arg] for param, arg in pairs}

        def fill(match: re.Match[str]) -> str:
            piece = texts.get(match[1], atom(match[0]))
            tight = piece.level is Level.ATOM and piece.kind != "derivative"
            return piece.text if not match[2] or tight else self.bracket(piece).text

        text = _HOLE.sub(fill, written)
        if axis:
            return Piece(f"{{{text}}}{axis}", Level.POSTFIX, "template")
        return _template_piece(written, text)


def _template_piece(written: str, text: str) -> Piece:
    """The piece of a filled template: closed by delimiters, with a superscript, or an operator."""
    bare = re.sub(r"\{[^{}]*\}", "{}", re.sub(r"\{[^{}]*\}", "", written))
    if written.startswith((r"\frac", r"\sqrt")):
        return Piece(text, Level.POSTFIX, "quotient")
    if written.startswith(r"\left") or not written.startswith("<"):
        return atom(text) if "^" not in bare else Piece(text, Level.POSTFIX, "template")
    single = len(_HOLE.findall(written)) == 1 or re.fullmatch(r"<\w+!>\^\{.*\}", written)
    return Piece(text, Level.POSTFIX if single else Level.PRODUCT, "template")


def differential(name: str) -> str:
    r"""`\mathrm{d}X`."""
    return r"\mathrm{d}" + latex_name(name)


def bracketed(text: str) -> str:
    """Round brackets, stretched where the content is tall."""
    return rf"\left( {text} \right)" if _TALL.search(text) else f"({text})"


def _applied(node: Apply) -> str:
    """An unknown function or its derivative: f, f', f⁽⁴⁾, ∇f, J_f, H_f, D³f."""
    name, order = latex_name(node.function.name), node.order
    match mark(node.function, order):
        case "" | "'":
            return name + "'" * order if order < 4 else f"{name}^{{({order})}}"
        case "∇":
            return rf"\nabla {name}"
        case "D":
            return rf"\mathrm{{D}}^{{{order}}} {name}"
        case letter:
            return f"{letter}_{{{name}}}"
