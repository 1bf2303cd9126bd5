"""One process that has imported everything and collected the tests; each run is a fork of it.

A fork puts one mutant in place, runs tests one after another until one fails, and says which.  It
ends by itself, by the clock of its own processor time, or is ended when it hangs.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

import matcalc
from matcalc.language import book as text
from matcalc.plan import rules
from matcalc.plan.rule import Rule
from tests.mutation import mutants
from tests.mutation.book import BookMutant
from tests.mutation.mutants import Mutant

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 2 << 30
SLOWER = 5
"""A test that takes so many times as long as without a mutant has failed."""


@dataclass
class Job:
    """What a fork is to do: `run` gets a function that runs the k-th test and says whether it
    passed."""

    run: Callable[[Server], Any]
    seconds: float
    done: Callable[[Any], None]


@dataclass
class Server:
    """A pytest plugin: instead of running the tests it hands them to `serve`."""

    serve: Callable[[Server], None]
    items: list[Any] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    functions: dict[tuple[str, str], list[FunctionType]] = field(default_factory=dict)
    failed: bool = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        self.items = list(session.items)
        self.numbers = {item.nodeid: k for k, item in enumerate(self.items)}
        import_everything()
        forget()
        self.functions = living_functions()
        gc.collect()
        gc.freeze()
        self.serve(self)
        return True

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.failed = self.failed or report.failed

    def passes(self, number: int, seconds: float | None = None) -> bool:
        """Run one test, in a fork; more processor time than that ends the process."""
        if seconds is not None:
            signal.setitimer(signal.ITIMER_PROF, seconds)
        item = self.items[number]
        if item is None:  # a test of a line that is gone
            return True
        self.failed = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        signal.setitimer(signal.ITIMER_PROF, 0)
        return not self.failed

    def run_all(self, jobs: Iterator[Job], at_once: int) -> None:
        """Every job in a fork of its own, so many at once."""
        running: dict[int, tuple[int, float, Job]] = {}
        exhausted = False
        while running or not exhausted:
            while len(running) < at_once and not exhausted:
                job = next(jobs, None)
                if job is None:
                    exhausted = True
                else:
                    read, pid = self._forked(job)
                    running[read] = (pid, time.monotonic(), job)
            ready, _, _ = select.select(list(running), [], [], 1.0)
            for read in list(running):
                pid, started, job = running[read]
                hangs = time.monotonic() - started > job.seconds
                if read not in ready and not hangs:
                    continue
                if read not in ready:
                    os.kill(pid, signal.SIGKILL)
                with os.fdopen(read, "rb") as pipe:
                    answer = pipe.read()
                _, status = os.waitpid(pid, 0)
                del running[read]
                job.done(_verdict(answer, status, hangs and read not in ready))

    def _forked(self, job: Job) -> tuple[int, int]:
        read, write = os.pipe()
        pid = os.fork()
        if pid:
            os.close(write)
            return read, pid
        code = 1
        try:
            os.close(read)
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
            try:
                answer = job.run(self)
            except NotPutError as error:
                answer = {"broken": str(error)}
            except BaseException as error:  # whatever a mutant throws is its failure
                answer = {"error": type(error).__name__}
            with os.fdopen(write, "wb") as pipe:
                pipe.write(json.dumps(answer).encode())
            code = 0
        finally:
            os._exit(code)


def _verdict(answer: bytes, status: int, hangs: bool) -> Any:
    """What a fork said, or how it ended if it said nothing."""
    if answer:
        return json.loads(answer)
    if hangs or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF):
        return {"error": "time"}
    return {"error": f"ended with status {status}"}


def collect(targets: Sequence[str], serve: Callable[[Server], None]) -> int:
    """Collect tests and hand them to `serve`."""
    os.chdir(ROOT)
    os.environ |= {"HYPOTHESIS_PROFILE": "first failure", "OPENBLAS_NUM_THREADS": "1"}
    options = ["-q", "-s", "--tb=native", "--assert=plain", "-p", "no:cacheprovider"]
    options += ["-p", "no:faulthandler", "-p", "no:terminalreporter"]
    return int(pytest.main([*options, *targets], plugins=[Server(serve)]))


# --- a process as if nothing had been derived in it


def import_everything() -> None:
    """What a test may import late: each fork would, and from files that may have changed since."""
    for heavy in ("numpy", "scipy.linalg", "scipy.special", "mpmath", "sympy"):
        importlib.import_module(heavy)
    for module in pkgutil.walk_packages(matcalc.__path__, "matcalc."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of what is not installed, as JAX
                importlib.import_module(module.name)


@functools.lru_cache(maxsize=1)
def caches() -> list[Any]:
    """The caches of matcalc's functions and the tests'; to be asked for before `gc.freeze`."""
    return [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, functools._lru_cache_wrapper)
        and (getattr(thing, "__module__", None) or "").startswith(("matcalc", "tests"))
        and thing.__name__ not in ("caches", "_texts")  # the files as they were at the start
        and thing.__module__ != "matcalc.dims"  # where equal is identical
    ]


def forget() -> None:
    """Empty every cache."""
    for cache in caches():
        cache.cache_clear()


def living_functions() -> dict[tuple[str, str], list[FunctionType]]:
    """The functions of matcalc by file and qualified name."""
    found: dict[tuple[str, str], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            code = thing.__code__
            if f"{os.sep}matcalc{os.sep}" in code.co_filename:
                key = (code.co_filename, code.co_qualname)
                found.setdefault(key, []).append(thing)
    return found


# --- putting a mutant in place, in a fork


def put_in_place(server: Server, mutant: Mutant | BookMutant) -> None:
    if isinstance(mutant, BookMutant):
        put_in_book(server, mutant)
    elif mutant.function:
        put_code(server, mutant)
    else:
        put_value(mutant)


def put_code(server: Server, mutant: Mutant) -> None:
    """The changed code in the living function."""
    path = str(sys.modules[mutant.module].__file__)
    whole = mutants.compiled(mutants.changed(mutant), path)
    done = False
    for new in mutants.functions_in(whole):
        if new.co_qualname == mutant.function:
            for function in server.functions.get((path, mutant.function), []):
                if function.__code__.co_firstlineno == new.co_firstlineno:
                    function.__code__ = new
                    done = True
    if not done:
        raise NotPutError(f"no living function for {mutant.key}")


class NotPutError(Exception):
    """A mutant that cannot be put in place of the living code."""


def put_value(mutant: Mutant) -> None:
    """A value of the module made again by the changed statement, wherever it was imported."""
    module = sys.modules[mutant.module]
    statement = mutants.changed(mutant)
    before = dict(vars(module))
    code: CodeType = mutants.compiled(statement, str(module.__file__))
    exec(code, vars(module))
    replaced = {name: old for name, old in before.items() if vars(module).get(name) is not old}
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").startswith("matcalc"):
            for name, old in replaced.items():
                if vars(other).get(name) is old:
                    vars(other)[name] = vars(module)[name]


def put_in_book(server: Server, mutant: BookMutant) -> None:
    """The changed text in the book, and what tests were given of the old line, replaced."""
    old = text.entries(mutant.name)[mutant.k] if mutant.kind == "function" else None
    law = text.laws(mutant.kind)[mutant.k] if old is None else None
    statement = text.law_statement(mutant.kind, law) if law is not None else None
    forget()
    texts = text._texts()
    if old is not None:
        topic = texts.functions[mutant.name][mutant.k][1]
        texts.functions[mutant.name][mutant.k] = (mutant.text, topic)
        replace_entry(server, old, text.entries(mutant.name)[mutant.k])
    elif law is not None and statement is not None:
        at = next(i for i, (w, t, _) in enumerate(texts.rules) if (w, t) == (mutant.kind, law.text))
        if not mutant.text:
            del texts.rules[at]
            replace_parameters(server, [(law, None), (statement.text, None)])
            replace_rule(server, law, None)
            return
        texts.rules[at] = (mutant.kind, mutant.text, texts.rules[at][2])
        new = text.laws(mutant.kind)[mutant.k]
        pairs = [(law, new), (statement.text, text.law_statement(mutant.kind, new))]
        replace_parameters(server, pairs)
        if mutant.kind == "compute":
            replace_rule(server, law, new)


def replace_rule(server: Server, old: text.Law, new: text.Law | None) -> None:
    """The same for a law that tests were given compiled."""
    for number, item in enumerate(server.items):
        params = getattr(getattr(item, "callspec", None), "params", {})
        for key, value in list(params.items()):
            if isinstance(value, Rule) and value.name == old.name:
                if new is None:
                    server.items[number] = None
                else:
                    params[key] = rules.compiled(new)


def replace_entry(server: Server, old: text.Entry, new: text.Entry) -> None:
    pairs: list[tuple[Any, Any]] = [(old, new)]
    remaining = list(new.statements)
    same = len(old.statements) == len(new.statements)
    for i, statement in enumerate(old.statements):
        after = next((s for s in remaining if s.text == statement.text), None)
        pairs.append((statement.text, remaining[i] if same else after))
    replace_parameters(server, pairs)


def replace_parameters(server: Server, pairs: Sequence[tuple[Any, Any]]) -> None:
    """The parameters of collected tests, exchanged; a test of what is gone is gone too.

    Statements are told by their text, for each reading of them is an object of its own.
    """
    for number, item in enumerate(server.items):
        params = getattr(getattr(item, "callspec", None), "params", {})
        for key, value in list(params.items()):
            wanted = value.text if isinstance(value, text.Statement) else value
            for old, new in pairs:
                if type(wanted) is type(old) and wanted == old:
                    if new is None:
                        server.items[number] = None
                    params[key] = new


class Concerned:
    """Which tests have a line or an entry of the book as their parameter."""

    def __init__(self, server: Server) -> None:
        self.by_text: dict[str, set[int]] = {}
        self.by_law: dict[str, set[int]] = {}
        self.by_entry: dict[tuple[str, int], set[int]] = {}
        self.by_name: dict[str, set[int]] = {}
        self.by_question: dict[str, set[int]] = {}
        for number, item in enumerate(server.items):
            params = getattr(getattr(item, "callspec", None), "params", {})
            values = list(params.values())
            statements = [v for v in values if isinstance(v, text.Statement)]
            for statement in statements:
                self.by_text.setdefault(statement.text, set()).add(number)
            for asked in (params.get("question"), params.get("text")):
                if isinstance(asked, str):
                    self.by_question.setdefault(_left(asked), set()).add(number)
            for law in values:
                if isinstance(law, text.Law):
                    self.by_law.setdefault(law.text, set()).add(number)
                if isinstance(law, Rule):
                    self.by_name.setdefault(law.name, set()).add(number)
            if "name" in params and "k" in params:
                key = (str(params["name"]), int(params["k"]))
                self.by_entry.setdefault(key, set()).add(number)

    def __call__(self, mutant: BookMutant) -> set[int]:
        if mutant.kind != "function":
            law = text.laws(mutant.kind)[mutant.k]
            statement = text.law_statement(mutant.kind, law)
            asked = self.by_question.get(_left(law.body.partition(" = ")[0]), set())
            return self.by_law.get(law.text, set()).union(
                self.by_text.get(statement.text, set()), self.by_name.get(law.name, set()), asked
            )
        entry = text.entries(mutant.name)[mutant.k]
        said = [entry.statements[mutant.line]] if mutant.line >= 0 else entry.statements
        found = set(self.by_entry.get((mutant.name, mutant.k), set()))
        return found.union(*(self.by_text.get(s.text, set()) for s in said))


def _left(question: str) -> str:
    """What is asked, without what is declared of its variables."""
    return " ".join(question.partition(" where ")[0].split())
