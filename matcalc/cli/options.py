"""The options of the command: one table, the help made of it, and the reading of a command line."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, NoReturn

from matcalc.emit.targets import TARGETS
from matcalc.errors import InputError
from matcalc.question import KINDS, LAYOUTS

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


class Option(NamedTuple):
    """An option of the command.

    value    What its value is called in the help; empty for a flag.
    alone    What it means without a value, where that may be left out.
    group    "form" of those that exclude each other, "rules" of those of the rule book.
    """

    name: str
    help: str
    value: str = ""
    alone: str | None = None
    default: str | None = None
    repeated: bool = False
    group: str = ""


_TABLE: Final = (
    Option("--file", "read the program from a file", "FILE"),
    Option("--wrt", "the variables: `w`, `W,b`, `[x, y]`", "NAMES", repeated=True),
    Option("--shape", '"X: R^(m×n)"; repeatable, or with commas', "DECL", repeated=True),
    Option("--kind", f"one of: {', '.join(KINDS)} (default: auto)", "KIND", default="auto"),
    Option("--direction", "names for dX, v or u: `p`, or of each variable `p,q`", "NAMES"),
    Option("--rules", "functions of your own, with definition and differential", "FILE"),
    Option("--layout", "numerator (default) or denominator", "LAYOUT", default="numerator"),
    Option("--dialect", "matcalc (default) or matlab", "DIALECT", default="matcalc"),
    Option("--steps", STEPS, "LEVEL", alone="textbook"),
    Option("--latex", "the result as LaTeX", group="form"),
    Option("--numpy", "the result as a NumPy function", group="form"),
    Option("--code", f"the result as code: {', '.join(TARGETS)}", "TARGET", group="form"),
    Option("--json", "everything, as one JSON object; --steps=LEVEL says how finely", group="form"),
    Option(
        "--structure",
        "which entries can be nonzero; --structure=FILE.svg as a picture",
        "FILE",
        alone="",
        group="form",
    ),
    Option("--graph", "the computation as a graph too: FILE.svg or FILE.dot", "FILE"),
    Option("--document", "a whole LaTeX document", group="form"),
    Option("--expect", "is TEXT the derivative? (exit 0 or 1)", "TEXT", repeated=True),
    Option("--limit", "give up after so many seconds (default: 10)", "SECONDS"),
    Option("--solve", "where the gradient is zero, in closed form"),
    Option("--check", "verify the result numerically on random inputs"),
    Option("--ascii", "plain ASCII instead of Unicode"),
    Option("--version", "the version of matcalc"),
    Option("--help", "this text (also -h)"),
    Option("--topic", "the entries of one topic", "TOPIC", group="rules"),
    Option("--search", "the entries that have all these words", "WORDS", group="rules"),
    Option("--markdown", "as Markdown", group="rules"),
)

OPTIONS: Final = tuple(option.name for option in _TABLE)
_SAID: Final = {
    **{f"--{kind}": f"--kind {kind}" for kind in KINDS},
    **{f"--{target}": f"--code {target}" for target in TARGETS},
    **{f"--{layout}": f"--layout {layout}" for layout in LAYOUTS},
    "--matlab": "--dialect matlab",
    **{option: option for option in OPTIONS},
}
"""What an option that does not exist may have been meant to say."""

_VALUED: Final = frozenset(o.name for o in _TABLE if o.value and o.alone is None)
"""Options whose value may be the next word."""


class _Parser(argparse.ArgumentParser):
    """Wrong options are diagnostics like any other wrong input."""

    def error(self, message: str) -> NoReturn:
        found = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        near = difflib.get_close_matches(found[1], _SAID, 1) if found else []
        raise InputError(message, suggestion=_SAID[near[0]] if near else "matcalc --help")


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
    groups = {
        "": parser,
        "form": parser.add_mutually_exclusive_group(),
        "rules": parser.add_argument_group("the rule book: matcalc rules"),
    }
    words = "a program; `-` reads it from standard input"
    parser.add_argument("words", nargs="*", metavar="EXPR", help=words)
    for option in _TABLE:
        add = groups[option.group].add_argument
        if not option.value:
            add(option.name, action="store_true", help=option.help)
        elif option.alone is not None:
            add(
                option.name, help=option.help, metavar=option.value,
                nargs="?", const=option.alone,
            )  # fmt: skip
        else:
            add(
                option.name, help=option.help, metavar=option.value, default=option.default,
                action="append" if option.repeated else "store",
            )  # fmt: skip
    return parser


def help_text() -> str:
    """What `matcalc --help` prints."""
    return _parser().format_help().rstrip()


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed command line; what only looks like an option is an expression (`-y·log(p)`)."""
    options: list[str] = []
    words: list[str] = []
    rest = iter(["--help"] if list(arguments) == ["-h"] else arguments)
    for argument in rest:
        if argument == "--":
            words += rest
        elif argument in _VALUED:
            value = next(rest, None)
            options.append(argument if value is None else f"{argument}={value}")
        elif re.match(r"--[a-z][a-z-]+(=|$)", argument):
            options.append(argument)
        else:
            words.append(argument)
    return _parser().parse_args([*options, "--", *words])
