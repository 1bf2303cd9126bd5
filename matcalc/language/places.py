"""Indices and sizes: what stands in a program and is no value."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import TYPE_CHECKING

from matcalc.dims import Dim, named, number
from matcalc.expr.nodes import Shape
from matcalc.language.signatures import candidates
from matcalc.language.syntax import Applied, Chain, Minus, Name, Num, Sum, Syntax, postorder
from matcalc.language.types import SCALAR

if TYPE_CHECKING:
    from matcalc.language.infer import Inference, Scope


def integer(inference: Inference, node: Syntax) -> None:
    """An index: whole numbers, dimensions, and names, which become integer inputs."""
    scope = inference.scope
    for each in inference.ordered(node):
        if isinstance(each, Name):
            _integer_name(inference, each)
        elif isinstance(each, Num):
            if each.value.denominator != 1 or each.value < 0:
                raise scope.fail("an index is a whole number from 0", each.span)
        elif not isinstance(each, Sum | Chain) or (
            isinstance(each, Chain) and not set(each.operators) <= {"", "*"}
        ):
            what = "from 0, so without a sign" if isinstance(each, Minus) else "with + - *"
            raise scope.fail(
                f"an index is made of whole numbers and names, {what}",
                each.span,
                found=scope.excerpt(each),
            )
        inference.types[each] = inference.solver.fixed(Shape())
        if isinstance(each, Chain):
            for place in range(len(each.operators)):
                inference.running[each, place] = inference.types[each]


def _integer_name(inference: Inference, node: Name) -> None:
    name, scope = node.name, inference.scope
    if name in inference.bound or name in scope.variables:
        if inference.lookup(name, node.span).mask != SCALAR:
            raise scope.fail(f"the index `{name}` is no scalar", node.span)
        if name in scope.variables:
            scope.integers.setdefault(name)
    elif name not in scope.dims:
        if name in inference.names:
            inference.assume(inference.names[name], SCALAR)
        scope.integers.setdefault(name)
        scope.used.setdefault(name, node.span)


def announce_sizes(scope: Scope, bound: Collection[str], root: Syntax) -> None:
    """Take up the dimensions that calls name (`ones(n)`): n may be used as a number before."""
    for node in postorder(root):
        if not isinstance(node, Applied) or node.name in scope.functions:
            continue
        for entry in candidates(scope.own, node)[:1]:
            pairs = zip(node.args, entry.roles(len(node.args)), strict=True)
            sizes = [arg for arg, role in pairs if role == "size"]
            names = [
                each.name for arg in sizes for each in postorder(arg) if isinstance(each, Name)
            ]
            for name in names:
                if name not in bound and name not in scope.variables:
                    scope.dims.setdefault(name)


def size(inference: Inference, node: Syntax) -> Dim:
    """A dimension written as an argument: numbers, names, and + - * of these, or a part."""
    match node:
        case Num(value=value) if value.denominator == 1 and value > 0:
            return number(int(value))
        case Name(name=name):
            return _size_name(inference, node, name)
        case Sum(terms=terms, signs=signs):
            total = number(0)
            for term, sign in zip(terms, signs, strict=True):
                part = size(inference, term)
                total = total + part if sign > 0 else total - part
            return total
        case Chain(operands=operands, operators=operators) if set(operators) <= {"", "*", "·", "/"}:
            total = size(inference, operands[0])
            for operator, operand in zip(operators, operands[1:], strict=True):
                part = size(inference, operand)
                if operator == "/" and part.value is None:
                    raise inference.scope.fail("a size is divided by a whole number", operand.span)
                total = (
                    total.scaled(Fraction(1, part.value or 1)) if operator == "/" else total * part
                )
            return total
        case _:
            scope = inference.scope
            raise scope.fail(
                "a size is a positive whole number, a dimension's name, or + - * / of these",
                node.span,
                found=scope.excerpt(node),
            )


def _size_name(inference: Inference, node: Syntax, name: str) -> Dim:
    scope = inference.scope
    if name in inference.bound or name in scope.variables:
        raise scope.fail(
            f"`{name}` is a variable here, not a dimension",
            node.span,
            suggestion="another name for the one or the other",
        )
    scope.dims.setdefault(name)
    return named(name)
