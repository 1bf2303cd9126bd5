"""How long matcalc takes to start and to derive.

python -m tests.benchmarks         starting and deriving
python -m tests.benchmarks code [WORD]  what emitted code takes, against jax.jit and NumPy by hand
python -m tests.benchmarks scaling      how it grows with depth and size, and what each stage takes
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "cases" / "parr_howard.jsonl"
COMMAND = ("-m", "matcalc", "sum(max(0, w·x + b))", "--wrt", "w")
PROCESSES = 15
REPEATS = 5


def seconds(action: Callable[[], object]) -> float:
    """The time that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def milliseconds(times: Sequence[float]) -> str:
    """Minimum, median, 90th percentile and maximum."""
    ordered = sorted(times)
    high = ordered[int(0.9 * (len(ordered) - 1))]
    values = (ordered[0], statistics.median(ordered), high, ordered[-1])
    return "  ".join(f"{value * 1e3:8.2f}" for value in values)


def row(what: str, times: Sequence[float]) -> None:
    """One line of the table."""
    print(f"{what:<50}{milliseconds(times)}", flush=True)


def start() -> None:
    """The import over a bare interpreter, and the command as a new process, with byte code."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def process(*arguments: str) -> float:
        command = [sys.executable, *arguments]
        return seconds(lambda: subprocess.run(command, env=env, check=True, capture_output=True))

    with tempfile.TemporaryDirectory() as cache:
        env["PYTHONPYCACHEPREFIX"] = cache
        rounds = [
            (process("-c", "pass"), process("-c", "import matcalc"), process(*COMMAND))
            for _ in range(PROCESSES + 1)
        ][1:]  # the first has written the byte code
    row("a bare interpreter", [bare for bare, _, _ in rounds])
    row("import matcalc, over that", [imported - bare for bare, imported, _ in rounds])
    row("the command, cold", [command for _, _, command in rounds])


def paper() -> None:
    """derive() for every case of Parr & Howard's paper."""
    from matcalc import derive  # after start(), which is about the import
    from tests.cases import check_cases  # loads NumPy, for which `code` first sets the threads

    cases = check_cases.load(CASES)

    def once(case: Any) -> float:
        options = {"kind": case.kind, "shapes": case.shapes, "layout": case.layout}
        return seconds(lambda: derive(case.expr, wrt=case.wrt, **options))

    derive("sum(exp(X w) ⊙ y)", wrt="w")  # the grammar is loaded
    row(f"derive(), {len(cases)} cases of the paper, the first time", [once(c) for c in cases])
    again = [statistics.median(once(case) for _ in range(REPEATS)) for case in cases]
    row(f"derive(), {len(cases)} cases of the paper, again", again)


def standard() -> None:
    """derive() for the standard derivatives of the golden file, each again and again."""
    from matcalc import derive
    from tests.golden.test_results import is_case, parsed
    from tests.golden.test_standard import LINES

    lines = [parsed(text) for text in LINES if is_case(text)]

    def once(line: Any) -> float:
        kind = "hessian" if line.twice else "auto"
        return seconds(lambda: derive(line.program, line.wrt, kind=kind))

    for line in lines:
        once(line)
    again = [(statistics.median(once(line) for _ in range(REPEATS)), line) for line in lines]
    row(f"derive(), {len(lines)} standard derivatives, again", [time for time, _ in again])
    slowest = max(again, key=lambda each: each[0])[1]
    print(f"    the slowest: {slowest.program}  by {slowest.wrt}")


def dense(depth: int) -> str:
    """A program of `depth` dense layers tanh(W_i h)."""
    names = ["x", *(f"h{i}" for i in range(1, depth + 1))]
    layers = [f"{names[i]} = tanh(W{i} {names[i - 1]})" for i in range(1, depth + 1)]
    return "\n".join([*layers, f"sum({names[depth]})"])


def squarings(count: int) -> str:
    """A program that squares a vector again and again."""
    names = ["x", *(f"u{i}" for i in range(1, count + 1))]
    lines = [f"{names[i]} = {names[i - 1]} ⊙ {names[i - 1]}" for i in range(1, count + 1)]
    return "\n".join([*lines, f"sum({names[count]})"])


def growth() -> None:
    """derive() for deep programs: the time per layer should not depend on the depth."""
    from matcalc import derive

    def times(text: str, wrt: Sequence[str], shape: str) -> list[float]:
        shapes = dict.fromkeys(wrt, shape)
        return [seconds(lambda: derive(text, wrt=wrt, shapes=shapes)) for _ in range(3)]

    for depth in (50, 100, 200):
        row(f"{depth} dense layers, by the first matrix", times(dense(depth), ["W1"], "n×n"))
    for depth in (50, 100, 200):
        weights = [f"W{i}" for i in range(1, depth + 1)]
        row(f"{depth} dense layers, by every matrix", times(dense(depth), weights, "n×n"))
    for count in (5, 10, 20):
        row(f"{count} repeated squarings", times(squarings(count), ["x"], "n"))


def main() -> None:
    """Print all of it."""
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    print(f"{'milliseconds':<50}{'min':>8}  {'median':>8}  {'90 %':>8}  {'max':>8}")
    start()
    paper()
    standard()
    growth()


if __name__ == "__main__":
    if sys.argv[1:2] == ["code"]:
        from tests.benchmarks import code

        code.main(" ".join(sys.argv[2:]))
    elif sys.argv[1:] == ["scaling"]:
        from tests.benchmarks import scaling

        scaling.main()
    elif sys.argv[1:] == ["targets"]:
        from tests.benchmarks import targets

        targets.main()
    else:
        main()
