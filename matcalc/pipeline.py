"""The stages between a parsed program and its derivation: lower, differentiate, simplify, lift.

The data goes one way; what each stage found is kept in `Solved`, from which a derivation is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matcalc.calculus.layouts import has_matrices, symmetrised, unvectorised, vectorised, written
from matcalc.calculus.reverse import derivative
from matcalc.expr import build
from matcalc.expr.along import directed, share
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Call, Derivative, Einsum, Expr, Named, postorder
from matcalc.expr.writing import cost, letters, names, transposed
from matcalc.kinds import ALONG, SYMMETRIC, Piece, Problem, Share, derivatives
from matcalc.rules.book import RuleBook
from matcalc.simplify.naming import Naming, is_quotient
from matcalc.simplify.simplify import Simplifier
from matcalc.simplify.structure import structure
from matcalc.tensor.canonical import transpose
from matcalc.tensor.lower import Lowering, has_derivative
from matcalc.tensor.nodes import Atom, Bound, Tensor, node_count
from matcalc.tensor.substitute import without_names


@dataclass(frozen=True)
class Solved:
    """What was found; `written` and `arrays` are trees: an expression, or tuples of such."""

    problem: Problem
    value: Tensor
    targets: tuple[Tensor, ...]
    directions: tuple[Tensor, ...]
    raw: Any
    written: Any
    arrays: Any
    matrices: Any
    structure: Any
    layout: str
    lowering: Lowering
    book: RuleBook


def solve(problem: Problem, book: RuleBook) -> Solved:
    """Differentiate, simplify and write what a problem asks."""
    taken = variables_of(problem.expression, problem.targets)
    lowering = Lowering(book, inner_derivative(book), taken)
    value = lowering(problem.expression)
    targets = tuple(lowering(t) for t in problem.targets)
    directions = tuple(lowering(v) for v in problem.directions)
    writer = Writer(problem, lowering, book)
    between = Simplifier(lowering.known, book, final=False)
    pieces = derivatives(problem, value, targets, directions, book, between)
    leaves = mapped(writer, pieces)
    layout = problem.layout
    if any(leaf.vec for leaf in leaves_of(leaves)):
        layout += ", between vec(variable) and vec(result)"
    return Solved(
        problem, value, targets, directions,
        mapped(lambda piece: piece.tensor, pieces),
        mapped(lambda leaf: leaf.text, leaves),
        mapped(lambda leaf: leaf.array, leaves),
        mapped(lambda leaf: AsMatrix(leaf.array, leaf.matrix, leaf.rows), leaves),
        mapped(lambda leaf: leaf.structure, leaves),
        layout, lowering, book,
    )  # fmt: skip


def worked_out(expr: Expr, book: RuleBook) -> Expr:
    """The expression with the derivatives that stand in it worked out."""
    if not has_derivative(expr):
        return expr
    lowering = Lowering(book, inner_derivative(book), variables_of(expr))
    simplifier = Simplifier(lowering.known, book)
    lifted = simplifier.lift(simplifier(lowering(expr)))
    return transposed(lifted) if expr.shape.row else lifted


def inner_derivative(book: RuleBook) -> Any:
    """grad(f, x), jacobian(f, x), hessian(f, x) inside an expression, each in its shortest form,
    since it may be differentiated again."""

    def differentiate(y: Tensor, x: Tensor, kind: str) -> Tensor:
        found = y
        shortest = Simplifier(None, book, final=False)
        for _ in range(2 if kind == "hessian" else 1):
            rank = found.rank
            (found,) = derivative(found, [x], book)
            if isinstance(x, Atom) and x.rank == 2 and x.properties & SYMMETRIC:
                found = symmetrised(found, (rank, rank + 1))
            found = shortest(found)
        return found

    return differentiate


def variables_of(expr: Expr, targets: Sequence[Expr] = ()) -> frozenset[Expr]:
    """What a derivative is taken by: the targets, and those inside an expression."""
    nodes = postorder((expr,))
    return frozenset((*targets, *(n.wrt for n in nodes if isinstance(n, Derivative))))


EXPANDED = 24
"""In a program of more names than this, results keep the names: what they stand for is too long."""


SHORT = 64
LONGER = 2
"""A derivative without names is worked out if it has not more nodes than this, or not more than so
many times what the one with names costs: longer ones are never printed."""


@dataclass(frozen=True)
class Leaf:
    """One derivative, written: as text, as an array, its structure, and as the matrix of `rows`
    of the array's axes by the others, where there is such notation (0 rows: it is no matrix)."""

    text: Expr
    array: Expr
    structure: str
    vec: bool = False
    matrix: Expr | None = None
    rows: int = 0


