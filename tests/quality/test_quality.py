"""Emitted code at extreme inputs: within the limits of the tables, without warnings, in the dtype
of its inputs, and the same for every memory layout; `python -m tests.quality` prints the errors.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.check import evaluate
from matcalc.plan.branches import guarded
from tests.quality.forms import FORMS, Form
from tests.quality.measure import KINDS, function, measured, ulps
from tests.quality.vectors import (
    CONDITIONS,
    MATRIX_FORMS,
    VECTOR_FORMS,
    MatrixForm,
    VectorForm,
    matrix_error,
    results,
    spd,
)
from tests.quality.vectors import measured as measured_vector

CHOICES = ("where(x > 0, log(1 + x), 0)", "max(0, x)^1.5")
"""Of these the condition decides, and nan > 0 is false."""


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.text)
def test_within_its_limits(form: Form) -> None:
    found = measured(form)
    for kind, limit in zip(KINDS, form.limits, strict=True):
        worst = found[kind]
        assert worst.ulps <= limit, (kind, worst)
        assert worst.warned == (), (kind, worst)


@pytest.mark.parametrize("form", VECTOR_FORMS, ids=lambda form: form.text)
def test_vectors_within_their_limits(form: VectorForm) -> None:
    found = measured_vector(form)
    for kind, (error, point, warned) in found.items():
        limit = form.limits[{"value": 0, "gradient": 1, "jacobian": 2, "hessian": 2}[kind]]
        assert error <= limit, (kind, error, point)
        assert warned == (), (kind, point)


@pytest.mark.parametrize("logarithm", CONDITIONS)
@pytest.mark.parametrize("form", MATRIX_FORMS, ids=lambda form: f"{form.text} {form.shape}")
def test_matrices_within_their_condition(form: MatrixForm, logarithm: float) -> None:
    assert matrix_error(form, logarithm) <= form.limit


def test_a_bad_form_is_noticed() -> None:
    """What cancels is far beyond any limit, so the table can fail."""
    wrong = Form("tanh(x)", lambda x: x)
    assert measured(wrong)["value"].ulps > 1e6
    assert ulps(1.0, 1.0 + 2.0**-50) == 4
    assert ulps(float("nan"), 1.0) == ulps(float("inf"), 1.0) == float("inf")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.text)
def test_single_precision(form: Form) -> None:
    """The dtype is kept, and the result is that of double precision to a few ulps of its own."""
    points = np.array([x for x in form.points if 1e-6 <= abs(x) <= 1e3], np.float32)
    points = points[np.abs(points) != 1]  # rounded to the end of a domain, or a zero
    info = np.finfo(np.float32)
    for kind, limit in zip(KINDS, form.limits, strict=True):
        compiled = function(form.text, kind)
        with np.errstate(all="ignore"):
            got, wanted = (compiled(points.astype(t)) for t in (np.float32, np.float64))
        assert got.dtype == np.float32
        if got.ndim == 2:
            got, wanted = np.diag(got), np.diag(wanted)
        inside = np.abs(wanted) < float(info.max) / 4
        error = np.abs(got[inside].astype(np.float64) - wanted[inside])
        scale = np.spacing(np.abs(wanted[inside]).astype(np.float32)).astype(np.float64)
        assert np.all(error <= np.maximum(2 * limit * scale, float(info.tiny))), (kind, got, wanted)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.text)
def test_sizes_nan_and_inputs_of_other_kinds(form: Form) -> None:
    fine = float(next(x for x in form.points if x in {0.5, 2.0}))
    for kind in KINDS:
        compiled = function(form.text, kind)
        for size in (0, 1):
            assert compiled(np.full(size, fine)).shape == (size,) * (1 + (kind == "hessian"))
        with np.errstate(all="ignore"):
            poisoned = compiled(np.array([np.nan, fine]))
            entries = np.diag(poisoned) if poisoned.ndim == 2 else poisoned
            assert np.isnan(entries[0]) or form.text in CHOICES
            assert np.isfinite(entries[1])
            for given in ([2, 3], [True, True]):
                wanted = compiled(np.array(given, np.float64))
                assert np.array_equal(compiled(np.array(given)), wanted, equal_nan=True)
                assert wanted.dtype == np.float64


@pytest.mark.parametrize("form", VECTOR_FORMS, ids=lambda form: form.text)
def test_vectors_of_one_entry_and_nan(form: VectorForm) -> None:
    shapes = {"x": "n", "y": "n"}
    value = parse(form.text, shapes)
    first = derive(form.text, "x", shapes=shapes)
    for result in (value.function(), first.function()):
        with np.errstate(invalid="ignore"):
            alone = result(x=np.array([0.5], np.float32), y=np.ones(1, np.float32))
        assert alone.dtype == np.float32
        assert np.all(np.isfinite(alone)) or form.text == "std(x)"  # which has no slope there
    assert np.any(np.isnan(value.function()(x=np.array([0.5, np.nan, 1]), y=np.ones(3))))


@pytest.mark.parametrize("form", VECTOR_FORMS, ids=lambda form: form.text)
def test_memory_layouts_of_vectors(form: VectorForm) -> None:
    x, y = np.array([1.0, 2.0, 4.0]), np.array([0.25, 0.5, 0.25])
    for result in results(form).values():
        wanted = result(x=x, y=y)
        for other in (np.repeat(x, 2)[::2], x[::-1].copy()[::-1], _frozen(x)):
            np.testing.assert_allclose(result(x=other, y=_frozen(y)), wanted, rtol=1e-14)


@pytest.mark.parametrize("form", MATRIX_FORMS, ids=lambda form: f"{form.text} {form.shape}")
def test_memory_layouts_of_matrices(form: MatrixForm) -> None:
    A, b = spd(2), np.linspace(1, 2, 5)
    result = parse(form.text, {"A": form.shape, "b": "n"}).function()
    wanted = result(A=A, b=b)
    for other in (np.asfortranarray(A), np.kron(A, np.ones((2, 2)))[::2, ::2], _frozen(A)):
        before = other.copy()
        np.testing.assert_allclose(result(A=other, b=_frozen(b)), wanted, rtol=1e-10)
        np.testing.assert_array_equal(other, before)


def _frozen(array: Any) -> Any:
    """A copy that cannot be written to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


