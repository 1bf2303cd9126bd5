"""Programs into index notation and back: lowering keeps the value, and what a textbook would write
is written so again."""

from __future__ import annotations

import numpy as np
import pytest

from matcalc.check import evaluate, sample
from matcalc.emit.text import text
from matcalc.errors import DerivationError, InputError
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.language import parse_program
from matcalc.tensor.canonical import opaque
from matcalc.tensor.lift import Lift
from matcalc.tensor.lower import MATRIX_POWER
from matcalc.tensor.nodes import Atom, Bound, intern
from tests.tensor.networks import M, N
from tests.tensor.problems import lowering
from tests.tensor.validator import validate
from tests.tensor.values import value
from tests.tensor.written import written_again

SHAPES = {
    "A": "R^(n×n)", "B": "R^(n×n)", "S": "R^(n×n) symmetric", "X": "R^(m×n)", "Y": "R^(m×n)",
    "W": "R^(n×m)", "x": "R^n", "y": "R^n", "p": "R^n positive", "u": "R^m", "s": "R", "t": "R",
    "a": "R^3", "b": "R^3", "C": "R^(3×3)", "h": "R^(n*(n+1)/2)", "g": "R^(m*n)", "f": "R^(n*m)",
    "T": "R^(k×m×n)", "K": "R^(2×3)", "d": "R^2",
}  # fmt: skip

ENTRIES = """
A B x; x' A B; x y'; A' A; A^3; A^0; s A t; (x · y) A; A ⊙ B; A ⊙ B ⊙ S; x ⊙ y; A / s; x / p;
s / p; X x + u; X + u; X + x'; X - s; s - x; A - B; -A; -x; 2 A - B / 3; s^2; x^3; p.^s; A.^2;
p.^-1; x.^2 / s; (A + B) (A - B); S A; tr(A); tr(A B); diag(x); diag(A); diag(x) A diag(y);
sum(A); sum(X, axis=0); sum(X, axis=1); sum(x); vec(X); vec(A B); unvec(g, m, n); unvec(f, n, m);
tril(A); triu(A); tril(A, 1); triu(A, -1); tril(A) + triu(A); vech(A); vech(A B); unvech(h, n);
hstack(x, y); hstack(A, x); hstack(A, B); vstack(x, u); vstack(x, s); vstack(s, x); vstack(A, x');
vstack(X, A); hstack(s, x'); blockdiag(A, X); blockdiag(s, A); blockdiag(x, s); [s, t, 1];
[a', b']; [x', y']; [s, 2 s] ⊙ d; cross(a, b); skew(a); skew(a) b; cross(a, C b); skew(a) C;
x[0]; x[1]; X[0, 1]; X[1, :]; X[:, 0]; A[0, :] x; e(1, n); e(1, 3) ⊙ a; eye(n); ones(n); ones(m, n);
zeros(m, n) + X; A ⊗ X; x ⊗ u; x' ⊗ u; x ⊗ A; X ⊗ y'; commutation(m, n); commutation(m, n) g;
commutation(n, m) commutation(m, n) g; duplication(n); elimination(n); elimination(n) vec(A);
duplication(n) h; duplication(n)' vec(A); reshape(X, n, m); reshape(g, m, n); reshape(T, k, m*n);
reshape(X, m*n); reshape(s, 1, 1); reshape(K, 3, 2); einsum("ij,kj->ik", X, X);
einsum("ijk,k->ij", T, x); einsum("ijk,ijk->", T, T); einsum("iij->j", einsum("ij,k->ijk", A, x));
einsum("ij->ji", X); einsum("ij,ij->ij", X, Y); einsum("i,j,k->ijk", x, y, x);
x < y; x <= y; x > 0; x >= s; x == y; A > B; max(x, y); min(A, s); max(0, x); abs(x); sign(A);
exp(X); sin(x + y); cos(-x); tanh(A B); relu(x - y); where(x > 0, x, y); inv(S S + eye(n));
det(A); (S S + eye(n))^-1 x; max(X, axis=0); max(X, axis=1); softmax(x); softmax(X, axis=0);
softmax(X, axis=1); pi s; n s; m n s; x · (A y); x' y; u' X x; X'; X' u; A' B'; (A B)'; x'; n;
[[s, t], [1, 2]]; vstack([s], x); sum(x x'); (X ⊙ Y) x; 2 (x · x); norm(x)^2; s (x y') t;
levi_civita(); einsum("ijk,jk->i", levi_civita(), C); einsum("ijk,kl->ijl", levi_civita(), C);
einsum("ijk,ij->k", levi_civita(), C); einsum("ijk,i->jk", levi_civita(), a);
einsum("ijk,i,j,k->", levi_civita(), a, b, C a);
einsum("ijk,ilm->jklm", levi_civita(), levi_civita()); x' y T; s x' y T; x' y A; x' y x' y A;
x' y A x; x x' y y'; s x' t y p'; max(X); max(A B); max(T); vech(X X'); unvech(vech(A A'), n);
sum(vstack(x, u)) (sum(x) + sum(u)); (A x)^2 / (A x); tril(ones(m, n), -1)' u; B diag(A' S A)
"""


