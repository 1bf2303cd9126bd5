"""Every target computes what NumPy computes, in the precision of the inputs, or says what it lacks.

The whole rule book, the standard derivatives, and derivatives of every kind of operation that a
plan has.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pytest

from matcalc import DerivationError, derive, parse
from matcalc.check.sample import sample
from matcalc.language import book
from tests.emit.libraries import TARGETS, given_to, single_precision
from tests.golden.test_results import is_case, parsed
from tests.golden.test_standard import LINES
from tests.rules.test_book import arguments_of, drawn_for, texts

targets = pytest.mark.parametrize("target", TARGETS)

SCIPY: Final = """
    logm logm_frechet logm_jacobian lambertw erfi erfcinv Shi Chi besselj bessely besseli besselk
    jn yn airyai airybi airyaiprime airybiprime elliptic_k elliptic_e elliptic_f legendre
    chebyshevt chebyshevu hermite hermite_prob laguerre assoc_laguerre gegenbauer jacobi
""".split()

SOME: Final = """
    sqrtm sylvester factorial binomial beta betainc betainc_regularized lowergamma uppergamma Ei
    expint li Si Ci fresnels fresnelc
""".split()

SPECIAL: Final = """
    erf erfc gelu normcdf log_normcdf gamma lgamma digamma polygamma loggamma harmonic zeta erfinv
    erf2 sinc expm expm_frechet expm_jacobian
""".split()

LACKS: Final = {
    "jax": SCIPY,
    "torch": [*SCIPY, *SOME],
    "array_api": [*SCIPY, *SOME, *SPECIAL],
}
"""Functions of the book that a library does not have."""

ENTRIES: Final = [
    (name, k) for name in book.function_names() for k in range(len(book.entries(name)))
]


def close(got: Any, wanted: Any, tolerance: float = 1e-10) -> None:
    """Equal up to rounding, relative to the largest entry."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    assert np.max(np.abs(got - wanted), initial=0.0) <= tolerance * size


def agrees(made: Any, target: str, point: Mapping[str, Any]) -> None:
    """An expression or derivation has the same values by NumPy and by a target."""
    wanted = made.function()(**point)
    function = made.function(target)
    got = function(**{name: given_to(target, value) for name, value in point.items()})
    assert isinstance(got, tuple) == isinstance(wanted, tuple)
    for one, other in zip(flat(got), flat(wanted), strict=True):
        close(one, other)
    if not any(np.asarray(value).dtype == np.float64 for value in point.values()):
        return
    single = function(**{name: given_to(target, value, True) for name, value in point.items()})
    assert all(single_precision(one) for one in flat(single))


def flat(result: Any) -> list[Any]:
    """The arrays of a result that may be nested tuples."""
    if not isinstance(result, tuple):
        return [result]
    return [leaf for part in result for leaf in flat(part)]


@targets
@pytest.mark.parametrize(("name", "k"), ENTRIES, ids=[f"{n}-{k}" for n, k in ENTRIES])
def test_the_rule_book(target: str, name: str, k: int) -> None:
    entry = book.entries(name)[k]
    for text, shapes in texts(entry):
        expression = parse(text, shapes)
        if target == "array_api" and all("integer" in s.properties for s in expression.variables):
            with pytest.raises(DerivationError, match="the arrays that come in"):
                expression.function(target)
        elif name in LACKS[target]:
            with pytest.raises(DerivationError, match=rf" has no {name}\b"):
                expression.function(target)
        else:
            agrees(expression, target, arguments_of(expression, drawn_for(entry, expression)))


@targets
@pytest.mark.parametrize("text", [each for each in LINES if is_case(each)])
def test_the_standard_derivatives(target: str, text: str) -> None:
    line = parsed(text)
    d = derive(line.program, line.wrt, kind="hessian" if line.twice else "auto")
    if not lacking(d, target):
        assert max(map(len, d.code(target).splitlines())) <= 100
        agrees(d, target, random_point(d))


def lacking(d: Any, target: str) -> bool:
    """Whether a target lacks a function for a derivation, and says so."""
    said = ""
    try:
        ast.parse(d.code(target))
    except DerivationError as error:
        said = str(error)
    assert not said or any(f" has no {name} " in said for name in LACKS[target])
    return bool(said)


def random_point(d: Any) -> dict[str, Any]:
    """Random inputs of a derivation, in the domain of its variables."""
    expression = d.expression
    drawn = sample([expression.node], expression.variables, np.random.default_rng(0))
    return arguments_of(d, drawn)
