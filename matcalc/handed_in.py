"""Functions that a user hands in: the one door to what reads them.

It is opened only where there are some: without them the rule book is the default one, and nothing
here loads anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from matcalc.expr.nodes import Expr
from matcalc.language import Program
from matcalc.rules.book import RuleBook, default_book

if TYPE_CHECKING:
    from matcalc.language.own import OwnRules


def rules_of(rules: str | None, functions: Mapping[str, Any] | None = None) -> OwnRules | None:
    """The rules of a text, and of functions as SymPy has them."""
    if functions or not (functions is None or isinstance(functions, Mapping)):
        from matcalc.bridge.lambdas import rules_of  # loads SymPy

        rules = "\n\n".join([*([rules] if rules else []), rules_of(functions)])
    if rules is None:
        return None
    from matcalc.user_rules import own_rules

    return own_rules(rules)


def book_of(program: Program) -> RuleBook:
    """The rule book for a program, with the functions that were handed in for it."""
    if not program.own:
        return default_book()
    from matcalc.user_rules import book_of

    return book_of(program)


def evaluators(program: Program) -> Mapping[str, Sequence[Callable[..., Any]]]:
    """The definitions of functions that were handed in, for the numerical check."""
    if not program.own:
        return {}
    from matcalc.user_rules import evaluators

    return evaluators(program.own)


def preparing(program: Program) -> Callable[..., Expr] | None:
    """What replaces functions that were handed in before code is written."""
    if not program.own:
        return None
    from matcalc.user_rules import computable

    return partial(computable, own=program.own)


def trusted(program: Program) -> tuple[str, ...]:
    """What had to be taken on trust of them, in words."""
    if not program.own:
        return ()
    from matcalc.user_rules import trusted

    return tuple(trusted(program))
