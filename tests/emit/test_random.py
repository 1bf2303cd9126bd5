"""Random expressions: emitted code gives the values of the oracle, printed text parses back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcalc.check.evaluate import evaluate
from matcalc.dims import Dim, named
from matcalc.emit.latex import latex
from matcalc.emit.numpy import compile_function
from matcalc.emit.text import text
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape, free_symbols
from matcalc.language import parse_program

SIZES = {"n": 3, "m": 2}
N, M = named("n"), named("m")
SHAPES = {
    "s": Shape(), "t": Shape(), "x": Shape((N,)), "v": Shape((N,)), "y": Shape((M,)),
    "A": Shape((N, N)), "B": Shape((N, N)), "X": Shape((M, N)),
}  # fmt: skip
SYMBOLS = {name: build.symbol(name, shape) for name, shape in SHAPES.items()}
SYMBOLS["P"] = build.symbol("P", Shape((N, N)), {"spd"})
SYMBOLS["L"] = build.symbol("L", Shape((N, N)), {"lower"})

T = TypeVar("T")
Draw = Callable[..., Any]


def pick(draw: Draw, options: Sequence[T]) -> T:
    """One of some options."""
    found: T = draw(st.sampled_from(options))
    return found


@st.composite
def expressions(draw: Draw, shape: Shape, depth: int) -> Expr:
    """An expression of a shape."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return leaf(draw, shape)
    makers = [elementwise, elementwise, product, product, transposed]
    makers += {0: [scalar, scalar], 1: [vector], 2: [matrix, matrix]}[shape.rank]
    return pick(draw, makers)(draw, shape, depth - 1)


def leaf(draw: Draw, shape: Shape) -> Expr:
    found: list[Expr] = [s for s in SYMBOLS.values() if s.shape == shape]
    found += [build.transpose(s) for s in SYMBOLS.values() if s.shape.transposed == shape]
    if not shape.dims:
        found += [build.number(Fraction(k, 2)) for k in (-3, 1, 2, 4)] + [build.size(N)]
    elif not shape.row:
        found += [build.filled("ones", shape), build.filled("zeros", shape)]
        if shape.dims[0] is shape.dims[-1] and shape.rank == 2:
            found += [build.eye(shape.dims[0])] * 2
        if shape.rank == 1:
            found.append(build.call(shape, "e", [build.number(1), build.size(shape.dims[0])]))
    else:
        found.append(build.filled("ones", shape))
    return pick(draw, found)


def elementwise(draw: Draw, shape: Shape, depth: int) -> Expr:
    one, other = (draw(expressions(shape, depth)) for _ in range(2))
    kind = draw(st.sampled_from(["add", "sub", "hadamard", "divide", "tanh", "compare", "scalar"]))
    if kind in {"hadamard", "compare"} and shape.dims:
        threshold = build.number(Fraction(37, 113))  # which no rounding error straddles
        return build.hadamard([one, build.compare(">", other, threshold), one])
    if kind == "divide":
        positive = build.add([build.number(2), build.call(shape, "square", [other])])
        return build.divide(one, positive)
    if kind == "tanh":
        return build.call(shape, "tanh", [build.add([one, build.neg(other)])])
    if kind == "scalar":
        return build.add([one, draw(expressions(Shape(), depth))])
    return build.add([one, build.neg(other) if kind == "sub" else other])


def product(draw: Draw, shape: Shape, depth: int) -> Expr:
    """A scaling, or a product over a shared axis, associated either way."""
    if draw(st.booleans()) or (not shape.dims and draw(st.booleans())):
        factors = [draw(expressions(Shape(), depth)), draw(expressions(shape, depth))]
        return build.product(factors if draw(st.booleans()) else factors[::-1])
    inner = draw(st.sampled_from([N, M]))
    row = shape.rank == 2 or (shape.rank == 1 and not shape.row)
    column = shape.rank == 2 or shape.row
    rows = (shape.dims[0],) if row else ()
    columns = (shape.dims[-1],) if column else ()
    if row and column and draw(st.integers(0, 3)) == 0:
        return build.product(
            [draw(expressions(Shape(rows), depth)), draw(expressions(Shape(columns, True), depth))]
        )
    left = Shape((*rows, inner), row=not rows)
    right = Shape((inner, *columns))
    return build.product([draw(expressions(left, depth)), draw(expressions(right, depth))])


def transposed(draw: Draw, shape: Shape, depth: int) -> Expr:
    return build.transpose(draw(expressions(shape.transposed, depth)))


