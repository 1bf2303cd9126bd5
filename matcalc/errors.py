"""The one error type of matcalc: a diagnostic with the place, what was found, and a way out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the input text: offsets of its first character and of the one after its last."""

    start: int
    end: int


class MatcalcError(Exception):
    """What is wrong, where, what was expected and what to write instead; `str` is all of it.

    `message` is one sentence.  `source` and `span`, where there are any, give line and caret;
    `origin` names the source ("shapes", "wrt" …) if it is not the expression itself.
    `found`, `expected` and `suggestion` are short texts, shown on lines of their own.
    `others` are further mistakes of the same input, which `str` tells after this one, and `instead`
    is all of the input as the language writes it, where it is of another notation.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        span: Span | None = None,
        origin: str = "",
        found: str = "",
        expected: str = "",
        suggestion: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.span = span
        self.origin = origin
        self.found = found
        self.expected = expected
        self.suggestion = suggestion
        self.others: tuple[MatcalcError, ...] = ()
        self.instead = ""

    def __reduce__(self) -> tuple[object, ...]:
        return (
            _rebuilt,
            (type(self), self.message, {name: getattr(self, name) for name in _FIELDS}),
        )

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the diagnostic alone."""
        return str(self).splitlines()

    def __str__(self) -> str:
        lines = [f"error: {self.message}"]
        if self.source is not None and self.span is not None:
            lines += _excerpt(self.source, self.span, self.origin)
        details = (("found", self.found), ("expected", self.expected), ("try", self.suggestion))
        lines += [f"  {label}: {text}" for label, text in details if text]
        lines += [str(other) for other in self.others]
        return "\n".join([*lines, f"in the language: {self.instead}"] if self.instead else lines)


_FIELDS = ("source", "span", "origin", "found", "expected", "suggestion", "others", "instead")


def _rebuilt(kind: type[MatcalcError], message: str, fields: dict[str, object]) -> MatcalcError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.message = message
    for name, value in fields.items():
        setattr(error, name, value)
    return error


class InputError(MatcalcError):
    """The input is not a program of the language, its shapes do not fit, or an option is wrong."""


class GrammarError(InputError):
    """A word or sign stands where none can."""


class DerivationError(MatcalcError):
    """The input is right, but the derivation does not exist or a check of it failed."""

    exit_code = 1


class LimitError(DerivationError):
    """The input is right, but takes more than its limit allows."""


WIDTH = 72


def _excerpt(source: str, span: Span, origin: str) -> list[str]:
    """The line of the span, shortened around it if it is long, and a caret line under it."""
    start = max(0, min(span.start, len(source)))
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", start)
    line = source[first : len(source) if last < 0 else last].replace("\t", " ")
    number = source.count("\n", 0, start) + 1
    column = start - first
    width = max(1, min(span.end, first + len(line)) - start)
    if len(line) > WIDTH:
        left = max(0, min(column - WIDTH // 3, len(line) - WIDTH))
        cut = line[left : left + WIDTH]
        head, tail = "…" if left else "", "…" if left + WIDTH < len(line) else ""
        line, column = head + cut + tail, column - left + len(head)
        width = max(1, min(width, len(line) - column - len(tail)))
    where = origin or ("line " + str(number) if "\n" in source else "")
    label = f"  {where + ': ' if where else ''}"
    return [label + line, " " * (len(label) + column) + "^" * width]
