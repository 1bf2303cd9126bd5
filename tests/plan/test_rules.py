"""The evaluation rules of the book are used: on their own left sides, and on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc.check.evaluate import evaluate
from matcalc.emit.numpy import compile_function
from matcalc.emit.text import text
from matcalc.expr.nodes import Call, Symbol, free_symbols
from matcalc.language import book, parse_program
from matcalc.plan.rules import compiled, rewritten

RULES = [compiled(law) for law in book.laws("compute")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_applies_to_its_own_left_side(rule: Any) -> None:
    assert rule.applied(rule.lhs) is rule.rhs
    assert rewritten([rule.lhs])[0] is not rule.lhs


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_functions_that_a_target_has_are_not_taken_apart(rule: Any) -> None:
    if isinstance(rule.lhs, Call) and all(isinstance(arg, Symbol) for arg in rule.lhs.args):
        assert rewritten([rule.lhs], {rule.lhs.name}) == [rule.lhs]


WRITTEN = [
    ("log(1 + exp(X))", "max(X, 0) + log1p(exp(-abs(X)))"),
    ("log(softmax(x))", "x - max(x) - log(sum(exp(x - max(x))))"),
    ("logsumexp(X, axis=1)", "max(X, axis=1) + log(sum(exp(X - max(X, axis=1)), axis=1))"),
    ("norm(x)^2", "x · x"),
    ("norm(X)^2", "sum(X ⊙ X)"),
    ("x ⊙ sigmoid(x) ⊙ (1 - sigmoid(x))", "x ⊙ (exp(-abs(x)) / (1 + exp(-abs(x)))^2)"),
    ("p = exp(x) / (1 + exp(x)); log(p)", "-(max(-x, 0) + log1p(exp(-abs(-x))))"),
    ("x + log(1 + s) x", "x + log1p(s) x"),
    ("log(2 + x)", "log(2 + x)"),
]


@pytest.mark.parametrize(("given", "expected"), WRITTEN)
def test_rewritten(given: str, expected: str) -> None:
    shapes = {name: s for name, s in {"X": "m×n", "x": "n", "s": "R"}.items() if name in given}
    found = rewritten([parse_program(given, shapes).expression])[0]
    assert text(found) == expected


STABLE: list[tuple[str, Any]] = [
    ("log(1 + exp(x))", lambda x: np.logaddexp(0, x)),
    ("1 / (1 + exp(-x))", lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))),
    ("log(sigmoid(x))", lambda x: -np.logaddexp(0, -x)),
    ("exp(x) / sum(exp(x))", lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum()),
    ("log(sum(exp(x)))", lambda x: x.max() + np.log(np.exp(x - x.max()).sum())),
    ("log(softmax(x))", lambda x: x - x.max() - np.log(np.exp(x - x.max()).sum())),
    ("log(mean(exp(x)))", lambda x: x.max() + np.log(np.exp(x - x.max()).mean())),
    ("(x · exp(x)) / sum(exp(x))", lambda x: np.average(x, weights=np.exp(x - x.max()))),
    ("log(prod((1 + x^2)^40))", lambda x: 40 * np.log(1 + x**2).sum()),
    ("log(prod(x))", lambda x: np.log(np.abs(x)).sum()),
]


@pytest.mark.parametrize(("given", "wanted"), STABLE)
def test_nothing_overflows(given: str, wanted: Any) -> None:
    program = parse_program(given, {"x": "n"})
    inputs = list(free_symbols(program.expression).values())
    function: Any = compile_function("f", [program.expression], inputs, single=True)
    x = np.array([-800.0, -40.0, 40.0, 800.0])
    np.testing.assert_allclose(function(x), wanted(x), rtol=1e-12, atol=1e-300)
    assert "sp." not in function.source


SQUARE = np.array([[0.3, 0.1], [0.2, 0.4]])
OF_NUMBERS = [r for r in RULES if all(not s.shape.dims for s in free_symbols(r.lhs).values())]


@pytest.mark.parametrize("rule", OF_NUMBERS, ids=lambda rule: rule.name)
def test_rule_of_numbers_does_not_touch_powers_and_products_of_matrices(rule: Any) -> None:
    """With a square matrix for x, x^2 is x x, and what is said of numbers need not hold."""
    names = list(free_symbols(rule.lhs))
    expression = parse_program(text(rule.lhs), dict.fromkeys(names, "n×n")).expression
    known = [free_symbols(expression)[name] for name in names]
    function: Any = compile_function("f", [expression], known, single=True)
    others = [SQUARE.T, SQUARE][: len(names) - 1]
    with np.errstate(invalid="ignore"):  # each rule has its domain: of log, one sign
        wanted, found = zip(
            *[
                (
                    evaluate(expression, dict(zip(names, [x, *others], strict=True)), {"n": 2}),
                    function(x, *others),
                )
                for x in (SQUARE, -SQUARE)
            ],
            strict=True,
        )
    assert np.isfinite(wanted).any()
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
