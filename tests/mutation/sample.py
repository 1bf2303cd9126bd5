"""The fixed sample: mutants with a test that kills each, few and fast enough to run every time.

A line of sample.txt is a mutant's key, a tab, and the test.  A mutant whose place has changed since
is gone; when too many are, `python -m tests.mutation --renew --seed N` draws from the journal anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.mutation.report import OPEN, Keyed, Verdicts, reasons
from tests.mutation.server import Job, Server, collect, put_in_place

FILE: Final = Path(__file__).with_name("sample.txt")
COUNT: Final = 48
FILES: Final = (
    "tests/rules/test_book.py",
    "tests/simplify/test_simplify.py",
    "tests/golden/test_results.py",
    "tests/calculus/test_derivatives.py",
    "tests/tensor/test_canonical.py",
)
"""Where the tests of the sample may be: to collect all would take longer than to run it."""

FAST: Final = 2.0


def lines() -> dict[str, str]:
    """The mutants' keys with their tests."""
    made: dict[str, str] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        key, _, test = line.partition("\t")
        made[key] = test
    return made


def renew(found: Mapping[str, Sequence[Keyed]], verdicts: Verdicts, seed: int) -> None:
    """A sample of what is killed: half of the rule book, half of the engine."""
    draw = random.Random(seed)
    chosen: list[str] = []
    halves = (["rule book"], [package for package in found if package != "rule book"])
    for packages in halves:
        killed = [
            f"{m.key}\t{verdicts[m.key]['by']}"
            for package in packages
            for m in found[package]
            if m.key in verdicts
            and str(verdicts[m.key]["by"]).startswith(FILES)
            and float(verdicts[m.key]["seconds"]) <= FAST
        ]
        chosen += draw.sample(killed, min(COUNT // 2, len(killed)))
    FILE.write_text("\n".join(chosen) + "\n", encoding="utf-8")


def check(all_mutants: Callable[[list[str]], tuple[dict[str, list[Any]], Any]]) -> int:
    """Whether every mutant of the sample that is still there is killed by its test, which passes
    without it; and whether the list of survivors is of today, each with its reason."""
    wanted, listed = lines(), reasons()
    modules = {key.partition(" ")[0] for key in (*wanted, *listed)}
    modules = {m if m.startswith("matcalc.") else "book" for m in modules}
    found, _ = all_mutants(sorted(modules))
    stale = set(listed) - {m.key for members in found.values() for m in members}
    there = [m for members in found.values() for m in members if m.key in wanted]
    survivors: list[str] = []
    outdated: list[str] = []
    failing: list[str] = []

    def serve(server: Server) -> None:
        def job(number: int, mutant: Any, told: list[str], what: str, wanted: bool) -> Job:
            def run(here: Server) -> Any:
                if mutant is not None:
                    put_in_place(here, mutant)
                return {"passed": here.passes(number)}

            def done(answer: Any) -> None:
                if answer.get("passed", False) is not wanted:
                    told.append(what)

            return Job(run, 60, done)

        jobs = []
        for mutant in there:
            test = wanted[mutant.key]
            if test in server.numbers:
                number = server.numbers[test]
                jobs.append(job(number, None, failing, test, True))
                jobs.append(job(number, mutant, survivors, mutant.key, False))
            else:
                outdated.append(mutant.key)
        server.run_all(iter(jobs), 1)

    files = sorted({test.partition("::")[0] for test in wanted.values()})
    code = collect(files, serve)
    count = len(there) - len(outdated)
    print(f"{count} of {len(wanted)} mutants tried, {count - len(survivors)} killed")
    for line in [*(f"survived: {k}" for k in survivors), *(f"fails anyway: {t}" for t in failing)]:
        print(line)
    if len(stale) > len(listed) // 5 or OPEN in listed.values():
        print(f"of {len(listed)} in survivors.txt {len(stale)} are gone, or some have no reason:")
        print("python -m tests.mutation --report")
        return 1
    if count < len(wanted) * 2 // 3:
        print("too few are still there: python -m tests.mutation --renew --seed N")
        return 1
    return 1 if survivors or failing or code not in (0, 5) else 0
