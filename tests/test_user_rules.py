"""Functions that a user hands in with their differential: derived, checked, computed, refused."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from matcalc import InputError, MatcalcError, derive, parse
from matcalc.cli import main
from matcalc.pipeline import leaves_of

RULE = "d swish(x) = (sigmoid(x) + swish(x) (1 - sigmoid(x))) dx"
SWISH = f"""
function swish(x): elementwise     # Ramachandran et al.
    latex "\\operatorname{{sw}}"
    define swish(x) = x sigmoid(x)
    {RULE}
"""
TRUSTED = f"function swish(x): elementwise\n{RULE}"
QUADRATIC = "function q(x: n, S: n×n): R\n define q(x, S) = x' S x\n d q(x, S) = x' (S + S') dx"
HUBER = """
function bent(x, k: R = 1): elementwise
    define bent(x, k) = where(abs(x) < k, x^2/2, k (abs(x) - k/2))
    d bent(x, k) = clip(x, -k, k) dx where k: R positive
"""
RMS = """
function rms(x: n): R along axis
    define rms(x) = sqrt(mean(x^2))
    d rms(x) = x · dx / (n rms(x))
"""
SYM = "function sym(A: n×n): n×n\ndefine sym(A) = (A + A')/2\nd sym(A) = (dA + dA')/2"


@pytest.mark.parametrize(
    ("text", "wrt", "rules", "shapes", "wanted"),
    [
        ("sum(swish(X w))", "w", SWISH, {},
         "(swish(X w) ⊙ (1 - sigmoid(X w)) + sigmoid(X w))' X"),
        ("swish(x)", "x", SWISH, {"x": "n"}, ""),
        ("swish(X)", "X", SWISH, {"X": "m×n"}, ""),
        ("u = swish(X w); u·u", "w", SWISH, {}, ""),
        ("sum(f(A x))", "x", "d f(x) = cos(x) dx\ndefine f(x) = sin(x)", {"f": "R -> R"},
         "cos(A x)' A"),
        ("f(A x)", "x", "define f(z) = z·z\nd f(z) = 2 z · dz", {"f": "R^n -> R"}, "2 x' A' A"),
        ("f(X w)", "w", "define f(z) = B z\nd f(z) = B dz".replace("B", "diag(z)").replace(
            "diag(z) d", "2 diag(z) d"), {"f": "R^m -> R^m"}, ""),
        ("q(X y, S)", "y", QUADRATIC, {}, "y' X' (S + S') X"),
        ("sum(bent(y - X w))", "w", HUBER, {}, "-clip(y - X w, -1, 1)' X"),
        ("sum(bent(y - X w, s))", "w", HUBER, {"s": "R positive"}, "-clip(y - X w, -s, s)' X"),
        ("sum(rms(X, axis=0))", "X", RMS, {"X": "m×n"}, "X diag(1 / rms(X, axis=0)) / m"),
        ("rms(X, axis=1)", "X", RMS, {"X": "m×n"}, ""),
        ("rms(x)", "x", RMS, {"x": "n"}, "x' / (n rms(x))"),
        ("tr(sym(A) X)", "A", SYM, {}, "(X + X') / 2"),
        ("sum(sym(inv(A)) u)", "A", SYM, {"A": "n×n", "u": "n"}, ""),  # inv is the book's
        ("sum(sym(expm_frechet(A, B)))", "B", SYM, {"A": "n×n", "B": "n×n"}, ""),
        ("kept(A)", "A", "function kept(A: n×n): n×n\ndefine kept(A) = (A > 0)\nd kept(A) = 0", {},
         "zeros(n*n, n*n)"),
        ("sum(cube(x))", "x", "function cube(x): elementwise\ndefine cube(x) = x^3", {"x": "n"},
         "3 (x^2)'"),
        ("outer2(x)", "x", "function inner2(x): elementwise\nfunction outer2(x): elementwise\n"
         "define inner2(x) = x^2\nd inner2(x) = 2 x dx\n"
         "define outer2(x) = sin(inner2(x))\nd outer2(x) = 2 x cos(inner2(x)) dx", {},
         "2 x cos(inner2(x))"),
        ("step(x) x", "x", "function step(x): elementwise\ndefine step(x) = (x > 0)\nd step(x) = 0",
         {}, "step(x)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["auto", "jvp", "vjp"])
def test_derived_and_verified(
    text: str, wrt: str, rules: str, shapes: dict[str, str], wanted: str, kind: str
) -> None:
    d = derive(text, wrt, rules=rules, shapes=shapes, kind=kind)
    if wanted and kind == "auto":
        assert str(d) == wanted
    assert not any("trust" in line for line in d.assumptions)
    assert d.check().passed, str(d.check())
    declared = {s.name: " ".join([str(s.shape), *s.properties]) for s in d.result.variables}
    if "function" in rules:
        assert parse(str(d), declared, rules=rules).shape == d.result.shape
    assert d.steps and d.code()
    computed = d.function(value=True)
    rng = np.random.default_rng(0)
    sizes = {"n": 3, "m": 3}
    given = {
        s.name: rng.random([dim.evaluate(sizes | {"p": 3, "k": 3}) for dim in s.shape.dims])
        for s in d.result.variables
    }
    assert all(np.all(np.isfinite(part)) for part in leaves_of(computed(**given)))
    assert (
        np.shape(d.expression.function()(**{n: given[n] for n in d.expression.inputs})) is not None
    )


def nested(depth: int, calls: int = 1) -> str:
    """Functions f0, f1, …, each defined by so many calls of the one before it, and of f0."""
    lines = ["function f0(x): elementwise", "define f0(x) = x^2"]
    for k in range(1, depth):
        called = " + ".join([f"f{k - 1}(x + {i})" for i in range(calls)])
        lines += [f"function f{k}(x): elementwise", f"define f{k}(x) = {called} + f0(x)"]
    return "\n".join(lines)


def test_definitions_within_definitions_have_a_limit() -> None:
    assert str(derive("f39(x)", "x", rules=nested(40))) == "80 x"
    with pytest.raises(InputError, match="the definition of f40 stands for too much"):
        derive("f40(x)", "x", rules=nested(41))
    assert derive("f8(x)", "x", rules=nested(9, 2)).check().passed  # 1 + 2 + … + 2^8 calls
    with pytest.raises(InputError, match="the definition of f10 stands for too much"):
        derive("f10(x)", "x", rules=nested(11, 2))


def test_second_derivatives_and_latex() -> None:
    d = derive("sum(swish(X w))", "w", kind="hessian", rules=SWISH)
    assert d.check().passed
    assert r"\operatorname{sw}(X w)" in d.latex()
    assert d.equals(str(d))


def test_code_is_the_definition_or_what_the_caller_gives() -> None:
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((4, 3)), rng.standard_normal(3)

    def swish(x: Any) -> Any:
        return x / (1 + np.exp(-x))

    defined, trusted = (derive("sum(swish(X w))", "w", rules=r) for r in (SWISH, TRUSTED))
    assert "swish" not in defined.code().split('"""')[2]
    wanted = defined.function()(X, w)
    np.testing.assert_allclose(trusted.function(functions={"swish": [swish]})(X, w), wanted)
    value, found = defined.function(functions={"swish": [swish]}, value=True)(X, w)
    np.testing.assert_allclose(found, wanted)
    assert value == pytest.approx(np.sum(swish(X @ w)))
    with pytest.raises(InputError, match="swish is needed as Python code"):
        trusted.function()


