"""How a contraction is written: as matrices where the network of its indices allows it, else as an
einsum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from matcalc.dims import Dim
from matcalc.errors import DerivationError
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Shape
from matcalc.expr.writing import multiple, negated, power, product, quotient
from matcalc.tensor.canonical import UNIT, as_constant, scaled
from matcalc.tensor.constructors import View
from matcalc.tensor.graph import IrreducibleError, reciprocal, whole_power
from matcalc.tensor.kronecker import between_triangles
from matcalc.tensor.network import Network
from matcalc.tensor.nodes import (
    Atom,
    Bound,
    Contract,
    Labels,
    Map,
    Opaque,
    Rational,
    Sum,
    Tensor,
)
from matcalc.tensor.words import is_difference, is_turned

if TYPE_CHECKING:
    from matcalc.tensor.lift import Lift

LETTERS: Final = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"


def write(lift: Lift, t: Contract, c: Rational) -> Expr:
    """c times a contraction."""
    return write_factors(lift, t.factors, t.dims, c)


def write_view(lift: Lift, t: Tensor, labels: Labels, dims: Sequence[Dim], c: Rational) -> Expr:
    """c times a view of t, expanded to dims."""
    if not isinstance(t, Contract):
        return write_factors(lift, [(t, labels)], dims, c)
    factors = [
        (f, tuple([labels[x] if x < t.rank else len(dims) + x for x in axes]))
        for f, axes in t.factors
    ]
    return write_factors(lift, factors, dims, c)


def write_factors(lift: Lift, factors: Sequence[View], dims: Sequence[Dim], c: Rational) -> Expr:
    """c times the contraction of these factors; a sign is moved into a difference where that saves
    a minus."""
    if len(factors) == 1 and not dims:
        matrix = _squared_matrix(*factors[0])
        if matrix is not None:
            turned = scaled(matrix, -1) if is_turned(matrix, lift.differences) else matrix
            return multiple(c, power(build.call(Shape(), "norm", [lift.column(turned)]), 2))
    written = _flipped(lift, factors, c)
    odd = (
        sum(k for t, k in map(whole_power, [f for f, _ in factors]) if t in written)
        if written
        else 0
    )
    sign = -1 if odd % 2 else 1
    try:
        return Network(lift, factors, dims, written).result(sign * c)
    except IrreducibleError:
        return between_triangles(lift, factors, dims, c) or _einsum(lift, factors, dims, c)


def _squared_matrix(t: Tensor, labels: Labels) -> Tensor | None:
    """X, if a factor is the square of each entry of a matrix X and all of it is summed."""
    if isinstance(t, Map) and t.fn == "pow" and t.rank == 2 and len(set(labels)) == 2:
        base, axes = t.args[0]
        if as_constant(t.args[1][0]) == 2 and axes == (0, 1):
            return base
    return None


def _flipped(lift: Lift, factors: Sequence[View], c: Rational) -> dict[Tensor, Expr]:
    """Differences among the factors that are better written the other way round: those that the
    user wrote so, and one more where that saves the minus in front, -(a - b) being b - a."""
    powers = [(*whole_power(t), len(labels)) for t, labels in factors]
    if not any(isinstance(t, Sum) for t, _, _ in powers):  # none of them is a difference
        return {}
    seen = [t for t, _, _ in powers]
    mixed = [
        t
        for t, k, rank in powers
        if is_difference(t) and k % 2 and rank <= 2 and seen.count(t) == 1
    ]
    turned = [t for t in mixed if is_turned(t, lift.differences)]
    if (c < 0) != (len(turned) % 2 == 1):
        free = [t for t in mixed if not _is_complement(t)]
        free.sort(key=lambda t: t in turned or t in lift.differences)
        if free and free[0] not in turned:
            turned.append(free[0])
        elif turned:
            turned.remove(free[0] if free else turned[0])
    total = Counter[Tensor]()
    for t, k, _ in powers:
        total[t] += k
    even = [t for t, k in total.items() if k % 2 == 0 and is_turned(t, lift.differences)]
    return {t: lift.column(scaled(t, -1)) for t in (*turned, *even)}


def _is_complement(t: Tensor) -> bool:
    """1 - f(x), f being a function: there the minus stays outside, -s (1 - s) but x (x - 1)."""
    if not isinstance(t, Sum) or len(t.terms) > 2 or all(a is not UNIT for _, a, _ in t.terms):
        return False
    others = [a for _, a, _ in t.terms if a is not UNIT]
    bases = [a.args[0][0] if isinstance(a, Map) and a.fn == "pow" else a for a in others]
    return any(
        isinstance(a, Opaque | Bound)
        or (isinstance(a, Map) and a.fn != "pow")
        or (isinstance(a, Atom) and "bound" in a.properties)
        for a in bases
    )


def _einsum(lift: Lift, factors: Sequence[View], dims: Sequence[Dim], c: Rational) -> Expr:
    """The contraction as an einsum over its factors, each written as it is; scalars in front."""
    exact = Fraction(c)
    above: list[Expr] = [build.number(abs(exact.numerator))] if abs(exact.numerator) != 1 else []
    below: list[Expr] = [build.number(exact.denominator)] if exact.denominator != 1 else []
    args: list[Expr] = []
    inputs: list[str] = []
    carried = {label for _, labels in factors for label in labels}
    letters = _letters(carried, len(dims))
    for t, labels in factors:
        base, exponent = reciprocal(t)
        if labels:
            args.append(lift.column(t))
            inputs.append("".join(letters[x] for x in labels))
        elif exponent:
            below.append(lift.raised(base, exponent))
        else:
            above.append(lift.column(t))
    for axis, dim in enumerate(dims):
        if axis not in carried:
            args.append(build.filled("ones", Shape((dim,))))
            inputs.append(letters[axis])
    output = "".join(letters[axis] for axis in range(len(dims)))
    body: Expr
    if inputs == [output]:
        body = args[0]
    elif not output and len(inputs) == 1 and len(set(inputs[0])) == len(inputs[0]):
        body = build.call(Shape(), "sum", args)
    else:
        body = build.einsum(f"{','.join(inputs)}->{output}", args)
    made = quotient(product([*above, body]), product(below) if below else None)
    return negated(made) if exact < 0 else made


def _letters(labels: Iterable[int], rank: int) -> Mapping[int, str]:
    """A letter for each index, those of the result first; DerivationError if there are too few."""
    used = sorted({*range(rank), *labels})
    if len(used) > len(LETTERS):
        raise DerivationError(f"the result needs an einsum of {len(used)} indices")
    return dict(zip(used, LETTERS, strict=False))
