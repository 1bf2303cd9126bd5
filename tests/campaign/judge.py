"""The verdict on one random program: its derivative as an expression, as text and as code.

right      the expression agrees with numerical derivatives, the text read back and the compiled
           code with the expression
refused    a clear error, and which
undefined  no derivative to compare with, and by what evidence: no value, a kink, a singularity;
           or doubles are not enough to tell (rounding), which many digits showed
WRONG      a result that many digits show to be wrong, a text that does not read back, code that
           does not do what the expression says, no value where there is one
CRASH      an exception that is no diagnostic
timeout    more than the time that a program has
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from matcalc import Derivation, parse
from matcalc.check import evaluate, sample
from matcalc.check.differences import Array
from matcalc.check.sample import OUTSIDE, Sample
from matcalc.check.steps import size
from matcalc.check.truth import Question, Truth
from matcalc.errors import DerivationError, LimitError, MatcalcError
from matcalc.expr.nodes import Expr
from matcalc.pipeline import leaves_of
from tests.campaign.asking import PLAIN, Asked
from tests.campaign.digits import UnknownError
from tests.campaign.evidence import Found, Witness
from tests.campaign.precise import Precise
from tests.campaign.rounding import spread
from tests.campaign.ways import computed
from tests.deadline import TimeIsUp, within

SECONDS: Final = 20.0
"""What one program may take, oracle and all."""

DERIVING: Final = 0.25
"""What of its time a program may take to be differentiated."""

POINTS: Final = 2
TRIES: Final = 4
TOLERANCE: Final = 1e-7
ROUNDED: Final = 10
"""How much further than the operations of one way two ways may be apart."""


@dataclass(frozen=True)
class Verdict:
    """What was found: a word, the reason by which it is counted, and what a person wants to see."""

    word: str
    reason: str = ""
    detail: str = ""

    @property
    def bad(self) -> bool:
        """Whether this must not be."""
        return self.word in {"WRONG", "CRASH"}


def judged(asked: Asked, seconds: float = SECONDS) -> Verdict:
    """The verdict on a program; no exception of the engine's gets out."""
    try:
        with within(seconds, of_processor=True):
            return _judged(asked, seconds * DERIVING)
    except TimeIsUp:
        return Verdict("timeout", f"more than {seconds:g} s")
    except LimitError as error:
        return Verdict("refused", masked(error.message))
    except RecursionError as error:
        return Verdict("CRASH", "RecursionError", str(error))
    except Exception as error:
        return Verdict("CRASH", f"{type(error).__name__}: {masked(str(error))}", repr(error))


def _judged(asked: Asked, limit: float) -> Verdict:
    try:
        d = asked.derived(limit=limit)
    except LimitError as error:
        return Verdict("refused", masked(error.message))
    except MatcalcError as error:
        return Verdict("refused", masked(error.message), str(error))
    texts = read_back(asked, d)
    return _misread(d, texts) or _compared(asked, d, texts)


def masked(message: str) -> str:
    """A message without the names and numbers of one program, to be counted by."""
    message = re.sub(r"`[^`]*`", "`…`", message.splitlines()[0] if message else "")
    return re.sub(r"\d+(\.\d+)?", "#", message)[:70]


def read_back(asked: Asked, d: Derivation) -> list[Expr | str]:
    """The results printed and read back, or what the parser said."""
    symbols = [direction.symbol for direction in d.directions]
    own = {s.name: " ".join([str(s.shape), *sorted(s.properties)]) for s in symbols}
    found: list[Expr | str] = []
    for part in leaves_of(d.result):
        try:
            found.append(parse(str(part), asked.shapes | own).node)
        except MatcalcError as error:
            found.append(str(error))
    return found


def _misread(d: Derivation, texts: Sequence[Expr | str]) -> Verdict | None:
    """A verdict if a printed result does not parse to an expression of its shape."""
    for part, again in zip(leaves_of(d.result), texts, strict=True):
        if isinstance(again, str):
            return Verdict("WRONG", "a result that does not parse", f"{part}\n{again}")
        if again.shape != part.node.shape:
            detail = f"{part}: {again.shape} for {part.node.shape}"
            return Verdict("WRONG", "a result that reads back in another shape", detail)
    return None


@dataclass
class _Trial:
    """A derivation to be tried at random inputs."""

    asked: Asked
    d: Derivation
    texts: Sequence[Expr]
    rng: np.random.Generator

    def __post_init__(self) -> None:
        problem = self.d.solved.problem
        self.problem = problem
        self.question = Question(
            problem.expression, problem.targets, problem.kind, problem.stacked, problem.directions
        )
        self.arrays: list[Expr] = list(leaves_of(self.d.solved.arrays))

    def draw(self) -> Sample:
        """Inputs at which the program has a value."""
        return sample(
            [self.problem.expression, *self.problem.targets],
            [*self.d.program.variables.values(), *self.problem.directions],
            self.rng,
            sizes=dict(self.asked.sizes),
        )


