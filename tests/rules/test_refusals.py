"""What the rule book does not know is an error that says so, never a zero."""

from __future__ import annotations

import pytest

from matcalc import DerivationError, derive
from matcalc.rules.book import default_book


@pytest.mark.parametrize(
    ("program", "wrt", "message"),
    [
        ("zeta(s)", "s", "there is no rule for the derivative of zeta"),
        ("polygamma(k, x)", "k", "the derivative of polygamma by its argument k"),
    ],
)
@pytest.mark.parametrize("kind", ["jacobian", "jvp"])
def test_a_derivative_without_a_rule(program: str, wrt: str, message: str, kind: str) -> None:
    with pytest.raises(DerivationError, match=message):
        derive(program, wrt, kind=kind)


def test_a_function_that_is_in_no_book() -> None:
    with pytest.raises(DerivationError, match="has no function nothing of 2 arguments"):
        default_book().entry("nothing", 2)
    with pytest.raises(DerivationError, match="has no function exp of 3 arguments"):
        default_book().mode("exp", 3)


def test_a_rule_that_was_handed_in_has_no_source() -> None:
    d = derive("h(x)", "x", rules="function h(x): elementwise\nd h(x) = cos(x) dx")
    (rule,) = [step.rule for step in d.steps if step.rule and step.rule.name == "derivative of h"]
    assert (rule.statement, rule.source) == ("d h(x) = cos(x) dx", "")


@pytest.mark.parametrize("kind", ["jacobian", "jvp"])
def test_a_differential_of_zero_is_one_of_all_arguments_only_if_it_names_none(kind: str) -> None:
    heading = "function h(x, y): elementwise\n"
    for wrt in ("x", "y"):
        assert str(derive("h(x, y)", wrt, kind=kind, rules=heading + "d h(x, y) = 0")) == "0"
    told = "the derivative of h by its argument y"
    for rule in ("d h(x, y) = 0 dx", "d h(x, y) = 2 dx"):
        derive("h(x, y)", "x", kind=kind, rules=heading + rule)
        with pytest.raises(DerivationError, match=told):
            derive("h(x, y)", "y", kind=kind, rules=heading + rule)
