"""What an entry of the rule book says of LaTeX, NumPy and other libraries, line by line.

A line is tested as it stands, also where the printer or the plan has a way of its own: the book is
read by people too.
"""

from __future__ import annotations

import ast
import re
from typing import Any, Final

import numpy as np
import pytest
import scipy.linalg
import scipy.special

from matcalc import DerivationError, parse
from matcalc.check import evaluate
from matcalc.emit.latex import latex
from matcalc.expr.nodes import Call, free_symbols
from matcalc.language import book
from matcalc.language.book import Entry
from tests.emit.test_targets import LACKS
from tests.rules.test_book import drawn_for, entries, same, texts

BUILT: Final = """
    eye ones zeros e diag solve hstack vstack blockdiag reshape onehot_max onehot_min norm
""".split()
"""What is put together without a function of NumPy that is its own."""

OTHERS: Final = {"jax": "jax", "torch": "torch", "array_api": "xp"}
"""The libraries beside NumPy, with the word for them in the book."""

PLACE: Final = re.compile(r"<(\w+)!?>")


@entries
def test_latex_is_what_is_printed(name: str, k: int) -> None:
    entry = book.entries(name)[k]
    line = entry.fields["latex"]
    text, shapes = texts(entry)[0]
    printed = latex(parse(text, shapes).node)
    if PLACE.search(line):
        assert {*PLACE.findall(line)} <= {param.name for param in entry.params}
        pattern = "(.+)".join(re.escape(part) for part in PLACE.split(line)[::2])
        assert re.fullmatch(pattern, printed), printed
    else:
        assert re.match(rf"{re.escape(line)}(?![A-Za-z])", printed), printed


def numbers(entry: Entry, call: Any) -> dict[str, Any]:
    """The arguments of a call that are numbers, by the names of their parameters."""
    if not isinstance(call, Call):
        return {}
    pairs = zip(entry.params, call.args, strict=False)
    given = {
        param.name: evaluate(arg, {}, {}).item()
        for param, arg in pairs
        if param.role == "value" and not free_symbols(arg)
    }
    return {n: int(v) if v == int(v) else v for n, v in given.items()}


@entries
def test_numpy_is_right(name: str, k: int) -> None:
    entry = book.entries(name)[k]
    if name in BUILT:
        assert "numpy" not in entry.fields or name == "norm"
        return
    text, shapes = texts(entry)[0]
    expression = parse(text, shapes)
    drawn = drawn_for(entry, expression)
    known: dict[str, Any] = {"np": np, "sp": scipy.special, "la": scipy.linalg}
    known |= {"axis": None, "dtype": np.dtype(float), **drawn.sizes}
    known |= numbers(entry, expression.node) | drawn.point
    *before, last = entry.fields["numpy"].split("; ")
    for statement in before:
        exec(statement, known)
    same(eval(last, known), evaluate(expression.node, drawn.point, drawn.sizes))


@pytest.mark.parametrize("target", OTHERS)
@entries
def test_other_libraries_have_it_or_lack_it(name: str, k: int, target: str) -> None:
    entry = book.entries(name)[k]
    text, shapes = texts(entry)[0]
    expression = parse(text, shapes)
    if name in LACKS[target]:
        with pytest.raises(DerivationError, match=f" has no {name} "):
            expression.code(target)
    elif expression.variables and not all("integer" in s.properties for s in expression.variables):
        assert ast.parse(expression.code(target))
