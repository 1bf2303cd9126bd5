"""Tensors spelled in index notation, in text and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from matcalc.dims import Dim
from matcalc.emit.names import has_subscript, latex_name
from matcalc.expr.nodes import Expr
from matcalc.show.equations import written
from matcalc.show.record import Formula
from matcalc.tensor.canonical import UNIT, as_constant
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Contract,
    Delta,
    Embed,
    Group,
    Map,
    Mask,
    OneHot,
    Opaque,
    Rational,
    Split,
    Sum,
    Tensor,
    Value,
    node_count,
)

LARGE: Final = 200
"""Tensors of more nodes than this are not spelled."""

SUM, PRODUCT, ATOM = 0, 1, 2

COMPARE: Final = {"gt": (">", ">"), "ge": ("≥", r"\ge"), "eq": ("=", "=")}
LATEX: Final = frozenset("exp log sin cos tan sinh cosh tanh max min".split())


@dataclass(frozen=True)
class Piece:
    """A spelled tensor, and how tightly its outermost operation binds."""

    text: str
    latex: str
    level: int

    def inside(self, level: int) -> Piece:
        """In brackets, if it binds less than that."""
        if self.level >= level:
            return self
        return Piece(f"({self.text})", rf"\left( {self.latex} \right)", ATOM)


def indexed(name: str, letters: Sequence[str]) -> Formula:
    """X_ij."""
    if not letters:
        return Formula(name, latex_name(name))
    base = latex_name(name)
    base = f"{{{base}}}" if has_subscript(name) else base
    return Formula(f"{name}_{''.join(letters)}", f"{base}_{{{''.join(letters)}}}")


class Spelling:
    """Spells tensors; `write` says how one is written that has no index notation of its own."""

    def __init__(self, write: Callable[[Tensor], Expr], letters: Sequence[str]) -> None:
        self.write = write
        self.spare = letters

    def __call__(self, t: Tensor, letters: Sequence[str]) -> Formula | None:
        """A tensor with these letters for its axes; None if it is too large or has more of them."""
        if node_count(t) > LARGE or len(letters) < t.rank:
            return None
        piece = self.piece(t, tuple(letters), len(self.spare))
        return None if piece is None else Formula(piece.text, piece.latex)

    def piece(self, t: Tensor, at: tuple[str, ...], left: int) -> Piece | None:
        number = as_constant(t)
        if number is not None:
            return _number(number)
        match t:
            case Atom(name=name) | Bound(name=name):
                made = indexed(name, at)
                return Piece(made.text, made.latex, ATOM)
            case Value(what=what):
                text = str(what)
                return Piece(text, latex_name(text) if isinstance(what, Dim) else text, ATOM)
            case Delta():
                return _delta(at[0], at[1])
            case OneHot(index=index):
                return self._one_hot(index, at[0])
            case Contract():
                return self._contract(t, at, left)
            case Sum():
                return self._sum(t, at, left)
            case Map():
                return self._map(t, at, left)
            case Mask(offset=0):
                return _indicator(at[0], ("≥", r"\ge"), at[1])
            case Mask() | Embed() | Opaque() | Group() | Split():
                return self._whole(t, at)

    def _one_hot(self, index: int | Tensor, at: str) -> Piece | None:
        place = str(index) if isinstance(index, int) else getattr(index, "name", "?")
        return Piece(f"δ_{at}{place}", rf"\delta_{{{at}{place}}}", ATOM)

    def _whole(self, t: Tensor, at: tuple[str, ...]) -> Piece | None:
        """(A^-1)_ij."""
        if t.rank > 2:
            return None
        made, below = written(self.write(t)), "".join(at)
        if not below:
            return Piece(made.text, made.latex, ATOM)
        return Piece(f"({made.text})_{below}", rf"\left({made.latex}\right)_{{{below}}}", ATOM)

    def _contract(self, t: Contract, at: tuple[str, ...], left: int) -> Piece | None:
        names = dict(enumerate(at))
        summed = dict.fromkeys(x for _, labels in t.factors for x in labels if x >= t.rank)
        if len(summed) > left:
            return None
        start = len(self.spare) - left
        names |= {x: self.spare[start + k] for k, x in zip(range(left), summed, strict=False)}
        pieces = []
        for f, labels in t.factors:
            piece = self.piece(f, tuple(names[x] for x in labels), left - len(summed))
            if piece is None:
                return None
            pieces.append(piece)
        if not pieces:
            return _number(1)
        last = len(pieces) - 1
        inner = [p.inside(PRODUCT if last == 0 and not summed else ATOM) for p in pieces]
        text, script = " ".join(p.text for p in inner), r" \, ".join(p.latex for p in inner)
        if not summed:
            return Piece(text, script, PRODUCT if last else inner[0].level)
        below = "".join(names[x] for x in summed)
        return Piece(f"Σ_{below} {text}", rf"\sum_{{{below}}} {script}", SUM)

    def _sum(self, t: Sum, at: tuple[str, ...], left: int) -> Piece | None:
        text = script = ""
        for c, inner, labels in sorted(t.terms, key=lambda term: term[0] < 0):
            piece = self.piece(inner, tuple(at[x] for x in labels), left)
            if piece is None:
                return None
            size = _number(abs(Fraction(c)))
            if inner is UNIT:
                piece = size
            elif abs(c) != 1:
                piece = piece.inside(PRODUCT)
                piece = Piece(
                    f"{size.inside(ATOM).text} {piece.text}", f"{size.latex} {piece.latex}", PRODUCT
                )
            elif c < 0 or len(t.terms) > 1:
                piece = piece if not piece.text.startswith("-") else piece.inside(ATOM)
            sign = " - " if c < 0 else " + "
            lead = ("-" if c < 0 else "") if not text else sign
            text, script = text + lead + piece.text, script + lead + piece.latex
        return Piece(text, script, SUM if len(t.terms) > 1 or text.startswith("-") else PRODUCT)

    def _map(self, t: Map, at: tuple[str, ...], left: int) -> Piece | None:
        args = [self.piece(a, tuple(at[x] for x in labels), left) for a, labels in t.args]
        inner = [a for a in args if a is not None]
        if len(inner) < len(args):
            return None
        if t.fn == "pow":
            return _power(inner[0], inner[1], as_constant(t.args[1][0]))
        if t.fn in COMPARE:
            return _indicator(inner[0], COMPARE[str(t.fn)], inner[1])
        name = t.fn if isinstance(t.fn, str) else t.fn[0].name + "'" * t.fn[1]
        script = "\\" + name if name in LATEX else operator(name)
        if not isinstance(t.fn, str):
            script = latex_name(t.fn[0].name) + "'" * t.fn[1]
        text = ", ".join(p.text for p in inner)
        body = ", ".join(p.latex for p in inner)
        return Piece(f"{name}({text})", rf"{script}\left({body}\right)", ATOM)


def operator(name: str) -> str:
    """A function's name as an operator."""
    return rf"\operatorname{{{name}}}".replace("_", r"\_")


