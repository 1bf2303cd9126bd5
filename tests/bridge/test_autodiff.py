"""Hook-ups: the derived derivative inside jax.grad and as the backward pass of PyTorch."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pytest

from matcalc import DerivationError, InputError, derive
from tests.emit.libraries import given_to, single_precision

HAS_JAX: Final = find_spec("jax") is not None
HAS_TORCH: Final = find_spec("torch") is not None
jaxed = pytest.mark.skipif(not HAS_JAX, reason="jax is not installed")
torched = pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")

CASES: Final = [
    ("sum(softplus(X w + b)^2)", "w, b", {"X": (5, 3), "w": (3,), "b": (5,)}),
    ("sum(softplus(X w + b)^2)", "b", {"X": (5, 3), "w": (3,), "b": (5,)}),
    ("tanh(A x) ⊙ y", "x", {"A": (4, 3), "x": (3,), "y": (4,)}),
    ("X' X + λ eye(n)", "X, λ", {"X": (4, 3), "λ": ()}),
    ("logdet(X' X + λ I)", "X", {"X": (4, 3), "λ": ()}),
    ("x^2 y + sin(x y)", "[x, y]", {"x": (), "y": ()}),
    ("norm(A x - b)", "x", {"A": (4, 3), "x": (3,), "b": (4,)}),
]
"""A program, what it is derived by, and the shapes of its inputs."""

cases = pytest.mark.parametrize(
    ("text", "wrt", "shapes"), CASES, ids=[f"{t} by {w}" for t, w, _ in CASES]
)


def drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Random inputs, positive where that is wanted."""
    rng = np.random.default_rng(0)
    return {name: abs(rng.normal(size=shape)) + 0.5 for name, shape in shapes.items()}


def split(d: Any, point: dict[str, Any]) -> tuple[list[str], list[int]]:
    """The inputs in order, and the places of those that were derived by."""
    names = [name for name in d.inputs if name in point]
    return names, [names.index(name) for name in names if name in ", ".join(d.wrt).split(", ")]


@jaxed
@cases
def test_jax_grad_is_the_derived_one(text: str, wrt: str, shapes: dict[str, Any]) -> None:
    import jax

    d, point = derive(text, wrt), drawn(shapes)
    names, places = split(d, point)
    arrays = [given_to("jax", point[name]) for name in names]
    ours, theirs = d.to_jax(), d.to_jax(custom_vjp=False)
    weights = given_to("jax", np.random.default_rng(1).normal(size=np.shape(theirs(*arrays))))

    def model(f: Any) -> Any:
        return lambda *args: jax.numpy.sum(jax.numpy.sin(f(*args)) * weights)

    np.testing.assert_allclose(ours(**dict(zip(names, arrays, strict=True))), theirs(*arrays))
    for change in (lambda f: f, jax.jit):
        got = change(jax.grad(model(ours), argnums=tuple(places)))(*arrays)
        wanted = jax.grad(model(theirs), argnums=tuple(places))(*arrays)
        for one, other in zip(got, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@jaxed
def test_jax_maps_and_differentiates_twice() -> None:
    import jax

    d, point = derive("sum(softplus(X w)^2)", "w"), drawn({"X": (5, 3), "w": (3,)})
    X, w = (given_to("jax", point[name]) for name in d.inputs)
    ours, theirs = d.to_jax(), d.to_jax(custom_vjp=False)
    ws = jax.numpy.stack([w, 2 * w])
    changes: tuple[Any, ...] = (jax.grad, jax.hessian)
    for change in changes:
        got, wanted = (jax.vmap(change(lambda v, f=f: f(X, v)))(ws) for f in (ours, theirs))
        np.testing.assert_allclose(got, wanted, rtol=1e-9)
    single = ours(*(given_to("jax", point[name], True) for name in d.inputs))
    assert single_precision(single)


@jaxed
def test_jax_composes_in_a_model() -> None:
    """The derived loss at the end of a network that JAX differentiates."""
    import jax

    d = derive("mean((y - max(0, X w + b))^2)", "X, w, b")
    rng = np.random.default_rng(0)
    shapes = {"y": (6,), "A": (6, 4), "net": (4, 3), "w": (3,), "b": (6,)}
    y, A, *p = (given_to("jax", rng.normal(size=shape)) for shape in shapes.values())

    def slopes(loss: Any) -> Any:
        def model(net: Any, w: Any, b: Any) -> Any:
            return loss(y=y, X=jax.numpy.tanh(A @ net), w=w, b=b)

        return jax.jit(jax.grad(model, argnums=(0, 1, 2)))(*p)

    for one, other in zip(slopes(d.to_jax()), slopes(d.to_jax(custom_vjp=False)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@jaxed
def test_jax_is_refused_a_derivative_that_was_not_derived() -> None:
    import jax

    d, point = derive("sum(softplus(X w)^2)", "w"), drawn({"X": (5, 3), "w": (3,)})
    f = d.to_jax()
    for change in (lambda g: g, jax.jit):
        with pytest.raises(InputError, match="by X is wanted and was not derived"):
            change(jax.grad(f))(point["X"], point["w"])
    with pytest.raises(InputError, match="is bound, and no input"):
        derive("h = relu(x); norm(h)^2", "h").to_jax()


@torched
@cases
def test_torch_gradcheck(text: str, wrt: str, shapes: dict[str, Any]) -> None:
    import torch

    d, point = derive(text, wrt), drawn(shapes)
    names, places = split(d, point)
    arrays = [given_to("torch", point[name]) for name in names]
    f: Any = d.to_torch()
    np.testing.assert_allclose(f(*arrays), d.expression.function()(**point), rtol=1e-12)
    for place in places:
        arrays[place].requires_grad_(True)
    assert torch.autograd.gradcheck(f, tuple(arrays))
    if d.kind == "gradient":
        assert torch.autograd.gradgradcheck(f, tuple(arrays))
        return
    with pytest.raises(DerivationError, match="a derivative that was not derived"):
        torch.autograd.gradgradcheck(f, tuple(arrays))


@torched
def test_torch_refuses_what_was_not_derived() -> None:
    import torch

    f: Any = derive("sum(exp(A x))", "x").to_torch()
    A, x = torch.ones(2, 2), torch.ones(2)
    assert not f(A, x).requires_grad
    assert f(A, x.clone().requires_grad_(True)).requires_grad
    with pytest.raises(InputError, match="by A is wanted and was not derived"):
        f(A.clone().requires_grad_(True), x)
    x.requires_grad_(True)
    (slope,) = torch.autograd.grad(f(A, x), x, create_graph=True)
    assert slope.dtype == torch.float32
    (second,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
    with pytest.raises(DerivationError, match="a derivative that was not derived"):
        torch.autograd.grad(second.sum(), x)


@torched
def test_torch_maps() -> None:
    import torch

    f: Any = derive("sum(softplus(X w)^2)", "w").to_torch()
    X, w = (given_to("torch", value) for value in drawn({"X": (5, 3), "w": (3,)}).values())
    ws = torch.stack([w, 2 * w])
    got = torch.func.vmap(torch.func.grad(lambda v: f(X, v)))(ws)
    for one, v in zip(got, ws, strict=True):
        leaf = v.clone().requires_grad_(True)
        (wanted,) = torch.autograd.grad(f(X, leaf), leaf)
        torch.testing.assert_close(one, wanted)
