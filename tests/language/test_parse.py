"""What a text means: operators, precedence, spellings, calls, indices, programs."""

from __future__ import annotations

import pytest

from matcalc.language import parse_program
from tests.language.tree import tree

SHAPES = {
    "a": "R",
    "b": "R",
    "c": "R",
    "λ": "R",
    "x": "R^n",
    "y": "R^n",
    "z": "R^m",
    "A": "m×n",
    "B": "n×n",
    "C": "n×n",
    "V": "R^(k×m×n)",
    "f": "R -> R",
    "g": "R^n -> R",
    "h": "R^n -> R^m",
    "q": "R -> R^n",
}

OPERATORS = """
1/2 x                     (mul (/ 1 2) x)
a/b ⊙ c                   (mul (/ a b) c)
x/y ⊙ x                   (had (/ x y) x)
A x / c                   (/ (mul A x) c)
2a^2b                     (mul 2 (^ a 2) b)
3 x x'                    (mul 3 x (' x))
a b c                     (mul a b c)
a (b c)                   (mul a (mul b c))
-x ⊙ y                    (had (- x) y)
-x^2                      (- (^ x 2))
x - y - z[0]              (+ x (- y) (- (at z 0)))
x - -y                    (+ x (- (- y)))
x ⊙ y ⊙ x                 (had x y x)
x ∘ y                     (had x y)
x .* y                    (had x y)
x * y                     (had x y)
a * x                     (mul a x)
x ⊙ a                     (mul x a)
A @ x                     (mul A x)
A · x                     (mul A x)
A . x                     (mul A x)
A.x                       (mul A x)
A ⋅ x                     (mul A x)
x · y                     (dot x y)
x' · y                    (dot (' x) y)
x.y                       (dot x y)
c · x                     (mul c x)
z @ A                     (' (mul (' z) A))
z' A y                    (mul (' z) A y)
B ⊗ C                     (kron B C)
B \\ x                    (call solve B x)
x ./ y                    (/ x y)
a / x                     (/ a x)
x + a                     (+ x a)
A + x'                    (+ A (' x))
A + z                     (+ A z)
x < y                     (< x y)
x <= y                    (<= x y)
x ≤ y                     (<= x y)
x >= 0                    (>= x 0)
x ≥ 0                     (>= x 0)
x == y                    (== x y)
A x > z                   (> (mul A x) z)
(x > 0) ⊙ y               (had (> x 0) y)
a * -b                    (mul a (- b))
V + V                     (+ V V)
c V                       (mul c V)
V @ x                     (einsum abz,z->ab V x)
"""

POSTFIXES = """
x'                        (' x)
x^T                       (' x)
xᵀ                        (' x)
x.T                       (' x)
x^{T}                     (' x)
x′                        (' x)
x'y                       (mul (' x) y)
x.T y                     (mul (' x) y)
x^T y                     (mul (' x) y)
x^2                       (^ x 2)
x²                        (^ x 2)
c^10                      (^ c 10)
c¹⁰                       (^ c 10)
c⁻²                       (^ c -2)
x.^a                      (^ x a)
B^2                       (^ B 2)
B.^2                      (.^ B 2)
B^-1                      (inv B)
B⁻¹                       (inv B)
B^(-1)                    (inv B)
B^{-1}                    (inv B)
B^-T                      (' (inv B))
B^{-T}                    (' (inv B))
B⁻ᵀ                       (' (inv B))
B^-1'                     (' (inv B))
B'^-1                     (inv (' B))
c^-1                      (^ c -1)
c^-a                      (^ c (- a))
c^a^b                     (^ (^ c a) b)
c^(a + b)                 (^ c (+ a b))
c^{a + b}                 (^ c (+ a b))
c^f(a)                    (^ c (f a))
a^2 b                     (mul (^ a 2) b)
x[0]                      (at x 0)
x[i]                      (at x i)
x[i + 1]                  (at x (+ i 1))
A[i, j]                   (at A i j)
A[1, :]                   (at A 1 :)
A[:, 2]                   (at A : 2)
A[:, 2]'                  (' (at A : 2))
x[0]^2                    (^ (at x 0) 2)
(A B)[0, 1]               (at (mul A B) 0 1)
V[0, 1, 2]                (at V 0 1 2)
x[0] [a, b]               (mul (at x 0) (list a b))
"""