def split(programs: str) -> list[str]:
    return [program.strip() for program in programs.replace("\n", " ").split(";")]


def parsed(program: str) -> Expr:
    return parse_program(program, SHAPES).expression


@pytest.mark.parametrize("program", split(ENTRIES))
def test_lowered_and_lifted_it_has_the_value(program: str) -> None:
    expr = parsed(program)
    t = lowering()(expr)
    validate(t, expr.shape)
    drawn = sample([expr], [], np.random.default_rng(3))
    wanted = evaluate(expr, drawn.point, drawn.sizes)
    np.testing.assert_allclose(value(t, drawn.point, drawn.sizes), wanted, 1e-9, 1e-9)
    lifted = Lift()(t)
    np.testing.assert_allclose(evaluate(lifted, drawn.point, drawn.sizes), wanted, 1e-9, 1e-9)
    assert lowering()(lifted) is t


KEPT = """
A B x; x y'; A' A; A^3; (x · y) A; A ⊙ B; A ⊙ B ⊙ S; x ⊙ y; A / s; x / p; s / p; X x + u; X - s;
A - B; -A; -x; 2 A - B / 3; s^2; x^3; A.^2; (A + B) (A - B); S A; tr(A); diag(x); diag(A);
diag(x) A diag(y); sum(A); sum(X, axis=0); sum(X, axis=1); sum(x); vec(X); vec(A B);
unvec(g, m, n); unvec(f, n, m); tril(A); triu(A); tril(A, 1); triu(A, -1); tril(A) + triu(A);
vech(A); vech(A B); unvech(h, n); hstack(A, B); hstack(x, y); vstack(x, u); vstack(X, A); [s, t, 1];
[x', y']; cross(a, b); skew(a); skew(a) C; x[0]; x[1]; X[0, 1]; X[:, 0]; A[0, :] x; e(1, n);
eye(n); ones(m, n); A ⊗ X; x ⊗ u; x ⊗ A; X ⊗ y'; commutation(m, n); duplication(n);
elimination(n); reshape(T, k, m*n); einsum("ijk,k->ij", T, x); x > 0; x == y; A > B; max(x, y);
min(A, s); max(0, x); abs(x); sign(A); exp(X); sin(x + y); tanh(A B); relu(x - y);
where(x > 0, x, y); det(A); max(X, axis=0); max(X, axis=1); softmax(x); softmax(X, axis=0);
softmax(X, axis=1); n s; m n s; u' X x; X'; X' u; A' B'; n; [[s, t], [1, 2]]; (X ⊙ Y) x;
2 (x · x); levi_civita(); sum(A ⊙ exp(B)); x' A x; x' A' A x; tr(A)^2; (s + t) A; s (A + B);
-(x · y) A; s t x y'; A x y' B; A diag(x) B; diag(A' S A); x / (x · x); A / tr(A); 1 / (s t);
2 s / (3 t); -x / 3; 3 / x; 2 x / 3; sqrt(x); 1 / sqrt(p); (x · x)^s; exp(-x); 1 - x; x - 1;
(A ⊙ B) x; A (x ⊙ y); X' X + s eye(n); eye(n) - x y'; A ⊗ B + B ⊗ A; (A ⊗ B) commutation(n, n);
diag(vec(A)); (A ⊗ eye(n)) diag(vec(B)) (eye(n) ⊗ S); vstack(x, zeros(m)); vstack(zeros(m), x);
vstack(zeros(m, n), A, zeros(m, n)); hstack(A, zeros(n, m)); vstack(x, zeros(2), y); [0, s, 0];
[s, 0, 0, 0, 0, 0]; [[s, 0], [0, t]]; s e(0, n); e(0, n) e(1, n)'; tril(ones(n, n));
triu(ones(m, n), 1); unvech(h, n) x; vech(x y'); skew(a) skew(b); C skew(a); ones(n, n) - eye(n);
ones(m) x'; x ones(m)'; sum(x) ones(m); n eye(n); where(A > 0, A, B); max(x, s); x^2 / (x · x);
A' B; sylvester(A, B, S); softmax(A x); tr(A^3); A B A B; s eye(n); max(X); A x == 0;
abs(s) == s; norm(x) == 1; s == t; A sum(B, axis=1); B diag(A' S A); x · diag(A' S A);
tril(ones(n, m), -1) u; triu(ones(n, m)) u; (x · y) T; (x · y)^2 A; (x · y) A x; -x - y;
s ones(n, n) + x y'; diag(x) + s ones(n, n); A ⊙ B + s; A B + s
"""
"""What is written as it was typed."""

