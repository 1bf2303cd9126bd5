r"""A formula of LaTeX, pasted in, as the language writes it: the way out that a diagnostic offers.

`\frac{1}{2} \lVert X w - y \rVert_2^2` is `1/2 norm(X w - y, 2)^2`.  A recursive descent over the
commands that have one meaning; what has several, or needs an index (`\sum_i`, `|x|`), is not
guessed.  Only texts that are wrong come here, and what is offered has been read by the parser.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from matcalc.language.names import GREEK

LONGEST: Final = 2_000
DEEPEST: Final = 40

_TOKEN: Final = re.compile(
    r"\\[A-Za-z]+\*?|\\.|[A-Za-z](?:[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\|\||\S", re.S
)
_DROPPED: Final = re.compile(
    r"\$+|\\[\[\]();,!:> ]"
    r"|\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|quad|qquad)(?![A-Za-z])\.?"
    r"|\\(?:begin|end)\{(?:align|aligned|equation|gather|gathered|split)\*?\}|~"
)
_NAMES: Final = (
    "mathbf boldsymbol bm mathrm mathit mathsf mathcal mathbb text vec operatorname".split()
)
_MARKS: Final = {"hat": "_hat", "widehat": "_hat", "bar": "_bar", "tilde": "_tilde", "dot": "_dot"}
_SIGNS: Final = {
    r"\cdot": "·", r"\odot": "⊙", r"\circ": "⊙", r"\otimes": "⊗", r"\leq": "<=", r"\le": "<=",
    r"\geq": ">=", r"\ge": ">=", "<": "<", ">": ">", "+": "+", "-": "-", "/": "/", "*": "*",
}  # fmt: skip
_VARIANTS: Final = {"varepsilon": "ε", "varphi": "φ", "vartheta": "θ", "infty": "inf"}
_RENAMED: Final = {"ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "trace": "tr"}
_TURNED: Final = frozenset({r"\top", "T", r"\intercal", "⊤", r"\prime"})
_OPENING: Final = {"(": ")", "[": "]", r"\{": r"\}"}
_BARS: Final = {r"\|": r"\|", r"\lVert": r"\rVert", r"\Vert": r"\Vert", "||": "||", "‖": "‖"}
_ORDERS: Final = {"": "", "F": "", "1": ", 1", "2": ", 2", r"\infty": ", inf", "*": ", nuc"}
_MATRICES: Final = ("bmatrix", "pmatrix", "matrix")


class _UnknownError(Exception):
    """There is no one way to write this."""


def from_latex(text: str, functions: Collection[str]) -> str:
    """The formula in the language; "" if it has no one meaning there."""
    if len(text) > LONGEST:
        return ""
    rows = "matrix}" in text
    plain = _DROPPED.sub(" ", text.replace(r"\\", r"\cr " if rows else "\n")).strip()
    if not rows:
        plain = plain.replace("&", " ")
        if "\n" in plain and r"\\" in text:
            return ""  # several lines of a derivation
    head, equals, body = plain.strip().rpartition("=")
    if equals and re.fullmatch(r"[\w\\{}]+\s*(\([^()=]*\))?\s*", head.strip()):
        plain = body
    try:
        return _Reader(plain, functions).whole()
    except (_UnknownError, IndexError):
        return ""


class _Reader:
    def __init__(self, text: str, functions: Collection[str]) -> None:
        self.tokens: list[str] = _TOKEN.findall(text)
        self.functions = functions
        self.at = 0
        self.depth = 0

    def whole(self) -> str:
        result = self.sequence(())
        if self.at < len(self.tokens):
            raise _UnknownError
        return result

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.tokens[self.at]
        if wanted and token != wanted:
            raise _UnknownError
        self.at += 1
        return token

    # --- sequences -----------------------------------------------------------------------------
    def sequence(self, stops: Collection[str]) -> str:
        """Operands and signs up to one of the stops."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise _UnknownError
        parts: list[str] = []
        operand = False
        while self.next and self.next not in stops:
            sign = _SIGNS.get(self.next)
            if sign == "-" and not operand and (not parts or parts[-1] == ","):
                self.take()
                parts.append("-" + self.operand())
                operand = True
            elif sign is not None:
                self.take()
                parts.append(sign)
                operand = False
            elif self.next == "," and stops:
                parts.append(self.take())
                operand = False
            else:
                read = self.operand()
                between = operand or (
                    parts and parts[-1] not in ("+", "-", ",", "<", ">", "<=", ">=")
                )
                parts.append(f"({read})" if between and _has_quotient(read) else read)
                operand = True
        self.depth -= 1
        if not operand:
            raise _UnknownError
        return " ".join(parts).replace(" ,", ",")

    def operand(self) -> str:
        """An atom with what stands below and above it."""
        token = self.take()
        word = token.removeprefix("\\")
        if token in _BARS:
            return self.postfix(self.norm(_BARS[token]))
        name = self.name(token, word)
        if name in self.functions and len(name) > 1 and name not in GREEK:
            return self.application(name)
        if name and self.next in _OPENING:
            if name != "σ":
                raise _UnknownError  # f(x), or a product
            return self.application("sigmoid")
        if name == "e" and self.next == "^":
            self.take()
            return self.postfix(f"exp({self.argument()})")
        if name:
            return self.postfix(self.subscripted(name))
        return self.postfix(self.atom(token, word))

    def name(self, token: str, word: str) -> str:
        """The name that begins with a token: a letter, `\\lambda`, `\\mathbf{x}`, `\\hat y`."""
        if token[0] != "\\":
            run = token
            while token.isalpha() and self.next.isalpha() and len(self.next) == 1:
                if self._spells(run + self.next):
                    run += self.take()
                else:
                    break
            return run if token[0].isalpha() and token.isascii() else ""
        if word in GREEK or word in _VARIANTS:
            return _VARIANTS.get(word) or GREEK[word]
        if word in _NAMES:
            letters = self.braced() if self.next == "{" else [self.take()]
            if len(letters) == 1 and letters[0][0] == "\\":
                return self.name(letters[0], letters[0][1:])
            joined = "".join(letters)
            if not joined.isalnum():
                raise _UnknownError
            return _RENAMED.get(joined, joined)
        if word in _MARKS:
            letters = self.braced() if self.next == "{" else [self.take()]
            if len(letters) != 1:
                raise _UnknownError
            return self.name(letters[0], letters[0].removeprefix("\\")) + _MARKS[word]
        return _RENAMED.get(word, word) if _RENAMED.get(word, word) in self.functions else ""

    def _spells(self, run: str) -> bool:
        """Whether letters go on as a function's name that has a bracket, as in `relu(x)`."""
        rest = "".join(self.tokens[self.at + 1 : self.at + 14])
        return any(f.startswith(run) and (run + rest).startswith(f + "(") for f in self.functions)

    def braced(self) -> list[str]:
        self.take("{")
        inside = []
        while self.next != "}":
            inside.append(self.take())
        self.take("}")
        return inside

    def atom(self, token: str, word: str) -> str:
        if token[0].isdigit():
            return token
        if token == "{":
            inner = self.sequence(("}",))
            self.take("}")
            return wrapped(inner)
        if token in _OPENING:
            inner = self.sequence((_OPENING[token],))
            self.take(_OPENING[token])
            if "," in inner:
                raise _UnknownError
            return f"({inner})"
        if word in ("frac", "dfrac", "tfrac"):
            above, below = wrapped(self.argument()), wrapped(self.argument())
            return (
                f"{above}/{below}" if above.isalnum() and below.isalnum() else f"{above} / {below}"
            )
        if word == "langle":
            return self.inner_product()
        if word == "begin":
            return self.matrix()
        raise _UnknownError

    # --- what stands below, above and after ---------------------------------------------------
    def argument(self) -> str:
        """What is in braces, or one token."""
        if self.next == "{":
            self.take()
            inner = self.sequence(("}",))
            self.take("}")
            return inner
        token = self.take()
        if token.isdigit() and len(token) > 1:  # \frac12 is 1/2
            self.at -= 1
            self.tokens[self.at] = token[1:]
            return token[0]
        word = token.removeprefix("\\")
        return self.name(token, word) or self.atom(token, word)

    def subscripted(self, name: str) -> str:
        if self.next != "_":
            return name
        self.take()
        below = self.braced() if self.next == "{" else [self.take()]
        joined = "".join(GREEK.get(each.removeprefix("\\"), each) for each in below)
        if not joined.isalnum():
            raise _UnknownError
        return f"{name}_{joined}"

    def postfix(self, base: str) -> str:
        """Powers and transposes of what was read."""
        while self.next in ("^", "'"):
            if _has_quotient(base):
                base = f"({base})"
            if self.take() == "'" or self._is_turned():
                base += "'"
                continue
            above = self._above()
            base += "^" + (above if above.isalnum() or above in ("-1", "-T") else f"({above})")
        if self.next == "_":
            raise _UnknownError
        return base

    def _is_turned(self) -> bool:
        inner = self.tokens[self.at : self.at + 3]
        for size, found in ((1, inner[:1]), (3, inner[1:2] if inner[:1] == ["{"] else [])):
            if found and found[0] in _TURNED and (size == 1 or inner[2:] == ["}"]):
                self.at += size
                return True
        return False

    def _above(self) -> str:
        inner = self.tokens[self.at : self.at + 4]
        if inner[:2] == ["{", "-"] and inner[2] in _TURNED and inner[3] == "}":
            self.at += 4
            return "-T"
        if self.next.isdigit() and len(self.next) > 1:
            raise _UnknownError  # x^10 is x^1 0 in LaTeX, and may be meant otherwise
        return self.argument().replace("- ", "-")

    def application(self, name: str) -> str:
        """A function and its argument: `\\log(x)`, `\\sin^2 x`, `\\log \\det X`."""
        power = ""
        if self.next == "^":
            self.take()
            power = self.argument()
            if not power.isdigit():
                raise _UnknownError
        if name == "sqrt" and self.next == "[":
            raise _UnknownError
        if self.next in _OPENING or self.next == "{":
            closing = {**_OPENING, "{": "}"}[self.take()]
            inner = self.sequence((closing,))
            self.take(closing)
        else:
            inner = self.operand()
            following = self.next
            if following and following not in _SIGNS and following not in ("}", ")", "]", ","):
                raise _UnknownError
        return self.postfix(f"{name}({inner})" + (f"^{power}" if power else ""))

    def norm(self, closing: str) -> str:
        inner = self.sequence((closing,))
        self.take(closing)
        order = ""
        if self.next == "_":
            self.take()
            order = "".join(self.braced() if self.next == "{" else [self.take()])
        if order not in _ORDERS:
            raise _UnknownError
        return f"norm({inner}{_ORDERS[order]})"

    def inner_product(self) -> str:
        left, comma, right = self.sequence((r"\rangle",)).partition(", ")
        self.take(r"\rangle")
        if not comma or "," in right:
            raise _UnknownError
        if left.isupper() or right.isupper():
            return f"sum({wrapped(left)} ⊙ {wrapped(right)})"
        return f"({wrapped(left)} · {wrapped(right)})"

    def matrix(self) -> str:
        kind = "".join(self.braced())
        if kind not in _MATRICES:
            raise _UnknownError
        rows: list[list[str]] = [[]]
        while True:
            rows[-1].append(self.sequence(("&", r"\cr", r"\end")))
            sign = self.take()
            if sign == r"\end":
                break
            if sign == r"\cr":
                rows.append([])
        if "".join(self.braced()) != kind:
            raise _UnknownError
        lines = [", ".join(row) for row in rows]
        if len(rows[0]) == 1:
            return f"[{', '.join(lines)}]"
        return f"[{', '.join(f'[{line}]' for line in lines)}]"


def _has_quotient(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "/" and not depth:
            return True
    return False


def wrapped(text: str) -> str:
    """In brackets, unless it is a name, a number or in brackets already."""
    return text if re.fullmatch(r"\w+'?|\w*\([^()]*\)", text) else f"({text})"
