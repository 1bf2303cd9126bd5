"""What the language hands on: a typed program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matcalc.expr.nodes import Expr, Function, Symbol
from matcalc.language.book import Entry


@dataclass(frozen=True)
class Program:
    """A typed program.

    `expression` has Named nodes for bound names; `bindings` are their values in order; `variables`
    every used, then every declared variable; `dims` the dimension names; `assumptions` what was
    inferred, in words; `integers` the names used as an index; `dialect` how it was read; `own` the
    functions beside those of the book.
    """

    text: str
    expression: Expr
    bindings: dict[str, Expr]
    variables: dict[str, Symbol]
    functions: dict[str, Function]
    dims: tuple[str, ...]
    assumptions: tuple[str, ...]
    integers: frozenset[str]
    dialect: str = "matcalc"
    own: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
