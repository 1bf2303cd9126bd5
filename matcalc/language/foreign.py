"""Other notations pasted in: what LaTeX, Python, NumPy or English words say, and how the language
writes it.

The pass reads the tokens before anything else does, since some of these texts would be programs:
`2 \\lambda x` is the solution of 2 z = λ x, and `x and y` a product of three.  A name that the
program declares or binds is never foreign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matcalc.language.advice import INVERSES, LATEX, RENAMED
from matcalc.language.misread import called
from matcalc.language.names import GREEK, canonical
from matcalc.language.survey import CLOSERS, OPEN, Survey
from matcalc.language.tokens import Token

MODULES: Final = frozenset("np numpy jax jnp torch tf tensorflow math scipy sp cp nn sympy".split())
"""Modules of Python whose functions are pasted in with them."""

STARTS: Final = frozenset({"NAME", "NUMBER", "LPAR", "LSQUARE", "MINUS", "NABLA", "BAR"})
ENDS: Final = frozenset({"NAME", "NUMBER", "RPAR", "RSQUARE", "PRIME", "TRANSPOSE", "SUPERSCRIPT"})


def check_foreign(survey: Survey) -> None:
    """Refuse other notations, with the place and what the language writes instead."""
    known = survey.context.known
    for position, token in enumerate(survey.tokens):
        if token.kind == "BACKSLASH":
            _latex(survey, position)
        elif token.kind == "NAME" and token.text in _WORDS and _is_free(survey, token):
            _WORDS[token.text](survey, position)
        elif token.kind == "NAME" and token.text in known and _is_free(survey, token):
            _function_power(survey, position)
        elif token.kind == "DOT":
            _method(survey, position)
        elif token.kind == "NUMBER":
            _number(survey, position)
        elif token.kind == "LBRACE":
            _subscript(survey, position)
        elif token.kind == "PRIME":
            _quoted(survey, position)


def _is_free(survey: Survey, token: Token) -> bool:
    name = canonical(token.text)
    return name not in survey.variables and name not in survey.functions


def _next(tokens: Sequence[Token], position: int) -> Token | None:
    return tokens[position + 1] if position + 1 < len(tokens) else None


def _joined(left: Token, right: Token | None) -> bool:
    """Whether one token follows the other without a blank."""
    return right is not None and right.start == left.end


def _to_the_end(survey: Survey, position: int) -> Token:
    """The place from a token to the end of its line, or of the brackets around it."""
    last, depth = position, 0
    for token in survey.tokens[position + 1 :]:
        depth += (token.kind in OPEN) - (token.kind in CLOSERS)
        if token.kind in ("NEWLINE", "SEMICOLON") or depth < 0:
            break
        last += 1
    return Token("", "", survey.tokens[position].start, survey.tokens[last].end)


def _latex(survey: Survey, position: int) -> None:
    r"""A command: `\frac`, `\lambda`, `\|`.  `A \ b` with a blank is the solution of A z = b."""
    token = survey.tokens[position]
    following = _next(survey.tokens, position)
    if following is None or not _joined(token, following):
        return
    word = following.text
    at = Token("", "", token.start, following.end)
    if following.kind in ("COMMA", "SEMICOLON", "BACKSLASH"):
        survey.fail(f"a command of LaTeX: `\\{following.text}`", at, suggestion="a blank")
    if following.kind == "BAR":
        survey.fail("a command of LaTeX: `\\|`", at, suggestion="norm(x), or ‖x‖")
    previous = survey.tokens[position - 1] if position else None
    first = previous is None or previous.kind not in ENDS
    if first and following.kind in ("LPAR", "LSQUARE"):
        survey.fail(
            f"a formula's mark of LaTeX: `\\{following.text}`",
            at,
            suggestion="the formula alone, without the marks around it",
        )
    if following.kind != "NAME" or (not _is_free(survey, following) and word not in LATEX):
        return
    head = word.rstrip("_0123456789")
    if head in GREEK or word in GREEK:
        survey.fail(
            f"a command of LaTeX: `\\{word}`",
            at,
            suggestion=f"{word} or {canonical(word)}; for the solution of A z = {canonical(word)}, "
            f"A \\ {word} with a blank",
        )
    head = head if head in LATEX else head.partition("_")[0]
    if head in LATEX or first:
        survey.fail(f"a command of LaTeX: `\\{head}`", at, suggestion=LATEX.get(head, ""))


def _module(survey: Survey, position: int) -> None:
    """`np.sum(x)`, `torch.linalg.inv(A)`: a module's function."""
    tokens = survey.tokens
    last = position
    while (
        last + 2 < len(tokens)
        and tokens[last + 1].kind == "DOT"
        and tokens[last + 1].text == "."
        and tokens[last + 2].kind == "NAME"
        and _joined(tokens[last], tokens[last + 1])
        and _joined(tokens[last + 1], tokens[last + 2])
    ):
        last += 2
    called = _next(tokens, last)
    if last == position or called is None or called.kind != "LPAR":
        return
    end = tokens[last]
    text = survey.text[tokens[position].start : end.end]
    survey.fail(
        f"`{text}` is Python: functions stand here without a module",
        Token("", "", tokens[position].start, end.end),
        suggestion=_translated(survey, end.text),
    )