TURNED = {
    "x' A B": "B' A' x",
    "A^0": "eye(n)",
    "X + u": "X + u ones(n)'",
    "X + x'": "X + ones(m) x'",
    "p.^-1": "1 / p",
    "p.^s": "p^s",
    "skew(a) b": "cross(a, b)",
    "e(1, 3) ⊙ a": "[0, a[1], 0]",
    "zeros(m, n) + X": "X",
    "x' ⊗ u": "u x'",
    "elimination(n) vec(A)": "vech(A)",
    "reshape(X, m*n)": "vec(X')",
    'einsum("ij,kj->ik", X, X)': "X X'",
    'einsum("ijk,ijk->", T, T)': "sum(T.^2)",
    'einsum("iij->j", einsum("ij,k->ijk", A, x))': "tr(A) x",
    'einsum("ij->ji", X)': "X'",
    'einsum("ij,ij->ij", X, Y)': "X ⊙ Y",
    "x < y": "y > x",
    "cos(-x)": "cos(x)",
    "x · (A y)": "x' A y",
    "x' y": "x · y",
    "(A B)'": "B' A'",
    "sum(x x')": "sum(x)^2",
    "norm(x)^2": "x · x",
    'einsum("ijk,i->jk", levi_civita(), a)': "-skew(a)",
    'einsum("ijk,i,j,k->", levi_civita(), a, b, C a)': "cross(a, b)' C a",
    "pi s": "π s",
    "blockdiag(A, X)": "vstack(hstack(A, zeros(n, n)), hstack(zeros(m, n), X))",
    "tr(A S A' S)": "tr(A' S A S)",
    "diag(A B)": "sum(A ⊙ B', axis=1)",
    "A ⊙ (x y')": "diag(x) A diag(y)",
    "(A x) ⊙ y": "y ⊙ (A x)",
    "sum(A ⊙ B)": "tr(A' B)",
    "sum(A ⊙ A)": "norm(A)^2",
    "sum(A, axis=1) / n": "mean(A, axis=1)",
    "sum(x) / n": "mean(x)",
    "(x - y) · (x - y)": "norm(y - x)^2",
    "sqrt(x · x)": "norm(x)",
    "(x · x)^(3/2)": "norm(x)^3",
    "-(1 - x) ⊙ x": "x ⊙ (x - 1)",
    "(x - y) s": "s (x - y)",
    "-(x - y) s": "s (y - x)",
    "-2 (x - y)": "2 (y - x)",
    "vec(x y')": "y ⊗ x",
    "(A ⊗ X) (B ⊗ W)": "(A B) ⊗ (X W)",
    "tr(A ⊗ B)": "tr(A) tr(B)",
    "tril(A)' x": "triu(A') x",
    "tril(A) ⊙ B": "tril(A ⊙ B)",
    "max(X, axis=1) ⊙ u": "u ⊙ max(X, axis=1)",
    "inv(A)' x": "A^-T x",
    "inv(A) B": "A^-1 B",
    "tr(inv(A) B)": "tr(A^-1 B)",
    "inv(A)": "A^-1",
    "inv(A')": "A^-T",
    "(A')^-1 x": "A^-T x",
    "softmax(X', axis=1)": "softmax(X, axis=0)'",
    "tr(A A')": "norm(A)^2",
    "A A x": "A^2 x",
    "diag(x)^2": "diag(x^2)",
    "diag(x) diag(y)": "diag(x ⊙ y)",
    "eye(n) eye(n)": "eye(n)",
    "x' y T": "(x · y) T",
    "x' y A x": "(x · y) A x",
    "x' y x' y A": "(x · y)^2 A",
    "max(vec(X))": "max(X)",
    "std(vec(X))": "std(X)",
    "logsumexp(vec(A B))": "logsumexp(A B)",
    "sum(X) / (m n)": "mean(X)",
    "sum(X)^2 / (n^2 m^2)": "mean(X)^2",
    "sum(A)^3 / n^6": "mean(A)^3",
    "sum(A)^3 / n^4": "sum(A)^3 / n^4",
    "(s s)^n / s": "s^(2 n - 1)",
    "(s t)^n / t": "s^n t^(n - 1)",
    "(-2 s)^n": "(-2)^n s^n",
    "(2 s - 2 t)^n": "2^n (s - t)^n",
    "(s - t)^n / (t - s)": "-(s - t)^(n - 1)",
    "(t / s)^n": "t^n s^(-n)",
    "(-1)^(3 n) (-1)^(2 m)": "(-1)^n",
    "sum(A B, axis=1)": "A sum(B, axis=1)",
    "tril(ones(m, n))' u": "triu(ones(n, m)) u",
    "triu(ones(m, n), 1)' u": "tril(ones(n, m), -1) u",
    "(A x)^2 / (A x)": "A x",
    "B ((A x)^2 / (A x))": "B A x",
    "sum(vstack(x, u)) (sum(x) + sum(u))": "(sum(u) + sum(x))^2",
    "x y' + s": "s ones(n, n) + x y'",
    "diag(x) + s": "diag(x) + s ones(n, n)",
    "-(x + y)": "-x - y",
    "2 == x": "x == 2",
    "s == abs(s)": "abs(s) == s",
    "s > max(x)": "max(x) < s",
    "s >= max(x)": "max(x) ≤ s",
    "2 > x": "x < 2",
    "2 >= x": "x ≤ 2",
}
"""What has a shorter or a more usual form."""

