"""Inputs made to hurt are done or refused, in a process that has 1 GiB."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.hostile.__main__ import USES, answer, programs


def test_each_is_done_or_refused() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.hostile", "1"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout.splitlines()
    assert len(told) == len(programs()) + 1
    assert [line for line in told if "done: " not in line and "refused: " not in line] == told[-1:]


@pytest.mark.parametrize(
    "name",
    [
        "an inner product of ten billion",
        "a matrix of a billion entries",
        "a dimension of 150 brackets",
        "factorials",
        "a tower of powers",
        "nested softmax",
        "einsum of rank 10",
    ],
)
def test_whatever_is_asked_of_it(name: str) -> None:
    """Steps, checks, pictures, SymPy: of arrays that no memory holds, and of deep expressions."""
    assert "CRASH" not in answer(name, 2, USES)
