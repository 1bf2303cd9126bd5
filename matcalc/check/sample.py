"""Random inputs for expressions: sizes, values with the declared properties, stand-ins, a domain.

Where the expressions have no finite value for normal inputs (`log`, `acosh`, `chol` …), other
domains are tried, and the sample says which it is from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np

from matcalc.check.differences import Array
from matcalc.check.evaluate import Evaluator, Functions
from matcalc.check.linear import DomainError
from matcalc.check.plan import Plan, plan_of, sizes_for
from matcalc.check.standins import stand_in
from matcalc.check.steps import size
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Expr, Symbol

NORMAL: Final = "normal"
ENTRIES: Final[Mapping[str, Callable[[tuple[int, ...], np.random.Generator], Array]]] = {
    NORMAL: lambda shape, rng: np.asarray(rng.standard_normal(shape)),
    "in (0.5, 2)": lambda shape, rng: rng.uniform(0.5, 2.0, shape),
    "in (0, 1)": lambda shape, rng: rng.uniform(0.05, 0.95, shape),
    "in (-1, 1)": lambda shape, rng: rng.uniform(-0.9, 0.9, shape),
    "in (1, 3)": lambda shape, rng: rng.uniform(1.2, 3.0, shape),
}
MATRICES: Final = ("spd", "symmetric", "invertible")
TRIES: Final = 80

OUTSIDE: Final = (
    DomainError,
    np.linalg.LinAlgError,
    FloatingPointError,
    IndexError,
    OverflowError,
)


@dataclass(frozen=True)
class Sample:
    """Random inputs: values by variable, sizes by dimension name, functions with derivatives."""

    point: dict[str, Array]
    sizes: dict[str, int]
    functions: dict[str, Sequence[Callable[..., Any]]]
    domains: dict[str, str]

    @property
    def domain(self) -> str:
        """Where the inputs are from, in words."""
        special = [f"{name} {text}" for name, text in self.domains.items() if text != NORMAL]
        if not special:
            return "normal inputs"
        if len(set(self.domains.values())) == 1:
            return f"inputs {next(iter(self.domains.values()))}"
        return ", ".join(special) + (
            "" if len(special) == len(self.domains) else ", the rest normal"
        )


def sample(
    expressions: Sequence[Expr],
    symbols: Iterable[Symbol],
    rng: np.random.Generator,
    *,
    functions: Functions | None = None,
    sizes: Mapping[str, int] | None = None,
    smallest: int = 3,
    turned: bool = False,
) -> Sample:
    """Inputs at which all the expressions have finite real values; DerivationError if none found.

    functions   Stand-ins of the caller's; further unknown functions get random ones.
    smallest    The size to begin with for dimension names that `sizes` does not give; it grows
                from name to name, or if `turned` from the last name to the first.
    """
    plan = plan_of(expressions, symbols)
    trouble = "no sizes fit its dimensions, or its arrays are too large"
    for attempt, chosen in enumerate(sizes_for(plan, sizes or {}, smallest, turned)):
        try:
            return _search(plan, chosen, functions or {}, rng, TRIES if attempt == 0 else 20)
        except IndexError as error:
            trouble = str(error)
        except DomainError as error:
            trouble = str(error)
    raise DerivationError(
        f"no inputs were found at which the expression has a finite real value ({trouble})"
    )


def _search(
    plan: Plan,
    sizes: dict[str, int],
    functions: Functions,
    rng: np.random.Generator,
    tries: int,
) -> Sample:
    """The first fitting draw; DomainError if there is none, IndexError if a size is too small."""
    evaluators: list[Evaluator] = []
    trouble: Exception = DomainError("not finite")
    for domains, positive in _domains(plan, rng, tries):
        made = _drawn(plan, sizes, domains, positive, functions, rng)
        if not evaluators or plan.unknown:
            parts = (*plan.expressions, *plan.symmetric)
            evaluators = [Evaluator(e, sizes, made.functions) for e in parts]
        try:
            values = [evaluator(made.point) for evaluator in evaluators]
        except IndexError:
            raise
        except OUTSIDE as error:
            trouble = error
            continue
        count = len(plan.expressions)
        finite = all(np.all(np.isfinite(value)) for value in values)
        if finite and all(map(_is_symmetric, values[count:])):
            return made
    raise DomainError(str(trouble))


def _is_symmetric(value: Array) -> bool:
    """Whether a matrix equals its transpose but for rounding."""
    return bool(np.max(np.abs(value - value.T), initial=0.0) <= 1e-12 * size(value))


def _domains(
    plan: Plan, rng: np.random.Generator, limit: int
) -> Iterator[tuple[dict[str, str], bool]]:
    """Choices of a domain for each variable, likely ones first; whether stand-ins are positive."""
    choices = {symbol.name: _choices(symbol) for symbol in plan.symbols.values()}
    orders: list[tuple[str, ...]] = [(NORMAL,)] * 4
    orders += [(domain,) for domain in list(ENTRIES)[1:] for _ in range(2)]
    orders += [
        (matrix, other) for matrix in MATRICES for other in (NORMAL, "in (0.5, 2)", "in (0, 1)")
    ]
    for k, order in enumerate(islice(orders, limit)):
        fitting = {n: next((o for o in order if o in own), own[0]) for n, own in choices.items()}
        yield fitting, False
        if plan.unknown and k >= 2:
            yield fitting, True
    for _ in range(len(orders), limit):
        yield {n: str(rng.choice(own)) for n, own in choices.items()}, bool(rng.integers(2))


def _choices(symbol: Symbol) -> list[str]:
    properties, dims = symbol.properties, symbol.shape.dims
    if "integer" in properties:
        return ["whole"]
    if properties & {"spd", "orthogonal"}:
        return [next(p for p in ("spd", "orthogonal") if p in properties)]
    above = properties & {"positive", "nonnegative"}
    entries = [name for name in ENTRIES if not above or name not in {NORMAL, "in (-1, 1)"}]
    square = (
        len(dims) == 2 and dims[0] == dims[1] and not properties & {"lower", "upper", "diagonal"}
    )
    return entries + (list(MATRICES) if square else [])


def _drawn(
    plan: Plan,
    sizes: dict[str, int],
    domains: dict[str, str],
    positive: bool,
    functions: Functions,
    rng: np.random.Generator,
) -> Sample:
    point: dict[str, Array] = {}
    known = dict(functions)
    for symbol in plan.symbols.values():
        if "integer" in symbol.properties or symbol.name in plan.ranges:
            highest = min(
                (dim.evaluate(sizes) for dim in plan.ranges.get(symbol.name, ())), default=4
            )
            point[symbol.name] = np.asarray(rng.integers(min(1, highest - 1), highest))
            domains = {**domains, symbol.name: "whole"}
        else:
            shape = tuple(dim.evaluate(sizes) for dim in symbol.shape.dims)
            point[symbol.name] = value_of(domains[symbol.name], shape, symbol.properties, rng)
    for function in plan.unknown.values():
        if function.name not in known:
            known[function.name] = stand_in(function, sizes, rng, positive)
    return Sample(point, sizes, known, domains)


def value_of(
    domain: str, shape: tuple[int, ...], properties: frozenset[str], rng: np.random.Generator
) -> Array:
    """A random array from a domain with the properties."""
    wanted = properties | {domain}
    a = ENTRIES.get(domain, ENTRIES[NORMAL])(shape, rng)
    if wanted & {"positive", "nonnegative"}:
        a = np.abs(a)
    if len(shape) != 2 or shape[0] != shape[1]:
        return np.asarray(a)
    n, unit = shape[0], np.eye(shape[0])
    if "spd" in wanted:
        return np.asarray(a @ a.T / n + unit / 2)
    if "orthogonal" in wanted:
        return np.asarray(np.linalg.qr(a)[0])
    for name, mask in (
        ("diagonal", unit),
        ("lower", np.tril(unit + 1)),
        ("upper", np.triu(unit + 1)),
    ):
        a = np.where(mask > 0, a, 0.0) if name in wanted else a
    if "symmetric" in wanted:
        a = (a + a.T) / 2
    return np.asarray(a + 2 * np.sqrt(n) * unit if "invertible" in wanted else a)
