"""What a campaign found, as tables: by verdict and reason, by kind, by function."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from tests.campaign.run import Chunk

WORDS: Final = ("right", "refused", "undefined", "timeout", "WRONG", "CRASH")


def total(chunks: Iterable[Chunk]) -> Counter[str]:
    """The number of programs by verdict."""
    counts: Counter[str] = Counter()
    for chunk in chunks:
        for name, number in chunk.verdicts.items():
            counts[name.partition(":")[0]] += number
    return counts


def failed(chunks: Iterable[Chunk]) -> bool:
    """Whether a result was wrong or a program crashed."""
    counts = total(chunks)
    return bool(counts["WRONG"] or counts["CRASH"])


def summary(chunks: Sequence[Chunk]) -> str:
    """The tables, a person's."""
    counts, reasons = total(chunks), Counter[str]()
    for chunk in chunks:
        reasons.update(chunk.verdicts)
    programs, seconds = sum(counts.values()), sum(chunk.seconds for chunk in chunks)
    lines = [f"{programs} programs, {1000 * seconds / max(programs, 1):.0f} ms each"]
    lines += ["", "by verdict"]
    for word in WORDS:
        lines.append(f"{counts[word]:8} {word}")
        own = [(n, name) for name, n in reasons.items() if name.startswith(f"{word}: ")]
        lines += [f"{n:12} {name.partition(': ')[2]}" for n, name in sorted(own, reverse=True)]
    for title, tables in (
        ("by kind", [chunk.kinds for chunk in chunks]),
        ("by function", [chunk.functions for chunk in chunks]),
    ):
        lines += ["", f"{title:24}" + "".join(f"{word:>10}" for word in WORDS)]
        lines += _rows(tables)
    return "\n".join(lines)


def _rows(tables: Iterable[dict[str, dict[str, int]]]) -> list[str]:
    merged: dict[str, Counter[str]] = defaultdict(Counter)
    for table in tables:
        for name, counts in table.items():
            merged[name].update(counts)
    return [
        f"  {name:22}" + "".join(f"{merged[name][word] or '·':>10}" for word in WORDS)
        for name in sorted(merged)
    ]
