"""What the command answers to its options: a derivation, a verdict or a solution, in a form."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from matcalc import __version__
from matcalc.api import derive, parse
from matcalc.cli.inputs import declarations, program, rules, seconds, terminal_form, write
from matcalc.cli.options import help_text
from matcalc.emit.targets import target_named
from matcalc.errors import InputError
from matcalc.result import Derivation
from matcalc.show import book, terminal


class Answer(NamedTuple):
    """What the command has to say: on standard output, on standard error, and as exit code."""

    result: str
    notes: Sequence[str] = ()
    code: int = 0


def answer(options: argparse.Namespace) -> Answer:
    """What the command answers to its options."""
    if options.help:
        return Answer(help_text())
    if options.version:
        return Answer(f"matcalc {__version__}")
    if options.words[:1] == ["rules"] and not options.wrt and options.file is None:
        _refuse(options, "matcalc rules")
        return Answer(_book(options))
    d = derivation(options)
    if options.expect and options.solve:
        raise InputError("--expect and --solve: one question at a time")
    if options.expect:
        return _verdict(d, options)
    return _solution(d, options) if options.solve else _answer(d, options)


_USELESS: Final = {
    "--steps": (
        "numpy code structure",
        "are told as text, or with --latex, --document or --json",
    ),
    "--expect": (
        "steps latex numpy code structure graph document check",
        "answers with a verdict, as text or with --json",
    ),
    "--solve": (
        "steps structure graph document",
        "answers with a point, as text or with --latex, --numpy, --code or --json",
    ),
    "matcalc rules": (
        "shape direction rules steps numpy code json structure graph expect limit solve check",
        "lists the rule book, as text or with --markdown, --latex or --document",
    ),
}
"""Options that would be left out of what a question is answered with, and what that is."""


def _refuse(options: argparse.Namespace, question: str) -> None:
    """An InputError for an option that would be ignored without a word."""
    names, answers = _USELESS[question]
    for name in names.split():
        if getattr(options, name) not in (None, False, []):
            raise InputError(f"{question} {answers}", found=f"--{name} beside it")


def derivation(options: argparse.Namespace) -> Derivation:
    """The derivation that the options ask for."""
    if options.topic is not None or options.search is not None or options.markdown:
        raise InputError("--topic, --search and --markdown are of `matcalc rules`")
    for question in ("--steps", "--expect", "--solve"):
        if getattr(options, question[2:]):
            _refuse(options, question)
    if options.code is not None:
        target_named(options.code)
    text, shapes, own = program(options), declarations(options.shape or []), rules(options)
    if not options.wrt:
        names = parse(text, shapes, dialect=options.dialect, rules=own).inputs
        raise InputError(
            "no variable to differentiate by",
            suggestion=f"--wrt {names[0]}" if names else "--wrt NAME",
        )
    return derive(
        text,
        wrt=", ".join(options.wrt),
        kind=options.kind,
        shapes=shapes,
        layout=options.layout,
        dialect=options.dialect,
        direction=options.direction,
        rules=own,
        limit=seconds(options.limit),
    )


def _verdict(d: Derivation, options: argparse.Namespace) -> Answer:
    """Whether what was expected is the derivative."""
    verdict = d.equals(options.expect)
    code = 0 if verdict else 1
    if options.json:
        return Answer(_record(d, options, verdict=verdict), code=code)
    plain = terminal.plain if options.ascii else str
    return Answer(plain(str(verdict)), _assumed(d, options), code)


def _solution(d: Derivation, options: argparse.Namespace) -> Answer:
    """Where the gradient is zero, in the form that was asked for."""
    point = d.stationary()
    report = point.check() if options.check else None
    if options.json:
        return Answer(_record(d, options, stationary=point, check=report))
    notes = [*_assumed(d, options), *([str(report)] if report is not None else [])]
    if options.latex:
        return Answer(point.latex(), [*notes, *point.remarks])
    if options.numpy or options.code:
        return Answer(point.code(options.code or "numpy").strip("\n"), [*notes, *point.remarks])
    return Answer(point.text(ascii=options.ascii), notes)


def _assumed(d: Derivation, options: argparse.Namespace) -> list[str]:
    plain = terminal.plain if options.ascii else str
    return [plain(f"assuming {assumption}") for assumption in d.assumptions]


def _book(options: argparse.Namespace) -> str:
    """What `matcalc rules` prints."""
    forms = [form for form in book.FORMS if getattr(options, form, False)]
    return book.render(
        options.words[1:],
        topic=options.topic,
        search=options.search,
        form=forms[0] if forms else "text",
        ascii=options.ascii,
    )


def _answer(d: Derivation, options: argparse.Namespace) -> Answer:
    """A derivation in the form that was asked for; of one that is found wrong only the report."""
    plain = terminal.plain if options.ascii else str
    notes = _assumed(d, options)
    report = d.check() if options.check else None
    code = 0 if report is None or report.passed else 1
    verdict = [plain(str(report))] if report is not None else []
    if report is not None and report.wrong:
        return Answer("", [*notes, *verdict], code)
    if options.json:
        return Answer(_record(d, options, check=report), code=code)
    if options.graph is not None:
        write(options.graph, {".svg": d.graph().svg, ".dot": d.graph().dot})
    if options.structure:
        write(options.structure, {".svg": d.pattern().svg})
    if options.structure == "":
        result = d.pattern().text(ascii=options.ascii)
    elif options.document or (options.latex and options.steps):
        result = _typeset(d, options)
    elif options.steps:
        told = d.explain(options.steps, check=True)
        if told.verdict is not None and told.verdict.wrong:
            return Answer("", [*notes, plain(str(told.verdict))], 1)
        result = terminal.steps(d, told, ascii=options.ascii, **terminal_form())
    elif options.latex:
        result = d.latex()
    elif options.numpy or options.code:
        result = d.code(options.code or "numpy").strip("\n")
    else:  # the report as comments, so that the output is still a program
        comments = [f"# {line}" for text in verdict for line in text.splitlines()]
        return Answer("\n".join([d.text(ascii=options.ascii), *comments]), notes, code)
    return Answer(result, [*notes, *verdict], code)


def _typeset(d: Derivation, options: argparse.Namespace) -> str:
    """The steps as the body of an `align*`, or a LaTeX document with or without them."""
    from matcalc.show import document  # few ask for it

    steps = d.explain(options.steps).steps if options.steps else None
    return document.document(d, steps) if options.document else document.body(d, steps or ())


def _record(d: Derivation, options: argparse.Namespace, **more: Any) -> str:
    """Everything about a derivation and what else was found, for programs: see
    matcalc/show/derivation.schema.json."""
    from matcalc.show import jsonable  # few ask for it

    record = jsonable.record(d, d.explain(options.steps or "textbook", check=True))
    record |= {name: found.record() for name, found in more.items() if found is not None}
    return json.dumps(record, ensure_ascii=options.ascii, indent=2)
