"""What a person means otherwise than the language reads it: functions' names as variables.

`sin^2 x`, `exp -x`, `sin.(x)` of Julia, `Norm[x]` of Mathematica, `min_x f`, `F.relu(x)` of PyTorch
and `x <- y` of R are programs by the grammar, and mean something else.  They are refused, with what
to write; a name that the program declares or binds is never misread.
"""

from __future__ import annotations

from typing import Final

from matcalc.language.advice import OPERATIONS, RENAMED
from matcalc.language.book import LIBRARY
from matcalc.language.names import GREEK, canonical
from matcalc.language.survey import Survey
from matcalc.language.tokens import Token

OPERANDS: Final = frozenset({"NAME", "NUMBER", "LPAR", "BAR"})
ALIASES: Final = frozenset({"F", "K"})
"""Names under which modules of Python's libraries are imported, and that matrices may have."""


def check_misread(survey: Survey) -> None:
    """Refuse what would be read as something else than it is."""
    tokens = survey.tokens
    for token, following, third in zip(tokens, tokens[1:], [*tokens[2:], None], strict=False):
        if token.kind == "NAME":
            name = canonical(token.text)
            if name in survey.variables or name in survey.functions:
                continue
            _name(survey, token, following, third)
        elif token.text == "<" and following.kind == "MINUS" and following.start == token.end:
            survey.fail(
                "`<-` is not an operator",
                Token("", "", token.start, following.end),
                suggestion="name = … for a binding; x < -y, with a blank, for a comparison",
            )


def _name(survey: Survey, token: Token, following: Token, third: Token | None) -> None:
    tight, after = following.start == token.end, following.kind
    if after == "LSQUARE" and tight:
        _brackets(survey, token, following)
    elif after == "DOT" and following.text == "." and tight and third is not None:
        _dotted(survey, token, following, third)
    elif after == "MINUS" and not tight and third is not None and third.start == following.end:
        if called(survey, token.text) == token.text:
            survey.fail(
                f"`{token.text}` is a function: its bracket follows without a blank",
                Token("", "", token.start, third.end),
                suggestion=f"{token.text}(-{third.text}), or declare a variable `{token.text}`",
            )
    elif after in OPERANDS and not tight and not _is_where(following):
        _juxtaposed(survey, token, following)


def called(survey: Survey, text: str) -> str:
    """The function of the book that a name would be, if only for its first letter; "" if none."""
    for each in dict.fromkeys((text, text.lower())):
        known = survey.context.known.get(each, LIBRARY) != LIBRARY
        if known and len(each) > 1 and text not in GREEK and canonical(each) == each:
            return each
    return ""


def _is_where(token: Token) -> bool:
    return token.text == "where"


def _brackets(survey: Survey, token: Token, following: Token) -> None:
    """`Norm[x]`, `sin[x]`."""
    function = called(survey, token.text)
    instead = RENAMED.get(token.text.lower()) or (f"{function}(…)" if function else "")
    if instead and len(token.text) > 1:
        survey.fail(
            f"`{token.text}[` opens an index: a function has round brackets",
            Token("", "", token.start, following.end),
            suggestion=f"{instead}, or declare a variable `{token.text}`",
        )


def _dotted(survey: Survey, token: Token, dot: Token, third: Token) -> None:
    """`sin.(x)` and `F.relu(x)`."""
    if third.start != dot.end:
        return
    if third.kind == "LPAR" and called(survey, token.text) == token.text:
        survey.fail(
            f"`{token.text}.(` is Julia: a function of numbers takes every entry",
            Token("", "", token.start, third.end),
            suggestion=f"{token.text}(…)",
        )
    if token.text in ALIASES and third.kind == "NAME" and called(survey, third.text):
        survey.fail(
            f"`{token.text}.{third.text}` is Python: functions stand here without a module",
            Token("", "", token.start, third.end),
            suggestion=f"{third.text}(…), or declare a variable `{token.text}`",
        )


def _juxtaposed(survey: Survey, token: Token, following: Token) -> None:
    """`Tr A`, `min_x f`, `log_2 x`."""
    head, _, below = token.text.partition("_")
    if head in OPERATIONS and below and (head != "log" or below.isdecimal()):
        survey.fail(
            f"`{token.text}` is one name, and no operator",
            token,
            suggestion=f"{OPERATIONS[head].format(below=below)}, or declare a variable "
            f"`{token.text}`",
        )
    function = called(survey, token.text)
    if function and function != token.text:
        survey.fail(
            f"`{token.text}` would be a variable: the function is `{function}`",
            Token("", "", token.start, following.end),
            suggestion=f"{function}(…), or declare a variable `{token.text}`",
        )
