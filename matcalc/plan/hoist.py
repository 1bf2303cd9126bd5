"""What depends on bound inputs alone is computed once, before any call.

The values that a call needs and that depend on nothing but bound inputs become inputs of the plan
of a call; a plan of their own computes them.  Numbers and other ways to look at an array cost
nothing and stay where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from matcalc.dims import Dim
from matcalc.plan.operators import OPERATORS
from matcalc.plan.rebuild import rebuild
from matcalc.plan.values import ATOMIC, VIEWS, Value, Values, operands, reachable

PLACE = "constant"
"""The kind of an input that stands for a value computed before."""


class Fixed:
    """Whether a value is the same for all calls: it depends on bound inputs and sizes alone."""

    def __init__(self, bound: Collection[str], sizes: Mapping[str, int]) -> None:
        self.any = bool(bound)
        self._bound = bound
        self._sizes = sizes
        self._known: dict[Value, bool] = {}

    def __call__(self, value: Value) -> bool:
        if not self.any:
            return False
        pending = [value]
        while pending:
            top = pending[-1]
            missing = [arg for arg in top.args if arg not in self._known]
            if missing:
                pending += missing
                continue
            pending.pop()
            self._known[top] = self._own(top) and all(self._known[arg] for arg in top.args)
        return self._known[value]

    def _own(self, value: Value) -> bool:
        if value.op == "input":
            assert isinstance(value.data, tuple)
            return value.data[0] in self._bound
        if isinstance(value.data, Dim):
            return all(name in self._sizes for name in value.data.names)
        if value.op == "apply" or value.op in OPERATORS:
            return False  # the user's own is called each time; an operator costs nothing
        return all(name in self._sizes for dim in value.dims for name in dim.names)


def hoisted(
    values: Values,
    outputs: Sequence[Value],
    hints: dict[Value, str],
    fixed: Callable[[Value], bool],
) -> tuple[list[Value], dict[Value, str], dict[Value, Value]]:
    """The outputs with inputs in the place of what is fixed, and what each of these stands for."""
    order, _ = reachable(outputs)
    moving = {value for value in order if not fixed(value)}
    for value in reversed(order):  # a place holds numbers: what is boolean stays where it is used
        if value in moving:
            moving |= {arg for arg in operands(value) if arg.op == "compare"}
    wanted = dict.fromkeys(arg for value in order if value in moving for arg in operands(value))
    wanted |= dict.fromkeys(outputs)
    moved = [_base(value) for value in wanted if value not in moving]
    moved = [v for v in dict.fromkeys(moved) if v.op not in ATOMIC and not v.plain]
    places = {
        value: values.make("input", (), value.dims, (str(number), PLACE))
        for number, value in enumerate(moved)
    }
    outputs, hints = rebuild(values, outputs, hints, lambda value, _: places.get(value))
    return outputs, hints, {place: value for value, place in places.items()}


def _base(value: Value) -> Value:
    """What a value is a view of."""
    while value.op in VIEWS or value.op == "neg":
        value = value.args[0]
    return value
