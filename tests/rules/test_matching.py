"""Where an identity applies, and to what: a pattern matches modulo order, grouping and sign, inside
longer sums and products, and nowhere else.

Under an identity stand expressions, and what it makes of each, or `no` if it says nothing of it.
The identities are examples: not all of them are lines of the book.
"""

from __future__ import annotations

from typing import Final

import pytest

from matcalc import parse
from matcalc.language.book import Law
from matcalc.rules.book import default_book
from matcalc.rules.identities import Identities
from matcalc.rules.structured import commuted, of_half_triangle, of_triangles
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.knowledge import KNOWN
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Contract, Sum, Tensor

SHAPES: Final = {
    **dict.fromkeys(["a", "b", "c", "s", "t"], "R"),
    **dict.fromkeys(["u", "v", "w"], "R^n"),
    "z": "R^m",
    **dict.fromkeys("ABC", "R^(n×n)"),
    **dict.fromkeys("XY", "R^(m×n)"),
    "Q": "R^(n×n) orthogonal",
    "S": "R^(n×n) spd",
    "L": "R^(n×n) lower",
    "p": "R^n positive",
    "M": "R^(n×n) symmetric",
    **dict.fromkeys("DEF", "R^(n×n) diagonal"),
}

ROWS: Final = """
# numbers: any multiple of a sum, and variables that take in numbers
1 - 2 sin(x)^2 = cos(2 x) where x: R
    3 - 6 sin(a)^2                           -> 3 cos(2 a)
    b + 3 - 6 sin(a)^2                       -> b + 3 cos(2 a)
    3 - 5 sin(a)^2                           -> no
    c - 2 c sin(a)^2                         -> no
exp(2 x) = exp(x)^2 where x: R
    exp(6 b)                                 -> exp(3 b)^2
sin(x / 2) = cos(2 x) where x: R
    sin(a)                                   -> cos(4 a)
x (y > 0) + z where(y > 0, 0, 1) = where(y > 0, x, z) where x: R, y: R, z: R
    3 b (a > 0) + 2 c where(a > 0, 0, 1)     -> where(a > 0, 3 b, 2 c)
    s - b (a > 0) - 2 c where(a > 0, 0, 1)   -> s + where(a > 0, -b, -2 c)
    b (a > 0) + c where(b > 0, 0, 1)         -> no
s + sin(x) = s x where s: R, x: R
    3 sin(a) + b                             -> a b
    3 sin(a) + 6 b                           -> 6 a b
s sin(x) + s cos(x) = s tan(x) where s: R, x: R
    a sin(b) + a cos(b)                      -> a tan(b)
    2 a sin(b) + 3 a cos(b)                  -> no
sin(x) cos(y) + cos(x) sin(y) = sin(x + y) where x: R, y: R
    2 sin(a) cos(b) + 2 cos(a) sin(b) + c    -> 2 sin(a + b) + c
    2 sin(a) cos(b) + 3 cos(a) sin(b)        -> no
# signs: a minus is taken off what is negative, of a difference too
relu(-x) = relu(x) - x where x: R
    relu(-a)                                 -> relu(a) - a
    relu(a)                                  -> no
    relu(a / 2)                              -> no
    relu(a + b)                              -> no
    relu(b - a)                              -> relu(a - b) + b - a
softplus(-x) = softplus(x) - x where x: R
    softplus(-a / 2)                         -> softplus(a / 2) - a / 2
    softplus(a / 2)                          -> no
    softplus(a / 2 + b)                      -> no
# one variable of a sum takes what the others leave
softmax(x + c) = softmax(x) where x: R^n, c: R
    softmax(u + v + s)                       -> softmax(u + v)
    softmax(u + s - 2 t)                     -> softmax(u)
    softmax(u + v)                           -> no
max(x + c) = c + max(x) where x: R^n, c: R
    max(2 u - v + 3 s)                       -> 3 s + max(2 u - v)
    max(2 u + s)                             -> s + max(2 u)
    max(u + v)                               -> no
softmax(x + c) = softmax(x) where x: R^n, c: R
    softmax(2 u + s)                         -> softmax(2 u)
    softmax(2 u)                             -> no
softmax(x + y) = x ⊙ y where x: R^n, y: R^n
    softmax(2 u + v)                         -> 2 u ⊙ v
    softmax(u + v + w)                       -> u ⊙ (v + w)
exp(2 x + sin(y)) = x y where x: R, y: R
    exp(sin(a) + 4 b + 6 c)                  -> (2 b + 3 c) a
    exp(sin(u) + 4 v + 6 w)                  -> (2 v + 3 w) ⊙ u
# a variable that stands for a sum is found among the terms, whatever stands around them
softplus(x) - x = softplus(-x) where x: R
    softplus(a - b) - a + b                  -> softplus(b - a)
    softplus(a - b) - a + b + c              -> c + softplus(b - a)
    softplus(a - b) - a - b                  -> no
    softplus(a - 2 b) + 2 b - a              -> softplus(2 b - a)
    softplus(u - v) - u + v                  -> softplus(v - u)
    softplus(u ones(n)') - ones(n) u'        -> no
sinh(A) + A' = cosh(A) where A: R^(n×n)
    sinh(B - C) + B' - C'                    -> cosh(B - C)
    sinh(B - C) + B - C                      -> no
max(x, y) - x - y = -min(x, y) where x: R, y: R
    max(a, b) - a - b                        -> -min(a, b)
    max(a, b) - a + c                        -> no
exp(x) cosh(x + sin(y)) = x y where x: R, y: R
    exp(a + b) cosh(a + b + sin(c))          -> (a + b) c
    exp(a) cosh(a + b + sin(c))              -> no
x - logsumexp(x) = log_softmax(x) where x: R^n
    u - v - logsumexp(u - v) + w             -> w + log_softmax(u - v)
# or among the factors
x / abs(x) = sign(x) where x: R
    b a / abs(a)                             -> b sign(a)
x sign(x) = abs(x) where x: R
    c (a + b) sign(a + b)                    -> c abs(a + b)
    c a sign(b)                              -> no
sum(x) sin(x · x) = sum(x) where x: R^n
    sum(u) sin(u · u) a                      -> a sum(u)
A pinv(A) A = A where A: R^(m×n)
    X pinv(X) X u                            -> X u
    A B pinv(A B) A B                        -> A B
    A pinv(B) A                              -> no
# scalars: s of s A is all scalars of a product; a scalar variable is nothing else
det(s A) = s^n det(A) where s: R, A: R^(n×n)
    det(2 a b S)                             -> (2 a b)^n det(S)
    det(A B)                                 -> no
    det(2 A - 4 B)                           -> 2^n det(A - 2 B)
    det(a ones(n, n))                        -> a^n det(ones(n, n))
pinv(s A) = pinv(A) / s where s: R, A: R^(m×n)
    pinv(-2 X - 2 Y)                         -> -pinv(X + Y) / 2
    pinv(X - Y)                              -> no
log(exp(x) y) = x + log(y) where x: R, y: R
    log(exp(a) b c)                          -> a + log(b c)
# element-wise identities hold for entries, and entries of a matrix are matched along its axes
sin(x)^2 + cos(x)^2 = 1 where x: R
    sin(u)^2 + cos(u)^2                      -> ones(n)
    sin(A).^2 + cos(A).^2                    -> ones(n, n)
    sin(A).^2 + cos(A').^2                   -> no
exp(x) exp(y) = exp(x + y) where x: R, y: R
    exp(u) ⊙ exp(v) s                        -> s exp(u + v)
    exp(z) exp(u)'                           -> exp(z ones(n)' + ones(m) u')
sin(x) / cos(x) = tan(x) where x: R
    sin(A) ⊙ cos(A).^-1                      -> tan(A)
    sin(A) ⊙ cos(A').^-1                     -> no
# products: in any place, on either side of a transpose; what a match sums is used nowhere else
inv(A) A = eye(n) where A: R^(n×n)
    B A inv(A) u                             -> B u
    tr(A inv(A))                             -> n
    A ⊙ inv(A)                               -> no
    diag(A inv(A))                           -> ones(n)
    A' inv(A)                                -> no
    A inv(A)'                                -> no
    A B inv(A B)                             -> eye(n)
    A B C inv(A B)                           -> no
    diag(u) A inv(diag(u) A)                 -> eye(n)
    (A + B) inv(A + B) u                     -> u
    inv(A) diag(u) A inv(B) B v              -> inv(A) diag(u) A v
    A' diag(inv(A))                          -> no
    inv(A) diag(A)                           -> no
    diag(C inv(B C) B)                       -> no
    (inv(B C) B) ⊙ C'                        -> no
A x = sin(A) x where A: R^(n×n), x: R^n
    B u                                      -> sin(B) u
    B' u                                     -> sin(B)' u
pinv(A) ⊙ A = A where A: R^(n×n)
    pinv(B) ⊙ B                              -> B
    pinv(B) B'                               -> no
tr(pinv(A) A) = n where A: R^(n×n)
    tr(pinv(B C) B C)                        -> n
    diag(C pinv(B C) B)                      -> no
Q' Q = eye(n) where Q: R^(n×n) orthogonal
    Q' Q u                                   -> u
    A' A u                                   -> no
sum((Q x)^2) = sum(x^2) where Q: R^(n×n) orthogonal, x: R^n
    sum((Q u)^2)                             -> sum(u^2)
    sum((Q A u)^2)                           -> sum((A u)^2)
    sum((A u)^2)                             -> no
sum((Q A).^2) = sum(A.^2) where Q: R^(m×m) orthogonal, A: R^(m×n)
    sum((Q A B).^2)                          -> sum((A B).^2)
    v · sum((Q A).^2, axis=0)                -> no
# constants and structure
log(1 + exp(x)) = softplus(x) where x: R
    log(1 + exp(a))                          -> softplus(a)
    log(2 + exp(a))                          -> no
inv(eye(n)) = eye(n)
    inv(eye(3))                              -> eye(3)
    inv(eye(m))                              -> eye(m)
inv(eye(2)) = eye(2)
    inv(eye(2))                              -> eye(2)
    inv(eye(3))                              -> no
det(A) inv(eye(n)) = det(A) eye(n) where A: R^(n×n)
    det(B) inv(eye(n))                       -> det(B) eye(n)
    det(B) inv(eye(m))                       -> no
cos(x + π) = -cos(x) where x: R
    cos(a + π)                               -> -cos(a)
    cos(a + 2 b + π)                         -> -cos(a + 2 b)
    cos(a + 3)                               -> no
    cos(a + b)                               -> no
expm(s eye(n)) = exp(s) eye(n) where s: R
    expm(a b eye(m))                         -> exp(a b) eye(m)
chol(S) chol(S)' = S where S: R^(n×n) spd
    chol(S) chol(S)'                         -> S
    chol(A)' chol(A)                         -> no
tril(L) = L where L: R^(n×n) lower
    tril(L)                                  -> L
    tril(chol(S))                            -> chol(S)
    triu(L)                                  -> no
    tril(L, -1)                              -> no
sqrt(x^2) = abs(x) where x: R
    sqrt(a^2)                                -> abs(a)
    sqrt(a^3)                                -> no
sign(x) = 1 where x: R positive
    sign(p)                                  -> ones(n)
    sign(u)                                  -> no
# a diagonal is one of a diagonal, and no other sum
exp(tr(A)) = det(expm(A)) where A: R^(n×n)
    exp(tr(B))                               -> det(expm(B))
    exp(sum(B))                              -> no
exp(sum(A)) = sum(A) where A: R^(n×n)
    exp(sum(B))                              -> sum(B)
    exp(tr(B))                               -> no
# products in functions in products: what each sums is its own
sum((Q sin(A x))^2) = sum(sin(A x)^2) where Q: R^(n×n) orthogonal, A: R^(n×n), x: R^n
    sum((Q sin(A u))^2)                      -> sum(sin(A u)^2)
    sum((Q sin(A B u))^2)                    -> sum(sin(A B u)^2)
    sum((Q sin(Q u))^2)                      -> sum(sin(Q u)^2)
    sum((Q sin(u))^2)                        -> no
sinh(s (x · y)) = cosh(s) where s: R, x: R^n, y: R^n
    sinh(a (u · v))                          -> cosh(a)
    sinh(a b (u · v))                        -> cosh(a b)
    sinh(sum(u ⊙ v ⊙ w))                     -> no
sinh(x' A y) = x · y where x: R^n, A: R^(n×n), y: R^n
    sinh(u' A v)                             -> u · v
    sinh(u · v)                              -> no
expm(A pinv(A) A) = expm(A) where A: R^(n×n)
    expm(B C pinv(B C) B C)                  -> expm(B C)
    expm(B C pinv(B C) C B)                  -> no
    expm(B C pinv(B C) B C A)                -> no
det(A) expm(A pinv(B)) = A B where A: R^(n×n), B: R^(n×n)
    det(A B) expm(A B pinv(C))               -> A B C
    det(A) expm(A B pinv(C))                 -> no
sin(tr(pinv(A) A)) = sin(n) where A: R^(n×n)
    sin(tr(pinv(B C) B C))                   -> sin(n)
    sin(tr(pinv(C B) C B))                   -> sin(n)
    sin(tr(pinv(C B) B C))                   -> no
sin(tr(pinv(A) A B)) = sin(tr(B)) where A: R^(n×n), B: R^(n×n)
    sin(tr(pinv(B C) B C M))                 -> sin(tr(M))
    sin(tr(pinv(C B) C B M))                 -> sin(tr(M))
    sin(tr(pinv(M C) M C B))                 -> sin(tr(B))
    sin(tr(pinv(B M) B M C))                 -> sin(tr(C))
    sin(tr(pinv(B C) B C M S))               -> sin(tr(M S))
    sin(tr(pinv(C B) C B M S))               -> sin(tr(M S))
sum(sin(diag(pinv(A) A))) = tr(A) where A: R^(n×n)
    sum(sin(diag(pinv(B) B)))                -> tr(B)
    sum(sin(diag(pinv(B C) B C)))            -> tr(B C)
    sum(sin((pinv(B C) B) ⊙ C'))             -> no
sum(sin(diag(pinv(A) A B))) = tr(A B) where A: R^(n×n), B: R^(n×n)
    sum(sin(diag(pinv(B C) B C M)))          -> tr(B C M)
    sum(sin((pinv(B C) B) ⊙ (C M)'))         -> no
sum(sin(A x)) = sum(A x) where A: R^(n×n), x: R^n
    sum(sin(B u))                            -> sum(B u)
    sum(sin(B diag(u)))                      -> no
exp(x sin(y)) = x + y where x: R, y: R
    exp(a sin(b))                            -> a + b
    exp(u ⊙ sin(v))                          -> u + v
    exp(u · sin(v))                          -> no
# an axis along which what a variable stands for is constant is no place to match
pinv(A) A = A where A: R^(n×n)
    pinv(u ones(n)') u                       -> no
sum(pinv(A) A) = sum(A) where A: R^(n×n)
    sum(pinv(u ones(n)') u)                  -> no
# a transpose within a function, and directions that may be exchanged
expm(A diag(x)) = A where A: R^(n×n), x: R^n
    expm(B diag(u))                          -> B
    expm(diag(u) B)                          -> B
expm_frechet2(A, A, B) = B where A: R^(n×n), B: R^(n×n)
    expm_frechet2(A, A, B)                   -> B
    expm_frechet2(B, A, B)                   -> A
    expm_frechet2(C, A, B)                   -> no
sylvester(A, A, B) = B where A: R^(n×n), B: R^(n×n)
    sylvester(A, A, B)                       -> B
    sylvester(A, B, A)                       -> no
# an identity that makes less of its own left side makes no more of anything
sin(x / 2) = cos(x) where x: R
    sin(a / 2)                               -> cos(a)
    sin(a)                                   -> no
exp(sin(x / 2)) = cos(x) where x: R
    exp(sin(a))                              -> cos(2 a)
# what a function is defined for need not be declared
inv(A) A = eye(n) where A: R^(n×n) invertible
    inv(B) B                                 -> eye(n)
tr(A B) = tr(A) tr(B) where A: R^(n×n) symmetric, B: R^(n×n)
    tr(M A)                                  -> tr(M) tr(A)
    tr(B A)                                  -> no
det(A B) = det(A) det(B) where A: R^(n×n) invertible, B: R^(n×n)
    det(S B)                                 -> det(S) det(B)
    det(B C)                                 -> no
chol(S) chol(S)' = S where S: R^(n×n) spd
    chol(A) chol(A)'                         -> A
chol(S) chol(S)' = S where S: R^(n×n) symmetric invertible
    chol(A) chol(A)'                         -> A
logm_frechet(A, A) = eye(n) where A: R^(n×n) invertible
    logm_frechet(B, B)                       -> eye(n)
    logm_frechet(B, C)                       -> no
sylvester(A, A, A) = eye(n) / 2 where A: R^(n×n) invertible
    sylvester(B, B, B)                       -> eye(n) / 2
"""


