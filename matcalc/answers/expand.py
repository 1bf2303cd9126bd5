"""Products multiplied out, as far as they stay of a readable size.

Two polynomials in matrices are equal if they are the same when multiplied out, and which terms are
linear in a variable can be read off then.  Nothing here chooses a form to print.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import factorial, prod
from typing import Final

from matcalc.simplify.expand import distributed
from matcalc.simplify.rewrite import Rewriting
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import add, as_constant, contract, is_zero
from matcalc.tensor.nodes import Contract, Map, Rational, Sum, Tensor, node_count

TERMS: Final = 64
"""A product is not multiplied out into more terms than this."""

NODES: Final = 4000
"""Larger tensors are left as they are."""

POWERS: Final = (2, 3, 4)
"""Powers of sums that are multiplied out."""


def multiplied_out(t: Tensor) -> Tensor:
    """t with every product over a sum multiplied out."""
    return Rewriting(_once)(t) if node_count(t) <= NODES else t


def _once(t: Tensor) -> Tensor:
    if isinstance(t, Map) and t.fn == "pow":
        return _power(t)
    if isinstance(t, Sum):  # what a rewrite of an operand made of a term has not been seen yet
        terms = [(c, _once(a), labels) for c, a, labels in t.terms]
        same = all(new is old for (_, new, _), (_, old, _) in zip(terms, t.terms, strict=True))
        return t if same or len(terms) > TERMS else add(terms, t.dims)
    if not isinstance(t, Contract):
        return t
    sizes = [len(f.terms) for f, _ in t.factors if isinstance(f, Sum)]
    if prod(sizes) > TERMS or node_count(t) > NODES:
        return t
    options = distributed(t, TERMS)
    return options[0] if options else t


def _power(t: Map) -> Tensor:
    """A whole power of a sum by the multinomial theorem."""
    base, axes = t.args[0]
    k = as_constant(t.args[1][0])
    if not isinstance(base, Sum) or k not in POWERS or len(base.terms) ** int(k) > TERMS:
        return t
    count, everything = int(k), dict(enumerate(t.dims))
    views = [(c, a, tuple(axes[i] for i in x)) for c, a, x in base.terms]
    terms: list[tuple[Rational, Tensor, tuple[int, ...]]] = []
    for chosen in combinations_with_replacement(range(len(views)), count):
        times = factorial(count) // prod(factorial(chosen.count(i)) for i in set(chosen))
        coefficient = times * prod(views[i][0] for i in chosen)
        factors = [(views[i][1], views[i][2]) for i in chosen]
        made = contract(factors, range(t.rank), everything)
        terms.append((coefficient, made, tuple(range(t.rank))))
    return add(terms, t.dims)


def vanishes(t: Tensor, simplifier: Simplifier) -> bool:
    """Whether t is proved to be zero: it simplifies to zero, as it is or multiplied out."""
    simple = simplifier(t)
    if is_zero(simple):
        return True
    expanded = multiplied_out(simple)
    return expanded is not simple and is_zero(simplifier(expanded))
