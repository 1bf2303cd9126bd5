"""Reading the rule book: files of entries in matcalc/rules, split by heading, parsed when first
needed.

Loading costs one regular expression over the files; a function's header is parsed when the
function is first used, and the statements of an entry when they are first asked for.  The parser
itself (`reader`, `program`) is imported only then: a process that parses nothing does not pay for
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from matcalc.dims import Dim
from matcalc.errors import InputError
from matcalc.expr.nodes import Expr, Symbol

if TYPE_CHECKING:
    from matcalc.language.syntax import Declaration, Syntax

Mode = Literal["elementwise", "plain", "along", "stack", "sizes"]
Kind = Literal["d", "define", "identity", "expansion", "compute"]

HEADING: Final = re.compile(r"^(topic|function|identity|expansion|compute)[ \t]+", re.MULTILINE)
LINE: Final = re.compile(r"(?P<word>[a-z]+)[ \t]+(?P<rest>.*)", re.DOTALL)
TITLED: Final = re.compile(
    r"(identity|expansion|compute)[ \t]+(?P<name>[^:\n]*):[ \t]*(?P<rest>.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Law:
    """An identity or evaluation rule as text: its name, what follows the name, the whole, and the
    topic that it stands under.
    """

    name: str
    body: str
    text: str
    topic: str


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: `dims` is its shape, None if it is free (element-wise); `role` is value, size or
    index, and for any number of arguments rest or, of sizes, sizes.
    """

    name: str
    role: Literal["value", "size", "index", "rest", "sizes"]
    dims: tuple[Dim, ...] | None
    default: Fraction | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A rule: lhs = rhs, the declarations it is subject to, a note, and its source line."""

    kind: Kind
    name: str
    lhs: Syntax
    rhs: Syntax
    where: tuple[Declaration, ...]
    note: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A function of the book; overloads of one name are entries of their own.

    `own` has, in rules that were handed in, the functions beside those of the book that statements
    may use; `fixed` is whether the dimensions are those of the program that declares the function.
    """

    name: str
    params: tuple[Param, ...]
    result: tuple[Dim, ...] | None
    mode: Mode
    text: str
    topic: str
    own: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict, compare=False)
    fixed: bool = False

    def takes(self, count: int) -> bool:
        """Whether the function takes so many arguments."""
        open_ended = any(param.role in ("rest", "sizes") for param in self.params)
        needed = sum(param.default is None for param in self.params)
        return needed <= count and (open_ended or count <= len(self.params))

    def roles(self, count: int) -> list[str]:
        """The roles of so many arguments: value, size or index."""
        given: list[str] = [param.role for param in self.params]
        if given and given[-1] in ("rest", "sizes"):
            role = "value" if given[-1] == "rest" else "size"
            return given[:-1] + [role] * (count - len(given) + 1)
        return given[:count]

    @cached_property
    def fields(self) -> dict[str, str]:
        """The lines `title "…"`, `latex "…"` and so on, without their quotation marks."""
        return {
            word: rest.strip().strip('"')
            for word, rest in _lines(self.text)
            if word not in ("d", "define")
        }

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The differentials and definitions."""
        return tuple(
            _parsed("d" if word == "d" else "define", self.name, rest, f"{word} {rest}", self.own)
            for word, rest in _lines(self.text)
            if word in ("d", "define")
        )


def _lines(entry: str) -> Iterator[tuple[str, str]]:
    """The word and the rest of each line of an entry's body; a line further in continues the one
    before.
    """
    body: list[str] = []
    for line in entry.splitlines()[1:]:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith("     ") and body:
            body[-1] += "\n" + line
        else:
            body.append(line.strip())
    for line in body:
        match = LINE.fullmatch(line)
        if match is None:
            raise InputError(f"not a line of a rule-book entry: {line}")
        yield match["word"], match["rest"]


LIBRARY: Final = "sympy"
"""The topic of the functions from SymPy: any name of the user's wins over theirs."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """The files, split: functions by name and rules by kind, each text with its topic."""

    functions: dict[str, list[tuple[str, str]]]
    rules: list[tuple[str, str, str]]
    topics: dict[str, str]


@cache
def _texts() -> _Texts:
    """The entries of all files."""
    texts = _Texts({}, [], {})
    for path in sorted((Path(__file__).resolve().parents[1] / "rules").glob("*.rules")):
        _split(path.read_text(encoding="utf-8"), path.stem.replace("_", "-"), texts)
    return texts


