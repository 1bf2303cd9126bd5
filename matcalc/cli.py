"""The command line: `matcalc EXPR --wrt NAME`.

The result goes to standard output and everything else to standard error; the exit code is 0, or 1
if the derivation does not exist or its check failed, or 2 if the input is wrong.  Wrong input is
answered by its diagnostic, and then nothing is written to standard output.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from matcalc import __version__
from matcalc.api import derive, parse
from matcalc.budget import DEFAULT
from matcalc.emit.targets import TARGETS, target_named
from matcalc.errors import InputError, MatcalcError, Span
from matcalc.question import KINDS
from matcalc.result import Derivation
from matcalc.show import book, terminal

DESCRIPTION = """\
The derivative of an expression of vectors and matrices, in matrix notation.

  matcalc "sum(max(0, w·x + b))" --wrt w
  matcalc "mean((y - max(0, X w + b))^2)" --wrt w,b --numpy
  matcalc "x' A x" --wrt x --shape "A: R^(n×n) symmetric" --kind hessian
  matcalc "-y·log(p)" --wrt p --check
  matcalc "norm(X w - y)^2" --wrt w --expect "2 (X w - y)' X"
  matcalc "norm(X w - y)^2 + λ norm(w)^2" --wrt w --solve
  matcalc - --wrt w < model.mc
  matcalc rules [NAME]          the rule book, or one entry of it
"""

EPILOG = """\
The result is printed on standard output, assumptions and reports on standard
error.  Exit codes: 0 done, 1 the derivation does not exist, a check failed or
what was expected is not the derivative, 2 the input is wrong.
"""

STEPS = "the derivation, step by step: --steps, --steps=all (each rewrite), --steps=index"


class Answer(NamedTuple):
    """What the command has to say: on standard output, on standard error, and as exit code."""

    result: str
    notes: Sequence[str] = ()
    code: int = 0


class _Parser(argparse.ArgumentParser):
    """Wrong options are diagnostics like any other wrong input."""

    def error(self, message: str) -> NoReturn:
        found = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        near = difflib.get_close_matches(found[1], OPTIONS, 1) if found else []
        raise InputError(message, suggestion=near[0] if near else "matcalc --help")


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=80)


def _parser() -> _Parser:
    parser = _Parser(
        prog="matcalc",
        usage="matcalc [EXPR | - | --file FILE] --wrt NAMES [options]\n       matcalc rules [NAME]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=_formatter,
        add_help=False,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="EXPR", help="a program; `-` reads it from standard input")
    add("--file", metavar="FILE", help="read the program from a file")
    add("--wrt", metavar="NAMES", action="append", help="the variables: `w`, `W,b`, `[x, y]`")
    add("--shape", metavar="DECL", action="append", help='"X: R^(m×n)"; repeatable, or with commas')
    add("--kind", default="auto", help=f"one of: {', '.join(KINDS)} (default: auto)")
    add("--direction", metavar="NAMES", help="names for dX, v or u: `p`, or of each variable `p,q`")
    add("--rules", metavar="FILE", help="functions of your own, with definition and differential")
    add("--layout", default="numerator", help="numerator (default) or denominator")
    add("--dialect", default="matcalc", help="matcalc (default) or matlab")
    add("--steps", nargs="?", const="textbook", metavar="LEVEL", help=STEPS)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="the result as LaTeX")
    form.add_argument("--numpy", action="store_true", help="the result as a NumPy function")
    form.add_argument("--code", metavar="TARGET", help=f"the result as code: {', '.join(TARGETS)}")
    form.add_argument("--json", action="store_true", help="everything, as one JSON object")
    form.add_argument(
        "--structure", nargs="?", const="", metavar="FILE",
        help="which entries can be nonzero; --structure=FILE.svg as a picture",
    )  # fmt: skip
    add("--graph", metavar="FILE", help="the computation as a graph too: FILE.svg or FILE.dot")
    form.add_argument("--document", action="store_true", help="a whole LaTeX document")
    add("--expect", metavar="TEXT", action="append", help="is TEXT the derivative? (exit 0 or 1)")
    add("--limit", metavar="SECONDS", help="give up after so many seconds (default: 10)")
    add("--solve", action="store_true", help="where the gradient is zero, in closed form")
    add("--check", action="store_true", help="verify the result numerically on random inputs")
    add("--ascii", action="store_true", help="plain ASCII instead of Unicode")
    add("--version", action="store_true", help="the version of matcalc")
    add("--help", action="store_true", help="this text (also -h)")
    rules = parser.add_argument_group("the rule book: matcalc rules")
    rules.add_argument("--topic", metavar="TOPIC", help="the entries of one topic")
    rules.add_argument("--search", metavar="WORDS", help="the entries that have all these words")
    rules.add_argument("--markdown", action="store_true", help="as Markdown")
    return parser


VALUED = (
    "--file",
    "--wrt",
    "--shape",
    "--kind",
    "--direction",
    "--rules",
    "--layout",
    "--dialect",
    "--code",
    "--topic",
    "--search",
    "--graph",
    "--expect",
    "--limit",
)
FLAGS = (
    "--steps",
    "--latex",
    "--numpy",
    "--json",
    "--check",
    "--ascii",
    "--version",
    "--help",
    "--document",
    "--structure",
    "--markdown",
    "--solve",
)
OPTIONS = VALUED + FLAGS


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed command line; what only looks like an option is an expression (`-y·log(p)`)."""
    options: list[str] = []
    words: list[str] = []
    rest = iter(["--help"] if list(arguments) == ["-h"] else arguments)
    for argument in rest:
        if argument == "--":
            words += rest
        elif argument in VALUED:
            value = next(rest, None)
            options.append(argument if value is None else f"{argument}={value}")
        elif re.match(r"--[a-z][a-z-]+(=|$)", argument):
            options.append(argument)
        else:
            words.append(argument)
    return _parser().parse_args([*options, "--", *words])


