"""Calls of functions as array computations: a table of those that are more than a function.

What is not in the table is computed by what the rule book says of the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from matcalc.expr import build
from matcalc.expr.nodes import Call
from matcalc.expr.properties import properties
from matcalc.plan.chain import Factor, factor
from matcalc.plan.forms import Form, Structure, array, count, diagonal, summed
from matcalc.plan.functions import called
from matcalc.plan.linear import inverse, structure, trace
from matcalc.plan.values import broadcast_dims, is_number
from matcalc.plan.working import Working


def call(work: Working, node: Call) -> Form:
    """The form of a call."""
    own = _OWN.get((node.name, len(node.args))) or _OWN.get((node.name, None))
    return own(work, node) if own else _of_book(work, node)


def _of_book(work: Working, node: Call) -> Form:
    """A function of the rule book."""
    values, dims = work.values, node.shape.dims
    function = called(node)
    elementwise = function.entry.mode == "elementwise"
    if elementwise:
        args = [array(values, work.aligned(a, node.shape), dims) for a in node.args]
        dims = broadcast_dims(args)
    else:
        args = [work.whole(arg) for arg in node.args]
    made = values.make("call", args, dims, function)
    plain = elementwise and all(a.plain for a in args)
    return Form(values.make("weak", (made,), ()) if plain else made)


def _eye(work: Working, _: Call) -> Form:
    return Form(work.values.number(1), "diagonal")


def _filled(work: Working, node: Call) -> Form:
    return Form(work.values.number(node.name == "ones"))


def _unit(work: Working, node: Call) -> Form:
    return Form(work.values.make("unit", (work.broadcast(node.args[0]),), node.shape.dims))


def _diag(work: Working, node: Call) -> Form:
    """A diagonal matrix is its entries; of a matrix the diagonal is taken."""
    (arg,) = node.args
    if arg.shape.rank != 1:
        return Form(diagonal(work.values, work.forms[arg], arg.shape.dims))
    known: Structure = "nonnegative" if "nonnegative" in properties(arg) else ""
    return Form(work.forms[arg].value, "diagonal", known)


def _tr(work: Working, node: Call) -> Form:
    return Form(trace(work, node.args[0]))


def _sum(work: Working, node: Call) -> Form:
    (arg,) = node.args
    if node.axis is None or arg.shape.rank == 1:
        return Form(summed(work.values, work.forms[arg], arg.shape.dims))
    if arg.shape.rank == 2:
        return Form(work.values.sum(work.whole(arg), node.axis % 2))
    return _of_book(work, node)


def _mean(work: Working, node: Call) -> Form:
    (arg,) = node.args
    if node.axis is not None and arg.shape.rank != 1:
        return _of_book(work, node)
    total = summed(work.values, work.forms[arg], arg.shape.dims)
    return Form(work.values.div(total, count(work.values, arg.shape.dims)))


def _max(work: Working, node: Call) -> Form:
    (arg,) = node.args
    axis = node.axis % 2 if arg.shape.rank == 2 and node.axis is not None else None
    return Form(work.values.make("max", (work.whole(arg),), node.shape.dims, axis))


def _solve(work: Working, node: Call) -> Form:
    matrix, other = node.args
    left = Factor(inverse(work, matrix), *matrix.shape.dims)
    return work.chain.join(left, factor(work.forms[other], other.shape)).form


def _where(work: Working, node: Call) -> Form:
    values = work.values
    test, *branches = (work.broadcast(x) for x in node.args)
    if test.op == "number":
        return Form(branches[is_number(test, 0)])
    if test.op == "cast":
        test = test.args[0]
    made = values.make("where", (test, *branches), broadcast_dims((test, *branches)))
    plain = all(branch.plain for branch in branches)
    return Form(values.make("cast", (made,), made.dims) if plain else made)


def _abs(work: Working, node: Call) -> Form:
    (arg,) = node.args
    return Form(work.values.abs(array(work.values, work.forms[arg], node.shape.dims)))


def _logdet(work: Working, node: Call) -> Form:
    (arg,) = node.args
    return Form(work.values.make("logdet", (work.whole(arg),), (), structure(arg)))


def _norm(work: Working, node: Call) -> Form:
    """The p-norm along an axis or of all entries; of order 1 and inf without powers."""
    arg, order = node.args
    values, dims, power = work.values, node.shape.dims, work.broadcast(order)
    x = work.whole(arg)
    if is_number(power, 2):
        return _of_book(work, build.call(node.shape, "norm", [arg], node.axis))
    size = values.abs(x)
    if power.op == "constant":
        return Form(values.make("max", (size,), dims, node.axis))
    total = values.sum(values.pow(size, power), node.axis)
    return Form(values.pow(total, values.div(values.number(1), power)))


def _onehot(work: Working, node: Call) -> Form:
    data = (node.name.removeprefix("onehot_"), node.axis)
    return Form(work.values.make("onehot", (work.whole(node.args[0]),), node.shape.dims, data))


def _of_first(work: Working, node: Call) -> Form:
    """An operation of the same name on the first argument; the others are in the dimensions."""
    made = work.values.make(node.name, (work.whole(node.args[0]),), node.shape.dims)  # type: ignore[arg-type]
    return Form(made)


def _blocks(work: Working, node: Call) -> Form:
    """Blocks side by side, one under the other, or along the diagonal."""
    blocks = [work.upright(part, node.shape) for part in node.args]
    return Form(work.values.make(node.name, blocks, node.shape.dims))  # type: ignore[arg-type]


_OWN: Final[Mapping[tuple[str, int | None], Callable[[Working, Call], Form]]] = {
    ("eye", None): _eye,
    ("ones", None): _filled,
    ("zeros", None): _filled,
    ("e", 2): _unit,
    ("diag", 1): _diag,
    ("tr", 1): _tr,
    ("sum", 1): _sum,
    ("mean", 1): _mean,
    ("max", 1): _max,
    ("solve", 2): _solve,
    ("where", 3): _where,
    ("abs", 1): _abs,
    ("logdet", 1): _logdet,
    ("norm", 2): _norm,
    ("onehot_max", 1): _onehot,
    ("onehot_min", 1): _onehot,
    ("chol", 1): _of_first,
    ("reshape", None): _of_first,
    ("unvech", 2): _of_first,
    ("hstack", None): _blocks,
    ("vstack", None): _blocks,
    ("blockdiag", None): _blocks,
}
"""By name and number of arguments; None: of any number."""
