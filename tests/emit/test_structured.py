"""Structured results: of what kind they are, and each against the array of the default mode."""

from __future__ import annotations

import tracemalloc
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcalc import derive
from matcalc.emit.numpy import compile_function, size_keywords
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import free_symbols
from matcalc.language import parse_program
from matcalc.operators import Operator
from matcalc.pipeline import leaves_of
from tests.cases import check_cases
from tests.emit.programs import CASES
from tests.emit.test_random import SHAPES, SIZES, expressions

DIMS: Final = {"m": 3, "n": 4, "r": 2, "k": 5, "p": 3, "q": 2, "N": 6}

UV: Final = {"U": "m×r", "V": "n×r", "T": "m×n"}
NETWORK: Final = {"W": "k×n", "x": "n", "V": "m×k", "b": "k", "y": "m"}

# program, by what, kind, declarations, what the result is
WHAT: Final[list[tuple[str, str, str, dict[str, str], str]]] = [
    ("tanh(x)", "x", "jacobian", {"x": "n"}, "Diagonal"),
    ("relu(x)", "x", "jacobian", {"x": "n"}, "Diagonal"),
    ("x", "x", "jacobian", {"x": "n"}, "Identity"),
    ("a x' + X", "x", "jacobian", {"a": "m", "x": "n", "X": "m×n"}, "Kronecker"),
    ("A relu(B x)", "x", "jacobian", {"A": "m×k", "B": "k×n", "x": "n"}, "Product"),
    ("A softmax(B x)", "x", "jacobian", {"A": "m×k", "B": "k×n", "x": "n"}, "Product"),
    ("tanh(B x)", "x", "jacobian", {"B": "k×n", "x": "n"}, "Product"),
    ("softmax(x)", "x", "jacobian", {"x": "n"}, "Sum"),
    ("layernorm(x)", "x", "jacobian", {"x": "n"}, "Sum"),
    ("x / norm(x)", "x", "jacobian", {"x": "n"}, "Sum"),
    ("diag(X u) B x + x", "x", "jacobian", {"X": "m×k", "u": "k", "B": "m×m", "x": "m"}, "Sum"),
    ("(A + a b') tanh(x)", "x", "jacobian", {"A": "n×n", "a": "n", "b": "n", "x": "n"}, "Product"),
    ("S^-1 b", "b", "jacobian", {"S": "n×n spd", "b": "n"}, "Inverse"),
    ("(diag(a.^2) + b b')^-1 x", "x", "jacobian", {"a": "n", "b": "n", "x": "n"}, "Inverse"),
    ("[x·x, a·x]", "x", "jacobian", {"a": "n", "x": "n"}, "Dense"),
    ("vstack(A x, tanh(x))", "x", "jacobian", {"A": "m×n", "x": "n"}, "Dense"),
    ("X'", "X", "jacobian", {"X": "m×n"}, "Commutation"),
    ("3 X'", "X", "jacobian", {"X": "m×n"}, "Product"),
    ("tanh(X)", "X", "jacobian", {"X": "m×n"}, "Diagonal"),
    ("X w", "X", "jacobian", {"X": "m×n", "w": "n"}, "Kronecker"),
    ("A X B", "X", "jacobian", {"A": "m×n", "X": "n×p", "B": "p×q"}, "Kronecker"),
    ("X X'", "X", "jacobian", {"X": "m×n"}, "Product"),
    ("X diag(s) X'", "X", "jacobian", {"X": "m×n", "s": "n"}, "Product"),
    ("X^-1", "X", "jacobian", {"X": "n×n"}, "Product"),
    ("softmax(X, axis=1)", "X", "jacobian", {"X": "m×n"}, "Product"),
    ("kron(A, X)", "X", "jacobian", {"A": "m×n", "X": "q×r"}, "Product"),
    ("diag(x)", "x", "jacobian", {"x": "n"}, "Product"),
    ("t A", "t", "jacobian", {"t": "R", "A": "m×n"}, "Dense"),
    ("t T", "t", "jacobian", {"t": "R", "T": "m×n×n"}, "Dense"),
    ("x t", "t", "jacobian", {"t": "R", "x": "n"}, "ndarray"),
    ("x' A^-1 x", "A", "gradient", {"A": "n×n", "x": "n"}, "LowRank"),
    ("tr(A X B)", "X", "gradient", {"A": "q×n", "X": "n×p", "B": "p×q"}, "Product"),
    ("norm(X w)^2", "w", "gradient", {"X": "m×n", "w": "n"}, "ndarray"),
    ("x' A x", "x", "hessian", {"A": "n×n", "x": "n"}, "Dense"),
    ("x' S^-1 x", "x", "hessian", {"S": "n×n spd", "x": "n"}, "Product"),
    ("logsumexp(x)", "x", "hessian", {"x": "n"}, "Sum"),
    ("prod(x)", "x", "hessian", {"x": "n"}, "Sum"),
    ("sum(exp(x)) + (a·x)^2", "x", "hessian", {"a": "n", "x": "n"}, "Sum"),
    ("sum(exp(x)) + x' A' diag(s) A x", "x", "hessian", {"A": "m×n", "s": "m", "x": "n"}, "Sum"),
    ("sum(log(1 + exp(X w))) + λ/2 norm(w)^2", "w", "hessian", {"X": "m×n", "w": "n", "λ": "R"},
        "Sum"),
    ("x' A y + sum(exp(x))", "x, y", "hessian", {"A": "m×n", "x": "m", "y": "n"},
        "Diagonal Dense Dense LowRank"),
    ("sum(exp(X))", "X", "hessian", {"X": "m×n"}, "Diagonal"),
    ("logdet(X)", "X", "hessian", {"X": "n×n"}, "Product"),
    ("logdet(X' X)", "X", "hessian", {"X": "k×n"}, "Sum"),
    ("tr(X' A X B)", "X", "hessian", {"X": "m×n", "A": "m×m", "B": "n×n"}, "Sum"),
    ("norm(U V' - T)^2", "U", "hessian", UV, "Kronecker"),
    ("norm(U V' - T)^2", "U, V", "hessian", UV, "Kronecker Sum Sum Kronecker"),
    ("norm(M ⊙ (U V' - T))^2", "U", "hessian", UV | {"M": "m×n"}, "BlockDiagonal"),
    ("norm(M ⊙ (U V' - T))^2", "V", "hessian", UV | {"M": "m×n"}, "BlockDiagonal"),
    ("norm(M ⊙ (U V' - T))^2 + λ norm(U)^2", "U", "hessian", UV | {"M": "m×n", "λ": "R"}, "Sum"),
    ("norm(U V' - T)^2 + λ norm(U)^2", "U", "hessian", UV | {"λ": "R"}, "Kronecker"),
    ("sum(exp(X A))", "X", "hessian", {"X": "m×n", "A": "n×p"}, "BlockDiagonal"),
    ("sum(exp(A X))", "X", "hessian", {"A": "p×m", "X": "m×n"}, "BlockDiagonal"),
    ("sum(Y ⊙ exp(-A X))", "X", "hessian", {"A": "p×m", "X": "m×n", "Y": "p×n"}, "BlockDiagonal"),
    ("h = tanh(W x + b); norm(V h - y)^2", "W", "hessian", NETWORK, "Kronecker"),
    ("h = tanh(W x + b); -sum(y ⊙ log_softmax(V h))", "W", "hessian", NETWORK, "Kronecker"),
    ("H = tanh(X W'); norm(H V' - Y)^2", "W", "hessian",
        {"W": "k×n", "X": "N×n", "V": "m×k", "Y": "N×m"}, "Product"),
]  # fmt: skip