ATOMS = """
2.5                       5/2
.5                        1/2
1e-3                      1/1000
2e3                       2000
2.*x                      (mul 2 x)
2./x                      (/ 2 x)
0.1 x                     (mul 1/10 x)
pi                        pi
2 π                       (mul 2 pi)
inf                       inf
1/n                       (/ 1 #n)
x / (m n)                 (/ x (mul #m #n))
[a, b, c]                 (list a b c)
[[a, b], [c, 1]]          (list (list a b) (list c 1))
[x', y']                  (list (' x) (' y))
‖x‖                       (call norm x)
||x||                     (call norm x)
‖x‖² + ‖y‖                (+ (^ (call norm x) 2) (call norm y))
‖x‖‖y‖                    (mul (call norm x) (call norm y))
‖x + ‖y‖ y‖               (call norm (+ x (mul (call norm y) y)))
(A : A)                   (call tr (mul (' A) A))
(x : y)                   (dot x y)
(A : R)                   (call tr (mul (' A) R))
(x : (w: n))              (dot x w)
I x                       (mul (call eye #n) x)
B + λ I                   (+ B (mul λ (call eye #n)))
lambda x                  (mul λ x)
"""

CALLS = """
f(x)                      (f x)
f'(c)                     (f1 c)
f''(x)                    (f2 x)
g(x)                      (g x)
∇g(x)                     (g1 x)
H_g(x)                    (g2 x)
J_h(x)                    (h1 x)
q(a)                      (q a)
f(x)'                     (' (f x))
f(f(a))                   (f (f a))
c (x + y)                 (mul c (+ x y))
c(x + y)                  (mul c (+ x y))
2(x + y)                  (mul 2 (+ x y))
(a + b)(x + y)            (mul (+ a b) (+ x y))
n (n + 1) / 2             (/ (mul #n (+ #n 1)) 2)
sin(x)                    (call sin x)
ln(a)                     (call log a)
max(0, x)                 (call max 0 x)
max(x)                    (call max x)
sum(A, axis=1)            (call sum@1 A)
sum(A, axis=-1)           (call sum@1 A)
norm(x, 1)                (call norm x 1)
norm(x, inf)              (call norm x inf)
norm(A, nuc)              (call norm_nuc A)
norm(A, 2)                (call norm_2 A)
norm(x, 2)                (call norm x 2)
norm(A, 3, axis=0)        (call norm@0 A 3)
inv(B)                    (inv B)
transpose(A)              (' A)
dot(x, y)                 (dot x y)
outer(x, z)               (mul x (' z))
kron(B, C)                (kron B C)
pow(x, a)                 (^ x a)
pow(B, a)                 (.^ B a)
square(x)                 (call square x)
where(x > 0, x, a)        (call where (> x 0) x a)
polygamma(1, x)           (call polygamma 1 x)
leaky_relu(x)             (call leaky_relu x)
eye(n)                    (call eye #n)
ones(m, n)                (call ones #m #n)
zeros(2n)                 (call zeros #2*n)
ones(3)                   (call ones 3)
e(i, n)                   (call e i #n)
tril(B, -1)               (call tril B (- 1))
solve(B, x)               (call solve B x)
solve(B, C)               (call solve B C)
diag(x)                   (call diag x)
diag(B)                   (call diag B)
vstack(x, c, 1)           (call vstack x c 1)
einsum("ij,jk->ik", A, B)  (einsum ij,jk->ik A B)
grad(x · x, x)            (grad (dot x x) x)
jacobian(A x, x)          (jacobian (mul A x) x)
hessian(x · x, x)         (hessian (dot x x) x)
gamma(a)                  (call gamma a)
"""


def table(text: str) -> list[tuple[str, str]]:
    """Rows of two columns, at least two blanks apart."""
    rows = [line.partition("  ") for line in text.strip().splitlines()]
    return [(left.replace("\\\\", "\\"), right.strip()) for left, _, right in rows]


@pytest.mark.parametrize(
    ("text", "meaning"), table(OPERATORS) + table(POSTFIXES) + table(ATOMS), ids=lambda each: each
)
def test_meaning(text: str, meaning: str) -> None:
    assert tree(parse_program(text, SHAPES).expression) == meaning


@pytest.mark.parametrize(("text", "meaning"), table(CALLS))
def test_calls(text: str, meaning: str) -> None:
    assert tree(parse_program(text, SHAPES).expression) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "h1 = A x\nh1 · h1",
        "h1 = A x; h1 · h1",
        "h1 = A x   # a comment\n\n# another\nh1 · h1  # the last\n",
        "h1 = A\\\n x\nh1 · h1".replace("\\\n", ""),
        "h1 = (A\n x)\nh1 ·\n h1",
        "h1 =\n A x;\nh1 · h1;",
        "h1 = A x\r\nh1 · h1",
    ],
)
def test_programs(text: str) -> None:
    program = parse_program(text, {"A": "m×n", "x": "n"})
    assert tree(program.expression) == "(dot h1 h1)"
    assert [tree(value) for value in program.bindings.values()] == ["(mul A x)"]


