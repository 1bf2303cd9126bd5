"""Every rule of evaluation is worth having: what it is for is computed to a few ulps at any size.

The expressions are written out here and not taken from the book: without a rule, its own are
computed as they stand, which overflows or cancels.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pytest
from mpmath import mp

from matcalc import derive, parse
from matcalc.language import book
from tests.campaign.precise import Precise
from tests.quality.forms import ALL, TAILS
from tests.quality.measure import DIGITS, TINY, ulps

SCALARS: Final = (
    "log(1 + exp(x))",
    "log1p(exp(x))",
    "exp(x) / (1 + exp(x))^2",
    "exp(x) / (1 + exp(x))",
    "1 / (1 + exp(-x))",
    "1 / (1 + exp(x))",
    "1 - sigmoid(x)",
    "1 - 2 sigmoid(x)",
    "log(sigmoid(x))",
    "log(1 - sigmoid(x))",
    "log1p(-sigmoid(x))",
    "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    "1 - tanh(x)^2",
    "tanh(x) - tanh(x)^3",
    "log(1 - tanh(x)^2)",
    "sinh(x) / cosh(x)^2",
    "sinh(x) / cosh(x)^3",
    "sinh(x)^2 / cosh(x)^2",
    "sinh(x)^2 / cosh(x)^3",
    "exp(x) - 1",
    "exp(x) / (1 - exp(x))",
    "log(1 - exp(x))",
    "log1p(-exp(x))",
    "log(exp(x) - 1)",
    "log(expm1(x))",
    "log(1 + x)",
    "1 - x^2",
    "1 - cos(x)",
    "1 - erf(x)",
    "1 + erf(x)",
    "softplus(x)",
    "sigmoid(x)",
    "sigmoid(x) sigmoid(-x)",
    "1 / cosh(x)",
    "1 / cosh(x)^2",
    "log(cosh(x))",
    "exp(x) / expm1(x)",
    "1 / expm1(x)",
    "exp(x) / expm1(x)^2",
    "log(-expm1(x))",
    "log(exp(x))",
    "log(exp(x) / (1 + exp(x)))",
    "(1 - exp(x)) / (1 + exp(x))",
)
NORMAL: Final = (
    "log(normcdf(x))",
    "log(1 - normcdf(x))",
    "1 - normcdf(x)",
    "normpdf(x) / normcdf(x)",
    "normpdf(x) / normcdf(-x)",
)
"""Whose relative error grows with x^2, in SciPy too."""

VECTORS: Final = (
    "log(sum(exp(x)))",
    "x - logsumexp(x)",
    "exp(x) / sum(exp(x))",
    "log(softmax(x))",
    "logsumexp(x)",
    "softmax(x)",
    "log_softmax(x)",
)
PAIRS: Final = (
    "log(exp(x) / (exp(x) + exp(y)))",
    "exp(x + y) / (exp(x) + exp(y))^2",
    "exp(x) / (exp(x) + exp(y))",
    "log(exp(x) + exp(y))",
    "log(exp(x) / y)",
    "log(exp(x) y)",
    "exp(x) / exp(y)",
)
SUMS: Final = ("log(exp(x) / y)", "log(exp(x) y)")
"""Of x and a logarithm, which may be the opposite of it."""

MEAN: Final = "log(mean(exp(x)))"
WEIGHTED: Final = "(y · exp(x)) / sum(exp(x))"
PRODUCT: Final = "log(prod(x))"
LENGTHS: Final = (
    "sqrt(x · x)",
    "sqrt(sum(x^2))",
    "sqrt(mean(x^2))",
    "sqrt(x · x / n)",
    "std(x)",
    "layernorm(x)",
)
LONG: Final[Sequence[Sequence[float]]] = (
    [3e200, -4e200, 0, 1e200],
    [1e-200, -4e-200, 0, 2e-200],
    [-2000, -2001, -2000.5, -1999],
    [1e-300, 1e-310, 0, 0],
    [0.5, 0.25, -2, 8],
)
"""Vectors whose squares overflow or underflow, and others."""

LARGE: Final[Sequence[Sequence[float]]] = (
    [-800, -40, 0, 800],
    [-2000, -2001, -2000.5, -1999],
    [1000, 999, 998.5, -1e8],
    [-1e-10, 1e-20, 0, 1e-16],
    [1, 1, 1, 1],
)
BORDERS: Final = (0.25, -1e-3, 0.6, -0.7, -0.69, 0.95, -0.95)
"""Where steps change from one form to the other, on either side."""

SHARING: Final = {
    "norm(x)^2": ("x @ x", "norm"),
    "norm(X)^2": ("np.vdot(X, X)", "norm"),
    "mse(a, b)": ("a - b", "square"),
    "cross_entropy(z, y)": ("np.exp", "softmax"),
}
"""What rules are for that save work: a part that the code has once, and what it does without."""

NEIGHBOUR: Final = "pinv(eigmax(S) eye(n) - S)"
"""The derivative of an eigenvector: what a decomposition rounds to nearly 0 is not inverted."""


def left(law: book.Law) -> str:
    return " ".join(law.body.partition(" = ")[0].split())


def test_every_rule_is_here() -> None:
    written = {*SCALARS, *NORMAL, *VECTORS, *LENGTHS, *PAIRS, *SHARING}
    written |= {NEIGHBOUR, MEAN, WEIGHTED, PRODUCT}
    assert [left(law) for law in book.laws("compute") if left(law) not in written] == []


def exact(text: str, shape: str, value: Any) -> Any:
    """The value at many digits, NaN where there is no real one."""
    with mp.workdps(DIGITS):
        numbers = np.vectorize(mp.mpf, otypes=[object])(value)
        try:
            sizes = {"n": np.size(value)}
            found = Precise(parse(text, {"x": shape}).node, sizes, {})({"x": numbers})
        except (ArithmeticError, ValueError):
            return np.asarray(mp.nan)
        real = [mp.nan if isinstance(v, mp.mpc) else v for v in np.ravel(found)]
        return np.array(real, object).reshape(np.shape(found))


def errors(text: str, shape: str, values: Sequence[Any]) -> list[tuple[float, Any]]:
    """How many ulps an expression's code is wrong at each value, none of them with a warning."""
    compiled = parse(text, {"x": shape}).function()
    found = []
    for value in values:
        wanted = exact(text, shape, value)
        if not all(mp.isfinite(v) and abs(v) < mp.mpf(2) ** 1023 for v in wanted.ravel()):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if any(abs(v) < TINY for v in wanted.ravel()):
                warnings.filterwarnings("ignore", message="underflow")
            got = compiled(x=np.asarray(value, np.float64))
        pairs = zip(np.ravel(got), wanted.ravel(), strict=True)
        found.append((max(ulps(float(g), w) for g, w in pairs), value))
    assert found
    return found


