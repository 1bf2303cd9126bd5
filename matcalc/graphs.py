"""Graphs whose nodes are shared: each node once, and no recursion, so that depth is no limit."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TypeVar

T = TypeVar("T")


def postorder(
    roots: Sequence[T], below: Callable[[T], Sequence[T]], known: Container[T] = ()
) -> list[T]:
    """Every node once, those below it first and in their order.

    Nodes in `known` are left out, with all that is below them alone.
    """
    order: list[T] = []
    done: set[T] = set()
    pending = list(reversed(roots))
    opened: list[T] = []  # those that wait for what is below them, the last one innermost
    while pending:
        node = pending.pop()
        if opened and node is opened[-1]:
            opened.pop()
            done.add(node)
            order.append(node)
        elif node not in done and node not in known:
            inner = below(node)
            if inner:
                opened.append(node)
                pending.append(node)
                pending.extend([part for part in reversed(inner) if part not in done])
            else:
                done.add(node)
                order.append(node)
    return order
