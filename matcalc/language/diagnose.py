"""Diagnostics of the parser: what an unexpected token says about the mistake that was made."""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.errors import InputError, Span
from matcalc.language.arrange import Context
from matcalc.language.tokens import Token


def unexpected(
    text: str,
    start: str,
    tokens: Sequence[Token],
    position: int,
    expected: set[str],
    context: Context,
) -> InputError:
    """The diagnostic for the token at a position (the end, if there is none) that cannot stand there."""
    token = tokens[position] if position < len(tokens) else None
    span = token.span if token is not None else Span(len(text.rstrip()), len(text.rstrip()) + 1)
    found = f"`{token.text}`" if token is not None else "the end"
    return InputError(
        "this cannot stand here", source=text, span=span, origin=context.origin, found=found
    )
