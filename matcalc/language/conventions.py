"""Letter conventions: what decides where the operators leave a shape open, in the order of
LANGUAGE.md section 2.

Each decision is recorded in words, as the reason of the name that it was about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from matcalc.language.names import is_latin_lower, is_upper
from matcalc.language.signatures import candidates
from matcalc.language.syntax import (
    Applied,
    Chain,
    Inverted,
    Minus,
    Name,
    Num,
    Raised,
    Sum,
    Syntax,
    Transposed,
)
from matcalc.language.types import COLUMN, MATRIX, ROW, SCALAR, Type, kinds

if TYPE_CHECKING:
    from matcalc.language.infer import Inference

NO_REASON: Final = "nothing says otherwise"


def decide(inference: Inference) -> dict[str, str]:
    """Settle every type that is open; the reasons by name."""
    reasons: dict[str, str] = {}
    _twins(inference)
    while any(_apply(inference, rule, reasons) for rule in RULES):
        _twins(inference)
    for kind in inference.types.values():
        if not kind.known:
            inference.assume(kind, kinds(kind.mask)[0])
    inference.recheck()
    return reasons


def _apply(inference: Inference, rule: Rule, reasons: dict[str, str]) -> bool:
    """Take the decisions of one rule, each in view of those before it; whether there were any."""
    decided = False
    for name, kind, mask, reason in rule(inference):
        if not kind.known and kind.mask & mask:
            reasons[name] = reason
            inference.assume(kind, mask)
            decided = True
    return decided


Decision = tuple[str, Type, int, str]
Rule = Callable[["Inference"], Iterator[Decision]]


def _upper_case(inference: Inference) -> Iterator[Decision]:
    for name, kind in inference.names.items():
        if is_upper(name):
            yield name, kind, MATRIX, "an upper-case name is a matrix"


def _no_scalar(inference: Inference) -> Iterator[Decision]:
    """Where no scalar fits: the simplest kind that does."""
    for name, kind in inference.names.items():
        lowest = kinds(kind.mask)[0]
        if lowest != SCALAR:
            yield name, kind, lowest, "no scalar fits here"


def _nothing_else(inference: Inference) -> Iterator[Decision]:
    """What is left: scalars."""
    for name, kind in inference.names.items():
        yield name, kind, SCALAR, NO_REASON


def _transposed(inference: Inference) -> Iterator[Decision]:
    """A Greek name too is no scalar where it is transposed."""
    for operand in inference.primed:
        name = _name(inference, operand)
        if name is not None and not is_upper(name):
            yield name, inference.names[name], COLUMN, "transposed: a vector"


def _right_of_matrix(inference: Inference) -> Iterator[Decision]:
    for left, operand, operator in inference.rights:
        name = _name(inference, operand)
        if name is not None and left.mask == MATRIX and not is_upper(name):
            mask = COLUMN
            kind = inference.names[name]
            if operator == "*" and not kind.known and not kind.mask & COLUMN:
                continue
            yield name, kind, mask, "directly right of a matrix: a vector"


def _right_of_row(inference: Inference) -> Iterator[Decision]:
    """x' y: what a row is contracted with."""
    for left, operand, operator in inference.rights:
        name = _name(inference, operand)
        if name is not None and left.mask == ROW and operator == "" and is_latin_lower(name):
            yield name, inference.names[name], COLUMN, "contracted or reduced: a vector"


def _contracted(inference: Inference) -> Iterator[Decision]:
    """Lower-case Latin names that are operands of a contraction, or transposed."""
    for operand in inference.reduced:
        for name in _within(inference, operand, 1):
            yield name, inference.names[name], COLUMN, "contracted or reduced: a vector"


def _reduced(inference: Inference) -> Iterator[Decision]:
    for operand in inference.reduced:
        for name in _within(inference, operand, 2):
            yield name, inference.names[name], COLUMN, "contracted or reduced: a vector"


def _outer(inference: Inference) -> Iterator[Decision]:
    """x y' at the end of a product: an outer product."""
    for operand, _ in inference.outer:
        name = _name(inference, operand)
        if name is not None and is_latin_lower(name):
            yield name, inference.names[name], COLUMN, "left of a row: a vector"


