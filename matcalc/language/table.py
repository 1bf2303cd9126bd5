"""The parse tables: built from the grammar files by Lark, shipped as data, loaded without Lark.

`python -m matcalc.language.table` writes grammar/*.json anew from grammar/*.lark; each table
carries a hash of the grammar text that it was built from, and a test compares the two.  Building
needs Lark, an LALR(1) generator; parsing needs the table only (see `parser`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

STARTS: Final = {"matcalc": ("program", "shape"), "rules": ("header", "statement")}
# Terminals that only the token pass sees.
PASS_ONLY: Final = ("BAR", "NABLA", "SEMICOLON", "NEWLINE")

# What a reduction does: hand its one child on, make a list that its parent splices, or call back.
PASS, SPLICE, CALL = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Rule:
    """A reduction: `size` children become the nonterminal `origin` by way of `callback`."""

    origin: str
    size: int
    action: int
    callback: str
    splices: bool


@dataclass(frozen=True, slots=True)
class Table:
    """An LALR table: in `states`, n >= 0 shifts to state n and n < 0 reduces by rule -1 - n."""

    rules: tuple[Rule, ...]
    states: tuple[dict[str, int], ...]
    starts: dict[str, tuple[int, int]]
    terminals: tuple[tuple[str, str], ...]
    ignored: frozenset[str]

    def scanner(self) -> re.Pattern[str]:
        """One pattern for all terminals; earlier ones win; `lastgroup` is the terminal's name."""
        return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in self.terminals))


def folder() -> Path:
    """Where the grammar is: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "_grammar", package.parent / "grammar"):
        if (place / "matcalc.lark").is_file():
            return place
    raise FileNotFoundError(
        "the grammar files of matcalc are neither in matcalc/_grammar nor in grammar"
    )


@cache
def load(name: str) -> Table:
    """The prebuilt table of the grammar `name`."""
    data = json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))
    return Table(
        tuple(Rule(*rule) for rule in data["rules"]),
        tuple(data["states"]),
        {start: (first, last) for start, (first, last) in data["starts"].items()},
        tuple((terminal, pattern) for terminal, pattern in data["terminals"]),
        frozenset(data["ignored"]),
    )


def content_hash(name: str) -> str:
    """A hash of the grammar text that the table of `name` depends on."""
    names = ["matcalc"] if name == "matcalc" else ["matcalc", name]
    texts = [(folder() / f"{each}.lark").read_bytes().replace(b"\r\n", b"\n") for each in names]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def build(name: str) -> dict[str, Any]:
    """The table of the grammar `name` as JSON data; an error of Lark's if it has a conflict."""
    lark = _lark(name)
    shift = _shift_action()
    table = lark.parser.parser._parse_table
    rules = list(lark.rules)
    numbers = {rule: number for number, rule in enumerate(rules)}
    states: list[dict[str, int]] = [{} for _ in table.states]
    for state, row in table.states.items():
        states[state] = {
            _plain(key): arg if action is shift else -1 - numbers[arg]
            for key, (action, arg) in sorted(row.items())
        }
    return {
        "hash": content_hash(name),
        "starts": {
            start: [table.start_states[start], table.end_states[start]] for start in STARTS[name]
        },
        "ignored": [_plain(terminal) for terminal in lark.ignore_tokens],
        "terminals": [[_plain(t.name), t.pattern.to_regexp()] for t in lark.terminals],
        "rules": [list(_rule(rule)) for rule in rules],
        "states": states,
    }


def _lark(name: str) -> Any:
    from lark import Lark
    from lark.lexer import Lexer

    class Declared(Lexer):
        """Stands for the token pass: the table is built for the terminals, whoever finds them."""

        def __init__(self, conf: object) -> None: ...

        def lex(self, state: object) -> Iterator[Any]:  # type: ignore[override]  # never called
            raise NotImplementedError

    class Keep:
        """Makes Lark keep the terminals that no rule mentions."""

        always_accept = PASS_ONLY

        def process(self, stream: Iterator[Any]) -> Iterator[Any]:
            return stream

    return Lark.open(
        str(folder() / f"{name}.lark"),
        parser="lalr",
        lexer=Declared,
        postlex=Keep(),
        start=list(STARTS[name]),
        strict=True,
        maybe_placeholders=False,
        keep_all_tokens=True,
        import_paths=[str(folder())],
    )


def _shift_action() -> Any:
    from lark.parsers.lalr_analysis import Shift

    return Shift


def _plain(name: str) -> str:
    """A symbol's name without the prefix that an import gave it."""
    return name.replace("matcalc__", "", 1) if not name.startswith("__") else name


def _rule(rule: Any) -> Iterator[object]:
    origin, children = rule.origin.name, [symbol.name for symbol in rule.expansion]
    if origin.startswith("__"):
        action = SPLICE
    elif rule.options.expand1 and rule.alias is None and len(children) == 1:
        action = PASS
    else:
        action = CALL
    yield from (_plain(origin), len(children), action, _plain(rule.alias or origin))
    yield any(child.startswith("__") for child in children)


def main() -> None:
    """Write every table anew."""
    for name in STARTS:
        if (folder() / f"{name}.lark").is_file():
            text = json.dumps(build(name), ensure_ascii=False, separators=(",", ":"))
            (folder() / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
