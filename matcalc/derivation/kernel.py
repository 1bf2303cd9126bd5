"""The rules of the kernel of calculus, which are no lines of the book: sums, products, the chain
rule; and which rule the outermost operation of an expression is derived by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from matcalc.derivation.parts import is_leaf
from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Compare,
    Derivative,
    Divide,
    Dot,
    Einsum,
    Expr,
    Hadamard,
    Index,
    Kron,
    Neg,
    Power,
    Product,
    Stack,
    Symbol,
    Transpose,
    children,
)
from matcalc.rules.book import Rule

PAPER: Final = "Parr & Howard"

SUM: Final = Rule("sum rule", "d(a + b) = da + db", f"{PAPER}, sec. 2")
PRODUCT: Final = Rule("product rule", "d(a b) = da b + a db", f"{PAPER}, sec. 2")
CONSTANT_FACTOR: Final = Rule("constant factor", "d(c a) = c da", f"{PAPER}, sec. 2")
CONSTANT: Final = Rule("derivative of a constant", "dc = 0", f"{PAPER}, sec. 2")
ITSELF: Final = Rule("derivative of a variable by itself", "∂x/∂x = I", f"{PAPER}, sec. 4.1")
QUOTIENT: Final = Rule(
    "quotient rule", "d(a / b) = da / b - a db / b^2", "product rule and DLMF 4.7.10"
)
POWER: Final = Rule("power rule", "d x^n = n x^(n - 1) dx", f"{PAPER}, sec. 2")
TRANSPOSE: Final = Rule("transpose", "d(A') = (dA)'", "Magnus & Neudecker, ch. 8")
ENTRY: Final = Rule("entry", "d(x[i]) = (dx)[i]", f"{PAPER}, sec. 3")
COMPONENTS: Final = Rule(
    "vector of functions", "a Jacobian has a row for each entry", f"{PAPER}, sec. 4.1"
)
SUMMATION: Final = Rule("sum of entries", "d sum(x) = sum(dx)", f"{PAPER}, sec. 4.4")
MEAN: Final = Rule("mean of entries", "d mean(x) = sum(dx) / n", f"{PAPER}, sec. 6")
REARRANGED: Final = Rule(
    "linear function", "d L(x) = L(dx) for a linear L", "Magnus & Neudecker, ch. 8"
)
UNKNOWN: Final = Rule(
    "derivative of an unknown function", "d f(x) = J_f(x) dx", f"{PAPER}, sec. 4.2"
)
INSIDE: Final = Rule("derivative within the expression", "worked out by itself", "")
CHAIN: Final = Rule("chain rule", "∂f(g(x))/∂x = ∂f/∂g ∂g/∂x", f"{PAPER}, sec. 4.5.3")
TOTAL: Final = Rule(
    "total-derivative chain rule", "∂f/∂x = Σ_i ∂f/∂u_i ∂u_i/∂x", f"{PAPER}, sec. 4.5.2"
)
NAMING: Final = Rule(
    "intermediate variables",
    "name each part, then differentiate each by itself",
    f"{PAPER}, sec. 4.5.1",
)
DOT: Final = Rule("inner product", "x · y = sum(x ⊙ y)", f"{PAPER}, sec. 4.6")
DIAGONAL: Final = Rule(
    "element-wise diagonal condition",
    "∂f_i/∂x_j = 0 for i ≠ j",
    f"{PAPER}, sec. 4.2",
)
BACK: Final = Rule("substitution", "a name stands for its value", f"{PAPER}, sec. 4.5.1")
SYMMETRIC: Final = Rule(
    "symmetric variable", "the derivative is (G + G')/2", "Magnus & Neudecker, ch. 9"
)


def rule_of(node: Expr, active: Collection[Expr], used: Sequence[object]) -> Rule:
    """The rule by which the outermost operation of an expression is differentiated."""
    inside = [child for child in children(node) if child in active]
    if node in active and is_leaf(node):
        return ITSELF if not isinstance(node, Transpose | Index | Derivative) else _of_leaf(node)
    if not inside:
        return CONSTANT
    match node:
        case Add():
            return SUM
        case Neg(arg=arg):
            return rule_of(arg, active, used) if not is_leaf(arg) else CONSTANT_FACTOR
        case Product() | Dot() | Hadamard() | Kron() | Einsum():
            return PRODUCT if len(inside) > 1 else CONSTANT_FACTOR
        case Divide(denominator=below):
            return QUOTIENT if below in active else CONSTANT_FACTOR
        case Transpose(arg=arg):
            return TRANSPOSE if is_leaf(arg) else rule_of(arg, active, used)
        case Index():
            return ENTRY
        case Stack():
            return COMPONENTS
        case Power(base=base, exponent=exponent) if base in active and exponent not in active:
            if not (base.shape.rank == 2 and not node.elementwise):
                return POWER
            return PRODUCT
        case Call(name="sum"):
            return SUMMATION
        case Call(name="mean"):
            return MEAN
        case Apply():
            return UNKNOWN
        case Derivative():
            return INSIDE
        case _:
            return _of_book(node, used)


def _of_leaf(node: Expr) -> Rule:
    match node:
        case Transpose():
            return TRANSPOSE
        case Index():
            return ENTRY
        case _:
            return INSIDE


def _of_book(node: Expr, used: Sequence[object]) -> Rule:
    """The line of the book for a function, as the engine used it; else the function is linear."""
    rules = [rule for rule in used if isinstance(rule, Rule)]
    name = node.name if isinstance(node, Call | Symbol) else ""
    name = {"<": "gt", ">": "gt", "<=": "ge", ">=": "ge", "==": "eq"}.get(
        node.op if isinstance(node, Compare) else "", name
    )
    own = [rule for rule in rules if rule.name == f"derivative of {name}"]
    return next(iter(own or rules), REARRANGED)
