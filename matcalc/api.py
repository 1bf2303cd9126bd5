"""The pipeline: text → expression → index notation → derivative → normal form → matrix notation.

parse ──▶ lower ──▶ differentiate ──▶ simplify ──▶ lift ──▶ Derivation
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from matcalc.budget import DEFAULT, bounded, limited, within_limit
from matcalc.directions import Choice, Direction, directions, value_name
from matcalc.emit.latex import differential, latex
from matcalc.emit.text import text
from matcalc.errors import InputError
from matcalc.expr.along import unfolded
from matcalc.expr.build import named
from matcalc.expr.nodes import Expr, Function, Named, Symbol, free_symbols, unknown_functions
from matcalc.expression import Expression, backend, check_target
from matcalc.kinds import JOINT, SCALAR, WORDS, Kind, Problem
from matcalc.language import Program, canonical, parse_program
from matcalc.pipeline import Solved, leaves_of, mapped, solve, worked_out
from matcalc.rules.book import RuleBook, default_book

if TYPE_CHECKING:
    from matcalc.answers.solution import Stationary
    from matcalc.answers.verdict import Verdict
    from matcalc.check import Report
    from matcalc.language.own import OwnRules
    from matcalc.show.blocks import Blocks
    from matcalc.show.graph import Graph
    from matcalc.show.record import Explanation, Level, Step

LAYOUTS: Final = ("numerator", "denominator")
KINDS: Final = ("auto", "gradient", "jacobian", "hessian", "differential", "jvp", "vjp", "hvp")
_NAMES: Final = re.compile(r"[\s,]+")


def parse(
    text: str,
    shapes: Mapping[str, str] | None = None,
    *,
    dialect: str = "matcalc",
    rules: str | None = None,
    limit: float | None = DEFAULT,
) -> Expression:
    """The typed expression of a text in the language.

    shapes   Declarations by name ({"X": "R^(m×n)", "S": "n×n spd"}).
    rules    Functions beside those of the rule book, in its language; see `derive`.
    limit    Seconds that it may take; None for no limit.
    Raises   InputError, whose str is a diagnostic with the place; LimitError.
    """
    _check_text("the expression", text)
    with limited(limit):
        program = parse_program(text, _declared(shapes), dialect=dialect, rules=_rules(rules))
        return _whole(program, _book(program))


def from_sympy(expr: Any) -> Expression:
    """The expression of a SymPy scalar or matrix expression; `derive` takes it like a text.

    A MatrixSymbol of one column is a vector, one of one row a row.
    Raises   InputError for what the language cannot say.
    """
    from matcalc.bridge.imports import from_sympy  # loads SymPy

    node = from_sympy(expr)
    return Expression(node, tuple(free_symbols(node).values()), unknown_functions((node,)))


def _rules(rules: str | None) -> OwnRules | None:
    if rules is None:
        return None
    from matcalc.user_rules import own_rules  # loaded when rules are handed in

    return own_rules(rules)


def _with(functions: Mapping[str, Any] | None, rules: str | None) -> str | None:
    """The rules of a user's with those of functions that SymPy has."""
    if functions is None:
        return rules
    from matcalc.bridge.lambdas import rules_of  # loads SymPy

    return "\n\n".join([*([rules] if rules else []), rules_of(functions)])


def _book(program: Program) -> RuleBook:
    """The rule book for a program, with the functions that were handed in for it."""
    if not program.own:
        return default_book()
    from matcalc.user_rules import book_of

    return book_of(program)


def _evaluators(program: Program) -> Mapping[str, Sequence[Callable[..., Any]]]:
    """The definitions of functions that were handed in, for the numerical check."""
    if not program.own:
        return {}
    from matcalc.user_rules import evaluators

    return evaluators(program.own)


def _preparing(program: Program) -> Callable[..., Expr] | None:
    """What replaces functions that were handed in before code is written."""
    if not program.own:
        return None
    from matcalc.user_rules import computable

    return partial(computable, own=program.own)


def _whole(program: Program, book: RuleBook) -> Expression:
    """The expression of a program; for code, the derivatives that stand in it are worked out."""
    return Expression(
        program.expression,
        *_scope(program),
        worked_out(program.expression, book),
        own=program.own,
        prepare=_preparing(program),
    )


def _scope(program: Program) -> tuple[tuple[Symbol, ...], tuple[Function, ...]]:
    return tuple(program.variables.values()), tuple(program.functions.values())


