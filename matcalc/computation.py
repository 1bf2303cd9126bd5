"""What code is written for: outputs computed from variables, as source and as a compiled function.

`Expression` and `Derivation` both hand theirs in here, so that what code can be asked for is said
once.  The modules that write code are loaded when it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matcalc.errors import InputError
from matcalc.expr.matrix import AsMatrix
from matcalc.expr.nodes import Expr, Symbol, unknown_functions

if TYPE_CHECKING:
    from matcalc.emit.code import Code

TARGETS = ("numpy",)

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
        _check_target(target)
        return _backend().source(
            self.name, self.outputs, self.variables, doc=self.doc, single=self.single
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
        _check_target(target)
        unknown = unknown_functions(tuple(_leaves(self.outputs)))
        return _backend().compiled(
            self.name, self.outputs, self.variables, unknown, self.doc, self.single, functions,
            bind, check,
        )  # fmt: skip


def _backend() -> type[Code]:
    """What writes and compiles code: loaded at this one door, when code is first asked for."""
    from matcalc.emit.code import Code

    return Code


def _check_target(target: str) -> None:
    if target not in TARGETS:
        raise InputError(
            f"there is no code for the target {target!r}", expected="one of: " + ", ".join(TARGETS)
        )


def _leaves(tree: Any) -> list[Expr]:
    if isinstance(tree, Sequence):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [tree.root if isinstance(tree, AsMatrix) else tree]
