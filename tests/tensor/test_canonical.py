"""The canonical form: equal tensors are one object, however they were put together."""

from __future__ import annotations

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import permutations, product
from typing import cast

import pytest

from matcalc import derive
from matcalc.check.elementwise import ELEMENTWISE
from matcalc.dims import ONE, ZERO, named, number
from matcalc.errors import LimitError
from matcalc.tensor.canonical import (
    UNIT,
    add,
    apply_map,
    as_constant,
    constant,
    contract,
    delta,
    embed,
    group,
    is_symmetric,
    is_zero,
    mask,
    one_hot,
    opaque,
    power,
    size,
    transpose,
    vech_basis,
    zeros,
)
from matcalc.tensor.nodes import Atom, Contract, Map, Sum, Tensor, intern, postorder
from matcalc.tensor.traits import AT_ONE, AT_ZERO, DEGREE, EVEN, ODD
from tests.tensor.validator import validate

N, M = named("n"), named("m")


def atom(name: str, *dims: str, properties: str = "") -> Tensor:
    return intern(Atom, tuple(named(d) for d in dims), name, frozenset(properties.split()))


A, B, C = (atom(name, "n", "n") for name in "ABC")
X = atom("X", "m", "n")
S = atom("S", "n", "n", properties="symmetric")
DIAGONAL = atom("D", "n", "n", properties="diagonal")
x, y = atom("x", "n"), atom("y", "n")
s, t = atom("s"), atom("t")

BASIS = vech_basis((N * N + N).scaled(Fraction(1, 2)), N)

NETWORKS = {
    "chain": ([(A, "ij"), (B, "jk"), (C, "kl")], "il"),
    "quadratic form": ([(x, "i"), (A, "ij"), (y, "j")], ""),
    "equal factors": ([(A, "ij"), (A, "jk"), (A, "kl")], "il"),
    "ring of equal factors": ([(A, "ij"), (A, "jk"), (A, "kl"), (A, "li")], ""),
    "Gram": ([(X, "ki"), (X, "kj")], "ij"),
    "symmetric ring": ([(S, "ij"), (S, "jk"), (S, "ki")], ""),
    "symmetric and others": ([(S, "ij"), (A, "jk"), (S, "kl"), (x, "l")], "i"),
    "element-wise": ([(A, "ij"), (B, "ij"), (x, "i"), (y, "j")], "ij"),
    "outer": ([(x, "i"), (x, "j"), (x, "k")], "ijk"),
    "star": ([(A, "ij"), (B, "ik"), (C, "il"), (x, "j"), (x, "k"), (y, "l")], "i"),
    "scalars apart": ([(x, "i"), (y, "i"), (A, "jk"), (x, "k")], "j"),
    "triangles": ([(BASIS, "kij"), (BASIS, "lpq"), (BASIS, "lrs"), (A, "pr")], "kijqs"),
    "two Grams": ([(X, "ki"), (X, "kj"), (X, "li"), (X, "lj")], ""),
}
networks = pytest.mark.parametrize("name", list(NETWORKS))


@networks
def test_names_of_indices_do_not_matter(name: str) -> None:
    factors, out = NETWORKS[name]
    first = contract(factors, out)
    validate(first)
    letters = sorted({label for _, labels in factors for label in labels})
    rng = random.Random(0)
    for _ in range(10):
        fresh = dict(zip(letters, rng.sample(range(100), len(letters)), strict=True))
        again = [(f, [fresh[label] for label in labels]) for f, labels in factors]
        assert contract(again, [fresh[label] for label in out]) is first


@networks
def test_the_order_of_factors_does_not_matter(name: str) -> None:
    factors, out = NETWORKS[name]
    first = contract(factors, out)
    for order in list(permutations(factors))[:120]:
        assert contract(order, out) is first


@networks
def test_grouping_does_not_matter(name: str) -> None:
    factors, out = NETWORKS[name]
    first = contract(factors, out)
    for k in range(1, len(factors)):
        inside, outside = factors[:k], factors[k:]
        elsewhere = {label for _, labels in outside for label in labels} | set(out)
        kept = sorted({label for _, labels in inside for label in labels} & elsewhere)
        assert contract([(contract(inside, kept), kept), *outside], out) is first


