"""Contractions without the identities in them: an identity only says that two indices are one.

`einsum("qj,ql,ik->ijkl", V, V, eye(m))` is `V'V` at the places i = k and zero elsewhere: the rest
is contracted, and written once into an array of zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from matcalc.dims import Dim
from matcalc.expr.nodes import Call, Einsum, Expr
from matcalc.plan.contract import Tree, order
from matcalc.plan.values import Value, Values

Operand = tuple[Expr, str]


def without_identities(node: Einsum) -> tuple[list[Operand], str] | None:
    """The other operands with their indices, and the output with one letter for equal indices;
    None if there is no identity, or one that is summed to a number."""
    inputs, _, output = node.spec.partition("->")
    operands = list(zip(node.args, inputs.split(","), strict=True))
    identities = [labels for arg, labels in operands if _is_identity(arg)]
    rest = [(arg, labels) for arg, labels in operands if not _is_identity(arg)]
    if not identities or not rest:
        return None
    same = {letter: letter for letter in inputs.replace(",", "")}
    for labels in identities:
        old, new = same[labels[1]], same[labels[0]]
        same = {letter: new if to == old else to for letter, to in same.items()}
    rest = [(arg, "".join(same[x] for x in labels)) for arg, labels in rest]
    output = "".join(same[x] for x in output)
    seen = set(output).union(*(labels for _, labels in rest))
    if not set(same.values()) <= seen:
        return None
    return rest, output


def _is_identity(arg: Expr) -> bool:
    return isinstance(arg, Call) and arg.name == "eye"


Length = Callable[[Dim], float]
"""How long a dimension is, as far as that is known."""


def contracted(
    values: Values,
    operands: Sequence[tuple[Value, str]],
    output: str,
    dims: dict[str, Dim],
    length: Length,
) -> Value:
    """The contraction of full arrays over the indices that are not in the output: of several, two
    at a time."""
    if len(operands) > 2:
        tree = order([labels for _, labels in operands], output, lambda x: length(dims[x]))
        return _pairs(values, operands, output, dims, tree)[0]
    return _contracted(values, operands, output, dims)


def _pairs(
    values: Values,
    operands: Sequence[tuple[Value, str]],
    output: str,
    dims: dict[str, Dim],
    tree: Tree,
) -> tuple[Value, str]:
    """The contraction of some operands, with the indices that it has left."""
    if isinstance(tree, int):
        return operands[tree]
    inside = set(_operands(tree))
    others = [labels for i, (_, labels) in enumerate(operands) if i not in inside]
    kept = set(output).union(*others)
    sides = [_pairs(values, operands, output, dims, part) for part in tree]
    found = "".join(dict.fromkeys(x for _, labels in sides for x in labels if x in kept))
    found = output if not others else found
    return _contracted(values, sides, found, dims), found


def _operands(tree: Tree) -> Iterator[int]:
    """The operands in a tree; no deeper than there are operands, which are few."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, int):
            yield part
        else:
            pending += part


def _contracted(
    values: Values, operands: Sequence[tuple[Value, str]], output: str, dims: dict[str, Dim]
) -> Value:
    """The contraction of one array or two."""
    shape = tuple(dims[x] for x in output)
    if len(operands) == 1 and operands[0][1] == output:
        return operands[0][0]
    if len(operands) == 1 and len(output) == 2 and operands[0][1] == output[::-1]:
        return values.transpose(operands[0][0])
    if len(operands) == 2 and len(output) == 2 and all(len(x) == 2 for _, x in operands):
        (a, left), (b, right) = operands
        shared = set(left) & set(right) - set(output)
        if len(shared) == 1 and len(set(left + right)) == 3:
            if output[0] not in left:
                a, left, b, right = b, right, a, left
            a = a if left[0] == output[0] else values.transpose(a)
            b = b if right[1] == output[1] else values.transpose(b)
            return values.matmul(a, b)
    if len(operands) == 2 and operands[0][1] == operands[1][1] == output and _distinct(output):
        return values.mul([value for value, _ in operands])
    spec = ",".join(labels for _, labels in operands) + "->" + output
    return values.make("einsum", [value for value, _ in operands], shape, spec)


def _distinct(labels: str) -> bool:
    return len(set(labels)) == len(labels)


def spread(
    values: Values,
    operands: Sequence[tuple[Value, str]],
    output: str,
    dims: dict[str, Dim],
    length: Length,
) -> Value:
    """The contraction at the places where indices with one letter agree, zero elsewhere."""
    carried = {x for _, labels in operands for x in labels}
    letters = list(dict.fromkeys(output))
    missing = [x for x in letters if x not in carried]
    present = "".join(x for x in letters if x in carried)
    core = contracted(values, operands, present, dims, length)
    view = f"{output}->{''.join(missing)}{present}"
    return values.spread(core, view, tuple(dims[x] for x in output))
