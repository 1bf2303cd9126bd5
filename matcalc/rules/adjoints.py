"""Adjoints of functions that are linear in an argument: rules that a line of the book cannot say,
since the adjoint carries the axes of the result along.  Each has a statement and a source like a
line of the book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from matcalc.tensor.canonical import contract, opaque, transpose
from matcalc.tensor.nodes import Contract, Opaque, Tensor

Adjoint = Callable[[Opaque, Tensor, int], Tensor]


def frechet(node: Opaque, total: Tensor, outer: int) -> Tensor:
    """<G, L(A, E)> = <L(A', G), E> for a Fréchet derivative L of a matrix function.  Higham,
    Functions of Matrices, (3.24)."""
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


def forward(t: Contract) -> Tensor | None:
    """Σ_ij L*(G_o)_ij B_ij is <G_o, L(B)>: an adjoint that was taken for many G, and met one B, is
    not needed."""
    for i, (f, labels) in enumerate(t.factors):
        position = linear_in(f)
        if not isinstance(f, Opaque) or position is None or not f.batch:
            continue
        front, own = labels[: f.batch], labels[f.batch :]
        others = [*t.factors[:i], *t.factors[i + 1 :]]
        touching = [view for view in others if set(view[1]) & set(own)]
        carried = {x for _, y in touching for x in y}
        if any(x < t.rank for x in (*own, *carried)) or len(set(own)) < 2 or carried & set(front):
            continue
        rest = [view for view in others if view not in touching]
        if any(set(y) & carried for _, y in rest):
            continue
        dims = dict(zip(own, f.dims[f.batch :], strict=True))
        direction = contract(touching, own, dims)
        args = [transpose(a) if k != position else direction for k, a in enumerate(f.args)]
        total = f.args[position]
        inner = opaque(f.fn, args, direction.dims)
        return contract(
            [(total, labels), (inner, own), *rest], range(t.rank), dict(enumerate(t.dims))
        )
    return None


def linear_in(t: Tensor) -> int | None:
    """The argument in which a function is linear with a known adjoint."""
    if isinstance(t, Opaque) and isinstance(t.fn, str):
        return next((place for name, place in ADJOINTS if name == t.fn), None)
    return None
