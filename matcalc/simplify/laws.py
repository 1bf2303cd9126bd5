"""The laws of arithmetic by which the simplifier rewrites, beside the identities of the book: each
with a name and a statement, as a derivation shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Law:
    """A law: its name, its statement, and where it is from."""

    name: str
    statement: str
    source: str


FACTOR: Final = Law("common factor", "a b + a c = a (b + c)", "distributive law")
EXPAND: Final = Law("multiplying out", "a (b + c) = a b + a c", "distributive law")
ABSORB: Final = Law(
    "element-wise factor taken in", "u ⊙ (v + w) = u ⊙ v + u ⊙ w", "distributive law"
)
CLEARED: Final = Law("fraction below a fraction line", "1 / (1 + a/b) = b / (b + a)", "algebra")
INDICATOR: Final = Law(
    "under an indicator", "(z > 0) max(0, z) = (z > 0) z", "the indicator is 0 where they differ"
)
ADJOINT: Final = Law(
    "adjoint of a linear function",
    "<L*(G), B> = <G, L(B)>",
    "Higham, Functions of Matrices, (3.24)",
)
BLOCKS: Final = Law(
    "function of blocks", "f(blockdiag(A, B)) = blockdiag(f(A), f(B))", "Horn & Johnson, sec. 0.9"
)
TRIANGLES: Final = Law(
    "two triangles", "tril(M) + triu(M) = M + diag(diag(M))", "Magnus, Linear Structures, sec. 4.1"
)
TOTAL: Final = Law("known total", "sum(x - mean(x)) = 0", "definition of the mean")
COMMUTED: Final = Law(
    "commuting matrices", "D E = E D for diagonal D, E", "Horn & Johnson, sec. 0.9"
)
BACKWARDS: Final = Law("an identity from right to left", "the shorter side is kept", "rule book")
