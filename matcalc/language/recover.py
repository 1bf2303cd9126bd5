"""More than one mistake: after the first one, the rest of the text is looked at as well.

The place of a mistake is covered by a variable that nothing is known of, and the text is read
again; a mistake that is found then, away from every covered place and not speaking of one, is a
mistake of its own.  Only texts that are wrong come here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from matcalc.errors import GrammarError, InputError, Span

MOST: Final = 5
"""Mistakes told at once."""

LONGEST: Final = 5_000
"""Longer texts are not read again."""

COVERS: Final = "աբգդեզ"
"""Names for what is covered: letters by which nothing is assumed, and that nobody types."""

OPENING: Final = {"(": ")", "[": "]", "{": "}"}

Read = Callable[[str], object]


def with_others(text: str, first: InputError, read: Read) -> InputError:
    """The first mistake, with others that can be told apart from it in `others`."""
    if len(text) > LONGEST or any(letter in text for letter in COVERS):
        return first
    original, found, span = text, [first], first.span
    covered: list[Span] = []
    origins = list(range(len(text) + 1))
    for cover in COVERS[:MOST]:
        last = found[-1]
        if span is None or last.source is None or last.origin:
            break
        following = _next(text, span, cover, covered, read)
        if following is None:
            break
        masked, place, error = following
        grown = len(masked) - len(text)
        covered = _shifted(covered, place, grown)
        origins = [*origins[: place.end], *[origins[place.end]] * grown, *origins[place.end :]]
        if error is None or (error.origin and str(error.source) in original):
            break
        text, span = masked, error.span
        if not error.origin:
            error.source, error.span = original, _original(span, origins)
        if any((error.message, error.span) == (each.message, each.span) for each in found):
            break
        found.append(error)
    first.others = tuple(found[1:])
    return first


def _shifted(covered: list[Span], place: Span, grown: int) -> list[Span]:
    """The covered places of a text after one more was covered, by something longer."""
    moved = [
        Span(each.start + grown, each.end + grown) if each.start >= place.end else each
        for each in covered
    ]
    return [*moved, Span(place.start, place.end + grown)]


def _original(span: Span | None, origins: Sequence[int]) -> Span | None:
    """A stretch of a covered text in the original, by where each of its characters stood."""
    if span is None:
        return None
    last = len(origins) - 1
    start, end = (origins[min(place, last)] for place in (span.start, span.end))
    return Span(start, max(end, start + (span.end > span.start)))


def _next(
    text: str, span: Span, cover: str, covered: list[Span], read: Read
) -> tuple[str, Span, InputError | None] | None:
    """The text with a mistake covered, the place that was covered, and the next mistake in it; None
    if no cover hides the first one alone."""
    for place, name in _places(text, span, cover):
        if not _balanced(text[place.start : place.end]):
            continue
        masked = text[: place.start] + name.ljust(place.end - place.start) + text[place.end :]
        if _joins(masked, place.start, name):
            continue
        error = _mistake(masked, read)
        if error is None:
            return masked, place, None
        statement = _statement(text, place.start, _where(text))
        moved = _shifted(covered, place, len(masked) - len(text))
        if _is_another(error, moved) and not _follows(error, statement, text, place):
            return masked, place, error
    return None


def _follows(error: InputError, statement: Span, text: str, place: Span) -> bool:
    """Whether a mistake may come from the cover: grammar in the same statement, or a name that was
    declared in what is covered."""
    declared, colon, _ = text[place.start : place.end].partition(":")
    if colon and f"`{declared.strip()}`" in error.message:
        return True
    if not isinstance(error, GrammarError) or error.span is None:
        return False
    return error.span.end <= statement.end + 1 and error.span.start >= statement.start


def _balanced(text: str) -> bool:
    """Whether every bracket of a stretch of text is closed in it."""
    closers: list[str] = []
    for letter in text:
        if letter in OPENING:
            closers.append(OPENING[letter])
        elif letter in OPENING.values() and (not closers or closers.pop() != letter):
            return False
    return not closers


def _joins(text: str, start: int, name: str) -> bool:
    """Whether a cover makes one name with what is beside it."""
    beside = text[start - 1 : start] + text[start + len(name) : start + len(name) + 1]
    return any(letter.isalnum() or letter == "_" for letter in beside)


def _mistake(text: str, read: Read) -> InputError | None:
    try:
        read(text)
    except InputError as error:
        return error
    return None


def _is_another(error: InputError, covered: list[Span]) -> bool:
    """Whether a mistake is away from all covered places, and speaks of none of them."""
    told = f"{error.message}{error.found}{error.expected}{error.suggestion}"
    if any(letter in told for letter in COVERS):
        return False
    if error.origin or error.source is None or error.span is None:
        return error.origin == "wrt"
    start, end = error.span.start, error.span.end
    return all(end <= place.start or place.end <= start for place in covered)


def _places(text: str, span: Span, cover: str) -> Iterator[tuple[Span, str]]:
    """What to cover and by what, narrowest first: the place, the call that begins there, the
    statement."""
    where = _where(text)
    if where is not None and span.start >= where:
        yield _declaration(text, span.start, where + len("where")), f"{cover}:R"
        return
    start, end = max(0, span.start), min(span.end, len(text))
    if start < end and text[start:end].strip() not in ("", "="):
        call = _call_end(text, end)
        if call == end:
            yield Span(start, end), cover
        elif call:
            yield Span(start, call), cover
    yield _statement(text, min(start, max(0, len(text) - 1)), where), cover


def _call_end(text: str, end: int) -> int:
    """The end of the brackets that open at a place, one after the other; the place if none do, 0 if
    they do not close."""
    closers: list[str] = []
    for position in range(end, len(text)):
        letter = text[position]
        if letter in OPENING:
            closers.append(OPENING[letter])
        elif not closers:
            return position
        elif letter == closers[-1]:
            closers.pop()
    return 0 if closers else len(text)


def _statement(text: str, position: int, where: int | None) -> Span:
    """The value of the binding, or the expression, that holds a position."""
    start = 1 + max(text.rfind(separator, 0, position) for separator in ";\n")
    ends = [text.find(separator, position) for separator in ";\n"]
    end = min([place for place in ends if place >= 0], default=len(text))
    if where is not None:
        end = min(end, where)
    name, equals, _ = text[start:end].partition("=")
    if equals and name.strip().isidentifier() and not text.startswith("=", start + len(name) + 1):
        start += len(name) + 1
    return _trimmed(text, start, end)


def _where(text: str) -> int | None:
    for position in range(len(text)):
        if text.startswith("where", position) and (position == 0 or text[position - 1].isspace()):
            following = text[position + 5 : position + 6]
            if not following or following.isspace():
                return position
    return None


def _declaration(text: str, position: int, first: int) -> Span:
    depth, start = 0, first
    for place in range(first, len(text)):
        letter = text[place]
        depth += (letter in "([{") - (letter in ")]}")
        if depth <= 0 and letter in ",;\n":
            if place >= position:
                return _trimmed(text, start, place)
            start = place + 1
    return _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, max(end, start + 1) if start < len(text) else end)
