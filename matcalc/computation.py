"""What code is written for: outputs computed from variables, as source and as a compiled function.

`Expression` and `Derivation` both hand theirs in here, so that what code can be asked for is said
once.  The modules that write code are loaded when it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matcalc.emit.targets import target_named
from matcalc.errors import InputError
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Expr, Symbol, unknown_functions

if TYPE_CHECKING:
    from matcalc.emit.code import Code

Implementations = Mapping[str, Sequence[Callable[..., Any]]]
"""Of an unknown function f its value and derivatives, {"f": [f, f_1, f_2]}."""


@dataclass(frozen=True)
class Computation:
    """A function of variables that returns outputs: nested tuples, or the one that is `single`."""

    name: str
    outputs: Sequence[Any]
    variables: tuple[Symbol, ...]
    doc: str = ""
    single: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what it takes: variables, then the sizes that no variable carries."""
        names = tuple(symbol.name for symbol in self.variables)
        sizes = _backend().sizes(self.outputs, self.variables)
        return names + tuple(name for name in sizes if name not in names)

    def source(self, target: str) -> str:
        """The source of the function; InputError for an unknown target."""
        return _backend().source(
            self.name,
            self.outputs,
            self.variables,
            doc=self.doc,
            single=self.single,
            target=self._target(target),
        )

    def compiled(
        self,
        target: str,
        functions: Implementations | None = None,
        bind: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> Callable[..., Any]:
        """The function; InputError for an unknown target, functions that are not given, or values
        to bind that do not fit."""
        target = self._target(target)
        unknown = unknown_functions(tuple(_leaves(self.outputs)))
        asked = self.name, self.outputs, self.variables, unknown, self.doc, self.single, functions
        if target == "numpy":
            return _backend().compiled(*asked, bind, check)
        if bind is not None:
            raise InputError(f"inputs are bound for NumPy alone, and the target is {target}")
        return _backend().library_function(target)(*asked)

    def _target(self, name: str) -> str:
        """The target of that name; only NumPy's results can be structured."""
        target = target_named(name)
        if target != "numpy" and any(isinstance(each, AsMatrix) for each in _flat(self.outputs)):
            raise InputError(
                f"structured results are matrices of SciPy, and the target is {target}",
                expected="structured=False, or the target numpy",
            )
        return target


def _backend() -> type[Code]:
    """What writes and compiles code: loaded at this one door, when code is first asked for."""
    from matcalc.emit.code import Code

    return Code


def _flat(tree: Any) -> list[Expr | AsMatrix]:
    if isinstance(tree, Sequence):
        return [leaf for part in tree for leaf in _flat(part)]
    return [tree]


def _leaves(tree: Any) -> list[Expr]:
    return [leaf.root if isinstance(leaf, AsMatrix) else leaf for leaf in _flat(tree)]
