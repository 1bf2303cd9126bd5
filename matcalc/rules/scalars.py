"""Scalars in patterns and in what they are matched with: s of s A, c of c x y."""

from __future__ import annotations

from fractions import Fraction

from matcalc.rules.match import Match
from matcalc.tensor.canonical import constant, contract, primitive_part, rational, scaled
from matcalc.tensor.nodes import Atom, Contract, Sum, Tensor, postorder


def free_scalar(pattern: Tensor, state: Match) -> Tensor | None:
    """What takes in a number: a variable alone, or a scalar variable that stands for nothing yet
    and is a factor of a product and in nothing else there."""
    if isinstance(pattern, Atom):
        return pattern
    if not isinstance(pattern, Contract):
        return None
    inside = {n for f, _ in pattern.factors if not isinstance(f, Atom) for n in postorder((f,))}
    for f, _ in pattern.factors:
        if isinstance(f, Atom) and not f.rank and f not in state.values and f not in inside:
            return f
    return None


def scaled_variable(pattern: Contract) -> tuple[Tensor, Tensor] | None:
    """(s, A) of a pattern s A."""
    scalars = [f for f, axes in pattern.factors if not axes and isinstance(f, Atom)]
    others = [
        f
        for f, axes in pattern.factors
        if axes == tuple(range(pattern.rank)) and isinstance(f, Atom)
    ]
    if pattern.rank and len(scalars) == len(others) == 1 and len(pattern.factors) == 2:
        return scalars[0], others[0]
    return None


def split_scalar(t: Tensor) -> tuple[Tensor, Tensor]:
    """The scalar factors of a tensor, as one tensor, and the rest."""
    coefficient = constant(1)
    if isinstance(t, Sum) and len(t.terms) == 1:
        c, inner, axes = t.terms[0]
        whole = range(t.rank)
        coefficient, t = constant(c), contract([(inner, axes)], whole, dict(enumerate(t.dims)))
    elif isinstance(t, Sum) and t.terms:
        content, _ = primitive_part(t)
        if content < 0 and any(c > 0 for c, _, _ in t.terms):  # a - b is not -1 times b - a
            content = -content
        coefficient, t = constant(content), scaled(t, rational(1 / Fraction(content)))
    if isinstance(t, Contract):
        scalars = [f for f in t.factors if not f[1]]
        others = [f for f in t.factors if f[1]]
        rest = contract(others, range(t.rank), dict(enumerate(t.dims)))
        return contract([*scalars, (coefficient, ())], ()), rest
    return coefficient, t
