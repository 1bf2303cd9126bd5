"""Threads, processes, hash seeds, pickles, and what was derived before: none changes an answer."""

from __future__ import annotations

import copy
import os
import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Barrier

import pytest

from matcalc import derive
from matcalc.dims import Dim, named, number
from tests.cases.check_cases import Case, load

FOLDER = Path(__file__).parent / "cases"
COUNT = 8
STEP = 9
"""Every ninth case: enough of all groups, and soon done eight times."""


@cache
def cases() -> list[Case]:
    """A part of all case files."""
    return [case for path in sorted(FOLDER.glob("*.jsonl")) for case in load(path)][::STEP]


def answer(case: Case) -> str:
    """What is printed for a case, with its code."""
    d = derive(
        case.expr,
        case.wrt,
        kind=case.kind,
        shapes=case.shapes,
        layout=case.layout,
        limit=None,  # eight at once take eight times as long
    )
    return f"{d}\n{d.latex()}\n{d.code()}\n{d.assumptions}"


def answers(seed: int) -> list[str]:
    """The answers, worked out in an order of their own."""
    order = list(enumerate(cases()))
    random.Random(seed).shuffle(order)
    found = {place: answer(case) for place, case in order}
    return [found[place] for place in range(len(found))]


def test_threads() -> None:
    barrier = Barrier(COUNT)

    def one(seed: int) -> list[str]:
        barrier.wait()
        return answers(seed)

    with ThreadPoolExecutor(COUNT) as pool:
        found = list(pool.map(one, range(COUNT)))
    assert all(each == found[0] for each in found)


def test_processes_and_hash_seeds() -> None:
    """Fresh processes at once, each with a hash seed and an order of its own."""
    code = "from tests.test_concurrency import answers; print(end=repr(answers(%d)))"
    path = os.pathsep.join(sys.path)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code % seed],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": path},
            cwd=FOLDER.parent.parent,
        )
        for seed in range(COUNT)
    ]
    found = [process.communicate()[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    assert all(each == found[0] for each in found)
    assert found[0].decode() == repr(answers(0))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_pickles_and_copies(case: Case) -> None:
    d = derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes, layout=case.layout)
    for other in (pickle.loads(pickle.dumps(d)), copy.copy(d), copy.deepcopy(d)):
        assert str(other) == str(d)
        assert other.solved.arrays == d.solved.arrays
        assert other.code() == d.code()


def test_equal_dimensions_are_one_object_in_all_threads() -> None:
    names, barrier = [f"n{k}" for k in range(2000)], Barrier(COUNT)

    def one(_: int) -> list[Dim]:
        barrier.wait()
        return [named(name) * named("race") + number(7) for name in names]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)
    try:
        with ThreadPoolExecutor(COUNT) as pool:
            first, *others = pool.map(one, range(COUNT))
    finally:
        sys.setswitchinterval(before)
    assert all(a is b for other in others for a, b in zip(first, other, strict=True))
