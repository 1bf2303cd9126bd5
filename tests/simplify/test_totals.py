"""What sums to a known number along an axis: deviations from a mean, and what a name is for."""

from __future__ import annotations

import pytest

from matcalc import derive, parse
from matcalc.emit.text import text
from matcalc.rules.book import default_book
from matcalc.simplify.naming import Naming
from matcalc.simplify.rewrite import Rewriting
from matcalc.simplify.simplify import Simplifier
from matcalc.simplify.totals import summed
from matcalc.tensor.lift import Lift
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Contract, Tensor

SHAPES = {
    **dict.fromkeys("xyz", "R^n"),
    **dict.fromkeys("uv", "R^m"),
    **dict.fromkeys("st", "R"),
    **dict.fromkeys("XY", "R^(m×n)"),
    "A": "R^(n×n)",
}

CENTRED = """
sum(x - mean(x))                                   | 0
sum(mean(x) - x)                                   | 0
sum(2 x - 2 mean(x))                               | 0
sum(x - sum(x) / n)                                | 0
sum(t (x - mean(x)) / std(x))                      | 0
sum(A x - mean(A x))                               | 0
sum(x ⊙ y - (x · y) / n)                           | 0
exp(sum(x - mean(x)))                              | 1
u sum(x - mean(x))                                 | zeros(m)
(x - mean(x)) u' + sum(x - mean(x)) y v'           | (x - mean(x)) u'
ones(m, n) (x - mean(x))                           | zeros(m)
sum(outer(x - mean(x), u))                         | 0
sum(outer(x - mean(x), y - mean(y)))               | 0
t - sum(x) sum(exp(y)) sum(z - mean(z))            | t
sum(X - ones(m) mean(X, axis=0)', axis=0)          | zeros(n)
sum(X - mean(X, axis=1) ones(n)', axis=1)          | zeros(m)
sum((X - ones(m) mean(X, axis=0)') y)              | 0
u' (X - mean(X, axis=1) ones(n)') ones(n)          | 0
Y sum(X - ones(m) mean(X, axis=0)', axis=0)        | zeros(m)
sum(eye(n) - ones(n, n) / n)                       | 0
sum(eye(n) - ones(n, n) / n, axis=1)               | zeros(n)
sum((eye(n) - ones(n, n) / n) x)                   | 0
A sum(diag(x) - x ones(n)' / n, axis=1)            | zeros(n)
"""

KEPT = [
    "sum(x - y)",
    "sum(x - 2 mean(x))",
    "sum(y - mean(x))",
    "y · (x - mean(x))",
    "sum(exp(x - mean(x)))",
    "sum(X - mean(X))",
    "sum(X - ones(m) mean(X, axis=0)', axis=1)",
    "sum(X - mean(X, axis=1) ones(n)', axis=0)",
    "u' (X - mean(X, axis=1) ones(n)') y",
    "(eye(n) - ones(n, n) / n) x",
    "sum(diag(x) - ones(n) x' / n, axis=1)",
    "sum(x) (1 + sum(y))",
]
"""No number, whatever the entries are."""


def added_up(program: str) -> str:
    """A program with what sums to a known number replaced by that, as text."""

    def totals(t: Tensor) -> Tensor:
        total = summed(t) if isinstance(t, Contract) else None
        return t if total is None else total

    lowering = Lowering(default_book())
    t = Rewriting(totals)(lowering(parse(program, SHAPES).node))
    return text(Lift(lowering.known)(t))


@pytest.mark.parametrize("line", [line for line in CENTRED.splitlines() if line])
def test_deviations_from_a_mean_sum_to_zero(line: str) -> None:
    program, result = (part.strip() for part in line.split("|"))
    assert added_up(program) == result


@pytest.mark.parametrize("program", KEPT)
def test_other_sums_stay(program: str) -> None:
    assert added_up(program) == program


