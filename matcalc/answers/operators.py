"""Linear operators that a matrix unknown meets: A X B, A X + X B, W ⊙ X, and what needs vec().

An operator is a tensor H with the axes of its value and then those of its argument.  Written as a
sum of products, each term falls apart into a part that joins the rows (A) and a part that joins the
columns (B); which of the two are identities says which equation it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from matcalc.answers.affine import Algebra, terms_of
from matcalc.answers.expand import multiplied_out
from matcalc.calculus.layouts import vectorised
from matcalc.expr import build
from matcalc.expr.nodes import Expr
from matcalc.expr.writing import cost, multiple, product, transposed
from matcalc.tensor.canonical import (
    add,
    as_constant,
    constant,
    contract,
    opaque,
    power,
    scaled,
    split,
    transpose,
)
from matcalc.tensor.components import parts
from matcalc.tensor.nodes import Contract, Delta, Rational, Tensor

View = tuple[Tensor, tuple[int, ...]]
Term = tuple[Rational, Tensor, tuple[int, ...]]


@dataclass(frozen=True)
class Piece:
    """One term: coefficient, the scalars in it, what joins rows, what joins columns."""

    scale: Tensor
    left: Tensor
    right: Tensor

    @property
    def whole_left(self) -> Tensor:
        return contract([(self.scale, ()), (self.left, (0, 1))], (0, 1))

    @property
    def whole_right(self) -> Tensor:
        return contract([(self.scale, ()), (self.right, (0, 1))], (0, 1))


@dataclass(frozen=True)
class Operator:
    """A linear operator in the form in which its equation is solved.

    form     division (entry by entry by `first`), matrix (first x), product (first X second),
             sylvester (first X + X second), or vec (first vec(X)).
    turned   Whether it takes X' in place of X.
    pieces   Of vec, the terms A X B of the operator.
    """

    form: str
    first: Tensor
    second: Tensor | None = None
    turned: bool = False
    pieces: tuple[Piece, ...] = ()

    def solved(self, value: Tensor, algebra: Algebra) -> Tensor:
        """The argument for which the operator has a value."""
        found = algebra.shortest(self._solved(value))
        return transpose(found) if self.turned else found

    def _solved(self, value: Tensor) -> Tensor:
        axes = tuple(range(value.rank))
        match self.form:
            case "division":
                below = power(self.first, constant(-1))
                return contract([(value, axes), (below, axes[: below.rank])], axes)
            case "matrix":
                return contract([(inverse(self.first), (0, 1)), (value, (1,))], (0,))
            case "product":
                assert self.second is not None
                parts = [
                    (inverse(self.first), (0, 2)),
                    (value, (2, 3)),
                    (inverse(self.second), (3, 1)),
                ]
                return contract(parts, (0, 1))
            case "sylvester":
                assert self.second is not None
                return opaque("sylvester", [self.first, self.second, value], value.dims)
            case _:
                column = vectorised(value, (2,))
                entries = contract([(inverse(self.first), (0, 1)), (column, (1,))], (0,))
                return transpose(split(entries, (2,), value.dims[::-1]))


def inverse(t: Tensor) -> Tensor:
    """The inverse of a matrix; of an identity itself."""
    return t if isinstance(t, Delta) else opaque("inv", [t], t.dims)


def operator(slope: Tensor, symmetric: bool, algebra: Algebra) -> Operator | None:
    """The form of a linear operator, the slope of an affine function of rank 0, 1 or 2.

    None if there is none of these: its terms are no products A X B.

    symmetric  Whether its argument is a symmetric matrix.
    """
    rank = slope.rank // 2
    if rank == 0:
        return Operator("division", algebra.shortest(slope))
    terms = list(terms_of(multiplied_out(slope)))
    if all(_elementwise(t, labels, rank) for _, t, labels in terms):
        return Operator("division", algebra.shortest(_entries(terms, slope, rank)))
    if rank == 1:
        return Operator("matrix", algebra.shortest(slope))
    for turned in (False, True):
        pieces = [_piece(c, t, labels, slope, turned, symmetric) for c, t, labels in terms]
        known = tuple(piece for piece in pieces if piece is not None)
        if len(known) == len(pieces):
            found = _of_pieces(known, algebra)
            if found is not None:
                form, first, second = found
                return Operator(form, first, second, turned)
            if not turned:
                return Operator("vec", _between_vecs(terms, slope, algebra), pieces=known)
    return None


def _between_vecs(terms: Sequence[Term], slope: Tensor, algebra: Algebra) -> Tensor:
    """The operator as a matrix between vec() of its argument and vec() of its value."""
    blocks = [vectorised(add([term], slope.dims), (2, 2)) for term in terms]
    return algebra.shortest(add([(1, block, (0, 1)) for block in blocks], blocks[0].dims))


def kronecker_sum(pieces: Sequence[Piece], lift: Callable[[Tensor], Expr]) -> Expr:
    """B' ⊗ A + … for A X B + …: the matrix of an operator between vec(X) and vec() of its value."""
    terms = []
    for piece in pieces:
        if isinstance(piece.left, Delta) and isinstance(piece.right, Delta):
            made: Expr = build.eye(piece.left.dims[0] * piece.right.dims[0])
        else:
            made = build.kron(transposed(lift(piece.right)), lift(piece.left))
        number = as_constant(piece.scale)
        scaled_by = product([lift(piece.scale), made]) if number is None else multiple(number, made)
        terms.append(scaled_by)
    terms.sort(key=lambda term: (build.is_negative(term), -cost(term)))
    return build.add(terms)


