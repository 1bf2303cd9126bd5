"""Forms of a whole vector or matrix, measured by the norm: the largest error of a result in ulps of
its largest entry, and for matrices that over the condition number too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from mpmath import mp

from matcalc import derive, parse
from tests.quality.measure import DIGITS, STEP, TINY

LOGITS: Final = (
    (0.0, 0.0, 0.0), (1.0, 2.0, 3.0), (1e3, 0.0, -1e3), (1e3, 999.0, 998.0),
    (-1e3, -1001.0, -999.5), (1e-5, 0.0, -1e-5), (710.0, 700.0, 720.0), (40.0, 0.0, 0.0),
    (-745.0, 0.5, 0.25), (1e8, -1e8, 1e8 - 1),
)  # fmt: skip
LENGTHS: Final = (
    (1.0, 2.0, 3.0), (3.0, -4.0, 12.0), (1e-5, 1.0, 1e5), (1e150, 1e150, -1e149),
    (1e-150, 1e-149, 3e-150), (1e200, 1e200, -1e199), (1e-200, 1e-199, 3e-200),
)  # fmt: skip
SPREAD: Final = ((1.0, 2.0, 4.0), (1e3, -1e3, 1.0), (1e-5, 2e-5, 5e-5), (1e6 + 1, 1e6, 1e6 + 3))
TARGET: Final = (0.25, 0.5, 0.25)


@dataclass(frozen=True)
class VectorForm:
    """A form of a vector x of three entries and perhaps a constant y; limits are ulps.

    `largest` is what an entry can be at most, if derivatives are measured by that: of a softmax
    that is all but 1, what is left to 1 is known to an ulp of 1.
    """

    text: str
    reference: Callable[[list[Any]], Any]
    points: Sequence[Sequence[float]] = LOGITS
    limits: tuple[float, float, float] = (4, 4, 8)
    largest: float = 0.0


def logsumexp(x: list[Any]) -> Any:
    """log(sum(exp(x)))."""
    return mp.log(sum(map(mp.exp, x)))


def softmax(x: list[Any]) -> list[Any]:
    """exp(x) / sum(exp(x))."""
    total = sum(map(mp.exp, x))
    return [mp.exp(each) / total for each in x]


def entropy(x: list[Any]) -> Any:
    """The cross entropy of softmax(x) and the target."""
    return logsumexp(x) - sum(mp.mpf(t) * each for t, each in zip(TARGET, x, strict=True))


def norm(x: list[Any]) -> Any:
    """The Euclidean norm."""
    return mp.sqrt(sum(each**2 for each in x))


def variance(x: list[Any]) -> Any:
    """The variance, divided by n."""
    mean = sum(x) / len(x)
    return sum((each - mean) ** 2 for each in x) / len(x)


def squared_error(x: list[Any]) -> Any:
    """The mean squared error against the target."""
    return sum((a - mp.mpf(b)) ** 2 for a, b in zip(x, TARGET, strict=True)) / 3


VECTOR_FORMS: Final = (
    VectorForm("logsumexp(x)", logsumexp, largest=0.25),
    VectorForm("log(sum(exp(x)))", logsumexp, largest=0.25),
    VectorForm("softmax(x)", softmax, largest=0.25),
    VectorForm("exp(x) / sum(exp(x))", softmax, largest=0.25),
    VectorForm("log_softmax(x)", lambda x: [each - logsumexp(x) for each in x]),
    VectorForm("log(softmax(x))", lambda x: [each - logsumexp(x) for each in x]),
    VectorForm("x - log(sum(exp(x)))", lambda x: [each - logsumexp(x) for each in x]),
    VectorForm("log(exp(x) / sum(exp(x)))", lambda x: [each - logsumexp(x) for each in x]),
    VectorForm("cross_entropy(x, y)", entropy, largest=0.25),
    VectorForm("-y·log(softmax(x))", entropy, largest=0.25),
    VectorForm("-sum(y ⊙ log(exp(x) / sum(exp(x))))", entropy, largest=0.25),
    VectorForm("norm(x)", norm, LENGTHS),
    VectorForm("sqrt(sum(x^2))", norm, LENGTHS),
    VectorForm("sqrt(x·x)", norm, LENGTHS),
    VectorForm("x / norm(x)", lambda x: [each / norm(x) for each in x], LENGTHS),
    VectorForm("norm(x, 1)", lambda x: sum(map(abs, x)), LENGTHS),
    VectorForm("norm(x, inf)", lambda x: max(map(abs, x)), LENGTHS[:3]),
    VectorForm("mean(x)", lambda x: sum(x) / len(x), SPREAD),
    VectorForm("var(x)", variance, SPREAD),
    VectorForm("std(x)", lambda x: mp.sqrt(variance(x)), SPREAD),
    VectorForm("mse(x, y)", squared_error, SPREAD),
    VectorForm("prod(x)", lambda x: x[0] * x[1] * x[2], SPREAD),
)  # fmt: skip


def results(form: VectorForm) -> dict[str, Callable[..., Any]]:
    """The compiled value, and gradient and Hessian or the Jacobian."""
    shapes = {"x": "3", "y": "3"}
    value = parse(form.text, shapes)
    compiled = {"value": value.function()}
    kinds = ("jacobian",) if value.shape.dims else ("gradient", "hessian")
    return compiled | {
        kind: derive(form.text, "x", kind=kind, shapes=shapes).function() for kind in kinds
    }


def differences(form: VectorForm, point: Sequence[float]) -> dict[str, Any]:
    """The value and its derivatives at a point as arrays of numbers of many digits."""
    x = [mp.mpf(each) for each in point]
    step = mp.mpf(10) ** STEP * max(map(abs, x), default=1) or mp.mpf(10) ** STEP

    def at(*moves: tuple[int, int]) -> Any:
        moved = list(x)
        for place, sign in moves:
            moved[place] += sign * step
        return np.array(form.reference(moved), dtype=object)

    n = range(len(x))
    first = [(at((i, 1)) - at((i, -1))) / (2 * step) for i in n]
    found = {"value": at(), "gradient": np.array(first, dtype=object)}
    found["jacobian"] = np.array(first, dtype=object).T
    if not found["value"].ndim:
        signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
        second = [
            [sum(p * q * at((i, p), (j, q)) for p, q in signs) / (4 * step**2) for j in n]
            for i in n
        ]
        found["hessian"] = np.array(second, dtype=object)
    return found


def norm_ulps(got: Any, wanted: Any, least: float = 0.0) -> float:
    """The largest error in ulps of the largest entry, or of something at least so large."""
    pairs = list(zip(np.ravel(got), np.ravel(wanted), strict=True))
    if not all(np.isfinite(float(g)) for g, _ in pairs):
        return float("inf")
    error = max(abs(mp.mpf(float(g)) - w) for g, w in pairs)
    largest = max(least, *(abs(float(w)) for _, w in pairs))
    return 0.0 if error < TINY else float(error / mp.mpf(float(np.spacing(largest))))


def measured(form: VectorForm) -> dict[str, tuple[float, tuple[float, ...], tuple[str, ...]]]:
    """For each kind of result: the worst error, where, and the warnings."""
    compiled = results(form)
    found: dict[str, tuple[float, tuple[float, ...], tuple[str, ...]]] = {}
    for point in form.points:
        with mp.workdps(DIGITS):
            wanted = differences(form, point)
            for kind, function in compiled.items():
                given = {"x": np.array(point), "y": np.array(TARGET)}
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    got = function(**given)
                least = form.largest if kind in ("hessian", "jacobian") else 0.0
                error = norm_ulps(got, wanted[kind], least)
                warned = tuple(sorted({str(each.message) for each in caught}))
                if kind not in found or (error, warned) > (found[kind][0], found[kind][2]):
                    found[kind] = error, tuple(point), warned
    return found


@dataclass(frozen=True)
class MatrixForm:
    """A form of a matrix A and a vector b, measured over the condition number of A."""

    text: str
    reference: Callable[[Any, Any], Any]
    shape: str = "n×n"
    limit: float = 8


def spd(logarithm: float, n: int = 5) -> Any:
    """A symmetric positive definite matrix whose condition number is 10 to a power."""
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    made = (q * np.logspace(0, -logarithm, n)) @ q.T
    return (made + made.T) / 2


def quadratic(A: Any, b: Any) -> Any:
    """b' A^-1 b."""
    return (b.T * mp.lu_solve(A, b))[0]


