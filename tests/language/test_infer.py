"""Inference: operators first, letters last, every assumption in words (LANGUAGE.md section 2)."""

from __future__ import annotations

import pytest

from matcalc.language import parse_program

INFERRED = """
w·x + b                       | w: R^n, x: R^n, b: R
X w + b                       | X: R^(m×n), w: R^n, b: R^m
w + x                         | w: R, x: R
x                             | x: R
sum(x)                        | x: R^n
sum(w ⊙ x)                    | w: R^n, x: R^n
sum(c x)                      | c: R, x: R^n
sum(max(0, X w + b))          | X: R^(m×n), w: R^n, b: R^m
sum((y - X w)^2) / N          | y: R^m, X: R^(m×n), w: R^n, N: R^(k×p)
sin(x^2)                      | x: R
[log(x^2), sin(3x)]           | x: R
2x^2y                         | x: R, y: R
x' A x                        | x: R^n, A: R^(n×n)
aᵀ X b                        | a: R^m, X: R^(m×n), b: R^n
c x' A x                      | c: R, x: R^n, A: R^(n×n)
x y'                          | x: R^n, y: R^m
a' b                          | a: R^n, b: R^n
tr(X⁻¹ A)                     | X: R^(n×n), A: R^(n×n)
x.T A.T y                     | x: R^n, A: R^(m×n), y: R^m
‖A x - b‖² + λ ‖x‖²           | A: R^(m×n), x: R^n, b: R^m, λ: R
logdet(S + λ I)               | S: R^(n×n), λ: R
x' Σ⁻¹ x                      | x: R^n, Σ: R^(n×n)
X W + b'                      | X: R^(m×n), W: R^(n×p), b: R^p
-y·log(softmax(W x + b))      | y: R^m, W: R^(m×n), x: R^n, b: R^m
A ⊙ b                         | A: R^(m×n), b: R^(m×n)
log(1 + exp(-y (w·x)))        | y: R, w: R^n, x: R^n
e(i, n)·x                     | i: R, x: R^n
x[i]                          | x: R^n, i: R
p = V tanh(W x); p[k]         | V: R^(m×n), W: R^(n×q), x: R^q, k: R
X[i, j]                       | X: R^(m×n), i: R, j: R
A \\ b                        | A: R^(n×n), b: R^n
diag(x) A                     | x: R^m, A: R^(m×n)
x + ones(n)                   | x: R^n
(A : B)                       | A: R^(m×n), B: R^(m×n)
einsum("ij,jk->ik", A, B)     | A: R^(m×n), B: R^(n×p)
sum(x, axis=0)                | x: R^n
f(x) where f: R^n -> R        | x: R^n
f([a, b, c]) where f: R^3 -> R | a: R, b: R, c: R
x > y where y: R^n            | x: R^n, y: R^n
u = X w; u + b where w: R^d   | X: R^(n×d), w: R^d, b: R^n
a' diag(d) b                  | a: R^n, d: R^n, b: R^n
x' diag(λ) y                  | x: R^n, λ: R^n, y: R^n
diag(d) x                     | d: R^n, x: R^n
μ' w - r                      | μ: R^n, w: R^n, r: R
(x - μ)' Σ^-1 (x - μ)         | x: R^n, μ: R, Σ: R^(n×n)
vstack(w, b)·vstack(x, 1) where w, x: n | w: R^n, b: R, x: R^n
"""


def rows(text: str) -> list[tuple[str, dict[str, str]]]:
    """A program and the shapes of its variables."""
    found = []
    for line in text.strip().splitlines():
        program, _, shapes = line.rpartition(" | ")
        pairs = (each.split(": ") for each in shapes.split(", "))
        found.append(
            (program.strip().replace("\\\\", "\\"), {name.strip(): shape for name, shape in pairs})
        )
    return found


@pytest.mark.parametrize(("text", "shapes"), rows(INFERRED), ids=lambda each: str(each)[:40])
def test_inferred(text: str, shapes: dict[str, str]) -> None:
    program = parse_program(text)
    assert {name: str(program.variables[name].shape) for name in shapes} == shapes
    assert len(program.variables) == len(shapes)