def scalar(draw: Draw, shape: Shape, depth: int) -> Expr:
    square = draw(expressions(Shape((N, N)), depth))
    vectors = [draw(expressions(Shape((N,)), depth)) for _ in range(2)]
    options: list[Expr] = [
        build.call(shape, "tr", [square]),
        build.call(shape, "sum", [square]),
        build.dot(*vectors),
        build.index(square, [build.number(0), build.number(2)]),
    ]
    return pick(draw, options)


def vector(draw: Draw, shape: Shape, depth: int) -> Expr:
    dim = shape.dims[0]
    matrix = draw(expressions(Shape((dim, dim)), depth))
    other: Dim = draw(st.sampled_from([N, M]))
    wide = draw(expressions(Shape((other, dim)), depth))
    options: list[Expr] = [
        build.call(Shape((dim,)), "diag", [matrix]),
        build.call(Shape((dim,)), "sum", [wide], 0),
        build.index(matrix, [None, build.number(1)]),
        solved(draw, Shape((dim,)), depth),
    ]
    made = pick(draw, options)
    return build.transpose(made) if shape.row else made


def solved(draw: Draw, shape: Shape, depth: int) -> Expr:
    """inv(A) times an expression, or the other way round."""
    name = pick(draw, ["A", "P", "L"])
    if shape.dims[0] is not N:
        return elementwise(draw, shape, depth)
    inverse = build.inverse(SYMBOLS[name])
    inverse = build.transpose(inverse) if draw(st.booleans()) else inverse
    return build.product([inverse, draw(expressions(shape, depth))])


def matrix(draw: Draw, shape: Shape, depth: int) -> Expr:
    rows, columns = shape.dims
    diagonal = build.call(Shape((rows, rows)), "diag", [draw(expressions(Shape((rows,)), depth))])
    scaled = build.product([diagonal, draw(expressions(shape, depth))])
    if rows is columns:
        shifted = build.add([draw(expressions(shape, depth)), diagonal])
        masked = build.hadamard([draw(expressions(shape, depth)), diagonal])
        return pick(draw, [diagonal, scaled, shifted, masked, solved(draw, shape, depth)])
    added = build.add([draw(expressions(shape, depth)), draw(expressions(Shape((rows,)), depth))])
    other = build.add([added, draw(expressions(Shape((columns,), True), depth))])
    return pick(draw, [scaled, added, other])


def point() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    shapes = {name: [SIZES[str(d)] for d in s.shape.dims] for name, s in SYMBOLS.items()}
    values = {name: np.asarray(rng.standard_normal(shape))[()] for name, shape in shapes.items()}
    values["A"] += 4 * np.eye(3)
    values["P"] = values["P"] @ values["P"].T + np.eye(3)
    values["L"] = np.tril(values["L"]) + 3 * np.eye(3)
    return values


POINT = point()
ANY = st.sampled_from(
    [Shape(), Shape((N,)), Shape((N,), True), Shape((N, N)), Shape((M, N)), Shape((M,))]
).flatmap(lambda shape: expressions(shape, 3))


@given(ANY)
@settings(max_examples=300)
def test_emitted_gives_the_values_of_the_oracle(expr: Expr) -> None:
    inputs = [SYMBOLS["x"], SYMBOLS["y"]]
    inputs += [s for name, s in free_symbols(expr).items() if name not in "xy"]
    function: Any = compile_function("f", [expr], inputs, single=True)
    values = {symbol.name: POINT[symbol.name] for symbol in inputs}
    value = function(**values)
    wanted = np.asarray(evaluate(expr, values, SIZES))
    assert value.shape == tuple(SIZES[str(dim)] for dim in expr.shape.dims)
    np.testing.assert_allclose(value, wanted, rtol=1e-7, atol=1e-7 * max(1, np.abs(wanted).max()))
    single = function(**{name: np.float32(v) for name, v in values.items()})
    assert single.dtype == np.float32
    assert max(map(len, function.source.splitlines())) <= 100


@given(ANY)
@settings(max_examples=300)
def test_printed_parses_back_to_the_same_values(expr: Expr) -> None:
    inputs = {"x": SYMBOLS["x"], "y": SYMBOLS["y"], **free_symbols(expr)}
    values = {name: POINT[name] for name in inputs}
    shapes = {n: f"{s.shape} {' '.join(sorted(s.properties))}".strip() for n, s in inputs.items()}
    wanted = np.asarray(evaluate(expr, values, SIZES))
    for ascii in (False, True):
        again = parse_program(text(expr, ascii=ascii), shapes).expression
        assert again.shape == expr.shape
        found = np.asarray(evaluate(again, values, SIZES))
        np.testing.assert_allclose(
            found, wanted, rtol=1e-7, atol=1e-9 * max(1, np.abs(wanted).max())
        )
    assert latex(expr).count(r"\left") == latex(expr).count(r"\right")
