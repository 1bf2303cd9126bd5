"""Arrays of the libraries that code is written for, to and from NumPy; those that are installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pytest

NEEDS: Final = {"jax": "jax", "torch": "torch", "array_api": "array_api_strict"}
"""The package that a target's functions need, beside NumPy."""


def jax_array(value: Any) -> Any:
    """An array of JAX in the precision that NumPy has it in."""
    import jax

    config: Any = jax.config
    config.update("jax_enable_x64", True)
    return jax.numpy.asarray(value)


def torch_array(value: Any) -> Any:
    """A tensor of PyTorch."""
    import torch

    return torch.tensor(value)


def strict_array(value: Any) -> Any:
    """An array of the reference implementation of the standard, which has nothing else."""
    import array_api_strict

    return array_api_strict.asarray(value)


ARRAYS: Final[dict[str, Callable[[Any], Any]]] = {
    "jax": jax_array, "torch": torch_array, "array_api": strict_array,
}  # fmt: skip

TARGETS: Final = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed"),
    )
    for name, package in NEEDS.items()
]


def given_to(target: str, value: Any, single: bool = False) -> Any:
    """An input for a function of a target: indices stay numbers, the rest are its arrays."""
    array = np.asarray(value)
    if array.dtype.kind in "iu" and not array.ndim:
        return int(array)
    return ARRAYS[target](array.astype(np.float32 if single else np.float64))


def single_precision(value: Any) -> bool:
    """Whether a result is in single precision."""
    return str(value.dtype).endswith("float32")
