"""What makes the factors of a contraction fewer or simpler, one rewrite a function.

Each returns whether it changed anything, which may make room for another; `out` are the labels of
the result.  They end: each leaves fewer factors, or fewer of the kind that it removes.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.dims import Dim
from matcalc.tensor.components import components
from matcalc.tensor.constructors import as_power, power, relabelled
from matcalc.tensor.factors import Factors
from matcalc.tensor.leaves import (
    UNIT,
    as_constant,
    grouped_dims,
    is_vech_basis,
    is_zero,
    mask,
    primitive_part,
)
from matcalc.tensor.nodes import (
    Delta,
    Embed,
    Group,
    Labels,
    Map,
    Mask,
    OneHot,
    Sum,
    Tensor,
)
from matcalc.tensor.regroup import open_group
from matcalc.tensor.selections import is_stacked, select_inside, selected
from matcalc.tensor.traits import IDEMPOTENT


def reduce(factors: Factors, out: Sequence[int]) -> bool:
    """The first rewrite that applies; False if none does."""
    return (
        push_repeats(factors)
        or merge_powers(factors)
        or no_place(factors)
        or select(factors, out)
        or take_entries(factors, out)
        or block_product(factors, out)
        or vech_products(factors, out)
        or ungroup(factors, out)
        or separate_scalars(factors, out)
    )


def push_repeats(factors: Factors) -> bool:
    """The diagonal of an element-wise function or a sum is that function or sum of the
    diagonals."""
    for index, (t, labels) in enumerate(factors.views):
        if len(set(labels)) == len(labels):
            continue
        if isinstance(t, Mask):
            factors.coefficient = factors.coefficient if t.offset >= 0 else 0
            factors.drop([index])
            return True
        if isinstance(t, Map | Sum):
            distinct = tuple(dict.fromkeys(labels))
            dims = tuple(factors.dim[x] for x in distinct)
            made = relabelled(factors.make, t, [distinct.index(x) for x in labels], dims)
            factors.drop([index])
            factors.push(made, distinct)
            return True
    return False


def merge_powers(factors: Factors) -> bool:
    """x x^2 is x^3: factors with the same base and labels become one."""
    if len(factors.views) < 2:
        return False
    found: dict[tuple[Tensor, Labels], list[tuple[int, Tensor]]] = {}
    for index, (t, labels) in enumerate(factors.views):
        base, axes, exponent = as_power(t, labels)
        found.setdefault((base, axes), []).append((index, exponent))
    _meet_opposites(factors, found)
    repeated = {key: places for key, places in found.items() if len(places) > 1}
    factors.drop(index for places in repeated.values() for index, _ in places)
    for (base, axes), places in repeated.items():
        merged = _merged(factors, base, [exponent for _, exponent in places])
        if merged is not UNIT:
            factors.push(merged, axes)
    return bool(repeated)


def _meet_opposites(
    factors: Factors, found: dict[tuple[Tensor, Labels], list[tuple[int, Tensor]]]
) -> None:
    """(s - t)^p / (t - s) is -(s - t)^(p - 1): whole powers of a sum join those of its opposite,
    whose sign no power by a name lets out."""
    for base, axes in list(found):
        if not isinstance(base, Sum) or len(base.terms) < 2:
            continue
        content, opposite = primitive_part(base)
        whole = found.get((opposite, axes), ()) if content == -1 else ()
        exponents = [as_constant(exponent) for _, exponent in whole]
        if exponents and all(isinstance(k, int) for k in exponents):
            odd = sum(k.numerator for k in exponents if k is not None) % 2
            factors.coefficient = -factors.coefficient if odd else factors.coefficient
            found[base, axes] += found.pop((opposite, axes))


def _merged(factors: Factors, base: Tensor, exponents: Sequence[Tensor]) -> Tensor:
    if isinstance(base, Delta | Mask | OneHot | Embed):
        return base
    if isinstance(base, Map) and base.fn in IDEMPOTENT:
        return base
    total = factors.make.add([(1, exponent, ()) for exponent in exponents], ())
    return power(factors.make, base, total)


def no_place(factors: Factors) -> bool:
    """Two different places of one axis have nothing in common."""
    at: dict[int, int] = {}
    hots = [(t.index, x) for t, x in factors.views if isinstance(t, OneHot)]
    if any(at.setdefault(x[0], i) != i for i, x in hots if isinstance(i, int)):
        factors.coefficient = 0
        return True
    return False


def select(factors: Factors, out: Sequence[int]) -> bool:
    """Places picked out of wholes: an entry of a stack is that entry, a part of a part is a
    part."""
    for index, (t, labels) in enumerate(factors.views):
        if not isinstance(t, OneHot | Embed):
            continue
        for axis, label in enumerate(labels):
            if label in out:
                continue
            others = [i for i in factors.touching(label) if i != index]
            if not others and axis == 0:  # exactly one place of the whole is picked
                del factors.views[index]
                factors.use_up([label])
                return True
            if len(others) != 1 or factors.views[others[0]][1].count(label) > 1:
                continue
            if _select_from(factors, index, t, axis, others[0]):
                return True
    return False


def _select_from(factors: Factors, index: int, t: OneHot | Embed, axis: int, other: int) -> bool:
    """The selection t (the factor at `index`) of another factor, over its axis `axis`."""
    labels = factors.views[index][1]
    u, axes = factors.views[other]
    place = axes.index(labels[axis])
    kept = [x for i, x in enumerate(labels) if i != axis]
    rest = [x for i, x in enumerate(axes) if i != place]
    if isinstance(u, OneHot | Embed):
        answer = selected(t, axis, u, place)
        if answer is None:
            return False
        order = kept + rest
    elif axis == 0 and is_stacked(u, place):
        answer = select_inside(factors.make, t, u, place)
        order = rest + kept
    else:
        return False
    factors.drop([index, other])
    factors.use_up([labels[axis]])
    if is_zero(answer):
        factors.coefficient = 0
    else:
        factors.push(answer, tuple(order))
    return True


def take_entries(factors: Factors, out: Sequence[int]) -> bool:
    """x ⊙ e(i, n) is x[i] e(i, n): beside a unit vector, of a vector only that entry counts."""
    for hot, (label,) in [view for view in factors.views if isinstance(view[0], OneHot)]:
        beside = [i for i in factors.touching(label) if factors.views[i][0] is not hot]
        vectors = [
            i
            for i in beside
            if factors.views[i][1] == (label,) and not isinstance(factors.views[i][0], OneHot)
        ]
        if not vectors or (label not in out and len(beside) < 2):
            continue
        entries = [
            factors.make.contract([(factors.views[i][0], (label,)), (hot, (label,))], ())
            for i in vectors
        ]
        factors.drop(vectors)
        for entry in entries:
            factors.push(entry, ())
        return True
    return False


def block_product(factors: Factors, out: Sequence[int]) -> bool:
    """Two stacks that meet in a summed index are multiplied block by block; one is summed so."""
    for i, (t, labels) in enumerate(factors.views):
        if not isinstance(t, Sum):
            continue
        for axis, label in enumerate(labels):
            if label in out or not is_stacked(t, axis):
                continue
            others = [j for j in factors.touching(label) if j != i]
            if not others and all(axis in places for _, _, places in t.terms):
                _multiply_blocks(factors, i, t, None, label)
                return True
            if len(others) != 1:
                continue
            u, axes = factors.views[others[0]]
            if isinstance(u, Sum) and is_stacked(u, axes.index(label)):
                _multiply_blocks(factors, i, t, others[0], label)
                return True
    return False


def _multiply_blocks(factors: Factors, i: int, t: Sum, j: int | None, label: int) -> None:
    """Each term of the stack t, the factor at i, times that at j if any, summed over label."""
    labels = factors.views[i][1]
    u, axes = (UNIT, ()) if j is None else factors.views[j]
    rest = tuple(dict.fromkeys(x for x in labels + axes if x != label))
    dims = dict(zip(labels + axes, t.dims + u.dims, strict=True))
    whole = tuple(range(len(rest)))
    terms = []
    for c, a, places in t.terms:
        block = (a, tuple([labels[k] for k in places]))
        terms.append((c, factors.make.contract([block, (u, axes)], rest, dims), whole))
    factors.drop([i] if j is None else [i, j])
    factors.use_up([label])
    factors.push(factors.make.add(terms, tuple(dims[x] for x in rest)), rest)


def vech_products(factors: Factors, out: Sequence[int]) -> bool:
    """B_kij B_kpq summed over k is the identity on the lower triangle; B_kij summed over k is that
    triangle."""
    bases = [i for i, (t, _) in enumerate(factors.views) if is_vech_basis(t)]
    for i in bases:
        t, (label, *_) = factors.views[i]
        touching = factors.touching(label)
        if label in out or not set(touching) <= set(bases) or len(touching) > 2:
            continue
        a, b = factors.views[touching[0]][1][1:]
        c, d = factors.views[touching[-1]][1][1:]
        n = t.dims[1]
        factors.drop(touching)
        factors.use_up([label])
        factors.views.append((mask((n, n), 0), (a, b)))
        if len(touching) == 2:
            factors.deltas += [(a, c), (b, d)]
        return True
    return False


def ungroup(factors: Factors, out: Sequence[int]) -> bool:
    """A summed label that only grouped axes of one make carry is the sum over each of those
    axes."""
    grouped = {x for t, labels in factors.views if isinstance(t, Group) for x in labels}
    for label in sorted(grouped - set(out)):
        touching, parts = grouped_alike(factors, label)
        if len(parts) > 1:
            split_label(factors, label, touching, parts)
            return True
    return False


def grouped_alike(factors: Factors, label: int) -> tuple[list[int], tuple[Dim, ...]]:
    """The factors that carry a label, and what all of them grouped to make it; nothing if they
    differ."""
    touching = factors.touching(label)
    makes = set()
    for i in touching:
        t, labels = factors.views[i]
        if not isinstance(t, Group):
            return touching, ()
        makes |= {grouped_dims(t, place) for place, x in enumerate(labels) if x == label}
    return touching, makes.pop() if len(makes) == 1 else ()


def split_label(
    factors: Factors, label: int, touching: Sequence[int], parts: tuple[Dim, ...]
) -> list[int]:
    """A label split into those that it was grouped of, in all the factors that carry it."""
    fresh = [factors.fresh() for _ in parts]
    factors.use_up([label])
    for i in sorted(touching, reverse=True):
        t, labels = factors.views[i]
        factors.drop([i])
        while label in labels:
            assert isinstance(t, Group)
            place = len(labels) - 1 - labels[::-1].index(label)
            t = open_group(factors.make, t, place)
            labels = (*labels[:place], *fresh, *labels[place + 1 :])
        factors.push(t, labels)
    return fresh


def separate_scalars(factors: Factors, out: Sequence[int]) -> bool:
    """Factors connected among themselves but to no axis of the result are a scalar of their own."""
    outer = set(out)
    groups = components(factors.views, outer)
    if len(groups) < 2 and not out:
        return False
    for members in groups:
        inside = [factors.views[i] for i in members]
        labels = {label for _, axes in inside for label in axes}
        if labels and not labels & outer:
            scalar = factors.make.contract(inside, ())
            factors.use_up(labels)
            factors.drop(members)
            factors.push(scalar, ())
            return True
    return False
