"""Matrix notation into index notation: every operation becomes a sum of products, an element-wise
function, or a function that the rule book knows as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from matcalc.dims import ONE, Dim
from matcalc.errors import DerivationError, InputError
from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Compare,
    Constant,
    Derivative,
    Divide,
    Dot,
    Einsum,
    Expr,
    Hadamard,
    Index,
    Inverse,
    Kron,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Shape,
    Size,
    Stack,
    Symbol,
    Transpose,
    children,
    postorder,
)
from matcalc.tensor import structural
from matcalc.tensor.canonical import (
    add,
    apply_map,
    as_constant,
    constant,
    contract,
    delta,
    group,
    opaque,
    power,
    size,
    transpose,
)
from matcalc.tensor.nodes import Atom, Bound, Labels, Rational, Tensor, Value, intern
from matcalc.tensor.substitute import Substitution
from matcalc.tensor.traits import set_aside
from matcalc.tensor.words import Words, is_difference

MATRIX_POWER: Final = 64
"""Whole powers of matrices up to this one are written as products."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a function means: a tensor in its parameters."""

    params: tuple[Tensor, ...]
    body: Tensor


class Book(Protocol):
    """What lowering asks of the rule book."""

    def mode(self, name: str, count: int) -> str:
        """elementwise, along or plain; DerivationError if there is no such function."""

    def defaults(self, name: str, count: int) -> Sequence[Rational]:
        """The values of the parameters that a call with so many arguments leaves out."""

    def definition(self, name: str, args: Sequence[Tensor]) -> Definition | None:
        """What a function that is only an abbreviation means."""


