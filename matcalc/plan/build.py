"""From expressions to array computations: how something is computed is decided here.

Each node of the expressions becomes a `Form` once, children first; what several outputs share they
share by identity (`working`).  The operators of linear algebra are in `linear`, functions in
`calls`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from matcalc.errors import InputError
from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Compare,
    Constant,
    Derivative,
    Divide,
    Dot,
    Einsum,
    Expr,
    Hadamard,
    Index,
    Inverse,
    Kron,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Size,
    Stack,
    Symbol,
    Transpose,
)
from matcalc.plan import deltas
from matcalc.plan.calls import call
from matcalc.plan.forms import Form, array, combined_product, combined_sum, scaled
from matcalc.plan.hoist import Fixed
from matcalc.plan.linear import linear, power
from matcalc.plan.values import Value
from matcalc.plan.working import Working


class Builder(Working):
    """The computation of some expressions: `outputs` are their values, `hints` the user's names."""

    def __init__(
        self, roots: Sequence[Expr], sizes: Mapping[str, int], fixed: Fixed, masks: bool = True
    ) -> None:
        super().__init__(roots, sizes, fixed, masks)
        self.roots = roots
        self.hints: dict[Value, str] = {}
        self._sums: dict[Expr, list[Add]] = {}
        for node in self.order:
            if isinstance(node, Add):
                self._sums.setdefault(node.terms[0], []).append(node)
        for node in self.order:
            if node not in self.forms:
                self.forms[node] = self.made(node)
        self.outputs = [self._output(root) for root in roots]

    def _output(self, root: Expr) -> Value:
        value = self.whole(root)
        return self.values.make("scalar", (value,), ()) if value.plain else value

    def made(self, node: Expr) -> Form:
        match node:
            case Symbol() | Number() | Constant() | Size() | Named():
                return self._leaf(node)
            case Neg() | Add() | Hadamard() | Divide() | Power() | Compare():
                return self._elementwise(node)
            case Product() | Dot() | Kron() | Transpose() | Inverse():
                return linear(self, node)
            case Index() | Stack() | Einsum() | Apply() | Derivative():
                return self._other(node)
            case Call():
                return call(self, node)
            case _:
                assert_never(node)

    def _leaf(self, node: Symbol | Number | Constant | Size | Named) -> Form:
        values = self.values
        match node:
            case Symbol(name=name):
                kind = "index" if "integer" in node.properties else ""
                return Form(values.make("input", (), node.shape.dims, (name, kind)))
            case Number(value=number):
                return Form(values.number(number))
            case Constant(name=name):
                return Form(values.make("constant", (), (), name))
            case Size(dim=dim):
                return Form(values.size(dim))
            case Named(name=name, value=value):
                form = self.forms[value]
                if form.kind == "array" and form.value.args:
                    self.hints.setdefault(form.value, name)
                return form

    def _elementwise(self, node: Neg | Add | Hadamard | Divide | Power | Compare) -> Form:
        values, dims = self.values, node.shape.dims
        match node:
            case Neg(arg=arg):
                return scaled(values, self.forms[arg], values.number(-1), dims)
            case Add():
                terms = self._grouped(node)
                return combined_sum(values, [self.aligned(t, node.shape) for t in terms], dims)
            case Hadamard(factors=factors):
                return combined_product(values, [self.forms[f] for f in factors], dims)
            case Divide(numerator=above, denominator=below):
                form, divisor = self.forms[above], self.broadcast(below)
                if form.kind == "diagonal" and not below.shape.dims:
                    return Form(values.div(form.value, divisor), "diagonal")
                return Form(values.div(self.broadcast(above), divisor))
            case Power():
                return power(self, node)
            case Compare(op=op, left=left, right=right):
                sides = [self.aligned(side, node.shape) for side in (left, right)]
                a, b = (array(values, side, dims) for side in sides)
                return Form(values.compare(op, a, b))
            case _:
                assert_never(node)

    def _grouped(self, node: Add) -> list[Expr]:
        """The terms of a sum, some of them as another sum that is computed anyway."""
        parts = [s for s in self._sums.get(node.terms[0], ()) if s.terms != node.terms]
        parts = [s for s in parts if s.terms == node.terms[: len(s.terms)]]
        if not parts:
            return list(node.terms)
        part = max(parts, key=lambda s: len(s.terms))
        if part not in self.forms:
            self.forms[part] = self.made(part)
        return [part, *node.terms[len(part.terms) :]]

    def _other(self, node: Index | Stack | Einsum | Apply | Derivative) -> Form:
        values, dims = self.values, node.shape.dims
        match node:
            case Index(arg=arg, indices=indices):
                at = [self.broadcast(i) for i in indices if i is not None]
                flags = tuple(i is not None for i in indices)
                return Form(values.make("index", (self.whole(arg), *at), dims, flags))
            case Stack(items=items):
                parts = [self.whole(item) for item in items]
                flat = len(dims) == 1 or all(part.op == "array" for part in parts)
                return Form(values.make("array" if flat else "stack", parts, dims))
            case Einsum():
                return Form(self._einsum(node))
            case Apply(function=function, order=order, arg=arg):
                data = (function.name, order)
                return Form(values.make("apply", (self.whole(arg),), dims, data))
            case Derivative(kind=kind, wrt=wrt):
                raise InputError(f"{kind}(…, {wrt.name}) has to be worked out before code")
            case _:
                assert_never(node)

    def _einsum(self, node: Einsum) -> Value:
        """A contraction; identities in it are places of the result, not operands."""
        inputs, _, output = node.spec.partition("->")
        found = deltas.without_identities(node)
        operands = found[0] if found else list(zip(node.args, inputs.split(","), strict=True))
        dims = {x: d for arg, y in operands for x, d in zip(y, arg.shape.dims, strict=True)}
        pairs = [(self.whole(arg), labels) for arg, labels in operands]
        if found is None and len(pairs) < 3:
            return self.values.make("einsum", [v for v, _ in pairs], node.shape.dims, node.spec)
        if found is None:
            return deltas.contracted(self.values, pairs, output, dims, self.length)
        dims |= dict(zip(found[1], node.shape.dims, strict=True))
        return deltas.spread(self.values, pairs, found[1], dims, self.length)