def _compared(asked: Asked, d: Derivation, texts: Sequence[Expr | str]) -> Verdict:
    """The verdict on a derivation, from random inputs."""
    parsed = [text for text in texts if not isinstance(text, str)]
    trial = _Trial(asked, d, parsed, np.random.default_rng(7))
    set_aside: Counter[str] = Counter()
    agreed = 0
    for _ in range(TRIES):
        try:
            drawn = trial.draw()
        except DerivationError as error:
            set_aside[masked(error.message)] += 1
            break
        try:
            verdict = _at(trial, drawn)
        except OUTSIDE as error:
            set_aside[f"no value: {masked(str(error))}"] += 1
            continue
        if verdict is None:
            agreed += 1
        elif verdict.bad:
            return verdict
        else:
            set_aside[verdict.reason] += 1
        if agreed == POINTS:
            break
    if agreed:
        return Verdict("right", "" if agreed == POINTS else "at fewer points")
    return Verdict("undefined", set_aside.most_common(1)[0][0])


def _at(trial: _Trial, drawn: Sample) -> Verdict | None:
    """What is to be said at one sample; None if all agrees."""
    truth = trial.question.answer(drawn, trial.rng)
    values = [evaluate(array, drawn.point, drawn.sizes, drawn.functions) for array in trial.arrays]
    for index, value in enumerate(values):
        if truth.doubt or _differs(truth, index, value):
            found = _settled(trial, drawn, index)
            if found.word == "differs":
                return Verdict("WRONG", "a result", f"{trial.d}\n{found.detail}{_shown(drawn)}")
            if found.word == "not finite":
                return Verdict(
                    "WRONG", "no value where there is a derivative", f"{trial.d}{_shown(drawn)}"
                )
            if found.word == "unknown":
                if not np.all(np.isfinite(value)) and _code_is_right(trial, drawn, index, truth):
                    return Verdict("undefined", "overflow: the code, which has none, is right")
                word = "undefined" if truth.doubt else "WRONG"
                return Verdict(word, f"{truth.doubt or 'a result'} ({found.detail})", str(trial.d))
            if found.word != "agrees":
                return Verdict("undefined", f"{found.word}: {found.detail}")
            if not truth.doubt:
                return Verdict("undefined", "rounding: right with many digits")
    return _others(trial, drawn, values)


def _settled(trial: _Trial, drawn: Sample, index: int) -> Found:
    """What many digits say about a result; `unknown` where there is no way to compute them."""
    try:
        return Witness(trial.problem, drawn, trial.rng).settle(index, trial.arrays[index])
    except UnknownError as error:
        return Found("unknown", str(error))
    except OUTSIDE as error:
        return Found("singular", masked(str(error)))


def _differs(truth: Truth, index: int, value: Array) -> bool:
    wanted = truth.values[index]
    tolerance = max(TOLERANCE, 100 * wanted.error, 10 * truth.error)
    return not _close(value, wanted.value, tolerance)


def _close(value: Array, wanted: Array, tolerance: float) -> bool:
    if value.shape != wanted.shape:
        return False
    return _apart(value, wanted) <= tolerance


def _apart(value: Array, wanted: Array) -> float:
    """The largest difference, relative to the largest entry; no number if one of them is none."""
    return float(np.max(np.abs(value - wanted) / size(wanted), initial=0.0))


def _others(trial: _Trial, drawn: Sample, values: Sequence[Array]) -> Verdict | None:
    """Whether the text read back and the compiled code do what the expression says."""
    for index, (value, text) in enumerate(zip(values, trial.texts, strict=True)):
        same = text is trial.arrays[index]
        if not same and not _close(_read(trial, drawn, text, value), value, TOLERANCE):
            return _text_or_rounding(trial, drawn, index, text)
    inputs = _inputs(trial, drawn)
    with _indexing():
        code = _code(trial, drawn, inputs)
    verdict = _computed(trial, drawn, values, code, "code")
    if verdict is None and trial.asked.way != PLAIN:
        with _indexing():
            other = computed(trial.asked.way, trial.d, inputs, drawn.functions, values)
        if other is not None:
            return _computed(trial, drawn, values, other, f"code: {trial.asked.way}")
    return verdict


def _inputs(trial: _Trial, drawn: Sample) -> dict[str, Any]:
    known: dict[str, Any] = {**drawn.sizes, **drawn.point}
    return {name: known[name] for name in trial.d.inputs}


def _code(trial: _Trial, drawn: Sample, inputs: Mapping[str, Any]) -> list[Any]:
    """The results of plain NumPy code."""
    return leaves_of(trial.d.function("numpy", functions=drawn.functions)(**inputs))


@contextmanager
def _indexing() -> Iterator[None]:
    """An index that code cannot take is a failure of the code, where the expression has a value."""
    try:
        yield
    except IndexError as error:
        raise RuntimeError(f"IndexError: {error}") from error


