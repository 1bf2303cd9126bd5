"""Many random programs in one loop, against the oracle:

    python -m tests.explore COUNT [DEPTH] [FIRST SEED]

Prints the kinds of failure with their shortest programs; the exit code is 1 if anything was wrong.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

import numpy as np

from matcalc import derive, parse
from matcalc.check import evaluate, same_value, sample
from matcalc.errors import MatcalcError
from matcalc.pipeline import leaves_of
from tests.random_programs import KINDS, SECOND, Program, declared, seeded, variables

SHOWN = 3
ACCEPTED = ("no inputs were found", "no notation")


def verdict(p: Program, kind: str, wrt: str) -> str:
    """What is wrong with the derivative of a program; empty if nothing is."""
    d = derive(p.text, wrt, kind=kind, shapes=p.shapes)
    report = d.check()
    if report.wrong:
        return f"WRONG {report.lines[0]}"
    symbols = [*d.program.variables.values(), *d.solved.problem.directions]
    for part in leaves_of(d.result):
        again = parse(str(part), declared(p, d))
        if same_value(part.node, again.node, symbols, points=1).wrong:
            return f"WRONG when read back: {part}"
    arrays = leaves_of(d.solved.arrays)
    drawn = sample([d.program.expression, *arrays], symbols, np.random.default_rng(1))
    known = {**drawn.sizes, **drawn.point}
    function = d.function("numpy", functions=drawn.functions)
    found = leaves_of(function(**{name: known[name] for name in d.inputs}))
    for got, array in zip(found, arrays, strict=True):
        wanted = evaluate(array, drawn.point, drawn.sizes, drawn.functions)
        size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
        if np.shape(got) != wanted.shape or not np.allclose(got, wanted, rtol=0, atol=1e-7 * size):
            return f"WRONG code: {d}"
    return ""


def question(p: Program, seed: int) -> tuple[str, str]:
    """Which kind of derivative of a program to try, and by what: in turn by one and by two."""
    kinds = (*KINDS, *SECOND) if not p.dims else KINDS
    kind = kinds[seed % len(kinds)]
    names = variables(p)[: 1 + (kind != "hessian" and seed // len(kinds) % 2)]
    return kind, ", ".join(names)


def say(text: str) -> None:
    """A line on standard output."""
    sys.stdout.write(text + "\n")


def explore(count: int, depth: int, first: int) -> Counter[str]:
    """Try so many programs, print what failed, and count the outcomes."""
    outcomes: Counter[str] = Counter()
    failures: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for seed in range(first, first + count):
        p = seeded(seed, depth)
        kind, wrt = question(p, seed)
        try:
            found = verdict(p, kind, wrt)
        except MatcalcError as error:
            accepted = any(words in error.message for words in ACCEPTED)
            found = "" if accepted else f"refused: {error.message}"
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        outcomes["failed" if found else "passed"] += 1
        if found:
            failures[found[:40]].append((len(p.text), f"{p.text}\n  by {wrt}, {kind}", found))
    for name, items in sorted(failures.items(), key=lambda item: -len(item[1])):
        say(f"{len(items)} × {name}")
        for _, program, found in sorted(items)[:SHOWN]:
            say(f"  {program}\n    {found[:300]}")
    return outcomes


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    counts = explore(*[*given, *(1000, 3, 0)[len(given) :]])
    say(", ".join(f"{number} {name}" for name, number in counts.items()))
    sys.exit(1 if counts["failed"] else 0)