def sample(shape: str, rng: np.random.Generator) -> Any:
    """A random array of a declared shape."""
    size, *properties = shape.split()
    dims = () if size == "R" else tuple(DIMS[name] for name in size.split("×"))
    array = rng.standard_normal(dims)
    return array @ array.T + np.eye(len(array)) if "spd" in properties else array


def agree(found: Any, array: Any) -> str:
    """Compare a result with the array of the default mode; of what kind it is."""
    scale = max(1.0, float(np.max(np.abs(array), initial=0)))

    def close(one: Any, other: Any) -> None:
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9 * scale)

    if not isinstance(found, Operator):
        close(found, array)
        return type(found).__name__
    matrix = array.reshape(found.shape, order="F")
    rng = np.random.default_rng(1)
    x, Y = rng.standard_normal(found.shape[1]), rng.standard_normal((found.shape[0], 2))
    pairs = [
        (found.toarray(), matrix), (found @ x, matrix @ x), (found.T @ Y, matrix.T @ Y),
        (found.diagonal(), np.diagonal(matrix)),
    ]  # fmt: skip
    for one, other in pairs:
        close(one, other)
        assert one.dtype == found.dtype == array.dtype
    solved(found, matrix)
    return type(found).__name__


# with a solution of systems by structure
SOLVED: Final = {
    "norm(M ⊙ (U V' - T))^2", "norm(U V' - T)^2", "norm(M ⊙ (U V' - T))^2 + λ norm(U)^2",
    "norm(U V' - T)^2 + λ norm(U)^2", "sum(exp(x)) + (a·x)^2", "tanh(x)", "X^-1", "logdet(X)",
    "sum(log(1 + exp(X w))) + λ/2 norm(w)^2", "diag(X u) B x + x", "x' S^-1 x", "X'",
}  # fmt: skip


