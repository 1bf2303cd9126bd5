"""Whether a product is multiplied out over a sum in it: if that is less work.

`(A + A') x` is two products with a vector, and the sum is never formed; `(U V' - T) V` is
`U (V' V) - T V` if U and V are narrow, `X' (eye(m) - ones(m, m) / m) X` is
`X' X - (X' ones(m)) (ones(m)' X) / m`.  `X' (X w - y)` is `(X' X) w - X' y` if X and y are the same
for all calls, since then neither product costs anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from matcalc.expr import build
from matcalc.expr.nodes import Add, Call, Divide, Expr, Named, Neg, Number, Product, Shape
from matcalc.plan.cost import size

WRITTEN: Final = 4
"""What an entry of an intermediate array costs beside a multiplication: it goes through memory."""

TERMS: Final = 3
"""Sums of more terms are not multiplied out."""


GAIN: Final = 2
"""How much less work it has to be where products are spared by computing them once."""


def distributed(
    product: Product,
    mine: Callable[[Expr], bool],
    sizes: Mapping[str, int],
    fixed: Callable[[Expr], bool] | None = None,
) -> Expr | None:
    """The product multiplied out over a sum of matrices, if that costs less; `mine` says whether a
    part is used only here, `fixed` whether it is the same for all calls."""
    if fixed is not None:
        around = _around_fixed(product, mine, sizes, fixed)
        if around is not None:
            return around
    for i, factor in enumerate(product.factors):
        if not isinstance(factor, Add) or not mine(factor) or len(factor.terms) > TERMS:
            continue
        if fixed is not None and fixed(factor):
            continue
        if factor.shape.rank != 2 or any(t.shape != factor.shape for t in factor.terms):
            continue
        before, after = list(product.factors[:i]), list(product.factors[i + 1 :])
        terms = [_factors(term, mine) for term in factor.terms]
        formed = sum(_chain(t, sizes) + _entries(factor.shape, sizes) for t in terms)
        formed += _chain(product.factors, sizes)
        opened = sum(
            _chain([*before, *t, *after], sizes) + _entries(product.shape, sizes) for t in terms
        )
        if opened < formed:
            return build.add([_term(before, term, after) for term in factor.terms])
    return None


def _around_fixed(
    product: Product,
    mine: Callable[[Expr], bool],
    sizes: Mapping[str, int],
    fixed: Callable[[Expr], bool],
) -> Expr | None:
    """The product multiplied out over a sum where products with fixed factors come of it."""
    for i, factor in enumerate(product.factors):
        bare = factor.value if isinstance(factor, Named) and mine(factor) else factor
        if not isinstance(bare, Add) or len(bare.terms) > TERMS or fixed(bare):
            continue
        if not bare.shape.dims or any(t.shape != bare.shape for t in bare.terms):
            continue
        before, after = list(product.factors[:i]), list(product.factors[i + 1 :])
        if not any(fixed(f) for f in (*before[-1:], *after[:1])):
            continue
        terms = [_factors(term, mine) for term in bare.terms]
        formed = _chain(product.factors, sizes, fixed) + sum(
            _chain(t, sizes, fixed) + _entries(bare.shape, sizes) for t in terms if mine(factor)
        )
        opened = sum(
            _chain([*before, *t, *after], sizes, fixed) + _entries(product.shape, sizes)
            for t in terms
        )
        if GAIN * opened < formed:
            return build.add([_term(before, term, after) for term in bare.terms])
    return None


def _term(before: Sequence[Expr], term: Expr, after: Sequence[Expr]) -> Expr:
    match term:
        case Neg(arg=arg):
            return build.neg(_term(before, arg, after))
        case Divide(numerator=above, denominator=below) if not below.shape.dims:
            return build.divide(_term(before, above, after), below)
        case Product(factors=[Number() as number, *rest]):
            return build.product([number, *before, *(p for f in rest for p in _vectors(f)), *after])
    return build.product([*before, *_vectors(term), *after])


def _factors(term: Expr, mine: Callable[[Expr], bool]) -> Sequence[Expr]:
    match term:
        case Neg(arg=inner):
            return _factors(inner, mine)
        case Divide(numerator=inner, denominator=below) if not below.shape.dims:
            return _factors(inner, mine)
        case Product(factors=factors) if mine(term):
            return [part for factor in factors for part in _vectors(factor)]
    return _vectors(term)


def _vectors(factor: Expr) -> Sequence[Expr]:
    """ones(m, n) as the product ones(m) ones(n)', the identity as the product of nothing."""
    match factor:
        case Call(name="eye"):
            return ()
        case Call(name="ones", shape=Shape(dims=(m, n))):
            column, row = (build.filled("ones", Shape((dim,))) for dim in (m, n))
            return column, build.transpose(row)
    return (factor,)


def _entries(shape: Shape, sizes: Mapping[str, int]) -> float:
    total = float(WRITTEN)
    for dim in shape.dims:
        total *= size(dim, sizes)
    return total


def _chain(
    factors: Sequence[Expr],
    sizes: Mapping[str, int],
    fixed: Callable[[Expr], bool] = lambda _: False,
) -> float:
    """The operations of a product of linear algebra in its best order (Godbole 1973); a product of
    factors that are all fixed has none."""
    arrays = [f for f in factors if f.shape.dims]
    pairs = [_rows_columns(f.shape, sizes) for f in arrays]
    known = [fixed(f) for f in arrays]
    best = {(i, i): 0.0 for i in range(len(pairs))}
    for length in range(1, len(pairs)):
        for i in range(len(pairs) - length):
            j = i + length
            best[i, j] = min(
                best[i, k] + best[k + 1, j] + 2 * pairs[i][0] * pairs[k][1] * pairs[j][1]
                for k in range(i, j)
            )
            if all(known[i : j + 1]):
                best[i, j] = 0.0
    return best[0, len(pairs) - 1] if pairs else 0.0


def _rows_columns(shape: Shape, sizes: Mapping[str, int]) -> tuple[float, float]:
    lengths = [size(dim, sizes) for dim in shape.dims]
    if len(lengths) == 2:
        return lengths[0], lengths[1]
    return (1.0, lengths[0]) if shape.row else (lengths[0], 1.0)
