"""How to write things down: the transpose, the multiple, the quotient of an expression as a
textbook prints them.  Unlike the constructors of `build`, these choose the form; unlike rules, they
never change the value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Final

from matcalc.expr import build
from matcalc.expr.entries import with_entries
from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Divide,
    Einsum,
    Expr,
    Hadamard,
    Inverse,
    Kron,
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
)

_costs: dict[Expr, int] = {}
_symmetric: dict[Named, bool] = {}
_letters: dict[Expr, int] = {}
_names: dict[Expr, int] = {}
_LIMIT: Final = 100_000
CAP: Final = 10**9
EINSUM: Final = 12
"""What an einsum costs by itself: matrix notation is preferred where there is one."""
RARE: Final = frozenset("expm_frechet logm_frechet expm_frechet2 logm_frechet2 sylvester".split())
"""Functions that are there so that derivatives can be written: a form without them is preferred."""


def cost(expr: Expr) -> int:
    """Operators and leaves of an expression as it prints; a bound name counts as one leaf."""
    return _counted(expr, _costs, _own_cost)


def letters(expr: Expr) -> int:
    """How many variables and names an expression has as it prints, each as often as it occurs."""
    return _counted(expr, _letters, lambda node, _: int(isinstance(node, Symbol | Named)))


def names(expr: Expr) -> int:
    """How many of the letters are names that the user bound."""
    return _counted(expr, _names, lambda node, _: int(isinstance(node, Named)))


def _counted(expr: Expr, known: dict[Expr, int], own: Callable[[Expr, int], int]) -> int:
    """The sum over the nodes of an expression as it prints, with what is known from before."""
    found = known.get(expr)
    if found is not None:
        return found
    if len(known) > _LIMIT:
        known.clear()
    pending = [expr]
    while pending:
        node = pending[-1]
        inner = () if isinstance(node, Named) else children(node)
        missing = [child for child in inner if child not in known]
        if missing:
            pending.extend(missing)
            continue
        known[node] = min(CAP, own(node, len(inner)) + sum(known[child] for child in inner))
        pending.pop()
    return known[expr]


def _own_cost(node: Expr, count: int) -> int:
    match node:
        case Number(value=value):
            return 1 if value.denominator == 1 else 3
        case Neg(arg=Number()) | Transpose(arg=Inverse()):
            return 0
        case Add(terms=terms):
            return count - 1 - sum(isinstance(t, Neg) and not _is_number(t) for t in terms[1:])
        case Product() | Hadamard():
            return count - 1
        case Power(base=Transpose(), elementwise=True) if node.shape.rank == 2:
            return 4
        case Power(exponent=exponent):
            return 3 if isinstance(exponent, Number) and exponent.value > 2 else 2
        case Transpose(arg=Add()) if node.shape.rank == 2:
            return 2
        case Call(name="ones") if node.shape.rank == 1:
            return 2
        case Divide(numerator=above, denominator=below):
            return 1 + _has_fraction(above) + _has_fraction(below)
        case Einsum(args=args):
            inside = [t for a in args for t in (a.terms if isinstance(a, Add) else (a,))]
            return EINSUM + sum(isinstance(t, Einsum) for t in inside)
        case Call(name="reshape"):
            return EINSUM
        case Call(name="sum", args=(Add(),), axis=None):  # preferably the sum of the terms
            return 2
        case Call(name=name) if name in RARE:
            return 3
        case _:
            return 1


def _has_fraction(expr: Expr) -> bool:
    """Whether a numerator or denominator is a sum, or a power of one, that has a fraction among its
    terms."""
    expr = expr.base if isinstance(expr, Power) else expr
    terms = expr.terms if isinstance(expr, Add) else ()
    return any(isinstance(t.arg if isinstance(t, Neg) else t, Divide) for t in terms)


def _is_number(expr: Expr) -> bool:
    return isinstance(expr, Neg) and isinstance(expr.arg, Number)


SCALAR: Final = Shape()

ENTRY_BY_ENTRY: Final = frozenset(
    "exp log sqrt abs sign sin cos tan tanh sigmoid softplus relu square recip erf".split()
)
"""Functions of one argument that act entry by entry, and so keep a symmetric matrix symmetric."""

OF_MATRICES: Final = frozenset("expm logm sqrtm pinv".split())
"""Functions of a matrix that commute with the transpose."""


@lru_cache(maxsize=_LIMIT)
def is_symmetric(expr: Expr) -> bool:
    """Whether an expression is seen to equal its transpose."""
    match expr:
        case Symbol(properties=properties):
            return bool(properties & {"symmetric", "spd", "diagonal"}) and expr.shape.rank == 2
        case Call(name="eye"):
            return True
        case Call(name="commutation", args=(m, n)):
            return m == n
        case Call(name="ones" | "zeros"):
            return expr.shape.rank == 2 and expr.shape.dims[0] == expr.shape.dims[1]
        case Apply(function=function, arg=arg) if function.elementwise:
            return expr.shape.rank == 2 and is_symmetric(arg)
        case Apply(function=function, order=2):  # the Hessian of an unknown function
            return function.domain.rank == 1 and not function.codomain.dims
        case Call(name="diag"):
            return expr.shape.rank == 2
        case Call(name=name, args=(arg,), axis=None) if name in ENTRY_BY_ENTRY | OF_MATRICES:
            return expr.shape.rank == 2 and is_symmetric(arg)
        case Named():
            return _is_symmetric_by_name(expr)
        case Inverse(arg=arg) | Neg(arg=arg):
            return is_symmetric(arg)
        case Divide(numerator=arg, denominator=below) if not below.shape.dims:
            return is_symmetric(arg)
        case Add(terms=terms) | Hadamard(factors=terms) if expr.shape.rank == 2:
            parts = [t for t in terms if t.shape.dims]
            if any(t.shape != expr.shape for t in parts):
                return False
            return Counter(map(transposed, parts)) == Counter(parts)
        case Product(factors=factors) if expr.shape.rank == 2:
            chain = [f for f in factors if f.shape.dims]
            return [transposed(f) for f in reversed(chain)] == chain
        case _:
            return False


def _is_symmetric_by_name(named: Named) -> bool:
    """The same of what a name stands for, names within it first: a program may bind hundreds, each
    by the one before, and they are not to be met one within the other."""
    found = _symmetric.get(named)
    if found is None:
        if len(_symmetric) > _LIMIT:
            _symmetric.clear()
        for node in postorder((named,), known=_symmetric):
            if isinstance(node, Named):
                _symmetric[node] = is_symmetric(node.value)
        found = is_symmetric(named.value)
    return found


@lru_cache(maxsize=_LIMIT)
def transposed(expr: Expr) -> Expr:
    """expr', with the transpose moved inwards where that is how it is written: (A b)' is b' A'."""
    if not expr.shape.dims or is_symmetric(expr):
        return expr
    match expr:
        case Transpose(arg=arg):
            return arg
        case Neg(arg=arg):
            return negated(transposed(arg))
        case Product(factors=factors):
            scalars = [f for f in factors if not f.shape.dims]
            others = [f for f in factors if f.shape.dims]
            return product([*scalars, *(transposed(f) for f in reversed(others))])
        case Divide(numerator=top, denominator=bottom) if not bottom.shape.dims:
            return build.divide(transposed(top), bottom)
        case Power(base=base, exponent=k, elementwise=elementwise) if expr.shape.rank == 2:
            turned = transposed(k) if k.shape.rank == 2 else k
            power_of = build.power(transposed(base), turned, elementwise=elementwise)
            return power_of if cost(power_of) <= cost(expr) else build.transpose(expr)
        case Kron(left=a, right=b):
            return build.kron(transposed(a), transposed(b))
        case Call(name="skew"):
            return build.neg(expr)
        case Call(name="tril" | "triu") if (triangle := _other_triangle(expr)) is not None:
            return triangle
        case Call(name="commutation", args=(m, n)):
            return build.call(expr.shape, "commutation", [n, m])
        case Inverse(arg=arg) if cost(transposed(arg)) <= cost(arg):
            return build.inverse(transposed(arg))
        case Call(name="ones" | "zeros") if expr.shape.rank == 2:
            return build.filled("ones" if expr.name == "ones" else "zeros", expr.shape.transposed)
        case Add(terms=terms) if all(t.shape in (expr.shape, SCALAR) for t in terms):
            turned = build.add([transposed(t) for t in terms])
            return turned if cost(turned) <= cost(expr) else build.transpose(expr)
        case Hadamard(factors=factors) if expr.shape.rank == 2:
            turned = build.hadamard([transposed(f) for f in factors])
            return turned if cost(turned) <= cost(expr) else build.transpose(expr)
        case Call(name="vstack" | "hstack" as stack, args=blocks) if expr.shape.rank == 2:
            other = "hstack" if stack == "vstack" else "vstack"
            turned = build.call(expr.shape.transposed, other, [transposed(b) for b in blocks])
            return turned if cost(turned) <= cost(expr) else build.transpose(expr)
        case Power(base=base, exponent=k, elementwise=True) if k.shape == SCALAR:
            return build.power(transposed(base), k, elementwise=True)
        case Call(name=name, args=(arg,), axis=None) if name in ENTRY_BY_ENTRY:
            turned = transposed(arg)
            if cost(turned) <= cost(arg) and expr.shape.rank == 2:
                return build.call(turned.shape, name, [turned])
            return build.transpose(expr)
        case _:
            return build.transpose(expr)


def _other_triangle(half: Call) -> Expr | None:
    """A transposed triangle as the other one, tril(A', k)' being triu(A, -k), where that is no
    longer."""
    arg, *offsets = half.args
    turned = transposed(arg)
    numbers = [build.number(-k.value) for k in offsets if isinstance(k, Number)]
    if len(numbers) < len(offsets) or cost(turned) > cost(arg):
        return None
    name = "triu" if half.name == "tril" else "tril"
    return build.call(half.shape.transposed, name, [turned, *numbers])


def negated(expr: Expr) -> Expr:
    """-expr without two minus signs in a row."""
    if isinstance(expr, Neg):
        return expr.arg
    if isinstance(expr, Number):
        return build.number(-expr.value)
    return build.neg(expr)


def product(factors: Sequence[Expr]) -> Expr:
    """The product of linear algebra with nested products opened and factors 1 and identities left
    out."""
    flat: list[Expr] = []
    minus = False
    for factor in factors:
        if isinstance(factor, Neg):
            minus, factor = not minus, factor.arg
        if isinstance(factor, Product) and _opens(factor):
            flat.extend(factor.factors)
        else:
            flat.append(factor)
    if minus:
        return negated(product(flat))
    kept = [f for f in flat if not (isinstance(f, Number) and f.value == 1)]
    return build.product(_powers(_triangles(with_entries(kept)))) if kept else build.number(1)


def _triangles(factors: list[Expr]) -> list[Expr]:
    """diag(u) tril(ones) diag(v) is tril(u v')."""
    for i in range(1, len(factors) - 1):
        before, middle, after = factors[i - 1 : i + 2]
        match (before, middle, after):
            case (
                Call(name="diag", args=(u,)),
                Call(name="tril" | "triu", args=(Call(name="ones"), *rest)),
                Call(name="diag", args=(v,)),
            ) if before.shape.rank == after.shape.rank == 2:
                args = [product([u, transposed(v)]), *rest]
                whole = build.call(middle.shape, middle.name, args)
                return _triangles([*factors[: i - 1], whole, *factors[i + 2 :]])
    return factors


def _powers(factors: Sequence[Expr]) -> list[Expr]:
    """X X X is X^3, and X^-1 X^-1 is X^-2."""
    result: list[Expr] = []
    for base, run in groupby(factors):
        count = len(list(run))
        square = base.shape.rank == 2 and base.shape.dims[0] == base.shape.dims[1]
        if not square or count == 1:
            result.extend([base] * count)
        elif isinstance(base, Inverse):
            result.append(build.power(base.arg, build.number(-count)))
        else:
            result.append(build.power(base, build.number(count)))
    return result


def _opens(factor: Product) -> bool:
    """Whether a product inside a product needs no brackets: not if it is a scalar made of
    vectors."""
    return bool(factor.shape.dims) or all(not f.shape.dims for f in factor.factors)


def hadamard(factors: Sequence[Expr]) -> Expr:
    """The element-wise product of columns or of matrices, nested ones opened; of scalars the
    product."""
    flat: list[Expr] = []
    for factor in factors:
        flat.extend(factor.factors if isinstance(factor, Hadamard) else (factor,))
    if all(not f.shape.dims for f in flat):
        return product(flat)
    return build.hadamard(flat)


def quotient(top: Expr, bottom: Expr | None) -> Expr:
    """top / bottom."""
    if bottom is None or (isinstance(bottom, Number) and bottom.value == 1):
        return top
    if isinstance(top, Neg):
        return build.neg(quotient(top.arg, bottom))
    return build.divide(top, bottom)


def inner(left: Expr, right: Expr) -> Expr:
    """The inner product of two columns: `a · b`, or `a' M b` where a side is a product, read from
    the end from which it is shorter."""
    if isinstance(left, Product) and not isinstance(right, Product):
        left, right = right, left
    if _is_chain(right) and not isinstance(left, Hadamard):
        ways = [product([transposed(left), right]), product([transposed(right), left])]
        return min(ways, key=cost)
    return build.dot(left, right)


def _is_chain(expr: Expr) -> bool:
    return isinstance(expr, Product) and any(f.shape.rank == 2 for f in expr.factors)


def power(base: Expr, exponent: int | Fraction) -> Expr:
    """base^exponent of a scalar, a vector or element-wise of a matrix; the root is written sqrt.

    A power of a power x^m is one power where the exponent is whole: (x^2)^(3/4) has values at
    negative x, x^(3/2) has none.
    """
    exact = Fraction(exponent)
    if exact == 1:
        return base
    if exact == Fraction(1, 2):
        return build.call(base.shape, "sqrt", [base])
    if exact.denominator == 2:
        root = build.call(base.shape, "sqrt", [base])
        return build.power(root, build.number(exact.numerator), elementwise=True)
    if (
        isinstance(base, Power)
        and exact.denominator == 1
        and base.elementwise == (base.shape.rank == 2)
        and isinstance(base.exponent, Number)
    ):
        return build.power(base.base, build.number(base.exponent.value * exact), elementwise=True)
    return build.power(base, build.number(exact), elementwise=True)


def multiple(c: int | Fraction, expr: Expr) -> Expr:
    """c times an expression: the numerator in front, the denominator below."""
    if c == 1:
        return expr
    if c < 0:
        return negated(multiple(-c, expr))
    if isinstance(expr, Divide):  # 3 / (2 x), not (3/2) (1 / x)
        above = multiple(c.numerator, expr.numerator)
        below = product([build.number(c.denominator), expr.denominator])
        return build.divide(above, below)
    top = expr if c.numerator == 1 else product([build.number(c.numerator), expr])
    return quotient(top, build.number(c.denominator))
