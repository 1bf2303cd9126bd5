"""Is each step of a derivation true?  Its claims, evaluated and differentiated numerically.

A claim is about expressions with named parts.  A derivative of a part by a part is compared with
complex steps of the part alone, with the names that the claim holds constant held at the values
that they have; equalities are compared as values.  All claims of a derivation are judged at the
same random inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from matcalc.check.derivative import Differentiator
from matcalc.check.differences import Array
from matcalc.check.evaluate import evaluate
from matcalc.check.sample import OUTSIDE, Sample, sample
from matcalc.check.steps import size
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Expr, Index, Named, Symbol, free_symbols, postorder

POINTS = 3
TRIES = 12
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Claim:
    """equal: left is right.  symmetric: right is (left + left')/2.  derivative: right is the
    derivative of left by `by` with the names `held` constant; with `along`, its product with that
    direction.
    """

    kind: Literal["equal", "symmetric", "derivative"]
    left: Expr
    right: Expr
    by: Symbol | Named | None = None
    ways: tuple[tuple[Symbol | Named, Expr], ...] = ()
    held: frozenset[str] = frozenset()


@dataclass
class Outcome:
    """What was found of a claim: at how many inputs it held, the largest relative error, why it was
    not compared, what is wrong."""

    inputs: int = 0
    worst: float = 0.0
    reason: str = ""
    wrong: str = ""
    skipped: list[str] = field(default_factory=list)


def judge(
    claims: Sequence[Claim],
    symbols: Sequence[Symbol],
    roots: Sequence[Expr],
    *,
    points: int = POINTS,
    seed: int = 0,
) -> list[Outcome]:
    """Each claim at random inputs at which the roots have finite values.

    roots  What is derived; the inputs are drawn from where these are defined.
    """
    outcomes = [Outcome() for _ in claims]
    rng = np.random.default_rng(seed)
    moved = {s for c in claims for _, way in c.ways for s in free_symbols(way).values()}
    wanted = [*dict.fromkeys([*symbols, *sorted(moved, key=lambda s: s.name)])]
    known = {symbol.name for symbol in symbols}
    roots = [*roots, *_entries(claims, known)]
    used = 0
    for attempt in range(TRIES):
        try:
            drawn = sample(roots, wanted, rng, smallest=2, turned=attempt % 2 == 1)
        except DerivationError as error:
            for outcome in outcomes:
                outcome.reason = outcome.reason or error.message
            break
        used += _judged(claims, outcomes, drawn)
        if used == points:
            break
    for outcome in outcomes:
        if not outcome.inputs and not outcome.wrong:
            outcome.reason = outcome.reason or next(iter(outcome.skipped), "not comparable")
    return outcomes


def _entries(claims: Sequence[Claim], known: Collection[str]) -> list[Expr]:
    """The entries at indices of their own that claims speak of: they say how far these run."""
    found: dict[Expr, None] = {}
    for claim in claims:
        for node in postorder((claim.left,)):
            if isinstance(node, Index):
                own = [i for i in node.indices if isinstance(i, Symbol) and i.name not in known]
                found.update({node: None} if own else {})
    return list(found)


def _judged(claims: Sequence[Claim], outcomes: Sequence[Outcome], drawn: Sample) -> bool:
    """Every claim at one input; whether any could be compared there."""
    known = _Known(drawn)
    compared = False
    for claim, outcome in zip(claims, outcomes, strict=True):
        if outcome.wrong:
            continue
        try:
            got, wanted, error = known.sides(claim)
        except DerivationError as trouble:
            outcome.skipped.append(trouble.message)
            continue
        except OUTSIDE as trouble:
            outcome.skipped.append(str(trouble) or "outside of the domain")
            continue
        if not (np.all(np.isfinite(got)) and np.all(np.isfinite(wanted))):
            outcome.skipped.append("not finite there")
            continue
        compared = True
        _compare(outcome, got, wanted, error)
    return compared


def _compare(outcome: Outcome, got: Array, wanted: Array, error: float) -> None:
    if got.ndim == 2 < wanted.ndim and got.size == wanted.size:
        wanted = wanted.reshape(got.shape, order="F")
    if got.shape != wanted.shape:
        outcome.wrong = f"the shape is {got.shape} but should be {wanted.shape}"
        return
    apart = float(np.max(np.abs(got - wanted), initial=0.0)) / size(wanted)
    if not apart <= max(TOLERANCE, 100 * error):
        outcome.wrong = f"off by {apart:.1e} relative to the largest entry"
        return
    outcome.inputs += 1
    outcome.worst = max(outcome.worst, apart)


class _Known:
    """The values of names at one input, and derivatives that were asked already."""

    def __init__(self, drawn: Sample) -> None:
        self.drawn = drawn
        self.names: dict[str, Array] = {}
        self.derivatives: dict[tuple[Expr, Expr, frozenset[str]], tuple[Array, float]] = {}

    def value(self, expr: Expr) -> Array:
        return evaluate(expr, self.drawn.point, self.drawn.sizes, self.drawn.functions)

    def sides(self, claim: Claim) -> tuple[Array, Array, float]:
        """What is claimed, what it should be, and how exactly that is known."""
        if claim.kind == "derivative":
            return self.moved(claim) if claim.ways else self.whole(claim)
        left, right = self.value(claim.left), self.value(claim.right)
        if claim.kind == "symmetric":
            left = (left + left.T) / 2
        return right, left, 0.0

    def whole(self, claim: Claim) -> tuple[Array, Array, float]:
        """A derivative by one name; by a symmetric matrix, made symmetric."""
        assert claim.by is not None
        right = self.value(claim.right)
        wanted, error = self.derivative(claim.left, claim.by, claim.held)
        if _is_symmetric(claim.by):
            right = (right + right.swapaxes(-1, -2)) / 2
        return right, wanted, error

    def moved(self, claim: Claim) -> tuple[Array, Array, float]:
        """A derivative along directions; of a symmetric matrix along a symmetric one."""
        point = dict(self.drawn.point)
        total, worst = np.zeros(()), 0.0
        others = frozenset(by.name for by, _ in claim.ways)
        for by, way in claim.ways:
            direction = self.value(way)
            if _is_symmetric(by):
                direction = (direction + direction.T) / 2
                point[way.name if isinstance(way, Symbol) else ""] = direction
            held = claim.held | (others - {by.name})
            wanted, error = self.derivative(claim.left, by, held)
            total = total + np.tensordot(wanted, direction, by.shape.rank)
            worst = max(worst, error)
        return evaluate(claim.right, point, self.drawn.sizes, self.drawn.functions), total, worst

    def derivative(
        self, expr: Expr, by: Symbol | Named, held: frozenset[str]
    ) -> tuple[Array, float]:
        key = (expr, by, held)
        if key not in self.derivatives:
            point = dict(self.drawn.point)
            for node in postorder((expr,)):
                if isinstance(node, Named) and node.name in held:
                    point[node.name] = self.value(node)
            made = Differentiator(expr, by, self.drawn.sizes, self.drawn.functions)
            found = made(point)
            self.derivatives[key] = (np.asarray(found.value), found.error)
        return self.derivatives[key]


def _is_symmetric(by: Symbol | Named) -> bool:
    return (
        isinstance(by, Symbol) and bool(by.properties & {"symmetric", "spd"}) and by.shape.rank == 2
    )