def declarations(texts: Sequence[str]) -> dict[str, str]:
    """The shapes of `--shape "X: R^(m×n), y: R^m"`, by name; InputError for anything else."""
    shapes: dict[str, str] = {}
    for source in texts:
        names: list[str] = []
        for start, end in _pieces(source):
            name, colon, shape = source[start:end].partition(":")
            names.append(name.strip())
            if not colon and source[end : end + 1] == "," and source[end + 1 :].strip():
                continue  # `w, x: R^n` declares both
            twice = next((n for n in names if n in shapes or names.count(n) > 1), None)
            if not shape.strip() or not all(map(_is_name, names)) or twice:
                raise InputError(
                    f"{twice} is declared twice" if twice else "this is not a declaration",
                    source=source,
                    span=Span(start, end),
                    origin="--shape",
                    expected="NAME: SHAPE, such as X: R^(m×n)",
                )
            shapes.update(dict.fromkeys(names, shape.strip()))
            names = []
    return shapes


def _is_name(word: str) -> bool:
    return bool(word) and len(word.split()) == 1


def _pieces(source: str) -> Iterator[tuple[int, int]]:
    """Start and end of each part between commas, semicolons and line ends outside all brackets."""
    depth, start = 0, 0
    for place, letter in enumerate(source + ";"):
        depth += (letter in "([{") - (letter in ")]}")
        if place == len(source) or (letter in ",;\n" and depth == 0):
            blank = len(source[start:place]) - len(source[start:place].lstrip())
            if blank < place - start or (place == len(source) and not source.strip()):
                yield start + blank, place
            start = place + 1


def _program(options: argparse.Namespace) -> str:
    """The text of the program, from the command line, standard input or a file."""
    words: list[str] = options.words
    if len(words) > 1:
        raise InputError(
            "more than one expression",
            found=" ".join(words),
            suggestion='quote it, so that it is one argument: matcalc "x\' A x" --wrt x',
        )
    if options.file is not None:
        if words:
            raise InputError("an expression and --file: one of them is enough", found=words[0])
        return _decoded(_contents(options.file), options.file)
    if not words:
        raise InputError("no expression", suggestion='matcalc "sum(max(0, w·x + b))" --wrt w')
    if words[0] == "-":
        if sys.stdin is None:
            raise InputError("there is no standard input")
        return _decoded(sys.stdin.buffer.read(), "standard input")
    return words[0]


