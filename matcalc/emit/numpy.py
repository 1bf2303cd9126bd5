"""Expressions as NumPy source: a plain documented function, and the same compiled.

Arrays: vectors, rows included, are 1-D; an output has exactly the dimensions of its expression, and
the dtype of the inputs.  The `numpy` field of a rule-book entry is one Python expression over

- the names of the parameters, which the arguments replace (an argument that stands there more than
  once becomes a local variable first); a parameter left out is replaced by its default;
- `np`, `sp` (scipy.special) and `la` (scipy.linalg), imported only where they are used;
- `axis`: None, 0 or 1 as the call says, None meaning all entries;
- `dtype`: the common floating dtype of the inputs;
- the sizes that the entry's header names.

Other targets take the line of their own in the entry, `jax` (over `jnp`, `jsp` and `jax`), `torch`,
or `xp` of the array API standard (over `xp`); without one they take that of NumPy, with the names
that their modules here give.  `device` is that of the inputs, where the library has devices.

Python floats and `np.pi` keep float32; `np.sqrt(2)` and `np.float64(…)` do not, and must not stand
there.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.emit.compiled import compile_function
from matcalc.emit.function import emit
from matcalc.emit.nested import Output
from matcalc.expr.nodes import Symbol

__all__ = ["Output", "compile_function", "size_keywords", "source"]


def source(
    name: str,
    outputs: Sequence[Output],
    inputs: Sequence[Symbol],
    doc: str = "",
    single: bool = False,
    target: str = "numpy",
) -> str:
    """The source of a function of the inputs that returns the outputs as a tuple, or the one.

    Outputs may be nested tuples, which come back nested in the same way.  Sizes that no input
    carries are keywords; of an unknown function f the parameters f, f_1 and f_2 are it and its
    derivatives, as far as they are used.
    Raises  DerivationError for a function that the target does not have.
    """
    return emit(name, outputs, inputs, doc, single, target=target).text


def size_keywords(outputs: Sequence[Output], inputs: Sequence[Symbol]) -> tuple[str, ...]:
    """The dimension names that the computation needs and that no input carries."""
    return tuple(size for size, _ in emit("f", outputs, inputs).sizes)
