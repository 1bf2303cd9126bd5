"""Matrix notation into index notation: every operation becomes a sum of products, an element-wise
function, or a function that the rule book knows as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Protocol

from matcalc.dims import ONE, ZERO, Dim
from matcalc.errors import DerivationError
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
    postorder,
)
from matcalc.tensor.canonical import (
    UNIT,
    add,
    apply_map,
    as_constant,
    constant,
    contract,
    delta,
    embed,
    group,
    levi_civita,
    one_hot,
    opaque,
    power,
    size,
    split,
    transpose,
    vech_basis,
    zeros,
)
from matcalc.tensor.nodes import Atom, Bound, Labels, Mask, Rational, Tensor, Value, intern
from matcalc.tensor.substitute import Substitution

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

    def definition(
        self, name: str, args: Sequence[Tensor], dims: tuple[Dim, ...]
    ) -> Definition | None:
        """What a function that is only an abbreviation means."""


@dataclass
class Lowering:
    """One pass from matrix to index notation; `known` remembers what the user's own words stand
    for."""

    book: Book
    differentiate: Callable[[Tensor, Tensor, str], Tensor] | None = None
    done: dict[Expr, Tensor] = field(default_factory=dict)
    known: dict[Tensor, Expr] = field(default_factory=dict)

    def __call__(self, root: Expr) -> Tensor:
        """The tensor of an expression: its axes are the expression's dimensions, rows being
        vectors."""
        for node in postorder((root,)):
            if node not in self.done:
                self.done[node] = self._lowered(node)
        return self.done[root]

    def _lowered(self, node: Expr) -> Tensor:
        dims = node.shape.dims
        match node:
            case Symbol(name=name, properties=properties):
                return intern(Atom, dims, name, properties)
            case Number(value=value):
                return constant(value)
            case Constant(name=name):
                return intern(Value, (), name)
            case Size(dim=dim):
                return size(dim)
            case Named(name=name, value=value):
                bound = intern(Bound, dims, name, self.done[value])
                if not has_derivative(node):
                    self.known[bound] = node
                return bound
            case Neg(arg=arg):
                return add([(-1, self.done[arg], tuple(range(len(dims))))], dims)
            case Add(terms=terms):
                return add([(1, *self._spread(term, node.shape)) for term in terms], dims)
            case Product(factors=factors):
                return self._product(factors)
            case Dot(left=a, right=b):
                return contract([(self.done[a], (0,)), (self.done[b], (0,))], ())
            case Hadamard(factors=factors):
                return contract([self._spread(f, node.shape) for f in factors], range(len(dims)))
            case Kron(left=a, right=b):
                return self._kron(a, b)
            case Divide(numerator=a, denominator=b):
                t, labels = self._spread(b, node.shape)
                below = power(t, constant(-1))
                return contract(
                    [self._spread(a, node.shape), (below, labels)],
                    range(len(dims)),
                    dict(enumerate(dims)),
                )
            case Power():
                return self._power(node)
            case Transpose(arg=arg):
                return transpose(self.done[arg]) if len(dims) == 2 else self.done[arg]
            case Inverse(arg=arg):
                return opaque("inv", [self.done[arg]], dims)
            case Compare():
                return self._compare(node)
            case Index(arg=arg, indices=indices):
                return self._index(arg, indices)
            case Stack(items=items):
                return self._stack(items, dims)
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
        operands: list[tuple[Tensor, tuple[int, ...]]] = []
        left: int | None = None
        right: int | None = None
        started = False
        count = 0
        for factor in factors:
            t, shape = self.done[factor], factor.shape
            if not shape.dims:
                operands.append((t, ()))
                continue
            if shape.rank > 2:
                if started:
                    raise DerivationError(
                        "a product with a tensor of rank 3 or more is written with einsum"
                    )
                rest = [(self.done[f], ()) for f in factors if not f.shape.dims]
                return contract([(t, tuple(range(shape.rank))), *rest], range(shape.rank))
            begin = None if shape.rank == 1 and shape.row else count
            end = None if shape.rank == 1 and not shape.row else count + 1
            count += 2
            if not started:
                left, started = begin, True
            elif right is not None and begin is not None:
                begin = right
            right = end
            labels = tuple(x for x in (begin, end) if x is not None)
            operands.append((t, labels))
            if left is not None and right is None and begin is None and end is None:
                left = None
        return contract(operands, [x for x in (left, right) if x is not None])

    def _kron(self, a: Expr, b: Expr) -> Tensor:
        first, second = _matrix_axes(a.shape, 0), _matrix_axes(b.shape, 2)
        rows = [x for x in (first[0], second[0]) if x is not None]
        columns = [x for x in (first[1], second[1]) if x is not None]
        operands = [
            (self.done[e], [x for x in axes if x is not None])
            for e, axes in ((a, first), (b, second))
        ]
        whole = contract(operands, rows + columns)
        return group(whole, tuple(len(x) for x in (rows, columns) if x))

    def _power(self, node: Power) -> Tensor:
        base, exponent = self.done[node.base], self.done[node.exponent]
        if node.base.shape.rank != 2 or node.elementwise:
            views = [self._spread(part, node.shape) for part in (node.base, node.exponent)]
            return apply_map("pow", views, node.shape.dims)
        k = as_constant(exponent)
        if not isinstance(k, int) or abs(k) > MATRIX_POWER:
            raise DerivationError(
                f"a power of a matrix has a whole exponent of at most {MATRIX_POWER}",
                suggestion="expm and logm for other powers of a matrix, .^ for the power of each entry",
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
                operands.append((self._one_hot(index, arg.shape.dims[axis]), (axis,)))
        return contract(operands, [axis for axis, index in enumerate(indices) if index is None])

    def _one_hot(self, index: Expr, dim: Dim) -> Tensor:
        place = as_constant(self.done[index])
        return one_hot(place if isinstance(place, int) else self.done[index], dim)

    def _stack(self, items: Sequence[Expr], dims: tuple[Dim, ...]) -> Tensor:
        parts = [contract([(one_hot(i, dims[0]), (0,)), (self.done[x], (1,) * x.shape.rank)], range(len(dims)))
                 for i, x in enumerate(items)]  # fmt: skip
        return add([(1, t, tuple(range(len(dims)))) for t in parts], dims)

    def _call(self, node: Call) -> Tensor:
        special = _STRUCTURAL.get(node.name)
        if special is not None and (node.name not in ("sum",) or len(node.args) == 1):
            return special(self, node)
        args = [self.done[a] for a in node.args]
        mode = self.book.mode(node.name, len(args))
        dims = node.shape.dims
        left_out = [constant(value) for value in self.book.defaults(node.name, len(args))]
        args += left_out
        definition = self.book.definition(node.name, args, dims)
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
        if definition is not None and result.rank == node.shape.rank and not has_derivative(node):
            self.known.setdefault(result, node)
        return result

    def _along(self, node: Call, args: list[Tensor], definition: Definition | None) -> Tensor:
        """A function of vectors, of each row or column, or of all entries of a matrix."""
        if node.axis is None:
            args = [group(transpose(t), (2,)) if t.rank == 2 else t for t in args]
            if definition is not None:
                return apply_definition(definition, args)
            return opaque(node.name, args, node.shape.dims)
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


def has_derivative(expr: Expr) -> bool:
    """Whether grad, jacobian or hessian stands in an expression."""
    return any(isinstance(node, Derivative) for node in postorder((expr,)))


def apply_definition(
    definition: Definition, args: Sequence[Tensor], batch: tuple[Dim, ...] = ()
) -> Tensor:
    """A definition's body with its parameters replaced, and their dimensions by those of the
    arguments."""
    dims: dict[str, Dim] = {}
    for param, t in zip(definition.params, args, strict=True):
        for d, actual in zip(param.dims, t.dims[t.rank - param.rank :], strict=True):
            if d.name is not None:
                dims.setdefault(d.name, actual)
    return Substitution(dict(zip(definition.params, args, strict=True)), dims, batch)(
        definition.body
    )


def _matrix_axes(shape: Shape, first: int) -> tuple[int | None, int | None]:
    """Labels for the rows and columns that a column, a row or a matrix has."""
    if shape.rank == 1:
        return (None, first + 1) if shape.row else (first, None)
    return first, first + 1


def _eye(low: Lowering, node: Call) -> Tensor:
    return delta(node.shape.dims[0])


def _ones(low: Lowering, node: Call) -> Tensor:
    return constant(1, node.shape.dims)


def _zeros(low: Lowering, node: Call) -> Tensor:
    return zeros(node.shape.dims)


def _unit(low: Lowering, node: Call) -> Tensor:
    return low._one_hot(node.args[0], node.shape.dims[0])


def _sum(low: Lowering, node: Call) -> Tensor:
    t = low.done[node.args[0]]
    kept = (
        [] if node.axis is None else [i for i in range(t.rank) if i != node.axis % max(t.rank, 1)]
    )
    return contract([(t, range(t.rank))], kept[: node.shape.rank])


def _diag(low: Lowering, node: Call) -> Tensor:
    t = low.done[node.args[0]]
    return contract([(t, (0,))], (0, 0)) if t.rank == 1 else contract([(t, (0, 0))], (0,))


def _trace(low: Lowering, node: Call) -> Tensor:
    return contract([(low.done[node.args[0]], (0, 0))], ())


def _vec(low: Lowering, node: Call) -> Tensor:
    t = low.done[node.args[0]]
    return group(transpose(t), (2,)) if t.rank == 2 else t


def _unvec(low: Lowering, node: Call) -> Tensor:
    m, n = node.shape.dims
    return transpose(split(low.done[node.args[0]], (2,), (n, m)))


def _triangle(low: Lowering, node: Call) -> Tensor:
    t = low.done[node.args[0]]
    offset = as_constant(low.done[node.args[1]]) if len(node.args) > 1 else 0
    if not isinstance(offset, int):
        raise DerivationError(f"the offset of {node.name} is a whole number")
    return contract(
        [(t, (0, 1)), (intern(Mask, t.dims, node.name == "tril", offset), (0, 1))], (0, 1)
    )


def _blocks(low: Lowering, node: Call) -> Tensor:
    """hstack, vstack and blockdiag: the sum of the parts, each put in its place."""
    dims = node.shape.dims
    down, across = node.name != "hstack", node.name != "vstack"
    if len(dims) == 1:
        down, across = not node.shape.row, node.shape.row
    row, column = ZERO, ZERO
    terms: list[tuple[int | Fraction, Tensor, Labels]] = []
    for part in node.args:
        axes = _matrix_axes(part.shape, 0) if part.shape.dims else (None, None)
        t = low.done[part]
        height = ONE if axes[0] is None else t.dims[0]
        width = ONE if axes[1] is None else t.dims[-1]
        operands: list[tuple[Tensor, tuple[int, ...]]] = [
            (t, tuple(x for x in axes if x is not None))
        ]
        out: list[int] = []
        if len(dims) == 2 or not node.shape.row:
            operands.append(
                (_place(dims[0], height, row), (10, axes[0] if axes[0] is not None else 11))
            )
            out.append(10)
        if len(dims) == 2 or node.shape.row:
            operands.append(
                (_place(dims[-1], width, column), (12, axes[1] if axes[1] is not None else 13))
            )
            out.append(12)
        terms.append((1, contract(operands, out), tuple(range(len(out)))))
        row = row + height if down else row
        column = column + width if across else column
    return add(terms, dims)


def _place(whole: Dim, part: Dim, offset: Dim) -> Tensor:
    """Where a block goes along an axis; a single place that is known is a unit vector."""
    place = offset.value
    if part == ONE and place is not None and whole != ONE:
        return contract([(one_hot(place, whole), (0,)), (UNIT, ())], (0, 1), {1: ONE})
    return embed(whole, part, offset)


def _cross(low: Lowering, node: Call) -> Tensor:
    x, y = (low.done[a] for a in node.args)
    return contract([(levi_civita(), (0, 1, 2)), (x, (1,)), (y, (2,))], (0,))


def _skew(low: Lowering, node: Call) -> Tensor:
    return contract([(levi_civita(), (0, 2, 1)), (low.done[node.args[0]], (2,))], (0, 1))


def _vech_basis(low: Lowering, node: Call) -> Tensor:
    return vech_basis(node.shape.dims[0], node.shape.dims[1])


def _levi_civita(low: Lowering, node: Call) -> Tensor:
    return levi_civita()


def _vech(low: Lowering, node: Call) -> Tensor:
    t = low.done[node.args[0]]
    return contract([(vech_basis(node.shape.dims[0], t.dims[0]), (0, 1, 2)), (t, (1, 2))], (0,))


def _unvech(low: Lowering, node: Call) -> Tensor:
    t = low.done[node.args[0]]
    return contract([(vech_basis(t.dims[0], node.shape.dims[0]), (0, 1, 2)), (t, (0,))], (1, 2))


def _reshape(low: Lowering, node: Call) -> Tensor:
    t = low.done[node.args[0]]
    dims = node.shape.dims
    if t.dims == dims:
        return t
    whole = group(t, (t.rank,)) if t.rank > 1 else t
    return whole if len(dims) == 1 else split(whole, (len(dims),), dims)


_STRUCTURAL: Final[dict[str, Callable[[Lowering, Call], Tensor]]] = {
    "eye": _eye, "ones": _ones, "zeros": _zeros, "e": _unit, "sum": _sum, "diag": _diag, "tr": _trace,
    "vec": _vec, "unvec": _unvec, "tril": _triangle, "triu": _triangle, "hstack": _blocks, "vstack": _blocks,
    "blockdiag": _blocks, "cross": _cross, "skew": _skew, "vech": _vech, "unvech": _unvech, "reshape": _reshape,
    "vech_basis": _vech_basis, "levi_civita": _levi_civita,
}  # fmt: skip
