"""Arrays of every kind: the code of derivatives gives what it gives for plain arrays of doubles.

A table of kinds of arrays, each tried as every input of derivatives of the golden files: the
result, its shape and dtype are the same, the inputs are as they were, and nan comes through.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pytest

from matcalc import derive
from matcalc.check.sample import sample
from tests.golden.test_results import CASES, Line, is_case, parsed
from tests.golden.test_standard import LINES
from tests.rules.test_book import arguments_of

Array = np.ndarray[Any, Any]

LINES_OF_NUMBERS: Final = tuple(
    line for line in [*map(parsed, filter(is_case, LINES)), *CASES[::3]] if "->" not in line.program
)
"""Derivatives of the two files but those of unknown functions; of the longer one every third."""


def strided(x: Array) -> Array:
    """Every second entry along each axis of an array that is larger."""
    larger = np.full([2 * n for n in x.shape], np.nan)
    every: Any = (*(slice(None, None, 2) for _ in x.shape), ...)
    view: Array = larger[every]
    view[...] = x
    return view


def reversed_(x: Array) -> Array:
    """A view that runs backwards along each axis."""
    turn: Any = (*(slice(None, None, -1) for _ in x.shape), ...)
    view: Array = x[turn].copy()[turn]
    return view


def unaligned(x: Array) -> Array:
    """Doubles that begin at an odd byte."""
    raw = np.frombuffer(b"." + x.tobytes() + b".", np.uint8)[1:-1]
    return raw.view(x.dtype).reshape(x.shape)


def frozen(x: Array) -> Array:
    """A copy that cannot be written to."""
    copy = x.copy()
    copy.flags.writeable = False
    return copy


KINDS: Final[Mapping[str, Callable[[Array], Any]]] = {
    "Fortran order": lambda x: np.array(x, order="F"),
    "every second entry": strided,
    "backwards": reversed_,
    "read-only": frozen,
    "at an odd byte": unaligned,
    "big-endian": lambda x: x.astype(">f8"),
    "transposed twice": lambda x: x.T.copy().T,
    "lists and Python numbers": lambda x: x.tolist(),
    "numpy scalars": lambda x: x if x.ndim else np.float64(x),
}
"""Doubles in another form: the same entries."""

OTHERS: Final[Mapping[str, type]] = {
    "int64": np.int64, "int8": np.int8, "bool": np.bool_, "float32": np.float32,
}  # fmt: skip
"""Other dtypes: the entries are rounded to them first."""

SINGULAR: Final = "det(X' A X)"
"""At the inputs that are drawn X' A X is of a lower rank: what its inverse is, rounding decides."""


@functools.cache
def made(line: Line) -> tuple[Any, Any, dict[str, Any]]:
    """The derivative, its function, and arguments within the domain."""
    d = derive(line.program, line.wrt, kind="hessian" if line.twice else "auto")
    drawn = sample([d.expression.node], d.expression.variables, np.random.default_rng(5))
    given = arguments_of(d, drawn)
    return d, d.function(), {k: v if k in drawn.sizes else np.asarray(v) for k, v in given.items()}


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float64


def flat(result: Any) -> list[Array]:
    """The arrays of a result, which may be nested tuples of them."""
    return [a for each in result for a in flat(each)] if isinstance(result, tuple) else [result]


lines = pytest.mark.parametrize("line", LINES_OF_NUMBERS, ids=lambda x: f"{x.program} by {x.wrt}")


def test_there_are_enough() -> None:
    assert len(LINES_OF_NUMBERS) >= 60


@lines
def test_doubles_in_another_form(line: Line) -> None:
    _, function, plain = made(line)
    wanted = flat(function(**plain))
    for kind, turned in KINDS.items():
        given = {k: turned(v) if is_array(v) else v for k, v in plain.items()}
        found = flat(function(**given))
        for one, other in zip(found, wanted, strict=True):
            assert (one.shape, one.dtype) == (other.shape, np.float64), kind
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11, err_msg=kind)
        for name, value in plain.items():
            np.testing.assert_array_equal(given[name], value, err_msg=kind)


