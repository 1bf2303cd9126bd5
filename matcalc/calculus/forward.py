"""Forward accumulation over the graph of a tensor: the derivative along given directions.

Every node gets a tangent, the derivative of it along the directions, with the node's own axes: what
a differential d f is linear in d x as, and what J v is.  Never is a Jacobian built.  The rules are
those of reverse accumulation, read in the other direction.

Source: A. Griewank, A. Walther, Evaluating Derivatives, sec. 3.1; Magnus & Neudecker, ch. 5.
"""

from __future__ import annotations

from collections.abc import Mapping

from matcalc.calculus.reverse import Differentials
from matcalc.errors import DerivationError
from matcalc.tensor.canonical import add, contract, group, is_zero, opaque, split, zeros
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
from matcalc.tensor.substitute import Substitution


def pushforward(
    y: Tensor,
    directions: Mapping[Tensor, Tensor],
    book: Differentials,
    used: list[object] | None = None,
) -> Tensor:
    """Σ ∂y/∂target · direction over the targets: the axes of y.

    What is below a target is constant, as in reverse accumulation, and the rules of local
    derivatives are added to `used`.
    """
    return _Forward(directions, book, used)(y)


class _Forward:
    """The tangents of the nodes of one graph; None where a node does not depend on a target."""

    def __init__(
        self,
        directions: Mapping[Tensor, Tensor],
        book: Differentials,
        used: list[object] | None,
    ) -> None:
        self.book = book
        self.used = used
        self.directions = directions
        self.tangents: dict[Tensor, Tensor | None] = {}

    def __call__(self, y: Tensor) -> Tensor:
        for node in postorder((y,)):
            direction = self.directions.get(node)
            made = direction if direction is not None else self.tangent(node)
            self.tangents[node] = None if made is None or is_zero(made) else made
        found = self.tangents[y]
        return zeros(y.dims) if found is None else found

    def tangent(self, node: Tensor) -> Tensor | None:
        """The tangent of a node from those of its operands."""
        match node:
            case Contract():
                return self._contract(node)
            case Sum(terms=terms, dims=dims):
                moved = [(c, self.tangents[t], labels) for c, t, labels in terms]
                kept = [(c, t, labels) for c, t, labels in moved if t is not None]
                return add(kept, dims) if kept else None
            case Map():
                return self._map(node)
            case Opaque():
                return self._opaque(node)
            case Group(arg=arg, sizes=sizes):
                inner = self.tangents[arg]
                return None if inner is None else group(inner, sizes)
            case Split(arg=arg, sizes=sizes, dims=dims):
                inner = self.tangents[arg]
                return None if inner is None else split(inner, sizes, dims)
            case Bound(value=value):
                return self.tangents[value]
            case OneHot(index=index):
                if not isinstance(index, int) and self.tangents[index] is not None:
                    raise DerivationError(
                        f"there is no derivative by an index, and {index!r} is used as one"
                    )
                return None
            case Atom() | Value() | Delta() | Embed() | Mask():
                return None

    def _total(self, shares: list[Tensor], node: Tensor) -> Tensor | None:
        if len(shares) < 2:
            return shares[0] if shares else None
        axes = tuple(range(node.rank))
        return add([(1, share, axes) for share in shares], node.dims)

    def _contract(self, node: Contract) -> Tensor | None:
        """The product rule."""
        dims = {x: d for t, labels in node.factors for x, d in zip(labels, t.dims, strict=True)}
        dims.update(enumerate(node.dims))
        shares = []
        for i, (t, labels) in enumerate(node.factors):
            inner = self.tangents[t]
            if inner is not None:
                views = [*node.factors[:i], (inner, labels), *node.factors[i + 1 :]]
                shares.append(contract(views, range(node.rank), dims))
        return self._total(shares, node)

    def _map(self, node: Map) -> Tensor | None:
        own = tuple(range(node.rank))
        shares = []
        for position, (t, labels) in enumerate(node.args):
            inner = self.tangents[t]
            if inner is not None:
                rule, slope = self.book.local(node, position)
                self._noted(rule)
                views = [(slope, own), (inner, labels)]
                shares.append(contract(views, own, dict(enumerate(node.dims))))
        return self._total(shares, node)

    def _opaque(self, node: Opaque) -> Tensor | None:
        shares = []
        for position, t in enumerate(node.args):
            inner = self.tangents[t]
            if inner is None:
                continue
            if isinstance(node.fn, tuple):
                shares.append(self._unknown(node, inner))
            elif self.book.linear(node, position):
                args = [*node.args[:position], inner, *node.args[position + 1 :]]
                shares.append(opaque(node.fn, args, node.dims, node.batch, node.batched))
            else:
                linear = self.book.differential(node, position)
                self._noted(linear.rule)
                shares.append(Substitution({linear.dx: inner})(linear.tensor))
        return self._total(shares, node)

    def _unknown(self, node: Opaque, inner: Tensor) -> Tensor:
        """J_f(x) dx, the function's own next derivative."""
        assert isinstance(node.fn, tuple)
        function, order = node.fn
        (arg,) = node.args
        extra = arg.dims[node.batch :]
        slope = opaque((function, order + 1), [arg], node.dims + extra, node.batch, node.batched)
        own = tuple(range(node.rank))
        after = tuple(range(node.rank, node.rank + len(extra)))
        return contract([(slope, own + after), (inner, own[: node.batch] + after)], own)

    def _noted(self, rule: object) -> None:
        if self.used is not None:
            self.used.append(rule)
