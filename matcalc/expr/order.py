"""The order in which terms and factors are printed, which never depends on how they were typed.

Terms: those to add before those to subtract; more matrices before fewer, so that a quadratic form
comes before a linear one; what stands alone before what a scalar multiplies, A + t B; the longer
before the shorter, a matrix before a transpose, then by the alphabet.  Numbers and multiples of the
identity come last, X' X + λ I, but a 1 opens a sum of two, 1 + exp(x), unless the other term is
a variable or a product of numbers, x + 1.

Factors: numbers, variables, names, powers, functions, products, sums; of a kind the shorter first,
those without a bound name before those with one, then by the alphabet.  A sum of names that are
exponents beside it comes before the powers, p (p - 1) x^(p - 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from matcalc.expr import build
from matcalc.expr.nodes import (
    Add,
    Call,
    Divide,
    Expr,
    Index,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Size,
    Symbol,
    Transpose,
    children,
    free_symbols,
)
from matcalc.expr.writing import cost

_FACTORS: Final = {
    "Size": 0, "Constant": 0, "Symbol": 1, "Named": 1, "Index": 1, "Power": 2, "Call": 3,
    "Apply": 3, "Dot": 4, "Compare": 5, "Product": 6, "Divide": 7, "Hadamard": 7, "Add": 8,
}  # fmt: skip
_COEFFICIENT: Final = 1.5
"""The place of a sum of names that are exponents beside it, p (p - 1) x^(p - 2)."""

_MEMO: Final = 50_000
_READ: Final = 1000
"""So many nodes decide the order of what is alike but for names."""


def ordered_factors(parts: Sequence[Expr]) -> list[Expr]:
    """Factors that commute, in the textbook's order."""
    if len(parts) < 2:
        return list(parts)
    powers = [p for p in parts if isinstance(p, Power) and not isinstance(p.exponent, Number)]
    raising = {name for part in powers for name in free_symbols(part.exponent)}
    raising -= {name for part in powers for name in free_symbols(part.base)}

    def place(part: Expr) -> float:
        if raising and isinstance(part, Add) and raising.issuperset(free_symbols(part)):
            return _COEFFICIENT
        return _FACTORS.get(type(part).__name__, 6)

    return _sorted(parts, [(place(part), cost(part)) for part in parts])


def ordered_terms(terms: Sequence[Expr]) -> list[Expr]:
    """The terms of a sum in the textbook's order."""
    if len(terms) < 2:
        return list(terms)
    found = _sorted(terms, [_place(term) for term in terms])
    if len(found) == 2 and _opens(found[1]) and not _is_short(found[0]):
        found.reverse()
    return found


def _sorted(parts: Sequence[Expr], keys: Sequence[tuple[Any, ...]]) -> list[Expr]:
    """The parts by their keys, those with the same key by the alphabet."""
    if len(set(keys)) < len(keys):
        keys = [(*key, *_names(part)) for key, part in zip(keys, parts, strict=True)]
    order = sorted(range(len(parts)), key=keys.__getitem__)
    return [parts[i] for i in order]


def _place(term: Expr) -> tuple[bool, bool, int, bool, int, bool]:
    """What orders a term before the alphabet does."""
    bare = term.arg if isinstance(term, Neg) else term
    scalars, core = _split(bare)
    closing = build.is_number(term) or _is_identity(core)
    turned = isinstance(bare, Transpose)
    matrices = sum(f.shape.rank == 2 for f in core)
    return build.is_negative(term), closing, -matrices, scalars, turned - cost(bare), turned


def _split(term: Expr) -> tuple[bool, tuple[Expr, ...]]:
    """Whether a scalar, not a mere number, scales a term, and the factors that it scales; a scalar
    is one whole."""
    scaled = False
    if not term.shape.dims:
        return scaled, (term,)
    while isinstance(term, Divide) and not term.denominator.shape.dims:
        scaled = scaled or not isinstance(term.denominator, Number)
        term = term.numerator
    if not isinstance(term, Product):
        return scaled, (term,)
    scalars = [f for f in term.factors if not f.shape.dims]
    scaled = scaled or any(not isinstance(f, Number) for f in scalars)
    return scaled, tuple(f for f in term.factors if f.shape.dims)


def _is_identity(core: tuple[Expr, ...]) -> bool:
    return len(core) == 1 and isinstance(core[0], Call) and core[0].name == "eye"


def _opens(term: Expr) -> bool:
    """Whether a term is 1 or the identity."""
    return (isinstance(term, Number) and term.value == 1) or _is_identity((term,))


def _is_short(term: Expr) -> bool:
    """Whether a term is a variable or a product of numbers, after which a 1 is written."""
    if isinstance(term, Product):
        return all(not f.shape.dims for f in term.factors)
    return isinstance(term, Symbol | Named | Index | Neg | Size)


@lru_cache(maxsize=_MEMO)
def _names(expr: Expr) -> tuple[bool, tuple[str, ...]]:
    """Whether an expression speaks in bound names, and its names as they are read: of one that is
    long, of its beginning, since what it shares is read again and again."""
    bound = False
    found: list[str] = []
    sizes: list[str] = []
    pending: list[Expr] = [expr]
    for _ in range(_READ):
        if not pending:
            break
        node = pending.pop()
        if isinstance(node, Symbol | Named):
            bound = bound or isinstance(node, Named)
            found.append(node.name)
        elif isinstance(node, Size):
            sizes.append(str(node.dim))
        else:
            pending.extend(children(node)[::-1])
    return bound, (*found, *sizes)
