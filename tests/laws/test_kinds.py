"""The kinds of derivative are products of the gradient, the Jacobian and the Hessian; by several
variables at once they are what they are by each; and every way to ask and to write is the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from matcalc.pipeline import leaves_of
from tests.campaign.declared import AT_KINKS, VARIABLES
from tests.campaign.grammar import program
from tests.campaign.terms import Want, mentions
from tests.laws.support import (
    DEPTH,
    SHAPED,
    Scene,
    array,
    chooser,
    inner_product,
    law,
    scene,
    term,
)


@dataclass(frozen=True)
class Example:
    """A text and what it is differentiated by."""

    text: str
    scene: Scene


@st.composite
def scalars(draw: st.DrawFn) -> Example:
    pick = chooser(draw)
    text = term(pick, Want(())).text
    return Example(text, scene(pick, text))


@st.composite
def terms(draw: st.DrawFn) -> Example:
    pick = chooser(draw)
    text = term(pick, Want(SHAPED[pick(len(SHAPED))])).text
    return Example(text, scene(pick, text))


def swapped(block: Any, rank: int) -> Any:
    """A block of a Hessian with the axes of its two variables exchanged."""
    return np.moveaxis(block, range(rank), range(-rank, 0))


@law(scalars(), 60)
def test_symmetry_of_hessians(e: Example) -> None:
    """H[i, j] = H[j, i], where i and j may be places of a matrix."""
    hessian = e.scene.derived(e.text, "hessian")

    def sides(value: Any) -> Any:
        found = value(array(hessian))
        yield found, swapped(found, found.ndim // 2)

    e.scene.holds([hessian], sides)


@dataclass(frozen=True)
class Several:
    """A text, and two variables."""

    text: str
    kind: str
    names: tuple[str, str]
    scene: Scene


@st.composite
def several(draw: st.DrawFn, kinds: tuple[str, ...], dims: tuple[Any, ...] = ((),)) -> Several:
    pick = chooser(draw)
    text = term(pick, Want(dims[pick(len(dims))])).text
    known = [name for names in VARIABLES.values() for name in names if name not in AT_KINKS]
    found = [name for name in known if mentions(text, name)]
    names = (found + [name for name in ("x", "s", "A") if name not in found])[:]
    first = names.pop(pick(max(1, len(found))))
    second = names[pick(max(1, len(found) - 1))]
    around = scene(pick, text, first, second)
    return Several(text, kinds[pick(len(kinds))], (first, second), replace(around, wrt=first))


@law(several(("hessian",)), 50)
def test_symmetry_of_mixed_blocks(s: Several) -> None:
    """H_xy is H_yx with the axes of x and y exchanged."""
    hessian = s.scene.derived(s.text, "hessian", ", ".join(s.names))
    (_, upper), (lower, own) = hessian.solved.arrays

    def sides(value: Any) -> Any:
        yield value(upper), swapped(value(lower), own.shape.rank // 2)

    s.scene.holds([hessian], sides)


EACH: Final = ("gradient", "vjp", "jacobian", "differential", "jvp", "hvp", "hessian")


@law(several(EACH), 60)
def test_several_variables_at_once(s: Several) -> None:
    """By x and y together each result is that by x or by y alone; along directions it is the sum,
    and the blocks of a Hessian on the diagonal are the Hessians."""
    together = s.scene.derived(s.text, s.kind, ", ".join(s.names))
    alone = [s.scene.derived(s.text, s.kind, name) for name in s.names]
    results = [array(d) for d in alone]

    def sides(value: Any) -> Any:
        found = together.solved.arrays
        if s.kind in {"differential", "jvp"}:
            yield value(found), sum(map(value, results))
        elif s.kind == "hvp":  # H_xx v_x, with the rest of the direction 0
            ways = {way.of: way.symbol for way in together.directions}
            for k, result in enumerate(results):
                other = ways[s.names[1 - k]]
                still = {other.name: 0 * np.asarray(value(other))}
                yield value(found[k], **still), value(result)
        else:
            for k, result in enumerate(results):
                yield value(found[k][k] if s.kind == "hessian" else found[k]), value(result)

    s.scene.holds([together, *alone], sides)


@st.composite
def stacks(draw: st.DrawFn) -> Example:
    pick = chooser(draw)
    text = f"r + s^{1 + pick(3)} * {term(pick, Want(SHAPED[pick(len(SHAPED))])).text}"
    return Example(text, scene(pick, text))


@law(stacks(), 40)
def test_scalars_stacked(e: Example) -> None:
    """By [s, r] the derivatives by s and by r stand side by side."""
    whole, one, other = (e.scene.derived(e.text, "jacobian", name) for name in ("[s, r]", "s", "r"))
    e.scene.holds(
        [whole, one, other],
        lambda value: [
            (value(array(whole)), np.stack([value(array(one)), value(array(other))], axis=-1))
        ],
    )


@law(terms(), 60)
def test_products_with_a_direction(e: Example) -> None:
    """jvp is J v, the differential J dx, vjp u' J; the gradient of a scalar is its Jacobian."""
    jacobian, jvp, differential, vjp = (
        e.scene.derived(e.text, kind) for kind in ("jacobian", "jvp", "differential", "vjp")
    )
    scalar = not jacobian.program.expression.shape.dims
    gradient = e.scene.derived(e.text, "gradient") if scalar else jacobian

    def sides(value: Any) -> Any:
        whole = value(array(jacobian))
        (direction,), (adjoint,) = (
            [value(symbol) for symbol in d.solved.problem.directions] for d in (jvp, vjp)
        )
        rank = np.ndim(direction)
        along = inner_product(whole, direction, rank)
        yield value(array(jvp)), along
        yield value(array(differential)), along
        yield value(array(vjp)), inner_product(adjoint, whole, np.ndim(adjoint))
        yield value(array(gradient)), whole

    e.scene.holds([jacobian, jvp, differential, vjp], sides)


