"""Is a hand-derived derivative right?

The text is read in the scope of the program.  Both sides are evaluated at random inputs by the
independent evaluator of `matcalc.check`; where they agree, their difference is simplified to see
whether equality can be proved too.  Where they do not, the usual slips are looked for in the order
in which a teacher would name them: another layout, a factor, a summand; and if it is none of these,
the smallest inputs at which the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import Any, Final

import numpy as np

from matcalc.answers.counterexample import smallest
from matcalc.answers.expand import vanishes
from matcalc.answers.multiples import multiple_of
from matcalc.answers.readings import VISIBLE, Reading, agree, close, value_at, with_symmetric
from matcalc.answers.verdict import Counterexample, Verdict, together
from matcalc.answers.ways import Way, ways
from matcalc.check import sample
from matcalc.check.differences import Array
from matcalc.check.sample import OUTSIDE, Sample
from matcalc.check.steps import size
from matcalc.check.truth import Question
from matcalc.emit.text import text as written_text
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Number, Symbol, free_symbols
from matcalc.expr.writing import cost, negated, transposed
from matcalc.kinds import Piece
from matcalc.language import Program
from matcalc.language.within import parse_within
from matcalc.pipeline import Solved, Writer, leaves_of
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import add, is_zero
from matcalc.tensor.nodes import Tensor
from matcalc.tensor.substitute import without_names
from matcalc.user_rules import evaluators

POINTS: Final = 3
DRAWS: Final = 12
ROUNDING: Final = 1e-12
"""What differs by less, relative to the largest entry, is not told from rounding."""

SHORT: Final = 12
"""A difference that costs more than this is not told."""

SYMMETRIC: Final = frozenset({"symmetric", "spd", "diagonal"})


def judged(program: Program, solved: Solved, wrt: Sequence[str], given: Any) -> Verdict:
    """The verdict on a text, or on one text for each derivative of several.

    given   A text of the language, in the scope of the program; for several variables a sequence of
            them, for a block Hessian row by row.
    Raises  InputError for what is no text of the language, or not as many texts as derivatives;
            DerivationError if no inputs are found at which both have values.
    """
    labels = _labels(solved, wrt)
    texts = _texts(given)
    if len(texts) != len(labels):
        raise InputError(
            f"there {'is one derivative' if len(labels) == 1 else f'are {len(labels)} derivatives'}"
            f" to compare with, and {len(texts)} expected",
            suggestion="one for each: " + ", ".join(labels) if len(labels) > 1 else "",
        )
    written, arrays = leaves_of(solved.written), leaves_of(solved.arrays)
    parts: dict[str, Verdict] = {}
    for place, (label, text) in enumerate(zip(labels, texts, strict=True)):
        if label in parts:  # a block of a Hessian by one variable twice is told by its place
            label = f"{label} ({place})"
        parts[label] = Judge(program, solved, place, written[place], arrays[place], text)()
    return together(parts)


def _labels(solved: Solved, wrt: Sequence[str]) -> list[str]:
    """What each derivative is called."""
    count = len(leaves_of(solved.written))
    if count == len(wrt):
        return [f"by {name}" for name in wrt]
    if count == len(wrt) ** 2:
        return [f"by {a} and {b}" for a, b in product(wrt, wrt)]
    return ["by " + ", ".join(wrt)] * count


def _texts(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, Sequence):
        return [text for part in given for text in _texts(part)]
    raise InputError("what is expected is a text", found=type(given).__name__)


class Judge:
    """Compares one derivative with one text."""

    def __init__(
        self, program: Program, solved: Solved, place: int, written: Expr, array: Expr, text: str
    ) -> None:
        self.solved, self.place = solved, place
        self.written, self.array = written, array
        shapes = [written.shape, array.shape, array.shape.transposed] if array.shape.rank else []
        further = free_symbols(written) | free_symbols(array)
        further |= {symbol.name: symbol for symbol in solved.problem.directions}
        given = parse_within(
            program, text, further=further.values(), shapes=shapes, origin="expected"
        )
        zero = isinstance(given, Number) and given.value == 0
        self.given = (
            build.filled("zeros", written.shape) if zero and written.shape.rank < 3 else given
        )
        self.symbols = list((program.variables | further).values())
        low = solved.lowering  # names that the text binds are none of the derivation's
        self.lowering = replace(
            low, done={**low.done}, known=low.known.copy(), derived={*low.derived}
        )
        self.simplifier = Simplifier(self.lowering.known, solved.book)
        self.functions = evaluators(program.own)

    def __call__(self) -> Verdict:
        """The verdict."""
        readings = list(self.readings())
        if not readings:
            return self.misshapen()
        for reading in readings:
            if agree(self.values, self.numbers(reading)):
                found = self.right(reading)
                if found is not None:
                    return found
        for reading in readings:
            factor = multiple_of(self.values, self.numbers(reading), self.samples, self.scalars)
            if factor is not None and factor != "1":
                return self.multiplied(reading, factor)
        for reading in readings[:1]:
            found_term = self.by_a_term(reading)
            if found_term is not None:
                return found_term
        return self.wrong(readings[0])

    # --- the two sides

    @cached_property
    def samples(self) -> list[Sample]:
        """Random inputs at which both have values; the sizes differ from one to the next.

        So many that the derivative is not zero at three of them, if that is not rare.
        """
        rng = np.random.default_rng(0)
        parts = [self.solved.problem.expression, self.written, self.array, self.given]
        drawn: list[Sample] = []
        telling = 0
        most = POINTS if is_zero(self.lowering(self.array)) else DRAWS
        while telling < POINTS and len(drawn) < most:
            least, turned = ((3, False), (3, True), (5, False))[len(drawn) % 3]
            drawn.append(self.drawn(parts, rng, least, turned))
            telling += bool(np.any(value_at(self.array, drawn[-1])))
        return drawn

    def drawn(
        self, parts: Sequence[Expr], rng: np.random.Generator, least: int, turned: bool
    ) -> Sample:
        return sample(
            parts, self.symbols, rng, functions=self.functions, smallest=least, turned=turned
        )

    @property
    def tried(self) -> int:
        """The random inputs at which both sides were compared."""
        return len(self.samples)

    @cached_property
    def values(self) -> list[Array]:
        """The numbers of what was given."""
        return [value_at(self.given, drawn) for drawn in self.samples]

    def numbers(self, reading: Reading) -> list[Array]:
        """The numbers of the derivative."""
        return [reading.at(drawn) for drawn in self.samples]

    @cached_property
    def tensor(self) -> Tensor:
        """What was given, in index notation."""
        return without_names(self.lowering(self.given))

    @property
    def scalars(self) -> list[Symbol]:
        """The variables that a factor may be made of."""
        return [s for s in self.symbols if not s.shape.dims and "integer" not in s.properties]

    def readings(self) -> Iterator[Reading]:
        """The ways to write the derivative that have the shape of what was given."""
        shape, lower = self.given.shape, self.lowering
        if self.written.shape == shape:
            yield Reading(self.written, None, without_names(lower(self.written)))
        array = without_names(lower(self.array))
        for way in ways(self._runs(array.rank)):
            if way.shape(array.dims) == shape and not self._is_written(way, array):
                yield Reading(self.array, way, way.of_tensor(array))

    def _runs(self, rank: int) -> tuple[int, ...]:
        """The axes of the output, then those of each variable, where the array is so made."""
        problem = self.solved.problem
        targets = problem.targets
        output = problem.expression.shape.rank
        by = [1] if problem.stacked else [target.shape.rank for target in targets]
        if problem.kind == "hessian":
            row, column = divmod(self.place, len(by))
            runs: tuple[int, ...] = (0, by[row], by[column])
        else:
            runs = (output, by[self.place % len(by)])
        return runs if sum(runs) == rank else (rank,)

    def _is_written(self, way: Way, array: Tensor) -> bool:
        """Whether a way is the one that the derivative is written in."""
        return way.shape(array.dims) == self.written.shape and (
            way.of_tensor(array) is without_names(self.lowering(self.written))
        )

    # --- what is found

    def right(self, reading: Reading) -> Verdict | None:
        """The verdict on what agrees at random inputs; None if it differs at others."""
        proved = vanishes(self.less(reading), self.simplifier)
        tried = self.tried
        if not proved:
            example, more = self.search(reading)
            if example is not None:
                return None
            if self.slight(reading):
                return self.by(self.difference(reading), reading)
            tried += more
        how = f"proved, and equal on {tried} random inputs"
        if not proved:
            how = f"equal on {tried} inputs, not proved"
        proof = "symbolic" if proved else "numeric"
        if reading.way is None:
            return Verdict("equal", f"right ({how})", proof=proof, tried=tried)
        sentence = f"right but {self.other_way(reading)} ({how})"
        return Verdict("layout", sentence, layout=reading.words, proof=proof, tried=tried)

    def less(self, reading: Reading) -> Tensor:
        """The derivative minus what was given."""
        whole = tuple(range(reading.tensor.rank))
        terms = [(1, reading.tensor, whole), (-1, self.tensor, whole)]
        return add(terms, reading.tensor.dims)

    def other_way(self, reading: Reading) -> str:
        """How what was given is written, and how the derivative is."""
        mine, yours = self.written.shape, self.given.shape
        said = f"in {self.solved.problem.layout} layout the {self.kind} is"
        if mine.rank == yours.rank == 1:
            names = ("column", "row")
            theirs, own = names[yours.row], names[mine.row]
            return f"{reading.words}: yours is a {theirs}, and {said} a {own}, {mine}"
        return f"{reading.words}: {said} {self.told(self.written)}"

    @property
    def kind(self) -> str:
        """The kind of derivative, as it is written in a sentence."""
        kind = self.solved.problem.kind
        return kind.capitalize() if kind in ("jacobian", "hessian") else kind

    def multiplied(self, reading: Reading, factor: str) -> Verdict:
        sentence = (
            "the sign is wrong: yours is -1 times the derivative"
            if factor == "-1"
            else f"off by a factor: yours is {factor} times the derivative"
        )
        if reading.words:
            sentence += f", and {self.other_way(reading)}"
        return Verdict(
            "factor", sentence, layout=reading.words, factor=factor, tried=len(self.samples)
        )

    def by_a_term(self, reading: Reading) -> Verdict | None:
        """The difference, where it is shorter than the derivative itself."""
        expr = self.difference(reading)
        if cost(expr) >= min(cost(self.array), SHORT):
            return None
        expr = self._as_given(expr)
        pairs = zip(self.numbers(reading), self.values, strict=True)
        if not close([value_at(expr, s) for s in self.samples], [a - b for a, b in pairs]):
            return None
        return replace(self.by(expr, reading), counterexample=self.counterexample(reading))

    def by(self, expr: Expr, reading: Reading) -> Verdict:
        """The verdict that a text is off by a term."""
        expr = self._as_given(expr)
        negative = build.is_negative(expr)
        shown = self.told(negated(expr) if negative else expr)
        sides = "yours minus the derivative" if negative else "the derivative minus yours"
        sentence = f"off by a term: {sides} is {shown}"
        if reading.words:
            sentence += f", and {self.other_way(reading)}"
        return Verdict(
            "term", sentence, layout=reading.words, difference=self.told(expr), tried=self.tried
        )

    def slight(self, reading: Reading) -> bool:
        """Whether what agrees in all digits that were compared is off by a small term after all.

        The difference has been simplified, so what is left of it is more than rounding.
        """
        expr = self.difference(reading)
        if cost(expr) > cost(self.array) + SHORT:
            return False
        pairs = zip(self.samples, self.numbers(reading), strict=True)
        return all(
            float(np.max(np.abs(value_at(expr, s)), initial=0.0)) > ROUNDING * max(1.0, size(n))
            for s, n in pairs
        )

    def difference(self, reading: Reading) -> Expr:
        """The derivative minus what was given, in the program's own words."""
        lower, whole = self.lowering, tuple(range(reading.tensor.rank))
        derivative = lower(reading.expr)
        mine = derivative if reading.way is None else reading.way.of_tensor(derivative)
        tensor = add([(1, mine, whole), (-1, lower(self.given), whole)], mine.dims)
        writer = Writer(self.solved.problem, lower, self.solved.book)
        return writer(Piece(tensor, (tensor.rank,))).array

    def _as_given(self, expr: Expr) -> Expr:
        """A vector as the row or column that was given."""
        return transposed(expr) if self.given.shape.row and not expr.shape.row else expr

    def told(self, expr: Expr) -> str:
        """An expression in a sentence: bound names without what they are bound to."""
        return written_text(expr, bindings=False)

    def misshapen(self) -> Verdict:
        mine, theirs = self.written.shape, self.given.shape
        sentence = f"the shape is wrong: yours is {theirs}, and the {self.kind} is {mine}"
        return Verdict("shape", sentence)

    def wrong(self, reading: Reading) -> Verdict:
        where = self.if_symmetric(reading)
        sentence = f"wrong unless {where} is symmetric" if where else "wrong"
        if where and reading.words:
            sentence += f" (and then right but {reading.words})"
        return Verdict(
            "wrong", sentence, layout=reading.words, tried=self.tried,
            counterexample=self.counterexample(reading),
        )  # fmt: skip

    def if_symmetric(self, reading: Reading) -> str:
        """A matrix that what was given takes to be symmetric: were it so, it would be right."""
        for symbol in self.symbols:
            dims = symbol.shape.dims
            if len(dims) != 2 or dims[0] is not dims[1] or symbol.properties & SYMMETRIC:
                continue
            drawn = [with_symmetric(s, symbol.name) for s in self.samples]
            try:
                given = [value_at(self.given, s) for s in drawn]
                if close(given, [reading.at(s) for s in drawn]):
                    return symbol.name
            except OUTSIDE:  # a symmetric one has no value there
                continue
        return ""

    # --- counterexamples

    def counterexample(self, reading: Reading) -> Counterexample:
        """The smallest inputs found at which the two differ."""
        drawn = self.search(reading)[0] or next(
            s for s in self.samples if not close([value_at(self.given, s)], [reading.at(s)])
        )
        return Counterexample(drawn.point, reading.at(drawn), value_at(self.given, drawn))

    def search(self, reading: Reading) -> tuple[Sample | None, int]:
        """Small inputs at which the two differ, if there are any among those tried."""
        rng = np.random.default_rng(0)
        expressions = [self.solved.problem.expression, self.array, self.given]
        return smallest(
            expressions,
            self.symbols,
            lambda drawn: self.differ(reading, drawn, rng),
            self.functions,
        )

    def differ(self, reading: Reading, drawn: Sample, rng: np.random.Generator) -> bool:
        """Whether the two differ at some inputs, where numerical differentiation has no doubt."""
        mine, theirs = reading.at(drawn), value_at(self.given, drawn)
        if not (np.all(np.isfinite(mine)) and np.all(np.isfinite(theirs))):
            return False
        if close([mine], [theirs], VISIBLE):
            return False
        problem = self.solved.problem
        question = Question(
            problem.expression, problem.targets, problem.kind, problem.stacked, problem.directions
        )
        truth = question.answer(drawn, rng)
        wanted = truth.values[self.place].value
        own = value_at(self.array, drawn)
        return not truth.doubt and close([own], [wanted.reshape(own.shape)], VISIBLE)
