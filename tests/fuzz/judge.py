"""What has to hold of any text: a result that reads back, or a diagnostic with its place, soon."""

from __future__ import annotations

import re
from time import process_time
from typing import Final

from matcalc import MatcalcError, parse
from matcalc.errors import DerivationError, GrammarError
from tests.deadline import TimeIsUp, within

SOON: Final = 2.0
"""Seconds of the processor that a text of at most LENGTH characters may take."""

LENGTH: Final = 2000

EMPTY: Final = re.compile(r"(\s|;|#[^\n]*)*+")
"""Texts without anything that could be pointed at."""

HANGS: Final = 60
"""Seconds of the processor after which a text is given up."""


def verdict(text: str) -> str:
    """What is wrong with the answer to a text; empty if nothing is."""
    try:
        with within(HANGS, of_processor=True):
            return _answer(text)
    except TimeIsUp:
        return f"hangs: no answer in {HANGS} s"
    except Exception as error:
        return f"crash: {type(error).__name__} in {place(error)}"


def slow(text: str) -> str:
    """What is wrong with the time that the answer to a text takes; empty if nothing is."""
    began = process_time()
    found = verdict(text)
    taken = process_time() - began
    return found or ("slow" if taken > SOON and len(text) <= LENGTH else "")


def place(error: BaseException) -> str:
    """Where an exception was raised: file and function."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    code = step.tb_frame.f_code if step is not None else None
    return f"{'/'.join(code.co_filename.split('/')[-2:])}:{code.co_name}" if code else "?"


def _answer(text: str) -> str:
    try:
        whole = parse(text, limit=None)
    except MatcalcError as error:
        return _of_error(text, error)
    printed = str(whole)
    whole.latex()
    for again in (printed, whole.text(ascii=True)):
        try:
            read = parse(again, whole.declarations(), limit=None)
        except MatcalcError as error:
            if isinstance(error, GrammarError) and "deep" in error.message:
                continue  # a postfix after another is printed with brackets around the first
            return f"reads not back: {error.message}"
        if str(read) != printed or read.shape != whole.shape:
            return "reads back as something else"
    return ""


def _of_error(text: str, error: MatcalcError) -> str:
    said = str(error)
    if "Traceback" in said and "Traceback" not in text:
        return "a traceback in the message"
    if isinstance(error, DerivationError):  # the input is right: it has no place that is wrong
        return ""
    for each in (error, *error.others):
        if each.source is None or each.span is None:
            if not EMPTY.fullmatch(text):
                return f"no place: {each.message}"
            continue
        if not 0 <= each.span.start <= min(each.span.end, len(each.source)):
            return f"a place outside: {each.message}"
        if each.source != text:
            return f"a place in another text: {each.message}"
    return ""
