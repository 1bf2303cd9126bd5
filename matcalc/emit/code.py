"""Writing and compiling code, behind one name: the modules for it are many, and most uses of the
engine do without."""

from __future__ import annotations

from matcalc.emit.compiled import compile_function
from matcalc.emit.numpy import size_keywords, source


class Code:
    """What a target offers: sizes that its code takes as keywords, source, compiled function."""

    sizes = staticmethod(size_keywords)
    source = staticmethod(source)
    compiled = staticmethod(compile_function)
