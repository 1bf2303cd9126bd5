"""What is known of a tensor is exactly what these tables say: nothing is lost that follows from the
factors, nothing is claimed that does not, and all that is claimed holds on numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest

from matcalc import derive
from matcalc.check import evaluate
from matcalc.expr.nodes import Expr
from matcalc.language import parse_program
from matcalc.rules.book import default_book
from matcalc.tensor.knowledge import KNOWN, Knowledge
from matcalc.tensor.lower import Lowering
from tests.expr.test_properties import HOLDS
from tests.tensor.problems import lowering

SHAPES: Final = {
    "A": "R^(n×n)", "B": "R^(n×n) invertible", "S": "R^(n×n) symmetric", "P": "R^(n×n) spd",
    "D": "R^(n×n) diagonal", "Q": "R^(n×n) orthogonal", "L": "R^(n×n) lower",
    "U": "R^(n×n) upper", "X": "R^(m×n)", "W": "R^(n×m)", "H": "R^(m×m) spd",
    "O": "R^(m×m) orthogonal", "x": "R^n", "y": "R^n", "p": "R^n positive", "q": "R^n nonnegative",
    "u": "R^m", "c": "R positive", "z": "R nonnegative", "t": "R",
}  # fmt: skip

IMPLIED: Final = {
    "spd": "semidefinite invertible symmetric", "semidefinite": "symmetric",
    "diagonal": "lower upper symmetric", "orthogonal": "invertible", "positive": "nonnegative",
}  # fmt: skip

KNOWN_OF: Final = """
A: ; B: invertible; S: symmetric; P: spd; D: diagonal; Q: orthogonal; L: lower; U: upper; X: ; q:
nonnegative; p: positive; ones(n, n): positive semidefinite; ones(m, n): positive; eye(n): spd
diagonal orthogonal nonnegative;

tril(A): lower; triu(A): upper; tril(A, -1): lower; tril(A, 1): ; triu(A, 1): upper; triu(A, -1):
; tril(ones(n, n)): lower nonnegative; tril(ones(n, n), 1): nonnegative; triu(ones(n, n)): upper
nonnegative; triu(ones(n, n), -1): nonnegative; triu(ones(n, n), 1): upper nonnegative;
tril(ones(m, n)): nonnegative; triu(A)': lower; tril(S, -1)': upper; tril(L) triu(U): ;

2 B: invertible; -Q: invertible; -P: symmetric invertible; B + B: invertible; B + P: ; B + Q: ; L
+ U: ; L + D: lower; U + D: upper; D + D': diagonal; D + S: symmetric; D + A: ; L': upper; L' + U:
upper; L' + L: symmetric; P + ones(n, n): spd; P + q q': spd; q q' + P: spd; P + c: spd; P + t:
symmetric; P + x: ; P - c: symmetric; P - x x': symmetric; x x' - P: symmetric; P + x x': spd; x
x' + y y': semidefinite; x x' + x: ; x x' + diag(q): semidefinite; diag(q) + P: spd; P + 2 S:
symmetric; S + c: symmetric; L + c: ; L + diag(x): lower;

P ⊙ P: spd nonnegative; P ⊙ inv(P): spd; P ⊙ inv(P) ⊙ S: symmetric; P ⊙ S: symmetric; S ⊙ A: ; P ⊙
A: ; L ⊙ A: lower; U ⊙ A: upper; A ⊙ L': upper; L ⊙ U: diagonal; L' ⊙ U': diagonal; D ⊙ P:
diagonal; L ⊙ P ⊙ A: lower; t (P ⊙ inv(P)): symmetric; t (L ⊙ P): lower; (A A') ⊙ P: symmetric; (A
A') ⊙ S: symmetric; (x x') ⊙ P: semidefinite; diag(x) (P ⊙ inv(P)) diag(x): symmetric; diag(x) (P
⊙ inv(P)) diag(y): ; diag(x) (L ⊙ P) diag(y): lower;

P.^2: spd nonnegative; P.^3: spd; P.^0.5: symmetric nonnegative; P.^-1: symmetric; L.^2: lower
nonnegative; L.^0.5: lower nonnegative; L.^t: ; L.^-1: ; L.^-2: nonnegative; L'.^3: upper; S.^2:
symmetric nonnegative; S.^3: symmetric; D.^3: diagonal; B.^3: ; B.^2: nonnegative; Q.^3: ; (A
A').^3: semidefinite; (A A').^2: semidefinite nonnegative;

B ⊙ Q: ; Q ⊙ B: ;

