"""Syntax and solved types to Expr: every node built by matcalc.expr.build, nothing simplified."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any, Final

from matcalc.dims import ONE, Dim
from matcalc.errors import InputError
from matcalc.expr import build
from matcalc.expr.nodes import Expr, Named, Neg, Number, Shape, Symbol
from matcalc.language import calls, places
from matcalc.language.infer import CONSTANTS, is_transpose
from matcalc.language.signatures import ALIASES, candidates
from matcalc.language.syntax import (
    Applied,
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
)
from matcalc.language.types import Type

if TYPE_CHECKING:
    from matcalc.language.infer import Inference

SUGAR: Final[dict[str, Callable[..., Expr]]] = {
    "inv": build.inverse,
    "transpose": build.transpose,
    "kron": build.kron,
    "pow": lambda base, exponent: build.power(base, exponent, elementwise=True),
    "outer": lambda x, y: build.product([_column(x), build.transpose(_column(y))]),
}


def _column(x: Expr) -> Expr:
    return build.transpose(x) if x.shape.row else x


class Elaborator:
    """Builds the expressions of one program; `symbols` are its variables, `named` its bound names
    so far.
    """

    def __init__(self, inference: Inference, symbols: dict[str, Symbol]) -> None:
        self.inference = inference
        self.scope = inference.scope
        self.symbols = symbols
        self.named: dict[str, Named] = {}
        self.built: dict[Syntax, Expr] = {}

    def statement(self, root: Syntax) -> Expr:
        """The expression of a binding's value or of the program."""
        for node in self.inference.ordered(root):
            try:
                self.built[node] = _BUILDERS[type(node)](self, node)
            except InputError as error:
                if error.source is None:
                    raise self.scope.fail(
                        error.message, node.span, found=self.scope.excerpt(node)
                    ) from None
                raise
        return self.built[root]

    def _shape(self, kind: Type) -> Shape:
        return self.inference.solver.shape(kind)

    def _num(self, node: Num) -> Expr:
        return build.number(node.value)

    def _name(self, node: Name) -> Expr:
        name = node.name
        if name in self.named:
            return self.named[name]
        if name in self.symbols:
            return self.symbols[name]
        if name in CONSTANTS and name not in self.scope.variables:
            return build.constant(CONSTANTS[name])
        if name in self.scope.dims:
            return build.size(places.size(self.inference, node))
        return build.eye(self._shape(self.inference.types[node]).dims[0])

    def _minus(self, node: Minus) -> Expr:
        return build.neg(self.built[node.arg])

    def _sum(self, node: Sum) -> Expr:
        terms = [self.built[term] for term in node.terms]
        return build.add(
            [
                term if sign > 0 else build.neg(term)
                for term, sign in zip(terms, node.signs, strict=True)
            ]
        )

    def _chain(self, node: Chain) -> Expr:
        factors = [self.built[node.operands[0]]]
        shape, run = factors[0].shape, ""
        for position, operator in enumerate(node.operators):
            right = self.built[node.operands[position + 1]]
            kind = self._role(operator, shape, right.shape)
            if kind == run and kind in ("product", "hadamard"):
                factors.append(right)
            else:
                factors = [_CHAINS[run](factors) if run else factors[0], right]
            shape, run = self._shape(self.inference.running[node, position]), kind
        return _CHAINS[run](factors)

    def _role(self, operator: str, left: Shape, right: Shape) -> str:
        """Which node an operator makes of operands of these shapes."""
        scales = not left.dims or not right.dims
        if operator in ("", "@", "·") or (operator == "*" and self.scope.matlab):
            if operator in ("@", "·") and left.rank == right.rank == 1:
                return "dot"
            if max(left.rank, right.rank) > 2 and not scales:
                return "contraction"
            if operator in ("@", "·") and left.rank == 1 and not left.row and right.rank == 2:
                return "transposed"
            return "product"
        if operator in ("*", "⊙"):
            return "product" if scales else "hadamard"
        return {"/": "divide", "./": "divide", "⊗": "kron", "\\": "solve"}[operator]

    def _comparison(self, node: Comparison) -> Expr:
        return build.compare(node.op, self.built[node.left], self.built[node.right])

    def _transposed(self, node: Transposed) -> Expr:
        return build.transpose(self.built[node.arg])

    def _inverted(self, node: Inverted) -> Expr:
        arg = self.built[node.arg]
        return build.inverse(arg) if arg.shape.rank == 2 else build.power(arg, build.number(-1))

    def _raised(self, node: Raised) -> Expr:
        base = self.built[node.base]
        if is_transpose(node):
            return build.transpose(base)
        exponent = self.built[node.exponent]
        if isinstance(exponent, Neg) and isinstance(exponent.arg, Number):
            exponent = build.number(-exponent.arg.value)
        if base.shape.rank == 2 and not node.elementwise:
            self._check_power(node, exponent)
        return build.power(base, exponent, node.elementwise)

    def _check_power(self, node: Raised, exponent: Expr) -> None:
        """Refuse powers of a matrix that are no products of it, and no inverses of these."""
        whole = isinstance(exponent, Number) and exponent.value.denominator == 1
        if isinstance(exponent, Number | Symbol) and not whole:
            raise self.scope.fail(
                f"a power of a matrix has a whole exponent: `{self.scope.excerpt(node.exponent)}` "
                "is none",
                node.span,
                suggestion=f"{self.scope.excerpt(node.base)}.^p for the power of each entry; "
                "sqrtm, expm and logm are functions of a matrix",
            )

    def _indexed(self, node: Indexed) -> Expr:
        indices = [None if each is None else self.index(each) for each in node.subscripts]
        arg = self.built[node.arg]
        for place, index, dim in zip(node.subscripts, indices, arg.shape.dims, strict=False):
            if place is not None:
                self._check_place(place, index, dim, f"`{self.scope.excerpt(node.arg)}`")
        return build.index(arg, indices)

    def _check_place(self, node: Syntax, index: Expr | None, dim: Dim, what: str) -> None:
        """Refuse a place that an axis does not have; places that are no numbers are looked at when
        there are arrays."""
        if isinstance(index, Number) and dim.value is not None and index.value >= dim.value:
            raise self.scope.fail(
                f"there is no place {index.value} in {what}: places count from 0",
                node.span,
                expected=f"0 to {dim.value - 1}",
            )

    def index(self, node: Syntax) -> Expr:
        """An index or another expression that stands outside the values."""
        return self.statement(node)

    def _listed(self, node: Listed) -> Expr:
        return build.stack([self.built[item] for item in node.items])

    def _frobenius(self, node: Frobenius) -> Expr:
        left, right = self.built[node.left], self.built[node.right]
        if left.shape.rank == 1:
            return build.dot(left, right)
        return build.call(Shape(), "tr", [build.product([build.transpose(left), right])])

    def _applied(self, node: Applied) -> Expr:
        name = ALIASES.get(node.name, node.name)
        if name in self.scope.functions:
            return build.apply(self.scope.functions[name], node.order, self.built[node.args[0]])
        if name in calls.FORMS:
            variable = self._name(node.args[1])  # type: ignore[arg-type]  # inference saw that it is a name
            return build.derivative(name, self.built[node.args[0]], variable)  # type: ignore[arg-type]
        if name == "einsum":
            assert isinstance(node.args[0], Text)
            spec = node.args[0].text.replace(" ", "")
            return build.einsum(spec, [self.built[arg] for arg in node.args[1:]])
        return self._book(node, name)

    def _book(self, node: Applied, name: str) -> Expr:
        values = self.inference.value_args(node)
        args = [self.built[arg] for arg in values]
        if name in SUGAR:
            return SUGAR[name](*args)
        if name == "dot":
            return build.dot(args[0], args[1])
        if name == "norm":
            return self._norm(node, args)
        shape = self._shape(self.inference.types[node])
        if name in ("ones", "zeros"):
            return build.filled(name, shape)  # type: ignore[arg-type]
        if name == "eye":
            return build.eye(shape.dims[0])
        if len(args) < len(node.args):
            args = self._mixed(node)
        if name == "reshape" and _entries(args[0].shape) != _entries(shape):
            raise self.scope.fail(
                f"`{self.scope.excerpt(node.args[0])}` is {args[0].shape}, which is not as many "
                f"entries as {shape}",
                node.span,
                expected=f"{_entries(args[0].shape)} entries",
            )
        axis = node.axis
        if axis is not None and axis < 0:
            axis += args[0].shape.rank
        return build.call(shape, name, args, axis)

    def _mixed(self, node: Applied) -> list[Expr]:
        """Arguments some of which are sizes or indices."""
        roles = candidates(self.scope.own, node)[0].roles(len(node.args))
        made: list[Expr] = []
        for arg, role in zip(node.args, roles, strict=False):
            if role == "size":
                made.append(build.size(places.size(self.inference, arg)))
            else:
                made.append(self.index(arg) if role == "index" else self.built[arg])
        for arg, role, index in zip(node.args, roles, made, strict=False):
            if role == "index":
                dim = self._shape(self.inference.types[node]).dims[0]
                self._check_place(arg, index, dim, f"R^{dim}")
        return made

    def _norm(self, node: Applied, args: list[Expr]) -> Expr:
        """norm(x), norm(x, p), norm(X) = Frobenius, norm(X, nuc), norm(X, 2)."""
        matrix = args[0].shape.rank == 2 and node.axis is None
        if len(args) < len(node.args):
            return build.call(Shape(), "norm_nuc", args)
        if len(args) == 2:
            self._check_order(node.args[1], args[1])
        if len(args) == 2 and matrix:
            if args[1] is build.number(2):
                return build.call(Shape(), "norm_2", args[:1])
            raise self.scope.fail(
                "of a matrix norm(X), norm(X, 2) and norm(X, nuc) are known",
                node.span,
                found=self.scope.excerpt(node),
                suggestion="norm(vec(X), p) for the norm of the entries",
            )
        axis = node.axis
        if axis is not None and axis < 0:
            axis += args[0].shape.rank
        return build.call(self._shape(self.inference.types[node]), "norm", args, axis)

    def _check_order(self, node: Syntax, order: Expr) -> None:
        """Refuse orders of which there is no norm, and the words of other libraries."""
        named = isinstance(node, Name) and node.name in self.inference.names
        negative = isinstance(node, Minus) and isinstance(node.arg, Num)
        if negative or (isinstance(order, Number) and order.value <= 0):
            raise self.scope.fail(
                f"there is no {self.scope.excerpt(node)}-norm",
                node.span,
                expected="a number above 0, or inf",
                suggestion="sum(1 - (x == 0)) for the number of entries other than 0",
            )
        if named and isinstance(node, Name) and node.name in ("fro", "F", "frobenius"):
            raise self.scope.fail(
                f"`{node.name}` is no order of a norm",
                node.span,
                suggestion="norm(X), the Frobenius norm of a matrix",
            )


