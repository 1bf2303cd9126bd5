"""Which nodes are printed as a name: the user's bound names, and shared parts of a huge graph.

A graph may stand for a tree that is exponentially larger.  Printing stays linear, since above a
size of the tree shared parts get names of their own, and so do parts that are very long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final

from matcalc.expr.nodes import Call, Expr, Named, Symbol, children, postorder

HUGE: Final = 2000
"""Printed nodes above which shared parts are named."""

WORTH: Final = 4
"""Printed nodes from which a shared part is worth a name."""

LONG: Final = 400
"""Printed nodes from which, in a huge graph, a part is named though it is not shared."""


def bindings_of(roots: Sequence[Expr]) -> dict[Expr, str]:
    """The nodes to print as a name, with their names, each after those that its value needs."""
    order = postorder(tuple(roots))
    names = _user_names(order)
    if _tree_size(roots, order, names) <= HUGE:
        return names
    return _with_shared(roots, order, names)


def _user_names(order: Iterable[Expr]) -> dict[Expr, str]:
    """The bound names; of two nodes with one name, the first keeps it, the other is spelled out."""
    taken = {node.name for node in order if isinstance(node, Symbol)}
    names: dict[Expr, str] = {}
    for node in order:
        if isinstance(node, Named) and node.name not in taken:
            taken.add(node.name)
            names[node] = node.name
    return names


def _tree_size(roots: Sequence[Expr], order: Iterable[Expr], names: dict[Expr, str]) -> int:
    """Nodes of the printed trees, those of the names included."""
    sizes: dict[Expr, int] = {}
    total = 0
    for node in order:
        size = 1 + sum(sizes[child] for child in children(node))
        if node in names:
            total, size = total + size, 1
        sizes[node] = size
    return total + sum(sizes[root] for root in roots)


def _with_shared(
    roots: Sequence[Expr], order: Sequence[Expr], names: dict[Expr, str]
) -> dict[Expr, str]:
    uses = Counter(child for node in order for child in children(node))
    uses.update(roots)
    words = {n.name for n in order if isinstance(n, Symbol | Named | Call)}
    fresh = (name for name in (f"t{i}" for i in count(1)) if name not in words)
    chosen: dict[Expr, str] = {}
    sizes: dict[Expr, int] = {}
    bound = {node.value for node in order if node in names and isinstance(node, Named)}
    for node in order:
        size = 1 + sum(sizes[child] for child in children(node))
        if node in names:
            chosen[node] = names[node]
        elif node not in bound and (size >= LONG or (uses[node] > 1 and size >= WORTH)):
            chosen[node] = next(fresh)
        sizes[node] = 1 if node in chosen else size
    return {node: name for node, name in chosen.items() if uses[node] > 1 or node not in roots}
