"""What people met when they used matcalc for the first time, each once."""

from __future__ import annotations

from typing import Any

import pytest

from matcalc import InputError, derive


@pytest.mark.parametrize(
    ("program", "wrt", "results"),
    [
        ("sum(max(0, w.x+b))", "w", ["(w · x + b > 0) x'"]),
        ("P = exp(Q); tr(P) where Q: R^(n×n)", "P, Q", ["eye(n)", "diag(exp(diag(Q)))"]),
        ("sum(1/x)", "x", ["-(1 / x^2)'"]),
        ("where(a > b, 1, 0) a", "a", ["a > b"]),
        (
            "-(y · log(sigmoid(X w)) + (1 - y) · log(1 - sigmoid(X w)))",
            "w",
            ["(sigmoid(X w) - y)' X"],
        ),
    ],
)
def test_result(program: str, wrt: str, results: list[str]) -> None:
    d = derive(program, wrt)
    parts = d.result if isinstance(d.result, tuple) else (d.result,)
    assert [str(part) for part in parts] == results
    assert d.check().passed


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("x[5] where x: R^3", "x"), {}, "no place 5"),
        (("1/0 x", "x"), {}, "divides by zero"),
        (("x'x", "[x]"), {}, "stacks scalars"),
        (("s = x'x; s y", "s, x"), {"kind": "hessian"}, "not independent"),
        ((3, "x"), {}, "is a text"),
        (("x", 3), {}, "a list of names"),
        (("x", "x"), {"shapes": "x: R"}, "declarations by name"),
        (("1e400 x", "x"), {}, "exponent"),
    ],
)
def test_refused(arguments: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        derive(*arguments, **options)
