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
from matcalc.check.standins import stand_in
from matcalc.dims import Dim
from matcalc.errors import DerivationError
from matcalc.expr import nodes
from matcalc.expr.nodes import Expr, Function, Symbol

NORMAL: Final = "normal"
ENTRIES: Final[Mapping[str, Callable[[tuple[int, ...], np.random.Generator], Array]]] = {
    NORMAL: lambda shape, rng: np.asarray(rng.standard_normal(shape)),
    "in (0.5, 2)": lambda shape, rng: rng.uniform(0.5, 2.0, shape),
    "in (0, 1)": lambda shape, rng: rng.uniform(0.05, 0.95, shape),
    "in (-1, 1)": lambda shape, rng: rng.uniform(-0.9, 0.9, shape),
    "in (1, 3)": lambda shape, rng: rng.uniform(1.2, 3.0, shape),
}
MATRICES: Final = ("spd", "invertible")
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


@dataclass(frozen=True)
class Plan:
    """What has to be sampled."""

    expressions: tuple[Expr, ...]
    symbols: tuple[Symbol, ...]
    unknown: tuple[Function, ...]
    ranges: dict[
        str, tuple[Dim, ...]
    ]  # of the names used as an index: the dimensions that they index
    dims: tuple[Dim, ...]


def sample(
    expressions: Sequence[Expr],
    symbols: Iterable[Symbol],
    rng: np.random.Generator,
    *,
    functions: Functions | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Sample:
    """Inputs at which all the expressions have finite real values; DerivationError if none found.

    `functions` are stand-ins of the caller's; further unknown functions get random ones.
    """
    plan = plan_of(expressions, symbols)
    trouble = "no finite value"
    for attempt, chosen in enumerate(islice(_sizes(plan, sizes), 4)):
        for domains, positive in _domains(plan, rng, 80 if attempt == 0 else 20):
            made = _drawn(plan, chosen, domains, positive, dict(functions or {}), rng)
            try:
                if all(
                    _finite(Evaluator(e, chosen, made.functions)(made.point))
                    for e in plan.expressions
                ):
                    return made
            except IndexError as error:
                trouble = str(error)
                break
            except OUTSIDE as error:
                trouble = str(error)
        else:
            break
    raise DerivationError(
        f"no inputs were found at which the expression has a finite real value ({trouble})"
    )


def plan_of(expressions: Sequence[Expr], symbols: Iterable[Symbol]) -> Plan:
    """What the expressions, and the further symbols, need."""
    found = {symbol.name: symbol for symbol in symbols}
    unknown: dict[str, Function] = {}
    ranges: dict[str, tuple[Dim, ...]] = {}
    dims: dict[Dim, None] = {}
    for node in nodes.postorder(tuple(expressions)):
        dims.update(dict.fromkeys(node.shape.dims))
        match node:
            case nodes.Symbol(name=name):
                found.setdefault(name, node)
            case nodes.Size(dim=dim):
                dims[dim] = None
            case nodes.Apply(function=function):
                unknown[function.name] = function
                dims.update(dict.fromkeys(function.domain.dims + function.codomain.dims))
            case nodes.Index(arg=arg, indices=indices):
                for index, dim in zip(indices, arg.shape.dims, strict=True):
                    if isinstance(index, Symbol):
                        ranges[index.name] = (*ranges.get(index.name, ()), dim)
            case nodes.Call(name="e", args=(Symbol(name=name), nodes.Size(dim=dim))):
                ranges[name] = (*ranges.get(name, ()), dim)
            case nodes.Call(name="e", args=(Symbol(name=name), nodes.Number())):
                ranges[name] = (*ranges.get(name, ()), node.shape.dims[0])
            case nodes.Derivative(wrt=Symbol(name=name) as wrt):
                found.setdefault(name, wrt)
            case _:
                pass
    for symbol in found.values():
        dims.update(dict.fromkeys(symbol.shape.dims))
    return Plan(
        tuple(expressions), tuple(found.values()), tuple(unknown.values()), ranges, tuple(dims)
    )


def _sizes(plan: Plan, given: Mapping[str, int] | None) -> Iterator[dict[str, int]]:
    """Small, distinct sizes for the dimension names, each choice larger than the one before."""
    names = sorted({name for dim in plan.dims for name in dim.names} - set(given or {}))
    for start in (3, 6, 11, 24) if names else (3,):
        for shift, scale in ((0, 1), (1, 1), (3, 1), (1, 2), (0, 6)):
            chosen = {name: (start + k + shift) * scale for k, name in enumerate(names)} | dict(
                given or {}
            )
            if _fits(plan.dims, chosen):
                yield chosen
                break


def _fits(dims: Sequence[Dim], sizes: Mapping[str, int]) -> bool:
    try:
        return all(dim.evaluate(sizes) > 0 for dim in dims)
    except ValueError:
        return False


def _finite(value: Array) -> bool:
    return bool(np.all(np.isfinite(value)))


def _domains(
    plan: Plan, rng: np.random.Generator, limit: int
) -> Iterator[tuple[dict[str, str], bool]]:
    """Choices of a domain for each variable, likely ones first; whether stand-ins are positive."""
    choices = {symbol.name: _choices(symbol) for symbol in plan.symbols}
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
    functions: dict[str, Sequence[Callable[..., Any]]],
    rng: np.random.Generator,
) -> Sample:
    point: dict[str, Array] = {}
    for symbol in plan.symbols:
        if "integer" in symbol.properties or symbol.name in plan.ranges:
            highest = min(
                (dim.evaluate(sizes) for dim in plan.ranges.get(symbol.name, ())), default=4
            )
            point[symbol.name] = np.asarray(rng.integers(min(1, highest - 1), highest))
            domains = {**domains, symbol.name: "whole"}
        else:
            shape = tuple(dim.evaluate(sizes) for dim in symbol.shape.dims)
            point[symbol.name] = value_of(domains[symbol.name], shape, symbol.properties, rng)
    for function in plan.unknown:
        if function.name not in functions:
            functions[function.name] = stand_in(function, sizes, rng, positive)
    return Sample(point, sizes, functions, domains)


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