@law(scalars(), 60)
def test_hessian_vector_products(e: Example) -> None:
    """hvp is H v."""
    hessian, hvp = (e.scene.derived(e.text, kind) for kind in ("hessian", "hvp"))

    def sides(value: Any) -> Any:
        (direction,) = (value(symbol) for symbol in hvp.solved.problem.directions)
        yield (
            value(array(hvp)),
            inner_product(value(array(hessian)), direction, np.ndim(direction)),
        )

    e.scene.holds([hessian, hvp], sides)


@law(scalars(), 60)
def test_derivatives_inside_an_expression(e: Example) -> None:
    """grad(f, x), jacobian(f, x), hessian(f, x) are what is asked for; and the Jacobian of the
    gradient, however it is come by, is the Hessian."""
    by = e.scene.wrt
    plain = e.scene.shapes[by].split(" ", 1)[0]
    assume(plain in {"R", "R^n", "R^m"})
    around = replace(e.scene, shapes=e.scene.shapes | {"c1": plain})
    gradient, hessian = (around.derived(e.text, kind) for kind in ("gradient", "hessian"))
    inside = around.derived(f"sum(c1 .* grad({e.text}, {by}))", "gradient", "c1")
    twice = around.derived(f"grad({e.text}, {by})", "jacobian")
    along = around.derived(f"sum(c1 .* grad({e.text}, {by}))", "gradient")
    whole = around.derived(
        f"hessian({e.text}, {by}) c1" if plain != "R" else f"c1 * hessian({e.text}, {by})",
        "jacobian",
        "c1",
    )

    def sides(value: Any) -> Any:
        wanted = value(array(hessian))
        yield value(array(inside)), value(array(gradient))
        yield value(array(twice)), wanted
        yield value(array(whole)), wanted
        way = value(next(iter(s for s in along.program.variables.values() if s.name == "c1")))
        yield value(array(along)), inner_product(wanted, way, np.ndim(way))

    around.holds([gradient, hessian, inside, twice, along, whole], sides)


@law(terms(), 60)
def test_layouts_are_transposes(e: Example) -> None:
    """What is printed in denominator layout is the transpose of what is in numerator layout, but
    for the derivative of a scalar by a matrix; as arrays they are the same."""
    first, second = (
        e.scene.derived(e.text, "jacobian", layout=layout)
        for layout in ("numerator", "denominator")
    )
    assert first.solved.arrays == second.solved.arrays
    by, of = first.solved.problem.targets[0].shape, first.program.expression.shape

    def sides(value: Any) -> Any:
        one, other = (leaves_of(d.solved.written)[0] for d in (first, second))
        if by.rank == 1 and not of.dims:
            assert one.shape.row and not other.shape.row
        turned = by.dims and of.dims and one.shape.rank == 2
        yield value(one), value(other).T if turned else value(other)

    e.scene.holds([first, second], sides)


@st.composite
def with_matrices(draw: st.DrawFn) -> Example:
    pick = chooser(draw)
    dims = (("n", "n"), ("m", "n"), ("n",), ("m",))[pick(4)]
    text = term(pick, Want(dims)).text
    found = scene(pick, text)
    matrices = [
        name
        for shape in (("n", "n"), ("m", "n"))
        for name in VARIABLES[shape]
        if mentions(text, name) and name not in AT_KINKS
    ]
    return Example(text, replace(found, wrt=matrices[pick(len(matrices))]) if matrices else found)


@law(with_matrices(), 60)
def test_the_matrix_between_vecs(e: Example) -> None:
    """What is printed between vec(variable) and vec(result) has the entries of the array, the
    columns of matrices one under another."""
    jacobian = e.scene.derived(e.text, "jacobian")
    of = jacobian.program.expression.shape.rank
    by = jacobian.solved.problem.targets[0].shape.rank
    assume("vec" in jacobian.layout)

    def sides(value: Any) -> Any:
        whole = value(array(jacobian))
        axes = (*reversed(range(of)), *reversed(range(of, of + by)))
        rows = prod(whole.shape[:of])
        yield (
            value(leaves_of(jacobian.solved.written)[0]),
            whole.transpose(axes).reshape(rows, -1),
        )

    e.scene.holds([jacobian], sides)


@st.composite
def programs(draw: st.DrawFn) -> Example:
    pick = chooser(draw)
    made = program(pick, DEPTH)
    return Example(made.text, scene(pick, made.text))