def _translated(survey: Survey, name: str) -> str:
    if name in RENAMED:
        return RENAMED[name]
    return f"{name}(…)" if name in survey.context.known else ""


def _subscript(survey: Survey, position: int) -> None:
    """`x_{1}`: a subscript of LaTeX."""
    tokens = survey.tokens
    previous = tokens[position - 1] if position else None
    if previous is None or previous.kind != "NAME" or previous.text[-1] != "_":
        return
    end = next((each.end for each in tokens[position:] if each.kind == "RBRACE"), previous.end)
    inside = "".join(each.text for each in tokens[position + 1 :] if each.end < end)
    plain = inside if inside.isalnum() else "1"
    survey.fail(
        "a subscript of LaTeX",
        Token("", "", previous.start, end),
        suggestion=f"{previous.text}{plain} for a name, {previous.text[:-1]}[{plain}] for an entry",
    )


def _quoted(survey: Survey, position: int) -> None:
    """`norm(x, 'fro')`: a text in quotation marks."""
    tokens = survey.tokens
    previous, following = tokens[position - 1] if position else None, _next(tokens, position)
    if previous is None or previous.kind not in ("COMMA", "LPAR", "EQUALS") or following is None:
        return
    end = next((each.end for each in tokens[position + 1 :] if each.kind == "PRIME"), following.end)
    survey.fail(
        "a text in quotation marks: functions take none here",
        Token("", "", tokens[position].start, end),
        suggestion='axis=0, norm(X), norm(X, nuc), einsum("ij,jk->ik", A, B)',
    )


def _function_power(survey: Survey, position: int) -> None:
    """`sin^2(x)`, `log²(x)`: the power of a function's value."""
    token, following = survey.tokens[position], _next(survey.tokens, position)
    if following is None or following.kind not in ("POWER", "SUPERSCRIPT"):
        return
    bracket = position + 2
    if following.kind == "POWER":
        while bracket < len(survey.tokens) and survey.tokens[bracket].kind in _EXPONENT:
            bracket += 1
    opening = survey.tokens[bracket] if bracket < len(survey.tokens) else None
    if opening is None or opening.kind not in ("LPAR", "NAME", "NUMBER"):
        return
    if not _joined(survey.tokens[bracket - 1], opening):
        if called(survey, token.text) != token.text or opening.text == "where":
            return
    elif opening.kind != "LPAR":
        return
    exponent = survey.text[following.start : opening.start].rstrip()
    if exponent == "^":
        return
    suggestion = f"{token.text}(…){exponent}"
    if "".join(char for char in exponent if char not in "^{} ") in ("-1", "⁻¹"):
        inverse = INVERSES.get(token.text)
        suggestion = f"{token.text}(…)^-1 for the reciprocal" + (
            f", {inverse}(…) for the inverse function" if inverse else ""
        )
    survey.fail(
        f"the power of a function stands after its bracket: `{token.text}` is a function",
        Token("", "", token.start, opening.start),
        suggestion=suggestion,
    )


_EXPONENT: Final = frozenset({"NUMBER", "MINUS", "LBRACE", "RBRACE"})


def _number(survey: Survey, position: int) -> None:
    """`3.14.15`, `0x1f`: what are no numbers, and would be products."""
    token, following = survey.tokens[position], _next(survey.tokens, position)
    if following is None or not _joined(token, following):
        return
    at = Token("", "", token.start, following.end)
    if following.kind == "NUMBER":
        survey.fail(
            f"`{survey.text[at.start : at.end]}` is no number: it has two decimal points",
            at,
            suggestion="one decimal point, or a blank between two factors",
        )
    if token.text == "0" and following.kind == "NAME" and following.text[0] in "xXbBoO":
        rest = following.text[1:]
        if rest and all(letter in "0123456789abcdefABCDEF" for letter in rest):
            survey.fail(
                f"`{survey.text[at.start : at.end]}` is no number: numbers are decimal",
                at,
                suggestion="the number in decimal digits",
            )


