"""Quotients by norms at unit vectors: squares of entries may overflow where the result does not.

Of degree d in a vector v is what becomes s^d times as large where v becomes s times as large, for
s > 0: x x' / norm(x)^3 is of degree -1.  With u = v / norm(v) it is norm(v)^d times what it is at
u, and there norm(u) = u · u = 1: u u' / norm(x).  So the largest parts of an expression that are
homogeneous in v, and divide by its norm, are computed: no power of the norm overflows or underflows
unless the result does, and the divisions by it are done once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from matcalc.expr import build
from matcalc.expr.nodes import (
    SCALAR,
    Add,
    Call,
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
    Stack,
    Symbol,
    Transpose,
    children,
    free_symbols,
    postorder,
    rebuilt,
)

DEGREES: Final[Mapping[str, tuple[Fraction | int, ...]]] = {
    **dict.fromkeys("sum mean tr diag vec reshape unvech vech skew tril triu".split(), (1,)),
    **dict.fromkeys("abs norm std".split(), (1,)),
    **dict.fromkeys("outer kron cross".split(), (1, 1)),
    "sqrt": (Fraction(1, 2),), "square": (2,), "recip": (-1,), "var": (2,), "solve": (-1, 1),
}  # fmt: skip
"""The degree of a function in each of its arguments; it is 0 in those that follow."""

EVEN: Final = frozenset({"hstack", "vstack", "blockdiag"})
"""Functions whose degree is that of all of their arguments."""

STEEP: Final = 3
"""The degree of a divisor from which it is worth the unit vector if it is no norm."""

_ONE: Final = build.number(1)


def at_unit_vectors(roots: Sequence[Expr]) -> list[Expr]:
    """Expressions whose quotients by norms of vectors are computed at unit vectors."""
    order = postorder(tuple(roots))
    if not any(isinstance(node, Divide) for node in order):
        return list(roots)
    found = dict.fromkeys(v for node in order if (v := _squared(node)) is not None)
    made = list(roots)
    for vector in found:
        made = _Unit(vector).run(made)
    return made


def _squared(node: Expr) -> Expr | None:
    """The vector or matrix whose norm, or the square of it, a node is."""
    match node:
        case Call(name="norm", args=(arg,), axis=axis) if axis is None or arg.shape.rank == 1:
            return arg
        case Dot(left=left, right=right) if left is right:
            return left
        case _:
            return None


class _Unit:
    """Expressions at v / norm(v) for one vector or matrix v."""

    def __init__(self, vector: Expr) -> None:
        self.vector = vector
        self.norm = build.call(SCALAR, "norm", [vector])
        unit: Expr = build.divide(vector, self.norm)
        if isinstance(vector, Symbol | Named):
            unit = build.named(f"unit_{vector.name}", unit)
        self.degrees: dict[Expr, Fraction | None] = {}
        self.divided: set[Expr] = set()
        self.inside: set[Expr] = set()
        self.made: dict[Expr, Expr] = {vector: unit}

    def run(self, roots: Sequence[Expr]) -> list[Expr]:
        """The expressions, the largest homogeneous parts of them at the unit vector."""
        order = postorder(tuple(roots))
        for node in order:
            self._study(node)
        if not self.divided:
            return list(roots)
        done: dict[Expr, Expr] = {}
        pending = [*roots]
        while pending:  # from the outside
            node = pending[-1]
            parts = [] if self._worth(node) else children(node)
            missing = [part for part in parts if part not in done]
            if node in done or not missing:
                pending.pop()
            if missing:
                pending += missing
            elif node not in done:
                done[node] = (
                    self._scaled(node)
                    if self._worth(node)
                    else _whole(node, [done[part] for part in parts])
                )
        return [done[root] for root in roots]

    def _worth(self, node: Expr) -> bool:
        """Whether a part is homogeneous and divides by the norm."""
        return node in self.divided and self.degrees[node] is not None

    def _study(self, node: Expr) -> None:
        """The degree of a node, and whether it divides by the norm, those of its parts known."""
        parts = children(node)
        if node is self.vector or any(part in self.inside for part in parts):
            self.inside.add(node)
        self.degrees[node] = self._degree(node, [self.degrees[part] for part in parts])
        if any(part in self.divided for part in parts) or self._divides(node):
            self.divided.add(node)

    def _divides(self, node: Expr) -> bool:
        """Whether a node divides by the norm, and is more than the unit vector."""
        if not isinstance(node, Divide) or node.numerator is self.vector:
            return False
        below = node.denominator
        degree = self.degrees[below]
        if not degree or degree < 0:
            return False
        found = [n for n in postorder((below,)) if _squared(n) is self.vector]
        return degree >= STEEP if all(isinstance(n, Dot) for n in found) else bool(found)

    def _degree(self, node: Expr, parts: Sequence[Fraction | None]) -> Fraction | None:
        """The degree of a node in the vector; None if it has none."""
        if node is self.vector:
            return Fraction(1)
        if None in parts:
            return None
        known = [part for part in parts if part is not None]
        match node:
            case Product() | Hadamard() | Dot() | Kron() | Einsum():
                return sum(known, Fraction(0))
            case Divide():
                return known[0] - known[1]
            case Neg() | Transpose() | Named():
                return known[0]
            case Inverse():
                return -known[0]
            case Add() | Stack():
                return known[0] if len(set(known)) == 1 else None
            case Index():
                return known[0] if not any(known[1:]) else None
            case Power(exponent=Number(value=exponent)):
                return known[0] * exponent
            case Call(name=name) if name in EVEN:
                return known[0] if len(set(known)) == 1 else None
            case Call(name=name) if name in DEGREES:
                own = DEGREES[name][: len(known)]
                total = sum((d * k for d, k in zip(own, known, strict=False)), Fraction(0))
                return total if not any(known[len(own) :]) else None
            case _:
                return None if any(known) else Fraction(0)

    def _scaled(self, node: Expr) -> Expr:
        """A homogeneous node: a power of the norm times what it is at the unit vector."""
        degree = self.degrees[node]
        assert degree is not None
        for part in postorder((node,), self.made):
            parts = [self.made[child] for child in children(part)]
            self.made[part] = self._at_unit(part, parts)
        unit = self.made[node]
        if not degree:
            return unit
        if degree > 0:
            return build.product([_power(self.norm, degree), unit])
        if degree == -1:
            if isinstance(unit, Divide) and not free_symbols(unit.denominator):
                return build.divide(unit.numerator, build.product([self.norm, unit.denominator]))
            return build.divide(unit, self.norm)
        scale = _power(build.divide(_ONE, self.norm), -degree)  # whose powers do not overflow
        return build.product([scale, unit])

    def _at_unit(self, node: Expr, parts: Sequence[Expr]) -> Expr:
        """A node at the unit vector, the norm of which is 1."""
        if _squared(node) is self.vector:
            return _ONE
        match node:
            case Power() if parts[0] is _ONE:
                return _ONE
            case Call(name="sqrt") if parts[0] is _ONE:
                return _ONE
            case Divide() if parts[1] is _ONE:
                return parts[0]
            case Product() | Hadamard():
                kept = [p for p in parts if p is not _ONE] or [_ONE]
                join = build.product if isinstance(node, Product) else build.hadamard
                return kept[0] if len(kept) == 1 else join(kept)
            case _:
                return _whole(node, parts)


def _power(base: Expr, exponent: Fraction) -> Expr:
    return base if exponent == 1 else build.power(base, build.number(exponent))


def _whole(node: Expr, parts: Sequence[Expr]) -> Expr:
    """A node with other parts; what is bound to another value has not its name."""
    if isinstance(node, Named) and parts[0] is not node.value:
        return parts[0]
    return rebuilt(node, parts)
