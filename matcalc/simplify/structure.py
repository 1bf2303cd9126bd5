"""What structure a result has: zero, identity, diagonal and so on, read off its index notation."""

from __future__ import annotations

from matcalc.tensor.canonical import as_constant, is_symmetric
from matcalc.tensor.nodes import Atom, Contract, Delta, Sum, Tensor

SCALED = frozenset({"identity", "scaled identity"})
DIAGONAL = SCALED | {"diagonal"}


def structure(t: Tensor) -> str:
    """One of: zero, constant, identity, scaled identity, diagonal, rank one, symmetric, dense.

    A matrix is called diagonal because an identity survives between its two axes, or because it was
    declared to be, never because of numbers.
    """
    value = as_constant(t)
    if value is not None:
        return "zero" if value == 0 else "constant"
    if isinstance(t, Delta):
        return "identity"
    if t.rank != 2:
        return "dense"
    if isinstance(t, Sum):
        return _of_sum(t)
    if isinstance(t, Atom) and "diagonal" in t.properties:
        return "diagonal"
    if isinstance(t, Contract):
        kept = {structure(f) for f, labels in t.factors if set(labels) == {0, 1}} & DIAGONAL
        if kept:
            others = any(labels for f, labels in t.factors if not isinstance(f, Delta))
            return "diagonal" if others else "scaled identity"
        if _is_outer(t):
            return "rank one"
    return "symmetric" if is_symmetric(t) else "dense"


def _of_sum(t: Sum) -> str:
    """The structure of a sum of matrices; a term that lacks an axis is a row or a column all over
    the matrix."""
    found = {structure(a) if len(labels) == 2 else "rank one" for _, a, labels in t.terms}
    if found <= DIAGONAL:
        return "scaled identity" if found <= SCALED else "diagonal"
    if len(t.terms) == 1:
        return found.pop()
    return "symmetric" if is_symmetric(t) else "dense"


def _is_outer(t: Contract) -> bool:
    """Whether no factor, nor any chain of summed indices, joins the two axes."""
    reached = {0}
    changed = True
    while changed:
        changed = False
        for _, labels in t.factors:
            if reached & set(labels) and not set(labels) <= reached:
                reached |= set(labels)
                changed = True
    return 1 not in reached