def _contents(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"the file {name!r} cannot be read: {reason}") from None


def _decoded(contents: bytes, origin: str) -> str:
    try:
        return contents.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        place = f"byte {error.start}: 0x{contents[error.start]:02x}"
        raise InputError(f"{origin} is not UTF-8 text", found=place) from None


def _argument(word: str) -> str:
    """A word of the command line as the UTF-8 that it was typed in, whatever the locale says."""
    try:
        return os.fsencode(word).decode("utf-8")
    except UnicodeError:
        if word.isprintable():
            return word
        raise InputError("the command line is not UTF-8 text", found=ascii(word)) from None


def run(arguments: Sequence[str]) -> Answer:
    """What the command answers; MatcalcError if the input is wrong or there is no derivative."""
    return answer(options_of([_argument(word) for word in arguments]))


def answer(options: argparse.Namespace) -> Answer:
    """What the command answers to its options."""
    if options.help:
        return Answer(_parser().format_help().rstrip())
    if options.version:
        return Answer(f"matcalc {__version__}")
    if options.words[:1] == ["rules"] and not options.wrt and options.file is None:
        return Answer(_rules(options))
    d = derivation(options)
    if options.expect and options.solve:
        raise InputError("--expect and --solve: one question at a time")
    if options.expect:
        return _verdict(d, options)
    return _solution(d, options) if options.solve else _answer(d, options)


def derivation(options: argparse.Namespace) -> Derivation:
    """The derivation that the options ask for."""
    if options.topic is not None or options.search is not None or options.markdown:
        raise InputError("--topic, --search and --markdown are of `matcalc rules`")
    if options.steps and (options.numpy or options.code or options.json):
        raise InputError(
            "--steps are told as text, or with --latex or --document",
            expected="--steps alone; --json has the steps in any case" if options.json else "",
        )
    if options.code is not None:
        target_named(options.code)
    program, shapes = _program(options), declarations(options.shape or [])
    rules = None if options.rules is None else _decoded(_contents(options.rules), options.rules)
    if not options.wrt:
        names = parse(program, shapes, dialect=options.dialect, rules=rules).inputs
        raise InputError(
            "no variable to differentiate by",
            suggestion=f"--wrt {names[0]}" if names else "--wrt NAME",
        )
    return derive(
        program,
        wrt=", ".join(options.wrt),
        kind=options.kind,
        shapes=shapes,
        layout=options.layout,
        dialect=options.dialect,
        direction=options.direction,
        rules=rules,
        limit=_seconds(options.limit),
    )


def _seconds(text: str | None) -> float:
    """The seconds of --limit."""
    try:
        seconds = DEFAULT if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise InputError(f"--limit is {text!r}", expected="a number of seconds")
    return seconds


def _verdict(d: Derivation, options: argparse.Namespace) -> Answer:
    """Whether what was expected is the derivative."""
    if options.steps or options.latex or options.numpy or options.code:
        raise InputError("--expect answers with a verdict", suggestion="--json, or no other form")
    verdict = d.equals(options.expect)
    code = 0 if verdict else 1
    if options.json:
        record = _record(d) | {"verdict": verdict.record()}
        return Answer(json.dumps(record, ensure_ascii=options.ascii, indent=2), code=code)
    plain = terminal.plain if options.ascii else str
    return Answer(plain(str(verdict)), _assumed(d, options), code)


def _solution(d: Derivation, options: argparse.Namespace) -> Answer:
    """Where the gradient is zero, in the form that was asked for."""
    if options.steps:
        raise InputError("--solve has no steps", suggestion="--latex, --numpy, --code or --json")
    point = d.stationary()
    report = point.check() if options.check else None
    if options.json:
        record = _record(d) | {"stationary": point.record()}
        record |= {"check": _report(report)} if report is not None else {}
        return Answer(json.dumps(record, ensure_ascii=options.ascii, indent=2))
    notes = [*_assumed(d, options), *([str(report)] if report is not None else [])]
    if options.latex:
        return Answer(point.latex(), [*notes, *point.remarks])
    if options.numpy or options.code:
        return Answer(point.code(options.code or "numpy").strip("\n"), [*notes, *point.remarks])
    return Answer(point.text(ascii=options.ascii), notes)


