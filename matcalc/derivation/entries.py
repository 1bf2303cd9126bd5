"""The entry of an expression at an index: f(w) ⊙ g(x) is f(w_i) g(x_i) at i.

This is how Parr & Howard argue for element-wise operations (sec. 4.2): one entry depends on one
entry, so the Jacobian is diagonal and it is enough to derive one scalar by another.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.expr import build
from matcalc.expr.nodes import (
    SCALAR,
    Add,
    Apply,
    Call,
    Compare,
    Divide,
    Expr,
    Hadamard,
    Index,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Symbol,
    Transpose,
    children,
    postorder,
)
from matcalc.language import book


def index_symbol(name: str) -> Symbol:
    """An index: a whole number."""
    return build.symbol(name, SCALAR, ("integer",))


def entry_of(part: Symbol | Named, indices: Sequence[Expr], letters: str) -> Named:
    """x_i, the entry of a variable or part; as a name of its own, by which can be derived."""
    return build.named(f"{part.name}_{letters}", build.index(part, indices))


def entry(expr: Expr, i: Symbol) -> Expr | None:
    """The entry of a vector at an index, with the index moved to the variables; a scalar is
    itself.  None for what is not done entry by entry."""
    if not expr.shape.dims:
        return expr
    if expr.shape.rank != 1:
        return None
    match expr:
        case Symbol() | Named():
            return entry_of(expr, [i], i.name)
        case Call(name="ones" | "zeros"):
            return build.number(1 if expr.name == "ones" else 0)
        case Transpose(arg=arg):
            return entry(arg, i) if arg.shape.rank == 1 else None
        case Neg(arg=arg):
            inner = entry(arg, i)
            return None if inner is None else build.neg(inner)
        case Product(factors=factors) if sum(bool(f.shape.dims) for f in factors) > 1:
            return None
        case _:
            return _applied(expr, i)


def _applied(expr: Expr, i: Symbol) -> Expr | None:
    """The entry of an element-wise operation."""
    match expr:
        case Add(terms=parts) | Hadamard(factors=parts) | Product(factors=parts):
            pass
        case Call(name=name, args=parts) if expr.axis is None and _elementwise(name, len(parts)):
            pass
        case Apply(arg=arg, function=function) if function.elementwise:
            parts = (arg,)
        case Divide(numerator=a, denominator=b) | Power(base=a, exponent=b):
            parts = (a, b)
        case Compare(left=a, right=b):
            parts = (a, b)
        case _:
            return None
    inner = [entry(part, i) for part in parts]
    if any(e is None for e in inner):
        return None
    return _rebuilt(expr, [e for e in inner if e is not None])


def _rebuilt(expr: Expr, inner: list[Expr]) -> Expr | None:
    match expr:
        case Add():
            return build.add(inner)
        case Hadamard() | Product():
            return build.product([e for e in inner if not _is_one(e)] or inner[:1])
        case Call(name=name):
            return build.call(SCALAR, name, inner)
        case Apply(function=function, order=order):
            return build.apply(function, order, inner[0])
        case Divide():
            return build.divide(inner[0], inner[1])
        case Power():
            return build.power(inner[0], inner[1])
        case Compare(op=op):
            return build.compare(op, inner[0], inner[1])
        case _:
            return None


def _is_one(expr: Expr) -> bool:
    return isinstance(expr, Number) and expr.value == 1


def _elementwise(name: str, count: int) -> bool:
    return any(e.takes(count) and e.mode == "elementwise" for e in book.entries(name))


def literal_entries(root: Expr, part: Expr) -> list[Index]:
    """The entries of a vector that an expression uses, if it uses no more of it than these."""
    found: dict[Index, None] = {}
    for node in postorder((root,)):
        match node:
            case Index(arg=arg, indices=indices) if arg is part:
                if not all(isinstance(i, Number) for i in indices):
                    return []
                found[node] = None
            case Named() if node is part:
                continue
            case _:
                if any(child is part for child in children(node)):
                    return []
    return list(found)
