"""Common factors of the terms of a sum, pulled out: x' A + x' B is x' (A + B)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import count

from matcalc.rules.structured import of_half_triangle, of_triangles
from matcalc.tensor.canonical import (
    add,
    as_constant,
    constant,
    contract,
    is_symmetric,
    power,
    rational,
    size,
)
from matcalc.tensor.nodes import Contract, Labels, Map, Mask, Rational, Sum, Tensor
from matcalc.tensor.selections import is_stacked

Factor = tuple[Tensor, Labels, Rational]
Key = tuple[Tensor, Labels, bool]


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


def _place(factors: list[Factor], key: Key, rank: int) -> int | None:
    """Where a term has a factor; A x + c is such a sum, and so is B A x + c A, since A is eye A."""
    exact = next((n for n, f in enumerate(factors) if _key(f, rank) == key), None)
    if exact is not None or -1 not in key[1] or len(key[1]) != 2:
        return exact
    base, pattern, above = key
    for n, (t, labels, exponent) in enumerate(factors):
        fits = all(p in (x, -1) and x < rank for p, x in zip(pattern, labels, strict=False))
        if t is base and (exponent > 0) == above and len(labels) == len(pattern) and fits:
            return n
    return None


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
    if not sides or not is_symmetric(t):
        return [*pulled, *over]
    both = [other for p in pulled for other in _from_both_sides(p, sides)]
    return [*pulled, *both, *over]


def _pulled_and_over(t: Sum) -> tuple[list[Tensor], list[Tensor]]:
    """The sum with a common factor pulled out, and over a common denominator."""
    rank = t.rank
    lists = [_factors(a, labels, rank) for _, a, labels in t.terms]
    found: dict[Key, list[int]] = {}
    for i, factors in enumerate(lists):
        for key in {_key(f, rank) for f in factors}:
            found.setdefault(key, []).append(i)
    for key in [key for key in found if -1 in key[1] and len(key[1]) == 2]:
        others = [i for i in range(len(lists)) if i not in found[key]]
        found[key] += [i for i in others if _place(lists[i], key, rank) is not None]
    shared = [
        key
        for key, where in found.items()
        if len(where) > 1 and not _is_horner(lists, key, where, rank)
    ]
    shared.sort(key=lambda k: (len(found[k]), k[0].key[0], k[0].key, k[1]), reverse=True)
    pulled = [_pulled(t, lists, key, found[key]) for key in shared[:CANDIDATES]]
    return pulled, [_over(t, lists, [key]) for key in _below(found)]


def _below(keys: Iterable[Key]) -> list[Key]:
    """Of the factors the denominators that all of a sum can stand over."""
    below = [key for key in keys if not key[2] and all(x >= 0 for x in key[1])]
    below.sort(key=lambda k: (k[0].key, k[1]), reverse=True)
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
    if not isinstance(t, Map) or t.fn != "pow" or t.args[0][1] != tuple(range(t.rank)):
        return None
    base, k = t.args[0][0], as_constant(t.args[1][0])
    if not isinstance(base, Sum) or len(base.terms) < 2 or not isinstance(k, int) or k > 0:
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
    """A' (M A) with A pulled out of the bracket too: what is symmetric is then seen to be so."""
    if isinstance(t, Sum) and len(t.terms) == 1:
        c, inner, labels = t.terms[0]
        return [add([(c, other, labels)], t.dims) for other in _from_both_sides(inner, sides)]
    if not isinstance(t, Contract):
        return []
    return [
        other
        for other in refactored(t, sides - 1)
        if isinstance(other, Contract) and _at(other, 0) == _at(other, 1)
    ]


def _at(t: Contract, axis: int) -> set[Tensor]:
    """The factors that carry an axis."""
    return {f for f, labels in t.factors if axis in labels}


