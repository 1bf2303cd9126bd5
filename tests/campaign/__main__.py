"""The command: python -m tests.campaign COUNT --seed S --jobs J --depth D --resume FILE."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.campaign.asking import seeded
from tests.campaign.judge import judged
from tests.campaign.run import campaign, engine
from tests.campaign.shrink import shrunk
from tests.campaign.summary import failed, summary, total


def say(text: str, end: str = "\n") -> None:
    """A text on standard output."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def show(seed: int, depth: int, smaller: bool) -> int:
    """One program with its verdict, shrunk if wanted; 1 if it is bad."""
    made = seeded(seed, depth)
    verdict = judged(made.asked)
    say(f"{made.asked}\n{verdict.word} {verdict.reason}\n{verdict.detail}")
    if smaller and verdict.word not in {"right", "undefined"}:
        made, verdict = shrunk(made)
        say(f"\nshrunk to\n{made.asked}\n{verdict.word} {verdict.reason}\n{verdict.detail}")
    return int(verdict.bad)


def main() -> int:
    """Exit code 1 if anything was wrong or crashed."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1000, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--depth", type=int, default=8, help="how deep forms stand in forms")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--resume", type=Path, help="a journal, to go on where it ends")
    parser.add_argument("--one", action="store_true", help="only the first seed, in full")
    parser.add_argument("--shrink", action="store_true", help="shrink what fails")
    given = parser.parse_args()
    if given.one:
        return show(given.seed, given.depth, given.shrink)
    chunks = []
    for chunk in campaign(given.count, given.seed, given.depth, given.jobs, given.resume):
        chunks.append(chunk)
        for failure in chunk.failures:
            say(f"{failure['word']} {failure['reason']}: seed {failure['seed']}")
            say(f"  {failure['asked']}\n    {failure['detail'][:400]}")
        if len(chunks) % 20 == 0:
            say(", ".join(f"{n} {word}" for word, n in total(chunks).items()))
    say(f"engine {engine()}, depth {given.depth}, seeds from {given.seed}")
    say(summary(chunks))
    if given.shrink:
        for failure in [failure for chunk in chunks for failure in chunk.failures]:
            show(failure["seed"], given.depth, smaller=True)
    return int(failed(chunks))


if __name__ == "__main__":
    sys.exit(main())
