"""Signs that are read off a tensor: what is said holds on numbers, and what can be seen is said."""

from __future__ import annotations

import numpy as np
import pytest

from matcalc.check import evaluate, sample
from matcalc.language import parse_program
from matcalc.tensor.canonical import group, mask, one_hot, split
from matcalc.tensor.nodes import Bound, intern
from matcalc.tensor.signs import is_nonnegative, is_positive, signs
from tests.tensor.networks import HIGH, LOW, A, M, N, g, p
from tests.tensor.problems import lowering
from tests.tensor.test_written import split as programs

SHAPES = {
    "x": "R^n", "y": "R^n", "s": "R", "p": "R^n positive", "q": "R^n nonnegative",
    "a": "R positive", "b": "R nonnegative", "A": "R^(n×n)", "P": "R^(n×n) positive",
    "S": "R^(n×n) spd",
}  # fmt: skip

POSITIVE = """
p; a; n; pi; 2; n s^0; exp(x); sigmoid(x); softplus(x); cosh(x); normpdf(x); normcdf(x); erfc(x);
softmax(x); p ⊙ p; a p; P p; p + q; q + 1; q + exp(x); 2 p + 3; p / 2; 1 / p; p.^s; p.^-1; p^3;
sqrt(p); max(x, p); max(p, x); min(p, a); min(exp(x), 1); where(s, p, exp(x)); sinh(p); tanh(p);
atan(p); asinh(p); log1p(p); expm1(p); erf(p); abs(p); relu(p); max(P, axis=0); min(P, axis=1);
prod(p); max(p); vec(P); softmax(A, axis=1)
"""
NONNEGATIVE = """
q; b; eye(n); e(1, n); ones(n, n) ⊙ eye(n); tril(ones(n, n)); p ⊙ q; q + q; 2 q; q / 3; x^2;
x.^(1/2); x^(3/2); x.^-2; q.^3; q^s; A.^2; x · x; tr(A' A); s^2 x.^4; abs(x); relu(x); x > 0;
x >= y; x == y; norm(x, 2); std(x); max(x, q); max(q, s); min(p, q); min(q, b); where(s, q, p);
sinh(q); tanh(q); log1p(q); sqrt(q); prod(q); min(q); max(q); norm(A, 2); norm(A, nuc); norm(x);
x^2 + y^2; q + abs(x); diag(p); diag(q)
"""
NEITHER = """
x; s; A; S; x + 1; p - 1; p - q; -p; s p; x ⊙ p; A p; x^3; x.^-1; x.^(1/3); x^s; sin(x); cos(p);
log(p); sinh(x); tanh(x); erf(x); min(p, x); min(x, q); where(s, x, p); where(p, p, x); max(x, y);
prod(x); max(x); min(A, axis=0); det(A); inv(A); tr(S); inf; inf - 1; sum(x); sign(x); 2 s + p;
x^2 - y^2; gamma(x); lgamma(p); digamma(p)
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [(program, "positive") for program in programs(POSITIVE)]
    + [(program, "nonnegative") for program in programs(NONNEGATIVE)]
    + [(program, "") for program in programs(NEITHER)],
)
def test_signs(program: str, said: str) -> None:
    expr = parse_program(program, SHAPES).expression
    t = lowering()(expr)
    assert is_positive(t) == (said == "positive")
    assert is_nonnegative(t) == (said in ("positive", "nonnegative"))
    if said:
        for seed in range(3):
            drawn = sample([expr], [], np.random.default_rng(seed))
            with np.errstate(invalid="ignore"):
                values = np.asarray(evaluate(expr, drawn.point, drawn.sizes))
            values = values[~np.isnan(values)]
            assert (values > 0).all() if said == "positive" else (values >= 0).all()


def test_signs_of_nodes_that_rearrange() -> None:
    """Regrouped axes, names and selections have the signs of what they hold."""
    positive = signs(p)
    assert signs(intern(Bound, (N,), "h", p)) == positive
    assert signs(intern(Bound, (N, N), "h", A)) == signs(group(A, (2,))) == frozenset()
    assert signs(split(g, (2,), (N, M))) == frozenset()
    for t in (LOW, HIGH, one_hot(0, N), mask((N, N), -1)):
        assert is_nonnegative(t) and not is_positive(t)
