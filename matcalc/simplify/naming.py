"""What the user has words for, put in those words.

A name that a program binds, or a quotient that is a function like layernorm(x), stands for its
value wherever that is found in a result: as a whole, as some of the terms of a longer sum, as some
of the factors of a longer product, under a power.  In a result a name is a variable of which all is
known that is known of its value: S is symmetric if what it stands for is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import permutations
from typing import Final

from matcalc.rules.bound import found_among
from matcalc.rules.match import Match
from matcalc.simplify.totals import known_of
from matcalc.tensor.canonical import (
    add,
    as_constant,
    constant,
    contract,
    power,
    rational,
    transpose,
)
from matcalc.tensor.constructors import View
from matcalc.tensor.knowledge import KNOWN
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Contract,
    Labels,
    Map,
    Sum,
    Tensor,
    Value,
    intern,
)
from matcalc.tensor.substitute import Substitution, without_names
from matcalc.tensor.words import Words

NAME: Final = frozenset({"bound"})
"""What tells a name's stand-in from a variable."""

LONG: Final = 24
"""Sums and products of more operands than this are not searched."""


class Naming:
    """The names of a program, each with what it stands for, in the order in which they are bound.

    `known` has the words, and is told of what stands for the names in results; `simplified` brings
    a tensor to normal form.
    """

    def __init__(self, known: Words, simplified: Callable[[Tensor], Tensor]) -> None:
        self.stand_ins: dict[Tensor, Tensor] = {}
        self.whole: dict[Tensor, Tensor] = {}
        self.sums: list[tuple[Sum, Tensor]] = []
        self.products: list[tuple[Contract, Tensor]] = []
        self._finder = _Found(self)
        bound = {t.value for t in known if isinstance(t, Bound)}
        for place, (t, expr) in enumerate(tuple(known.items())):
            if isinstance(t, Bound):
                title, value = t.name, t.value
            elif is_quotient(t) and t not in bound:
                title, value = f"function {place}", t
            else:
                continue
            known_of_it = KNOWN[True](t) | NAME | known_of(without_names(value), simplified)
            name = intern(Atom, t.dims, title, known_of_it)
            known[name] = expr
            for form in (simplified(without_names(value)), simplified(self.named(value))):
                self._remember(self.found(form), name)
            self.stand_ins[t] = name
        for difference in tuple(known.differences):
            known.differences |= {self.named(difference), without_names(difference)}

    def _remember(self, value: Tensor, name: Tensor) -> None:
        if as_constant(value) is not None or isinstance(value, Atom):
            return
        value, word = _bare(value, name)
        if value in self.whole:
            return
        self.whole[value] = word
        if value.rank == 2:
            self.whole.setdefault(transpose(value), transpose(word))
        self._finder = _Found(self)  # what was looked through before does not know the name
        if isinstance(value, Map) and value.fn == "pow" and word is name:
            base, axes = value.args[0]
            if as_constant(value.args[1][0]) == Fraction(1, 2) and axes == tuple(range(value.rank)):
                self.whole.setdefault(base, power(name, constant(2)))
        if isinstance(value, Sum):
            self.sums.append((value, word))
        elif isinstance(value, Contract):
            self.products.append((value, word))

    def named(self, t: Tensor) -> Tensor:
        """t with the names that stand in it already as variables of which more is known."""
        return _Named(self.stand_ins)(t)

    def found(self, t: Tensor) -> Tensor:
        """t with every value that has a name called by it."""
        return self._finder(t)


def _bare(value: Tensor, name: Tensor) -> tuple[Tensor, Tensor]:
    """A value without a number before it, and what that is in terms of the name: where 2 A' is B,
    A is B' / 2."""
    if not isinstance(value, Sum) or len(value.terms) != 1:
        return value, name
    c, inner, labels = value.terms[0]
    if sorted(labels) != list(range(value.rank)):  # copies of a vector side by side
        return value, name
    place = tuple(map(labels.index, range(value.rank)))
    return inner, add([(rational(1 / Fraction(c)), name, place)], inner.dims)


class _Named(Substitution):
    """Names replaced by their stand-ins."""

    def _inside(self, node: Tensor) -> tuple[Tensor, ...]:
        return () if isinstance(node, Bound) else super()._inside(node)

    def _replaced(self, node: Tensor) -> tuple[Tensor, bool]:
        if isinstance(node, Bound):
            return self.values.get(node, node), False
        return super()._replaced(node)


class _Found(Substitution):
    """Values replaced by names, from the inside out."""

    def __init__(self, names: Naming) -> None:
        super().__init__({})
        self.names = names

    def _replaced(self, node: Tensor) -> tuple[Tensor, bool]:
        new, _ = super()._replaced(node)
        return self._called(new), False

    def _called(self, t: Tensor) -> Tensor:
        word = self.names.whole.get(t)
        if word is not None:
            return word
        if isinstance(t, Sum) and 1 < len(t.terms) <= LONG:
            for value, name in self.names.sums:
                t = _in_sum(t, value, name) if isinstance(t, Sum) else t
        elif isinstance(t, Contract) and len(t.factors) <= LONG:
            for product, name in self.names.products:
                t = _in_product(t, product, name)
        return t


