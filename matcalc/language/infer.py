"""Inference: a type for every node of the syntax, by the operators alone (letters come in
`conventions`).

Nodes are visited children first; each adds the constraint that its operator is, and the solver
draws conclusions at once, so that a contradiction shows at the innermost place where it can be
seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from matcalc.errors import InputError, Span
from matcalc.expr.nodes import SCALAR as SCALAR_SHAPE
from matcalc.expr.nodes import Function, Shape
from matcalc.language import places, relations
from matcalc.language.book import Entry
from matcalc.language.syntax import (
    Applied,
    Axis,
    Binding,
    Chain,
    Comparison,
    Frobenius,
    Indexed,
    Inverted,
    Listed,
    Minus,
    Name,
    Num,
    Raised,
    Sum,
    Syntax,
    Text,
    Transposed,
    children,
)
from matcalc.language.types import (
    COLUMN,
    LOW,
    MATRIX,
    SCALAR,
    Broadcast,
    ClashError,
    Constraint,
    Solver,
    Table,
    Type,
    rank_of,
)

MAX_DEPTH: Final = 500
CONSTANTS: Final = {"π": "pi", "inf": "inf"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared variable: its shape, properties, and place (None: in `shapes`)."""

    shape: Shape
    properties: frozenset[str]
    span: Span | None


@dataclass(slots=True)
class Scope:
    """What names mean in one program."""

    text: str
    variables: dict[str, Declared] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    bound: dict[str, Syntax] = field(default_factory=dict)
    dims: dict[str, None] = field(default_factory=dict)
    used: dict[str, Span] = field(default_factory=dict)
    integers: dict[str, None] = field(default_factory=dict)
    matlab: bool = False
    origin: str = ""
    own: Mapping[str, Sequence[Entry]] = field(default_factory=dict)

    def fail(self, message: str, span: Span, **details: str) -> InputError:
        """A diagnostic for a place in the text."""
        return InputError(message, source=self.text, span=span, origin=self.origin, **details)

    def excerpt(self, node: Syntax) -> str:
        """What was written there, on one line."""
        return self.between(node.span.start, node.span.end)

    def between(self, start: int, end: int) -> str:
        """What was written between two places, on one line."""
        return " ".join(self.text[start:end].split())


PRODUCTS: Final = (("",), ("@",), ("·",))
"""What may follow a quotient as if it still stood below the line."""


