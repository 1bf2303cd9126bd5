"""Signs read off index notation: which tensors have only positive, or no negative, entries.

Conservative like all inference of properties: what is said holds, what is not said may hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from matcalc.tensor.leaves import as_constant
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Contract,
    Delta,
    Embed,
    Group,
    Map,
    Mask,
    OneHot,
    Opaque,
    Split,
    Sum,
    Tensor,
    Value,
    postorder,
)

Signs = frozenset[str]

NONE: Final[Signs] = frozenset()
NONNEGATIVE: Final[Signs] = frozenset({"nonnegative"})
POSITIVE: Final[Signs] = frozenset({"positive", "nonnegative"})

_POSITIVE: Final = frozenset("exp sigmoid softplus cosh normpdf normcdf erfc softmax".split())
_NONNEGATIVE: Final = frozenset(
    "abs relu gt ge eq norm_2 norm_nuc std onehot_max onehot_min".split()
)
_KEEPING: Final = frozenset("sinh tanh atan asinh log1p expm1 erf abs relu".split())
_MEMO: Final = 100_000
_known: dict[Tensor, Signs] = {}


def signs(t: Tensor) -> Signs:
    """`positive` and `nonnegative`, where every entry of t is known to be so."""
    found = _known.get(t)
    if found is None:
        if len(_known) > _MEMO:
            _known.clear()
        for node in postorder((t,), _known):
            _known[node] = _inferred(node)
        found = _known[t]
    return found


def is_positive(t: Tensor) -> bool:
    """Whether every entry is known to be positive."""
    return "positive" in signs(t)


def is_nonnegative(t: Tensor) -> bool:
    """Whether no entry is negative."""
    return "nonnegative" in signs(t)


def _all(parts: Iterable[Tensor]) -> Signs:
    found = POSITIVE
    for t in parts:
        found &= _known[t]
    return found


def _inferred(t: Tensor) -> Signs:
    match t:
        case Atom(properties=properties):
            if "positive" in properties:
                return POSITIVE
            return properties & NONNEGATIVE
        case Value(what=what):
            return NONE if what == "inf" else POSITIVE
        case Delta() | OneHot() | Embed() | Mask():
            return NONNEGATIVE
        case Contract(factors=factors):
            return _all(f for f, _ in factors)
        case Sum(terms=terms):
            if any(c < 0 for c, _, _ in terms):
                return NONE
            known = [_known[a] for _, a, _ in terms]
            if not all("nonnegative" in k for k in known):
                return NONE
            return POSITIVE if any("positive" in k for k in known) else NONNEGATIVE
        case Group(arg=arg) | Split(arg=arg) | Bound(value=arg):
            return _known[arg]
        case Map():
            return _of_map(t)
        case Opaque(fn=fn, args=args):
            if fn in _POSITIVE:
                return POSITIVE
            if fn in _NONNEGATIVE:
                return NONNEGATIVE
            return _known[args[0]] if args and fn in ("max", "min", "prod") else NONE


def _of_map(t: Map) -> Signs:
    args = [_known[a] for a, _ in t.args]
    if t.fn == "pow":
        exponent = as_constant(t.args[1][0])
        if "positive" in args[0]:
            return POSITIVE
        even = exponent is not None and (exponent.numerator % 2 == 0 or exponent.denominator == 2)
        return NONNEGATIVE if even or "nonnegative" in args[0] else NONE
    if t.fn in _POSITIVE:
        return POSITIVE
    if t.fn == "max":
        return args[0] | args[1]
    if t.fn in ("min", "where"):
        return args[-2] & args[-1]
    found = NONNEGATIVE if t.fn in _NONNEGATIVE else NONE
    return found | args[0] if t.fn in _KEEPING and len(args) == 1 else found
