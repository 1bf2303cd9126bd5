"""Contractions as products of two arrays at a time, for libraries without einsum.

The two whose product is least work come first.  A product that sums over no index is one of
broadcast arrays; one with no index of both operands left is a tensordot; and one with both kinds is
a product of stacks of matrices, or, where one operand has no index of its own, a sum of products,
which is no larger than the other operand.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod

from matcalc.dims import Dim
from matcalc.emit.functional import Functional
from matcalc.emit.pysource import Prec, Py
from matcalc.plan.cost import size
from matcalc.plan.values import Value

Labelled = tuple[Py, str]


class Pairwise(Functional):
    """Writes einsum by permute_dims, tensordot, matmul and sums of products."""

    def einsum(self, value: Value) -> Py:
        """A contraction."""
        inputs, _, output = str(value.data).partition("->")
        dims = {
            x: dim
            for arg, labels in zip(value.args, inputs.split(","), strict=True)
            for x, dim in zip(labels, arg.dims, strict=True)
        }
        texts = (self._texts[arg] for arg in value.args)
        terms = [self._simple(py, x) for py, x in zip(texts, inputs.split(","), strict=True)]
        while len(terms) > 1:
            i, j = min(
                combinations(range(len(terms)), 2),
                key=lambda pair: prod(
                    size(dims[x], {}) for x in set(terms[pair[0]][1] + terms[pair[1]][1])
                ),
            )
            rest = [term for k, term in enumerate(terms) if k not in (i, j)]
            kept = set(output).union(*(labels for _, labels in rest))
            terms = [*rest, self._pair(terms[i], terms[j], kept, output, dims)]
        py, labels = self._summed(*terms[0], set(output))
        return self._ordered(py, labels, output)

    def _simple(self, py: Py, labels: str) -> Labelled:
        """An operand with each index once: diagonals are taken."""
        for x in dict.fromkeys(labels):
            while labels.count(x) > 1:
                i = labels.index(x)
                j = labels.index(x, i + 1)
                rest = [k for k in range(len(labels)) if k not in (i, j)]
                py = self._permuted(py, [*rest, i, j])
                labels = "".join(labels[k] for k in rest) + x
                py = Py(f"{self.lib}.linalg.diagonal({py.text})")
        return py, labels

    def _pair(
        self, left: Labelled, right: Labelled, kept: set[str], output: str, dims: dict[str, Dim]
    ) -> Labelled:
        """The product of two operands, summed over what nothing else has."""
        (a, x), (b, y) = (
            self._summed(py, labels, kept | set(other))
            for (py, labels), (_, other) in ((left, right), (right, left))
        )
        shared = [k for k in x if k in y]
        summed = [k for k in shared if k not in kept]
        batch = [k for k in shared if k in kept]
        own = [k for k in x if k not in y], [k for k in y if k not in x]
        if summed and not batch:
            axes = [x.index(k) for k in summed], [y.index(k) for k in summed]
            text = f"{self.lib}.tensordot({a.text}, {b.text}, axes={axes})"
            return self._named(Py(text)), "".join(own[0] + own[1])
        if summed and all(own):
            return self._stacks((a, x), (b, y), (batch, summed, *own), dims)
        order = sorted({*x, *y}, key=lambda k: (k in summed, (output + x + y).index(k)))
        product = f"{self._spread(a, x, order)} * {self._spread(b, y, order)}"
        if not summed:
            return self._named(Py(product, Prec.PRODUCT)), "".join(order)
        axes_text = tuple(range(len(order) - len(summed), len(order)))
        made = (
            f"{self.lib}.sum({product}, axis={axes_text[0] if len(axes_text) == 1 else axes_text})"
        )
        return self._named(Py(made)), "".join(k for k in order if k not in summed)

    def _stacks(
        self, left: Labelled, right: Labelled, parts: Sequence[list[str]], dims: dict[str, Dim]
    ) -> Labelled:
        """Products of matrices, one for each value of the indices that both have and that stay."""
        batch, summed, rows, columns = parts
        sides = [
            self._matrices(*left, batch, rows, summed, dims),
            self._matrices(*right, batch, summed, columns, dims),
        ]
        made = Py(f"{self.lib}.matmul({sides[0].text}, {sides[1].text})")
        labels = [*batch, *rows, *columns]
        if len(rows) > 1 or len(columns) > 1:
            made = Py(self.reshaped(made.text, self.shape(tuple(dims[k] for k in labels))))
        return self._named(made), "".join(labels)

    def _matrices(
        self, py: Py, labels: str, batch: list[str], rows: list[str], columns: list[str],
        dims: dict[str, Dim],
    ) -> Py:  # fmt: skip
        """An operand as a stack of matrices."""
        made = self._ordered(py, labels, "".join(batch + rows + columns))
        if len(rows) == len(columns) == 1:
            return made
        shape = [dims[k] for k in batch]
        for part in (rows, columns):
            whole = dims[part[0]]
            for k in part[1:]:
                whole = whole * dims[k]
            shape.append(whole)
        return Py(self.reshaped(made.text, self.shape(tuple(shape))))

    def _summed(self, py: Py, labels: str, kept: set[str]) -> Labelled:
        """An operand, summed over the indices that only it has."""
        axes = tuple(i for i, x in enumerate(labels) if x not in kept)
        if not axes:
            return py, labels
        text = f"{self.lib}.sum({py.text}, axis={axes[0] if len(axes) == 1 else axes})"
        return Py(text), "".join(x for x in labels if x in kept)

    def _spread(self, py: Py, labels: str, order: Sequence[str]) -> str:
        """An operand with its axes in an order, of length 1 where it has no such index."""
        made = self._ordered(py, labels, "".join(x for x in order if x in labels))
        marks = [":" if x in labels else "None" for x in order]
        while marks and marks[0] == "None":
            marks.pop(0)  # leading axes are there by themselves
        if "None" not in marks:
            return made.within(Prec.UNARY)
        return f"{made.within(Prec.ATOM)}[{', '.join(marks)}]"

    def _ordered(self, py: Py, labels: str, order: str) -> Py:
        """An array with its axes in another order."""
        return self._permuted(py, [labels.index(x) for x in order])

    def _permuted(self, py: Py, axes: Sequence[int]) -> Py:
        if list(axes) == sorted(axes):
            return py
        if len(axes) == 2:
            return Py(py.within(Prec.ATOM) + ".T")
        return Py(f"{self.lib}.permute_dims({py.text}, {tuple(axes)})")

    def _named(self, py: Py) -> Py:
        """A product as a local variable, if it would make a line too long."""
        return self._local(self._next(), py.text) if len(py.text) > 40 else py
