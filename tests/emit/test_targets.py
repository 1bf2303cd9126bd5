"""Every target computes what NumPy computes, in the precision of the inputs, or says what it lacks.

The whole rule book, the standard derivatives, and derivatives of every kind of operation that a
plan has.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from itertools import product
from typing import Any, Final, get_args

import numpy as np
import pytest

from matcalc import DerivationError, InputError, derive, parse
from matcalc.check.sample import sample
from matcalc.emit.operators import OPERATORS
from matcalc.emit.targets import writer_of
from matcalc.language import book
from matcalc.plan.values import Op
from tests.emit.libraries import NEEDS, TARGETS, given_to, single_precision
from tests.golden.test_results import is_case, parsed
from tests.golden.test_standard import LINES
from tests.rules.test_book import arguments_of, drawn_for, texts

targets = pytest.mark.parametrize("target", TARGETS)

SCIPY: Final = """
    logm logm_frechet logm_jacobian logm_frechet2 logm_jacobian2 logm_hessian
    lambertw erfi erfcinv Shi Chi besselj bessely besseli besselk
    jn yn airyai airybi airyaiprime airybiprime elliptic_k elliptic_e elliptic_f legendre
    chebyshevt chebyshevu hermite hermite_prob laguerre assoc_laguerre gegenbauer jacobi
""".split()

SOME: Final = """
    sqrtm sylvester factorial binomial beta betainc betainc_regularized lowergamma uppergamma Ei
    expint li Si Ci fresnels fresnelc
""".split()

SPECIAL: Final = """
    erf erfc gelu normcdf log_normcdf gamma lgamma digamma polygamma loggamma harmonic zeta erfinv
    erf2 sinc expm expm_frechet expm_jacobian expm_frechet2
    expm_jacobian2 expm_hessian
""".split()

LACKS: Final = {
    "jax": SCIPY,
    "torch": [*SCIPY, *SOME],
    "array_api": [*SCIPY, *SOME, *SPECIAL],
}
"""Functions of the book that a library does not have."""

ENTRIES: Final = [
    (name, k) for name in book.function_names() for k in range(len(book.entries(name)))
]


def close(got: Any, wanted: Any, tolerance: float = 1e-10) -> None:
    """Equal up to rounding, relative to the largest entry."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    assert np.max(np.abs(got - wanted), initial=0.0) <= tolerance * size


def agrees(made: Any, target: str, point: Mapping[str, Any]) -> None:
    """An expression or derivation has the same values by NumPy and by a target."""
    wanted = made.function()(**point)
    function = made.function(target)
    got = function(**{name: given_to(target, value) for name, value in point.items()})
    assert isinstance(got, tuple) == isinstance(wanted, tuple)
    for one, other in zip(flat(got), flat(wanted), strict=True):
        close(one, other)
    if not any(np.asarray(value).dtype == np.float64 for value in point.values()):
        return
    single = function(**{name: given_to(target, value, True) for name, value in point.items()})
    assert all(single_precision(one) for one in flat(single))


def flat(result: Any) -> list[Any]:
    """The arrays of a result that may be nested tuples."""
    if not isinstance(result, tuple):
        return [result]
    return [leaf for part in result for leaf in flat(part)]


@targets
@pytest.mark.parametrize(("name", "k"), ENTRIES, ids=[f"{n}-{k}" for n, k in ENTRIES])
def test_the_rule_book(target: str, name: str, k: int) -> None:
    entry = book.entries(name)[k]
    for text, shapes in texts(entry):
        expression = parse(text, shapes)
        if target == "array_api" and all("integer" in s.properties for s in expression.variables):
            with pytest.raises(DerivationError, match="the arrays that come in"):
                expression.function(target)
        elif name in LACKS[target]:
            with pytest.raises(DerivationError, match=rf" has no {name}\b"):
                expression.function(target)
        else:
            agrees(expression, target, arguments_of(expression, drawn_for(entry, expression)))


SEVERAL: Final = [
    (name, k)
    for name, k in ENTRIES
    if name not in [*book.library_names(), "polygamma"]  # its order is a whole number
    if book.entries(name)[k].mode == "elementwise" and len(book.entries(name)[k].params) > 1
]
"""Functions of the entries of several arrays."""


