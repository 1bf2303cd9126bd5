"""The command line: `matcalc EXPR --wrt NAME`.

The result goes to standard output and everything else to standard error; the exit code is 0, or 1
if the derivation does not exist or its check failed, or 2 if the input is wrong.  Wrong input is
answered by its diagnostic, and then nothing is written to standard output.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence

from matcalc.cli.forms import Answer, answer, derivation
from matcalc.cli.inputs import argument, declarations, write
from matcalc.cli.options import OPTIONS, options_of
from matcalc.errors import MatcalcError

__all__ = [
    "OPTIONS", "Answer", "answer", "declarations", "derivation", "main", "options_of", "run",
    "write",
]  # fmt: skip


def run(arguments: Sequence[str]) -> Answer:
    """What the command answers; MatcalcError if the input is wrong or there is no derivative."""
    return answer(options_of([argument(word) for word in arguments]))


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


def _use_utf8() -> None:
    """Write UTF-8 even where the locale is C; what cannot be written is escaped, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
