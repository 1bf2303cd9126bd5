"""How a derivative along a direction is written: tr(G' dX), g' dx, with the direction last.

A direction is a variable, dX or v, that the expression is linear in.  Like `writing`, these choose
the form and never change the value.

Source: J. Magnus, H. Neudecker, Matrix Differential Calculus, sec. 9.3 (table of differentials).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from matcalc.expr import build
from matcalc.expr.nodes import (
    Add,
    Divide,
    Dot,
    Expr,
    Hadamard,
    Index,
    Named,
    Neg,
    Node,
    Product,
    Shape,
    Symbol,
    Transpose,
    children,
    intern,
    postorder,
)
from matcalc.expr.writing import cost, hadamard, negated, product, quotient, transposed


def share(gradient: Expr, direction: Expr) -> Expr:
    """What a gradient says along a direction: g' dx, tr(G' dX), sum(G ⊙ dT) of higher rank."""
    match gradient:
        case Neg(arg=arg):
            return negated(share(arg, direction))
        case Divide(numerator=top, denominator=bottom) if not bottom.shape.dims:
            if top.shape.dims or not gradient.shape.dims:
                return quotient(share(top, direction), bottom)
        case Product(factors=factors) if gradient.shape.dims:
            scalars = [f for f in factors if not f.shape.dims]
            rest = [f for f in factors if f.shape.dims]
            if scalars:
                inner = share(product(rest), direction)
                return product([*scalars, *_opened(inner)])
            split = _outer(rest) if gradient.shape.rank == 2 else None
            if split is not None:
                left, right = rest[:split], rest[split:]
                return product([transposed(product(left)), direction, transposed(product(right))])
        case _:
            pass
    if gradient.shape.rank == 2:
        return build.call(Shape(), "tr", [product([transposed(gradient), direction])])
    if not gradient.shape.dims:
        return product([gradient, direction])
    if gradient.shape.rank > 2:
        return build.call(Shape(), "sum", [hadamard([gradient, direction])])
    row = transposed(gradient)
    if isinstance(row, Transpose):
        return build.dot(gradient, direction)
    return product([row, direction])


def _opened(inner: Expr) -> Sequence[Expr]:
    """A product of vectors, to be scaled without brackets: 2 x' A dx."""
    if isinstance(inner, Dot):
        return [transposed(inner.left), inner.right]
    return inner.factors if isinstance(inner, Product) else [inner]


def _outer(factors: Sequence[Expr]) -> int | None:
    """Where a chain is an outer product: a column up to there, a row after it."""
    for place in range(1, len(factors)):
        left, right = factors[place - 1], factors[place]
        if left.shape.rank == 1 and not left.shape.row and right.shape.row:
            return place
    return None


def directed(expr: Expr, directions: Collection[Symbol]) -> Expr:
    """The expression with the directions last in products that commute: 2 x dx, g · dx, a' dX b."""
    return _walked(expr, directions, _turned)


def _walked(
    expr: Expr, directions: Collection[Symbol], new: Callable[[Expr, Collection[Expr]], Expr]
) -> Expr:
    """The expression with its nodes that hold a direction made new, children first."""
    along: set[Expr] = set()
    made: dict[Expr, Expr] = {}
    for node in postorder((expr,)):
        inner = () if isinstance(node, Named) else children(node)
        if node in directions:
            along.add(node)
        elif any(child in along for child in inner):
            made[node] = new(rebuilt(node, made), along)
            along.update((node, made[node]))
    return made.get(expr, expr)


def unfolded(expr: Expr, directions: Collection[Symbol]) -> Expr:
    """For computing: (X' X + λ I) v as X' X v + λ v, so that no matrix is built to be multiplied by
    a direction."""
    return _walked(expr, directions, _distributed)


def _distributed(node: Expr, along: Collection[Expr]) -> Expr:
    if not isinstance(node, Product):
        return node
    factors = node.factors
    for place, factor in enumerate(factors):
        if not isinstance(factor, Add) or factor.shape.rank != 2 or factor in along:
            continue
        terms = factor.terms
        after = [f for f in factors[place + 1 :] if f.shape.dims]
        before = [f for f in factors[:place] if f.shape.dims]
        column = after and after[-1].shape.rank == 1 and any(f in along for f in after)
        row = before and before[0].shape.row and any(f in along for f in before)
        if (
            (column or row)
            and all(t.shape == factor.shape for t in terms)
            and any(sum(f.shape.rank == 2 for f in getattr(t, "factors", ())) > 1 for t in terms)
        ):
            return build.add(
                [product([*factors[:place], term, *factors[place + 1 :]]) for term in terms]
            )
    return node


def rebuilt(node: Expr, made: Mapping[Expr, Expr]) -> Expr:
    """The node with other children of the same shapes."""

    def new(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(new(part) for part in value)
        return made.get(value, value) if isinstance(value, Node) else value  # type: ignore[call-overload]

    fields = [new(getattr(node, name)) for name in node.__dataclass_fields__]
    return intern(type(node), *fields)


def _turned(node: Expr, along: Collection[Expr]) -> Expr:
    match node:
        case Dot(left=left, right=right) if left in along and right not in along:
            return build.dot(right, left)
        case Hadamard(factors=factors):
            return hadamard(sorted(factors, key=lambda factor: factor in along))
        case Product(factors=factors):
            scalars = [f for f in factors if not f.shape.dims]
            rest = [f for f in factors if f.shape.dims]
            moved = [f for f in scalars if f in along and isinstance(f, Symbol | Index)]
            scalars = [f for f in scalars if f not in moved]
            if not node.shape.dims and rest and _backwards(rest, along):
                turned = [transposed(factor) for factor in reversed(rest)]
                if sum(map(cost, turned)) <= sum(map(cost, rest)) + 1:
                    rest = turned
            return build.product([*scalars, *rest, *moved])
        case _:
            return node


def _backwards(chain: Sequence[Expr], along: Collection[Expr]) -> bool:
    """Whether a bilinear form has its direction transposed: dx' A x, b' dX' a."""
    return any(isinstance(f, Transpose) and f in along for f in chain)