@targets
@pytest.mark.parametrize(("name", "k"), SEVERAL, ids=[f"{n}-{k}" for n, k in SEVERAL])
def test_numbers_for_some_arguments(target: str, name: str, k: int) -> None:
    """Where a library wants an array, a number is made one; f of numbers alone is a number."""
    params = [param.name for param in book.entries(name)[k].params]
    for plain in product((False, True), repeat=len(params)):
        values = dict(zip(params, range(2, 2 + len(params)), strict=True))
        shown = [
            f"{values[p]}" if is_plain else p for p, is_plain in zip(params, plain, strict=True)
        ]
        shapes = {p: "R" for p, is_plain in zip(params, plain, strict=True) if not is_plain}
        expression = parse(f"{name}({', '.join(shown)}) ones(3) + w", shapes | {"w": "3"})
        agrees(expression, target, {"w": np.ones(3)} | {p: float(values[p]) for p in shapes})


@targets
@pytest.mark.parametrize("text", [each for each in LINES if is_case(each)])
def test_the_standard_derivatives(target: str, text: str) -> None:
    line = parsed(text)
    d = derive(line.program, line.wrt, kind="hessian" if line.twice else "auto")
    if not lacking(d, target):
        assert max(map(len, d.code(target).splitlines())) <= 100
        agrees(d, target, random_point(d))


def lacking(d: Any, target: str) -> bool:
    """Whether a target lacks a function for a derivation, and says so."""
    said = ""
    try:
        ast.parse(d.code(target))
    except DerivationError as error:
        said = str(error)
    assert not said or any(f" has no {name} " in said for name in LACKS[target])
    return bool(said)


def random_point(d: Any) -> dict[str, Any]:
    """Random inputs of a derivation, in the domain of its variables."""
    expression = d.expression
    drawn = sample([expression.node], expression.variables, np.random.default_rng(0))
    return arguments_of(d, drawn)


DERIVED: Final = [
    ("X' X", "X"), ("tanh(X)", "X"), ("x ⊙ x ⊙ y", "x"), ("A X B", "X"), ("diag(x)", "x"),
    ("X x", "X"), ("softmax(X, axis=1)", "X"), ("tr(X) X", "X"),
]  # fmt: skip
"""Jacobians whose entries stand at the places where indices agree."""

