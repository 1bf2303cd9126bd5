"""A limit of time for what may not end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeIsUp(BaseException):
    """The time of a block is used up; no handler of ordinary exceptions is to catch it."""


@contextmanager
def within(seconds: float, of_processor: bool = False) -> Iterator[None]:
    """TimeIsUp in a block that takes longer, in the main thread of a process.

    In time of the processor other work on the machine does not count.
    """

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeIsUp

    clock, rings = signal.ITIMER_REAL, signal.SIGALRM
    if of_processor:
        clock, rings = signal.ITIMER_PROF, signal.SIGPROF
    before = signal.signal(rings, ring)
    signal.setitimer(clock, seconds)
    try:
        yield
    finally:
        signal.setitimer(clock, 0)
        signal.signal(rings, before)