@lines
def test_results_hold_no_part_of_the_inputs(line: Line) -> None:
    """What is done to a result afterwards does nothing to the inputs."""
    _, function, plain = made(line)
    before = {k: np.copy(v) for k, v in plain.items()}
    for result in flat(function(**plain)):
        if result.shape and result.flags.writeable:
            result[...] = 7
    for name, value in plain.items():
        np.testing.assert_array_equal(value, before[name])


@lines
@pytest.mark.parametrize("kind", OTHERS)
def test_other_dtypes(line: Line, kind: str) -> None:
    _, function, plain = made(line)
    dtype = OTHERS[kind]
    given = {k: np.rint(v).astype(dtype) if is_array(v) else v for k, v in plain.items()}
    if kind == "float32":
        given = {k: v.astype(dtype) if is_array(v) else v for k, v in plain.items()}
    doubles = {k: v.astype(np.float64) if is_array(plain[k]) else v for k, v in given.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whole numbers may be outside of the domain
        try:
            wanted = flat(function(**doubles))
        except np.linalg.LinAlgError:
            return
        found = flat(function(**given))
    if line.program == SINGULAR:
        return
    single = kind == "float32" and any(is_array(v) for v in plain.values())
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == (np.float32 if single else np.float64)
        size = np.max(np.abs(other), initial=1, where=np.isfinite(other))
        close = {"rtol": 1e-3, "atol": 1e-3 * size} if single else {"rtol": 1e-11, "atol": 1e-11}
        np.testing.assert_allclose(one, other, **close)


@lines
def test_nan_comes_through(line: Line) -> None:
    """With nan for an input each entry is nan, or the same whatever that input is."""
    _, function, plain = made(line)
    for name, value in plain.items():
        if not is_array(value):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                poisoned, here, there = (
                    flat(function(**(plain | {name: v})))
                    for v in (np.full_like(value, np.nan), value, 1.5 * value)
                )
            except (np.linalg.LinAlgError, ValueError):  # LAPACK refuses nan
                continue
        for bad, one, other in zip(poisoned, here, there, strict=True):
            same = np.isclose(one, other, rtol=1e-12, atol=1e-300) & np.isclose(bad, one)
            assert np.all(np.isnan(bad) | same | steps(line)), (name, bad)


def steps(line: Line) -> bool:
    """Whether an indicator is in a derivative: nan > 0 is false."""
    return any(word in line.result for word in (">", "<", "sign", "onehot", "where"))


@lines
@pytest.mark.parametrize("size", [1, 0])
def test_sizes_one_and_zero(line: Line, size: int) -> None:
    """A result of the right shape, which is that of its expression for those sizes."""
    d, function, plain = made(line)
    dims = {s.name: s.shape.dims for s in d.expression.variables}
    names = {n for each in dims.values() for dim in each for n in dim.names} | {
        k for k in plain if k not in dims
    }
    sizes = dict.fromkeys(names, size)
    given: dict[str, Any] = {}
    for name, value in plain.items():
        if name not in dims:
            given[name] = size
        elif is_array(value):
            try:
                shape = [dim.evaluate(sizes) for dim in dims[name]]
            except ValueError:
                return
            given[name] = np.full(shape, 0.75)
        elif not size:
            return  # an index of nothing
        else:
            given[name] = np.zeros_like(value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mean of nothing is nan, and says so
        try:
            found = flat(function(**given))
        except (ZeroDivisionError, IndexError):
            assert size == 0  # a mean or an eigenvalue of nothing
            return
        except np.linalg.LinAlgError:
            return
        except ValueError as error:  # the largest of nothing
            if size or not re.search("zero-size|empty", str(error)):
                raise
            return
    larger = flat(function(**plain))
    for one, other in zip(found, larger, strict=True):
        assert one.ndim == other.ndim
        assert one.dtype == np.float64
