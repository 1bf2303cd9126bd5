"""NumPy source: right on numbers, in the dtype of the inputs, and as a person would write it."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pytest

from matcalc import DerivationError, derive
from matcalc.dims import named
from matcalc.emit.numpy import compile_function, size_keywords, source
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Function, Shape
from matcalc.language import Program, parse_program
from tests.cases import check_cases
from tests.emit.programs import COMPUTED, Text, symbols

SHAPES = {
    "A": "(n, n)", "B": "(n, n)", "S": "R^(n×n) symmetric", "L": "R^(n×n) lower",
    "X": "(m, n)", "C": "(n, k)", "x": "n",
    "v": "n", "y": "m", "b": "R", "s": "R", "λ": "R", "i": "R", "f": "R -> R", "F": "R^n -> R^m",
}  # fmt: skip


def read(text: str) -> Program:
    """The program of a text: of the names above, those that occur in it are declared."""
    used = set(re.findall(r"\w+", text))
    return parse_program(text, {name: shape for name, shape in SHAPES.items() if name in used})


def body(text: str, **options: Any) -> str:
    """The statements emitted for a text, without the docstring."""
    program = read(text)
    emitted = source("f", [program.expression], symbols(program), single=True, **options)
    return "\n".join(line.strip() for line in emitted.split('"""')[2].strip().splitlines())


@pytest.mark.parametrize("case", COMPUTED, ids=lambda case: case.id)
@pytest.mark.filterwarnings("ignore:logm result may be inaccurate")
def test_case(case: Text) -> None:
    """Every text of the case files: values of the reference, exact shapes, dtypes, short lines."""
    program, point = case.program, check_cases.sampled(case.case, 0)[1]
    functions = list(program.functions.values())
    given = {"implementations": check_cases.standins(case.case, check_cases.NUMPY)}
    function: Any = compile_function(
        "f", [program.expression], symbols(program), functions, single=True, **given
    )
    assert max(map(len, function.source.splitlines())) <= 100
    ast.parse(function.source)
    sizes = {
        name: case.case.dims[name] for name in size_keywords([program.expression], symbols(program))
    }
    args = {symbol.name: point[symbol.name] for symbol in symbols(program)}
    with np.errstate(invalid="ignore"):  # which BLAS may raise for what it never uses
        value = np.asarray(function(**args, **sizes))
    wanted = np.asarray(check_cases.compiled(case.case, case.numpy, check_cases.NUMPY)(**point))
    check_cases.compare("value", value, wanted, 1e-7, text=True)
    assert value.ndim == program.expression.shape.rank
    single = {k: np.float32(v) if is_double(v) else v for k, v in args.items()}
    assert value.dtype == np.float64
    kept = np.float32 if any(is_double(v) for v in args.values()) else np.float64
    with np.errstate(invalid="ignore"):
        assert np.asarray(function(**single, **sizes)).dtype == kept


def is_double(value: Any) -> bool:
    return bool(np.asarray(value).dtype == np.float64)


