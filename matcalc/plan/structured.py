"""Structure of results: matrices that are kept as their parts and never computed.

A result is written in matrix notation, one of rank three or four as the matrix between vec(variable)
and vec(result); there structure can be read: `diag(d)`, `a b'`, `A ⊗ eye(n)`, `A diag(d) B`, sums and
products of these.  Each becomes a value of one of the operations in `OPERATORS`, whose operands are
arrays and other such values.  A matrix without structure is computed as the array that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from matcalc.dims import Dim
from matcalc.expr.nodes import (
    Add,
    Call,
    Divide,
    Expr,
    Inverse,
    Kron,
    Named,
    Neg,
    Product,
    Transpose,
    postorder,
)
from matcalc.expr.properties import properties
from matcalc.plan.forms import Form, full
from matcalc.plan.values import ATOMIC, Dims, Value, Values, is_number
from matcalc.tensor.structural import size_of

OPERATORS: Final = frozenset(
    "Dense Diagonal Identity LowRank Product Sum Scaled Kronecker BlockDiagonal Commutation Inverse"
    " Transposed".split()
)
"""Dense: an array.  Diagonal: of a vector of entries.  Identity: times a number.  LowRank: U V'.
Scaled: a number times an operator.  BlockDiagonal: blocks along the first axis, interleaved if its
data say so.  Commutation: K vec(X) = vec(X') for X of the dimensions in its data."""


@dataclass(frozen=True, slots=True)
class Structured:
    """A result that is to keep its structure: as an array of all its axes, and as the matrix that
    stands for it; where that has no matrix notation, `rows` of the array's axes are its rows."""

    array: Expr
    matrix: Expr | None
    rows: int

    @property
    def root(self) -> Expr:
        """The expression that is computed."""
        return self.array if self.matrix is None else self.matrix

    @property
    def dims(self) -> Dims:
        """Its rows and columns."""
        return _grouped(self.array.shape.dims, self.rows)


class Operators:
    """The operators among the values of a plan: constructors that tidy."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def make(self, op: str, args: Sequence[Value], dims: Dims, data: object = None) -> Value:
        """The one value of an operation, without any tidying."""
        return self.values.make(op, args, dims, data)  # type: ignore[arg-type]

    def dense(self, array: Value, assume: str = "gen") -> Value:
        """An array as an operator, if it is not one."""
        if array.op in OPERATORS:
            return array
        return self.make("Dense", (array,), array.dims, assume)

    def diagonal(self, entries: Value, dims: Dims) -> Value:
        """The diagonal matrix of a vector, or of one scalar for all entries."""
        return self.make("Diagonal" if entries.dims else "Identity", (entries,), dims)

    def scaled(self, scale: Value, matrix: Value) -> Value:
        """A number times a matrix: as deep inside as it costs least."""
        if is_number(scale, 1):
            return matrix
        make, values = self.make, self.values
        match matrix.op:
            case "Diagonal" | "Identity":
                return self.diagonal(values.mul((scale, matrix.args[0])), matrix.dims)
            case "LowRank":
                left, right = matrix.args
                return make("LowRank", (values.mul((scale, left)), right), matrix.dims)
            case "Scaled":
                return self.scaled(values.mul((scale, matrix.args[0])), matrix.args[1])
            case "Sum":
                terms = [self.scaled(scale, term) for term in matrix.args]
                return make("Sum", terms, matrix.dims)
            case "Product" | "Kronecker":
                places = [i for i, part in enumerate(matrix.args) if _takes_scale(part)]
                for i in sorted(places, key=lambda i: _SCALED_FIRST.index(_kind(matrix.args[i]))):
                    parts = list(matrix.args)
                    parts[i] = self.scaled(scale, parts[i])
                    return make(matrix.op, parts, matrix.dims)
            case "BlockDiagonal":
                blocks = values.mul((scale, matrix.args[0]))
                return make(matrix.op, (blocks,), matrix.dims, matrix.data)
            case _ if _takes_scale(matrix):
                return values.mul((scale, matrix))
        return make("Scaled", (scale, self.dense(matrix)), matrix.dims)

    def total(self, terms: Sequence[Value]) -> Value:
        """A sum: diagonal terms become one, and so do arrays."""
        dims = terms[0].dims
        flat = [part for t in terms for part in (t.args if t.op == "Sum" else (t,))]
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
        whole = made[0] if len(made) == 1 else self.make("Product", self._bare(made), dims)
        return self.scaled(self.values.mul(scales), whole)

    def _flat(self, factors: Sequence[Value], scales: list[Value]) -> list[Value]:
        found: list[Value] = []
        for factor in factors:
            if factor.op == "Scaled":
                scales.append(factor.args[0])
                factor = factor.args[1]
            found += factor.args if factor.op == "Product" else (factor,)
        return [f.args[0] if f.op == "Dense" and f.data == "gen" else f for f in found]

    def _bare(self, factors: Sequence[Value]) -> list[Value]:
        """Factors with indicators as booleans on diagonals, as numbers stand beside them."""
        floating = any(f.op not in {"Diagonal", "Commutation"} for f in factors)
        return [
            self.make("Diagonal", (f.args[0].args[0],), f.dims)
            if floating and f.op == "Diagonal" and f.args[0].op == "cast"
            else f
            for f in factors
        ]

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
                return self.make("Product", [*map(self.transposed, matrix.args[::-1])], turned)
            case "Sum" | "Kronecker":
                return self.make(matrix.op, [*map(self.transposed, matrix.args)], turned)
            case "LowRank":
                return self.make("LowRank", matrix.args[::-1], turned)
            case "Scaled":
                scale, inner = matrix.args
                return self.make("Scaled", (scale, self.transposed(inner)), turned)
            case "Commutation":
                assert isinstance(matrix.data, tuple)
                return self.make("Commutation", (), turned, matrix.data[::-1])
            case "Transposed":
                return matrix.args[0]
            case op if op in OPERATORS:
                return self.make("Transposed", (matrix,), turned)
            case _:
                return self.values.transpose(matrix)


_SCALED_FIRST: Final = ("Diagonal", "Identity", "array", "operator")
"""Which factor of a product takes a number that multiplies it."""


def _kind(part: Value) -> str:
    if part.op in {"Diagonal", "Identity"}:
        return part.op
    return "operator" if part.op in OPERATORS else "array"


def _takes_scale(part: Value) -> bool:
    """Whether a number can be multiplied into a part without a copy of what is given."""
    if part.op in OPERATORS:
        return part.op in {"Diagonal", "Identity", "LowRank"}
    base = part.args[0] if part.op == "transpose" else part
    return base.op not in ATOMIC


class Finder:
    """Finds the structure of expressions of a plan, whose forms are known."""

    def __init__(
        self, values: Values, forms: dict[Expr, Form], whole: Callable[[Expr], Value]
    ) -> None:
        self.operators = Operators(values)
        self.values, self.forms, self.whole = values, forms, whole
        self._found: dict[Expr, Value] = {}

    def result(self, root: Expr, asked: Structured) -> Value:
        """A result as an operator: `root` is its expression as it is computed best."""
        if asked.matrix is None:
            array = self.whole(root)
            made = self.values.make("reshape", (array,), asked.dims, "F")
            return self.operators.dense(made)
        for node in postorder((root,)):
            if node not in self._found and node.shape.rank == 2:
                self._found[node] = self._operator(node)
        known = properties(root)
        assume = "pos" if "spd" in known else "sym" if "symmetric" in known else "gen"
        found = self.operators.dense(self._found[root], assume)
        return found if _has_arrays(found) else self._typed(found)

    def _typed(self, found: Value) -> Value:
        """An operator of no arrays: its identities are told the dtype."""
        data = "typed" if found.op == "Identity" else found.data
        args = [self._typed(arg) if arg.op in OPERATORS else arg for arg in found.args]
        return self.operators.make(found.op, args, found.dims, data)

    def _operator(self, node: Expr) -> Value:
        form, dims = self.forms[node], node.shape.dims
        if form.kind == "diagonal":
            return self.operators.diagonal(form.value, dims)
        if form.kind == "array" and form.value.dims != dims:
            return self._constant_along(form.value, dims)
        if form.kind == "array" and form.value.op == "outer":
            return self.operators.make("LowRank", form.value.args, dims)
        match node:
            case Named(value=value):
                return self._found[value]
            case Neg(arg=arg):
                return self.operators.scaled(self.values.number(-1), self._found[arg])
            case Add(terms=terms) if all(term.shape == node.shape for term in terms):
                return self.operators.total([self._found[term] for term in terms])
            case Product(factors=factors):
                return self._product(node, factors)
            case Divide(numerator=above, denominator=below) if not below.shape.dims:
                one, divisor = self.values.number(1), self.forms[below].value
                return self.operators.scaled(self.values.div(one, divisor), self._found[above])
            case Transpose(arg=arg):
                return self.operators.transposed(self._found[arg])
            case Kron(left=left, right=right) if left.shape.rank == right.shape.rank == 2:
                return self.operators.kronecker(self._part(left), self._part(right), dims)
            case Inverse(arg=arg):
                return self._inverse(arg)
            case Call(name="commutation", args=args):
                return self.operators.make("Commutation", (), dims, tuple(map(size_of, args)))
            case _:
                return self.whole(node)

    def _product(self, node: Product, factors: Sequence[Expr]) -> Value:
        """A product of matrices and numbers; one that a vector cuts in two is of rank one."""
        scales = [self.forms[f].value for f in factors if not f.shape.dims]
        parts = [f for f in factors if f.shape.dims]
        if any(part.shape.rank != 2 for part in parts):
            return self.whole(node)
        made = self.operators.product([self._found[part] for part in parts])
        return self.operators.scaled(self.values.mul(scales), made)

    def _part(self, node: Expr) -> Value:
        """A part of a Kronecker product: as an array, unless there is structure in it."""
        found = self._found[node]
        inner = found.args[1] if found.op == "Scaled" else found
        plain = inner.op == "Product" and not any(arg.op in OPERATORS for arg in inner.args)
        return self.whole(node) if plain else found

    def _inverse(self, arg: Expr) -> Value:
        known = properties(arg)
        assume = "pos" if "spd" in known else "sym" if "symmetric" in known else "gen"
        inner = self.operators.dense(self._found[arg], assume)
        return self.operators.make("Inverse", (inner,), inner.dims)

    def _constant_along(self, value: Value, dims: Dims) -> Value:
        """A matrix that NumPy would broadcast from less: rows, columns or all entries are equal."""
        (rows, columns), make = dims, self.operators.make
        one = self.values.number(1)
        across = len(value.dims) == 1
        column = one if across else self._only_column(value) if value.dims else value
        row = value if across else one
        parts = [full(self.values, Form(v), (d,)) for v, d in ((column, rows), (row, columns))]
        return make("LowRank", parts, dims)

    def _only_column(self, value: Value) -> Value:
        if value.op == "expand":
            return value.args[0]
        return self.values.index(value, 1, self.values.number(0))


def _has_arrays(found: Value) -> bool:
    """Whether an operator is made of any array, from which it has its dtype."""
    return any(
        _has_arrays(arg) if arg.op in OPERATORS else not arg.plain for arg in found.args
    )


def _grouped(dims: Dims, rows: int) -> Dims:
    def whole(part: Dims) -> Dim:
        product = part[0]
        for dim in part[1:]:
            product = product * dim
        return product

    return whole(dims[:rows]), whole(dims[rows:])
