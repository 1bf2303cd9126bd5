"""Sizes that a function uses: which it needs, and the statements that read them off its arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matcalc.dims import Dim
from matcalc.emit.pysource import dimension
from matcalc.expr.nodes import Symbol
from matcalc.plan.functions import Called
from matcalc.plan.plan import Plan
from matcalc.plan.sizes import Source


def dimension_names(made: Plan, inputs: Sequence[Symbol]) -> list[str]:
    """The names of dimensions that a plan of some inputs can mean."""
    names = {name for s in inputs for dim in s.shape.dims for name in dim.names}
    for value in (*made.values, *(made.before.values if made.before else ())):
        names.update(name for dim in value.dims for name in dim.names)
        if isinstance(value.data, Dim):
            names.update(value.data.names)
        if isinstance(value.data, Called):
            names.update(name for _, dim in value.data.sizes for name in dim.names)
    return sorted(names)


def needed(used: Iterable[str], known: Mapping[str, Source]) -> list[str]:
    """The sizes used, each after those that it is computed from."""
    order: list[str] = []
    for name in used:
        if name in known:
            order += [n for n in needed(sorted(known[name].rest.names), known) if n not in order]
        if name not in order:
            order.append(name)
    return order


def size_lines(
    wanted: Sequence[str],
    known: Mapping[str, Source],
    names: Mapping[str, str],
    sizes: Mapping[str, str],
) -> list[str]:
    """`m, n = X.shape` where both are needed, else `n = x.shape[0]`."""
    lines: list[str] = []
    done: set[str] = set()
    for name in wanted:
        if name in done or name not in known:
            continue
        origin = known[name]
        dims = origin.symbol.shape.dims
        partners = [d.name for d in dims]
        python = names[origin.symbol.name]
        whole = len(dims) > 1 and len(set(partners)) == len(dims)
        if whole and all(p in wanted and p not in done for p in partners):
            lines.append(f"{', '.join(sizes[p] for p in partners if p)} = {python}.shape")
            done.update(p for p in partners if p)
            continue
        text = f"{python}.shape[{origin.axis}]"
        if origin.rest.terms:
            text = f"{text} - {dimension(origin.rest, sizes).text}".replace("- -", "+ ")
            text = f"({text})" if origin.factor != 1 else text
        if origin.factor != 1:
            above, below = origin.factor.denominator, origin.factor.numerator
            text += f" * {above}" if above != 1 else ""
            text += f" // {below}" if below != 1 else ""
        lines.append(f"{sizes[name]} = {text}")
        done.add(name)
    return lines
