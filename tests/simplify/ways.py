"""What the tests of ways to write a tensor share: tables of an expression and the ways, and the
judgement that each way has the same value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from matcalc.emit.text import text
from matcalc.language import parse_program
from matcalc.rules.book import default_book
from matcalc.tensor.lift import Lift
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Tensor
from tests.tensor.values import value

SHAPES = {
    **dict.fromkeys("abcst", "R"), **dict.fromkeys("uvxyz", "R^n"), "w": "R^m",
    **dict.fromkeys("ABCM", "R^(n×n)"), "X": "R^(m×n)", "Y": "R^(m×n)",
    **dict.fromkeys("HS", "R^(n×n) symmetric"),
}  # fmt: skip
SIZES = {"n": 3, "m": 2}

Ways = Callable[[Any], Sequence[Tensor]]


def rows(table: str) -> list[tuple[str, list[str]]]:
    """The expressions of a table and what follows each behind a bar, on its own line and on those
    below."""
    found: list[tuple[str, list[str]]] = []
    for line in filter(None, table.splitlines()):
        expression, way = (part.strip() for part in line.split("|"))
        if expression:
            found.append((expression, []))
        found[-1][1].extend([way] if way else [])
    return found


def rows_of(tables: Mapping[str, tuple[Ways, str]]) -> list[tuple[str, str, list[str]]]:
    """The rows of several tables, each row with the name of its table."""
    return [(name, *row) for name, (_, table) in tables.items() for row in rows(table)]


def lowered(expression: str) -> Tensor:
    """In index notation; L is the lower triangle of ones."""
    expression = expression.replace("L'", "triu(ones(n, n))").replace("L", "tril(ones(n, n))")
    return Lowering(default_book())(parse_program(expression, SHAPES).expression)


def at_a_point(seed: int = 1) -> dict[str, Any]:
    """Positive numbers for all names, since some are below a fraction line or a root."""
    rng = np.random.default_rng(seed)
    point: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        size = {"R": (), "R^n": (3,), "R^m": (2,), "R^(m×n)": (2, 3)}.get(shape, (3, 3))
        point[name] = rng.uniform(0.5, 2.0, size)
        if "symmetric" in shape:
            point[name] = point[name] + point[name].T
    return point


def assert_ways(ways: Ways, expression: str, printed: Sequence[str]) -> None:
    """Which they are, in the order in which they are tried, and that each has the same value."""
    t = lowered(expression)
    found = list(dict.fromkeys(ways(t)))
    assert [text(Lift()(way)) for way in found] == printed
    point = at_a_point()
    for way in found:
        np.testing.assert_allclose(value(way, point, SIZES), value(t, point, SIZES), rtol=1e-12)
