"""The independent numerical oracle: is this the derivative?

It evaluates expressions with plain NumPy (`evaluate`), differentiates them by complex steps and
extrapolated differences (`derivative`), draws inputs that fit (`sample`), and compares (`check`,
`same_value`).  It shares no code with the rule book, the tensor engine or the emitted code, so that
they cannot be wrong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from matcalc.check.derivative import derivative
from matcalc.check.differences import Array
from matcalc.check.evaluate import Evaluator, Functions, evaluate
from matcalc.check.report import Report, Tally
from matcalc.check.sample import OUTSIDE, Sample, sample
from matcalc.check.truth import Kind, Question, Truth
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Expr, Named, Node, Symbol, free_symbols, postorder

__all__ = [
    "Evaluator",
    "Report",
    "Sample",
    "check",
    "derivative",
    "evaluate",
    "same_value",
    "sample",
]

Result: TypeAlias = Expr | Callable[[Sample], Array]

POINTS = 3
TRIES = 15
TOLERANCE = 1e-7


def check(
    expression: Expr,
    results: Sequence[Result],
    wrt: Sequence[Symbol | Named],
    kind: Kind = "gradient",
    *,
    symbols: Iterable[Symbol] = (),
    functions: Functions | None = None,
    layout: str = "numerator",
    stacked: bool = False,
    along: Sequence[Symbol] = (),
    sizes: Mapping[str, int] | None = None,
    points: int = POINTS,
    seed: int = 0,
) -> Report:
    """Compare derivatives with numerical ones at random inputs.

    results    For gradient and jacobian one for each of wrt (one alone if `stacked`: scalars as
               one vector); for hessian the blocks, row by row; for differential and jvp one; for
               vjp and hvp one for each of wrt.  Each is a function from a Sample to an array in
               array layout, or an expression, which may also be the matrix between vec(wrt) and
               vec(output), and in denominator layout its transpose.
    symbols    Further variables that results mention.
    functions  Stand-ins of the caller's for unknown functions: each with its derivatives.
    along      The variables that stand for given directions: for differential, jvp and hvp one for
               each of wrt, for vjp the one of the output.
    """
    question = Question(expression, tuple(wrt), kind, stacked, tuple(along))
    answers = [_evaluated(r, question, layout) for r in results]
    rng = np.random.default_rng(seed)
    draw = partial(
        sample,
        [expression, *wrt],
        _variables(expression, [*symbols, *along, *wrt, *results]),
        rng,
        functions=functions,
        sizes=sizes,
        smallest=2 if question.deep else 3,
    )
    return _compared(question, answers, draw, Tally(points), rng)


def _compared(
    question: Question,
    answers: Sequence[Callable[[Sample], Array]],
    draw: Callable[..., Sample],
    tally: Tally,
    rng: np.random.Generator,
) -> Report:
    """The report on the answers at as many random inputs as the tally wants."""
    for attempt in range(TRIES):
        try:
            drawn = draw(turned=attempt % 2 == 1)
            truth = question.answer(drawn, rng)
            if truth.doubt:
                tally.skip(truth.doubt)
                continue
            got = [np.asarray(answer(drawn)) for answer in answers]
        except DerivationError as error:
            return tally.undecided(error.message)
        except OUTSIDE as error:
            tally.skip(str(error))
            continue
        except (TypeError, ValueError) as error:
            return tally.undecided(f"it could not be evaluated ({error})")
        wrong = _wrong(tally, question, got, truth, drawn)
        if wrong is not None:
            return wrong
        if tally.agreed(drawn):
            break
    return tally.report()


def _variables(expression: Expr, mentioned: Iterable[Result]) -> list[Symbol]:
    """The variables of what is mentioned; the names that the expression binds are none."""
    bound = {node.name for node in postorder((expression,)) if isinstance(node, Named)}
    found: dict[str, Symbol] = {}
    for item in mentioned:
        if isinstance(item, Node) and not isinstance(item, Named):
            found.update(free_symbols(item))
    return [symbol for name, symbol in found.items() if name not in bound]


def _evaluated(result: Result, question: Question, layout: str) -> Callable[[Sample], Array]:
    """A result as a function of a sample, in array layout as far as its shape tells."""
    if not isinstance(result, Node):
        return result
    bound = [w for w in question.wrt if isinstance(w, Named)]

    def value(drawn: Sample) -> Array:
        held = {w.name: evaluate(w, drawn.point, drawn.sizes, drawn.functions) for w in bound}
        array = evaluate(result, {**drawn.point, **held}, drawn.sizes, drawn.functions)
        return array.T if layout == "denominator" and question.kind == "jacobian" else array

    return value


def _wrong(
    tally: Tally,
    question: Question,
    got: Sequence[Array],
    truth: Truth,
    drawn: Sample,
) -> Report | None:
    """A report if a result is wrong; ValueError if they are not as many as the kind has."""
    for value, wanted, name in zip(got, truth.values, question.names, strict=True):
        tolerance = max(TOLERANCE, 100 * wanted.error, 10 * truth.error)
        wrong = tally.differs(value, wanted.value, tolerance, drawn, name)
        if wrong is not None:
            return wrong
    return None


def same_value(
    a: Expr,
    b: Expr,
    symbols: Iterable[Symbol] = (),
    rng: np.random.Generator | None = None,
    *,
    functions: Functions | None = None,
    sizes: Mapping[str, int] | None = None,
    points: int = POINTS,
    tolerance: float = TOLERANCE,
) -> Report:
    """Compare two expressions at random inputs at which both have values, rows equal to columns."""
    rng = rng or np.random.default_rng(0)
    symbols = list(symbols)
    tally = Tally(points)
    for _ in range(points):
        try:
            drawn = sample([a, b], symbols, rng, functions=functions, sizes=sizes)
        except DerivationError as error:
            return tally.undecided(error.message)
        left, right = (evaluate(e, drawn.point, drawn.sizes, drawn.functions) for e in (a, b))
        wrong = tally.differs(right, left, tolerance, drawn, "the second expression")
        if wrong is not None:
            return wrong
        tally.agreed(drawn)
    return tally.report()
