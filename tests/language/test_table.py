"""The parse tables that are shipped are those of the grammars, and parsing needs no more."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from matcalc.language import table

GRAMMARS = list(table.STARTS)


@pytest.mark.parametrize("name", GRAMMARS)
def test_table_is_of_this_grammar(name: str) -> None:
    stored = json.loads((table.folder() / f"{name}.json").read_text(encoding="utf-8"))
    assert stored["hash"] == table.content_hash(name), "run: python -m matcalc.language.table"


@pytest.mark.parametrize("name", GRAMMARS)
def test_grammar_has_no_conflict(name: str) -> None:
    built, stored = (
        table.build(name),
        json.loads((table.folder() / f"{name}.json").read_text("utf-8")),
    )
    assert built["terminals"] == stored["terminals"]
    assert len(built["states"]) == len(stored["states"])
    assert sorted(map(str, built["rules"])) == sorted(map(str, stored["rules"]))


def test_parsing_loads_neither_lark_nor_numpy() -> None:
    code = (
        "import sys; from matcalc.language import parse_program; parse_program('sum(X w)');"
        "sys.exit(bool({'lark', 'numpy', 'sympy'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