GUARDED = [
    ("sum(where(x > 0, log(x), 0))", "gradient", [0, 0, 0.5]),
    ("sum(where(x > 0, sqrt(x), 0))", "hessian", [0, 0, -0.25 * 2**-1.5]),
    ("sum(where(y > 0, log(x), 0))", "gradient", [0, 0, 0.5]),
    ("sum(max(0, x)^1.5)", "gradient", [0, 0, 1.5 * 2**0.5]),
    ("sum(where(x > 0, x, exp(-1000 x)))", "gradient", [-np.inf, -1000, 1]),
    ("sum(where(x < 1, exp(-x), exp(1000 x)))", "gradient", [-np.exp(1), -1, np.inf]),
    ("sum(where(x > 0, 1 / x, x))", "gradient", [1, 1, -0.25]),
    ("sum(where(x > 0, x^2.5, 0))", "hessian", [0, 0, 3.75 * 2**0.5]),
]


@pytest.mark.parametrize(("text", "kind", "wanted"), GUARDED)
def test_discarded_branches_harm_nothing(text: str, kind: str, wanted: list[float]) -> None:
    shapes = {name: "n" for name in ("x", "y") if re.search(rf"\b{name}\b", text)}
    given = {"x": np.array([-1.0, 0.0, 2.0]), "y": np.array([-1.0, 0.0, 2.0])}
    d = derive(text, "x", kind=kind, shapes=shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if np.inf in np.abs(wanted):
            warnings.filterwarnings("ignore", message="overflow")
        found = d.function()(**{name: given[name] for name in shapes})
    found = np.diag(found) if found.ndim == 2 else found
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_what_is_computed_anyway_is_not_guarded() -> None:
    code = derive("sum(log(x)) + sum(where(x > 1, log(x), 0))", "x", shapes={"x": "n"}).code()
    assert code.count("np.where") == 0
    masked = derive("sum(relu(W x) ⊙ y)", "x", shapes={"W": "m×n", "y": "m"}).code()
    assert "np.where" not in masked


@pytest.mark.parametrize(
    "text",
    ["log(A) (B > 0)", "(B > 0) (1 / A)", "A^-1 A^-1 (B > 0)", "where(B > 0, A, A^-2)"],
)
def test_an_indicator_at_a_product_of_matrices_is_no_mask(text: str) -> None:
    at = {"A": np.array([[3.0, 1.0], [1.0, 2.0]]), "B": np.array([[1.0, -1.0], [0.5, 2.0]])}
    product = parse(text, {"A": "n×n invertible", "B": "n×n"}).node
    (safe,), sizes = guarded([product]), {"n": 2}
    np.testing.assert_array_equal(evaluate(safe, at, sizes), evaluate(product, at, sizes))


def test_code_of_an_indicator_in_a_product_of_matrices() -> None:
    P, A = np.array([[3.0, 2.0], [2.0, 2.5]]), np.array([[-1.0, 0.3], [0.2, -0.2]])
    d = derive(
        "elu(P \\ (P \\ (A <= t)))", "P", shapes={"P": "n×n spd", "A": "n×n", "t": "R positive"}
    )
    step = 1e-5 * np.array([[1.0, 0.5], [0.5, -1.0]])

    def value(P: Any) -> Any:
        x = np.linalg.solve(P, np.linalg.solve(P, np.ones((2, 2))))
        return np.where(x > 0, x, np.expm1(x))

    slope = np.einsum("ijkl,kl->ij", d.function()(P=P, A=A, t=1.2), step)
    np.testing.assert_allclose(slope, (value(P + step) - value(P - step)) / 2, rtol=1e-6)
