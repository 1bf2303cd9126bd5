"""Canonical order of the factors of a contraction, and canonical numbers for its summed labels.

Factors are ordered by their keys; equal factors are told apart by how their labels are connected
(colour refinement), so that the order in which they were written does not matter.  Axes that may
change places, as both of a symmetric matrix, connect a factor alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from matcalc.tensor.nodes import Labels, Tensor

Factor = tuple[Tensor, Labels]
Colours = dict[int, int]


def ordered(
    factors: Sequence[Factor], out: Mapping[int, int], alike_from: Callable[[Tensor], int]
) -> tuple[Factor, ...]:
    """The factors in canonical order with canonical labels.

    `out` maps output labels to their axes; `alike_from` tells from which on the axes of a tensor
    may change places.
    """
    keys = [t.key for t, _ in factors]
    alike = [alike_from(t) for t, _ in factors]
    if len(set(keys)) == len(keys) and all(
        first == t.rank for (t, _), first in zip(factors, alike, strict=True)
    ):
        arranged = sorted(factors, key=lambda factor: factor[0].key)
    else:
        colours = _refined(factors, alike, out)
        turned = [
            (t, (*axes[:first], *sorted(axes[first:], key=colours.__getitem__)))
            for (t, axes), first in zip(factors, alike, strict=True)
        ]
        arranged = sorted(turned, key=lambda f: (f[0].key, tuple(colours[x] for x in f[1])))
    numbers = dict(out)
    result = []
    for t, labels in arranged:
        for label in labels:
            numbers.setdefault(label, len(numbers))
        result.append((t, tuple(numbers[label] for label in labels)))
    return tuple(result)


def _refined(factors: Sequence[Factor], alike: Sequence[int], out: Mapping[int, int]) -> Colours:
    """A colour of its own for each label: by its connections (Weisfeiler-Leman), ties broken.

    Labels that refinement cannot tell apart are taken to be interchangeable: one of them is told
    apart, and its neighbours then follow by refinement.
    """
    rank = {key: i for i, key in enumerate(sorted({t.key for t, _ in factors}))}
    kinds = [rank[t.key] for t, _ in factors]
    axes = [labels for _, labels in factors]
    colours: Colours = {label: out.get(label, len(out)) for labels in axes for label in labels}
    while True:
        colours = _stable(kinds, axes, alike, colours)
        tied = _first_tied(colours)
        if tied is None:
            return colours
        colours = {label: 2 * colour + (label != tied) for label, colour in colours.items()}


def _stable(
    kinds: Sequence[int],
    axes: Sequence[Labels],
    alike: Sequence[int],
    colours: Colours,
) -> Colours:
    """Colours refined until they say no more: labels of one colour are connected alike."""
    count = len(set(colours.values()))
    while True:
        signatures: dict[int, list[tuple[int, ...]]] = {label: [] for label in colours}
        for kind, labels, first in zip(kinds, axes, alike, strict=True):
            seen = [colours[label] for label in labels]
            around = (*seen[:first], *sorted(seen[first:]))
            for position, label in enumerate(labels):
                signatures[label].append((kind, min(position, first), *around))
        full = {
            label: (colour, tuple(sorted(signatures[label]))) for label, colour in colours.items()
        }
        number = {signature: i for i, signature in enumerate(sorted(set(full.values())))}
        colours = {label: number[full[label]] for label in colours}
        if len(number) == count:
            return colours
        count = len(number)


def _first_tied(colours: Colours) -> int | None:
    """A label of the lowest colour that several labels have."""
    least: tuple[int, int] | None = None
    seen: dict[int, int] = {}
    for label, colour in colours.items():
        if colour in seen and (least is None or colour < least[0]):
            least = colour, seen[colour]
        seen.setdefault(colour, label)
    return None if least is None else least[1]
