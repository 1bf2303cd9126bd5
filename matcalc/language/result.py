"""What the language hands on: a typed program."""

from __future__ import annotations

from dataclasses import dataclass

from matcalc.expr.nodes import Expr, Function, Symbol


@dataclass(frozen=True)
class Program:
    """A typed program.

    `expression` has Named nodes for bound names; `bindings` are their values in order; `variables`
    every used, then every declared variable; `dims` the dimension names; `assumptions` what was
    inferred, in words; `integers` the names used as an index; `dialect` how
    it was read.
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