@within_limit
def derive(
    expr: str | Expression,
    wrt: str | Sequence[str],
    *,
    kind: str = "auto",
    shapes: Mapping[str, str] | None = None,
    layout: str = "numerator",
    dialect: str = "matcalc",
    simplify: bool = True,
    direction: Choice = None,
    rules: str | None = None,
    functions: Mapping[str, Any] | None = None,
    limit: float | None = DEFAULT,
) -> Derivation:
    """The derivative of an expression, with how it was found.

    expr     A program of the language; a derivative may also be taken by a name that it binds.
             Or an Expression, whose variables are then declared.
    wrt      A name, several ("W, b" or a list: a tuple of derivatives), or "[x, y]", scalars as
             one vector.
    kind     auto (gradient of a scalar, Jacobian otherwise), gradient, jacobian, hessian, or
             differential (linear in dX), jvp (J v), vjp (u' J), hvp (H v).
    shapes   Declarations by name; what is not declared is inferred.
    layout   How the result is written: numerator (a gradient is a row) or denominator (a column).
    dialect  matcalc, or matlab, where * is the product of linear algebra.
    simplify False leaves out the search for a shorter form.
    direction The names of the directions: one ("p"; of several variables p_W, p_b), or by variable
             ({"W": "P"}); without it dX of a differential, v of jvp and hvp, u of vjp.
    rules    Functions beside those of the rule book, in its language: `function f(x): elementwise`,
             `define f(x) = …`, `d f(x) = … dx`; or the two lines alone, for a function that the
             program declares.  A differential is checked against the definition; without one it is
             taken on trust, and `assumptions` says so.
    functions Functions as SymPy has them, {"f": sympy.Lambda(x, x**2)}, applied to every entry.
    limit    Seconds that it may take, and each use of what comes back; None for no limit.
    Raises   InputError for a wrong input, DerivationError if there is no derivative or no rule,
             LimitError if it takes longer than its limit.

    Source: T. Parr, J. Howard, The Matrix Calculus You Need For Deep Learning, arXiv 1802.01528.
    """
    if isinstance(expr, Expression):
        shapes = {**expr.declarations(), **(_declared(shapes) or {})}
        expr = str(expr)
    _check_text("the expression", expr)
    _check_option("layout", layout, LAYOUTS)
    _check_option("kind", kind, KINDS)
    names, stacked = _names(wrt)
    program = parse_program(
        expr, _declared(shapes), wrt=names, dialect=dialect, rules=_rules(_with(functions, rules))
    )
    targets = tuple(_target(program, name) for name in names)
    if stacked:
        _check_scalars(targets)
    if kind in JOINT and len(targets) > 1 and any(isinstance(t, Named) for t in targets):
        raise InputError(
            f"there is no {kind} by a bound name and another variable: they are not independent",
            suggestion="one variable at a time, or variables that are not bound",
        )
    actual = _kind(kind, program)
    along = directions(actual, program, targets, stacked, direction)
    symbols = tuple(each.symbol for each in along)
    problem = Problem(program.expression, targets, stacked, actual, layout, simplify, symbols)
    solved = solve(problem, _book(program))
    asked: dict[str, Any] = {
        "kind": kind,
        "shapes": dict(shapes or {}),
        "layout": layout,
        "dialect": dialect,
        "simplify": simplify,
        "direction": direction,
        "rules": rules,
        "functions": functions,
        "limit": limit,
    }
    return Derivation(program, names, solved, along, limit, (expr, wrt, asked))


def _derived(expr: str, wrt: str | Sequence[str], asked: Mapping[str, Any]) -> Derivation:
    return derive(expr, wrt, **asked)


def _declared(shapes: Mapping[str, str] | None) -> Mapping[str, str] | None:
    if shapes is not None and not isinstance(shapes, Mapping):
        raise InputError(
            "shapes are declarations by name",
            found=type(shapes).__name__,
            suggestion='shapes={"X": "R^(m×n)"}',
        )
    return shapes


def _check_text(what: str, given: object) -> None:
    if not isinstance(given, str):
        raise InputError(f"{what} is a text", found=type(given).__name__)