OPERATIONS: Final = [
    ('einsum("ij,jk,kl->il", A, B, A)', {"A": "n×n", "B": "n×n"}),
    ('einsum("ijk,ikl->ijl", T, U)', {"T": "(2, 3, 4)", "U": "(2, 4, 3)"}),
    ('einsum("ijk,ijk->i", T, T)', {"T": "(2, 3, 4)"}),
    ('einsum("ijk,iklm,m->lj", T, V, x)', {"T": "(2, 3, 4)", "V": "(2, 4, 3, 5)", "x": "5"}),
    ('einsum("aij,ajlm->ailm", T, V)', {"T": "(2, 3, 4)", "V": "(2, 4, 3, 5)"}),
    ('einsum("ijabk,iabkl->jil", T, V)', {"T": "(2, 3, 2, 3, 4)", "V": "(2, 2, 3, 4, 3)"}),
    ('einsum("ii,j->ji", A, x)', {"A": "n×n", "x": "m"}),
    ('einsum("iji,jk->ik", T, A)', {"T": "(2, 3, 2)", "A": "(3, 4)"}),
    ('einsum("i,jk->ikj", x, A)', {"x": "n", "A": "m×n"}),
    ('einsum("i,i,j,k->jk", x, x, y, y)', {"x": "n", "y": "m"}),
    ("blockdiag(A, x, B)", {"A": "n×n", "B": "m×n", "x": "n"}),
    ("hstack(A, x)", {"A": "m×n", "x": "m"}),
    ("vstack(A, x')", {"A": "m×n", "x": "n"}),
    ("x ⊗ A", {"x": "k", "A": "m×n"}),
    ("x' ⊗ A", {"x": "k", "A": "m×n"}),
    ("A ⊗ B' + A ⊗ C", {"A": "m×n", "B": "p×q", "C": "q×p"}),
    ("x ⊗ y", {"x": "m", "y": "n"}),
    ("[[a, 1], [2, a b]]", {"a": "R", "b": "R"}),
    ("[1, 2, 3] a", {"a": "R"}),
    ("where(x > 0, 0.1, 0.3) + ones(n)", {"x": "n"}),
    ("where(x, y, 1)", {"x": "n", "y": "n"}),
    ("x / sqrt(pi) + exp(2) log(n)", {"x": "n"}),
    ("log_normcdf(1) x + huber(n, 1) x + softplus(2) x", {"x": "n"}),
    ("a ones(m, n)", {"a": "R"}),
    ("(x > 0)' A (A > 0) y", {"x": "m", "A": "m×m", "y": "m"}),
    (
        "max(x, 0.1) + min(1, x) + clip(x, 0, 1) + clip(a, 0, x) + max(x, y)",
        {"x": "n", "y": "n", "a": "R"},
    ),
    ("unvech(a, 3)", {"a": "6"}),
    ("L^-1 x + (L^-1)' x", {"L": "n×n lower", "x": "n"}),
    ("S^-1 x x' S^-1 + logdet(S) S^-1 + chol(S)", {"S": "n×n spd", "x": "n"}),
    ("A^-1 x x' (A^-1)' + logdet(A) A^-1", {"A": "n×n invertible", "x": "n"}),
    ("x[1] + A[k, 0] + sum(A[:, 1] - e(k, n))", {"x": "n", "A": "n×n", "k": "index"}),
    ("onehot_max(x) + onehot_min(x) + max(A)", {"x": "n", "A": "m×n"}),
    ("norm(x, 3) + norm(x, inf)", {"x": "n"}),
    ("clip(2, x, y) + abs(-2) x + log(3) y + softplus(2) x + max(2, 3) y", {"x": "n", "y": "n"}),
    (
        "sum((A > 0) ⊙ B) + sum((x > y) ⊙ y) + (x > 0) · (y > 0)",
        {"A": "n×n", "B": "n×n", "x": "n", "y": "n"},
    ),
    ("silu(pi) x + atan2(silu(pi), a) x", {"a": "R", "x": "n"}),
    ("where(2, x, y) + where(2 > 3, x, y) + atan2(1, 2) x", {"x": "n", "y": "n"}),
    ("A^5 + 2^x[0] A", {"A": "n×n", "x": "n"}),
]
"""Texts that need each operation of a plan in each of its spellings."""


@targets
@pytest.mark.parametrize(("text", "shapes"), OPERATIONS, ids=[text for text, _ in OPERATIONS])
def test_operations(target: str, text: str, shapes: dict[str, str]) -> None:
    declared = {name: shape for name, shape in shapes.items() if shape != "index"}
    expression = parse(text, declared)
    drawn = sample([expression.node], expression.variables, np.random.default_rng(1))
    agrees(expression, target, arguments_of(expression, drawn))


@targets
@pytest.mark.parametrize(("text", "wrt"), DERIVED, ids=[f"{t} by {w}" for t, w in DERIVED])
def test_spread_results(target: str, text: str, wrt: str) -> None:
    d = derive(text, wrt, kind="auto")
    agrees(d, target, random_point(d))


def test_an_unknown_target() -> None:
    d = derive("x' x", "x")
    for call in (d.code, d.function):
        with pytest.raises(InputError, match="no code for the target 'cobol'"):
            call("cobol")
    assert d.code("pytorch") == d.code("torch")
    with pytest.raises(InputError, match="structured results are matrices of SciPy"):
        derive("tanh(A x)", "x").code("jax", structured=True)
    with pytest.raises(InputError, match="inputs are bound for NumPy alone"):
        d.function("array_api", bind={"x": np.ones(2)})


@targets
def test_arguments(target: str) -> None:
    """What comes in is checked and converted as by the NumPy function; errors name the input."""
    f: Any = derive("b sum(softplus(X w))", "w").function(target)
    X, w, b = np.arange(6.0).reshape(3, 2) / 3, np.array([0.1, -0.2]), 0.3
    wanted = derive("b sum(softplus(X w))", "w").function()(X=X, w=w, b=b)
    ours = {"X": given_to(target, X), "w": given_to(target, w), "b": b}
    for _ in range(2):  # the second time they pass at once
        close(f(**ours), wanted)
        close(f(*(ours[name] for name in ("b", "X", "w"))), wanted)
        close(f(**ours | {"b": given_to(target, b)}), wanted)
    for wrong, said in [
        ({"w": ours["X"]}, "w has the wrong number of axes"),
        ({"w": given_to(target, np.ones(5))}, "w has the wrong shape"),
        ({"w": "text"}, "w is not an array of real numbers"),
        ({"v": ours["w"]}, "no input v"),
    ]:
        with pytest.raises(InputError, match=said):
            f(**ours | wrong)
    with pytest.raises(InputError, match="needs the input w"):
        f(ours["b"], ours["X"])