def _power(base: Piece, exponent: Piece, k: object) -> Piece:
    below = base.inside(ATOM)
    if k == -1:
        return Piece(f"1/{below.text}", rf"\frac{{1}}{{{base.latex}}}", PRODUCT)
    if base.text.endswith(")") or "_" in base.text:
        shown = Piece(f"({base.text})", rf"\left({base.latex}\right)", ATOM)
        below = shown if base.level < ATOM or "_" in base.text else below
    return Piece(
        f"{below.text}^{exponent.inside(ATOM).text}", f"{below.latex}^{{{exponent.latex}}}", ATOM
    )


def _delta(i: str, j: str) -> Piece:
    return Piece(f"δ_{i}{j}", rf"\delta_{{{i}{j}}}", ATOM)


def _indicator(a: Piece | str, sign: tuple[str, str], b: Piece | str) -> Piece:
    left, right = (side if isinstance(side, Piece) else Piece(side, side, ATOM) for side in (a, b))
    return Piece(
        f"({left.text} {sign[0]} {right.text})",
        rf"\left[ {left.latex} {sign[1]} {right.latex} \right]",
        ATOM,
    )


def _number(value: Rational) -> Piece:
    exact = Fraction(value)
    if exact.denominator == 1:
        return Piece(str(exact), str(exact), ATOM if exact >= 0 else SUM)
    sign = "-" if exact < 0 else ""
    top, bottom = abs(exact.numerator), exact.denominator
    return Piece(f"{sign}{top}/{bottom}", rf"{sign}\frac{{{top}}}{{{bottom}}}", PRODUCT)
