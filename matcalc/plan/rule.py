"""One evaluation rule (`compute name: lhs = rhs`): where it applies, and what it writes there.

A variable declared as a number stands for arrays of any shape, if the rule is element-wise; one
declared as a vector also for a matrix, whole or along the axis of the functions in the rule.  Sums
match up to sign: where `1 - x` is meant, `x - 1` is minus that, and the sign leaves products,
quotients and even powers.  Of a product some factors may match, of a numerator one, or its 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
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
    Inverse,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Shape,
    Size,
    Symbol,
    Transpose,
    children,
    postorder,
)
from matcalc.expr.properties import properties
from matcalc.plan.functions import overload

FACTORS: Final = 8
"""Products of more factors than this are not searched for the two that a rule wants."""

MOST: Final = 3
"""Terms or factors of a pattern at most, whose every order is tried."""

_ONE: Final = build.number(1)

_SPREAD: Final = (Symbol, Number, Constant, Neg, Add, Hadamard, Divide, Power, Compare)


@dataclass(frozen=True)
class Match:
    """What the variables of a rule stand for, the axis of its functions, and the sign: -1 where the
    expression is minus what the rule says; `dims` is what the names of dimensions stand for."""

    values: Mapping[str, Expr]
    axis: int | None = None
    fixed: bool = False
    sign: int = 1
    dims: Mapping[str, Dim] = field(default_factory=dict)

    def binding(self, variable: Symbol, node: Expr) -> Match | None:
        """With a variable bound; None if it stands for something else already."""
        known = self.values.get(variable.name)
        if known is not None:
            return self if known is node else None
        pairs = zip(variable.shape.dims, node.shape.dims, strict=False)
        dims = {dim.name: actual for dim, actual in pairs if dim.name is not None}
        values = {**self.values, variable.name: node}
        return replace(self, values=values, dims={**self.dims, **dims})

    def along(self, axis: int | None) -> Match | None:
        """With the axis of a function; None if another one has a different axis."""
        if self.fixed:
            return self if self.axis == axis else None
        return replace(self, axis=axis, fixed=True)


@dataclass(frozen=True)
class Rule:
    """lhs = rhs under the declarations of the variables; `opens` if it takes a function apart."""

    name: str
    lhs: Expr
    rhs: Expr
    opens: bool = False

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
            made = self._made(found)
            if made.shape == node.shape:
                return made
            if made.shape.transposed == node.shape:
                return build.transpose(made)
        return self._over(node) if isinstance(node, Divide) else None

    def _made(self, found: Match) -> Expr:
        """The right side for a match."""
        made = _written(self.rhs, found)
        return made if found.sign > 0 else _negated(made)

    def _over(self, node: Divide) -> Expr | None:
        """One factor of a numerator, or the 1 in it, rewritten together with the denominator."""
        if not isinstance(self.lhs, Divide):
            return None
        top = node.numerator
        given = list(top.factors) if isinstance(top, Hadamard | Product) else [top]
        arrays = sum(bool(factor.shape.dims) for factor in given)
        for below in _match(self, self.lhs.denominator, node.denominator, Match({})):
            for place, factor in enumerate([*given, _ONE]):
                if isinstance(top, Product) and factor.shape.dims and arrays > 1:
                    continue  # a factor of a chain
                rest = given[:place] + given[place + 1 :]
                for found in _match(self, self.lhs.numerator, factor, below):
                    made = _times(rest, self._made(found), isinstance(top, Product))
                    if made is not None and made.shape == node.shape:
                        return made
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
                made = self._made(found)
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
    if _mixes(node) and not isinstance(pattern, Symbol):
        return
    match pattern, node:
        case Symbol(), _:
            bound = found.binding(pattern, node) if _fits(rule, pattern, node) else None
            if bound is not None:
                yield bound
        case (Number(value=value), Number(value=other)) if value == other:
            yield found
        case (Neg(arg=Number(value=value)), Number(value=other)) if value == -other:
            yield found
        case Size(), Size():  # which one follows from the matrices beside it
            yield found
        case Call(), Call():
            yield from _match_call(rule, pattern, node, found)
        case Add(terms=wanted), Add(terms=given) if len(wanted) == len(given) <= MOST:
            for order in permutations(given):
                yield from _same_sign(_all(rule, wanted, order, found), found)
            for order in permutations([_negated(term) for term in given]):
                for match in _same_sign(_all(rule, wanted, order, found), found):
                    yield replace(match, sign=-match.sign)
        case Product(factors=wanted), Product(factors=given) | Hadamard(factors=given) if (
            len(wanted) == len(given) <= MOST
        ):
            for order in permutations(given):
                yield from _all(rule, wanted, order, found)
        case Power(exponent=Number(value=exponent)), Power(base=base) if exponent % 2 == 0:
            inner = base.arg if isinstance(base, Neg) else base
            for match in _all(rule, children(pattern), [inner, node.exponent], found):
                yield replace(match, sign=found.sign)
        case (Power(), Power()) | (Dot(), Dot()):
            yield from _same_sign(_all(rule, children(pattern), children(node), found), found)
        case (Neg(), Neg()) | (Divide(), Divide()):
            yield from _all(rule, children(pattern), children(node), found)
        case _:
            return


def _mixes(node: Expr) -> bool:
    """Whether a power or a product is one of matrices, which no rule about numbers speaks of: what
    1 - x^2 is says nothing about 1 - A^2."""
    match node:
        case Power(base=base, elementwise=elementwise):
            return base.shape.rank == 2 and not elementwise
        case Product(factors=factors):
            return sum(bool(factor.shape.dims) for factor in factors) > 1
        case _:
            return False


def _same_sign(matches: Iterator[Match], found: Match) -> Iterator[Match]:
    """The matches within which no sign was changed: a sign leaves products and quotients alone."""
    return (match for match in matches if match.sign == found.sign)


def _negated(node: Expr) -> Expr:
    """Minus an expression, without two signs one after the other."""
    if isinstance(node, Neg):
        return node.arg
    if isinstance(node, Number) and node.value < 0:
        return build.number(-node.value)
    return build.neg(node)


def _times(rest: Sequence[Expr], made: Expr, chain: bool) -> Expr | None:
    """The other factors of a numerator, which are a chain or element-wise, times a quotient."""
    arrays = {factor.shape for factor in rest if factor.shape.dims}
    if not arrays:
        return build.product([*rest, made])
    if made.shape.dims:
        return build.hadamard([*rest, made]) if not chain and arrays == {made.shape} else None
    return build.product([made, *(rest if chain else [build.hadamard(rest)])])


def _match_call(rule: Rule, pattern: Call, node: Call, found: Match) -> Iterator[Match]:
    if pattern.name != node.name or len(pattern.args) != len(node.args):
        return
    mode = _mode(pattern)
    bound = found.along(node.axis) if mode == "along" else found
    if bound is not None:
        yield from _same_sign(_all(rule, pattern.args, node.args, bound), bound)


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
        case Size(dim=dim):
            return build.size(dim.substitute(found.dims))
        case Inverse():
            return build.inverse(parts[0])
        case Neg(arg=arg):  # of a variable that stands for minus something: that
            return _negated(parts[0]) if isinstance(arg, Symbol) else build.neg(parts[0])
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
            return _call(pattern, parts, found)
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


def _call(pattern: Call, args: Sequence[Expr], found: Match) -> Expr:
    """A call whose shape follows from its arguments; sums over rows are rows, to be added."""
    mode, axis = _mode(pattern), found.axis
    if mode == "elementwise":
        shape = build.broadcast_shape(args)
        assert shape is not None
        return build.call(shape, pattern.name, args)
    if mode != "along":
        dims = tuple(d.substitute(found.dims) for d in pattern.shape.dims)
        return build.call(Shape(dims), pattern.name, args)
    first = args[0].shape
    if pattern.shape.dims:
        return build.call(first, pattern.name, args, axis)
    if axis is None or first.rank < 2:
        return build.call(Shape(), pattern.name, args, axis)
    place = axis % first.rank
    made = build.call(Shape((first.dims[1 - place],)), pattern.name, args, axis)
    return build.transpose(made) if place == 0 else made
