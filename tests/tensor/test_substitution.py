"""A variable replaced by a tensor is the value at the replaced place; an axis that is carried along
is a value for each place on it."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from matcalc.dims import named
from matcalc.tensor.canonical import add, apply_map, contract, group, one_hot, opaque, split
from matcalc.tensor.nodes import Atom, Bound, Contract, Map, Sum, Tensor, intern, operands
from matcalc.tensor.substitute import Substitution, with_operands
from tests.tensor.networks import ATOMS, OPERANDS, SIZES, A, M, N, T, X, a, network, p, point, x, y
from tests.tensor.validator import validate
from tests.tensor.values import value

K = named("k")
SIZES_OF_ALL = {**SIZES, "k": 4}
POINT = point(1)
seeds = pytest.mark.parametrize("seed", range(4))


def with_more(seed: int) -> list[Tensor]:
    """Random contractions, and functions, sums and groups of them."""
    rng = random.Random(seed)
    made: list[Tensor] = []
    for _ in range(25):
        t = network(rng, (*OPERANDS, x, x, x, A, X, a), most=3).contracted()
        whole = tuple(range(t.rank))
        made += [t, apply_map("sin", [(t, whole)], t.dims)]
        made += [add([(1, t, whole), (2, a, ())], t.dims)]
        if t.rank > 1:
            made.append(group(t, (t.rank,)))
            made.append(
                split(apply_map("cos", [(made[-1], (0,))], made[-1].dims), (t.rank,), t.dims)
            )
        if t.rank == 1:
            made += [opaque("max", [t], ()), opaque("softmax", [t], t.dims)]
        if t.rank == 2:
            made += [opaque("max", [t], t.dims[:1], 1, (True,))]
        made.append(intern(Bound, t.dims, "h", t))
    return made


NEW = {
    x: contract([(A, (0, 1)), (y, (1,))], (0,)),
    a: contract([(x, (0,)), (p, (0,))], ()),
    X: contract([(T, (0, 1, 0))], (1, 0)),
}


@seeds
def test_values_at_the_replaced_place(seed: int) -> None:
    place = POINT | {str(old.name): value(new, POINT, SIZES) for old, new in NEW.items()
                     if isinstance(old, Atom)}  # fmt: skip
    for t in with_more(seed):
        new = Substitution(NEW)(t)
        validate(new)
        same(value(new, POINT, SIZES), value(t, place, SIZES), t)


CARRIED = {
    x: intern(Atom, (K, N), "x", frozenset()),
    a: intern(Atom, (K,), "a", frozenset()),
}


@seeds
def test_an_axis_that_is_carried(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn: dict[str, Any] = {"x": rng.normal(size=(4, 3)), "a": rng.normal(size=4)}
    for t in with_more(seed + 50):
        new = Substitution(CARRIED, batch=(K,))(t)
        validate(new)
        assert new.dims == (K, *t.dims)
        got = value(new, POINT | drawn, SIZES_OF_ALL)
        for k in range(4):
            here = POINT | {name: array[k] for name, array in drawn.items()}
            same(got[k], value(t, here, SIZES), t)


def test_an_index_is_replaced() -> None:
    i, j = (intern(Atom, (), name, frozenset()) for name in "ij")
    entry = contract([(x, (0,)), (one_hot(i, N), (0,))], ())
    wanted = contract([(x, (0,)), (one_hot(j, N), (0,))], ())
    assert Substitution({i: j})(entry) is wanted


BESIDE = contract([(x, (0,)), (y, (1,))], (1, 0))
TWO_VECTORS = [
    opaque("least_squares", [x, y], ()),
    opaque("least_squares", [y, x], ()),
    opaque("least_squares", [BESIDE, A], (N,), 1, (True, True)),
    opaque("least_squares", [A, BESIDE], (N,), 1, (True, True)),
    opaque("least_squares", [A, x], (N,), 1, (True, False)),
    opaque("least_squares", [x, A], (N,), 1, (False, True)),
    opaque("least_squares", [BESIDE, x], (N,), 1, (True, False)),
    opaque("least_squares", [y, BESIDE], (N,), 1, (False, True)),
    opaque("least_squares", [A, A], (N,), 1, (True, True)),
]


@pytest.mark.parametrize("t", TWO_VECTORS)
def test_functions_of_two_vectors_carry_what_either_does(t: Tensor) -> None:
    rng = np.random.default_rng(5)
    drawn = {"x": rng.normal(size=(4, 3))}
    new = Substitution({x: CARRIED[x]}, batch=(K,))(t)
    validate(new)
    got = value(new, POINT | drawn, SIZES_OF_ALL)
    for k in range(4):
        same(got[k], value(t, POINT | {"x": drawn["x"][k]}, SIZES), t)


@seeds
def test_an_axis_carried_after_another(seed: int) -> None:
    """Functions that carry an axis already carry both."""
    J = named("j")
    rng = np.random.default_rng(seed)
    first = {x: CARRIED[x]}
    second = {a: intern(Atom, (J,), "a", frozenset())}
    drawn: dict[str, Any] = {"x": rng.normal(size=(4, 3)), "a": rng.normal(size=2)}
    for t in with_more(seed + 90)[:60]:
        new = Substitution(second, batch=(J,))(Substitution(first, batch=(K,))(t))
        got = value(new, POINT | drawn, {**SIZES_OF_ALL, "j": 2})
        for j in range(2):
            for k in range(4):
                here = POINT | {"x": drawn["x"][k], "a": drawn["a"][j]}
                same(got[j, k], value(t, here, SIZES), t)


@seeds
def test_names_of_dimensions_stand_for_dimensions(seed: int) -> None:
    """n by k + 1, wherever it stands; variables of old dimensions have new ones."""
    longer = K + M - M
    sizes = {"k": 3, "m": 2}
    names = {"n": longer}
    for t in with_more(seed + 130):
        new = Substitution({}, names)(t)
        assert new.dims == tuple(d.substitute(names) for d in t.dims)
        same(value(new, POINT, sizes), value(t, POINT, SIZES), t)


@seeds
def test_other_operands_in_their_places(seed: int) -> None:
    for t in with_more(seed + 170):
        if not isinstance(t, Contract | Sum | Map):
            continue
        inside = operands(t)
        assert with_operands(t, inside) is t
        if not isinstance(t, Map):
            doubled = [add([(2, f, tuple(range(f.rank)))], f.dims) for f in inside]
            times = 2 ** len(inside) if isinstance(t, Contract) else 2
            got = value(with_operands(t, doubled), POINT, SIZES)
            same(got, times * value(t, POINT, SIZES), t)


def same(got: Any, wanted: Any, what: object) -> None:
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-8, err_msg=str(what))


def test_the_point_has_all_variables() -> None:
    assert {t.name for t in ATOMS if isinstance(t, Atom)} == set(POINT)
