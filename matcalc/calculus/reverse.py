"""Reverse accumulation over the graph of a tensor: the product rule for contractions, the chain
rule for everything else, each local derivative from a line of the rule book.

The adjoint of a node has the axes of the result (those of the seed) and then the node's own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from matcalc.dims import Dim
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Function
from matcalc.tensor.canonical import (
    add,
    contract,
    delta,
    group,
    is_zero,
    opaque,
    split,
    zeros,
)
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
    operands,
    postorder,
)


@dataclass(frozen=True, slots=True)
class Linear:
    """A differential of a function at its arguments: a tensor that is linear in the variable
    `dx`."""

    rule: object
    tensor: Tensor
    dx: Tensor


class Differentials(Protocol):
    """What differentiation asks of the rule book."""

    def local(self, node: Map, position: int) -> tuple[object, Tensor]:
        """The rule, and the derivative of an element-wise function by one argument, with the node's
        axes."""

    def differential(self, node: Opaque, position: int) -> Linear:
        """The differential of a function of whole tensors in one argument."""

    def linear(self, node: Opaque, position: int) -> bool:
        """Whether the function is known to be linear in an argument."""

    def adjoint(self, node: Opaque, position: int, total: Tensor, outer: int) -> Tensor | None:
        """The share of an argument that the function is linear in, where there is a rule for it."""


def seed(dims: tuple[Dim, ...]) -> Tensor:
    """The identity of tensors of these dimensions: the derivative of a tensor by itself."""
    rank = len(dims)
    return contract([(delta(d), (i, rank + i)) for i, d in enumerate(dims)], range(2 * rank))


def derivative(
    y: Tensor, targets: Sequence[Tensor], book: Differentials, used: list[object] | None = None
) -> list[Tensor]:
    """∂y/∂target for each target: the axes of y, then those of the target."""
    found = pullback(y, seed(y.dims), y.dims, set(targets), book, used)
    return [found.get(t, zeros(y.dims + t.dims)) for t in targets]


def pullback(
    y: Tensor,
    adjoint: Tensor,
    outer: tuple[Dim, ...],
    targets: Collection[Tensor],
    book: Differentials,
    used: list[object] | None = None,
) -> dict[Tensor, Tensor]:
    """The adjoints of the targets, given that of y; its first axes are `outer`.

    The rules of local derivatives are added to `used`, in order.
    """
    order = postorder((y,))
    active = _active(order, targets)
    contributions: dict[Tensor, list[Tensor]] = {y: [adjoint]}
    found: dict[Tensor, Tensor] = {}
    for node in reversed(order):
        parts = contributions.pop(node, None)
        if parts is None or node not in active:
            continue
        dims = outer + node.dims
        total = (
            add([(1, p, tuple(range(len(dims)))) for p in parts], dims)
            if len(parts) > 1
            else parts[0]
        )
        if is_zero(total):
            continue
        if node in targets:
            found[node] = total
            continue
        for operand, share in _shares(node, total, len(outer), active, book, used):
            if not is_zero(share):
                contributions.setdefault(operand, []).append(share)
    return found


def _active(order: Sequence[Tensor], targets: Collection[Tensor]) -> set[Tensor]:
    """The nodes that depend on a target; what is below a target does not count."""
    active: set[Tensor] = set()
    for node in order:
        if node in targets or any(o in active for o in operands(node)):
            active.add(node)
    return active


def _shares(
    node: Tensor,
    total: Tensor,
    outer: int,
    active: set[Tensor],
    book: Differentials,
    used: list[object] | None,
) -> list[tuple[Tensor, Tensor]]:
    """What each operand that matters gets of a node's adjoint."""
    own = tuple(range(outer, outer + node.rank))
    everything = tuple(range(outer + node.rank))
    front = everything[:outer]
    match node:
        case Contract(factors=factors):
            return _contract_shares(node, factors, total, outer, active)
        case Sum(terms=terms):
            result = []
            for c, t, labels in terms:
                if t in active:
                    out = (*front, *(own[i] for i in labels))
                    result.append((t, contract([(total, everything)], out, coefficient=c)))
            return result
        case Map(args=args):
            result = []
            for position, (t, labels) in enumerate(args):
                if t in active:
                    rule, local = book.local(node, position)
                    if used is not None:
                        used.append(rule)
                    out = (*front, *(own[i] for i in labels))
                    result.append((t, contract([(total, everything), (local, own)], out)))
            return result
        case Opaque():
            return _opaque_shares(node, total, outer, active, book, used)
        case Group(arg=arg, sizes=sizes):
            return [(arg, split(total, (1,) * outer + sizes, total.dims[:outer] + arg.dims))]
        case Split(arg=arg, sizes=sizes):
            return [(arg, group(total, (1,) * outer + sizes))]
        case Bound(value=value):
            return [(value, total)]
        case OneHot(index=index):
            raise DerivationError(
                f"there is no derivative by an index, and {index!r} is used as one"
            )
        case Atom() | Value() | Delta() | Embed() | Mask():
            return []


def _contract_shares(
    node: Contract,
    factors: tuple[tuple[Tensor, Labels], ...],
    total: Tensor,
    outer: int,
    active: set[Tensor],
) -> list[tuple[Tensor, Tensor]]:
    """The product rule: each factor gets the adjoint times all the other factors."""
    result = []
    dims = {outer + x: d for t, labels in factors for x, d in zip(labels, t.dims, strict=True)}
    everything = tuple(range(outer + node.rank))
    views = [(t, tuple([outer + x for x in labels])) for t, labels in factors]
    for i, (t, labels) in enumerate(views):
        if t in active:
            others = views[:i] + views[i + 1 :]
            result.append(
                (t, contract([(total, everything), *others], (*range(outer), *labels), dims))
            )
    return result


def _opaque_shares(
    node: Opaque,
    total: Tensor,
    outer: int,
    active: set[Tensor],
    book: Differentials,
    used: list[object] | None,
) -> list[tuple[Tensor, Tensor]]:
    if isinstance(node.fn, tuple):
        return _unknown_shares(node, node.fn, total, outer)
    result = []
    for position, t in enumerate(node.args):
        if t not in active:
            continue
        share = book.adjoint(node, position, total, outer)
        if share is not None:
            result.append((t, share))
            continue
        linear = book.differential(node, position)
        if used is not None:
            used.append(linear.rule)
        shares = pullback(linear.tensor, total, total.dims[:outer], {linear.dx}, book)
        if linear.dx in shares:
            result.append((t, shares[linear.dx]))
    return result


def _unknown_shares(
    node: Opaque, fn: tuple[Function, int], total: Tensor, outer: int
) -> list[tuple[Tensor, Tensor]]:
    """The derivative of an unknown function is the function's own next derivative."""
    function, order = fn
    arg = node.args[0]
    inner = arg.dims[node.batch :]
    slope = opaque((function, order + 1), [arg], node.dims + inner, node.batch, node.batched)
    places = tuple(range(outer, outer + node.rank))
    after = tuple(range(outer + node.rank, outer + node.rank + len(inner)))
    front = tuple(range(outer + node.rank))
    share = contract(
        [(total, front), (slope, places + after)], (*front[:outer], *places[: node.batch], *after)
    )
    return [(arg, share)]