def _split(text: str, topic: str, texts: _Texts) -> None:
    """One file; until it says `topic NAME: title`, its entries belong to a topic of its name."""
    starts = [match.start() for match in HEADING.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        entry = text[start:end].rstrip()
        word, _, rest = entry.partition(" ")
        if word == "topic":
            topic, _, title = (part.strip() for part in rest.partition("\n")[0].partition(":"))
            texts.topics[topic] = title or texts.topics.get(topic, topic)
            continue
        texts.topics.setdefault(topic, topic)
        if word == "function":
            name = rest.partition("(")[0].strip()
            texts.functions.setdefault(name, []).append((entry, topic))
        else:
            texts.rules.append((word, entry, topic))


def topics() -> dict[str, str]:
    """The topics of the book with their titles, in the order of the files; nothing is parsed."""
    return dict(_texts().topics)


def function_names() -> tuple[str, ...]:
    """The names of all functions; nothing is parsed."""
    return tuple(_texts().functions)


def library_names() -> tuple[str, ...]:
    """The names of the functions that the book has from SymPy."""
    found = _texts().functions
    return tuple(name for name in found if all(topic == LIBRARY for _, topic in found[name]))


# Functions of the language itself, beside those of the book.
SPECIAL: Final = ("grad", "jacobian", "hessian", "einsum", "ln")


@cache
def known_functions() -> dict[str, str]:
    """Every name that is a function directly before a bracket; LIBRARY for those from SymPy."""
    return {
        **dict.fromkeys([*function_names(), *SPECIAL], ""),
        **dict.fromkeys(library_names(), LIBRARY),
    }


@cache
def entries(name: str) -> tuple[Entry, ...]:
    """The overloads of a function; empty if there is none of that name."""
    return tuple(_entry(text, topic) for text, topic in _texts().functions.get(name, ()))


def _entry(text: str, topic: str) -> Entry:
    from matcalc.language.reader import read_header

    name, params, result, mode = read_header(text.partition("\n")[0].partition(" ")[2])
    return Entry(name, params, result, mode, text, topic)


def _parsed(
    kind: Kind, name: str, line: str, text: str, own: Mapping[str, object] | None = None
) -> Statement:
    from matcalc.language.reader import read_statement

    known = {**known_functions(), **dict.fromkeys(own, "")} if own else known_functions()
    lhs, rhs, where, note = read_statement(line, known)
    return Statement(kind, name, lhs, rhs, where, note, text.strip())


@cache
def laws(kind: str) -> tuple[Law, ...]:
    """All identities, or all evaluation rules (`compute`), in the order of the files, unparsed."""
    found = []
    for word, text, topic in _texts().rules:
        match = TITLED.match(text)
        if match is None:
            raise InputError(f"a rule wants a name and a colon: {text}")
        if word == kind:
            lines = [
                line for line in match["rest"].splitlines() if not line.lstrip().startswith("#")
            ]
            found.append(Law(match["name"].strip(), "\n".join(lines), text, topic))
    return tuple(found)


@cache
def law_statement(kind: str, law: Law) -> Statement:
    """An identity or evaluation rule, parsed."""
    known: tuple[Kind, ...] = ("identity", "expansion", "compute")
    return _parsed(known[known.index(kind)], law.name, law.body, law.text)


def statements(kind: str) -> tuple[Statement, ...]:
    """All identities, or all evaluation rules (`compute`), in the order of the files."""
    return tuple(law_statement(kind, law) for law in laws(kind))


def statement_exprs(
    entry: Entry | None, statement: Statement
) -> tuple[Expr, Expr, dict[str, Symbol]]:
    """A statement's sides as typed expressions, and its variables by name (`dx` is the
    differential of x).

    The parameters of an element-wise entry are scalars; other shapes are those of the header, then
    those of the statement's own declarations; a name declared nowhere is inferred.
    """
    from matcalc.language.program import typed_statement

    shapes: dict[str, tuple[Dim, ...]] = {}
    for param in entry.params if entry is not None else ():
        if param.role == "value":
            shapes[param.name] = param.dims or ()
            shapes["d" + param.name] = param.dims or ()
    sizes = tuple(p.name for p in entry.params if p.role == "size") if entry is not None else ()
    indices = tuple(p.name for p in entry.params if p.role == "index") if entry is not None else ()
    own = entry.own if entry is not None else {}
    return typed_statement(statement, shapes, sizes, indices, own)
