"""Every expression and every expected answer of the case files is in the language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from matcalc.language import parse_program

FILES = sorted((Path(__file__).parents[1] / "cases").glob("*.jsonl"))
CASES = [
    json.loads(line) for path in FILES for line in path.read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    wrt = case["wrt"]
    names = wrt if isinstance(wrt, list) else [name.strip() for name in wrt.strip("[]").split(",")]
    program = parse_program(case["expr"], case["shapes"], names)
    inferred = case.get("inferred", {})
    assert {name: str(program.variables[name].shape) for name in inferred} == inferred
    for answer in case["expected"].split("; "):
        parse_program(answer, case["shapes"] | inferred)
