"""Syntax nodes: what was written, with its place, before any shape is known.

Every node has the span of the text that it was read from.  Products are kept as they were typed:
one chain of operands with the operators between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from matcalc.dims import Dim
from matcalc.errors import Span


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What all syntax nodes have in common."""

    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Num(Node):
    """A number, exactly."""

    value: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """A name, in its one spelling (Greek letters for spelled Greek names)."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Minus(Node):
    """-x."""

    arg: Syntax


@dataclass(frozen=True, slots=True, eq=False)
class Sum(Node):
    """Two or more terms; the sign of each is +1 or -1."""

    terms: tuple[Syntax, ...]
    signs: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Chain(Node):
    """Operands of one level of products, from left to right, with the operators between them.

    An operator is one of "" (juxtaposition) @ · * ⊙ ⊗ / ./ and the backslash.
    """

    operands: tuple[Syntax, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Node):
    """left op right; op is one of < <= > >= ==."""

    op: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True, eq=False)
class Transposed(Node):
    """x'."""

    arg: Syntax


@dataclass(frozen=True, slots=True, eq=False)
class Raised(Node):
    """base^exponent, or base.^exponent if element-wise."""

    base: Syntax
    exponent: Syntax
    elementwise: bool


@dataclass(frozen=True, slots=True, eq=False)
class Inverted(Node):
    """base^-1."""

    arg: Syntax


@dataclass(frozen=True, slots=True, eq=False)
class Indexed(Node):
    """x[i], X[i, :]; None stands for the colon."""

    arg: Syntax
    subscripts: tuple[Syntax | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Applied(Node):
    """name(args); `order` counts the primes, or is 1 for J_f and ∇f, 2 for H_f and 3 for D3_f,
    `mark` says which ("", "'", "J", "∇", "H", "D").
    """

    name: str
    args: tuple[Syntax, ...]
    axis: int | None
    order: int
    mark: str
    head: Span


@dataclass(frozen=True, slots=True, eq=False)
class Text(Node):
    """A text in quotation marks, the subscripts of einsum."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Listed(Node):
    """[a, b, c]."""

    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Frobenius(Node):
    """(A : B)."""

    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True, eq=False)
class Axis(Node):
    """axis=k, an argument."""

    value: int


Syntax = (
    Num | Name | Minus | Sum | Chain | Comparison | Transposed | Raised | Inverted | Indexed
    | Applied | Text | Listed | Frobenius | Axis
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpaceSyntax:
    """A space as written: dimensions, empty for scalars; a function if `codomain` is there."""

    span: Span
    dims: tuple[Dim, ...]
    codomain: tuple[Dim, ...] | None
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """name: space, at a place."""

    name: str
    span: Span
    space: SpaceSyntax


@dataclass(frozen=True, slots=True)
class Binding:
    """name = value."""

    name: str
    span: Span
    value: Syntax


@dataclass(frozen=True, slots=True)
class ProgramSyntax:
    """Bindings, an expression, and declarations, inline ones included."""

    bindings: tuple[Binding, ...]
    expression: Syntax
    declarations: tuple[Declaration, ...]


S = TypeVar("S", bound=Node)


def respan(node: S, start: int, end: int) -> S:
    """The node with a wider span, that of the brackets around it."""
    return replace(node, span=Span(start, end))


def children(node: Syntax) -> tuple[Syntax, ...]:
    """The nodes directly inside, in the order in which they are written."""
    match node:
        case Num() | Name() | Text() | Axis():
            return ()
        case Minus(arg=arg) | Transposed(arg=arg) | Inverted(arg=arg):
            return (arg,)
        case Sum(terms=parts) | Chain(operands=parts) | Applied(args=parts) | Listed(items=parts):
            return parts
        case Comparison(left=a, right=b) | Frobenius(left=a, right=b) | Raised(base=a, exponent=b):
            return (a, b)
        case Indexed(arg=arg, subscripts=subscripts):
            return (arg, *(each for each in subscripts if each is not None))


def postorder(root: Syntax) -> list[Syntax]:
    """Every node, children before parents; iterative, so that depth is no limit."""
    order: list[Syntax] = []
    pending = [root]
    while pending:
        node = pending.pop()
        order.append(node)
        pending.extend(children(node))
    order.reverse()
    return order
