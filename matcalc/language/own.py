"""Rules that a user hands in: functions beside those of the book, in the book's own language.

    function swish(x): elementwise
        define swish(x) = x sigmoid(x)
        d swish(x) = (sigmoid(x) + swish(x) (1 - sigmoid(x))) dx

A line `d f(x) = …` or `define f(x) = …` may also stand alone, for a function that the program
declares (`f: R -> R`).  The text is read, never run: a `numpy` line is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from matcalc.errors import InputError, Span
from matcalc.expr.nodes import Function
from matcalc.language.book import SPECIAL, Entry, Param, Statement, entries
from matcalc.language.syntax import Applied, Name

FIELDS: Final = ("title", "latex", "source")
STATEMENTS: Final = ("d", "define")
SIZE: Final = 100_000
_HEADING: Final = re.compile(r"function\s+(?P<header>(?P<name>[^\W\d]\w*)\s*\(.*)")
_STATEMENT: Final = re.compile(r"(?P<word>d|define)\s+(?P<name>[^\W\d]\w*)\s*\(.*", re.DOTALL)
_WORD: Final = re.compile(r"(?P<word>[^\W\d]\w*)\b")
_RESERVED: Final = frozenset({*SPECIAL, "pi", "inf", "I", "where", "d", "define", "function"})


@dataclass(frozen=True)
class OwnRules:
    """What was handed in: functions with a heading, and lines for functions of the program."""

    functions: Mapping[str, tuple[Entry, ...]]
    loose: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The functions that there are rules for."""
        return (*self.functions, *self.loose)

    def bound(self, declared: Mapping[str, Function]) -> dict[str, tuple[Entry, ...]]:
        """The functions in a program, those without a heading as it declares them.

        Raises   InputError if it does not, or declares another signature than a heading has.
        """
        for name, found in self.functions.items():
            if name in declared and not _same(found[0], declared[name]):
                raise InputError(
                    f"`{name}` is declared, and its rule has another signature",
                    found=f"{name}: {declared[name]}",
                    expected=found[0].text.partition("\n")[0],
                )
        if not self.loose:
            return dict(self.functions)
        all_: dict[str, tuple[Entry, ...]] = {}
        for name, found in self.functions.items():
            all_[name] = tuple(replace(entry, own=all_) for entry in found)
        for name, lines in self.loose.items():
            if name not in declared:
                raise InputError(
                    f"there is a rule for `{name}`, which is not declared",
                    source=lines[0],
                    span=Span(0, len(lines[0].splitlines()[0])),
                    origin="rules",
                    suggestion=f"a heading, as in `function {name}(x): elementwise`, "
                    f"or `where {name}: R -> R`",
                )
            all_[name] = (_declared(declared[name], lines, all_),)
        for found in all_.values():
            _check_statements(found[0])
        return all_


def _same(entry: Entry, function: Function) -> bool:
    if entry.mode == "elementwise":
        return function.elementwise and len(entry.params) == 1
    ranks = [len(param.dims or ()) for param in entry.params]
    return ranks == [function.domain.rank] and len(entry.result or ()) == function.codomain.rank


def _declared(
    function: Function, lines: tuple[str, ...], own: Mapping[str, tuple[Entry, ...]]
) -> Entry:
    """The entry of a function that the program declares."""
    match = re.search(r"\(\s*([^\W\d]\w*)\s*\)", lines[0])
    dims = None if function.elementwise else function.domain.dims
    params = (Param(match[1] if match else "x", "value", dims, None),)
    return Entry(
        function.name,
        params,
        None if function.elementwise else function.codomain.dims,
        "elementwise" if function.elementwise else "plain",
        "\n".join([f"function {function.name}: {function}", *lines]),
        "",
        own,
        fixed=True,
    )


@lru_cache(maxsize=64)
def read_rules(text: str) -> OwnRules:
    """The rules of a text.

    Raises   InputError for what is no rule: a function that the book has, two rules for the same,
             raw code, and lines that do not parse.
    """
    if len(text) > SIZE:
        raise InputError(f"rules are texts of at most {SIZE} characters", found=str(len(text)))
    headings: dict[str, str] = {}
    lines: dict[str, list[str]] = {}
    current = ""
    for line in _joined(text):
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            current = heading["name"]
            _check_name(current, line, current in headings)
            headings[current] = " ".join(heading["header"].split())
            lines.setdefault(current, [])
            continue
        statement = _STATEMENT.fullmatch(line)
        if statement is not None:
            _check_name(statement["name"], line, False)
            lines.setdefault(statement["name"], []).append(line)
            continue
        lines[_field(line, current)].append(line)
    if not lines:
        raise InputError("there is no rule in the rules", expected="d f(x) = … dx")
    functions: dict[str, tuple[Entry, ...]] = {}
    for name, header in headings.items():
        functions[name] = (_entry(header, lines[name], functions),)
    loose = {name: tuple(own) for name, own in lines.items() if name not in headings}
    if not loose:  # what functions of the program mean is known only there
        for found in functions.values():
            _check_statements(found[0])
    return OwnRules(functions, loose)


