"""Wrong inputs and what is said of them: the place, the message, and what to write instead."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcalc.errors import InputError, MatcalcError
from matcalc.language import parse_program

SHAPES = {
    "a": "R",
    "x": "R^n",
    "y": "R^n",
    "z": "R^m",
    "A": "m×n",
    "B": "n×n",
    "f": "R -> R",
    "g": "R^n -> R",
}

# text | the place, marked by ^ | part of the message | part of what is expected or suggested
WRONG = """
(x                     | ^                      | never closed           | `)`
x)                     |  ^                     | closes nothing         |
(x]                    | ^^^                    | does not close         | `)` first
sum(x                  |    ^                   | never closed           | `)`
‖x                     | ^                      | never closed           | ‖
x +                    |   ^                    | nothing on its right   |
x + * y                |   ^^^                  | side by side           |
* x                    | ^                      | nothing on its left    |
(x +)                  |    ^                   | nothing on its right   |
()                     | ^^                     | empty brackets         |
x**2                   |  ^^                    | not an operator        | x^2
b = x                  |      ^                 | no expression          | a last line `b`
x = = y                |     ^                  | binds a name           |
sin(x = 1)             |     ^^^                | no function takes `x=` | ==
a < a < a              |       ^                | cannot stand           | (a < b) ⊙ (b < c)
x y                    | ^^^                    | does not exist         | x · y (inner product)
x z                    | ^^^                    | does not exist         | x z' (outer product)
z A                    | ^^^                    | does not exist         | z' A
A * x                  | ^^^^^                  | scalar                 | A x
x * z                  | ^^^^^                  | scalar                 | x z'
A y'                   | ^^^^                   | does not exist         | A y
B A                    | ^^^                    | does not exist         | B A'
x + z                  | ^^^^^                  | does not exist         | equal shapes
x + y'                 | ^^^^^^                 | does not exist         | y instead of y'
A + x                  | ^^^^^                  | does not exist         | x' instead of x
x ⊙ z                  | ^^^^^                  | equal shapes           |
x / z                  | ^^^^^                  | equal shapes           |
inv(A)                 | ^^^^^^                 | square                 | pinv(A)
A^-1                   | ^^^^                   | square                 | pinv(A)
A^2                    | ^^^                    | square                 | A.^2
tr(A)                  | ^^^^^                  | square                 |
A[1]                   | ^^^^                   | 1 index                | A[i, :] for a row
x[0, 1]                | ^^^^^^^                | 2 indices              | x[i]
x[0.5]                 |   ^^^                  | whole number           |
x[-1]                  |   ^^                   | from 0                 |
A[0:1, :]              |    ^                   | cannot stand           | ranges
A [1]                  | ^^^^^                  | does not exist         | A[…] without the blank
sum(A, axis=2)         | ^^^^^^^^^^^^^^         | no axis 2              | axis=0, axis=1
softmax(A)             | ^^^^^^^^^^             | wants an axis          | softmax(A, axis=0)
log(x, axis=0)         | ^^^^^^^^^^^^^^         | takes no axis          |
atan2(x)               | ^^^^^^^^               | does not take 1        | atan2(y, x)
summ(x)                | ^^^^                   | unknown function       | sum(…)
h(x)                   | ^                      | unknown function       | where h: R -> R
h'(x)                  | ^^                     | unknown function       | where h: R -> R
sin (x)                | ^^^^^                  | is a function          | sin(…)
sin x                  | ^^^^^                  | is a function          | sin(…)
2 log 2                |   ^^^^^                | is a function          | log(…)
sum(x, 1)              | ^^^^^^^^^              | does not take 2        | sum(x, axis=1)
‖x‖_1                  |    ^                   | no meaning             | norm(x, 1)
f x                    | ^^^                    | is a function          | f(…)
x + f                  |     ^                  | is a function          | f(x)
f(x, y)                | ^^^^^^^                | one argument           |
g(a)                   | ^^^^                   | R^n -> R               |
g'(x)                  | ^^                     | not written so         | ∇g(x)
∇f(x)                  | ^^                     | not written so         | f'(x)
∇x                     | ^                      | unknown function       | grad(f, x)
[x, y]                 | ^^^^^^                 | rows                   | hstack(x, y)
[a, x]                 | ^^^^^^                 | rows                   |
x^Ty                   |   ^^                   | one name               | x^T y
ones(x)                |      ^                 | not a dimension        |
ones(2.5)              |      ^^^               | whole number           |
norm(A, 1)             | ^^^^^^^^^^             | of a matrix            | norm(vec(X), p)
grad(A x, x)           | ^^^^^^^^^^^^           | scalar                 | jacobian(A x, x)
grad(x·x, q)           |           ^            | unknown variable       |
einsum("ij,j", A, x)   |        ^^^^^^          | `->`                   | einsum("ij,jk->ik", A, B)
einsum("ijk->i", A)    | ^^^^^^^^^^^^^^^^^^^    | rank 3                 |
|x|                    | ^                      | ambiguous              | abs(x), det(A)
x & y                  |   ^                    | no meaning             | ⊙
x × y                  |   ^                    | between dimensions     | x ⊙ y
f(x) where x           |             ^          | ends too early         | `:`
x where w R^n          |         ^^^            | wants a colon          | w: R^n
x where w: n symetric  |              ^^^^^^^^  | no property            | symmetric
x where w: R^(nxm)     |               ^^^      | one name               | n×m
x where w: R^0         |            ^^^         | positive               |
x where w: n, w: m     |               ^        | declared twice         |
x: R^n                 |  ^                     | after `where`          | where x: R^n
u = 1; u = 2; u        |        ^               | bound twice            |
v + u; u = 1; u        | ^^^^^                  | needs a name           |
u = v; v = 1; u        |        ^               | used before            | binding first
x = 1; x               | ^                      | bound and declared     |
x; y                   | ^                      | needs a name           | name =
[a; a]                 |   ^                    | inside brackets        | [[a, b], [c, d]]
х + x                  | ^                      | looks like             |
x\u200b + y            |  ^                     | invisible              |
x₁ + x1                |      ^^                | looks like             |
"""


def wrong() -> list[tuple[str, int, int, str, str]]:
    rows = []
    for line in WRONG.strip().splitlines():
        text, marks, message, advice = line.replace("\\u200b", "\u200b").rsplit("|", 3)
        start = marks.index("^") - 1
        rows.append((text.rstrip(), start, marks.count("^"), message.strip(), advice.strip()))
    return rows


@pytest.mark.parametrize(
    ("text", "start", "width", "message", "advice"), wrong(), ids=lambda x: str(x)[:24]
)
def test_wrong_input(text: str, start: int, width: int, message: str, advice: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_program(text, SHAPES)
    error = caught.value
    assert message in error.message
    assert error.span is not None
    assert (error.span.start, error.span.end - error.span.start) == (start, width)
    assert advice in f"{error.expected} {error.suggestion}"


@pytest.mark.parametrize("text", ["", "   ", "# nothing", "\n;\n"])
def test_empty(text: str) -> None:
    with pytest.raises(InputError, match="no expression"):
        parse_program(text)


def test_a_mismatch_tells_both_shapes_and_where_they_are_from() -> None:
    with pytest.raises(InputError) as caught:
        parse_program("h = A x\nh + a x", SHAPES)
    assert str(caught.value) == (
        "error: this sum does not exist: `h` is R^m and `a x` is R^n\n"
        "  line 2: h + a x\n"
        "          ^^^^^^^\n"
        "  found: h = A x, R^m; a: R as declared; x: R^n as declared\n"
        "  expected: equal shapes, or a scalar"
    )


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"x": ""}, "the shape is empty"),
        ({"x": "R^"}, "nothing on its right"),
        ({"x": "R^(n"}, "never closed"),
        ({"x": "R^n spdd"}, "no property"),
        ({"x": "R^n R^m"}, "no property"),
        ({"x": "R^-1"}, "side by side"),
        ({"x": "x +"}, "nothing on its right"),
        ({"lambda": "R", "λ": "R^n"}, "declared twice"),
    ],
)
def test_wrong_shapes(shapes: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_program("x", shapes)


def test_unknown_wrt() -> None:
    with pytest.raises(InputError) as caught:
        parse_program("xy + z", wrt=["x"])
    assert caught.value.suggestion == "x y for a product: `xy` is one name"
    with pytest.raises(InputError, match="look the same"):
        parse_program("2 х", wrt=["x"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 5000 + "x" + ")" * 5000, "nested"),
        ("sin(" * 190 + "x" + ")" * 190, ""),
        ("[" * 300 + "x" + "]" * 300, "nested"),
        ("x" + "'" * 5000, "in a row"),
        ("-" * 5000 + "x", "in a row"),
        ("x" + "^2" * 5000, "nested"),
        ("x" + "[0]" * 5000, ""),
        ("‖" * 5000, ""),
        ("9" * 4001, "number is too long"),
        ("1e999999999", "too large"),
        ("x" * 101, "name is too long"),
        ("x + " * 60_000 + "x", "text is too long"),
        ("x" + " + x" * 20_000, ""),
        ("x" + " ⊙ x" * 5_000, ""),
        (";".join(f"u{k + 1} = u{k} u{k}" for k in range(1000)) + ";u1000", ""),
    ],
    ids=range(15),
)
def test_limits(text: str, message: str) -> None:
    if message:
        with pytest.raises(InputError, match=message):
            parse_program(text)
        return
    with contextlib.suppress(InputError):
        parse_program(text)


PIECES = st.sampled_from(
    [
        *"x y A B w λ I 2 0.5 n f( g( f'( ∇g( sum( max( norm( tr( inv( vstack( grad( ones(".split(),
        *"einsum( e( ( ) [ ] { } , + - * · ⊙ ⊗ / \\ ' ^ ^T ^2 ^-1 ² ⁻¹ .^ . < == = : ;".split(),
        *'‖ || # where axis=0 [i] [:,1] -> × | " ∇ _ ₁ $'.split(),
        *["\n", " ", "where x: R^n", "(q: R^n)", '"ij->ji",'],
    ]
)


def answered(text: str, shapes: dict[str, str]) -> bool:
    """Whether a text is a program or has a diagnostic; any other exception escapes."""
    try:
        return parse_program(text, shapes).expression is not None
    except MatcalcError as error:
        return str(error).startswith("error: ")


@settings(max_examples=500)
@given(pieces=st.lists(PIECES, max_size=14), declared=st.booleans())
def test_no_other_error_escapes(pieces: list[str], declared: bool) -> None:
    for text in (" ".join(pieces), "".join(pieces)):
        assert answered(text, SHAPES if declared else {})


@settings(max_examples=300)
@given(text=st.text(max_size=20))
def test_any_text_has_an_answer(text: str) -> None:
    assert answered(text, {})


@pytest.mark.parametrize("name", ["x; y", "x=print(1)", "a'\"", "", " x", "1x", "x\0", "x y"])
def test_what_shapes_declare_are_names(name: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_program("x^2", {name: "R"})
    assert "shapes" in str(caught.value)
