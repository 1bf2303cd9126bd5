"""Which tests reach which line: every test once, under coverage.

The map is written to a file, with the sources that it was made of: lines that have moved since are
found again by their text, and tests that are new are run when the map is next read.
"""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from matcalc.language import book as text
from matcalc.rules.identities import Identity
from tests.mutation.server import ROOT, Job, Server

PART: Final = 800
CHUNK: Final = 40
"""So many tests share a process: one that finds a cache filled does not reach what is behind it."""

Lines = dict[str, list[int]]


@dataclass
class Reach:
    """For each line of a module, and each function or law of the book, the tests that come there,
    as bits of a number."""

    names: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lines: dict[str, dict[int, int]] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, answer: Any) -> None:
        """One more test."""
        bit = 1 << len(self.names)
        self.names.append(name)
        self.seconds.append(answer["seconds"])
        for module, reached in answer["lines"].items():
            table = self.lines.setdefault(module, {})
            for line in reached:
                table[line] = table.get(line, 0) | bit
        for rule in answer["rules"]:
            self.rules[rule] = self.rules.get(rule, 0) | bit

    def tests(self, module: str, lines: Iterable[int]) -> int:
        table = self.lines.get(module, {})
        found = 0
        for line in lines:
            found |= table.get(line, 0)
        return found

    def named(self, bits: int) -> Iterator[tuple[str, float]]:
        """The tests of a set, with their times."""
        while bits:
            low = bits & -bits
            k = low.bit_length() - 1
            yield self.names[k], self.seconds[k]
            bits ^= low

    def write(self, path: Path) -> None:
        lines = {m: {str(k): hex(v) for k, v in t.items()} for m, t in self.lines.items()}
        rules = {k: hex(v) for k, v in self.rules.items()}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps([self.names, self.seconds, lines, rules, self.sources]))


def read(path: Path) -> Reach:
    """The map of a file, its lines where they are now."""
    if not path.exists():
        return Reach()
    names, seconds, lines, rules, sources = json.loads(path.read_text())
    reach = Reach(names, seconds, {}, {k: int(v, 16) for k, v in rules.items()}, {})
    for module, table in lines.items():
        old = {int(k): int(v, 16) for k, v in table.items()}
        reach.lines[module] = _moved(old, sources[module], source(module))
    return reach


def source(module: str) -> list[str]:
    path = ROOT / (module.replace(".", "/") + ".py")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _moved(table: dict[int, int], old: list[str], new: list[str]) -> dict[int, int]:
    """Lines by their new numbers; a changed line is reached as the changed part was."""
    if old == new:
        return table
    made: dict[int, int] = {}
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            made |= {k - a + c: table[k] for k in range(a + 1, b + 1) if k in table}
        else:
            union = 0
            for k in range(a, b + 2):  # with a line on either side
                union |= table.get(k, 0)
            made |= dict.fromkeys(range(c + 1, d + 1), union)
    return made


def completed(reach: Reach, server: Server, packages: list[str], at_once: int, path: Path) -> None:
    """Run the tests that the map does not have, some in each fork, and write it now and then."""
    known = set(reach.names)
    missing = [name for name in server.numbers if name not in known]

    def job(names: list[str]) -> Job:
        numbers = [server.numbers[name] for name in names]

        def done(answer: Any) -> None:
            for name, each in zip(names, answer.get("tests", []), strict=False):
                reach.add(name, each)

        return Job(lambda here: {"tests": traced(here, numbers, packages)}, 600, done)

    for start in range(0, len(missing), PART):
        part = missing[start : start + PART]
        chunks = [part[k : k + CHUNK] for k in range(0, len(part), CHUNK)]
        server.run_all((job(names) for names in chunks), at_once)
        reach.sources = {module: source(module) for module in reach.lines}
        reach.write(path)
        print(f"{start + len(part)} of {len(missing)} tests mapped", flush=True)


def traced(server: Server, numbers: list[int], packages: list[str]) -> list[dict[str, Any]]:
    """What each test reaches, in a fork; its time is measured in the same run."""
    import coverage

    rules: set[str] = set()
    watch_rules(rules.add)
    include = [str(ROOT / package.replace(".", "/") / "*") for package in packages]
    tracer = coverage.Coverage(data_file=None, include=include, config_file=False)
    made: list[dict[str, Any]] = []
    tracer.start()
    for number in numbers:
        tracer.switch_context(str(number))
        rules.clear()
        started = time.process_time()
        server.passes(number)
        seconds = round(time.process_time() - started, 4)
        made.append({"seconds": seconds, "lines": {}, "rules": sorted(rules)})
    tracer.stop()
    data = tracer.get_data()
    at = {str(number): each["lines"] for number, each in zip(numbers, made, strict=True)}
    for path in data.measured_files():
        module = str(Path(path).relative_to(ROOT).with_suffix("")).replace("/", ".")
        for line, contexts in data.contexts_by_lineno(path).items():
            for context in contexts:
                if context in at:
                    at[context].setdefault(module, []).append(line)
    return made


def watch_rules(tell: Callable[[str], None]) -> None:
    """Say which functions of the book are looked up, and which laws apply."""
    entries, law_statement, applied = text.entries, text.law_statement, Identity.applied

    def told_entries(name: str) -> Any:
        tell(f"function {name}")
        return entries(name)

    def told_law(kind: str, law: text.Law) -> Any:
        if kind == "compute":
            tell(f"compute {law.name}")
        return law_statement(kind, law)

    def told_applied(self: Identity, t: Any, known: Any) -> Any:
        found = applied(self, t, known)
        if found is not None:
            tell(f"law {self.name}")
        return found

    vars(text)["entries"] = told_entries
    vars(text)["law_statement"] = told_law
    Identity.applied = told_applied  # type: ignore[method-assign]
