"""What is known of a value beyond its shape: symmetric, positive definite, diagonal, positive, …

Inference is simple and conservative: a property that is returned holds, one that is not may hold.
Beside the properties of the language there is `semidefinite`: symmetric, no negative eigenvalue.
Of scalars and vectors only the sign is known; `positive` and `nonnegative` speak of every entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Final, assert_never
from weakref import WeakKeyDictionary

from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Compare,
    Constant,
    Derivative,
    Divide,
    Dot,
    Einsum,
    Expr,
    Hadamard,
    Index,
    Inverse,
    Kron,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Size,
    Stack,
    Symbol,
    Transpose,
    children,
)
from matcalc.expr.writing import ENTRY_BY_ENTRY, is_symmetric

Properties = frozenset[str]

NONE: Final[Properties] = frozenset()
SIGNS: Final = frozenset({"positive", "nonnegative"})
POSITIVE: Final = SIGNS
DEFINITE: Final = frozenset({"symmetric", "spd", "semidefinite", "invertible"})
TRIANGULAR: Final = frozenset({"diagonal", "lower", "upper"})
LINEAR: Final = TRIANGULAR | {"symmetric"}
GROUP: Final = TRIANGULAR | {"orthogonal", "invertible"}

_IMPLIED: Final[dict[str, Properties]] = {
    "spd": DEFINITE,
    "semidefinite": frozenset({"symmetric"}),
    "diagonal": frozenset({"symmetric", "lower", "upper"}),
    "orthogonal": frozenset({"invertible"}),
    "positive": frozenset({"nonnegative"}),
}

_cache: WeakKeyDictionary[Expr, Properties] = WeakKeyDictionary()


def properties(expr: Expr) -> frozenset[str]:
    """The properties that an expression is known to have, declared ones among them."""
    pending = [expr]
    while pending:
        node = pending[-1]
        missing = [child for child in children(node) if child not in _cache]
        if node in _cache or not missing:
            pending.pop()
            if node not in _cache:
                _cache[node] = _closed(_infer(node))
        else:
            pending += missing
    return _cache[expr]


def _closed(found: Iterable[str]) -> Properties:
    """With all that follows."""
    result = set(found)
    for name in found:
        result |= _IMPLIED.get(name, NONE)
    return frozenset(result)


def _of(nodes: Iterable[Expr]) -> list[Properties]:
    return [_cache[node] for node in nodes]


def _common(nodes: Iterable[Expr], among: Properties) -> Properties:
    """The properties among some that all nodes have."""
    return reduce(frozenset.intersection, _of(nodes), among)


def _infer(node: Expr) -> Properties:
    match node:
        case Symbol() | Number() | Constant() | Size() | Named():
            return _leaf(node)
        case Neg(arg=arg):
            return _cache[arg] & (LINEAR | GROUP)
        case Add() | Hadamard() | Divide() | Power() | Compare():
            return _elementwise(node)
        case Product(factors=factors):
            found = _product(factors)
            if node.shape.dims:
                return found
            signs = found & SIGNS
            return signs | {"nonnegative"} if "semidefinite" in found else signs
        case Dot(left=left, right=right):
            squared = left is right or _mirrored(left, right)
            return frozenset({"nonnegative"}) if squared else _common((left, right), SIGNS)
        case Kron(left=left, right=right):
            return _common((left, right), LINEAR | GROUP | DEFINITE | SIGNS)
        case Transpose(arg=arg):
            return _transposed(_cache[arg])
        case Inverse(arg=arg):
            return _cache[arg] & (LINEAR | GROUP | DEFINITE) | {"invertible"}
        case Index(arg=arg):
            return _cache[arg] & SIGNS
        case Stack(items=items):
            return _common(items, SIGNS)
        case Call():
            return _call(node)
        case Apply(function=function, order=order):
            hessian = order == 2 and not function.codomain.dims and function.domain.rank == 1
            return frozenset({"symmetric"}) if hessian else NONE
        case Derivative(kind=kind, wrt=wrt):
            hessian = kind == "hessian" and wrt.shape.rank == 1
            return frozenset({"symmetric"}) if hessian else NONE
        case Einsum():
            return NONE
        case _:
            assert_never(node)


def _leaf(node: Symbol | Number | Constant | Size | Named) -> Properties:
    match node:
        case Symbol():
            return node.properties
        case Number(value=value):
            return POSITIVE if value > 0 else NONE if value else frozenset({"nonnegative"})
        case Constant() | Size():
            return POSITIVE
        case Named(value=value):
            return _cache[value]


def _elementwise(node: Add | Hadamard | Divide | Power | Compare) -> Properties:
    match node:
        case Add(terms=terms):
            return _sum(node, terms)
        case Hadamard(factors=factors):
            found = _common(factors, DEFINITE - {"invertible"} | SIGNS)
            if len(factors) % 2 == 0 and len(set(factors)) == 1:
                found |= {"nonnegative"}
            return found | (TRIANGULAR & frozenset().union(*_of(factors)))
        case Divide(numerator=above, denominator=below):
            if below.shape.dims:
                return _common((above, below), SIGNS) if "positive" in _cache[below] else NONE
            kept = _cache[above] & (LINEAR | {"invertible"})
            return kept | (_cache[above] & _scale([below]))
        case Power():
            return _power(node)
        case Compare():
            return frozenset({"nonnegative"})


def _sum(node: Add, terms: Sequence[Expr]) -> Properties:
    known = _of(terms)
    found: set[str] = set()
    if all("nonnegative" in p for p in known):
        found |= POSITIVE if any("positive" in p for p in known) else {"nonnegative"}
    if node.shape.rank == 2 and all(term.shape == node.shape for term in terms):
        found |= _common(terms, LINEAR)
        if is_symmetric(node):  # A + A'
            found.add("symmetric")
        if all("semidefinite" in p for p in known):
            found.add("spd" if any("spd" in p for p in known) else "semidefinite")
    return frozenset(found)


def _power(node: Power) -> Properties:
    base, exponent = _cache[node.base], node.exponent
    whole = isinstance(exponent, Number) and exponent.value.denominator == 1
    if node.shape.rank == 2 and not node.elementwise:
        kept = base & (LINEAR | GROUP | DEFINITE)
        nonnegative = whole and "nonnegative" in _cache[exponent]
        return kept | (base & {"nonnegative"} if nonnegative else NONE)
    one = node.shape.rank == 2 and not exponent.shape.dims
    symmetric = base & {"symmetric"} if one else NONE
    if "positive" in base:
        return POSITIVE | symmetric
    even = whole and isinstance(exponent, Number) and exponent.value % 2 == 0
    if even or ("nonnegative" in base and "nonnegative" in _cache[exponent]):
        return symmetric | {"nonnegative"}
    return symmetric


def _scale(scalars: Iterable[Expr]) -> Properties:
    """What scaling by scalars keeps of signs and definiteness."""
    found = _common(scalars, SIGNS)
    if "positive" in found:
        return SIGNS | DEFINITE
    return frozenset({"nonnegative", "semidefinite"}) if "nonnegative" in found else NONE


def _product(factors: Sequence[Expr]) -> Properties:
    scalars = [factor for factor in factors if not factor.shape.dims]
    others = [factor for factor in factors if factor.shape.dims]
    if len(others) < 2:
        kept = _cache[others[0]] & LINEAR if others else SIGNS
        positive = "positive" in _common(scalars, SIGNS)
        kept |= _cache[others[0]] & {"invertible"} if others and positive else NONE
        return kept - SIGNS | ((_cache[others[0]] if others else SIGNS) & _scale(scalars))
    found = set(_common(others, SIGNS) & _scale(scalars))
    if all(factor.shape.rank == 2 for factor in others):
        kept = _common(others, GROUP)
        found |= kept if not scalars else kept & TRIANGULAR
    found |= _congruence(others) & (_scale(scalars) | {"symmetric"})
    return frozenset(found)


def _congruence(factors: Sequence[Expr]) -> Properties:
    """B' M B: symmetric, and definite as M is, if B is invertible."""
    half, odd = divmod(len(factors), 2)
    pairs = list(zip(factors[:half], reversed(factors), strict=False))
    if not all(_mirrored(left, right) for left, right in pairs):
        return NONE
    invertible = all("invertible" in _cache[left] for left, _ in pairs)
    middle = _cache[factors[half]] if odd else DEFINITE
    if "spd" in middle and invertible:
        return DEFINITE
    return middle & {"symmetric", "semidefinite"}


