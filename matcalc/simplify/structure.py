"""What structure a result has: zero, identity, diagonal and so on, read off its index notation."""

from __future__ import annotations

from matcalc.tensor.canonical import as_constant, is_symmetric
from matcalc.tensor.nodes import Contract, Delta, Sum, Tensor


def structure(t: Tensor) -> str:
    """One of: zero, constant, identity, scaled identity, diagonal, rank one, symmetric, dense.

    A matrix is called diagonal because an identity survives between its two axes, never because of
    numbers.
    """
    value = as_constant(t)
    if value is not None:
        return "zero" if value == 0 else "constant"
    if isinstance(t, Delta):
        return "identity"
    inner: Tensor = t
    if isinstance(t, Sum) and len(t.terms) == 1:
        inner = t.terms[0][1]
    if isinstance(inner, Delta):
        return "scaled identity"
    if t.rank != 2:
        return "dense"
    if isinstance(inner, Contract) and any(
        isinstance(f, Delta) and set(x) == {0, 1} for f, x in inner.factors
    ):
        vectors = [x for f, x in inner.factors if not isinstance(f, Delta) and x]
        return "diagonal" if vectors else "scaled identity"
    if isinstance(t, Sum) and all(len(x) == 2 and structure(a) in _DIAGONAL for _, a, x in t.terms):
        return "diagonal"
    if isinstance(inner, Contract) and _is_outer(inner):
        return "rank one"
    return "symmetric" if is_symmetric(t) else "dense"


_DIAGONAL = frozenset({"identity", "scaled identity", "diagonal"})


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