def solved(found: Operator, matrix: Any) -> bool:
    """Whether the structure gives the solution of a system; if it does, it is one."""
    b = np.linspace(1, 2, len(matrix))
    try:
        x = found.solve(b)
    except np.linalg.LinAlgError:
        return False
    size = np.linalg.norm(matrix) * np.linalg.norm(x) + np.linalg.norm(b)
    assert np.linalg.norm(matrix @ x - b) <= 1e-7 * size
    return True


@pytest.mark.parametrize(("text", "wrt", "kind", "shapes", "kinds"), WHAT)
def test_structure(text: str, wrt: str, kind: str, shapes: dict[str, str], kinds: str) -> None:
    d = derive(text, wrt, kind=kind, shapes=shapes)
    rng = np.random.default_rng(0)
    given = {name: sample(shapes[name], rng) for name in d.inputs}
    found, arrays = d.function(structured=True)(**given), d.function()(**given)
    pairs = zip(leaves_of(found), leaves_of(arrays), strict=True)
    assert [agree(one, array) for one, array in pairs] == kinds.split()
    if text in SOLVED and isinstance(found, Operator):
        assert solved(found, found.toarray())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case(case: Any) -> None:
    d = derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes, layout=case.layout)
    if not any(matrix.rows for matrix in leaves_of(d.solved.matrices)):
        return
    functions = check_cases.standins(case, check_cases.NUMPY) or None
    inputs, _ = check_cases.sampled(case, 0)
    found = d.function(structured=True, functions=functions)(**inputs)
    arrays = d.function(functions=functions)(**inputs)
    for one, array in zip(leaves_of(found), leaves_of(arrays), strict=True):
        agree(one, array)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_matrices(data: st.DataObject) -> None:
    shape = SHAPES[data.draw(st.sampled_from(["A", "X"]))]
    expr = data.draw(expressions(shape, 4))
    inputs = list(free_symbols(expr).values())
    rng = np.random.default_rng(0)
    arrays = {s.name: rng.standard_normal([SIZES[str(d)] for d in s.shape.dims]) for s in inputs}
    if "P" in arrays:
        arrays["P"] = arrays["P"] @ arrays["P"].T + np.eye(SIZES["n"])
    if "L" in arrays:
        arrays["L"] = np.tril(arrays["L"])
    sizes = dict(SIZES)
    plain = compile_function("f", [expr], inputs, single=True)
    kept = compile_function("f", [AsMatrix(expr, expr, 1)], inputs, single=True)
    needed = {n: sizes[n] for n in size_keywords([expr], inputs)}
    also = {n: sizes[n] for n in size_keywords([AsMatrix(expr, expr, 1)], inputs)}
    with np.errstate(all="ignore"):
        agree(kept(**arrays, **also), plain(**arrays, **needed))


EXPANDED: Final = [
    "X + ((ones(n, m) + x) s)'", "(ones(m, n) + x') + X", "X - y + s", "X (ones(n, n) - x)'",
    "s ones(m, n)", "-(ones(m, n) + y)",
]  # fmt: skip


@pytest.mark.parametrize("text", EXPANDED)
def test_equal_rows_and_columns_are_of_rank_one(text: str) -> None:
    shapes = {"X": "m×n", "x": "n", "y": "m", "s": "R"}
    program = parse_program(text, shapes)
    expr, inputs = program.expression, list(program.variables.values())
    rng = np.random.default_rng(0)
    sizes = {"m": 3, "n": 4}
    given: dict[str, Any] = {s.name: sample(shapes[s.name], rng) for s in inputs}
    plain = compile_function("f", [expr], inputs, single=True)
    kept = compile_function("f", [AsMatrix(expr, expr, 1)], inputs, single=True)
    given |= {name: sizes[name] for name in size_keywords([expr], inputs)}
    agree(kept(**given), plain(**given))


# --- memory: no array of the size of the matrix

