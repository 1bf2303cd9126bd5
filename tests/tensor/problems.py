"""The case files as problems for the tensor engine, each solved once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from matcalc import derive
from matcalc.pipeline import inner_derivative
from matcalc.result import Derivation
from matcalc.rules.book import default_book
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Tensor
from tests.cases import check_cases

CASES: Final[dict[str, Any]] = {
    case.id: case
    for path in sorted(Path(check_cases.__file__).parent.glob("*.jsonl"))
    for case in check_cases.load(path)
}


@cache
def solved(name: str) -> Derivation:
    """The derivation of a case."""
    case = CASES[name]
    return derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes, layout=case.layout)


def tensors(name: str) -> list[Tensor]:
    """The value of a case and its derivatives, before they are simplified."""
    found = solved(name).solved
    return [found.value, *leaves(found.raw)]


def leaves(tree: Any) -> list[Any]:
    """What a tree of tuples holds."""
    return [x for part in tree for x in leaves(part)] if isinstance(tree, tuple) else [tree]


def lowering() -> Lowering:
    """Lowering with the whole rule book and nothing remembered."""
    book = default_book()
    return Lowering(book, inner_derivative(book))
