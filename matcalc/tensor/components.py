"""Which factors of a contraction hang together."""

from __future__ import annotations

from collections.abc import Container, Sequence

from matcalc.tensor.constructors import View


def components(views: Sequence[View], outer: Container[int] = ()) -> list[list[int]]:
    """The places of the factors that labels join, labels in `outer` not counted."""
    parents = list(range(len(views)))
    owner: dict[int, int] = {}
    for i, (_, labels) in enumerate(views):
        for label in labels:
            if label not in outer:
                a, b = _root(parents, owner.setdefault(label, i)), _root(parents, i)
                parents[b] = a
    groups: dict[int, list[int]] = {}
    for i in range(len(views)):
        groups.setdefault(_root(parents, i), []).append(i)
    return list(groups.values())


def parts(views: Sequence[View], outer: Container[int] = ()) -> list[list[View]]:
    """The factors themselves, those that labels join together."""
    return [[views[i] for i in members] for members in components(views, outer)]


def touches(part: Sequence[View], axes: Container[int]) -> bool:
    """Whether a factor has one of some axes."""
    return any(x in axes for _, labels in part for x in labels)


def _root(parents: list[int], i: int) -> int:
    while parents[i] != i:
        i = parents[i]
    return i