def _method(survey: Survey, position: int) -> None:
    """`x.sum()`, `A.inv()`, `A.shape`: a method or an attribute of an object."""
    tokens = survey.tokens
    dot, following = tokens[position], _next(tokens, position)
    previous = tokens[position - 1] if position else None
    tight = previous is not None and _joined(previous, dot) and _joined(dot, following)
    if dot.text != "." or not tight or previous is None or following is None:
        return
    if following.kind != "NAME" or previous.kind not in ENDS or not _is_free(survey, following):
        return
    opening, closing = _next(tokens, position + 1), _next(tokens, position + 2)
    name = following.text
    empty = opening is not None and opening.kind == "LPAR" and _joined(following, opening)
    empty = empty and closing is not None and closing.kind == "RPAR"
    known = name in survey.context.known or name in RENAMED
    called = opening is not None and opening.kind == "LPAR"
    if empty or (name in RENAMED if called else known and len(name) > 1):
        closes = previous.kind in ("RPAR", "RSQUARE")
        what = "…" if closes else survey.text[previous.start : previous.end]
        inside = RENAMED.get(name) or (f"{name}({what})" if known else "")
        survey.fail(
            f"`.{name}{'()' if empty else ''}` is Python: there are no methods here",
            Token("", "", dot.start, closing.end if empty and closing else following.end),
            suggestion=inside,
        )


def _between(survey: Survey, position: int) -> bool:
    """Whether a word stands between two operands, or before one."""
    following = _next(survey.tokens, position)
    return following is not None and following.kind in STARTS


def _logical(survey: Survey, position: int) -> None:
    """`x and y`, `not x`."""
    token = survey.tokens[position]
    previous = survey.tokens[position - 1].kind if position else ""
    before = previous in ENDS
    if not _between(survey, position) or before == (token.text == "not"):
        return
    advice = {
        "and": "(a > 0) ⊙ (b > 0)",
        "or": "max(a > 0, b > 0)",
        "not": "1 - (a > 0)",
    }
    survey.fail(
        f"`{token.text}` is a word of Python, not an operator",
        token,
        suggestion=f"{advice[token.text]}, or declare a variable `{token.text}`",
    )


def _leibniz(survey: Survey, position: int) -> None:
    """`d/dx f`, `∂/∂x f` in ASCII letters: a product and a quotient, if it were one."""
    rest = survey.tokens[position : position + 3]
    if [token.text for token in rest[:2]] != ["d", "/"] or rest[-1].kind != "NAME":
        return
    end = rest[-1]
    if len(end.text) > 1 and end.text.startswith("d") and _is_free(survey, end):
        survey.fail(
            f"`d/{end.text}` is no operator here",
            Token("", "", rest[0].start, end.end),
            suggestion=f"the function alone, and {end.text[1:]} as the variable; within a program "
            f"grad(f, {end.text[1:]}) or jacobian(f, {end.text[1:]})",
        )


def _conditional(survey: Survey, position: int) -> None:
    """`if c then a else b`, `a if c else b`."""
    words = {token.text for token in survey.tokens[position:] if token.kind == "NAME"}
    if "else" in words and _between(survey, position):
        survey.fail(
            "`if … else` is no expression here",
            _to_the_end(survey, position),
            suggestion="where(condition, a, b)",
        )


def _loop(survey: Survey, position: int) -> None:
    """`for i in …`, `sum(x[i] for i in range(n))`."""
    rest = survey.tokens[position + 1 : position + 3]
    if len(rest) == 2 and rest[0].kind == "NAME" and rest[1].text == "in":
        survey.fail(
            "there are no loops in the language",
            _to_the_end(survey, position),
            suggestion="sum(x), mean(x), X w: operations on whole vectors and matrices",
        )


def _function(survey: Survey, position: int) -> None:
    """`lambda x: …`, `def f(x): …`."""
    rest = survey.tokens[position + 1 : position + 3]
    kinds = [token.kind for token in rest]
    wanted = "COLON" if survey.tokens[position].text == "lambda" else "LPAR"
    at_start = position == 0 or survey.tokens[position - 1].kind in ("NEWLINE", "SEMICOLON")
    if kinds == ["NAME", wanted] and at_start:
        survey.fail(
            f"`{survey.tokens[position].text}` is Python: a program here is an expression",
            _to_the_end(survey, position),
            suggestion="what the function returns; variables are declared after where",
        )


def _statement(survey: Survey, position: int) -> None:
    """`return x`, `import numpy`."""
    at_start = position == 0 or survey.tokens[position - 1].kind in ("NEWLINE", "SEMICOLON")
    following = _next(survey.tokens, position)
    if at_start and following is not None and following.kind in ("NAME", "NUMBER"):
        survey.fail(
            f"`{survey.tokens[position].text}` is Python: a program here is an expression",
            _to_the_end(survey, position),
            suggestion="bindings name = …, and the expression on the last line",
        )


_WORDS: Final = {
    **dict.fromkeys(MODULES, _module),
    **dict.fromkeys(("and", "or", "not"), _logical),
    "d": _leibniz,
    "if": _conditional,
    "for": _loop,
    "lambda": _function,
    "def": _function,
    "return": _statement,
    "import": _statement,
}
