"""What a random input for expressions has to provide: variables, functions, index ranges, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final

from matcalc.dims import Dim
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Function, Shape, Symbol

OF_SYMMETRIC: Final = frozenset("chol eigmax eigmin eigvals eigvecs eigvecmax eigvecmin".split())
LARGEST: Final = 2**22
"""Arrays of more entries are not made for a check."""
LARGER: Final = (0, 3, 21)
SHIFTS: Final = ((0, 1), (1, 1), (3, 1), (1, 2), (0, 6))  # what is added, then multiplied


@dataclass
class Plan:
    """What has to be sampled."""

    expressions: tuple[Expr, ...]
    symbols: dict[str, Symbol] = field(default_factory=dict)
    unknown: dict[str, Function] = field(default_factory=dict)
    ranges: dict[str, list[Dim]] = field(default_factory=dict)  # of a name used as an index
    shapes: dict[Shape, None] = field(default_factory=dict)
    dims: dict[Dim, None] = field(default_factory=dict)
    symmetric: list[Expr] = field(default_factory=list)  # arguments that have to be symmetric


def plan_of(expressions: Sequence[Expr], symbols: Iterable[Symbol]) -> Plan:
    """What the expressions, and the further symbols, need."""
    plan = Plan(tuple(expressions), {symbol.name: symbol for symbol in symbols})
    for node in nodes.postorder(plan.expressions):
        plan.shapes[node.shape] = None
        match node:
            case Symbol(name=name) as symbol:
                plan.symbols.setdefault(name, symbol)
            case nodes.Derivative(wrt=Symbol(name=name) as symbol):
                plan.symbols.setdefault(name, symbol)
            case nodes.Size(dim=dim):
                plan.dims[dim] = None
            case nodes.Apply(function=function):
                plan.unknown[function.name] = function
                dims = function.domain.dims + function.codomain.dims
                plan.dims.update(dict.fromkeys(dims))
            case nodes.Index(arg=arg, indices=indices):
                for index, dim in zip(indices, arg.shape.dims, strict=True):
                    if isinstance(index, Symbol):
                        plan.ranges.setdefault(index.name, []).append(dim)
            case nodes.Call(name="e", args=(Symbol(name=name), _)):
                plan.ranges.setdefault(name, []).append(node.shape.dims[0])
            case nodes.Call(name=name, args=(arg,)) if name in OF_SYMMETRIC:
                plan.symmetric.append(arg)
            case _:
                pass
    for symbol in plan.symbols.values():
        plan.shapes[symbol.shape] = None
    for shape in plan.shapes:
        plan.dims.update(dict.fromkeys(shape.dims))
    return plan


def sizes_for(
    plan: Plan, given: Mapping[str, int], smallest: int, turned: bool
) -> Iterator[dict[str, int]]:
    """Small, distinct sizes for the dimension names: in one order, the other, and larger ones."""
    names = sorted({name for dim in plan.dims for name in dim.names} - set(given), reverse=turned)
    starts = [smallest + more for more in (LARGER if names else LARGER[:1])]
    for start in starts:
        for order in (names, names[::-1])[: max(1, len(names))]:
            for shift, scale in SHIFTS:
                chosen = {name: (start + k + shift) * scale for k, name in enumerate(order)}
                chosen.update(given)
                if fits(plan, chosen):
                    yield chosen
                    break


def fits(plan: Plan, sizes: Mapping[str, int]) -> bool:
    """Whether all dimensions are whole numbers, and no array of the expressions is too large."""
    try:
        large = any(
            prod(dim.evaluate(sizes) for dim in shape.dims) > LARGEST for shape in plan.shapes
        )
        return not large and all(dim.evaluate(sizes) > 0 for dim in plan.dims)
    except ValueError:
        return False
