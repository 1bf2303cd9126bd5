"""The `steps` fields of a case file: the source's own intermediate results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cases import check_cases


def told(path: Path) -> Iterator[tuple[Any, Sequence[Mapping[str, str]]]]:
    """Each case with its steps."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for case, line in zip(check_cases.load(path), lines, strict=True):
        yield case, json.loads(line).get("steps", [])
