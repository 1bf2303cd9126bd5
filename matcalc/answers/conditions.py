"""On which condition a closed form holds, in words: what is inverted, and what is divided by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from matcalc.answers.affine import Algebra
from matcalc.answers.operators import Piece, kronecker_sum
from matcalc.answers.roots import Root
from matcalc.answers.signs import is_opposite
from matcalc.emit.text import text
from matcalc.expr.nodes import Expr, Inverse, Symbol, postorder
from matcalc.expr.properties import properties
from matcalc.expr.writing import negated
from matcalc.tensor.canonical import as_constant, scaled
from matcalc.tensor.nodes import Atom, Delta, Map, Tensor, intern
from matcalc.tensor.nodes import postorder as tensors_in
from matcalc.tensor.substitute import Substitution


@dataclass(frozen=True)
class Condition:
    """What has to hold, in words, and the matrices and numbers that it is about.

    always    What holds anyway, in words.
    matrices  Expressions that have to be invertible.
    """

    needed: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    matrices: tuple[Expr, ...] = ()


def condition_of(found: Root, symbol: Symbol, value: Expr, algebra: Algebra) -> Condition:
    """The condition on which a closed form holds; `value` is how that is written."""
    needed: list[str] = []
    always: list[str] = []
    matrices: list[Expr] = []
    for matrix in _inverted(found, algebra):
        expr = _as_printed(matrix.expr, value)
        matrices.append(expr)
        if _definite(expr):
            always.append(f"{_told(expr)} is {_definite(expr)}")
        elif "invertible" not in properties(expr):
            needed.append(_invertible(expr, matrix))
    solver, lift = found.solver, algebra.simplifier.lift
    if solver.form == "sylvester" and solver.second is not None:
        one, other = lift(solver.first), lift(solver.second)
        if not _disjoint(one, other):
            opposite = _told(negated(other))
            needed.append(f"{_told(one)} and {opposite} have no eigenvalue in common")
    if solver.form == "division":
        needed += _not_zero([solver.first], algebra)
    needed += _not_zero([t for t in found.nonzero if t is not _atom(symbol)], algebra)
    needed += _of_unknown(found, symbol, value)
    return Condition(tuple(dict.fromkeys(needed)), tuple(dict.fromkeys(always)), tuple(matrices))


@dataclass(frozen=True)
class Inverted:
    """A matrix that is inverted, and the same with all its scalars positive."""

    expr: Expr
    positive: Expr
    scalars: tuple[Atom, ...]


def _inverted(found: Root, algebra: Algebra) -> Iterator[Inverted]:
    """The matrices that the closed form inverts."""
    solver, lift = found.solver, algebra.simplifier.lift
    if solver.form == "vec":
        tensors = [t for p in solver.pieces for t in (p.scale, p.left, p.right)]
        scalars, turn = _positive(tensors)
        turned = [Piece(turn(p.scale), turn(p.left), turn(p.right)) for p in solver.pieces]
        yield Inverted(
            kronecker_sum(solver.pieces, lift), kronecker_sum(turned, lift), tuple(scalars)
        )
    elif solver.form in ("matrix", "product"):
        for t in (solver.first, solver.second):
            if t is not None and not isinstance(t, Delta):
                scalars, turn = _positive([t])
                yield Inverted(lift(t), lift(turn(t)), tuple(scalars))


def _positive(tensors: Sequence[Tensor]) -> tuple[list[Atom], Substitution]:
    """The scalars in tensors, and what makes them positive."""
    scalars = open_scalars(tensors)
    return scalars, Substitution({atom: positive_of(atom) for atom in scalars})


def _as_printed(expr: Expr, value: Expr) -> Expr:
    """A matrix as it stands under an inverse in the closed form, be it with the other sign."""
    inverted = [node.arg for node in postorder((value,)) if isinstance(node, Inverse)]
    return next((arg for arg in inverted if is_opposite(expr, arg)), expr)


def _atom(symbol: Symbol) -> Tensor:
    return intern(Atom, symbol.shape.dims, symbol.name, symbol.properties)


def _told(expr: Expr) -> str:
    return text(expr, bindings=False)


def _definite(expr: Expr) -> str:
    """Which definiteness makes an expression invertible, if one is known."""
    if "spd" in properties(expr):
        return "positive definite"
    return ""


def _disjoint(one: Expr, other: Expr) -> bool:
    """Whether A X + X B = C is known to have one solution: A and B semidefinite, one definite."""
    known = properties(one), properties(other)
    return all("semidefinite" in p for p in known) and any("spd" in p for p in known)


def _invertible(expr: Expr, matrix: Inverted) -> str:
    """That a matrix is invertible, and whether it is so for positive scalars."""
    said = f"{_told(expr)} is invertible"
    if matrix.scalars and "spd" in properties(matrix.positive):
        return f"{said}, as it is for {' and '.join(f'{a.name} > 0' for a in matrix.scalars)}"
    return said


def _not_zero(parts: Iterable[Tensor], algebra: Algebra) -> list[str]:
    found = []
    for t in map(_base, parts):
        expr = algebra.simplifier.lift(t)
        negative = algebra.simplifier.lift(algebra.shortest(scaled(t, -1)))
        value = as_constant(t)
        if value or any("positive" in properties(e) for e in (expr, negative)):
            continue
        found.append(f"{_told(expr)} ≠ 0" if not t.rank else f"no entry of {_told(expr)} is 0")
    return found


def _base(t: Tensor) -> Tensor:
    """x of a power of x: it is zero where x is."""
    if isinstance(t, Map) and t.fn == "pow" and (as_constant(t.args[1][0]) or 0) > 0:
        base, axes = t.args[0]
        return base if axes == tuple(range(t.rank)) else t
    return t


def _of_unknown(found: Root, symbol: Symbol, value: Expr) -> list[str]:
    """What the closed form has to be, since the unknown is declared so or was divided by."""
    known, declared = properties(value), symbol.properties
    needed = []
    if "spd" in declared and "spd" not in known:
        needed.append(f"{symbol.name} is positive definite")
    elif found.inverted and "invertible" not in known:
        needed.append(f"{symbol.name} is invertible")
    if _atom(symbol) in found.nonzero and "positive" not in known and "positive" not in declared:
        needed.append(
            f"{symbol.name} ≠ 0" if not symbol.shape.dims else f"no entry of {symbol.name} is 0"
        )
    for sign in ("positive", "nonnegative"):
        if sign in declared:
            if sign not in known:
                needed.append(f"{symbol.name} is {sign}")
            break
    return needed


def open_scalars(tensors: Iterable[Tensor]) -> list[Atom]:
    """The scalar variables in tensors that are not declared positive."""
    found = {
        node: None
        for node in tensors_in(tuple(tensors))
        if isinstance(node, Atom) and not node.rank and "positive" not in node.properties
    }
    return list(found)


def positive_of(atom: Atom) -> Tensor:
    """The same variable, declared positive."""
    return intern(Atom, atom.dims, atom.name, atom.properties | {"positive"})
