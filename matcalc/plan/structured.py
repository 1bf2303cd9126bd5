"""Structure of results: matrices that are kept as their parts and never computed.

A result is written in matrix notation, one of rank three or four as the matrix between
vec(variable) and vec(result); there structure can be read: `diag(d)`, `a b'`, `A ⊗ eye(n)`,
`A diag(d) B`, sums and products of these.  Each becomes a value of one of the operations in
`OPERATORS`, whose operands are arrays and other such values; a target makes objects of them.  A
matrix without structure is computed as the array that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matcalc.expr.matrix import AsMatrix
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
from matcalc.plan.operators import OPERATORS, Operators
from matcalc.plan.values import Dims, Value, Values, is_indicator, reachable
from matcalc.tensor.structural import size_of


class Finder:
    """Finds the structure of expressions of a plan, whose forms are known."""

    def __init__(
        self, values: Values, forms: dict[Expr, Form], whole: Callable[[Expr], Value]
    ) -> None:
        self.operators = Operators(values)
        self.values, self.forms, self.whole = values, forms, whole
        self._found: dict[Expr, Value] = {}

    def result(self, root: Expr, asked: AsMatrix) -> Value:
        """A result as an operator: `root` is its expression as it is computed best."""
        if asked.matrix is None:
            array = self.whole(root)
            made = self.values.make("reshape", (array,), asked.dims, "F")
            return self.operators.dense(made)
        for node in postorder((root,)):
            if node not in self._found and node.shape.rank == 2:
                self._found[node] = self._operator(node)
        return self._typed(self.operators.dense(self._found[root], _assumed(root)))

    def _typed(self, root: Value) -> Value:
        """An operator that has the dtype of the inputs.

        If one of its arrays is floating, indicators stay boolean; else identities are told it.
        """
        made = [value for value in reachable([root])[0] if value.op in OPERATORS]
        leaves = [arg for value in made for arg in value.args if arg.op not in OPERATORS]
        floating = any(not leaf.plain and not is_indicator(leaf) for leaf in leaves)
        done: dict[Value, Value] = {}
        for value in made:
            args, data = [done.get(arg, arg) for arg in value.args], value.data
            if value.op == "Identity" and not floating:
                data = "typed"
            if value.op == "Diagonal" and floating and is_indicator(args[0]):
                args = [args[0].args[0]]
            done[value] = self.operators.make(value.op, args, value.dims, data)
        return done[root]

    def _operator(self, node: Expr) -> Value:
        form, dims = self.forms[node], node.shape.dims
        if form.kind == "diagonal":
            return self.operators.diagonal(form.value, dims)
        if form.kind == "array" and form.value.dims != dims:
            return self._constant_along(form.value, dims)
        if form.kind == "array" and form.value.op == "outer":
            column, row = form.value.args
            return self.operators.outer(column, row, dims)
        match node:
            case Named(value=value):
                return self._found[value]
            case Neg(arg=arg):
                return self.operators.scaled(self.values.number(-1), self._found[arg])
            case Add(terms=terms) if all(term.shape == node.shape for term in terms):
                found = [self._found[term] for term in terms]
                if all(map(self.operators.plain, found)) and any(map(_is_array, found)):
                    return self.whole(node)
                return self.operators.total(found)
            case Product(factors=factors):
                return self._product(node, factors)
            case Divide(numerator=above, denominator=below) if not below.shape.dims:
                one, divisor = self.values.number(1), self.forms[below].value
                return self.operators.scaled(self.values.div(one, divisor), self._found[above])
            case Transpose(arg=arg):
                return self.operators.transposed(self._found[arg])
            case Kron(left=left, right=right):
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
        if node.shape.rank == 1:
            column = self.values.expand(self.whole(node))
            return self.values.transpose(column) if node.shape.row else column
        found = self._found[node]
        return self.whole(node) if self.operators.plain(found) else found

    def _inverse(self, arg: Expr) -> Value:
        """An inverse: of an array, unless its structure gives the solution of systems."""
        found = self._found[arg]
        inner = found
        if not self.operators.solvable(found):
            inner = self.operators.dense(self.whole(arg), _assumed(arg))
        return self.operators.make("Inverse", (inner,), inner.dims)

    def _constant_along(self, value: Value, dims: Dims) -> Value:
        """A matrix that NumPy would broadcast from less: rows, columns or all entries are equal."""
        column = row = self.values.number(1)
        if not value.dims:
            column = value
        elif value.dims[-1] is dims[1]:
            row = value if len(value.dims) == 1 else self._line(value, 0)
        else:
            column = self._line(value, 1)
        parts = [full(self.values, Form(v), (d,)) for v, d in zip((column, row), dims, strict=True)]
        return self.operators.make("LowRank", parts, dims)

    def _line(self, value: Value, axis: int) -> Value:
        """The only row or column of a matrix as a vector."""
        if value.op == "neg":
            return self.values.neg(self._line(value.args[0], axis))
        if value.op == "expand" and axis == 1:
            return value.args[0]
        return self.values.index(value, axis, self.values.number(0))


def _assumed(node: Expr) -> str:
    """What is known of a matrix for solving with it, in the words of scipy.linalg.solve."""
    known = properties(node)
    return "pos" if "spd" in known else "sym" if "symmetric" in known else "gen"


def _is_array(found: Value) -> bool:
    """Whether a matrix is an array, or a multiple of one."""
    found = found.args[1] if found.op == "Scaled" else found
    return found.op == "Dense" or found.op not in OPERATORS
