"""The functions of the rule book as forms: every entry of the book, by its signature.

A new function of the book is covered by itself.  What an argument has to be for there to be a
value is read off the entry's line `domain "…"`: a new kind of domain has to be added to NATURES,
and a test says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final

from matcalc.dims import Dim, named
from matcalc.language import book
from matcalc.language.book import Entry, Param
from tests.campaign.terms import Dims, Form, Want

BASE: Final = ("n", "m")
"""The dimension names of programs."""

NATURES: Final = {
    "": "any",
    "x > 0": "positive",
    "x > -1": "positive",
    "x > 0, or p whole": "positive",
    "-1 < x < 1": "unit",
    "0 < x < 1": "fraction",
    "x > 1": "above",
    "k a whole number, x > 0": "positive",
    "x ≠ 0": "positive",
    "x ≥ 0": "positive",
    "x not an odd multiple of π/2": "any",
    "S symmetric positive definite": "spd",
    "no eigenvalue on the closed negative real axis": "spd",
    "S symmetric, largest eigenvalue simple": "symmetric",
    "largest singular value simple": "any",
    "full rank": "any",
    "low ≤ high": "any",
}
"""What is written for the argument that a domain of the book speaks of."""

WELL: Final = {("inv", "A"): "regular", ("solve", "A"): "regular", ("logdet", "A"): "regular"}
"""Arguments that have no domain in the book, and where nearly everything singular is no test."""

CHOICES: Final = {
    ("norm", "p"): ("1", "2", "3", "inf", "t"),
    ("polygamma", "k"): ("0", "1", "2"),
    ("tril", "k"): ("0", "1", "-1"),
    ("triu", "k"): ("0", "1", "-1"),
}
"""What stands for an argument of a kind of its own."""

APART: Final = frozenset({"reshape"})
"""Functions whose header does not say what they take; the grammar has their forms."""

STACKED: Final[dict[str, Sequence[tuple[tuple[Dims, ...], Dims]]]] = {
    "hstack": [
        ((("n", "m"), ("n", "n")), ("n", "m + n")),
        ((("m",), ("m", "n")), ("m", "n + 1")),
        ((("n",), ("n",)), ("n", "2")),
    ],
    "vstack": [
        ((("m", "n"), ("n", "n")), ("m + n", "n")),
        ((("n",), ("m",)), ("m + n",)),
        (((), ("n",)), ("n + 1",)),
    ],
    "blockdiag": [
        ((("n", "n"), ("m", "m")), ("m + n", "m + n")),
        ((("m", "n"), ("n", "m")), ("m + n", "m + n")),
    ],
}
"""What functions that stack are given, and what comes out."""


@cache
def entries() -> tuple[Entry, ...]:
    """The entries of the book whose functions are the language's own."""
    library = set(book.library_names())
    return tuple(
        entry
        for name in book.function_names()
        if name not in library and name not in APART
        for entry in book.entries(name)
    )


@cache
def plain_forms() -> dict[Dims, list[Form]]:
    """By result: forms of the functions with shapes in their header, and of those that stack."""
    found: dict[Dims, list[Form]] = defaultdict(list)
    for entry in entries():
        if entry.mode == "plain":
            for dims, form in _plain(entry):
                found[dims].append(form)
        elif entry.mode == "stack":
            for parts, dims in STACKED[entry.name]:
                places = ", ".join(f"{{{k}}}" for k in range(len(parts)))
                wants = tuple(map(Want, parts))
                found[dims].append(Form(f"{entry.name}({places})", wants, (entry.name,)))
    return dict(found)


