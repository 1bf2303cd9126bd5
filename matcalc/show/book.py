"""The rule book for reading: a list of what is in it, or one entry, statement and source."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence

from matcalc.emit.latex import latex
from matcalc.errors import InputError
from matcalc.language import book
from matcalc.show.terminal import WIDTH, plain

KINDS = {"identity": "Identities, read from left to right", "compute": "How to compute it well"}


def render(names: Sequence[str], *, as_latex: bool = False, ascii: bool = False) -> str:
    """The list of the book, or the entry of that name; InputError if there is none."""
    if not names:
        written = _overview_latex() if as_latex else _overview()
    else:
        name = " ".join(names)
        written = _latex(name) if as_latex else _entry(name)
    return plain(written) if ascii else written


def _overview() -> str:
    lines = ["Functions"]
    for name in book.function_names():
        for entry in book.entries(name)[:1]:
            lines.append(_row(name, entry.fields.get("title", "")))
    for kind, heading in KINDS.items():
        lines += ["", heading]
        for statement in book.statements(kind):
            lines.append(_row(statement.name, _law(statement.text)))
    return "\n".join(lines)


def _row(name: str, rest: str) -> str:
    indent = 26
    lead = f"  {name:<{indent - 3}} "
    return textwrap.fill(
        rest or " ",
        WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ).rstrip()


def _law(line: str) -> str:
    """A line of the book without its kind and name."""
    return line.partition(":")[2].strip()


def _entry(name: str) -> str:
    """One entry as it stands in the book, with every overload of its name."""
    return "\n\n".join(text.rstrip() for text in _found(name))


def _found(name: str) -> list[str]:
    texts = [entry.text for entry in book.entries(name)]
    texts += [s.text for kind in KINDS for s in book.statements(kind) if s.name == name]
    if not texts:
        raise _unknown(name)
    return texts


def _unknown(name: str) -> InputError:
    known = [*book.function_names(), *(s.name for kind in KINDS for s in book.statements(kind))]
    near = difflib.get_close_matches(name, known, 3)
    return InputError(
        f"the rule book has no entry {name!r}",
        suggestion=" or ".join(f"matcalc rules {n}" for n in near) or "matcalc rules",
    )


def _latex(name: str) -> str:
    """The statements of an entry as LaTeX, a line each."""
    lines = [
        _equation(entry, statement)
        for entry in book.entries(name)
        for statement in entry.statements
    ]
    lines += [_equation(None, s) for kind in KINDS for s in book.statements(kind) if s.name == name]
    if not lines:
        _found(name)  # an entry without statements, or an error
    return "\n".join(lines)


def _overview_latex() -> str:
    names = [*book.function_names()]
    lines = [_equation(e, s) for name in names for e in book.entries(name) for s in e.statements]
    lines += [_equation(None, s) for kind in KINDS for s in book.statements(kind)]
    return "\n".join(lines)


def _equation(entry: book.Entry | None, statement: book.Statement) -> str:
    left, right, _ = book.statement_exprs(entry, statement)
    lead = r"\mathrm{d}" if statement.kind == "d" else ""
    return f"{lead}{latex(left)} = {latex(right)}"
