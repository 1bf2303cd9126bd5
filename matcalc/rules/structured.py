"""Identities of structured matrices that a line of the book cannot say: of any number of blocks
along a diagonal, and of diagonal matrices wherever they stand in a product.  Each has a statement
and a source like a line of the book."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from matcalc.tensor.blocks import diagonal_blocks
from matcalc.tensor.canonical import add, contract, delta, opaque
from matcalc.tensor.constructors import Term
from matcalc.tensor.nodes import Contract, Mask, Opaque, Sum, Tensor

BLOCKWISE: Final = frozenset("inv pinv expm sqrtm logm chol".split())


def of_blocks(t: Opaque) -> Tensor | None:
    """f(blockdiag(A, B)) = blockdiag(f(A), f(B)) for inverses and functions of matrices;
    det(blockdiag(A, B)) = det(A) det(B); logdet(blockdiag(A, B)) = logdet(A) + logdet(B).  Magnus &
    Neudecker, sec. 1.12; Higham, Functions of Matrices, th. 1.13 (g)."""
    if t.batch or len(t.args) != 1 or not isinstance(t.args[0], Sum):
        return None
    if t.fn not in BLOCKWISE and t.fn not in ("det", "logdet"):
        return None
    blocks = diagonal_blocks(t.args[0])
    if blocks is None:
        return None
    values = [opaque(t.fn, [block], block.dims if t.rank else ()) for block, _ in blocks]
    if t.fn == "det":
        return contract([(v, ()) for v in values], ())
    if t.fn == "logdet":
        return add([(1, v, ()) for v in values], ())
    placed = [_put(v, place) for v, (_, place) in zip(values, blocks, strict=True)]
    return add([(1, p, (0, 1)) for p in placed], t.dims)


def _put(block: Tensor, place: Tensor) -> Tensor:
    return contract([(place, (0, 2)), (block, (2, 3)), (place, (1, 3))], (0, 1))


def of_triangles(t: Sum) -> Tensor | None:
    """tril(M) + triu(M) = M + diag(diag(M)), also inside equal products.  Magnus, Linear
    Structures, sec. 4.1."""
    seen: list[tuple[Term, Tensor, bool]] = []
    for term in t.terms:
        part = _triangle(t, term)
        if part is None:
            continue
        rest, lower = part
        opposite = (rest, not lower, term[0])
        other = next((old for old, *found in seen if (*found, old[0]) == opposite), None)
        if other is None:
            seen.append((term, rest, lower))
            continue
        own = tuple(range(t.rank))
        pair = (t.rank, t.rank + 1)
        whole = contract([(rest, range(rest.rank))], own)
        diagonal = contract([(rest, range(rest.rank)), (delta(rest.dims[-1]), pair)], own)
        left = [u for u in t.terms if u not in (term, other)]
        return add([*left, (term[0], whole, own), (term[0], diagonal, own)], t.dims)
    return None


def of_half_triangle(t: Contract) -> Tensor | None:
    """sum(tril(M)) = (sum(M) + tr(M)) / 2 for a symmetric M, in any product that sums over both
    axes of the triangle."""
    for i, (mask, axes) in enumerate(t.factors):
        square = isinstance(mask, Mask) and not mask.offset and mask.dims[0] == mask.dims[1]
        if not square or min(axes) < t.rank or axes[0] == axes[1]:
            continue
        own = tuple(range(t.rank))
        others = [*t.factors[:i], *t.factors[i + 1 :]]
        sizes = dict(enumerate(t.dims)) | dict.fromkeys(axes, mask.dims[0])
        rest, turned = (contract(others, (*own, *pair), sizes) for pair in (axes, axes[::-1]))
        if rest is turned:
            whole = contract([(rest, range(rest.rank))], own)
            joined = [(rest, range(rest.rank)), (delta(mask.dims[0]), (t.rank, t.rank + 1))]
            half = Fraction(1, 2)
            return add([(half, whole, own), (half, contract(joined, own), own)], t.dims)
    return None


def _triangle(t: Sum, term: Term) -> tuple[Tensor, bool] | None:
    """Of a product with a triangle of ones, the other factors, with the axes of the sum and then
    the two of the triangle, and which triangle it is of these; None if there is none."""
    _, product, labels = term
    if not isinstance(product, Contract):
        return None
    place: dict[int, int] = dict(enumerate(labels))
    inner = {x for _, axes in product.factors for x in axes if x >= product.rank}
    place |= {x: t.rank + x for x in inner}
    for k, (mask, axes) in enumerate(product.factors):
        square = isinstance(mask, Mask) and mask.dims[0] == mask.dims[1]
        if not isinstance(mask, Mask) or mask.offset or axes[0] == axes[1] or not square:
            continue
        others = [v for i, v in enumerate(product.factors) if i != k]
        views = [(f, tuple([place[x] for x in own])) for f, own in others]
        first, second = (place[x] for x in axes)
        rests = []
        for rows, columns in ((first, second), (second, first)):
            out = (*range(t.rank), rows, columns)
            sizes = dict(enumerate(t.dims)) | {rows: mask.dims[0], columns: mask.dims[0]}
            rests.append(contract(views, out, sizes))
        turned = rests[1].key < rests[0].key
        return rests[turned], not turned
    return None


def commuted(t: Contract, known: Callable[[Tensor], frozenset[str]]) -> Tensor | None:
    """D E = E D for diagonal matrices, and so wherever two have an index in common, for both are
    zero where it is not both indices of each: the order in which the key of the product is least.
    Magnus & Neudecker, sec. 1.7."""
    diagonal = [i for i, (f, _) in enumerate(t.factors) if "diagonal" in known(f)]
    for i in diagonal:
        for j in diagonal:
            (f, x), (g, y) = t.factors[i], t.factors[j]
            if i >= j or f is g or not set(x) & set(y):
                continue
            views = [*t.factors]
            views[i], views[j] = (g, x), (f, y)
            new = contract(views, range(t.rank), dict(enumerate(t.dims)))
            if new.key < t.key:
                return new
    return None
