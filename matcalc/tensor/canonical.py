"""The constructors of index notation, which keep it in canonical form.

Contractions flatten and lose their deltas as they are built, since that is what a contraction means;
equal factors become powers, like terms become one, coefficients move to the front, broadcasts and
permutations move outwards.  A product is never distributed over a sum here.  Two tensors that differ
only in the names of their indices are the same object.

`contract`, `add` and `apply_map` call one another, which is why they share a module.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd
from typing import Final

from matcalc.dims import ONE, Dim
from matcalc.expr.nodes import Function
from matcalc.tensor.nodes import (
    Atom,
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
    intern,
)
from matcalc.tensor.order import Factor, ordered
from matcalc.tensor.traits import IDEMPOTENT, commutes_with_transpose

Operand = tuple[Tensor, Sequence[Hashable]]
Fn = str | tuple[Function, int]

FLAT: Final = (
    24  # a contraction takes in its factors' factors up to this many, so that sharing is kept
)
MEMO: Final = 50_000

UNIT: Final = intern(Contract, (), ())


def rational(value: Rational) -> Rational:
    """An int where the value is whole: ints are faster."""
    return (
        value if isinstance(value, int) else (value.numerator if value.denominator == 1 else value)
    )


def constant(value: Rational, dims: tuple[Dim, ...] = ()) -> Tensor:
    """A rational number, broadcast to dims."""
    value = rational(value)
    if value == 0:
        return intern(Sum, dims, ())
    unit = UNIT if not dims else intern(Contract, dims, ())
    return unit if value == 1 else intern(Sum, dims, ((value, UNIT, ()),))


def zeros(dims: tuple[Dim, ...]) -> Tensor:
    """The zero tensor."""
    return intern(Sum, dims, ())


def is_zero(t: Tensor) -> bool:
    return isinstance(t, Sum) and not t.terms


def as_constant(t: Tensor) -> Rational | None:
    """The rational number that every entry of t is, if it is one."""
    if isinstance(t, Contract):
        return None if t.factors else 1
    if isinstance(t, Sum):
        if not t.terms:
            return 0
        if len(t.terms) == 1 and t.terms[0][1] is UNIT:
            return t.terms[0][0]
    return None


def delta(dim: Dim) -> Tensor:
    """The identity of a dimension."""
    return intern(Delta, (dim, dim))


def size(dim: Dim) -> Tensor:
    """A dimension as a number."""
    value = dim.value
    return intern(Value, (), dim) if value is None else constant(value)


def one_hot(index: int | Tensor, dim: Dim) -> Tensor:
    """e(i, n)."""
    return intern(OneHot, (dim,), index)


def mask(dims: tuple[Dim, ...], offset: int) -> Tensor:
    """The lower triangle of ones; an upper one is its transpose."""
    return intern(Mask, dims, True, offset)


def embed(whole: Dim, part: Dim, offset: Dim) -> Tensor:
    """The selection of a part of an axis."""
    return delta(whole) if whole == part else intern(Embed, (whole, part), offset)


# --- contraction ---------------------------------------------------------------------------------------------

_memo: dict[Hashable, Tensor] = {}


def contract(
    operands: Sequence[Operand],
    out: Sequence[Hashable],
    dims: Mapping[Hashable, Dim] | None = None,
    coefficient: Rational = 1,
) -> Tensor:
    """The sum over all labels that are not in `out` of the product of the operands, times a coefficient.

    A label twice in `out` makes a diagonal; one that no operand carries is broadcast, and needs its `dims`.
    """
    numbers: dict[Hashable, int] = {}
    for label in out:
        numbers.setdefault(label, len(numbers))
    for _, labels in operands:
        for label in labels:
            numbers.setdefault(label, len(numbers))
    views = tuple((t, tuple([numbers[x] for x in labels])) for t, labels in operands)
    axes = tuple([numbers[x] for x in out])
    extra = tuple((numbers[x], d) for x, d in dims.items() if x in numbers) if dims else ()
    key = (views, axes, extra, coefficient)
    found = _memo.get(key)
    if found is None:
        found = _Contraction(len(numbers), dict(extra), coefficient).result(views, axes)
        if len(_memo) > MEMO:
            _memo.clear()
        _memo[key] = found
    return found


class _Contraction:
    """A contraction while it is being built."""

    def __init__(self, count: int, dims: dict[int, Dim], coefficient: Rational) -> None:
        self.count = count
        self.dim = dims
        self.coefficient = coefficient
        self.alias: dict[int, int] = {}
        self.deltas: list[tuple[int, int]] = []
        self.factors: list[tuple[Tensor, Labels]] = []
        self.alone = False

    def result(self, views: Sequence[tuple[Tensor, Labels]], axes: Labels) -> Tensor:
        out: list[int] = []
        for label in axes:  # a label twice in the output is a delta
            if label in out:
                out.append(self.fresh())
                self.deltas.append((label, out[-1]))
            else:
                out.append(label)
        self.alone = len(views) == 1
        for t, labels in views:
            self.push(t, labels)
        self.alone = False
        for a, b in zip(axes, out, strict=True):
            if a in self.dim:
                self.dim.setdefault(b, self.dim[a])
        dims = tuple([self.dim[label] for label in out])
        while True:
            if self.coefficient == 0:
                return zeros(dims)
            self.unite(out)
            if not self.rewrite(out):
                break
        regrouped = self.regroup(out)
        return self.finish(out, dims) if regrouped is None else regrouped

    def regroup(self, out: Sequence[int]) -> Tensor | None:
        """An axis of the result that only regrouped axes carry is regrouped after the contraction."""
        for place, label in enumerate(out):
            touching = [i for i, (_, labels) in enumerate(self.factors) if label in labels]
            makes = {
                grouped_dims(t, labels.index(label))
                if isinstance(t, Group) and labels.count(label) == 1
                else ()
                for t, labels in (self.factors[i] for i in touching)
            }
            if len(makes) != 1 or any(label in pair for pair in self.deltas):
                continue
            (parts,) = makes
            if len(parts) < 2:
                continue
            self.split_label(label, touching, parts)
            fresh = range(self.count - len(parts), self.count)
            spread = [*out[:place], *fresh, *out[place + 1 :]]
            inner = contract(
                [*self.factors, *((delta(self.dim[a]), (a, b)) for a, b in self.deltas)],
                spread,
                {x: self.dim[x] for x in spread if x in self.dim}
                | dict(zip(fresh, parts, strict=True)),
                self.coefficient,
            )
            return group(inner, (1,) * place + (len(parts),) + (1,) * (len(out) - place - 1))
        return None

    def fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def find(self, label: int) -> int:
        while label in self.alias:
            label = self.alias[label]
        return label

    def push(self, t: Tensor, labels: Labels) -> None:
        """Take in an operand, its parts one by one where it is a contraction or a multiple."""
        pending = [(t, labels)]
        while pending:
            t, labels = pending.pop()
            for label, dim in zip(labels, t.dims, strict=True):
                self.dim.setdefault(label, dim)
            if isinstance(t, Contract) and self.flattens(t):
                inner = list(labels)
                highest = max((x for _, axes in t.factors for x in axes), default=-1)
                inner.extend(self.fresh() for _ in range(highest + 1 - t.rank))
                pending.extend(
                    (f, tuple([inner[i] for i in axes])) for f, axes in reversed(t.factors)
                )
            elif isinstance(t, Sum):
                if len(t.terms) > 1:
                    self.push_sum(t, labels)
                elif not t.terms:
                    self.coefficient = 0
                else:
                    c, inner_tensor, axes = t.terms[0]
                    self.coefficient = rational(self.coefficient * c)
                    pending.append((inner_tensor, tuple([labels[i] for i in axes])))
            elif isinstance(t, Delta):
                self.deltas.append((labels[0], labels[1]))
            elif isinstance(t, Mask) and not t.lower:
                self.factors.append((mask(t.dims[::-1], -t.offset), labels[::-1]))
            else:
                self.factors.append((t, labels))

    def flattens(self, t: Contract) -> bool:
        if not t.rank and any(axes for _, axes in t.factors):
            return False  # a connected scalar stays one factor, so that its powers collect
        return self.alone or len(t.factors) < 2 or len(t.factors) + len(self.factors) <= FLAT

    def push_sum(self, t: Sum, labels: Labels) -> None:
        content, primitive = primitive_part(t)
        if content != 1:
            self.coefficient = rational(self.coefficient * content)
        self.factors.append((primitive, labels))

    def unite(self, out: Sequence[int]) -> None:
        """Use up the deltas: two labels that a delta joins are one, unless both are axes of the result."""
        kept: list[tuple[int, int]] = []
        position = {label: i for i, label in enumerate(out)}
        for a, b in self.deltas:
            a, b = self.find(a), self.find(b)
            if a == b:
                continue
            if a in position and b in position:
                if position[a] > position[b]:
                    a, b = b, a
                kept.append((a, b))
            else:
                gone, stays = (a, b) if b in position else (b, a)
                self.alias[gone] = stays
        joined: dict[int, int] = {}
        self.deltas = []
        for a, b in kept:  # the other factors use the first of two joined axes
            a = joined.get(a, a)
            if joined.get(b, b) != a:
                joined[b] = a
                self.deltas.append((a, b))
        if self.alias or joined:
            self.factors = [
                (t, tuple([joined.get(y, y) for y in [self.find(x) for x in labels]]))
                for t, labels in self.factors
            ]

    # Each rewrite returns whether it changed anything that may make room for another.

    def rewrite(self, out: Sequence[int]) -> bool:
        return (
            self.push_repeats()
            or self.merge_powers()
            or self.select(out)
            or self.block_product(out)
            or self.vech_products(out)
            or self.ungroup(out)
            or self.separate_scalars(out)
        )

    def use_up(self, labels: Iterable[int]) -> None:
        """These summed labels are summed now."""
        gone = {self.find(x) for x in labels}
        self.dim = {x: d for x, d in self.dim.items() if self.find(x) not in gone}

    def replace(self, index: int, t: Tensor, labels: Labels) -> None:
        del self.factors[index]
        self.push(t, labels)

    def push_repeats(self) -> bool:
        """The diagonal of an element-wise function or a sum is that function or sum of the diagonals."""
        for index, (t, labels) in enumerate(self.factors):
            if len(set(labels)) == len(labels):
                continue
            distinct = tuple(dict.fromkeys(labels))
            if isinstance(t, Delta):
                del self.factors[index]
                return True
            if isinstance(t, Mask):
                self.coefficient = self.coefficient if t.offset >= 0 else 0
                del self.factors[index]
                return True
            if isinstance(t, Map | Sum):
                place = [distinct.index(x) for x in labels]
                dims = tuple(self.dim[x] for x in distinct)
                self.replace(index, relabelled(t, place, dims), distinct)
                return True
        return False

    def merge_powers(self) -> bool:
        """x x^2 is x^3: factors with the same base and labels become one."""
        if len(self.factors) < 2:
            return False
        found: dict[tuple[Tensor, Labels], int] = {}
        for index, (t, labels) in enumerate(self.factors):
            base, axes, exponent = _as_power(t, labels)
            first = found.setdefault((base, axes), index)
            if first == index:
                continue
            _, _, other = _as_power(*self.factors[first])
            merged = _merged(base, exponent, other)
            del self.factors[index], self.factors[first]
            if merged is not UNIT:
                self.push(merged, axes)
            return True
        return False

    def select(self, out: Sequence[int]) -> bool:
        """Places picked out of wholes: an entry of a stack is that entry, a part of a part is a part."""
        for index, (t, labels) in enumerate(self.factors):
            if not isinstance(t, OneHot | Embed):
                continue
            for axis, label in enumerate(labels):
                if label in out:
                    continue
                others = [
                    i for i, (_, axes) in enumerate(self.factors) if label in axes and i != index
                ]
                if len(others) == 1 and self.factors[others[0]][1].count(label) == 1:
                    if self.select_from(index, axis, label, others[0]):
                        return True
        return False

    def select_from(self, index: int, axis: int, label: int, other: int) -> bool:
        t, labels = self.factors[index]
        u, axes = self.factors[other]
        place = axes.index(label)
        if isinstance(u, OneHot | Embed):
            answer = _selected(t, axis, u, place)
            if answer is None:
                return False
            for i in sorted((index, other), reverse=True):
                del self.factors[i]
            self.use_up([label])
            rest = [x for i, x in enumerate(labels) if i != axis] + [
                x for i, x in enumerate(axes) if i != place
            ]
            if is_zero(answer):
                self.coefficient = 0
            else:
                self.push(answer, tuple(rest))
            return True
        if axis == 0 and is_stacked(u, place):
            kept = tuple(labels[1:])
            inner = tuple(range(len(axes)))
            selected = _select_inside(t, u, place, inner)
            for i in sorted((index, other), reverse=True):
                del self.factors[i]
            self.use_up([label])
            self.push(selected, tuple(x for i, x in enumerate(axes) if i != place) + kept)
            return True
        return False

    def block_product(self, out: Sequence[int]) -> bool:
        """Two stacks that meet in a summed index are multiplied block by block."""
        for i, (t, labels) in enumerate(self.factors):
            if not isinstance(t, Sum):
                continue
            for axis, label in enumerate(labels):
                if label in out or not is_stacked(t, axis):
                    continue
                others = [j for j, (_, axes) in enumerate(self.factors) if label in axes and j != i]
                if len(others) != 1 or labels.count(label) > 1:
                    continue
                u, axes = self.factors[others[0]]
                if (
                    isinstance(u, Sum)
                    and axes.count(label) == 1
                    and is_stacked(u, axes.index(label))
                ):
                    self.multiply_blocks(i, others[0], label)
                    return True
        return False

    def vech_products(self, out: Sequence[int]) -> bool:
        """B_kij B_kpq summed over k is the identity on the lower triangle; B_kij summed over k is that triangle."""
        bases = [
            i
            for i, (t, _) in enumerate(self.factors)
            if isinstance(t, Opaque) and t.fn == VECH_BASIS
        ]
        for i in bases:
            label = self.factors[i][1][0]
            touching = [j for j, (_, labels) in enumerate(self.factors) if label in labels]
            if label in out or not set(touching) <= set(bases) or len(touching) > 2:
                continue
            a, b = self.factors[touching[0]][1][1:]
            c, d = self.factors[touching[-1]][1][1:]
            n = self.factors[i][0].dims[1]
            for j in reversed(touching):
                del self.factors[j]
            self.use_up([label])
            self.factors.append((intern(Mask, (n, n), True, 0), (a, b)))
            if len(touching) == 2:
                self.deltas += [(a, c), (b, d)]
            return True
        return False

    def multiply_blocks(self, i: int, j: int, label: int) -> None:
        (t, labels), (u, axes) = self.factors[i], self.factors[j]
        rest = tuple(dict.fromkeys(x for x in labels + axes if x != label))
        dims = {x: d for x, d in zip(labels + axes, t.dims + u.dims, strict=True)}
        assert isinstance(t, Sum)
        terms = [
            (
                c,
                contract([(a, tuple([labels[k] for k in place])), (u, axes)], rest, dims),
                tuple(range(len(rest))),
            )
            for c, a, place in t.terms
        ]
        for k in sorted((i, j), reverse=True):
            del self.factors[k]
        self.use_up([label])
        self.push(add(terms, tuple(dims[x] for x in rest)), rest)

    def ungroup(self, out: Sequence[int]) -> bool:
        """A summed label that only grouped axes of one make carry is the sum over each of the grouped axes."""
        for label in {x for t, labels in self.factors if isinstance(t, Group) for x in labels}:
            if label in out:
                continue
            touching = [i for i, (_, labels) in enumerate(self.factors) if label in labels]
            makes = set()
            for i in touching:
                t, labels = self.factors[i]
                if not isinstance(t, Group) or labels.count(label) > 1:
                    break
                makes.add(grouped_dims(t, labels.index(label)))
            else:
                (parts, *rest) = makes
                if not rest and len(parts) != 1:
                    self.split_label(label, touching, parts)
                    return True
        return False

    def split_label(self, label: int, touching: Sequence[int], parts: tuple[Dim, ...]) -> None:
        fresh = [self.fresh() for _ in parts]
        self.use_up([label])
        for i in sorted(touching, reverse=True):
            t, labels = self.factors[i]
            assert isinstance(t, Group)
            place = labels.index(label)
            opened = open_group(t, place)
            del self.factors[i]
            self.push(opened, labels[:place] + tuple(fresh) + labels[place + 1 :])

    def separate_scalars(self, out: Sequence[int]) -> bool:
        """Factors that are connected among themselves but to no axis of the result are a scalar of their own."""
        if len(self.factors) < 2:
            return False
        outer = set(out)
        component = list(range(len(self.factors)))
        owner: dict[int, int] = {}
        for i, (_, labels) in enumerate(self.factors):
            for label in labels:
                if label not in outer:
                    a, b = _root(component, owner.setdefault(label, i)), _root(component, i)
                    component[b] = a
        groups: dict[int, list[int]] = {}
        for i in range(len(self.factors)):
            groups.setdefault(_root(component, i), []).append(i)
        if len(groups) < 2:
            return False
        for members in groups.values():
            inside = [self.factors[i] for i in members]
            if any(label in outer for _, labels in inside for label in labels):
                continue
            if all(not labels for _, labels in inside):
                continue
            scalar = contract(inside, ())
            self.use_up(x for _, labels in inside for x in labels)
            for i in reversed(members):
                del self.factors[i]
            self.push(scalar, ())
            return True
        return False

    def finish(self, out: Sequence[int], dims: tuple[Dim, ...]) -> Tensor:
        carried = {x for _, labels in self.factors for x in labels} | {
            x for pair in self.deltas for x in pair
        }
        roots = {self.find(x) for x in self.dim} - set(out) - carried
        for label in sorted(roots):  # a sum over an index that nothing carries counts
            self.push(size(self.dim[label]), ())
            self.dim = {x: d for x, d in self.dim.items() if self.find(x) != label}
        if roots:
            self.merge_powers()
        if len(self.factors) == 1 and not self.deltas and self.coefficient != 1:
            t, labels = self.factors[0]
            if isinstance(t, Sum) and set(labels) <= set(
                out
            ):  # a view of a sum keeps its content inside
                self.factors = [(scaled(t, self.coefficient), labels)]
                self.coefficient = 1
        factors: list[Factor] = [
            *self.factors,
            *((delta(self.dim[a]), (a, b)) for a, b in self.deltas),
        ]
        if len(factors) == 1 and factors[0][1] == tuple(out):
            plain = factors[0][0]
        elif (
            len(factors) == 1
            and isinstance(factors[0][0], Map | Sum)
            and set(factors[0][1]) == set(out)
        ):
            t, labels = factors[0]
            plain = relabelled(t, [list(out).index(x) for x in labels], dims)  # type: ignore[arg-type]
        else:
            position = {label: i for i, label in enumerate(out)}
            arranged, sign = _sorted_axes(
                ordered([_orient(f, position) for f in factors], position)
            )
            if sign == 0:
                return zeros(dims)
            plain = intern(Contract, dims, arranged)
            return scaled(plain, self.coefficient * sign)
        return scaled(plain, self.coefficient)


def _root(parents: list[int], i: int) -> int:
    while parents[i] != i:
        i = parents[i]
    return i


def _orient(factor: Factor, position: Mapping[Hashable, int]) -> Factor:
    """A matrix and its transpose are one factor, read either way."""
    t, labels = factor
    if t.rank == 2 and (isinstance(t, Map | Sum | Contract) or is_symmetric(t)):
        other = transpose(t)
        if other is t:
            first, second = (position.get(x, len(position)) for x in labels)
            return (t, labels if first <= second else labels[::-1])
        if not isinstance(other, Contract) and other.key < t.key:
            return (other, labels[::-1])
    return factor


def _sorted_axes(
    factors: tuple[tuple[Tensor, Labels], ...],
) -> tuple[tuple[tuple[Tensor, Labels], ...], int]:
    """Symmetric and antisymmetric factors with their labels in order, and the sign that this costs."""
    result = []
    sign = 1
    for t, labels in factors:
        if len(labels) == 2 and labels[0] > labels[1] and is_symmetric(t):
            labels = (labels[1], labels[0])
        elif isinstance(t, Opaque) and t.fn == LEVI_CIVITA:
            if len(set(labels)) < len(labels):
                return (), 0
            turns = sum(a > b for i, a in enumerate(labels) for b in labels[i + 1 :])
            labels, sign = tuple(sorted(labels)), sign * (-1) ** turns
        result.append((t, labels))
    return tuple(result), sign


LEVI_CIVITA: Final = "levi_civita"
VECH_BASIS: Final = "vech_basis"


def levi_civita() -> Tensor:
    """The antisymmetric unit tensor of three dimensions: cross(x, y)_i = ε_ijk x_j y_k."""
    three = ONE.scaled(Fraction(3))
    return intern(Opaque, (three, three, three), LEVI_CIVITA, (), 0, ())


def vech_basis(count: Dim, n: Dim) -> Tensor:
    """Where vech takes its entries from: vech(X)_k = B_kij X_ij."""
    return intern(Opaque, (count, n, n), VECH_BASIS, (), 0, ())


def relabelled(t: Map | Sum, place: Sequence[int], dims: tuple[Dim, ...]) -> Tensor:
    """t with its axis i at the axis place[i] of a result of dims."""
    if isinstance(t, Map):
        return apply_map(t.fn, [(a, tuple([place[i] for i in axes])) for a, axes in t.args], dims)
    return add([(c, a, tuple([place[i] for i in axes])) for c, a, axes in t.terms], dims)


_transposes: dict[Tensor, Tensor] = {}


def transpose(t: Tensor) -> Tensor:
    """A rank-2 tensor with its axes exchanged."""
    found = _transposes.get(t)
    if found is None:
        if not isinstance(t, Contract | Map | Sum) and is_symmetric(t):
            found = t
        else:
            found = contract([(t, (1, 0))], (0, 1))
        if len(_transposes) > MEMO:
            _transposes.clear()
        _transposes[t] = found
    return found


def is_symmetric(t: Tensor) -> bool:
    """Whether a rank-2 tensor is known to equal its transpose."""
    if t.rank != 2 or t.dims[0] != t.dims[1]:
        return False
    match t:
        case Delta():
            return True
        case Contract() | Map() | Sum():
            return transpose(t) is t
        case Opaque(args=args, fn=fn):
            return (
                len(args) == 1
                and not t.batch
                and commutes_with_transpose(fn)
                and is_symmetric(args[0])
            )
        case _:
            return isinstance(t, Atom) and bool(_SYMMETRIC & t.properties)


_SYMMETRIC: Final = frozenset({"symmetric", "spd"})
"""Not diagonal, and no bound name: a derivative by one is that of the unconstrained formula."""


def _as_power(t: Tensor, labels: Labels) -> tuple[Tensor, Labels, Tensor]:
    """Base, labels and exponent, the exponent being a scalar."""
    if isinstance(t, Map) and t.fn == "pow" and not t.args[1][1]:
        base, axes = t.args[0]
        return base, tuple([labels[i] for i in axes]), t.args[1][0]
    return t, labels, UNIT


def _merged(base: Tensor, exponent: Tensor, other: Tensor) -> Tensor:
    total = add([(1, exponent, ()), (1, other, ())], ())
    if (isinstance(base, Map) and base.fn in IDEMPOTENT) or isinstance(
        base, Delta | Mask | OneHot | Embed
    ):
        return base
    return power(base, total)


def primitive_part(t: Sum) -> tuple[Rational, Tensor]:
    """The content of a sum and the sum without it: whole coprime coefficients, the first positive."""
    coefficients = [Fraction(c) for c, _, _ in t.terms]
    numerator, denominator = 0, 1
    for c in coefficients:
        numerator = gcd(numerator, c.numerator)
        denominator = denominator * c.denominator // gcd(denominator, c.denominator)
    content = rational(Fraction(numerator, denominator) * (-1 if coefficients[0] < 0 else 1))
    if content == 1:
        return 1, t
    return content, intern(
        Sum, t.dims, tuple((rational(Fraction(c) / content), a, axes) for c, a, axes in t.terms)
    )


def _selected(t: OneHot | Embed, axis: int, u: OneHot | Embed, place: int) -> Tensor | None:
    """The contraction of two selections over one axis of each; None if it says nothing."""
    if isinstance(t, OneHot) and isinstance(u, OneHot):
        if t.index is u.index or t.index == u.index:
            return UNIT
        return zeros(()) if isinstance(t.index, int) and isinstance(u.index, int) else None
    if isinstance(t, Embed) and isinstance(u, Embed):
        return _part_of_part(t, axis, u, place)
    hot, part, where = (t, u, place) if isinstance(t, OneHot) else (u, t, axis)
    assert isinstance(hot, OneHot) and isinstance(part, Embed)
    offset = part.offset.value
    if not isinstance(hot.index, int) or offset is None:
        if isinstance(hot.index, int) and where == 0 and part.offset.names:
            return zeros((part.dims[1],)) if _beyond(hot.index, part) else None
        return None
    if where == 1:
        return one_hot(hot.index + offset, part.dims[0])
    length = part.dims[1].value
    if hot.index < offset or (length is not None and hot.index >= offset + length):
        return zeros((part.dims[1],))
    return one_hot(hot.index - offset, part.dims[1]) if length is not None or offset == 0 else None


def _beyond(index: int, part: Embed) -> bool:
    """Whether a place is surely before a part whose offset is at least the number of its names."""
    least = sum(int(c) for _, c in part.offset.terms if c > 0)
    return all(c > 0 for _, c in part.offset.terms) and index < least


def _part_of_part(t: Embed, axis: int, u: Embed, place: int) -> Tensor | None:
    if axis == place == 0:
        if t.offset == u.offset and t.dims[1] == u.dims[1]:
            return delta(t.dims[1])
        first, second = (t, u) if _starts_after(u.offset, t.offset + t.dims[1]) else (u, t)
        if _starts_after(second.offset, first.offset + first.dims[1]):
            return zeros((t.dims[1], u.dims[1]))
        return None
    if axis == 1 and place == 0:  # t[N, i] u[i, k]
        return embed(t.dims[0], u.dims[1], t.offset + u.offset)
    return None


def _starts_after(offset: Dim, end: Dim) -> bool:
    return all(c >= 0 for _, c in (offset - end).terms)


def is_stacked(t: Tensor, axis: int) -> bool:
    """Whether t is put together along an axis of parts or entries (or an element-wise function of such)."""
    if isinstance(t, Contract):
        return any(
            isinstance(f, OneHot | Embed) and axes and axes[0] == axis for f, axes in t.factors
        )
    if isinstance(t, OneHot | Embed):
        return axis == 0
    views = (
        t.args
        if isinstance(t, Map)
        else tuple((a, x) for _, a, x in t.terms)
        if isinstance(t, Sum)
        else ()
    )
    return any(axis in axes and is_stacked(a, axes.index(axis)) for a, axes in views)


def _select_inside(t: OneHot | Embed, u: Tensor, place: int, axes: Labels) -> Tensor:
    """The selection t (over its axis 0) of u along an axis, taken term by term; its part's axis comes last."""
    rest = [i for i in axes if i != place]
    dims = tuple(u.dims[i] for i in rest) + t.dims[1:]
    where = {old: new for new, old in enumerate(rest)}
    part = tuple(range(len(rest), len(dims)))

    def picked(a: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
        kept = tuple([where[i] for i in labels if i != place])
        if place not in labels:
            return a, kept
        inner = [("in", i) for i in labels]
        hot: Operand = (t, [("in", place), *(("part", i) for i in part)])
        out = [("in", i) for i in labels if i != place] + [("part", i) for i in part]
        return contract([(a, inner), hot], out), kept + part

    if isinstance(u, Sum):
        return add([(c, *picked(a, labels)) for c, a, labels in u.terms], dims)
    if isinstance(u, Map):
        return apply_map(u.fn, [picked(a, labels) for a, labels in u.args], dims)
    return contract(
        [(u, axes), (t, (place, *(len(axes) + i for i in part)))],
        [*rest, *(len(axes) + i for i in part)],
    )


def grouped_dims(t: Group, axis: int) -> tuple[Dim, ...]:
    """The dimensions that axis `axis` of a group was made of."""
    start = sum(t.sizes[:axis])
    return t.arg.dims[start : start + t.sizes[axis]]


def open_group(t: Group, axis: int) -> Tensor:
    """t with one of its grouped axes open again."""
    sizes = t.sizes[:axis] + (1,) * t.sizes[axis] + t.sizes[axis + 1 :]
    return group(t.arg, sizes)


def group(arg: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """Runs of axes merged into one each."""
    if all(s == 1 for s in sizes):
        return arg
    dims = []
    start = 0
    for s in sizes:
        total = ONE
        for d in arg.dims[start : start + s]:
            total = total * d
        dims.append(total)
        start += s
    if isinstance(arg, Sum) and not arg.terms:
        return zeros(tuple(dims))
    if isinstance(arg, Sum) and len(arg.terms) == 1:
        c, a, axes = arg.terms[0]
        return scaled(
            group(contract([(a, axes)], range(arg.rank), dict(enumerate(arg.dims))), sizes), c
        )
    if isinstance(arg, Group):
        runs = [arg.sizes[sum(sizes[:i]) : sum(sizes[: i + 1])] for i in range(len(sizes))]
        return group(arg.arg, tuple(sum(run) for run in runs))
    if isinstance(arg, Contract) and not arg.factors:
        return constant(1, tuple(dims))
    return intern(Group, tuple(dims), arg, sizes)


# --- sums ----------------------------------------------------------------------------------------------------


def scaled(t: Tensor, c: Rational) -> Tensor:
    """c t."""
    if c == 1:
        return t
    return add([(c, t, tuple(range(t.rank)))], t.dims)


def add(terms: Iterable[tuple[Rational, Tensor, Labels]], dims: tuple[Dim, ...]) -> Tensor:
    """The sum of coefficient times view, each broadcast to dims."""
    total: dict[tuple[Tensor, Labels], Rational] = {}
    pending = list(terms)[::-1]
    while pending:
        c, t, labels = pending.pop()
        if isinstance(t, Sum):
            pending.extend(
                (rational(c * d), a, tuple([labels[i] for i in axes]))
                for d, a, axes in reversed(t.terms)
            )
            continue
        view = normal_view(t, labels)
        if isinstance(view[0], Sum):
            pending.append((c, *view))
            continue
        total[view] = rational(total.get(view, 0) + c)
    items = [(c, t, labels) for (t, labels), c in total.items() if c != 0]
    if len(items) > 1:
        grouped = _grouped_sum(items, dims)
        if grouped is not None:
            return grouped
    carried = sorted({i for _, _, labels in items for i in labels})
    if len(carried) < len(dims) and items:
        inner = {label: i for i, label in enumerate(carried)}
        small = add(
            [(c, t, tuple([inner[i] for i in x])) for c, t, x in items],
            tuple(dims[i] for i in carried),
        )
        c = as_constant(small)
        if c is not None:
            return constant(c, dims)
        if isinstance(small, Sum) and len(small.terms) == 1:
            c, t, axes = small.terms[0]
            return intern(Sum, dims, ((c, t, tuple([carried[i] for i in axes])),))
        return contract([(small, carried)], range(len(dims)), dict(enumerate(dims)))
    if len(items) == 1 and items[0][0] == 1:
        return contract([items[0][1:]], range(len(dims)), dict(enumerate(dims)))
    whole = _two_triangles(items)
    if whole is not None:
        return add(whole, dims)
    items.sort(key=lambda item: (item[1].key, item[2]))
    return intern(Sum, dims, tuple(items))


Term = tuple[Rational, Tensor, Labels]


def _two_triangles(items: list[Term]) -> list[Term] | None:
    """The lower and the upper triangle of ones make all ones, and the diagonal once more."""
    for c, t, labels in items:
        if isinstance(t, Mask) and t.offset == 0 and labels == (0, 1) and (c, t, (1, 0)) in items:
            rest = [item for item in items if item[1] is not t]
            return [*rest, (c, UNIT, ()), (c, delta(t.dims[0]), (0, 1))]
    return None


def _grouped_sum(
    items: Sequence[tuple[Rational, Tensor, Labels]], dims: tuple[Dim, ...]
) -> Tensor | None:
    """A sum of regrouped axes is regrouped."""
    makes = _common_make([(t, labels) for _, t, labels in items], len(dims))
    if makes is None:
        return None
    sizes, inner = makes
    axes = tuple(range(len(inner)))
    terms = [
        (c, t.arg, axes) if isinstance(t, Group) and labels else (c, t, labels)
        for c, t, labels in items
    ]
    return group(add(terms, inner), sizes)


def normal_view(t: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """The same view with nothing to say: no broadcast axis, no axis twice, no permutation that t can take in."""
    if isinstance(t, Mask) and not t.lower:
        t, labels = mask(t.dims[::-1], -t.offset), labels[::-1]
    while isinstance(t, Contract) and len(t.factors) == 1:
        inner, axes = t.factors[0]
        if any(i >= t.rank for i in axes):
            break
        t, labels = inner, tuple([labels[i] for i in axes])
    if isinstance(t, Contract):
        used = {i for _, axes in t.factors for i in axes if i < t.rank}
        kept = [labels[i] for i in range(t.rank) if i in used]
        target = sorted(set(kept))
        if list(labels) != target:
            out = [("own", x) for x in target]
            inside = [
                (f, [("own", labels[x]) if x < t.rank else x for x in axes])
                for f, axes in t.factors
            ]
            t = contract(inside, out)
            labels = tuple(target)
            if not isinstance(t, Contract):
                return t, labels
        return t, labels
    if len(set(labels)) < len(labels):
        if isinstance(t, Delta):
            return UNIT, ()
        if isinstance(t, Map | Sum):
            target = sorted(set(labels))
            return contract([(t, labels)], target), tuple(target)
        return t, labels
    if len(labels) > 1 and list(labels) != sorted(labels):
        if isinstance(t, Map | Sum):
            target = sorted(labels)
            return contract([(t, labels)], target), tuple(target)
        if len(labels) == 2 and is_symmetric(t):
            return t, labels[::-1]
    return t, labels


# --- element-wise functions ----------------------------------------------------------------------------------


def apply_map(fn: Fn, args: Sequence[tuple[Tensor, Labels]], dims: tuple[Dim, ...]) -> Tensor:
    """An element-wise function of views, broadcast to dims."""
    views = [normal_view(t, labels) for t, labels in args]
    carried = sorted({i for _, labels in views for i in labels})
    if len(carried) < len(dims):
        inner = {label: i for i, label in enumerate(carried)}
        small = [(t, tuple([inner[i] for i in labels])) for t, labels in views]
        result = apply_map(fn, small, tuple(dims[i] for i in carried))
        return contract([(result, carried)], range(len(dims)), dict(enumerate(dims)))
    if fn == "pow":
        return _power(views, dims)
    if fn in ("max", "min") and views[0] == views[1]:
        return contract(views[:1], range(len(dims)), dict(enumerate(dims)))
    grouped = _grouped_map(fn, views, dims)
    if grouped is not None:
        return grouped
    return intern(Map, dims, fn, tuple(views))


def _common_make(
    views: Sequence[tuple[Tensor, Labels]], rank: int
) -> tuple[tuple[int, ...], tuple[Dim, ...]] | None:
    """How all the views that are not scalars were regrouped, if they all were in one way."""
    whole = tuple(range(rank))
    makes = set()
    for t, labels in views:
        if labels:
            if not isinstance(t, Group) or labels != whole:
                return None
            makes.add((t.sizes, t.arg.dims))
    return makes.pop() if len(makes) == 1 else None


def _grouped_map(
    fn: Fn, views: Sequence[tuple[Tensor, Labels]], dims: tuple[Dim, ...]
) -> Tensor | None:
    """An element-wise function of regrouped axes is regrouped."""
    make = _common_make(views, len(dims))
    if make is None:
        return None
    sizes, inner = make
    axes = tuple(range(len(inner)))
    args = [
        (t.arg, axes) if isinstance(t, Group) and labels else (t, labels) for t, labels in views
    ]
    return group(apply_map(fn, args, inner), sizes)


def power(base: Tensor, exponent: Tensor) -> Tensor:
    """base^exponent, element-wise; the exponent is a scalar."""
    whole = tuple(range(base.rank))
    return apply_map("pow", [(base, whole), (exponent, ())], base.dims)


def _power(views: list[tuple[Tensor, Labels]], dims: tuple[Dim, ...]) -> Tensor:
    (base, labels), (exponent, places) = views
    everything = dict(enumerate(dims))
    k = as_constant(exponent)
    if k is None:
        return UNIT if as_constant(base) == 1 else _power_node(base, labels, exponent, places, dims)
    if k == 0:
        return constant(1, dims)
    if k == 1:
        return contract([(base, labels)], range(len(dims)), everything)
    number = as_constant(base)
    if number is not None and isinstance(k, int) and (number != 0 or k > 0):
        return constant(rational(Fraction(number) ** k), dims)
    if isinstance(base, Map) and (base.fn in IDEMPOTENT and isinstance(k, int) and k > 0):
        return contract([(base, labels)], range(len(dims)), everything)
    if isinstance(base, Delta | Mask | OneHot | Embed) and k > 0:
        return contract([(base, labels)], range(len(dims)), everything)
    if isinstance(base, Map) and base.fn == "pow" and not base.args[1][1]:
        inner = as_constant(base.args[1][0])
        if isinstance(k, int) or (inner is not None and is_positive(base.args[0][0])):
            total = scaled(base.args[1][0], k)
            t, axes = base.args[0]
            return apply_map("pow", [(t, tuple([labels[i] for i in axes])), (total, ())], dims)
    if isinstance(base, Sum):
        split = _power_of_sum(base, labels, k, dims)
        if split is not None:
            return split
    if isinstance(base, Contract) and all(i < base.rank for _, axes in base.factors for i in axes):
        if isinstance(k, int) or sum(not is_positive(f) for f, _ in base.factors) <= (
            0 if len(base.factors) else 1
        ):
            powers = [
                (power(f, constant(k)), [labels[i] for i in axes]) for f, axes in base.factors
            ]
            return contract(powers, range(len(dims)), everything)
    return _power_node(base, labels, exponent, places, dims)


def _power_of_sum(base: Sum, labels: Labels, k: Rational, dims: tuple[Dim, ...]) -> Tensor | None:
    """(c t)^k is c^k t^k where that is true and rational."""
    if not base.terms:
        return zeros(dims) if k > 0 else None
    content, primitive = (base.terms[0][0], None) if len(base.terms) == 1 else primitive_part(base)
    if content == 1:
        return None
    if not isinstance(k, int):
        root = rational_root(content, k)
        if root is None:
            return None
    else:
        root = rational(Fraction(content) ** k)
    t, axes = (
        (base.terms[0][1], base.terms[0][2])
        if primitive is None
        else (primitive, tuple(range(base.rank)))
    )
    view = (t, tuple([labels[i] for i in axes]))
    return contract(
        [(apply_map("pow", [view, (constant(k), ())], dims), range(len(dims)))],
        range(len(dims)),
        coefficient=root,
    )


def rational_root(value: Rational, k: Rational) -> Rational | None:
    """value^k if value is positive and the power is rational."""
    value, k = Fraction(value), Fraction(k)
    if value <= 0 or k.denominator != 2:
        return None
    parts = []
    for part in (value.numerator, value.denominator):
        root = _isqrt(part)
        if root is None:
            return None
        parts.append(root)
    return rational(Fraction(parts[0], parts[1]) ** k.numerator)


def _isqrt(value: int) -> int | None:
    root = int(value**0.5)
    for r in (root - 1, root, root + 1):
        if r >= 0 and r * r == value:
            return r
    return None


def _power_node(
    base: Tensor, labels: Labels, exponent: Tensor, places: Labels, dims: tuple[Dim, ...]
) -> Tensor:
    grouped = _grouped_map("pow", [(base, labels), (exponent, places)], dims)
    return (
        grouped
        if grouped is not None
        else intern(Map, dims, "pow", ((base, labels), (exponent, places)))
    )


_POSITIVE_MAPS: Final = frozenset(
    {"exp", "sigmoid", "softplus", "cosh", "normpdf", "normcdf", "gamma_positive"}
)


def is_positive(t: Tensor) -> bool:
    """Whether every entry is known to be positive."""
    match t:
        case Contract(factors=factors):
            return all(is_positive(f) for f, _ in factors)
        case Sum(terms=terms):
            return bool(terms) and all(c > 0 and is_positive(a) for c, a, _ in terms)
        case Map(fn=fn, args=args):
            if fn == "pow":
                return is_positive(args[0][0])
            return fn in _POSITIVE_MAPS
        case Value(what=what):
            return what != "inf"
        case Delta() | OneHot() | Embed() | Mask():
            return False
        case _:
            return "positive" in getattr(t, "properties", frozenset())


# --- functions of whole tensors ------------------------------------------------------------------------------


def opaque(
    fn: Fn,
    args: Sequence[Tensor],
    dims: tuple[Dim, ...],
    batch: int = 0,
    batched: Sequence[bool] = (),
) -> Tensor:
    """A function of whole tensors; transposes move out of the functions that they commute with."""
    flags = tuple(batched) if batch else ()
    if not batch and len(args) == 1 and args[0].rank == 2 and commutes_with_transpose(fn):
        other = transpose(args[0])
        if other is not args[0] and other.key < args[0].key:
            return contract([(intern(Opaque, dims[::-1], fn, (other,), 0, ()), (1, 0))], (0, 1))
    return intern(Opaque, dims, fn, tuple(args), batch, flags)


def split(arg: Tensor, sizes: tuple[int, ...], dims: tuple[Dim, ...]) -> Tensor:
    """Each axis of arg split into that many axes, `dims` in all; the inverse of `group`."""
    if all(s == 1 for s in sizes):
        return arg
    if isinstance(arg, Group) and arg.sizes == sizes and arg.arg.dims == dims:
        return arg.arg
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    place = {i: tuple(range(starts[i], starts[i] + s)) for i, s in enumerate(sizes)}

    def opened(t: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
        inner = tuple(sizes[x] if x in place else 1 for x in labels)
        spread = tuple(y for x in labels for y in place.get(x, (x - len(sizes) + len(dims),)))
        known = {y: d for y, d in enumerate(dims)}
        inner_dims = []
        for x, d in zip(labels, t.dims, strict=True):
            inner_dims += [known[y] for y in place[x]] if x in place else [d]
        return split(t, inner, tuple(inner_dims)), spread

    whole = tuple(range(len(dims)))
    if isinstance(arg, Sum):
        return add([(c, *opened(t, labels)) for c, t, labels in arg.terms], dims)
    if isinstance(arg, Map):
        return apply_map(arg.fn, [opened(t, labels) for t, labels in arg.args], dims)
    if isinstance(arg, Contract) and (
        len(arg.factors) != 1 or any(x >= arg.rank for x in arg.factors[0][1])
    ):
        return contract(
            [opened(t, labels) for t, labels in arg.factors], whole, dict(enumerate(dims))
        )
    if isinstance(arg, Delta):
        return _split_delta(arg, sizes, dims)
    return intern(Split, dims, arg, sizes)


def _split_delta(arg: Delta, sizes: tuple[int, ...], dims: tuple[Dim, ...]) -> Tensor:
    first, second = sizes
    if first == second and dims[:first] == dims[first:]:
        pairs = [(delta(d), (i, first + i)) for i, d in enumerate(dims[:first])]
        return contract(pairs, range(2 * first))
    count = max(first, second)
    parts = dims[:first] if first > 1 else dims[1:]
    pairs = [(delta(d), (i, count + i)) for i, d in enumerate(parts)]
    both = contract(pairs, range(2 * count))
    return group(both, ((1,) * count + (count,)) if first > 1 else ((count,) + (1,) * count))