LARGE: Final[list[tuple[str, str, str, dict[str, str], dict[str, int]]]] = [
    ("tanh(x)", "x", "jacobian", {"x": "n"}, {"n": 100_000}),
    ("softmax(x)", "x", "jacobian", {"x": "n"}, {"n": 100_000}),
    ("layernorm(x)", "x", "jacobian", {"x": "n"}, {"n": 100_000}),
    ("sum(exp(x)) + (a·x)^2", "x", "hessian", {"a": "n", "x": "n"}, {"n": 100_000}),
    ("A relu(B x)", "x", "jacobian", {"A": "m×k", "B": "k×n", "x": "n"},
        {"m": 3000, "k": 10, "n": 3000}),
    ("norm(U V' - T)^2", "U", "hessian", UV, {"m": 20_000, "n": 50, "r": 5}),
    ("h = tanh(W x + b); norm(V h - y)^2", "W", "hessian", NETWORK, {"k": 60, "n": 60, "m": 60}),
    ("A X B", "X", "jacobian", {"A": "m×n", "X": "n×p", "B": "p×q"},
        {"m": 60, "n": 60, "p": 60, "q": 60}),
    ("x' diag(a) x + (a·x)^2", "x", "hessian", {"a": "n", "x": "n"}, {"n": 3000}),
    ("tanh(X)", "X", "jacobian", {"X": "m×n"}, {"m": 300, "n": 300}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "kind", "shapes", "sizes"), LARGE)
def test_the_matrix_is_never_made(
    text: str, wrt: str, kind: str, shapes: dict[str, str], sizes: dict[str, int]
) -> None:
    d = derive(text, wrt, kind=kind, shapes=shapes)
    f = d.function(structured=True)
    rng = np.random.default_rng(0)
    dims = {name: tuple(sizes[n] for n in shapes[name].split("×")) for name in d.inputs}
    given = {name: rng.standard_normal(shape) for name, shape in dims.items()}
    tracemalloc.start()
    try:
        found = f(**given)
        y = found @ np.ones(found.shape[1])
        assert np.all(np.isfinite(found.T @ y)) and np.all(np.isfinite(found.diagonal()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    entries = found.shape[0] * found.shape[1]
    assert entries >= 3000**2 and peak < 8 * entries / 20
    assert peak < 200e6


# --- source

SOURCES: Final[list[tuple[str, str, str, dict[str, str], str]]] = [
    ("norm(U V' - T)^2", "U", "hessian", UV, """\
from matcalc.operators import Identity, Kronecker


def hessian(U, V, T):
    \"""The Hessian of norm(U V' - T)^2 by U:

        2 ((V' V) ⊗ eye(m))

    Takes U: array (m, r); V: array (n, r); T: array (m, n).
    Returns operator (m*r, m*r) between vectors of stacked columns, X.ravel(order="F").
    \"""
    m = U.shape[0]
    return Kronecker(2 * (V.T @ V), Identity(m))
"""),
    ("softmax(x)", "x", "jacobian", {"x": "n"}, """\
import numpy as np
from matcalc.operators import Diagonal, LowRank, Sum


def jacobian(x):
    \"""The Jacobian of softmax(x) by x:

        diag(softmax(x)) - softmax(x) softmax(x)'

    Takes x: array (n,).
    Returns operator (n, n).
    \"""
    t1 = np.exp(x - np.max(x))
    t2 = t1 / np.sum(t1)
    return Sum(Diagonal(t2), LowRank(t2, t2, -1))
"""),
    ("A relu(B x)", "x", "jacobian", {"A": "m×k", "B": "k×n", "x": "n"}, """\
from matcalc.operators import Diagonal, Product


def jacobian(A, B, x):
    \"""The Jacobian of A relu(B x) by x:

        A diag(B x > 0) B

    Takes A: array (m, k); B: array (k, n); x: array (n,).
    Returns operator (m, n).
    \"""
    return Product(A, Diagonal(B @ x > 0), B)
"""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "kind", "shapes", "source"), SOURCES)
def test_source(text: str, wrt: str, kind: str, shapes: dict[str, str], source: str) -> None:
    d = derive(text, wrt, kind=kind, shapes=shapes)
    assert d.code(structured=True) == source


def test_names_of_the_classes_stay_free() -> None:
    d = derive("Sum tanh(Diagonal)", "Diagonal", shapes={"Sum": "m×n", "Diagonal": "n"})
    found = d.function(structured=True)(np.ones((2, 3)), np.zeros(3))
    np.testing.assert_array_equal(found.toarray(), np.ones((2, 3)))


def test_value_beside_an_operator() -> None:
    d = derive("sum(exp(x))", "x", kind="hessian", shapes={"x": "n"})
    value, found = d.function(value=True, structured=True)(np.zeros(4))
    assert value == 4 and isinstance(found, Operator)


def test_single_precision_stays() -> None:
    for text, wrt, kind, shapes, _ in WHAT:
        d = derive(text, wrt, kind=kind, shapes=shapes)
        rng = np.random.default_rng(0)
        given = {name: np.float32(sample(shapes[name], rng)) for name in d.inputs}
        for found in leaves_of(d.function(structured=True)(**given)):
            assert found.dtype == np.float32, text
