"""What a derivative of a kind should be at a sample, and whether the sample can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from matcalc.check.derivative import Differentiator, Numerical, directions, kink
from matcalc.check.differences import Array, bend, slope
from matcalc.check.sample import Sample
from matcalc.expr.nodes import Expr, Named, Symbol

Kind = Literal["gradient", "jacobian", "hessian", "differential", "jvp", "vjp", "hvp"]
KINK = 1e-3
DOUBTFUL = 1e-5


@dataclass(frozen=True)
class Truth:
    """The derivatives at a sample, one for each result, and a reason not to rely on them, if there is one."""

    values: tuple[Numerical, ...]
    doubt: str


@dataclass(frozen=True)
class Question:
    """Which derivative of what by what: see `matcalc.check.check`."""

    expression: Expr
    wrt: tuple[Symbol | Named, ...]
    kind: Kind
    stacked: bool
    along: tuple[Symbol, ...]

    @property
    def names(self) -> list[str]:
        """What each of the results is called in a report."""
        own = [w.name for w in self.wrt]
        if self.stacked:
            return [f"the {self.kind} by [{', '.join(own)}]"]
        match self.kind:
            case "hessian":
                return [f"the Hessian by {a}" + ("" if a == b else f" and {b}") for a in own for b in own]
            case "gradient" | "jacobian" | "vjp" | "hvp":
                return [f"the {self.kind} by {name}" for name in own]
            case "differential" | "jvp":
                return [f"the {self.kind} by {', '.join(own)}"]

    def answer(self, sample: Sample, rng: np.random.Generator) -> Truth:
        """The derivatives at a sample, and how sure they are."""
        parts = [Differentiator(self.expression, w, sample.sizes, sample.functions) for w in self.wrt]
        second = self.kind in {"hessian", "hvp"}
        blocks = [
            [p(sample.point, 2) if p is q else p.mixed(q, sample.point) for q in parts] if second else [p(sample.point)]
            for p in parts
        ]
        doubt = next((d for p, row in zip(parts, blocks, strict=True) if (d := _doubt(p, row, sample, rng))), "")
        if second:
            for k, p in enumerate(parts):
                doubt = doubt or _bent(p, blocks[k][k], sample, rng)
        return Truth(tuple(self._arranged(blocks, sample)), doubt)

    def _arranged(self, blocks: list[list[Numerical]], sample: Sample) -> list[Numerical]:
        if self.kind in {"gradient", "jacobian", "hessian"}:
            if not self.stacked:
                return [block for row in blocks for block in row]
            rows = [np.stack([b.value for b in row], axis=-1) for row in blocks]
            value = np.stack(rows, axis=-2) if self.kind == "hessian" else np.concatenate(rows, axis=-1)
            return [Numerical(value, max(b.error for row in blocks for b in row))]
        seeds = [np.asarray(sample.point[symbol.name], dtype=float) for symbol in self.along]
        if self.kind == "vjp":
            return [Numerical(np.tensordot(seeds[0], row[0].value, seeds[0].ndim), row[0].error) for row in blocks]
        if self.kind == "hvp":
            return [_summed(row, seeds) for row in blocks]
        return [_summed([row[0] for row in blocks], seeds)]


def _summed(parts: Sequence[Numerical], seeds: Sequence[Array]) -> Numerical:
    pairs = zip(parts, seeds, strict=True)
    total = sum(np.tensordot(part.value, seed, seed.ndim) for part, seed in pairs)
    return Numerical(np.asarray(total), max(part.error for part in parts))


def _line(part: Differentiator, sample: Sample, rng: np.random.Generator) -> tuple[Array, Array]:
    x = part.start(sample.point)
    units = directions(part.wrt, x.shape)
    v = np.asarray(sum(c * unit for c, unit in zip(rng.uniform(-1, 1, len(units)), units, strict=True)))
    return x, v.reshape(x.shape) / max(float(np.max(np.abs(v), initial=0.0)), 1e-3)


def _doubt(part: Differentiator, row: list[Numerical], sample: Sample, rng: np.random.Generator) -> str:
    """Why the derivative by one variable cannot be relied on here; empty if it can."""
    if not all(np.all(np.isfinite(block.value)) for block in row):
        return "the derivative is not finite there"
    if any(block.error > DOUBTFUL for block in row):
        return "the differences do not converge there"
    x, v = _line(part, sample, rng)
    f = part.evaluator.along(part.wrt, sample.point)

    def value(t: float) -> Array:
        return f(x + t * v)

    if not kink(value) < KINK:
        return "a kink or a jump there"
    central, error = slope(value)
    if row[0].value.ndim == np.ndim(central) + v.ndim and error < DOUBTFUL:
        own = np.tensordot(row[0].value, v, v.ndim)
        if not _near(own, central, DOUBTFUL * 10):
            return "two ways to differentiate disagree there"
    return ""


def _bent(part: Differentiator, block: Numerical, sample: Sample, rng: np.random.Generator) -> str:
    """The same for second derivatives, along a line."""
    x, v = _line(part, sample, rng)
    f = part.evaluator.along(part.wrt, sample.point)
    curvature, error = bend(lambda t: f(x + t * v))
    own = np.tensordot(np.tensordot(block.value, v, v.ndim), v, v.ndim)
    if error < DOUBTFUL and not _near(own, curvature, 1e-3):
        return "two ways to differentiate twice disagree there"
    return ""


def _near(a: Array, b: Array, tolerance: float) -> bool:
    scale = max(float(np.max(np.abs(b), initial=0.0)), 1e-2)
    return float(np.max(np.abs(a - b), initial=0.0)) <= tolerance * scale
