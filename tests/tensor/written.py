"""A program lowered to index notation and written again, with what must hold of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matcalc.check import evaluate, sample
from matcalc.emit.text import text
from matcalc.language import parse_program
from matcalc.tensor.lift import Lift
from matcalc.tensor.nodes import Tensor
from tests.tensor.problems import lowering


def written_again(
    program: str, shapes: Mapping[str, str], known: bool = False
) -> tuple[str, Tensor]:
    """How a program is written again, and its tensor; checked to have the value of the program, and
    to be lowered to the same tensor.  What the user wrote counts if it is `known`."""
    expr = parse_program(program, shapes).expression
    lowered = lowering()
    t = lowered(expr)
    written = Lift(lowered.known if known else None)(t)
    drawn = sample([expr], [], np.random.default_rng(3))
    got, given = (evaluate(e, drawn.point, drawn.sizes) for e in (written, expr))
    np.testing.assert_allclose(got, given, 1e-9, 1e-9)
    assert lowering()(written) is t
    return text(written), t
