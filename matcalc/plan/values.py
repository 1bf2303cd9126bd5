"""Array computations: what a plan is made of, and constructors that tidy them.

A `Value` is one operation on arrays, with NumPy's broadcasting: a row and a column are 1-D alike,
and an axis of `ONE` (or a missing leading axis) stands for any length.  Equal values are one
object, so that every computation happens once.  The constructors fold what is known: numbers,
zeros and ones, double transposes, and 1/0 indicators, which stay boolean where a product with a
floating array makes numbers of them anyway.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from matcalc.dims import ONE, Dim
from matcalc.graphs import postorder

Op = Literal[
    "input", "number", "constant", "size", "neg", "add", "mul", "div", "pow", "matmul", "outer",
    "blas", "dot", "transpose", "expand", "compare", "cast", "eye", "unit", "broadcast", "diag",
    "diagonal",
    "add_diagonal", "solve", "inv", "logdet", "trace", "sum", "index", "array", "stack", "einsum",
    "kron", "matrix_power", "scalar", "hstack", "vstack", "blockdiag", "where", "call", "apply",
    "weak", "active", "onehot", "unvech", "reshape", "abs", "log", "max", "vdot", "spread",
    "factor", "chol", "factor_solve", "factor_inv", "factor_logdet",
    "Dense", "Diagonal", "Identity", "LowRank", "Product", "Sum", "Scaled", "Kronecker",
    "BlockDiagonal", "Commutation", "Inverse", "Transposed", "face_splitting",
]  # fmt: skip

ATOMIC: Final = frozenset({"input", "number", "constant", "size"})
"""Values that are there without any work."""

_NUMBERS: Final = frozenset({"number", "constant", "size", "weak"})
_ARITHMETIC: Final = frozenset({"neg", "add", "mul", "div", "pow", "abs"})

PRODUCTS: Final = frozenset({"matmul", "blas", "dot"})
"""Products of matrices and vectors: NumPy's, of the library with the factors, of small ones."""

VIEWS: Final = frozenset({"transpose", "expand", "index"})
"""Operations that only look at an array in another way."""

