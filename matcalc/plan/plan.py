"""A plan: the assignments by which some expressions are computed, each with its cost.

Expressions become array computations (`build`) after the evaluation rules of the book have been
applied (`rules`); passes over these follow, each in a file of its own.  What several outputs need
is one value.  A target prints the steps; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Expr
from matcalc.plan.batch import Batch, batch
from matcalc.plan.buffers import reused
from matcalc.plan.build import Builder
from matcalc.plan.cost import flops
from matcalc.plan.factorise import factorised
from matcalc.plan.hoist import Fixed, hoisted
from matcalc.plan.provider import one_provider
from matcalc.plan.rules import rewritten
from matcalc.plan.small import small_products
from matcalc.plan.structured import Finder
from matcalc.plan.values import ATOMIC, VIEWS, Value, operands, reachable


@dataclass(frozen=True, slots=True)
class Step:
    """An assignment: a value that is used more than once, or that the user has named."""

    value: Value
    name: str


@dataclass(frozen=True)
class Plan:
    """All values that the outputs need, operands first; `steps` says which of them are assigned,
    `batch` along which axis rows are computed in blocks, `buffers` which operations write their
    result over which operand.

    Where inputs are bound, the plan `before` computes once what depends on them alone: each of its
    outputs stands here as one of the inputs `places`.
    """

    outputs: tuple[Value, ...]
    values: tuple[Value, ...]
    steps: Mapping[Value, Step]
    batch: Batch | None
    buffers: Mapping[Value, Value] = field(default_factory=dict)
    places: tuple[Value, ...] = ()
    before: Plan | None = None

    def cost(self, sizes: Mapping[str, int] | None = None) -> float:
        """Floating-point operations, for given sizes or typical ones."""
        return sum(flops(value, sizes or {}) for value in self.values)


def plan(
    roots: Sequence[Expr | AsMatrix],
    *,
    sizes: Mapping[str, int] | None = None,
    native: Collection[str] = (),
    factors: bool = True,
    masks: bool = True,
    provider: bool = True,
    blocks: bool = True,
    bound: Collection[str] = (),
) -> Plan:
    """The plan of some expressions.

    sizes   Sizes of dimension names, where they are known: they decide the order of products, and
            whether rows are computed in blocks.
    native  Functions that the target computes well by itself: they are not taken apart.
    factors Whether the target can solve with LU and Cholesky factors.
    masks   Whether the rows that an indicator leaves may be selected.
    provider Whether large products go to the library that has the factors, and small ones by `dot`.
    blocks  Whether rows may be computed in blocks, and arrays that are dead be written over.
    bound   Inputs that are the same for all calls: what depends on them alone costs nothing.
    Raises  DerivationError for a function that the rule book does not know.
    """
    fixed = Fixed(frozenset(bound), sizes or {})
    exprs = [root.root if isinstance(root, AsMatrix) else root for root in roots]
    builder = Builder(rewritten(exprs, native), sizes or {}, fixed, masks)
    outputs, hints = _structured(builder, roots), builder.hints
    if factors:
        outputs, hints = factorised(builder.values, outputs, hints, fixed)
    if provider and sizes:
        outputs, hints = one_provider(builder.values, outputs, hints, sizes)
    places: dict[Value, Value] = {}
    inner, names = outputs, hints
    if bound:
        inner, names, places = hoisted(builder.values, outputs, hints, fixed)
    if provider and sizes:
        inner, names = small_products(builder.values, inner, names, sizes)
    made = _planned(inner, names, sizes or {}, blocks)
    before = _planned(list(places.values()), hints, {}, False) if places else None
    return replace(made, places=tuple(places), before=before)


def _planned(
    outputs: Sequence[Value], hints: Mapping[Value, str], sizes: Mapping[str, int], blocks: bool
) -> Plan:
    """The plan of values: those used more than once, or named, are assigned."""
    order, uses = reachable(outputs)
    steps = {
        value: Step(value, hints.get(value, ""))
        for value in order
        if value.op not in ATOMIC and (value in hints or (uses[value] > 1 and not _view(value)))
    }
    axis = batch(order, outputs, sizes) if sizes and blocks else None
    buffers = reused(order, outputs, hints, sizes) if sizes and blocks and axis is None else {}
    return Plan(tuple(outputs), tuple(order), steps, axis, buffers)


def _structured(builder: Builder, roots: Sequence[Expr | AsMatrix]) -> list[Value]:
    """The outputs, those that are to keep their structure as operators."""
    if not any(isinstance(root, AsMatrix) for root in roots):
        return builder.outputs
    find = Finder(builder.values, builder.forms, builder.whole)
    return [
        find.result(expr, root) if isinstance(root, AsMatrix) else output
        for root, expr, output in zip(roots, builder.roots, builder.outputs, strict=True)
    ]


def _view(value: Value) -> bool:
    """Whether a value is another way to look at an input."""
    return value.op in VIEWS and all(arg.op in ATOMIC for arg in operands(value))
