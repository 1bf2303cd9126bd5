"""In which order a contraction of several arrays is computed: two at a time, with least work.

Up to `OPTIMAL` operands all orders are compared, over the sets of operands that are contracted
first; beyond that the cheapest pair comes next.  Work is the product of the lengths of all indices
of a pair.

Source: D. G. A. Smith, J. Gray, opt_einsum, Journal of Open Source Software 3(26), 753.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import prod
from typing import Final

OPTIMAL: Final = 8
"""Operands up to which the order is the best of all."""

Tree = int | tuple["Tree", "Tree"]
"""An operand, or a pair of what is contracted with each other."""


def order(labels: Sequence[str], output: str, length: Callable[[str], float]) -> Tree:
    """The pairs in which operands with these indices are contracted."""
    if len(labels) <= OPTIMAL:
        return _best(labels, output, length)
    return _greedy(labels, output, length)


def _best(labels: Sequence[str], output: str, length: Callable[[str], float]) -> Tree:
    """The order of least work, from smaller sets of operands to larger ones."""
    count = len(labels)
    whole = (1 << count) - 1

    def kept(chosen: int) -> frozenset[str]:
        """The indices left of a set of operands: those that the others or the output have."""
        inside = {x for i in range(count) if chosen >> i & 1 for x in labels[i]}
        outside = {x for i in range(count) if not chosen >> i & 1 for x in labels[i]}
        return frozenset(inside & (outside | set(output)))

    best: dict[int, tuple[float, Tree]] = {1 << i: (0.0, i) for i in range(count)}
    left = {1 << i: frozenset(labels[i]) for i in range(count)}
    for chosen in sorted(range(1, whole + 1), key=int.bit_count):
        if chosen in best:
            continue
        left[chosen] = kept(chosen)
        part = (chosen - 1) & chosen
        options: list[tuple[float, Tree]] = []
        while part:
            rest = chosen ^ part
            if part > rest:  # each pair once
                work = prod(length(x) for x in left[part] | left[rest])
                total = best[part][0] + best[rest][0] + work
                options.append((total, (best[rest][1], best[part][1])))
            part = (part - 1) & chosen
        best[chosen] = min(options, key=lambda option: option[0])
    return best[whole][1]


def _greedy(labels: Sequence[str], output: str, length: Callable[[str], float]) -> Tree:
    """The cheapest pair first, again and again."""
    terms: list[tuple[Tree, frozenset[str]]] = [(i, frozenset(x)) for i, x in enumerate(labels)]
    while len(terms) > 1:
        a, b = min(combinations(terms, 2), key=lambda ab: prod(map(length, ab[0][1] | ab[1][1])))
        terms = [term for term in terms if term is not a and term is not b]
        kept = set(output).union(*(own for _, own in terms))
        terms.append(((a[0], b[0]), (a[1] | b[1]) & kept))
    return terms[0][0]
