"""What each kind of derivative is, in index notation.

Gradient, Jacobian and Hessian are whole derivatives, by reverse accumulation.  The others multiply
one by directions, and never build it: a differential and J v are tangents (forward accumulation),
u' J is an adjoint (reverse), H v is the tangent of the gradient.

Source: J. Magnus, H. Neudecker, Matrix Differential Calculus, ch. 5 and 6; A. Griewank, A. Walther,
Evaluating Derivatives, ch. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from matcalc.calculus.forward import pushforward
from matcalc.calculus.layouts import symmetrised
from matcalc.calculus.reverse import derivative, pullback
from matcalc.dims import number
from matcalc.expr.nodes import Expr, Named, Symbol
from matcalc.rules.book import RuleBook
from matcalc.tensor.canonical import add, contract, is_zero, one_hot, zeros
from matcalc.tensor.nodes import Bound, Contract, Tensor

Kind = Literal["gradient", "jacobian", "hessian", "differential", "jvp", "vjp", "hvp"]

SYMMETRIC: Final = frozenset({"symmetric", "spd"})
"""By a variable declared so, the gradient is the one in the space of symmetric matrices."""

SCALAR: Final = ("gradient", "hessian", "hvp")
"""Kinds that only a scalar has."""

ALONG: Final = ("differential", "jvp", "hvp")
"""Kinds that have a direction for each variable."""

JOINT: Final = ("hessian", *ALONG)
"""Kinds by several variables together, which therefore have to be independent."""


WORDS: Final = {
    "jacobian": "Jacobian",
    "hessian": "Hessian",
    "jvp": "Jacobian-vector product",
    "vjp": "vector-Jacobian product",
    "hvp": "Hessian-vector product",
}
"""What the short names stand for."""


@dataclass(frozen=True)
class Problem:
    """What is asked: a derivative of an expression by targets, and how it is to be written.

    directions  A symbol for each target (for a stack one alone) or, for vjp, one for the value.
    """

    expression: Expr
    targets: tuple[Symbol | Named, ...]
    stacked: bool
    kind: Kind
    layout: str
    simplify: bool
    directions: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class Piece:
    """One derivative: its tensor, and how many axes belong to the result and to each variable.

    shares  Of a scalar along directions, the gradients with the direction of each.
    """

    tensor: Tensor
    parts: tuple[int, ...]
    shares: Sequence[Share] | None = None


Share = tuple[Piece, Tensor]
"""A gradient, and the direction of its variable."""


def derivatives(
    problem: Problem,
    value: Tensor,
    targets: Sequence[Tensor],
    directions: Sequence[Tensor],
    book: RuleBook,
    simplify: Callable[[Tensor], Tensor],
) -> Any:
    """A piece, or a tuple of a piece for each target; of a Hessian by several a tuple of tuples."""
    if problem.kind in ("differential", "jvp") and value.rank:
        ways = dict(zip(targets, entries(problem, directions), strict=True))
        return Piece(pushforward(value, ways, book), (value.rank,))
    first = [
        _symmetric(problem, i, piece, 1)
        for i, piece in enumerate(_first(problem, value, targets, directions, book))
    ]
    if problem.kind in ("differential", "jvp"):
        return _along(first, entries(problem, directions))
    if problem.kind in ("hessian", "hvp"):  # of the first derivative in its shortest form
        first = [Piece(simplify(p.tensor), p.parts) for p in first]
    if problem.kind == "hessian":
        return _hessian(problem, first, targets, book)
    if problem.kind == "hvp":
        ways = dict(zip(targets, entries(problem, directions), strict=True))
        first = [Piece(pushforward(p.tensor, ways, book), p.parts) for p in first]
    if problem.stacked:
        return Piece(_stacked([p.tensor for p in first]), (first[0].parts[0], 1))
    return first[0] if len(first) == 1 else tuple(first)


def entries(problem: Problem, directions: Sequence[Tensor]) -> list[Tensor]:
    """The direction of each target; the one direction of a stack has an entry for each."""
    if not problem.stacked or problem.kind == "differential":
        return list(directions)
    (whole,) = directions
    (count,) = whole.dims
    hots = [one_hot(i, count) for i in range(len(problem.targets))]
    return [contract([(whole, (0,)), (hot, (0,))], ()) for hot in hots]


def _along(gradients: Sequence[Piece], directions: Sequence[Tensor]) -> Piece:
    """Σ G · direction."""
    shares = [(p, v) for p, v in zip(gradients, directions, strict=True) if not is_zero(p.tensor)]
    terms = [contract([(p.tensor, range(v.rank)), (v, range(v.rank))], ()) for p, v in shares]
    return Piece(add([(1, t, ()) for t in terms], ()), (0,), shares)


def _first(
    problem: Problem,
    value: Tensor,
    targets: Sequence[Tensor],
    directions: Sequence[Tensor],
    book: RuleBook,
) -> list[Piece]:
    """The derivative by each target, for vjp multiplied by the direction of the value."""
    if problem.kind != "vjp":
        found = _each(value, targets, book)
        return [
            Piece(t, (value.rank, target.rank)) for t, target in zip(found, targets, strict=True)
        ]
    groups = [[t] for t in targets] if _bound(targets) else [list(targets)]
    shares: dict[Tensor, Tensor] = {}
    for group in groups:
        shares |= pullback(value, directions[0], (), set(group), book)
    return [Piece(shares.get(t, zeros(t.dims)), (0, t.rank)) for t in targets]


def _bound(targets: Sequence[Tensor]) -> bool:
    """Whether one of them is a bound name, which is constant only in the derivative by itself."""
    return any(isinstance(t, Bound) for t in targets)


def _each(y: Tensor, targets: Sequence[Tensor], book: RuleBook) -> list[Tensor]:
    """The derivative by each target."""
    if not _bound(targets):
        return derivative(y, targets, book)
    return [derivative(y, [t], book)[0] for t in targets]


def _hessian(
    problem: Problem,
    first: Sequence[Piece],
    targets: Sequence[Tensor],
    book: RuleBook,
) -> Any:
    """The derivatives of the first derivatives, by several targets in blocks."""
    if problem.stacked:
        rows = [_stacked(_each(p.tensor, targets, book)) for p in first]
        return Piece(_stacked_first(rows), (0, 1, 1))
    blocks = []
    for p in first:
        row = []
        for j, t in enumerate(_each(p.tensor, targets, book)):
            row.append(_symmetric(problem, j, Piece(t, (0, p.tensor.rank, targets[j].rank)), 2))
        blocks.append(tuple(row))
    return blocks[0][0] if len(blocks) == 1 else tuple(blocks)


def is_symmetric(target: Symbol | Named) -> bool:
    """Whether the derivative by a variable is made symmetric."""
    declared = isinstance(target, Symbol) and target.properties & SYMMETRIC
    return bool(declared) and target.shape.rank == 2


def _symmetric(problem: Problem, index: int, piece: Piece, place: int) -> Piece:
    """By a symmetric variable: (G + G')/2, the gradient in the space of symmetric matrices."""
    if not is_symmetric(problem.targets[index]):
        return piece
    start = sum(piece.parts[:place])
    return Piece(symmetrised(piece.tensor, (start, start + 1)), piece.parts)


def _stacked(parts: Sequence[Tensor]) -> Tensor:
    """Derivatives by scalars as one, with an axis more at the end."""
    whole = _entries_of(parts)
    if whole is not None:
        return whole
    from_dims = parts[0].dims
    count = one_hot(0, number(len(parts)))
    rank = len(from_dims)
    terms = []
    for i, t in enumerate(parts):
        hot = one_hot(i, count.dims[0])
        terms.append(
            (
                1,
                contract([(t, range(rank)), (hot, (rank,))], range(rank + 1)),
                tuple(range(rank + 1)),
            )
        )
    return add(terms, (*from_dims, count.dims[0]))


def _entries_of(parts: Sequence[Tensor]) -> Tensor | None:
    """The tensor that has the parts as its entries along its last axis, where that is seen: the
    derivatives of f([x, y]) are the entries of ∇f([x, y])."""
    count = number(len(parts))
    first = parts[0]
    if not isinstance(first, Contract):
        return None
    hots = [one_hot(i, count) for i in range(len(parts))]
    for k, (factor, labels) in enumerate(first.factors):
        if factor is not hots[0]:
            continue
        others = [*first.factors[:k], *first.factors[k + 1 :]]
        dims = dict(enumerate((*first.dims, count)))
        moved = [(t, [first.rank if x in labels else x + (x >= first.rank) for x in own])
                 for t, own in others]  # fmt: skip
        if not any(first.rank in own for _, own in moved):
            continue
        whole = contract(moved, range(first.rank + 1), dims)
        own = tuple(range(first.rank + 1))
        views = [contract([(whole, own), (hot, own[-1:])], own[:-1]) for hot in hots]
        if all(a is b for a, b in zip(views, parts, strict=True)):
            return whole
    return None


def _stacked_first(parts: Sequence[Tensor]) -> Tensor:
    stacked = _stacked(parts)
    return contract([(stacked, range(stacked.rank))], (stacked.rank - 1, *range(stacked.rank - 1)))
