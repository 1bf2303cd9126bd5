"""KaTeX in strict mode, as a judge of LaTeX.

npm ci --prefix tests/katex     installs it, in the version that is pinned there
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("check.mjs")


def refused(formulas: Iterable[str]) -> list[tuple[str, str]]:
    """The formulas that KaTeX does not take, each with its message; skips a test without KaTeX."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    distinct = list(dict.fromkeys(formulas))
    assert distinct
    done = subprocess.run(
        [node, str(SCRIPT)], input=json.dumps(distinct), capture_output=True, text=True, check=False
    )
    if done.returncode == 3:
        pytest.skip("KaTeX is not installed: npm ci --prefix tests/katex")
    assert done.returncode == 0, done.stderr
    return [(formula, message) for formula, message in json.loads(done.stdout)]
