"""Matrices kept as their parts, among the values of a plan: which there are, and their algebra."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from matcalc.dims import Dim
from matcalc.plan.forms import Form, full
from matcalc.plan.functions import Called
from matcalc.plan.values import ATOMIC, Dims, Op, Value, Values, is_indicator, is_number

OPERATORS: Final = frozenset(
    "Dense Diagonal Identity LowRank Product Sum Scaled Kronecker BlockDiagonal Commutation Inverse"
    " Transposed".split()
)
"""Dense: an array.  Diagonal: of a vector of entries.  Identity: times a number.  LowRank: U V'
or a number times it.  Scaled: a number times an operator.  BlockDiagonal: blocks along the first
axis, interleaved if its data say so.  Commutation: K vec(X) = vec(X') for X of the dimensions in
its data."""

FLAT: Final = 32
"""Products of up to so many factors are made one: a factor may be shared, and stay so."""


class Operators:
    """The operators among the values of a plan: constructors that tidy."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._plain: set[Value] = set()
        self._solvable: set[Value] = set()

    def make(self, op: Op, args: Sequence[Value], dims: Dims, data: Hashable = None) -> Value:
        """The one value of an operation, without any tidying."""
        made = self.values.make(op, args, dims, data)
        if op in {"Dense", "Product", "Sum", "Scaled"} and all(map(self.plain, made.args)):
            self._plain.add(made)
        if self._gives_solution(made):
            self._solvable.add(made)
        return made

    def plain(self, matrix: Value) -> bool:
        """Whether there is no structure in a matrix: it is made of arrays by products and sums."""
        return matrix.op not in OPERATORS or matrix in self._plain

    def solvable(self, matrix: Value) -> bool:
        """Whether systems with a matrix have solutions by its structure, whatever the sizes."""
        return matrix in self._solvable

    def _gives_solution(self, made: Value) -> bool:
        match made.op:
            case "Sum":
                rest = [term for term in made.args if term.op != "LowRank"]
                return len(rest) == 1 and self.solvable(rest[0])
            case "Kronecker":
                return all(part.op not in OPERATORS or self.solvable(part) for part in made.args)
            case op:
                return op in {"Diagonal", "Identity", "Inverse", "Commutation"}

    def zero(self, dims: Dims) -> Value:
        """A matrix of zeros."""
        parts = [full(self.values, Form(self.values.number(0)), (dim,)) for dim in dims]
        return self.make("LowRank", parts, dims)

    def dense(self, array: Value, assume: str = "gen") -> Value:
        """An array as an operator, if it is not one."""
        if array.op in OPERATORS:
            return array
        return self.make("Dense", (array,), array.dims, assume)

    def diagonal(self, entries: Value, dims: Dims) -> Value:
        """The diagonal matrix of a vector, or of one scalar for all entries."""
        return self.make("Diagonal" if entries.dims else "Identity", (entries,), dims)

    def outer(self, left: Value, right: Value, dims: Dims) -> Value:
        """The product of a column and a row; a number in it scales products, and no entries."""
        scales: list[Value] = []
        parts = [self._unscaled(part, scales) for part in (left, right)]
        made = self.make("LowRank", parts, dims)
        return self.scaled(self.values.mul(scales), made) if scales else made

    def _unscaled(self, vector: Value, scales: list[Value]) -> Value:
        if vector.op == "neg":
            scales.append(self.values.number(-1))
            return self._unscaled(vector.args[0], scales)
        if vector.op == "mul" and any(factor.plain for factor in vector.args):
            scales += [factor for factor in vector.args if factor.plain]
            return self.values.mul([factor for factor in vector.args if not factor.plain])
        return vector

    def scaled(self, scale: Value, matrix: Value) -> Value:
        """A number times a matrix: as deep inside as it costs least."""
        if is_number(scale, 1):
            return matrix
        if is_number(scale, 0):
            return self.zero(matrix.dims)
        make, values = self.make, self.values
        match matrix.op:
            case "Diagonal" | "Identity":
                return self.diagonal(self._times(scale, matrix.args[0]), matrix.dims)
            case "LowRank":
                return self._scaled_outer(scale, matrix)
            case "Scaled":
                return self.scaled(values.mul((scale, matrix.args[0])), matrix.args[1])
            case "Sum":
                terms = [self.scaled(scale, term) for term in matrix.args]
                return make("Sum", terms, matrix.dims)
            case "Product" | "Kronecker":
                places = [i for i, part in enumerate(matrix.args) if _takes_scale(part)]
                first = _SCALED_FIRST[matrix.op == "Kronecker"]
                for i in sorted(places, key=lambda i: first.index(_kind(matrix.args[i]))):
                    parts = list(matrix.args)
                    parts[i] = self.scaled(scale, parts[i])
                    return make(matrix.op, parts, matrix.dims)
            case "BlockDiagonal":
                blocks = self._times(scale, matrix.args[0])
                return make(matrix.op, (blocks,), matrix.dims, matrix.data)
            case _ if _takes_scale(matrix):
                return self._times(scale, matrix)
        return make("Scaled", (scale, self.dense(matrix)), matrix.dims)

    def _scaled_outer(self, scale: Value, matrix: Value) -> Value:
        """U V' times a number: one that is known scales products, another the entries of U."""
        left, right, *others = matrix.args
        if scale.plain and not any(map(is_indicator, (left, right))):
            parts = [left, right, self.values.mul((scale, *others))]
        else:
            parts = [self._times(scale, left), right, *others]
        return self.make("LowRank", parts, matrix.dims)

    def _times(self, scale: Value, array: Value) -> Value:
        """A number times an array; 1/a times it is the array over a."""
        if scale.op == "div" and is_number(scale.args[0], 1):
            return self.values.div(array, scale.args[1])
        return self.values.mul((scale, array))

    def total(self, terms: Sequence[Value]) -> Value:
        """A sum: diagonal terms become one, and so do arrays."""
        dims = terms[0].dims
        flat = [part for t in terms for part in (t.args if _opens(t, "Sum") else (t,))]
        diagonals = [t for t in flat if t.op in {"Diagonal", "Identity"}]
        arrays = [t for t in flat if t.op not in OPERATORS]
        rest = [t for t in flat if t not in diagonals and t not in arrays]
        made = []
        if diagonals:
            entries = self.values.add([t.args[0] for t in diagonals])
            made.append(self.diagonal(entries, dims))
        made += rest
        if arrays:
            made.append(self.values.add(arrays))
        return made[0] if len(made) == 1 else self.make("Sum", made, dims)

    def product(self, factors: Sequence[Value]) -> Value:
        """A product: numbers come before it, and diagonal factors side by side become one."""
        dims = (factors[0].dims[0], factors[-1].dims[1])
        scales: list[Value] = []
        made: list[Value] = []
        for factor in self._flat(factors, scales):
            if factor.op == "Identity":
                scales.append(factor.args[0])
            elif made and factor.op == made[-1].op == "Diagonal":
                entries = self.values.mul((made[-1].args[0], factor.args[0]))
                made[-1] = self.diagonal(entries, factor.dims)
            else:
                made.append(factor)
        if not made:
            return self.diagonal(self.values.mul(scales), dims)
        made = self._blocks(made)
        whole = made[0] if len(made) == 1 else self.make("Product", made, dims)
        return self.scaled(self.values.mul(scales), whole)

    def _flat(self, factors: Sequence[Value], scales: list[Value]) -> list[Value]:
        found: list[Value] = []
        for factor in factors:
            if factor.op == "Scaled":
                scales.append(factor.args[0])
                factor = factor.args[1]
            found += factor.args if _opens(factor, "Product") else (factor,)
        return [f.args[0] if f.op == "Dense" and f.data == "gen" else f for f in found]

    def _blocks(self, factors: Sequence[Value]) -> list[Value]:
        """Factors with (A ⊗ I) diag(vec(S)) (B ⊗ I) and (I ⊗ A) diag(vec(S)) (I ⊗ B) in them as
        block-diagonal matrices: their blocks are A diag(s) B for the rows s of S, or its columns.
        """
        made: list[Value] = []
        for factor in factors:
            made.append(factor)
            for interleaved in (True, False):
                parts = [_other(f, interleaved) for f in made[-3::2]]
                if len(made) < 3 or made[-2].op != "Diagonal" or None in parts:
                    continue
                left, entries, right = made[-3:]
                made[-3:] = [self._block_diagonal(left, entries, right, interleaved)]
                break
        return made

    def _block_diagonal(
        self, left: Value, entries: Value, right: Value, interleaved: bool
    ) -> Value:
        values, make = self.values, self.values.make
        place = 0 if interleaved else 1
        a, b = left.args[place], right.args[place]
        count, inner = left.args[1 - place].dims[0], a.dims[1]
        rows, columns = a.dims[0], b.dims[1]
        scales = self._unstacked(entries.args[0], count, inner, interleaved)
        parts = (values.transpose(a), b)
        products = make("face_splitting", parts, (inner, rows * columns))
        blocks = make("reshape", (values.matmul(scales, products),), (count, rows, columns))
        data = "interleaved" if interleaved else None
        return self.make("BlockDiagonal", (blocks,), (left.dims[0], right.dims[1]), data)

    def _unstacked(self, entries: Value, count: Dim, inner: Dim, interleaved: bool) -> Value:
        """S with vec(S) as the entries, by blocks: its rows are those of S if interleaved."""
        if entries.op == "neg":
            return self.values.neg(self._unstacked(entries.args[0], count, inner, interleaved))
        arrays = [f for f in entries.args if f.dims] if entries.op == "mul" else [entries]
        if len(arrays) == 1 and _is_vec(arrays[0]):
            scale = self.values.mul([f for f in entries.args if not f.dims])
            matrix = arrays[0].args[0]
            matrix = matrix if interleaved else self.values.transpose(matrix)
            return matrix if arrays[0] is entries else self.values.mul((scale, matrix))
        if interleaved:
            columns = self.values.make("reshape", (entries,), (inner, count))
            return self.values.transpose(columns)
        return self.values.make("reshape", (entries,), (count, inner))

    def kronecker(self, left: Value, right: Value, dims: Dims) -> Value:
        """A Kronecker product."""
        if left.op == right.op == "Identity":
            return self.diagonal(self.values.mul((left.args[0], right.args[0])), dims)
        return self.make("Kronecker", (left, right), dims)

    def transposed(self, matrix: Value) -> Value:
        """The transpose."""
        turned = matrix.dims[::-1]
        match matrix.op:
            case "Diagonal" | "Identity":
                return matrix
            case "Product":
                return self.make("Product", [*map(self._turned, matrix.args[::-1])], turned)
            case "Sum" | "Kronecker":
                return self.make(matrix.op, [*map(self._turned, matrix.args)], turned)
            case "LowRank":
                return self.make("LowRank", (*matrix.args[1::-1], *matrix.args[2:]), turned)
            case "Scaled":
                scale, inner = matrix.args
                return self.make("Scaled", (scale, self._turned(inner)), turned)
            case "Commutation":
                assert isinstance(matrix.data, tuple)
                return self.make("Commutation", (), turned, matrix.data[::-1])
            case "Transposed":
                return matrix.args[0]
            case op if op in OPERATORS:
                return self.make("Transposed", (matrix,), turned)
            case _:
                return self.values.transpose(matrix)

    def _turned(self, part: Value) -> Value:
        """The transpose of a part; one that has parts is turned as a whole."""
        if part.op in {"Product", "Sum", "Kronecker", "Scaled"}:
            return self.make("Transposed", (part,), part.dims[::-1])
        return self.transposed(part)


_SCALED_FIRST: Final = (
    ("Diagonal", "Identity", "array", "operator"), ("Diagonal", "array", "Identity", "operator"),
)  # fmt: skip
"""Which factor takes a number that multiplies a product, and a Kronecker product: beside an
identity the array is the smaller one."""


def _kind(part: Value) -> str:
    if part.op in {"Diagonal", "Identity"}:
        return part.op
    return "operator" if part.op in OPERATORS else "array"


def _is_vec(value: Value) -> bool:
    return isinstance(value.data, Called) and value.data.name == "vec"


def _other(matrix: Value, identity_last: bool) -> Value | None:
    """The array beside an identity in a Kronecker product; None if there is none."""
    if matrix.op != "Kronecker":
        return None
    array, identity = matrix.args if identity_last else matrix.args[::-1]
    if identity.op != "Identity" or not is_number(identity.args[0], 1) or array.op in OPERATORS:
        return None
    return array


def _opens(matrix: Value, op: Op) -> bool:
    return matrix.op == op and len(matrix.args) <= FLAT


def _takes_scale(part: Value) -> bool:
    """Whether a number can be multiplied into a part without a copy of what is given."""
    if part.op in OPERATORS:
        return part.op in {"Diagonal", "Identity", "LowRank"}
    base = part.args[0] if part.op == "transpose" else part
    return base.op not in ATOMIC