def _mirrored(left: Expr, right: Expr) -> bool:
    """Whether one is the transpose of the other."""
    if isinstance(left, Transpose) and left.arg is right:
        return True
    if isinstance(right, Transpose) and right.arg is left:
        return True
    return left is right and "symmetric" in _cache[left]


def _transposed(found: Properties) -> Properties:
    swapped = {"lower": "upper", "upper": "lower"}
    return frozenset(swapped.get(name, name) for name in found - {"constant", "integer"})


def _signs(node: Call) -> Properties:
    return _common(node.args, SIGNS)


def _square(node: Call) -> bool:
    dims = node.shape.dims
    return len(dims) == 2 and dims[0] is dims[1]


def _diagonal_matrix(node: Call) -> Properties:
    if node.shape.rank != 2:
        return _signs(node) | (POSITIVE if "spd" in _cache[node.args[0]] else NONE)
    signs = _cache[node.args[0]]
    definite = {"spd"} if "positive" in signs else {"semidefinite"} & _scale(node.args)
    return frozenset({"diagonal"}) | definite | (signs & {"nonnegative"})


def _constant_matrix(node: Call) -> Properties:
    signs = POSITIVE if node.name == "ones" else frozenset({"nonnegative"})
    if not _square(node):
        return signs
    return signs | ({"semidefinite"} if node.name == "ones" else {"diagonal", "semidefinite"})


