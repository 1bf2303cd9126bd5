"""The rule book for reading: its topics, a search, an entry; each as text, Markdown or LaTeX."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcalc.errors import InputError
from matcalc.language import book
from matcalc.show.terminal import WIDTH, plain

LAWS = {
    "identity": "Identities, read from left to right",
    "expansion": "Identities that are tried, and kept where what follows is shorter",
    "compute": "How to compute it well",
}
FORMS = ("text", "markdown", "latex", "document")


@dataclass(frozen=True)
class Item:
    """One heading of the book: a function with all its overloads, or a law by its name."""

    name: str
    kind: str
    topic: str
    texts: tuple[str, ...]
    title: str

    def lines(self) -> Iterator[tuple[book.Entry | None, book.Statement]]:
        """The definitions and differentials of a function, or the one statement of a law."""
        if self.kind == "function":
            yield from ((e, s) for e in book.entries(self.name) for s in e.statements)
        else:
            laws = (law for law in book.laws(self.kind) if law.name == self.name)
            yield from ((None, book.law_statement(self.kind, law)) for law in laws)


def items() -> list[Item]:
    """Everything in the book: functions first, then the laws, each in the order of the files."""
    found = []
    for name in book.function_names():
        entries = book.entries(name)
        titles = [entry.fields.get("title", "") for entry in entries]
        found.append(
            Item(name, "function", entries[0].topic, tuple(e.text for e in entries), titles[0])
        )
    for kind in LAWS:
        for law in book.laws(kind):
            found.append(Item(law.name, kind, law.topic, (law.text,), statement_of(law.text)))
    return found


def statement_of(text: str) -> str:
    """A line of the book without its kind and name."""
    return " ".join(text.partition(":")[2].split())


def render(
    names: Sequence[str] = (),
    *,
    topic: str | None = None,
    search: str | None = None,
    form: str = "text",
    ascii: bool = False,
) -> str:
    """The book, a topic, what a search finds, or the entry of a name, in one of FORMS.

    InputError, with the nearest names, if there is nothing of that name, topic or word.
    """
    name = " ".join(names)
    chosen = _chosen(items(), name, topic, search)
    if form != "text":
        from matcalc.show import reference  # formulas are parsed and typed: loaded when wanted

        if form == "markdown":
            whole = not name and topic is None and search is None
            return reference.page() if whole else reference.markdown(chosen)
        return reference.document(chosen) if form == "document" else reference.latex_body(chosen)
    if name:
        written = "\n\n".join(text.rstrip() for item in chosen for text in item.texts)
    else:
        written = _listed(chosen, full=topic is not None or search is not None)
    return plain(written) if ascii else written


def _chosen(found: list[Item], name: str, topic: str | None, search: str | None) -> list[Item]:
    if name:
        named = [item for item in found if item.name == name]
        return named or _missing(name, "entry", [i.name for i in found], "matcalc rules ")
    if topic is not None:
        if topic not in book.topics():
            _missing(topic, "topic", list(book.topics()), "matcalc rules --topic ")
        found = [item for item in found if item.topic == topic]
    if search is not None:
        words = search.casefold().split()
        found = [item for item in found if all(word in _haystack(item) for word in words)]
        if not found:
            raise InputError(f"nothing in the rule book has {search!r}", suggestion="matcalc rules")
    return found


def _haystack(item: Item) -> str:
    words = "\n".join([item.name, item.topic, book.topics()[item.topic], item.title, *item.texts])
    return re.sub(r"^ *(latex|numpy|jax|torch|xp) .*$", "", words, flags=re.MULTILINE).casefold()


def _missing(name: str, what: str, known: list[str], command: str) -> list[Item]:
    near = difflib.get_close_matches(name, known, 3)
    raise InputError(
        f"the rule book has no {what} {name!r}",
        expected="one of: " + ", ".join(known) if what == "topic" else "",
        suggestion=" or ".join(command + n for n in near)
        or (f'matcalc rules --search "{name}"' if what == "entry" else "matcalc rules"),
    )


def by_topic(chosen: Sequence[Item]) -> Iterator[tuple[str, str, list[Item]]]:
    """Topics with their titles, in the order of the book, and the items of each."""
    for topic, title in book.topics().items():
        within = [item for item in chosen if item.topic == topic]
        if within:
            yield topic, title, within


def _listed(chosen: Sequence[Item], *, full: bool) -> str:
    blocks = []
    for topic, title, within in by_topic(chosen):
        rows = [f"{title}  [--topic {topic}]"]
        for item in within:
            rows.append(_row(item.name, item.title))
            if full and item.kind == "function":
                rows += [_rule(s.text) for _, s in item.lines()]
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks)


def _rule(line: str) -> str:
    return textwrap.fill(
        " ".join(line.split()),
        WIDTH,
        initial_indent="      ",
        subsequent_indent=" " * 12,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _row(name: str, rest: str) -> str:
    indent = 26
    lead = f"  {name:<{indent - 4}}  "
    return textwrap.fill(
        rest or " ",
        WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ).rstrip()