def _in_sum(t: Sum, value: Sum, name: Tensor) -> Tensor:
    """A sum with a multiple of a value among its terms called by the value's name."""
    if len(value.terms) > len(t.terms):
        return t
    whole = tuple(range(t.rank))
    first = Fraction(value.terms[0][0])
    for labels in _places(value, t):
        for ratio in {rational(Fraction(c) / first) for c, _, _ in t.terms}:
            rest = add([(1, t, whole), (rational(-ratio), value, labels)], t.dims)
            if _length(rest) == len(t.terms) - len(value.terms):
                return add([(1, rest, whole), (ratio, name, labels)], t.dims)
    return t


def _places(value: Tensor, t: Tensor) -> Iterator[Labels]:
    for labels in permutations(range(t.rank), value.rank):
        if all(t.dims[x] == d for x, d in zip(labels, value.dims, strict=True)):
            yield labels


def _length(t: Tensor) -> int:
    return len(t.terms) if isinstance(t, Sum) else 1


def is_quotient(t: Tensor) -> bool:
    """Whether a tensor is a vector or matrix over something, as layernorm(x) is; a mean is none."""
    if isinstance(t, Sum) and len(t.terms) == 1:
        t = t.terms[0][1]
    if not isinstance(t, Contract) or not t.rank:
        return False
    powers = [_powered(f) for f, _ in t.factors]
    return any(k < 0 and not isinstance(base, Value) for base, k in powers)


POWERS: Final = 4
"""A value is looked for up to so many times in a product."""


def _in_product(t: Tensor, value: Contract, word: Tensor) -> Tensor:
    """A product with a value among its factors, perhaps squared, called by the value's name."""
    for _ in range(POWERS):
        if isinstance(t, Sum) and len(t.terms) == 1:
            c, inner, labels = t.terms[0]
            new = _once_in_product(inner, value, word) if isinstance(inner, Contract) else inner
            new = t if new is inner else add([(c, new, labels)], t.dims)
        else:
            new = _once_in_product(t, value, word) if isinstance(t, Contract) else t
        if new is t:
            break
        t = new
    return t


def _powered(t: Tensor) -> tuple[Tensor, Fraction]:
    """The base and the exponent of a power; anything is its own first."""
    if isinstance(t, Map) and t.fn == "pow" and t.args[0][1] == tuple(range(t.rank)):
        k = as_constant(t.args[1][0])
        if k is not None:
            return t.args[0][0], Fraction(k)
    return t, Fraction(1)


def _apart(factors: Sequence[View], like: Iterable[Tensor]) -> list[View]:
    """The factors with powers of what a value has among its factors as that several times."""
    wanted = dict(map(_powered, like))
    result: list[View] = []
    for t, labels in factors:
        base, k = _powered(t)
        one = wanted.get(base, k)
        times = k / one
        if times.denominator == 1 and 2 <= times <= POWERS:
            result += [(power(base, constant(rational(one))), labels)] * int(times)
        else:
            result.append((t, labels))
    return result


def _once_in_product(t: Contract, value: Contract, word: Tensor) -> Tensor:
    factors = _apart(t.factors, (f for f, _ in value.factors))
    whole = set(range(t.rank))
    found = _among(factors, value, whole)
    if found is not None:
        views = [(word, found[0]), *found[1]]
        return contract(views, range(t.rank), dict(enumerate(t.dims)))
    for i, (scalar, labels) in enumerate(factors):
        if labels or not isinstance(scalar, Contract):
            continue
        beside = [view for j, view in enumerate(factors) if j != i and not view[1]]
        found = _among([*scalar.factors, *beside], value, set())
        if found is None or not found[0]:
            continue
        inside = [(word, found[0]), *(view for view in found[1] if view[1])]
        rest = [view for view in found[1] if not view[1]]
        others = [view for view in factors if view[1]]
        views = [(contract(inside, ()), ()), *rest, *others]
        return contract(views, range(t.rank), dict(enumerate(t.dims)))
    return t


def _among(
    factors: Sequence[View], value: Contract, outer: set[int]
) -> tuple[Labels, list[View]] | None:
    """The labels with which a value is among some factors, and the factors that are left; `outer`
    are the labels that are not summed."""
    if len(value.factors) > len(factors):
        return None
    open_labels = {x for _, axes in value.factors for x in axes} | set(range(value.rank))
    wanted = [(f, tuple(-1 - x for x in axes)) for f, axes in value.factors]
    names = {-1 - x: x for x in open_labels}
    for after, left in found_among(wanted, names, factors, Match()):
        inner = {y for x, y in after.labels.items() if x >= value.rank}
        outside = outer | {x for _, axes in left for x in axes}
        if inner & outside or any(x not in after.labels for x in range(value.rank)):
            continue
        return tuple(after.labels[x] for x in range(value.rank)), left
    return None
