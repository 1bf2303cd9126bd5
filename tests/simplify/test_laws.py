"""The laws of arithmetic that the simplifier uses, each at work: what it says and what it makes."""

from __future__ import annotations

import pytest

from matcalc import parse
from matcalc.emit.text import text
from matcalc.rules.book import default_book
from matcalc.simplify import laws
from matcalc.simplify.simplify import Rewrite, Simplifier
from matcalc.tensor.lower import Lowering

SHAPES = {
    **dict.fromkeys("xyz", "R^n"),
    **dict.fromkeys("rst", "R"),
    **dict.fromkeys("ABM", "R^(n×n)"),
    **dict.fromkeys("DE", "R^(n×n) diagonal"),
}

AT_WORK = """
s t + s r                  | s (r + t)
    common factor: a b + a c = a (b + c) [distributive law]
t (x / t + y)              | x + t y
    multiplying out: a (b + c) = a b + a c [distributive law]
x ⊙ (y + 1 / x)            | 1 + x ⊙ y
    element-wise factor taken in: u ⊙ (v + w) = u ⊙ v + u ⊙ w [distributive law]
1 / (1 + s / t)            | t / (s + t)
    fraction below a fraction line: 1 / (1 + a/b) = b / (b + a) [algebra]
(x > y) ⊙ max(x, y)        | x ⊙ (x > y)
    under an indicator: (z > 0) max(0, z) = (z > 0) z [the indicator is 0 where they differ]
tr(M' expm_frechet(A, B))  | tr(expm_frechet(A, M') B)
    adjoint of a linear function: <L*(G), B> = <G, L(B)> [Higham, Functions of Matrices, (3.24)]
inv(blockdiag(A, B))       | blockdiag(A^-1, B^-1)
    function of blocks: f(blockdiag(A, B)) = blockdiag(f(A), f(B)) [Horn & Johnson, sec. 0.9]
tril(A) + triu(A)          | diag(diag(A)) + A
    two triangles: tril(M) + triu(M) = M + diag(diag(M)) [Magnus, Linear Structures, sec. 4.1]
sum(x - mean(x))           | 0
    known total: sum(x - mean(x)) = 0 [definition of the mean]
D E - E D                  | zeros(n, n)
    commuting matrices: D E = E D for diagonal D, E [Horn & Johnson, sec. 0.9]
exp(x) ⊙ exp(y)            | exp(x + y)
    an identity from right to left: the shorter side is kept [rule book]
"""
LINES = [line.strip() for line in AT_WORK.splitlines() if line]
EXAMPLES = list(zip(LINES[::2], LINES[1::2], strict=True))


@pytest.mark.parametrize(("line", "law"), EXAMPLES)
def test_a_law_at_work(line: str, law: str) -> None:
    program, result = (part.strip() for part in line.split("|"))
    book = default_book()
    lowering = Lowering(book)
    trace: list[Rewrite] = []
    simplifier = Simplifier(lowering.known, book, trace=trace)
    found = simplifier(lowering(parse(program, SHAPES).node))
    assert text(simplifier.lift(found)) == result
    assert [told(rewrite.law) for rewrite in trace] == [law]


def test_every_law_is_seen_at_work() -> None:
    every = {told(law) for law in vars(laws).values() if isinstance(law, laws.Law)}
    assert every == {law for _, law in EXAMPLES}


def told(law: object) -> str:
    assert isinstance(law, laws.Law), law
    return f"{law.name}: {law.statement} [{law.source}]"