def _is_horner(lists: list[list[Factor]], key: Key, members: list[int], rank: int) -> bool:
    """Whether a scalar pulled out of some of the terms would leave powers of it: polynomials are
    written out, 3 x^2 + 4 x - 1 and not x (3 x + 4) - 1."""
    if key[1] or len(members) == len(lists):
        return False
    exponents = {f[2] for i in members for f in lists[i] if _key(f, rank) == key}
    return len(exponents) > 1


def _put_together(t: Sum, axis: int) -> bool:
    return all(axis in x and is_stacked(a, x.index(axis)) for _, a, x in t.terms)


def _over(t: Sum, lists: list[list[Factor]], keys: Sequence[Key]) -> Tensor:
    """The sum over common denominators: a/b + c is (a + b c)/b."""
    rank = t.rank
    whole, dims = tuple(range(rank)), dict(enumerate(t.dims))
    terms = [(c, a, axes) for c, a, axes in t.terms]
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


def _pulled(t: Sum, lists: list[list[Factor]], key: Key, members: list[int]) -> Tensor:
    rank = t.rank
    places = [_place(lists[i], key, rank) for i in members]
    exponents = [lists[i][p][2] for i, p in zip(members, places, strict=True) if p is not None]
    common = min(exponents) if key[2] else max(exponents)
    inside = [_without(t, i, lists[i], key, common) for i in members]
    base, pattern, _ = key
    summed = [place for place, x in enumerate(pattern) if x == -1]
    dims = t.dims + tuple(base.dims[place] for place in summed)
    rest = add([(c, a, tuple(range(len(dims)))) for c, a in inside], dims)
    fresh = iter(range(rank, rank + len(summed)))
    labels = tuple(x if x >= 0 else next(fresh) for x in pattern)
    outer = power(base, constant(common))
    pulled = contract(
        [(outer, labels), (rest, range(len(dims)))], range(rank), dict(enumerate(t.dims))
    )
    others = [term for i, term in enumerate(t.terms) if i not in members]
    return add([(1, pulled, tuple(range(rank))), *others], t.dims)


def _without(
    t: Sum, i: int, factors: list[Factor], key: Key, common: Rational
) -> tuple[Rational, Tensor]:
    """A term without the common factor: the axes of the sum, then the indices that were summed with
    it."""
    rank = t.rank
    place = _place(factors, key, rank)
    assert place is not None
    base, labels, exponent = factors[place]
    left = Fraction(exponent) - Fraction(common)
    remaining = [*factors[:place], *factors[place + 1 :]]
    if left:
        remaining.append((base, labels, left))
    out = [*range(rank), *(x for x, pattern in zip(labels, key[1], strict=True) if pattern < 0)]
    dims = dict(enumerate(t.dims)) | dict(zip(labels, base.dims, strict=True))
    operands = [(power(b, constant(e)) if e != 1 else b, x) for b, x, e in remaining]
    return t.terms[i][0], contract(operands, out, dims)


ROUNDS = 3
"""Triangles are looked for in sums that are multiplied out this often."""

MANY = 6
"""A product is not multiplied out over a sum of more terms than this."""


def absorbed(t: Contract) -> list[Tensor]:
    """The contraction with an element-wise factor of one of its sums taken into the sum."""
    result = []
    for i, (f, labels) in enumerate(t.factors):
        if not isinstance(f, Sum) or not 1 < len(f.terms) <= MANY:
            continue
        for j, (u, places) in enumerate(t.factors):
            if i != j and places and set(places) <= set(labels) and not isinstance(u, Sum):
                axes = tuple(labels.index(x) for x in places)
                whole = tuple(range(f.rank))
                everything = dict(enumerate(f.dims))
                terms = [
                    (c, contract([(a, x), (u, axes)], whole, everything), whole)
                    for c, a, x in f.terms
                ]
                rest = [view for k, view in enumerate(t.factors) if k not in (i, j)]
                views = [(add(terms, f.dims), labels), *rest]
                result.append(contract(views, range(t.rank), dict(enumerate(t.dims))))
    return result


