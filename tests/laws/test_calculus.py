"""The rules of differential calculus, by parts: each derivative is found by itself, and the parts
are put together by NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from matcalc import parse
from matcalc.check import evaluate
from tests.campaign.asking import KINDS, SCALAR
from tests.campaign.terms import Dims, Want, mentions
from tests.laws.support import (
    PUT_IN,
    SHAPED,
    Composition,
    Scene,
    alike,
    array,
    assert_equal,
    chooser,
    compositions,
    inner_product,
    law,
    own,
    scene,
    term,
)

FACTORS: Final = ("3", "(-1/2)", "n", "pi", "(2 m + 1)")


@dataclass(frozen=True)
class Combination:
    """Two terms of one shape, with a factor each."""

    first: str
    second: str
    factors: tuple[str, str]
    kind: str
    scene: Scene


@st.composite
def combinations(draw: st.DrawFn) -> Combination:
    pick = chooser(draw)
    dims = SHAPED[pick(len(SHAPED))]
    first, second = alike(*(term(pick, Want(dims)).text for _ in range(2)))
    factors = FACTORS[pick(len(FACTORS))], FACTORS[pick(len(FACTORS))]
    kinds = KINDS if dims else (*KINDS, *SCALAR)
    return Combination(first, second, factors, kinds[pick(len(kinds))], scene(pick, first, second))


@law(combinations(), 60)
def test_linearity(c: Combination) -> None:
    """D(a f + b g) = a Df + b Dg, for derivatives of every kind."""
    a, b = c.factors
    whole, f, g = (
        c.scene.derived(text, c.kind)
        for text in (f"{a} * {c.first} + {b} * {c.second}", c.first, c.second)
    )
    factors = [parse(text, c.scene.shapes).node for text in c.factors]
    c.scene.holds(
        [whole, f, g],
        lambda value: [
            (
                value(array(whole)),
                value(factors[0]) * value(array(f)) + value(factors[1]) * value(array(g)),
            )
        ],
    )


@dataclass(frozen=True)
class Bilinear:
    """A product: its text, the shapes of its factors, and what it is of arrays."""

    text: str
    dims: tuple[Dims, Dims]
    of: Callable[[Any, Any], Any]


def _kronecker(A: Any, B: Any) -> Any:
    whole = np.multiply.outer(A, B).transpose(0, 2, 1, 3)
    return whole.reshape(A.shape[0] * B.shape[0], A.shape[1] * B.shape[1])


PRODUCTS: Final = (
    Bilinear("{0} * {1}", ((), ()), np.multiply),
    Bilinear("{0} · {1}", (("n",), ("n",)), lambda x, y: inner_product(x, y, 1)),
    Bilinear("{0} .* {1}", (("n",), ("n",)), np.multiply),
    Bilinear("{0} .* {1}", (("m", "n"), ("m", "n")), np.multiply),
    Bilinear("{0} * {1}", ((), ("m",)), np.multiply),
    Bilinear("{0} {1}", (("m", "n"), ("n",)), lambda A, x: inner_product(A, x, 1)),
    Bilinear("{0} {1}", (("m", "n"), ("n", "n")), lambda A, B: inner_product(A, B, 1)),
    Bilinear("{0}' {1}", (("m", "n"), ("m",)), lambda A, x: inner_product(A.T, x, 1)),
    Bilinear("{0} {1}'", (("m",), ("n",)), np.multiply.outer),
    Bilinear("tr({0}' {1})", (("m", "n"), ("m", "n")), lambda A, B: np.sum(A * B)),
    Bilinear("kron({0}, {1})", (("n", "n"), ("m", "n")), _kronecker),
    Bilinear("diag({0}) {1}", (("n",), ("n", "n")), lambda x, A: x[:, None] * A),
    Bilinear("cross({0}, {1})", (("3",), ("3",)), np.cross),
)  # fmt: skip


@dataclass(frozen=True)
class Product:
    """A product of two terms."""

    form: Bilinear
    first: str
    second: str
    scene: Scene


@st.composite
def products(draw: st.DrawFn) -> Product:
    pick = chooser(draw)
    form = PRODUCTS[pick(len(PRODUCTS))]
    first, second = alike(*(term(pick, Want(dims), 2).text for dims in form.dims))
    return Product(form, first, second, scene(pick, first, second))


@law(products(), 60)
def test_product_rule(p: Product) -> None:
    """∂(f ∘ g) = ∂f ∘ g + f ∘ ∂g for every ∂, where ∘ is any product."""
    whole, f, g = (
        p.scene.derived(text, "jacobian")
        for text in (p.form.text.format(p.first, p.second), p.first, p.second)
    )

    def sides(value: Any) -> Any:
        def moved(d: Any, rank: int) -> Any:
            jacobian = value(array(d))
            return np.moveaxis(jacobian.reshape(*jacobian.shape[:rank], -1), -1, 0)

        ranks = [d.program.expression.shape.rank for d in (f, g)]
        one, other = (value(own(d)) for d in (f, g))
        slopes = zip(moved(f, ranks[0]), moved(g, ranks[1]), strict=True)
        wanted = [p.form.of(df, other) + p.form.of(one, dg) for df, dg in slopes]
        yield moved(whole, whole.program.expression.shape.rank), np.stack(wanted)

    p.scene.holds([whole, f, g], sides)


@law(compositions(), 60)
def test_chain_rule(c: Composition) -> None:
    """D f(x, g(x)) = ∂₁f + ∂₂f Dg, the derivatives of f at y = g(x).

    There is no ∂₁f where x itself is what g(x) is put in for.
    """
    whole, inner, direct = (
        c.scene.derived(text, "jacobian") for text in (c.whole, c.inner, c.outer)
    )
    through = c.scene.derived(c.outer, "jacobian", c.name)
    rank = inner.program.expression.shape.rank

    def sides(value: Any) -> Any:
        at = {c.name: value(own(inner))}
        outer = inner_product(value(array(through), **at), value(array(inner)), rank)
        beside = value(array(direct), **at) if c.name != c.scene.wrt else 0
        yield value(array(whole)), beside + outer

    c.scene.holds([whole, inner], sides)


@dataclass(frozen=True)
class Inverses:
    """A function, its inverse, and of which terms it is that."""

    there: str
    back: str
    want: Want

    @property
    def constant(self) -> str:
        """The variable that it has beside its argument."""
        return next((name for name in "DPJ" if mentions(self.there, name)), "")


ANY: Final[Sequence[Dims]] = ((), ("n",), ("m", "n"))
SQUARE: Final[Sequence[Dims]] = (("n", "n"),)
THREE: Final[Sequence[Dims]] = (("3",),)

INVERSES: Final = tuple(
    Inverses(there, back, Want(dims, nature))
    for there, back, nature, among in (
        ("exp({0})", "log({0})", "any", ANY),
        ("log({0})", "exp({0})", "positive", ANY),
        ("sqrt({0})", "{0}.^2", "positive", ANY),
        ("{0}.^2", "sqrt({0})", "positive", ANY),
        ("{0}.^3", "{0}.^(1/3)", "positive", ANY),
        ("recip({0})", "recip({0})", "positive", ANY),
        ("expm1({0})", "log1p({0})", "any", ANY),
        ("log1p({0})", "expm1({0})", "positive", ANY),
        ("tanh({0})", "atanh({0})", "any", ANY),
        ("atanh({0})", "tanh({0})", "unit", ANY),
        ("sigmoid({0})", "log({0} ./ (1 - {0}))", "any", ANY),
        ("log({0} ./ (1 - {0}))", "sigmoid({0})", "unit", ANY),
        ("softplus({0})", "log(expm1({0}))", "any", ANY),
        ("sinh({0})", "asinh({0})", "any", ANY),
        ("asinh({0})", "sinh({0})", "any", ANY),
        ("acosh({0})", "cosh({0})", "above", ANY),
        ("asin({0})", "sin({0})", "unit", ANY),
        ("acos({0})", "cos({0})", "unit", ANY),
        ("atan({0})", "tan({0})", "any", ANY),
        ("inv({0})", "inv({0})", "regular", SQUARE),
        ("{0}^-1'", "{0}'^-1", "regular", SQUARE),
        ("({0} + D' D + eye(n))", "({0} - D' D - eye(n))", "any", SQUARE),
        ("(P {0})", "(P \\ {0})", "any", SQUARE),
        ("(P \\ {0})", "(P {0})", "any", SQUARE),
        ("expm({0})", "logm({0})", "symmetric", SQUARE),
        ("logm({0})", "expm({0})", "spd", SQUARE),
        ("sqrtm({0})", "({0}^2)", "spd", SQUARE),
        ("({0}^2)", "sqrtm({0})", "spd", SQUARE),
        ("chol({0})", "({0} {0}')", "spd", SQUARE),
        ("{0}'", "{0}'", "any", SQUARE),
        ("(expm(J - J') {0})", "(expm(J' - J) {0})", "any", THREE),
    )
    for dims in among
)  # fmt: skip


PLAIN: Final = {dims: names[-1] for dims, names in PUT_IN.items()} | {("3",): "b"}
OF_NATURE: Final = {"spd": "P", "symmetric": "S", "regular": "C"}


@dataclass(frozen=True)
class ThereAndBack:
    """A function and its inverse after one another, of a term; `name` is a variable like it."""

    pair: Inverses
    inner: str
    name: str
    scene: Scene


@st.composite
def theres_and_backs(draw: st.DrawFn) -> ThereAndBack:
    pick = chooser(draw)
    pair = INVERSES[pick(len(INVERSES))]
    inner = term(pick, pair.want, 2).text
    dims = pair.want.dims
    name = OF_NATURE.get(pair.want.nature, PLAIN[dims])
    known = scene(pick, inner, pair.there, pair.back, name, PLAIN[dims], but=pair.constant)
    return ThereAndBack(pair, inner, name, known)


@law(theres_and_backs(), 60)
def test_derivative_of_an_inverse(t: ThereAndBack) -> None:
    """Where g(f(x)) = x: D(g ∘ f) = D x, and so is Dg Df, each found by itself."""
    assume(mentions(t.inner, t.scene.wrt))
    there, back = t.pair.there.format, t.pair.back.format
    plain = PLAIN[t.pair.want.dims]
    whole, inner = (
        t.scene.derived(text, "jacobian") for text in (back(f"({there(t.inner)})"), t.inner)
    )
    first = t.scene.derived(there(t.name), "jacobian", t.name)
    second = t.scene.derived(back(plain), "jacobian", plain)
    middle = t.scene.derived(there(t.inner), "jacobian")
    at = t.scene.drawn([whole, middle, inner])
    one, other = (evaluate(own(d), at.point, at.sizes, at.functions) for d in (whole, inner))
    assume(np.allclose(one, other, rtol=1e-6))  # within the domain of the inverse

    def sides(value: Any) -> Any:
        wanted = value(array(inner))
        yield value(array(whole)), wanted
        x, y = value(own(inner)), value(own(middle))
        slope = inner_product(value(array(first), **{t.name: x}), wanted, x.ndim)
        yield inner_product(value(array(second), **{plain: y}), slope, y.ndim), wanted

    assert_equal(at, sides, 1e-6)
