"""Inputs made to hurt are done or refused, in a process that has 1 GiB."""

from __future__ import annotations

import subprocess
import sys

from tests.hostile.__main__ import programs


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
