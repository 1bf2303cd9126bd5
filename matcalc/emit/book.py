"""What the rule book says of how NumPy computes a function: a template with places."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from matcalc.errors import DerivationError
from matcalc.language.book import Entry

_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")
_FIXED: Final = frozenset(
    "np sp la jnp jsp jax torch xp math dtype device"
    " None True False tuple for in range min max".split()
)
_FUNCTION: Final = re.compile(r"\b(?:np|sp|la)(?:\.[a-z]\w*)+")
_MATH: Final = {
    f"np.{name}": f"math.{name}"
    for name in "exp log log1p expm1 sqrt sin cos tan sinh cosh tanh pi".split()
} | {
    f"np.arc{name}": f"math.a{name}" for name in "sin cos tan sinh cosh tanh".split()
}  # fmt: skip
"""What Python's own module of functions of numbers has."""


TITLES: Final = {"jax": "JAX", "torch": "PyTorch", "xp": "the Python array API standard"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a template where a name stands; `closed` if no bracket is ever needed there."""

    name: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A Python expression with slots; `loose` if it has to be bracketed as an operand.

    Assignments to `locals` may stand before it: `U, s, V = np.linalg.svd(X); U @ V`.
    """

    parts: tuple[str | Slot, ...]
    loose: bool
    locals: tuple[str, ...] = ()

    def uses(self, name: str) -> int:
        """How often a name stands in the template."""
        return sum(isinstance(part, Slot) and part.name == name for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that stand in the template."""
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Slot)))


def numpy_template(entry: Entry) -> Template:
    """How a function is computed; DerivationError if the rule book does not say."""
    text = entry.fields.get("numpy")
    if text is None:
        raise DerivationError(
            f"the rule book does not say how NumPy computes {entry.name}",
            suggestion=f'a line numpy "…" in the entry of {entry.name}',
        )
    return template(text)


def template_for(entry: Entry, target: str, names: Mapping[str, str | None]) -> Template:
    """How a target computes a function: as its own line in the entry says, or as NumPy does.

    `names` says what functions of NumPy (np.…) and SciPy (sp.…, la.…) are called there: by their
    full names, or all of a module by the module's; None if there is no such function.  Names that
    end in = are of arguments, those that begin with a dot of methods.
    Raises  DerivationError, which names the function and the target.
    """
    own = entry.fields.get(target)
    if own is not None:
        return template(own)
    text = entry.fields.get("numpy", "")
    missing = [name for name in _FUNCTION.findall(text) if translated(name, names) is None]
    if missing or not text:
        what = f" (in NumPy and SciPy it is {text})" if text else ""
        raise DerivationError(f"{TITLES[target]} has no {entry.name}{what}")
    text = _FUNCTION.sub(lambda match: str(translated(match[0], names)), text)
    for word in [name for name in names if name.startswith(".") or name.endswith("=")]:
        text = text.replace(word, str(names[word]))
    return template(text)


def translated(name: str, names: Mapping[str, str | None]) -> str | None:
    """What a function of NumPy or SciPy is called in a target; None if the target lacks it."""
    if name in names:
        return names[name]
    module, _, rest = name.partition(".")
    return None if names.get(module) is None else f"{names[module]}.{rest}"


def math_template(entry: Entry) -> Template:
    """How a function of Python numbers is computed: by `math`, or else by NumPy and SciPy."""
    numpy_template(entry)
    text = entry.fields["numpy"].removesuffix(".astype(dtype)")  # a bool is a number
    if all(name in _MATH for name in _FUNCTION.findall(text)):
        text = _FUNCTION.sub(lambda match: _MATH[match[0]], text)
    return template(text)


@cache
def template(text: str) -> Template:
    """A template from its source."""
    *before, last = ast.parse(text).body
    assert isinstance(last, ast.Expr)
    body = last.value
    bound, local = _assigned([body]), _assigned(before)
    parts: list[str | Slot] = []
    end = 0
    for match in _NAME.finditer(text):
        after = text[match.end() :].lstrip()
        keyword = match[0] not in local and re.match(r"=(?!=)", after) is not None
        if match[0] in _FIXED.union(bound) or keyword or _in_string(text, match.start()):
            continue
        parts += [text[end : match.start()], Slot(match[0], _closed(text[: match.start()], after))]
        end = match.end()
    parts.append(text[end:])
    loose = not isinstance(body, ast.Call | ast.Attribute | ast.Subscript | ast.Name)
    return Template(tuple(parts), loose, tuple(local))


def _assigned(nodes: Iterable[ast.AST]) -> list[str]:
    """The names that are given a value, in order: in an expression, those of comprehensions."""
    inner = (n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name))
    return list(dict.fromkeys(n.id for n in inner if isinstance(n.ctx, ast.Store)))


def _in_string(text: str, at: int) -> bool:
    return text[:at].count("'") % 2 == 1 or text[:at].count('"') % 2 == 1


def _closed(before: str, after: str) -> bool:
    """Whether a place is between brackets, commas or `=` on both sides."""
    left = before.rstrip()
    return left.endswith(("(", "[", ",", "=")) and after.startswith((")", "]", ","))
