"""From a seed a program and what to ask of it: by what, which kind of derivative, in which layout,
at which sizes the answer is tried, and in which other way it is computed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any, Final

from matcalc import Derivation, derive
from tests.campaign.declared import AT_KINKS, VARIABLES
from tests.campaign.grammar import Pick, program
from tests.campaign.terms import Program, mentions
from tests.campaign.ways import WAYS

KINDS: Final = ("auto", "differential", "jvp", "vjp", "jacobian")
"""Kinds of derivative that every program has."""

SCALAR: Final = ("gradient", "hessian", "hvp", "auto", "differential", "hessian", "hvp")
"""Kinds to try for a scalar."""

SIZES: Final = ((2, 3), (3, 2), (2, 3), (3, 2), (2, 2), (3, 4), (1, 2), (2, 1))
"""Of n and m; where they are equal or 1, axes could be mistaken for others without an error."""

CARRIERS: Final = ("x", "u")
"""Variables that are always declared, so that the dimensions are known by name."""

PLAIN: Final = "numpy"
"""The way in which a result is always computed, see `ways`."""

Sizes = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Asked:
    """A program as text with its declarations, what derivative of it is asked for, at which sizes
    of dimensions it is tried, and in which way, beside the plain one, it is computed.
    """

    text: str
    shapes: dict[str, str] = field(hash=False)
    wrt: str
    kind: str
    layout: str
    sizes: Sizes
    way: str = PLAIN

    def derived(self, **options: Any) -> Derivation:
        """The derivation."""
        given = {"kind": self.kind, "layout": self.layout, **options}
        return derive(self.text, self.wrt, shapes=self.shapes, **given)

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} = {size}" for name, size in self.sizes)
        shapes = "; ".join(f"{name}: {shape}" for name, shape in self.shapes.items())
        how = "" if self.way == PLAIN else f"; {self.way}"
        return f"{self.text}\n  by {self.wrt}; {self.kind}; {self.layout}; {sizes}{how}; {shapes}"


def read(text: str) -> Asked:
    """What is asked, from how it prints."""
    program, _, line = text.strip().rpartition("\n")
    wrt, kind, layout, sizes, *shapes = (part.strip() for part in line.split(";"))
    way = shapes.pop(0) if shapes and ":" not in shapes[0] else PLAIN
    pairs = (size.split(" = ") for size in sizes.split(", "))
    names = dict(shape.split(": ", 1) for shape in shapes)
    return Asked(
        program.strip(),
        names,
        wrt.removeprefix("by "),
        kind,
        layout,
        tuple((name, int(size)) for name, size in pairs),
        way,
    )


@dataclass(frozen=True)
class Made:
    """A program that was made of forms, and what is asked of it."""

    program: Program
    wrt: str
    kind: str
    layout: str
    sizes: Sizes
    way: str = PLAIN

    @property
    def asked(self) -> Asked:
        """The same as text."""
        text = self.program.text
        return Asked(text, self._shapes(), self.wrt, self.kind, self.layout, self.sizes, self.way)

    def _shapes(self) -> dict[str, str]:
        """The declarations of what occurs, of what is asked for nonetheless, and of dimensions."""
        known = self.program.shapes
        more = [*self.wrt.strip("[]").split(", "), *CARRIERS]
        return self.program.declared | {name: known[name] for name in more if name in known}

    def with_program(self, changed: Program) -> Made:
        """The same asked of another program."""
        return replace(self, program=changed)


def seeded(seed: int, depth: int) -> Made:
    """What a seed asks."""
    return made_by(random.Random(seed).randrange, depth)


def made_by(pick: Pick, depth: int) -> Made:
    """A random program and question: by one variable or two, or by a bound name."""
    made = program(pick, depth)
    known = [name for names in VARIABLES.values() for name in names]
    free = [name for name in known if mentions(made.text, name) and name not in AT_KINKS]
    kinked = [name for name in AT_KINKS if mentions(made.text, name)]
    names = [*free, *free, *made.bound, *kinked] or ["x"]
    first = names[pick(len(names))]
    kinds = (*KINDS, *SCALAR) if not made.dims else KINDS
    kind = kinds[pick(len(kinds))]
    others = [name for name in free if name != first and first not in made.bound]
    wrt = first
    if others and pick(3) == 2:
        wrt = f"{first}, {others[pick(len(others))]}"
        scalars = all(name in VARIABLES[()] for name in wrt.split(", "))
        wrt = f"[{wrt}]" if scalars and pick(2) else wrt
    layout = ("numerator", "denominator")[pick(2)]
    sizes = SIZES[pick(len(SIZES))]
    ways = (PLAIN, PLAIN, *WAYS)
    way = ways[pick(len(ways))]
    return Made(made, wrt, kind, layout, (("n", sizes[0]), ("m", sizes[1])), way)
