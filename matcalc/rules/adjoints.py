"""Adjoints of functions that are linear in an argument: rules that a line of the book cannot say,
since the adjoint carries the axes of the result along.  Each has a statement and a source like a
line of the book.

A scalar asks one question of such a function, <G, L(E)> = <L*(G), E>, and the adjoint is the
function again.  A vector or a matrix asks many at once: then it is the matrix K with
vec(L(E)) = K vec(E), its axes split up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from matcalc.dims import Dim
from matcalc.tensor.canonical import add, contract, delta, group, opaque, split, transpose
from matcalc.tensor.constructors import View
from matcalc.tensor.nodes import Contract, Delta, Group, Labels, Opaque, Split, Sum, Tensor

Adjoint = Callable[[Opaque, int, Tensor, int], Tensor]

JACOBIANS: Final = {
    "expm_frechet": "expm_jacobian",
    "logm_frechet": "logm_jacobian",
    "expm_frechet2": "expm_jacobian2",
    "logm_frechet2": "logm_jacobian2",
}
"""Fréchet derivatives of matrix functions, and their matrices between vec() of the last direction
and vec()."""

HESSIANS: Final = {"expm_jacobian2": "expm_hessian", "logm_jacobian2": "logm_hessian"}
"""The matrix of a second derivative along one direction, and the array of those along all."""


def frechet(node: Opaque, position: int, total: Tensor, outer: int) -> Tensor:
    """<G, L(A, E)> = <L(A', G), E> for a Fréchet derivative L of a matrix function.  Higham,
    Functions of Matrices, (3.24); its matrix K(A) there, (3.17).  Differentiated by A, for a second
    derivative: <G, L(A, E, F)> = <L(A', E', G), F>, the same for E and F exchanged."""
    others = [arg for i, arg in enumerate(node.args) if i != position]
    assert isinstance(node.fn, str)
    if not outer:
        return opaque(node.fn, [*map(transpose, others), total], total.dims)
    length = others[0].dims[0] * others[0].dims[0]
    return _against(total, opaque(JACOBIANS[node.fn], others, (length, length)), node.dims)


def jacobian(node: Opaque, _: int, total: Tensor, outer: int) -> Tensor:
    """<G, K(A, E)> is the sum of <G, K(A, U)> vec(E)[k] over the unit matrices U, the k-th in the
    order of vec().  Higham & Relton 2014, sec. 4."""
    a, direction = node.args
    assert isinstance(node.fn, str)
    every = opaque(HESSIANS[node.fn], [a], node.dims[:1] * 3)
    front, (i, j, k) = range(outer), range(outer, outer + 3)
    share = contract([(total, (*front, i, j)), (every, (i, k, j))], (*front, k))
    opened = split(share, (1,) * outer + (2,), total.dims[:outer] + direction.dims)
    return contract([(opened, (*front, i, j))], (*front, j, i))


def sylvester(node: Opaque, _: int, total: Tensor, outer: int) -> Tensor:
    """<G, Z> with A Z + Z B = C is <W, C> with A' W + W B' = G; vec(Z) is the inverse of
    eye ⊗ A + B' ⊗ eye times vec(C).  Golub & Van Loan, sec. 7.6.3."""
    a, b = node.args[:2]
    if not outer:
        return opaque("sylvester", [transpose(a), transpose(b), total], total.dims)
    return _against(total, _sylvester_matrix(a, b), node.dims)


def _sylvester_matrix(a: Tensor, b: Tensor) -> Tensor:
    whole = (0, 1, 2, 3)
    dims = (b.dims[0], a.dims[0]) * 2
    first = contract([(delta(b.dims[0]), (0, 2)), (a, (1, 3))], whole)
    second = contract([(b, (2, 0)), (delta(a.dims[0]), (1, 3))], whole)
    total = group(add([(1, first, whole), (1, second, whole)], dims), (2, 2))
    return opaque("inv", [total], total.dims)


def _against(total: Tensor, matrix: Tensor, dims: Sequence[Dim]) -> Tensor:
    """The adjoint of vec(E) -> K vec(E) at `total`, whose last two axes are those of the result."""
    rows, columns = dims
    opened = split(matrix, (2, 2), (columns, rows, columns, rows))
    front = range(total.rank - 2)
    i, j, k, l = range(total.rank - 2, total.rank + 2)
    return contract([(total, range(total.rank)), (opened, (j, i, l, k))], (*front, k, l))


ADJOINTS: Final[dict[tuple[str, int], Adjoint]] = {
    ("expm_frechet", 1): frechet,
    ("logm_frechet", 1): frechet,
    ("expm_frechet2", 1): frechet,
    ("expm_frechet2", 2): frechet,
    ("logm_frechet2", 1): frechet,
    ("logm_frechet2", 2): frechet,
    ("expm_jacobian2", 1): jacobian,
    ("logm_jacobian2", 1): jacobian,
    ("sylvester", 2): sylvester,
}


def forward(t: Contract) -> Tensor | None:
    """K vec(B) is vec(L(B)), and vec(G)' K is vec(L*(G))': the matrix of a linear function is not
    needed where it meets one direction."""
    for i, (f, labels) in enumerate(t.factors):
        if not isinstance(f, Split) or f.sizes != (2, 2) or len(set(labels)) < 4:
            continue
        others = [view for k, view in enumerate(t.factors) if k != i]
        for own, rest, turned in ((labels[2:], labels[:2], False), (labels[:2], labels[2:], True)):
            touching = _closed(others, own, t.rank)
            if touching is None or set(own) & set(rest):
                continue
            direction = contract(touching, own[::-1], dict(zip(own, f.dims[2:], strict=True)))
            made = _applied(f.arg, direction, turned)
            if made is not None:
                left = [view for view in others if view not in touching]
                views = [(made, rest[::-1]), *left]
                return contract(views, range(t.rank), dict(enumerate(t.dims)))
    return None


def turned(t: Contract, tidied: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """<G, L(A, E)> read as <L*(A, G), E>, for each function L in a product that the rest of it
    closes: of the two one may be known, as the exponential in its own direction is."""
    return [new for i in range(len(t.factors)) for new in _turned_at(t, i, tidied)]


def _turned_at(t: Contract, i: int, tidied: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """The same for the i-th factor of a product."""
    f, labels = t.factors[i]
    if not isinstance(f, Opaque) or f.batch or not isinstance(f.fn, str):
        return []
    positions = [p for fn, p in ADJOINTS if fn == f.fn and fn not in HESSIANS]
    if not positions:
        return []
    others = [view for k, view in enumerate(t.factors) if k != i]
    rows, columns = labels
    if rows == columns:  # a trace, or a diagonal
        labels = rows, 1 + max(x for _, axes in t.factors for x in axes)
        others.append((delta(f.dims[0]), labels))
    touching = _closed(others, labels, t.rank)
    if touching is None:
        return []
    total = contract(touching, labels, dict(zip(labels, f.dims, strict=True)))
    left = [view for view in others if view not in touching]
    made = []
    for position in positions:
        share = ADJOINTS[f.fn, position](f, position, total, 0)
        views = [(tidied(share), labels), (f.args[position], labels), *left]
        made.append(contract(views, range(t.rank), dict(enumerate(t.dims))))
    return made


def _closed(views: Sequence[View], own: Sequence[int], rank: int) -> list[View] | None:
    """The views that hang on these summed labels, if they hang on nothing else."""
    reached = set(own)
    members: list[View] = []
    while True:
        new = [v for v in views if v not in members and set(v[1]) & reached]
        if not new:
            break
        members += new
        reached |= {x for _, labels in new for x in labels}
    return members if members and all(x >= rank for x in reached) else None


def _applied(matrix: Tensor, direction: Tensor, turned: bool) -> Tensor | None:
    """L(B), or L*(B), for the matrix K of L; None if K is not known to be of such."""
    if not isinstance(matrix, Opaque):
        return None
    for name, jacobian in JACOBIANS.items():
        if matrix.fn == jacobian:
            args = [transpose(a) if turned else a for a in matrix.args]
            return opaque(name, [*args, direction], direction.dims)
    pair = _sylvester_pair(matrix)
    if pair is None:
        return None
    a, b = (transpose(t) if turned else t for t in pair)
    return opaque("sylvester", [a, b, direction], direction.dims)


def _sylvester_pair(matrix: Opaque) -> tuple[Tensor, Tensor] | None:
    """A and B, if a matrix is the inverse of eye ⊗ A + B' ⊗ eye."""
    arg = matrix.args[0] if matrix.fn == "inv" else None
    if not isinstance(arg, Group) or arg.sizes != (2, 2) or not isinstance(arg.arg, Sum):
        return None
    found = [_beside_identity(t, labels) for _, t, labels in arg.arg.terms]
    if len(found) != 2 or None in found or any(c != 1 for c, _, _ in arg.arg.terms):
        return None
    parts = dict(item for item in found if item is not None)
    return (parts[0], transpose(parts[1])) if len(parts) == 2 else None


def _beside_identity(t: Tensor, labels: Labels) -> tuple[int, Tensor] | None:
    """M of eye ⊗ M (and 0) or of M ⊗ eye (and 1)."""
    if not isinstance(t, Contract):
        return None
    views = [
        (f, tuple([labels[x] if x < t.rank else 4 + x for x in axes])) for f, axes in t.factors
    ]
    for side, place in enumerate(((0, 2), (1, 3))):
        left = [v for v in views if not (isinstance(v[0], Delta) and set(v[1]) == set(place))]
        other = (1 - side, 3 - side)
        reach = {x for _, axes in left for x in axes if x < 4}
        if len(left) == len(views) - 1 and reach == set(other):
            return side, contract(left, other)
    return None
