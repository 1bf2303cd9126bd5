"""The whole rule book on numbers: every differential, definition, identity and computing rule."""

from __future__ import annotations

import pytest

from matcalc.check import check, same_value
from matcalc.check.elementwise import ALONG, ELEMENTWISE
from matcalc.check.linear import LINEAR, STACKING
from matcalc.check.special import SPECIAL
from matcalc.expr.nodes import free_symbols
from matcalc.language.book import (
    Entry,
    Statement,
    entries,
    function_names,
    statement_exprs,
    statements,
)

ROWS: list[tuple[Entry | None, Statement]] = [
    *((e, s) for name in function_names() for e in entries(name) for s in e.statements),
    *((None, s) for kind in ("identity", "expansion", "compute") for s in statements(kind)),
]


def test_the_oracle_knows_every_function() -> None:
    known = {*ALONG, *ELEMENTWISE, *SPECIAL, *LINEAR, *STACKING, "reshape"}
    assert set(function_names()) <= known


@pytest.mark.parametrize(("entry", "statement"), ROWS, ids=[s.text.strip() for _, s in ROWS])
def test_statement(entry: Entry | None, statement: Statement) -> None:
    left, right, variables = statement_exprs(entry, statement)
    if statement.kind == "d":
        used = free_symbols(right)
        known = [v for v in variables.values() if f"d{v.name}" in variables]
        moving = [v for v in known if f"d{v.name}" in used] or known
        along = [variables[f"d{v.name}"] for v in moving]
        report = check(left, [right], moving, "differential", along=along)
    else:
        report = same_value(left, right, variables.values())
    assert report, str(report)
