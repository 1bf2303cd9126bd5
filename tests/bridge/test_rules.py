"""The functions from SymPy: the file of their rules, their names, and how they are used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sympy
from scipy import special

from matcalc import DerivationError, InputError, derive, parse
from matcalc.bridge.rules import FILE, rules
from matcalc.bridge.table import FUNCTIONS, LEFT_OUT
from matcalc.language import book


def test_the_file_is_fresh() -> None:
    assert FILE.read_text(encoding="utf-8") == rules(), "run python -m matcalc.bridge.rules"


def test_every_function_of_sympy_is_here_or_left_out_with_a_reason() -> None:
    """A new function of SymPy shows up here."""
    exported = [getattr(sympy.functions, name) for name in sympy.functions.__all__]
    functions = {
        each.__name__
        for each in exported
        if inspect.isclass(each) and issubclass(each, sympy.Function)
    }
    here = {row.sympy or name for name, rows in FUNCTIONS.items() for row in rows}
    left_out = {name for names in LEFT_OUT.values() for name in names.split()}
    assert functions - here - left_out == set()
    assert here & left_out == set()


def test_no_rule_of_the_book_is_shadowed() -> None:
    own = set(book.function_names()) - set(book.library_names())
    assert own & set(FUNCTIONS) == set()
    assert set(book.library_names()) == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("expression", "wrt", "result"),
    [
        ("sum(lambertw(x))", "x", "(lambertw(x) / (x ⊙ (1 + lambertw(x))))'"),
        ("besselj(0, s)", "s", "-besselj(1, s)"),
        ("sum(besselj(0, A x))", "x", "-besselj(1, A x)' A"),
        ("airyai(s)^2", "s", "2 airyai(s) airyaiprime(s)"),
        ("chebyshevt(n, s)", "s", "n chebyshevu(n - 1, s)"),
        ("expint(1, s)", "s", "-exp(-s) / s"),
        ("y' Si(A x)", "x", None),
        ("erfi(s)", "s", None),
        ("zeta(2, s)", "s", "-2 zeta(3, s)"),
        ("elliptic_k(s)", "s", None),
        ("loggamma(s)", "s", "digamma(s)"),
        ("a zeta(s)", "a", "zeta(s)"),
    ],
)
def test_result(expression: str, wrt: str, result: str | None) -> None:
    d = derive(expression, wrt)
    assert result is None or str(d) == result
    assert d.check().passed


@pytest.mark.parametrize(
    ("expression", "wrt", "message"),
    [
        ("besselj(k, s)", "k", "no rule for the derivative of besselj by its argument ν"),
        ("zeta(s)", "s", "no rule for the derivative of zeta"),
        ("lambertv(s)", "s", r"unknown function `lambertv`(.|\n)*lambertw"),
        ("besselj(s)", "s", "does not take 1 argument"),
        ("besselj(x, s) where x: R^n", "s", "`x` is R.n"),
    ],
)
def test_refused(expression: str, wrt: str, message: str) -> None:
    with pytest.raises((InputError, DerivationError), match=message):
        derive(expression, wrt)


@pytest.mark.parametrize("name", ["zeta", "beta", "li", "Ci", "jn"])
def test_a_name_of_the_users_wins(name: str) -> None:
    """Since the names are many, a variable or a bound name that is called so is a product."""
    declared = derive(f"{name}(x + y)", "x", shapes={name: "R", "x": "R", "y": "R"})
    assert declared.check().passed
    assert str(declared) == str(parse(name, {name: "R"}))
    assert derive(f"{name} = s^2; {name}(x + 1)", "x", shapes={"x": "R"}).check().passed
    assert derive(f"{name} (x + y)", "x", shapes={"x": "R", "y": "R"}).check().passed
    own = derive(f"{name}(x)", "x", shapes={name: "R -> R", "x": "R"})
    assert str(own).endswith("'(x)")


def test_code_is_scipy() -> None:
    d = derive("sum(besselj(0, A x))", "x")
    assert "sp.jv(1, A @ x)" in d.code()
    a, x = np.array([[1.0, 2.0], [0.5, 0.3]]), np.array([0.4, 0.7])
    np.testing.assert_allclose(d.function()(A=a, x=x), -special.jv(1, a @ x) @ a)


def test_a_derivation_says_where_the_rule_is_from() -> None:
    (rule,) = [s.rule for s in derive("airyai(s)", "s").steps if s.rule and "airyai" in s.rule.name]
    assert (rule.name, rule.source) == ("derivative of airyai", "SymPy")
    assert rule.statement == "d airyai(x) = airyaiprime(x) dx"


@pytest.mark.parametrize(
    "program", ["sum(max(0, X w + b))", "sum(lambertw(X w))", "sum(lambertv(X w))"]
)
def test_sympy_is_not_loaded(program: str) -> None:
    """The rules are text: neither their use nor the search for a name needs SymPy."""
    code = f"""
import sys, matcalc
try:
    d = matcalc.derive({program!r}, "w")
    d.latex(), d.code(), d.steps
except matcalc.MatcalcError:
    pass
assert not {{"sympy", "mpmath"}} & set(sys.modules)
"""
    done: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
