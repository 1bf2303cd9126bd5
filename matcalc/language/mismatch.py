"""Diagnostics of inference: which shapes do not fit, and where each came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcalc.errors import InputError, Span
from matcalc.language.types import Constraint

if TYPE_CHECKING:
    from matcalc.language.infer import Inference


def explain(inference: Inference, constraint: Constraint | None) -> InputError:
    """The diagnostic for a constraint that cannot hold."""
    place = constraint.place if constraint is not None else None
    node = place[0] if isinstance(place, tuple) else place
    span = getattr(node, "span", Span(0, 1))
    return inference.scope.fail("the shapes do not fit here", span)
