"""A derived function for PyTorch: its backward pass is the derivative that was derived.

Of a scalar the backward pass of the backward pass is the derived Hessian times a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from matcalc.bridge.differentiable import Differentiable
from matcalc.emit.library_function import named_as
from matcalc.errors import DerivationError


def to_torch(parts: Differentiable) -> Callable[..., Any]:
    """The function of the inputs; see `Derivation.to_torch`."""

    def function(*args: Any, **kwargs: Any) -> Any:
        arrays, sizes = parts.value.arguments(args, kwargs)
        values = [arrays[name] for name in parts.names]
        wanted = [n for n in parts.names if _wants_gradient(arrays[n])]
        if not (wanted and torch.is_grad_enabled()):
            return parts.value(**arrays, **sizes)
        parts.refuse(wanted)
        kind = _Scalar if parts.scalar else _Array
        return kind.apply(parts, sizes, *values)[0]  # type: ignore[no-untyped-call]

    return named_as(function, parts.value)


def _wants_gradient(value: Any) -> bool:
    return torch.is_tensor(value) and value.requires_grad


class _Kept(torch.autograd.Function):
    """Keeps the function and its inputs for the backward pass."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004
        ctx.parts, ctx.sizes, *values = inputs
        ctx.tensors = [torch.is_tensor(value) for value in values]
        ctx.numbers = [value for value in values if not torch.is_tensor(value)]
        ctx.save_for_backward(*(value for value in values if torch.is_tensor(value)))


def _inputs(ctx: Any) -> dict[str, Any]:
    """The inputs that a function was called with, sizes among them."""
    saved, numbers = iter(ctx.saved_tensors), iter(ctx.numbers)
    values = [next(saved) if tensor else next(numbers) for tensor in ctx.tensors]
    given: dict[str, Any] = dict(zip(ctx.parts.names, values, strict=True))
    sizes: dict[str, int] = ctx.sizes
    return given | sizes


def _gradients(ctx: Any, slopes: Sequence[Any]) -> tuple[Any, ...]:
    """What a backward pass returns: nothing for the function, the sizes and constant inputs."""
    by_name = dict(zip(ctx.parts.wrt, slopes, strict=True))
    return (None, None, *(by_name.get(name) for name in ctx.parts.names))


class _Scalar(_Kept):
    """A number, found together with its gradient."""

    @staticmethod
    def forward(parts: Differentiable, sizes: dict[str, int], *values: Any) -> tuple[Any, ...]:
        given = dict(zip(parts.names, values, strict=True))
        value, slopes = parts.with_gradient(given | sizes)
        return (value, *slopes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _Kept.setup_context(ctx, inputs, output)
        slopes = output[1:]
        ctx.mark_non_differentiable(*slopes)
        tensors = [each for each in inputs[2:] if torch.is_tensor(each)]
        ctx.save_for_backward(*tensors, *slopes)

    @staticmethod
    def backward(ctx: Any, u: Any, *_: Any) -> tuple[Any, ...]:
        slopes = ctx.saved_tensors[sum(ctx.tensors) :]
        if torch.is_grad_enabled():  # the gradient may be differentiated again
            values = [_inputs(ctx)[name] for name in ctx.parts.names]
            slopes = _Gradient.apply(ctx.parts, ctx.sizes, *values)  # type: ignore[no-untyped-call]
        return _gradients(ctx, [u * slope for slope in slopes])


class _Gradient(_Kept):
    """The gradient of a scalar; its derivative is the Hessian, which is symmetric."""

    @staticmethod
    def forward(parts: Differentiable, sizes: dict[str, int], *values: Any) -> tuple[Any, ...]:
        return parts.gradient(dict(zip(parts.names, values, strict=True)) | sizes)

    @staticmethod
    def backward(ctx: Any, *along: Any) -> tuple[Any, ...]:
        found = ctx.parts.hessian_product(_inputs(ctx), along)
        return _gradients(ctx, _last(ctx, found, along))


class _Array(_Kept):
    """A vector, matrix or tensor; its derivative is a product with the Jacobian."""

    @staticmethod
    def forward(parts: Differentiable, sizes: dict[str, int], *values: Any) -> tuple[Any, ...]:
        return (parts.value(**dict(zip(parts.names, values, strict=True)), **sizes),)

    @staticmethod
    def backward(ctx: Any, u: Any) -> tuple[Any, ...]:
        found = ctx.parts.pulled_back(_inputs(ctx), u)
        return _gradients(ctx, _last(ctx, found, (u,)))


def _last(ctx: Any, found: tuple[Any, ...], along: Sequence[Any]) -> tuple[Any, ...]:
    """A derivative that has none itself: it refuses to be differentiated, and is not cut off."""
    if not torch.is_grad_enabled():
        return found
    made: tuple[Any, ...] = _Last.apply(found, *along, *ctx.saved_tensors)  # type: ignore[no-untyped-call]
    return made


class _Last(torch.autograd.Function):
    """Values that depend on tensors, without a derivative."""

    generate_vmap_rule = True

    @staticmethod
    def forward(found: tuple[Any, ...], *tensors: Any) -> tuple[Any, ...]:  # noqa: ARG004
        return tuple(each.clone() for each in found)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, *_: Any) -> tuple[Any, ...]:  # noqa: ARG004
        raise DerivationError(
            "PyTorch wants a derivative that was not derived: of a scalar there are the first and"
            " the second, of anything else the first"
        )
