"""Branches that are not taken harm nothing: `where(x > 0, log(x), 0)`, and what is multiplied by 0.

NumPy computes both branches of a choice, and all of a product with an indicator: at a discarded
place log(x) is nan, with a warning, and 0 times nan is nan.  So what may fail in a branch gets an
argument at which it does not, there: log(where(x > 0, x, 1)); and a product of an indicator with
what may fail becomes a choice.  What is computed outside of all branches as well stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Final

from matcalc import graphs
from matcalc.expr import build
from matcalc.expr.nodes import (
    Add,
    Call,
    Compare,
    Divide,
    Expr,
    Hadamard,
    Named,
    Neg,
    Number,
    Power,
    Product,
    children,
    postorder,
    rebuilt,
)
from matcalc.expr.properties import properties
from matcalc.plan.functions import overload

PARTIAL: Final[dict[str, Fraction | int]] = {
    "log": 1, "log2": 1, "log10": 1, "logit": Fraction(1, 2), "log1p": 0, "sqrt": 1, "recip": 1,
    "xlogx": 1, "pow": 1, "asin": 0, "acos": 0, "atanh": 0, "acosh": 2, "gamma": 1, "lgamma": 1,
    "digamma": 1,
}  # fmt: skip
"""Functions that are not defined everywhere, and an argument at which they are."""

BOUNDED: Final = frozenset("logit asin acos atanh acosh".split())
"""Those of them that are not defined at all positive numbers either."""

STEEP: Final = dict.fromkeys(("exp", "expm1", "sinh", "cosh"), 0)
"""Functions that overflow, and an argument at which they do not."""


def guarded(roots: Sequence[Expr]) -> list[Expr]:
    """Expressions whose discarded branches are harmless."""
    order = postorder(tuple(roots))
    if not any(isinstance(n, Compare) or _is_where(n) for n in order):
        return list(roots)
    always = _outside(roots)
    done: dict[Expr, Expr] = {}
    for node in order:
        whole = rebuilt(node, [done[child] for child in children(node)])
        done[node] = _guarded(whole, always)
    return [done[root] for root in roots]


def _guarded(node: Expr, always: Collection[Expr]) -> Expr:
    if isinstance(node, Call) and _is_where(node):
        condition, a, b = node.args
        branches = [_shielded(a, condition, True, always), _shielded(b, condition, False, always)]
        return build.call(node.shape, "where", [condition, *branches])
    split = _masked(node)
    if split is None:
        return node
    condition, rest, kept = split
    shield = _shielded(rest, condition, kept, always)
    if shield is rest:
        return node
    zero = build.number(0)
    branches = [shield, zero] if kept else [zero, shield]
    return build.call(node.shape, "where", [condition, *branches])


def _is_where(node: Expr) -> bool:
    return isinstance(node, Call) and node.name == "where" and len(node.args) == 3


def _outside(roots: Sequence[Expr]) -> set[Expr]:
    """What is computed outside of all branches and products with indicators."""
    found: set[Expr] = set()
    pending = list(roots)
    while pending:
        node = pending.pop()
        if node in found:
            continue
        found.add(node)
        split = _masked(node)
        if isinstance(node, Call) and _is_where(node):
            pending.append(node.args[0])
        elif split is not None:
            pending.append(split[0])
        else:
            pending.extend(children(node))
    return found


def _masked(node: Expr) -> tuple[Expr, Expr, bool] | None:
    """An indicator, what is multiplied by it, and whether that is kept where it holds."""
    top = node.numerator if isinstance(node, Divide) else node
    if not isinstance(node, Hadamard | Product | Divide):
        return None
    factors = list(top.factors) if isinstance(top, Hadamard | Product) else [top]
    for place, factor in enumerate(factors):
        indicator = _indicator(factor)
        if indicator is None or factor.shape != node.shape:
            continue
        rest = factors[:place] + factors[place + 1 :]
        arrays = [f.shape for f in rest if f.shape.dims]
        if (isinstance(top, Product) and arrays) or any(shape != node.shape for shape in arrays):
            continue  # a product of matrices is none entry by entry
        others = _joined(top, rest)
        if isinstance(node, Divide):
            others = build.divide(others, node.denominator)
        if others.shape == node.shape:
            return indicator[0], others, indicator[1]
    return None


def _joined(top: Expr, rest: Sequence[Expr]) -> Expr:
    """The product of the other factors, of the same kind; 1 if there are none."""
    if not rest:
        return build.number(1)
    return build.hadamard(rest) if isinstance(top, Hadamard) else build.product(rest)


def _indicator(node: Expr) -> tuple[Expr, bool] | None:
    """A condition whose indicator this is, and whether it is 1 where that holds."""
    if isinstance(node, Compare):
        return node, True
    if isinstance(node, Call) and _is_where(node):
        condition, a, b = node.args
        values = [x.value if isinstance(x, Number) else None for x in (a, b)]
        if sorted(map(str, values)) == ["0", "1"]:
            return condition, values[0] == 1
    return None


def _shielded(root: Expr, condition: Expr, kept: bool, always: Collection[Expr]) -> Expr:
    """A branch in which nothing fails where it is not taken."""
    sides = _sides(condition)
    done: dict[Expr, Expr] = {}
    for node in _entrywise(root):
        parts = [done.get(child, child) for child in children(node)]
        if isinstance(node, Named) and parts[0] is not node.value:
            done[node] = parts[0]  # another value than the one that has the name
            continue
        found = None if node in always else _fails(node, sides)
        if found is not None:
            place, safe = found
            parts[place] = _chosen(condition, parts[place], build.number(safe), kept)
        done[node] = rebuilt(node, parts)
    return done.get(root, root)


def _chosen(condition: Expr, arg: Expr, safe: Expr, kept: bool) -> Expr:
    """An argument where its branch is taken, elsewhere a safe one; itself if shapes do not fit."""
    if condition.shape.dims and condition.shape != arg.shape:
        return arg
    return build.call(arg.shape, "where", [condition, *((arg, safe) if kept else (safe, arg))])


def _fails(node: Expr, sides: Collection[Expr]) -> tuple[int, Fraction | int] | None:
    """Which operand of a node may make it fail, and a safe value of that."""
    match node:
        case Divide(denominator=below):
            return None if "positive" in properties(below) else (1, 1)
        case Power(exponent=Number(value=value)) if value >= 0 and value.denominator == 1:
            return None
        case Power() if not _opens(node):
            return None  # of a matrix: none of its entries is computed from one of its base
        case Power(base=base):
            return None if "positive" in properties(base) else (0, 1)
        case Call(name=name, args=(arg, *_)) if name in PARTIAL:
            never = "nonnegative" if name in {"sqrt", "log1p"} else "positive"
            safe = name not in BOUNDED and never in properties(arg)
            return None if safe else (0, PARTIAL[name])
        case Call(name=name, args=(arg,)) if name in STEEP and _speaks_of(arg, sides):
            return 0, STEEP[name]
        case _:
            return None


def _sides(condition: Expr) -> set[Expr]:
    """What a condition compares."""
    found = [n for n in postorder((condition,)) if isinstance(n, Compare)]
    sides = {side for each in found for side in (each.left, each.right)}
    return {side for side in sides if not isinstance(side, Number)}


def _speaks_of(arg: Expr, sides: Collection[Expr]) -> bool:
    """Whether a side of the condition stands in an argument; of no comparison, that is unknown."""
    return not sides or any(node in sides for node in _entrywise(arg))


def _entrywise(root: Expr) -> list[Expr]:
    """What is under an expression through element-wise operations alone, operands first."""
    return graphs.postorder((root,), lambda node: children(node) if _opens(node) else ())


def _opens(node: Expr) -> bool:
    match node:
        case Neg() | Add() | Hadamard() | Divide() | Named():
            return True
        case Power(elementwise=elementwise):
            return elementwise or node.shape.rank < 2
        case Product(factors=factors):
            return sum(bool(factor.shape.dims) for factor in factors) < 2
        case Call():
            entry = overload(node)
            return entry is not None and entry.mode == "elementwise"
        case _:
            return False
