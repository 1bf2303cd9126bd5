"""How derivations and emitted code grow, and what each stage of a derivation takes.

    python -m tests.benchmarks scaling

A network of 10 to 1000 layers, value and gradient by all weights: time to derive, lines of code,
time to emit and compile, time to run; each should be linear.  Dense Hessians against n.  Then the
standard derivatives (tests/golden/standard.txt): the stages one by one, and the first derivation of
a fresh process.  All is time of the processor, on one thread: what else runs does not count.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from tests.golden.test_results import is_case, parsed
from tests.golden.test_standard import LINES

DEPTHS: Final = (10, 30, 100, 300, 1000)
SIZES: Final = (100, 200, 400, 800)
WIDTH: Final = 32
REPEATS: Final = 5
FRESH: Final = 5

STAGES: Final[Sequence[tuple[str, str, str]]] = (
    ("parse", "matcalc.language.program", "parse"),
    ("infer", "matcalc.api", "parse_program"),
    ("lower", "matcalc.pipeline", "Lowering.__call__"),
    ("differentiate", "matcalc.pipeline", "derivatives"),
    ("simplify", "matcalc.pipeline", "Simplifier.__call__"),
    ("lift", "matcalc.tensor.lift", "Lift.__call__"),
    ("plan", "matcalc.emit.function", "plan"),
    ("emit", "matcalc.emit.compiled", "emit"),
)
"""Stages, and the functions that they are; what one calls of another counts for the other."""


def seconds(action: Callable[[], Any]) -> tuple[float, Any]:
    """The time of an action, and its result."""
    start = time.process_time()
    result = action()
    return time.process_time() - start, result


def network(depth: int) -> tuple[str, list[str], dict[str, str]]:
    """A network of dense layers of one width, its weights, and their shapes."""
    names = ["x", *(f"h{i}" for i in range(1, depth + 1))]
    layers = [f"{names[i]} = tanh(W{i} {names[i - 1]})" for i in range(1, depth + 1)]
    weights = [f"W{i}" for i in range(1, depth + 1)]
    text = "\n".join([*layers, f"norm({names[depth]} - y)^2"])
    return text, weights, dict.fromkeys(weights, "n×n")


def depths() -> None:
    """A network against its depth."""
    import numpy as np

    from matcalc import derive

    head = f"{'derive':>10}{'compile':>10}{'lines':>8}{'run':>10}"
    print(f"{'MLP, layers':<16}{head}   ms for each layer")
    rng = np.random.default_rng(0)
    text, weights, shapes = network(3)  # the first loads what all need
    derive(text, weights, shapes=shapes).function(value=True)
    for depth in DEPTHS:
        text, weights, shapes = network(depth)
        deriving, d = seconds(partial(derive, text, weights, shapes=shapes, limit=None))
        compiling, function = seconds(partial(d.function, value=True))
        matrices = {name: rng.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5 for name in weights}
        run = partial(function, x=np.ones(WIDTH), y=np.ones(WIDTH), **matrices)
        run()
        running = min(seconds(run)[0] for _ in range(REPEATS))
        times = [1e3 * t for t in (deriving, compiling, running)]
        each = "  ".join(f"{t / depth:.3f}" for t in times)
        lines = function.source.count("\n")
        row = f"{times[0]:>10.1f}{times[1]:>10.1f}{lines:>8}{times[2]:>10.2f}"
        print(f"{depth:<16}{row}   {each}", flush=True)


def hessians() -> None:
    """Hessians against n: of a quadratic form with an element-wise part, and of a network."""
    import numpy as np

    from matcalc import derive

    print(f"\n{'Hessian, n':<16}{'ms':>10}{'ns for each entry':>20}")
    rng = np.random.default_rng(0)
    function: Any = derive("x' A x + sum(exp(x))", "x", kind="hessian").function()
    for n in SIZES:
        A, x = rng.standard_normal((n, n)), rng.standard_normal(n)
        run = partial(function, A=A, x=x)
        run()
        best = min(seconds(run)[0] for _ in range(REPEATS))
        print(f"{n:<16}{best * 1e3:>10.3f}{best * 1e9 / n**2:>20.2f}", flush=True)


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """The time that is spent in each stage, without those that it calls."""
    from importlib import import_module

    spent: dict[str, float] = defaultdict(float)
    running: list[str] = ["rest"]
    since = [time.process_time()]

    def switch() -> None:
        now = time.process_time()
        spent[running[-1]] += now - since[0]
        since[0] = now

    def wrapped(stage: str, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            switch()
            running.append(stage)
            try:
                return function(*args, **kwargs)
            finally:
                switch()
                running.pop()

        return call

    before = []
    for stage, module, path in STAGES:
        holder: Any = import_module(module)
        *parts, name = path.split(".")
        for part in parts:
            holder = getattr(holder, part)
        before.append((holder, name, getattr(holder, name)))
        setattr(holder, name, wrapped(stage, getattr(holder, name)))
    try:
        yield spent
        switch()
    finally:
        for holder, name, original in before:
            setattr(holder, name, original)


def derived(line: Any) -> Any:
    """One of the standard derivatives."""
    from matcalc import derive

    return derive(line.program, line.wrt, kind="hessian" if line.twice else "auto")


def made(line: Any) -> Any:
    """The same, compiled."""
    return derived(line).function()


def stages() -> None:
    """What deriving and compiling the standard derivatives takes, stage by stage."""
    lines = [parsed(text) for text in LINES if is_case(text)]
    for line in lines:
        made(line)
    totals: list[float] = []
    compiled: list[float] = []
    each: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        for times, run in ((totals, partial(derived, line)), (compiled, partial(made, line))):
            times.append(statistics.median(seconds(run)[0] for _ in range(REPEATS)))
        rounds = []
        for _ in range(REPEATS):
            with timed() as spent:
                made(line)
            rounds.append(spent)
        for stage, _, _ in STAGES:
            each[stage].append(statistics.median(spent[stage] for spent in rounds))
    print(f"\n{len(lines)} standard derivatives, warm: milliseconds{'median':>10}{'max':>10}")
    for name, times in [*each.items(), ("derive", totals), ("derive and compile", compiled)]:
        print(f"{name:<50}{statistics.median(times) * 1e3:>10.2f}{max(times) * 1e3:>10.2f}")


FIRST: Final = """
import sys, time
import matcalc.api, matcalc.emit.code, numpy
start = time.process_time()
function = matcalc.api.derive(sys.argv[1], sys.argv[2], kind=sys.argv[3]).function()
print(time.process_time() - start)
"""


def fresh() -> None:
    """The first derivation of a process, compiled, besides imports."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for text in [text for text in LINES if is_case(text)][::8]:
        line = parsed(text)
        given = line.program, ",".join(line.wrt), "hessian" if line.twice else "auto"
        command = [sys.executable, "-c", FIRST, *given]
        runs = [
            float(subprocess.run(command, env=env, check=True, capture_output=True).stdout)
            for _ in range(FRESH)
        ]
        times.append(statistics.median(runs))
    name = "the first in a fresh process, besides imports"
    print(f"{name:<50}{statistics.median(times) * 1e3:>10.2f}{max(times) * 1e3:>10.2f}")


def main() -> None:
    """Print all of it."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    depths()
    hessians()
    stages()
    fresh()
