"""The types of calls: unknown functions, functions of the book by their headers, and the special
forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Never

from matcalc.dims import Dim, named
from matcalc.expr.nodes import Shape
from matcalc.language import book, places, relations
from matcalc.language.names import nearest
from matcalc.language.signatures import ALIASES, candidates, overloads
from matcalc.language.syntax import Applied, Name, Num, Syntax, Text
from matcalc.language.types import (
    MATRIX,
    ROW,
    SCALAR,
    VECTORS,
    Alternative,
    Broadcast,
    Same,
    Solver,
    Table,
    Type,
    kind_of,
    match_dims,
)

if TYPE_CHECKING:
    from matcalc.language.infer import Inference

FORMS: Final = frozenset({"grad", "jacobian", "hessian"})


def value_args(inference: Inference, node: Applied) -> tuple[Syntax, ...]:
    """The arguments that are expressions: no sizes, indices, texts, variables of a derivative, or
    `nuc`.
    """
    name = node.name
    if name in inference.scope.functions:
        return node.args
    if name in FORMS:
        return node.args[:1]
    if name == "einsum":
        return node.args[1:]
    if name == "norm" and len(node.args) == 2 and is_nuclear(inference, node):
        return node.args[:1]
    if not (found := candidates(inference.scope.own, node)):
        return node.args
    roles = found[0].roles(len(node.args))
    return tuple(arg for arg, role in zip(node.args, roles, strict=True) if role == "value")


def is_nuclear(inference: Inference, node: Applied) -> bool:
    """norm(X, nuc)."""
    arg = node.args[1]
    known = inference.bound.keys() | inference.scope.variables.keys()
    return isinstance(arg, Name) and arg.name == "nuc" and "nuc" not in known


def type_of(inference: Inference, node: Applied) -> Type:
    """The type of a call, its arguments being typed."""
    name = node.name
    if name in inference.scope.functions:
        return _unknown(inference, node)
    if node.order and name in inference.scope.own:
        raise inference.scope.fail(
            f"`{name}` has a rule, and its derivative is written out", node.head
        )
    if node.order:
        raise inference.scope.fail(
            f"`{name}` is not declared as an unknown function",
            node.head,
            suggestion=f"where {name}: R -> R",
        )
    if name in FORMS:
        return _form(inference, node)
    if name == "einsum":
        return _einsum(inference, node)
    if name == "norm" and len(node.args) == 2 and is_nuclear(inference, node):
        inference.assume(inference.types[node.args[0]], MATRIX)
        return inference.solver.fixed(Shape())
    return _book(inference, node)


def _unknown(inference: Inference, node: Applied) -> Type:
    """f(x), f'(x), J_f(x), ∇f(x), H_f(x), D3_f(x) of a declared function f."""
    function = inference.scope.functions[node.name]
    if len(node.args) != 1 or node.axis is not None:
        raise inference.scope.fail(
            f"`{node.name}` takes one argument ({function})",
            node.span,
            found=f"{len(node.args)} arguments",
            suggestion=_one_vector(inference, node) if len(node.args) > 1 else "",
        )
    arg = inference.types[node.args[0]]
    _check_mark(inference, node)
    if function.elementwise:
        return arg
    place = (node, str(function.domain))
    wanted = inference.solver.fixed(function.domain)
    if function.domain.rank == 1 and arg.mask == ROW:
        wanted.mask = ROW
    inference.relate(Same(place, (arg, wanted)))
    if not node.order:
        return inference.solver.fixed(function.codomain)
    dims = function.codomain.dims + function.domain.dims * node.order
    return inference.solver.fixed(Shape(dims))


def _one_vector(inference: Inference, node: Applied) -> str:
    """How to say a function of several arguments: as one of a vector."""
    parts = ", ".join(inference.scope.excerpt(arg) for arg in node.args)
    return f"one vector of them: {node.name}([{parts}]), or {node.name}(vstack({parts}))"


