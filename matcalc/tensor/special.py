"""Constant tensors of rank 3 in a network: the antisymmetric tensor is a cross product or a
skew-symmetric matrix, the basis of vech is vech() or its inverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.tensor.canonical import LEVI_CIVITA, VECH_BASIS
from matcalc.tensor.nodes import Labels, Opaque, Tensor

if TYPE_CHECKING:
    from matcalc.tensor.network import Network


def is_special(t: Tensor) -> bool:
    """Whether a tensor of rank 3 is one that a network can write."""
    return isinstance(t, Opaque) and t.fn in (LEVI_CIVITA, VECH_BASIS)


def resolve(network: Network, t: Tensor, labels: Labels) -> bool:
    """Write one special factor by means of what its indices carry already; False if that is not
    enough yet."""
    assert isinstance(t, Opaque)
    return _antisymmetric(network, labels) if t.fn == LEVI_CIVITA else _triangle(network, labels)


def _free(network: Network, label: int) -> bool:
    """Whether a summed index carries a vector and nothing else."""
    touched = any(label in (e.a, e.b) for e in network.edges)
    others = sum(label in labels for _, labels in network.specials)
    return label >= network.rank and not touched and others == 1


def _antisymmetric(network: Network, labels: Labels) -> bool:
    ready = [i for i, label in enumerate(labels) if _free(network, label)]
    if not ready:
        return False
    if len(ready) == 1:
        (place,) = ready
        column = _taken(network, labels[place])
        matrix = build.call(Shape((column.shape.dims[0],) * 2), "skew", [column])
        rows, columns = ((2, 1), (0, 2), (1, 0))[place]
        network.add_edge(labels[rows], labels[columns], matrix)
        return True
    rest = ({0, 1, 2} - set(ready[:2])).pop() if len(ready) == 2 else 0
    first, second = labels[(rest + 1) % 3], labels[(rest + 2) % 3]
    left, right = _taken(network, first), _taken(network, second)
    network.vectors[labels[rest]].above.append(build.call(left.shape, "cross", [left, right]))
    return True


def _taken(network: Network, label: int) -> Expr:
    column = network.vectors.pop(label).expr()
    return build.filled("ones", Shape((network.dims[label],))) if column is None else column


def _triangle(network: Network, labels: Labels) -> bool:
    k, i, j = labels
    n = network.dims[i]
    if _free(network, k):
        column = _taken(network, k)
        network.add_edge(i, j, build.call(Shape((n, n)), "unvech", [column, build.size(n)]))
        return True
    between = [e for e in network.edges if {e.a, e.b} == {i, j}]
    others = [e for e in network.edges if e not in between and {e.a, e.b} & {i, j}]
    shared = sum(bool({i, j} & set(x)) for _, x in network.specials)
    if i < network.rank or j < network.rank or others or shared > 1:
        return False
    matrix = network.scaled_edge(i, j, between)
    network.vectors[k].above.append(build.call(Shape((network.dims[k],)), "vech", [matrix]))
    return True
