"""The rule book, line by line: every differential, definition and identity holds in numbers.

The oracle (`matcalc.check`) evaluates functions by NumPy and SciPy and differentiates them
numerically; it shares nothing with the lines that it judges.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from matcalc import derive, parse
from matcalc.check import Sample, derivative, evaluate, sample
from matcalc.check.linear import DomainError
from matcalc.emit.latex import latex
from matcalc.errors import DerivationError
from matcalc.expr.build import symbol
from matcalc.expr.nodes import Expr, Symbol, children, free_symbols
from matcalc.expression import Expression
from matcalc.language import book
from matcalc.language.book import Entry, Statement
from matcalc.rules.book import default_book
from matcalc.rules.identities import Identities
from matcalc.simplify.simplify import Rewrite, Simplifier
from matcalc.tensor import lower
from matcalc.tensor.knowledge import KNOWN

FUNCTIONS: Final = (
    "exp log log1p expm1 sqrt abs sign sin cos tan asin acos atan sinh cosh tanh asinh acosh "
    "atanh sigmoid softplus relu leaky_relu elu gelu silu erf erfc gamma lgamma digamma "
    "polygamma normcdf log_normcdf normpdf square recip clip where max min pow atan2 xlogx sum "
    "mean prod var std logsumexp norm norm_nuc norm_2 tr det logdet inv pinv transpose diag vec "
    "unvec vech kron outer dot cross skew solve chol expm logm sqrtm eigmax eye ones zeros e "
    "hstack vstack blockdiag tril triu softmax log_softmax layernorm cross_entropy mse"
).split()
"""The functions that the language promises."""

POINTS: Final = 4
FIRST: Final = 14
"""The seed of the first point: from here on two numbers have their four pairs of signs at once."""

TOLERANCE: Final = 1e-7
ENTRIES: Final = [
    (name, k) for name in book.function_names() for k in range(len(book.entries(name)))
]


def entry_id(name: str, k: int) -> str:
    """`max` if the name has one entry, else `max(x)`: the name and the parameters."""
    found = book.entries(name)
    if len(found) == 1:
        return name
    return f"{name}({', '.join(param.name for param in found[k].params)})"


entries = pytest.mark.parametrize(("name", "k"), ENTRIES, ids=[entry_id(*e) for e in ENTRIES])


def lines(*kinds: str) -> list[Any]:
    """Every statement of these kinds below a function, with its entry."""
    return [
        pytest.param(
            entry, statement, id=f"{entry_id(name, k)}: {' '.join(statement.text.split())}"
        )
        for name, k in ENTRIES
        for entry in [book.entries(name)[k]]
        for statement in entry.statements
        if statement.kind in kinds
    ]


HOLDS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": np.less,
    ">": np.greater,
    "≤": np.less_equal,
    "≥": np.greater_equal,
    "≠": np.not_equal,
}
COMPARISON: Final = re.compile(r"(?=(?<![\w.-])(-?[\w.]+) ([<>≤≥≠]) (-?[\w.]+))")


def in_domain(domain: str, drawn: Sample) -> bool:
    """Whether a sample obeys the inequalities of a line `domain`; its words are for people."""
    names = {**drawn.sizes, **drawn.point}
    for condition in re.split(r",|\bor\b", domain):
        for left, sign, right in COMPARISON.findall(condition):
            values = (np.asarray(eval(side, {}, dict(names))) for side in (left, right))
            if not np.all(HOLDS[sign](*values)):
                return False
    return True


def with_properties(symbols: Mapping[str, Symbol], domain: str) -> list[Symbol]:
    """The variables with the properties that the words of a line `domain` ask of them."""
    made = []
    for name, old in symbols.items():
        more = set(old.properties)
        said = re.search(
            rf"(?<!\w){re.escape(name.removeprefix('d'))} (symmetric|a whole number)", domain
        )
        if said is not None and said[1] == "symmetric":
            definite = "positive definite" in domain and not name.startswith("d")
            more.add("spd" if definite else "symmetric")
        elif said is not None:
            more.add("integer")
        made.append(symbol(name, old.shape, more))
    return made


def samples(
    expressions: Sequence[Expr], symbols: Mapping[str, Symbol], domain: str
) -> Iterator[Sample]:
    """Random inputs in the domain, with the sizes in either order."""
    variables = with_properties(symbols, domain)
    count = 0
    for seed in range(FIRST, FIRST + 60):
        rng = np.random.default_rng(seed)
        drawn = sample(expressions, variables, rng, turned=seed % 2 == 1)
        if in_domain(domain, drawn):
            count += 1
            yield drawn
        if count == POINTS:
            return
    assert count, f"no inputs in the domain {domain!r}"


BY_CASES: Final = re.compile(r"\b(where|max|min|clip|abs)\(")


def branches(
    statement: Statement, sides: Sequence[Expr], symbols: Mapping[str, Symbol], domain: str
) -> Iterator[Sample]:
    """Samples; of what is defined by cases also with each normal input four times as large."""
    for near in samples(sides, symbols, domain):
        yield near
        if BY_CASES.search(statement.text):
            for name in (n for n in near.point if near.domains.get(n) == "normal"):
                far = replace(near, point={**near.point, name: 4 * near.point[name]})
                if in_domain(domain, far):
                    yield far


def same(got: Any, wanted: Any) -> None:
    """Equal up to rounding and numerical differentiation, relative to the largest entry."""
    size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    assert np.max(np.abs(np.asarray(got) - wanted), initial=0.0) <= TOLERANCE * size


# --- differentials and definitions


@pytest.mark.parametrize(("entry", "statement"), lines("d"))
def test_differential(entry: Entry, statement: Statement) -> None:
    lhs, rhs, variables = book.statement_exprs(entry, statement)
    params = [arg for arg in children(lhs) if isinstance(arg, Symbol)]
    used = free_symbols(rhs)
    along = {p.name: used.get(f"d{p.name}") or symbol(f"d{p.name}", p.shape) for p in params}
    moving = [p for p in params if f"d{p.name}" in used] or params
    inputs = {**variables, **{s.name: s for s in along.values()}}
    domain = entry.fields.get("domain", "")
    for drawn in branches(statement, [lhs], inputs, domain):
        expected: Any = 0.0
        for p in moving:
            slope = derivative(lhs, p, drawn.point, drawn.sizes)
            expected = expected + np.tensordot(slope, drawn.point[f"d{p.name}"], p.shape.rank)
        same(evaluate(rhs, drawn.point, drawn.sizes), expected)


@pytest.mark.parametrize(("entry", "statement"), lines("define"))
def test_definition(entry: Entry, statement: Statement) -> None:
    lhs, rhs, variables = book.statement_exprs(entry, statement)
    domain = entry.fields.get("domain", "")
    for drawn in branches(statement, [lhs, rhs], variables, domain):
        got, wanted = (evaluate(side, drawn.point, drawn.sizes) for side in (rhs, lhs))
        assert got.shape == wanted.shape
        same(got, wanted)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(s, id=f"{kind}: {s.name}")
        for kind in ("identity", "expansion", "compute")
        for s in book.statements(kind)
    ],
)
def test_identity(statement: Statement) -> None:
    lhs, rhs, variables = book.statement_exprs(None, statement)
    assert lhs.shape == rhs.shape
    for drawn in branches(statement, [lhs, rhs], variables, ""):
        same(evaluate(rhs, drawn.point, drawn.sizes), evaluate(lhs, drawn.point, drawn.sizes))


SCALAR: Final = [
    pytest.param(s, id=f"{kind}: {s.name}")
    for kind in ("identity", "expansion", "compute")
    for s in book.statements(kind)
    if all(not v.shape.rank for v in book.statement_exprs(None, s)[2].values())
]


INFINITE: Final = {
    "logarithm of the distance from one",
    "logarithm of the distance by log1p",
    "logarithm of a distance",
}
"""Statements whose left side is infinite, or has no value, at zeros and ties."""


@pytest.mark.parametrize("statement", SCALAR)
def test_identity_at_zeros_and_ties(statement: Statement) -> None:
    """Where a sign changes or a comparison ties: what is finite on the left, the right is too."""
    lhs, rhs, variables = book.statement_exprs(None, statement)
    free = [v.name for v in variables.values() if "positive" not in v.properties]
    drawn = next(samples([lhs, rhs], variables, ""))
    zeros = [{name: np.zeros(())} for name in free]
    compared = 0
    for special in (*zeros, dict.fromkeys(free, np.ones(()))):
        at = {**drawn.point, **special}
        with contextlib.suppress(DomainError):
            wanted = evaluate(lhs, at, drawn.sizes)
            if np.isfinite(wanted).all():
                same(evaluate(rhs, at, drawn.sizes), wanted)
                compared += 1
    assert bool(compared) != (statement.name in INFINITE)


LAWS: Final = [(kind, law) for kind in ("identity", "expansion") for law in book.laws(kind)]


def test_identities_say_why_they_end() -> None:
    assert [law.name for kind, law in LAWS if not book.law_statement(kind, law).note] == []


@pytest.mark.parametrize(("kind", "law"), LAWS, ids=[law.name for _, law in LAWS])
def test_an_identity_finds_its_own_left_side(kind: str, law: book.Law) -> None:
    identities = Identities(default_book(), kind)
    rule = identities.compiled(law)
    assert rule in identities.candidates(rule.lhs)
    assert rule.applied(rule.lhs, KNOWN[True]) is rule.rhs


def test_identities_of_vectors_are_identities_of_rows() -> None:
    identities = Identities(default_book())
    made = {law.name: identities.row_by_row(law) for law in book.laws("identity")}
    rules = {name: rule for name, rule in made.items() if rule is not None}
    assert {"softmax", "sum of a softmax", "logsumexp of a shift"} <= set(rules)
    assert not {"inverse of a diagonal matrix", "length kept", "sigmoid"} & set(rules)
    for rule in rules.values():
        assert rule.applied(rule.lhs, KNOWN[True]) is rule.rhs, rule.name


@pytest.mark.parametrize("law", book.laws("identity"), ids=lambda law: law.name)
def test_both_sides_of_an_identity_have_one_normal_form(law: book.Law) -> None:
    rule = Identities(default_book()).compiled(law)
    normal = Simplifier(None, default_book())
    assert normal(rule.lhs) is normal(rule.rhs)


@pytest.mark.parametrize("law", book.laws("identity"), ids=lambda law: law.name)
def test_an_identity_is_used_on_its_own_left_side(law: book.Law) -> None:
    """One that others, or the transpose of another, are faster than is dead."""
    trace: list[Rewrite] = []
    left = Identities(default_book()).compiled(law).lhs
    Simplifier(None, default_book(), trace=trace)(left)
    assert law.name in {rewrite.law.name for rewrite in trace}


# --- what every function has


EXAMPLES: Final = {
    "hstack": ("hstack(A, B)", {"A": "R^(m×n)", "B": "R^(m×k)"}),
    "vstack": ("vstack(A, B)", {"A": "R^(m×n)", "B": "R^(k×n)"}),
    "blockdiag": ("blockdiag(A, B)", {"A": "R^(m×n)", "B": "R^(p×q)"}),
    "tril": ("tril(X, 1)", {"X": "R^(m×n)"}),
    "triu": ("triu(X, -1)", {"X": "R^(m×n)"}),
    "reshape": ("reshape(T, m, n, p, q)", {"T": "R^((m*n)×(p*q))"}),
}
"""Calls that a header does not give: any number of blocks, arguments that are whole numbers."""


def shape_of(dims: Sequence[object] | None) -> str:
    """The shape of a parameter as it is declared; a free one is a vector."""
    if dims is None:
        return "R^n"
    return f"R^({'×'.join(f'({d})' for d in dims)})" if dims else "R"


def example(entry: Entry) -> tuple[str, dict[str, str]]:
    """A call of a function with its own parameters, and their shapes."""
    if entry.name in EXAMPLES:
        return EXAMPLES[entry.name]
    domain = entry.fields.get("domain", "")
    degrees = re.findall(r"(\w+) a whole number", domain) if entry.mode == "elementwise" else []
    shapes = {
        p.name: shape_of(p.dims)
        for p in entry.params
        if p.role == "value" and p.name not in degrees
    }
    arguments = ["3" if p.name in degrees else p.name for p in entry.params]
    return f"{entry.name}({', '.join(arguments)})", shapes


def texts(entry: Entry) -> list[tuple[str, dict[str, str]]]:
    """The example of a function, without its defaults, and along rows and columns."""
    text, shapes = example(entry)
    made = [(text, shapes)]
    if any(p.default is not None for p in entry.params):
        given = [p.name for p in entry.params if p.default is None]
        made.append((f"{entry.name}({', '.join(given)})", {name: shapes[name] for name in given}))
    if entry.mode == "along":
        wide = {name: "R^(m×n)" if shape != "R" else shape for name, shape in shapes.items()}
        made += [(text[:-1] + f", axis={axis})", wide) for axis in (0, 1)]
        if not entry.result and "R" not in wide.values():
            made.append((text, wide))
    return made


def drawn_for(entry: Entry, expression: Expression) -> Sample:
    """An input in the domain of a function for an expression that calls it."""
    symbols = {s.name: s for s in expression.variables}
    return next(samples([expression.node], symbols, entry.fields.get("domain", "")))


def arguments_of(expression: Any, drawn: Sample) -> dict[str, Any]:
    """The inputs of the compiled function of an expression."""
    known = {**drawn.sizes, **drawn.point}
    return {name: known[name] for name in expression.inputs}


def test_the_book_has_the_functions_of_the_language() -> None:
    assert sorted(set(FUNCTIONS) - set(book.function_names())) == []


@entries
def test_an_entry_is_complete(name: str, k: int) -> None:
    entry = book.entries(name)[k]
    missing = [word for word in ("title", "latex", "source") if not entry.fields.get(word)]
    assert missing == []
    constant = entry.mode != "stack" and all(p.role != "value" for p in entry.params)
    ruled = any(s.kind in ("d", "define") for s in entry.statements) or name in UNRULED
    known = ruled or constant or name in STRUCTURAL
    assert known, "no differential, no definition, and no structure of its own"


UNRULED: Final = {"zeta", "expm_hessian", "logm_hessian"}
"""Functions without a rule for their derivative: asked for it, they answer with an error."""

STRUCTURAL: Final = {*lower.STRUCTURAL, "kron"}


@entries
def test_an_entry_prints_and_parses(name: str, k: int) -> None:
    for text, shapes in texts(book.entries(name)[k]):
        expression = parse(text, shapes)
        again = parse(str(expression), shapes)
        assert again.node is expression.node
        written = latex(expression.node)
        assert written
        assert "<" not in written.replace("\\left<", "")


@entries
def test_a_header_says_the_shape(name: str, k: int) -> None:
    entry = book.entries(name)[k]
    text, shapes = example(entry)
    if entry.result is not None:
        assert parse(text, shapes).node.shape.dims == entry.result


@entries
def test_numpy_form(name: str, k: int) -> None:
    entry = book.entries(name)[k]
    for text, shapes in texts(entry):
        expression = parse(text, shapes)
        drawn = drawn_for(entry, expression)
        wanted = evaluate(expression.node, drawn.point, drawn.sizes)
        function = expression.function()
        given = arguments_of(expression, drawn)
        got = np.asarray(function(**given))
        assert got.shape == wanted.shape
        assert got.shape == tuple(d.evaluate(drawn.sizes) for d in expression.node.shape.dims)
        same(got, wanted)
        single = {
            n: np.float32(v) if np.asarray(v).dtype == np.float64 else v for n, v in given.items()
        }
        if any(np.asarray(v).dtype == np.float32 for v in single.values()):
            assert np.asarray(function(**single)).dtype == np.float32


def differentiable() -> list[Any]:
    """Every argument of every function that a derivative can be taken by."""
    return [
        pytest.param(name, k, argument, id=f"{entry_id(name, k)} by {argument}")
        for name, k in ENTRIES
        for argument in example(book.entries(name)[k])[1]
    ]


@pytest.mark.parametrize(("name", "k", "argument"), differentiable())
def test_every_argument_has_a_derivative(name: str, k: int, argument: str) -> None:
    entry = book.entries(name)[k]
    for text, shapes in texts(entry):
        if argument in shapes and not has_rule(entry, argument):
            with pytest.raises(DerivationError, match="no rule for the derivative"):
                derive(text, argument, shapes=shapes)
        elif argument in shapes:
            shapes = declared(entry, text, shapes)
            for whole in (text, f"sum(({text}).^2)"):
                report = derive(whole, argument, shapes=shapes).check()
                assert report.passed, str(report)


def has_rule(entry: Entry, argument: str) -> bool:
    """Whether there is a derivative by an argument; SymPy has none by an order or a degree."""
    if entry.name not in book.library_names():
        return entry.name not in UNRULED
    lines = [s.text for s in entry.statements if s.kind == "d"]
    return any(re.search(rf"\bd{argument}\b", line) for line in lines)


def declared(entry: Entry, text: str, shapes: dict[str, str]) -> dict[str, str]:
    """The shapes with the properties that the function's domain asks for."""
    symbols = {s.name: s for s in parse(text, shapes).variables}
    made = with_properties(symbols, entry.fields.get("domain", ""))
    return {
        s.name: " ".join([shapes[s.name], *sorted(s.properties)]) for s in made if s.name in shapes
    }


