"""A pass that rebuilds a tensor from its operands upwards and rewrites each node on the way."""

from __future__ import annotations

from collections.abc import Callable

from matcalc.tensor.nodes import Bound, Tensor, operands
from matcalc.tensor.substitute import Substitution

Rewrite = Callable[[Tensor], Tensor]


class Rewriting(Substitution):
    """Every node rebuilt, then rewritten by a function until it says no more (bounded)."""

    ROUNDS = 8

    def __init__(self, rewrite: Rewrite) -> None:
        super().__init__({})
        self.rewrite = rewrite

    def _inside(self, node: Tensor) -> tuple[Tensor, ...]:
        return () if isinstance(node, Bound) else super()._inside(node)

    def _replaced(self, node: Tensor) -> tuple[Tensor, bool]:
        if isinstance(node, Bound):
            # a name stands for what the user bound it to, and a derivative may be by it
            return node, False
        new: Tensor = node
        if any(self.done[part][0] is not part for part in operands(node)):  # else it is canonical
            new, _ = super()._replaced(node)
        for _ in range(self.ROUNDS):
            changed = self.rewrite(new)
            if changed is new:
                break
            new = changed
        return new, False
