"""A fixed sample of mutants of the rule book and the engine, each with the test that kills it."""

from __future__ import annotations

import subprocess
import sys

from tests.mutation.server import ROOT


def test_the_sample_is_killed() -> None:
    """python -m tests.mutation --check"""
    command = [sys.executable, "-m", "tests.mutation", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
