"""What is shown of a derivation: the engine's own record, seen from below `matcalc.api`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from matcalc.expr.nodes import Expr


class Rule(Protocol):
    """A rule that was applied: its name, its statement in the language, and where it is from."""

    @property
    def name(self) -> str: ...
    @property
    def statement(self) -> str: ...
    @property
    def source(self) -> str: ...


def law(rule: Rule) -> str:
    """A rule's statement on one line, without the source that a line of the book ends with."""
    line = " ".join(rule.statement.split())
    return line.removesuffix(f'"{rule.source}"').rstrip()


class Step(Protocol):
    """One step; `before` and `after` are equal, or what is derived and its derivative.

    They are the latter where the kind is "local" (by a part) or "chain" (by the variable).
    """

    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def rule(self) -> Rule | None: ...
    @property
    def before(self) -> Expr | None: ...
    @property
    def after(self) -> Expr | None: ...


class Written(Protocol):
    """What has a text in the language."""

    def text(self, *, ascii: bool = ...) -> str: ...


class Derivation(Written, Protocol):
    """A derivation, as much of it as is shown."""

    @property
    def expression(self) -> Written: ...
    @property
    def wrt(self) -> Sequence[str]: ...
    @property
    def kind(self) -> str: ...
    @property
    def layout(self) -> str: ...
    @property
    def assumptions(self) -> Sequence[str]: ...
    @property
    def steps(self) -> Sequence[Step]: ...
    def latex(self) -> str: ...
