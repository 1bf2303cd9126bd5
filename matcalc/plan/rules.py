"""The evaluation rules of the rule book (`compute name: lhs = rhs`) applied to expressions.

A rule says how to compute something well: without overflow, without cancellation, or with less
work.  The outermost place where a rule applies is rewritten first, so that `log(1 + exp(x))` is one
softplus before its parts are looked at.  A variable declared as a number stands for arrays of any
shape, if the rule is element-wise; one declared as a vector also for a matrix, whole or along the
axis of the functions in the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import permutations
from typing import Final

from matcalc.dims import Dim
from matcalc.expr import build
from matcalc.expr.nodes import (
    Add,
    Call,
    Compare,
    Constant,
    Divide,
    Dot,
    Expr,
    Hadamard,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Shape,
    Symbol,
    Transpose,
    children,
    postorder,
    rebuilt,
)
from matcalc.expr.properties import properties
from matcalc.language import book
from matcalc.plan.functions import overload

ROUNDS: Final = 8
"""Rewrites of one place at most, one after the other."""

FACTORS: Final = 8
"""Products of more factors than this are not searched for the two that a rule wants."""

_SPREAD: Final = (Symbol, Number, Constant, Neg, Add, Hadamard, Divide, Power, Compare)

_CALLED: Final = re.compile(r"(\w+)\(")


@dataclass(frozen=True)
class Match:
    """What the variables of a rule stand for, and the axis of its functions."""

    values: Mapping[str, Expr]
    axis: int | None = None
    fixed: bool = False

    def binding(self, name: str, node: Expr) -> Match | None:
        """With a variable bound; None if it stands for something else already."""
        known = self.values.get(name)
        if known is not None:
            return self if known is node else None
        return Match({**self.values, name: node}, self.axis, self.fixed)

    def along(self, axis: int | None) -> Match | None:
        """With the axis of a function; None if another one has a different axis."""
        if self.fixed:
            return self if self.axis == axis else None
        return Match(self.values, axis, True)


@dataclass(frozen=True)
class Rule:
    """lhs = rhs under the declarations of the variables."""

    name: str
    lhs: Expr
    rhs: Expr

    @cached_property
    def spread(self) -> bool:
        """Whether every operation acts element by element or along an axis."""
        return all(
            isinstance(node, _SPREAD)
            or (isinstance(node, Product) and not node.shape.dims)
            or (isinstance(node, Call) and _mode(node) in {"elementwise", "along"})
            for node in postorder((self.lhs, self.rhs))
        )

    def applied(self, node: Expr) -> Expr | None:
        """The node rewritten at its root; None if the rule does not apply there."""
        if isinstance(self.lhs, Product) and isinstance(node, Product | Hadamard):
            return self._within(node)
        for found in _match(self, self.lhs, node, Match({})):
            made = _written(self.rhs, found)
            if made.shape == node.shape:
                return made
            if made.shape.transposed == node.shape:
                return build.transpose(made)
        return None

    def _within(self, node: Product | Hadamard) -> Expr | None:
        """Some factors of an element-wise product, or scalar ones of a product, rewritten."""
        assert isinstance(self.lhs, Product)
        wanted, given = self.lhs.factors, list(node.factors)
        places = [i for i, f in enumerate(given) if isinstance(node, Hadamard) or not f.shape.dims]
        if not len(wanted) <= len(places) <= FACTORS:
            return None
        for chosen in permutations(places, len(wanted)):
            for found in _all(self, wanted, [given[i] for i in chosen], Match({})):
                made = _written(self.rhs, found)
                rest = [f for i, f in enumerate(given) if i not in chosen]
                if isinstance(node, Product):
                    return build.product([made, *rest])
                if made.shape == node.shape:
                    return build.hadamard([*rest, made])
        return None


def _mode(node: Call) -> str:
    entry = overload(node)
    return entry.mode if entry is not None else ""


# --- matching


def _match(rule: Rule, pattern: Expr, node: Expr, found: Match) -> Iterator[Match]:
    """The ways in which a node is what a pattern says."""
    while isinstance(node, Named):
        node = node.value
    match pattern, node:
        case Symbol(name=name), _:
            bound = found.binding(name, node) if _fits(rule, pattern, node) else None
            if bound is not None:
                yield bound
        case (Number(value=value), Number(value=other)) if value == other:
            yield found
        case Call(), Call():
            yield from _match_call(rule, pattern, node, found)
        case Add(terms=wanted), Add(terms=given):
            for order in permutations(given) if len(wanted) == len(given) <= 3 else ():
                yield from _all(rule, wanted, order, found)
        case (Neg(), Neg()) | (Divide(), Divide()) | (Power(), Power()):
            yield from _all(rule, children(pattern), children(node), found)
        case _:
            return


def _match_call(rule: Rule, pattern: Call, node: Call, found: Match) -> Iterator[Match]:
    if pattern.name != node.name or len(pattern.args) != len(node.args):
        return
    mode = _mode(pattern)
    bound = found.along(node.axis) if mode == "along" else found
    if bound is not None:
        yield from _all(rule, pattern.args, node.args, bound)


def _all(
    rule: Rule, patterns: Sequence[Expr], nodes: Sequence[Expr], found: Match
) -> Iterator[Match]:
    if not patterns:
        yield found
        return
    for first in _match(rule, patterns[0], nodes[0], found):
        yield from _all(rule, patterns[1:], nodes[1:], first)


def _fits(rule: Rule, variable: Symbol, node: Expr) -> bool:
    if not variable.properties <= properties(node):
        return False
    return rule.spread or variable.shape.rank == node.shape.rank


# --- writing


def _written(pattern: Expr, found: Match) -> Expr:
    """The right side of a rule with its variables put in."""
    if isinstance(pattern, Symbol):
        return found.values[pattern.name]
    parts = [_written(child, found) for child in children(pattern)]
    match pattern:
        case Number() | Constant():
            return pattern
        case Neg():
            return build.neg(parts[0])
        case Add():
            return build.add(parts)
        case Hadamard():
            return build.hadamard(parts)
        case Product() if not pattern.shape.dims and all(p.shape.dims for p in parts):
            return build.hadamard(parts)
        case Product():
            return build.product(parts)
        case Divide():
            return _quotient(*parts)
        case Power(elementwise=elementwise):
            base, exponent = parts
            return build.power(base, exponent, elementwise or bool(base.shape.dims))
        case Compare(op=op):
            return build.compare(op, *parts)
        case Dot():
            return build.dot(*parts)
        case Transpose():
            return build.transpose(parts[0])
        case Call():
            return _call(pattern, parts, found.axis)
        case _:
            raise NotImplementedError(f"{type(pattern).__name__} on the right of a compute rule")


def _quotient(above: Expr, below: Expr) -> Expr:
    """x / y; a matrix over a column or a row of divisors is scaled by their reciprocals."""
    if above.shape.rank != 2 or below.shape.rank != 1:
        return build.divide(above, below)
    column = below.arg if isinstance(below, Transpose) else below
    dims = column.shape.dims * 2
    scale = build.call(Shape(dims), "diag", [build.divide(build.number(1), column)])
    return build.product([above, scale] if below.shape.row else [scale, above])


def _call(pattern: Call, args: Sequence[Expr], axis: int | None) -> Expr:
    """A call whose shape follows from its arguments; sums over rows are rows, to be added."""
    mode = _mode(pattern)
    if mode == "elementwise":
        shape = build.broadcast_shape(args)
        assert shape is not None
        return build.call(shape, pattern.name, args)
    if mode != "along":
        renamed = dict(_renamed(pattern, args))
        dims = tuple(d.substitute(renamed) for d in pattern.shape.dims)
        return build.call(Shape(dims), pattern.name, args)
    first = args[0].shape
    if pattern.shape.dims:
        return build.call(first, pattern.name, args, axis)
    if axis is None or first.rank < 2:
        return build.call(Shape(), pattern.name, args, axis)
    place = axis % first.rank
    made = build.call(Shape((first.dims[1 - place],)), pattern.name, args, axis)
    return build.transpose(made) if place == 0 else made


def _renamed(pattern: Call, args: Sequence[Expr]) -> Iterator[tuple[str, Dim]]:
    for own, given in zip(pattern.args, args, strict=True):
        for dim, actual in zip(own.shape.dims, given.shape.dims, strict=True):
            if dim.name is not None:
                yield dim.name, actual


# --- the book


@cache
def _laws() -> tuple[tuple[frozenset[str], book.Law], ...]:
    """The rules with the functions that their left sides name: only those that may apply are
    parsed."""
    return tuple(
        (frozenset(_CALLED.findall(law.body.partition(" = ")[0])), law)
        for law in book.laws("compute")
    )


@cache
def compiled(law: book.Law) -> Rule:
    """A rule, parsed."""
    lhs, rhs, _ = book.statement_exprs(None, book.law_statement("compute", law))
    return Rule(law.name, lhs, rhs)


def _applicable(names: Collection[str]) -> list[Rule]:
    """The rules whose functions occur, or may come to occur, in the order of the book."""
    reach, waiting = set(names), list(_laws())
    ready: list[tuple[frozenset[str], book.Law]] = []
    while any(wanted <= reach for wanted, _ in waiting):
        found = [entry for entry in waiting if entry[0] <= reach]
        waiting = [entry for entry in waiting if entry[0] - reach]
        for _, law in found:
            reach |= {n.name for n in postorder((compiled(law).rhs,)) if isinstance(n, Call)}
        ready += found
    return [compiled(law) for entry in _laws() if entry in ready for law in entry[1:]]


def _opens(rule: Rule) -> str:
    """The function that a rule takes apart: one of variables alone; empty if it joins parts."""
    lhs = rule.lhs
    whole = isinstance(lhs, Call) and all(isinstance(arg, Symbol) for arg in lhs.args)
    return lhs.name if whole and isinstance(lhs, Call) else ""


def rewritten(roots: Sequence[Expr], native: Collection[str] = ()) -> list[Expr]:
    """Expressions as they are computed best; functions in `native` are not taken apart.

    First the rules that join parts to a function, then those that take a function apart: so the
    second kind may write what the first would join again.
    """
    names = {node.name for node in postorder(tuple(roots)) if isinstance(node, Call)}
    rules = _applicable(names)
    joining = [rule for rule in rules if not _opens(rule)]
    opening = [rule for rule in rules if _opens(rule) and _opens(rule) not in native]
    roots = list(roots)
    for _ in range(ROUNDS if joining else 0):  # what was joined may join with what is around it
        before, roots = roots, _outermost_first(roots, partial(_head, _by_head(joining)))
        if all(new is old for new, old in zip(roots, before, strict=True)):
            break
    return _outermost_first(roots, partial(_head, _by_head(opening))) if opening else roots


def _by_head(rules: Sequence[Rule]) -> dict[type, list[Rule]]:
    heads: dict[type, list[Rule]] = {}
    for rule in rules:
        heads.setdefault(type(rule.lhs), []).append(rule)
        if isinstance(rule.lhs, Product):
            heads.setdefault(Hadamard, []).append(rule)
    return heads


def _head(heads: Mapping[type, Sequence[Rule]], node: Expr) -> Expr:
    """A node rewritten at its root until no rule applies there."""
    for _ in range(ROUNDS):
        for rule in heads.get(type(node), ()):
            made = rule.applied(node)
            if made is not None:
                node = made
                break
        else:
            break
    return node


def _outermost_first(roots: Sequence[Expr], head: Callable[[Expr], Expr]) -> list[Expr]:
    """Each node rewritten at its root, then its operands; iterative, so that depth is no limit."""
    heads: dict[Expr, Expr] = {}
    done: dict[Expr, Expr] = {}
    pending = list(reversed(roots))
    while pending:
        node = pending[-1]
        if node in done:
            pending.pop()
            continue
        if node not in heads:
            heads[node] = head(node)
        inner = children(heads[node])
        missing = [child for child in inner if child not in done]
        if missing:
            pending.extend(reversed(missing))
        else:
            done[node] = rebuilt(heads[node], [done[child] for child in inner])
            pending.pop()
    return [done[root] for root in roots]