def multiplied_out(t: Tensor) -> Tensor:
    """A product multiplied out over its first short sum; t itself if there is none."""
    options = distributed(t) if isinstance(t, Contract) else []
    return options[0] if options else t


def opened(t: Sum) -> list[Tensor]:
    """The sum with every product in it multiplied out once, so that terms may cancel."""
    terms = [(c, multiplied_out(a), labels) for c, a, labels in t.terms]
    if all(new is old for (_, new, _), (_, old, _) in zip(terms, t.terms, strict=True)):
        return []
    return [add(terms, t.dims)]


def with_triangles(t: Sum, tidied: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """The sum with its triangles put together, where they stand in sums of products: multiplied
    out over these, then over other short sums as long as the triangles are of different
    matrices."""
    terms = [(c, _over_triangles(a), labels) for c, a, labels in t.terms]
    if all(new is old for (_, new, _), (_, old, _) in zip(terms, t.terms, strict=True)):
        return []
    new: list[Tensor] = [add(terms, t.dims)]
    for _ in range(ROUNDS):
        if not new or not isinstance(new[0], Sum) or len(new[0].terms) > OPEN:
            break
        whole = of_triangles(new[0])
        if whole is not None:
            return [whole]
        new = [tidied(other) for other in opened(new[0])]
    return []


def with_half_triangles(t: Contract) -> list[Tensor]:
    """The contraction with a triangle of ones over a symmetric matrix, all of which is summed, as
    half of all of it and half of its diagonal."""
    new = _over_triangles(t)
    parts = new.terms if new is not t and isinstance(new, Sum) else ((1, t, tuple(range(t.rank))),)
    halves = [of_half_triangle(a) if isinstance(a, Contract) else None for _, a, _ in parts]
    if not any(halves):
        return []
    terms = [(c, half or a, x) for (c, a, x), half in zip(parts, halves, strict=True)]
    return [add(terms, t.dims)]


def _over_triangles(t: Tensor) -> Tensor:
    """A product multiplied out over the first of its sums in which a triangle of ones stands."""
    if isinstance(t, Contract):
        for i, (f, _) in enumerate(t.factors):
            if isinstance(f, Sum) and any(isinstance(a, Mask) for _, a, _ in f.terms):
                return _multiplied(t, i, f)
    return t


def distributed(t: Contract, many: int = MANY) -> list[Tensor]:
    """The contraction multiplied out over one of its sums, for each sum of at most `many` terms."""
    return [
        _multiplied(t, i, f)
        for i, (f, _) in enumerate(t.factors)
        if isinstance(f, Sum) and 1 < len(f.terms) <= many
    ]


def _multiplied(t: Contract, place: int, f: Sum) -> Tensor:
    """The contraction multiplied out over the sum at one place."""
    labels = t.factors[place][1]
    others = [*t.factors[:place], *t.factors[place + 1 :]]
    dims = {x: d for u, y in t.factors for x, d in zip(y, u.dims, strict=True)}
    dims |= dict(enumerate(t.dims))
    everything = tuple(range(t.rank))
    terms = []
    for c, a, places in f.terms:
        view = (a, tuple(labels[x] for x in places))
        carried = {x for _, y in [*others, view] for x in y}
        ones = [(size(dims[x]), ()) for x in labels if x >= t.rank and x not in carried]
        terms.append((c, contract([view, *others, *ones], everything, dims), everything))
    return add(terms, t.dims)


def refactored(t: Contract, sides: int = SIDES) -> list[Tensor]:
    """The contraction with one of its sums of matrices in another form, part of which may join the
    other factors."""
    result = []
    for i, (f, _) in enumerate(t.factors):
        if isinstance(f, Sum) and f.rank <= 2 and 1 < len(f.terms) <= MANY:
            result += _replaced(t, i, factored(f, sides))
    return result