WRITTEN = [
    ("diag(v) A", "return v[:, None] * A"),
    ("A diag(v)", "return A * v"),
    ("diag(v) x", "return v * x"),
    ("x' diag(v)", "return x * v"),
    ("diag(v) diag(x) A", "return (v * x)[:, None] * A"),
    ("eye(n) A", "return A"),
    ("A + λ eye(n)", 't1 = A.copy()\nnp.einsum("ii->i", t1)[...] += λ\nreturn t1'),
    ("A' A - diag(v)", 't1 = A.T @ A\nnp.einsum("ii->i", t1)[...] -= v\nreturn t1'),
    ("diag(v) + diag(x)", "return np.diag(v + x)"),
    ("tr(A B)", "return np.vdot(A, B.T)"),
    ("tr(A' B)", "return np.vdot(A, B)"),
    ("tr(A x v')", "return v @ A @ x"),
    ("tr(diag(v) A)", "return v @ np.diag(A)"),
    ("tr(A + B)", "return np.trace(A) + np.trace(B)"),
    ("tr(eye(n))", "n = A.shape[0]\ndtype = np.result_type(A, 0.0)\nreturn dtype.type(n)"),
    ("diag(A B)", "return np.sum(A * B.T, axis=1)"),
    ("A B x", "return A @ (B @ x)"),
    ("x' A B", "return x @ A @ B"),
    ("A x v' B", "return np.outer(A @ x, v @ B)"),
    ("x v'", "return np.outer(x, v)"),
    ("b x v'", "return np.outer(b * x, v)"),
    ("x v' x", "return (v @ x) * x"),
    ("A^-1 x", "return np.linalg.solve(A, x)"),
    ("A^-1 B x", "return np.linalg.solve(A, B @ x)"),
    ("x' A^-1", "return np.linalg.solve(A.T, x)"),
    ("(A^-1)' x", "return np.linalg.solve(A.T, x)"),
    ("A^-1", "return np.linalg.inv(A)"),
    (
        "(A^-1)' x v' (A^-1)'",
        "lu = la.lu_factor(A, check_finite=False)\n"
        "t1 = la.lu_solve(lu, x, trans=1, check_finite=False)\n"
        "return np.outer(t1, la.lu_solve(lu, v, check_finite=False))",
    ),
    ("L^-1 x", "return la.solve_triangular(L, x, lower=True, check_finite=False)"),
    ("(L^-1)' x", "return la.solve_triangular(L.T, x, check_finite=False)"),
    ("S' x", "return S @ x"),
    ("x' S^-1", "return np.linalg.solve(S, x)"),
    ("A^2", "return A @ A"),
    ("A^5", "return np.linalg.matrix_power(A, 5)"),
    ("x^2", "return x**2"),
    ("x^3", "return x * x * x"),
    ("b^3", "return b**3"),
    ("x^-2", "return 1 / x**2"),
    ("x^(1/2)", "return np.sqrt(x)"),
    ("1/3 x", "return 1 / 3 * x"),
    ("x / 3", "return x / 3"),
    ("X ones(n)", "return np.sum(X, axis=1)"),
    ("ones(m)' X", "return np.sum(X, axis=0)"),
    ("X - ones(m) x'", "return X - x"),
    ("X - y ones(n)'", "return X - y[:, None]"),
    ("X + y", "return X + y[:, None]"),
    ("X + x'", "return X + x"),
    ("X e(2, n)", "return X[:, 2]"),
    ("e(1, m)' X", "return X[1]"),
    ("sum(x ⊙ v)", "return x @ v"),
    ("sum(X, axis=0)", "return np.sum(X, axis=0)"),
    ("(b > 0) x", "return (b > 0) * x"),
    ("2 x ⊙ (v > 0)", "return 2 * x * (v > 0)"),
    ("-(b > 0) x", "return -((b > 0) * x)"),
    ("x > 0", "dtype = np.result_type(x, 0.0)\nreturn (x > 0).astype(dtype)"),
    ("x / sqrt(pi)", "return x / float(np.sqrt(np.pi))"),
    ("u = erf(x); u ⊙ (2 - u^2)", "u = sp.erf(x)\nreturn u * (2 - u**2)"),
    ("erf(x) ⊙ (2 - erf(x)^2)", "erf_x = sp.erf(x)\nreturn erf_x * (2 - erf_x**2)"),
    (
        "u = tanh(x); u ⊙ (1 - u^2)",
        "u = np.tanh(x)\nt1 = np.exp(-2 * np.abs(x))\nreturn u * (4 * t1 / (1 + t1)**2)",
    ),
    ("x[0] v[1]", "return x[0] * v[1]"),
    ("[b, 2]", "dtype = np.result_type(b, 0.0)\nreturn np.array([b, 2], dtype=dtype)"),
    (
        "softmax(X, axis=1)",
        "t1 = np.exp(X - np.max(X, axis=1)[:, None])\n"
        "return (1 / np.sum(t1, axis=1))[:, None] * t1",
    ),
    ("zeros(n)", "n = x.shape[0]\ndtype = np.result_type(x, 0.0)\nreturn np.zeros(n, dtype=dtype)"),
    ('einsum("i,jk->ijk", x, A)', 'return np.einsum("i,jk->ijk", x, A, optimize=True)'),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_written(text: str, expected: str) -> None:
    needs = {"tr(eye(n))": "A", "zeros(n)": "x"}.get(text)
    program = read(text)
    inputs = symbols(program)
    if needs:
        inputs = [symbol for symbol in symbols(read(needs)) if symbol.name == needs]
    emitted = source("f", [program.expression], inputs, single=True)
    lines = emitted.split('"""')[2].strip().splitlines()
    assert "\n".join(line.strip() for line in lines) == expected


def test_no_identity_or_diagonal_matrix_is_built() -> None:
    for text in ["A (eye(n) + diag(v)) x", "tr(A diag(v) B)", "(diag(v) + λ eye(n))^-1 x"]:
        assert not re.search(r"np\.(eye|diag)\(", body(text))


def test_the_whole_source() -> None:
    program = read("2/m X' (X x - y)")
    emitted = source(
        "gradient_x", [program.expression], symbols(program), doc="Gradient by x.", single=True
    )
    assert emitted == (
        "def gradient_x(X, x, y):\n"
        '    """Gradient by x.\n\n'
        "    Takes X: array (m, n); x: array (n,); y: array (m,).\n"
        "    Returns array (n,).\n"
        '    """\n'
        "    m = X.shape[0]\n"
        "    return 2 / m * (X.T @ (X @ x - y))\n"
    )


def test_outputs_share_their_work_and_nest() -> None:
    program = read("z = X x + y; sum(z^2)")
    z = program.bindings["z"]
    parts = [program.expression, (build.transpose(z), build.product([build.number(2), z]))]
    function: Any = compile_function("f", parts, symbols(program))
    assert function.source.count("X @ x") == 1
    value, (first, second) = function(X=np.eye(2, 3), x=np.ones(3), y=np.zeros(2))
    assert value == 2
    assert first.tolist() == [1, 1]
    assert second.tolist() == [2, 2]


def test_names_that_python_or_the_code_need() -> None:
    n = named("n")
    names = ["lambda", "class", "np", "dtype", "n", "float", "x₁", "x1", "данные", "f", "t1"]
    inputs = [build.symbol(name, Shape((n,))) for name in names]
    expr = build.add([*inputs, build.filled("ones", Shape((n,)))])
    shared = build.call(Shape((n,)), "exp", [expr])
    expr = build.add([build.hadamard([shared, shared]), build.compare(">", expr, build.number(0))])
    function: Any = compile_function("f", [expr], inputs, single=True)
    point = {name: np.full(2, 0.1) for name in names}
    by_name, by_position = function(**point), function(*point.values())
    np.testing.assert_allclose(by_name, np.exp(2 * (1 + 0.1 * len(names))) + 1)
    np.testing.assert_array_equal(by_name, by_position)


def test_sizes_are_read_off_or_asked_for() -> None:
    n, m = named("n"), named("m")
    x = build.symbol("x", Shape((n + n,)))
    expr = build.filled("zeros", Shape((n, m)))
    assert size_keywords([expr], [x]) == ("m",)
    function: Any = compile_function("f", [expr], [x], single=True)
    assert "n = x.shape[0] // 2" in function.source
    assert function(np.ones(6), m=4).shape == (3, 4)


def test_integers_are_indices() -> None:
    program = parse_program("x[k] e(k, n)", {"x": "n"})
    function: Any = compile_function("f", [program.expression], symbols(program), single=True)
    value = function(x=np.array([1, 2, 3], np.float32), k=np.int64(1))
    assert value.tolist() == [0, 2, 0]
    assert value.dtype == np.float32


def test_integer_arrays_are_computed_in_double() -> None:
    program = read("x / 2")
    function: Any = compile_function("f", [program.expression], symbols(program), single=True)
    assert function(x=[1, 2]).tolist() == [0.5, 1]


def test_constants_keep_single_precision() -> None:
    texts = ["where(x > 0, 1, 0.01) ⊙ x", "x / sqrt(n)", "2 (x > 0)", "[1, 2, b] ⊙ x", "x + exp(1)"]
    for text in texts:
        program = parse_program(text, {"x": "3" if "[" in text else "n"})
        function: Any = compile_function("f", [program.expression], symbols(program), single=True)
        point = {s.name: np.ones([3] * s.shape.rank, np.float32)[()] for s in symbols(program)}
        assert function(**point).dtype == np.float32, text


def test_results_are_arrays_of_their_own() -> None:
    for text in ["x", "A'", "diag(A)", "ones(n) x'", "X[0, :]"]:
        program = read(text)
        function: Any = compile_function("f", [program.expression], symbols(program), single=True)
        point = {s.name: np.ones([3] * s.shape.rank) for s in symbols(program)}
        value = function(**point)
        value += 1
        assert all(np.all(a == 1) for a in point.values())


def test_unknown_functions() -> None:
    f = Function("f", Shape(), Shape())
    x = build.symbol("x", Shape((named("n"),)))
    expr = build.hadamard([build.apply(f, 0, x), build.apply(f, 2, x)])
    emitted = source("g", [expr], [x], single=True)
    assert "def g(x, f, f_2):" in emitted
    given: dict[str, Any] = {"f": [np.sin, np.cos, lambda t: -np.sin(t)]}
    function: Any = compile_function("g", [expr], [x], [f], single=True, implementations=given)
    np.testing.assert_allclose(function(np.ones(2)), -(np.sin(1) ** 2))


def test_deep_and_wide_graphs() -> None:
    n = named("n")
    x = build.symbol("x", Shape((n,)))
    deep: Expr = x
    for _ in range(3000):
        deep = build.call(x.shape, "tanh", [build.add([deep, x])])
    function: Any = compile_function("f", [deep], [x], single=True)
    assert function(np.zeros(2)).tolist() == [0, 0]
    wide: Expr = x
    for _ in range(30):
        wide = build.hadamard([wide, wide])
    function = compile_function("f", [wide], [x], single=True)
    assert len(function.source.splitlines()) < 50
    assert function(np.ones(2)).tolist() == [1, 1]


def test_a_long_chain_of_matrices() -> None:
    n = named("n")
    factors = [build.symbol(f"W{i}", Shape((n, n))) for i in range(60)]
    x = build.symbol("x", Shape((n,)))
    function: Any = compile_function(
        "f", [build.product([*factors, x])], [*factors, x], single=True
    )
    assert max(map(len, function.source.splitlines())) <= 100
    assert function(*[np.eye(2)] * 60, np.ones(2)).tolist() == [1, 1]


def test_long_statements_are_wrapped() -> None:
    names = [f"a_rather_long_name_{i}" for i in range(12)]
    program = parse_program(f"diag([{', '.join(names)}]) + B", {"B": "(12, 12)"})
    function: Any = compile_function("f", [program.expression], symbols(program), single=True)
    assert max(map(len, function.source.splitlines())) <= 100
    point = dict.fromkeys(names, 1.0) | {"B": np.zeros((12, 12))}
    np.testing.assert_array_equal(function(**point), np.eye(12))


def test_a_negative_diagonal_with_a_name_is_added() -> None:
    """-y is computed once, named, and added to two diagonals."""
    text = "(D + diag(-x)) ⊙ exp(D' + diag(-x))".replace("D", "A")
    program = read(text)
    function = compile_function("f", [program.expression], symbols(program), [], single=True)
    A, x = np.arange(9.0).reshape(3, 3) / 9, np.array([0.5, 1.0, 2.0])
    wanted = (A - np.diag(x)) * np.exp(A.T - np.diag(x))
    np.testing.assert_allclose(function(A=A, x=x), wanted)


LARGE = ["x^" + "2" * 400, "x + sum(ones(1" + "0" * 400 + ")) x", "1" + "0" * 400 + " x"]


@pytest.mark.parametrize("text", LARGE, ids=lambda text: text[:20])
def test_numbers_beyond_double_precision_are_refused(text: str) -> None:
    with pytest.raises(DerivationError, match="code has no number of"):
        derive(text, "x", shapes={"x": "R"}).code()
