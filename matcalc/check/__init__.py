"""The independent numerical oracle: is this the derivative?

It evaluates expressions with plain NumPy (`evaluate`), differentiates them by complex steps and extrapolated
differences (`derivative`), draws inputs that fit (`sample`), and compares (`check`, `same_value`).  It shares no
code with the rule book, the tensor engine or the emitted code, so that they cannot be wrong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from matcalc.check.derivative import Numerical, derivative
from matcalc.check.differences import Array
from matcalc.check.evaluate import Evaluator, Functions, evaluate
from matcalc.check.report import Report, Tally
from matcalc.check.sample import OUTSIDE, Sample, sample
from matcalc.check.truth import Kind, Question
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Expr, Named, Symbol

__all__ = ["Evaluator", "Report", "Sample", "check", "derivative", "evaluate", "same_value", "sample"]

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

    results   For gradient and jacobian one for each of wrt (one alone if `stacked`: scalars as one vector); for
              hessian the blocks, row by row; for differential and jvp one; for vjp and hvp one for each of wrt.
              An expression, or a function from a Sample to an array in array layout.  An expression may also be the
              matrix between vec(wrt) and vec(output), or its transpose in denominator layout.
    symbols   Further variables that results may mention.  `functions`: stand-ins of the caller's.
    along     The variables that stand for the given directions: of differential, jvp and hvp one for each of
              wrt; of vjp the cotangent.
    """
    question = Question(expression, tuple(wrt), kind, stacked, tuple(along))
    rng = np.random.default_rng(seed)
    variables = [*symbols, *along, *(w for w in wrt if isinstance(w, Symbol))]
    transposed = layout == "denominator" and kind == "jacobian"
    tally = Tally(points)
    for _ in range(TRIES):
        try:
            drawn = sample([expression], variables, rng, functions=functions, sizes=sizes)
            truth = question.answer(drawn, rng)
            if truth.doubt:
                tally.skip(truth.doubt)
                continue
            got = [_value(result, drawn, question, transposed) for result in results]
        except DerivationError as error:
            return tally.undecided(error.message)
        except OUTSIDE as error:
            tally.skip(str(error))
            continue
        wrong = _compared(tally, question, results, got, truth.values, drawn)
        if wrong is not None:
            return wrong
        if tally.agreed(drawn):
            break
    return tally.verified()


def _value(result: Result, drawn: Sample, question: Question, transposed: bool) -> Array:
    if callable(result):
        return np.asarray(result(drawn))
    point = dict(drawn.point)
    for bound in question.wrt:
        if isinstance(bound, Named):
            point[bound.name] = evaluate(bound, drawn.point, drawn.sizes, drawn.functions)
    value = evaluate(result, point, drawn.sizes, drawn.functions)
    return value.T if transposed else value


def _compared(
    tally: Tally,
    question: Question,
    results: Sequence[Result],
    got: Sequence[Array],
    truth: Sequence[Numerical],
    drawn: Sample,
) -> Report | None:
    """A report if a result is wrong; DerivationError if the results are not as many as the kind has."""
    if len(truth) != len(results):
        raise ValueError(f"{len(results)} results for {len(truth)} derivatives")
    for value, result, wanted, name in zip(got, results, truth, question.names, strict=True):
        tolerance = max(TOLERANCE, 100 * wanted.error)
        wrong = tally.differs(value, wanted.value, tolerance, drawn, name, as_text=not callable(result))
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
    """Compare two expressions at random inputs at which both have values; a row and a column are equal arrays."""
    rng = rng or np.random.default_rng(0)
    tally = Tally(points)
    for _ in range(points):
        try:
            drawn = sample([a, b], symbols, rng, functions=functions, sizes=sizes)
            left = evaluate(a, drawn.point, drawn.sizes, drawn.functions)
            right = evaluate(b, drawn.point, drawn.sizes, drawn.functions)
        except DerivationError as error:
            return tally.undecided(error.message)
        wrong = tally.differs(right, left, tolerance, drawn, "the second expression")
        if wrong is not None:
            return wrong
        tally.agreed(drawn)
    return tally.verified()
