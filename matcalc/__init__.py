"""Symbolic matrix calculus: gradients, Jacobians and Hessians as a mathematician would write them.

from matcalc import derive, parse

d = derive("sum(max(0, X w + b))", wrt="w", shapes={"X": "m×n"})
print(d)                       # the derivative, as text
f = d.function("numpy")        # a compiled NumPy function
"""

from matcalc.derive import Derivation, derive, parse
from matcalc.errors import DerivationError, InputError, MatcalcError
from matcalc.expression import Expression

__all__ = [
    "Derivation",
    "DerivationError",
    "Expression",
    "InputError",
    "MatcalcError",
    "derive",
    "parse",
]
__version__ = "0.1.0"