def _check_mark(inference: Inference, node: Applied) -> None:
    """Each kind of function has its way of writing a derivative."""
    function, name, mark = inference.scope.functions[node.name], node.name, node.mark
    if not mark:
        return
    fits = {
        "'": not function.domain.dims,
        "J": bool(function.codomain.dims),
        "∇": bool(function.domain.dims) and not function.codomain.dims,
        "H": bool(function.domain.dims),
        "D": bool(function.domain.dims),
    }
    if fits[mark]:
        return
    if not function.domain.dims:
        better = name + "'" * node.order + "(x)"
    elif mark == "∇" or function.codomain.dims:
        better = f"J_{name}(x)"
    else:
        better = f"∇{name}(x)"
    raise inference.scope.fail(
        f"the derivative of `{name}` is not written so",
        node.head,
        found=f"{name}: {function}",
        suggestion=better,
    )


def _form(inference: Inference, node: Applied) -> Type:
    """grad(f, x), jacobian(f, x), hessian(f, x)."""
    scope, name = inference.scope, node.name
    if len(node.args) != 2 or node.axis is not None:
        raise scope.fail(
            f"`{name}` takes an expression and a variable",
            node.span,
            expected=f"{name}(f, x)",
            found=f"{len(node.args)} arguments",
        )
    variable = node.args[1]
    if not isinstance(variable, Name):
        raise scope.fail(
            f"the second argument of `{name}` is a variable's name",
            variable.span,
            found=scope.excerpt(variable),
        )
    wrt = variable.name
    known = wrt in inference.bound or wrt in scope.variables or wrt in scope.used
    if not known:
        raise scope.fail(
            f"unknown variable `{wrt}`",
            variable.span,
            suggestion=", ".join(nearest(wrt, [*scope.used, *inference.bound])),
        )
    inference.types[variable] = inference.lookup(wrt, variable.span)
    result = Type()
    types = (inference.types[node.args[0]], inference.types[variable], result)
    inference.relate(relations.Differentiating(node, types, name))
    return result


def _einsum(inference: Inference, node: Applied) -> Type:
    """einsum("ij,jk->ik", A, B)."""
    scope = inference.scope
    example = 'einsum("ij,jk->ik", A, B)'
    if not node.args or not isinstance(node.args[0], Text):
        raise scope.fail("the first argument of einsum is a text", node.span, expected=example)
    text = node.args[0].text.replace(" ", "")
    inputs, arrow, output = text.partition("->")
    operands = inputs.split(",")
    letters = inputs.replace(",", "") + output
    if not arrow or (letters and not (letters.isascii() and letters.isalpha())):
        raise scope.fail(
            "the subscripts of einsum are letters, commas and one `->`",
            node.args[0].span,
            expected=example,
        )
    if len(operands) != len(node.args) - 1:
        raise scope.fail(
            f"einsum has {len(operands)} groups of subscripts and {len(node.args) - 1} operands",
            node.span,
        )
    if len(set(output)) != len(output) or not set(output) <= set(inputs):
        raise scope.fail(
            "each output subscript of einsum is one of the inputs', once", node.args[0].span
        )
    labels: dict[str, Dim] = {}
    for group, arg in zip(operands, node.args[1:], strict=True):
        kind = inference.types[arg]
        mask = kind_of(len(group)) | (ROW if len(group) == 1 else 0)
        inference.relate(Same((node, f"rank {len(group)}"), (kind, Type(mask))))
        if kind.dims is None:
            inference.assume(kind, mask & ~ROW)
        alternative = ((kind.mask,), (tuple(group),))
        inference.relate(_Labelled(node, (kind,), [alternative], labels))
    return inference.solver.fixed(Shape(tuple(labels[letter] for letter in output)))


class _Labelled(Table):
    """One alternative whose labels have a meaning already."""

    __slots__ = ("labels",)

    def __init__(
        self,
        place: object,
        types: Sequence[Type],
        alternatives: Sequence[Alternative],
        labels: dict[str, Dim],
    ) -> None:
        super().__init__(place, types, alternatives)
        self.labels = labels

    def run(self, solver: Solver) -> None:
        kinds, rows = self.alternatives[0]
        for kind, mask in zip(self.types, kinds, strict=True):
            solver.narrow(kind, mask)
        match_dims(solver, self.types, rows, self.labels)


