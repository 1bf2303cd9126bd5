"""Where an equation G(u) = 0 has a closed form, and on which condition.

G is solved if it is affine in u, or becomes so by what may be done to an equation without changing
its solutions: multiply by denominators, multiply by an invertible matrix from either side, take the
inverse as the unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Final

from matcalc.answers.affine import Affine, Algebra, affine, depends, terms_of
from matcalc.answers.expand import multiplied_out
from matcalc.answers.operators import Operator, operator
from matcalc.expr.build import is_negative
from matcalc.expr.properties import properties
from matcalc.expr.writing import cost
from matcalc.tensor.canonical import (
    add,
    as_constant,
    constant,
    contract,
    is_zero,
    opaque,
    power,
    primitive_part,
    scaled,
)
from matcalc.tensor.nodes import Atom, Contract, Map, Rational, Sum, Tensor, intern
from matcalc.tensor.substitute import Substitution

SYMMETRIC: Final = frozenset({"symmetric", "spd"})


@dataclass(frozen=True)
class Root:
    """A closed form, and what has to hold for it to be the one.

    value     The unknown, in what does not depend on it.
    solver    The operator that was solved for, with scalars that all terms have in common left out.
    nonzero   What must not be zero, also at the point itself.
    hessian   The operator as it is in the gradient, where the gradient is affine; else None.
    right     What the operator is to give: the equation is solver(unknown) = right.
    inverted  Whether the closed form has to be an invertible matrix.
    """

    value: Tensor
    solver: Operator
    right: Tensor
    nonzero: tuple[Tensor, ...] = ()
    hessian: Tensor | None = None
    inverted: bool = False


def root(gradient: Tensor, u: Atom, algebra: Algebra) -> Root | None:
    """The solution of gradient = 0 for u; None if there is no closed form here."""
    found = affine(gradient, u, algebra)
    if found is not None:
        return _of_affine(found, u, algebra, hessian=found.slope)
    if u.rank == 2 and u.dims[0] is u.dims[1]:
        return _by_inverse(gradient, u, algebra) or _by_congruence(gradient, u, algebra)
    if u.rank < 2:
        return _by_denominators(gradient, u, algebra)
    return None


def _of_affine(
    found: Affine, u: Atom, algebra: Algebra, hessian: Tensor | None = None
) -> Root | None:
    if is_zero(found.slope) or u.rank > 2:
        return None
    symmetric = bool(u.properties & SYMMETRIC) and u.rank == 2
    best: Root | None = None
    for cleared, nonzero in _balanced(found, algebra):
        solver = operator(cleared.slope, symmetric, algebra)
        if solver is None:
            return None
        right = algebra.shortest(scaled(cleared.rest, -1))
        value = solver.solved(right, algebra)
        made = Root(value, solver, right, tuple(nonzero), hessian)
        if best is None or _price(made, algebra) < _price(best, algebra):
            best = made
    return best


def _price(found: Root, algebra: Algebra) -> tuple[int, bool]:
    """What a closed form costs; of equals, one whose matrix is not negative."""
    lift = algebra.simplifier.lift
    return cost(lift(found.value)), is_negative(lift(found.solver.first))


# --- scalars that all terms have in common


def _balanced(found: Affine, algebra: Algebra) -> Iterator[tuple[Affine, list[Tensor]]]:
    """The equation divided by the numbers and scalars that its terms have in common.

    Denominators are multiplied away; what is divided by must not be zero.
    """
    slope = found.slope
    content = abs(Fraction(primitive_part(slope)[0])) if isinstance(slope, Sum) else Fraction(1)
    common = _common_scalars(found)
    everything = [(base, -k) for base, k in common.items() if k]
    factors = [power(base, constant(k)) for base, k in everything]
    for chosen in (factors, []) if factors else ([],):
        below = [base for base, k in everything if k < 0] if chosen else []
        for sign in (1, -1):
            c = sign / content
            parts = [_times(t, chosen, c, algebra) for t in (found.slope, found.rest)]
            yield Affine(*parts), below


def _times(t: Tensor, factors: list[Tensor], c: Fraction, algebra: Algebra) -> Tensor:
    if not factors:
        return scaled(t, c)
    views = [(t, tuple(range(t.rank))), *((f, ()) for f in factors)]
    whole = contract(views, range(t.rank), dict(enumerate(t.dims)))
    spread = multiplied_out(scaled(whole, c))
    return spread if t.rank > 2 else algebra.shortest(spread)


def _common_scalars(found: Affine) -> dict[Tensor, Rational]:
    """For each scalar factor the least exponent among all terms of both parts."""
    least: dict[Tensor, Rational] | None = None
    for part in (found.slope, found.rest):
        for _, t, _ in terms_of(multiplied_out(part)):
            own = _scalars(t)
            if least is None:
                least = own
            else:
                names = [*least, *(base for base in own if base not in least)]
                least = {b: min(least.get(b, 0), own.get(b, 0)) for b in names}
    return least or {}


def _scalars(t: Tensor) -> dict[Tensor, Rational]:
    """The scalar factors of a term, with their exponents."""
    factors = [f for f, _ in t.factors] if isinstance(t, Contract) else [t]
    found: dict[Tensor, Rational] = {}
    for f in factors:
        if f.rank:
            continue
        k = as_constant(f.args[1][0]) if isinstance(f, Map) and f.fn == "pow" else None
        base, exponent = (f.args[0][0], k) if k is not None and isinstance(f, Map) else (f, 1)
        if as_constant(base) is None:
            found[base] = found.get(base, 0) + (exponent or 0)
    return found


# --- equations that become affine


def _by_denominators(gradient: Tensor, u: Atom, algebra: Algebra) -> Root | None:
    """A scalar, or each entry of a vector, rid of the denominators that u stands in.

    n/v - r/v² = 0 times v², s/p - t/(1 - p) = 0 times p (1 - p).
    """
    expanded = multiplied_out(algebra.shortest(gradient))
    below = _denominators(expanded, u)
    if not below:
        return None
    axes = tuple(range(u.rank))
    factors = [(power(base, constant(k)), axes) for base, k in below.items()]
    terms = []
    for c, t, labels in terms_of(expanded):
        dims = dict(enumerate(gradient.dims))
        terms.append((c, contract([(t, labels), *factors], axes, dims), axes))
    cleared = algebra.spread(add(terms, gradient.dims))
    found = affine(cleared, u, algebra)
    made = _of_affine(found, u, algebra) if found is not None else None
    if made is None and "positive" in u.properties:
        made = _by_square(cleared, u, algebra)
    return made and replace(made, nonzero=(*made.nonzero, *below))


def _by_square(equation: Tensor, u: Atom, algebra: Algebra) -> Root | None:
    """The square of a positive unknown as the unknown: r - n σ² = 0."""
    square = intern(Atom, u.dims, f"{u.name}^2", u.properties)
    turned = Substitution({power(u, constant(2)): square})(equation)
    if depends(turned, u):
        return None
    found = affine(turned, square, algebra)
    made = _of_affine(found, square, algebra) if found is not None else None
    return made and replace(
        made, value=algebra.shortest(power(made.value, constant(Fraction(1, 2)))), hessian=None
    )


def _denominators(expanded: Tensor, u: Atom) -> dict[Tensor, Rational]:
    """What u stands in below a line, entry by entry, with the highest power of it."""
    found: dict[Tensor, Rational] = {}
    axes = tuple(range(u.rank))
    for _, t, labels in terms_of(expanded):
        views = t.factors if isinstance(t, Contract) else ((t, tuple(range(t.rank))),)
        for f, places in views:
            k = as_constant(f.args[1][0]) if isinstance(f, Map) and f.fn == "pow" else None
            own = tuple(labels[x] for x in places if x < t.rank)
            if k is None or k >= 0 or own != axes or not depends(f, u) or not isinstance(f, Map):
                continue
            base, inner = f.args[0]
            if inner == axes:
                found[base] = max(found.get(base, 0), -k)
    return found


def _spread(
    views: list[tuple[Tensor, tuple[int, ...]]], out: tuple[int, ...], a: Algebra
) -> Tensor:
    return a.spread(contract(views, out))


def _by_inverse(gradient: Tensor, u: Atom, algebra: Algebra) -> Root | None:
    """The inverse as the unknown, where u occurs in no other way."""
    other = intern(Atom, u.dims, f"{u.name}^-1", u.properties)
    turned = Substitution({opaque("inv", [u], u.dims): other})(gradient)
    if depends(turned, u) or not depends(turned, other):
        return None
    found = affine(turned, other, algebra)
    made = _of_affine(found, other, algebra) if found is not None else None
    if made is None:
        return None
    value = algebra.shortest(opaque("inv", [made.value], u.dims))
    return replace(made, value=value, inverted=True)


def _by_congruence(gradient: Tensor, u: Atom, algebra: Algebra) -> Root | None:
    """The equation times u from both sides, from the left, or from the right."""
    for sides in ((True, True), (True, False), (False, True)):
        views = [(u, (0, 2))] * sides[0] + [(u, (3, 1))] * sides[1]
        middle = (2 if sides[0] else 0, 3 if sides[1] else 1)
        found = affine(_spread([*views, (gradient, middle)], (0, 1), algebra), u, algebra)
        made = _of_affine(found, u, algebra) if found is not None else None
        if made is not None:
            return replace(made, inverted=True)
    return None


# --- definiteness


def definiteness(hessian: Tensor, u: Atom, algebra: Algebra) -> int:
    """2 if positive definite, 1 if semidefinite, -1 and -2 likewise; 0 if that is not known."""
    form = operator(hessian, bool(u.properties & SYMMETRIC) and u.rank == 2, algebra)
    if form is None or form.turned:
        return 0
    if form.pieces:
        parts = [(p.scale, "division") for p in form.pieces]
        lefts = [_sign(p.left, "matrix", algebra) for p in form.pieces]
        rights = [_sign(p.right, "matrix", algebra) for p in form.pieces]
        scales = [_sign(t, how, algebra) for t, how in parts]
        return _of_sum([_of_product(signs) for signs in zip(scales, lefts, rights, strict=True)])
    first = _sign(form.first, form.form, algebra)
    if form.second is None:
        return first
    signs = [first, _sign(form.second, form.form, algebra)]
    return _of_product(signs) if form.form == "product" else _of_sum(signs)


def _of_product(signs: Sequence[int]) -> int:
    """The definiteness of a Kronecker product."""
    size = min(abs(sign) for sign in signs)
    return size if prod(signs) > 0 else -size


def _of_sum(signs: Sequence[int]) -> int:
    """The definiteness of a sum of which no term cancels another."""
    if all(sign > 0 for sign in signs):
        return max(signs)
    return min(signs) if all(sign < 0 for sign in signs) else 0


def _sign(t: Tensor, form: str, algebra: Algebra) -> int:
    strict, weak = ("positive", "nonnegative") if form == "division" else ("spd", "semidefinite")
    for factor in (1, -1):
        known = properties(algebra.simplifier.lift(algebra.shortest(scaled(t, factor))))
        if strict in known:
            return 2 * factor
        if weak in known:
            return factor
    return 0