def test_what_cannot_be_checked_is_said() -> None:
    d = derive("sum(swish(X w))", "w", rules=TRUSTED)
    assert d.assumptions[-1] == ("d swish is taken on trust: no definition to check it against")
    assert d.check().verdict == "not verified"
    other = derive("sum(X w)", "w", rules=TRUSTED)  # not used, nothing to say
    assert not any("trust" in line for line in other.assumptions)


def test_a_wrong_rule_is_refused_with_both_numbers() -> None:
    with pytest.raises(InputError) as caught:
        derive("sum(swish(x))", "x", rules=SWISH.replace("1 - sigmoid", "2 - sigmoid"))
    told = str(caught.value)
    assert "not the differential of the definition of swish" in told
    assert " but should be " in told and "x = " in told


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("d f(x) = dx^2", "not linear in dx"),
        ("d f(x) = cos(x)", "not linear in dx"),
        ("d f(x) = x + dx", "not linear in dx"),
        ("d f(x) = a dx", "`a` is no argument of f"),
        ("define f(x) = x + a", "`a` is no argument of f"),
        ("d f(x) = cos(x) dx\nd f(x) = sin(x) dx", "`f` has two differentials"),
        ("define f(x) = x\ndefine f(x) = x^2", "`f` has two definitions"),
        ("d f(x) = x dx polygamma(dx, 1)", "the rule for f cannot be used: there is no rule"),
        ("d f(x) = dx / (x - x)",
         "the rule for f cannot be used: this divides by zero\n  rules: d f"),
        ("function g(x, y): elementwise\nd g(x, y) = dx^2 + dy\nd f(x) = dx",
         "the differential of g is not linear in dx, dy"),
        ("function g(x, y): elementwise\nd g(x, y) = dx + dy^2\nd f(x) = dx",
         "expected: d g(…) = … dx + … dy"),
        ("function g(x: n): n\ndefine g(x) = 1\nd f(x) = dx", "not of the shape of g"),
        ("d f(x) = a dx", "rules: d f(x) = a dx\n         ^^^^^^^^^^^^^\n"),
        ("define f(x) = f(x - 1)", "comes back to f"),
        ("function h(x): elementwise\ndefine f(x) = h(x)\ndefine h(x) = f(x)", "comes back to"),
        ("function f(x): elementwise\nd f(x, y) = dx", "names other arguments"),
        ("function f(x): elementwise\nd f(y) = dy", "names other arguments"),
        ("d f() = dx", "names other arguments"),
        ("function f(x): elementwise\nd f(x) = [dx, dx]", "not of the shape of f"),
        ("function f(x): elementwise", "there is no rule for `f`"),
        ("function f(x): elementwise\nfunction f(y): elementwise\nd f(x) = dx", "two headings"),
        ("function f(x, x): elementwise\nd f(x, x) = dx", "the name of the argument x is taken"),
        ("function f(): R\ndefine f() = 1", ""),
        ("function sin(x): elementwise\nd sin(x) = dx", "is a function of the rule book"),
        ("function grad(x): elementwise\nd grad(x) = dx", "means something in the language"),
        ("function f(x): elementwise\nnumpy \"__import__('os')\"", "rules hold no code"),
        ("function f(x): elementwise\nwhatever \"x\"", "a rule has no line `whatever`"),
        ("identity foo: sin(x) = x", "a rule has no line `identity`"),
        ("gibberish", "a rule has no line `gibberish`"),
        ("d f = dx", "this is not a rule"),
        ("function f: R -> R", "not the heading of a function"),
        ("latex \"f\"", "belongs to a function"),
        ("", "there is no rule in the rules"),
        ("d g(x) = dx", "a rule for `g`, which is not declared"),
        ("function f(x: n): R\ndefine f(x) = sum(x)", "has another signature"),
        ("d f(x = dx", "`(` is never closed"),
        ("d f(x) = " + "(" * 5000, ""),
        ("d f(x) = dx " * 20_000, "at most"),
        (3, "rules are a text"),
    ],
)  # fmt: skip
def test_wrong_rules(rules: Any, message: str) -> None:
    with pytest.raises(MatcalcError) as caught:
        derive("f(x)", "x", rules=rules, shapes={"f": "R -> R"})
    assert message in str(caught.value)


