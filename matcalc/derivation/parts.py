"""The intermediate variables of an expression: which of its parts get names, and the expression
that speaks in them.

Parts are chosen in matrix notation, as the user typed it, so that a derivation is about what is on
the page.  The user's own names are the parts; where there are none, what stands inside a nonlinear
function, and such functions themselves (affine part, activation, loss).  A finer choice names every
operation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from matcalc import graphs
from matcalc.expr import build
from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Compare,
    Constant,
    Derivative,
    Divide,
    Dot,
    Expr,
    Hadamard,
    Index,
    Inverse,
    Named,
    Neg,
    Node,
    Number,
    Power,
    Product,
    Size,
    Stack,
    Symbol,
    Transpose,
    children,
    free_symbols,
    intern,
    postorder,
)
from matcalc.tensor.lower import STRUCTURAL

LINEAR: Final = frozenset(STRUCTURAL) | {"mean", "transpose", "outer", "kron", "dot"}
"""Functions whose arguments are no parts by themselves: they only rearrange, add and multiply."""

MOST: Final = 60
"""A program of more operations than this is not told operation by operation."""


@dataclass(frozen=True)
class Parts:
    """The parts of an expression in the order in which they build on each other, and the whole
    in their names."""

    named: tuple[Named, ...]
    whole: Expr


def replaced(root: Expr, names: Mapping[Any, Expr]) -> Expr:
    """root with parts of it replaced; what is inside a replaced part, or a derivative, is not."""

    def below(node: Expr) -> tuple[Expr, ...]:
        return () if node in names or isinstance(node, Derivative) else children(node)

    done: dict[Expr, Expr] = {}
    for node in graphs.postorder((root,), below):
        if node in names:
            done[node] = names[node]
        else:
            done[node] = node if isinstance(node, Derivative) else _with(node, done)
    return done[root]


def _with(node: Expr, new: Mapping[Expr, Expr]) -> Expr:
    """The node with its children replaced by others of the same shapes."""

    def swapped(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(swapped(v) for v in value)
        return new.get(value, value) if isinstance(value, Node) else value  # type: ignore[call-overload]

    if all(new[child] is child for child in children(node)):
        return node
    fields = [getattr(node, name) for name in node.__dataclass_fields__]
    return intern(type(node), fields[0], *(swapped(field) for field in fields[1:]))


def without(root: Expr, names: Collection[Named], kept: Collection[Expr] = ()) -> Expr:
    """root with names replaced by what they stand for; what is kept stays as it is, inside too."""
    values: dict[Expr, Expr] = {node: node for node in kept}
    for node in postorder((root,)) if names else ():
        if isinstance(node, Named) and node in names and node not in values:
            values[node] = replaced(node.value, values)
    return replaced(root, values)


def depending(root: Expr, targets: Collection[Expr], held: Collection[Expr] = ()) -> set[Expr]:
    """The parts of an expression that depend on a target, if what is held is constant; what is
    below a target does not count."""
    found: set[Expr] = set()
    for node in postorder((root,)):
        if node in targets:
            found.add(node)
        elif node in held:
            continue
        elif isinstance(node, Derivative):
            if any(t in found for t in (node.arg, node.wrt)):
                found.add(node)
        elif any(child in found for child in children(node)):
            found.add(node)
    return found


def is_leaf(node: Expr) -> bool:
    """Whether a part is no operation: a name, a number, an entry of a name, a transposed name."""
    match node:
        case Symbol() | Named() | Number() | Constant() | Size() | Derivative():
            return True
        case Transpose(arg=arg) | Index(arg=arg):
            return is_leaf(arg)
        case _:
            return False


def is_nonlinear(node: Expr) -> bool:
    """Whether a node is a function with a derivative of its own: no sum, product or
    rearrangement."""
    match node:
        case Call(name=name):
            return name not in LINEAR
        case Apply() | Inverse() | Power():
            return True
        case _:
            return False


def textbook(root: Expr, targets: Sequence[Expr]) -> list[Expr]:
    """The parts that a textbook names: the user's, else the arguments of nonlinear functions, and
    nonlinear functions inside of others."""
    active = depending(root, targets)
    order: list[Expr] = [n for n in postorder((root,)) if n in active and n not in targets]
    own: list[Expr] = [n for n in order if isinstance(n, Named)]
    if own:
        return own
    chosen: dict[Expr, None] = {}
    top = {root, *(root.items if isinstance(root, Stack) else ())}
    for node in order:
        for argument in _separate(node):
            bare = argument.arg if isinstance(argument, Transpose) else argument
            if bare in active and bare not in targets and not is_leaf(bare):
                chosen[bare] = None
        if is_nonlinear(node) and node not in top and any(c in chosen for c in children(node)):
            chosen[node] = None
    return [n for n in order if n in chosen]


def _separate(node: Expr) -> tuple[Expr, ...]:
    """The operands of a node that are worth a name of their own."""
    match node:
        case _ if is_nonlinear(node):
            return children(node)
        case Compare():
            return children(node)
        case Divide(denominator=below):
            return (below,)
        case Product(factors=factors) | Hadamard(factors=factors):
            return tuple(f for f in factors if _is_sum(f))
        case Dot(left=a, right=b):
            return tuple(f for f in (a, b) if _is_sum(f))
        case _:
            return ()


def _is_sum(node: Expr) -> bool:
    inner = node.arg if isinstance(node, Transpose) else node
    return isinstance(inner, Add) and len(inner.terms) > 1


def operations(root: Expr, targets: Sequence[Expr], held: Collection[Expr]) -> list[Expr]:
    """Every operation that depends on a target, but the outermost one; none if they are too
    many."""
    active = depending(root, targets, held)
    outside = set().union(*(postorder((h,)) for h in held)) - set(held) if held else set()
    chosen: list[Expr] = [
        node
        for node in postorder((root,))
        if node in active
        and node is not root
        and node not in targets
        and node not in outside
        and not is_leaf(node)
        and not isinstance(node, Neg | Transpose | Stack)
        and node.shape.rank <= 2
    ]
    return chosen if len(chosen) <= MOST else []


def parts(root: Expr, chosen: Sequence[Expr], taken: Collection[str], letter: str) -> Parts:
    """Names for the chosen parts, in order; what the user named keeps its name."""
    own = sum(not isinstance(node, Named) for node in chosen)
    fresh = names(letter, own, taken)
    values: dict[Expr, Expr] = {}
    result: list[Named] = []
    for node in chosen:
        known = isinstance(node, Named)
        inner = _inside(node.value if isinstance(node, Named) else node, values)
        made = build.named(node.name if known else next(fresh), inner)  # type: ignore[union-attr]
        values[node] = made
        result.append(made)
    return Parts(tuple(result), replaced(root, values))


def _inside(node: Expr, values: Mapping[Expr, Expr]) -> Expr:
    return replaced(node, {k: v for k, v in values.items() if k is not node})


def names(letter: str, number: int, taken: Collection[str]) -> Iterator[str]:
    """`u` if one is wanted, else u1, u2, …; none that is taken."""
    wanted = [letter] if number == 1 else []
    every = [*wanted, *(f"{letter}{i}" for i in range(1, number + 1))]
    yield from (name for name in every if name not in taken)
    yield from (name for i in count(1) if (name := f"{letter}_{i}") not in taken)


def names_in(*roots: Expr) -> set[str]:
    """Every name that is used: of variables, of bound names, of functions and of dimensions."""
    found: set[str] = set()
    for node in postorder(roots):
        found.update(n for dim in node.shape.dims for n in dim.names)
        match node:
            case Symbol(name=name) | Named(name=name) | Constant(name=name):
                found.add(name)
            case Apply(function=function):
                found.add(function.name)
            case _:
                pass
    return found | {name for root in roots for name in free_symbols(root)}
