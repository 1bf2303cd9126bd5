"""Adjoints of functions that are linear in an argument: rules that a line of the book cannot say, since the
adjoint carries the axes of the result along.  Each has a statement and a source like a line of the book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from matcalc.tensor.canonical import opaque, transpose
from matcalc.tensor.nodes import Opaque, Tensor

Adjoint = Callable[[Opaque, Tensor, int], Tensor]


def frechet(node: Opaque, total: Tensor, outer: int) -> Tensor:
    """<G, L(A, E)> = <L(A', G), E> for a Fréchet derivative L of a matrix function.  Higham, Functions of Matrices, (3.24)."""
    return opaque(node.fn, [transpose(node.args[0]), total], total.dims, outer, (False, True))


def sylvester(node: Opaque, total: Tensor, outer: int) -> Tensor:
    """<G, Z> with A Z + Z B = C is <W, C> with A' W + W B' = G.  Golub & Van Loan, sec. 7.6.3."""
    a, b = (transpose(t) for t in node.args[:2])
    return opaque("sylvester", [a, b, total], total.dims, outer, (False, False, True))


ADJOINTS: Final[dict[tuple[str, int], Adjoint]] = {
    ("expm_frechet", 1): frechet,
    ("logm_frechet", 1): frechet,
    ("sylvester", 2): sylvester,
}
