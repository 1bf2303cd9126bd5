"""Regrouped axes in matrix notation: Kronecker products, vec(), commutation matrices.

A grouping is written term by term.  A term whose factors run from the slow axes to the slow axes
and from the fast axes to the fast ones is a ladder (`matcalc.tensor.ladder`); where they cross
over, it is a ladder times the commutation matrix, K vec(X) = vec(X').  Where rows and columns do
not meet, it is vec(M) vec(N)'.  Magnus & Neudecker, Matrix Differential Calculus, sec. 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from matcalc.dims import Dim
from matcalc.expr.nodes import Call, Expr, Product
from matcalc.expr.writing import cost, multiple, product, transposed
from matcalc.tensor import triangles
from matcalc.tensor.canonical import add, contract, group, primitive_part
from matcalc.tensor.components import parts, touches
from matcalc.tensor.constructors import View
from matcalc.tensor.crossings import Term, times, total
from matcalc.tensor.graph import reciprocal
from matcalc.tensor.ladder import Pair, commutation, ladder
from matcalc.tensor.nodes import Contract, Group, Rational, Sum, Tensor
from matcalc.tensor.permutations import permuted
from matcalc.tensor.scaling import scaled

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift


def kronecker(lift: Lift, t: Group, c: Rational = 1) -> Expr | None:
    """c times a grouping of axes, as Kronecker products and the like; None if it has no such
    form."""
    body = t.arg
    if t.rank > 2 or max(t.sizes) < 2 or (t.rank == 1 and not isinstance(body, Sum | Contract)):
        return None
    if t.rank == 1 and _is_matrix(body):
        return None
    known = triangles.named(t)
    if known is not None:
        return multiple(c, known)
    if not isinstance(body, Sum):
        term = _term(lift, t.sizes, body.dims, c, body, tuple(range(body.rank)))
        return None if term is None else total([term])
    ways = []
    content, primitive = primitive_part(body)
    inner = primitive.terms if isinstance(primitive, Sum) else ()
    for front, each, terms in (
        (1, c, body.terms),
        (c * content, 1, inner),
        (-c * content, -1, inner),
    ):
        made = [_term(lift, t.sizes, body.dims, each * d, a, x) for d, a, x in terms]
        found = [term for term in made if term is not None]
        if not made or len(found) < len(made):
            return None
        ways.append(multiple(front, total(found)))
    return min(ways, key=cost)


def between_triangles(
    lift: Lift, factors: Sequence[View], dims: Sequence[Dim], c: Rational
) -> Expr | None:
    """c times a contraction whose rows or columns are those of a vech(); None if it is no such."""
    sizes = {x: dim for t, labels in factors for x, dim in zip(labels, t.dims, strict=True)}
    if len(dims) != 2 or triangles.split(factors, 1, 2, sizes) is None:
        return None
    found = _of_factors(lift, 1, dims, c, factors)
    return None if found is None else total([found])


def _is_matrix(t: Tensor) -> bool:
    """Whether a tensor of rank 2 is better written as vec of it: not if it is an outer product."""
    if isinstance(t, Sum):
        return True
    return isinstance(t, Contract) and any(len(labels) > 1 for _, labels in t.factors)


# --- one term


def _term(
    lift: Lift,
    sizes: Sequence[int],
    dims: tuple[Dim, ...],
    c: Rational,
    t: Tensor,
    axes: Sequence[int],
) -> Term | None:
    """c times a view of t, its axes grouped into rows and columns."""
    return _of_factors(lift, sizes[0], dims, c, _opened(t, axes, len(dims)))


def _of_factors(
    lift: Lift, first: int, dims: Sequence[Dim], c: Rational, factors: Sequence[View]
) -> Term | None:
    """c times a contraction, its first axes being those of the rows."""
    scalars: list[Expr] = []
    below: list[Expr] = []
    views: list[View] = []
    places: dict[int, Dim] = dict(enumerate(dims))
    for f, labels in factors:
        places.update(zip(labels, f.dims, strict=True))
        base, exponent = reciprocal(f)
        if labels:
            views.append((f, labels))
        elif exponent:
            below.append(lift.raised(base, exponent))
        else:
            scalars.append(lift.column(f))
    for part in parts(views):  # what is connected to no axis is a number
        if all(x >= len(dims) for _, labels in part for x in labels):
            views = [view for view in views if view not in part]
            scalars.append(lift.column(contract(part, (), places)))
    if c < 0:
        turned = _flipped(views)
        views, c = (turned, -c) if turned is not None else (views, c)
    found = _Sides(lift, views, first, len(dims), places).term()
    if found is None:
        return None
    exact = Fraction(c)
    if not scalars and not below and exact.denominator == 1:
        return replace(found, coefficient=c)
    whole = found.core if found.right is None else times(found.core, found.right)
    core = scaled(abs(exact), scalars, below, whole)
    return Term(-1 if exact < 0 else 1, core, before=found.before, after=found.after)


def _opened(t: Tensor, axes: Sequence[int], rank: int) -> list[View]:
    """The factors of a view of a tensor."""
    if not isinstance(t, Contract):
        return [(t, tuple(axes))]
    return [
        (f, tuple([axes[x] if x < t.rank else rank + x for x in labels])) for f, labels in t.factors
    ]


def _flipped(views: Sequence[View]) -> list[View] | None:
    """-(a - b) is b - a: the views with one difference the other way round, if there is one."""
    for i, (t, labels) in enumerate(views):
        if isinstance(t, Sum) and min(c for c, _, _ in t.terms) < 0 < max(c for c, _, _ in t.terms):
            turned = add([(-c, a, x) for c, a, x in t.terms], t.dims)
            return [*views[:i], (turned, labels), *views[i + 1 :]]
    return None


class _Sides:
    """Factors between the axes of the rows and those of the columns."""

    def __init__(
        self,
        lift: Lift,
        views: Sequence[View],
        first: int,
        rank: int,
        dims: Mapping[int, Dim],
    ) -> None:
        self.lift, self.views, self.dims = lift, views, dims
        self.rows = tuple(range(first))
        self.columns = tuple(range(first, rank))

    def term(self) -> Term | None:
        """The matrix that they are, with coefficient 1."""
        rows, columns = self.rows, self.columns
        apart = triangles.split(self.views, len(rows), len(rows + columns), self.dims)
        if apart is not None:
            return self.beside(apart)
        if len(self.views) == 1 and isinstance(self.views[0][0], Sum):
            return self.inner(*self.views[0])
        separate = self.outer() if columns else None
        if separate is not None:
            return Term(1, separate)
        if len(rows) > 2 or len(columns) > 2:
            longer, shorter = (columns, rows) if len(columns) > len(rows) else (rows, columns)
            long = permuted(self.lift, self.views, longer, shorter, self.dims)
            if long is None:
                return None
            return Term(1, long if longer == rows else transposed(long))
        straight = self.ladder(rows, columns)
        crossing = len(rows) == len(columns) == 2 and (straight is None or _has_rung(straight))
        after = self.ladder(rows, columns[::-1]) if crossing else None
        if after is None or (straight is not None and cost(straight) <= cost(after) + CROSSING):
            return None if straight is None else Term(1, straight)
        before = self.ladder(rows[::-1], columns)
        right = commutation(self.dims[columns[1]], self.dims[columns[0]])
        left = commutation(self.dims[rows[0]], self.dims[rows[1]])
        return Term(1, after, right, before, left)

    def beside(self, apart: triangles.Apart) -> Term | None:
        """What an elimination matrix was split off from."""
        sides = _Sides(self.lift, apart.views, apart.first, apart.rank, apart.dims)
        found = sides.term()
        if found is None:
            return None
        if apart.of_rows:
            return replace(found, before=apart.matrix)
        return replace(found, after=apart.matrix)

    def inner(self, t: Tensor, labels: Sequence[int]) -> Term | None:
        """A sum beside scalars."""
        if any(x >= len(self.rows + self.columns) for x in labels):
            return None
        whole = contract([(t, labels)], (*self.rows, *self.columns), self.dims)
        if not isinstance(whole, Sum):  # a diagonal or a broadcast of one: the same question again
            return None
        sizes = tuple(len(axes) for axes in (self.rows, self.columns) if axes)
        made = group(whole, sizes)
        found = kronecker(self.lift, made) if isinstance(made, Group) else None
        return None if found is None else Term(1, found)

    def ladder(self, rows: Sequence[int], columns: Sequence[int]) -> Expr | None:
        """The shortest ladder; an axis alone may be on either rail."""
        best: Expr | None = None
        for start in _pairs(rows):
            for end in _pairs(columns):
                made = ladder(self.lift, self.views, (start, end), self.dims)
                if made is not None and (best is None or cost(made) < cost(best)):
                    best = made
        return best

    def outer(self) -> Expr | None:
        """vec(M) vec(N)', if there are matrices, and rows and columns do not meet."""
        together = parts(self.views)
        above = [part for part in together if touches(part, self.rows)]
        aside = [part for part in together if touches(part, self.columns)]
        matrices = any(len(labels) > 1 for part in above + aside for _, labels in part)
        if not matrices or any(part in aside for part in above):
            return None
        column, row = (
            self.lift(group(contract([v for p in side for v in p], axes, self.dims), (len(axes),)))
            for side, axes in ((above, self.rows), (aside, self.columns))
        )
        return product([column, transposed(row)])


CROSSING: Final = 4
"""What a commutation matrix costs."""


def _has_rung(expr: Expr) -> bool:
    """Whether a product has a factor diag(vec(P))."""
    factors = expr.factors if isinstance(expr, Product) else (expr,)
    return any(isinstance(f, Call) and f.name == "diag" for f in factors)


def _pairs(axes: Sequence[int]) -> list[Pair]:
    if len(axes) == 2:
        return [(axes[0], axes[1])]
    return [(axes[0], None), (None, axes[0])] if axes else [(None, None)]
