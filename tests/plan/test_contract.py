"""Contractions of several arrays: the order is the best, and the values are einsum's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcalc import parse
from matcalc.plan.contract import OPTIMAL, Tree, order

LENGTHS = {"i": 2, "j": 3, "k": 4, "l": 5, "m": 6}
NAMES = "ABCDEFGHKL"


def work(tree: Tree, labels: list[str], output: str) -> float:
    """The operations of a tree, and of what it is made of."""
    total = 0.0

    def indices(part: Tree, outside: frozenset[str]) -> frozenset[str]:
        nonlocal total
        if isinstance(part, int):
            return frozenset(labels[part])
        left, right = part
        a = indices(left, outside | used(right))
        b = indices(right, outside | used(left))
        total += prod(LENGTHS[x] for x in a | b)
        return (a | b) & outside

    def used(part: Tree) -> frozenset[str]:
        if isinstance(part, int):
            return frozenset(labels[part])
        return used(part[0]) | used(part[1])

    indices(tree, frozenset(output))
    return total


def trees(items: tuple[Tree, ...]) -> Iterator[Tree]:
    """Every order."""
    if len(items) == 1:
        yield items[0]
    for a, b in combinations(range(len(items)), 2):
        rest = tuple(item for i, item in enumerate(items) if i not in (a, b))
        yield from trees(((items[a], items[b]), *rest))


SPECS = st.lists(st.text("ijklm", min_size=1, max_size=3).map(lambda s: "".join(dict.fromkeys(s))),
                 min_size=3, max_size=4)  # fmt: skip


@given(labels=SPECS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_order_is_better(labels: list[str], data: st.DataObject) -> None:
    used = sorted(set("".join(labels)))
    output = "".join(data.draw(st.lists(st.sampled_from(used), unique=True, max_size=2)))
    found = work(order(labels, output, LENGTHS.__getitem__), labels, output)
    assert found == min(work(tree, labels, output) for tree in trees(tuple(range(len(labels)))))


@cache
def expression(spec: str) -> Any:
    inputs, _, _ = spec.partition("->")
    names = [NAMES[i] for i in range(len(inputs.split(",")))]
    shapes = {name: f"({', '.join(own)},)".replace(",)", ")") if len(own) > 1 else own
              for name, own in zip(names, inputs.split(","), strict=True)}  # fmt: skip
    return parse(f'einsum("{spec}", {", ".join(names)})', shapes)


@given(labels=SPECS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_values_are_those_of_einsum(labels: list[str], data: st.DataObject) -> None:
    used = sorted(set("".join(labels)))
    output = "".join(data.draw(st.lists(st.sampled_from(used), unique=True, max_size=2)))
    spec = f"{','.join(labels)}->{output}"
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal([LENGTHS[x] for x in own]) for own in labels]
    found = expression(spec).function()(**dict(zip(NAMES, arrays, strict=False)))
    np.testing.assert_allclose(found, np.einsum(spec, *arrays), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("count", [OPTIMAL, OPTIMAL + 2])
def test_long_chains(count: int) -> None:
    letters = "abcdefghijklmnop"[: count + 1]
    labels = [letters[i : i + 2] for i in range(count)]
    spec = f"{','.join(labels)}->{letters[0]}{letters[-1]}"
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((3, 3)) for _ in labels]
    function = expression(spec).function()
    found = function(**dict(zip(NAMES, arrays, strict=False)))
    np.testing.assert_allclose(found, np.linalg.multi_dot(arrays), rtol=1e-10)
    assert (
        function.source.count(" @ ") == count - 1
        and "einsum(" not in function.source.split('"""')[2]
    )


def test_sizes_of_a_call_decide() -> None:
    expr = parse('einsum("ij,jk,kl->il", A, B, C)', {"A": "(i, j)", "B": "(j, k)", "C": "(k, l)"})
    function: Any = expr.function()
    rng = np.random.default_rng(0)
    for shape in ((2, 50, 2, 50), (50, 2, 50, 2)):
        arrays = [rng.standard_normal(pair) for pair in pairwise(shape)]
        np.testing.assert_allclose(function(*arrays), np.linalg.multi_dot(arrays), rtol=1e-9)


def test_many_operands_ask_for_few_lengths() -> None:
    """Each index is looked up once, however many orders are compared."""
    for labels in (["ij", "jk", "kl", "lm", "mi", "il", "jm", "k"], ["ij", "jk", "kl", "li"] * 30):
        asked: list[str] = []

        def length(index: str, asked: list[str] = asked) -> float:
            asked.append(index)
            return 100.0

        order(labels, "ij", length)
        assert sorted(asked) == sorted(set("".join(labels)))


def test_the_cheapest_pair_comes_first() -> None:
    """Beyond the operands of which all orders are compared; of equal pairs, the first."""
    labels = ["ij", "jk", "kl", *["mi"] * OPTIMAL]
    first = order(labels, "", {"i": 2.0, "j": 9, "k": 9, "l": 9, "m": 2}.__getitem__)
    pairs = []
    pending: list[Tree] = [first]
    while pending:
        part = pending.pop()
        if isinstance(part, tuple):
            pairs.append(part)
            pending += part
    assert (3, 4) in pairs and (5, 6) in pairs and (0, 1) not in pairs
