"""The identities of the rule book as rewriting rules on tensors."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from matcalc.dims import named
from matcalc.language import book as text
from matcalc.rules.match import Match, Terms
from matcalc.rules.matcher import factors, matches, terms
from matcalc.tensor.canonical import add, as_constant, contract
from matcalc.tensor.lower import STRUCTURAL, Book, Lowering
from matcalc.tensor.nodes import (
    Atom,
    Contract,
    Labels,
    Map,
    Mask,
    Opaque,
    Sum,
    Tensor,
    intern,
    node_count,
    operands,
    postorder,
)
from matcalc.tensor.substitute import Substitution, with_operands
from matcalc.tensor.traits import CLOSED, at_the_point

Known = Callable[[Tensor], frozenset[str]]


@dataclass(frozen=True)
class Identity:
    """lhs = rhs, with the functions that have to occur where it applies."""

    name: str
    statement: str
    source: str
    lhs: Tensor
    rhs: Tensor

    @cached_property
    def functions(self) -> frozenset[str]:
        """The names of the functions of the left side; a power is none."""
        names = {
            n.fn
            for n in postorder((self.lhs,))
            if isinstance(n, Map | Opaque) and isinstance(n.fn, str)
        }
        return frozenset(names - {"pow"})

    @cached_property
    def shrinks(self) -> bool:
        """Whether the right side has fewer nodes; it must not make more of them then, as it might
        where a variable stands for the negative of something."""
        return node_count(self.rhs) < node_count(self.lhs)

    @cached_property
    def head(self) -> Head:
        """What a tensor has to be at its root for the identity to apply there."""
        return head(self.lhs)

    @cached_property
    def variables(self) -> frozenset[Tensor]:
        """The variables of the left side."""
        return frozenset(n for n in postorder((self.lhs,)) if isinstance(n, Atom))

    @cached_property
    def elementwise(self) -> bool:
        """Whether it is about scalars: it then holds entry by entry."""
        return not self.lhs.rank and not any(v.rank for v in self.variables)

    @cached_property
    def conditions(self) -> dict[Tensor, frozenset[str]]:
        """What has to be known of what a variable stands for; what is inverted is invertible, and
        so is what these functions are defined for."""
        inverted = {
            atom
            for n in postorder((self.lhs,))
            if isinstance(n, Opaque) and n.fn in INVERTING
            for atom in postorder((n,))
        }
        factored = {
            n.args[0] for n in postorder((self.lhs,)) if isinstance(n, Opaque) and n.fn == "chol"
        }
        implied = {v: {"invertible"} for v in inverted} | dict.fromkeys(factored, DEFINITE)
        return {
            v: v.properties - implied.get(v, frozenset())
            for v in self.variables
            if isinstance(v, Atom)
        }

    def start(self, known: Known, free: int = 0) -> Match:
        """The match of nothing yet."""
        return Match(terms=Terms(self.conditions, known, self.elementwise), free=free)

    def applied(self, t: Tensor, known: Known) -> Tensor | None:
        """t rewritten at its root; None if the identity does not apply there, or does no good."""
        new = self._applied(t, known)
        if new is None or new is t or (self.shrinks and node_count(new) > node_count(t)):
            return None
        return new

    def _applied(self, t: Tensor, known: Known) -> Tensor | None:
        if isinstance(self.lhs, Contract):
            return self._in_product(t, known) if isinstance(t, Contract) else None
        if isinstance(self.lhs, Sum):
            return self._in_sum(t, known) if isinstance(t, Sum) else None
        own = tuple(range(t.rank))
        if type(t) is not type(self.lhs):
            return None
        if not self.elementwise and t.rank != self.lhs.rank:
            return None
        places = own if self.lhs.rank else ()
        state = self.start(known)
        if isinstance(t, Map):
            state = replace(state, labels={x: x for x in places})
        for found in matches(self.lhs, places, t, own, state):
            if self.elementwise:
                return self._written(found, own, t)
            axes = tuple(found.labels.get(x, x) for x in own)  # f(A')' may match as f(A)
            return contract([(self._written(found, (), t), axes)], own)
        return None

    def _in_product(self, t: Contract, known: Known) -> Tensor | None:
        """Some factors of a product replaced by the right side."""
        assert isinstance(self.lhs, Contract)
        rank = self.lhs.rank
        inner = {x for _, axes in self.lhs.factors for x in axes if x >= rank}
        for found, left in factors(self.lhs.factors, t.factors, self.start(known, rank)):
            used = {*range(t.rank), *(x for _, labels in left for x in labels)}
            if not _is_whole(found, range(rank), inner, used):
                continue
            labels = tuple(found.labels[i] for i in range(rank))
            if self.elementwise:
                labels = self._spread(found)
            new = self._written(found, labels if self.elementwise else (), t)
            dims = {x: d for f, axes in t.factors for x, d in zip(axes, f.dims, strict=True)}
            return contract([(new, labels), *left], range(t.rank), dims | dict(enumerate(t.dims)))
        return None

    def _in_sum(self, t: Sum, known: Known) -> Tensor | None:
        """Some terms of a sum, which are those of the left side times a number, replaced."""
        assert isinstance(self.lhs, Sum)
        rank = self.lhs.rank
        if not self.elementwise and rank != t.rank:
            return None
        state = self.start(known)
        state = replace(state, labels={x: x for x in range(rank)})
        for found, left, ratio in terms(self.lhs.terms, t.terms, state, None):
            labels = self._spread(found) if self.elementwise else tuple(range(rank))
            new = self._written(found, labels if self.elementwise else (), t)
            if new.dims == tuple(t.dims[x] for x in labels):  # a zero of another length is no term
                return add([*left, (ratio, new, labels)], t.dims)
        return None

    @staticmethod
    def _spread(found: Match) -> Labels:
        return tuple(sorted({x for _, labels in found.values.values() for x in labels}))

    def _written(self, found: Match, labels: Labels, t: Tensor) -> Tensor:
        """The right side with the variables replaced; element-wise along these labels."""
        if not labels:
            values = {variable: view[0] for variable, view in found.values.items()}
            return Substitution(values, found.dims)(self.rhs)
        size = {
            x: d
            for view in found.values.values()
            for x, d in zip(view[1], view[0].dims, strict=True)
        }
        size |= {x: t.dims[x] for x in labels if x not in size}
        batch = tuple(size[x] for x in labels)
        values = {
            variable: contract([(u, axes)], labels, size) if axes else u
            for variable, (u, axes) in found.values.items()
        }
        return Substitution(values, batch=batch)(self.rhs)


def _is_whole(
    found: Match, axes: Collection[int], inner: Collection[int], used: Collection[int]
) -> bool:
    """Whether all labels of a product stand for one, and what it sums is used nowhere else."""
    if not all(x in found.labels for x in (*axes, *inner)):
        return False
    summed = {found.labels[x] for x in inner} | found.hidden
    return summed.isdisjoint(used) and found.hidden.isdisjoint(found.labels.values())


DEFINITE: Final = frozenset({"spd", "symmetric", "invertible"})
"""What a matrix is that has a Cholesky factor."""

INVERTING: Final = frozenset({"inv", "logm_frechet", "sylvester"})
"""Functions that are defined where the matrices in them are invertible: of sylvester(A, A, C) the
eigenvalues a and -a must not meet, and zero is its own negative."""

Head = tuple[type, object]


def head(t: Tensor) -> Head:
    """The kind of a tensor, and its function."""
    return type(t), t.fn if isinstance(t, Map | Opaque) else None


CALLED: Final = re.compile(r"(\w+)\(")
COMPARED: Final = re.compile(r">=?")
COMPARISONS: Final = {">": "gt", ">=": "ge"}
DECLARED: Final = re.compile(rf"\b({'|'.join(sorted(CLOSED))})\b")
MEMO: Final = 50_000
KERNEL: Final = frozenset(STRUCTURAL)
"""Functions that lowering makes contractions of: they are no nodes to look for."""


class Identities:
    """All identities of one kind of the book, each compiled when it may first apply."""

    def __init__(self, book: Book, kind: str = "identity") -> None:
        self.book = book
        self.kind = kind
        self._names: dict[Tensor, frozenset[str]] = {}
        self._compiled: dict[text.Law, Identity] = {}
        self._rewritten: dict[tuple[Tensor, Known], tuple[Tensor, Identity] | None] = {}
        self._candidates: dict[tuple[Head, frozenset[str]], tuple[Identity, ...]] = {}

    @cached_property
    def wanted(self) -> tuple[tuple[frozenset[str], text.Law], ...]:
        """For each identity the names that its left side needs: read off the text, so that only
        those that may apply are ever parsed."""
        return tuple((_wanted(law), law) for law in text.laws(self.kind))

    def compiled(self, law: text.Law) -> Identity:
        """An identity in index notation."""
        found = self._compiled.get(law)
        if found is None:
            statement = text.law_statement(self.kind, law)
            lhs, rhs, _ = text.statement_exprs(None, statement)
            low = Lowering(self.book)
            found = Identity(statement.name, statement.text, statement.note, low(lhs), low(rhs))
            self._compiled[law] = found
        return found

    def row_by_row(self, law: text.Law) -> Identity | None:
        """An identity of vectors as one of the rows of matrices, if it is one of functions that go
        along a vector."""
        rule = self.compiled(law)
        opaque = [n for n in postorder((rule.lhs, rule.rhs)) if isinstance(n, Opaque)]
        if {v.rank for v in rule.variables} not in ({1}, {0, 1}) or any(
            self.book.mode(str(n.fn), len(n.args)) != "along" for n in opaque
        ):
            return None
        rows = named("\0rows")
        values: dict[Tensor, Tensor] = {
            v: intern(Atom, (rows, *v.dims), v.name, v.properties)
            for v in rule.variables
            if isinstance(v, Atom)
        }
        sides = [Substitution(values, batch=(rows,))(side) for side in (rule.lhs, rule.rhs)]
        return Identity(rule.name, rule.statement, rule.source, sides[0], sides[1])

    def names(self, t: Tensor) -> frozenset[str]:
        """The functions that occur in a tensor, and what no small change keeps of its matrices."""
        found = self._names.get(t)
        if found is None:
            if len(self._names) > MEMO:
                self._names.clear()
            for node in postorder((t,), self._names):
                self._names[node] = _own_names(node).union(
                    *(self._names[o] for o in operands(node))
                )
            found = self._names[t]
        return found

    def candidates(self, t: Tensor) -> tuple[Identity, ...]:
        """The identities that may apply at the root of a tensor: by its head and what is in it."""
        names = self.names(t)
        if not names:
            return ()
        key = (head(t), names)
        found = self._candidates.get(key)
        if found is None:
            laws = [law for wanted, law in self.wanted if wanted <= names and _fits(law, key[0])]
            rules = [each(law) for law in laws for each in (self.compiled, self.row_by_row)]
            found = tuple(r for r in rules if r and r.functions <= names and r.head == key[0])
            self._candidates[key] = found
        return found

    def tried(self, t: Contract | Sum, known: Known) -> list[Tensor]:
        """t rewritten, and t with one of its operands rewritten, where an identity applies."""
        if not any(wanted <= self.names(t) for wanted, _ in self.wanted):
            return []
        whole = self.rewrite(t, known)
        made = [] if whole is None else [whole[0]]
        parts = operands(t)
        for i, part in enumerate(parts):
            found = self.rewrite(part, known)
            if found is not None:
                made.append(with_operands(t, [*parts[:i], found[0], *parts[i + 1 :]]))
        return made

    def rewrite(self, t: Tensor, known: Known) -> tuple[Tensor, Identity] | None:
        """t rewritten at its root by the first identity that applies."""
        rules = self.candidates(t)
        if not rules:
            return None
        key = (t, known)
        if key not in self._rewritten:
            if len(self._rewritten) > MEMO:
                self._rewritten.clear()
            tried = ((rule.applied(t, known), rule) for rule in rules)
            made = ((new, rule) for new, rule in tried if new is not None)
            self._rewritten[key] = next(made, None)
        return self._rewritten[key]


def _wanted(law: text.Law) -> frozenset[str]:
    left, _, rest = law.body.partition(" = ")
    names = frozenset(CALLED.findall(left)) - KERNEL
    names |= {COMPARISONS[sign] for sign in COMPARED.findall(left)}
    return names | frozenset(DECLARED.findall(rest.partition(" where ")[2]))


def _fits(law: text.Law, root: Head) -> bool:
    """Whether the left side of an identity may have this head, as far as its text tells."""
    name = _outermost(law.body.partition(" = ")[0].strip())
    if root[1] is None:  # a product or a sum
        return not name or name in KERNEL
    unnamed = ("pow", *COMPARISONS.values())
    return name in KERNEL or name == root[1] or (not name and root[1] in unnamed)


def _outermost(left: str) -> str:
    """The function that a whole text is a call of; `sqrt` is a power like those without a name."""
    found = CALLED.match(left)
    if found is None or found[1] == "sqrt":
        return ""
    depth = 0
    for place, letter in enumerate(left):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and not depth:
            return found[1] if place == len(left) - 1 else ""
    return ""


def _own_names(node: Tensor) -> frozenset[str]:
    """What a node adds to the names by which identities are looked up."""
    match node:
        case Map(fn="pow", args=(_, (exponent, _))):
            power = as_constant(exponent)
            return frozenset({"sqrt"}) if power is not None and power.denominator == 2 else NOTHING
        case Opaque(fn="chol"):
            return frozenset({"chol", "lower"})
        case Map(fn=str(fn)) | Opaque(fn=str(fn)):
            return frozenset({fn})
        case Mask():
            return frozenset({"lower", "upper"})
        case Atom(properties=properties):
            return at_the_point(properties) & CLOSED
        case _:
            return NOTHING


NOTHING: Final[frozenset[str]] = frozenset()
