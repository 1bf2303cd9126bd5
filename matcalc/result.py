"""What comes back: a derivative and how it was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from typing import TYPE_CHECKING, Any

from matcalc.budget import bounded
from matcalc.coding import Coding
from matcalc.computation import Implementations
from matcalc.directions import Direction, value_name
from matcalc.emit.latex import differential, latex
from matcalc.emit.text import text
from matcalc.expr.nodes import Expr, Function, Symbol
from matcalc.expression import Expression
from matcalc.handed_in import evaluators, preparing, trusted
from matcalc.language import Program
from matcalc.pipeline import Solved, leaves_of, mapped, worked_out
from matcalc.question import check_option
from matcalc.rules.book import RuleBook

if TYPE_CHECKING:
    from matcalc.answers.solution import Stationary
    from matcalc.answers.verdict import Verdict
    from matcalc.bridge.differentiable import Differentiable
    from matcalc.check import Report
    from matcalc.objective import Objective
    from matcalc.show.blocks import Blocks
    from matcalc.show.graph import Graph
    from matcalc.show.record import Explanation, Level, Step


def whole(program: Program, book: RuleBook) -> Expression:
    """The expression of a program; for code, the derivatives that stand in it are worked out."""
    node = program.expression
    array = worked_out(node, book)
    return Expression(node, *_scope(program), array, own=program.own, prepare=preparing(program))


def _scope(program: Program) -> tuple[tuple[Symbol, ...], tuple[Function, ...]]:
    return tuple(program.variables.values()), tuple(program.functions.values())


@dataclass(frozen=True, eq=False)
class Derivation:
    """A derivative and how it was found: `derive` makes it."""

    program: Program
    wrt: tuple[str, ...]
    solved: Solved
    directions: tuple[Direction, ...]
    limit: float | None
    again: Callable[..., Derivation]

    def __reduce__(self) -> tuple[object, ...]:
        """What was asked: a derivation that is unpickled is derived again."""
        return self.again, ()

    def __copy__(self) -> Derivation:
        return self

    def __deepcopy__(self, memo: object) -> Derivation:
        return self

    @property
    def expression(self) -> Expression:
        """The parsed input."""
        return whole(self.program, self.solved.book)

    @cached_property
    def result(self) -> Any:
        """The derivative; by several variables a tuple, of a Hessian a tuple of rows of blocks."""
        return mapped(self._expression, self.solved.written, self.solved.arrays)

    def _expression(self, node: Expr, array: Expr) -> Expression:
        own, prepare = self.program.own, preparing(self.program)
        return Expression(node, *self._scope, array, self.differentials, own, prepare)

    @property
    def differentials(self) -> dict[str, str]:
        """Of a differential the variables that stand for one, with what it is one of: dX of X."""
        named = self.directions if self.kind == "differential" else ()
        return {d.symbol.name: d.of for d in named}

    @cached_property
    def _scope(self) -> tuple[tuple[Symbol, ...], tuple[Function, ...]]:
        """The variables of the program and the directions; the unknown functions."""
        variables, functions = _scope(self.program)
        return tuple(dict.fromkeys([*variables, *self.solved.problem.directions])), functions

    @property
    def kind(self) -> str:
        """gradient, jacobian, hessian, differential, jvp, vjp or hvp."""
        return self.solved.problem.kind

    @property
    def value_name(self) -> str:
        """What the expression is called: its bound name if it is one, else f, or F of a matrix."""
        return value_name(self.program)

    @property
    def layout(self) -> str:
        """How the result is written, in words where that takes some."""
        return self.solved.layout

    @cached_property
    def shape(self) -> Any:
        """The shape of the result as it is written; a tuple where the result is one."""
        return mapped(lambda node: node.shape, self.solved.written)

    @property
    def structure(self) -> Any:
        """zero, constant, identity, scaled identity, diagonal, rank one, symmetric or dense."""
        return self.solved.structure

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was inferred beyond what the operators say, and what directions are, in words."""
        return (*self.program.assumptions, *map(str, self.directions), *trusted(self.program))

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names that `function` takes, in order: variables, then sizes that none carries."""
        return self._coding.computation(False).inputs

    @cached_property
    @bounded
    def steps(self) -> tuple[Step, ...]:
        """How it was found, as a textbook tells it: the steps of `explain()`."""
        return self.explain().steps

    @bounded
    def explain(self, level: Level = "textbook", *, check: bool = False) -> Explanation:
        """How it was found, step by step.

        level    textbook (intermediate variables, the local derivative of each with its rule, the
                 chain rule, the answer), all (each of these with every rewrite, in its `details`),
                 or index (all of it in index notation, too).
        check    Compare each step with numerical derivatives and values at random inputs; each step
                 and the whole then have a verdict.
        Raises   InputError for another level.
        """
        from matcalc.derivation import explained, verified  # loaded when steps are asked for
        from matcalc.show.record import LEVELS

        check_option("level", level, LEVELS)
        told = explained(self.solved, level)
        if not check:
            return told
        symbols = tuple(self.program.variables.values())
        return verified(told, self.program.expression, symbols, self.check())

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    @bounded
    def text(self, *, ascii: bool = False) -> str:
        """The derivative in the language, which parses back.

        By several variables one after the other, each with a comment that says by which it is.
        """
        texts = [text(node, ascii=ascii) for node in leaves_of(self.solved.written)]
        if len(texts) == 1:
            return texts[0]
        names = [*product(self.wrt, self.wrt)] if self.kind == "hessian" else [*product(self.wrt)]
        labels = ["by " + " and ".join(pair) for pair in names]
        gap = "\n\n" if any("\n" in t for t in texts) else "\n"
        return gap.join(f"{t}  # {label}" for t, label in zip(texts, labels, strict=True))

    @bounded
    def latex(self) -> str:
        """LaTeX for math mode; by several variables one formula each, separated by spaces.

        A differential is an equation, df = …
        """
        formulas = [
            latex(node, differentials=self.differentials, own=self.program.own)
            for node in leaves_of(self.solved.written)
        ]
        if self.kind == "differential":
            return f"{differential(self.value_name)} = {formulas[0]}"
        return ",\\quad ".join(formulas)

    @property
    def _coding(self) -> Coding:
        """What code is written for."""
        return Coding(self.program, self.solved, self.wrt, self._scope[0], self.again)

    @bounded
    def code(
        self,
        target: str = "numpy",
        *,
        value: bool = False,
        gradient: bool = False,
        structured: bool = False,
    ) -> str:
        """The source of a function that returns the derivative, with `value` also the value.

        target      numpy, jax, torch or array_api.
        gradient    See `function`, which also says the shapes of the arrays.
        structured  See `function`; the source imports the classes of matcalc.operators.
        Raises      InputError for another target, DerivationError for a function that it lacks.
        """
        return self._coding.computation(value, structured, (), gradient).source(target)

    @bounded
    def function(
        self,
        target: str = "numpy",
        *,
        value: bool = False,
        gradient: bool = False,
        structured: bool = False,
        functions: Implementations | None = None,
        bind: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> Callable[..., Any]:
        """The compiled function of the inputs; with `value` it returns (value, derivative).

        A gradient has the shape of its variable, a Jacobian the shape of the output followed by
        that of the variable, a Hessian the shape of the variable twice, whatever the layout says;
        vectors, rows included, are arrays of one axis.  Inputs are given in the order of `inputs`
        or by keyword, and the result has their dtype.

        target      numpy, jax, torch or array_api.
        gradient    Of a Hessian, or its product with a vector, the gradient with it: with `value`
                    (value, gradient, Hessian), which share their work.
        structured  Matrices are not computed but returned as what they are made of: a
                    scipy.sparse.linalg.LinearOperator with .toarray(), .diagonal() and, where the
                    structure gives one, .solve(b) (see matcalc.operators).  A derivative of more
                    than two axes is the matrix between vec(variable) and vec(result), as it is
                    printed in numerator layout; vec(X) is X.ravel(order="F").
        functions   For an unknown function f its value and derivatives, {"f": [f, f_1, f_2]}.
        bind        Inputs that are the same for all calls, {"X": X}: the function no longer takes
                    them, and what depends on them alone (a Gram matrix, a factorisation) is
                    computed now, once.  What calls need of the arrays themselves is copied.
        check       False leaves out the check of the arguments at each call but the first: they
                    then have to be NumPy arrays of the shapes and the one dtype that it had.
        The function takes an array for the result, `f(…, out=H)`, or for each of several results
        one or None: it is written there and returned.  It may be called from several threads at
        once, with an `out` for each.
        Raises      InputError for another target or one that is not installed, missing functions
                    or wrong values to bind, and when called for wrong shapes.
        """
        made = self._coding.computation(value, structured, functions or (), gradient)
        return made.compiled(target, functions, bind, check)

    @bounded
    def objective(self, *, functions: Implementations | None = None, **constants: Any) -> Objective:
        """The expression as an objective of scipy.optimize, by the variables of this derivation.

        It has .fun, .jac, .hess and .hessp of one flat vector, with .pack(w=…) and .unpack(x) to go
        there and back: `minimize(f.fun, f.pack(w=w0), jac=f.jac, hessp=f.hessp)`.

        constants  The values of all other inputs, by name; what depends on them alone is computed
                   once.
        functions  For an unknown function f its value and derivatives, {"f": [f, f_1, f_2]}.
        Raises     InputError for an expression that is no scalar, and for wrong or missing values.
        """
        from matcalc.objective import Objective  # loaded when something is to be minimised

        problem = self.solved.problem
        derived = partial(self.again, direction=None)
        return Objective(
            problem.targets, lambda kind: derived(kind=kind), constants, functions, problem.stacked
        )

    @bounded
    def to_jax(
        self, *, custom_vjp: bool = True, functions: Implementations | None = None
    ) -> Callable[..., Any]:
        """The expression as a function for JAX whose derivative is the derived one.

        It takes the variables as `function` does, and works in jax.jit, jax.grad and jax.vmap and
        as a part of a larger model.  By an input that was not derived by, a derivative is refused;
        by a variable declared symmetric it is symmetric, as the derived one is.

        custom_vjp  False leaves the derivative to JAX.
        functions   For an unknown function f its value and derivatives, {"f": [f, f_1, f_2]}.
        Raises      InputError without JAX, or for a derivative by a bound name.
        """
        parts = self._differentiable("jax", functions)
        from matcalc.bridge.jaxed import to_jax  # loads JAX

        return to_jax(parts, custom_vjp)

    @bounded
    def to_torch(self, *, functions: Implementations | None = None) -> Callable[..., Any]:
        """The expression as a function for PyTorch whose backward pass is the derived derivative.

        It takes the variables as `function` does.  Of a scalar, the backward pass of the backward
        pass is the derived Hessian times a vector; another second derivative is refused, and so is
        one by an input that was not derived by.

        functions  For an unknown function f its value and derivatives, {"f": [f, f_1, f_2]}.
        Raises     InputError without PyTorch, or for a derivative by a bound name.
        """
        parts = self._differentiable("torch", functions)
        from matcalc.bridge.torched import to_torch  # loads PyTorch

        return to_torch(parts)

    def _differentiable(self, target: str, functions: Implementations | None) -> Differentiable:
        from matcalc.bridge.differentiable import Differentiable
        from matcalc.emit.libraries import loaded

        loaded(target)
        problem = self.solved.problem
        derived = partial(self.again, direction=None)
        return Differentiable(
            lambda kind: derived(kind=kind), target, problem.targets, problem.stacked, functions
        )

    @bounded
    def check(self) -> Report:
        """Verification on random inputs, by an oracle that shares nothing with the rules.

        The expression is differentiated numerically, by complex steps or differences, and compared
        with the derivative.  The report is true if they agree; its text says what was tried, and
        .wrong tells a derivative that is wrong from one that could not be judged.
        """
        from matcalc.check import check

        return check(
            self.program.expression,
            list(leaves_of(self.solved.arrays)),
            self.solved.problem.targets,
            self.solved.problem.kind,
            symbols=tuple(self.program.variables.values()),
            stacked=self.solved.problem.stacked,
            along=self.solved.problem.directions,
            functions=evaluators(self.program),
        )

    @bounded
    def equals(self, expected: str | Sequence[Any]) -> Verdict:
        """Whether a hand-derived derivative is right; true if it is, and str() says how it is not.

        expected  A text of the language, with this program's declarations, shapes and bound names
                  in scope; for several variables a sequence of texts, for blocks of a Hessian
                  row by row.
        Raises    InputError for a text that does not parse, or fewer texts than derivatives.
        """
        from matcalc.answers.equals import judged  # loaded when a verdict is asked for

        return judged(self.program, self.solved, self.wrt, expected)

    @bounded
    def stationary(self) -> Stationary:
        """Where the gradient is zero, in closed form: .solution with its .condition and .nature.

        Of several variables the point where all gradients are zero.  The closed form is verified
        numerically before it is returned; .check() is the report.

        Raises    DerivationError, which says why, where there is no closed form or no one such
                  point; InputError if this is not the gradient of a scalar.
        """
        from matcalc.answers.stationary import stationary  # loaded when a closed form is asked for

        return stationary(self.program, self.solved)

    @bounded
    def to_sympy(self) -> Any:
        """The derivative in SymPy, as it is written; tuples where the result is one.

        Raises    InputError if SymPy has no notation for it.
        """
        from matcalc.bridge.export import to_sympy  # loads SymPy

        return mapped(to_sympy, self.solved.written)

    @bounded
    def graph(self) -> Graph:
        """The graph of the computation: intermediate variables, local derivatives, structure.

        It has .dot() and .svg(), and shows as a picture in Jupyter; Graphviz does the layout.
        """
        from matcalc.pictures import graph_of  # loaded when a picture is asked for

        return graph_of(self.solved)

    @bounded
    def pattern(self) -> Blocks:
        """Which entries and blocks of the result can be nonzero, at small sizes.

        str() draws them in letters, .svg() and Jupyter as a picture.
        """
        from matcalc.pictures import blocks_of

        return blocks_of(self.solved, self.wrt)

    def _repr_latex_(self) -> str:
        from matcalc.show.jupyter import expression_latex  # loaded in a notebook only

        return expression_latex(self.latex())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from matcalc.show.jupyter import derivation_bundle

        return derivation_bundle(self)