DECLARED = {
    "(x == y)^2 where x: R^n, y: R^n": "x == y",
    "sylvester(A, B, zeros(n, n)) where A: R^(n×n), B: R^(n×n)": "zeros(n, n)",
    "expm_frechet2(A, zeros(n, n), B) where A: R^(n×n), B: R^(n×n)": "zeros(n, n)",
    "expm_frechet(A, B)' C where A: R^(n×n), B: R^(n×n), C: R^(n×m)": "expm_frechet(A', B') C",
    "kron(A, ones(m, k)) kron(B, ones(k, p)) where A: R^(n×n), B: R^(n×n)":
        "k ((A B) ⊗ ones(m, p))",
    "kron(A - C, B - D) where A: R^(n×n), B: R^(m×m), C: R^(n×n), D: R^(m×m)":
        "(C - A) ⊗ (D - B)",
    "vec((x - y) ones(n)') where x: R^m, y: R^m": "vec((x - y) ones(n)')",
    "2 A x / (n t) where A: R^(n×n), x: R^n, t: R": "2 A x / (n t)",
    "3 x / y where x: R^n, y: R^n": "3 x / y",
    "sqrt(2 s t) sqrt(2 s t) u where s: R, t: R, u: R": "2 s t u",
    "norm(x)^p where x: R^n, p: R": "norm(x)^p",
    "(x^y)^p where x: R^n positive, y: R^n, p: R": "(x^y)^p",
    "min(x, x) where x: R^n": "x",
    "0 T where T: R^(m×n×p)": 'einsum("a,b,c->abc", zeros(m), zeros(n), zeros(p))',
    "y ⊙ (x^p)^q - y where x: R^n, y: R^n, p: R, q: R": "y ⊙ (x^p)^q - y",
    "-(1 - (x^p)^q) ⊙ y where x: R^n, y: R^n, p: R, q: R": "y ⊙ ((x^p)^q - 1)",
    "duplication(n)' + B where B: R^((n*(n+1)/2)×(n*n))": "duplication(n)' + B",
    "vech(A) · (vech(B) ⊙ h) where A: R^(n×n), B: R^(n×n), h: R^(n*(n+1)/2)":
        "sum(B ⊙ unvech(h ⊙ vech(A), n))",
    "cross(diag(A B'), a) where A: R^(3×3), B: R^(3×3), a: R^3":
        "cross(sum(A ⊙ B, axis=1), a)",
    "vstack(zeros(k), vstack(x, zeros(m))) where x: R^n": "vstack(zeros(k), x, zeros(m))",
    "vstack(A, B)[3, :] where A: R^(2×n), B: R^(3×n)": "B[1, :]'",
    "vstack(A, zeros(k, n), B) where A: R^(m×n), B: R^(p×n)": "vstack(A, zeros(k, n), B)",
    "vstack(hstack(zeros(m, n), A), hstack(B, zeros(n, m))) where A: R^(m×m), B: R^(n×n)":
        "vstack(hstack(zeros(m, n), A), hstack(B, zeros(n, m)))",
    "vstack(hstack(A, zeros(n, n)), hstack(B, zeros(n, n))) where A: R^(n×n), B: R^(n×n)":
        "vstack(hstack(A, zeros(n, n)), hstack(B, zeros(n, n)))",
    "vstack(x, y) · vstack(z, w) where x: R^n, y: R^m, z: R^n, w: R^m": "w · y + x · z",
    "hstack(A, B) diag(v) vstack(B', A') where A: R^(p×n), B: R^(p×m), v: R^(n+m)":
        "hstack(A, B) diag(v) hstack(B, A)'",
    "A tril(ones(m, n)) + B where A: R^(p×m), B: R^(p×n)": "A tril(ones(m, n)) + B",
    "tril(ones(m, n)) tril(ones(n, m), 1)": "tril(ones(m, n)) tril(ones(n, m), 1)",
}  # fmt: skip
"""What needs more variables than these."""

