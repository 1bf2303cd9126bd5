"""The nodes of matrix notation: a closed set, immutable and interned (equal means identical).

Every node has a `shape`, worked out when it is built; the constructors in `build` check shapes and
never simplify.  A vector is a column unless its shape says `row`; in arrays it is 1-D either way.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal, TypeVar, cast

from matcalc import graphs
from matcalc.dims import Dim
from matcalc.interning import Table


class Shape:
    """Dimensions of an array in matrix notation; `row` tells a row from a column of that length.

    Equal shapes are one object, as equal dimensions are.
    """

    __slots__ = ("dims", "row")
    __match_args__ = ("dims", "row")

    dims: tuple[Dim, ...]
    row: bool

    def __new__(cls, dims: tuple[Dim, ...] = (), row: bool = False) -> Shape:
        found = _shapes.get((dims, row))
        if found is None:
            made = object.__new__(cls)
            made.dims, made.row = dims, row
            found = _shapes.setdefault((dims, row), made)  # one, also of several threads
        return found

    def __reduce__(self) -> tuple[object, ...]:
        return (Shape, (self.dims, self.row))

    def __repr__(self) -> str:
        return f"Shape({self})"

    @property
    def rank(self) -> int:
        return len(self.dims)

    @property
    def transposed(self) -> Shape:
        if self.rank == 1:
            return Shape(self.dims, not self.row)
        return Shape(self.dims[::-1])

    def __str__(self) -> str:
        if not self.dims:
            return "R"
        if self.rank == 1 and not self.row:
            text = str(self.dims[0])
            return f"R^{text}" if text.isalnum() else f"R^({text})"
        inner = "×".join(d if d.isalnum() else f"({d})" for d in map(str, self.dims))
        return f"R^(1×{inner})" if self.row else f"R^({inner})"


_shapes: Final[dict[tuple[tuple[Dim, ...], bool], Shape]] = {}

SCALAR: Final = Shape()

PROPERTIES: Final = frozenset(
    (
        "symmetric spd diagonal orthogonal invertible lower upper positive nonnegative constant "
        "integer"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Function:
    """An unknown function; element-wise if it goes from scalar to scalar."""

    name: str
    domain: Shape
    codomain: Shape

    @property
    def elementwise(self) -> bool:
        return not self.domain.dims and not self.codomain.dims

    def __str__(self) -> str:
        return f"{self.domain} -> {self.codomain}"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Node:
    """What all nodes have in common: a shape, identity as equality, and pickling to itself."""

    shape: Shape

    def __reduce__(self) -> tuple[object, ...]:
        names = self.__dataclass_fields__
        return (intern, (type(self), *(getattr(self, name) for name in names)))

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: object) -> Node:
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Symbol(Node):
    """A variable of the input, with the properties declared of it."""

    name: str
    properties: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Number(Node):
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Node):
    """A named number: `pi` or `inf`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Size(Node):
    """A dimension used as a number (`1/N`, `eye(n)`)."""

    dim: Dim


@dataclass(frozen=True, slots=True, eq=False)
class Named(Node):
    """A name that the user bound, and the expression that it is bound to."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Neg(Node):
    """Minus an expression."""

    arg: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Add(Node):
    """A sum of two or more terms; a scalar term is expanded, a row or column over a matrix too."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Product(Node):
    """The product of linear algebra of two or more factors, from left to right; scalars scale."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Dot(Node):
    """`a · b`: the inner product of two vectors of one length, rows or columns."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Hadamard(Node):
    """The element-wise product of two or more factors of one shape."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Kron(Node):
    """The Kronecker product of two matrices (columns and rows count as matrices)."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Divide(Node):
    """`x / y`: by a scalar, or element-wise; a scalar numerator is expanded."""

    numerator: Expr
    denominator: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Power(Node):
    """A power: of a scalar, element-wise of a vector or if `elementwise`, else of a matrix."""

    base: Expr
    exponent: Expr
    elementwise: bool


