"""Statements that are too long for a line stay the same statements."""

from __future__ import annotations

import ast

import pytest

from matcalc.emit.statements import statement

LONG = " + ".join(f"np.exp(x{i} * y{i})" for i in range(9))

STATEMENTS = [
    f"return {LONG}",
    f"t1 = {LONG}",
    f"t1 *= {LONG}",
    f"t1 /= ({LONG})",
    f"t1[...] = {LONG}",
    f'np.einsum("ii->i", t1)[...] -= {LONG}',
    f"np.divide({LONG}, t1, out=t1)",
    f"np.fill_diagonal(t1, {LONG})",
]


@pytest.mark.parametrize("text", STATEMENTS)
def test_long_statements(text: str) -> None:
    lines = statement(text)
    assert max(map(len, lines)) <= 100
    found = ast.parse("def f():\n" + "\n".join(lines))
    assert ast.dump(found) == ast.dump(ast.parse(f"def f():\n    {text}"))
