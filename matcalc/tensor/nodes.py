"""The nodes of index notation: a handful, immutable and interned, with positional axes.

An operand of a node is a *view*: a tensor and, for each of its axes, the label of an index.  Labels
are numbers; those below the node's rank are its own axes, the others are summed.  An axis that no
operand carries is broadcast.  The constructors that keep the canonical form are in
`matcalc.tensor.canonical`; nothing else builds these nodes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, TypeVar, cast

from matcalc import graphs
from matcalc.dims import Dim
from matcalc.expr.nodes import Function
from matcalc.interning import Table

Rational = int | Fraction
Labels = tuple[int, ...]
Key = tuple[int, int, str, bytes]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Node:
    """What all tensors have in common: dimensions, and a key that orders them the same in every
    process."""

    dims: tuple[Dim, ...]
    key: Key

    @property
    def rank(self) -> int:
        return len(self.dims)

    def __reduce__(self) -> tuple[object, ...]:
        names = list(self.__dataclass_fields__)
        names.remove("key")
        return (intern, (type(self), *(getattr(self, name) for name in names)))

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: object) -> Node:
        return self

    def __repr__(self) -> str:
        return describe(cast("Tensor", self))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Atom(Node):
    """A variable, or a differential in a rule."""

    name: str
    properties: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Value(Node):
    """A number that has a name: a dimension as a number, `pi`, `inf`.  Rational numbers live in
    Sum."""

    what: Dim | str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Delta(Node):
    """The identity: 1 where its two axes agree."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OneHot(Node):
    """e(i, n): 1 at the place `index` of its one axis (a whole number, or an integer variable)."""

    index: int | Tensor


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Embed(Node):
    """Axis 0 of a whole, axis 1 of a part of it that begins at `offset`: 1 where they are the same
    place."""

    offset: Dim


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Mask(Node):
    """The lower triangle of ones: 1 where axis 1 - axis 0 <= offset.  An upper one is its
    transpose."""

    offset: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Contract(Node):
    """A sum of products: factors with labels, 0 … rank-1 being the axes and the rest summed."""

    factors: tuple[tuple[Tensor, Labels], ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sum(Node):
    """A sum of terms with rational coefficients; a rational number is a sum of the empty
    contraction."""

    terms: tuple[tuple[Rational, Tensor, Labels], ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Map(Node):
    """An element-wise function of views; `fn` is a name of the rule book, or an unknown function
    and its order."""

    fn: str | tuple[Function, int]
    args: tuple[tuple[Tensor, Labels], ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Opaque(Node):
    """A function of whole tensors, from the rule book or unknown; the first `batch` axes of each
    argument that is marked in `batched` and of the result are carried along."""

    fn: str | tuple[Function, int]
    args: tuple[Tensor, ...]
    batch: int
    batched: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Group(Node):
    """Runs of axes of the argument merged into one axis each, the last counting fastest; `sizes`
    are their lengths."""

    arg: Tensor
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Split(Node):
    """The inverse of Group: each axis of the argument split into that many axes (`sizes`)."""

    arg: Tensor
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Bound(Node):
    """A name that the user bound, kept as a node so that a result can use it."""

    name: str
    value: Tensor


Tensor = (
    Atom | Value | Delta | OneHot | Embed | Mask | Contract | Sum | Map | Opaque | Group | Split
    | Bound
)  # fmt: skip

T = TypeVar("T", bound=Node)
_table: Final[Table[Node]] = Table()
CAP: Final = 10**6  # a key's size stops counting here: graphs may be exponentially large as trees


def intern(kind: type[T], dims: tuple[Dim, ...], *fields: Any) -> T:
    """The one tensor of a kind with these fields."""
    return cast(T, _table.get((kind, dims, *fields), _made, kind, dims, fields))


def _made(kind: type[T], dims: tuple[Dim, ...], fields: tuple[Any, ...]) -> T:
    return kind(dims, _key(kind, dims, fields), *fields)


def operands(node: Tensor) -> tuple[Tensor, ...]:
    """The tensors directly inside a node."""
    match node:
        case Contract(factors=views) | Map(args=views):
            return tuple(t for t, _ in views)
        case Sum(terms=terms):
            return tuple(t for _, t, _ in terms)
        case Opaque(args=args):
            return args
        case Group(arg=arg) | Split(arg=arg) | Bound(value=arg):
            return (arg,)
        case OneHot(index=index):
            return () if isinstance(index, int) else (index,)
        case Atom() | Value() | Delta() | Embed() | Mask():
            return ()


_KINDS: Final = {
    kind: number
    for number, kind in enumerate(
        (Value, Atom, Bound, Map, Opaque, Contract, Sum, Group, Split, OneHot, Embed, Mask, Delta)
    )
}


def _key(kind: type[Node], dims: tuple[Dim, ...], fields: tuple[Any, ...]) -> Key:
    """(size, transposes, name, digest): structural, so the order of tensors depends neither on
    history nor on hash seeds."""
    parts: list[str] = [kind.__name__, ",".join(map(str, dims))]
    size, turns, label, digests = 1, 0, "", []
    pending = list(reversed(fields))
    while pending:
        field = pending.pop()
        if isinstance(field, tuple):
            turns += sum(a > b for a, b in pairwise(field) if type(a) is int and type(b) is int)
            parts.append(f"({len(field)}")
            pending.extend(reversed(field))
        elif isinstance(field, Node):
            size += node_count(field)
            turns += field.key[1]
            digests.append(field.key[3])
            parts.append("#")
        elif isinstance(field, frozenset):
            parts.append(",".join(sorted(field)))
        else:
            text = str(field) if not isinstance(field, Function) else f"{field.name}:{field}"
            label = label or (text if isinstance(field, str) else "")
            parts.append(text)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=12)
    for child in digests:
        digest.update(child)
    first = min(size, CAP) * len(_KINDS) + _KINDS[kind]
    return first, min(turns, CAP), label, digest.digest()


def node_count(t: Node) -> int:
    """The nodes of a tensor, written as a tree; counting stops at CAP."""
    return t.key[0] // len(_KINDS)


def describe(root: Tensor, depth: int = 5) -> str:
    """A short text for people who debug."""
    letters = "ijklmnopqrstuvwxyzabcdefgh"

    def view(t: Tensor, labels: Labels) -> str:
        return describe(t, depth - 1) + (
            f"[{''.join(letters[i % 26] for i in labels)}]" if labels else ""
        )

    def function(fn: str | tuple[Function, int]) -> str:
        return fn if isinstance(fn, str) else fn[0].name + "'" * fn[1]

    if depth == 0:
        return "…"
    match root:
        case Atom(name=name) | Bound(name=name):
            return name
        case Value(what=what):
            return str(what)
        case Delta():
            return "δ"
        case OneHot(index=i):
            return f"e({i})"
        case Embed(offset=offset):
            return f"Embed({offset})"
        case Mask(offset=offset):
            return f"tril({offset})"
        case Contract(factors=factors):
            axes = "".join(letters[i] for i in range(root.rank))
            return "{" + " ".join(view(t, a) for t, a in factors) + f" -> {axes}}}"
        case Sum(terms=terms):
            return "(" + " + ".join(f"{c} {view(t, a)}" for c, t, a in terms) + ")"
        case Map(fn=fn, args=args):
            return f"{function(fn)}({', '.join(view(t, a) for t, a in args)})"
        case Opaque(fn=fn, args=parts):
            return f"{function(fn)}<{', '.join(describe(a, depth - 1) for a in parts)}>"
        case Group(arg=arg, sizes=sizes) | Split(arg=arg, sizes=sizes):
            return f"{type(root).__name__}{sizes}<{describe(arg, depth - 1)}>"


def postorder(
    roots: tuple[Tensor, ...],
    known: Container[Tensor] = (),
    inside: Callable[[Tensor], Sequence[Tensor]] = operands,
) -> list[Tensor]:
    """Every tensor of a graph once, operands first.

    Tensors in `known` are left out with all that is below them; `inside` says what is below one.
    """
    return graphs.postorder(roots, inside, known)
