"""Index notation for reading: u_i = Σ_j X_ij w_j + b_i, ∂u_i/∂w_j = X_ij.

The engine's tensors are index notation already; here they are only spelled.  For what is done entry
by entry the diagonal argument of Parr & Howard (sec. 4.2) is told with a claim for one entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matcalc.derivation import kernel
from matcalc.derivation.entries import entry, entry_of, index_symbol
from matcalc.derivation.parts import names_in
from matcalc.derivation.slopes import Slope, Slopes, name_of
from matcalc.derivation.spelling import Spelling, indexed
from matcalc.emit.names import latex_name
from matcalc.expr.nodes import Apply, Expr, Named, Symbol, free_symbols, postorder
from matcalc.show.equations import written
from matcalc.show.record import Formula, Step
from matcalc.simplify.structure import structure

LETTERS = "ijklmnpqrst"
DIAGONAL = ("diagonal", "identity", "scaled identity")
TOO_LONG = 160
"""A formula of more characters than this helps nobody."""


def shapes(expression: Expr, targets: Sequence[Expr]) -> Step:
    """What is given: each variable with its set, each unknown function with its signature."""
    symbols = dict(free_symbols(expression))
    for target in targets:
        if isinstance(target, Symbol):
            symbols.setdefault(target.name, target)
    lines = []
    for symbol in symbols.values():
        if "integer" in symbol.properties:
            lines.append(Formula(f"{symbol.name} an index", rf"{symbol.name} \text{{ an index}}"))
            continue
        words = ", ".join(sorted(symbol.properties))
        lines.append(in_set(symbol, f", {words}" if words else ""))
    functions = {
        n.function.name: n.function for n in postorder((expression,)) if isinstance(n, Apply)
    }
    for name, function in functions.items():
        domain, codomain = set_of(function.domain), set_of(function.codomain)
        lines.append(
            Formula(
                f"{name}: {domain.text} → {codomain.text}",
                rf"{latex_name(name)} \colon {domain.latex} \to {codomain.latex}",
            )
        )
    return Step("shapes", "what is given", "", None, expression, None, formulas=tuple(lines))


def set_of(shape: object) -> Formula:
    """R^n, as a set."""
    text = str(shape)
    body = text.removeprefix("R^").strip("()") if text != "R" else ""
    script = body.replace("×", r" \times ").replace("*", " ")
    return Formula(text, rf"\mathbb{{R}}^{{{script}}}" if script else r"\mathbb{R}")


def in_set(symbol: Symbol, words: str) -> Formula:
    """x ∈ R^n."""
    space, own = set_of(symbol.shape), written(symbol)
    told = rf" \text{{{words}}}" if words else ""
    return Formula(f"{own.text} ∈ {space.text}{words}", rf"{own.latex} \in {space.latex}{told}")


def of_local(slopes: Slopes, name: str, value: Expr, by: Expr, slope: Slope) -> Iterator[Step]:
    """A local derivative in index notation."""
    taken = names_in(value, by)
    letters = [letter for letter in LETTERS if letter not in taken]
    own, others = letters[: value.shape.rank], letters[value.shape.rank :]
    below, spare = others[: by.shape.rank], others[by.shape.rank :]
    lines = []
    spelling = Spelling(slopes.write, spare)
    defined = spelling(slopes.tensor(value), own)
    if name_of(value) != name and defined is not None:
        lines.append(_equation(indexed(name, own), defined))
    derived = spelling(slope.tensor, [*own, *below])
    if derived is not None:
        lines.append(_equation(_partial(indexed(name, own), indexed(name_of(by), below)), derived))
    lines = [line for line in lines if len(line.text) <= TOO_LONG]
    if not lines:
        return
    claim = one_entry(slopes, value, by, slope, own)
    if claim is None:
        yield Step("index", "in index notation", formulas=tuple(lines), of=name)
        return
    before, place, after = claim
    if value.shape.rank == by.shape.rank == 1:
        zero = Formula(
            f"∂{name}_{own[0]}/∂{name_of(by)}_{below[0]} = 0 for {own[0]} ≠ {below[0]}",
            _partial(indexed(name, own), indexed(name_of(by), below)).latex
            + rf" = 0 \text{{ for }} {own[0]} \ne {below[0]}",
        )
        inner = _partial(indexed(name, own), indexed(name_of(by), own))
        diagonal = spelling(slopes.tensor(after), [])
        lines.append(zero)
        if diagonal is not None:
            lines.append(_equation(inner, diagonal))
    others = [n.name for n in postorder((before,)) if isinstance(n, Named) and n is not place]
    yield Step(
        "index", "in index notation", "", kernel.DIAGONAL if by.shape.rank else None,
        before, after, by=place, of=f"{name}_{own[0]}", formulas=tuple(lines),
        held=tuple(others),
    )  # fmt: skip


def one_entry(
    slopes: Slopes, value: Expr, by: Expr, slope: Slope, own: Sequence[str]
) -> tuple[Expr, Named | Symbol, Expr] | None:
    """The claim for one entry of what is done entry by entry: (f_i, x_i, ∂f_i/∂x_i)."""
    if value.shape.rank != 1 or by.shape.rank > 1 or not isinstance(by, Symbol | Named):
        return None
    if by.shape.rank and structure(slope.tensor) not in DIAGONAL:
        return None
    i = index_symbol(own[0])
    before = entry(value, i)
    if before is None:
        return None
    place = entry_of(by, [i], own[0]) if by.shape.rank else by
    if by.shape.dims and by.shape.dims != value.shape.dims:
        return None
    others = [n for n in postorder((before,)) if isinstance(n, Named) and n is not place]
    (found, *_), _ = slopes.local(before, [place, *others])
    return None if found.written is None else (before, place, found.written)


def _equation(left: Formula, right: Formula) -> Formula:
    return Formula(f"{left.text} = {right.text}", f"{left.latex} = {right.latex}")


def _partial(top: Formula, bottom: Formula) -> Formula:
    return Formula(
        f"∂{top.text}/∂{bottom.text}",
        rf"\frac{{\partial {top.latex}}}{{\partial {bottom.latex}}}",
    )