def test_the_order_of_terms_does_not_matter() -> None:
    terms: list[tuple[int | Fraction, Tensor, tuple[int, ...]]]
    terms = [(1, A, (0, 1)), (-2, A, (1, 0)), (Fraction(1, 3), B, (0, 1)), (1, x, (0,)), (4, s, ())]
    first = add(terms, (N, N))
    validate(first)
    for order in permutations(terms):
        assert add(order, (N, N)) is first
    assert is_zero(add([*terms, (-1, first, (0, 1))], (N, N)))
    assert add([(1, first, (0, 1)), (1, first, (0, 1))], (N, N)) is add(
        [(2 * c, a, labels) for c, a, labels in terms], (N, N)
    )


def test_a_symmetric_matrix_is_its_transpose() -> None:
    assert transpose(S) is S
    assert transpose(transpose(A)) is A
    gram = contract([(X, "ki"), (X, "kj")], "ij")
    assert is_symmetric(gram)
    assert transpose(gram) is gram
    assert contract([(S, "ij"), (A, "jk")], "ik") is contract([(S, "ji"), (A, "jk")], "ik")
    both = add([(1, A, (0, 1)), (1, A, (1, 0))], (N, N))
    assert transpose(both) is both
    assert not is_symmetric(A)


def test_a_ring_of_symmetric_matrices_is_read_either_way() -> None:
    ring = [(S, "ij"), (atom("P", "n", "n", properties="spd"), "jk"), (DIAGONAL, "ki")]
    first = contract(ring, "")
    for turned in product((False, True), repeat=3):
        again = [(f, x[::-1] if t else x) for (f, x), t in zip(ring, turned, strict=True)]
        for order in permutations(again):
            assert contract(order, "") is first


def test_a_long_product_alone_is_opened() -> None:
    """However many factors it has, the same factors are the same product."""
    many = [(atom(f"a{k}", "n"), "i") for k in range(40)]
    long = contract(many, "i")
    assert isinstance(long, Contract) and len(long.factors) == 40
    assert contract([(long, "i")], "i") is long
    assert contract([(long, "i")], "") is contract(many, "")
    assert contract([(long, "i"), (A, "ij")], "j") is contract([(A, "ij"), (long, "i")], "j")


def test_deltas_are_used_up() -> None:
    unit = delta(N)
    assert contract([(unit, "ij"), (A, "jk")], "ik") is A
    assert contract([(unit, "ij"), (unit, "jk"), (unit, "kl")], "il") is unit
    assert contract([(unit, "ij"), (x, "j"), (A, "ik")], "k") is contract(
        [(x, "i"), (A, "ik")], "k"
    )
    assert contract([(unit, "ij"), (A, "ij")], "") is contract([(A, "ii")], "")
    assert contract([(unit, "ii")], "") is size(N)
    assert contract([(unit, "ij")], "i") is constant(1, (N,))
    diagonal = contract([(x, "i")], "ii")
    assert diagonal is contract([(x, "i"), (unit, "ij")], "ij")
    assert diagonal is contract([(x, "j"), (unit, "ij")], "ij")
    assert contract([(diagonal, "ij"), (y, "j")], "i") is contract([(x, "i"), (y, "i")], "i")
    assert contract([(diagonal, "ii")], "i") is x
    for tensor in (diagonal, contract([(diagonal, "ij"), (A, "jk")], "ik")):
        validate(tensor)


def test_unit_vectors_and_parts_are_used_up() -> None:
    first, second = one_hot(0, N), one_hot(1, N)
    assert contract([(first, "i"), (first, "i")], "") is UNIT
    assert is_zero(contract([(first, "i"), (second, "i")], ""))
    whole, low, high = N + M, embed(N + M, N, named("n") - N), embed(N + M, M, N)
    stacked = add(
        [
            (1, contract([(low, "ij"), (x, "j")], "i"), (0,)),
            (1, contract([(high, "ij"), (atom("u", "m"), "j")], "i"), (0,)),
        ],
        (whole,),
    )
    validate(stacked)
    assert contract([(low, "ij"), (stacked, "i")], "j") is x
    assert contract([(high, "ij"), (stacked, "i")], "j") is atom("u", "m")
    squares = contract([(stacked, "i"), (stacked, "i")], "")
    assert squares is add(
        [(1, contract([(v, "i"), (v, "i")], ""), ()) for v in (x, atom("u", "m"))], ()
    )