def along_forms(dims: Dims) -> Iterator[Form]:
    """Forms of the functions that take axis=, for a result."""
    for entry in entries():
        if entry.mode != "along":
            continue
        whole = not entry.result
        if len(dims) == 0 and whole:
            for source in [*((d,) for d in BASE), ("m", "n"), ("n", "n")]:
                yield from _along(entry, source, "")
        elif len(dims) == 1 and whole and dims[0] in BASE:
            for other in BASE:
                yield from _along(entry, (dims[0], other), ", axis=1")
                yield from _along(entry, (other, dims[0]), ", axis=0")
        elif len(dims) == 1 and not whole:
            yield from _along(entry, dims, "")
        elif len(dims) == 2 and not whole:
            yield from _along(entry, dims, ", axis=0")
            yield from _along(entry, dims, ", axis=1")


def elementwise_forms(dims: Dims) -> Iterator[Form]:
    """Forms of the element-wise functions for a result."""
    for entry in entries():
        if entry.mode != "elementwise":
            continue
        free = [param for param in entry.params if param.dims is None]
        yield from _written(entry, {p.name: dims for p in free})
        if dims and len(free) > 1:  # a scalar among them is expanded
            for single in free:
                yield from _written(entry, {p.name: () if p is single else dims for p in free})


def _along(entry: Entry, source: Dims, axis: str) -> Iterator[Form]:
    main = entry.params[0].dims
    if len(source) == 2 and not axis and (entry.name, len(entry.params)) == ("norm", 2):
        return  # of a matrix as a whole norm(X, 2) and norm(X, nuc) are other functions
    yield from _written(
        entry, {p.name: source for p in entry.params if p.dims == main}, options=axis
    )


def _plain(entry: Entry) -> Iterator[tuple[Dims, Form]]:
    names = sorted(
        {
            n
            for dims in [entry.result or (), *(p.dims or () for p in entry.params)]
            for d in dims
            for n in d.names
        }
        | {p.name for p in entry.params if p.role == "size"}
    )
    for values in product(BASE, repeat=len(names)):
        sizes = {name: named(value) for name, value in zip(names, values, strict=True)}
        shapes = {p.name: put(p.dims or (), sizes) for p in entry.params if p.role == "value"}
        for form in _written(entry, shapes, {name: str(dim) for name, dim in sizes.items()}):
            yield put(entry.result or (), sizes), form


def put(dims: Sequence[Dim], sizes: dict[str, Dim]) -> Dims:
    """A shape of the book with dimensions of programs put in."""
    return tuple(str(dim.substitute(sizes)) for dim in dims)


def _written(
    entry: Entry, shapes: dict[str, Dims], sizes: dict[str, str] | None = None, options: str = ""
) -> Iterator[Form]:
    """The calls of a function, its arguments of these shapes, with and without optional ones."""
    needed = [param for param in entry.params if param.default is None]
    for params in dict.fromkeys((tuple(needed), tuple(entry.params))):
        slots = [_slot(entry, param, shapes, sizes or {}) for param in params]
        for chosen in product(*slots):
            parts = tuple(part for part in chosen if isinstance(part, Want))
            places = iter(range(len(parts)))
            arguments = [
                f"{{{next(places)}}}" if isinstance(part, Want) else part for part in chosen
            ]
            yield Form(f"{entry.name}({', '.join(arguments)}{options})", parts, (entry.name,))


def _slot(
    entry: Entry, param: Param, shapes: dict[str, Dims], sizes: dict[str, str]
) -> Sequence[Want | str]:
    """What may stand for a parameter."""
    if param.role == "size":
        return (sizes[param.name],)
    if param.role == "index":
        return ("0", "1", "i")
    if (entry.name, param.name) in CHOICES:
        return CHOICES[entry.name, param.name]
    if param.default is not None:
        return (Want((), "positive"),)
    return (Want(shapes.get(param.name, ()), nature(entry, param)),)


def nature(entry: Entry, param: Param) -> str:
    """What the values of an argument have to be."""
    domain = entry.fields.get("domain", "")
    if (entry.name, param.name) in WELL:
        return WELL[entry.name, param.name]
    spoken_of = re.search(rf"\b{param.name}\b", domain) or len(entry.params) == 1
    return NATURES[domain] if spoken_of else "any"
