"""What the laws share: random terms of the campaign's grammar, their derivatives at inputs, and
when two sides of an equation are equal.

A law is stated once, over what evaluates expressions: in doubles and, where those differ, with many
digits, which tell an error from rounding.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from matcalc import Derivation, derive
from matcalc.check import Sample, evaluate, sample
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Expr
from matcalc.pipeline import leaves_of, worked_out
from tests.campaign.asking import CARRIERS, SIZES, Sizes
from tests.campaign.declared import AT_KINKS, SHAPES, VARIABLES
from tests.campaign.digits import UnknownError
from tests.campaign.grammar import Maker, Pick
from tests.campaign.precise import Precise
from tests.campaign.terms import Dims, Term, Want, mentions, renamed

DEPTH: Final = 3
LIMIT: Final = 5.0
"""Seconds for a derivation."""

TOLERANCE: Final = 1e-8
DIGITS: Final = 1e-25
"""How far the sides may be apart in doubles and with many digits, relative to the largest entry."""

Value = Callable[..., Any]
"""Of an expression its value, where names in keywords have other values than in the sample."""

Sides = Callable[[Value], Iterable[tuple[Any, Any]]]
T = TypeVar("T")


@dataclass(frozen=True)
class Law:
    """A law as a test: of the examples of a strategy it holds."""

    states: Callable[[Any], None]
    of: st.SearchStrategy[Any]
    examples: int

    def test(self) -> Callable[[], None]:
        """All examples; the smallest that fails is shown."""
        made: Any = settings(max_examples=self.examples)(given(self.of)(self.states))
        return made  # type: ignore[no-any-return]

    def fails(self) -> bool:
        """Whether one of some more examples fails; the first one ends it."""
        first = settings(
            max_examples=5 * self.examples,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        try:
            first(given(self.of)(self.states))()
        except AssertionError:
            return True
        return False


LAWS: Final[dict[str, Law]] = {}


def law(of: st.SearchStrategy[T], examples: int) -> Callable[[Callable[[T], None]], Any]:
    """The test of a law; the law itself is kept by name, to be tried with a broken engine."""

    def made(states: Callable[[T], None]) -> Any:
        LAWS[states.__name__.removeprefix("test_")] = Law(states, of, examples)
        return LAWS[states.__name__.removeprefix("test_")].test()

    return made


@dataclass(frozen=True)
class Scene:
    """What the derivations of an example share: declarations, the variable, sizes."""

    wrt: str
    sizes: Sizes
    shapes: dict[str, str] = field(hash=False, repr=False)

    def derived(self, text: str, kind: str = "auto", wrt: str = "", **options: Any) -> Derivation:
        """A derivation; what is refused is no example."""
        by = wrt or self.wrt
        given = {"kind": kind, "shapes": self.shapes, "limit": LIMIT, **options}
        if kind in {"differential", "jvp", "hvp"}:  # the name that it has among several, too
            given["direction"] = "way" if "," in by else f"way_{by}"
        try:
            return derive(text, by, **given)
        except DerivationError:
            assume(False)
            raise

    def holds(self, derivations: Sequence[Derivation], sides: Sides) -> None:
        """AssertionError unless an equation between their results holds at an input."""
        assert_equal(self.drawn(derivations), sides)

    def drawn(self, derivations: Sequence[Derivation]) -> Sample:
        """An input at which programs and derivatives have values; without one, no example."""
        problems = [d.solved.problem for d in derivations]
        parts = [e for p in problems for e in (p.expression, *p.targets)]
        parts += [leaf for d in derivations for leaf in leaves_of(d.solved.arrays)]
        symbols = [s for d in derivations for s in d.program.variables.values()]
        symbols += [s for p in problems for s in p.directions]
        try:
            return sample(
                parts, dict.fromkeys(symbols), np.random.default_rng(0), sizes=dict(self.sizes)
            )
        except DerivationError:
            assume(False)
            raise


def assert_equal(at: Sample, sides: Sides, tolerance: float = TOLERANCE) -> None:
    """AssertionError unless the sides of an equation are equal at an input, but for rounding."""

    def doubles(expr: Expr, **names: Any) -> Any:
        return evaluate(expr, at.point | names, at.sizes, at.functions)

    def many_digits(expr: Expr, **names: Any) -> Any:
        return Precise(expr, at.sizes, at.functions)(at.point | names)

    first = apart(sides(doubles))
    if first > tolerance:
        try:
            found = apart(sides(many_digits))
        except UnknownError:
            found = first
        assert found <= DIGITS, f"the sides are {first:.2g} apart, with many digits {found}"


def apart(sides: Iterable[tuple[Any, Any]]) -> float:
    """How far the sides are apart, relative to the largest entry."""
    worst = 0.0
    for got, wanted in sides:
        one, other = np.asarray(got), np.asarray(wanted)
        assert one.shape == other.shape
        size = max(1, *np.ravel(np.abs(other)), *np.ravel(np.abs(one)))
        worst = max(worst, *(float(x / size) for x in np.ravel(np.abs(one - other))))
    return worst


def array(d: Derivation) -> Expr:
    """The one result of a derivation, as an array."""
    (only,) = leaves_of(d.solved.arrays)
    assert isinstance(only, Expr)
    return only


def own(d: Derivation) -> Expr:
    """What is differentiated, the derivatives that stand in it worked out."""
    return worked_out(d.program.expression, d.solved.book)


# --- what laws are of


def chooser(draw: st.DrawFn) -> Pick:
    """Choices from one number: what hypothesis makes of many small choices are the same few
    short programs again and again."""
    return random.Random(draw(st.integers(0, 2**48))).randrange


def term(pick: Pick, want: Want, depth: int = DEPTH) -> Term:
    """A random term."""
    return Maker(pick, depth).term(want, 1 + pick(depth), 1 + pick(2 * depth))


def scene(pick: Pick, *texts: str, but: str = "") -> Scene:
    """Declarations of what texts mention, and a variable to differentiate by: one that is in all of
    them if there is one, else in any."""
    text = " ".join(texts)
    known = [name for names in VARIABLES.values() for name in names]
    free = [n for n in known if mentions(text, n) and n not in (*AT_KINKS, but)] or ["x"]
    common = [n for n in free if all(mentions(each, n) for each in texts)] or free
    wrt = common[pick(len(common))]
    n, m = SIZES[pick(len(SIZES))]
    used = {k: s for k, s in SHAPES.items() if mentions(text, k) or k in (wrt, *CARRIERS)}
    return Scene(wrt, (("n", n), ("m", m)), used)


SHAPED: Final[Sequence[Dims]] = ((), (), ("n",), ("m",), ("n", "n"), ("m", "n"))
"""Shapes of terms, the most frequent more than once."""


def inner_product(one: Any, other: Any, axes: int) -> Any:
    """The last axes of one array contracted with the first of another."""
    return np.tensordot(one, other, axes) if axes else np.multiply.outer(one, other)


def alike(first: str, second: str) -> tuple[str, str]:
    """Two texts with a variable in common, where there are two of one shape in them."""
    for names in VARIABLES.values():
        here, there = ([n for n in names if mentions(text, n)] for text in (first, second))
        if here and there:
            return first, renamed(second, {there[0]: here[0]})
    return first, second


PUT_IN: Final[dict[Dims, str]] = {
    (): "sr", ("n",): "xy", ("m",): "uv", ("n", "n"): "AB", ("m", "n"): "XY"
}  # fmt: skip
"""Variables of which nothing but the shape is known: anything may be put in for them."""


@dataclass(frozen=True)
class Composition:
    """A term with a variable for which another term is put in."""

    outer: str
    dims: Dims
    inner: str
    name: str
    scene: Scene

    @property
    def whole(self) -> str:
        return renamed(self.outer, {self.name: f"({self.inner})"})


@st.composite
def compositions(draw: st.DrawFn) -> Composition:
    pick = chooser(draw)
    dims = SHAPED[pick(len(SHAPED))]
    outer = term(pick, Want(dims)).text
    names = {name: dims for dims, names in PUT_IN.items() for name in names}
    free = [name for name in names if mentions(outer, name)]
    if not free or any(f"{word}(" in outer for word in ("grad", "jacobian", "hessian")):
        outer, dims, free = (
            "sum(exp(x))",
            (),
            ["x"],
        )  # a derivative by x would see what is put in for it
    name = free[pick(len(free))]
    inner = term(pick, Want(names[name]), 2).text
    return Composition(outer, dims, inner, name, scene(pick, inner, f"{inner} {name} {outer}"))
