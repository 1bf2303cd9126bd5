"""A budget of time for work whose amount an input decides.

`limited(seconds)` sets it for a block of code in this thread, and `tick()` is called wherever there
may be much work: as nodes are made, as constraints are settled.  When it is used up there is a
clear error, and nothing is kept that could change a later answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from time import monotonic
from typing import Any, Final, TypeVar, cast

from matcalc.errors import InputError, LimitError

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT: Final = 10.0
"""Seconds that a derivation may take unless it is told otherwise."""

EVERY: Final = 64
"""The clock is looked at once in so many ticks."""

DIGITS: Final = 4000
"""Numbers of more digits are refused."""

_BITS: Final = DIGITS * 3322 // 1000


class _State(threading.local):
    deadline: float | None = None
    seconds: float = 0.0
    count: int = 0


_state: Final = _State()


@contextmanager
def limited(seconds: float | None) -> Iterator[None]:
    """At most so many seconds for a block; a block around it that ends earlier still does."""
    if seconds is not None and not (_is_number(seconds) and seconds > 0):
        raise InputError(
            "a limit is a number of seconds, greater than 0, or None for no limit",
            found=repr(seconds),
            suggestion="limit=10.0",
        )
    before = _state.deadline, _state.seconds
    if seconds is not None:
        deadline = monotonic() + seconds
        if before[0] is None or deadline < before[0]:
            _state.deadline, _state.seconds = deadline, seconds
    try:
        yield
    finally:
        _state.deadline, _state.seconds = before


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def tick() -> None:
    """Count a piece of work; LimitError if the time is used up."""
    _state.count += 1
    if _state.count % EVERY == 0 and _state.deadline is not None:
        look()


def look() -> None:
    """LimitError if the time is used up; for what takes longer than looking at the clock."""
    deadline = _state.deadline
    if deadline is not None and monotonic() > deadline:
        raise LimitError(
            f"this takes more than {_state.seconds:g} s",
            suggestion="a higher limit= (--limit), or names for parts of the expression",
        )


def within_limit(function: F) -> F:
    """A function whose work is within its keyword `limit`."""

    @wraps(function)
    def within(*args: Any, **kwargs: Any) -> Any:
        with limited(kwargs.get("limit", DEFAULT)):
            return function(*args, **kwargs)

    return cast(F, within)


def bounded(method: F) -> F:
    """A method whose work is within the `limit` of its object."""

    @wraps(method)
    def within(self: Any, *args: Any, **kwargs: Any) -> Any:
        with limited(self.limit):
            return method(self, *args, **kwargs)

    return cast(F, within)


def check_digits(bits: int) -> None:
    """LimitError for a number of so many binary digits, if that is too many."""
    if bits > _BITS:
        raise LimitError(
            f"a number of more than {DIGITS} digits",
            suggestion="a name for it, whose value is given",
        )
