"""The typed expression as users hold it: its text, LaTeX, source and compiled function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc.computation import Computation, Implementations
from matcalc.emit.latex import latex
from matcalc.emit.text import text
from matcalc.expr.nodes import Expr, Function, Shape, Symbol
from matcalc.language.book import Entry


@dataclass(frozen=True)
class Expression:
    """An expression of the language with the variables in whose scope it stands.

    `node` is the expression itself, in matrix notation; `array` is the same in array layout, where
    the two differ (a derivative by a matrix is written between vec()s, an array has all axes);
    `differentials` are those of the variables that stand for a differential, dX for X; `own` are
    functions beside those of the rule book, which `prepare` replaces before code is written.
    """

    node: Expr
    variables: tuple[Symbol, ...] = ()
    functions: tuple[Function, ...] = ()
    array: Expr | None = None
    differentials: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Sequence[Entry]] = field(default_factory=dict, compare=False)
    prepare: Callable[..., Expr] | None = field(default=None, compare=False)

    @property
    def shape(self) -> Shape:
        """Its dimensions; str() of it is how the language writes them."""
        return self.node.shape

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that `function` takes: variables, then the sizes that no variable carries."""
        return self._computation().inputs

    def _computation(self, name: str = "f", given: Collection[str] = ()) -> Computation:
        """What code is written for; `given` are functions whose code the caller has."""
        expr = self.array or self.node
        computed = expr if self.prepare is None else self.prepare(expr, given=given)
        return Computation(name, [computed], self.variables, str(self), single=True)

    def __str__(self) -> str:
        return text(self.node)

    def __repr__(self) -> str:
        return f"<{self} : {self.shape}>"

    def text(self, *, ascii: bool = False) -> str:
        """The expression in the language, in ASCII on request; it parses back."""
        return text(self.node, ascii=ascii)

    def declarations(self) -> dict[str, str]:
        """The declarations of its variables and unknown functions, as `shapes` takes them."""
        made = {
            symbol.name: " ".join([str(symbol.shape), *sorted(symbol.properties - {"integer"})])
            for symbol in self.variables
            if "integer" not in symbol.properties
        }
        return made | {function.name: str(function) for function in self.functions}

    def latex(self) -> str:
        """LaTeX for math mode, for KaTeX, MathJax and LaTeX itself."""
        return latex(self.node, differentials=self.differentials, own=self.own)

    def code(self, target: str = "numpy", name: str = "f") -> str:
        """The source of a function of the variables; InputError for an unknown target."""
        return self._computation(name).source(target)

    def function(
        self,
        target: str = "numpy",
        *,
        functions: Implementations | None = None,
        bind: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> Callable[..., Any]:
        """The compiled function; unknown functions of the expression are given in `functions`.

        `bind` and `check` are those of `Derivation.function`.
        """
        return self._computation(given=functions or ()).compiled(target, functions, bind, check)

    def to_sympy(self) -> Any:
        """The expression in SymPy, of MatrixSymbols; InputError if SymPy cannot say it."""
        from matcalc.bridge.export import to_sympy  # loads SymPy

        return to_sympy(self.node)

    def _repr_latex_(self) -> str:
        from matcalc.show.jupyter import expression_latex  # loaded in a notebook only

        return expression_latex(self.latex())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from matcalc.show.jupyter import expression_bundle

        return expression_bundle(str(self), self.latex())
