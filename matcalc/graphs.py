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
    pending = [(root, False) for root in reversed(roots)]
    while pending:
        node, ready = pending.pop()
        if node in done or node in known:
            continue
        if ready:
            done.add(node)
            order.append(node)
        else:
            pending.append((node, True))
            pending.extend((part, False) for part in reversed(below(node)) if part not in done)
    return order
