"""Values rebuilt from their operands upwards: what every pass over a finished plan is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matcalc.plan.values import Value, Values, reachable

Rewrite = Callable[[Value, tuple[Value, ...]], Value | None]


def rebuild(
    values: Values, outputs: Sequence[Value], hints: dict[Value, str], rewrite: Rewrite
) -> tuple[list[Value], dict[Value, str]]:
    """The outputs with `rewrite(value, new operands)` in the place of values that it has an answer
    for, and the names that the user gave to values, of those that stand for them now."""
    done: dict[Value, Value] = {}
    for value in reachable(outputs)[0]:
        args = tuple(done.get(arg, arg) for arg in value.args)
        made = rewrite(value, args)
        if made is None:
            made = (
                value if args == value.args else values.make(value.op, args, value.dims, value.data)
            )
        done[value] = made
    names = {done[value]: name for value, name in hints.items() if value in done}
    return [done[value] for value in outputs], names
