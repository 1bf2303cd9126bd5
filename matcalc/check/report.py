"""What a check found, in a few lines that say what was tried."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from matcalc.check.differences import Array
from matcalc.check.sample import Sample
from matcalc.check.steps import size

Verdict = Literal["verified", "not verified", "WRONG"]
SHOWN = 12  # entries of an input that a report prints


@dataclass(frozen=True)
class Report:
    """The outcome of a numerical check; `str` is the report.

    `tried` counts the random inputs that were compared, `skipped` those set aside (a kink, no
    precision), `worst` is the largest error relative to the largest entry.
    """

    verdict: Verdict
    tried: int
    skipped: int
    worst: float
    lines: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Compared, and right."""
        return self.verdict == "verified"

    @property
    def wrong(self) -> bool:
        """Compared, and wrong; a report that neither passed nor is wrong could not tell."""
        return self.verdict == "WRONG"

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def record(self) -> dict[str, Any]:
        """What it says, for programs."""
        return {
            "verdict": self.verdict,
            "passed": self.passed,
            "tried": self.tried,
            "skipped": self.skipped,
            "worst": self.worst,
            "lines": list(self.lines),
        }

    def __bool__(self) -> bool:
        return self.passed


@dataclass
class Tally:
    """The comparisons so far."""

    points: int
    tried: int = 0
    worst: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Set one input aside."""
        self.skipped[reason] += 1

    def agreed(self, drawn: Sample) -> bool:
        """Count one input at which everything was right; True if that was the last one wanted."""
        self.tried += 1
        self.samples.append(drawn)
        return self.tried == self.points

    def differs(
        self, got: Array, wanted: Array, tolerance: float, drawn: Sample, what: str
    ) -> Report | None:
        """A report of what is wrong with a value; None if it is as wanted, to a relative tolerance.

        An array of rank 3 or more may also be the matrix between vec()s that stands for it.
        """
        if got.ndim == 2 < wanted.ndim and got.size == wanted.size:
            wanted = wanted.reshape(got.shape, order="F")
        if got.shape != wanted.shape:
            shapes = f"{got.shape} but should have {wanted.shape}"
            return self._wrong(f"{what} has the shape {shapes}", drawn)
        if not got.size:
            return None
        errors = np.nan_to_num(np.abs(got - wanted) / size(wanted), nan=np.inf)
        place = np.unravel_index(int(np.argmax(errors)), errors.shape)
        error = float(errors[place])
        if error <= tolerance:
            self.worst = max(self.worst, error)
            return None
        self.worst = error
        entry = f"entry ({', '.join(str(int(k)) for k in place)}) of {what}" if place else what
        values = f"{got[place]:.10g} but should be {wanted[place]:.10g}"
        return self._wrong(f"{entry} is {values}", drawn)

    def _wrong(self, what: str, drawn: Sample) -> Report:
        lines = [f"WRONG: {what}", *(f"  at {line}" for line in point_lines(drawn))]
        self.tried += 1
        return self._made("WRONG", lines)

    def _made(self, verdict: Verdict, lines: list[str]) -> Report:
        return Report(verdict, self.tried, self.skipped.total(), self.worst, tuple(lines))

    def undecided(self, reason: str) -> Report:
        """The report that nothing can be said."""
        return self._made("not verified", [f"not verified: {reason}", *self._skips()])

    def report(self) -> Report:
        """The report that all is right, if any input was compared."""
        if not self.tried:
            return self.undecided("no random input could be compared")
        domains = dict.fromkeys(sample.domain for sample in self.samples)
        sizes = "; ".join(dict.fromkeys(_sizes(sample) for sample in self.samples))
        lines = [f"verified on {self.tried} random input{'s' * (self.tried > 1)}"]
        lines += [f"  sizes: {sizes}"] if sizes else []
        lines.append(f"  domain: {'; '.join(domains)}")
        lines += [f"  largest relative error: {self.worst:.1e}", *self._skips()]
        return self._made("verified", lines)

    def _skips(self) -> list[str]:
        return [f"  set aside: {number}, {reason}" for reason, number in self.skipped.items()]


def _sizes(drawn: Sample) -> str:
    return ", ".join(f"{name} = {n}" for name, n in sorted(drawn.sizes.items()))


def point_lines(drawn: Sample) -> list[str]:
    """The inputs of a sample, a line each, large ones cut."""
    lines = []
    for name, value in drawn.point.items():
        text = np.array2string(value, precision=4, separator=", ", threshold=SHOWN, edgeitems=2)
        lines.append(f"{name} = {' '.join(text.split())}")
    return lines
