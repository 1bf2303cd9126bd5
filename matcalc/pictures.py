"""The pictures of a derivation: the graph of the computation, and the structure of the result."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from matcalc.check.plan import plan_of, sizes_for
from matcalc.derivation import explained
from matcalc.errors import DerivationError
from matcalc.kinds import Kind
from matcalc.pipeline import Solved, leaves_of, solve
from matcalc.show.blocks import Block, Blocks, as_matrix
from matcalc.show.graph import Graph, graph
from matcalc.simplify.pattern import pattern
from matcalc.tensor.lower import Lowering

SMALLEST = 3
"""The size that dimension names begin with in a picture."""


def graph_of(solved: Solved) -> Graph:
    """The graph of the computation, with the local derivatives of a gradient or a Jacobian."""
    problem = solved.problem
    if problem.kind not in ("gradient", "jacobian"):
        first: Kind = "jacobian" if problem.expression.shape.dims else "gradient"
        solved = solve(replace(problem, kind=first, directions=()), solved.book)
    return graph(explained(solved).steps, solved.book)


def blocks_of(solved: Solved, names: tuple[str, ...]) -> Blocks:
    """The structure of a result: its entries at small sizes, by blocks.

    DerivationError if no small sizes fit its dimensions, or the picture would be too large.
    """
    arrays = leaves_of(solved.arrays)
    sizes = next(sizes_for(plan_of(arrays, ()), {}, SMALLEST, False), None)
    if sizes is None:
        raise DerivationError("no small sizes fit the dimensions of the result")
    kind, hessian = solved.problem.kind, solved.problem.kind == "hessian"
    split = 0 if hessian or kind == "gradient" else solved.problem.expression.shape.rank
    lower = Lowering(solved.book)
    blocks = []
    stacked = solved.problem.stacked
    wanted = [f"[{', '.join(names)}]"] if stacked else list(names)
    pairs = list(product(wanted, wanted)) if hessian else [(name,) for name in wanted]
    targets = 1 if stacked else len(wanted)
    for pair, array, word in zip(pairs, arrays, leaves_of(solved.structure), strict=True):
        found = pattern(lower(array), sizes)
        if hessian:
            rank = 1 if stacked else _rank(solved, names, pair[0])
            cells, title = as_matrix(found, rank), f"∂²f/∂{pair[0]}∂{pair[1]}"
        elif kind == "gradient" and found.ndim == 2:
            cells, title = found, f"∂f/∂{pair[0]}"  # a matrix as it is
        else:
            cells, title = as_matrix(found, split), f"∂f/∂{pair[0]}"
        sparse = word == "dense" and not cells.all()
        blocks.append(Block(title, "sparse" if sparse else word, cells))
    if hessian:
        rows = [blocks[i : i + targets] for i in range(0, len(blocks), targets)]
    else:
        rows = [blocks] if kind == "jacobian" else [[block] for block in blocks]
    return Blocks(tuple(tuple(row) for row in rows), sizes)


def _rank(solved: Solved, names: tuple[str, ...], name: str) -> int:
    return solved.problem.targets[names.index(name)].shape.rank