def gradient(A: Any, b: Any) -> Any:
    """-A^-T b b' A^-T."""
    z = mp.lu_solve(A, b)
    return -z * z.T


MATRIX_FORMS: Final = (
    MatrixForm("inv(A)", lambda A, _: mp.inverse(A)),
    MatrixForm("A^-1 b", mp.lu_solve),
    MatrixForm("A \\ b", mp.lu_solve),
    MatrixForm("logdet(A)", lambda A, _: mp.log(abs(mp.det(A)))),
    MatrixForm("logdet(A)", lambda A, _: mp.log(abs(mp.det(A))), "R^(n×n) spd"),
    MatrixForm("A^-1 b", mp.lu_solve, "R^(n×n) spd"),
    MatrixForm("b' A^-1 b", quadratic),
    MatrixForm("grad(logdet(A), A)", lambda A, _: mp.inverse(A)),
    MatrixForm("grad(logdet(A), A)", lambda A, _: mp.inverse(A), "R^(n×n) spd"),
    MatrixForm("grad(b' A^-1 b, A)", gradient, "R^(n×n) spd"),
    MatrixForm("grad(b' A^-1 b, A)", gradient),
)  # fmt: skip

CONDITIONS: Final = (1, 4, 8, 12)
"""Powers of 10."""


def matrix_error(form: MatrixForm, logarithm: float) -> float:
    """The largest error in ulps of the largest entry, at least 1, over the condition number."""
    A, b = spd(logarithm), np.linspace(1, 2, 5)
    function = parse(form.text, {"A": form.shape, "b": "n"}).function()
    with mp.workdps(80):
        wanted = form.reference(mp.matrix(A.tolist()), mp.matrix(b.tolist()))
        flat = list(wanted) if isinstance(wanted, mp.matrix) else [wanted]
        given = {"A": A, "b": b}
        got = function(**given)
        return norm_ulps(got, np.array(flat, dtype=object), 1.0) / 10**logarithm
