"""Samples that fit, derivatives that are right, reports that say what was found."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from matcalc.check import Sample, check, derivative, evaluate, same_value, sample
from matcalc.dims import named, number
from matcalc.errors import DerivationError
from matcalc.expr import build as b
from matcalc.expr.nodes import Expr, Function, Shape

M, N = named("m"), named("n")
SIZES = {"m": 3, "n": 4}
SQUARE = Shape((N, N))
X = b.symbol("X", Shape((M, N)))
A = b.symbol("A", SQUARE)
B = b.symbol("B", SQUARE)
w, x = b.symbol("w", Shape((N,))), b.symbol("x", Shape((N,)))
c = b.symbol("b", Shape((M,)))
s, t = b.symbol("s"), b.symbol("t")


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def call(name: str, *args: Expr, shape: Shape | None = None) -> Expr:
    return b.call(shape if shape is not None else Shape(), name, args)


def total(arg: Expr) -> Expr:
    return call("sum", arg)


def each(name: str, arg: Expr) -> Expr:
    return call(name, arg, shape=arg.shape)


Z = b.add([b.product([X, w]), c])
HINGE = total(call("max", b.number(0), Z, shape=Z.shape))
HINGE_BY_W = b.product([b.transpose(b.compare(">", Z, b.number(0))), X])


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("symmetric", lambda a: np.array_equal(a, a.T)),
        ("spd", lambda a: np.array_equal(a, a.T) and np.linalg.eigvalsh(a)[0] > 0),
        ("diagonal", lambda a: np.array_equal(a, np.diag(np.diag(a)))),
        ("orthogonal", lambda a: np.allclose(a.T @ a, np.eye(len(a)))),
        ("invertible", lambda a: np.linalg.cond(a) < 1e3),
        ("lower", lambda a: np.array_equal(a, np.tril(a)) and a[1, 0] != 0),
        ("upper", lambda a: np.array_equal(a, np.triu(a)) and a[0, 1] != 0),
        ("positive", lambda a: np.all(a > 0)),
        ("nonnegative", lambda a: np.all(a >= 0)),
        ("symmetric positive", lambda a: np.array_equal(a, a.T) and np.all(a > 0)),
        ("lower invertible", lambda a: np.array_equal(a, np.tril(a)) and np.linalg.cond(a) < 1e3),
    ],
)
def test_samples_have_the_properties(text: str, test: object) -> None:
    S = b.symbol("S", SQUARE, text.split())
    assert callable(test)
    assert test(sample([total(S)], [], rng()).point["S"])


def test_samples_are_of_the_right_size_and_repeat() -> None:
    drawn = sample([HINGE], [t], rng())
    sizes = drawn.sizes
    assert sizes["m"] != sizes["n"]
    assert drawn.point["X"].shape == (sizes["m"], sizes["n"])
    assert drawn.point["t"].shape == ()
    np.testing.assert_array_equal(sample([HINGE], [t], rng()).point["X"], drawn.point["X"])
    assert sample([HINGE], [], rng(), sizes={"m": 9}).point["b"].shape == (9,)


def test_sizes_fit_the_dimensions() -> None:
    half = b.symbol("h", Shape((N.scaled(number(1).terms[0][1] / 2) - number(2),)))
    drawn = sample([total(half)], [], rng())
    assert drawn.sizes["n"] % 2 == 0
    far = b.index(x, [b.number(9)])
    assert sample([far], [], rng()).sizes["n"] > 9


def test_indices_are_in_range() -> None:
    i = b.symbol("i", Shape(), {"integer"})
    drawn = sample([b.index(x, [i]), call("e", i, b.size(M), shape=Shape((M,)))], [], rng())
    assert 0 <= drawn.point["i"] < min(drawn.sizes.values())


@pytest.mark.parametrize(
    ("expr", "domain"),
    [
        (total(each("log", x)), "0.5, 2"),
        (b.dot(each("acosh", x), each("asin", w)), "x in ("),
        (total(each("chol", A)), "spd"),
        (call("eigmax", b.add([A, b.product([t, B])])), "spd"),
        (total(each("sqrt", b.neg(b.hadamard([x, x])))), None),
        (call("log", b.apply(Function("f", Shape(), Shape()), 0, t)), "normal"),
        (total(b.inverse(b.product([x, b.transpose(x)]))), None),
    ],
)
def test_a_domain_is_found_and_named(expr: Expr, domain: str | None) -> None:
    if domain is None:
        with pytest.raises(DerivationError, match="no inputs were found"):
            sample([expr], [], rng())
        return
    drawn = sample([expr], [], rng())
    assert domain in drawn.domain
    assert np.all(np.isfinite(evaluate(expr, drawn.point, drawn.sizes, drawn.functions)))


def test_a_right_derivative_is_verified() -> None:
    report = check(HINGE, [HINGE_BY_W], [w])
    assert report.passed and report.tried == 3 and report.worst < 1e-12
    assert str(report).startswith(
        "verified on 3 random inputs\n  sizes: m = 3, n = 4; m = 4, n = 3\n"
    )
    assert "normal inputs" in str(report)


def test_a_wrong_derivative_is_shown() -> None:
    report = check(HINGE, [b.neg(HINGE_BY_W)], [w])
    assert report.wrong and not report
    assert "of the gradient by w is" in str(report) and "at w = " in str(report)
    small = b.add([HINGE_BY_W, b.transpose(b.product([tiny(), x]))])
    assert check(HINGE, [small], [w]).wrong
    assert "shape" in str(check(HINGE, [b.number(0)], [w]))


def tiny() -> Expr:
    return b.divide(b.number(1), b.number(10**6))


def test_functions_in_place_of_expressions() -> None:
    def right(drawn: Sample) -> np.ndarray:
        p = drawn.point
        return np.asarray((p["X"] @ p["w"] + p["b"] > 0) @ p["X"])

    assert check(
        HINGE, [right, lambda d: 1.0 * (d.point["X"] @ d.point["w"] + d.point["b"] > 0)], [w, c]
    )
    assert check(HINGE, [lambda d: np.full_like(d.point["w"], np.nan)], [w]).wrong


def test_by_a_bound_name_all_else_is_constant() -> None:
    u = b.named("u", b.product([X, w]))
    f = b.add([b.dot(u, u), b.dot(w, w)])
    assert check(f, [b.product([b.number(2), b.transpose(u)])], [u])
    assert check(f, [b.product([b.number(2), b.symbol("u", u.shape)])], [u])
    both = b.add(
        [b.product([b.number(2), b.transpose(u), X]), b.product([b.number(2), b.transpose(w)])]
    )
    assert check(f, [both], [w])


@pytest.mark.parametrize("name", ["symmetric", "spd"])
def test_a_symmetric_variable_has_a_symmetric_derivative(name: str) -> None:
    S = b.symbol("S", SQUARE, {name})
    f = call("tr", b.product([A, S]))
    half = b.divide(b.add([A, b.transpose(A)]), b.number(2))
    assert check(f, [half], [S])
    assert check(f, [A], [S]).wrong
    h = call("tr", b.product([A, S, S]))
    drawn = sample([h], [], rng())
    H = derivative(h, S, drawn.point, drawn.sizes, order=2)
    np.testing.assert_allclose(H, H.swapaxes(0, 1), atol=1e-9)
    np.testing.assert_allclose(H, H.transpose(2, 3, 0, 1), atol=1e-9)


def test_hessians_and_their_blocks() -> None:
    f = b.product([b.dot(w, x), b.dot(w, w)])
    assert check(f, [b.derivative("hessian", f, w)], [w], "hessian")
    gradients = [b.derivative("grad", f, v) for v in (w, x)]
    blocks = [b.derivative("jacobian", g, v) for g in gradients for v in (w, x)]
    assert check(f, blocks, [w, x], "hessian")
    f = b.dot(w, b.product([A, x]))
    zero = b.filled("zeros", SQUARE)
    assert check(f, [zero, A, b.transpose(A), zero], [w, x], "hessian")
    report = check(f, [zero, b.transpose(A), A, zero], [w, x], "hessian")
    assert report.wrong and "by w and x" in str(report)


def test_a_kronecker_product_stands_for_rank_four() -> None:
    f = call("tr", b.product([b.transpose(X), X]))
    two = b.product([b.number(2), b.kron(b.eye(N), b.eye(M))])
    assert check(f, [two], [X], "hessian")
    f = b.product([A, b.symbol("Y", Shape((N, M)))])
    Y = b.symbol("Y", Shape((N, M)))
    jacobian = b.kron(b.eye(M), A)
    assert check(f, [jacobian], [Y], "jacobian")
    assert check(f, [b.transpose(jacobian)], [Y], "jacobian", layout="denominator")
    assert check(f, [b.transpose(jacobian)], [Y], "jacobian").wrong


def test_stacked_scalars() -> None:
    f = b.stack([b.product([s, t, t]), b.add([s, t])])
    J = b.stack(
        [
            b.transpose(b.stack([b.power(t, b.number(2)), b.product([b.number(2), s, t])])),
            b.transpose(b.stack([b.number(1), b.number(1)])),
        ]
    )
    assert check(f, [J], [s, t], "jacobian", stacked=True)
    g = b.product([s, t, t])
    H = b.stack(
        [
            b.transpose(b.stack([b.number(0), b.product([b.number(2), t])])),
            b.transpose(b.stack([b.product([b.number(2), t]), b.product([b.number(2), s])])),
        ]
    )
    assert check(g, [H], [s, t], "hessian", stacked=True)


def test_products_with_directions() -> None:
    f = b.product([A, b.hadamard([x, x])])
    dA, dx = b.symbol("dA", SQUARE), b.symbol("dx", x.shape)
    v = b.symbol("v", x.shape)
    forward = b.add(
        [b.product([dA, b.hadamard([x, x])]), b.product([b.number(2), A, b.hadamard([x, dx])])]
    )
    assert check(f, [forward], [A, x], "differential", along=[dA, dx])
    assert check(f, [forward], [A, x], "jvp", along=[dA, dx])
    back = b.product([b.number(2), b.hadamard([x, b.product([b.transpose(A), v])])])
    assert check(f, [back], [x], "vjp", along=[v])
    g = total(b.power(x, b.number(3)))
    assert check(g, [b.product([b.number(6), b.hadamard([x, dx])])], [x], "hvp", along=[dx])
    assert check(g, [b.product([b.number(5), b.hadamard([x, dx])])], [x], "hvp", along=[dx]).wrong


def test_kinks_are_set_aside_and_not_taken_for_errors() -> None:
    always = each("abs", b.add([t, b.neg(t), b.product([b.number(0), t])]))
    assert check(b.product([b.number(3), t]), [b.number(3)], [t])
    kinked = b.add([call("abs", b.add([t, b.neg(b.named("u", t))])), t])
    report = check(kinked, [b.number(1)], [t])
    assert report.passed or not report.wrong
    held = b.named("u", t)
    report = check(call("abs", b.add([held, b.neg(t)])), [b.number(0)], [held])
    assert not report.passed and not report.wrong
    assert "kink" in str(report)
    assert check(always, [b.number(0)], [t])


def test_steps_have_derivative_zero() -> None:
    assert check(each("sign", x), [b.filled("zeros", SQUARE)], [x], "jacobian")
    assert check(b.compare("<=", x, w), [b.filled("zeros", SQUARE)], [x], "jacobian")


def test_what_cannot_be_checked_is_not_wrong() -> None:
    report = check(total(each("sqrt", b.neg(b.hadamard([x, x])))), [x], [x])
    assert not report.passed and not report.wrong
    assert str(report).startswith("not verified: no inputs were found")
    report = check(total(call("mystery", x, shape=x.shape)), [x], [x])
    assert str(report).startswith("not verified") and "mystery" in str(report)
    broken = b.call(Shape((N,)), "vec", [b.dot(x, x)], 1)
    report = check(b.dot(x, x), [call("solve", broken, x, shape=x.shape)], [x])
    assert str(report).startswith("not verified") and not report.wrong


def test_unknown_functions_get_stand_ins() -> None:
    f = Function("f", Shape((N,)), Shape((M,)))
    expr = b.product([b.transpose(c), b.apply(f, 0, x)])
    right = b.product([b.transpose(c), b.apply(f, 1, x)])
    assert check(expr, [right], [x])
    assert check(expr, [lambda d: d.point["b"] @ d.functions["f"][1](d.point["x"])], [x])


def test_same_value() -> None:
    left = call("tr", b.product([A, b.product([x, b.transpose(x)])]))
    right = b.product([b.transpose(x), A, x])
    assert same_value(left, right)
    assert same_value(x, b.transpose(x))
    assert same_value(call("log", call("exp", t)), t)
    assert same_value(call("exp", call("log", t)), t)
    report = same_value(left, b.dot(x, x))
    assert report.wrong and "should be" in str(report)
    assert not same_value(call("log", b.neg(b.dot(x, x))), t).wrong


def test_the_same_seed_gives_the_same_report() -> None:
    assert str(check(HINGE, [HINGE_BY_W], [w], seed=3)) == str(
        check(HINGE, [HINGE_BY_W], [w], seed=3)
    )


def test_importing_matcalc_does_not_import_the_oracle() -> None:
    program = (
        "import matcalc, sys; sys.exit('numpy' in sys.modules or 'matcalc.check' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_variable_that_does_not_occur_has_derivative_zero() -> None:
    assert check(HINGE, [b.filled("zeros", x.shape)], [x])
