"""Symbolic matrix calculus: gradients, Jacobians and Hessians as a mathematician would write them.

    from matcalc import derive, parse

    d = derive("sum(max(0, X w + b))", wrt="w", shapes={"X": "m×n"})
    print(d)                       # the derivative, as text
    f = d.function("numpy")        # a compiled NumPy function

The engine is loaded when one of these names is first used: `import matcalc` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matcalc.api import derive, from_sympy, parse
    from matcalc.errors import DerivationError, InputError, LimitError, MatcalcError
    from matcalc.expression import Expression
    from matcalc.result import Derivation

__all__ = [
    "Derivation",
    "DerivationError",
    "Expression",
    "InputError",
    "LimitError",
    "MatcalcError",
    "derive",
    "from_sympy",
    "parse",
]
__version__ = "0.1.0"

_HOMES = {
    "Derivation": "matcalc.result",
    "derive": "matcalc.api",
    "from_sympy": "matcalc.api",
    "parse": "matcalc.api",
    "Expression": "matcalc.expression",
    "DerivationError": "matcalc.errors",
    "InputError": "matcalc.errors",
    "LimitError": "matcalc.errors",
    "MatcalcError": "matcalc.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'matcalc' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext matcalc` in Jupyter: the magics %matcalc and %%matcalc."""
    import_module("matcalc.magics").load(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
