"""`%load_ext matcalc` in Jupyter: the command as `%matcalc EXPR --wrt w`, `%%matcalc` for programs.

The options are those of the command line, read by its parser.  What is asked for as a derivation is
shown as one, and is the value of the cell; everything else is printed as the command prints it.
"""

from __future__ import annotations

import re
import shlex
import sys
from typing import Any

from matcalc import cli
from matcalc.errors import InputError
from matcalc.result import Derivation
from matcalc.show import book
from matcalc.show.jupyter import derivation_bundle
from matcalc.show.record import Level

_OPTION = re.compile(rf"(?:^|\s)(?=(?:{'|'.join(cli.OPTIONS)})(?:[\s=]|$))")


class Unfolded:
    """A derivation with its steps open, at a level, verified: what `--steps` shows."""

    def __init__(self, derivation: Derivation, level: Level) -> None:
        self.derivation = derivation
        self.told = derivation.explain(level, check=True)

    def __repr__(self) -> str:
        return self.derivation.text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return derivation_bundle(self.derivation, self.told)


class Page:
    """Markdown, as a part of the rule book is shown."""

    def __init__(self, plain: str, markdown: str) -> None:
        self.plain, self.markdown = plain, markdown

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.plain, "text/markdown": self.markdown}


def words(line: str, cell: str | None = None) -> list[str]:
    """The arguments of a magic; an expression before the options needs no quotation marks.

    Raises InputError for quotation marks that do not match among the options.
    """
    found = _OPTION.search(line)
    head, rest = (line[: found.start()], line[found.end() :]) if found else (line, "")
    try:
        options = shlex.split(rest)
    except ValueError as error:
        raise InputError(f"the options cannot be read: {error}", found=rest.strip()) from None
    head = head.strip()
    quoted = re.fullmatch(r"\"([^\"]*)\"|'([^']*)'", head)
    if quoted and not head.startswith("''"):
        head = quoted[1] if quoted[1] is not None else quoted[2]
    if head.split()[:1] == ["rules"]:
        return [*head.split(), *options]
    if cell is not None and head:
        raise InputError("the program of %%matcalc is the cell", found=head)
    program = head if cell is None else cell
    if program.startswith("--"):  # a negation of a negation is no option
        program = " " + program
    return [program, *options] if program.strip() else options


def matcalc(line: str, cell: str | None = None) -> Any:
    """The derivation, shown as such; what the command prints, for other forms of it."""
    options = cli.options_of(words(line, cell))
    if options.words[:1] == ["rules"] and not options.wrt:
        plain, markdown = (
            book.render(options.words[1:], topic=options.topic, search=options.search, form=form)
            for form in ("text", "markdown")
        )
        return Page(plain, markdown)
    asks = ("latex", "numpy", "code", "json", "document", "check", "expect", "solve", "ascii")
    if options.help or options.version or any(getattr(options, name) for name in asks):
        answer = cli.answer(options)
        for text, stream in ((answer.result, sys.stdout), ("\n".join(answer.notes), sys.stderr)):
            if text:
                stream.write(text + "\n")
        return None
    d = cli.derivation(options)
    if options.graph is not None:
        cli.write(options.graph, {".svg": d.graph().svg, ".dot": d.graph().dot})
    if options.structure is not None:
        return d.pattern()
    return Unfolded(d, options.steps) if options.steps else d


def load(shell: Any) -> None:
    """Register the magics with a running IPython."""
    shell.register_magic_function(matcalc, "line_cell", "matcalc")