def test_every_undeclared_variable_has_its_reason() -> None:
    program = parse_program("X w + b + c", {"c": "R"})
    assert program.assumptions == (
        "X: R^(m×n) (an upper-case name is a matrix)",
        "w: R^n (directly right of a matrix: a vector)",
        "b: R^m (added to or compared with `X w`)",
    )


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("X W + b'", "`b'` is expanded: a row, over the rows of `X W + b'`"),
        ("X + y", "`y` is expanded: a column, over the columns of `X + y`"),
        (
            "x' A x / x' x",
            "`x' A x / x' x` reads from left to right, `(x' A x / x') x`; over a product it is "
            "`x' A x / (x' x)`",
        ),
        (
            "s (y ./ x · x)",
            "`y ./ x · x` reads from left to right, `(y ./ x) · x`; over a product it is "
            "`y / (x · x)`",
        ),
        ("1/2s", "`1/2s` reads from left to right, `(1/2) s`; over a product it is `1 / (2s)`"),
        (
            "s^2^3",
            "`s^2^3` reads from left to right, `(s^2)^3`; the other power is `s^(2^3)`",
        ),
        (
            "T = 3; (x^T) T",
            "`x^T` is the transpose of `x`, not a power of T",
        ),
        ("T = 3; (x^(T)) T", "`x^T` is the transpose of `x`, not a power of T"),
        ("[s t]", "`[s t]` has one entry, a product; 2 entries are `[s, t]`"),
        ("w^T * v + s", "`w^T * v` scales `w^T`; the inner product is `w^T v`"),
        ("f = s^2; f(3)", "`f(3)` is a product: `f` is bound to a value, not to a function"),
        ("S * S", "`S * S` is the element-wise product; the matrix product is `S S`"),
        (
            "(P Q - R)^2",
            "`(P Q - R)^2` is a power of the matrix `(P Q - R)`, which has to be square for it; "
            "the power of each entry is `(P Q - R).^2`",
        ),
        ("xy x y'", "xy: R (nothing says otherwise; `x y` would be a product)"),
    ],
)
def test_readings_are_reported(text: str, reading: str) -> None:
    shapes = {"y": "m", "X": "m×n", "S": "n×n", "W": "n×p", "b": "p", "x": "m"}
    assert reading in parse_program(text, shapes).assumptions


@pytest.mark.parametrize("text", ["S^2 + S^3", "A^-2", "(X w - y)^2", "u = S S; u^2"])
def test_other_powers_are_no_surprise(text: str) -> None:
    found = parse_program(text, {"S": "n×n"}).assumptions
    assert not any("power of" in line for line in found)


@pytest.mark.parametrize("text", ["1/2 x", "x' A x / (x' x)", "x / norm(x) s", "y / x ⊙ x"])
def test_other_quotients_are_no_surprise(text: str) -> None:
    found = parse_program(text, {"x": "n", "y": "n"}).assumptions
    assert not any("from left to right" in line for line in found)


def test_dimensions_are_named_past_the_names_in_use() -> None:
    program = parse_program("A x + n", {"n": "R"})
    assert str(program.variables["A"].shape) == "R^(p×m)"
    assert program.dims == ("m", "p")


def test_declared_variables_are_kept_after_the_used_ones() -> None:
    program = parse_program("y + x", {"z": "R", "x": "R", "y": "R"}, wrt=["z"])
    assert list(program.variables) == ["y", "x", "z"]


def test_a_size_in_a_call_makes_its_name_a_dimension() -> None:
    program = parse_program("x / n + ones(n) c", {"x": "R^n"})
    assert program.variables.keys() == {"x", "c"}


def test_a_dimension_is_a_number_unless_a_variable_has_its_name() -> None:
    assert parse_program("x / n", {"x": "R^n"}).variables.keys() == {"x"}
    assert parse_program("x / n", {"x": "R^n", "n": "R"}).variables.keys() == {"x", "n"}