def _assumed(d: Derivation, options: argparse.Namespace) -> list[str]:
    plain = terminal.plain if options.ascii else str
    return [plain(f"assuming {assumption}") for assumption in d.assumptions]


def _terminal() -> dict[str, Any]:
    """How wide the terminal is, and whether it has colours; a pipe has 80 columns and none."""
    if not sys.stdout.isatty():
        return {}
    colour = "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb"
    return {"width": shutil.get_terminal_size().columns, "colour": colour}


def _rules(options: argparse.Namespace) -> str:
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
        record = _record(d) | ({"check": _report(report)} if report is not None else {})
        return Answer(json.dumps(record, ensure_ascii=options.ascii, indent=2), code=code)
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
        result = terminal.steps(d, told, ascii=options.ascii, **_terminal())
    elif options.latex:
        result = d.latex()
    elif options.numpy or options.code:
        result = d.code(options.code or "numpy").strip("\n")
    else:  # the report as comments, so that the output is still a program
        comments = [f"# {line}" for text in verdict for line in text.splitlines()]
        return Answer("\n".join([d.text(ascii=options.ascii), *comments]), notes, code)
    return Answer(result, [*notes, *verdict], code)


def write(name: str, forms: Mapping[str, Callable[[], str]]) -> None:
    """Write a picture to a file, in the form that its name ends in."""
    ending = Path(name).suffix.lower()
    if ending not in forms:
        raise InputError(f"the file {name!r} ends in none of: {', '.join(forms)}")
    picture = forms[ending]()
    try:
        Path(name).write_text(picture + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"the file {name!r} cannot be written: {reason}") from None


def _typeset(d: Derivation, options: argparse.Namespace) -> str:
    """The steps as the body of an `align*`, or a LaTeX document with or without them."""
    from matcalc.show import document  # few ask for it

    steps = d.explain(options.steps).steps if options.steps else None
    return document.document(d, steps) if options.document else document.body(d, steps or ())


def _record(d: Derivation) -> dict[str, Any]:
    """Everything about a derivation, for programs: see matcalc/show/derivation.schema.json."""
    from matcalc.show import jsonable  # few ask for it

    return jsonable.record(d, d.explain(check=True))


def _report(report: Any) -> dict[str, Any]:
    return {
        "verdict": report.verdict,
        "passed": report.passed,
        "tried": report.tried,
        "skipped": report.skipped,
        "worst": report.worst,
        "lines": list(report.lines),
    }


def _use_utf8() -> None:
    """Write UTF-8 even where the locale is C; what cannot be written is escaped, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    _use_utf8()
    answer = _outcome(sys.argv[1:] if arguments is None else arguments)
    try:
        if answer.result:
            print(answer.result, flush=True)
        for note in answer.notes:
            print(note, file=sys.stderr)
    except BrokenPipeError:  # the reader has seen enough
        _discard_output()
    except OSError as error:
        _discard_output()
        print(f"error: the result cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return answer.code


def _outcome(arguments: Sequence[str]) -> Answer:
    """What the command answers, whatever happens."""
    try:
        return run(arguments)
    except MatcalcError as error:
        return Answer("", [str(error)], error.exit_code)
    except KeyboardInterrupt:
        return Answer("", ["interrupted"], 130)
    except (RecursionError, MemoryError):
        return Answer("", ["error: the expression is too large or nested too deeply"], 2)
    except Exception as error:  # a fault of matcalc: the last place to say so without a traceback
        report = f"error: a fault in matcalc, please report it: {type(error).__name__}: {error}"
        return Answer("", [report], 1)


def _discard_output() -> None:
    """Nothing is left to be flushed at exit, where it would fail once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