def _elementwise(t: Tensor, labels: Sequence[int], rank: int) -> bool:
    """Whether a term takes each entry by itself: an identity joins each axis to its own."""
    pairs = {frozenset((i, rank + i)) for i in range(rank)}
    views = _views(t, labels, count(2 * rank))
    deltas = {frozenset(x) for f, x in views if isinstance(f, Delta)}
    rest = {x for f, axes in views if not isinstance(f, Delta) for x in axes if x < 2 * rank}
    return deltas == pairs and not any(min(p) in rest and max(p) in rest for p in pairs)


def _entries(terms: Sequence[Term], slope: Tensor, rank: int) -> Tensor:
    """What an element-wise operator multiplies each entry by; a scalar where it is one for all."""
    own = tuple(range(rank))
    scalars = []
    for c, t, labels in terms:
        rest = [v for v in _views(t, labels, count(2 * rank)) if not isinstance(v[0], Delta)]
        if any(x < 2 * rank for _, axes in rest for x in axes):
            return contract([(slope, own * 2)], own)
        scalars.append((c, contract(rest, ()), ()))
    return add(scalars, ())


def _views(t: Tensor, labels: Sequence[int], fresh: count[int]) -> list[View]:
    """The factors of a term with their labels."""
    if not isinstance(t, Contract):
        return [(t, tuple(labels))]
    place = dict(enumerate(labels))
    views = []
    for f, axes in t.factors:
        for x in axes:
            if x not in place:
                place[x] = next(fresh)
        views.append((f, tuple(place[x] for x in axes)))
    return views


def _piece(
    c: Rational, t: Tensor, labels: Sequence[int], slope: Tensor, turned: bool, symmetric: bool
) -> Piece | None:
    """A term as a product of what joins rows and what joins columns; None if it is none.

    The axes are 0, 1 of the value and 2, 3 of the argument, exchanged if `turned`.
    """
    views = _views(t, labels, count(4))
    exchanged = {2: 3, 3: 2} if turned else {}
    for swap in (exchanged, {2: 3, 3: 2}) if symmetric else (exchanged,):
        moved = [(f, tuple(swap.get(x, x) for x in axes)) for f, axes in views]
        groups = [
            ({x for _, axes in part for x in axes if x < 4}, part)
            for part in parts(moved, range(4))
        ]
        left = [v for touched, vs in groups if touched and touched <= {0, 2} for v in vs]
        right = [v for touched, vs in groups if touched and touched <= {1, 3} for v in vs]
        scalars = [v for touched, vs in groups if not touched for v in vs]
        if len(left) + len(right) + len(scalars) < len(views):
            continue
        dims = {0: slope.dims[0], 1: slope.dims[1]}
        dims |= {swap.get(x, x): slope.dims[x] for x in (2, 3)}
        scale = scaled(contract(scalars, ()), c) if scalars else constant(c)
        return Piece(scale, contract(left, (0, 2), dims), contract(right, (3, 1), dims))
    return None


def _total(parts: Sequence[Tensor], algebra: Algebra) -> Tensor:
    return algebra.shortest(add([(1, t, (0, 1)) for t in parts], parts[0].dims))


def _of_pieces(pieces: Sequence[Piece], algebra: Algebra) -> tuple[str, Tensor, Tensor] | None:
    """A form for the sum of the pieces; None if it takes vec()."""
    if len({p.right for p in pieces}) == 1:
        return "product", _total([p.whole_left for p in pieces], algebra), pieces[0].right
    if len({p.left for p in pieces}) == 1:
        return "product", pieces[0].left, _total([p.whole_right for p in pieces], algebra)
    on_left = [p for p in pieces if isinstance(p.right, Delta)]
    on_right = [p for p in pieces if p not in on_left]
    if on_left and all(isinstance(p.left, Delta) for p in on_right):
        first = _total([p.whole_left for p in on_left], algebra)
        return "sylvester", first, _total([p.whole_right for p in on_right], algebra)
    return None
