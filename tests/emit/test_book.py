"""Every function of the rule book is written as LaTeX and computed by NumPy."""

from __future__ import annotations

import ast

import pytest

from matcalc.dims import number as dim_number
from matcalc.emit.book import template
from matcalc.emit.numpy import source
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape, Symbol, free_symbols
from matcalc.language import Entry
from matcalc.language.book import entries, function_names
from matcalc.plan.functions import overload

ENTRIES = [entry for name in function_names() for entry in entries(name)]
NAMES = [f"{entry.name}-{len(entry.params)}-{i}" for i, entry in enumerate(ENTRIES)]


def example(entry: Entry) -> Expr:
    """A call of an entry with variables of the shapes that its header says."""
    args: list[Expr] = []
    for param in entry.params:
        if param.role == "size":
            args.append(build.size((entry.result or ())[0]))
        elif param.role == "index":
            args.append(build.symbol(param.name, properties={"integer"}))
        elif param.role == "value":
            args.append(build.symbol(param.name, Shape(param.dims or ())))
    if entry.mode == "stack":
        dims = next(p.dims for e in entries("det") for p in e.params)
        args = [build.symbol(name, Shape(dims or ())) for name in "AB"]
        return build.call(Shape(dims or ()), entry.name, args)
    if entry.mode == "sizes":
        dims = (dim_number(3), dim_number(1))
        return build.call(Shape(dims), entry.name, [*args, *map(build.size, dims)])
    return build.call(Shape(entry.result or ()), entry.name, args)


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_has_latex(entry: Entry) -> None:
    assert entry.fields.get("latex")


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_is_computed(entry: Entry) -> None:
    expr = example(entry)
    inputs: list[Symbol] = list(free_symbols(expr).values())
    assert ast.parse(source("f", [expr], inputs, single=True))


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_is_found_by_its_arguments(entry: Entry) -> None:
    node = example(entry)
    assert overload(node) is entry


def test_templates() -> None:
    made = template("np.where(x > 0, x, a * x[1:, i]) - axis")
    assert made.names == ("x", "a", "i", "axis")
    assert made.uses("x") == 3
    assert made.loose
    made = template("np.reshape(a, (m, n), order='F').astype(dtype)")
    assert made.names == ("a", "m", "n")
    assert not made.loose
