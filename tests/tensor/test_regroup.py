"""Runs of axes merged into one, and axes split again: on numbers it is NumPy's reshape, and what
can be said without regrouping is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcalc.tensor.canonical import (
    add,
    apply_map,
    constant,
    contract,
    delta,
    group,
    is_zero,
    mask,
    one_hot,
    split,
    zeros,
)
from matcalc.tensor.nodes import Group, Split, Tensor
from tests.tensor.networks import SIZES, A, B, G, M, N, T, X, a, atom, g, point, u, x
from tests.tensor.validator import validate
from tests.tensor.values import length, value
from tests.tensor.written import written_again

K = atom("K", N * M, N * M)
POINT = point() | {"K": np.random.default_rng(4).normal(size=(6, 6))}


def at_point(t: Tensor) -> Any:
    return value(t, POINT, SIZES)


def outer(*parts: Tensor) -> Tensor:
    """The product of all the entries, the axes one after the other."""
    views, start = [], 0
    for t in parts:
        views.append((t, tuple(range(start, start + t.rank))))
        start += t.rank
    return contract(views, range(start))


MERGED: list[tuple[Tensor, tuple[int, ...]]] = [
    (A, (2,)), (X, (2,)), (T, (2, 1)), (T, (1, 2)), (T, (3,)), (outer(A, X), (2, 2)),
    (outer(A, X), (1, 2, 1)), (outer(A, X), (3, 1)), (outer(x, u, x), (1, 2)),
    (add([(2, A, (0, 1))], (N, N)), (2,)), (add([(2, A, (0, 1)), (-3, B, (1, 0))], (N, N)), (2,)),
    (add([(1, A, (0, 1)), (-1, A, (1, 0))], (N, N)), (2,)), (delta(N), (2,)),
    (mask((N, N), 0), (2,)), (constant(1, (N, M)), (2,)), (constant(3, (N, M, N)), (2, 1)),
    (add([(1, X, (0, 1)), (2, a, ())], (M, N)), (2,)),
    (add([(1, X, (0, 1)), (2, u, (0,))], (M, N)), (2,)),
    (apply_map("sin", [(T, (0, 1, 2))], T.dims), (2, 1)), (G, (1, 1)), (G, (2,)),
    (group(outer(A, X), (1, 2, 1)), (2, 1)), (group(outer(A, X), (1, 2, 1)), (1, 2)),
    (group(T, (2, 1)), (2,)), (split(g, (2,), (N, M)), (2,)), (split(g, (2,), (M, N)), (2,)),
    (split(G, (2, 1), (N, M, N)), (1, 2)), (split(G, (2, 1), (N, M, N)), (2, 1)),
    (split(G, (2, 1), (N, M, N)), (3,)),
    (add([(1, G, (0, 1)), (2, group(T, (2, 1)), (0, 1))], (N * M, N)), (2,)),
    (add([(1, K, (0, 1)), (2, group(outer(X, X), (2, 2)), (0, 1))], (N * M, N * M)), (2,)),
    (add([(1, G, (0, 1)), (1, g, (0,))], (N * M, N)), (2,)),
]  # fmt: skip


@pytest.mark.parametrize(("t", "sizes"), MERGED, ids=repr)
def test_merged_axes_are_reshaped(t: Tensor, sizes: tuple[int, ...]) -> None:
    merged = group(t, sizes)
    validate(merged)
    assert merged.rank == len(sizes)
    np.testing.assert_allclose(at_point(merged), at_point(t).reshape(shape_of(merged)))
    again = split(merged, sizes, t.dims)
    validate(again)
    np.testing.assert_allclose(at_point(again), at_point(t))


def shape_of(t: Tensor) -> tuple[int, ...]:
    return tuple(length(d, SIZES) for d in t.dims)


SPLIT: list[tuple[Tensor, tuple[int, ...], tuple[Any, ...]]] = [
    (g, (2,), (N, M)), (g, (2,), (M, N)), (G, (2, 1), (N, M, N)), (G, (2, 1), (M, N, N)),
    (K, (2, 2), (N, M, N, M)), (K, (2, 1), (N, M, N * M)), (K, (1, 2), (N * M, M, N)),
    (delta(N * M), (2, 2), (N, M, N, M)), (delta(N * M), (2, 2), (N, M, M, N)),
    (delta(N * M), (2, 1), (N, M, N * M)), (delta(N * M), (1, 2), (N * M, M, N)),
    (delta(N * M * N), (3, 3), (N, M, N, N, M, N)),
    (delta(N * M * N), (3, 1), (N, M, N, N * M * N)),
    (delta(N * M * N), (1, 3), (N * M * N, M, N, N)),
    (group(T, (2, 1)), (2, 1), (M, N, N)), (group(X, (2,)), (2,), (N, M)),
    (constant(2, (N * M,)), (2,), (N, M)), (one_hot(1, N * M), (2,), (N, M)),
    (mask((N * M, N * M), 0), (2, 2), (N, M, N, M)), (zeros((N * M,)), (2,), (N, M)),
    (contract([(G, (0, 2)), (A, (2, 1))], (0, 1)), (2, 1), (N, M, N)),
    (contract([(K, (0, 2)), (G, (2, 1))], (0, 1)), (2, 1), (M, N, N)),
    (contract([(G, (0, 1)), (A, (1, 2)), (B, (2, 3)), (x, (3,))], (0,)), (2,), (N, M)),
    (contract([(K, (0, 2)), (K, (2, 1))], (0, 1)), (2, 2), (N, M, M, N)),
    (contract([(K, (2, 0)), (G, (2, 3)), (x, (3,)), (g, (1,))], (0, 1)), (1, 2), (N * M, N, M)),
    (add([(1, G, (0, 1)), (2, g, (0,)), (1, a, ())], (N * M, N)), (2, 1), (N, M, N)),
    (apply_map("max", [(G, (0, 1)), (x, (1,))], (N * M, N)), (2, 1), (N, M, N)),
    (apply_map("max", [(K, (0, 1)), (g, (0,))], (N * M, N * M)), (2, 2), (N, M, N, M)),
]  # fmt: skip


@pytest.mark.parametrize(("t", "sizes", "dims"), SPLIT, ids=repr)
def test_split_axes_are_reshaped(t: Tensor, sizes: tuple[int, ...], dims: tuple[Any, ...]) -> None:
    parted = split(t, sizes, dims)
    validate(parted)
    assert parted.dims == dims
    np.testing.assert_allclose(at_point(parted), at_point(t).reshape(shape_of(parted)))
    np.testing.assert_allclose(at_point(group(parted, sizes)), at_point(t))


def test_what_needs_no_regrouping() -> None:
    """The inverse of one another, identities, numbers and zeros."""
    assert group(A, (1, 1)) is A and split(A, (1, 1), A.dims) is A
    assert split(group(T, (2, 1)), (2, 1), T.dims) is T
    assert group(split(g, (2,), (N, M)), (2,)) is g
    assert split(group(X, (2,)), (2,), (N, M)) is not contract([(X, "ij")], "ji")
    assert is_zero(group(zeros((N, M)), (2,))) and group(zeros((N, M)), (2,)).dims == (N * M,)
    assert group(constant(1, (N, M)), (2,)) is constant(1, (N * M,))
    assert split(delta(N * M), (2, 2), (N, M, N, M)) is contract(
        [(delta(N), "ik"), (delta(M), "jl")], "ijkl"
    )
    assert isinstance(split(delta(N * M), (2, 2), (N, M, M, N)), Split)
    assert split(delta(N * M), (2, 1), (N, M, N * M)) is group(
        contract([(delta(N), "ik"), (delta(M), "jl")], "ijkl"), (1, 1, 2)
    )


def test_a_number_in_front_stays_in_front() -> None:
    doubled = add([(2, A, (0, 1))], (N, N))
    assert group(doubled, (2,)) is add([(2, group(A, (2,)), (0,))], (N * N,))
    minus = add([(1, A, (0, 1)), (-1, A, (1, 0))], (N, N))
    assert isinstance(group(minus, (2,)), Group)


def test_a_group_of_groups_is_one() -> None:
    kron = group(outer(X, X), (2, 2))
    whole = group(add([(1, K, (0, 1)), (2, kron, (0, 1))], K.dims), (2,))
    assert whole is add(
        [(1, group(K, (2,)), (0,)), (2, group(outer(X, X), (4,)), (0,))], whole.dims
    )
    assert group(group(outer(A, X), (1, 2, 1)), (2, 1)) is group(outer(A, X), (3, 1))
    assert group(group(outer(A, X), (1, 2, 1)), (1, 2)) is group(outer(A, X), (1, 3))


def test_sums_and_functions_of_what_is_regrouped_alike() -> None:
    first, second = group(A, (2,)), group(B, (2,))
    both = add([(1, first, (0,)), (-2, second, (0,)), (3, a, ())], first.dims)
    assert both is group(add([(1, A, (0, 1)), (-2, B, (0, 1)), (3, a, ())], (N, N)), (2,))
    larger = apply_map("max", [(first, (0,)), (a, ())], first.dims)
    assert larger is group(apply_map("max", [(A, (0, 1)), (a, ())], (N, N)), (2,))
    square = contract([(first, "i"), (first, "i")], "i")
    assert square is group(contract([(A, "ij"), (A, "ij")], "ij"), (2,))
    inner = contract([(first, "i"), (second, "i")], "")
    assert inner is contract([(A, "ij"), (B, "ij")], "")


def test_what_is_regrouped_otherwise_stays_apart() -> None:
    tall, wide = group(T, (2, 1)), group(contract([(T, "ijk")], "jik"), (2, 1))
    assert tall.dims == wide.dims
    both = add([(1, tall, (0, 1)), (1, wide, (0, 1))], tall.dims)
    np.testing.assert_allclose(at_point(both), at_point(tall) + at_point(wide))
    product = contract([(tall, "ai"), (wide, "aj")], "ij")
    np.testing.assert_allclose(at_point(product), at_point(tall).T @ at_point(wide))
    partly = add([(1, tall, (0, 1)), (1, G, (0, 1))], tall.dims)
    np.testing.assert_allclose(at_point(partly), at_point(tall) + at_point(G))
    turned = add(
        [(1, group(A, (2,)), (0,)), (1, group(contract([(A, "ij")], "ji"), (2,)), (0,))], (N * N,)
    )
    np.testing.assert_allclose(at_point(turned), (POINT["A"] + POINT["A"].T).ravel())


SHAPES = {
    "X": "R^(m×n)", "Y": "R^(m×n)", "A": "R^(n×n)", "x": "R^n", "u": "R^m", "s": "R",
    "g": "R^(m*n)", "T": "R^(k×m×n)", "S": "R^(n×n) symmetric",
}  # fmt: skip

WRITTEN = {
    "reshape(reshape(X, m*n), m, n)": "X",
    "reshape(vec(X), n, m)": "X'",
    "vec(reshape(g, m, n)')": "g",
    "reshape(X', m, n)": "unvec(vec(X), n, m)'",
    "unvec(vec(X), m, n)": "X",
    "unvec(vec(X'), m, n)": "unvec(vec(X'), m, n)",
    "vec(X) + vec(Y)": "vec(X + Y)",
    "2 vec(X) - s vec(Y)": "vec(2 X - s Y)",
    "exp(vec(X))": "vec(exp(X))",
    "vec(X) · vec(Y)": "tr(X' Y)",
    "vec(X)' vec(X)": "norm(X)^2",
    "vec(X) ⊙ vec(Y)": "vec(X ⊙ Y)",
    "vec(x u')": "u ⊗ x",
    "vec(X) + 1": "vec(X + 1)",
    "unvec(g, m, n) x": "unvec(g, m, n) x",
    "unvec(g, m, n)' u": "unvec(g, m, n)' u",
    "unvec(2 g, m, n)": "2 unvec(g, m, n)",
    "unvec(exp(g), m, n)": "exp(unvec(g, m, n))",
    "sum(vec(X))": "sum(X)",
    "vec(A x x')": "vec(A x x')",
    "(X ⊗ A) vec(A)": "vec(A^2 X')",
    "vec(ones(m, n))": "ones(m*n)",
    "vec(zeros(m, n)) + g": "g",
    "vec(eye(n))": "vec(eye(n))",
    "vec(S)": "vec(S)",
    "vec(A - A')": "vec(A - A')",
    "reshape(vec(X) + vec(Y), n, m)": "X' + Y'",
}


@pytest.mark.parametrize(("program", "wanted"), WRITTEN.items())
def test_regrouped_as_it_is_written(program: str, wanted: str) -> None:
    assert written_again(program, SHAPES)[0] == wanted