class Writer:
    """Simplifies and writes the pieces of one problem, which share what was found out."""

    def __init__(self, problem: Problem, lowering: Lowering, book: RuleBook) -> None:
        self.problem = problem
        known = lowering.known.copy()
        self.simplifier = Simplifier(known, book)
        self.lift = self.simplifier.lift
        names = [t for t in known if isinstance(t, Bound)]
        self.expands = 0 < len(names) <= EXPANDED
        spoken = self.expands or (not names and any(map(is_quotient, known)))
        self.names = Naming(known, self.simplifier) if spoken else None

    def __call__(self, piece: Piece) -> Leaf:
        """A piece as it is printed, and as an array."""
        leaf = self.whole(piece) if piece.shares is None else self.sum(piece, piece.shares)
        if self.problem.kind not in ALONG:
            return leaf
        symbols = self.problem.directions
        return replace(leaf, text=directed(leaf.text, symbols), array=directed(leaf.array, symbols))

    def sum(self, piece: Piece, shares: Sequence[Share]) -> Leaf:
        """A scalar along directions: the sum of what each gradient says along its own."""
        kept = [(self.whole(gradient).array, self.lift(v)) for gradient, v in shares]
        total = build.add([share(g, v) for g, v in kept]) if kept else build.number(0)
        return Leaf(total, total, structure(piece.tensor))

    def whole(self, piece: Piece) -> Leaf:
        """A derivative by itself."""
        plain = without_names(piece.tensor) if self.expands else piece.tensor
        # Called by its name before it is simplified, what is derived by p speaks of p alone.
        named = self.names.found(self.names.named(piece.tensor)) if self.names else piece.tensor
        tensors = self.worth([plain] if plain is named else [plain, named])
        parts = piece.parts[1:] if self.problem.kind == "hessian" else piece.parts
        if self.problem.kind not in ALONG and has_matrices(parts):
            leaf = self.between(tensors, parts)
            if leaf is not None:
                return leaf
        ways = [(t, self.lift(t)) for t in self.forms(tensors)]
        tensor, expr = min(reversed(ways), key=lambda way: self.price(way[1]))
        text = self.text(tensor, expr, piece.parts)
        matrix = expr if tensor.rank == 2 else None
        return Leaf(text or expr, expr, structure(tensor), matrix=matrix, rows=_rows(parts, tensor))

    def worth(self, tensors: list[Tensor]) -> list[Tensor]:
        """Without names and with them; with them alone where the other is by far longer than that
        is as it prints, as it is in a network of many layers."""
        *plain, named = tensors
        if not plain or node_count(plain[0]) <= SHORT:
            return tensors
        least, *_ = min(self.price(self.lift(t)) for t in self.forms([named]))
        return [named] if node_count(plain[0]) > LONGER * least else tensors

    def between(self, tensors: Sequence[Tensor], parts: tuple[int, ...]) -> Leaf | None:
        """A derivative written as the matrix between vec(variable) and vec(result), where there is
        such notation; its array is that matrix with its axes split up again."""
        ways = [(t, self.lift(t)) for t in self.forms([vectorised(t, parts) for t in tensors])]
        ways = [way for way in ways if _is_matrix_notation(way[1])]
        if not ways:
            return None
        vec, matrix = min(reversed(ways), key=lambda way: self.price(way[1]))
        array = unvectorised(vec, parts, tensors[0].dims)
        expr = self.lift(array)
        turned = self.problem.layout == "denominator" and self.problem.kind != "hessian"
        text = self.lift(transpose(vec)) if turned else matrix
        return Leaf(text, expr, structure(array), True, matrix, parts[0])

    def forms(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Equal tensors in normal form, also with every value that has a name called by it."""
        if not self.problem.simplify:
            return list(tensors)
        simple = [self.simplifier(t) for t in tensors]
        if self.names is None:
            return simple
        called = [self.simplifier(self.names.found(t)) for t in simple]
        return list(dict.fromkeys([*simple, *called]))

    def price(self, expr: Expr) -> tuple[float, int, int]:
        """The cost of an expression with the bindings that it needs; then its letters, bound names
        before variables.

        Bindings count half, since the user chose to speak so; but in full where they are twice as
        long as what they serve, and in a derivative by a bound name, where they are only there to
        say at which value it is taken.
        """
        named = [n for n in postorder((expr,)) if isinstance(n, Named)] if self.expands else []
        own, values = cost(expr), sum(cost(n.value) for n in named)
        told = any(isinstance(t, Named) for t in self.problem.targets)
        weight = 1.0 if told or values + len(named) >= 2 * own else 0.5
        return own + weight * values, letters(expr), -names(expr)

    def text(self, tensor: Tensor, expr: Expr, parts: tuple[int, ...]) -> Expr | None:
        """How a derivative is printed in the layout asked for, if not as its array."""
        numerator = self.problem.layout == "numerator"
        if self.problem.kind in ALONG:
            row = self.problem.kind != "hvp" and self.problem.expression.shape.row
            return transposed(expr) if row else None
        if self.problem.kind == "hessian":
            parts = parts[1:]
        elif tensor.rank == 1:
            by_scalar = parts[0] == 1
            row = self.problem.expression.shape.row if by_scalar else numerator
            return transposed(expr) if row else None
        turned = written(tensor, parts, self.problem.layout)
        return None if turned is tensor or self.problem.kind == "hessian" else self.lift(turned)


def _rows(parts: Sequence[int], tensor: Tensor) -> int:
    """How many axes of a derivative are the rows of it as a matrix; 0 if it is none."""
    return 1 if tensor.rank == 2 else parts[0] if tensor.rank > 2 else 0


def _is_matrix_notation(expr: Expr) -> bool:
    """Whether an expression is written without einsum and reshape."""
    return not any(
        isinstance(node, Einsum) or (isinstance(node, Call) and node.name == "reshape")
        for node in postorder((expr,))
    )


def mapped(f: Callable[..., Any], *trees: Any) -> Any:
    """f over the leaves of trees of tuples, all of one shape."""
    if isinstance(trees[0], tuple):
        return tuple(mapped(f, *parts) for parts in zip(*trees, strict=True))
    return f(*trees)


def leaves_of(tree: Any) -> list[Any]:
    """The leaves of a tree of tuples."""
    return (
        [leaf for part in tree for leaf in leaves_of(part)] if isinstance(tree, tuple) else [tree]
    )
