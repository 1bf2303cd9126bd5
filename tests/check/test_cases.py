"""The oracle against the case files: its values are the references, its derivatives known ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcalc.check import check, derivative, evaluate
from matcalc.check.truth import Kind
from matcalc.expr import build
from matcalc.expr.nodes import Named, Symbol
from matcalc.language import Program, parse_program
from tests.cases import check_cases

FOLDER = Path(check_cases.__file__).parent
CASES = [case for path in sorted(FOLDER.glob("*.jsonl")) for case in check_cases.load(path)]
STAND_INS = 1e-5  # the case files differentiate these by differences


def parsed(case: Any) -> tuple[Program, list[Symbol | Named]]:
    """The program of a case, and what it is differentiated by."""
    names = case.wrt if isinstance(case.wrt, list) else re.findall(r"\w+", case.wrt)
    program = parse_program(case.expr, case.shapes, names)
    variables, bindings = program.variables, program.bindings
    wrt = [variables[n] if n in variables else build.named(n, bindings[n]) for n in names]
    return program, wrt


def sizes_of(case: Any, program: Program, inputs: dict[str, Any]) -> dict[str, int]:
    sizes = dict(case.dims)
    for symbol in program.variables.values():
        for dim, length in zip(symbol.shape.dims, np.shape(inputs[symbol.name]), strict=True):
            if dim.name is not None:
                sizes[dim.name] = length
    return sizes


def is_stacked(case: Any) -> bool:
    return isinstance(case.wrt, str) and case.wrt.startswith("[")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_values_and_derivatives(case: Any) -> None:
    program, wrt = parsed(case)
    functions = check_cases.standins(case, check_cases.NUMPY)
    inputs, point = check_cases.sampled(case, 0)
    sizes = sizes_of(case, program, inputs)
    got = evaluate(program.expression, inputs, sizes, functions)
    same(got, value(case, case.reference, point), 1e-12)
    order = 2 if case.kind == "hessian" else 1
    parts = [derivative(program.expression, w, inputs, sizes, functions, order) for w in wrt]
    parts = [np.stack(parts, axis=-1)] if is_stacked(case) else parts
    expected = value(case, case.expected_np, point)
    for part, wanted in zip(parts, expected if len(parts) > 1 else [expected], strict=True):
        same(part, wanted, STAND_INS if case.functions else 1e-9)


def value(case: Any, text: str, point: dict[str, Any]) -> Any:
    return check_cases.compiled(case, text, check_cases.NUMPY)(**point)


def same(got: np.ndarray, wanted: Any, tolerance: float) -> None:
    assert got.shape == np.shape(wanted)
    size = max(1e-3, float(np.max(np.abs(wanted), initial=0.0)))
    assert np.max(np.abs(got - wanted), initial=0.0) <= tolerance * size


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_inputs_are_found_that_show_a_wrong_derivative(case: Any) -> None:
    program, wrt = parsed(case)
    kind: Kind = "jacobian" if case.kind == "auto" else case.kind
    number = 1 if is_stacked(case) else len(wrt) ** (2 if kind == "hessian" else 1)
    nonsense: Sequence[Any] = [lambda _: np.full(7, np.pi)] * number
    variables = program.variables.values()
    report = check(
        program.expression, nonsense, wrt, kind, symbols=variables, stacked=is_stacked(case)
    )
    assert report.wrong, str(report)
