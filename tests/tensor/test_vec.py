"""Derivatives of matrices by matrices, between vec() and vec(): vec(dF) = J vec(dX).

What is printed is compared with the definition, on numbers: of every product of a few matrices, of
Kronecker products in every order, and of contractions that no expression was written for.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations
from itertools import product as choices
from typing import Any, Final

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.check import evaluate
from matcalc.dims import named
from matcalc.emit.text import text
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.tensor.canonical import contract, group, split
from matcalc.tensor.kronecker import kronecker
from matcalc.tensor.leaves import delta
from matcalc.tensor.lift import Lift
from matcalc.tensor.nodes import Group, Tensor
from matcalc.tensor.permutations import swaps
from tests.tensor.problems import lowering

SIZES: Final = {"m": 2, "n": 3, "p": 4, "q": 2, "k": 3, "l": 2}
SHAPES: Final = {"X": "m×n", "A": "k×m", "B": "n×p", "C": "n×m", "D": "m×n", "S": "m×m", "w": "m"}
RNG: Final = np.random.default_rng(1)


def drawn(shape: str) -> Any:
    return RNG.normal(size=tuple(SIZES[dim] for dim in shape.split("×")))


POINT: Final = {name: drawn(shape) for name, shape in SHAPES.items()}


def value(program: str, point: dict[str, Any]) -> Any:
    return evaluate(parse(program, SHAPES).node, point, SIZES)


def vec(array: Any) -> Any:
    return np.asarray(array).ravel(order="F")


def change(program: str, way: Any, h: float = 0.5) -> Any:
    """dF along a direction of X: exact for polynomials of degree 4 and less."""

    def at(step: float) -> Any:
        return value(program, POINT | {"X": POINT["X"] + step * way})

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


def check_definition(program: str, h: float = 0.5, tolerance: float = 1e-9) -> None:
    """vec(dF) = J vec(dX) for the J that is printed, along random directions; in the other layout
    it is the transpose."""
    printed = str(derive(program, "X", shapes=SHAPES))
    jacobian = value(printed, POINT)
    assert jacobian.ndim == 2, f"{program}: {printed}"
    turned = str(derive(program, "X", shapes=SHAPES, layout="denominator"))
    np.testing.assert_allclose(value(turned, POINT), jacobian.T, 1e-9, 1e-12, err_msg=turned)
    for way in (drawn(SHAPES["X"]), drawn(SHAPES["X"])):
        wanted = vec(change(program, way, h))
        scale = max(1.0, float(np.abs(wanted).max()))
        error = np.abs(jacobian @ vec(way) - wanted).max()
        assert error <= tolerance * scale, f"{program}: {printed}"


FACTORS: Final = {
    "X": "mn", "X'": "nm", "A": "km", "A'": "mk", "B": "np", "B'": "pn", "C": "nm", "C'": "mn",
}  # fmt: skip


def products(length: int) -> Iterator[str]:
    """The products of so many factors that fit, with X in one or two of them."""
    for names in choices(FACTORS, repeat=length):
        shapes = [FACTORS[name] for name in names]
        fit = all(a[1] == b[0] for a, b in pairwise(shapes))
        if fit and 1 <= sum(name[0] == "X" for name in names) <= 2:
            yield " ".join(names)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_products(length: int) -> None:
    found = list(products(length))
    assert len(found) == [2, 10, 30, 76][length - 1]
    for program in found:
        check_definition(program)


KRONECKER: Final = [
    *permutations(("A", "X")),
    *permutations(("B", "X'")),
    *permutations(("w", "X")),
    *permutations(("w'", "X")),
    *permutations(("X", "X")),
    *permutations(("X", "X'")),
    *permutations(("A", "B", "X")),
    *permutations(("w", "S", "X'")),
    *permutations(("A", "(A X B)")),
    *permutations(("(A X)", "(X B)")),
    *permutations(("(A X)", "B", "w")),
    *permutations(("X", "w'", "X'")),
    *permutations(("A", "w", "X", "C")),
    *permutations(("(A + w')", "X")),
    *permutations(("(B + ones(n) e(0, p)')", "cumsum(X', axis=0)")),
]


@pytest.mark.parametrize("parts", KRONECKER, ids=" ⊗ ".join)
def test_kronecker_products(parts: Sequence[str]) -> None:
    check_definition(" ⊗ ".join(parts))


OTHERS: Final = [
    "D ⊙ X",
    "D ⊙ X ⊙ X",
    "A (D ⊙ X) B",
    "(A X) ⊙ (A D)",
    "(X C) ⊙ (S X C)",
    "diag(w) X B",
    "A diag(w) X",
    "X C diag(w) X",
    "w w' X",
    "X + 2 C' - S X",
    "(A X)' - C X B B' C A'",
    "X' S X + (X' S X)'",
    "tr(C X) X",
    "(w' X C w) D",
    "w (w' X)",
    "S ⊗ X + X ⊗ S",
    "A X ⊗ w - w ⊗ (A X)",
    "vec(X) w'",
    "(S ⊗ w) X",
    "(X ⊗ w) B",
]


@pytest.mark.parametrize("program", OTHERS)
def test_sums_and_element_wise_products(program: str) -> None:
    check_definition(program)


RATIONAL: Final = ["inv(X C)", "A inv(S + X C) X", "D / sum(X)", "X / norm(X)", "X C ⊗ inv(X C)"]


@pytest.mark.parametrize("program", RATIONAL)
def test_what_is_no_polynomial(program: str) -> None:
    check_definition(program, h=1e-3, tolerance=1e-6)


# --- ladders: contractions of four axes, two for the rows and two for the columns

LABELS: Final = "ijklab"
"""i, j: the slow and the fast axis of the rows; k, l: of the columns; a, b: summed."""

LENGTHS: Final = dict(zip(LABELS, "mnpqkl", strict=True))

WRITTEN: Final = [
    ("ik jl", "A ⊗ B"),
    ("ki lj", "A' ⊗ B'"),
    ("il jk", "(A ⊗ B) commutation(q, p)"),
    ("ij kl", "vec(A') vec(B')'"),
    ("ji ik jl", "diag(vec(A)) (B ⊗ C)"),
    ("ik jl lk", "(A ⊗ B) diag(vec(C))"),
    ("aj ia ak jl", "(B ⊗ eye(n)) diag(vec(A')) (C ⊗ D)"),
    ("ia ak jl", "(A B) ⊗ C"),
    ("i j k l", "(a c') ⊗ (b d')"),
    ("ia a jl k", "(A b d') ⊗ C"),
    ("=ik jl", "eye(m) ⊗ A"),
    ("=il jk", "(eye(m) ⊗ A) commutation(m, p)"),
    ("=ik aj ia al", "(eye(m) ⊗ A') diag(vec(B')) (eye(m) ⊗ C)"),
    ("ji =ik =jl", "diag(vec(A))"),
    ("=ik =jl", "eye(m*n)"),
    ("=il =jk", "commutation(m, n)"),
    ("aj ak al jl", "(ones(m, k) ⊗ eye(n)) diag(vec(A')) (eye(k) ⊗ D) diag(vec(C')) (B ⊗ eye(q))"),
    ("ijkl", "A"),
    ("jikl", "commutation(m, n) A"),
    ("klij", "A'"),
    ("ijlk", "A commutation(q, p)"),
    ("ijab abkl", "A B"),
    ("ijab klab", "A B'"),
    ("abij abkl", "A' B"),
    ("jiab abkl", "commutation(m, n) A B"),
    ("ijab bakl", "A commutation(k, l) B"),
    ("ijab abkl a b", "A (diag(c) ⊗ diag(d)) B"),
    ("ijab abkl ab", "A diag(vec(C')) B"),
    ("ijab abkl ba", "A diag(vec(C)) B"),
    ("ijab ak bl", "A (B ⊗ C)"),
    ("ijab al bk", "A commutation(k, l) (C ⊗ B)"),
    ("ia jb abkl", "(A ⊗ B) C"),
    ("ja ib abkl", "(B ⊗ A) commutation(l, k) C"),
    ("ia jb abkl ji", "diag(vec(D)) (A ⊗ B) C"),
    ("ij ijab abkl kl", "diag(vec(A')) B C diag(vec(D'))"),
]


def ladder_of(factors: str) -> tuple[Tensor, Any, dict[str, Any]]:
    """The contraction of factors on these labels, its value as a matrix, and those of the factors;
    `=ik` is an identity, so that i and k are of one length; four labels are a matrix whose rows and
    columns were split."""
    words, letters = factors.split(), iter("ABCDEFGH")
    lengths = LENGTHS | {word[2]: LENGTHS[word[1]] for word in words if word[0] == "="}
    dims = {place: named(lengths[label]) for place, label in enumerate(LABELS)}
    operands, point = [], dict[str, Any]()
    arrays: list[Any] = [np.ones(SIZES[lengths[label]]) for label in LABELS[:4]]
    for word in words:
        labels = tuple(LABELS.index(x) for x in word.lstrip("="))
        sizes = tuple(SIZES[lengths[x]] for x in word.lstrip("="))
        if word[0] == "=":
            operands.append((delta(dims[labels[0]]), labels))
            arrays.append(np.eye(sizes[0]))
        else:
            name = next(letters)
            name = name.lower() if len(labels) == 1 else name
            axes = tuple(dims[x] for x in labels)
            whole = (axes[0] * axes[1], axes[2] * axes[3]) if len(axes) == 4 else axes
            t = lowering()(build.symbol(name, Shape(whole)))
            operands.append((t if whole == axes else split(t, (2, 2), axes), labels))
            array = RNG.normal(size=sizes)
            point[name] = array.reshape(sizes[0] * sizes[1], -1) if len(sizes) == 4 else array
            arrays.append(array)
    inputs = ",".join([*LABELS[:4], *(word.lstrip("=") for word in words)])
    entries = np.einsum(f"{inputs}->ijkl", *arrays)
    made = group(contract(operands, (0, 1, 2, 3), dims), (2, 2))
    rows = entries.shape[0] * entries.shape[1]
    return made, entries.reshape(rows, -1), point


def written(factors: str) -> Expr | None:
    """The matrix that a contraction is, compared with it on numbers."""
    tensor, wanted, point = ladder_of(factors)
    made = kronecker(Lift(), tensor) if isinstance(tensor, Group) else Lift()(tensor)
    if made is not None:
        got = evaluate(made, point, SIZES)
        np.testing.assert_allclose(got, wanted, 1e-9, 1e-9, err_msg=f"{factors}: {text(made)}")
    return made


@pytest.mark.parametrize(("factors", "wanted"), WRITTEN)
def test_ladders_as_they_are_written(factors: str, wanted: str) -> None:
    made = written(factors)
    assert made is not None and text(made) == wanted


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_random_ladders(count: int) -> None:
    """Of matrices and vectors on any labels nothing is left without a form, and each is right."""
    pick = random.Random(count)
    for _ in range(60):
        words = ["".join(pick.sample(LABELS, pick.choice([1, 2, 2, 2]))) for _ in range(count)]
        assert written(" ".join(words)) is not None, words


@pytest.mark.parametrize("count", [1, 2, 3])
def test_random_ladders_beside_matrices_whose_axes_were_split(count: int) -> None:
    pick = random.Random(count + 50)
    found = 0
    for _ in range(60):
        pairs = [("ij", "ab"), ("ab", "kl")] if pick.random() < 0.5 else [("ij", "kl")]
        words = [
            "".join("".join(pick.sample(x, 2)) for x in pick.sample(pair, 2)) for pair in pairs
        ]
        words += ["".join(pick.sample("ijklab", pick.choice([1, 2]))) for _ in range(count)]
        found += written(" ".join(words)) is not None
    assert found > 15


def test_the_order_of_the_factors_does_not_matter() -> None:
    for factors, _ in WRITTEN:
        for order in permutations(factors.split()):
            assert written(" ".join(order)) is not None


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_blocks_are_exchanged_until_the_axes_are_in_order(count: int) -> None:
    wanted = tuple(range(count))
    for given in permutations(wanted):
        found = swaps(given, wanted)
        assert found is not None or count > 4
        for before, first, second, after in found or ():
            assert given == (*before, *first, *second, *after)
            given = (*before, *second, *first, *after)
        assert given == wanted or found is None
    assert swaps(wanted, wanted) == []
    if count == 5:  # blocks are moved whole
        assert swaps((0, 1, 2, 3, 4), (1, 2, 0, 4, 3)) == [
            ((), (0,), (1, 2), (3, 4)),
            ((1, 2, 0), (3,), (4,), ()),
        ]
    assert len(swaps((1, 0), (0, 1)) or ()) == 1
