"""A derived function as a library with automatic differentiation takes it: its value, and the
derivative that was derived.

Of a scalar the derivative is its gradient, found together with the value; of anything else it is
the product u' J, which never builds the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from matcalc.errors import InputError
from matcalc.expr.nodes import Expr, Symbol

Derived = Callable[[str], Any]
"""The derivation of the same program by the same variables, of another kind."""


@dataclass(frozen=True)
class Differentiable:
    """The compiled functions of one target; those that are rarely needed when they are."""

    derived: Derived
    target: str
    targets: Sequence[Expr]
    stacked: bool
    functions: Mapping[str, Any] | None

    def __post_init__(self) -> None:
        for target in self.targets:
            if not isinstance(target, Symbol):
                raise InputError(
                    f"`{target.name}` is bound, and no input of a function"  # type: ignore[union-attr]
                )

    @cached_property
    def first(self) -> Any:
        """The derivation of the gradient, or of u' J."""
        whole = self.derived("vjp")
        return whole if whole.expression.shape.dims else self.derived("gradient")

    @property
    def scalar(self) -> bool:
        """Whether the value is one number."""
        return not self.first.expression.shape.dims

    @cached_property
    def value(self) -> Any:
        """The function of the inputs alone."""
        return self.first.expression.function(self.target, functions=self.functions)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The inputs, in order."""
        return tuple(symbol.name for symbol in self.first.program.variables.values())

    @property
    def wrt(self) -> tuple[str, ...]:
        """The inputs that there is a derivative by."""
        return tuple(target.name for target in self.targets if isinstance(target, Symbol))

    @cached_property
    def _both(self) -> Any:
        return self.first.function(self.target, value=True, functions=self.functions)

    @cached_property
    def _product(self) -> Any:
        return self.first.function(self.target, functions=self.functions)

    @cached_property
    def _second(self) -> tuple[Any, tuple[str, ...]]:
        hvp = self.derived("hvp")
        names = tuple(each.symbol.name for each in hvp.directions)
        return hvp.function(self.target, functions=self.functions), names

    def with_gradient(self, given: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...]]:
        """The value of a scalar, and its derivative by each variable."""
        value, slopes = self._both(**given)
        return value, self._each(slopes)

    def gradient(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """The derivative of a scalar by each variable."""
        return self._each(self._product(**given))

    def pulled_back(self, given: Mapping[str, Any], u: Any) -> tuple[Any, ...]:
        """u' J by each variable."""
        (direction,) = self.first.directions
        return self._each(self._product(**given, **{direction.symbol.name: u}))

    def hessian_product(self, given: Mapping[str, Any], along: Sequence[Any]) -> tuple[Any, ...]:
        """The Hessian times directions, one for each variable; DerivationError without a rule."""
        function, names = self._second
        vectors = [self._stack(along)] if self.stacked else along
        return self._each(function(**given, **dict(zip(names, vectors, strict=True))))

    def _each(self, slopes: Any) -> tuple[Any, ...]:
        if self.stacked:
            return tuple(slopes[i] for i in range(len(self.targets)))
        return slopes if isinstance(slopes, tuple) else (slopes,)

    def _stack(self, scalars: Sequence[Any]) -> Any:
        if self.target == "torch":
            import torch

            return torch.stack(list(scalars))
        import jax.numpy as jnp

        return jnp.stack(list(scalars))

    def refuse(self, wanted: Sequence[str]) -> None:
        """InputError if a derivative is wanted that was not derived."""
        missing = [name for name in wanted if name not in self.wrt]
        if missing:
            names = ", ".join([*self.wrt, *missing])
            raise InputError(
                f"the derivative by {missing[0]} is wanted and was not derived",
                suggestion=f'derive(…, "{names}"), or an input that is constant',
            )