# --- a second opinion on the scalar rules


def opinions() -> dict[str, Any]:
    """The element-wise functions as SymPy knows them, or by others where it has no numbers."""
    import sympy as sp

    from matcalc.bridge.export import ELEMENTWISE as KNOWN

    def spherical(bessel: Any) -> Any:
        return lambda v, x: sp.sqrt(sp.pi / (2 * x)) * bessel(v + sp.Rational(1, 2), x)

    def stairs(x: Any) -> Any:
        return sp.Add(*(sp.Heaviside(x - k) for k in range(-9, 10)))

    return KNOWN | {
        "erfcinv": lambda x: sp.erfinv(1 - x),
        "jn": spherical(sp.besselj),
        "yn": spherical(sp.bessely),
        "floor": lambda x: stairs(x) - 10,
        "ceil": lambda x: 10 - stairs(-x),
        "round": lambda x: stairs(x + sp.Rational(1, 2)) - 10,
    }


ELEMENTWISE: Final = [p for p in lines("d") if p.values[0].mode == "elementwise"]


@pytest.mark.parametrize(("entry", "statement"), ELEMENTWISE)
def test_sympy_agrees(entry: Entry, statement: Statement) -> None:
    import sympy as sp

    lhs, rhs, variables = book.statement_exprs(entry, statement)
    params = [arg for arg in children(lhs) if isinstance(arg, Symbol)]
    letters = {p.name: sp.Symbol(p.name, real=True) for p in params}
    whole = [
        p.name
        for p in params
        if "integer"
        in next(iter(with_properties({p.name: p}, entry.fields.get("domain", "")))).properties
    ]
    value = opinions()[entry.name](*letters.values())
    along = {f"d{p.name}": symbol(f"d{p.name}") for p in params}
    params = [p for p in params if has_rule(entry, p.name)]
    for drawn in samples([lhs], {**variables, **along}, entry.fields.get("domain", "")):
        at = {letters[name]: sp.Float(float(drawn.point[name])) for name in letters}
        at |= {letters[name]: int(drawn.point[name]) for name in whole}
        expected = 0.0
        for p in params:
            if p.name not in whole:
                slope = sp.diff(value, letters[p.name]).subs(at)
                exact = complex(sp.N(slope))
                assert abs(exact.imag) <= TOLERANCE
                expected += exact.real * float(drawn.point[f"d{p.name}"])
        same(evaluate(rhs, drawn.point, drawn.sizes), expected)