def _matrix_function(node: Call) -> Properties:
    """expm, sqrtm, logm, pinv: functions of a matrix."""
    arg = _cache[node.args[0]]
    found = arg & LINEAR
    if node.name == "expm":
        found |= DEFINITE if "symmetric" in arg else {"invertible"}
    elif node.name in {"sqrtm", "pinv"}:
        found |= arg & DEFINITE
    return found - TRIANGULAR if node.name == "pinv" else found


def _fixed(*names: str) -> Callable[[Call], Properties]:
    return lambda node: frozenset(names)  # noqa: ARG005  # the interface of the table


def _definite_sign(node: Call) -> Properties:
    return POSITIVE if "spd" in _cache[node.args[0]] else NONE


_POSITIVE_VALUED: Final = "exp cosh sigmoid softplus softmax normcdf normpdf".split()
_NONNEGATIVE_VALUED: Final = (
    "abs square sqrt relu norm norm_2 norm_nuc var std onehot_max onehot_min e".split()
)
_KEEPING_SIGNS: Final = "sum mean prod max min vec unvec hstack vstack".split()

_CALLS: Final[dict[str, Callable[[Call], Properties]]] = {
    **dict.fromkeys(_POSITIVE_VALUED, _fixed("positive")),
    **dict.fromkeys(_NONNEGATIVE_VALUED, _fixed("nonnegative")),
    **dict.fromkeys(_KEEPING_SIGNS, _signs),
    **dict.fromkeys(("expm", "sqrtm", "logm", "pinv"), _matrix_function),
    "eye": _fixed("spd", "diagonal", "orthogonal", "nonnegative"),
    "ones": _constant_matrix,
    "zeros": _constant_matrix,
    "diag": _diagonal_matrix,
    "chol": _fixed("lower", "invertible"),
    "tril": lambda node: frozenset({"lower"}) if _square(node) and len(node.args) == 1 else NONE,
    "triu": lambda node: frozenset({"upper"}) if _square(node) and len(node.args) == 1 else NONE,
    "max": lambda node: SIGNS & frozenset().union(*_of(node.args)),
    "det": _definite_sign,
    "tr": _definite_sign,
    "eigmax": _definite_sign,
    "blockdiag": lambda node: _common(node.args, LINEAR | GROUP | DEFINITE | {"nonnegative"}),
}


def _call(node: Call) -> Properties:
    known = _CALLS.get(node.name)
    found = known(node) if known is not None else NONE
    if node.name == "sqrt" and "positive" in _cache[node.args[0]]:
        found |= POSITIVE
    if node.name in ENTRY_BY_ENTRY and node.shape.rank == 2:
        found |= _cache[node.args[0]] & {"symmetric"}
    return found
