"""The operators of linear algebra as array computations.

Products are flattened into chains as far as their parts are used only there; an inverse is kept as
the matrix to solve with, a trace of a product is computed without the product.
"""

from __future__ import annotations

from typing import Final, assert_never

from matcalc.expr import build
from matcalc.expr.nodes import (
    Add,
    Dot,
    Expr,
    Inverse,
    Kron,
    Neg,
    Number,
    Power,
    Product,
    Shape,
    Transpose,
)
from matcalc.expr.properties import properties
from matcalc.plan.chain import Factor, factor
from matcalc.plan.distribute import distributed
from matcalc.plan.forms import Form, Structure, full, transposed
from matcalc.plan.values import Value, is_number
from matcalc.plan.working import Working

SHARED: Final = 6
"""Traces of products of more factors are not compared with what else is computed."""

_STRUCTURES: Final[tuple[Structure, ...]] = ("lower", "upper", "spd", "symmetric")


def linear(work: Working, node: Product | Dot | Kron | Transpose | Inverse) -> Form:
    """The form of an operator of linear algebra."""
    match node:
        case Product():
            opened = _opened(work, node)
            return work.form(opened) if opened else work.chain.multiply(_factors(work, node)).form
        case Dot(left=left, right=right):
            length = left.shape.dims[0]
            row = Factor(work.forms[left], None, length)
            return work.chain.join(row, Factor(work.forms[right], length, None)).form
        case Kron():
            return _kron(work, node)
        case Transpose(arg=arg):
            if "symmetric" in properties(arg):
                return work.forms[arg]
            return transposed(work.values, work.forms[arg], arg.shape.rank)
        case Inverse(arg=arg):
            return inverse(work, arg)
        case _:
            assert_never(node)


def inverse(work: Working, matrix: Expr) -> Form:
    """The inverse of a matrix: the matrix to solve with, or reciprocals of a diagonal."""
    form = work.forms[matrix]
    if form.kind == "diagonal":
        return Form(work.values.div(work.values.number(1), form.value), "diagonal")
    if form.kind == "inverse":
        return Form(form.value)
    return Form(work.whole(matrix), "inverse", structure(matrix))


def structure(matrix: Expr) -> Structure:
    """What is known of a matrix that matters for solving with it."""
    known = properties(matrix)
    return next((each for each in _STRUCTURES if each in known), "")


def power(work: Working, node: Power) -> Form:
    """The form of a power: of a matrix, or entry by entry."""
    values, form = work.values, work.forms[node.base]
    exponent = work.broadcast(node.exponent)
    if node.shape.rank != 2 or node.elementwise:
        return Form(values.pow(work.broadcast(node.base), exponent))
    if form.kind == "diagonal":
        return Form(values.pow(form.value, exponent), "diagonal")
    base, inverses = work.whole(node.base), _inverses(node)
    if inverses:
        base = full(values, inverse(work, node.base), node.shape.dims)
        exponent = values.number(inverses)
    if is_number(exponent, 2):
        return Form(values.matmul(base, base))
    return Form(values.make("matrix_power", (base, exponent), node.shape.dims))


def _inverses(node: Power) -> int:
    """How many inverses of its base a power of a matrix is the product of."""
    k = node.exponent
    matrix = node.shape.rank == 2 and not node.elementwise
    return -int(k.value) if matrix and isinstance(k, Number) and k.value < 0 else 0


def _opened(work: Working, node: Product) -> Expr | None:
    """A product with a sum of matrices in it, multiplied out where that is less work."""

    def known(part: Expr) -> bool:
        """Whether nothing that changes is in it; what has no form yet are ones, newly written."""
        return part not in work.forms or work.fixed(work.forms[part].value)

    fixed = known if work.fixed.any else None
    return distributed(node, lambda part: work.uses[part] == 1, work.sizes, fixed)


def _factors(work: Working, product: Product) -> list[Factor]:
    """The factors of a chain: products in it, transposed ones too, opened if used only here."""
    found: list[Factor] = []
    pending: list[tuple[Expr, bool]] = [(product, False)]
    while pending:
        node, flipped = pending.pop()
        mine = node is product or work.uses[node] == 1
        if isinstance(node, Product) and mine and (node.shape.dims or node is product):
            parts = [(part, flipped) for part in node.factors]
            pending.extend(parts if flipped else reversed(parts))
        elif isinstance(node, Transpose) and mine and isinstance(node.arg, Product):
            pending.append((node.arg, not flipped))
        elif isinstance(node, Neg) and mine:
            pending.append((node.arg, flipped))
            found.append(factor(Form(work.values.number(-1)), Shape()))
        elif isinstance(node, Power) and _inverses(node):
            one = build.inverse(node.base)
            work.forms.setdefault(one, inverse(work, node.base))
            pending.extend([(one, flipped)] * _inverses(node))
        elif flipped and "symmetric" not in properties(node):
            form = transposed(work.values, work.forms[node], node.shape.rank)
            found.append(factor(form, node.shape.transposed))
        else:
            shape = node.shape.transposed if flipped else node.shape
            found.append(factor(work.forms[node], shape))
    return found


def _kron(work: Working, node: Kron) -> Form:
    values, left, right = work.values, work.forms[node.left], work.forms[node.right]
    if left.kind == right.kind == "diagonal":
        (m,), (n,) = node.left.shape.dims[:1], node.right.shape.dims[:1]
        if not left.value.dims and not right.value.dims:
            return Form(values.mul((left.value, right.value)), "diagonal")
        parts = [full(values, Form(f.value), (d,)) for f, d in ((left, m), (right, n))]
        return Form(values.make("kron", parts, (m * n,)), "diagonal")
    sides = [work.upright(side, node.shape) for side in (node.left, node.right)]
    return Form(values.make("kron", sides, node.shape.dims))


def trace(work: Working, arg: Expr) -> Value:
    """The trace: of a product without the product, of a sum term by term, if used only here."""
    values, mine = work.values, work.uses[arg] == 1
    if isinstance(arg, Product) and mine:
        shared = _shared_trace(work, arg)
        return shared if shared is not None else work.chain.trace(_factors(work, arg))
    if isinstance(arg, Add) and mine and all(t.shape == arg.shape for t in arg.terms):
        return values.add([trace(work, term) for term in arg.terms])
    if isinstance(arg, Neg) and mine:
        return values.neg(trace(work, arg.arg))
    return work.chain.trace([factor(work.forms[arg], arg.shape)])


def _shared_trace(work: Working, arg: Product) -> Value | None:
    """tr(A X B) as the inner product of X with the rest, B A turned round, where that is
    computed anyway: it is the gradient by X."""
    factors, values = arg.factors, work.values
    if len(factors) < 3 or len(factors) > SHARED or any(f.shape.rank != 2 for f in factors):
        return None
    for i, one in enumerate(factors):
        others = [*factors[i + 1 :], *factors[:i]]
        rest = build.product(others)
        turned = build.product([build.transpose(f) for f in reversed(others)])
        for node, straight in ((turned, True), (rest, False)):
            if work.uses[node]:
                first = work.whole(one)
                work.form(node)
                other = work.whole(node) if straight else values.transpose(work.whole(node))
                return values.sum(values.mul((first, other)))
    return None
