"""Diagnostics of inference: which shapes do not fit, where each came from, and what to write
instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from matcalc.errors import InputError, Span
from matcalc.expr.nodes import Shape
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
    Transposed,
    postorder,
)
from matcalc.language.types import COLUMN, MATRIX, ROW, SCALAR, Constraint, Type, kinds

if TYPE_CHECKING:
    from matcalc.language.infer import Inference

KINDS: Final = {
    SCALAR: "a scalar",
    COLUMN: "a column vector",
    ROW: "a row vector",
    MATRIX: "a matrix",
}


def explain(inference: Inference, constraint: Constraint | None) -> InputError:
    """The diagnostic for a constraint that cannot hold."""
    place: Any = constraint.place if constraint is not None else None
    node, detail = place if isinstance(place, tuple) else (place, None)
    return _Explainer(inference).explain(node, detail, constraint)


class _Explainer:
    """The words for one contradiction."""

    def __init__(self, inference: Inference) -> None:
        self.inference = inference
        self.scope = inference.scope

    def explain(self, node: Any, detail: Any, constraint: Constraint | None) -> InputError:
        match node:
            case Chain():
                return self._chain(node, detail)
            case Sum() | Comparison():
                return self._sum(node)
            case Applied():
                return self._applied(node, detail, constraint)
            case Inverted(arg=arg):
                return self.fail(
                    node,
                    [arg],
                    "only a square matrix has an inverse",
                    suggestion=f"pinv({self.text(arg)})",
                )
            case Raised():
                return self._raised(node)
            case Indexed():
                return self._indexed(node)
            case Listed():
                return self._listed(node)
            case Transposed(arg=arg):
                advice = 'einsum("ijk->ikj", A)'
                return self.fail(
                    node, [arg], "only vectors and matrices have a transpose", suggestion=advice
                )
            case Frobenius(left=a, right=b):
                return self.fail(node, [a, b], "(A : B) is for two arrays of one shape")
            case _:
                span = getattr(node, "span", Span(0, 1))
                return self.scope.fail("the shapes do not fit here", span)

    # --- parts ---------------------------------------------------------------------------------
    def text(self, node: Syntax) -> str:
        return self.scope.excerpt(node)

    def shape(self, kind: Type) -> str:
        """A shape as far as it is known."""
        if kind.dims is None:
            possible = [KINDS.get(each, "an array") for each in kinds(kind.mask)]
            return " or ".join(dict.fromkeys(possible[:3]))
        shape = self.inference.solver.shape(kind)
        if any(name[0] == "?" for dim in shape.dims for name in dim.names):
            return KINDS.get(kind.mask, f"an array of rank {shape.rank}")
        return str(shape) if shape.dims else "a scalar"

    def described(self, node: Syntax) -> str:
        return f"`{self.text(node)}` is {self.shape(self.inference.types[node])}"

    def origins(self, nodes: Iterable[Syntax]) -> str:
        """Where the shapes in these expressions come from: what is known of each name in them."""
        seen: dict[str, str] = {}
        for root in nodes:
            for node in postorder(root):
                if not isinstance(node, Name) or node.name in seen:
                    continue
                name = node.name
                if name in self.inference.bound:
                    shape = self.shape(self.inference.bound[name])
                    value = self.scope.bound.get(name)  # None: bound by the program around
                    seen[name] = (
                        f"{name} = {self.text(value)}, {shape}"
                        if value
                        else (f"{name}: {shape} as bound")
                    )
                elif name in self.scope.variables:
                    seen[name] = f"{name}: {self.scope.variables[name].shape} as declared"
                elif name in self.inference.names:
                    seen[name] = f"{name}: {self.shape(self.inference.names[name])} as inferred"
        return "; ".join(seen.values())

    def fail(
        self,
        node: Syntax,
        parts: list[Syntax],
        message: str,
        *,
        expected: str = "",
        suggestion: str = "",
    ) -> InputError:
        shapes = " and ".join(self.described(part) for part in parts)
        return self.scope.fail(
            f"{message}: {shapes}" if message else shapes,
            node.span,
            found=self.origins(parts),
            expected=expected,
            suggestion=suggestion,
        )

    # --- products ------------------------------------------------------------------------------
    def _chain(self, node: Chain, position: int) -> InputError:
        operator = node.operators[position]
        right = node.operands[position + 1]
        left_kind = self.inference.running.get((node, position - 1)) if position else None
        left: Syntax = node.operands[0]
        if position:
            span = Span(node.span.start, node.operands[position].span.end)
            left = Chain(span, node.operands[: position + 1], node.operators[:position])
            assert left_kind is not None
            self.inference.types[left] = left_kind
        a, b = self.text(left), self.text(right)
        whole = Chain(Span(left.span.start, right.span.end), (left, right), (operator,))
        suggestion = self._product_advice(operator, left, right, a, b)
        what = {
            "": "this product does not exist",
            "@": "this product does not exist",
            "·": "this contraction does not exist",
            "*": "`*` multiplies by a scalar, or two arrays of one shape entry by entry",
            "⊙": "an element-wise product wants equal shapes",
            "/": "a quotient wants a scalar or equal shapes",
            "./": "a quotient wants a scalar or equal shapes",
            "⊗": "a Kronecker product is of vectors and matrices",
            "\\": "A \\ b wants a square matrix A and a b of as many rows",
        }[operator]
        return self.fail(whole, [left, right], what, suggestion=suggestion)

    def _product_advice(self, operator: str, left: Syntax, right: Syntax, a: str, b: str) -> str:
        one, other = (self._known(self.inference.types[each]) for each in (left, right))
        a, b = _bracketed(left, a), _bracketed(right, b)
        if operator == "" and isinstance(right, Listed):
            return f"{a}[…] without the blank for an entry"
        if one is None or other is None:
            kinds = (self.inference.types[left].mask, self.inference.types[right].mask)
            return f"{a} {b}" if operator == "*" and MATRIX in kinds else ""
        if operator == "*":
            return self._star_advice(one, other, a, b)
        if operator == "/" and other.rank == 2 and other.dims[0] == other.dims[-1]:
            return f"{b} \\ {a} for the solution of {b} z = {a}, or {b}^-1 as a factor"
        if operator not in ("", "@", "·"):
            return ""
        if one.rank == other.rank == 1 and one.row == other.row and operator == "":
            if one.row:
                column = b.removesuffix("'") if b.endswith("'") else f"{b}'"
                return f"{a} {column} or {a} · {b} (inner product)"
            choices = [f"{a} {b}' (outer product)"]
            if one.dims == other.dims:
                choices = [
                    f"{a}' {b} or {a} · {b} (inner product)",
                    f"{a} ⊙ {b} (element-wise)",
                    *choices,
                ]
            return ", ".join(choices)
        return _transposed_advice(one, other, a, b, operator)

    def _star_advice(self, one: Shape, other: Shape, a: str, b: str) -> str:
        from matcalc.expr.build import product_shape

        if product_shape(one, other) is not None:
            return f"{a} {b}"
        if one.rank == other.rank == 1 and one.dims == other.dims:
            return f"{a} · {b}"
        return _transposed_advice(one, other, a, b, "")

    def _known(self, kind: Type) -> Shape | None:
        return self.inference.solver.shape(kind) if kind.dims is not None else None

    # --- sums ----------------------------------------------------------------------------------
    def _sum(self, node: Sum | Comparison) -> InputError:
        parts = list(node.terms) if isinstance(node, Sum) else [node.left, node.right]
        what = (
            "this sum does not exist" if isinstance(node, Sum) else "this comparison does not exist"
        )
        first, second = self._culprits(parts)
        one, other = (self._known(self.inference.types[each]) for each in (first, second))
        suggestion = ""
        if one is not None and other is not None:
            a, b = self.text(first), self.text(second)
            if one.transposed == other:
                suggestion = f"{_primed(_bracketed(second, b))} instead of {b}"
            elif {one.rank, other.rank} == {1, 2}:
                matrix, vector, shown = (one, other, b) if one.rank == 2 else (other, one, a)
                wanted = matrix.dims[1 if vector.row else 0]
                flipped = matrix.dims[0 if vector.row else 1]
                if flipped == vector.dims[0] and wanted != vector.dims[0]:
                    node_of = second if one.rank == 2 else first
                    suggestion = f"{_primed(_bracketed(node_of, shown))} instead of {shown}"
        return self.fail(
            node, [first, second], what, suggestion=suggestion, expected="equal shapes, or a scalar"
        )

    def _culprits(self, parts: list[Syntax]) -> tuple[Syntax, Syntax]:
        """Two parts of a sum that do not fit together."""
        from matcalc.expr.build import broadcast_shape, symbol

        shapes = [self._known(self.inference.types[part]) for part in parts]
        for later, shape in enumerate(shapes):
            for earlier in range(later):
                before = shapes[earlier]
                if shape is None or before is None:
                    continue
                if broadcast_shape((symbol("a", before), symbol("b", shape))) is None:
                    return parts[earlier], parts[later]
        return parts[0], parts[-1]

    # --- calls ---------------------------------------------------------------------------------
    def _applied(self, node: Applied, detail: Any, constraint: Constraint | None) -> InputError:
        args = [arg for arg in self.inference.value_args(node) if arg in self.inference.types]
        name = node.name
        if name in self.scope.functions:
            return self.fail(node, args, f"`{name}` is a function {self.scope.functions[name]}")
        if name in ("grad", "hessian"):
            advice = f"jacobian({self.text(node.args[0])}, {self.text(node.args[1])})"
            return self.fail(node, args[:1], f"`{name}` is of a scalar", suggestion=advice)
        if isinstance(detail, str):
            return self.fail(node, args, f"`{name}` wants {detail}")
        if isinstance(detail, tuple | list):
            return self._header(node, args, detail)
        from matcalc.language.relations import Along

        if isinstance(constraint, Along):
            return self._along(node, args)
        if name in ("hstack", "vstack", "blockdiag"):
            side = {"hstack": "as many rows each", "vstack": "as many columns each"}.get(name, "")
            return self.fail(node, args, f"`{name}` of blocks that do not fit", expected=side)
        return self.fail(node, args, f"`{name}` wants equal shapes, or scalars")

    def _header(self, node: Applied, args: list[Syntax], entries: Any) -> InputError:
        """A function with shapes in its header."""
        forms = []
        for entry in entries:
            shapes = [
                str(Shape(param.dims or ())) for param in entry.params if param.role == "value"
            ]
            forms.append(" and ".join(shapes[: len(args)]))
        square = any(shape == "R^(n×n)" for shape in forms)
        arg = self.inference.types[args[0]] if args else None
        wants = "a square matrix" if square and len(args) == 1 else " or ".join(forms)
        suggestion = ""
        if arg is not None and arg.mask == MATRIX and node.name == "inv":
            suggestion = f"pinv({self.text(args[0])})"
        if arg is not None and arg.mask == SCALAR and node.name == "det":
            suggestion = f"abs({self.text(args[0])})"
        return self.fail(node, args, f"`{node.name}` wants {wants}", suggestion=suggestion)

    def _along(self, node: Applied, args: list[Syntax]) -> InputError:
        kind = self.inference.types[args[0]]
        shape = self._known(kind)
        name, text = node.name, self.text(args[0])
        if len(args) > 1 and len({self.inference.types[arg].mask for arg in args}) > 1:
            return self.fail(node, args, f"`{name}` wants arguments of one shape")
        if node.axis is not None and shape is not None:
            axes = ", ".join(f"axis={k}" for k in range(shape.rank))
            return self.fail(
                node,
                args,
                f"there is no axis {node.axis} here",
                expected=axes or f"{name}({text}) without axis",
            )
        if kind.mask == SCALAR:
            return self.fail(node, args, f"`{name}` is of vectors")
        if shape is not None and shape.rank > 1:
            choices = f"{name}({text}, axis=0) for each column, {name}({text}, axis=1) for each row"
            return self.fail(node, args, f"`{name}` of a matrix wants an axis", suggestion=choices)
        return self.fail(node, args, f"`{name}` wants vectors of one length")

    # --- the rest ------------------------------------------------------------------------------
    def _raised(self, node: Raised) -> InputError:
        base, exponent = node.base, node.exponent
        text = _bracketed(base, self.text(base))
        if (
            self.inference.types[base].mask == MATRIX
            and self.inference.types[exponent].mask & SCALAR
        ):
            return self.fail(
                node,
                [base],
                "only a square matrix has powers",
                suggestion=f"{text}.^{self.text(exponent)} for the powers of the entries",
            )
        return self.fail(
            node,
            [base, exponent],
            "this power does not exist",
            suggestion="x.^p for powers entry by entry",
        )

    def _indexed(self, node: Indexed) -> InputError:
        kind = self.inference.types[node.arg]
        text = _bracketed(node.arg, self.text(node.arg))
        forms = {
            SCALAR: "no index: it is a scalar",
            COLUMN: f"{text}[i]",
            ROW: f"{text}[i]",
            MATRIX: f"{text}[i, j], {text}[i, :] for a row, {text}[:, j] for a column",
        }
        count = len(node.subscripts)
        what = f"{count} ind{'ex does' if count == 1 else 'ices do'} not fit"
        return self.fail(node, [node.arg], what, expected=forms.get(kind.mask, ""))

    def _listed(self, node: Listed) -> InputError:
        items = list(node.items)
        columns = [item for item in items if self.inference.types[item].mask == COLUMN]
        suggestion = ""
        if len(columns) == len(items):
            texts = [_bracketed(item, self.text(item)) for item in items]
            rows = ", ".join(f"{text}'" for text in texts)
            all_items = ", ".join(map(self.text, items))
            suggestion = f"[{rows}] (rows), hstack({all_items}) (columns), vstack({all_items})"
        return self.fail(
            node, items[:3], "a list is of scalars, or of rows of one length", suggestion=suggestion
        )


def _bracketed(node: Syntax, text: str) -> str:
    """A text as an operand of a product."""
    simple = Name | Num | Applied | Transposed | Raised | Inverted | Indexed | Listed
    if isinstance(node, simple) or (text.startswith("(") and text.endswith(")")):
        return text
    if isinstance(node, Minus | Sum | Chain | Comparison):
        return f"({text})"
    return text


def _primed(text: str) -> str:
    """The transpose of an operand, as text."""
    return text[:-1] if text.endswith("'") else f"{text}'"


def _transposed_advice(one: Shape, other: Shape, a: str, b: str, operator: str) -> str:
    """The product with one side transposed, if that exists."""
    from matcalc.expr.build import product_shape

    between = f" {operator} " if operator else " "
    if product_shape(one, other.transposed) is not None and one.rank and other.rank:
        return f"{a}{between}{_primed(b)}"
    if product_shape(one.transposed, other) is not None and one.rank and other.rank:
        return f"{_primed(a)}{between}{b}"
    return ""