def _check_option(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        near = get_close_matches(str(value), allowed, 1)
        raise InputError(
            f"{name} is {value!r}",
            expected="one of: " + ", ".join(allowed),
            suggestion=f"{name}={near[0]!r}" if near else "",
        )


def _names(wrt: str | Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The names to derive by, and whether they are stacked into one vector."""
    if not isinstance(wrt, str):
        if not isinstance(wrt, Sequence) or not all(isinstance(name, str) for name in wrt):
            raise InputError("wrt is a name, or a list of names", found=type(wrt).__name__)
        parts = [name.strip() for name in wrt]
        stacked = False
    else:
        body = wrt.strip()
        stacked = body.startswith("[") and body.endswith("]")
        parts = [name for name in _NAMES.split(body[1:-1] if stacked else body) if name]
    if not parts or not all(parts):
        raise InputError("there is no variable to derive by", expected='a name, as in wrt="w"')
    parts = [canonical(name) for name in parts]
    repeated = next((name for name in parts if parts.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{repeated} is named twice in wrt")
    return tuple(parts), stacked


def _target(program: Program, name: str) -> Symbol | Named:
    value = program.bindings.get(name)
    if value is not None:
        return named(name, value)
    found = program.variables.get(name)
    if found is None:
        raise InputError(
            f"there is no variable {name} to derive by",
            found="variables " + (", ".join([*program.variables, *program.bindings]) or "none"),
        )
    if "integer" in found.properties:
        raise InputError(f"{name} is an index, a whole number: there is no derivative by it")
    if "constant" in found.properties:
        raise InputError(
            f"{name} is declared constant: there is no derivative by it",
            suggestion=f"`{name}: {found.shape}` without `constant`",
        )
    return found


def _check_scalars(targets: Sequence[Symbol | Named]) -> None:
    for target in targets:
        if target.shape.dims:
            raise InputError(
                f"[…] stacks scalars, and {target.name} has the shape {target.shape}",
                suggestion=f'wrt="{target.name}"',
            )


def _kind(kind: str, program: Program) -> Kind:
    scalar = not program.expression.shape.dims
    if kind in SCALAR and not scalar:
        instead, what = ("jvp", "an hvp") if kind == "hvp" else ("jacobian", f"a {kind}")
        raise InputError(
            f"{what} is of a scalar, and the expression has the shape {program.expression.shape}",
            suggestion=f"kind='{instead}', or sum(…) of it",
        )
    if kind == "auto":
        return "gradient" if scalar else "jacobian"
    return kind  # type: ignore[return-value]  # one of KINDS


@dataclass(frozen=True, eq=False)
class Derivation:
    """A derivative and how it was found: `derive` makes it."""

    program: Program
    wrt: tuple[str, ...]
    solved: Solved
    directions: tuple[Direction, ...] = ()
    limit: float | None = DEFAULT
    asked: tuple[str, str | Sequence[str], Mapping[str, Any]] = ("", "", {})

    def __reduce__(self) -> tuple[object, ...]:
        """What was asked: a derivation that is unpickled is derived again."""
        return _derived, self.asked

    def __copy__(self) -> Derivation:
        return self

    def __deepcopy__(self, memo: object) -> Derivation:
        return self

    @property
    def expression(self) -> Expression:
        """The parsed input."""
        return _whole(self.program, self.solved.book)

    @cached_property
    def result(self) -> Any:
        """The derivative; by several variables a tuple, of a Hessian a tuple of rows of blocks."""
        return mapped(self._expression, self.solved.written, self.solved.arrays)

    def _expression(self, node: Expr, array: Expr) -> Expression:
        own, prepare = self.program.own, _preparing(self.program)
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
        said = [*self.program.assumptions, *map(str, self.directions)]
        if self.program.own:
            from matcalc.user_rules import trusted

            said += trusted(self.program)
        return tuple(said)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names that `function` takes, in order: variables, then sizes that none carries."""
        variables, _ = self._scope
        names = tuple(symbol.name for symbol in variables)
        sizes = backend().sizes([self._computed(self.solved.arrays)], variables)
        return names + tuple(n for n in sizes if n not in names)

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

        _check_option("level", level, LEVELS)
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

    @bounded
    def code(self, target: str = "numpy", *, value: bool = False) -> str:
        """The source of a function that returns the derivative, with `value` also the value."""
        check_target(target)
        outputs, single = self._outputs(value)
        return backend().source(self._name, outputs, *self._scope, doc=self._doc, single=single)

    @bounded
    def function(
        self,
        target: str = "numpy",
        *,
        value: bool = False,
        functions: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
    ) -> Callable[..., Any]:
        """The compiled function of the inputs; with `value` it returns (value, derivative).

        functions  For an unknown function f its value and derivatives, {"f": [f, f_1, f_2]}.
        Raises     InputError for a wrong target or missing functions, when called for wrong shapes.
        """
        check_target(target)
        outputs, single = self._outputs(value, functions or ())
        variables, _ = self._scope
        unknown = unknown_functions(tuple(leaves_of(tuple(outputs))))
        return backend().compiled(
            self._name, outputs, variables, unknown, self._doc, single, functions
        )

    @property
    def _name(self) -> str:
        return self.kind

    @property
    def _doc(self) -> str:
        by = ", ".join(self.wrt)
        kind = WORDS.get(self.kind, self.kind)
        return f"The {kind} of {' '.join(self.program.text.split())} by {by}."

    def _computed(self, tree: Any, given: Collection[str] = ()) -> Any:
        """What code is written for; `given` are functions whose code the caller has."""
        directions = self.solved.problem.directions
        if directions:
            tree = mapped(partial(unfolded, directions=directions), tree)
        prepare = _preparing(self.program)
        return tree if prepare is None else mapped(partial(prepare, given=given), tree)

    def _outputs(self, value: bool, given: Collection[str] = ()) -> tuple[list[Any], bool]:
        arrays = self._computed(self.solved.arrays, given)
        if value:
            whole = worked_out(self.program.expression, self.solved.book)
            return [self._computed(whole, given), arrays], False
        return ([arrays], True) if not isinstance(arrays, tuple) else (list(arrays), False)

    def check(self) -> Report:
        """Verification on random inputs, by an oracle that shares nothing with the rules."""
        from matcalc.check import check

        return check(
            self.program.expression,
            list(leaves_of(self.solved.arrays)),
            self.solved.problem.targets,
            self.solved.problem.kind,
            symbols=tuple(self.program.variables.values()),
            stacked=self.solved.problem.stacked,
            along=self.solved.problem.directions,
            functions=_evaluators(self.program),
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
