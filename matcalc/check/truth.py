"""What a derivative of a kind should be at a sample, and whether the sample can tell.

A second look along one random line, at values only and each side by itself, finds kinks and jumps,
and judges the complex step.  A sample with doubt is no evidence, for or against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from matcalc.check.derivative import Differentiator
from matcalc.check.differences import Array, bend, slope
from matcalc.check.sample import Sample
from matcalc.check.steps import Numerical, directions, kink, size
from matcalc.expr.nodes import Derivative, Expr, Named, Symbol, postorder

Kind: TypeAlias = Literal[
    "gradient", "jacobian", "hessian", "differential", "jvp", "vjp", "hvp"
]  # fmt: skip
KINK = 1e-3
IMPRECISE = 1e-5
APART = 1e-3


@dataclass(frozen=True)
class Truth:
    """The derivatives at a sample, one a result.

    `error` is how far two ways to differentiate are apart, relative to the largest entry; `doubt`
    says why not to rely on any of it, and is empty if there is no reason.
    """

    values: tuple[Numerical, ...]
    error: float
    doubt: str


@dataclass(frozen=True)
class Question:
    """Which derivative of what by what: see `matcalc.check.check`."""

    expression: Expr
    wrt: tuple[Symbol | Named, ...]
    kind: Kind
    stacked: bool = False
    along: tuple[Symbol, ...] = ()

    @property
    def deep(self) -> bool:
        """Whether it takes many evaluations: second derivatives, or derivatives inside."""
        parts = postorder((self.expression,))
        return self.second or any(isinstance(part, Derivative) for part in parts)

    @property
    def second(self) -> bool:
        """Whether it takes second derivatives."""
        return self.kind in {"hessian", "hvp"}

    @property
    def names(self) -> list[str]:
        """What each of the results is called in a report."""
        own = [w.name for w in self.wrt]
        if self.stacked and self.kind != "differential":
            return [f"the {self.kind} by [{', '.join(own)}]"]
        match self.kind:
            case "hessian":
                return [f"the Hessian by {a} and {b}" for a in own for b in own]
            case "gradient" | "jacobian" | "vjp" | "hvp":
                return [f"the {self.kind} by {name}" for name in own]
            case "differential" | "jvp":
                return [f"the {self.kind} by {', '.join(own)}"]

    def answer(self, sample: Sample, rng: np.random.Generator) -> Truth:
        """The derivatives at a sample, and how sure they are."""
        point, second = sample.point, self.second
        f, sizes, functions = self.expression, sample.sizes, sample.functions
        parts = [Differentiator(f, w, sizes, functions) for w in self.wrt]
        if second:
            blocks = [[p(point, 2) if p is q else p.mixed(q, point) for q in parts] for p in parts]
            own = [blocks[k][k] for k in range(len(parts))]
        else:
            own = [part(point) for part in parts]
            blocks = [[value] for value in own]
        doubt, error = _imprecise([block for row in blocks for block in row]), 0.0
        for part, value in zip(parts, own, strict=True):
            if not doubt:
                doubt, apart = _second_look(part, value, 2 if second else 1, sample, rng)
                error = max(error, apart)
        return Truth(tuple(self._arranged(blocks, sample)), error, doubt)

    def _arranged(self, blocks: list[list[Numerical]], sample: Sample) -> list[Numerical]:
        """The blocks put together as the kind of derivative says."""
        seeds = [np.asarray(sample.point[symbol.name], dtype=float) for symbol in self.along]
        if self.stacked and self.kind in {"jvp", "hvp"}:
            seeds = list(seeds[0])  # one entry for each scalar of the stack
        match self.kind:
            case "gradient" | "jacobian" | "hessian":
                everything = [block for row in blocks for block in row]
                return [_stacked(blocks)] if self.stacked else everything
            case "vjp" | "hvp":
                each = (
                    [_product(seeds[0], row[0]) for row in blocks]
                    if self.kind == "vjp"
                    else [_summed(row, seeds) for row in blocks]
                )
                return [_stacked([[value] for value in each])] if self.stacked else each
            case "differential" | "jvp":
                return [_summed([row[0] for row in blocks], seeds)]


def _stacked(blocks: list[list[Numerical]]) -> Numerical:
    """Derivatives by scalars as one by their vector."""
    error = max(block.error for row in blocks for block in row)
    if len(blocks[0]) == 1:
        return Numerical(np.stack([row[0].value for row in blocks], axis=-1), error)
    rows = [np.stack([block.value for block in row], axis=-1) for row in blocks]
    return Numerical(np.stack(rows, axis=-2), error)


def _product(seed: Array, block: Numerical) -> Numerical:
    return Numerical(np.tensordot(seed, block.value, seed.ndim), block.error)


def _summed(parts: Sequence[Numerical], seeds: Sequence[Array]) -> Numerical:
    pairs = zip(parts, seeds, strict=True)
    total = sum(np.tensordot(part.value, seed, seed.ndim) for part, seed in pairs)
    return Numerical(np.asarray(total), max(part.error for part in parts))


def _imprecise(blocks: Sequence[Numerical]) -> str:
    if not all(np.all(np.isfinite(block.value)) for block in blocks):
        return "the derivative is not finite there"
    if any(block.error > IMPRECISE for block in blocks):
        return "the differences do not converge there"
    return ""


def _second_look(
    part: Differentiator, value: Numerical, order: int, sample: Sample, rng: np.random.Generator
) -> tuple[str, float]:
    """Why a derivative cannot be relied on here, from a random line, or how precise it is."""
    f, v = _line(part, sample, rng)
    if not kink(f) < KINK:
        return "a kink or a jump there", 0.0
    expected, error = slope(f) if order == 1 else bend(f)
    own = value.value
    for _ in range(order):
        own = np.tensordot(own, v, v.ndim)
    if not error < IMPRECISE:
        return "", 0.0
    apart = float(np.max(np.abs(own - expected), initial=0.0)) / max(size(expected), 1e-2)
    return ("two ways to differentiate disagree there", apart) if apart > APART else ("", apart)


def _line(
    part: Differentiator, sample: Sample, rng: np.random.Generator
) -> tuple[Callable[[float], Array], Array]:
    """The expression along a random line through the sample, and the direction of that."""
    x = part.start(sample.point)
    f = part.evaluator.along(part.wrt, sample.point)
    units = np.stack(directions(part.wrt, x.shape))
    v = np.tensordot(rng.uniform(-1, 1, len(units)), units, 1)
    v = v / size(v)
    return lambda t: f(x + t * v), v
