"""Random operands and random contractions of them, of every kind of node that index notation has.

Dimensions are few, so that axes meet often; every dimension has the size that `SIZES` says.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from matcalc.dims import Dim, named, number
from matcalc.tensor.canonical import (
    add,
    apply_map,
    constant,
    contract,
    delta,
    embed,
    group,
    levi_civita,
    mask,
    one_hot,
    opaque,
    power,
    split,
    vech_basis,
)
from matcalc.tensor.nodes import Atom, Tensor, intern

N, M = named("n"), named("m")
THREE = number(3)
WHOLE: Final = N + M
TRIANGLE: Final = (N * N + N).scaled(Fraction(1, 2))
SIZES: Final = {"n": 3, "m": 2}
LENGTHS: Final = {N: 3, M: 2, THREE: 3, WHOLE: 5, TRIANGLE: 6, N * M: 6, N * N: 9}


def atom(name: str, *dims: Dim, properties: str = "") -> Tensor:
    return intern(Atom, dims, name, frozenset(properties.split()))


a, x, y, u = atom("a"), atom("x", N), atom("y", N), atom("u", M)
p = atom("p", N, properties="positive")
A, B, X = atom("A", N, N), atom("B", N, N), atom("X", M, N)
S = atom("S", N, N, properties="symmetric")
P = atom("P", N, N, properties="spd")
T = atom("T", N, M, N)
v, z, V = atom("v", THREE), atom("z", THREE), atom("V", THREE, THREE)
w, W = atom("w", WHOLE), atom("W", WHOLE, N)
h, H = atom("h", TRIANGLE), atom("H", N, TRIANGLE)
g, G = atom("g", N * M), atom("G", N * M, N)
ATOMS: Final = (a, x, y, u, p, A, B, X, S, P, T, v, z, V, w, W, h, H, g, G)

LOW, HIGH = embed(WHOLE, N, M - M), embed(WHOLE, M, N)
STACK = add(
    [
        (1, contract([(LOW, (0, 1)), (x, (1,))], (0,)), (0,)),
        (2, contract([(HIGH, (0, 1)), (u, (1,))], (0,)), (0,)),
    ],
    (WHOLE,),
)
ENTRIES = (a, contract([(x, "i"), (y, "i")], ""), a)
LITERAL = add(
    [
        (1, contract([(one_hot(i, THREE), (0,)), (f, ())], (0,)), (0,))
        for i, f in enumerate(ENTRIES)
    ],
    (THREE,),
)

SELECTIONS: Final = (
    delta(N),
    delta(M),
    one_hot(0, N),
    one_hot(1, N),
    one_hot(2, THREE),
    one_hot(0, WHOLE),
    LOW,
    HIGH,
    mask((N, N), 0),
    mask((N, N), -1),
    contract([(mask((N, N), -1), (1, 0))], (0, 1)),
    contract([(mask((N, M), 0), (1, 0))], (0, 1)),
    levi_civita(),
    vech_basis(TRIANGLE, N),
)

OTHERS: Final = (
    add([(1, A, (0, 1)), (2, A, (1, 0))], (N, N)),
    add([(1, A, (0, 1)), (-1, A, (1, 0))], (N, N)),
    add([(Fraction(1, 2), x, (0,)), (-1, y, (0,))], (N,)),
    add([(1, X, (0, 1)), (-3, x, (1,)), (1, u, (0,))], (M, N)),
    add([(2, A, (0, 1)), (2, delta(N), (0, 1))], (N, N)),
    add([(1, mask((N, N), 0), (0, 1)), (1, A, (0, 1))], (N, N)),
    STACK,
    LITERAL,
    apply_map("tanh", [(A, (0, 1))], (N, N)),
    apply_map("gt", [(x, (0,)), (constant(0), ())], (N,)),
    apply_map("max", [(A, (0, 1)), (x, (1,))], (N, N)),
    apply_map("abs", [(STACK, (0,))], (WHOLE,)),
    power(x, constant(2)),
    power(p, constant(-1)),
    power(a, constant(-2)),
    power(X, constant(3)),
    opaque("inv", [P], (N, N)),
    opaque("max", [A], (N,), 1, (True,)),
    contract([(A, (0, 1)), (x, (1,))], (0,)),
    contract([(X, (2, 0)), (X, (2, 1))], (0, 1)),
    contract([(x, (0,))], (0, 0)),
    contract([(x, (0,)), (x, (0,))], ()),
    contract([(x, (0,)), (u, (1,))], (0, 1)),
    group(contract([(x, (0,)), (u, (1,))], (0, 1)), (2,)),
    group(T, (2, 1)),
    group(contract([(A, (0, 2)), (B, (1, 3))], (0, 1, 2, 3)), (2, 2)),
    split(g, (2,), (N, M)),
    constant(Fraction(-2, 3)),
)  # fmt: skip

OPERANDS: Final = ATOMS + SELECTIONS + OTHERS


def point(seed: int = 0) -> dict[str, Any]:
    """Values for all the variables, with their properties."""
    rng = np.random.default_rng(seed)
    made: dict[str, Any] = {}
    for t in ATOMS:
        assert isinstance(t, Atom)
        drawn = rng.normal(size=tuple(LENGTHS[d] for d in t.dims))
        made[t.name] = drawn
        if "positive" in t.properties:
            made[t.name] = np.abs(drawn) + 0.1
        elif "symmetric" in t.properties:
            made[t.name] = drawn + drawn.T
        elif "spd" in t.properties:
            made[t.name] = drawn @ drawn.T + np.eye(len(drawn))
    return made


@dataclass(frozen=True)
class Network:
    """Operands with labels, the labels of the result, and the dimensions of all labels."""

    operands: tuple[tuple[Tensor, tuple[int, ...]], ...]
    out: tuple[int, ...]
    dims: dict[int, Dim]

    def contracted(self) -> Tensor:
        return contract(self.operands, self.out, self.dims)


def network(
    rng: random.Random, pool: Sequence[Tensor] = OPERANDS, most: int = 4, again: float = 0.7
) -> Network:
    """A random one: axes of one dimension often meet, some stay, one may be broadcast."""
    dims: dict[int, Dim] = {}
    operands = []
    for t in rng.choices(pool, k=rng.randint(1, most)):
        labels: list[int] = []
        for d in t.dims:
            there = [label for label, dim in dims.items() if dim is d]
            if not there or rng.random() > again:
                there = [len(dims)]
                dims[there[0]] = d
            labels.append(rng.choice(there))
        operands.append((t, tuple(labels)))
    out = [label for label in dims if rng.random() < 0.4]
    rng.shuffle(out)
    if rng.random() < 0.15:
        dims[len(dims)] = M
        out.append(len(dims) - 1)
    if out and rng.random() < 0.15:
        out.append(rng.choice(out))
    return Network(tuple(operands), tuple(out[:4]), dims)