WRITTEN = {program: program for program in split(KEPT)} | TURNED


@pytest.mark.parametrize(("program", "wanted"), WRITTEN.items())
def test_written_as_a_textbook_would(program: str, wanted: str) -> None:
    """By index notation alone, without what the user's words or the rule book add."""
    t = lowering()(parsed(program))
    assert text(Lift()(t)) == wanted
    assert lowering()(parsed(wanted)) is t


@pytest.mark.parametrize(("program", "wanted"), DECLARED.items())
def test_what_is_declared_is_written_as_a_textbook_would(program: str, wanted: str) -> None:
    assert written_again(program, {})[0] == wanted


def test_differences_are_written_as_the_user_did() -> None:
    program = "abs((u - v) ⊙ (x - y)) where x: R^n, y: R^n, u: R^n, v: R^n"
    assert written_again(program, {}, known=True)[0] == program.partition(" where")[0]


@pytest.mark.parametrize("program", ["a[3]", "e(3, 3)", "C[0, 3]", "C[3, :]"])
def test_places_beyond_the_end_are_refused(program: str) -> None:
    assert lowering()(
        parsed(program.replace("3]", "2]").replace("3, :", "2, :").replace("(3", "(2"))
    )
    with pytest.raises(InputError):
        lowering()(parsed(program))


