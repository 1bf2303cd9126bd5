"""Random well-typed programs of the language, built from the shape that is wanted downwards.

The choices come from outside, so that hypothesis can shrink a program and a plain loop can make
thousands of them.  The first choice of every list is the simplest.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from matcalc.result import Derivation

Pick = Callable[[int], int]
"""A number from 0 up to, not including, its argument."""

Dims = tuple[str, ...]

SHAPES: Final = {
    "s": "R",
    "t": "R positive",
    "x": "R^n",
    "y": "R^n",
    "q": "R^n positive",
    "u": "R^m",
    "v": "R^m",
    "A": "R^(n×n)",
    "B": "R^(n×n)",
    "S": "R^(n×n) symmetric",
    "P": "R^(n×n) spd",
    "D": "R^(n×n) diagonal",
    "Q": "R^(n×n) orthogonal",
    "L": "R^(n×n) lower",
    "X": "R^(m×n)",
    "Y": "R^(m×n)",
    "Z": "R^(n×m)",
    "f": "R -> R",
    "g": "R^n -> R^m",
    "h": "R^n -> R",
}
VARIABLES: Final[dict[Dims, Sequence[str]]] = {
    (): ("s", "t"),
    ("n",): ("x", "y", "q"),
    ("m",): ("u", "v"),
    ("n", "n"): ("A", "B", "S", "P", "D", "Q", "L"),
    ("m", "n"): ("X", "Y"),
    ("n", "m"): ("Z",),
    ("m", "m"): (),
}
AT_KINKS: Final = ("D", "L")
"""Variables with zeros among their entries: a derivative by them may be at a kink."""

SMOOTH: Final = (
    "exp sin cos tanh sigmoid softplus atan sinh cosh asinh erf gelu silu normcdf normpdf expm1 "
    "erfc elu square log_normcdf f"
).split()
KINKED: Final = "abs relu sign leaky_relu".split()
POSITIVE: Final = "log sqrt log1p recip xlogx lgamma digamma gamma".split()
MATRIX_FUNCTIONS: Final = "chol expm inv pinv sqrtm logm".split()
ALONG: Final = "softmax log_softmax layernorm".split()
REDUCE: Final = "sum mean logsumexp var std norm prod max min".split()


@dataclass
class Maker:
    """Makes one program; if `flipped`, the operands of sums and products change places."""

    pick: Pick
    flipped: bool = False
    names: dict[Dims, list[str]] = field(default_factory=dict)

    def one(self, options: Sequence[str]) -> str:
        return options[self.pick(len(options))]

    def dim(self) -> str:
        return self.one("nm")

    def leaf(self, dims: Dims) -> str:
        """A variable, a bound name or a constant of a shape."""
        options = [*VARIABLES[dims], *self.names.get(dims, ())]
        if not dims:
            options += ["2", "1/3", "n"]
        elif len(dims) == 1:
            options += [f"ones({dims[0]})", f"e(0, {dims[0]})"]
        else:
            options += [f"ones({dims[0]}, {dims[1]})"]
            if dims[0] == dims[1]:
                options += [f"eye({dims[0]})"]
        return self.one(options)

    def make(self, dims: Dims, depth: int) -> str:
        """A text of a shape, in brackets if it is not an atom."""
        if depth <= 0:
            return self.leaf(dims)
        makers = (self.scalar, self.vector, self.matrix)
        return self.leaf(dims) if self.pick(6) == 0 else makers[len(dims)](dims, depth - 1)

    def common(self, dims: Dims, depth: int) -> list[Callable[[], str]]:
        """What every shape has: sums, scalings, element-wise operations."""

        def same() -> str:
            return self.make(dims, depth)

        def scalar() -> str:
            return self.make((), depth)

        def pair(sign: str) -> str:
            return self.pair(same(), sign, same())

        return [
            lambda: pair("+"),
            lambda: f"({same()} - {same()})",
            lambda: f"(-{same()})",
            lambda: f"({scalar()} {same()})",
            lambda: pair("⊙" if dims else "*"),
            lambda: f"{self.one(SMOOTH)}({same()})",
            lambda: f"({same()} / (1 + {scalar()}^2))",
            lambda: f"({same()} / (2 + {self.squared(same())}))",
            lambda: f"{self.one(POSITIVE)}(1 + {self.squared(same())})",
            lambda: f"{self.one(KINKED)}({same()})",
            lambda: f"max({self.one(['0', 's'])}, {same()})",
            lambda: f"{self.one(['max', 'min'])}({same()}, {same()})",
            lambda: f"({same()} {self.one(['>', '<='])} {self.one(['0', 's'])})",
            lambda: f"where({same()} > 0, {same()}, {same()})",
            lambda: self.squared(same()),
            lambda: self.pair(same(), "+", scalar()),
            lambda: f"clip({same()}, -1, {self.one(['2', 't'])})",
            lambda: f"pow(1 + {self.squared(same())}, {self.one(['1/2', '3', 's'])})",
        ]

    def pair(self, left: str, sign: str, right: str) -> str:
        """Two operands of a commutative operation."""
        if self.flipped:
            left, right = right, left
        return f"({left} {sign} {right})"

    @staticmethod
    def squared(text: str) -> str:
        return f"({text}.^2)"

    def scalar(self, dims: Dims, depth: int) -> str:
        d, e = self.dim(), self.dim()

        def vector() -> str:
            return self.make((d,), depth)

        def matrix() -> str:
            return self.make((d, e), depth)

        def square() -> str:
            return self.make((d, d), depth)

        special: list[Callable[[], str]] = [
            lambda: f"sum({vector()})",
            lambda: self.pair(vector(), "·", vector()),
            lambda: f"({self.make((d,), depth)}' {matrix()} {self.make((e,), depth)})",
            lambda: f"{self.one(REDUCE)}({vector()})",
            lambda: f"{self.one(REDUCE[:4])}({matrix()})",
            lambda: f"tr({square()})",
            lambda: f"tr({matrix()} {self.make((e, d), depth)})",
            lambda: f"{self.one(['norm', 'max'])}({matrix()})",
            lambda: f"norm({vector()}, {self.one(['1', '2', 'inf', '3'])})",
            lambda: f"{self.one(['det', 'logdet', 'eigmax'])}({self.regular(d, depth)})",
            lambda: f"logdet({self.structured(d)} {self.regular(d, depth)})",
            lambda: f"sum(({self.structured(d)} {self.make((d,), depth)}).^2)",
            lambda: f"({vector()})[{self.one(['0', 'i', '1'])}]",
            lambda: f"({matrix()})[{self.one(['0', 'i'])},{self.one(['1', 'i'])}]",
            lambda: f"h({self.make(('n',), depth)})",
            lambda: f"mse({vector()}, {vector()})",
            lambda: f"cross_entropy({vector()}, {vector()})",
            lambda: f"logsumexp({matrix()})",
        ]
        return self.either(special, self.common(dims, depth))

    def vector(self, dims: Dims, depth: int) -> str:
        (d,), e = dims, self.dim()
        f = "m" if d == "n" else "n"

        def matrix() -> str:
            return self.make((d, e), depth)

        special: list[Callable[[], str]] = [
            lambda: f"({matrix()} {self.make((e,), depth)})",
            lambda: f"({self.make((e, d), depth)}' {self.make((e,), depth)})",
            lambda: f"{self.one(ALONG)}({self.make(dims, depth)})",
            lambda: f"{self.one(REDUCE)}({matrix()}, axis=1)",
            lambda: f"{self.one(REDUCE)}({self.make((e, d), depth)}, axis=0)",
            lambda: f"diag({self.make((d, d), depth)})",
            lambda: f"({matrix()})[:,{self.one(['0', 'i'])}]",
            lambda: f"({self.make((e, d), depth)})[{self.one(['0', 'i'])},:]'",
            lambda: f"({self.regular(d, depth)} \\ {self.make(dims, depth)})",
            lambda: f"g({self.make(('n',), depth)})" if d == "m" else self.slope(depth),
            lambda: f"({self.make(dims, depth)}' {self.make((d, d), depth)})'",
            lambda: f"({self.make((f, d), depth)}' {self.make((f,), depth)})",
        ]
        return self.either(special, self.common(dims, depth))

    def matrix(self, dims: Dims, depth: int) -> str:
        d, e = dims
        k = self.dim()
        special: list[Callable[[], str]] = [
            lambda: f"({self.make((d, k), depth)} {self.make((k, e), depth)})",
            lambda: f"{self.make((e, d), depth)}'",
            lambda: f"({self.make((d,), depth)} {self.make((e,), depth)}')",
            lambda: f"({self.make(dims, depth)} + {self.make((e,), depth)}')",
            lambda: f"({self.make(dims, depth)} - {self.make((d,), depth)})",
            lambda: f"{self.one(ALONG)}({self.make(dims, depth)}, axis={self.one('01')})",
            lambda: f"{self.one(['tril', 'triu'])}({self.make(dims, depth)})",
        ]
        if d == e:
            special += [
                lambda: f"diag({self.make((d,), depth)})",
                lambda: f"inv({self.regular(d, depth)})",
                lambda: f"{self.make(dims, depth)}^2",
                lambda: f"{self.one(MATRIX_FUNCTIONS)}({self.regular(d, depth)})",
                lambda: f"({self.structured(d)} {self.make(dims, depth)} {self.structured(d)}')",
                lambda: f"({self.structured(d)} {self.structured(d)} {self.structured(d)})",
            ]
        return self.either(special, self.common(dims, depth))

    def slope(self, depth: int) -> str:
        """A gradient inside an expression."""
        return f"grad(h(x) * {self.make((), depth)}, x)"

    def regular(self, d: str, depth: int) -> str:
        """A positive definite matrix of d×d."""
        a = self.make((d, d), depth - 1)
        kind = self.pick(3)
        if kind == 0 and d == "n":
            return "P"
        return f"(eye({d}) + {a}' {a})" if kind < 2 else f"({a} {a}' + eye({d}))"

    def structured(self, d: str) -> str:
        """A square matrix of which something is declared."""
        return self.one(["Q", "D", "L", "P", "S"]) if d == "n" else f"eye({d})"

    def either(self, *lists: Sequence[Callable[[], str]]) -> str:
        """One of the texts of one of the lists."""
        options = lists[self.pick(len(lists))]
        return options[self.pick(len(options))]()


@dataclass(frozen=True)
class Program:
    """A program, its declarations, the name to differentiate by, and the shape of its value."""

    text: str
    shapes: dict[str, str]
    wrt: str
    dims: Dims


DIMENSIONS: Final[Sequence[Dims]] = [(), (), (), ("n",), ("m",), ("m", "n"), ("n", "n"), ("n", "m")]


def program(pick: Pick, depth: int, flipped: bool = False) -> Program:
    """A random program: some bindings, an expression, and one of its names."""
    maker = Maker(pick, flipped)
    lines = []
    for k in range(pick(3)):
        dims = DIMENSIONS[pick(len(DIMENSIONS))]
        name = f"b{k + 1}"
        lines.append(f"{name} = {maker.make(dims, depth - 1)}")
        maker.names.setdefault(dims, []).append(name)
    dims = DIMENSIONS[pick(len(DIMENSIONS))]
    lines.append(maker.make(dims, depth))
    text = "\n".join(lines)
    bound = [name for names in maker.names.values() for name in names]
    used = [name for names in VARIABLES.values() for name in names if mentions(text, name)]
    candidates = [name for name in [*used, *bound] if name not in AT_KINKS] or ["x"]
    return Program(text, SHAPES, candidates[pick(len(candidates))], dims)


KINDS: Final = ("auto", "differential", "jvp", "vjp")
"""The kinds of derivative that every program has; a scalar one has SECOND too."""

SECOND: Final = ("hessian", "hvp")


def variables(p: Program) -> list[str]:
    """The variable of a program, and the others that may join it: all of them used and unbound."""
    own = [name for names in VARIABLES.values() for name in names if mentions(p.text, name)]
    others = [name for name in own if name not in (*AT_KINKS, p.wrt)]
    return [p.wrt, *others] if p.wrt in own else [p.wrt]


def declared(p: Program, d: Derivation) -> dict[str, str]:
    """The declarations that a result of a program needs to be read back."""
    symbols = [direction.symbol for direction in d.directions]
    return p.shapes | {s.name: " ".join([str(s.shape), *sorted(s.properties)]) for s in symbols}


def mentions(text: str, name: str) -> bool:
    """Whether a name stands in a text."""
    return re.search(rf"(?<!\w){name}(?!\w)", text) is not None


def renamed(old: Program, names: dict[str, str]) -> Program:
    """The program with other names for its variables and dimensions."""
    word = re.compile(r"(?<![\w])(?:" + "|".join(names) + r")(?!\w)")

    def new(text: str) -> str:
        return word.sub(lambda match: names[match[0]], text)

    shapes = {new(name): new(shape) for name, shape in old.shapes.items()}
    return Program(new(old.text), shapes, new(old.wrt), old.dims)


def seeded(seed: int, depth: int) -> Program:
    """The random program of a seed."""
    return program(random.Random(seed).randrange, depth)
