"""Unknown shapes and how they are solved for: kinds by elimination, dimensions by unification.

A `Type` is what is known of one expression's shape: a set of kinds (scalar, column, row, matrix,
or a tensor of a rank) as bits, and, once one kind is left, its dimensions, which may hold unknowns
(names that begin with `?`).  A `Constraint` relates types; it runs whenever one of them has learnt
something, until it is done: has nothing more to teach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from operator import or_
from typing import Final

from matcalc.budget import tick
from matcalc.dims import Dim, named
from matcalc.expr.nodes import Shape

SCALAR, COLUMN, ROW, MATRIX = 1, 2, 4, 8
MAX_RANK: Final = 12
ANY: Final = (1 << (MAX_RANK + 2)) - 1
VECTORS: Final = COLUMN | ROW
LOW: Final = SCALAR | COLUMN | ROW | MATRIX


def kind_of(rank: int, row: bool = False) -> int:
    """The kind of an array of a rank."""
    if rank == 1:
        return ROW if row else COLUMN
    return 1 if not rank else 1 << (rank + 1)


def rank_of(kind: int) -> int:
    """The rank of a kind (one bit)."""
    return (0, 0, 1, 0, 1)[kind] if kind <= ROW else kind.bit_length() - 2


def kinds(mask: int) -> list[int]:
    """The kinds in a set, lowest first."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low)
        mask ^= low
    return found


class ClashError(Exception):
    """A constraint cannot hold."""


class Type:
    """What is known of the shape of an expression."""

    __slots__ = ("dims", "mask", "watchers")

    def __init__(self, mask: int = ANY) -> None:
        self.mask = mask
        self.dims: tuple[Dim, ...] | None = None
        self.watchers: list[Constraint] = []

    @property
    def known(self) -> bool:
        """Whether one kind is left."""
        return self.dims is not None


class Constraint:
    """A relation of types; `run` learns from it and raises ClashError if it cannot hold."""

    __slots__ = ("done", "place", "queued", "types")

    def __init__(self, place: object, types: Sequence[Type]) -> None:
        self.place = place
        self.types = tuple(types)
        self.queued = False
        self.done = False

    def run(self, solver: Solver) -> None:
        raise NotImplementedError


class Solver:
    """The state of a unification."""

    def __init__(self) -> None:
        self.bound: dict[Dim, Dim] = {}
        self.deferred: list[tuple[Dim, Dim, Constraint | None]] = []
        self.queue: deque[Constraint] = deque()
        self.count = 0
        self.running: Constraint | None = None

    # --- kinds ---------------------------------------------------------------------------------
    def narrow(self, kind: Type, mask: int) -> None:
        """Leave a type only the kinds in `mask`."""
        left = kind.mask & mask
        if left == kind.mask and (kind.dims is not None or left & (left - 1)):
            return
        if not left:
            raise ClashError
        kind.mask = left
        if not left & (left - 1) and kind.dims is None:
            kind.dims = tuple(self.unknown() for _ in range(rank_of(left)))
        self.wake(kind)

    def wake(self, kind: Type) -> None:
        for watcher in kind.watchers:
            if not watcher.queued:
                watcher.queued = True
                self.queue.append(watcher)

    def fixed(self, shape: Shape) -> Type:
        """The type of a known shape."""
        made = Type(kind_of(shape.rank, shape.row))
        made.dims = shape.dims
        return made

    def add(self, constraint: Constraint) -> None:
        """Take up a constraint and draw the conclusions."""
        for kind in constraint.types:
            if not kind.watchers or kind.watchers[-1] is not constraint:
                kind.watchers.append(constraint)
        constraint.queued = True
        self.queue.append(constraint)
        self.settle()

    def settle(self) -> None:
        """Run constraints until nothing more is learnt."""
        queue = self.queue
        while queue:
            constraint = queue.popleft()
            constraint.queued = False
            tick()
            if not constraint.done:
                self.running = constraint
                constraint.run(self)
        self.running = None

    # --- dimensions ----------------------------------------------------------------------------
    def unknown(self) -> Dim:
        """A dimension not known yet."""
        self.count += 1
        return named(f"?{self.count}")

    def resolve(self, dim: Dim) -> Dim:
        """A dimension with what is known of its unknowns put in."""
        bound = self.bound
        while True:
            found = bound.get(dim)
            if found is not None:
                dim = found
                continue
            unknowns, alone = _unknowns(dim)
            if alone or not unknowns:
                return dim
            values = {name: bound[each] for name, each in unknowns if each in bound}
            if not values:
                return dim
            dim = dim.substitute(values)

    def unify(self, left: Dim, right: Dim) -> None:
        """Make two dimensions equal; ClashError if they are not."""
        if left is right:
            return
        a, b = self.resolve(left), self.resolve(right)
        if a is b:
            return
        for one, other in ((a, b), (b, a)):
            unknowns, alone = _unknowns(one)
            if alone and unknowns and unknowns[0] not in _unknowns(other)[0]:
                self.bound[one] = other
                return
        difference = a - b
        solved = _solve(difference)
        if solved is not None:
            self.bound[named(solved[0])] = solved[1]
        elif any(name[0] == "?" for name in difference.names):
            self.deferred.append((a, b, self.running))
        else:
            raise ClashError

    def recheck(self) -> None:
        """Unify again what could not be solved when it came up."""
        deferred, self.deferred = self.deferred, []
        for left, right, constraint in deferred:
            self.running = constraint
            self.unify(left, right)
        self.settle()

    def unify_all(self, left: Iterable[Dim], right: Iterable[Dim]) -> None:
        for a, b in zip(left, right, strict=True):
            self.unify(a, b)

    def shape(self, kind: Type) -> Shape:
        """The shape of a type whose kind is known."""
        assert kind.dims is not None
        return Shape(tuple(self.resolve(dim) for dim in kind.dims), kind.mask == ROW)