def test_numbers() -> None:
    two = constant(2)
    assert contract([(two, ()), (A, "ij"), (constant(Fraction(1, 2)), ())], "ij") is A
    assert add([(1, s, ()), (-1, s, ())], ()) is zeros(())
    assert constant(Fraction(4, 2)) is two
    assert power(constant(Fraction(9, 4)), constant(Fraction(1, 2))) is constant(Fraction(3, 2))
    assert contract([(zeros((N, N)), "ij"), (A, "jk")], "ik") is zeros((N, N))
    assert contract([], "ij", {"i": N, "j": M}) is constant(1, (N, M))
    assert contract([(contract([], "i", {"i": N}), "i")], "") is size(N)
    assert size(ONE) is UNIT


def test_places_in_parts() -> None:
    """A unit vector of a whole, seen from its parts, and one of a part, seen from the whole."""
    five, two, three = number(5), number(2), number(3)
    for part, offset in ((two, 0), (three, 2), (two, 1)):
        where = embed(five, part, ZERO if not offset else number(offset))
        length = part.value or 0
        for i in range(5):
            seen = contract([(one_hot(i, five), "i"), (where, "ij")], "j")
            inside = offset <= i < offset + length
            assert seen is (one_hot(i - offset, part) if inside else zeros((part,)))
        for i in range(length):
            whole = contract([(where, "ij"), (one_hot(i, part), "j")], "i")
            assert whole is one_hot(i + offset, five)


def test_places_in_parts_whose_length_is_a_name() -> None:
    low, high = embed(N + M, N, ZERO), embed(N + M, M, N)
    first = one_hot(0, N + M)
    assert contract([(first, "i"), (low, "ij")], "j") is one_hot(0, N)
    assert is_zero(contract([(first, "i"), (high, "ij")], "j"))
    later = contract([(one_hot(1, N + M), "i"), (high, "ij")], "j")
    assert not is_zero(later), "n may be 1"
    third = embed(N + number(2), N, number(2))
    assert is_zero(contract([(one_hot(1, N + number(2)), "i"), (third, "ij")], "j"))
    assert contract([(third, "ij"), (one_hot(1, N), "j")], "i") is one_hot(3, N + number(2))
    after = contract([(one_hot(2, N + number(2)), "i"), (third, "ij")], "j")
    assert not is_zero(after) and (isinstance(after, Contract) or after is one_hot(0, N))


def test_parts_of_parts() -> None:
    whole = N + M + number(2)
    first, second = embed(whole, N + M, ZERO), embed(N + M, M, N)
    assert contract([(first, "ij"), (second, "jk")], "ik") is embed(whole, M, N)
    assert contract([(second, "ij"), (second, "ik")], "jk") is delta(M)
    assert is_zero(contract([(embed(N + M, N, ZERO), "ij"), (second, "ik")], "jk"))
    assert is_zero(contract([(second, "ij"), (embed(N + M, N, ZERO), "ik")], "jk"))
    low, high = embed(number(5), number(3), ZERO), embed(number(5), number(3), number(2))
    assert not is_zero(contract([(low, "ij"), (high, "ik")], "jk")), "they have a place in common"


def test_an_index_that_is_a_variable_is_the_same_place_only_as_itself() -> None:
    i, j = atom("i"), atom("j")
    assert contract([(one_hot(i, N), "k"), (one_hot(i, N), "k")], "") is UNIT
    apart = contract([(one_hot(i, N), "k"), (one_hot(j, N), "k")], "")
    assert apart is not UNIT and not is_zero(apart)
    assert not is_zero(contract([(one_hot(i, N), "k"), (one_hot(0, N), "k")], ""))


def test_two_triangles_are_all_ones_and_the_diagonal() -> None:
    low, high = mask((N, N), 0), mask((N, N), -1)
    both = [(2, low, (0, 1)), (2, low, (1, 0))]
    ones = [(2, UNIT, ()), (2, delta(N), (0, 1))]
    whole = (0, 1)
    assert add(both, (N, N)) is add(ones, (N, N))
    assert add([*both, (1, A, whole)], (N, N)) is add([*ones, (1, A, whole)], (N, N))
    for apart in (
        [(1, low, whole), (2, low, (1, 0))],
        [(1, high, whole), (1, high, (1, 0))],
        [(1, low, whole), (1, A, whole)],
    ):
        assert len(cast(Sum, add(apart, (N, N))).terms) == 2


