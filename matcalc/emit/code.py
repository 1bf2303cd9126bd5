"""Writing and compiling code, behind one name: the modules for it are many, and most uses of the
engine do without."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from matcalc.emit.compiled import compile_function
from matcalc.emit.numpy import size_keywords, source


class Code:
    """What a target offers: sizes that its code takes as keywords, source, compiled function."""

    sizes = staticmethod(size_keywords)
    source = staticmethod(source)
    compiled = staticmethod(compile_function)

    @staticmethod
    def library_function(target: str) -> Callable[..., Callable[..., Any]]:
        """What compiles functions of arrays of another library than NumPy; loads it."""
        from matcalc.emit.library_function import library_function

        return partial(library_function, target)
