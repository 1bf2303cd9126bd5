"""Mutants of the rule book: each line of matcalc/rules/*.rules, changed as a slip of the pen would.

What is no mutant, by rule: lines of text for people (`title`, `source`, `domain`, `topic`, notes,
comments), and the loss of a definition beside a differential: it is shown and verified, and nothing
is computed with it.  `latex` gets one change a line.  A change after which the line no longer reads
as a rule is refused when it is read, and is not counted; nor is one that in index notation is the
same rule (two scalar factors exchanged).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from matcalc.errors import MatcalcError
from matcalc.language import book, syntax
from matcalc.rules.book import default_book
from matcalc.tensor.lower import Lowering
from matcalc.tensor.nodes import Tensor

PEOPLE: Final = ("title", "source", "domain")
KINDS: Final = ("identity", "expansion", "compute")
PROPERTY: Final = re.compile(
    r" (symmetric|spd|diagonal|orthogonal|invertible|lower|upper|positive|nonnegative|constant|"
    r"integer)\b"
)


@dataclass(frozen=True)
class BookMutant:
    """A text of the book, changed: a function's entry (the k-th of that name) or a law."""

    name: str
    kind: str
    k: int
    operator: str
    before: str
    after: str
    text: str
    """The new text of the entry or law; empty if it is deleted."""
    line: int = -1
    """Which differential or definition of the entry changes; -1 if none or all."""
    number: int = 0

    @property
    def key(self) -> str:
        again = f" #{self.number + 1}" if self.number else ""
        overload = f" [{self.k}]" if self.k and self.kind == "function" else ""
        return f"{self.kind} {self.name}{overload}: {self.before} => {self.after}{again}"


def book_mutants() -> tuple[list[BookMutant], Counter[str]]:
    """The mutants of all rules, and how many changes do not read as a rule."""
    excluded: Counter[str] = Counter()
    found: list[BookMutant] = []
    for name in book.function_names():
        for k, entry in enumerate(book.entries(name)):
            found += _entry_mutants(name, k, entry, excluded)
    for kind in KINDS:
        for i, law in enumerate(book.laws(kind)):
            statement = book.law_statement(kind, law)
            found.append(BookMutant(law.name, kind, i, "delete", _flat(law.body), "", ""))
            for operator, changed in _changes(law.body, statement):
                text = law.text.replace(law.body, changed)
                reason = _no_law(kind, law, changed)
                if reason:
                    excluded[reason] += 1
                    continue
                told = _flat(law.body), _flat(changed)
                found.append(BookMutant(law.name, kind, i, operator, *told, text))
    return _numbered(found), excluded


def _numbered(found: list[BookMutant]) -> list[BookMutant]:
    unique = {m.key: m for m in found}
    return list(unique.values())


def _flat(text: str) -> str:
    return " ".join(text.partition('"')[0].split())


# --- functions


def _entry_mutants(
    name: str, k: int, entry: book.Entry, excluded: Counter[str]
) -> Iterator[BookMutant]:
    """An entry without one of its lines, and with each changed."""
    lines = entry.text.splitlines()
    count = -1
    for start, end in _spans(lines):
        line = "\n".join(lines[start:end])
        word, _, rest = line.strip().partition(" ")
        if word in PEOPLE or not word or word.startswith("#"):
            excluded["text for people"] += bool(word)
            continue
        count += word in ("d", "define")
        number = count if word in ("d", "define") else -1
        changes: list[tuple[str, str]]
        if word in ("d", "define"):
            changes = [("delete", ""), *_changes(rest, entry.statements[count])]
            if word == "define" and any(s.kind == "d" for s in entry.statements):
                excluded["definitions beside a differential"] += 1
                del changes[0]
        elif word == "numpy":
            changes = [("delete", ""), *_python_changes(rest)]
        elif word == "latex":
            changes = [("latex", _other_latex(rest))]
        else:
            changes = [("delete", "")]
        for operator, changed in changes:
            new = [] if operator == "delete" else [line.replace(rest, changed)]
            text = "\n".join([*lines[:start], *new, *lines[end:]])
            reason = _no_entry(text, entry)
            if reason:
                excluded[reason] += 1
                continue
            after = "" if operator == "delete" else f"{word} {_flat_line(word, changed)}"
            before = f"{word} {_flat_line(word, rest)}"
            yield BookMutant(name, "function", k, operator, before, after, text, number)
    for header in _header_changes(lines[0]):
        text = "\n".join([header, *lines[1:]])
        reason = _no_entry(text, entry)
        if reason:
            excluded[reason] += 1
        else:
            yield BookMutant(name, "function", k, "header", lines[0], header, text)


def _flat_line(word: str, rest: str) -> str:
    return _flat(rest) if word in ("d", "define") else " ".join(rest.split())


