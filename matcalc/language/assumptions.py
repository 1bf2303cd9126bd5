"""What was assumed, in words: the shapes that were inferred, and what could have been read
otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from matcalc.expr.nodes import Symbol
from matcalc.language.book import function_names
from matcalc.language.infer import Inference, is_transpose
from matcalc.language.syntax import Chain, Listed, Name, Num, Raised, Transposed, postorder
from matcalc.language.types import COLUMN, MATRIX, ROW, SCALAR


def assumptions(
    inference: Inference, symbols: Mapping[str, Symbol], reasons: Mapping[str, str]
) -> list[str]:
    """A line for each variable that is not declared, with the reason for its shape, and for each
    reading.
    """
    scope, lines = inference.scope, []
    for name, symbol in symbols.items():
        if name in scope.variables:
            continue
        if name in scope.integers:
            lines.append(f"{name} is a whole number: an index")
            continue
        reason = reasons.get(name, "from its use")
        hint = _hint(name, symbols) or _scaled(inference, name, symbol)
        lines.append(f"{name}: {symbol.shape} ({reason}{hint})")
    readings = (_expanded, _stars, _powers, _quotients, _towers, _transposes, _lists, _calls)
    return [*lines, *(line for reading in readings for line in reading(inference))]


def _scaled(inference: Inference, name: str, symbol: Symbol) -> str:
    """x' * A * x: what is transposed was meant as a vector, and `*` only scales."""
    primed = any(isinstance(each, Name) and each.name == name for each in inference.primed)
    if symbol.shape.dims or not primed or not inference.stars:
        return ""
    return f"; for a product of matrices write `{name}' A`, without `*`"


def _hint(name: str, symbols: Mapping[str, Symbol]) -> str:
    """What else the name might have been meant for."""
    if len(name) > 1 and name in function_names():
        return f"; the function is written {name}(…)"
    if name == "e":
        return "; exp(x) for powers of 2.718…"
    for cut in range(1, len(name)):
        a, b = name[:cut], name[cut:]
        if a in symbols and b in symbols:
            return f"; `{a} {b}` would be a product"
    return ""


def _expanded(inference: Inference) -> list[str]:
    """Rows and columns expanded over a matrix."""
    scope, types, lines = inference.scope, inference.types, []
    for node, terms in inference.sums:
        if types[node].mask != MATRIX:
            continue
        for term in terms:
            if types[term].mask in (ROW, COLUMN):
                row = types[term].mask == ROW
                over = "a row, over the rows" if row else "a column, over the columns"
                lines.append(
                    f"`{scope.excerpt(term)}` is expanded: {over} of `{scope.excerpt(node)}`"
                )
    return lines


def _stars(inference: Inference) -> list[str]:
    """`*` between square matrices."""
    scope, lines = inference.scope, []
    for chain, position, left, right in inference.stars:
        row = chain.operands[position]
        if left.mask == ROW and right.mask == SCALAR and isinstance(row, Transposed):
            a, b = scope.excerpt(row), scope.excerpt(chain.operands[position + 1])
            lines.append(f"`{a} * {b}` scales `{a}`; the inner product is `{a} {b}`")
        if left.mask == right.mask == MATRIX and len(set(inference.solver.shape(left).dims)) == 1:
            a, b = (scope.excerpt(chain.operands[position + k]) for k in (0, 1))
            lines.append(
                f"`{a} * {b}` is the element-wise product; the matrix product is `{a} {b}`"
            )
    return lines


def _powers(inference: Inference) -> list[str]:
    """Whole powers of matrices that are square only because there is a power of them."""
    scope, lines = inference.scope, []
    for node in inference.powers:
        whole = isinstance(node.exponent, Num) and inference.types[node.base].mask == MATRIX
        names = {n.name for n in postorder(node.base) if isinstance(n, Name)}
        if whole and names & (set(inference.names) - set(inference.bound)):
            base, power = scope.excerpt(node.base), scope.excerpt(node.exponent)
            lines.append(
                f"`{scope.excerpt(node)}` is a power of the matrix `{base}`, which has to be "
                f"square for it; the power of each entry is `{base}.^{power}`"
            )
    return lines


def _quotients(inference: Inference) -> list[str]:
    """A product after a division by a vector, which may have been meant below the line."""
    scope, lines = inference.scope, []
    for chain, position in inference.quotients:
        below, *after = chain.operands[position + 1 :]
        tight = after and after[0].span.start == below.span.end  # 1/2x
        if inference.types[below].mask == SCALAR and not tight:
            continue
        factors = zip(chain.operators[position + 1 :], after, strict=True)
        last = [operand for _, operand in takewhile(lambda each: each[0] in "·@", factors)][-1]
        first = chain.operands[0].span.start
        quotient = scope.between(first, below.span.end)
        above = scope.between(first, chain.operands[position].span.end)
        product = scope.between(below.span.start, last.span.end)
        rest = scope.between(below.span.end, last.span.end)
        lines.append(
            f"`{scope.between(first, last.span.end)}` reads from left to right, "
            f"`({quotient}) {rest}`; over a product it is `{above} / ({product})`"
        )
    return lines


def _towers(inference: Inference) -> list[str]:
    """x^y^z, which many read from the right."""
    scope, lines = inference.scope, []
    for node in inference.types:
        if not isinstance(node, Raised) or not isinstance(node.base, Raised):
            continue
        inner, first = node.base, node.base.base.span
        if inner.span.start == first.start:  # not in brackets
            power = scope.between(inner.exponent.span.start, node.span.end)
            lines.append(
                f"`{scope.excerpt(node)}` reads from left to right, `({scope.excerpt(inner)})"
                f"{scope.between(inner.span.end, node.span.end)}`; the other power is "
                f"`{scope.excerpt(inner.base)}^({power})`"
            )
    return lines


def _transposes(inference: Inference) -> list[str]:
    """x^T where T is a variable, too."""
    scope, lines = inference.scope, list[str]()
    if "T" not in scope.variables and "T" not in scope.bound:
        return lines
    raised = [n.base for n in inference.types if isinstance(n, Raised) and is_transpose(n)]
    for base in (*inference.primed, *raised):
        if scope.text[base.span.end :].lstrip().startswith("^"):
            what = scope.excerpt(base)
            lines.append(f"`{what}^T` is the transpose of `{what}`, not a power of T")
    return lines


def _lists(inference: Inference) -> list[str]:
    """[x y], one entry."""
    scope, lines = inference.scope, []
    for node in inference.types:
        if isinstance(node, Listed) and len(node.items) == 1 and isinstance(node.items[0], Chain):
            chain = node.items[0]
            if set(chain.operators) == {""}:
                entries = ", ".join(scope.excerpt(each) for each in chain.operands)
                lines.append(
                    f"`{scope.excerpt(node)}` has one entry, a product; "
                    f"{len(chain.operands)} entries are `[{entries}]`"
                )
    return lines


def _calls(inference: Inference) -> list[str]:
    """f(3) where f is bound, a product with a bracket."""
    scope, lines = inference.scope, []
    for node in inference.types:
        if not isinstance(node, Chain):
            continue
        pairs = zip(node.operands, node.operators, node.operands[1:], strict=False)
        for left, operator, right in pairs:
            tight = left.span.end == right.span.start and scope.text[right.span.start] == "("
            if isinstance(left, Name) and left.name in scope.bound and not operator and tight:
                what = scope.between(left.span.start, right.span.end)
                lines.append(
                    f"`{what}` is a product: `{left.name}` is bound to a value, not to a function"
                )
    return lines