@pytest.mark.parametrize("fn", [*AT_ZERO, *AT_ONE])
def test_whole_values_are_known(fn: str) -> None:
    for at, table in ((0, AT_ZERO), (1, AT_ONE)):
        if fn in table:
            made = apply_map(fn, [(constant(at), ())], ())
            assert as_constant(made) == table[fn] == ELEMENTWISE[fn](at)


@pytest.mark.parametrize("fn", sorted(ODD | EVEN | set(DEGREE)))
def test_numbers_leave_functions(fn: str) -> None:
    """f(-x) is f(x) or -f(x), and f(2 x) is f(x) or 2 f(x), as on numbers."""
    plain = apply_map(fn, [(x, (0,))], (N,))
    for c in (-1, 2, -3):
        turned = apply_map(fn, [(add([(c, x, (0,))], (N,)), (0,))], (N,))
        ratio = ELEMENTWISE[fn](0.3 * c) / ELEMENTWISE[fn](0.3)
        leaves = round(ratio) if c == -1 or fn in DEGREE else 0
        if leaves and ratio == pytest.approx(leaves) and not (fn == "relu" and c < 0):
            assert turned is add([(leaves, plain, (0,))], (N,))
        else:
            assert isinstance(turned, Map | Sum) and turned is not plain


def test_powers_collect() -> None:
    square = contract([(x, "i"), (x, "i")], "i")
    assert square is power(x, constant(2))
    assert contract([(square, "i"), (x, "i")], "i") is power(x, constant(3))
    assert contract([(square, "i"), (power(x, constant(-2)), "i")], "i") is constant(1, (N,))
    assert contract([(square, "i")], "") is contract([(x, "i"), (x, "i")], "")
    assert apply_map("pow", [(x, (0,)), (constant(1), ())], (N,)) is x


def test_a_power_too_long_to_write_is_refused_before_it_is_made() -> None:
    for base in (Fraction(2, 3), Fraction(1, 3), 3):
        for k in (10**9, -(10**9)):
            with pytest.raises(LimitError):
                power(constant(base), constant(k))


def test_a_number_that_all_terms_share_leaves() -> None:
    together = add([(2, x, (0,)), (4, y, (0,))], (N,))
    half = add([(1, x, (0,)), (2, y, (0,))], (N,))
    assert apply_map("abs", [(together, (0,))], (N,)) is add(
        [(2, apply_map("abs", [(half, (0,))], (N,)), (0,))], (N,)
    )
    apart = add([(2, x, (0,)), (3, y, (0,))], (N,))
    assert isinstance(apply_map("abs", [(apart, (0,))], (N,)), Map)


def test_a_broadcast_moves_outwards() -> None:
    wide = contract([(s, ())], "i", {"i": N})
    assert apply_map("exp", [(wide, (0,))], (N,)) is contract(
        [(apply_map("exp", [(s, ())], ()), ())], "i", {"i": N}
    )
    assert add([(1, wide, (0,)), (1, wide, (0,))], (N,)) is add([(2, s, ())], (N,))


# --- sharing


def test_repeated_squaring_stays_small() -> None:
    def node_count(depth: int) -> int:
        u = x
        for _ in range(depth):
            u = contract([(u, "i"), (u, "i")], "i")
        v = add([(1, x, (0,)), (1, y, (0,))], (N,))
        for _ in range(depth):
            v = add([(1, contract([(v, "i"), (v, "i")], "i"), (0,)), (1, x, (0,))], (N,))
        return len(postorder((u, v)))

    assert node_count(20) <= 2 * node_count(10)
    lines = ["u0 = x + y", *(f"u{k + 1} = u{k} ⊙ u{k} + x" for k in range(20)), "sum(u20)"]
    d = derive("\n".join(lines), "x", shapes={"x": "n", "y": "n"})  # within its limit
    assert len(postorder((d.solved.raw,))) < 400


