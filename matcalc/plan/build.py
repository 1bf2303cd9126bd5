"""From expressions to array computations: how something is computed is decided here.

Each node of the expressions becomes a `Form` once, children first; what several outputs share they
share by identity.  Products are flattened into chains as far as their parts are used only there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from matcalc.dims import Dim
from matcalc.errors import InputError
from matcalc.expr import build
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
    Shape,
    Size,
    Stack,
    Symbol,
    Transpose,
    children,
    postorder,
)
from matcalc.expr.properties import properties
from matcalc.plan import chain, deltas
from matcalc.plan.cost import size
from matcalc.plan.distribute import distributed
from matcalc.plan.forms import (
    Form,
    Structure,
    array,
    combined_product,
    combined_sum,
    count,
    diagonal,
    full,
    scaled,
    summed,
    transposed,
)
from matcalc.plan.functions import called
from matcalc.plan.hoist import Fixed
from matcalc.plan.values import Value, Values, broadcast_dims, is_number

SHARED: Final = 6
"""Traces of products of more factors are not compared with what else is computed."""

_STRUCTURES: Final[tuple[Structure, ...]] = ("lower", "upper", "spd", "symmetric")


def _inverted(node: Power) -> int:
    """How many inverses of its base a power of a matrix is the product of."""
    k = node.exponent
    matrix = node.shape.rank == 2 and not node.elementwise
    return -int(k.value) if matrix and isinstance(k, Number) and k.value < 0 else 0


class Builder:
    """The computation of some expressions: `outputs` are their values, `hints` the user's names."""

    def __init__(
        self, roots: Sequence[Expr], sizes: Mapping[str, int], fixed: Fixed, masks: bool = True
    ) -> None:
        self.values = Values()
        self.roots = roots
        self._sizes = sizes
        self._fixed = fixed
        self.chain = chain.Chain(self.values, sizes, fixed, masks)
        self.hints: dict[Value, str] = {}
        self.forms: dict[Expr, Form] = {}
        order = postorder(tuple(roots))
        self._uses = Counter(child for node in order for child in children(node))
        self._uses.update(roots)
        self._sums: dict[Expr, list[Add]] = {}
        for node in order:
            if isinstance(node, Add):
                self._sums.setdefault(node.terms[0], []).append(node)
        for node in order:
            if node not in self.forms:
                self.forms[node] = self._form(node)
        self.outputs = [self._output(root) for root in roots]

    def whole(self, node: Expr) -> Value:
        """The value of a node as an array of exactly its dimensions."""
        return full(self.values, self.forms[node], node.shape.dims)

    def broadcast(self, node: Expr) -> Value:
        """The value of a node as an array that broadcasts to its dimensions."""
        return array(self.values, self.forms[node], node.shape.dims)

    def _output(self, root: Expr) -> Value:
        value = self.whole(root)
        return self.values.make("scalar", (value,), ()) if value.plain else value

    def _form(self, node: Expr) -> Form:
        match node:
            case Symbol() | Number() | Constant() | Size() | Named():
                return self._leaf(node)
            case Neg() | Add() | Hadamard() | Divide() | Power() | Compare():
                return self._elementwise(node)
            case Product() | Dot() | Kron() | Transpose() | Inverse():
                return self._linear(node)
            case Index() | Stack() | Einsum() | Apply() | Derivative():
                return self._other(node)
            case Call():
                return self._call(node)
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
                return combined_sum(values, [self._aligned(t, node.shape) for t in terms], dims)
            case Hadamard(factors=factors):
                return combined_product(values, [self.forms[f] for f in factors], dims)
            case Divide(numerator=above, denominator=below):
                form, divisor = self.forms[above], self.broadcast(below)
                if form.kind == "diagonal" and not below.shape.dims:
                    return Form(values.div(form.value, divisor), "diagonal")
                return Form(values.div(self.broadcast(above), divisor))
            case Power():
                return self._power(node)
            case Compare(op=op, left=left, right=right):
                sides = [self._aligned(side, node.shape) for side in (left, right)]
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
            self.forms[part] = self._form(part)
        return [part, *node.terms[len(part.terms) :]]

    def _aligned(self, node: Expr, shape: Shape) -> Form:
        """A form to be combined with others of a shape: a column stands upright beside a matrix."""
        form = self.forms[node]
        if node.shape.rank == 1 and shape.rank == 2 and not node.shape.row:
            return Form(self.values.expand(form.value))
        return form

    def _power(self, node: Power) -> Form:
        values, form = self.values, self.forms[node.base]
        exponent = self.broadcast(node.exponent)
        if node.shape.rank != 2 or node.elementwise:
            return Form(values.pow(self.broadcast(node.base), exponent))
        if form.kind == "diagonal":
            return Form(values.pow(form.value, exponent), "diagonal")
        base, inverses = self.whole(node.base), _inverted(node)
        if inverses:
            base = full(values, self._inverse(node.base), node.shape.dims)
            exponent = values.number(inverses)
        if is_number(exponent, 2):
            return Form(values.matmul(base, base))
        return Form(values.make("matrix_power", (base, exponent), node.shape.dims))

    def _linear(self, node: Product | Dot | Kron | Transpose | Inverse) -> Form:
        values = self.values
        match node:
            case Product():
                opened = self._distributed(node)
                if opened is not None:
                    return opened
                return self.chain.multiply(self._factors(node)).form
            case Dot(left=left, right=right):
                length = left.shape.dims[0]
                row = chain.Factor(self.forms[left], None, length)
                return self.chain.join(row, chain.Factor(self.forms[right], length, None)).form
            case Kron():
                return self._kron(node)
            case Transpose(arg=arg):
                if "symmetric" in properties(arg):
                    return self.forms[arg]
                return transposed(values, self.forms[arg], arg.shape.rank)
            case Inverse(arg=arg):
                return self._inverse(arg)
            case _:
                assert_never(node)

    def _distributed(self, node: Product) -> Form | None:
        """A product with a sum of matrices in it, multiplied out where that is less work."""
        fixed = (lambda part: self._fixed(self.forms[part].value)) if self._fixed.any else None
        opened = distributed(node, lambda part: self._uses[part] == 1, self._sizes, fixed)
        if opened is None:
            return None
        for part in postorder((opened,)):
            if part not in self.forms:
                self.forms[part] = self._form(part)
        return self.forms[opened]

    def _factors(self, product: Product) -> list[chain.Factor]:
        """The factors of a chain: products in it, transposed ones too, opened if used only here."""
        found: list[chain.Factor] = []
        pending: list[tuple[Expr, bool]] = [(product, False)]
        while pending:
            node, flipped = pending.pop()
            mine = node is product or self._uses[node] == 1
            if isinstance(node, Product) and mine and (node.shape.dims or node is product):
                parts = [(factor, flipped) for factor in node.factors]
                pending.extend(parts if flipped else reversed(parts))
            elif isinstance(node, Transpose) and mine and isinstance(node.arg, Product):
                pending.append((node.arg, not flipped))
            elif isinstance(node, Neg) and mine:
                pending.append((node.arg, flipped))
                found.append(chain.factor(Form(self.values.number(-1)), Shape()))
            elif isinstance(node, Power) and _inverted(node):
                one = build.inverse(node.base)
                self.forms.setdefault(one, self._inverse(node.base))
                pending.extend([(one, flipped)] * _inverted(node))
            elif flipped and "symmetric" not in properties(node):
                form = transposed(self.values, self.forms[node], node.shape.rank)
                found.append(chain.factor(form, node.shape.transposed))
            else:
                shape = node.shape.transposed if flipped else node.shape
                found.append(chain.factor(self.forms[node], shape))
        return found

    def _kron(self, node: Kron) -> Form:
        left, right = self.forms[node.left], self.forms[node.right]
        if left.kind == right.kind == "diagonal":
            (m,), (n,) = node.left.shape.dims[:1], node.right.shape.dims[:1]
            if not left.value.dims and not right.value.dims:
                return Form(self.values.mul((left.value, right.value)), "diagonal")
            parts = [full(self.values, Form(f.value), (d,)) for f, d in ((left, m), (right, n))]
            return Form(self.values.make("kron", parts, (m * n,)), "diagonal")
        sides = []
        for side in (node.left, node.right):
            value = self.whole(side)
            upright = node.shape.rank == 2 and side.shape.rank == 1 and not side.shape.row
            sides.append(self.values.expand(value) if upright else value)
        return Form(self.values.make("kron", sides, node.shape.dims))

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
            return deltas.contracted(self.values, pairs, output, dims, self._length)
        dims |= dict(zip(found[1], node.shape.dims, strict=True))
        return deltas.spread(self.values, pairs, found[1], dims, self._length)

    def _length(self, dim: Dim) -> float:
        return size(dim, self._sizes)

    def _call(self, node: Call) -> Form:
        values, dims = self.values, node.shape.dims
        match node.name, node.args:
            case "eye", _:
                return Form(values.number(1), "diagonal")
            case (("ones" | "zeros"), _):
                return Form(values.number(node.name == "ones"))
            case "e", (at, _):
                return Form(values.make("unit", (self.broadcast(at),), dims))
            case "diag", (arg,) if arg.shape.rank == 1:
                known: Structure = "nonnegative" if "nonnegative" in properties(arg) else ""
                return Form(self.forms[arg].value, "diagonal", known)
            case "diag", (arg,):
                return Form(diagonal(values, self.forms[arg], arg.shape.dims))
            case "tr", (arg,):
                return Form(self._trace(arg))
            case "sum", (arg,) if node.axis is None or arg.shape.rank == 1:
                return Form(summed(values, self.forms[arg], arg.shape.dims))
            case "sum", (arg,) if arg.shape.rank == 2 and node.axis is not None:
                return Form(values.sum(self.whole(arg), node.axis % 2))
            case "max", (arg,):
                axis = node.axis % 2 if arg.shape.rank == 2 and node.axis is not None else None
                return Form(values.make("max", (self.whole(arg),), dims, axis))
            case "mean", (arg,) if node.axis is None or arg.shape.rank == 1:
                total = summed(values, self.forms[arg], arg.shape.dims)
                return Form(values.div(total, count(values, arg.shape.dims)))
            case "solve", (matrix, other):
                left = chain.Factor(self._inverse(matrix), *matrix.shape.dims)
                return self.chain.join(left, chain.factor(self.forms[other], other.shape)).form
            case "where", (condition, a, b):
                return Form(self._where(condition, a, b))
            case "abs", (arg,):
                return Form(values.abs(array(values, self.forms[arg], dims)))
            case "logdet", (arg,):
                return Form(values.make("logdet", (self.whole(arg),), (), _known(arg)))
            case "chol", (arg,):
                return Form(values.make("chol", (self.whole(arg),), dims))
            case "norm", (arg, order):
                return Form(self._norm(node, arg, order))
            case (("onehot_max" | "onehot_min"), (arg,)):
                data = (node.name.removeprefix("onehot_"), node.axis)
                return Form(values.make("onehot", (self.whole(arg),), dims, data))
            case "reshape", (arg, *_):
                return Form(values.make("reshape", (self.whole(arg),), dims))
            case "unvech", (arg, _):
                return Form(values.make("unvech", (self.whole(arg),), dims))
            case (("hstack" | "vstack" | "blockdiag"), parts):
                return Form(self._blocks(node, parts))
            case _:
                return self._function(node)

    def _inverse(self, matrix: Expr) -> Form:
        form = self.forms[matrix]
        if form.kind == "diagonal":
            return Form(self.values.div(self.values.number(1), form.value), "diagonal")
        if form.kind == "inverse":
            return Form(form.value)
        return Form(self.whole(matrix), "inverse", _known(matrix))

    def _trace(self, arg: Expr) -> Value:
        """The trace: of a product without the product, of a sum term by term, if used only here."""
        values, mine = self.values, self._uses[arg] == 1
        if isinstance(arg, Product) and mine:
            shared = self._shared_trace(arg)
            return shared if shared is not None else self.chain.trace(self._factors(arg))
        if isinstance(arg, Add) and mine and all(t.shape == arg.shape for t in arg.terms):
            return values.add([self._trace(term) for term in arg.terms])
        if isinstance(arg, Neg) and mine:
            return values.neg(self._trace(arg.arg))
        return self.chain.trace([chain.factor(self.forms[arg], arg.shape)])

    def _shared_trace(self, arg: Product) -> Value | None:
        """tr(A X B) as the inner product of X with the rest, B A turned round, where that is
        computed anyway: it is the gradient by X."""
        factors = arg.factors
        if len(factors) < 3 or len(factors) > SHARED or any(f.shape.rank != 2 for f in factors):
            return None
        for i, factor in enumerate(factors):
            others = [*factors[i + 1 :], *factors[:i]]
            rest = build.product(others)
            turned = build.product([build.transpose(f) for f in reversed(others)])
            for whole, form in ((turned, self._formed), (rest, self._turned)):
                if self._uses[whole]:
                    pair = self.whole(factor), form(whole)
                    return self.values.sum(self.values.mul(pair))
        return None

    def _formed(self, node: Expr) -> Value:
        """The value of a node that may come later."""
        for part in postorder((node,)):
            if part not in self.forms:
                self.forms[part] = self._form(part)
        return self.whole(node)

    def _turned(self, node: Expr) -> Value:
        return self.values.transpose(self._formed(node))

    def _where(self, condition: Expr, a: Expr, b: Expr) -> Value:
        values = self.values
        test, *branches = (self.broadcast(x) for x in (condition, a, b))
        if test.op == "cast":
            test = test.args[0]
        made = values.make("where", (test, *branches), broadcast_dims((test, *branches)))
        plain = all(branch.plain for branch in branches)
        return values.make("cast", (made,), made.dims) if plain else made

    def _norm(self, node: Call, arg: Expr, order: Expr) -> Value:
        """The p-norm along an axis or of all entries; of order 1 and inf without powers."""
        values, dims, power = self.values, node.shape.dims, self.broadcast(order)
        x = self.whole(arg)
        size = values.abs(x)
        if power.op == "constant":
            return values.make("max", (size,), dims, node.axis)
        raised = values.pow(x if is_number(power, 2) else size, power)
        return values.pow(values.sum(raised, node.axis), values.div(values.number(1), power))

    def _blocks(self, node: Call, parts: Sequence[Expr]) -> Value:
        """Blocks side by side, one under the other, or along the diagonal."""
        values, upright = self.values, len(node.shape.dims) == 2
        blocks = []
        for part in parts:
            value = self.whole(part)
            column = part.shape.rank == 1 and not part.shape.row
            blocks.append(values.expand(value) if upright and column else value)
        return values.make(node.name, blocks, node.shape.dims)  # type: ignore[arg-type]

    def _function(self, node: Call) -> Form:
        """A function of the rule book."""
        values, dims = self.values, node.shape.dims
        function = called(node)
        elementwise = function.entry.mode == "elementwise"
        if elementwise:
            args = [array(values, self._aligned(a, node.shape), dims) for a in node.args]
            dims = broadcast_dims(args)
        else:
            args = [self.whole(arg) for arg in node.args]
        made = values.make("call", args, dims, function)
        plain = elementwise and all(a.plain for a in args)
        return Form(values.make("weak", (made,), ()) if plain else made)


def _known(matrix: Expr) -> Structure:
    """What is known of a matrix that matters for solving with it."""
    known = properties(matrix)
    for structure in _STRUCTURES:
        if structure in known:
            return structure
    return ""
