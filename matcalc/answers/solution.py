"""A stationary point as users hold it: the closed form, its condition, what kind of point it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import product
from typing import Any, Final

import numpy as np

from matcalc.answers.conditions import Condition
from matcalc.check import derivative, evaluate, sample
from matcalc.check.evaluate import Functions
from matcalc.check.plan import plan_of
from matcalc.check.report import Report, Tally
from matcalc.check.sample import OUTSIDE, Sample
from matcalc.check.steps import size
from matcalc.emit.latex import latex
from matcalc.emit.text import text
from matcalc.errors import DerivationError, LimitError
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Node, Symbol, intern, postorder
from matcalc.expression import Expression
from matcalc.show.terminal import plain

POINTS: Final = 3
TRIES: Final = 40
TOLERANCE: Final = 1e-7
SINGULAR: Final = 1e9
SIZES: Final = (2, 3, 5)


@dataclass(frozen=True)
class Stationary:
    """Where the gradient is zero.

    unknown     The name of the variable solved for; of several a tuple.
    solution    The closed form, an Expression with .function(), .latex(), .code() and str(); of
                several unknowns a tuple, in which one may speak of others by name.
    condition   On which it holds, in words; empty if it always does.
    nature      minimum, maximum, saddle point (with what has to be assumed for that), or empty
                where it is not known.
    """

    names: tuple[str, ...]
    closed: Mapping[str, Expression]
    conditions: tuple[Condition, ...]
    nature: str
    expression: Expr
    symbols: tuple[Symbol, ...]
    variables: tuple[Symbol, ...]
    functions: Functions = field(default_factory=dict)

    @property
    def unknown(self) -> Any:
        """The name of the unknown, or a tuple of names."""
        return self.names[0] if len(self.names) == 1 else self.names

    @property
    def solution(self) -> Any:
        """The closed form, or a tuple of them in the order of the unknowns."""
        found = tuple(self.closed[name] for name in self.names)
        return found[0] if len(found) == 1 else found

    @property
    def condition(self) -> str:
        """What has to hold, in words."""
        return " and ".join(dict.fromkeys(n for c in self.conditions for n in c.needed))

    @property
    def certain(self) -> str:
        """Why there is no condition on an inverse: what is positive definite anyway."""
        return " and ".join(dict.fromkeys(a for c in self.conditions for a in c.always))

    def __str__(self) -> str:
        return self.text()

    def text(self, *, ascii: bool = False) -> str:
        """`w = …` for each unknown, those that the next ones speak of first; remarks follow #."""
        lines = [
            f"{name} = {text(made.node, ascii=ascii, bindings=False)}"
            for name, made in self.closed.items()
        ]
        remarks = [f"# {plain(remark) if ascii else remark}" for remark in self.remarks]
        return "\n".join([*self._bindings(ascii), *lines, *remarks])

    def _bindings(self, ascii: bool) -> list[str]:
        """The lines for names of the program that the closed forms speak of."""
        found: dict[str, None] = {}
        for made in self.closed.values():
            for line in text(made.node, ascii=ascii).splitlines()[:-1]:
                if line.partition(" = ")[0] not in self.closed:
                    found[line] = None
        return list(found)

    @property
    def remarks(self) -> list[str]:
        """Condition and nature, a line each."""
        remarks = [f"if {self.condition}"] if self.condition else []
        remarks += [f"holds always: {self.certain}"] if self.certain and not self.condition else []
        return remarks + ([f"a {self.nature}"] if self.nature else [])

    def __repr__(self) -> str:
        return self.text()

    def latex(self) -> str:
        """LaTeX for math mode: an equation for each unknown."""
        parts = [
            f"{latex(symbol)} = {made.latex()}"
            for name, made in self.closed.items()
            for symbol in self.symbols
            if symbol.name == name
        ]
        return ",\\quad ".join(parts)

    def code(self, target: str = "numpy") -> str:
        """The source of a function for each unknown, named as it is."""
        return "\n\n".join(made.code(target, name) for name, made in self.closed.items())

    def record(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "unknown": list(self.names),
            "solution": {name: str(self.closed[name]) for name in self.names},
            "latex": self.latex(),
            "condition": self.condition,
            "certain": self.certain,
            "nature": self.nature,
        }

    # --- verification

    def verified(self) -> None:
        """DerivationError unless the gradient was seen to be zero at random inputs."""
        report = self.report
        if report.wrong:
            raise DerivationError(
                "the closed form that was found is wrong: the gradient is not zero there",
                found=report.lines[0],
            )
        if not report.passed and report.skipped:
            raise DerivationError(
                f"there is no one stationary point: {self._singular()} for random inputs"
            )

    def _singular(self) -> str:
        matrices = [m for c in self.conditions for m in c.matrices]
        told = " or ".join(text(m, bindings=False) for m in matrices)
        return f"{told} is not invertible" if told else "the closed form has no value"

    def check(self) -> Report:
        """Verification by the independent oracle: the numerical gradient is zero at the point."""
        return self.report

    @cached_property
    def report(self) -> Report:
        tally = Tally(POINTS)
        rng = np.random.default_rng(0)
        solutions = [made.node for made in self.closed.values()]
        parts = [self.expression, *solutions]
        names = sorted({n for d in plan_of(parts, self.variables).dims for n in d.names})
        choices = list(product(SIZES, repeat=min(len(names), 6)))
        rng.shuffle(choices)
        for attempt in range(TRIES):
            sizes = dict(zip(names, map(int, choices[attempt % len(choices)]), strict=False))
            try:
                drawn = sample(parts, self.variables, rng, functions=self.functions, sizes=sizes)
                wrong = self._compared(drawn, tally)
            except OUTSIDE as error:
                tally.skip(str(error))
                continue
            except LimitError:
                raise
            except DerivationError as error:
                tally.skip(error.message)
                continue
            if wrong is not None:
                return wrong
            if tally.tried >= POINTS:
                break
        return tally.report()

    def _compared(self, drawn: Sample, tally: Tally) -> Report | None:
        """Whether the gradient by each unknown is zero at the solution, for one random input."""
        here = dict(drawn.point)
        for name, made in self.closed.items():
            here[name] = evaluate(made.node, here, drawn.sizes, drawn.functions)
        for matrix in (m for c in self.conditions for m in c.matrices):
            value = evaluate(matrix, here, drawn.sizes, drawn.functions)
            if not np.linalg.cond(value) < SINGULAR:
                tally.skip(f"{text(matrix, bindings=False)} is singular")
                return None
        if not np.all(np.isfinite(evaluate(self.expression, here, drawn.sizes, drawn.functions))):
            tally.skip("the expression has no value at the point")
            return None
        at = Sample(here, drawn.sizes, drawn.functions, drawn.domains)
        for symbol in self.symbols:
            slopes = [
                derivative(self.expression, symbol, point, drawn.sizes, drawn.functions)
                for point in (here, drawn.point)
            ]
            if not all(np.all(np.isfinite(slope)) for slope in slopes):
                tally.skip("the gradient is not finite there")
                return None
            scale = size(slopes[1])
            zero = np.zeros_like(slopes[0])
            wrong = tally.differs(
                slopes[0] / scale, zero, TOLERANCE * 1e3, at, f"the gradient by {symbol.name}"
            )
            if wrong is not None:
                return wrong
        tally.agreed(at)
        return None


def with_bound(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """An expression with variables bound to their values, as names that print as before."""
    done: dict[Expr, Expr] = {}

    def new(field: Any) -> Any:
        if isinstance(field, tuple):
            return tuple(new(part) for part in field)
        return done[field] if isinstance(field, Node) else field  # type: ignore[index]

    for node in postorder((expr,)):
        if isinstance(node, Symbol) and node.name in values:
            done[node] = build.named(node.name, values[node.name])
        else:
            parts = [new(getattr(node, f.name)) for f in fields(node)]
            done[node] = intern(type(node), *parts)
    return done[expr]