_HOLDS: Final[Mapping[str, Callable[[Fraction, Fraction], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}

Dims = tuple[Dim, ...]

LARGEST_POWER: Final = 32
"""Whole powers up to this are products: a product costs a small part of what a power does."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """An operation, its operands, what else it needs to know, and the dimensions of the result.

    One that is `plain` is a Python number: it takes the dtype of what it is combined with.
    """

    op: Op
    args: tuple[Value, ...]
    data: Hashable
    dims: Dims
    plain: bool


def broadcast_dims(values: Iterable[Value]) -> Dims:
    """The dimensions of values combined element by element."""
    result: list[Dim] = []
    for value in values:
        dims = [*value.dims]
        while len(result) < len(dims):
            result.insert(0, ONE)
        for axis in range(1, len(dims) + 1):
            if dims[-axis] is not ONE:
                result[-axis] = dims[-axis]
    return tuple(result)


class Values:
    """The values of one plan."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Value] = {}

    def make(self, op: Op, args: Sequence[Value], dims: Dims, data: Hashable = None) -> Value:
        """The one value of an operation, without any tidying."""
        key = (op, tuple(args), data, dims)
        value = self._known.get(key)
        if value is None:
            plain = op in _NUMBERS or (op in _ARITHMETIC and all(arg.plain for arg in args))
            value = self._known[key] = Value(op, tuple(args), data, dims, plain)
        return value

    def number(self, value: Fraction | int) -> Value:
        """An exact number."""
        return self.make("number", (), (), Fraction(value))

    def size(self, dim: Dim) -> Value:
        """A dimension as a number."""
        value = dim.value
        return self.make("size", (), (), dim) if value is None else self.number(value)

    def neg(self, arg: Value) -> Value:
        """Minus a value."""
        if arg.op == "number":
            return self.number(-_fraction(arg))
        if arg.op == "neg":
            return arg.args[0]
        if arg.op in {"spread", "outer"}:
            first, *rest = arg.args
            return self.make(arg.op, (self.neg(first), *rest), arg.dims, arg.data)
        return self.make("neg", (arg,), arg.dims)

    def add(self, terms: Sequence[Value]) -> Value:
        """A sum; zeros that change no shape vanish, and sums in the first place merge."""
        dims = broadcast_dims(terms)
        kept = [t for t in terms if not is_number(t, 0)]
        if not kept:
            return self.number(0)
        if len(kept) == 1:
            return kept[0]
        if len(kept) == 2:  # b - a beside a - b is minus that
            opposite = self._known.get(("add", (self.neg(kept[1]), self.neg(kept[0])), None, dims))
            if opposite is not None:
                return self.neg(opposite)
        return self.make("add", kept, dims)

    def mul(self, factors: Sequence[Value]) -> Value:
        """A product, element by element; numbers come first and are multiplied out."""
        number, others = Fraction(1), []
        for factor in factors:
            if factor.op == "neg":
                number, factor = -number, factor.args[0]
            if factor.op == "number":
                number *= _fraction(factor)
            else:
                others.append(factor)
        if not others or not number:
            return self.number(number)
        if abs(number) != 1:
            others.insert(0, self.number(abs(number)))
        if others[-1].op in {"spread", "outer"} and not any(f.dims for f in others[:-1]):
            return self._inside(others[-1], [self.number(-1 if number < 0 else 1), *others[:-1]])
        if len(others) > 1:
            others = self._without_casts(others)
        made = others[0] if len(others) == 1 else self.make("mul", others, broadcast_dims(others))
        return self.neg(made) if number < 0 else made

    def _inside(self, array: Value, scalars: list[Value]) -> Value:
        """An array times scalars, which multiply the smaller one that it is made of."""
        first, *rest = array.args
        return self.make(array.op, (self.mul([*scalars, first]), *rest), array.dims, array.data)

    def _without_casts(self, factors: list[Value]) -> list[Value]:
        """Indicators as booleans, after a floating factor, if there is one."""
        plain = [f for f in factors if f.plain]
        casts = [f for f in factors if is_indicator(f)]
        if not casts or len(plain) + len(casts) == len(factors):
            return factors
        if not plain:
            return [f.args[0] if is_indicator(f) else f for f in factors]
        rest = [f for f in factors if not f.plain and not is_indicator(f)]
        return plain + rest + [f.args[0] for f in casts]

    def bare(self, value: Value, other: Value) -> Value:
        """An indicator as boolean, if the other operand is floating."""
        floating = not other.plain and not is_indicator(other)
        return value.args[0] if is_indicator(value) and floating else value

    def div(self, above: Value, below: Value) -> Value:
        """A quotient, element by element."""
        if is_number(below, 1) or is_number(above, 0):
            return above
        if above.op == "number" and below.op == "number" and _fraction(below):
            return self.number(_fraction(above) / _fraction(below))
        if above.op == "neg" or is_negative(above):
            return self.neg(self.div(self.neg(above), below))
        return self.make("div", (above, below), broadcast_dims((above, below)))

    def pow(self, base: Value, exponent: Value) -> Value:
        """A power, element by element; reciprocals are quotients."""
        if is_number(exponent, 1):
            return base
        if is_number(exponent, 0):
            return self.number(1)
        if is_negative(exponent):
            return self.div(self.number(1), self.pow(base, self.neg(exponent)))
        if base.dims and exponent.op == "number" and _fraction(exponent).denominator == 1:
            return self._whole_power(base, int(_fraction(exponent)))
        return self.make("pow", (base, exponent), broadcast_dims((base, exponent)))

    def _whole_power(self, base: Value, exponent: int) -> Value:
        """A whole power of an array as products: squares are squared and multiplied together."""
        if exponent > LARGEST_POWER or exponent == 2:
            return self.make("pow", (base, self.number(exponent)), base.dims)
        if exponent == 3:
            return self.make("mul", (base, base, base), base.dims)
        half = self._whole_power(base, exponent // 2) if exponent > 3 else base
        square = self._whole_power(half, 2)
        return self.make("mul", (square, base), base.dims) if exponent % 2 else square

    def abs(self, arg: Value) -> Value:
        """The magnitude, element by element."""
        arg = arg.args[0] if arg.op == "neg" else arg
        return self.make("abs", (arg,), arg.dims)

    def transpose(self, arg: Value) -> Value:
        """The transpose of a matrix; a vector is its own."""
        if len(arg.dims) < 2:
            return arg
        if arg.op == "transpose":
            return arg.args[0]
        return self.make("transpose", (arg,), arg.dims[::-1])

    def expand(self, arg: Value) -> Value:
        """A vector as a matrix of one column; a scalar is its own."""
        if arg.op == "neg":
            return self.neg(self.expand(arg.args[0]))
        return self.make("expand", (arg,), (*arg.dims, ONE)) if arg.dims else arg

    def matmul(self, left: Value, right: Value) -> Value:
        """The contraction of the last axis of one with the first of the other."""
        if left.op == "neg" or right.op == "neg":
            return self._signed(self.matmul, left, right)
        dims = left.dims[:-1] + right.dims[1:]
        return self.make("matmul", (self.bare(left, right), self.bare(right, left)), dims)

    def outer(self, left: Value, right: Value) -> Value:
        """The products of all entries of one vector with all of another."""
        if right.op == "neg":
            left, right = self.neg(left), right.args[0]
        pair = (self.bare(left, right), self.bare(right, left))
        return self.make("outer", pair, (*left.dims, *right.dims))

    def solve(self, matrix: Value, other: Value, known: str | None) -> Value:
        """The solution of a system; what is known of the matrix says how."""
        if other.op == "neg":
            return self.neg(self.solve(matrix, other.args[0], known))
        return self.make("solve", (matrix, other), other.dims, known)

    def _signed(self, product: Callable[[Value, Value], Value], left: Value, right: Value) -> Value:
        """A product of operands with signs: the sign of the product."""
        a, b = (v.args[0] if v.op == "neg" else v for v in (left, right))
        made = product(a, b)
        return made if left.op == right.op else self.neg(made)

    def spread(self, core: Value, view: str, dims: Dims) -> Value:
        """Zeros but for a view of them (as einsum writes one) that has the entries of `core`."""
        inputs, _, output = view.partition("->")
        if inputs == output:
            return core
        return self.make("spread", (core,), dims, view)

    def index(self, arg: Value, axis: int, at: Value) -> Value:
        """An entry of a vector, or a row or column of a matrix."""
        dims = arg.dims[:axis] + arg.dims[axis + 1 :]
        flags = tuple(i == axis for i in range(len(arg.dims)))
        return self.make("index", (arg, at), dims, flags)

    def active(self, arg: Value, mask: Value, axis: int) -> Value:
        """The entries, rows or columns of an array at which a boolean vector is true."""
        if arg.op == "transpose":
            return self.transpose(self.active(arg.args[0], mask, 1 - axis))
        return self.make("active", (arg, mask), arg.dims, axis)

    def compare(self, op: str, left: Value, right: Value) -> Value:
        """An indicator, 1 or 0."""
        if left.op == "neg" and right.op == "number":
            left, right, op = left.args[0], self.neg(right), _MIRRORED[op]
        if left.op == right.op == "number":
            return self.number(int(_HOLDS[op](_fraction(left), _fraction(right))))
        made = self.make("compare", (left, right), broadcast_dims((left, right)), op)
        return self.make("weak" if left.plain and right.plain else "cast", (made,), made.dims)

    def sum(self, arg: Value, axis: int | None = None) -> Value:
        """The sum over all axes or one; of a product of two arrays, their inner product."""
        if axis is not None and len(arg.dims) > 1:
            return self.make("sum", (arg,), arg.dims[:axis] + arg.dims[axis + 1 :], axis)
        if arg.op == "neg":
            return self.neg(self.sum(arg.args[0]))
        if arg.op == "mul":
            scalars = [f for f in arg.args if not f.dims]
            arrays = [f for f in arg.args if f.dims]
            if scalars and all(f.op == "compare" for f in arrays):  # as numbers, not counted
                arrays = [self.make("cast", (f,), f.dims) for f in arrays]
            if scalars:
                return self.mul([*scalars, self.sum(self.mul(arrays))])
            if len(arrays) == 2 and arrays[0].dims == arrays[1].dims:
                return self._inner(*arrays)
        if arg.op == "pow" and is_number(arg.args[1], 2):
            return self._inner(arg.args[0], arg.args[0])
        return self.make("sum", (arg,), (), None)

    def _inner(self, left: Value, right: Value) -> Value:
        """The inner product of two arrays of the same dimensions, as vectors of their entries."""
        if len(left.dims) == 1:
            return self.matmul(left, right)
        if left.op == right.op == "transpose":
            left, right = left.args[0], right.args[0]
        return self.make("vdot", (left, right), ())


def is_indicator(value: Value) -> bool:
    """Whether a value is a comparison as 1 or 0, which as an operand may stay boolean."""
    return value.op == "cast" and value.args[0].op == "compare"


def is_number(value: Value, number: int) -> bool:
    """Whether a value is that number."""
    return value.op == "number" and value.data == number


def is_negative(value: Value) -> bool:
    """Whether a value is a negative number."""
    return value.op == "number" and _fraction(value) < 0


def _fraction(value: Value) -> Fraction:
    assert isinstance(value.data, Fraction)
    return value.data


def reachable(outputs: Iterable[Value]) -> tuple[list[Value], Counter[Value]]:
    """The values that the outputs need, operands first, and how often each is used."""
    uses = Counter(outputs)
    order = postorder(list(uses), operands)
    for value in order:
        uses.update(operands(value))
    return order, uses


def operands(value: Value) -> tuple[Value, ...]:
    """The operands as they are written: a matrix literal's rows are written with it."""
    if value.op == "array" and value.args[0].op == "array":
        return tuple(entry for row in value.args for entry in row.args)
    return value.args