def _joined(text: str) -> list[str]:
    """The lines without comments; one that is further in than those of an entry, or stands in an
    open bracket, continues the one before."""
    made: list[str] = []
    for raw in text.splitlines():
        line = raw.rstrip() if '"' in raw else raw.partition("#")[0].rstrip()
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        opened = made and sum(made[-1].count(c) for c in "([") > sum(
            made[-1].count(c) for c in ")]"
        )
        starts = line.strip().partition(" ")[0] in (*STATEMENTS, *FIELDS, "function")
        if made and (opened or (line.startswith("     ") and not starts)):
            made[-1] += "\n     " + line.strip()
        else:
            made.append(line.strip())
    return made


def _fail(message: str, line: str, **details: str) -> InputError:
    first = line.splitlines()[0]
    return InputError(message, source=first, span=Span(0, len(first)), origin="rules", **details)


def _check_name(name: str, line: str, again: bool) -> None:
    if name in _RESERVED:
        raise _fail(f"`{name}` means something in the language", line, suggestion="another name")
    if entries(name):
        raise _fail(
            f"`{name}` is a function of the rule book",
            line,
            found=f"matcalc rules {name}",
            suggestion="another name",
        )
    if again:
        raise _fail(f"there are two headings for `{name}`", line, suggestion="one of the two")


def _field(line: str, current: str) -> str:
    """The function that a line `title "…"`, `latex "…"` or `source "…"` belongs to."""
    match = _WORD.match(line)
    word = match["word"] if match else line[:1]
    if word in ("numpy", "jax", "torch", "xp", "code"):
        raise _fail(
            "rules hold no code",
            line,
            suggestion="`define f(x) = …`, or the function itself: d.function(functions={…})",
        )
    if word in STATEMENTS:
        raise _fail(
            "this is not a rule", line, expected=f"{word} f(x) = …{' dx' if word == 'd' else ''}"
        )
    if word == "function":
        raise _fail(
            "this is not the heading of a function",
            line,
            expected="function f(x): elementwise, or function f(X: m×n, y: n): m",
        )
    if word not in FIELDS:
        raise _fail(
            f"a rule has no line `{word}`",
            line,
            expected=", ".join([*STATEMENTS, *FIELDS]),
        )
    if not current:
        raise _fail(f"`{word}` belongs to a function", line, expected="function f(x): … before it")
    return current


def _entry(header: str, lines: list[str], own: Mapping[str, tuple[Entry, ...]]) -> Entry:
    from matcalc.language.reader import read_header

    name, params, result, mode = read_header(header)
    bad = next((p for p in params if p.role != "value"), None)
    if mode == "stack" or bad is not None:
        raise _fail("the arguments of a function that is handed in are values", header)
    twice = next((p.name for p in params if [q.name for q in params].count(p.name) > 1), None)
    names = {p.name for p in params}
    twice = twice or next(
        (p.name for p in params if p.name[:1] == "d" and p.name[1:] in names), None
    )
    if twice is not None or not params:
        message = (
            f"the name of the argument {twice} is taken" if twice else "a function has an argument"
        )
        raise _fail(message, header)
    return Entry(name, params, result, mode, "\n".join([f"function {header}", *lines]), "", own)


def _check_statements(entry: Entry) -> None:
    """One differential and one definition at most, of the function's own arguments."""
    wanted = [param.name for param in entry.params]
    for word in STATEMENTS:
        found = [s for s in entry.statements if s.kind == word]
        if len(found) > 1:
            what = "differentials" if word == "d" else "definitions"
            raise _fail(f"`{entry.name}` has two {what}", found[1].text, suggestion="one of them")
        for statement in found:
            if _arguments(statement) != wanted:
                raise _fail(
                    f"the rule names other arguments than `{entry.name}` has",
                    statement.text,
                    expected=f"{word} {entry.name}({', '.join(wanted)}) = …",
                )
    if not entry.statements:
        raise _fail(
            f"there is no rule for `{entry.name}`",
            entry.text,
            expected=f"d {entry.name}({', '.join(wanted)}) = …, or define … = …",
        )


def _arguments(statement: Statement) -> list[str | None]:
    left = statement.lhs
    if not isinstance(left, Applied):
        return [None]
    return [arg.name if isinstance(arg, Name) else None for arg in left.args]
