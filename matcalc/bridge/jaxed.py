"""A derived function for JAX: jax.grad of it is the derivative that was derived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax

from matcalc.bridge.differentiable import Differentiable
from matcalc.emit.library_function import named_as


def to_jax(parts: Differentiable, custom_vjp: bool) -> Callable[..., Any]:
    """The function of the inputs; see `Derivation.to_jax`."""
    if not custom_vjp:
        return parts.value  # type: ignore[no-any-return]
    made = _with_rule(parts)

    def function(*args: Any, **kwargs: Any) -> Any:
        arrays, sizes = parts.value.arguments(args, kwargs)
        return made(tuple(sorted(sizes.items())), *(arrays[name] for name in parts.names))

    return named_as(function, parts.value)


def _with_rule(parts: Differentiable) -> Any:
    """The function of sizes and arrays with its rule for the reverse mode."""

    @partial(jax.custom_vjp, nondiff_argnums=(0,))
    def function(sizes: tuple[tuple[str, int], ...], *arrays: Any) -> Any:
        return parts.value(**_given(parts, arrays), **dict(sizes))

    def forward(sizes: tuple[tuple[str, int], ...], *primals: Any) -> Any:
        parts.refuse([n for n, p in zip(parts.names, primals, strict=True) if p.perturbed])
        arrays = [primal.value for primal in primals]
        given = {**_given(parts, arrays), **dict(sizes)}
        if parts.scalar:
            return parts.with_gradient(given)
        return parts.value(**given), tuple(arrays)

    def backward(sizes: tuple[tuple[str, int], ...], kept: Any, u: Any) -> tuple[Any, ...]:
        if isinstance(u, jax.custom_derivatives.SymbolicZero):
            u = jax.numpy.zeros(u.shape, u.dtype)
        if parts.scalar:
            slopes = [u * slope for slope in kept]
        else:
            slopes = list(parts.pulled_back({**_given(parts, kept), **dict(sizes)}, u))
        by_name = dict(zip(parts.wrt, slopes, strict=True))
        return tuple(by_name.get(name) for name in parts.names)

    function.defvjp(forward, backward, symbolic_zeros=True)
    return function


def _given(parts: Differentiable, arrays: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(parts.names, arrays, strict=True))