B A: ; B Q: invertible; B P: invertible; P P: spd; P inv(P): invertible; Q Q: orthogonal; Q' Q Q:
orthogonal; t Q Q: ; Q diag(p): invertible; L L: lower; L U: ; L D L: lower; L diag(x) L: lower; t
L L: lower; D D: diagonal semidefinite; U D U: upper; L' U: upper; L L': semidefinite; L' L:
semidefinite; L L' L: ; B B': spd; B' B: spd; B' B B' B: spd; B' B B: invertible; A A' A A':
semidefinite; A' B' B A: semidefinite; A' A: semidefinite; A' P A: semidefinite; A P A: ; A' P B:
; B' P B: spd; A' S A: symmetric; S P S: semidefinite; S A S: ; S A S': ; P S P: symmetric; P A P:
; P A A' P: semidefinite; B' Q B: invertible; A A: ; A S A: ; A S A': symmetric; A' S S A:
semidefinite; A' D A: symmetric; X' X: semidefinite; X X': semidefinite; X' H X: semidefinite; X'
O X: ; X W: ; W' X': ; X' H X + P: spd;

A' diag(q) A: semidefinite; A' diag(p) A: semidefinite; B' diag(p) B: spd; B' diag(q) B:
semidefinite; B' diag(x) B: symmetric; B' diag(p) P diag(p) B: spd; B' diag(x) P diag(x) B:
semidefinite; B' diag(x) P diag(y) B: ; B' diag(x) diag(y) B: symmetric; B' diag(x) diag(p) P
diag(p) diag(x) B: semidefinite; B' diag(x) S diag(x) B: symmetric; diag(x) B' B diag(x):
semidefinite; diag(x) B' B diag(y): ; diag(p) B' B diag(p): spd; diag(x) B' diag(q) B diag(x):
semidefinite; diag(x) B' diag(y) B diag(x): symmetric; diag(x) P diag(x): semidefinite; diag(x) P
diag(y): ; diag(p) P diag(p): spd; diag(p) L: lower; diag(p) B: invertible; diag(q) B: ; diag(x)
B: ; diag(1 / x) B: invertible; B diag(p): invertible; diag(x^2) B: ; diag(1 / x) Q: invertible;
diag(p) diag(1 / x): diagonal invertible;

-B' P B: symmetric invertible; t B' P B: symmetric; c B' P B: spd; z B' P B: semidefinite; c A' A:
semidefinite; t A' A: symmetric; t^2 A' A: semidefinite; A' A / t: symmetric; A' A / t^2:
semidefinite; P / t: symmetric invertible; B / t: invertible; B t: ; c B: invertible; z B: ; c t
B: ; Q / t: invertible; c Q: invertible; exp(t) B: invertible; (x · x) P: semidefinite;

x x': semidefinite; x y': ; x x' A: ; t x x': symmetric; c x x': semidefinite; t^2 x x':
semidefinite; t c x x': symmetric; p p': positive semidefinite; p q': nonnegative; (A x) (A x)':
semidefinite; (A x) x': ; (A x) (A y)': ; (A p) (p' A'): semidefinite;

diag(x): diagonal; diag(x^2): diagonal semidefinite nonnegative; diag(q): diagonal semidefinite
nonnegative; diag(p): diagonal spd nonnegative; diag(1 / x): diagonal invertible; diag(1 / p):
diagonal spd nonnegative; t diag(p): diagonal; t eye(n): diagonal; eye(n) / t: diagonal
invertible; c eye(n): diagonal spd nonnegative; n eye(n): diagonal spd nonnegative; eye(n) + x x':
spd; (x · x) eye(n): diagonal semidefinite nonnegative;