@dataclass
class Lowering:
    """One pass from matrix to index notation.

    `variables` are those that a derivative is taken by, `known` remembers what the user's own words
    stand for, `derived` what has a derivative in it.
    """

    book: Book
    differentiate: Callable[[Tensor, Tensor, str], Tensor] | None = None
    variables: frozenset[Expr] = frozenset()
    done: dict[Expr, Tensor] = field(default_factory=dict)
    known: Words = field(default_factory=Words)
    derived: set[Expr] = field(default_factory=set)

    def __call__(self, root: Expr) -> Tensor:
        """The tensor of an expression: its axes are the expression's dimensions, rows being
        vectors."""
        for node in postorder((root,)):
            if node not in self.done:
                if isinstance(node, Derivative) or not self.derived.isdisjoint(children(node)):
                    self.derived.add(node)
                self.done[node] = self._lowered(node)
        return self.done[root]

    def _lowered(self, node: Expr) -> Tensor:
        dims = node.shape.dims
        match node:
            case Symbol(name=name, properties=properties):
                free = set_aside(properties) if node in self.variables else properties
                return intern(Atom, dims, name, free)
            case Number(value=value):
                return constant(value)
            case Constant(name=name):
                return intern(Value, (), name)
            case Size(dim=dim):
                return contract([(size(dim), ())], ())
            case Named(name=name, value=value):
                bound = intern(Bound, dims, name, self.done[value])
                if node not in self.derived:
                    self.known[bound] = node
                return bound
            case Neg(arg=arg):
                return add([(-1, self.done[arg], tuple(range(len(dims))))], dims)
            case Add(terms=terms):
                made = add([(1, *self._spread(term, node.shape)) for term in terms], dims)
                if is_difference(made):
                    self.known.differences.add(made)
                return made
            case Product(factors=factors):
                return self._product(factors)
            case Dot(left=a, right=b):
                return contract([(self.done[a], (0,)), (self.done[b], (0,))], ())
            case Hadamard(factors=factors):
                return contract([self._spread(f, node.shape) for f in factors], range(len(dims)))
            case Kron(left=a, right=b):
                return structural.kron((self.done[a], a.shape), (self.done[b], b.shape))
            case Divide(numerator=a, denominator=b):
                t, labels = self._spread(b, node.shape)
                if as_constant(t) == 0:
                    raise InputError("this divides by zero")
                below = power(t, constant(-1))
                return contract(
                    [self._spread(a, node.shape), (below, labels)],
                    range(len(dims)),
                    dict(enumerate(dims)),
                )
            case Power():
                return self._power(node)
            case _:
                return self._of_whole(node)

    def _of_whole(
        self,
        node: Transpose | Inverse | Compare | Index | Stack | Einsum | Apply | Derivative | Call,
    ) -> Tensor:
        """What is not arithmetic: transposes, comparisons, entries and functions."""
        dims = node.shape.dims
        match node:
            case Transpose(arg=arg):
                return transpose(self.done[arg]) if len(dims) == 2 else self.done[arg]
            case Inverse(arg=arg):
                return opaque("inv", [self.done[arg]], dims)
            case Compare():
                return self._compare(node)
            case Index(arg=arg, indices=indices):
                return self._index(arg, indices)
            case Stack(items=items):
                return structural.stack([self.done[x] for x in items], dims)
            case Einsum(spec=spec, args=args):
                inputs, _, output = spec.partition("->")
                views = [(self.done[a], x) for a, x in zip(args, inputs.split(","), strict=True)]
                return contract(views, output)
            case Apply(function=function, order=order, arg=arg):
                t = self.done[arg]
                if function.elementwise:
                    return apply_map((function, order), [(t, tuple(range(t.rank)))], dims)
                return opaque((function, order), [t], dims)
            case Derivative(kind=kind, arg=arg, wrt=wrt):
                if self.differentiate is None:
                    raise DerivationError("a derivative cannot stand here")
                return self.differentiate(self.done[arg], self(wrt), kind)
            case Call():
                return self._call(node)

    def _spread(self, part: Expr, shape: Shape) -> tuple[Tensor, Labels]:
        """An operand with the axes that it has in a result of that shape."""
        rank = part.shape.rank
        if rank == 1 and shape.rank == 2:
            return self.done[part], ((1,) if part.shape.row else (0,))
        return self.done[part], tuple(range(rank))

    def _product(self, factors: Sequence[Expr]) -> Tensor:
        """From left to right: factors that meet share a label, and what has become a number so far
        is a factor of what follows."""
        operands: list[tuple[Tensor, tuple[int, ...]]] = []
        left: tuple[int, ...] = ()
        right: tuple[int, ...] = ()
        place = 0
        for factor in factors:
            shape = factor.shape
            begin, end = tuple(range(place, place + shape.rank)), tuple[int, ...]()
            if shape.rank == 2 or shape.row:
                begin, end = begin[: shape.rank - 1], (place + 1,)
            operands.append((self.done[factor], begin + end))
            if shape.dims:
                left, right = (left if left or right else begin), end
                place += 1
        return contract(operands, left + right)

    def _power(self, node: Power) -> Tensor:
        base, exponent = self.done[node.base], self.done[node.exponent]
        if node.base.shape.rank != 2 or node.elementwise:
            views = [self._spread(part, node.shape) for part in (node.base, node.exponent)]
            return apply_map("pow", views, node.shape.dims)
        k = as_constant(exponent)
        if not isinstance(k, int) or abs(k) > MATRIX_POWER:
            raise DerivationError(
                f"a power of a matrix has a whole exponent of at most {MATRIX_POWER}",
                suggestion="expm and logm for other powers of a matrix, "
                ".^ for the power of each entry",
            )
        if k < 0:
            base, k = opaque("inv", [base], base.dims), -k
        if k == 0:
            return delta(base.dims[0])
        return contract([(base, (i, i + 1)) for i in range(k)], (0, k))

    def _compare(self, node: Compare) -> Tensor:
        left, right = (self._spread(part, node.shape) for part in (node.left, node.right))
        if node.op in ("<", "<="):
            left, right = right, left
        if node.op == "==" and right[0].key < left[0].key:
            left, right = right, left
        name = {"<": "gt", "<=": "ge", ">": "gt", ">=": "ge", "==": "eq"}[node.op]
        return apply_map(name, [left, right], node.shape.dims)

    def _index(self, arg: Expr, indices: Sequence[Expr | None]) -> Tensor:
        operands: list[tuple[Tensor, Sequence[int]]] = [(self.done[arg], range(len(indices)))]
        for axis, index in enumerate(indices):
            if index is not None:
                hot = structural.unit_vector(self.done[index], arg.shape.dims[axis])
                operands.append((hot, (axis,)))
        return contract(operands, [axis for axis, index in enumerate(indices) if index is None])

    def _call(self, node: Call) -> Tensor:
        args = [self.done[a] for a in node.args]
        special = STRUCTURAL.get(node.name)
        if special is not None and (node.name != "sum" or len(args) == 1):
            return special(args, node)
        mode = self.book.mode(node.name, len(args))
        dims = node.shape.dims
        left_out = [constant(value) for value in self.book.defaults(node.name, len(args))]
        args += left_out
        definition = self.book.definition(node.name, args)
        if mode == "elementwise":
            if definition is None:
                views = [self._spread(a, node.shape) for a in node.args]
                return apply_map(node.name, [*views, *((t, ()) for t in left_out)], dims)
            result = Substitution(dict(zip(definition.params, args, strict=True)), batch=dims)(
                definition.body
            )
        elif mode == "along":
            result = self._along(node, args, definition)
        elif definition is not None:
            result = apply_definition(definition, args)
        else:
            result = opaque(node.name, args, dims)
        if definition is not None and result.rank == node.shape.rank and node not in self.derived:
            self.known.setdefault(result, node)
        return result

    def _along(self, node: Call, args: list[Tensor], definition: Definition | None) -> Tensor:
        """A function of vectors, of each row or column, or of all entries of a matrix."""
        if node.axis is None:
            if definition is None:
                return opaque(node.name, [_as_vector(args[0]), *args[1:]], node.shape.dims)
            pairs = zip(args, definition.params, strict=True)
            return apply_definition(definition, [_as_vector(t) if p.rank else t for t, p in pairs])
        wide = [t.rank == 2 for t in args]
        if node.axis == 0:
            args = [transpose(t) if w else t for t, w in zip(args, wide, strict=True)]
        batch = next(t.dims[:1] for t, w in zip(args, wide, strict=True) if w)
        if definition is not None:
            result = apply_definition(definition, args, batch)
        else:
            inner = node.shape.dims if node.shape.rank < 2 else args[0].dims
            result = opaque(node.name, args, inner, 1, wide)
        return transpose(result) if node.axis == 0 and result.rank == 2 else result


