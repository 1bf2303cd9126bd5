"""Which arcs of the language's code an input runs through: pairs of lines, one after the other.

A trace function that follows the frames of matcalc/language alone: it works on every Python that
matcalc supports and needs no library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import matcalc.language

FOLDER: Final = str(Path(matcalc.language.__file__).parent)

Arc = tuple[CodeType, int, int]
"""A code object, the line that was run before (0: none yet), and the line that is run."""


class Arcs:
    """Records the arcs of what runs within `recorded()`, in the code of a folder."""

    def __init__(self, folder: str = FOLDER) -> None:
        self.found: set[Arc] = set()
        self._folder = folder
        self._mine: dict[CodeType, bool] = {}

    @contextmanager
    def recorded(self) -> Iterator[set[Arc]]:
        """The arcs of the block, as they are found."""
        self.found = set()
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield self.found
        finally:
            sys.settrace(before)

    def _called(self, frame: FrameType, _event: str, _: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        mine = self._mine.get(code)
        if mine is None:
            mine = self._mine[code] = code.co_filename.startswith(self._folder)
        if not mine:
            return None
        found, last = self.found, 0

        def line(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
            nonlocal last
            if event == "line":
                found.add((code, last, frame.f_lineno))
                last = frame.f_lineno
            return line

        return line