def _book(inference: Inference, node: Applied) -> Type:
    """A function of the rule book."""
    found = candidates(inference.scope.own, node)
    if not found:
        _wrong_arity(inference, node)
    entry = found[0]
    if node.axis is not None and entry.mode != "along":
        raise inference.scope.fail(f"`{node.name}` takes no axis=", node.span)
    if node.name == "kron":
        result = Type(VECTORS | MATRIX)
        inference.relate(
            Table(node, [*(inference.types[arg] for arg in node.args), result], relations.krons())
        )
        return result
    if entry.mode == "sizes":
        sizes = [places.size(inference, arg) for arg in node.args[1:]]
        return inference.solver.fixed(Shape(tuple(sizes)))
    if entry.mode == "stack":
        result = Type(VECTORS | MATRIX)
        types = [*(inference.types[arg] for arg in node.args), result]
        inference.relate(relations.Stacking(node, types, node.name))
        return result
    if entry.mode == "elementwise":
        return _elementwise(inference, node, entry)
    if entry.mode == "along":
        return _along(inference, node, entry)
    return _plain(inference, node, found)


def _elementwise(inference: Inference, node: Applied, entry: book.Entry) -> Type:
    free = []
    for arg, param in zip(node.args, entry.params, strict=False):
        if param.dims is None:
            free.append(inference.types[arg])
        else:
            inference.relate(Same((node, f"{param.name}: R"), (inference.types[arg], Type(SCALAR))))
    if len(free) == 1:
        return free[0]
    result = Type()
    inference.relate(Broadcast(node, [*free, result]))
    return result


def _along(inference: Inference, node: Applied, entry: book.Entry) -> Type:
    main = entry.params[0].dims
    types = []
    for arg, param in zip(node.args, entry.params, strict=False):
        if param.dims == main:
            types.append(inference.types[arg])
            inference.reduced.append(arg)
        else:
            inference.relate(Same((node, f"{param.name}: R"), (inference.types[arg], Type(SCALAR))))
    result = Type()
    inference.relate(relations.Along(node, [*types, result], node.axis, not entry.result))
    return result


def _plain(inference: Inference, node: Applied, found: Sequence[book.Entry]) -> Type:
    """A function with shapes in its header; of overloads the one that the arguments fit."""
    sizes: dict[str, Dim] = {}
    types: list[Type] = []
    for arg, param in zip(node.args, found[0].params, strict=False):
        if param.role == "size":
            sizes[param.name] = places.size(inference, arg)
        elif param.role == "index":
            places.integer(inference, arg)
        else:
            types.append(inference.types[arg])
    result = Type()
    types.append(result)
    if found[0].fixed:
        dims = [*(found[0].result or ()), *(d for p in found[0].params for d in p.dims or ())]
        sizes |= {name: named(name) for dim in dims for name in dim.names}
    alternatives: list[Alternative] = []
    for entry in found:
        values = [param.dims or () for param in entry.params if param.role == "value"][
            : len(types) - 1
        ]
        rows = [*values, entry.result or ()]
        alternatives.append((tuple(kind_of(len(row)) for row in rows), tuple(rows)))
        if node.name in ("dot", "outer"):
            alternatives += _with_rows(rows)
    if len(alternatives) == 1:
        inference.relate(_Labelled((node, found), types, alternatives, sizes))
    else:
        inference.relate(Table((node, found), types, alternatives))
    return result


def _with_rows(rows: Sequence[tuple[Dim, ...]]) -> list[Alternative]:
    """The same with rows for columns in the arguments."""
    made: list[Alternative] = []
    for first in (False, True):
        for second in (False, True):
            if first or second:
                masks = (kind_of(1, first), kind_of(1, second), kind_of(len(rows[2])))
                made.append((masks, tuple(rows)))
    return made


def _wrong_arity(inference: Inference, node: Applied) -> Never:
    name = ALIASES.get(node.name, node.name)
    known = overloads(inference.scope.own, name)
    if not known:
        raise inference.scope.fail(f"unknown function `{name}`", node.head)
    forms = [f"{name}({', '.join(param.name or '…' for param in entry.params)})" for entry in known]
    count = len(node.args)
    axis = node.args[1] if count == 2 and known[0].mode == "along" else None
    suggestion = ""
    if isinstance(axis, Num) and axis.value in (0, 1):
        suggestion = f"{name}({inference.scope.excerpt(node.args[0])}, axis={axis.value})"
    raise inference.scope.fail(
        f"`{name}` does not take {count} argument{'' if count == 1 else 's'}",
        node.span,
        found=inference.scope.excerpt(node),
        expected=" or ".join(dict.fromkeys(forms)),
        suggestion=suggestion,
    )
