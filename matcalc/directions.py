"""The directions of a derivative: the variables, beside those of the program, that dX, v and u are.

They get the shape of what they are a direction of, a name that nothing else has, and a sentence
that says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Final

from matcalc.dims import number
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.expr.nodes import Named, Shape, Symbol
from matcalc.kinds import is_symmetric
from matcalc.language import Program, canonical
from matcalc.language.book import known_functions

KINDS: Final = ("differential", "jvp", "vjp", "hvp")
"""The kinds that have directions."""

Choice = str | Mapping[str, str] | None
"""Names that the user wants: one, several with commas, or by variable."""

_NAME: Final = re.compile(r"[^\W\d]\w*")
_WORDS: Final = frozenset({"pi", "π", "inf", "I", "where"})


@dataclass(frozen=True)
class Direction:
    """A direction, the variable that it is one of, and what it is in words."""

    symbol: Symbol
    of: str
    meaning: str

    def __str__(self) -> str:
        rest = self.symbol.properties
        return " ".join([f"{self.symbol.name}: {self.symbol.shape}", *rest]) + f", {self.meaning}"


@dataclass(frozen=True)
class _Wanted:
    """What a direction has to be: of which name, of which shape, and what it is called else."""

    of: str
    shape: Shape
    symmetric: bool
    default: str
    meaning: str


def directions(
    kind: str,
    program: Program,
    targets: Sequence[Symbol | Named],
    stacked: bool,
    choice: Choice = None,
) -> tuple[Direction, ...]:
    """The directions that a kind of derivative has: none for gradient, Jacobian and Hessian.

    Raises   InputError for a choice that does not fit, or a name that is taken.
    """
    if kind not in KINDS:
        if choice is not None:
            raise InputError(f"a {kind} has no direction", expected="kind " + ", ".join(KINDS))
        return ()
    wanted = _wanted(kind, program, targets, stacked)
    chosen = _chosen(choice, wanted)
    made: list[Direction] = []
    for each in wanted:
        taken = {d.symbol.name for d in made}
        name = chosen.get(each.of)
        symbol = (
            _symbol(each, _free(each, program, taken))
            if name is None
            else _given(each, name, program, taken)
        )
        made.append(Direction(symbol, each.of, each.meaning))
    return tuple(made)


def _wanted(
    kind: str, program: Program, targets: Sequence[Symbol | Named], stacked: bool
) -> list[_Wanted]:
    if kind == "vjp":
        shape = Shape(program.expression.shape.dims)
        return [_Wanted("", shape, False, "u", "the cotangent, of the shape of the expression")]
    if kind == "differential":
        return [
            _Wanted(
                t.name,
                Shape(t.shape.dims),
                is_symmetric(t),
                f"d{t.name}",
                f"the differential of {t.name}",
            )
            for t in targets
        ]
    if stacked:
        names = ", ".join(t.name for t in targets)
        shape = Shape((number(len(targets)),))
        return [_Wanted(names, shape, False, "v", f"the direction of [{names}]")]
    alone = len(targets) == 1
    return [
        _Wanted(
            t.name, Shape(t.shape.dims), is_symmetric(t),
            "v" if alone else f"v_{t.name}", f"the direction of {t.name}",
        )
        for t in targets
    ]  # fmt: skip


def _chosen(choice: Choice, wanted: Sequence[_Wanted]) -> dict[str, str]:
    """The names that were chosen, by what they are the direction of."""
    if choice is None:
        return {}
    if isinstance(choice, Mapping):
        names = {canonical(key): value for key, value in choice.items()}
        known = [each.of for each in wanted]
        unknown = next((key for key in names if key not in known), None)
        if unknown is not None:
            raise InputError(
                f"there is no direction of {unknown}", expected=", ".join(known) or "one name"
            )
    elif isinstance(choice, str):
        parts = [part for part in re.split(r"[\s,]+", choice) if part]
        if len(parts) == 1 and len(wanted) > 1:
            parts = [f"{parts[0]}_{each.of}" for each in wanted]
        if len(parts) != len(wanted):
            raise InputError(
                f"{len(wanted)} direction{'s' * (len(wanted) > 1)}, and {len(parts)} names",
                found=choice,
            )
        names = dict(zip((each.of for each in wanted), parts, strict=True))
    else:
        raise InputError("direction is a name, or names by variable", found=type(choice).__name__)
    for name in names.values():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InputError("a direction has a name of letters, digits and _", found=repr(name))
    return {of: canonical(name) for of, name in names.items()}


def _symbol(wanted: _Wanted, name: str) -> Symbol:
    return build.symbol(name, wanted.shape, {"symmetric"} if wanted.symmetric else ())


def _used(program: Program, name: str) -> bool:
    return (
        name in program.variables
        or name in program.bindings
        or name in program.functions
        or name in program.dims
        or name in program.own
    )


def _free(wanted: _Wanted, program: Program, taken: set[str]) -> str:
    """The first of the names for a direction that means nothing else."""
    stem = wanted.default
    names: Iterator[str] = chain([stem], (f"{stem}_{k}" for k in count(1)))
    return next(
        name
        for name in map(canonical, names)
        if not (
            _used(program, name) or name in taken or name in known_functions() or name in _WORDS
        )
    )


def _given(wanted: _Wanted, name: str, program: Program, taken: set[str]) -> Symbol:
    """The variable of a name that was chosen: a new one, or one of the program that fits."""
    if name in taken:
        raise InputError(f"{name} is chosen for two directions")
    if name in known_functions() or name in _WORDS:
        raise InputError(f"the direction {name} would have the name of a function or a constant")
    known = program.variables.get(name)
    if known is not None and known.shape == wanted.shape and name != wanted.of:
        return known
    if known is not None or _used(program, name):
        found = f"{name}: {known.shape}" if known is not None else f"{name} means something else"
        raise InputError(
            f"the direction {name} has a name that the program uses",
            found=found,
            expected=f"a new name, or a variable of the shape {wanted.shape}",
        )
    return _symbol(wanted, name)


def value_name(program: Program) -> str:
    """What the value of a program is called: its bound name if it is one, else f, F of a matrix."""
    if isinstance(program.expression, Named):
        return program.expression.name
    letters = "FGHZ" if program.expression.shape.rank > 1 else "fghz"
    free = (name for name in letters if not _used(program, name))
    return next(free, f"{letters[0]}_0")
