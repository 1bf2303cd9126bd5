"""Index notation back into matrix notation: the search for how a mathematician would write a
tensor.

Contractions are handed to `notation`; everything else is written here, node by node.  What has no
matrix notation is written with einsum, which the language reads back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from matcalc.dims import Dim
from matcalc.errors import DerivationError
from matcalc.expr import build
from matcalc.expr.nodes import Call, Expr, Named, Shape, Symbol
from matcalc.expr.order import ordered_terms
from matcalc.expr.writing import cost, multiple, power, product, transposed
from matcalc.tensor import notation, stacking
from matcalc.tensor.blocks import diagonal_blocks
from matcalc.tensor.canonical import (
    UNIT,
    VECH_BASIS,
    as_constant,
    primitive_part,
    scaled,
    transpose,
)
from matcalc.tensor.constructors import Term, View
from matcalc.tensor.graph import whole_power
from matcalc.tensor.kronecker import kronecker
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
    Rational,
    Split,
    Sum,
    Tensor,
    Value,
    operands,
)
from matcalc.tensor.traits import EVEN, OF_ENTRIES, at_the_point, turned_order
from matcalc.tensor.words import Words, is_turned

_COMPARE: Final = {"gt": ">", "ge": ">=", "eq": "=="}


class Lift:
    """One pass from index to matrix notation; `known` says which tensors the user has words for."""

    def __init__(self, known: Mapping[Tensor, Expr] | None = None) -> None:
        self.known = known or {}
        self.differences = known.differences if isinstance(known, Words) else frozenset()
        self.done: dict[Tensor, Expr] = {}
        self._multiples: dict[tuple[Rational, Tensor], Expr] = {}

    def __call__(self, root: Tensor) -> Expr:
        """A matrix expression of a tensor; vectors are columns."""
        pending = [root]
        while pending:
            node = pending[-1]
            missing = [t for t in self._inside(node) if t not in self.done]
            if missing:
                pending.extend(missing)
            else:
                self.column(node)
                pending.pop()
        return self.done[root]

    def _inside(self, t: Tensor) -> tuple[Tensor, ...]:
        """What has to be written before t; products in a sum are written with their numbers."""
        if t in self.done or (isinstance(t, Bound) and t in self.known):
            return ()
        if isinstance(t, Sum):
            parts = [operands(a) if isinstance(a, Contract) else (a,) for _, a, _ in t.terms]
            return tuple([inner for part in parts for inner in part])
        return operands(t)

    def column(self, t: Tensor) -> Expr:
        """The expression of a tensor whose operands have been written."""
        found = self.done.get(t)
        if found is None:
            known = self.known.get(t)
            if known is not None and isinstance(t, Bound | Atom):  # a name, or what stands for it
                found = known
            else:
                found = self._written(t)
                if known is not None and cost(known) <= cost(found):
                    found = known
            self.done[t] = found
        return found

    def matrix(self, t: Tensor, swapped: bool) -> Expr:
        """A rank-2 tensor, or its transpose, in the shorter way."""
        plain = self.column(t)
        if not swapped:
            return plain
        if isinstance(t, Sum | Map | Group | Contract):
            other = self.column(transpose(t))
            if cost(other) <= cost(transposed(plain)):
                return other
        order = turned_order(t.fn) if isinstance(t, Opaque) else None
        if order is not None and isinstance(t, Opaque) and len(order) > 1:
            args = [self.matrix(t.args[i], swapped=True) for i in order]
            return build.call(Shape(t.dims[::-1]), str(t.fn), args)
        return transposed(plain)

    def _written(self, t: Tensor) -> Expr:
        match t:
            case Atom(dims=dims, name=name, properties=properties):
                return build.symbol(name, Shape(dims), at_the_point(properties))
            case Value(what=what):
                return build.size(what) if isinstance(what, Dim) else build.constant(what)
            case Bound(name=name, value=value):
                return self._named(name, value)
            case Delta(dims=dims):
                return build.eye(dims[0])
            case OneHot(index=index, dims=dims):
                place = build.number(index) if isinstance(index, int) else self.column(index)
                return build.call(Shape(dims), "e", [place, build.size(dims[0])])
            case Embed():
                return stacking.selection(t)
            case Mask(offset=offset, dims=dims):
                return self.triangle(build.filled("ones", Shape(dims)), True, offset)
            case Contract():
                return self._multiple(1, t)
            case Sum():
                return self._sum(t)
            case Map():
                return self._map(t)
            case Opaque():
                return self._opaque(t)
            case Group():
                return self._group(t)
            case Split(arg=arg):
                return self._split(t, arg)

    def _named(self, name: str, value: Tensor) -> Named:
        expr = self.column(value)
        known = self.known.get(value)
        return build.named(name, known if known is not None else expr)

    @staticmethod
    def triangle(matrix: Expr, lower: bool, offset: int) -> Expr:
        args = [matrix, build.number(offset)] if offset else [matrix]
        return build.call(matrix.shape, "tril" if lower else "triu", args)

    # --- sums

    def _sum(self, t: Sum) -> Expr:
        constant = as_constant(t)
        if constant is not None:
            return self._filled(constant, t.dims)
        blocks = diagonal_blocks(t)
        if blocks is not None:
            parts = [self(block) for block, _ in blocks]
            return build.call(Shape(t.dims), "blockdiag", parts)
        stacked = stacking.stack(self, t)
        if stacked is not None:
            return stacked
        if t.rank > 2:
            return self._einsum_sum(t)
        plain = self.sum_of(t.terms, t.dims)
        content, primitive = primitive_part(t)
        if abs(content) != 1 and isinstance(primitive, Sum):
            turned = [(-c, a, labels) for c, a, labels in primitive.terms]
            pulled = [
                multiple(content, self.sum_of(primitive.terms, t.dims)),
                multiple(-content, self.sum_of(turned, t.dims)),
            ]
            return min([plain, *pulled], key=cost)
        return plain

    def sum_of(self, terms: Sequence[Term], dims: tuple[Dim, ...]) -> Expr:
        """The sum of the terms, in the textbook's order."""
        spread = any(_is_matrix(a) for _, a, labels in terms if len(labels) == 2)
        made = build.add(
            ordered_terms([self.term(c, a, labels, dims, spread) for c, a, labels in terms])
        )
        if dims and not made.shape.dims:  # a scalar, expanded
            return product([made, self._filled(1, dims)])
        return made

    @staticmethod
    def _filled(value: Rational, dims: tuple[Dim, ...]) -> Expr:
        """An array of one number; of rank 3 and more as an einsum of vectors."""
        name: Literal["ones", "zeros"] = "ones" if value else "zeros"
        if len(dims) <= 2:
            filled = build.filled(name, Shape(dims))
        else:
            axes = "abcdefghijkl"[: len(dims)]
            parts = [build.filled(name, Shape((d,))) for d in dims]
            filled = build.einsum(f"{','.join(axes)}->{axes}", parts)
        return multiple(value, filled) if value else filled

    def term(
        self, c: Rational, t: Tensor, labels: Labels, dims: tuple[Dim, ...], spread: bool = False
    ) -> Expr:
        """c times a view, expanded to dims where the language does not do so, or `spread` asks for
        it."""
        rank = len(dims)
        if not labels and spread:
            return notation.write_view(self, t, labels, dims, c)
        if t is UNIT:
            return build.number(c)
        if rank == 2 and len(labels) == 1:
            return notation.write_view(self, t, labels, dims, c)
        if isinstance(t, Contract) and t not in self.known:
            return self._multiple(c, t)
        if c < 0 and t not in self.known and self._may_turn(t):
            return notation.write_view(self, t, labels, dims, c)
        if isinstance(t, Group) and labels == (0, 1):
            return kronecker(self, t, c) or multiple(c, self.column(t))
        if len(labels) == 2 and labels == (1, 0):
            return multiple(c, self.matrix(t, swapped=True))
        if len(set(labels)) < len(labels):
            return notation.write_view(self, t, labels, dims, c)
        return multiple(c, self.column(t))

    def _may_turn(self, t: Tensor) -> bool:
        """Whether a minus may go into the base of a power: -(a - b)^3 is (b - a)^3."""
        base, _ = whole_power(t)
        return base is not t and base not in self.differences

    def _multiple(self, c: Rational, t: Contract) -> Expr:
        """c times a contraction."""
        found = self._multiples.get((c, t))
        if found is None:
            stacked = stacking.contraction(self, t)
            found = notation.write(self, t, c) if stacked is None else multiple(c, stacked)
            self._multiples[c, t] = found
        return found

    def _einsum_sum(self, t: Sum) -> Expr:
        whole = tuple(range(t.rank))
        written = [
            multiple(c, self.column(a))
            if labels == whole and not isinstance(a, Contract)
            else notation.write_view(self, a, labels, t.dims, c)
            for c, a, labels in t.terms
        ]
        return build.add(ordered_terms(written))

    # --- element-wise functions

    def operand(self, view: View, dims: tuple[Dim, ...]) -> Expr:
        """An operand of an element-wise function: a scalar, or expanded to dims."""
        t, labels = view
        if not labels or (len(dims) <= 2 and labels == tuple(range(len(dims)))):
            return self.column(t)
        return notation.write_view(self, t, labels, dims, 1)

    def _map(self, t: Map) -> Expr:
        views = [self._as_written(view) for view in t.args] if _is_even(t) else t.args
        args = [self.operand(view, t.dims) for view in views]
        if isinstance(t.fn, tuple):
            return build.apply(t.fn[0], t.fn[1], args[0])
        if t.fn in _COMPARE:
            return self._compare(t.fn, args)
        if t.fn == "pow":
            return self._power(t, args)
        return build.call(Shape(t.dims), t.fn, args)

    def _as_written(self, view: View) -> View:
        """An operand whose sign does not matter, the way round in which the user wrote it."""
        t, labels = view
        parts = [f for f, _ in t.factors] if isinstance(t, Contract) else [t]
        turned = sum(is_turned(part, self.differences) for part in parts)
        return (scaled(t, -1), labels) if turned % 2 else view

    @staticmethod
    def _compare(fn: str, args: Sequence[Expr]) -> Expr:
        left, right = args
        number = build.is_number(left) and not build.is_number(right)
        name = isinstance(left, Symbol | Named) and isinstance(right, Call)
        if number or name:  # |r| < d, as it is said
            return build.compare({"gt": "<", "ge": "<=", "eq": "=="}[fn], right, left)
        return build.compare(_COMPARE[fn], left, right)

    def _power(self, t: Map, args: Sequence[Expr]) -> Expr:
        k = as_constant(t.args[1][0])
        if k is None:
            return self._root_power(t, args) or build.power(args[0], args[1], elementwise=True)
        size = -k if k < 0 else k
        raised = power(args[0], size) if t.rank else self.raised(t.args[0][0], size)
        return build.divide(build.number(1), raised) if k < 0 else raised

    def _root_power(self, t: Map, args: Sequence[Expr]) -> Expr | None:
        """(x · x)^(p / 2) as norm(x)^p, where that is shorter."""
        root = None if t.rank else sum_of_squares(t.args[0][0])
        if root is None:
            return None
        doubled = self.column(scaled(t.args[1][0], 2))
        root, _ = self._as_written((root, ()))
        norm = build.call(Shape(), "norm", [self.column(root)])
        return build.power(norm, doubled) if cost(doubled) < cost(args[1]) else None

    def raised(self, base: Tensor, k: Rational) -> Expr:
        """base^k for a positive k; the root of a sum of squares is a norm."""
        root = sum_of_squares(base) if not isinstance(k, int) and 2 * k == int(2 * k) else None
        if root is None:
            return power(self.column(base), k)
        root, _ = self._as_written((root, ()))
        return power(build.call(Shape(), "norm", [self.column(root)]), 2 * k)

    # --- functions of whole tensors

    def _opaque(self, t: Opaque) -> Expr:
        args = [self.column(a) for a in t.args]
        if isinstance(t.fn, tuple):
            function, order = t.fn
            return build.apply(function, order, args[0])
        if t.fn == "inv" and not t.batch:
            return build.inverse(args[0])
        if t.batch:
            if t.rank > 2 or any(a.shape.rank > 2 for a in args):
                raise DerivationError(
                    f"the result needs {t.fn} of many matrices at once, "
                    "for which there is no notation",
                    suggestion="a scalar of it (a trace, a bilinear form), "
                    "or a derivative by a scalar",
                )
            return self._along(t, t.fn, args)
        if t.fn == VECH_BASIS:
            args = [build.size(t.dims[1])]
        if t.fn in OF_ENTRIES and isinstance(args[0], Call) and args[0].name == "vec":
            args = list(args[0].args)
        return build.call(Shape(t.dims), t.fn, args)

    def _along(self, t: Opaque, fn: str, args: Sequence[Expr]) -> Expr:
        """A function of each row; of a transpose, the function of each column."""
        first = args[0]
        turned = transposed(first)
        if cost(turned) < cost(first):
            others = [transposed(a) if b else a for a, b in zip(args, t.batched, strict=True)]
            shape = Shape(t.dims if t.rank == 1 else t.dims[::-1])
            made = build.call(shape, fn, others, 0)
            return transposed(made) if t.rank == 2 else made
        return build.call(Shape(t.dims), fn, args, 1)

    # --- regrouped axes

    def _group(self, t: Group) -> Expr:
        kron = kronecker(self, t)
        if kron is not None:
            return kron
        if t.rank == 1 and t.sizes == (2,):
            inner = self.matrix(t.arg, swapped=True)
            return build.call(Shape(t.dims), "vec", [inner])
        return build.call(Shape(t.dims), "reshape", [self.column(t.arg), *map(build.size, t.dims)])

    def _split(self, t: Split, arg: Tensor) -> Expr:
        if t.sizes == (2,):
            n, m = t.dims
            made = build.call(
                Shape((m, n)), "unvec", [self.column(arg), build.size(m), build.size(n)]
            )
            return build.transpose(made)
        return build.call(Shape(t.dims), "reshape", [self.column(arg), *map(build.size, t.dims)])


def _is_matrix(t: Tensor) -> bool:
    """Whether t is thought of as a matrix, not as a table of entries: a diagonal matrix or an outer
    product.

    A number added to such is written as a matrix too, lest it be read as a multiple of the
    identity.
    """
    if isinstance(t, Contract):
        return any(isinstance(f, Delta) for f, _ in t.factors) or all(
            len(x) < 2 for _, x in t.factors
        )
    return isinstance(t, Delta)


def _is_even(t: Map) -> bool:
    """Whether an element-wise function does not see the sign of its first operand."""
    if t.fn == "pow":
        k = as_constant(t.args[1][0])
        return isinstance(k, int) and k % 2 == 0
    return t.fn in EVEN


def sum_of_squares(t: Tensor) -> Tensor | None:
    """x, if t is the sum of the squares of all entries of an array x."""
    if t.rank or not isinstance(t, Contract) or len(t.factors) != 1:
        return None
    square, labels = t.factors[0]
    if not isinstance(square, Map) or square.fn != "pow" or as_constant(square.args[1][0]) != 2:
        return None
    base, axes = square.args[0]
    whole = tuple(range(square.rank))
    return base if axes == whole and len(set(labels)) == len(labels) and base.rank else None
