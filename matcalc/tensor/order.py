"""Canonical order of the factors of a contraction, and canonical numbers for its summed labels.

Factors are ordered by their keys; equal factors are told apart by how their labels are connected
(colour refinement), so that the order in which they were written does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcalc.tensor.nodes import Labels, Tensor

Factor = tuple[Tensor, Labels]


def ordered(factors: Sequence[Factor], out: Mapping[int, int]) -> tuple[Factor, ...]:
    """The factors in canonical order with canonical labels; `out` maps output labels to their
    axes."""
    keys = [t.key for t, _ in factors]
    if len(set(keys)) == len(keys):
        arranged = sorted(factors, key=lambda factor: factor[0].key)
    else:
        colours = _refined(factors, out)
        arranged = sorted(factors, key=lambda f: (f[0].key, tuple(colours[x] for x in f[1])))
    numbers: dict[int, int] = dict(out)
    count = len(out)
    result = []
    for t, labels in arranged:
        for label in labels:
            if label not in numbers:
                numbers[label] = count
                count += 1
        result.append((t, tuple(numbers[label] for label in labels)))
    return tuple(result)


def _refined(factors: Sequence[Factor], out: Mapping[int, int]) -> dict[int, int]:
    """A colour for each label: equal only for labels that are connected alike
    (Weisfeiler-Leman)."""
    labels = {label for _, axes in factors for label in axes}
    rank = {key: i for i, key in enumerate(sorted({t.key for t, _ in factors}))}
    kinds = [rank[t.key] for t, _ in factors]
    colours = {label: out.get(label, len(out)) for label in labels}
    count = len(set(colours.values()))
    while True:
        signatures: dict[int, list[tuple[int, ...]]] = {label: [] for label in labels}
        for kind, (_, axes) in zip(kinds, factors, strict=True):
            seen = tuple(colours[label] for label in axes)
            for position, label in enumerate(axes):
                signatures[label].append((kind, position, *seen))
        full = {label: (colours[label], tuple(sorted(signatures[label]))) for label in labels}
        number = {signature: i for i, signature in enumerate(sorted(set(full.values())))}
        colours = {label: number[full[label]] for label in labels}
        if len(number) == count:
            return _individualised(factors, colours)
        count = len(number)


def _individualised(factors: Sequence[Factor], colours: dict[int, int]) -> dict[int, int]:
    """Labels that refinement cannot tell apart are alike in all that matters here; any order of
    them will do."""
    order: dict[int, int] = {}
    for _, axes in factors:
        for label in axes:
            order.setdefault(label, len(order))
    count = len(order)
    return {
        label: colour * count + (order[label] if _tied(colours, label) else 0)
        for label, colour in colours.items()
    }


def _tied(colours: Mapping[int, int], label: int) -> bool:
    return sum(colour == colours[label] for colour in colours.values()) > 1
