"""Identities of structured matrices that a line of the book cannot say: of any number of blocks
along a diagonal, and of diagonal matrices wherever they stand in a product.  Each has a statement
and a source like a line of the book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from matcalc.tensor.blocks import diagonal_blocks
from matcalc.tensor.canonical import add, contract, opaque
from matcalc.tensor.nodes import Contract, Opaque, Sum, Tensor

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


def commuted(t: Contract, known: Callable[[Tensor], frozenset[str]]) -> Tensor | None:
    """D E = E D for diagonal matrices: the order in which the key of the product is least.  Magnus
    & Neudecker, sec. 1.7."""
    diagonal = [i for i, (f, x) in enumerate(t.factors) if len(set(x)) == 2 and f.rank == 2]
    diagonal = [i for i in diagonal if "diagonal" in known(t.factors[i][0])]
    for i in diagonal:
        for j in diagonal:
            (f, x), (g, y) = t.factors[i], t.factors[j]
            between = set(x) & set(y)
            if i >= j or f is g or len(between) != 1 or not _only(t, between, (i, j)):
                continue
            views = [*t.factors]
            views[i], views[j] = (g, x), (f, y)
            new = contract(views, range(t.rank), dict(enumerate(t.dims)))
            if new.key < t.key:
                return new
    return None


def _only(t: Contract, labels: set[int], places: Sequence[int]) -> bool:
    """Whether summed labels are carried by nothing but the factors at two places."""
    others = [x for k, (_, x) in enumerate(t.factors) if k not in places]
    return all(x >= t.rank for x in labels) and not any(labels & set(x) for x in others)
