"""Element-wise functions, and among them powers, the one that the canonical form itself
understands."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matcalc.dims import Dim
from matcalc.tensor.constructors import Constructors, Fn, View, expanded, power, scaled
from matcalc.tensor.leaves import (
    as_constant,
    constant,
    primitive_part,
    rational,
    rational_power,
    rational_root,
    zeros,
)
from matcalc.tensor.nodes import (
    Contract,
    Delta,
    Embed,
    Group,
    Labels,
    Map,
    Mask,
    OneHot,
    Rational,
    Sum,
    Tensor,
    Value,
    intern,
)
from matcalc.tensor.regroup import common_make
from matcalc.tensor.signs import is_nonnegative, is_positive
from matcalc.tensor.sums import normal_view
from matcalc.tensor.traits import AT_ONE, AT_ZERO, DEGREE, EVEN, IDEMPOTENT, ODD


def apply_map(make: Constructors, fn: Fn, args: Sequence[View], dims: tuple[Dim, ...]) -> Tensor:
    """An element-wise function of views, broadcast to dims."""
    views = [normal_view(make, t, labels) for t, labels in args]
    value = _value(fn, views)
    if value is not None:
        return constant(value, dims)
    reduced = _without_factor(make, fn, views, dims)
    if reduced is not None:
        return reduced
    carried = sorted({i for _, labels in views for i in labels})
    if len(carried) < len(dims):
        inner = {label: i for i, label in enumerate(carried)}
        small = [(t, tuple([inner[i] for i in labels])) for t, labels in views]
        result = apply_map(make, fn, small, tuple(dims[i] for i in carried))
        return expanded(make, (result, tuple(carried)), dims)
    if fn == "pow":
        return _power(make, views, dims)
    if fn in ("max", "min") and views[0] == views[1]:
        return expanded(make, views[0], dims)
    return _map_node(make, fn, views, dims)


def _value(fn: Fn, views: Sequence[View]) -> int | None:
    """f(0) or f(1), where that is a whole number."""
    if len(views) != 1 or not isinstance(fn, str):
        return None
    place = as_constant(views[0][0])
    return AT_ZERO.get(fn) if place == 0 else AT_ONE.get(fn) if place == 1 else None


def _without_factor(
    make: Constructors, fn: Fn, views: Sequence[View], dims: tuple[Dim, ...]
) -> Tensor | None:
    """tanh(-x) is -tanh(x), cos(-x) is cos(x), abs(2 x) is 2 abs(x): a number that all terms of
    the argument share, as far as it leaves the function."""
    if fn not in DEGREE and fn not in ODD and fn not in EVEN:
        return None
    t, labels = views[0]
    if not isinstance(t, Sum) or not t.terms:
        return None
    size = abs(Fraction(primitive_part(t)[0]))
    negative = all(c < 0 for c, _, _ in t.terms) and (fn in ODD or fn in EVEN)
    degree = DEGREE.get(fn) if isinstance(fn, str) else None
    inside = (-1 if negative else 1) * (Fraction(1) if degree is None else size)
    if inside == 1 or as_constant(t) is not None:
        return None
    turned = scaled(make, t, rational(1 / inside))
    if negative and isinstance(turned, Sum) and all(c < 0 for c, _, _ in turned.terms):
        return None  # A - A' has no sign of its own
    bare = apply_map(make, fn, [(turned, labels)], dims)
    outside = (-1 if negative and fn in ODD else 1) * (size if degree == 1 else Fraction(1))
    return scaled(make, bare, rational(outside))


def _map_node(make: Constructors, fn: Fn, views: Sequence[View], dims: tuple[Dim, ...]) -> Tensor:
    """The function as a node; of regrouped axes it is regrouped."""
    makes = common_make(views, len(dims))
    if makes is None:
        return intern(Map, dims, fn, tuple(views))
    sizes, inner = makes
    axes = tuple(range(len(inner)))
    args = [(t.arg, axes) if isinstance(t, Group) else (t, labels) for t, labels in views]
    return make.group(apply_map(make, fn, args, inner), sizes)


def _power(make: Constructors, views: Sequence[View], dims: tuple[Dim, ...]) -> Tensor:
    (base, labels), (exponent, _) = views
    k = as_constant(exponent)
    if k is None:
        return _power_by_name(make, views, dims)
    if k == 0:
        return constant(1, dims)
    if k == 1 or (k > 0 and _is_idempotent(base, k)):
        return expanded(make, (base, labels), dims)
    number = as_constant(base)
    if number is not None and isinstance(k, int) and (number != 0 or k > 0):
        return constant(rational_power(number, k), dims)
    made: Tensor | None = None
    if isinstance(base, Map):
        made = _power_of_power(make, base, labels, k, dims)
    elif isinstance(base, Sum):
        made = _power_of_stack(make, base, labels, k)
        if made is None:
            made = _power_of_sum(make, base, labels, k, dims)
    elif isinstance(base, Contract):
        made = _power_of_product(make, base, labels, k, dims)
    return made if made is not None else _map_node(make, "pow", views, dims)


def _power_by_name(make: Constructors, views: Sequence[View], dims: tuple[Dim, ...]) -> Tensor:
    """A power whose exponent is not a number; (x^m)^k is x^(m k) for an x that is not negative."""
    (base, labels), (exponent, at) = views
    if as_constant(base) == 1:
        return constant(1, dims)
    if isinstance(base, Map) and base.fn == "pow" and not (at or base.args[1][1]):
        (t, axes), (inner, _) = base.args
        if is_nonnegative(t):
            total = make.contract([(inner, ()), (exponent, ())], ())
            view = (t, tuple([labels[i] for i in axes]))
            return apply_map(make, "pow", [view, (total, ())], dims)
    if not at and _is_dimension(exponent):
        made = _power_by_dimension(make, base, labels, exponent, dims)
        if made is not None:
            return made
    return _map_node(make, "pow", views, dims)


def _is_dimension(exponent: Tensor) -> bool:
    """Whether a number is whole whatever the shapes: a polynomial in dimensions."""
    match exponent:
        case Value(what=what):
            return isinstance(what, Dim)
        case Sum(terms=terms):
            return all(isinstance(c, int) and _is_dimension(t) for c, t, _ in terms)
        case Contract(factors=factors):
            return all(_is_dimension(t) for t, _ in factors)
        case _:
            return False


def _power_by_dimension(
    make: Constructors, base: Tensor, labels: Labels, exponent: Tensor, dims: tuple[Dim, ...]
) -> Tensor | None:
    """(a b)^n is a^n b^n, (t^k)^n is t^(k n), (c t)^n is c^n t^n, for whole k and n and a number c;
    a sum keeps its sign."""

    def raised(t: Tensor, axes: Sequence[int], n: Tensor) -> View:
        made = power(make, t, n)
        return made, tuple([labels[i] for i in axes])

    parts: list[View] = []
    match base:
        case Contract(factors=factors):
            if any(i >= base.rank for _, axes in factors for i in axes):
                return None
            parts = [raised(t, axes, exponent) for t, axes in factors]
        case Map(fn="pow", args=((t, axes), (inner, ()))) if isinstance(as_constant(inner), int):
            parts = [raised(t, axes, make.contract([(inner, ()), (exponent, ())], ()))]
        case Sum() if as_constant(base) is not None:
            return _sign(make, exponent, dims) if as_constant(base) == -1 else None
        case Sum() if len(base.terms) == 1:
            number, t, axes = base.terms[0]
            parts = [raised(constant(number), (), exponent), raised(t, axes, exponent)]
        case Sum() if base.terms:
            content, primitive = primitive_part(base)
            count = abs(Fraction(content))
            if count == 1:
                return None
            sign = 1 if content > 0 else -1
            own = scaled(make, primitive, sign)
            parts = [raised(constant(count), (), exponent), raised(own, range(base.rank), exponent)]
        case _:
            return None
    return make.contract(parts, range(len(dims)), dict(enumerate(dims)))


def _sign(make: Constructors, exponent: Tensor, dims: tuple[Dim, ...]) -> Tensor | None:
    """(-1)^(m + 2 n) is (-1)^m."""
    if not isinstance(exponent, Sum) or all(abs(c) == 1 for c, _, _ in exponent.terms):
        return None
    terms = [(c if abs(c) == 1 else c % 2, t, axes) for c, t, axes in exponent.terms]
    rest = make.add(terms, ())
    return apply_map(make, "pow", [(constant(-1), ()), (rest, ())], dims)


def _is_idempotent(base: Tensor, k: Rational) -> bool:
    """Whether every entry is 0 or 1, so that a positive power is the base itself."""
    if isinstance(base, Map):
        return base.fn in IDEMPOTENT and isinstance(k, int)
    return isinstance(base, Delta | Mask | OneHot | Embed)


def _power_of_power(
    make: Constructors, base: Map, labels: Labels, k: Rational, dims: tuple[Dim, ...]
) -> Tensor | None:
    """(x^m)^k is x^(m k) for a whole k, or an x that is not negative and a number m."""
    if base.fn != "pow" or base.args[1][1]:
        return None
    (t, axes), (exponent, _) = base.args
    if not isinstance(k, int) and not is_nonnegative(t):
        return None
    total = scaled(make, exponent, k)
    return apply_map(make, "pow", [(t, tuple([labels[i] for i in axes])), (total, ())], dims)


def _power_of_product(
    make: Constructors, base: Contract, labels: Labels, k: Rational, dims: tuple[Dim, ...]
) -> Tensor | None:
    """(a b)^k is a^k b^k for a whole k, or positive a and b, if nothing is summed."""
    if any(i >= base.rank for _, axes in base.factors for i in axes):
        return None
    if not isinstance(k, int) and not all(is_positive(f) for f, _ in base.factors):
        return None
    powers = [(power(make, f, constant(k)), [labels[i] for i in axes]) for f, axes in base.factors]
    return make.contract(powers, range(len(dims)), dict(enumerate(dims)))


def _power_of_stack(make: Constructors, base: Sum, labels: Labels, k: Rational) -> Tensor | None:
    """A whole power of blocks one under the other is the blocks' powers one under the other."""
    if labels != (0,) or not isinstance(k, int) or k < 1 or len(base.terms) < 2:
        return None
    terms = []
    places = set()
    for c, t, axes in base.terms:
        factors = t.factors if isinstance(t, Contract) and axes == (0,) else ()
        put = [(f, x) for f, x in factors if isinstance(f, Embed) and x[0] == 0 and x[1] > 0]
        rest = [view for view in factors if view not in put]
        if len(put) != 1 or any(0 in x for _, x in rest):
            return None
        (whole, where) = put[0]
        places.add(whole.offset if isinstance(whole, Embed) else None)
        part = make.contract(rest, (where[1],), {where[1]: whole.dims[1]})
        raised = power(make, part, constant(k))
        block = make.contract([(whole, (0, 1)), (raised, (1,))], (0,))
        terms.append((rational_power(c, k), block, (0,)))
    return make.add(terms, base.dims) if len(places) == len(terms) else None


def _power_of_sum(
    make: Constructors, base: Sum, labels: Labels, k: Rational, dims: tuple[Dim, ...]
) -> Tensor | None:
    """(c t)^k is c^k t^k where that is true and rational."""
    if not base.terms:
        return zeros(dims) if k > 0 else None
    axes = tuple(range(base.rank))
    if len(base.terms) == 1:
        content, t, axes = base.terms[0]
    else:
        content, t = primitive_part(base)
    if content == 1:
        return None
    root = rational_power(content, k) if isinstance(k, int) else rational_root(content, k)
    if root is None:
        return None
    view = (t, tuple([labels[i] for i in axes]))
    raised = apply_map(make, "pow", [view, (constant(k), ())], dims)
    return make.contract([(raised, range(len(dims)))], range(len(dims)), coefficient=root)
