"""Every law notices an engine that breaks it: `python -m tests.laws.broken`, in a process."""

from __future__ import annotations

import subprocess
import sys

from tests.emit.libraries import NEEDS
from tests.laws import test_calculus, test_kinds, test_programs
from tests.laws.broken import BREAKS
from tests.laws.support import LAWS

MODULES = test_calculus, test_kinds, test_programs


def test_every_law_can_fail() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.laws.broken"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    ).stdout.splitlines()
    assert len(told) == len(BREAKS)
    assert [line for line in told if not line.startswith("noticed")] == []


def test_every_law_is_broken() -> None:
    optional = {f"code_of_{target}" for target in NEEDS}
    assert set(LAWS) - optional == {name for name, _ in BREAKS} - optional