@pytest.mark.parametrize(
    "declarations",
    [
        "where A: R^(m×n), x: R^n",
        "where A: R^(m x n), x: R^(n)",
        "where A: ℝ^(m×n), x: ℝⁿ",
        "where A: ℝᵐˣⁿ, x: ℝⁿ",
        "where A: R^{m×n}, x: R^{n}",
        "where A: (m, n), x: n",
        "where A: m×n, x: (n)",
        "\nwhere A: m x n,\n      x: n",
        "\nwhere A: m×n\n      x: n",
    ],
)
def test_declarations(declarations: str) -> None:
    program = parse_program(f"A x {declarations}")
    assert [str(each.shape) for each in program.variables.values()] == ["R^(m×n)", "R^n"]
    assert program.assumptions == ()


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ("R", "R"),
        ("scalar", "R"),
        ("ℝ", "R"),
        ("3", "R^3"),
        ("2n", "R^(2*n)"),
        ("n+1", "R^(n + 1)"),
        ("R^(m*n)", "R^(m*n)"),
        ("(m*p)×(n*q)", "R^((m*p)×(n*q))"),
        ("n*(n+1)/2", "R^(n*n/2 + n/2)"),
        ("3x4", "R^(3×4)"),
        ("R^T", "R^T"),
        ("R^(k×m×n)", "R^(k×m×n)"),
        ("R^(n×n) spd", "R^(n×n)"),
    ],
)
def test_shapes(shape: str, shown: str) -> None:
    assert str(parse_program("x", {"x": shape}).expression.shape) == shown


def test_properties_and_functions() -> None:
    program = parse_program(
        "f(x)' S x where S: R^(n×n) symmetric positive, f: R^n -> R^n, x: R^n, c: R, d, e: n"
    )
    assert program.variables["S"].properties == {"symmetric", "positive"}
    assert str(program.functions["f"]) == "R^n -> R^n"
    assert list(program.variables) == ["x", "S", "c", "d", "e"]
    assert program.dims == ("n",)


def test_inline_declarations() -> None:
    program = parse_program("max(0, (w: R^n)·x + (b: R)) + (t)")
    assert {name: str(each.shape) for name, each in program.variables.items()} == {
        "w": "R^n",
        "x": "R^n",
        "b": "R",
        "t": "R",
    }


@pytest.mark.parametrize(
    "name", ["lambda", "class", "np", "def", "x_1", "x1", "x₁", "été", "ω", "W2"]
)
def test_names_are_ordinary(name: str) -> None:
    program = parse_program(f"2 {name}^2")
    assert len(program.variables) == 1
    assert len(parse_program(f"{name} + 1", {name: "R^3"}).variables) == 1


def test_greek_names_are_the_letters() -> None:
    program = parse_program("sigma Sigma lambda", {"σ": "R", "Σ": "n×n"})
    assert list(program.variables) == ["σ", "Σ", "λ"]


def test_words_of_functions_are_names_elsewhere() -> None:
    program = parse_program("e + sum + gamma + where + T", {"e": "R", "where": "R"})
    assert list(program.variables) == ["e", "sum", "γ", "where", "T"]


def test_numbers_used_as_index_are_integers() -> None:
    program = parse_program("x[i] + i", {"x": "R^n"})
    assert program.integers == {"i"}
    assert program.variables["i"].properties == {"integer"}


def test_matlab_dialect() -> None:
    shapes = {"A": "m×n", "x": "n", "y": "m"}

    def read(text: str) -> str:
        return tree(parse_program(text, shapes, dialect="matlab").expression)

    assert read("y'*A*x") == "(mul (' y) A x)"
    assert read("norm1(x) + norm2(A*x - y)^2 % a comment") == (
        "(+ (call norm x 1) (^ (call norm (+ (mul A x) (- y))) 2))"
    )
    assert read("vector(m)'*matrix(m, n)*x") == "(mul (' (call ones #m)) (call ones #m #n) x)"
    assert read("x.*x") == "(had x x)"


@pytest.mark.parametrize(
    "product",
    [
        "(A : (eye(n) > ones(n, n)))",
        "(A : ((diag(e(0, n)) B) + 2 eye(n)))",
        "(A : (ones(n, n) B)')",
        "(A : 2 B)",
        "(A : 2 exp(B))",
        "(A : 2 (B + B'))",
    ],
)
def test_a_frobenius_product_is_no_declaration(product: str) -> None:
    program = parse_program(f"{product} where A: n×n, B: n×n")
    assert {name: str(each.shape) for name, each in program.variables.items()} == {
        "A": "R^(n×n)",
        "B": "R^(n×n)",
    }
    assert str(program.expression.shape) == "R"


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ("(n, n)", "R^(n×n)"),
        ("(2n, 3) positive", "R^((2*n)×3)"),
        ("2n + 1", "R^(2*n + 1)"),
        ("2(n + 1)", "R^(2*n + 2)"),
        ("3", "R^3"),
    ],
)
def test_a_declaration_is_no_frobenius_product(shape: str, read: str) -> None:
    assert str(parse_program(f"sum((A : {shape}))").variables["A"].shape) == read