@pytest.mark.parametrize(
    "program",
    ["k = 3\na[k]", "k = 2\na[k + 1]", "k = 2\nl = k + 1\nC[0, l]", "k = 0 - 1\nx[k]",
     "k = 1 / 2\nx[k]", "k = 3\na · e(k, 3)", "x[0 - 1]"],
)  # fmt: skip
def test_a_name_of_a_place_beyond_the_end_is_refused(program: str) -> None:
    with pytest.raises(InputError, match="no place"):
        lowering()(parsed(program))


def test_a_name_of_an_offset_is_a_number() -> None:
    assert lowering()(parsed("k = 1\ntril(A, k)")) is lowering()(parsed("tril(A, 1)"))
    for offset in ("s", "1/2", "n"):
        with pytest.raises(DerivationError, match="whole number"):
            lowering()(parsed(f"tril(A, {offset})"))


def test_a_name_of_a_place_is_kept() -> None:
    for program in ("k = 2\na[k]", "k = 1\na[k + 1]"):
        lower = lowering()
        assert text(Lift(lower.known)(lower(parsed(program)))) == program


OWN = """
cos(y - x); cos(x - y); abs(x - y); abs(y - x); sin(x - y); sin(y - x); norm(x - y); norm(y - x);
norm(x - y)^2; norm(y - x)^2; norm(x - y)^3; norm(B - A)^2; (x - y)^2; (y - x)^2;
tanh(X - Y); cosh(x - y); cosh(y - x); s (x - y); s (y - x); (x - y) / s; exp(y - x); (x - 1)^2;
(1 - x)^2; softmax(x); softmax(x - y); norm(x - y) (y - x)
"""
"""What keeps the way round in which it was written, where both ways have the same value."""


@pytest.mark.parametrize("program", split(OWN))
def test_differences_stand_as_the_user_wrote_them(program: str) -> None:
    lower = lowering()
    t = lower(parsed(program))
    written = Lift(lower.known)(t)
    assert text(written) == program
    assert lowering()(written) is t


def test_many_matrices_at_once_have_no_notation() -> None:
    """A function of each matrix of a stack; a name for such a thing is a notation again."""
    stack = intern(Atom, (N, N, N), "T", frozenset())
    each = opaque("inv", [stack], (N, N, N), 1, (True,))
    rows = intern(Atom, (M, N), "X", frozenset())
    each_number = opaque("det", [stack], (N,), 1, (True,))
    each_row = opaque("outer", [rows], (M, N, N), 1, (True,))
    for t in (each, each_number, each_row):
        with pytest.raises(DerivationError, match="of many matrices at once"):
            Lift()(t)
    name = intern(Bound, each.dims, "h", each)
    symbol = build.symbol("h", Shape((N, N, N)))
    assert Lift({name: symbol})(name) is symbol


def test_powers_of_matrices_up_to_the_limit() -> None:
    assert text(Lift()(lowering()(parsed(f"A^{MATRIX_POWER}")))) == f"A^{MATRIX_POWER}"
    assert text(Lift()(lowering()(parsed(f"A^-{MATRIX_POWER}")))) == f"A^-{MATRIX_POWER}"
    for k in (MATRIX_POWER + 1, -MATRIX_POWER - 1):
        with pytest.raises(DerivationError, match="whole exponent of at most"):
            lowering()(parsed(f"A^({k})"))
