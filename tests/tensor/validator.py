"""The invariants of index notation, short enough to read: what every tensor of the engine obeys."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from matcalc.dims import ONE, Dim
from matcalc.expr.nodes import Shape
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Contract,
    Delta,
    Embed,
    Group,
    Labels,
    Map,
    Mask,
    OneHot,
    Opaque,
    Split,
    Sum,
    Tensor,
    Value,
    postorder,
)

View = tuple[Tensor, Labels]


def validate(root: Tensor, shape: Shape | None = None) -> None:
    """AssertionError unless a tensor and all below it are canonical, with the axes of a shape."""
    if shape is not None:
        assert root.dims == shape.dims
    for node in postorder((root,)):
        _node(node)


def _node(node: Tensor) -> None:
    match node:
        case Contract(factors=factors):
            _contraction(node, factors)
        case Sum(terms=terms):
            _sum(node, terms)
        case Map(args=args):
            _views(node, args)
            assert all(label < node.rank for _, labels in args for label in labels)
            assert {x for _, labels in args for x in labels} == set(range(node.rank)), "a broadcast"
        case Opaque(args=args, batch=batch, batched=batched):
            assert len(batched) == (len(args) if batch else 0)
            for arg, carried in zip(args, batched, strict=False):
                assert not carried or arg.dims[:batch] == node.dims[:batch]
        case Group(arg=arg, sizes=sizes):
            _regrouped(node.dims, arg.dims, sizes)
        case Split(arg=arg, sizes=sizes):
            _regrouped(arg.dims, node.dims, sizes)
        case Bound(value=value):
            assert value.dims == node.dims
        case Delta() | Mask() | Embed():
            assert node.rank == 2
        case OneHot():
            assert node.rank == 1
        case Value():
            assert node.rank == 0
        case Atom():
            pass


def _views(node: Tensor, views: Sequence[View]) -> dict[int, Dim]:
    """Axes with one label have one dimension, and the node's own axes have the node's."""
    dims = dict(enumerate(node.dims))
    for t, labels in views:
        assert len(labels) == t.rank
        for label, dim in zip(labels, t.dims, strict=True):
            assert dims.setdefault(label, dim) is dim
    return dims


def _contraction(node: Contract, factors: Sequence[View]) -> None:
    dims = _views(node, factors)
    seen = dict.fromkeys(label for _, labels in factors for label in labels)
    summed = [label for label in seen if label >= node.rank]
    assert summed == list(range(node.rank, node.rank + len(summed))), "numbers of summed labels"
    assert set(dims) == set(range(node.rank)) | set(summed)
    for t, labels in factors:
        if isinstance(t, Delta):
            assert max(labels) < node.rank, "a summed delta"
            assert labels[0] < labels[1]
        assert not (isinstance(t, Sum) and len(t.terms) < 2), "a coefficient or a zero inside"
    pairs = [(t, labels) for t, labels in factors if not isinstance(t, Delta)]
    assert len(set(pairs)) == len(pairs), "equal factors are a power"
    assert all(a[0].key <= b[0].key for a, b in pairwise(factors)), "the order of the factors"


def _sum(node: Sum, terms: Sequence[tuple[object, Tensor, Labels]]) -> None:
    _views(node, [(t, labels) for _, t, labels in terms])
    for coefficient, t, labels in terms:
        whole = type(coefficient) is int
        assert whole or (isinstance(coefficient, Fraction) and coefficient.denominator != 1)
        assert coefficient != 0
        assert not isinstance(t, Sum), "a sum inside"
        assert all(label < node.rank for label in labels)
    views = [(t, labels) for _, t, labels in terms]
    assert len(set(views)) == len(views), "like terms"
    assert all((a[0].key, a[1]) <= (b[0].key, b[1]) for a, b in pairwise(views)), "their order"
    assert [c for c, _, _ in terms] != [1], "a sum of one term"


def _regrouped(merged: Sequence[Dim], parts: Sequence[Dim], sizes: Sequence[int]) -> None:
    assert len(merged) == len(sizes)
    assert sum(sizes) == len(parts)
    for dim, start, size in zip(merged, accumulate([0, *sizes]), sizes, strict=False):
        product = ONE
        for part in parts[start : start + size]:
            product = product * part
        assert product is dim
