"""A matrix in index notation as a product of matrices: the path of factors from its first axis to
its second."""

from __future__ import annotations

from dataclasses import dataclass

from matcalc.tensor.nodes import Contract, Delta, Labels, Tensor

Link = tuple[Tensor, bool]


@dataclass(frozen=True, slots=True)
class Chain:
    """scalars, then diag(nodes[0]) links[0] diag(nodes[1]) links[1] … diag(nodes[-1]).

    A link is a matrix and whether it is read transposed; `nodes` are the vectors at each index.  Of
    a diagonal matrix there is nothing but these.
    """

    scalars: tuple[Tensor, ...]
    links: tuple[Link, ...]
    nodes: tuple[tuple[Tensor, ...], ...]

    @property
    def turned(self) -> int:
        """How many links are transposed."""
        return sum(turned for _, turned in self.links)


def chain(t: Tensor) -> Chain | None:
    """The chain that a matrix is; None if it is no product of matrices along one path."""
    if not isinstance(t, Contract):
        return Chain((), ((t, False),), ((), ()))
    scalars: list[Tensor] = []
    vectors: dict[int, list[Tensor]] = {}
    edges: list[tuple[Tensor, Labels]] = []
    for f, labels in t.factors:
        if not labels:
            scalars.append(f)
        elif len(labels) == 1:
            vectors.setdefault(labels[0], []).append(f)
        elif len(labels) == 2 and labels[0] != labels[1]:
            edges.append((f, labels))
        else:
            return None
    return _path(scalars, vectors, edges)


def _path(
    scalars: list[Tensor], vectors: dict[int, list[Tensor]], edges: list[tuple[Tensor, Labels]]
) -> Chain | None:
    at, links, nodes = 0, [], [tuple(vectors.pop(0, ()))]
    while edges:
        touching = [edge for edge in edges if at in edge[1]]
        if len(touching) != 1:
            return None
        f, labels = touching[0]
        edges.remove(touching[0])
        turned = labels[1] == at
        at = labels[0] if turned else labels[1]
        if isinstance(f, Delta):  # nothing between the two indices
            nodes[-1] += tuple(vectors.pop(at, ()))
            continue
        links.append((f, turned))
        nodes.append(tuple(vectors.pop(at, ())))
    if at != 1 or vectors:
        return None
    return Chain(tuple(scalars), tuple(links), tuple(nodes))
