"""Search for texts that break the reader of the language, led by what they reach in its code:

    python -m tests.fuzz SECONDS [--seed N] [--inputs N] [--keep]

A text that runs through new arcs of matcalc/language joins the pool that texts are made from.  Each
has to end in a result that reads back, or in a diagnostic with its place, soon and within 1 GiB.
What does not is made as short as it can be and printed; `--keep` writes it into tests/fuzz/corpus,
where it is a test.  The exit code is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from time import monotonic

from tests.fuzz.arcs import Arc, Arcs
from tests.fuzz.corpus import FOLDER, pieces, seeds
from tests.fuzz.judge import slow, verdict
from tests.fuzz.mutate import Mutator, minimised

GIBIBYTE = 2**30
FRESH = 300
"""Of the newest texts of the pool, so many are chosen from half of the time."""


@dataclass
class Campaign:
    """A pool of texts, the arcs that they run through, and what was found."""

    seed: int
    pool: list[str] = field(default_factory=list)
    reached: set[Arc] = field(default_factory=set)
    found: dict[str, str] = field(default_factory=dict)
    tried: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.arcs = Arcs()
        self.begin = seeds()
        self.mutator = Mutator(self.random, pieces(self.begin))
        self.texts = self._texts()

    def _texts(self) -> Iterator[str]:
        """The seeds in an order of the campaign's own, then what mutation makes of the pool."""
        order = list(self.begin)
        self.random.shuffle(order)
        yield from order
        while True:
            newest = self.random.random() < 0.5
            old = self.random.choice(self.pool[-FRESH:] if newest else self.pool)
            yield self.mutator.mutated(old, self.pool)

    def run(self, seconds: float, inputs: int | None = None) -> None:
        """Try texts until the time is over or so many were tried."""
        end = monotonic() + seconds
        while monotonic() < end and (inputs is None or self.tried < inputs):
            self.attempt(next(self.texts))

    def attempt(self, text: str) -> None:
        """Judge a text, keep it if it reaches something new, and report it if it fails."""
        self.tried += 1
        began = monotonic()
        with self.arcs.recorded() as arcs:
            said = verdict(text)
        if not said and monotonic() - began > 1:
            said = slow(text)
        if not arcs <= self.reached or not self.pool:
            self.reached |= arcs
            self.pool.append(text)
        if said and said not in self.found.values():
            judge = slow if said == "slow" else verdict
            shortest = minimised(text, lambda shorter: judge(shorter) == said)
            self.found[shortest] = said
            say(f"{said}\n    {shortest!r}")

    def keep(self) -> None:
        """Write what was found where the tests judge it."""
        for text in self.found:
            name = hashlib.sha256(text.encode()).hexdigest()[:12]
            (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")


def say(text: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run a campaign as the arguments say."""
    reader = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    reader.add_argument("seconds", type=float)
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--inputs", type=int, help="texts at most")
    reader.add_argument("--keep", action="store_true", help="write findings into the corpus")
    given = reader.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (GIBIBYTE, GIBIBYTE))
    campaign = Campaign(given.seed)
    campaign.run(given.seconds, given.inputs)
    if given.keep:
        campaign.keep()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(
        f"seed {given.seed}: {campaign.tried} texts, {len(campaign.pool)} kept for "
        f"{len(campaign.reached)} arcs, at most {peak} MiB, {len(campaign.found)} findings"
    )
    return 1 if campaign.found else 0


if __name__ == "__main__":
    sys.exit(main())