inv(P): spd; inv(L): lower invertible; inv(U): upper invertible; inv(D): diagonal invertible;
inv(Q): orthogonal; inv(S): symmetric invertible; inv(B): invertible; inv(Q P Q'): spd; expm(A):
invertible; expm(S): spd; expm(P): spd; expm(D): diagonal spd; expm(L): lower invertible; expm(U):
upper invertible; expm(Q): invertible; sqrtm(P): spd; sqrtm(D): diagonal; sqrtm(L): lower;
sqrtm(A): ; logm(P): symmetric; logm(D): diagonal; logm(U): upper; logm(B): ; pinv(P): spd;
pinv(S): symmetric; pinv(D): diagonal; pinv(Q): orthogonal; pinv(L): ; pinv(A): ; pinv(A' A):
semidefinite; chol(P): lower invertible; chol(diag(p)): diagonal invertible; polar(A): ; polar(B):
orthogonal; polar(P): orthogonal; inv(A' A + P): spd; softmax(A, axis=1): positive; exp(S):
symmetric positive; exp(L): positive; abs(S): symmetric nonnegative;

P ⊗ H: spd; P ⊗ P: spd; Q ⊗ O: orthogonal; Q ⊗ H: invertible; B ⊗ H: invertible; B ⊗ Q:
invertible; L ⊗ L: lower; L ⊗ D: lower; L ⊗ U: ; U ⊗ U: upper; S ⊗ H: symmetric; A ⊗ P: ; P ⊗ A: ;
D ⊗ D: diagonal; eye(n) ⊗ P: spd; X ⊗ W: ; W ⊗ X: ; X ⊗ X: ; (A A') ⊗ H: semidefinite; (x x') ⊗ (u
u'): semidefinite; (x y') ⊗ H: ; t (P ⊗ H): symmetric; t (L ⊗ L): lower; t (Q ⊗ O): ; c (P ⊗ H):
spd; c (Q ⊗ O): invertible; z (P ⊗ H): semidefinite; (P ⊗ H) / t: symmetric invertible; t^2 (P ⊗
H): semidefinite; (x · y) (P ⊗ H): symmetric; -(P ⊗ H): symmetric invertible; t (A A' ⊗ H):
symmetric; (B ⊗ H) / t: invertible;
"""


def rows(table: str) -> list[tuple[str, str]]:
    pairs = [row.rpartition(":") for row in table.replace("\n", " ").split(";")]
    return [(left.strip(), right.strip()) for left, _, right in pairs if left.strip()]


BOUND: Final = [
    ("h = L\nh h", "lower"),
    ("h = X' X\nh + P", "spd"),
    ("h = A\nh' h", "semidefinite"),
    ("h = t (Q ⊗ O)\nh", ""),
]
TABLE: Final = rows(KNOWN_OF) + BOUND


def with_implied(names: str) -> set[str]:
    found = set(names.split())
    if {"lower", "upper"} <= found:
        found.add("diagonal")
    while True:
        more = {name for each in found for name in IMPLIED.get(each, "").split()} - found
        if not more:
            return found
        found |= more


def parsed(program: str) -> Expr:
    return parse_program(program, SHAPES).expression


@pytest.mark.parametrize(("program", "expected"), TABLE)
def test_exactly_this_is_known(program: str, expected: str) -> None:
    assert KNOWN[True](lowering()(parsed(program))) == with_implied(expected)


SIZES: Final = {"n": 3, "m": 2}


def point(seed: int) -> dict[str, Any]:
    """A value for each variable, with its properties and no other."""
    rng = np.random.default_rng(seed)
    a, b, r = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=(2, 2))
    return {
        "A": a, "B": b, "S": a + a.T, "P": a @ a.T + np.eye(3) / 2, "D": np.diag(b[0]),
        "Q": np.linalg.qr(b)[0], "L": np.tril(b), "U": np.triu(a), "X": a[:2], "W": b[:, 1:],
        "H": r @ r.T + np.eye(2) / 2, "O": np.linalg.qr(r)[0], "x": a[0], "y": b[1],
        "p": np.exp(b[2]), "q": np.array([0.0, 0.5, 1.5]), "u": r[0],
        "c": 0.7, "z": 0.0 if seed % 2 else 0.4, "t": -0.6 if seed % 2 else 1.3,
    }  # fmt: skip


@pytest.mark.parametrize(("program", "expected"), [row for row in TABLE if row[1]])
def test_what_is_known_holds(program: str, expected: str) -> None:
    expr = parsed(program)
    for seed in range(4):
        at = point(seed)
        if any(word in program for word in ("sqrtm", "logm", ".^0.5")):  # where these are real
            at |= {name: np.abs(at[name]) + np.diag(at["p"]) for name in "PDLU"}
            at["P"] = at["P"] @ at["P"].T
        for name in with_implied(expected):
            assert HOLDS[name](evaluate(expr, at, SIZES)), (name, seed)


def test_the_property_of_a_closed_set_holds_at_the_point_only() -> None:
    """A variable of a derivative that is declared diagonal, triangular or orthogonal is so at the
    point, but not around it: what is still to be differentiated may not use it."""
    expected = {
        "D": ("diagonal", ""), "L": ("lower", ""), "U": ("upper", ""), "Q": ("orthogonal", ""),
        "S": ("symmetric", "symmetric"), "P": ("spd", "spd"), "B": ("invertible", "invertible"),
        "L L": ("lower", ""), "L'": ("upper", ""), "inv(D)": ("diagonal invertible", "invertible"),
    }  # fmt: skip
    for program, (result, formula) in expected.items():
        parts = parse_program(program, SHAPES)
        lowered = Lowering(default_book(), variables=frozenset(parts.variables.values()))
        t = lowered(parts.expression)
        assert KNOWN[True](t) == with_implied(result), program
        around = {name for name in KNOWN[False](t) if not name.startswith("at the point")}
        assert around == with_implied(formula), program
        assert KNOWN[False](lowering()(parts.expression)) == with_implied(result), program


def test_what_is_asked_again_is_answered_as_before() -> None:
    knowledge = Knowledge(final=True)
    for program, expected in TABLE[:40] * 2:
        assert knowledge(lowering()(parsed(program))) == with_implied(expected)


def test_the_inverse_of_a_multiple_of_an_orthogonal_kronecker_product() -> None:
    """Q ⊗ O is orthogonal, and its inverse is its transpose; a multiple of it is not."""
    result = derive("K = t (Q ⊗ O)\ninv(K) y", "y", shapes=SHAPES | {"y": "n*m"})
    assert str(result).splitlines() == ["K = t (Q ⊗ O)", "K^-1"]
    assert result.check()
    assert str(derive("inv(Q ⊗ O) y", "y", shapes=SHAPES | {"y": "n*m"})) == "Q' ⊗ O'"
