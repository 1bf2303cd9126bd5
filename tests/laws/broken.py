"""That every law can fail: for each a way to break the engine that the law notices.

    python -m tests.laws.broken

Each engine is broken in a process of its own, since what it finds wrong is kept in its tables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from matcalc import kinds, pipeline, result
from matcalc.calculus import forward, reverse
from matcalc.calculus.layouts import unvectorised
from matcalc.emit.array_api import ArrayWriter
from matcalc.emit.latex import latex
from matcalc.emit.pysource import Py
from matcalc.plan import calls
from matcalc.rules.book import RuleBook
from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.canonical import add, contract, transpose
from matcalc.tensor.nodes import Atom, Bound, Map, Tensor
from tests.laws import test_calculus, test_kinds, test_programs
from tests.laws.support import LAWS

__all__ = ["BREAKS", "test_calculus", "test_kinds", "test_programs"]

Patch = pytest.MonkeyPatch


def times(t: Tensor, factor: int = 2) -> Tensor:
    """A multiple of a tensor."""
    return add([(factor, t, tuple(range(t.rank)))], t.dims)


def slopes(patch: Patch, wrong: Callable[[Map], bool]) -> None:
    """Some slopes of element-wise functions are twice what they are."""
    right = RuleBook.local

    def local(book: RuleBook, node: Map, position: int) -> tuple[object, Tensor]:
        rule, slope = right(book, node, position)
        return rule, times(slope) if wrong(node) else slope

    patch.setattr(RuleBook, "local", local)


def without_coefficients(patch: Patch) -> None:
    """The terms of a sum lose their factors."""

    def contracted(views: Any, out: Any, dims: Any = None, **_: Any) -> Tensor:
        return contract(views, out, dims)

    patch.setattr(reverse, "contract", contracted)


def one_factor(patch: Patch) -> None:
    """Of a product only the first factor is differentiated."""
    right = reverse._contract_shares
    patch.setattr(reverse, "_contract_shares", lambda *given: right(*given)[:1])


def composed(patch: Patch) -> None:
    """A function of a function has a wrong slope."""
    slopes(patch, lambda node: not all(isinstance(t, Atom) for t, _ in node.args))


def one_function(patch: Patch) -> None:
    """A line of the rule book is wrong."""
    slopes(patch, lambda node: node.fn == "exp")


def one_name(patch: Patch) -> None:
    """Variables called x, X, A or s are not like others."""
    own = {"x", "X", "A", "s"}
    slopes(patch, lambda node: any(getattr(t, "name", "") in own for t, _ in node.args))


def turned_around(patch: Patch) -> None:
    """By several variables the last comes first."""
    right = kinds._each
    patch.setattr(kinds, "_each", lambda *given: right(*given)[::-1])


def stacked_backwards(patch: Patch) -> None:
    """Scalars are stacked in the other order."""
    right = kinds._stacked
    patch.setattr(kinds, "_stacked", lambda parts: right(parts[::-1]))


def long_tangents(patch: Patch) -> None:
    """Forward accumulation gives twice the tangent."""
    patch.setattr(kinds, "pushforward", lambda *given: times(forward.pushforward(*given)))


def inside(patch: Patch) -> None:
    """grad(…) within an expression is twice the gradient."""
    right = pipeline.inner_derivative

    def doubled(book: RuleBook) -> Any:
        return lambda *given: times(right(book)(*given))

    patch.setattr(pipeline, "inner_derivative", doubled)


def one_layout(patch: Patch) -> None:
    """Everything is written in numerator layout."""
    patch.setattr(pipeline, "written", lambda t, *_: t)


def by_rows(patch: Patch) -> None:
    """The axes of a matrix are exchanged where it was stacked."""
    right = unvectorised

    def exchanged(t: Tensor, parts: Sequence[int], dims: Any) -> Tensor:
        found = right(t, parts, dims)
        turned = transpose(found) if found.rank == 2 else found
        axes = (1, 0, *range(2, found.rank))
        same = found.rank > 2 and found.dims[0] is found.dims[1]
        return contract([(found, axes)], range(found.rank)) if same else turned

    patch.setattr(pipeline, "unvectorised", exchanged)


def as_typed(patch: Patch) -> None:
    """What is printed depends on how the program was typed."""
    right = result.Derivation.text
    patch.setattr(result.Derivation, "text", lambda d, **o: right(d, **o) + str(d.expression))


def restless(patch: Patch) -> None:
    """Every simplification doubles."""
    right = Simplifier.__call__
    patch.setattr(Simplifier, "__call__", lambda own, t: times(right(own, t)))


def bound(patch: Patch) -> None:
    """What is below a name counts twice."""
    right = reverse._shares

    def shares(node: Tensor, *given: Any) -> Any:
        factor = 2 if isinstance(node, Bound) else 1
        return [(operand, times(share, factor)) for operand, share in right(node, *given)]

    patch.setattr(reverse, "_shares", shares)


def other_sums(patch: Patch) -> None:
    """Code computes sums as means."""
    patch.setitem(calls._OWN, ("sum", 1), calls._mean)


def other_latex(patch: Patch) -> None:
    """LaTeX is not of what is printed."""
    right = latex

    def numbered(expr: Any, **options: Any) -> str:
        return f"{right(expr, **options)}_{{{id(expr)}}}"

    patch.setattr("matcalc.expression.latex", numbered)


def other_arrays(patch: Patch) -> None:
    """In denominator layout the entries are others."""
    right = pipeline.Writer.whole

    def whole(own: Any, piece: Any) -> Any:
        turned = own.problem.layout == "denominator"
        return right(own, replace(piece, tensor=times(piece.tensor)) if turned else piece)

    patch.setattr(pipeline.Writer, "whole", whole)


def other_library(patch: Patch) -> None:
    """Code for the array API standard halves sums."""
    right = ArrayWriter.sum

    def half(own: ArrayWriter, value: Any) -> Py:
        return Py(f"({right(own, value).text} / 2)")

    patch.setattr(ArrayWriter, "sum", half)


BREAKS: Final[Sequence[tuple[str, Callable[[Patch], None]]]] = (
    ("linearity", without_coefficients),
    ("product_rule", one_factor),
    ("chain_rule", composed),
    ("derivative_of_an_inverse", one_function),
    ("symmetry_of_hessians", one_factor),
    ("symmetry_of_mixed_blocks", one_factor),
    ("several_variables_at_once", turned_around),
    ("scalars_stacked", stacked_backwards),
    ("products_with_a_direction", long_tangents),
    ("hessian_vector_products", long_tangents),
    ("derivatives_inside_an_expression", inside),
    ("layouts_are_transposes", one_layout),
    ("the_matrix_between_vecs", by_rows),
    ("names_do_not_matter", one_name),
    ("the_order_of_operands_does_not_matter", as_typed),
    ("simplification_is_idempotent", restless),
    ("simplification_does_not_change_values", restless),
    ("the_layout_changes_how_a_result_is_written_alone", other_arrays),
    ("names_stand_for_their_values", bound),
    ("code_is_what_is_printed", other_sums),
    ("code_is_what_is_printed", other_latex),
    ("code_of_array_api", other_library),
)
"""The laws, and engines that break them."""


def noticed(name: str, broken: Callable[[Patch], None]) -> bool:
    """Whether a law notices that the engine is broken, tried in a process of its own."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    code = 2
    try:
        broken(Patch())
        code = 0 if LAWS[name].fails() else 1
    finally:
        os._exit(code)


def main() -> int:
    """Say of each law whether it notices."""
    missed = 0
    for name, broken in BREAKS:
        found = noticed(name, broken)
        missed += not found
        what = (broken.__doc__ or "").rstrip(".")
        sys.stdout.write(f"{'noticed' if found else 'MISSED '}  {name}: {what}\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
