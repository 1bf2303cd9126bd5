"""What is known of a tensor: definite, orthogonal, triangular, positive …, read off index notation.

Conservative: a property that is returned holds, one that is not may hold.  The names are those of
the language, and `semidefinite`: symmetric, no negative eigenvalue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

from matcalc.tensor.canonical import as_constant, contract, is_symmetric
from matcalc.tensor.chains import Chain, Link, chain
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Contract,
    Delta,
    Group,
    Labels,
    Map,
    Mask,
    Opaque,
    Rational,
    Sum,
    Tensor,
    postorder,
)
from matcalc.tensor.signs import is_nonnegative, is_positive, signs
from matcalc.tensor.traits import at_the_point

Properties = frozenset[str]

NONE: Final[Properties] = frozenset()
DEFINITE: Final = frozenset({"symmetric", "spd", "semidefinite", "invertible"})
TRIANGULAR: Final = frozenset({"diagonal", "lower", "upper"})
LINEAR: Final = TRIANGULAR | {"symmetric"}
GROUP: Final = TRIANGULAR | {"orthogonal", "invertible"}
_SWAPPED: Final = {"lower": "upper", "upper": "lower"}
_IMPLIED: Final[dict[str, Properties]] = {
    "spd": DEFINITE,
    "semidefinite": frozenset({"symmetric"}),
    "diagonal": frozenset({"symmetric", "lower", "upper"}),
    "orthogonal": frozenset({"invertible"}),
    "positive": frozenset({"nonnegative"}),
}
_MEMO: Final = 50_000


class Knowledge:
    """The properties of tensors, remembered.

    `final` tells whether what is declared of the variables of a derivative may be used: in a result
    it may, in a formula that is still to be differentiated it may not.
    """

    def __init__(self, final: bool) -> None:
        self.final = final
        self._known: dict[Tensor, Properties] = {}

    def __call__(self, t: Tensor) -> Properties:
        """The properties that a tensor is known to have."""
        found = self._known.get(t)
        if found is None:
            if len(self._known) > _MEMO:
                self._known.clear()
            for node in postorder((t,), self._known):
                self._known[node] = self._inferred(node)
            found = self._known[t]
        return found

    def _inferred(self, t: Tensor) -> Properties:
        found = signs(t)
        if t.rank == 2 and t.dims[0] == t.dims[1]:
            found |= _closed(self._matrix(t))
            if is_symmetric(t):
                found |= {"symmetric"}
        return found

    def _matrix(self, t: Tensor) -> Properties:
        match t:
            case Atom(properties=properties):
                return at_the_point(properties) if self.final else properties
            case Delta():
                return frozenset({"spd", "diagonal", "orthogonal"})
            case Mask(offset=offset):
                return frozenset({"lower"}) if offset <= 0 else NONE
            case Bound(value=value):
                return self(value)
            case Sum():
                return self._sum(t)
            case Contract():
                return self._product(t)
            case Opaque():
                return self._function(t)
            case Group():
                return self._kronecker(t)
            case Map(fn="pow", args=((base, labels), (exponent, ()))):
                return self._power(self._view(base, labels), as_constant(exponent))
            case _:
                return NONE

    def _view(self, t: Tensor, labels: Labels) -> Properties:
        """A term of a sum: a number or vector, broadcast, is a matrix of that alone."""
        if labels == (0, 1):
            return self(t)
        if labels == (1, 0):
            return _transposed(self(t))
        return (
            frozenset({"semidefinite", "symmetric"}) if not labels and is_nonnegative(t) else NONE
        )

    def _sum(self, t: Sum) -> Properties:
        known = [self._view(a, labels) for _, a, labels in t.terms]
        found = _common(known, LINEAR)
        if len(known) == 1:
            found |= known[0] & {"invertible"}
        if all(c > 0 for c, _, _ in t.terms) and all("semidefinite" in k for k in known):
            found |= DEFINITE if any("spd" in k for k in known) else {"semidefinite"}
        return found

    # --- products

    def _product(self, t: Contract) -> Properties:
        if not t.factors:  # all ones
            return frozenset({"semidefinite"})
        if all(set(labels) <= {0, 1} for _, labels in t.factors):
            entrywise = self._entrywise(t)
            if entrywise:
                return entrywise
        path = chain(t)
        return self._outer(t) if path is None else self._along(path)

    def _entrywise(self, t: Contract) -> Properties:
        """A ⊙ B: triangular if either is, definite if both are (Schur)."""
        views = [(f, x) for f, x in t.factors if len(set(x)) == 2]
        if len(views) < 2:
            return NONE
        known = [self._view(f, x) for f, x in views]
        found = frozenset().union(*known) & TRIANGULAR
        if len(views) == len(t.factors):
            found |= _common(known, DEFINITE - {"invertible"})
        return found

    @staticmethod
    def _power(base: Properties, exponent: Rational | None) -> Properties:
        """Entry by entry; a whole power is A ⊙ A ⊙ …."""
        if exponent is None or exponent <= 0:
            return NONE
        if isinstance(exponent, int) and "semidefinite" in base:
            return base & (TRIANGULAR | DEFINITE)
        return base & TRIANGULAR

    def _along(self, path: Chain) -> Properties:
        known = [_transposed(self(f)) if turned else self(f) for f, turned in path.links]
        square = all(f.dims[0] == f.dims[1] for f, _ in path.links)
        nodes = [v for at in path.nodes for v in at]
        found = _common(known, TRIANGULAR) if square else NONE
        if square and not nodes and not path.scalars:
            found |= _common(known, frozenset({"orthogonal"}))
        if square and all(map(_nonzero, (*nodes, *path.scalars))):
            found |= _common(known, frozenset({"invertible"}))
        if self._mirrored(path) and all(map(is_nonnegative, path.scalars)):
            found |= self._congruence(path)
        return found

    def _mirrored(self, path: Chain) -> bool:
        """Whether a chain is its own transpose around its middle: B' M B."""
        count = len(path.links)
        links = zip(path.links[: count // 2], reversed(path.links), strict=False)
        nodes = zip(path.nodes, reversed(path.nodes), strict=True)
        return all(self._opposite(a, b) for a, b in links) and all(
            sorted(u, key=_key) == sorted(v, key=_key) for u, v in nodes
        )

    def _opposite(self, a: Link, b: Link) -> bool:
        return a[0] is b[0] and (a[1] != b[1] or "symmetric" in self(a[0]))

    def _congruence(self, path: Chain) -> Properties:
        """B' M B is semidefinite if M is, definite if M is and B is invertible."""
        half, odd = divmod(len(path.links), 2)
        middle = self(path.links[half][0]) if odd else DEFINITE
        if "semidefinite" not in middle:
            return NONE
        between = () if odd else path.nodes[half]
        if not all(map(is_nonnegative, between)):
            return NONE
        outside = [v for at in path.nodes[: half + odd] for v in at]
        sure = all(map(is_positive, (*between, *outside, *path.scalars)))
        regular = all("invertible" in self(f) for f, _ in path.links[:half])
        if sure and regular and "spd" in middle:
            return DEFINITE
        return frozenset({"semidefinite"})

    def _outer(self, t: Contract) -> Properties:
        """u u', u being what the first axis is joined to."""
        if not all(is_nonnegative(f) for f, labels in t.factors if not labels):
            return NONE
        halves = _halves(t, {0}, {1})
        if halves is None or halves[0] is not halves[1]:
            return NONE
        return frozenset({"semidefinite"})

    # --- functions

    def _function(self, t: Opaque) -> Properties:
        if t.batch or not t.args:
            return NONE
        arg = self(t.args[0])
        match t.fn:
            case "inv":
                return arg & (LINEAR | GROUP | DEFINITE) | {"invertible"}
            case "expm":
                return arg & LINEAR | (DEFINITE if "symmetric" in arg else {"invertible"})
            case "sqrtm":
                return arg & (LINEAR | DEFINITE)
            case "logm":
                return arg & LINEAR
            case "pinv":
                return arg & (DEFINITE | {"orthogonal", "diagonal"})
            case "chol":
                return frozenset({"lower", "invertible"}) | (arg & {"diagonal"})
            case "polar" if "invertible" in arg:
                return frozenset({"orthogonal"})
            case _:
                return NONE

    def _kronecker(self, t: Group) -> Properties:
        """A ⊗ B has what both have, a multiple of it what its factor keeps."""
        if t.sizes != (2, 2) or not isinstance(t.arg, Contract):
            return NONE
        halves = _halves(t.arg, {0, 2}, {1, 3})
        if halves is None:
            return NONE
        found = _common(map(self, halves), LINEAR | GROUP | DEFINITE)
        scalars = [f for f, labels in t.arg.factors if not labels]
        return found & _kept(scalars) if scalars else found


def _kept(scalars: Sequence[Tensor]) -> Properties:
    """What a matrix keeps when it is multiplied by these numbers."""
    found = LINEAR
    if all(map(is_nonnegative, scalars)):
        found |= {"semidefinite"}
    if all(map(_nonzero, scalars)):
        found |= {"invertible"}
    return found | DEFINITE if all(map(is_positive, scalars)) else found


def _nonzero(t: Tensor) -> bool:
    """Whether no entry can be zero: all are positive, or something is divided by them."""
    if isinstance(t, Map) and t.fn == "pow":
        exponent = as_constant(t.args[1][0])
        return is_positive(t) or (exponent is not None and exponent < 0)
    return is_positive(t)


def _key(t: Tensor) -> tuple[object, ...]:
    return t.key


def _common(known: Iterable[Properties], among: Properties) -> Properties:
    return reduce(frozenset.intersection, known, among)


def _closed(found: Properties) -> Properties:
    """With all that follows."""
    if {"lower", "upper"} <= found:
        found |= {"diagonal"}
    for name in found:
        found |= _IMPLIED.get(name, NONE)
    return found


def _transposed(found: Properties) -> Properties:
    return frozenset(_SWAPPED.get(name, name) for name in found)


def _halves(t: Contract, first: set[int], second: set[int]) -> tuple[Tensor, Tensor] | None:
    """The product of what is joined to one set of axes, and of what is joined to another; None if
    some factor is joined to both."""
    made = []
    for axes, others in ((first, second), (second, first)):
        reached, size = set(axes), 0
        while size != len(reached):
            size = len(reached)
            for _, labels in t.factors:
                if reached & set(labels):
                    reached |= set(labels)
        if reached & others:
            return None
        views = [view for view in t.factors if set(view[1]) & reached]
        out = sorted(axes)
        made.append(contract(views, out, {x: t.dims[x] for x in out}))
    return made[0], made[1]


KNOWN: Final = {final: Knowledge(final) for final in (False, True)}
"""What is known while there is still something to be differentiated, and what of a result."""