def _code_is_right(trial: _Trial, drawn: Sample, index: int, truth: Truth) -> bool:
    """Whether the code has the true value, as where the expression overflows and code does not."""
    code = _code(trial, drawn, _inputs(trial, drawn))
    return not truth.doubt and not _differs(truth, index, np.asarray(code[index]))


def _computed(
    trial: _Trial, drawn: Sample, values: Sequence[Array], code: Sequence[Any], way: str
) -> Verdict | None:
    """Whether what code gave in some way is what the expressions say."""
    for index, (value, own) in enumerate(zip(values, code, strict=True)):
        if np.shape(own) != value.shape:
            shapes = f"{np.shape(own)} for {value.shape}"
            return Verdict("WRONG", f"{way} with another shape", f"{trial.d}\n{shapes}")
        if not _close(np.asarray(own), value, TOLERANCE):
            verdict = _code_or_rounding(trial, drawn, index, value, np.asarray(own), way)
            if verdict is not None:
                return verdict
    return None


def _border(trial: _Trial, drawn: Sample) -> str | None:
    """What of the program is at the border of a domain or of a rank, as far as many digits can be
    had."""
    try:
        return Witness(trial.problem, drawn, trial.rng).code_border()
    except (UnknownError, *OUTSIDE):
        return None


def _read(trial: _Trial, drawn: Sample, text: Expr, like: Array) -> Array:
    """The value of a printed result, brought from the layout it is written in to that of arrays."""
    held = {
        target.name: evaluate(target, drawn.point, drawn.sizes, drawn.functions)
        for target in trial.problem.targets
    }
    value = evaluate(text, {**drawn.point, **held}, drawn.sizes, drawn.functions)
    return _arranged(trial, value, like)


def _arranged(trial: _Trial, value: Array, like: Array) -> Array:
    """A Jacobian in denominator layout, and one between vec()s, as an array; see LANGUAGE.md."""
    vec = value.ndim == 2 < like.ndim and value.size == like.size
    between = like.ndim == 2 and trial.problem.expression.shape.rank == 1
    turned = trial.problem.layout == "denominator" and trial.problem.kind == "jacobian"
    if turned and (vec or between) and value.ndim == 2:
        value = value.T
    return value.reshape(like.shape, order="F") if vec else value


def _text_or_rounding(trial: _Trial, drawn: Sample, index: int, text: Expr) -> Verdict:
    """Whether a text says something else than the array it stands for; with many digits."""
    try:
        witness = Witness(trial.problem, drawn, trial.rng)
        a, b = (
            Precise(e, drawn.sizes, drawn.functions)(witness.at)
            for e in (trial.arrays[index], text)
        )
    except (UnknownError, *OUTSIDE) as error:
        return Verdict("WRONG", f"a text ({error})", f"{trial.d}{_shown(drawn)}")
    a, b = a.astype(float), _arranged(trial, b, a).astype(float)
    if _close(b, a, TOLERANCE):
        return Verdict("undefined", "rounding: the text is right with many digits")
    return Verdict(
        "WRONG", "a text", f"{trial.d}\ntext: {_some(b)}\narray: {_some(a)}{_shown(drawn)}"
    )


def _code_or_rounding(
    trial: _Trial, drawn: Sample, index: int, value: Array, code: Array, way: str
) -> Verdict | None:
    """Whether code computes something else than the expression that it stands for.

    None if it has the value that the expression has with many digits; otherwise it is no evidence
    where the expression in doubles is further from that, or the rounding of its own operations
    would carry it as far.
    """
    array = trial.arrays[index]
    try:
        exact = Precise(array, drawn.sizes, drawn.functions)(drawn.point).astype(float)
    except (UnknownError, *OUTSIDE):
        exact = value
    if _close(code, exact, TOLERANCE):
        return None
    border = _border(trial, drawn)
    if border is not None:
        return Verdict("undefined", f"border: {border}")
    told = np.isfinite(value)
    if not told.all() and _close(code[told], exact[told], TOLERANCE):
        return Verdict("undefined", "overflow: of the expression, and of code alike")
    if exact is not value and _apart(code, exact) <= _apart(value, exact) < np.inf:
        return Verdict("undefined", "rounding: the code is nearer to many digits than doubles")
    if not _close(code, value, ROUNDED * spread(array, drawn, trial.rng, value)):
        detail = f"{trial.d}\ncode: {_some(code)}\nexpression: {_some(value)}{_shown(drawn)}"
        return Verdict("WRONG", way, detail)
    return Verdict("undefined", "rounding: the expression is ill-conditioned")


def _some(value: Any) -> str:
    return " ".join(np.array2string(np.asarray(value), precision=8, threshold=20).split())


def _shown(drawn: Sample) -> str:
    return "".join(f"\n  {name} = {_some(value)}" for name, value in drawn.point.items())
