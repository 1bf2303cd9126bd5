"""Mutation testing: change the rule book and the engine line by line; the tests have to notice.

    python -m tests.mutation --book                              all lines of matcalc/rules/*.rules
    python -m tests.mutation --module matcalc.tensor --sample 200 --seed 1
    python -m tests.mutation --again --wide                      survivors once more, with all tests
    python -m tests.mutation --report                            figures, and survivors.txt again
    python -m tests.mutation --check                             the sample of CI, each by its test

Every mutant runs the tests that reach its line, those first that have found most in least time, and
is killed by the first that fails.  What is known is kept in .mutation/, so that a run goes on where
the last one stopped; a mutant whose line has changed since is a new one.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.mutation import reach, report, sample
from tests.mutation.book import BookMutant, book_mutants
from tests.mutation.mutants import Mutant, module_mutants
from tests.mutation.server import ROOT, SLOWER, Concerned, Job, Server, collect, put_in_place

PACKAGES: Final = ["matcalc.rules", "matcalc.calculus", "matcalc.tensor", "matcalc.simplify"]
NEAR: Final = [
    f"tests/{name}"
    for name in (
        "rules calculus tensor simplify golden plan/test_rules.py "
        "quality/test_evaluation.py emit/test_targets.py cases test_derive.py test_kinds.py "
        "test_functions.py test_unknown.py test_user_rules.py"
    ).split()
]
"""The tests that every mutant meets."""

WIDER: Final = [
    f"tests/{name}"
    for name in (
        "derivation expr plan answers emit/test_numpy.py emit/test_latex.py emit/test_book.py "
        "emit/test_compiled.py emit/test_random.py bridge/test_matrices.py check/test_check.py "
        "check/test_book.py quality test_readme.py test_first_use.py test_pictures.py"
    ).split()
]
"""Those that mutants meet with `--wide`.  Tests that compare the book with a page printed from
it are in neither: they would notice anything."""

PLAN: Final = "tests/plan/test_rules.py"
"""The tests of rules of evaluation, whatever they are called."""

CALLED: Final = re.compile(r"\w+\(")

Changed = Mutant | BookMutant


def all_mutants(modules: list[str]) -> tuple[dict[str, list[Changed]], dict[str, Counter[str]]]:
    """The mutants of modules and packages (`book` is the rule book), by package."""
    found: dict[str, list[Changed]] = {}
    excluded: dict[str, Counter[str]] = {}
    for wanted in modules:
        if wanted == "book":
            made, reasons = book_mutants()
            found["rule book"], excluded["rule book"] = list(made), reasons
            continue
        path = ROOT / wanted.replace(".", "/")
        files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        for file in files:
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            python, reasons = module_mutants(module, file)
            package = ".".join(module.split(".")[:2])
            found.setdefault(package, []).extend(python)
            excluded.setdefault(package, Counter()).update(reasons)
    return found, excluded


class Campaign:
    """A run over mutants: which tests each meets, in which order, and what came of it."""

    def __init__(self, server: Server, known: reach.Reach, journal: Path, seconds: float) -> None:
        self.server, self.known, self.journal, self.seconds = server, known, journal, seconds
        self.concerned = Concerned(server)
        self.runs: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.tally: Counter[str] = Counter()
        self.sound: dict[str, bool] = {}

    def is_sound(self, test: str) -> bool:
        """Whether a test that failed passes without a mutant."""
        if test not in self.sound:
            number = self.server.numbers[test]
            control = Job(
                lambda server: {"passed": server.passes(number)},
                60,
                lambda answer: self.sound.update({test: bool(answer.get("passed"))}),
            )
            self.server.run_all(iter([control]), 1)
            if not self.sound[test]:
                print(f"fails without a mutant: {test}", flush=True)
        return self.sound[test]

    def meets(self, mutant: Changed) -> list[tuple[int, float]]:
        """The tests that reach a mutant, in the order in which they are run."""
        first: set[int] = set()
        if isinstance(mutant, BookMutant):
            first = self.concerned(mutant)
            kind = mutant.kind if mutant.kind in ("function", "compute") else "law"
            if kind == "compute":
                first |= {k for name, k in self.server.numbers.items() if name.startswith(PLAN)}
            bits = self.known.rules.get(f"{kind} {mutant.name}", 0)
            if not bits:  # no map: the tests whose names speak of it
                first |= self.mentioned(mutant)
        elif mutant.function:
            bits = self.known.tests(mutant.module, mutant.lines)
        else:
            table = self.known.lines.get(mutant.module, {})
            bits = self.known.tests(mutant.module, table)
            bits = bits or (1 << len(self.known.names)) - 1  # nothing runs in it: others read it
        times = {
            self.server.numbers[name]: seconds
            for name, seconds in self.known.named(bits)
            if name in self.server.numbers
        }
        slow = dict(zip(self.known.names, self.known.seconds, strict=True))
        names = [item.nodeid for item in self.server.items]
        times |= {k: slow.get(names[k], 0.1) for k in first}
        by_function: dict[str, list[int]] = {}
        for k in sorted(times, key=lambda k: times[k]):
            if not self.sound.get(names[k], True):
                continue
            by_function.setdefault(_function(names[k]), []).append(k)
        worth: dict[int, float] = {}
        for name, members in by_function.items():
            rate = (self.kills[name] + 0.5) / (self.runs[name] + 1)
            for rank, k in enumerate(members):
                worth[k] = rate * 0.8**rank / (times[k] + 0.005) + 1e9 * (k in first)
        return [(k, times[k]) for k in sorted(worth, key=lambda k: -worth[k])]

    def mentioned(self, mutant: BookMutant) -> set[int]:
        """The tests that have a function, or all functions of the left side of a law, in their
        name."""
        left = mutant.before.partition(" = ")[0]
        words = [f"{mutant.name}("] if mutant.kind == "function" else CALLED.findall(left)
        numbers = self.server.numbers
        return {k for test, k in numbers.items() if words and all(w in test for w in words)}

    def job(self, mutant: Changed) -> Job:
        chosen, cost = [], 0.0
        met = self.meets(mutant)
        for k, seconds in met:
            if cost > self.seconds:
                break
            cost += seconds
            chosen.append((k, seconds))
        names = [self.server.items[k].nodeid for k, _ in chosen]
        started = time.monotonic()

        def run(server: Server) -> Any:
            put_in_place(server, mutant)
            for at, (k, seconds) in enumerate(chosen):
                if not server.passes(k, SLOWER * seconds + 2):
                    return {"killed": at}
            return {}

        def done(answer: Any) -> None:
            at = answer.get("killed")
            if at is not None and not self.is_sound(names[at]):
                return  # the mutant meets the others in the next run
            for name in names[: len(names) if at is None else at + 1]:
                self.runs[_function(name)] += 1
            if at is not None:
                self.kills[_function(names[at])] += 1
            status = _status(answer, len(met), len(chosen))
            self.tally[status.partition(":")[0]] += 1
            entry = {
                "key": mutant.key,
                "status": status,
                "by": names[at] if at is not None else "",
                "tests": len(chosen),
                "of": len(met),
                "seconds": round(time.monotonic() - started, 2),
            }
            report.append(self.journal, entry)
            if sum(self.tally.values()) % 50 == 0:
                print(f"{time.strftime('%H:%M:%S')} {dict(self.tally)}", flush=True)

        return Job(run, 60 + 20 * cost, done)


def _function(test: str) -> str:
    return test.partition("[")[0]


def _status(answer: Any, met: int, chosen: int) -> str:
    if "killed" in answer:
        return "killed"
    if "broken" in answer:
        return f"broken: {answer['broken']}"
    if "error" in answer:
        return f"killed: {answer['error']}"
    if not met:
        return "survived: no test comes here"
    return "survived" if chosen == met else "survived so far"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--book", action="store_true", help="the rule book")
    parser.add_argument("--module", action="append", default=[], help="a package or module")
    parser.add_argument("--sample", type=int, help="so many mutants of each package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--seconds", type=float, default=10, help="of tests for each mutant")
    parser.add_argument("--again", action="store_true", help="survivors once more")
    parser.add_argument("--wide", action="store_true", help="with the slower tests too")
    parser.add_argument("--tests", nargs="+", help="only these tests, for a first look")
    parser.add_argument("--key", action="append", default=[], help="mutants with this in the key")
    parser.add_argument("--report", action="store_true", help="only the figures")
    parser.add_argument("--check", action="store_true", help="the fixed sample, as in CI")
    parser.add_argument("--renew", action="store_true", help="draw the fixed sample again")
    parser.add_argument("--work", type=Path, default=ROOT / ".mutation")
    given = parser.parse_args(arguments)
    if given.check:
        return sample.check(all_mutants)
    modules = ["book"] * given.book + given.module or ["book", *PACKAGES]
    found, excluded = all_mutants(modules)
    journal = given.work / "journal.jsonl"
    if given.renew:
        sample.renew(found, report.read(journal), given.seed)
        return 0
    if not given.report:
        targets = given.tests or NEAR + WIDER * given.wide
        code = collect(targets, lambda server: campaign(server, given, found, journal))
        if code not in (0, 5):
            return code
    if modules == ["book", *PACKAGES]:
        report.write_survivors(found, report.read(journal))
    print(report.table(found, excluded, report.read(journal)))
    return 0


def campaign(
    server: Server, given: argparse.Namespace, found: dict[str, list[Changed]], journal: Path
) -> None:
    """Map the tests, then run what is to be run."""
    path = given.work / "reach.json"
    known = reach.read(path)
    if given.wide or set(found) != {"rule book"}:  # the tests of a rule are known by its text
        reach.completed(known, server, PACKAGES, given.jobs, path)
    print(f"{len(server.items)} tests")
    seconds = 1e9 if given.wide else given.seconds
    run = Campaign(server, known, journal, seconds)
    server.run_all((run.job(m) for m in _chosen(given, found, journal)), given.jobs)


def _chosen(
    given: argparse.Namespace, found: dict[str, list[Changed]], journal: Path
) -> Iterator[Changed]:
    """The mutants to run: a sample, and not what is known."""
    verdicts = report.read(journal)
    for members in found.values():
        draw = random.Random(given.seed)
        wanted = members if given.sample is None else members[:]
        if given.sample is not None:
            draw.shuffle(wanted)
            wanted = wanted[: given.sample]
        if given.key:
            wanted = [m for m in members if any(word in m.key for word in given.key)]
        for mutant in wanted:
            status = str(verdicts.get(mutant.key, {}).get("status", ""))
            unknown = bool(given.key) or not status
            if status.startswith("survived") if given.again else unknown:
                yield mutant


if __name__ == "__main__":
    sys.exit(main())
