"""Common factors of the terms of a sum, pulled out: x' A + x' B is x' (A + B)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import count

from matcalc.simplify.expand import MANY, distributed, multiplied_out
from matcalc.tensor.canonical import (
    add,
    as_constant,
    constant,
    contract,
    is_symmetric,
    power,
    rational,
)
from matcalc.tensor.nodes import Contract, Labels, Map, Rational, Sum, Tensor
from matcalc.tensor.selections import is_stacked

Factor = tuple[Tensor, Labels, Rational]
Key = tuple[Tensor, Labels, bool]
Places = dict[int, list[int]]
"""Of the terms that have a factor, where in each it stands."""


OPEN = 24
"""A scalar among more factors than this stays whole."""


def _factors(t: Tensor, labels: Labels, rank: int) -> list[Factor]:
    """The factors of a term: base, labels (those from `rank` on are summed), exponent.

    The term itself and, in a sum of scalars, the scalars in it are opened, as long as there are few
    factors: (x' A x) x is not x x' A x.
    """
    result: list[Factor] = []
    pending = [(t, labels)]
    fresh = count(rank)
    while pending:
        t, labels = pending.pop()
        inner = bool(result or pending)
        if not isinstance(t, Contract) or (inner and (t.rank or rank or len(result) > OPEN)):
            result.append(_powered(t, labels))
            continue
        place = {i: labels[i] for i in range(t.rank)}
        for f, axes in t.factors:
            for x in axes:
                if x not in place:
                    place[x] = next(fresh)
            pending.append((f, tuple([place[x] for x in axes])))
    return result


def _scalars(t: Tensor) -> list[Factor]:
    """The scalars that a scalar is the product of: (x' A x) (x' A y) of two."""
    if isinstance(t, Contract) and not any(f.rank for f, _ in t.factors):
        return [_powered(f, ()) for f, _ in t.factors]
    return [_powered(t, ())]


def _powered(t: Tensor, labels: Labels) -> Factor:
    if isinstance(t, Map) and t.fn == "pow":
        k = as_constant(t.args[1][0])
        base, axes = t.args[0]
        if k is not None:
            return base, tuple(labels[i] for i in axes), k
    return t, labels, 1


def _key(factor: Factor, rank: int) -> Key:
    base, labels, exponent = factor
    return base, tuple(x if x < rank else -1 for x in labels), exponent > 0


CANDIDATES = 6
"""So many common factors are tried, the most common and largest first."""


SIDES = 2
"""So often a factor is pulled out of what another one was pulled out of: in front, behind and once
more; k common factors can be pulled out in k! orders."""


def factored(t: Sum, sides: int = SIDES) -> list[Tensor]:
    """The sum with a common factor pulled out of the terms that have it, in each promising way."""
    if any(_put_together(t, axis) for axis in range(t.rank)):
        return []  # a literal or a stack of blocks is written as it is
    pulled, over = _pulled_and_over(t)
    if not sides or (t.rank and not is_symmetric(t)):
        return [*pulled, *over]
    both = [other for p in pulled for other in _from_both_sides(p, sides)]
    return [*pulled, *both, *over]


def _pulled_and_over(t: Sum) -> tuple[list[Tensor], list[Tensor]]:
    """The sum with a common factor pulled out, and over a common denominator."""
    lists = [_factors(a, labels, t.rank) for _, a, labels in t.terms]
    found = _found(lists, t.rank)
    pulled = _each_pulled(t, lists, found)
    if not t.rank:
        whole = [_scalars(a) for _, a, _ in t.terms]
        products = {k: v for k, v in _found(whole, t.rank).items() if isinstance(k[0], Contract)}
        pulled += _each_pulled(t, whole, products)
    return pulled, [_over(t, lists, [key]) for key in _below(found)]


def _found(lists: list[list[Factor]], rank: int) -> dict[Key, Places]:
    """The factors of all terms, each with the terms that have it."""
    found: dict[Key, Places] = {}
    for i, factors in enumerate(lists):
        for n, f in enumerate(factors):
            found.setdefault(_key(f, rank), {}).setdefault(i, []).append(n)
    for key, places in found.items():
        if len(key[1]) == 2 and key[1].count(-1) == 1:
            for i, factors in enumerate(lists):
                unit = None if i in places else _unit(factors, key)
                if unit is not None:
                    places[i] = [unit]
    return found


def _unit(factors: list[Factor], key: Key) -> int | None:
    """Where a term has a matrix whose summed axis is its own here: of B A + c A the second has the
    A of the first, since A is eye A."""
    base, pattern, above = key
    for n, (t, labels, exponent) in enumerate(factors):
        same = t is base and (exponent > 0) == above
        if same and all(p in (x, -1) for p, x in zip(pattern, labels, strict=True)):
            return n
    return None


def _each_pulled(t: Sum, lists: list[list[Factor]], found: dict[Key, Places]) -> list[Tensor]:
    """The sum with each of the most promising common factors pulled out; where a term has it twice,
    as x' A x has x, once from behind and once in front."""
    shared = [
        key
        for key, places in found.items()
        if len(places) > 1 and _is_plain(key, t.rank) and not _is_horner(lists, key, places)
    ]
    shared.sort(key=lambda k: (len(found[k]), k[0].key, k[1]), reverse=True)
    return [
        _pulled(t, lists, key, {i: places[end] for i, places in found[key].items()})
        for key in shared[:CANDIDATES]
        for end in ((0, -1) if any(len(places) > 1 for places in found[key].values()) else (0,))
    ]


def _below(keys: Iterable[Key]) -> list[Key]:
    """Of the factors the denominators that all of a sum can stand over."""
    below = [key for key in keys if not key[2] and all(x >= 0 for x in key[1])]
    below.sort(key=lambda k: k[0].key, reverse=True)
    return below[:CANDIDATES]


def cleared(t: Contract | Map) -> list[Tensor]:
    """A product or a power without the fractions below its fraction line, or below that of a scalar
    in it: 1 / (1 + a/b) as b / (b + a)."""
    if isinstance(t, Map):
        whole = _without_fractions(t)
        return [] if whole is None else [whole]
    inner = [
        other
        for i, (f, _) in enumerate(t.factors)
        if isinstance(f, Contract) and not f.rank
        for other in _replaced(t, i, _cleared_factors(f))
    ]
    return [*_cleared_factors(t), *inner]


def _cleared_factors(t: Contract) -> list[Tensor]:
    found = ((i, _without_fractions(f)) for i, (f, _) in enumerate(t.factors))
    return [other for i, whole in found if whole is not None for other in _replaced(t, i, [whole])]


def _replaced(t: Contract, place: int, others: Iterable[Tensor]) -> list[Tensor]:
    """The contraction with each of some tensors in the place of a factor."""
    before, (_, labels), after = t.factors[:place], t.factors[place], t.factors[place + 1 :]
    return [
        contract([*before, (f, labels), *after], range(t.rank), dict(enumerate(t.dims)))
        for f in others
    ]


def _without_fractions(t: Tensor) -> Tensor | None:
    """1 / s^k with the terms of the sum s over one denominator, if it has any."""
    if not isinstance(t, Map) or t.fn != "pow":
        return None
    base, k = t.args[0][0], as_constant(t.args[1][0])
    if not isinstance(base, Sum) or not isinstance(k, int) or k > 0:
        return None
    lists = [_factors(a, labels, base.rank) for _, a, labels in base.terms]
    below = _below(dict.fromkeys(_key(f, base.rank) for factors in lists for f in factors))
    return power(_over(base, lists, below), constant(k)) if below else None


def framed(t: Contract) -> list[Tensor]:
    """The contraction multiplied out and put together again, if it is symmetric: A' (B A - c c' A)
    as A' (B - c c') A."""
    if t.rank != 2 or t.dims[0] != t.dims[1]:
        return []
    sums = [s for s in distributed(t) if isinstance(s, Sum) and is_symmetric(s)]
    return [
        other
        for s in sums
        for one in _pulled_and_over(s)[0]
        for other in _from_both_sides(one, SIDES)
    ]


def _from_both_sides(t: Tensor, sides: int) -> list[Tensor]:
    """A' (M A) with A pulled out of the bracket too: what is symmetric is then seen to be so; and a
    scalar x' (A y + A z) as x' A (y + z)."""
    if isinstance(t, Sum):
        return [
            add([*t.terms[:i], (c, other, labels), *t.terms[i + 1 :]], t.dims)
            for i, (c, inner, labels) in enumerate(t.terms)
            for other in _from_both_sides(inner, sides)
        ]
    if not isinstance(t, Contract):
        return []
    return [other for other in refactored(t, sides - 1) if not t.rank or _is_framed(other)]


def _is_framed(t: Tensor) -> bool:
    """Whether the same factors carry both axes of a product, or of a multiple of one."""
    if isinstance(t, Sum) and len(t.terms) == 1:
        t = t.terms[0][1]
    return isinstance(t, Contract) and _at(t, 0) == _at(t, 1)


def _at(t: Contract, axis: int) -> set[Tensor]:
    """The factors that carry an axis."""
    return {f for f, labels in t.factors if axis in labels}


def _is_plain(key: Key, rank: int) -> bool:
    """Whether the bracket that a factor is pulled out of has at most two axes, or no more than the
    sum: those of the sum that the factor lacks, and those that were summed with it."""
    summed = key[1].count(-1)
    return rank - (len(key[1]) - summed) + summed <= max(2, rank)


def _is_horner(lists: list[list[Factor]], key: Key, places: Places) -> bool:
    """Whether a scalar pulled out of some of the terms would leave powers of it: polynomials are
    written out, 3 x^2 + 4 x - 1 and not x (3 x + 4) - 1."""
    exponents = {lists[i][n][2] for i, (n, *_) in places.items()}
    return not key[1] and len(places) < len(lists) and len(exponents) > 1


def _put_together(t: Sum, axis: int) -> bool:
    return all(axis in x and is_stacked(a, x.index(axis)) for _, a, x in t.terms)


def _over(t: Sum, lists: list[list[Factor]], keys: Sequence[Key]) -> Tensor:
    """The sum over common denominators: a/b + c is (a + b c)/b."""
    rank = t.rank
    whole, dims = tuple(range(rank)), dict(enumerate(t.dims))
    terms = list(t.terms)
    outside = []
    for key in keys:
        base, labels, _ = key
        least = min(f[2] for factors in lists for f in factors if _key(f, rank) == key)
        outside.append((power(base, constant(least)), labels))
        raised = power(base, constant(rational(-Fraction(least))))
        terms = [
            (c, contract([(a, axes), (raised, labels)], whole, dims), whole) for c, a, axes in terms
        ]
    opened = [(c, multiplied_out(a), x) for c, a, x in terms]
    return contract([(add(opened, t.dims), whole), *outside], whole, dims)


def _pulled(t: Sum, lists: list[list[Factor]], key: Key, places: dict[int, int]) -> Tensor:
    rank = t.rank
    base, pattern, above = key
    exponents = [lists[i][n][2] for i, n in places.items()]
    common = min(exponents) if above else max(exponents)
    inside = [(t.terms[i][0], _without(t, lists[i], n, pattern, common)) for i, n in places.items()]
    summed = [place for place, x in enumerate(pattern) if x == -1]
    dims = t.dims + tuple(base.dims[place] for place in summed)
    rest = add([(c, a, tuple(range(len(dims)))) for c, a in inside], dims)
    fresh = iter(range(rank, rank + len(summed)))
    labels = tuple(x if x >= 0 else next(fresh) for x in pattern)
    outer = power(base, constant(common))
    pulled = contract(
        [(outer, labels), (rest, range(len(dims)))], range(rank), dict(enumerate(t.dims))
    )
    others = [term for i, term in enumerate(t.terms) if i not in places]
    return add([(1, pulled, tuple(range(rank))), *others], t.dims)


def _without(
    t: Sum, factors: list[Factor], place: int, pattern: Labels, common: Rational
) -> Tensor:
    """A term without the common factor: the axes of the sum, then the indices that were summed with
    it."""
    base, labels, exponent = factors[place]
    left = rational(Fraction(exponent) - Fraction(common))
    remaining = [*factors[:place], (base, labels, left), *factors[place + 1 :]]
    out = [*range(t.rank), *(x for x, p in zip(labels, pattern, strict=True) if p < 0)]
    dims = dict(enumerate(t.dims)) | dict(zip(labels, base.dims, strict=True))
    operands = [(power(b, constant(e)) if e != 1 else b, x) for b, x, e in remaining if e]
    return contract(operands, out, dims)


def refactored(t: Contract, sides: int = SIDES) -> list[Tensor]:
    """The contraction with one of its sums in another form, part of which may join the other
    factors."""
    result = []
    for i, (f, _) in enumerate(t.factors):
        if isinstance(f, Sum) and len(f.terms) <= MANY:
            result += _replaced(t, i, factored(f, sides))
    return result
