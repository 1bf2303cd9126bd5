"""Passes over a plan: what they make of a formula, and that its values stay the same."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from matcalc import InputError, derive, parse

RNG = np.random.default_rng(11)
VALUES: dict[str, Any] = {
    "A": RNG.standard_normal((4, 7)), "B": RNG.standard_normal((7, 6)),
    "C": RNG.standard_normal((6, 5)), "X": RNG.standard_normal((9, 5)),
    "x": RNG.standard_normal(5), "w": RNG.standard_normal(5), "s": RNG.standard_normal(7),
    "z": RNG.standard_normal(6),
}  # fmt: skip

ACTIVE: list[tuple[str, str, str, list[str], Any]] = [
    ("A relu(B z)", "z", "auto", [r"A\[:, t2\] @ B\[t2\]"],
     lambda v: v["A"] * (v["B"] @ v["z"] > 0) @ v["B"]),
    ("A (relu(B z) ⊙ s)", "z", "auto", [r"\* s\[t2\]"],
     lambda v: v["A"] * ((v["B"] @ v["z"] > 0) * v["s"]) @ v["B"]),
    ("A relu(B relu(C x))", "x", "auto", [r"A\[:, t3\] @ B\[t3\]\[:, t4\] @ C\[t4\]"],
     lambda v: v["A"] * (v["B"] @ np.maximum(v["C"] @ v["x"], 0) > 0) @ v["B"]
     * (v["C"] @ v["x"] > 0) @ v["C"]),
    ("sum(relu(X w)^2)", "w", "hessian", [r"t3 = X\[t1 > 0\]", r"t3\.T @ t3"],
     lambda v: 2 * v["X"].T * (v["X"] @ v["w"] > 0) @ v["X"]),
    ("sum(relu(X w)^3)", "w", "hessian", [r"X\[t3\]"],
     lambda v: 6 * v["X"].T * np.maximum(v["X"] @ v["w"], 0) @ v["X"]),
    ("s' relu(B z)", "z", "auto", [r"s \* \(t1 > 0\)"],  # no matrix product: nothing is taken out
     lambda v: (v["s"] * (v["B"] @ v["z"] > 0)) @ v["B"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "kind", "written", "wanted"), ACTIVE)
def test_active_rows(text: str, wrt: str, kind: str, written: list[str], wanted: Any) -> None:
    d = derive(text, wrt, kind=kind)
    code = d.code(value=True)
    assert all(re.search(pattern, code) for pattern in written), code
    given = {name: VALUES[name] for name in d.inputs}
    for sign in (1, -1):
        given[wrt] = sign * VALUES[wrt]
        found: Any = d.function(value=True)
        reference = wanted({**VALUES, **given})
        np.testing.assert_allclose(found(**given)[1], reference, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(d.function()(**given), reference, rtol=1e-12, atol=1e-12)


TRACES: list[tuple[str, str, int]] = [
    ("tr(F X G)", "X", 1),
    ("tr(X' F X G)", "X", 3),
    ("tr(F X' G)", "X", 1),
    ("tr(F X) + sum(exp(X))", "X", 0),
]


@pytest.mark.parametrize(("text", "wrt", "products"), TRACES)
def test_a_trace_shares_the_product_that_is_its_gradient(
    text: str, wrt: str, products: int
) -> None:
    shapes = {"X": "n×n", "F": "n×n", "G": "n×n"}
    used = {name: shape for name, shape in shapes.items() if name in text}
    d = derive(text, wrt, shapes=used)
    assert d.code(value=True).count(" @ ") <= products + 1
    assert re.search(r"np\.vdot\(", d.code(value=True))
    given = {name: RNG.standard_normal((5, 5)) for name in d.inputs}
    value, gradient = d.function(value=True)(**given)
    np.testing.assert_allclose(value, parse(text, used).function()(**given), rtol=1e-12)
    np.testing.assert_allclose(gradient, d.function()(**given), rtol=1e-12)


def test_a_value_of_any_depth_has_code() -> None:
    lines = [f"u{i} = u{i - 1}^2" for i in range(2, 3001)]
    text = "\n".join(["u1 = x^2", *lines, "sum(u3000)"])
    expression = parse(text, {"x": "n"}, limit=None)
    assert expression.code().count("\n") > 3000
    assert expression.function()(np.ones(2)) == 2


def test_value_gradient_and_hessian_share_their_work() -> None:
    d = derive("sum(log(1 + exp(-s ⊙ (B z))))", "z", kind="hessian")
    code = d.code(value=True, gradient=True)
    assert code.count("np.exp(") == 1 and code.count("B @ z") == 1
    given = {name: VALUES[name] for name in d.inputs}
    value, gradient, hessian = d.function(value=True, gradient=True)(**given)
    first = derive("sum(log(1 + exp(-s ⊙ (B z))))", "z").function(value=True)(**given)
    np.testing.assert_allclose(value, first[0])
    np.testing.assert_allclose(gradient, first[1])
    np.testing.assert_allclose(hessian, d.function()(**given))
    with pytest.raises(InputError, match="kind='hessian'"):
        derive("sum(z)", "z").function(gradient=True)
