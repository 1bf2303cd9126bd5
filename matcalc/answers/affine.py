"""What is linear in a variable: t = H u + g, with H and g free of u.

H is the derivative of t by u; t is affine in u if H is free of u and so is what is left of t when
H u is taken away.  (The second half matters: sign(u) has the derivative 0 and is not constant.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcalc.answers.expand import multiplied_out
from matcalc.calculus.reverse import derivative
from matcalc.errors import DerivationError, LimitError
from matcalc.rules.book import RuleBook
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import add, contract
from matcalc.tensor.nodes import Rational, Sum, Tensor, postorder

View = tuple[Tensor, tuple[int, ...]]


@dataclass(frozen=True)
class Affine:
    """slope · u + rest: the axes of the slope are those of the whole, then those of u."""

    slope: Tensor
    rest: Tensor


@dataclass(frozen=True)
class Algebra:
    """The rule book and the simplifier that belong together in one derivation."""

    book: RuleBook
    simplifier: Simplifier

    def shortest(self, t: Tensor) -> Tensor:
        """t in normal form."""
        return self.simplifier(t)

    def spread(self, t: Tensor) -> Tensor:
        """t in normal form after every product in it was multiplied out."""
        return self.simplifier(multiplied_out(self.simplifier(t)))


def depends(t: Tensor, u: Tensor) -> bool:
    """Whether u occurs in t."""
    return u in postorder((t,))


def affine(t: Tensor, u: Tensor, algebra: Algebra) -> Affine | None:
    """t as an affine function of u; None if it is none."""
    try:
        (slope,) = derivative(t, [u], algebra.book)
    except LimitError:
        raise
    except DerivationError:
        return None
    slope = _free(slope, u, algebra)
    if depends(slope, u):
        return None
    rank = t.rank
    everything = tuple(range(rank))
    linear = contract([(slope, range(slope.rank)), (u, range(rank, slope.rank))], everything)
    rest = _free(add([(1, t, everything), (-1, linear, everything)], t.dims), u, algebra)
    return None if depends(rest, u) else Affine(slope, rest)


def _free(t: Tensor, u: Tensor, algebra: Algebra) -> Tensor:
    """t in normal form, multiplied out where that is what it takes to be rid of u."""
    simple = algebra.shortest(t)
    if not depends(simple, u):
        return simple
    expanded = multiplied_out(simple)
    return expanded if not depends(expanded, u) and expanded.rank > 2 else algebra.spread(simple)


def terms_of(t: Tensor) -> Iterator[tuple[Rational, Tensor, tuple[int, ...]]]:
    """The terms of a tensor: coefficient, tensor, and its axes among those of the whole."""
    if isinstance(t, Sum):
        yield from t.terms
    else:
        yield 1, t, tuple(range(t.rank))


def obstacle(t: Tensor, unknowns: Sequence[Tensor], algebra: Algebra) -> Tensor | None:
    """The first term of t that is not linear in the unknowns together; None if none is."""
    expanded = multiplied_out(algebra.shortest(t))
    for c, a, labels in terms_of(expanded):
        term = add([(c, a, labels)], t.dims)
        inside = [u for u in unknowns if depends(term, u)]
        if not inside:
            continue
        found = affine(term, inside[0], algebra)
        if found is None or any(depends(found.slope, u) for u in unknowns):
            return term
    return None
