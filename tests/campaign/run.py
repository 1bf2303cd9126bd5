"""Many seeds in parallel, in chunks; each chunk that is done is a line of a journal.

A journal belongs to a state of the engine, which each line names by a hash of its sources: run
again with the same journal, what this engine has done is not done again, and what others have done
is kept and not counted.
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, Final

CHUNK: Final = 50
RENEWED: Final = 10
"""A process is replaced after so many chunks: what the engine keeps would fill the memory."""

SELDOM: Final = (50_000, 20, 100)
"""How many objects are made between two looks for garbage, by generation."""


@dataclass
class Chunk:
    """What became of some consecutive seeds: counts, and failures in full."""

    engine: str
    depth: int
    first: int
    count: int
    seconds: float = 0.0
    verdicts: dict[str, int] = field(default_factory=dict)  # "word: reason"
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)  # kind, word
    functions: dict[str, dict[str, int]] = field(default_factory=dict)  # function, word
    failures: list[dict[str, Any]] = field(default_factory=list)


@cache
def engine() -> str:
    """A hash of the sources of the engine and of the grammar of the campaign."""
    root = Path(__file__).resolve().parents[2]
    files = [*root.glob("matcalc/**/*.py"), *root.glob("matcalc/rules/*.rules")]
    files += [*root.glob("grammar/*"), *root.glob("tests/campaign/*.py")]
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]


def done(task: tuple[int, int, int, str]) -> Chunk:
    """The verdicts on the seeds from the first on."""
    from tests.campaign.asking import seeded
    from tests.campaign.judge import judged

    warnings.simplefilter("ignore")  # of NumPy and SciPy at the borders of domains
    gc.freeze()  # what the engine keeps is looked through no more: a tenth of the time
    first, count, depth, state = task
    if engine() != state:
        raise RuntimeError(
            "the sources have changed: start again, in a checkout that stays as it is"
        )
    chunk = Chunk(state, depth, first, count)
    verdicts: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    functions: dict[str, Counter[str]] = defaultdict(Counter)
    start = monotonic()
    for seed in range(first, first + count):
        made = seeded(seed, depth)
        verdict = judged(made.asked)
        verdicts[f"{verdict.word}: {verdict.reason}" if verdict.reason else verdict.word] += 1
        kinds[made.kind][verdict.word] += 1
        for name in made.program.names:
            functions[name][verdict.word] += 1
        if verdict.bad or verdict.word == "timeout":
            chunk.failures.append({"seed": seed, "asked": str(made.asked), **asdict(verdict)})
    chunk.seconds = monotonic() - start
    chunk.verdicts = dict(verdicts)
    chunk.kinds = {name: dict(counts) for name, counts in kinds.items()}
    chunk.functions = {name: dict(counts) for name, counts in functions.items()}
    return chunk


def campaign(
    count: int, first: int, depth: int, jobs: int, journal: Path | None
) -> Iterator[Chunk]:
    """Every chunk of so many seeds from the first on: what the journal has, then what is done."""
    before = {c.first: c for c in read(journal) if c.engine == engine() and c.depth == depth}
    tasks = []
    for start in range(first, first + count, CHUNK):
        size = min(CHUNK, first + count - start)
        if start in before and before[start].count == size:
            yield before[start]
        else:
            tasks.append((start, size, depth, engine()))
    for chunk in _worked(tasks, jobs):
        if journal is not None:
            with journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(chunk), ensure_ascii=False) + "\n")
        yield chunk


def _worked(tasks: list[tuple[int, int, int, str]], jobs: int) -> Iterator[Chunk]:
    if jobs == 1 and len(tasks) < RENEWED:
        yield from map(done, tasks)
    elif tasks:
        for name in ("OPENBLAS", "OMP", "MKL"):  # one thread a process
            os.environ.setdefault(f"{name}_NUM_THREADS", "1")
        os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # it is not XLA that is tried
        context = multiprocessing.get_context("spawn")
        with context.Pool(jobs, gc.set_threshold, SELDOM, RENEWED) as pool:
            yield from pool.imap_unordered(done, tasks)


def read(journal: Path | None) -> list[Chunk]:
    """The chunks of a journal, of every engine; a line cut off by an interruption is left out."""
    if journal is None or not journal.exists():
        return []
    chunks = []
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            chunks.append(Chunk(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue
    return chunks