def _added(inference: Inference) -> Iterator[Decision]:
    """Lower-case Latin names take the shape of what they are added to or compared with."""
    for node, terms in inference.sums:
        names = [name for term in terms for name in _signed(inference, term)]
        names = [n for n in names if not inference.names[n].known and is_latin_lower(n)]
        if not names:
            continue
        others = [(term, inference.types[term]) for term in terms]
        known = [(term, kind.mask) for term, kind in others if kind.known and kind.mask != SCALAR]
        whole = inference.types[node]
        for name in names:
            kind = inference.names[name]
            for term, mask in known:
                beside = COLUMN if mask == ROW else mask
                reason = f"added to or compared with `{inference.scope.excerpt(term)}`"
                yield name, kind, beside, reason
            if whole.known and whole.mask != SCALAR:
                yield name, kind, whole.mask, "added to or compared with what has this shape"


def _signed(inference: Inference, term: Syntax) -> Iterator[str]:
    """The name that a term is, up to its sign."""
    while isinstance(term, Minus):
        term = term.arg
    name = _name(inference, term)
    if name is not None:
        yield name


def _name(inference: Inference, node: Syntax) -> str | None:
    """The undeclared name that a node is, possibly raised to a power."""
    while isinstance(node, Raised):
        node = node.base
    if isinstance(node, Name) and node.name in inference.names and node.name not in inference.bound:
        return node.name
    return None


def _within(inference: Inference, operand: Syntax, depth: int) -> Iterator[str]:
    """Lower-case Latin names in an operand, through what works entry by entry.

    With depth 1 only through signs, powers and functions of one argument, with 2 through sums and
    products too.
    """
    pending = [operand]
    while pending:
        node = pending.pop()
        match node:
            case Name(name=name):
                if name in inference.names and name not in inference.bound and is_latin_lower(name):
                    yield name
            case Raised(base=Num(), exponent=arg) if depth > 1:
                pending.append(arg)
            case Minus(arg=arg) | Transposed(arg=arg) | Inverted(arg=arg) | Raised(base=arg):
                pending.append(arg)
            case Sum(terms=terms) if depth > 1 and not _beside_inner_product(inference, terms):
                pending.extend(reversed(terms))
            case Chain(operands=operands, operators=operators) if depth > 1:
                pending.extend(_carriers(operands, operators))
            case Applied(args=args) if _keeps_entries(inference, node):
                if depth > 1 or len(args) == 1:
                    pending.extend(arg for arg in reversed(args) if arg in inference.types)
            case _:
                pass


def _beside_inner_product(inference: Inference, terms: tuple[Syntax, ...]) -> bool:
    """Whether a term is an inner product: what is added to one is a number, as in `w·x + b`."""
    return any(isinstance(t, Chain) and inference.types[t].mask == SCALAR for t in terms)


def _keeps_entries(inference: Inference, node: Applied) -> bool:
    """Whether a function's value has the shape of its argument."""
    if node.name in inference.scope.functions:
        return inference.scope.functions[node.name].elementwise
    entry = next(iter(candidates(inference.scope.own, node)), None)
    return entry is not None and (
        entry.mode == "elementwise" or (entry.mode == "along" and bool(entry.result))
    )


def _carriers(operands: tuple[Syntax, ...], operators: tuple[str, ...]) -> list[Syntax]:
    """The operands of a product that give it its shape: of ⊙ all, of / the left, of a scaling the
    last.
    """
    carriers = [operands[0]]
    for operator, operand in zip(operators, operands[1:], strict=True):
        if operator == "⊙":
            carriers.append(operand)
        elif operator in ("", "*") or isinstance(carriers[-1], Num):
            carriers = [operand]
    return carriers


def _twins(inference: Inference) -> None:
    """Operands of ⊙: an open one takes the shape of one that is no scalar."""
    for left, right in inference.twins:
        for one, other in ((left, right), (right, left)):
            if one.known and not other.known and one.mask != SCALAR and one.mask & other.mask:
                inference.assume(other, one.mask)


RULES: Final[tuple[Rule, ...]] = (
    _upper_case,
    _right_of_matrix,
    _contracted,
    _right_of_row,
    _added,
    _outer,
    _transposed,
    _reduced,
    _no_scalar,
    _nothing_else,
)