def _entries(shape: Shape) -> Dim:
    """The number of entries."""
    return prod(shape.dims, start=ONE)


def _contraction(parts: list[Expr]) -> Expr:
    left, right = parts
    letters = "abcdefghijklmnopqrstuvwxyABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if left.shape.rank + right.shape.rank - 2 > len(letters):
        raise InputError(f"a result of more than {len(letters)} axes has no notation")
    a, b = letters[: left.shape.rank - 1], letters[left.shape.rank - 1 :][: right.shape.rank - 1]
    return build.einsum(f"{a}z,z{b}->{a}{b}", parts)


def _solve(parts: list[Expr]) -> Expr:
    return build.call(parts[1].shape, "solve", parts)


_CHAINS: Final[dict[str, Callable[[list[Expr]], Expr]]] = {
    "product": build.product,
    "hadamard": build.hadamard,
    "dot": lambda parts: build.dot(*parts),
    "contraction": _contraction,
    "transposed": lambda parts: build.transpose(
        build.product([build.transpose(parts[0]), parts[1]])
    ),
    "divide": lambda parts: build.divide(*parts),
    "kron": lambda parts: build.kron(*parts),
    "solve": _solve,
}

_BUILDERS: Final[dict[type[Any], Callable[[Elaborator, Any], Expr]]] = {
    Num: Elaborator._num,
    Name: Elaborator._name,
    Minus: Elaborator._minus,
    Sum: Elaborator._sum,
    Chain: Elaborator._chain,
    Comparison: Elaborator._comparison,
    Transposed: Elaborator._transposed,
    Raised: Elaborator._raised,
    Inverted: Elaborator._inverted,
    Indexed: Elaborator._indexed,
    Applied: Elaborator._applied,
    Listed: Elaborator._listed,
    Frobenius: Elaborator._frobenius,
}