def test_definitions_that_blow_up_are_refused() -> None:
    """f9(x) is f8(x) + f8(x + 1), and so on; and a hundred definitions one inside the other."""
    for body, count in (("g{0}(x) + g{0}(x + 1)", 12), ("g{0}(x)", 60)):
        lines = ["function f(x): elementwise", "define f(x) = g0(x)"]
        for k in range(count):
            inner = body.format(k + 1) if k < count - 1 else "x"
            lines += [f"function g{k}(x): elementwise", f"define g{k}(x) = {inner}"]
        with pytest.raises(InputError, match="stands for too much"):
            derive("f(x)", "x", rules="\n".join(lines))


def test_what_the_rule_leaves_out_is_no_zero() -> None:
    with pytest.raises(MatcalcError, match="no rule for the derivative of q by its argument S"):
        derive("q(x, S)", "S", rules=QUADRATIC)


def test_rules_do_not_leak() -> None:
    """Two meanings of a name at once, in threads; afterwards the name means nothing."""
    head = "function f(x): elementwise\n"
    texts = {
        "2 x": head + "define f(x) = x^2\nd f(x) = 2 x dx",
        "cos(x)": head + "define f(x) = sin(x)\nd f(x) = cos(x) dx",
    }
    found: list[tuple[str, str]] = []

    def work(wanted: str, rules: str) -> None:
        for _ in range(10):
            found.append((wanted, str(derive("f(x)", "x", rules=rules))))

    threads = [threading.Thread(target=work, args=item) for item in texts.items() for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40 and all(wanted == got for wanted, got in found)
    with pytest.raises(InputError, match="unknown function `f`"):
        derive("f(x)", "x")


def test_parse_and_command(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    e = parse("sum(swish(x)) where x: R^n", rules=SWISH)
    assert str(e) == "sum(swish(x))" and r"\operatorname{sw}" in e.latex()
    assert e.function()(np.zeros(3)) == 0
    path = tmp_path / "mine.rules"
    path.write_text(SWISH, encoding="utf-8")
    assert main(["swish(x)", "--wrt", "x", "--rules", str(path), "--check"]) == 0
    out = capsys.readouterr().out
    assert "swish(x) (1 - sigmoid(x)) + sigmoid(x)" in out and "# verified" in out
    assert main(["swish(x)", "--wrt", "x", "--rules", str(tmp_path / "none")]) == 2