@targets
def test_indices(target: str) -> None:
    """Some libraries clamp an index that is out of bounds; here it is an error in all of them."""
    f: Any = parse("x[k] e(k, n) + x[1]", {"x": "n"}).function(target)
    x = given_to(target, [1.0, 2, 3])
    close(f(x=x, k=2), [2, 2, 5])
    for k in (3, -4):
        with pytest.raises(IndexError, match=f"index {k} is out of bounds"):
            f(x=x, k=k)
    with pytest.raises(IndexError, match="index 1 is out of bounds"):
        f(x=x[:1], k=0)
    with pytest.raises(InputError, match="k is an index"):
        f(x=x, k=0.5)


@targets
def test_unknown_functions(target: str) -> None:
    d = derive("sum(f(A x))", "x", shapes={"f": "R -> R"})
    with pytest.raises(InputError, match="needed as Python code"):
        d.function(target)
    f: Any = d.function(target, functions={"f": [lambda t: t * t, lambda t: 2 * t]})
    A, x = np.arange(6.0).reshape(3, 2), np.array([0.5, 2])
    close(f(x=given_to(target, x), A=given_to(target, A)), 2 * A.T @ A @ x)


@targets
def test_sizes_that_no_array_carries(target: str) -> None:
    f: Any = parse("x ones(m)'", {"x": "n"}).function(target)
    assert f(given_to(target, [1.0, 2]), m=3).shape == (2, 3)
    with pytest.raises(InputError, match="the size m"):
        f(given_to(target, [1.0, 2]))


@targets
def test_products_are_ordered_for_the_sizes_of_a_call(target: str) -> None:
    f: Any = parse("A B C", {"A": "m×n", "B": "n×k", "C": "k×p"}).function(target)
    rng = np.random.default_rng(0)
    for m, n, k, p in ((50, 2, 40, 3), (2, 40, 3, 50), (2, 40, 3, 50)):
        A, B, C = rng.normal(size=(m, n)), rng.normal(size=(n, k)), rng.normal(size=(k, p))
        close(f(*(given_to(target, M) for M in (A, B, C))), A @ B @ C)


def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for target, package in NEEDS.items():
        monkeypatch.setitem(sys.modules, package.replace("_strict", "_compat"), None)
        with pytest.raises(InputError, match=f"functions for {target} need a package"):
            derive("x' x", "x").function(target)
        assert "def gradient(x):" in derive("x' x", "x").code(target)


def test_the_array_api_takes_the_library_of_its_arrays() -> None:
    pytest.importorskip("array_api_compat")
    f: Any = derive("log(sum(exp(A x)))", "x").function("array_api")
    A, x = np.ones((2, 3), np.float32), np.ones(3, np.float32)
    assert type(f(x=x, A=A)) is np.ndarray
    assert f(x=x, A=A).dtype == np.float32
    if find_spec("torch") is not None:
        import torch

        assert torch.is_tensor(f(x=torch.ones(3), A=torch.ones(2, 3)))
    with pytest.raises(InputError, match="an array is needed"):
        derive("a^2", "a").function("array_api")(2.0)


NAMESPACES: Final = [
    "numpy",
    pytest.param("torch", marks=pytest.mark.skipif(find_spec("torch") is None, reason="no torch")),
]


@pytest.mark.parametrize("library", NAMESPACES)
@pytest.mark.parametrize(("text", "shapes"), OPERATIONS, ids=[text for text, _ in OPERATIONS])
def test_the_array_api_in_other_libraries(library: str, text: str, shapes: dict[str, str]) -> None:
    pytest.importorskip("array_api_compat")
    declared = {name: shape for name, shape in shapes.items() if shape != "index"}
    expression = parse(text, declared)
    drawn = sample([expression.node], expression.variables, np.random.default_rng(1))
    point = arguments_of(expression, drawn)
    made = {
        name: value if library == "numpy" else given_to(library, value)
        for name, value in point.items()
    }
    close(expression.function("array_api")(**made), expression.function()(**point))


