"""What the canonical form itself has to know of functions; everything else is in the rule book."""

from __future__ import annotations

from typing import Final

from matcalc.expr.nodes import Function

IDEMPOTENT: Final = frozenset({"gt", "ge", "eq"})
"""Indicators: 0 or 1, so their powers are themselves."""

_TRANSPOSABLE: Final = frozenset({"inv", "expm", "logm", "sqrtm", "pinv"})


def commutes_with_transpose(fn: str | tuple[Function, int]) -> bool:
    """Whether f(A') = f(A)'."""
    return fn in _TRANSPOSABLE
