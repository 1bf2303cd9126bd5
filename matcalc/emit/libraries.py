"""Libraries of arrays beside NumPy, and what each does with arguments and functions.

What comes in as an array keeps its library, device and dtype; Python numbers take the dtype of the
arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

from matcalc.errors import InputError


class Library(ABC):
    """What a library of arrays does with arguments."""

    @abstractmethod
    def like(self, values: Sequence[Any]) -> Any:
        """What arrays are made like: the common floating dtype of the arguments, and where they
        are."""

    @abstractmethod
    def array(self, value: Any, like: Any) -> Any:
        """An argument as a real array; ValueError or TypeError if it is none."""

    def index(self, value: Any) -> Any:
        """A whole number; TypeError if it is none."""
        return value.__index__()

    def key(self, value: Any) -> Hashable:
        """What decides whether an array passes; AttributeError for what is none."""
        return type(value), value.dtype, value.shape, value.device

    def finished(
        self,
        body: Callable[..., Any],
        sizes: Sequence[str],  # noqa: ARG002  # what only some libraries ask
    ) -> Callable[..., Any]:
        """The function as the library runs it best; sizes are Python numbers."""
        return body


class Jax(Library):
    """JAX; functions are compiled by jax.jit, and may be called in others that are."""

    def __init__(self) -> None:
        import jax

        self.jax, self.jnp = jax, jax.numpy

    def like(self, values: Sequence[Any]) -> Any:
        dtypes = [self.jnp.result_type(value) for value in values if hasattr(value, "dtype")]
        floating = [d for d in dtypes if self.jnp.issubdtype(d, self.jnp.floating)]
        return self.jnp.result_type(*floating) if floating else self.jnp.result_type(float)

    def array(self, value: Any, like: Any) -> Any:
        array = self.jnp.asarray(value)
        if self.jnp.issubdtype(array.dtype, self.jnp.complexfloating):
            raise ValueError(str(array.dtype))
        return self.jnp.asarray(value, dtype=like)

    def key(self, value: Any) -> Hashable:
        return type(value), value.dtype, value.shape

    def index(self, value: Any) -> Any:
        if isinstance(value, self.jax.core.Tracer):
            if not self.jnp.issubdtype(value.dtype, self.jnp.integer):
                raise TypeError(str(value.dtype))
            return value
        return super().index(value)

    def finished(self, body: Callable[..., Any], sizes: Sequence[str]) -> Callable[..., Any]:
        made: Callable[..., Any] = self.jax.jit(body, static_argnames=tuple(sizes))
        return made


class Torch(Library):
    """PyTorch: on the device of the first tensor."""

    def __init__(self) -> None:
        import torch

        self.torch = torch

    def like(self, values: Sequence[Any]) -> Any:
        tensors = [v if self.torch.is_tensor(v) else self.torch.as_tensor(v)
                   for v in values if hasattr(v, "dtype")]  # fmt: skip
        devices = [v.device for v in values if self.torch.is_tensor(v)]
        dtype = None
        for tensor in tensors:
            if tensor.is_floating_point():
                dtype = self.torch.promote_types(dtype, tensor.dtype) if dtype else tensor.dtype
        return {
            "dtype": dtype or self.torch.get_default_dtype(),
            "device": devices[0] if devices else None,
        }

    def array(self, value: Any, like: Any) -> Any:
        array = value if self.torch.is_tensor(value) else self.torch.as_tensor(value)
        if array.is_complex():
            raise ValueError(str(array.dtype))
        if self.torch.is_tensor(value) and value.device != like["device"]:
            raise ValueError(f"on {value.device}, and others are on {like['device']}")
        return self.torch.as_tensor(value, **like)


class ArrayApi(Library):
    """A library of the array API standard: that of the first array."""

    def __init__(self) -> None:
        import array_api_compat

        self.compat = array_api_compat

    def like(self, values: Sequence[Any]) -> Any:
        arrays = [value for value in values if self.compat.is_array_api_obj(value)]
        if not arrays:
            raise InputError(
                "an array is needed that says which library computes",
                expected="arrays of a library of the array API standard",
            )
        xp = self.compat.array_namespace(*arrays)
        floating = [a.dtype for a in arrays if xp.isdtype(a.dtype, "real floating")]
        dtype = xp.result_type(*floating) if floating else xp.asarray(0.0).dtype
        return xp, dtype, self.compat.device(arrays[0])

    def array(self, value: Any, like: Any) -> Any:
        xp, dtype, device = like
        if not self.compat.is_array_api_obj(value):
            return xp.asarray(value, dtype=dtype, device=device)
        if xp.isdtype(value.dtype, "complex floating"):
            raise ValueError(str(value.dtype))
        return value if value.dtype == dtype else xp.astype(value, dtype)


LIBRARIES: Final[Mapping[str, Callable[[], Library]]] = {
    "jax": Jax, "torch": Torch, "array_api": ArrayApi,
}  # fmt: skip


def loaded(target: str) -> Library:
    """What a library does with arguments; InputError if it is not installed."""
    try:
        return LIBRARIES[target]()
    except ImportError as error:
        extra = target.replace("_", "-")
        raise InputError(
            f"functions for {target} need a package that is not installed: {error.name}",
            suggestion=f"pip install 'matcalc-engine[{extra}]'",
        ) from error
