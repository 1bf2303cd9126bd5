"""Reading the rule book: entries, fields, statements, and their typed sides."""

from __future__ import annotations

import pytest

from matcalc.expr.nodes import free_symbols
from matcalc.language import Entry, Statement, book
from tests.language.tree import tree

ENTRIES = [entry for name in book.function_names() for entry in book.entries(name)]
LINES = [(entry, statement) for entry in ENTRIES for statement in entry.statements]
RULES = [s for kind in ("identity", "expansion", "compute") for s in book.statements(kind)]


@pytest.mark.parametrize(("entry", "statement"), LINES, ids=[each.text[:50] for _, each in LINES])
def test_statements_of_functions_are_typed(entry: Entry, statement: Statement) -> None:
    lhs, _, variables = book.statement_exprs(entry, statement)
    for param in entry.params:
        if param.role == "value" and param.name in variables:
            assert variables[param.name].shape.dims == (param.dims or ())
            difference = variables.get(f"d{param.name}")
            assert difference is None or difference.shape == variables[param.name].shape
    if entry.result is not None:
        assert lhs.shape.dims == entry.result


@pytest.mark.parametrize("statement", RULES, ids=lambda each: each.name)
def test_rules_are_typed(statement: Statement) -> None:
    lhs, rhs, variables = book.statement_exprs(None, statement)
    assert free_symbols(rhs).keys() <= free_symbols(lhs).keys() == variables.keys()
    assert lhs.shape.dims == rhs.shape.dims or not rhs.shape.dims


def test_overloads() -> None:
    assert [(entry.mode, len(entry.params)) for entry in book.entries("max")] == [
        ("elementwise", 2),
        ("along", 1),
    ]
    assert book.entries("no_such_function") == ()


def test_parameters() -> None:
    tril = book.entries("tril")[0]
    assert [(param.name, param.role, param.default) for param in tril.params] == [
        ("X", "value", None),
        ("k", "value", 0),
    ]
    assert [param.role for param in book.entries("e")[0].params] == ["index", "size"]
    assert [param.role for param in book.entries("hstack")[0].params] == ["rest"]


def test_fields_and_statements() -> None:
    entry = book.entries("tanh")[0]
    assert entry.fields["numpy"] == "np.tanh(x)"
    (line,) = [each for each in entry.statements if each.kind == "d"]
    lhs, rhs, variables = book.statement_exprs(entry, line)
    assert tree(lhs) == "(call tanh x)"
    assert tree(rhs) == "(mul (+ 1 (- (^ (call tanh x) 2))) dx)"
    assert variables.keys() == {"x", "dx"}
    assert line.text.startswith("d tanh(x) =")
