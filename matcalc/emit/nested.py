"""Results that are nested tuples: the expressions in order, and what is made of them put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Expr

Output = Expr | AsMatrix | Sequence["Output"]


def leaves(outputs: Sequence[Output]) -> Iterable[Expr | AsMatrix]:
    """The expressions among nested outputs, in order."""
    for output in outputs:
        if isinstance(output, Sequence):
            yield from leaves(output)
        else:
            yield output


def written(outputs: Sequence[Output], texts: Iterator[str], single: bool) -> str:
    """The Python of the results, nested as the outputs are."""
    parts = [
        written(output, texts, False) if isinstance(output, Sequence) else next(texts)
        for output in outputs
    ]
    if single:
        return parts[0]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def flat(tree: Any) -> list[Any]:
    """Results in order."""
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, tuple) else [tree]


def nested(outputs: Sequence[Output], values: Iterator[Any], single: bool) -> Any:
    """Results nested as the outputs are."""
    parts = tuple(
        nested(output, values, False) if isinstance(output, Sequence) else next(values)
        for output in outputs
    )
    return parts[0] if single else parts