class Inference:
    """The types of one program's nodes; `names` has those of the undeclared variables."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.solver = Solver()
        self.types: dict[Syntax, Type] = {}
        self.names: dict[str, Type] = {}
        self.bound: dict[str, Type] = {}
        self.declared: dict[str, Type] = {}
        self.sums: list[tuple[Syntax, tuple[Syntax, ...]]] = []
        self.stars: list[tuple[Chain, int, Type, Type]] = []
        self.quotients: list[tuple[Chain, int]] = []
        self.powers: list[Raised] = []
        self.primed: list[Syntax] = []
        self.running: dict[tuple[Chain, int], Type] = {}
        self.rights: list[tuple[Type, Syntax, str]] = []
        self.twins: list[tuple[Type, Type]] = []
        self.reduced: list[Syntax] = []
        self.outer: list[tuple[Syntax, Syntax]] = []

    # --- statements ----------------------------------------------------------------------------
    def statement(self, root: Syntax) -> Type:
        """The type of a binding's value or of the expression."""
        depths: dict[Syntax, int] = {}
        for node in self.ordered(root):
            depth = 1 + max([depths.get(child, 0) for child in children(node)], default=0)
            if depth > MAX_DEPTH:
                raise self.scope.fail(
                    f"the expression is nested more than {MAX_DEPTH} deep",
                    node.span,
                    suggestion="names for parts of it: h = …",
                )
            depths[node] = depth
            self.types[node] = self._visit(node)
        return self.types[root]

    def binding(self, binding: Binding) -> None:
        """Take up a binding: its name has its value's type from here on."""
        self.bound[binding.name] = self.statement(binding.value)
        self.scope.bound[binding.name] = binding.value

    def ordered(self, root: Syntax) -> list[Syntax]:
        """The nodes that are values, children first; indices, sizes and the like are not among
        them.
        """
        order: list[Syntax] = []
        pending = [root]
        while pending:
            node = pending.pop()
            order.append(node)
            if isinstance(node, Applied):
                pending.extend(self.value_args(node))
            elif isinstance(node, Indexed):
                pending.append(node.arg)
            elif isinstance(node, Raised) and not is_transpose(node):
                pending.extend((node.base, node.exponent))
            else:
                pending.extend(children(node))
        order.reverse()
        return order

    def value_args(self, node: Applied) -> tuple[Syntax, ...]:
        from matcalc.language import calls

        return calls.value_args(self, node)

    def relate(self, constraint: Constraint) -> None:
        """Add a constraint; a contradiction is a diagnostic at its place."""
        try:
            self.solver.add(constraint)
        except ClashError:
            raise self._clash() from None

    def assume(self, kind: Type, mask: int) -> None:
        """Narrow a type and draw the conclusions."""
        try:
            self.solver.narrow(kind, mask)
            self.solver.settle()
        except ClashError:
            raise self._clash() from None

    def recheck(self) -> None:
        """Check the equations between dimensions that had to wait."""
        try:
            self.solver.recheck()
        except ClashError:
            raise self._clash() from None

    def _clash(self) -> InputError:
        from matcalc.language import mismatch

        return mismatch.explain(self, self.solver.running)

    def _visit(self, node: Syntax) -> Type:
        return _VISITORS[type(node)](self, node)

    # --- leaves --------------------------------------------------------------------------------
    def _num(self, _: Num) -> Type:
        return self.solver.fixed(SCALAR_SHAPE)

    def _name(self, node: Name) -> Type:
        return self.lookup(node.name, node.span)

    def lookup(self, name: str, span: Span) -> Type:
        """The type of a name: bound, declared, a constant, a dimension, or a variable to be
        inferred.
        """
        scope = self.scope
        if name in self.bound:
            return self.bound[name]
        if name in scope.variables:
            scope.used.setdefault(name, span)
            if name not in self.declared:
                self.declared[name] = self.solver.fixed(scope.variables[name].shape)
            return self.declared[name]
        if name in scope.functions:
            raise scope.fail(
                f"`{name}` is a function ({scope.functions[name]})", span, suggestion=f"{name}(x)"
            )
        if name in CONSTANTS or name in scope.dims or name in scope.integers:
            if name in scope.integers:
                scope.used.setdefault(name, span)
            return self.solver.fixed(SCALAR_SHAPE)
        if name == "I":
            return self._identity()
        scope.used.setdefault(name, span)
        if name not in self.names:
            self.names[name] = Type(SCALAR | COLUMN | MATRIX)
        return self.names[name]

    def _identity(self) -> Type:
        made = Type(MATRIX)
        size = self.solver.unknown()
        made.dims = (size, size)
        return made

    def _text(self, node: Text) -> Type:
        raise self.scope.fail(
            "a text stands only in einsum", node.span, suggestion='einsum("ij,jk->ik", A, B)'
        )

    def _axis(self, node: Axis) -> Type:
        raise self.scope.fail("axis= stands only in a function's brackets", node.span)

    # --- operators -----------------------------------------------------------------------------
    def _same(self, node: Minus) -> Type:
        return self.types[node.arg]

    def _sum(self, node: Sum) -> Type:
        self.sums.append((node, node.terms))
        return self._broadcast(node, [self.types[term] for term in node.terms], True)

    def _comparison(self, node: Comparison) -> Type:
        self.sums.append((node, (node.left, node.right)))
        return self._broadcast(node, [self.types[node.left], self.types[node.right]], True)

    def _broadcast(self, node: object, operands: list[Type], spreads: bool = False) -> Type:
        if all(operand.mask == SCALAR for operand in operands):
            return operands[0]
        result = Type()
        self.relate(Broadcast(node, [*operands, result], spreads))
        return result

    def _chain(self, node: Chain) -> Type:
        result = self.types[node.operands[0]]
        for position, operator in enumerate(node.operators):
            right = node.operands[position + 1]
            result = self._operator(node, position, operator, result, self.types[right])
            if operator in ("/", "./") and node.operators[position + 1 :][:1] in PRODUCTS:
                self.quotients.append((node, position))
            self.running[node, position] = result
        return result

    def _operator(self, node: Chain, position: int, operator: str, left: Type, right: Type) -> Type:
        place = (node, position)
        if left.mask == right.mask == SCALAR and operator not in ("⊗", "\\"):
            return left
        if operator in ("", "@", "·") or (operator == "*" and self.scope.matlab):
            return self._product(node, position, operator, left, right)
        if operator == "*":
            self.stars.append((node, position, left, right))
            self.rights.append((left, node.operands[position + 1], operator))
        if operator in ("*", "/", "./", "⊙"):
            if operator == "⊙":
                self.twins.append((left, right))
            return self._broadcast(place, [left, right])
        result = Type(LOW)
        self.relate(
            Table(
                place,
                (left, right, result),
                relations.SOLUTIONS if operator == "\\" else relations.krons(),
            )
        )
        return result

    def _product(self, node: Chain, position: int, operator: str, left: Type, right: Type) -> Type:
        operand = node.operands[position + 1]
        self.rights.append((left, operand, operator))
        self.rights.append((self.types[node.operands[position]], operand, operator))
        contracts = operator in ("@", "·")
        if contracts:
            self.reduced += [operand, node.operands[position]]
        elif isinstance(operand, Transposed) and position == len(node.operators) - 1:
            self.outer.append((node.operands[position], operand))
        limit = max([2, *(rank_of(each.mask) for each in (left, right) if each.known)])
        result = Type((1 << (2 * limit + 2)) - 1)
        self.relate(
            Table((node, position), (left, right, result), relations.products(limit, contracts))
        )
        return result

    def _transposed(self, node: Transposed) -> Type:
        self.reduced.append(node.arg)
        self.primed.append(node.arg)
        return self._table(node, (self.types[node.arg],), relations.TRANSPOSES)

    def _inverted(self, node: Inverted) -> Type:
        return self._table(node, (self.types[node.arg],), relations.INVERSES)

    def _raised(self, node: Raised) -> Type:
        base = self.types[node.base]
        if is_transpose(node):
            return self._table(node, (base,), relations.TRANSPOSES)
        exponent = self.types[node.exponent]
        self._check_exponent(node)
        if node.elementwise:
            return self._broadcast(node, [base, exponent])
        if base.mask == exponent.mask == SCALAR:
            return base
        self.powers.append(node)
        return self._table(node, (base, exponent), relations.POWERS)

    def _check_exponent(self, node: Raised) -> None:
        """x^Ty: an undeclared name that begins with T was meant as a transpose and a name."""
        exponent = node.exponent
        if not isinstance(exponent, Name) or exponent.name not in self.names:
            return
        rest = exponent.name[1:]
        known = rest in self.scope.variables or rest in self.scope.used or rest in self.bound
        if exponent.name[0] == "T" and known:
            raise self.scope.fail(
                f"`{exponent.name}` is one name, an exponent",
                exponent.span,
                suggestion=f"{self.scope.excerpt(node.base)}^T {rest}",
            )

    def _table(self, node: object, operands: tuple[Type, ...], table: Any) -> Type:
        result = Type(LOW)
        self.relate(Table(node, (*operands, result), table))
        return result

    def _frobenius(self, node: Frobenius) -> Type:
        return self._table(node, (self.types[node.left], self.types[node.right]), relations.INNER)

    def _indexed(self, node: Indexed) -> Type:
        for subscript in node.subscripts:
            if subscript is not None:
                places.integer(self, subscript)
        result = Type()
        whole = tuple(subscript is None for subscript in node.subscripts)
        self.relate(relations.Indexing(node, (self.types[node.arg], result), whole))
        return result

    def _listed(self, node: Listed) -> Type:
        result = Type(COLUMN | MATRIX)
        literal = tuple(isinstance(item, Listed) for item in node.items)
        self.relate(
            relations.Listing(node, [*(self.types[item] for item in node.items), result], literal)
        )
        return result

    def _applied(self, node: Applied) -> Type:
        from matcalc.language import calls

        return calls.type_of(self, node)


def is_transpose(node: Raised) -> bool:
    """A^{T}: the transpose whatever T is."""
    return not node.elementwise and isinstance(node.exponent, Name) and node.exponent.name == "T"


_VISITORS: Final[dict[type[Any], Callable[[Inference, Any], Type]]] = {
    Num: Inference._num,
    Name: Inference._name,
    Minus: Inference._same,
    Sum: Inference._sum,
    Chain: Inference._chain,
    Comparison: Inference._comparison,
    Transposed: Inference._transposed,
    Raised: Inference._raised,
    Inverted: Inference._inverted,
    Indexed: Inference._indexed,
    Applied: Inference._applied,
    Text: Inference._text,
    Listed: Inference._listed,
    Frobenius: Inference._frobenius,
    Axis: Inference._axis,
}
