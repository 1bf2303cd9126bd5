"""In which order a contraction of several arrays is computed: two at a time, with least work.

Up to `OPTIMAL` operands all orders are compared, over the sets of operands that are contracted
first; beyond that the cheapest pair comes next.  Work is the product of the lengths of all indices
of a pair.

Source: D. G. A. Smith, J. Gray, opt_einsum, Journal of Open Source Software 3(26), 753.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from heapq import heapify, heappop, heappush
from itertools import combinations
from operator import or_
from typing import Final

OPTIMAL: Final = 8
"""Operands up to which the order is the best of all."""

Tree = int | tuple["Tree", "Tree"]
"""An operand, or a pair of what is contracted with each other."""


def order(labels: Sequence[str], output: str, length: Callable[[str], float]) -> Tree:
    """The pairs in which operands with these indices are contracted."""
    search = _Search(labels, output, length)
    return search.best() if len(labels) <= OPTIMAL else search.greedy()


class _Search:
    """Operands as sets of indices, each the bit of a number; so are sets of operands."""

    def __init__(self, labels: Sequence[str], output: str, length: Callable[[str], float]) -> None:
        letters = list(dict.fromkeys("".join(labels)))
        bits = {letter: 1 << place for place, letter in enumerate(letters)}
        self.lengths = [length(letter) for letter in letters]
        self.own = [reduce(or_, (bits[letter] for letter in each), 0) for each in labels]
        self.output = reduce(or_, (bits.get(letter, 0) for letter in output), 0)
        self._works = {0: 1.0}

    def work(self, indices: int) -> float:
        """The product of the lengths of some indices."""
        found = self._works.get(indices)
        if found is None:
            last = indices & -indices
            found = self.lengths[last.bit_length() - 1] * self.work(indices ^ last)
            self._works[indices] = found
        return found

    def best(self) -> Tree:
        """The order of least work, from smaller sets of operands to larger ones."""
        count = len(self.own)
        whole = (1 << count) - 1
        union = [0] * (whole + 1)
        for chosen in range(1, whole + 1):
            rest = chosen & (chosen - 1)
            union[chosen] = union[rest] | self.own[(chosen ^ rest).bit_length() - 1]
        work: dict[int, float] = {1 << i: 0.0 for i in range(count)}
        tree: dict[int, Tree] = {1 << i: i for i in range(count)}
        left = {1 << i: own for i, own in enumerate(self.own)}
        for chosen in range(1, whole + 1):
            if chosen in left:
                continue
            left[chosen] = union[chosen] & (union[whole ^ chosen] | self.output)
            least, pair = float("inf"), 0
            part = (chosen - 1) & chosen
            while part > chosen ^ part:  # the last operand is in the part: each pair once
                rest = chosen ^ part
                total = work[part] + work[rest] + self.work(left[part] | left[rest])
                if total < least or not pair:
                    least, pair = total, part
                part = (part - 1) & chosen
            work[chosen], tree[chosen] = least, (tree[chosen ^ pair], tree[pair])
        return tree[whole]

    def greedy(self) -> Tree:
        """The cheapest pair first, again and again; of equal ones, that of the first operands."""
        terms: dict[int, tuple[Tree, int]] = {i: (i, own) for i, own in enumerate(self.own)}
        pairs = [(self.work(terms[a][1] | terms[b][1]), a, b) for a, b in combinations(terms, 2)]
        heapify(pairs)
        new = len(terms)
        while len(terms) > 1:
            _, a, b = heappop(pairs)
            if a not in terms or b not in terms:
                continue
            (left, own), (right, other) = terms.pop(a), terms.pop(b)
            kept = reduce(or_, (rest for _, rest in terms.values()), self.output)
            made = (own | other) & kept
            for i, (_, rest) in terms.items():
                heappush(pairs, (self.work(rest | made), i, new))
            terms[new] = (left, right), made
            new += 1
        ((tree, _),) = terms.values()
        return tree