@dataclass(frozen=True, slots=True, eq=False)
class Transpose(Node):
    """The transpose; a column becomes a row."""

    arg: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Inverse(Node):
    """The inverse of a square matrix."""

    arg: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Node):
    """An indicator, 1 or 0, element-wise; a scalar side is expanded.  op: < <= > >= =="""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Index(Node):
    """An entry `x[i]`, `X[i,j]`, a row `X[i,:]` (a row), a column `X[:,j]`; None is the colon."""

    arg: Expr
    indices: tuple[Expr | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stack(Node):
    """`[a, b, c]`: of scalars a vector, of rows a matrix."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Einsum(Node):
    """`einsum("ij,jk->ik", A, B)`: what has no other notation."""

    spec: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A function of the rule book; `axis` as NumPy counts it, None if not given."""

    name: str
    args: tuple[Expr, ...]
    axis: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Node):
    """An unknown function or its derivative: `f(x)`, `f'(x)`, `J_f(x)`, `∇f(x)`, `H_f(x)`,
    `D3_f(x)`.
    """

    function: Function
    order: int
    arg: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Derivative(Node):
    """A derivative inside an expression: `grad(f, x)`, `jacobian(f, x)`, `hessian(f, x)`."""

    kind: Literal["grad", "jacobian", "hessian"]
    arg: Expr
    wrt: Symbol | Named


Expr = (
    Symbol | Number | Constant | Size | Named | Neg | Add | Product | Dot | Hadamard | Kron
    | Divide | Power | Transpose | Inverse | Compare | Index | Stack | Einsum | Call | Apply
    | Derivative
)  # fmt: skip

E = TypeVar("E", bound=Node)

_table: Final[Table[Node]] = Table()


def intern(kind: type[E], *fields: Any) -> E:
    """The one node of a kind with these fields; the first field is the shape."""
    return cast(E, _table.get((kind, *fields), kind, *fields))


def children(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside a node, in the order in which they are written."""
    match node:
        case Symbol() | Number() | Constant() | Size():
            return ()
        case Named(value=value):
            return (value,)
        case (
            Neg(arg=arg)
            | Transpose(arg=arg)
            | Inverse(arg=arg)
            | Apply(arg=arg)
            | Derivative(arg=arg)
        ):
            return (arg,)
        case Add(terms=parts) | Product(factors=parts) | Hadamard(factors=parts):
            return parts
        case Stack(items=parts) | Einsum(args=parts) | Call(args=parts):
            return parts
        case Dot(left=a, right=b) | Kron(left=a, right=b) | Compare(left=a, right=b):
            return (a, b)
        case Divide(numerator=a, denominator=b) | Power(base=a, exponent=b):
            return (a, b)
        case Index(arg=arg, indices=indices):
            return (arg, *(i for i in indices if i is not None))


def rebuilt(node: Expr, parts: Sequence[Expr]) -> Expr:
    """A node with other expressions of the same shapes directly inside it."""
    if all(new is old for new, old in zip(parts, children(node), strict=True)):
        return node
    match node:
        case Symbol() | Number() | Constant() | Size():
            return node
        case Named(name=name):
            return intern(Named, node.shape, name, parts[0])
        case Neg() | Transpose() | Inverse():
            return intern(type(node), node.shape, parts[0])
        case Apply(function=function, order=order):
            return intern(Apply, node.shape, function, order, parts[0])
        case Derivative(kind=kind, wrt=wrt):
            return intern(Derivative, node.shape, kind, parts[0], wrt)
        case Add() | Product() | Hadamard() | Stack():
            return intern(type(node), node.shape, tuple(parts))
        case Einsum(spec=spec):
            return intern(Einsum, node.shape, spec, tuple(parts))
        case Call(name=name, axis=axis):
            return intern(Call, node.shape, name, tuple(parts), axis)
        case Dot() | Kron() | Divide():
            return intern(type(node), node.shape, *parts)
        case Compare(op=op):
            return intern(Compare, node.shape, op, *parts)
        case Power(elementwise=elementwise):
            return intern(Power, node.shape, *parts, elementwise)
        case Index(indices=indices):
            rest = iter(parts[1:])
            places = tuple(next(rest) if i is not None else None for i in indices)
            return intern(Index, node.shape, parts[0], places)


def free_symbols(root: Expr) -> dict[str, Symbol]:
    """The variables of an expression by name, in the order of their first use; iterative."""
    found: dict[str, Symbol] = {}
    seen: set[Expr] = set()
    pending: list[Expr] = [root]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Symbol):
            found.setdefault(node.name, node)
        pending.extend(reversed(children(node)))
    return found


def postorder(roots: tuple[Expr, ...], known: Container[Expr] = ()) -> list[Expr]:
    """Every node of a graph once, children before parents; those in `known` are left out, with all
    that is below them."""
    return graphs.postorder(roots, children, known)


def unknown_functions(roots: tuple[Expr, ...]) -> tuple[Function, ...]:
    """The unknown functions that are applied in expressions."""
    return tuple(dict.fromkeys(n.function for n in postorder(roots) if isinstance(n, Apply)))
