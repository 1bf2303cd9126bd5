"""The constructors keep the value: whatever they cancel, collect, flatten or move, on numbers it
is the sum of products, the sum, the function that was asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from matcalc.check import evaluate
from matcalc.emit.text import text
from matcalc.language import parse_program
from matcalc.tensor.canonical import (
    add,
    apply_map,
    constant,
    contract,
    group,
    split,
    vech_basis,
)
from matcalc.tensor.lift import Lift
from matcalc.tensor.nodes import Atom, Contract, Group, Tensor
from tests.tensor.networks import (
    ATOMS,
    LENGTHS,
    OPERANDS,
    SIZES,
    TRIANGLE,
    M,
    N,
    Network,
    network,
    point,
)
from tests.tensor.problems import lowering
from tests.tensor.validator import validate
from tests.tensor.values import einsum, value

POINT = point()
seeds = pytest.mark.parametrize("seed", range(12))


def at_point(t: Tensor) -> Any:
    return value(t, POINT, SIZES)


def same(got: Any, wanted: Any, what: object) -> None:
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-8, err_msg=str(what))


def wanted_of(given: Network) -> Any:
    """What a network is, by its definition."""
    lengths = {label: LENGTHS[dim] for label, dim in given.dims.items()}
    return diagonal(given, lengths)


def diagonal(given: Network, lengths: dict[int, int]) -> Any:
    """A label twice in the result is a diagonal."""
    out, deltas = [], []
    lengths = dict(lengths)
    for label in given.out:
        if label in out:
            fresh = len(lengths)
            lengths[fresh] = lengths[label]
            deltas.append((np.eye(lengths[label]), (label, fresh)))
            label = fresh
        out.append(label)
    views = [(at_point(t), labels) for t, labels in given.operands]
    return einsum([*views, *deltas], out, lengths)


def networks(seed: int, count: int = 60, **options: Any) -> Iterator[Network]:
    rng = random.Random(seed)
    for _ in range(count):
        yield network(rng, **options)


@seeds
def test_contractions(seed: int) -> None:
    for given in networks(seed):
        t = given.contracted()
        validate(t)
        same(at_point(t), wanted_of(given), given)


@seeds
def test_what_is_lifted_has_the_value_and_is_read_back(seed: int) -> None:
    for given in networks(seed + 100, count=30):
        t = given.contracted()
        written = Lift()(t)
        same(evaluate(written, POINT, SIZES), at_point(t), given)
        assert lowering()(written) is t


TYPES = {
    str(t.name): f"R^({'×'.join(map(str, t.dims))})" if t.dims else "R"
    for t in ATOMS
    if isinstance(t, Atom)
}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_lifted_is_printed_so_that_it_reads_back(seed: int) -> None:
    for given in networks(seed + 800, count=30):
        printed = text(Lift()(given.contracted()))
        again = parse_program(printed, TYPES).expression
        same(evaluate(again, POINT, SIZES), at_point(given.contracted()), printed)


def test_three_bases_of_vech_on_one_index() -> None:
    """B_kij B_kpq is an identity on the lower triangle, B_kij B_kpq B_krs is none."""
    basis = vech_basis(TRIANGLE, N)
    for count in (1, 2, 3, 4):
        operands = [(basis, (0, 2 * i + 1, 2 * i + 2)) for i in range(count)]
        out = range(1, 2 * count + 1)
        t = contract(operands, out)
        validate(t)
        lengths = {0: 6, **dict.fromkeys(out, 3)}
        wanted = einsum([(at_point(basis), x) for _, x in operands], list(out), lengths)
        same(at_point(t), wanted, count)


@seeds
def test_the_order_of_factors_their_grouping_and_their_names_do_not_matter(seed: int) -> None:
    rng = random.Random(seed + 200)
    for given in networks(seed + 200, count=30, most=5):
        t = given.contracted()
        fresh = dict(zip(given.dims, rng.sample(range(100), len(given.dims)), strict=True))
        operands = [(f, tuple(fresh[x] for x in labels)) for f, labels in given.operands]
        out = [fresh[x] for x in given.out]
        dims = {fresh[x]: d for x, d in given.dims.items()}
        rng.shuffle(operands)
        assert contract(operands, out, dims) is t, given
        k = rng.randint(0, len(operands))
        inside, outside = operands[:k], operands[k:]
        elsewhere = {x for _, labels in outside for x in labels} | set(out)
        carried = dict.fromkeys(x for _, labels in inside for x in labels)
        kept = [x for x in carried if x in elsewhere]
        assert contract([(contract(inside, kept, dims), kept), *outside], out, dims) is t, given


def views(rng: random.Random, dims: Any, count: int) -> list[tuple[Tensor, tuple[int, ...]]]:
    """Random operands that fit on some of the axes."""
    found: list[tuple[Tensor, tuple[int, ...]]] = []
    while len(found) < count:
        t = rng.choice(OPERANDS)
        labels = [[i for i, d in enumerate(dims) if d is e] for e in t.dims]
        if all(labels):
            found.append((t, tuple(rng.choice(places) for places in labels)))
    return found


SHAPES = ((N,), (N, N), (M, N), (N, M, N), ())


@seeds
def test_sums(seed: int) -> None:
    rng = random.Random(seed + 300)
    for _ in range(40):
        dims = rng.choice(SHAPES)
        parts = views(rng, dims, rng.randint(1, 4))
        terms = [(rng.choice((1, -1, 2, Fraction(-1, 3))), *view) for view in parts]
        terms += rng.sample(terms, rng.randint(0, 1))
        t = add(terms, dims)
        validate(t)
        lengths = {i: LENGTHS[d] for i, d in enumerate(dims)}
        spread = [
            float(c) * einsum([(at_point(f), x)], list(lengths), lengths) for c, f, x in terms
        ]
        same(at_point(t), sum(spread), terms)
        rng.shuffle(terms)
        assert add(terms, dims) is t
        assert add([(-2 * c, f, x) for c, f, x in terms], dims) is add(
            [(-2, t, tuple(range(len(dims))))], dims
        )


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "exp": (1, np.exp),
    "sin": (1, np.sin),
    "cos": (1, np.cos),
    "abs": (1, np.abs),
    "sign": (1, np.sign),
    "relu": (1, lambda f: np.maximum(f, 0)),
    "max": (2, np.maximum),
    "gt": (2, lambda f, g: (f > g) * 1.0),
    "where": (3, lambda c, f, g: np.where(c != 0, f, g)),
}


@seeds
@pytest.mark.parametrize("fn", list(FUNCTIONS))
def test_functions(fn: str, seed: int) -> None:
    rng = random.Random(seed + 400)
    count, run = FUNCTIONS[fn]
    for _ in range(8):
        dims = rng.choice(SHAPES)
        args = views(rng, dims, count)
        if rng.random() < 0.4:
            args[0] = (add([(-2, args[0][0], range_of(args[0][0]))], args[0][0].dims), args[0][1])
        t = apply_map(fn, args, dims)
        validate(t)
        same(at_point(t), run(*spread_over(args, dims)), args)


@seeds
def test_powers(seed: int) -> None:
    rng = random.Random(seed + 500)
    for _ in range(40):
        dims = rng.choice(SHAPES)
        (base,) = views(rng, dims, 1)
        if rng.random() < 0.4:
            c = rng.choice((-1, 4, Fraction(9, 4)))
            base = (add([(c, base[0], range_of(base[0]))], base[0].dims), base[1])
        k = rng.choice((0, 1, 2, 3, -1, -2, Fraction(1, 2), Fraction(-3, 2)))
        inner = rng.choice((1, 2, Fraction(1, 2)))
        raised = [apply_map("pow", [base, (constant(inner), ())], dims)]
        raised += [apply_map("pow", [(raised[0], range_of(raised[0])), (constant(k), ())], dims)]
        (wanted,) = spread_over([base], dims)
        with np.errstate(all="ignore"):
            for t, exponent in zip(raised, (inner, k), strict=True):
                validate(t)
                wanted = np.power(wanted, float(exponent))
                finite = np.isfinite(wanted)
                same(at_point(t)[finite], wanted[finite], (base, exponent))


def range_of(t: Tensor) -> tuple[int, ...]:
    return tuple(range(t.rank))


def spread_over(args: Any, dims: Any) -> list[Any]:
    lengths = {i: LENGTHS[d] for i, d in enumerate(dims)}
    return [np.asarray(einsum([(at_point(f), x)], list(lengths), lengths)) for f, x in args]


@seeds
def test_axes_merged_and_split_again(seed: int) -> None:
    """Runs of axes of a random network are merged, used in another one, and split."""
    for given in networks(seed + 600, count=30):
        t = given.contracted()
        if t.rank < 2:
            continue
        rng = random.Random(seed)
        at = rng.randint(1, t.rank - 1)
        sizes = (at, t.rank - at) if rng.random() < 0.6 else (t.rank,)
        merged = group(t, sizes)
        validate(merged)
        flat = at_point(merged)
        same(flat, at_point(t).reshape(flat.shape), given)
        again = split(merged, sizes, t.dims)
        assert again is t or isinstance(t, Group)
        same(at_point(again), at_point(t), given)
        axes = range_of(merged)
        same(at_point(contract([(merged, axes), (merged, axes)], ())), (flat * flat).sum(), given)
        doubled = apply_map("tanh", [(merged, axes)], merged.dims)
        same(at_point(doubled), np.tanh(flat), given)
        parted = split(doubled, sizes, t.dims)
        same(at_point(parted), np.tanh(at_point(t)), given)


def test_the_order_of_tensors_is_total_and_of_their_making_only() -> None:
    tensors = sorted({given.contracted() for k in range(4) for given in networks(k)}, key=key_of)
    assert all(key_of(f) < key_of(g) for f, g in pairwise(tensors))
    assert [t for t in tensors if isinstance(t, Contract)]


def key_of(t: Tensor) -> Any:
    return t.key