NAMED = """
p = softmax(x); sum(p)                              | 1
p = softmax(x); sum(p) y                            | y
p = softmax(x); z + t sum(p) y                      | z + t y
p = softmax(x); exp(t sum(p))                       | exp(t)
p = softmax(x); sum(p y')                           | sum(y)
p = softmax(x); sum(p y', axis=0)                   | y
P = softmax(X, axis=1); sum(P, axis=1)              | ones(m)
P = softmax(X, axis=1); sum(P, axis=0)              | sum(P, axis=0)
P = softmax(X, axis=1); sum(P)                      | m
P = softmax(X, axis=1); u' P ones(n)                | sum(u)
P = softmax(X, axis=1); u' P y                      | u' P y
P = softmax(X, axis=1); sum(diag(u) P)              | sum(u)
P = softmax(X, axis=1); sum(Y ⊙ P)                  | tr(P' Y)
P = softmax(X, axis=1); sum(y) (u' P ones(n)) z     | sum(u) sum(y) z
P = softmax(X, axis=1); (u · v) (u' P ones(n)) z    | sum(u) (u · v) z
P = softmax(X, axis=0); sum(P, axis=0)              | ones(n)
P = softmax(X, axis=0); sum(P, axis=1)              | sum(P, axis=1)
P = softmax(X, axis=0); sum(P)                      | n
c = x - mean(x); sum(c)                             | 0
c = 2 (x - mean(x)) / norm(y); sum(c)               | 0
c = (x - mean(x)) ⊙ y; sum(c)                       | sum(c)
C = X - ones(m) mean(X, axis=0)'; sum(C, axis=0)    | zeros(n)
C = X - ones(m) mean(X, axis=0)'; sum(C, axis=1)    | sum(C, axis=1)
C = X - mean(X, axis=1); sum(C, axis=1)             | zeros(m)
C = X - mean(X, axis=1); sum(C)                     | 0
H = eye(n) - ones(n, n) / n; H ones(n)              | zeros(n)
h = x / sum(x); sum(h)                              | 1
h = 2 x / sum(x); sum(h)                            | sum(h)
h = x - y; sum(h)                                   | sum(h)
h = exp(x); sum(h)                                  | sum(h)
"""

DERIVED = """
c = x - mean(x); norm(c)^2 (c · y)        | x | ((c · c) (y - mean(y)) + 2 (y · c) c)'
c = x - mean(x); c / norm(c)              | x | (eye(n) - ones(n, n) / n - c c' / (c · c)) / norm(c)
c = x - mean(x); y · c / norm(c)          | x | (y - mean(y) - (y · c) c / (c · c))' / norm(c)
p = softmax(x); sum((p + t)^2)            | x | 2 (p ⊙ (p - p · p))'
q = x / sum(x); -q · log(q)               | x | (q · log(q) - log(q))' / sum(x)
h = layernorm(x); norm(h - y)^2           | x | 2 (mean(y) + (1 + h · (y - h) / n) h - y)' / std(x)
P = softmax(X, axis=1); sum(P ⊙ log(P))   | X | P ⊙ log(P) - diag(sum(P ⊙ log(P), axis=1)) P
P = softmax(X, axis=0); sum(P ⊙ log(P))   | X | P ⊙ log(P) - P diag(sum(log(P) ⊙ P, axis=0))
C = X - ones(m) mean(X, axis=0)'; norm(C C')^2 | X | 4 C C' C
"""


@pytest.mark.parametrize("line", [line for line in NAMED.splitlines() if line])
def test_a_name_sums_to_what_its_value_sums_to(line: str) -> None:
    """Of p = softmax(x) to 1, of c = x - mean(x) to 0, of matrices along one axis."""
    program, result = (part.strip() for part in line.split("|"))
    lowering = Lowering(default_book())
    t = lowering(parse(program, SHAPES).node)
    known = lowering.known.copy()
    simplifier = Simplifier(known, default_book())
    found = simplifier(Naming(known, simplifier).named(t))
    assert text(simplifier.lift(found), bindings=False) == result


@pytest.mark.parametrize("line", [line for line in DERIVED.splitlines() if line])
def test_results_are_shorter_for_it(line: str) -> None:
    program, wrt, result = (part.strip() for part in line.split("|"))
    assert str(derive(program, wrt, shapes=SHAPES)).split("\n")[-1] == result