def _spans(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The lines of a body, each with those that continue it."""
    start = 1
    while start < len(lines):
        end = start + 1
        while end < len(lines) and lines[end].startswith("     "):
            end += 1
        yield start, end
        start = end


def _header_changes(header: str) -> Iterator[str]:
    """Other shapes of parameters and results, other defaults."""
    if " along axis" in header:
        yield header.replace(" along axis", "")
    if "m×n" in header:
        for match in re.finditer("m×n", header):
            yield header[: match.start()] + "n×m" + header[match.end() :]
    for match in re.finditer(r"= (\d+(?:\.\d+)?)", header):
        yield header[: match.start(1)] + f"{float(match[1]) + 1:g}" + header[match.end(1) :]
    for match in re.finditer(r"n×n", header):
        yield header[: match.start()] + "n" + header[match.end() :]


def _python_changes(code: str) -> Iterator[tuple[str, str]]:
    """A signs and a constant of a line of NumPy changed."""
    for match in re.finditer(r" ([+\-*/]) ", code):
        other = {"+": "-", "-": "+", "*": "/", "/": "*"}[match[1]]
        yield "sign", code[: match.start(1)] + other + code[match.end(1) :]
    for match in re.finditer(r"(?<![\w.])(\d+)(?![\w.])", code):
        yield "constant", code[: match.start()] + str(int(match[1]) + 1) + code[match.end() :]


def _other_latex(latex: str) -> str:
    """The first word or letter of a line of LaTeX doubled: it is printed as something else."""
    return re.sub(r"[A-Za-z]", lambda m: m[0] * 2, latex, count=1)


def _no_entry(text: str, old: book.Entry) -> str:
    """Why a changed entry is no mutant; empty if it is one."""
    try:
        entry = book._entry(text, old.topic)
        same = (entry.params, entry.result, entry.mode) == (old.params, old.result, old.mode)
        same = same and entry.fields == old.fields
        new = [_tensors(entry, s) for s in entry.statements]
        if same and new == [_tensors(old, s) for s in old.statements]:
            return SAME
    except REFUSED:
        return "not a rule"
    return ""


def _no_law(kind: str, law: book.Law, body: str) -> str:
    """Why a changed law is no mutant; empty if it is one."""
    try:
        changed = book.Law(law.name, body, f"{kind} {law.name}: {body}", law.topic)
        statement = book.law_statement(kind, changed)
        lhs, rhs, _ = book.statement_exprs(None, statement)
        if lhs.shape != rhs.shape:
            return "not a rule"
        if _tensors(None, statement) == _tensors(None, book.law_statement(kind, law)):
            return SAME
    except REFUSED:
        return "not a rule"
    return ""


REFUSED: Final = (MatcalcError, ValueError, KeyError, AssertionError)
SAME: Final = "the same in index notation"


def _tensors(entry: book.Entry | None, statement: book.Statement) -> tuple[Tensor, Tensor]:
    """The sides of a statement in index notation."""
    lhs, rhs, _ = book.statement_exprs(entry, statement)
    low = Lowering(default_book())
    return low(lhs), low(rhs)


# --- statements


def _changes(text: str, statement: book.Statement) -> Iterator[tuple[str, str]]:
    """The changes of a statement: of its formulas by their nodes, of its conditions by words."""
    made: dict[str, str] = {}
    for side in (statement.lhs, statement.rhs):
        if statement.kind in ("d", "define") and side is statement.lhs:
            continue  # f(x): what the line is about
        for node in syntax.postorder(side):
            for operator, new in _node_changes(text, node):
                made.setdefault(new, operator)
    conditions = text.find(" where ")
    if conditions >= 0:
        for match in PROPERTY.finditer(text.partition('"')[0], conditions):
            made.setdefault(text[: match.start()] + text[match.end() :], "condition")
    for new, operator in made.items():
        if " ".join(new.split()) != " ".join(text.split()):
            yield operator, new


def _node_changes(text: str, node: syntax.Syntax) -> Iterator[tuple[str, str]]:
    def put(new: str) -> str:
        return text[: node.span.start] + new + text[node.span.end :]

    match node:
        case syntax.Num(value=value) if value.denominator == 1:
            yield "constant", put(str(value + 1))
        case syntax.Minus(arg=arg):
            yield "sign", put(_of(text, arg))
        case syntax.Sum(terms=terms, signs=signs):
            for i in range(len(terms)):
                flipped = [*signs[:i], -signs[i], *signs[i + 1 :]]
                pairs = zip(terms, flipped, strict=True)
                parts = [f"{'-' if s < 0 else '+'} ({_of(text, t)})" for t, s in pairs]
                yield "sign", put(f"({' '.join(parts).removeprefix('+ ')})")
        case syntax.Chain(operands=parts):
            yield from _chain_changes(text, node, parts)
        case syntax.Comparison(op=op, left=left, right=right):
            other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": ">="}[op]
            a, b = _of(text, left), _of(text, right)
            yield "comparison", put(f"({a} {other} {b})")
            yield "swap", put(f"({b} {op} {a})")
        case syntax.Transposed(arg=arg):
            yield "transpose", put(_of(text, arg))
        case syntax.Applied(args=args):
            values = [a for a in args if not isinstance(a, syntax.Text | syntax.Axis)]
            if len(values) >= 2:
                yield "swap", _exchanged(text, values[0], values[1])
            elif len(args) == 1:
                yield "function", put(f"({_of(text, args[0])})")


def _of(text: str, part: syntax.Syntax) -> str:
    return text[part.span.start : part.span.end]


def _exchanged(text: str, left: syntax.Syntax, right: syntax.Syntax) -> str:
    """Two parts of a text, the first before the second, in each other's place."""
    a, b = left.span, right.span
    between = text[a.end : b.start]
    return text[: a.start] + _of(text, right) + between + _of(text, left) + text[b.end :]


def _chain_changes(
    text: str, node: syntax.Chain, parts: tuple[syntax.Syntax, ...]
) -> Iterator[tuple[str, str]]:
    """A factor dropped, or two that stand side by side exchanged."""
    for i, part in enumerate(parts):
        start, end = (
            (part.span.start, parts[i + 1].span.start)
            if i + 1 < len(parts)
            else (parts[i - 1].span.end, part.span.end)
        )
        if i + 1 < len(parts) and node.operators[i] in ("/", "./"):
            yield "factor", text[:start] + "1" + text[part.span.end :]
        else:
            yield "factor", text[:start] + text[end:]
    for left, right in pairwise(parts):
        yield "swap", _exchanged(text, left, right)
