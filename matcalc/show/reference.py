"""The rule book as a reference to read and print: a page of Markdown, a sheet of LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matcalc.emit.latex import bracketed, latex
from matcalc.emit.lines import broken
from matcalc.emit.names import latex_name
from matcalc.expr.nodes import Symbol, free_symbols
from matcalc.language import book
from matcalc.show.book import Item, by_topic, items
from matcalc.show.markup import markdown_code, markdown_prose, tex_document, tex_prose

HEAD = """\
# The rule book

Everything that matcalc knows: what each function means, its differential, the laws by which
results are simplified, and where each is from. All of it is tested on numbers. In a differential,
$\\mathrm{d}x$ is that of $x$; the derivative by $x$ is what is linear in it. Element-wise functions
are stated for a scalar and apply to every entry. What stands in `code` is the rule itself, in the
language of matcalc.
"""

JOINTS = {"d": " = ", "define": " := ", "identity": " = ", "expansion": " = ", "compute": r" \to "}
WIDTH = 72
"""Letters that fit on a line of the page, about."""


def markdown(chosen: Sequence[Item]) -> str:
    """Sections by topic; each statement as mathematics and as it stands in the book.

    What the two sides of a definition print alike is not told twice.
    """
    topics = list(by_topic(chosen))
    parts = []
    if len(topics) > 1:
        parts += ["\n".join(f"- [{title}](#{_anchor(title)})" for _, title, _ in topics)]
    for _, title, within in topics:
        parts.append(f"## {title}")
        parts += [part for item in within for part in _item(item)]
    return "\n\n".join(parts)


def page() -> str:
    """The whole book as a page."""
    return HEAD + "\n" + markdown(items())


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _item(item: Item) -> list[str]:
    if item.kind != "function":
        return [f"### {item.name[:1].upper()}{item.name[1:]}", *_statements(item)]
    parts = [f"### {markdown_code(item.name)}: {markdown_prose(item.title)}"]
    entries = book.entries(item.name)
    headers = [entry.text.partition("\n")[0].partition(" ")[2] for entry in entries]
    facts = [markdown_code(header) for header in headers]
    for word in ("domain", "source"):
        told = dict.fromkeys(e.fields[word] for e in entries if word in e.fields)
        facts += [f"{word}: {markdown_prose(text)}" for text in told]
    return [*parts, " · ".join(facts), *_statements(item)]


def _statements(item: Item) -> list[str]:
    parts = []
    for entry, statement in item.lines():
        note = f" ({markdown_prose(statement.note)})" if statement.note else ""
        equation = _equation(entry, statement)
        if equation:
            formula = r" \\ & \quad ".join(broken(equation, WIDTH))
            if r"\\ &" in formula:
                formula = rf"\begin{{aligned}} & {formula} \end{{aligned}}"
            parts.append(f"$$\n{formula}\n$$")
        parts.append(markdown_code(_bare(statement)) + note)
    return parts


def _bare(statement: book.Statement) -> str:
    """A statement as it stands in the book, without its name and its note."""
    words = " ".join(statement.text.split()).removesuffix(f'"{statement.note}"').rstrip()
    if statement.kind in ("identity", "compute"):
        words = words.partition(":")[2].strip()
    return words


def latex_body(chosen: Sequence[Item]) -> str:
    """The body of an `align*`: a line for each statement, with its note."""
    lines = []
    for item in chosen:
        for entry, statement in item.lines():
            equation = _equation(entry, statement)
            if not equation:
                continue
            first, *rest = broken(equation, WIDTH)
            note = rf" \tag*{{\small {tex_prose(statement.note)}}}" if statement.note else ""
            rows = [f"& {first}", *(rf"& \quad {line}" for line in rest)]
            lines += [*rows[:-1], rows[-1] + note]
    return " \\\\\n".join(lines)


def document(chosen: Sequence[Item]) -> str:
    """A LaTeX document: the cheat sheet, for pdflatex."""
    sections = []
    for _, title, within in by_topic(chosen):
        body = latex_body(within)
        if body:
            formulas = f"\\begin{{align*}}\n{body}\n\\end{{align*}}"
            sections.append(f"\\section*{{{tex_prose(title)}}}\n{formulas}")
    return tex_document("The rule book of matcalc", "\n\n".join(sections))


def _equation(entry: book.Entry | None, statement: book.Statement) -> str:
    """A statement in LaTeX, with its conditions; nothing if both sides are written alike."""
    left, right, symbols = book.statement_exprs(entry, statement)
    names = {param.name for param in entry.params} if entry is not None else set()
    differentials = {f"d{name}": name for name in names} if statement.kind == "d" else {}
    before, after = (latex(side, differentials=differentials) for side in (left, right))
    if before == after:
        return ""
    if statement.kind == "d":
        before = rf"\mathrm{{d}}{before if before.endswith(')') else bracketed(before)}"
    where = [
        _membership(symbols[name])
        for name in dict.fromkeys(d.name for d in statement.where)
        if name in symbols and name in {*free_symbols(left), *free_symbols(right)}
    ]
    condition = r" \quad (" + r",\ ".join(where) + ")" if where else ""
    return f"{before}{JOINTS[statement.kind]}{after}{condition}"


def _membership(symbol: Symbol) -> str:
    dims = r" \times ".join(str(dim) for dim in symbol.shape.dims)
    space = rf"\mathbb{{R}}^{{{dims}}}" if dims else r"\mathbb{R}"
    words = " ".join(sorted(symbol.properties))
    return rf"{latex_name(symbol.name)} \in {space}" + (rf"\ \text{{{words}}}" if words else "")