def _as_vector(t: Tensor) -> Tensor:
    """All entries of an array, of a matrix by columns; a scalar is a vector of one entry."""
    if t.rank == 0:
        return contract([(t, ())], (0,), {0: ONE})
    if t.rank == 1:
        return t
    if t.rank == 2:
        return group(transpose(t), (2,))
    return group(t, (t.rank,))


def has_derivative(expr: Expr) -> bool:
    """Whether grad, jacobian or hessian stands in an expression."""
    return any(isinstance(node, Derivative) for node in postorder((expr,)))


def apply_definition(
    definition: Definition, args: Sequence[Tensor], batch: tuple[Dim, ...] = ()
) -> Tensor:
    """A definition's body with its parameters replaced, and their dimensions by those of the
    arguments."""
    values = dict(zip(definition.params, args, strict=True))
    return Substitution(values, bound_dims(definition.params, args), batch)(definition.body)


def bound_dims(params: Sequence[Tensor], args: Sequence[Tensor]) -> dict[str, Dim]:
    """What the names of the parameters' dimensions stand for; axes that are carried come first."""
    dims: dict[str, Dim] = {}
    for param, t in zip(params, args, strict=True):
        for d, actual in zip(param.dims, t.dims[t.rank - param.rank :], strict=True):
            if d.name is not None:
                dims.setdefault(d.name, actual)
    return dims


STRUCTURAL: Final[dict[str, Callable[[Sequence[Tensor], Call], Tensor]]] = {
    "eye": structural.eye, "ones": structural.ones, "zeros": structural.zeros,
    "e": structural.unit, "sum": structural.total, "diag": structural.diag,
    "tr": structural.trace, "vec": structural.vec, "unvec": structural.unvec,
    "tril": structural.triangle, "triu": structural.triangle, "hstack": structural.blocks,
    "vstack": structural.blocks, "blockdiag": structural.blocks, "cross": structural.cross,
    "skew": structural.skew, "vech": structural.vech, "unvech": structural.unvech,
    "reshape": structural.reshape, "vech_basis": structural.vech_basis,
    "levi_civita": structural.levi_civita, "commutation": structural.commutation,
    "duplication": structural.of_triangles, "elimination": structural.of_triangles,
}  # fmt: skip
"""The functions that mean a rearrangement of entries, whatever the rule book says of them."""