@lru_cache(maxsize=4096)
def _unknowns(dim: Dim) -> tuple[tuple[tuple[str, Dim], ...], bool]:
    """The unknowns in a dimension, and whether it is one name alone."""
    return tuple(
        (name, named(name)) for name in sorted(dim.names) if name[0] == "?"
    ), dim.name is not None


@lru_cache(maxsize=4096)
def _alone(label: Dim) -> str | None:
    """The name that a label is, if it is one name alone."""
    return label.name


def _solve(difference: Dim) -> tuple[str, Dim] | None:
    """An unknown that the equation difference = 0 determines: it occurs alone, once.

    ClashError if that makes a dimension of less than 1.
    """
    for monomial, coefficient in difference.terms:
        if len(monomial) != 1 or monomial[0][0] != "?":
            continue
        name = monomial[0]
        rest = difference - named(name).scaled(coefficient)
        if name in rest.names:
            continue
        value = rest.scaled(Fraction(-1) / coefficient)
        whole = value.value
        if not value.names and (whole is None or whole < 1):
            if difference.names == {name}:
                raise ClashError
            continue
        return name, value
    return None


class Table(Constraint):
    """One of several alternatives holds: a kind for each type, and labels for their dimensions.

    A label is a letter, equal letters meaning equal dimensions, or a Dim in local names.
    """

    __slots__ = ("alternatives",)

    def __init__(
        self, place: object, types: Sequence[Type], alternatives: Sequence[Alternative]
    ) -> None:
        super().__init__(place, types)
        self.alternatives = alternatives

    def run(self, solver: Solver) -> None:
        types = self.types
        left = []
        unions = [0] * len(types)
        for each in self.alternatives:
            for kind, allowed in zip(types, each[0], strict=True):
                if not allowed & kind.mask:
                    break
            else:
                left.append(each)
                unions = list(map(or_, unions, each[0]))
        if not left:
            raise ClashError
        self.alternatives = left
        for kind, union in zip(types, unions, strict=True):
            solver.narrow(kind, union)
        if len(left) == 1:
            match_dims(solver, types, left[0][1])
            self.done = True


Alternative = tuple[tuple[int, ...], tuple[Sequence["str | Dim"], ...]]


def match_dims(
    solver: Solver,
    types: Sequence[Type],
    labels: Sequence[Sequence[str | Dim]],
    local: dict[str, Dim] | None = None,
) -> None:
    """Unify the dimensions of types with their labels; `local` says what some labels stand for."""
    known: dict[str, Dim] = {} if local is None else local
    later: list[tuple[Dim, Dim]] = []
    for kind, row in zip(types, labels, strict=True):
        if kind.dims is None:
            continue
        for dim, label in zip(kind.dims, row, strict=True):
            name = label if isinstance(label, str) else _alone(label)
            if name is None:
                assert isinstance(label, Dim)
                later.append((dim, label))
            elif name in known:
                solver.unify(dim, known[name])
            else:
                known[name] = dim
    for dim, pattern in later:
        for name in sorted(pattern.names):
            if name not in known:
                known[name] = solver.unknown()
        solver.unify(dim, pattern.substitute(known))


class Broadcast(Constraint):
    """Operands of one shape, scalars expanded; in sums also a row or column beside a matrix.

    The last type is the result.
    """

    __slots__ = ("spreads",)

    def __init__(self, place: object, types: Sequence[Type], spreads: bool = False) -> None:
        super().__init__(place, types)
        self.spreads = spreads

    def run(self, solver: Solver) -> None:
        *operands, result = self.types
        everything = SCALAR
        for operand in operands:
            everything |= operand.mask
        possible = 0
        allowed = [0] * len(operands)
        for kind in kinds(everything & result.mask):
            beside = kind | SCALAR
            if self.spreads and kind == MATRIX:
                beside |= VECTORS
            having = [bool(operand.mask & kind) for operand in operands]
            if not any(having) or not all(operand.mask & beside for operand in operands):
                continue
            possible |= kind
            sole = having.index(True) if sum(having) == 1 else -1
            for position in range(len(operands)):
                allowed[position] |= kind if position == sole else beside
        if not possible:
            raise ClashError
        solver.narrow(result, possible)
        for operand, mask in zip(operands, allowed, strict=True):
            solver.narrow(operand, mask)
        if result.dims is not None:
            self._dims(solver, operands, result)
            self.done = all(operand.dims is not None for operand in operands)

    @staticmethod
    def _dims(solver: Solver, operands: Sequence[Type], result: Type) -> None:
        assert result.dims is not None
        for operand in operands:
            if operand.dims is None or operand.mask == SCALAR:
                continue
            if operand.mask == result.mask:
                solver.unify_all(operand.dims, result.dims)
            elif operand.mask in (ROW, COLUMN):
                solver.unify(operand.dims[0], result.dims[1 if operand.mask == ROW else 0])


class Same(Constraint):
    """Two types are one."""

    __slots__ = ()

    def run(self, solver: Solver) -> None:
        a, b = self.types
        common = a.mask & b.mask
        solver.narrow(a, common)
        solver.narrow(b, common)
        if a.dims is not None and b.dims is not None:
            solver.unify_all(a.dims, b.dims)
