"""What text and LaTeX have in common: the walk over the graph, and where brackets stand.

A printer turns each node, children first, into a `Piece`: its text, the level of its outermost
operator, and the kind of that operator.  Names (the user's bound names, and names introduced where
a graph is far smaller than its tree) end the walk: their bodies are kept apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar, assert_never

from matcalc.dims import Dim
from matcalc.emit.precedence import INFIX, POSTFIX_LEFT, Level
from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Compare,
    Constant,
    Derivative,
    Divide,
    Dot,
    Einsum,
    Expr,
    Hadamard,
    Index,
    Inverse,
    Kron,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Size,
    Stack,
    Symbol,
    Transpose,
    postorder,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A printed expression: `kind` names its outermost operator where the level says too little."""

    text: str
    level: Level
    kind: str = ""


def atom(text: str, kind: str = "") -> Piece:
    """A piece that never needs brackets."""
    return Piece(text, Level.ATOM, kind)


def _arrays(factors: Sequence[Expr], place: int) -> bool:
    """Whether a factor is an array, and something before it too."""
    return all(
        any(f.shape.dims for f in part) for part in (factors[:place], factors[place : place + 1])
    )


class Printer(ABC):
    """Prints nodes; `names` says which nodes are printed as a name.

    `keeps_grouping` is whether (a + b) + c is told from a + b + c, as text that parses back to the
    identical expression does.  `digits_apart` is whether a digit has to be set apart from what it
    multiplies by more than a blank, which for a product of arrays takes brackets.
    """

    keeps_grouping: ClassVar[bool] = True
    digits_apart: ClassVar[bool] = False

    def __init__(self, names: Mapping[Expr, str]) -> None:
        self.names = names
        self.pieces: dict[Expr, Piece] = {}
        self.bodies: dict[Expr, Piece] = {}

    def run(self, roots: Sequence[Expr]) -> list[str]:
        """The texts of the roots; `bodies` then holds those of the names."""
        for node in postorder(tuple(roots)):
            piece = self.pieces[node.value] if isinstance(node, Named) else self.piece(node)
            name = self.names.get(node)
            if name is not None:
                self.bodies[node] = piece
                piece = self.symbol(name)
            self.pieces[node] = piece
        return [self.pieces[root].text for root in roots]

    def piece(self, node: Expr) -> Piece:
        """The text of one node, from those of its children."""
        match node:
            case Symbol() | Number() | Constant() | Size() | Named():
                return self.leaf(node)
            case Neg() | Add() | Product() | Dot() | Hadamard() | Kron() | Divide() | Compare():
                return self.operator(node)
            case Power() | Transpose() | Inverse() | Index():
                return self.postfix(node)
            case Stack() | Einsum() | Call() | Apply() | Derivative():
                return self.application(node)
            case _:
                assert_never(node)

    def leaf(self, node: Symbol | Number | Constant | Size | Named) -> Piece:
        """A name or a number."""
        match node:
            case Symbol(name=name) | Named(name=name):
                return self.symbol(name)
            case Number(value=value):
                return self.number(value)
            case Constant(name=name):
                return self.constant(name)
            case Size(dim=dim):
                return self.size(dim)

    def operator(
        self, node: Neg | Add | Product | Dot | Hadamard | Kron | Divide | Compare
    ) -> Piece:
        """An operator that stands between, or before, its operands."""
        match node:
            case Neg(arg=arg):
                return self.negated(self.pieces[arg])
            case Add(terms=terms):
                return self.sum([self.pieces[term] for term in terms], terms)
            case Product(factors=factors):
                return self.product(factors)
            case Hadamard(factors=factors):
                return self.infix("hadamard", factors)
            case Dot(left=left, right=right):
                return self.infix("dot", (left, right))
            case Kron(left=left, right=right):
                return self.kron(left, right)
            case Divide(numerator=above, denominator=below):
                return self.divide(self.pieces[above], self.pieces[below])
            case Compare(op=op, left=left, right=right):
                return self.compare(op, self.pieces[left], self.pieces[right])

    def negated(self, arg: Piece) -> Piece:
        """Minus a piece: `-a b` for -(a b), which is the same, but `-(-a)` and `-(a + b)`."""
        if arg.level < Level.PRODUCT or arg.text.startswith("-"):
            arg = self.bracket(arg)
        level = Level.PRODUCT if arg.level is Level.PRODUCT else Level.UNARY
        return Piece("-" + arg.text, level, "-" + arg.kind if level is Level.PRODUCT else "")

    def sum(self, pieces: Sequence[Piece], terms: Sequence[Expr]) -> Piece:
        """`a + b - c`: a term that begins with a minus is subtracted."""
        text = ""
        for piece, term in zip(pieces, terms, strict=True):
            grouped = self.keeps_grouping or bool(text) or piece.level < Level.SUM
            if piece.level <= Level.SUM and grouped:
                piece = self.bracket(piece)
            if not text:
                text = piece.text
            elif piece.text.startswith("--"):
                text += f" - ({piece.text[1:]})"
            elif piece.text.startswith("-") and (isinstance(term, Neg) or piece.level < Level.ATOM):
                text += f" - {piece.text[1:]}"
            else:
                text += f" + {piece.text}"
        return Piece(text, Level.SUM)

    def product(self, factors: Sequence[Expr]) -> Piece:
        """Juxtaposition; a leading 1/q is written as a division by q."""
        first = factors[0]
        fraction = isinstance(first, Number) and self.pieces[first].kind == "fraction"
        if fraction and isinstance(first, Number) and abs(first.value.numerator) == 1:
            rest = self.product(factors[1:]) if len(factors) > 2 else self.pieces[factors[1]]
            if first.value < 0:
                rest = self.negated(rest)
            return self.divide(rest, self.number(Fraction(first.value.denominator)))
        return self.infix("product", factors)

    def infix(self, kind: str, factors: Sequence[Expr]) -> Piece:
        """A product level operator: operands bracketed where grouping to the left is not meant."""
        pieces = [self.pieces[factor] for factor in factors]
        text = self.left_operand(kind, pieces[0]).text
        for place, (left, piece) in enumerate(pairwise(pieces), 1):
            right = self.right_operand(piece)
            if kind == "product" and self.digits_apart and right.text[0].isdigit():
                right = self.bracket(right) if _arrays(factors, place) else right
            text += self.separator(kind, (left, right)) + right.text
        return Piece(text, Level.PRODUCT, kind)

    def left_operand(self, kind: str, piece: Piece) -> Piece:
        """The first operand of a product level operator; a minus stays outside brackets."""
        if piece.kind.startswith("-"):
            rest = Piece(piece.text[1:], Level.PRODUCT, piece.kind[1:])
            return Piece("-" + self.left_operand(kind, rest).text, Level.UNARY)
        fits = piece.level > Level.PRODUCT or piece.kind in INFIX[kind].left
        if piece.level is Level.PRODUCT and fits:
            return piece
        return piece if fits and piece.level is not Level.COMPARE else self.bracket(piece)

    def right_operand(self, piece: Piece) -> Piece:
        """An operand of a product level operator that is not the first."""
        return piece if piece.level > Level.UNARY else self.bracket(piece)

    def base(self, kind: str, piece: Piece) -> Piece:
        """What a postfix is attached to."""
        if piece.level is Level.ATOM and not piece.text.startswith("-"):
            return piece
        return piece if piece.kind in POSTFIX_LEFT[kind] else self.bracket(piece)

    def compact(self, above: Piece, below: Piece) -> bool:
        """Whether a quotient is short enough to be written without blanks."""
        return above.level is Level.ATOM and below.level is Level.ATOM

    @abstractmethod
    def bracket(self, piece: Piece) -> Piece: ...

    @abstractmethod
    def separator(self, kind: str, sides: tuple[Piece, Piece]) -> str: ...

    @abstractmethod
    def symbol(self, name: str) -> Piece: ...

    @abstractmethod
    def number(self, value: Fraction) -> Piece: ...

    @abstractmethod
    def constant(self, name: str) -> Piece: ...

    @abstractmethod
    def size(self, dim: Dim) -> Piece: ...

    @abstractmethod
    def kron(self, left: Expr, right: Expr) -> Piece: ...

    @abstractmethod
    def divide(self, above: Piece, below: Piece) -> Piece: ...

    @abstractmethod
    def compare(self, op: str, left: Piece, right: Piece) -> Piece: ...

    @abstractmethod
    def postfix(self, node: Power | Transpose | Inverse | Index) -> Piece: ...

    @abstractmethod
    def application(self, node: Stack | Einsum | Call | Apply | Derivative) -> Piece: ...


def decimal(value: Fraction) -> str | None:
    """A fraction such as 1/100 as the decimal that a person would write; None for 1/3 or 1/2."""
    bottom = value.denominator
    if bottom % 5 or bottom == 1:
        return None
    digits = 0
    while value.denominator != 1 and digits <= 30:
        value, digits = value * 10, digits + 1
    if digits > 30:
        return None
    sign, number = ("-" if value < 0 else ""), str(abs(value.numerator))
    if digits > 6:
        return f"{sign}{number}e-{digits}" if len(number) == 1 else None
    number = number.rjust(digits + 1, "0")
    return f"{sign}{number[:-digits]}.{number[-digits:]}"