def test_every_operation_has_a_spelling() -> None:
    for target in ("numpy", *NEEDS):
        kind = writer_of(target)
        own = OPERATORS if target == "numpy" else ()
        missing = [op for op in get_args(Op) if not hasattr(kind, op) and op not in own]
        if target != "numpy":
            assert set(missing) == {"active", "blas", "dot", *OPERATORS}  # not in their plans
        else:
            assert missing == []


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("text", [each for each in LINES if is_case(each)])
def test_tensors_stay_on_their_device(text: str) -> None:
    """On the device `meta` there are no values: whatever would look at one fails."""
    import torch

    line = parsed(text)
    d = derive(line.program, line.wrt, kind="hessian" if line.twice else "auto")
    point = random_point(d)
    tensors = {
        name: given_to("torch", value).to("meta") if np.asarray(value).dtype.kind == "f" else value
        for name, value in point.items()
    }
    found: Any = d.function("torch")(**tensors)
    for one, other in zip(flat(found), flat(d.function()(**point)), strict=True):
        assert one.device == torch.device("meta")
        assert one.shape == np.shape(other)


@targets
def test_what_a_pseudoinverse_takes_for_zero(target: str) -> None:
    """A singular value that is there by rounding alone."""
    A = np.diag([1.0, 5e-15])
    made = parse("pinv(A)", {"A": "n×n"})
    close(made.function(target)(A=given_to(target, A)), made.function()(A=A))


def strided(value: Any) -> Any:
    """A tensor of the same entries that do not lie side by side in memory."""
    import torch

    if not torch.is_tensor(value) or not value.ndim:
        return value
    made = torch.stack([value, value], -1)[..., 0]
    return made.T.contiguous().T if made.ndim == 2 else made


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize(("name", "k"), ENTRIES, ids=[f"{n}-{k}" for n, k in ENTRIES])
def test_strided_tensors(name: str, k: int) -> None:
    """PyTorch has functions that want what lies side by side, and fail for a transpose."""
    entry = book.entries(name)[k]
    for text, shapes in texts(entry) if name not in LACKS["torch"] else ():
        expression = parse(text, shapes)
        point = arguments_of(expression, drawn_for(entry, expression))
        given = {name: strided(given_to("torch", value)) for name, value in point.items()}
        close(expression.function("torch")(**given), expression.function()(**point))


@targets
@pytest.mark.parametrize("kind", ["gradient", "hessian", "hvp", "differential", "jvp", "vjp"])
def test_values_and_several_derivatives_at_once(target: str, kind: str) -> None:
    d = derive("sum(softplus(X w + b)^2)", "w, b", kind=kind)
    symbols = [*d.program.variables.values(), *(each.symbol for each in d.directions)]
    drawn = sample([d.expression.node], symbols, np.random.default_rng(0))
    point = arguments_of(d, drawn)
    wanted = d.function(value=True)(**point)
    got = d.function(target, value=True)(**{n: given_to(target, v) for n, v in point.items()})
    assert len(got) == len(wanted) == 2
    for one, other in zip(flat(got), flat(wanted), strict=True):
        close(one, other)


@pytest.mark.parametrize("target", [t for t in TARGETS if t.values != ("array_api",)])
@pytest.mark.parametrize("order", range(6))
def test_polygamma_of_negative_numbers(target: str, order: int) -> None:
    """JAX's own is wrong there by any factor: at -9.5 it has -1.3e12 for ψ'."""
    expression = parse(f"polygamma({order}, x)", {"x": "R^n"})
    agrees(expression, target, {"x": np.array([-20.3, -9.5, -7.55, -0.5, 0.1, 1.0, 30.0])})


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_polygamma_of_a_variable_order_is_refused(target: str) -> None:
    with pytest.raises(DerivationError, match="for a number k alone"):
        parse("polygamma(k, x)", {"k": "R", "x": "R^n"}).code(target)
