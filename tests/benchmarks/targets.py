"""Derived code against the automatic differentiation of the same library, JAX and PyTorch.

    pip install -e '.[jax,torch]' && python -m tests.benchmarks targets

Both differentiate the value as matcalc writes it: once derived, once by jax.grad, jax.jacobian or
jax.hessian in jax.jit, or by those of torch.func.  Double precision, one thread, in turn; the
values are compared before anything is timed.  A library that is not installed is left out.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, Final

from tests.benchmarks.code import ONE_THREAD

ROUNDS: Final = 9

ROWS: Final[list[tuple[str, str, str, str, dict[str, tuple[int, ...]]]]] = [
    ("logistic regression, Hessian, X 5000×300", "sum(softplus(X w) - y ⊙ (X w))", "w", "hessian",
     {"X": (5000, 300), "w": (300,), "y": (5000,)}),
    ("‖U V' − T‖² by U, Hessian, n = 60, rank 5", "norm(U V' - T)^2", "U", "hessian",
     {"U": (60, 5), "V": (60, 5), "T": (60, 60)}),
    ("A relu(B x), Jacobian, n = 500", "A relu(B x)", "x", "jacobian",
     {"A": (500, 500), "B": (500, 500), "x": (500,)}),
    ("log|det(X'X + I)|, gradient, n = 300", "logdet(X' X + I)", "X", "gradient",
     {"X": (300, 300)}),
    ("‖A B x‖², gradient, n = 1000", "norm(A B x)^2", "x", "gradient",
     {"A": (1000, 1000), "B": (1000, 1000), "x": (1000,)}),
]  # fmt: skip
"""What it is, the program, the variable, the kind of derivative, and the shapes of the inputs."""

Pair = tuple[Callable[[], Any], Callable[[], Any]]


def in_jax(d: Any, wrt: str, kind: str, point: dict[str, Any]) -> Pair:
    """The derived function and the automatic derivative, on JAX's arrays."""
    import jax

    names = [wrt, *(name for name in point if name != wrt)]
    arrays = {name: jax.numpy.asarray(point[name]) for name in names}
    value, derived = d.to_jax(custom_vjp=False), d.function("jax")
    change: Any = {"gradient": jax.grad, "hessian": jax.hessian}.get(kind, jax.jacobian)
    automatic = jax.jit(change(lambda *args: value(**dict(zip(names, args, strict=True)))))
    values = [arrays[name] for name in names]
    ready: Any = jax.block_until_ready
    return lambda: ready(derived(**arrays)), lambda: ready(automatic(*values))


def in_torch(d: Any, wrt: str, kind: str, point: dict[str, Any]) -> Pair:
    """The same on tensors of PyTorch."""
    import torch

    torch.set_num_threads(1)
    tensors = {name: torch.tensor(array) for name, array in point.items()}
    value, derived = d.expression.function("torch"), d.function("torch")
    change: Any = {"gradient": torch.func.grad, "hessian": torch.func.hessian}.get(
        kind, torch.func.jacrev
    )
    automatic = change(lambda x: value(**tensors | {wrt: x}))
    return lambda: derived(**tensors), lambda: automatic(tensors[wrt])


def timed(pair: Pair) -> tuple[float, float]:
    """The median of the derived code's seconds, and of the ratios of the other's to them."""
    found = []
    for _ in range(ROUNDS):
        seconds = []
        for run in pair:
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
        found.append(seconds)
    return statistics.median(a for a, _ in found), statistics.median(b / a for a, b in found)


def rows() -> Iterator[tuple[str, str, float, float]]:
    """Each row for each library: its name, the library, seconds and the ratio."""
    import numpy as np

    from matcalc import derive

    libraries = {"jax": in_jax, "torch": in_torch}
    for name, text, wrt, kind, shapes in ROWS:
        rng = np.random.default_rng(0)
        point = {n: rng.normal(size=shape) / shape[-1] ** 0.5 for n, shape in shapes.items()}
        d = derive(text, wrt, kind=kind)
        for library, make in libraries.items():
            if find_spec(library) is not None:
                pair = make(d, wrt, kind, point)
                one, other = (np.asarray(run()) for run in pair)
                np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9)
                yield name, library, *timed(pair)


def main() -> None:
    """Print all of it."""
    os.environ.update(ONE_THREAD)
    print(f"{'problem':<45}{'library':<8}{'ms':>9}{'automatic / derived':>21}")
    for name, library, seconds, ratio in rows():
        print(f"{name:<45}{library:<8}{seconds * 1e3:>9.3f}{ratio:>21.1f}")
