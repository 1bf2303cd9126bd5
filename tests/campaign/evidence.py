"""What the derivative is along one line, with many digits: who is right when two results differ.

A derivative contracted with random directions is one directional derivative of the program, which
sixty digits give to twenty; its two sides tell a kink, its growth as the step shrinks a
singularity.  A result that agrees with it was only spoilt by rounding or overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from mpmath import mp

from matcalc.check.differences import Array
from matcalc.check.sample import Sample
from matcalc.expr.nodes import Derivative, Expr, Named, Symbol, free_symbols
from matcalc.kinds import Problem, is_symmetric
from tests.campaign.borders import borders, kinks, ranks, ties
from tests.campaign.digits import DIGITS, numbers, orthogonal
from tests.campaign.precise import Precise

STEPS: Final = (mp.mpf(10) ** -10, mp.mpf(10) ** -13)
APART: Final = 1e-5
AGREED: Final = 1e-8
GROWTH: Final = 50
MORE: Final = 400
"""Digits for numbers that cancel: up to 308 before the point where doubles hold them, and those of
the squares of the steps."""

Line = Mapping[str, Array]
"""A direction for each of some names."""


class Found(NamedTuple):
    """What there is to say: kink, singular, border, agrees, differs, or not finite."""

    word: str
    detail: str = ""


class Witness:
    """A program at a sample, to be asked about results for its derivative."""

    def __init__(self, problem: Problem, drawn: Sample, rng: np.random.Generator) -> None:
        self.problem, self.drawn = problem, drawn
        self.f = Precise(problem.expression, drawn.sizes, drawn.functions)
        with mp.workdps(DIGITS):
            self.at: dict[str, Array] = {k: numbers(v) for k, v in drawn.point.items()}
            for name, symbol in free_symbols(problem.expression).items():
                if "orthogonal" in symbol.properties:
                    self.at[name] = orthogonal(self.at[name])
            for target in problem.targets:
                if isinstance(target, Named):
                    own = Precise(target, drawn.sizes, drawn.functions)
                    self.at[target.name] = own(self.at)
            self.units = {t.name: self._unit(t, rng) for t in problem.targets}
        self.weights: Array | None = None
        self.rng = rng

    def _unit(self, target: Symbol | Named, rng: np.random.Generator) -> Array:
        v = rng.uniform(-1, 1, np.shape(self.at[target.name]))
        return numbers((v + v.T) / 2 if is_symmetric(target) else v)

    def settle(self, index: int, result: Expr) -> Found:
        """Whether a result (the one of this place, in array layout) is the derivative.

        What differs is computed once more with more digits: large numbers may cancel.
        """
        found = self._settled(index, result, DIGITS)
        return self._settled(index, result, MORE) if found.word == "differs" else found

    def _settled(self, index: int, result: Expr, digits: int) -> Found:
        with mp.workdps(digits):
            lines = self._lines(index)
            sides = [self._sides(lines, h) for h in STEPS]
            words = self._smooth(sides)
            if words:
                return words
            truth = (sides[-1][0] + sides[-1][1]) / 2
            got = self._contracted(
                index, Precise(result, self.drawn.sizes, self.drawn.functions)(self.at)
            )
            if not all(mp.isfinite(e) for e in np.ravel(got)):
                border = self.border()
                if border is not None:
                    return Found("border", border)
                return Found("not finite", "the result has no value where the derivative has one")
            tie = next(ties(self.f.all(self.at)), None)
            if tie is not None:
                return Found("tie", tie)
            apart = _largest(got - truth) / max(_largest(truth), mp.mpf("1e-3"))
            text = f"{_shown(got)} but should be {_shown(truth)}, along random directions"
            if apart < AGREED:
                return Found("agrees", text)
            border = self.border()
            return Found("differs", text) if border is None else Found("border", border)

    def border(self) -> str | None:
        """What of the program is at the border of a domain, or chosen by rounding; None if
        nothing is."""
        second = self.problem.kind in ("hessian", "hvp")
        return self._first(borders, ties, *[kinks] * second)

    def code_border(self) -> str | None:
        """What code in doubles may also see otherwise than the expression."""
        return self._first(borders, ties, ranks)

    def _first(self, *looks: Callable[[Mapping[Expr, Array]], Iterator[str]]) -> str | None:
        inner = [node.arg for node in self.f.order if isinstance(node, Derivative)]
        parts = [self.f, *(Precise(arg, self.drawn.sizes, self.drawn.functions) for arg in inner)]
        values = [part.all(self.at) for part in parts]
        return next((word for look in looks for each in values for word in look(each)), None)

    def _smooth(self, sides: list[tuple[Array, Array, Array]]) -> Found | None:
        """Why there is no derivative, if there is none."""
        for right, left, _ in sides:
            if not all(mp.isfinite(e) for e in [*np.ravel(right), *np.ravel(left)]):
                return Found("singular", "no value next to the point")
        (r1, l1, _), (r2, l2, _) = sides
        first = max(_largest(r1), _largest(l1), mp.mpf("1e-3"))
        if max(_largest(r2), _largest(l2)) > GROWTH * first:
            return Found("singular", "the slope grows as the step shrinks")
        if _largest(r2 - l2) > APART * max(_largest(r2), _largest(l2), mp.mpf("1e-3")):
            return Found("kink", "the slopes from two sides differ")
        return None

    def _sides(self, lines: list[Line], h: Any) -> tuple[Array, Array, Array]:
        """The derivative along one line or two, from the right and from the left."""
        start = self._value({}, h)
        if len(lines) == 1:
            up, down = self._value(lines[0], h), self._value(lines[0], -h)
            return (up - start) / h, (start - down) / h, start
        first, second = lines

        def slope(t: int) -> Array:
            ahead, behind = (_moved(first, t, second, s) for s in (1, -1))
            return np.asarray((self._value(ahead, h) - self._value(behind, h)) / (2 * h))

        return (slope(1) - slope(0)) / h, (slope(0) - slope(-1)) / h, start

    def _value(self, line: Line, h: Any) -> Array:
        moved = {name: self.at[name] + h * v for name, v in line.items()}
        value = self.f({**self.at, **moved})
        return value if self.weights is None else np.asarray(np.sum(self.weights * value))

    def _lines(self, index: int) -> list[Line]:
        """The directions that a result is contracted with, and those that are given."""
        names = [t.name for t in self.problem.targets]
        unit = self.units
        kind, along = self.problem.kind, self.problem.directions
        given = dict(zip(names, map(numbers, self._given()), strict=False))
        all_own = {n: unit[n] for n in names}
        one = (
            all_own
            if self.problem.stacked
            else {names[index % len(names)]: unit[names[index % len(names)]]}
        )
        match kind:
            case "differential" | "jvp":
                return [given]
            case "vjp":
                self.weights = numbers(self.drawn.point[along[0].name])
                return [one]
            case "hvp":
                return [one, given]
            case "hessian" if not self.problem.stacked:
                a, b = divmod(index, len(names))
                return [{names[a]: unit[names[a]]}, {names[b]: unit[names[b]]}]
            case "hessian":
                return [all_own, all_own]
            case _:
                return [one]

    def _given(self) -> list[Any]:
        along = self.problem.directions
        if not along or self.problem.kind == "vjp":
            return []
        values = [self.drawn.point[symbol.name] for symbol in along]
        if self.problem.stacked and self.problem.kind in {"jvp", "hvp"}:
            return list(values[0])
        pairs = zip(self.problem.targets, values, strict=True)
        return [(v + v.T) / 2 if is_symmetric(target) else v for target, v in pairs]

    def _contracted(self, index: int, value: Array) -> Array:
        """A result along the directions that are not in it yet."""
        kind, names = self.problem.kind, [t.name for t in self.problem.targets]
        if kind in {"differential", "jvp"}:
            return value
        if self.problem.stacked:
            v = np.array([self.units[n].item() for n in names], dtype=object)
            for _ in range(2 if kind == "hessian" else 1):
                value = np.asarray(np.tensordot(value, v, 1))
            return value
        if kind == "hessian":
            a, b = divmod(index, len(names))
            u, v = self.units[names[a]], self.units[names[b]]
            return np.asarray(np.tensordot(u, np.tensordot(value, v, v.ndim), u.ndim))
        v = self.units[names[index % len(names)]]
        return np.asarray(np.tensordot(value, v, v.ndim))


def _moved(a: Line, s: int, b: Line, t: int) -> Line:
    """s a + t b."""
    zero = np.asarray(mp.mpf(0))
    return {n: s * a.get(n, zero) + t * b.get(n, zero) for n in {*a, *b}}


def _largest(value: Array) -> Any:
    return max((abs(e) for e in np.ravel(value)), default=mp.mpf(0))


def _shown(value: Array) -> str:
    return ", ".join(mp.nstr(e, 8) for e in np.ravel(value)[:4])
