"""A random program as a tree: each node is a form of the grammar with its parts filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

Dims = tuple[str, ...]


@dataclass(frozen=True)
class Want:
    """What a place of a form may be filled with: a shape, and a nature that values have."""

    dims: Dims
    nature: str = "any"


@dataclass(frozen=True)
class Form:
    """One way to write something: `text` has a place {0}, {1} … for each of its parts.

    The text is an atom: it may stand beside any operator.  `names` are the functions of the rule
    book that it uses; two parts of a form that commutes may change places.
    """

    text: str
    parts: tuple[Want, ...] = ()
    names: tuple[str, ...] = ()
    commutes: bool = False


@dataclass(frozen=True)
class Term:
    """A form whose parts are terms."""

    want: Want
    form: Form
    parts: tuple[Term, ...] = ()

    @cached_property
    def text(self) -> str:
        """The term in the language."""
        return self.form.text.format(*(part.text for part in self.parts))

    @property
    def size(self) -> int:
        """How many forms it is made of."""
        return 1 + sum(part.size for part in self.parts)

    @property
    def depth(self) -> int:
        """How deep forms stand in forms; of a leaf 0."""
        return max((1 + part.depth for part in self.parts), default=0)

    def flipped(self) -> Term:
        """The same with the operands of everything that commutes exchanged."""
        parts = tuple(part.flipped() for part in self.parts)
        return replace(self, parts=parts[::-1] if self.form.commutes else parts)

    def walk(self) -> Iterator[Term]:
        """This term and all terms in it."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True)
class Program:
    """Bindings by name, the term whose derivative is asked for, and the declarations.

    `shapes` has more than the program uses: `declared` are those that it does.
    """

    bindings: tuple[tuple[str, Term], ...]
    body: Term
    shapes: dict[str, str] = field(compare=False, repr=False)

    @cached_property
    def text(self) -> str:
        """The program in the language."""
        return "\n".join([*(f"{name} = {term.text}" for name, term in self.bindings), self.last])

    @property
    def last(self) -> str:
        """The line that is differentiated, without brackets around it."""
        return self.body.text

    @property
    def dims(self) -> Dims:
        """The shape of the value."""
        return self.body.want.dims

    @property
    def terms(self) -> list[Term]:
        """What names are bound to, and the body."""
        return [*(term for _, term in self.bindings), self.body]

    @property
    def bound(self) -> list[str]:
        """The names that it binds."""
        return [name for name, _ in self.bindings]

    @property
    def declared(self) -> dict[str, str]:
        """The declarations of what it mentions."""
        return {name: shape for name, shape in self.shapes.items() if mentions(self.text, name)}

    @property
    def names(self) -> list[str]:
        """The functions of the rule book that it uses, each once."""
        used = (name for term in self.terms for part in term.walk() for name in part.form.names)
        return list(dict.fromkeys(used))

    def flipped(self) -> Program:
        """The program with the operands of everything that commutes exchanged."""
        bindings = tuple((name, term.flipped()) for name, term in self.bindings)
        return replace(self, bindings=bindings, body=self.body.flipped())


def mentions(text: str, name: str) -> bool:
    """Whether a name stands in a text, or a derivative of it as an unknown function."""
    return re.search(rf"(?<!\w)(?:[JH]_)?{name}(?!\w)", text) is not None


def renamed(text: str, names: dict[str, str]) -> str:
    """A text with other names in it; the subscripts of einsum and the T of A^-T are no names."""
    known = "|".join(map(re.escape, names))
    word = re.compile(rf'"[^"]*"|\^-?T(?!\w)|(?<!\w)([JH]_)?({known})(?!\w)')
    return word.sub(lambda m: (m[1] or "") + names[m[2]] if m[2] else m[0], text)
