"""Terms of a grouping added up: A ⊗ B, and A ⊗ B beside a commutation or an elimination matrix.

Terms share what is beside them: A + A K is A (eye + K), A K + B K is (A + B) K, and L A + L B is
L (A + B).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from matcalc.expr import build
from matcalc.expr.nodes import Divide, Expr
from matcalc.expr.writing import multiple, product
from matcalc.tensor.ladder import is_identity
from matcalc.tensor.nodes import Rational


@dataclass(frozen=True)
class Term:
    """A coefficient, scalars and a matrix, then a commutation matrix if there is one.

    `swapped` is the same matrix with the commutation matrix `left` before it; all of that is
    between the elimination matrices `before` and `after`, if there are such.
    """

    coefficient: Rational
    core: Expr
    right: Expr | None = None
    swapped: Expr | None = None
    left: Expr | None = None
    before: Expr | None = None
    after: Expr | None = None


def total(terms: Sequence[Term]) -> Expr:
    """The terms added up; those between the same elimination matrices share them."""
    between: dict[tuple[Expr | None, Expr | None], list[Term]] = {}
    for term in terms:
        between.setdefault((term.before, term.after), []).append(term)
    parts = []
    for sides, inner in between.items():
        if sides == (None, None):
            parts.append(_inside(inner))
            continue
        sizes = {abs(Fraction(term.coefficient)) for term in inner}
        common = sizes.pop() if len(sizes) == 1 else Fraction(1)
        bare = [replace(t, coefficient=Fraction(t.coefficient) / common) for t in inner]
        parts.append(multiple(common, _framed(sides, _inside(bare))))
    return _added(parts)


def _framed(sides: tuple[Expr | None, Expr | None], core: Expr) -> Expr:
    """A matrix between two others, what it is divided by below them all."""
    if isinstance(core, Divide) and not core.denominator.shape.dims:
        return build.divide(_framed(sides, core.numerator), core.denominator)
    before, after = sides
    parts = [part for part in (before, core, after) if part is not None]
    return product([part for part in parts if not is_identity(part)] or parts)


def _inside(terms: Sequence[Term]) -> Expr:
    """The terms added up; those with the same commutation matrix share it."""
    plain = [term for term in terms if term.right is None]
    crossed = [term for term in terms if term.right is not None]
    parts: list[Expr] = []
    for term in list(crossed):
        twin = next((p for p in plain if _twins(p, term)), None)
        if twin is None or term.right is None:
            continue
        plain.remove(twin)
        crossed.remove(term)
        parts.append(_symmetrised(twin, term))
    shared: dict[Expr, list[Term]] = {}
    for term in crossed:
        if term.right is not None:
            shared.setdefault(term.right, []).append(term)
    parts += [multiple(term.coefficient, term.core) for term in plain]
    for right, members in shared.items():
        if len(members) == 1:
            parts.append(multiple(members[0].coefficient, times(members[0].core, right)))
        else:
            parts.append(times(_added([multiple(m.coefficient, m.core) for m in members]), right))
    return _added(parts)


def _twins(plain: Term, crossed: Term) -> bool:
    """Whether two terms are A and A K, or A and K A."""
    alike = plain.core in (crossed.core, crossed.swapped)
    return alike and abs(plain.coefficient) == abs(crossed.coefficient)


def _symmetrised(plain: Term, crossed: Term) -> Expr:
    """A (eye + K), or (eye + K) A."""
    after = plain.core == crossed.core
    matrix = crossed.right if after else crossed.left
    assert matrix is not None
    same = plain.coefficient == crossed.coefficient
    both = build.add([build.eye(matrix.shape.dims[0]), matrix if same else build.neg(matrix)])
    factors = [plain.core, both] if after else [both, plain.core]
    return multiple(plain.coefficient, product([f for f in factors if not is_identity(f)]))


def times(core: Expr, right: Expr) -> Expr:
    return right if is_identity(core) else product([core, right])


def _added(parts: Sequence[Expr]) -> Expr:
    """The parts added up, what is negative last."""
    return build.add(sorted(parts, key=build.is_negative))
