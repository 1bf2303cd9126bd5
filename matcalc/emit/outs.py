"""Arrays of the caller that results are written into: which result gets which, and that it fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from matcalc.emit.nested import Output, leaves
from matcalc.errors import InputError


def aligned(outputs: Sequence[Output], out: Any, single: bool) -> list[Any]:
    """The array for each result, None for a new one; `out` is nested as the results are."""
    if single:
        return [out]
    found: list[Any] = []
    _align(outputs, out, found)
    return found


def _align(outputs: Sequence[Output], out: Any, found: list[Any]) -> None:
    if not isinstance(out, tuple | list) or len(out) != len(outputs):
        raise InputError(
            "out has an array, or None, for each result, nested as they are",
            found=type(out).__name__,
            expected=f"a tuple of {len(outputs)}",
        )
    for output, part in zip(outputs, out, strict=True):
        if isinstance(output, Sequence) and part is not None:
            _align(output, part, found)
        elif isinstance(output, Sequence):
            found += [None for _ in leaves(output)]
        else:
            found.append(part)


def check_outs(
    outputs: Sequence[Output], outs: Sequence[Any], sizes: Mapping[str, int], dtype: Any
) -> None:
    """An InputError unless each array has the shape and the dtype of its result."""
    import numpy as np

    for output, out in zip(leaves(outputs), outs, strict=True):
        if out is None:
            continue
        shape = getattr(output, "shape", None)
        if shape is None or not shape.dims:
            raise InputError("out has None for a result that is no array")
        wanted = tuple(int(dim.evaluate(sizes)) for dim in shape.dims)
        if not isinstance(out, np.ndarray) or out.shape != wanted or out.dtype != dtype:
            found = (
                f"shape {out.shape} of {out.dtype}"
                if isinstance(out, np.ndarray)
                else type(out).__name__
            )
            raise InputError(
                "the array in out does not fit the result",
                found=found,
                expected=f"an array of shape {wanted} of {dtype}",
            )


def overlapping(outs: Sequence[Any], arrays: Iterable[Any]) -> bool:
    """Whether what is written may be read, or be written twice."""
    import numpy as np

    written = [out for out in outs if out is not None]
    read = [array for array in arrays if isinstance(array, np.ndarray)]
    return any(np.may_share_memory(out, array) for out in written for array in read) or any(
        np.may_share_memory(one, other) for one, other in combinations(written, 2)
    )
