"""Matrix notation as text that parses back, in readable Unicode or in ASCII."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import assert_never

from matcalc.dims import Dim
from matcalc.emit.names import ascii_name, mark
from matcalc.emit.precedence import CALLS, COMPARE, CONSTANTS, INFIX, Level
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
    Number,
    Power,
    Stack,
    Transpose,
)


def text(expr: Expr | Sequence[Expr], *, ascii: bool = False, bindings: bool = True) -> str:
    """An expression as the language writes it; several of them a line each.

    Bound names print as such.  With `bindings`, the lines `name = value` that they need come first;
    without, only the expression is printed.  Of a graph whose tree is huge, shared parts are named.
    """
    roots = list(expr) if isinstance(expr, Sequence) else [expr]
    names = bindings_of(roots)
    printer = TextPrinter(names, ascii)
    bodies = printer.run(roots)
    if not bindings:
        return "\n".join(bodies)
    lines = [
        f"{printer.symbol(name).text} = {printer.bodies[node].text}" for node, name in names.items()
    ]
    return "\n".join(lines + bodies)


class TextPrinter(Printer):
    """Prints the language itself."""

    digits_apart = True

    def __init__(self, names: Mapping[Expr, str], ascii: bool) -> None:
        super().__init__(names)
        self.ascii = ascii

    def bracket(self, piece: Piece) -> Piece:
        body = piece.text.replace(" / ", "/") if piece.kind == "slash" else piece.text
        return atom(f"({body})", "bracket")

    def separator(self, kind: str, sides: tuple[Piece, Piece]) -> str:
        if kind == "product" and sides[1].text[0].isdigit():
            return " * "
        return INFIX[kind].ascii if self.ascii else INFIX[kind].unicode

    def symbol(self, name: str) -> Piece:
        return atom(ascii_name(name) if self.ascii else name, "name")

    def number(self, value: Fraction) -> Piece:
        written = decimal(value) or str(value)
        if "/" in written:
            return Piece(written, Level.PRODUCT, "fraction")
        return Piece(written, Level.UNARY) if value < 0 else atom(written, "number")

    def constant(self, name: str) -> Piece:
        return atom(CONSTANTS[name][self.ascii])

    def size(self, dim: Dim) -> Piece:
        if dim.name is not None:
            return self.symbol(dim.name)
        if len(dim.terms) == 1:
            return Piece(str(dim), Level.PRODUCT, "product")
        return Piece(str(dim), Level.SUM)

    def left_operand(self, kind: str, piece: Piece) -> Piece:
        if kind == "product" and piece.kind in {"divide", "slash"}:
            return self.bracket(piece)
        return super().left_operand(kind, piece)

    def kron(self, left: Expr, right: Expr) -> Piece:
        if self.ascii:
            return atom(f"kron({self.pieces[left].text}, {self.pieces[right].text})", "call")
        return self.infix("kron", (left, right))

    def divide(self, above: Piece, below: Piece) -> Piece:
        left, right = self.left_operand("divide", above), self.right_operand(below)
        if left.kind == right.kind == "number":
            return Piece(f"{left.text}/{right.text}", Level.PRODUCT, "fraction")
        kind = "slash" if self.compact(left, right) and right.kind != "bracket" else "divide"
        return Piece(f"{left.text} / {right.text}", Level.PRODUCT, kind)

    def compare(self, op: str, left: Piece, right: Piece) -> Piece:
        sides = [s if s.level > Level.COMPARE else self.bracket(s) for s in (left, right)]
        return Piece(f"{sides[0].text} {COMPARE[op][self.ascii]} {sides[1].text}", Level.COMPARE)

    def postfix(self, node: Power | Transpose | Inverse | Index) -> Piece:
        match node:
            case Power(base=base, exponent=exponent, elementwise=elementwise):
                sign = ".^" if elementwise else "^"
                if self.pieces[exponent].text == "T":  # ^T transposes
                    return atom(f"pow({self.pieces[base].text}, T)", "call")
                made = self.base("power", self.pieces[base]).text
                raised = self.exponent(exponent, base.shape.rank == 2)
                return Piece(f"{made}{sign}{raised}", Level.POSTFIX, "power")
            case Transpose(arg=Inverse(arg=arg)):
                made = self.base("power", self.pieces[arg]).text
                return Piece(f"{made}^-T", Level.POSTFIX, "power")
            case Transpose(arg=arg):
                made = self.base("transpose", self.pieces[arg]).text
                return Piece(f"{made}'", Level.POSTFIX, "transpose")
            case Inverse(arg=arg):
                made = self.base("power", self.pieces[arg]).text
                return Piece(f"{made}^-1", Level.POSTFIX, "power")
            case Index(arg=arg, indices=indices):
                inside = ", ".join(":" if i is None else self.pieces[i].text for i in indices)
                made = self.base("index", self.pieces[arg]).text
                return Piece(f"{made}[{inside}]", Level.POSTFIX, "index")
            case _:
                assert_never(node)

    def exponent(self, node: Expr, of_matrix: bool) -> str:
        """A number or a name as it is, all else in brackets; A^-2 is written like A^-1."""
        piece = self.pieces[node]
        plain = piece.kind in {"number", "name"}
        if isinstance(node, Number) and (node.value == -1 or (of_matrix and node.value < 0)):
            return piece.text
        return piece.text if plain else f"({piece.text})"

    def application(self, node: Stack | Einsum | Call | Apply | Derivative) -> Piece:
        match node:
            case Stack(items=items):
                return atom(f"[{self.listed([_row(item) for item in items])}]", "literal")
            case Einsum(spec=spec, args=args):
                return atom(f'einsum("{spec}", {self.listed(args)})', "call")
            case Call(name=name, args=args, axis=axis):
                name, words = CALLS.get(name, (name, ()))
                inside = [self.pieces[arg].text for arg in args] + list(words)
                inside += [] if axis is None else [f"axis={axis}"]
                return atom(f"{name}({', '.join(inside)})", "call")
            case Apply(arg=arg):
                return atom(f"{_applied(node, self.ascii)}({self.pieces[arg].text})", "call")
            case Derivative(kind=kind, arg=arg, wrt=wrt):
                return atom(f"{kind}({self.pieces[arg].text}, {self.symbol(wrt.name).text})")
            case _:
                assert_never(node)

    def listed(self, items: Sequence[Expr]) -> str:
        """Items with commas between."""
        return ", ".join(self.pieces[item].text for item in items)


def _row(item: Expr) -> Expr:
    """A row of a matrix literal: `[a, b]` stands for the transposed vector."""
    if isinstance(item, Transpose) and isinstance(item.arg, Stack) and item.shape.rank == 1:
        return item.arg
    return item


def _applied(node: Apply, ascii: bool) -> str:
    """The name of an unknown function or of its derivative: `f`, `f'`, `∇f`, `J_f`, `H_f`, `D3_f`.

    Each has a spelling in ASCII but for ∇.
    """
    name = ascii_name(node.function.name) if ascii else node.function.name
    match mark(node.function, node.order):
        case "" | "'":
            return name + "'" * node.order
        case "∇":
            return "∇" + name
        case "D":
            return f"D{node.order}_{name}"
        case letter:
            return f"{letter}_{name}"
