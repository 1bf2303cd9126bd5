"""The expressions that are being turned into array computations: what is made of each so far.

Each node has one `Form`, so that what several outputs share they share by identity.  Who computes
one kind of node asks here for the forms of its parts, and of nodes that turn up on the way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence

from matcalc.dims import Dim
from matcalc.expr.nodes import Expr, Shape, children, postorder
from matcalc.plan.chain import Chain
from matcalc.plan.cost import size
from matcalc.plan.forms import Form, array, full
from matcalc.plan.hoist import Fixed
from matcalc.plan.values import Value, Values


class Working(ABC):
    """The forms of the parts of some expressions; `uses` counts where each part stands."""

    def __init__(
        self, roots: Sequence[Expr], sizes: Mapping[str, int], fixed: Fixed, masks: bool
    ) -> None:
        self.values = Values()
        self.sizes = sizes
        self.fixed = fixed
        self.chain = Chain(self.values, sizes, fixed, masks)
        self.forms: dict[Expr, Form] = {}
        self.order = postorder(tuple(roots))
        self.uses = Counter(child for node in self.order for child in children(node))
        self.uses.update(roots)

    @abstractmethod
    def made(self, node: Expr) -> Form:
        """The form of a node whose parts have theirs."""

    def form(self, node: Expr) -> Form:
        """The form of a node that need not be a part of the expressions, or may come later."""
        for part in postorder((node,)):
            if part not in self.forms:
                self.forms[part] = self.made(part)
        return self.forms[node]

    def whole(self, node: Expr) -> Value:
        """The value of a node as an array of exactly its dimensions."""
        return full(self.values, self.forms[node], node.shape.dims)

    def broadcast(self, node: Expr) -> Value:
        """The value of a node as an array that broadcasts to its dimensions."""
        return array(self.values, self.forms[node], node.shape.dims)

    def aligned(self, node: Expr, shape: Shape) -> Form:
        """A form to be combined with others of a shape: a column stands upright beside a matrix."""
        form = self.forms[node]
        if node.shape.rank == 1 and shape.rank == 2 and not node.shape.row:
            return Form(self.values.expand(form.value))
        return form

    def upright(self, node: Expr, shape: Shape) -> Value:
        """The whole value of a node; of a column within a matrix, as one of one column."""
        value = self.whole(node)
        column = node.shape.rank == 1 and not node.shape.row
        return self.values.expand(value) if column and shape.rank == 2 else value

    def length(self, dim: Dim) -> float:
        """The size of a dimension, where it is known, or a typical one."""
        return size(dim, self.sizes)
