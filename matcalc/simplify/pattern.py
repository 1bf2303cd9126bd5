"""Which entries of a result can differ from zero, at given sizes: read off its index notation.

An entry counts as zero only if no values of the variables make it anything else; numbers are never
looked at, and nothing is assumed to cancel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from matcalc.tensor.canonical import as_constant
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

Pattern = Any
"""An array of bool with the axes of the tensor."""

FROM_ZERO: Final = frozenset(
    "abs sign sin tan asin atan sinh tanh asinh atanh relu leaky_relu elu gelu silu erf square "
    "sqrt expm1 log1p xlogx gt max min floor ceil round softsign hypot".split()
)
"""Element-wise functions that are 0 where all their arguments are."""

OF_POWERS: Final = frozenset("inv expm logm sqrtm".split())
"""Functions of a matrix that are sums of its powers, so that blocks and triangles stay."""


def pattern(root: Tensor, sizes: Mapping[str, int]) -> Pattern:
    """The entries of a tensor that can differ from zero; `sizes` has a number for each name."""
    found: dict[Tensor, Pattern] = {}
    for node in postorder((root,)):
        shape = tuple(dim.evaluate(sizes) for dim in node.dims)
        found[node] = np.broadcast_to(_pattern(node, shape, found, sizes), shape)
    return found[root]


def _pattern(
    node: Tensor, shape: tuple[int, ...], found: Mapping[Tensor, Pattern], sizes: Mapping[str, int]
) -> Pattern:
    match node:
        case Atom(properties=properties):
            return _declared(shape, properties)
        case Value():
            return np.ones(shape, bool)
        case Delta():
            return np.eye(*shape, dtype=bool)
        case OneHot(index=index):
            return np.arange(shape[0]) == index if isinstance(index, int) else np.ones(shape, bool)
        case Embed(offset=offset):
            return np.eye(shape[0], shape[1], k=-offset.evaluate(sizes), dtype=bool)
        case Mask(offset=offset):
            return np.tri(shape[0], shape[1], offset, bool)
        case Contract(factors=factors):
            return _product([(found[t], labels) for t, labels in factors], len(shape))
        case Sum(terms=terms):
            return _union([(found[t], labels) for c, t, labels in terms if c], len(shape))
        case Map(fn=fn, args=args):
            if _zero_at_zero(fn, args):
                moving = args[:1] if fn == "pow" else args
                return _union([(found[t], labels) for t, labels in moving], len(shape))
            return np.ones(shape, bool)
        case Opaque(fn=fn, args=args) if fn in OF_POWERS and node.batch == 0:
            return _powers(found[args[0]])
        case Opaque():
            return np.ones(shape, bool)
        case Group(arg=arg) | Split(arg=arg):
            return found[arg].reshape(shape)
        case Bound(value=value):
            return found[value]


def _declared(shape: tuple[int, ...], properties: frozenset[str]) -> Pattern:
    ones = np.ones(shape, bool)
    if "diagonal" in properties:
        return np.eye(*shape, dtype=bool)
    if "lower" in properties:
        return np.tril(ones)
    return np.triu(ones) if "upper" in properties else ones


def _zero_at_zero(fn: object, args: Sequence[tuple[Tensor, Labels]]) -> bool:
    if fn == "pow":
        exponent = as_constant(args[1][0])
        return exponent is not None and exponent > 0
    return fn in FROM_ZERO


def _union(views: Sequence[tuple[Pattern, Labels]], rank: int) -> Pattern:
    """Where any of the views differs from zero."""
    parts = [_product([view], rank) for view in views]
    return np.logical_or.reduce(np.broadcast_arrays(*parts)) if parts else np.array(False)


def _product(views: Sequence[tuple[Pattern, Labels]], rank: int) -> Pattern:
    """Where a sum of products differs from zero; axes that nothing carries have length 1."""
    carried = sorted({label for _, labels in views for label in labels if label < rank})
    if not views:
        return np.ones((1,) * rank, bool)
    alike: dict[Labels, Pattern] = {}
    for found, labels in views:
        alike[labels] = alike[labels] & found if labels in alike else found
    flat = [part for labels, found in alike.items() for part in (found.astype(float), list(labels))]
    counts = np.einsum(*flat, carried, optimize=True)
    lengths = dict(zip(carried, counts.shape, strict=True))
    return (counts > 0).reshape([lengths.get(axis, 1) for axis in range(rank)])


def _powers(matrix: Pattern) -> Pattern:
    """Where any power of a matrix differs from zero: the places that its steps reach."""
    reached = matrix | np.eye(len(matrix), dtype=bool)
    for _ in range(len(matrix).bit_length()):
        reached = (reached.astype(float) @ reached.astype(float)) > 0
    return reached
