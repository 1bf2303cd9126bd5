"""What is shown of a derivation: its steps, and what each of them claims.

A step is data in matrix notation; how it looks is decided by who shows it (`terminal`, `jupyter`,
`json`), all of whom start from the lines of `matcalc.show.equations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from matcalc.expr.nodes import Expr, Symbol

Level = Literal["textbook", "all", "index"]
LEVELS: Final[tuple[Level, ...]] = ("textbook", "all", "index")
"""What a textbook prints; each rewrite with it; each of these in index notation, too."""

Kind = Literal[
    "shapes", "intermediate", "local", "chain", "rewrite", "symmetric", "reading", "index", "answer"
]  # fmt: skip


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


@dataclass(frozen=True)
class Formula:
    """What is no expression of the language (partial derivatives, index notation), in both
    scripts."""

    text: str
    latex: str


@dataclass(frozen=True)
class Verdict:
    """What the numerical check says of a step, or of a whole derivation.

    `inputs` counts the random inputs at which it was compared, `worst` is the largest error
    relative to the largest entry; `reason` says why it was not compared, or what is wrong.
    """

    inputs: int
    worst: float = 0.0
    reason: str = ""
    wrong: bool = False

    @property
    def passed(self) -> bool:
        """Compared, and right."""
        return self.inputs > 0 and not self.wrong

    def __str__(self) -> str:
        if self.wrong:
            return f"WRONG: {self.reason}"
        if not self.inputs:
            return f"not verified: {self.reason}"
        return f"verified on {self.inputs} random input{'s' * (self.inputs > 1)}"


@dataclass(frozen=True)
class Step:
    """One step.

    kind       What the step claims, see below.
    title      What is done, in a few words.
    text       The reason or the meaning in a sentence; may be empty.
    rule       The rule that was applied, if one was.
    before, after, by   Expressions, see below.
    of         The name of what is derived: an intermediate variable's, or that of the whole.
    along      The differential of `by` (`dW`), where the derivative is told as a differential.
    ways       The same for several: each variable with its direction, `along` or an entry of one.
    joined     In a chain: the product of the local derivatives, before it is worked out.
    partials   In a chain: that product in partial derivatives, ∂f/∂u ∂u/∂x.
    held       The names that are constant in a derivative, as those of other parts are.
    formulas   In "shapes" and "index": what is said in index notation or of sets.
    details    Finer steps, one level down; empty at the textbook's level.
    verdict    What the numerical check said; None if it was not asked.

    The kinds and their claims:
    shapes        what is given and assumed: `formulas` only
    intermediate  `before`, a bound name, stands for `after`
    local         the derivative of `before` by `by`, with the names in `held` constant, is `after`;
                  with `along` the differential of `before` is `after`, linear in `along`
    chain         the same, through all names but those in `held`: `partials` = `joined` = `after`
    rewrite       `before` and `after` are equal by `rule`
    symmetric     `after` is (`before` + `before`')/2, for a variable declared symmetric
    reading       the answer `before` is `after`, in which a part has a name
    index         `formulas`: the step that this is a detail of, in index notation; `before`, `by`
                  and `after` are the same for one entry, if there is such a claim
    answer        `after` is the derivative, as it is written in the layout asked for
    """

    kind: Kind
    title: str
    text: str = ""
    rule: Rule | None = None
    before: Expr | None = None
    after: Expr | None = None
    by: Expr | None = None
    of: str = ""
    along: Symbol | None = None
    ways: tuple[tuple[Expr, Expr], ...] = ()
    joined: Expr | None = None
    partials: Formula | None = None
    held: tuple[str, ...] = ()
    formulas: tuple[Formula, ...] = ()
    details: tuple[Step, ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Explanation:
    """The steps of a derivation at a level, and what the numerical check says of all of them.

    `verdict` is None if the check was not asked.
    """

    level: Level
    steps: tuple[Step, ...]
    verdict: Verdict | None = None


class Written(Protocol):
    """What has a text in the language."""

    def text(self, *, ascii: bool = ...) -> str: ...


class Program(Written, Protocol):
    """What is derived: its text, and itself."""

    @property
    def node(self) -> Expr: ...


class Derivation(Written, Protocol):
    """A derivation, as much of it as is shown."""

    @property
    def expression(self) -> Program: ...
    @property
    def wrt(self) -> Sequence[str]: ...
    @property
    def kind(self) -> str: ...
    @property
    def layout(self) -> str: ...
    @property
    def differentials(self) -> Mapping[str, str]: ...
    @property
    def value_name(self) -> str: ...
    @property
    def assumptions(self) -> Sequence[str]: ...
    @property
    def result(self) -> Any: ...
    @property
    def steps(self) -> Sequence[Step]: ...
    def latex(self) -> str: ...