@pytest.mark.parametrize("text", SCALARS)
def test_of_a_number(text: str) -> None:
    worst = max(errors(text, "R", (*ALL, *BORDERS)))
    assert worst[0] <= 8, worst


@pytest.mark.parametrize("text", NORMAL)
def test_of_the_normal_distribution(text: str) -> None:
    worst = max(errors(text, "R", TAILS))
    assert worst[0] <= 2000, worst


@pytest.mark.parametrize("text", VECTORS)
def test_of_a_vector(text: str) -> None:
    worst = max(errors(text, "n", LARGE), key=lambda pair: pair[0])
    assert worst[0] <= 8, worst


@pytest.mark.parametrize("text", LENGTHS)
def test_of_a_length(text: str) -> None:
    worst = max(errors(text, "n", LONG), key=lambda pair: pair[0])
    assert worst[0] <= 8, worst


@pytest.mark.parametrize("text", PAIRS)
def test_of_two_numbers(text: str) -> None:
    """Wherever the value is a number; a sum or difference of large numbers is as they are known."""
    sizes = (-1e3, -700.0, -40.0, -1.5, 1e-10, 0.5, 2.0, 40.0, 701.0, 1e3, 1001.0)
    function = parse(text, {"x": "R", "y": "R"}).function()
    for x, y in itertools.product(sizes, sizes):
        with mp.workdps(DIGITS):
            both = {"x": np.asarray(mp.mpf(x), object), "y": np.asarray(mp.mpf(y), object)}
            wanted = Precise(parse(text, {"x": "R", "y": "R"}).node, {}, {})(both)[()]
        if not isinstance(wanted, mp.mpf) or not abs(wanted) < mp.mpf(2) ** 1023:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = float(function(x=x, y=y))
        size = float(abs(wanted)) * (1 + abs(x) + abs(y))
        size = max(size, abs(x) + 8) if text in SUMS else size
        assert abs(mp.mpf(got) - wanted) <= max(4 * np.spacing(size), TINY), (x, y, got, wanted)


def test_of_many_factors_and_weights() -> None:
    """Neither the product of the entries nor the exponentials overflow or underflow."""
    x = np.array([1e200, 3e150, 1e-20])
    for entries in (x, 1 / x):
        found = parse(PRODUCT, {"x": "R^n positive"}).function()(x=entries)
        assert np.isclose(found, np.sum(np.log(entries)), rtol=1e-14)
    large = np.array([1000.0, 999.0, -1e8])
    weighted = parse(WEIGHTED, {"x": "n", "y": "n"}).function()(x=large, y=np.array([1.0, 2, 3]))
    mean = parse(MEAN, {"x": "n"}).function()(x=large)
    assert np.isclose(mean, 1000 + np.log((1 + 1 / np.e) / 3), rtol=1e-14)
    assert np.isclose(weighted, (1 + 2 / np.e) / (1 + 1 / np.e), rtol=1e-14)


@pytest.mark.parametrize(("text", "parts"), SHARING.items())
def test_what_is_shared(text: str, parts: tuple[str, str]) -> None:
    shapes = {name: "m×n" if name == "X" else "n" for name in re.findall(r"\b[xXabzy]\b", text)}
    function: Any = parse(text, shapes).function()
    body = function.source.rpartition('"""')[2]
    assert body.count(parts[0]) == 1
    assert parts[1] not in body
    assert derive(text, next(iter(shapes)), shapes=shapes).check().passed


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_an_eigenvector_whose_eigenvalue_has_a_close_neighbour(scale: float, gap: float) -> None:
    """The derivative loses as many digits as the gap has zeros, and no more: Magnus & Neudecker,
    sec. 8.9, with the spectrum given."""
    assert NEIGHBOUR in str(derive("eigvecmax(S)", "S", shapes={"S": "n×n symmetric"}))
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    w = np.array([1, 1 - gap, 0.3, -2]) * scale
    S, E = (M + M.T for M in (Q * w / 2 @ Q.T, rng.standard_normal((4, 4))))
    v = Q[:, 0] * np.sign(Q[np.argmax(np.abs(Q[:, 0])), 0])
    wanted = Q[:, 1:] / (w[0] - w[1:]) @ Q[:, 1:].T @ E @ v
    jvp = derive("eigvecmax(S)", "S", shapes={"S": "n×n symmetric"}, kind="jvp")
    found = jvp.function()(S, E)
    assert np.max(np.abs(found - wanted)) <= 1e-13 / gap * np.max(np.abs(wanted))
