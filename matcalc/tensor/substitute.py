"""Replacing variables in index notation, with an axis or several carried along (as `axis=` and
rules need it).

A rule is written once, for scalars or vectors; here it is put to use on matrices: a variable may be
replaced by a tensor with extra leading axes, and everything that depends on it gets those axes too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcalc.dims import Dim
from matcalc.tensor.canonical import add, apply_map, contract, group, mask, opaque, size, split
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
    intern,
    operands,
    postorder,
)


class Substitution:
    """Variables to replace by tensors, dimension names by dimensions; `batch` are the axes carried
    along."""

    def __init__(
        self,
        values: Mapping[Tensor, Tensor],
        dims: Mapping[str, Dim] | None = None,
        batch: tuple[Dim, ...] = (),
    ) -> None:
        self.dims = dims or {}
        self.batch = batch
        self.done: dict[Tensor, tuple[Tensor, bool]] = {}
        self.values = values

    def __call__(self, root: Tensor) -> Tensor:
        """root with the variables replaced; the carried axes first, whether it depends on them or
        not."""
        result, batched = self.carried(root)
        if batched or not self.batch:
            return result
        own = range(len(self.batch), len(self.batch) + result.rank)
        everything = dict(enumerate(self.batch + result.dims))
        return contract([(result, own)], range(len(everything)), everything)

    def carried(self, root: Tensor) -> tuple[Tensor, bool]:
        """root with the variables replaced, and whether it has the carried axes."""
        for node in postorder((root,), self.done, self._inside):
            self.done[node] = self._replaced(node)
        return self.done[root]

    def _inside(self, node: Tensor) -> tuple[Tensor, ...]:
        """What has to be replaced before a node."""
        return () if node in self.values else operands(node)

    def _dims(self, node: Tensor) -> tuple[Dim, ...]:
        return tuple(d.substitute(self.dims) for d in node.dims) if self.dims else node.dims

    def _view(self, t: Tensor, labels: Labels) -> tuple[Tensor, Labels, bool]:
        """The replaced operand with its labels after the carried ones."""
        new, batched = self.done[t]
        shift = len(self.batch)
        own = tuple([x + shift for x in labels])
        return (new, (*range(shift), *own), True) if batched else (new, own, False)

    def _replaced(self, node: Tensor) -> tuple[Tensor, bool]:
        value = self.values.get(node)
        if value is not None:
            return value, value.rank > node.rank
        dims = self._dims(node)
        match node:
            case Contract(factors=parts):
                return self._contract(parts, dims)
            case Sum(terms=terms):
                views = [(c, *self._view(t, labels)) for c, t, labels in terms]
                batched = any(b for *_, b in views)
                return add(
                    [(c, t, self._unshift(x, batched)) for c, t, x, _ in views],
                    self._all(dims, batched),
                ), batched
            case Map(fn=fn, args=parts):
                args = [self._view(t, labels) for t, labels in parts]
                batched = any(b for *_, b in args)
                moved = [(t, self._unshift(x, batched)) for t, x, _ in args]
                return apply_map(fn, moved, self._all(dims, batched)), batched
            case Opaque():
                return self._opaque(node, dims)
            case Group(arg=arg, sizes=sizes):
                new, batched = self.done[arg]
                return group(new, (1,) * (len(self.batch) if batched else 0) + sizes), batched
            case Split(arg=arg, sizes=sizes):
                new, batched = self.done[arg]
                before = (1,) * (len(self.batch) if batched else 0)
                return split(new, before + sizes, self._all(dims, batched)), batched
            case Bound(value=inner):
                new, batched = self.done[inner]
                return (node, False) if new is inner else (new, batched)
            case _:
                return self._leaf(node, dims), False

    def _leaf(self, node: Tensor, dims: tuple[Dim, ...]) -> Tensor:
        match node:
            case Value(what=Dim() as what) if self.dims:
                return contract([(size(what.substitute(self.dims)), ())], ())
            case Embed(offset=offset) if self.dims:
                return intern(Embed, dims, offset.substitute(self.dims))
            case OneHot(index=index) if not isinstance(index, int):
                return intern(OneHot, dims, self.done[index][0])
            case OneHot(index=index):
                return intern(OneHot, dims, index)
            case Mask(offset=offset):
                return mask(dims, offset)
            case Delta():
                return intern(Delta, dims)
            case Atom(name=name, properties=properties):
                return intern(Atom, dims, name, properties)
            case _:
                return node

    def _all(self, dims: tuple[Dim, ...], batched: bool) -> tuple[Dim, ...]:
        return self.batch + dims if batched else dims

    def _unshift(self, labels: Labels, batched: bool) -> Labels:
        return labels if batched else tuple([x - len(self.batch) for x in labels])

    def _contract(
        self, parts: tuple[tuple[Tensor, Labels], ...], dims: tuple[Dim, ...]
    ) -> tuple[Tensor, bool]:
        views = [self._view(t, labels) for t, labels in parts]
        batched = any(b for *_, b in views)
        shift = len(self.batch)
        out = [*(range(shift) if batched else ()), *range(shift, shift + len(dims))]
        extra = dict(enumerate(self.batch + dims))
        return contract([(t, labels) for t, labels, _ in views], out, extra), batched

    def _opaque(self, node: Opaque, dims: tuple[Dim, ...]) -> tuple[Tensor, bool]:
        done = [self.done[a] for a in node.args]
        if not any(b for _, b in done):
            return opaque(node.fn, [t for t, _ in done], dims, node.batch, node.batched), False
        flags = list(node.batched) or [False] * len(done)
        args = []
        for (t, batched), old in zip(done, flags, strict=True):
            if old and not batched:
                everything = dict(enumerate(self.batch + t.dims))
                own = range(len(self.batch), len(everything))
                t = contract([(t, own)], range(len(everything)), everything)
            args.append(t)
        both = [a or b for (_, a), b in zip(done, flags, strict=True)]
        if node.batch and any(a and not b for (_, a), b in zip(done, flags, strict=True)):
            args = [
                self._with_inner_batch(t, a, b, node)
                for t, (_, a), b in zip(args, done, flags, strict=True)
            ]
        return opaque(node.fn, args, self.batch + dims, node.batch + len(self.batch), both), True

    def _with_inner_batch(self, t: Tensor, batched: bool, inner: bool, node: Opaque) -> Tensor:
        """t with the axes that the node already carries, broadcast, after those carried now."""
        if inner or not batched:
            return t
        k, b = len(self.batch), node.batch
        labels = [*range(k), *range(k + b, b + t.rank)]
        everything = self.batch + self._dims(node)[:b] + t.dims[k:]
        return contract([(t, labels)], range(len(everything)), dict(enumerate(everything)))


def with_operands(node: Contract | Sum | Map, new: Sequence[Tensor]) -> Tensor:
    """The node with other operands in the places of its own; what is inside them is left alone."""
    match node:
        case Contract(factors=parts):
            views = [(t, labels) for t, (_, labels) in zip(new, parts, strict=True)]
            return contract(views, range(node.rank), dict(enumerate(node.dims)))
        case Sum(terms=terms):
            return add(
                [(c, t, labels) for t, (c, _, labels) in zip(new, terms, strict=True)], node.dims
            )
        case Map(fn=fn, args=parts):
            return apply_map(
                fn, [(t, labels) for t, (_, labels) in zip(new, parts, strict=True)], node.dims
            )


def without_names(t: Tensor) -> Tensor:
    """t with bound names replaced by what they are bound to."""
    return _Unnamed({})(t)


class _Unnamed(Substitution):
    """Bound names replaced by their values."""

    def _replaced(self, node: Tensor) -> tuple[Tensor, bool]:
        return self.done[node.value] if isinstance(node, Bound) else super()._replaced(node)