def rows() -> list[tuple[str, str, str]]:
    """Identity, expression, and what becomes of it."""
    found, law = [], ""
    for line in ROWS.strip().splitlines():
        subject, arrow, wanted = line.partition(" -> ")
        if arrow:
            found.append((law, subject.strip(), wanted.strip()))
        elif not line.startswith("#"):
            law = line
    return found


@pytest.mark.parametrize(("law", "subject", "wanted"), rows())
def test_an_identity_applies_where_it_says_something(law: str, subject: str, wanted: str) -> None:
    book = default_book()
    rule = Identities(book).compiled(Law("", law, law, ""))
    lowering = Lowering(book)
    before = lowering(parse(subject, SHAPES).node)
    after = rule.applied(before, KNOWN[True])
    if wanted == "no":
        assert after is None
    else:
        normal = Simplifier(None, book)
        assert after is not None
        assert normal(after) is normal(lowering(parse(wanted, SHAPES).node))


@pytest.mark.parametrize(
    ("law", "subject", "wanted"),
    [
        ("triangles", "tril(A) + triu(A)", "A + diag(diag(A))"),
        ("triangles", "2 tril(A) u + 2 triu(A) u + v", "2 A u + 2 diag(diag(A)) u + v"),
        ("triangles", "tril(A) + triu(A) + tril(B)", "A + diag(diag(A)) + tril(B)"),
        ("triangles", "tril(B) + tril(A) + triu(A)", "A + diag(diag(A)) + tril(B)"),
        ("triangles", "u + tril(A) v + triu(A) v", "u + A v + diag(diag(A)) v"),
        ("triangles", "tril(A B) + triu(A B)", "A B + diag(diag(A B))"),
        ("triangles", "C tril(A B) + C triu(A B)", "C A B + C diag(diag(A B))"),
        ("triangles", "tril(A)' + triu(A)'", "A' + diag(diag(A))"),
        ("triangles", "tril(A)' + triu(A')", "no"),
        ("triangles", "tril(A) + triu(A')", "no"),
        ("triangles", "tril(A) + triu(B)", "no"),
        ("triangles", "tril(A) + 2 triu(A)", "no"),
        ("triangles", "tril(A) - triu(A)", "no"),
        ("triangles", "tril(A, 1) + triu(A, 1)", "no"),
        ("triangles", "tril(A) + tril(B)", "no"),
        ("triangles", "u + sum(tril(A)) + sum(triu(A))", "u + sum(A) + tr(A)"),
        ("triangles", "A tril(B) C u + A triu(B) C u", "A B C u + A diag(diag(B)) C u"),
        ("half triangle", "sum(tril(M, 1))", "no"),
        ("half triangle", "sum(tril(A))", "no"),
        ("half triangle", "sum(tril(ones(n, n)))", "(n^2 + n) / 2"),
        ("half triangle", "sum(tril(ones(m, n)))", "no"),
        ("half triangle", "tr(tril(M))", "no"),
        ("half triangle", "u' tril(M) u", "(u' M u + sum(diag(M) ⊙ u.^2)) / 2"),
        ("half triangle", "u' tril(M) v", "no"),
        ("half triangle", "tril(M) u", "no"),
        ("half triangle", "sum(tril(u u'))", "(sum(u)^2 + u · u) / 2"),
        ("half triangle", "sum(triu(u u'))", "(sum(u)^2 + u · u) / 2"),
        ("half triangle", "sum(tril(X X'))", "(sum(X X') + tr(X X')) / 2"),
        ("half triangle", "sum(tril(A) ⊙ triu(M))", "no"),
    ],
)
def test_triangles(law: str, subject: str, wanted: str) -> None:
    lowering = Lowering(default_book())
    before = lowering(parse(subject, SHAPES).node)
    after: Tensor | None
    match before:
        case Sum() if law == "triangles":
            after = of_triangles(before)
        case Contract() if law == "half triangle":
            after = of_half_triangle(before)
        case _:
            after = None
    if wanted == "no":
        assert after is None
    else:
        normal = Simplifier(None, default_book())
        assert after is not None
        assert normal(after) is normal(lowering(parse(wanted, SHAPES).node))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("D E", "E D", True),
        ("A D E B u", "A E D B u", True),
        ("tr(A D E)", "tr(A E D)", True),
        ("D diag(u) E", "E diag(u) D", True),
        ("diag(D) ⊙ (E u)", "diag(E) ⊙ (D u)", True),
        ("D A E", "E A D", False),
        ("D A", "A D", False),
        ("A D B", "A B D", False),
    ],
)
def test_diagonal_matrices_commute(one: str, other: str, same: bool) -> None:
    """Each order of them leads to the same one, by steps that each lessen the key."""
    lowering = Lowering(default_book())
    ends: list[Tensor] = []
    for text in (one, other):
        t = lowering(parse(text, SHAPES).node)
        while isinstance(t, Contract):
            new = commuted(t, KNOWN[True])
            if new is None:
                break
            assert new.key < t.key
            t = new
        ends.append(t)
    assert (ends[0] is ends[1]) is same


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("det(blockdiag(A, B))", "det(A) det(B)"),
        ("logdet(blockdiag(A, S))", "logdet(A) + logdet(S)"),
        ("inv(blockdiag(A, B, C))", "blockdiag(inv(A), inv(B), inv(C))"),
        ("pinv(blockdiag(A, B))", "blockdiag(pinv(A), pinv(B))"),
        ("expm(blockdiag(A, B))", "blockdiag(expm(A), expm(B))"),
        ("sqrtm(blockdiag(A, B))", "blockdiag(sqrtm(A), sqrtm(B))"),
        ("logm(blockdiag(A, B))", "blockdiag(logm(A), logm(B))"),
        ("chol(blockdiag(S, S))", "blockdiag(chol(S), chol(S))"),
        ("inv(vstack(hstack(A, B), hstack(zeros(n, n), C)))", ""),
        ("eigmax(blockdiag(A, B))", ""),
    ],
)
def test_blocks_along_a_diagonal(subject: str, wanted: str) -> None:
    lowering = Lowering(default_book())
    normal = Simplifier(None, default_book())
    sides = [normal(lowering(parse(t, SHAPES).node)) for t in (subject, wanted or subject)]
    assert sides[0] is sides[1]
    if not wanted:
        assert sides[0] is lowering(parse(subject, SHAPES).node)


@pytest.mark.parametrize(
    ("law", "subject", "wanted"),
    [
        ("softmax(x + c) = softmax(x) where x: R^n, c: R", "softmax(2 X + z ones(n)', axis=1)",
         "softmax(2 X, axis=1)"),
        ("sum(softmax(x)) = 1 where x: R^n", "sum(softmax(X, axis=1), axis=1)", "ones(m)"),
        ("softmax(x) sum(pinv(x x')) = x where x: R^n", "", ""),
        ("softmax(x) logsumexp(A x) = x where x: R^n, A: R^(n×n)", "", ""),
    ],
)  # fmt: skip
def test_an_identity_of_vectors_is_one_of_rows(law: str, subject: str, wanted: str) -> None:
    """If all of its functions go along a vector and all that it is about are vectors."""
    book = default_book()
    rows = Identities(book).row_by_row(Law("", law, law, ""))
    if not subject:
        assert rows is None
        return
    lowering, normal = Lowering(book), Simplifier(None, book)
    assert rows is not None
    after = rows.applied(lowering(parse(subject, SHAPES).node), KNOWN[True])
    assert after is not None
    assert normal(after) is normal(lowering(parse(wanted, SHAPES).node))
