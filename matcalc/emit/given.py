"""Unknown functions as the caller gives them: the function and its derivatives, [f, f_1, f_2]."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matcalc.emit.function import Emitted
from matcalc.errors import InputError
from matcalc.expr.nodes import Function


def check_functions(
    emitted: Emitted, functions: Sequence[Function], given: Mapping[str, object]
) -> None:
    """An InputError if an unknown function that the source calls is not given."""
    used = {f for f, _, _ in emitted.functions}
    for function in functions:
        if function.name in used and function.name not in given:
            raise missing_function(function.name, emitted)


def missing_function(name: str, emitted: Emitted) -> InputError:
    """What is wanted of a function, and how it is given."""
    orders = [order for f, order, _ in emitted.functions if f == name]
    wanted = ", ".join([name, f"{name}_1", f"{name}_2", f"{name}_3"][: max(orders) + 1])
    return InputError(
        f"the unknown function {name} is needed as Python code",
        expected=f"the function and its derivatives up to order {max(orders)}",
        suggestion=f'functions={{"{name}": [{wanted}]}}',
    )


def implementation(
    name: str, order: int, given: Mapping[str, Sequence[Callable[..., Any]]], emitted: Emitted
) -> Callable[..., Any]:
    """The derivative of an order of a function, as it was given; InputError if it was not."""
    found = given.get(name)
    listed = [found] if callable(found) else list(found or ())
    if len(listed) <= order:
        raise missing_function(name, emitted)
    return listed[order]