def layers(depth: int) -> int:
    """How many nodes the gradient of so many dense layers has."""
    lines = ["h0 = x", *(f"h{k + 1} = tanh(W{k} h{k})" for k in range(depth)), f"sum(h{depth})"]
    shapes = {f"W{k}": "n×n" for k in range(depth)} | {"x": "n"}
    d = derive("\n".join(lines), "W0", shapes=shapes)
    return len(postorder((d.solved.raw,)))


def test_layers_grow_linearly() -> None:
    small, middle, large = (layers(depth) for depth in (50, 100, 200))
    assert large - middle == 2 * (middle - small)


# --- the same everywhere

PROGRAMS = (
    ("sum(softplus(X w + b)) + norm(w)^2 / 2", "w", "hessian"),
    ("logdet(A' S A + eye(n)) + tr(S B S A) where S: R^(n×n) symmetric", "A", "auto"),
    ("softmax(A x + B y) ⊙ tanh(x)", "x", "auto"),
    ("mean((y - max(0, X w + b))^2)", "w, b", "auto"),
)


def answers() -> list[str]:
    return [str(derive(text, wrt, kind=kind)) for text, wrt, kind in PROGRAMS]


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_hash_seeds_do_not_matter(seed: str) -> None:
    code = "from tests.tensor.test_canonical import answers; print(repr(answers()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == repr(answers())


def test_threads_do_not_matter() -> None:
    wanted = answers()
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(lambda _: answers(), range(24)):
            assert got == wanted


def test_an_order_of_work_does_not_matter() -> None:
    text, wrt, kind = PROGRAMS[1]
    first = derive(text, wrt, kind=kind)
    derive("tr(B S A S) + logdet(eye(n) + A' S A)", "S", shapes={"S": "R^(n×n) symmetric"})
    again = derive(text, wrt, kind=kind)
    assert again.solved.arrays is first.solved.arrays


def test_a_function_of_numbers_expanded_is_expanded_itself() -> None:
    """A number along an axis does not carry it: nothing that stands for the result would."""
    square = apply_map("pow", [(s, ()), (constant(2, (N,)), (0,))], (N,))
    assert apply_map("cos", [(square, (0,))], (N,)) is contract(
        [(apply_map("cos", [(power(s, constant(2)), ())], ()), "")], "i", {"i": N}
    )


def test_long_products_are_not_made_one() -> None:
    """What is shared stays shared where the whole would be long; a short product is flat."""
    parts = [intern(Atom, (N,), f"x{i}", frozenset()) for i in range(40)]
    first, second = (contract([(f, "i") for f in half], "i") for half in (parts[:20], parts[20:]))
    both = contract([(first, "i"), (second, "i")], "i")
    assert isinstance(both, Contract) and {t for t, _ in both.factors} == {first, second}
    longer = contract([(first, "i"), (parts[20], "i")], "i")
    assert isinstance(longer, Contract) and len(longer.factors) == 21


def test_nodes_are_described_for_people() -> None:
    deep: Tensor = x
    for _ in range(7):
        deep = apply_map("exp", [(deep, (0,))], (N,))
    for tensor, wanted in (
        (deep, "exp(exp(exp(exp(exp(…[i])[i])[i])[i])[i])"),
        (contract([(A, "ij"), (B, "jk")], "ik"), "{A[ik] B[kj] -> ij}"),
        (contract([(A, "ij"), (x, "j")], "i"), "{A[ij] x[j] -> i}"),
        (add([(1, x, (0,)), (-2, y, (0,))], (N,)), "(1 x[i] + -2 y[i])"),
        (delta(N), "δ"),
        (size(N), "n"),
        (one_hot(1, N), "e(1)"),
        (embed(N + M, M, N), "Embed(n)"),
        (mask((N, N), -1), "tril(-1)"),
        (apply_map("max", [(x, (0,)), (s, ())], (N,)), "max(x[i], s)"),
        (opaque("inv", [A], (N, N)), "inv<A>"),
        (group(A, (2,)), "Group(2,)<A>"),
    ):
        assert repr(tensor) == wanted
    assert isinstance(contract([(A, "ij"), (x, "j")], "i"), Contract)
    assert isinstance(add([(1, A, (0, 1)), (1, B, (0, 1))], (N, N)), Sum)
