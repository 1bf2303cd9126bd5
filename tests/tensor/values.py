"""Tensors on numbers: what each node of index notation means, one NumPy operation a node.

This reads the docstrings of `matcalc.tensor.nodes`, not the constructors: it shares nothing with
what it tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Final

import numpy as np

from matcalc.dims import Dim
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Contract,
    Delta,
    Embed,
    Group,
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

Point = Mapping[str, Any]
Sizes = Mapping[str, int]

ELEMENTWISE: Final[dict[str, Callable[..., Any]]] = {
    "pow": np.power,
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "abs": np.abs,
    "sign": np.sign,
    "relu": lambda a: np.maximum(a, 0.0),
    "max": np.maximum,
    "min": np.minimum,
    "gt": lambda a, b: (a > b) * 1.0,
    "ge": lambda a, b: (a >= b) * 1.0,
    "eq": lambda a, b: (a == b) * 1.0,
    "where": lambda c, a, b: np.where(c != 0, a, b),
}
WHOLE: Final[dict[str, Callable[..., Any]]] = {
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "chol": np.linalg.cholesky,
    "max": np.max,
    "least_squares": lambda x, y: ((x - 2 * y) ** 2).sum(),  # a function of two vectors
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
}


def length(dim: Dim, sizes: Sizes) -> int:
    """A dimension for sizes of the names."""
    return int(sum(c * prod(sizes[name] for name in names) for names, c in dim.terms))


def value(root: Tensor, point: Point, sizes: Sizes) -> Any:
    """The array that a tensor is at a point."""
    done: dict[Tensor, Any] = {}
    for node in postorder((root,)):
        done[node] = np.asarray(_value(node, done, point, sizes), float)
        assert done[node].shape == tuple(length(d, sizes) for d in node.dims), node
    return done[root]


def einsum(
    views: Sequence[tuple[Any, Sequence[Any]]], out: Sequence[Any], lengths: Mapping[Any, int]
) -> Any:
    """The sum of products, a label of the result that nothing carries being broadcast."""
    names = {label: i for i, label in enumerate(lengths)}
    operands: list[Any] = []
    for array, labels in [*views, *((np.ones(lengths[x]), [x]) for x in out)]:
        operands += [array, [names[x] for x in labels]]
    if not operands:
        return 1.0
    return np.einsum(*operands, [names[x] for x in out])


def _value(node: Tensor, done: Mapping[Tensor, Any], point: Point, sizes: Sizes) -> Any:
    shape = tuple(length(d, sizes) for d in node.dims)

    def spread(t: Tensor, labels: Sequence[int]) -> Any:
        return einsum([(done[t], labels)], range(len(shape)), dict(enumerate(shape)))

    match node:
        case Atom(name=name):
            return point[name]
        case Value(what=what):
            return length(what, sizes) if isinstance(what, Dim) else {"pi": np.pi}[what]
        case Delta():
            return np.eye(shape[0])
        case OneHot(index=index):
            return np.eye(shape[0])[index if isinstance(index, int) else int(done[index])]
        case Embed(offset=offset):
            return np.eye(shape[0])[:, length(offset, sizes) :][:, : shape[1]]
        case Mask(offset=offset):
            return np.tril(np.ones(shape), offset)
        case Contract(factors=factors):
            lengths = dict(enumerate(shape))
            for t, labels in factors:
                lengths |= zip(labels, done[t].shape, strict=True)
            return einsum([(done[t], x) for t, x in factors], range(len(shape)), lengths)
        case Sum(terms=terms):
            return sum((float(c) * spread(t, x) for c, t, x in terms), np.zeros(shape))
        case Map(fn=fn, args=args):
            return ELEMENTWISE[str(fn)](*(spread(t, x) for t, x in args))
        case Opaque():
            return _opaque(node, shape, [done[a] for a in node.args])
        case Group(arg=arg) | Split(arg=arg):
            return done[arg].reshape(shape)
        case Bound(value=inner):
            return done[inner]


def _opaque(node: Opaque, shape: tuple[int, ...], args: Sequence[Any]) -> Any:
    if node.fn == "levi_civita":
        return np.cross(np.eye(3)[:, None], np.eye(3)[None]).transpose(2, 0, 1)
    if node.fn == "vech_basis":
        made = np.zeros(shape)
        below = [(i, j) for j in range(shape[1]) for i in range(j, shape[1])]
        for k, (i, j) in enumerate(below):
            made[k, i, j] = 1
        return made
    run = WHOLE[str(node.fn)]
    if not node.batch:
        return run(*args)
    made = np.zeros(shape)
    for place in np.ndindex(*shape[: node.batch]):
        parts = zip(args, node.batched, strict=True)
        made[place] = run(*(a[place] if carried else a for a, carried in parts))
    return made
