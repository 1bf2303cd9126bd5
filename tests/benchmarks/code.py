"""How fast emitted code runs: against jax.jit and against NumPy written by hand.

    pip install -e '.[bench]' && python -m tests.benchmarks code [WORD]

Double precision, one thread on one processor.  The three are run in turn, each round beginning with
another one, so that what disturbs the machine disturbs all of them; a ratio is the median of the
ratios of the rounds.  How often a short call is repeated is decided by warm calls.  The ratio to
code by hand is one of processor time: both are NumPy, and on a busy machine that says more than the
clock.  Values are compared before anything is timed.  An operator is timed where it is made, which
is what is held against jax, and again where it multiplies a vector, since one that did nothing till
then would be the fastest.  A row below its aim is printed like the others, and marked.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

ROUNDS: Final = 15
SHORTEST: Final = 2e-4
"""A measurement repeats what takes less than this many seconds."""

ONE_THREAD: Final = {
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu",
}  # fmt: skip


Action = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """A derivative, its inputs as functions of a generator, and the same for the two others.

    `peer` is a function of jax.numpy and jax that gives a function of the inputs, `hand` is NumPy.
    A structured result is an operator; by hand it is a function that multiplies a vector.
    """

    name: str
    text: str
    wrt: str
    shapes: dict[str, str]
    inputs: dict[str, tuple[int, ...]]
    peer: Callable[[Any, Any], Callable[..., Any]]
    hand: Callable[..., Any]
    aim: float
    kind: str = "auto"
    value: bool = False
    gradient: bool = False
    structured: bool = False
    spd: Sequence[str] = field(default=())


def _softplus(np: Any, z: Any) -> Any:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _rows(np: Any, la: Any) -> list[Row]:
    def logistic(X: Any, y: Any, w: Any) -> Any:
        z = y * (X @ w)
        e = np.exp(-np.abs(z))
        value = np.sum(np.maximum(-z, 0) + np.log1p(e))
        return value, -(X.T @ (y * (np.where(z <= 0, 1, e) / (1 + e))))

    def logistic_hessian(X: Any, y: Any, w: Any) -> Any:
        e = np.exp(-np.abs(y * (X @ w)))
        R = (y * np.sqrt(e) / (1 + e))[:, None] * X
        return R.T @ R

    def logistic_product(X: Any, y: Any, w: Any, v: Any) -> Any:
        e = np.exp(-np.abs(y * (X @ w)))
        return X.T @ (y * y * (e / (1 + e) ** 2) * (X @ v))

    def logistic_all(X: Any, y: Any, w: Any) -> Any:
        z = y * (X @ w)
        e = np.exp(-np.abs(z))
        value = np.sum(np.maximum(-z, 0) + np.log1p(e))
        R = (y * np.sqrt(e) / (1 + e))[:, None] * X
        return value, -(X.T @ (y * (np.where(z <= 0, 1, e) / (1 + e)))), R.T @ R

    def logistic_peer(jnp: Any, jax: Any) -> Any:
        def loss(X: Any, y: Any, w: Any) -> Any:
            return jnp.sum(jax.nn.softplus(-y * (X @ w)))

        def found(X: Any, y: Any, w: Any) -> Any:
            return *jax.value_and_grad(loss, 2)(X, y, w), jax.hessian(loss, 2)(X, y, w)

        return found

    def logistic_product_peer(jnp: Any, jax: Any) -> Any:
        def found(X: Any, y: Any, w: Any, v: Any) -> Any:
            slope = jax.grad(lambda w: jnp.sum(jax.nn.softplus(-y * (X @ w))))
            return jax.jvp(slope, (w,), (v,))[1]

        return found

    def mirrored(half: Any) -> Any:
        full = half + half.T
        np.fill_diagonal(full, half.diagonal())
        return full

    def gaussian(S: Any, x: Any, μ: Any) -> Any:
        L = la.cholesky(S, lower=True, check_finite=False)
        d = x - μ
        s = la.cho_solve((L, True), d, check_finite=False)
        half = la.lapack.dpotri(L, lower=1)[0]
        value = -np.sum(np.log(np.diag(L))) - (s @ d) / 2
        return value, (np.outer(s, s) - mirrored(half)) / 2

    def mlp(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        H = np.tanh(X @ W1 + b1)
        Z = H @ W2 + b2
        Z = Z - np.max(Z, axis=1)[:, None]
        E = np.exp(Z)
        s = np.sum(E, axis=1)
        value = np.vdot(Y, np.log(s)[:, None] - Z)
        D = np.sum(Y, axis=1)[:, None] * E / s[:, None] - Y
        G = (1 - H * H) * (D @ W2.T)
        return value, (X.T @ G, np.sum(G, axis=0), H.T @ D, np.sum(D, axis=0))

    def mlp_loss(jnp: Any, jax: Any) -> Any:
        def loss(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
            return -jnp.sum(Y * jax.nn.log_softmax(jnp.tanh(X @ W1 + b1) @ W2 + b2, axis=1))

        return jax.value_and_grad(loss, argnums=(2, 3, 4, 5))

    def softmax(x: Any) -> Any:
        e = np.exp(x - np.max(x))
        p = e / np.sum(e)
        J = np.outer(-p, p)
        np.einsum("ii->i", J)[...] += p
        return J

    def factorisation_hessian(U: Any, V: Any, T: Any) -> Any:  # noqa: ARG001
        m, r = U.shape
        H = np.zeros((m, r, m, r))
        np.einsum("ijil->ijl", H)[...] = 2 * (V.T @ V)
        return H

    def factorisation_product(U: Any, V: Any, T: Any) -> Any:  # noqa: ARG001
        m, r = U.shape
        G = 2 * (V.T @ V)
        return lambda x: (G @ x.reshape(r, m)).reshape(-1)

    def masked_product(M: Any, U: Any, V: Any, T: Any) -> Any:  # noqa: ARG001
        (m, n), r = M.shape, U.shape[1]
        G = (M * M @ (2 * V[:, :, None] * V[:, None, :]).reshape(n, r * r)).reshape(m, r, r)
        return lambda x: (G @ x.reshape(r, m).T[:, :, None]).T.reshape(-1)

    def network_product(W: Any, x: Any, b: Any, V: Any, y: Any) -> Any:
        h = np.tanh(W @ x + b)
        s = 1 - h * h
        d = -2 * s * h * (V.T @ (V @ h - y))

        def product(z: Any) -> Any:
            t = x @ z.reshape(len(x), len(s))
            return np.outer(x, 2 * (d * t + s * (V.T @ (V @ (s * t))))).reshape(-1)

        return product

    def rectified_product(A: Any, B: Any, x: Any) -> Any:
        p = B @ x > 0
        return lambda v: A @ (p * (B @ v))

    def softmax_product(x: Any) -> Any:
        e = np.exp(x - np.max(x))
        p = e / np.sum(e)
        return lambda v: p * v - p * (p @ v)

    def tanh_product(x: Any) -> Any:
        d = 1 - np.tanh(x) ** 2
        return lambda v: d * v

    def quadratic_hessian(A: Any, x: Any) -> Any:
        H = A + A.T
        np.einsum("ii->i", H)[...] += np.exp(x)
        return H

    def inverse_form(A: Any, x: Any) -> Any:
        lu = la.lu_factor(A, check_finite=False)
        a = la.lu_solve(lu, x, trans=1, check_finite=False)
        return np.outer(-a, la.lu_solve(lu, x, check_finite=False))

    def definite_form(S: Any, x: Any) -> Any:
        s = la.cho_solve(la.cho_factor(S, check_finite=False), x, check_finite=False)
        return np.outer(-s, s)

    def definite_inverse(S: Any) -> Any:
        half = la.lapack.dpotri(la.cholesky(S, lower=True, check_finite=False), lower=1)[0]
        return mirrored(half)

    quadratic = "x' A x + sum(exp(x))"
    square = {"A": "n×n", "x": "n"}
    data = {"X": "m×n", "y": "m", "w": "n"}
    loss = "sum(log(1 + exp(-y ⊙ (X w))))"

    def small(n: int, aim: float) -> Row:
        return Row(
            f"x'A x + Σ exp x, gradient, n={n}", quadratic, "x", square, {"A": (n, n), "x": (n,)},
            lambda jnp, jax: jax.grad(lambda A, x: x @ A @ x + jnp.sum(jnp.exp(x)), 1),
            lambda A, x: A @ x + x @ A + np.exp(x), aim,
        )  # fmt: skip

    def small_hessian(n: int, aim: float) -> Row:
        return Row(
            f"x'A x + Σ exp x, Hessian, n={n}", quadratic, "x", square, {"A": (n, n), "x": (n,)},
            lambda jnp, jax: jax.hessian(lambda A, x: x @ A @ x + jnp.sum(jnp.exp(x)), 1),
            quadratic_hessian, aim, "hessian",
        )  # fmt: skip

    def network(n: int, aim: float) -> Row:
        return Row(
            f"MLP first-layer Hessian, n={n}, structured",
            "h = tanh(W x + b); norm(V h - y)^2", "W",
            {"W": "k×n", "x": "n", "b": "k", "V": "m×k", "y": "m"},
            {"W": (n, n), "x": (n,), "b": (n,), "V": (n, n), "y": (n,)},
            lambda jnp, jax: jax.hessian(
                lambda W, x, b, V, y: jnp.sum((V @ jnp.tanh(W @ x + b) - y) ** 2)),
            network_product, aim, "hessian", structured=True,
        )  # fmt: skip

    factors = {"U": "m×r", "V": "n×r", "T": "m×n"}
    narrow: dict[str, tuple[int, ...]] = {"U": (200, 5), "V": (200, 5), "T": (200, 200)}

    return [
        Row("logistic value + gradient, 100000×200", loss, "w", data,
            {"X": (100_000, 200), "y": (100_000,), "w": (200,)},
            lambda jnp, jax: jax.value_and_grad(
                lambda X, y, w: jnp.sum(jax.nn.softplus(-y * (X @ w))), 2),
            logistic, 2.0, value=True),
        Row("its Hessian-vector product", loss, "w", data,
            {"X": (100_000, 200), "y": (100_000,), "w": (200,), "v": (200,)},
            logistic_product_peer, logistic_product, 2.0, "hvp"),
        Row("logistic value + gradient + Hessian, 5000×500", loss, "w", data,
            {"X": (5000, 500), "y": (5000,), "w": (500,)}, logistic_peer, logistic_all, 5,
            "hessian", value=True, gradient=True),
        Row("logistic Hessian, 5000×500", loss, "w", data,
            {"X": (5000, 500), "y": (5000,), "w": (500,)},
            lambda jnp, jax: jax.hessian(
                lambda X, y, w: jnp.sum(jax.nn.softplus(-y * (X @ w))), 2),
            logistic_hessian, 5, "hessian"),
        Row("least squares Hessian, 5000×500", "sum((X w - y)^2)", "w", data,
            {"X": (5000, 500), "y": (5000,), "w": (500,)},
            lambda jnp, jax: jax.hessian(lambda X, y, w: jnp.sum((X @ w - y) ** 2), 2),
            lambda X, y, w: 2 * (X.T @ X), 5, "hessian"),  # noqa: ARG005
        Row("‖U V' - T‖² gradient by U, 2000², rank 10", "norm(U V' - T)^2", "U",
            {"U": "m×r", "V": "n×r", "T": "m×n"},
            {"U": (2000, 10), "V": (2000, 10), "T": (2000, 2000)},
            lambda jnp, jax: jax.grad(lambda U, V, T: jnp.sum((U @ V.T - T) ** 2), 0),
            lambda U, V, T: 2 * (U @ (V.T @ V) - T @ V), 2.0),
        Row("its Hessian by U, n=200, rank 5, dense", "norm(U V' - T)^2", "U", factors, narrow,
            lambda jnp, jax: jax.hessian(lambda U, V, T: jnp.sum((U @ V.T - T) ** 2), 0),
            factorisation_hessian, 500, "hessian"),
        Row("‖U V' - T‖² Hessian by U, structured", "norm(U V' - T)^2", "U", factors, narrow,
            lambda jnp, jax: jax.hessian(lambda U, V, T: jnp.sum((U @ V.T - T) ** 2), 0),
            factorisation_product, 40_000, "hessian", structured=True),
        Row("‖M ⊙ (U V' - T)‖² Hessian by U, structured", "norm(M ⊙ (U V' - T))^2", "U",
            {"M": "m×n", **factors}, {"M": (200, 200), **narrow},
            lambda jnp, jax: jax.hessian(
                lambda M, U, V, T: jnp.sum((M * (U @ V.T - T)) ** 2), 1),
            masked_product, 4000, "hessian", structured=True),
        network(32, 30), network(64, 500),
        Row("MLP 256 wide, value + gradient of all weights",
            "H = tanh(X W1 + b1'); Z = H W2 + b2'; sum(cross_entropy(Z, Y, axis=1))",
            "W1, b1, W2, b2",
            {"X": "N×p", "Y": "N×k", "W1": "p×h", "b1": "h", "W2": "h×k", "b2": "k"},
            {"X": (256, 256), "Y": (256, 256), "W1": (256, 256), "b1": (256,), "W2": (256, 256),
             "b2": (256,)},
            mlp_loss, mlp, 1.1, value=True),
        Row("A relu(B x) Jacobian, n=1000", "A relu(B x)", "x",
            {"A": "m×k", "B": "k×n", "x": "n"},
            {"A": (1000, 1000), "B": (1000, 1000), "x": (1000,)},
            lambda _, jax: jax.jacobian(lambda A, B, x: A @ jax.nn.relu(B @ x), 2),
            lambda A, B, x: A[:, (p := B @ x > 0)] @ B[p], 3.5),
        Row("A relu(B x) Jacobian, n=1000, structured", "A relu(B x)", "x",
            {"A": "m×k", "B": "k×n", "x": "n"},
            {"A": (1000, 1000), "B": (1000, 1000), "x": (1000,)},
            lambda _, jax: jax.jacobian(lambda A, B, x: A @ jax.nn.relu(B @ x), 2),
            rectified_product, 3.5, structured=True),
        Row("softmax Jacobian, n=1000", "softmax(x)", "x", {"x": "n"}, {"x": (1000,)},
            lambda jnp, jax: jax.jacobian(jax.nn.softmax), softmax, 15),  # noqa: ARG005
        Row("softmax Jacobian, n=1000, structured", "softmax(x)", "x", {"x": "n"}, {"x": (1000,)},
            lambda jnp, jax: jax.jacobian(jax.nn.softmax), softmax_product,  # noqa: ARG005
            15, structured=True),
        Row("tanh Jacobian, n=3000, dense", "tanh(x)", "x", {"x": "n"}, {"x": (3000,)},
            lambda jnp, jax: jax.jacobian(jnp.tanh),
            lambda x: np.diag(1 - np.tanh(x) ** 2), 3.5),
        Row("tanh Jacobian, n=3000, structured", "tanh(x)", "x", {"x": "n"}, {"x": (3000,)},
            lambda jnp, jax: jax.jacobian(jnp.tanh), tanh_product, 2500, structured=True),
        Row("‖A B x‖² gradient, n=1000", "norm(A B x)^2", "x",
            {"A": "n×n", "B": "n×n", "x": "n"},
            {"A": (1000, 1000), "B": (1000, 1000), "x": (1000,)},
            lambda jnp, jax: jax.grad(lambda A, B, x: jnp.sum((A @ B @ x) ** 2), 2),
            lambda A, B, x: 2 * ((A @ (B @ x)) @ A @ B), 30),
        small_hessian(1000, 30),
        Row("log det gradient, spd, n=500", "logdet(S)", "S", {"S": "n×n spd"}, {"S": (500, 500)},
            lambda jnp, jax: jax.grad(lambda S: jnp.linalg.slogdet(S)[1]),
            definite_inverse, 2.4, spd="S"),
        Row("Gaussian log-likelihood by Σ, value + gradient, n=300",
            "-1/2 logdet(S) - 1/2 (x - μ)' S^-1 (x - μ)", "S",
            {"S": "n×n spd", "x": "n", "μ": "n"}, {"S": (300, 300), "x": (300,), "μ": (300,)},
            lambda jnp, jax: jax.value_and_grad(
                lambda S, x, m: -jnp.linalg.slogdet(S)[1] / 2
                - (x - m) @ jnp.linalg.solve(S, x - m) / 2),
            gaussian, 9, value=True, spd="S"),
        Row("x'A⁻¹x by A, n=500", "x' A^-1 x", "A", square, {"A": (500, 500), "x": (500,)},
            lambda jnp, jax: jax.grad(lambda A, x: x @ jnp.linalg.solve(A, x)),
            inverse_form, 1.2, spd="A"),
        Row("x'S⁻¹x by S spd, n=500", "x' S^-1 x", "S", {"S": "n×n spd", "x": "n"},
            {"S": (500, 500), "x": (500,)},
            lambda jnp, jax: jax.grad(lambda S, x: x @ jnp.linalg.solve(S, x)),
            definite_form, 2, spd="S"),
        Row("tr(A X B) gradient, n=500", "tr(A X B)", "X",
            {"A": "n×n", "X": "n×n", "B": "n×n"}, dict.fromkeys("AXB", (500, 500)),
            lambda jnp, jax: jax.grad(lambda A, X, B: jnp.trace(A @ X @ B), 1),
            lambda A, X, B: A.T @ B.T, 3.5),  # noqa: ARG005
        Row("tr(A X B) value + gradient, n=500", "tr(A X B)", "X",
            {"A": "n×n", "X": "n×n", "B": "n×n"}, dict.fromkeys("AXB", (500, 500)),
            lambda jnp, jax: jax.value_and_grad(lambda A, X, B: jnp.trace(A @ X @ B), 1),
            lambda A, X, B: (np.vdot(G := A.T @ B.T, X), G), 5, value=True),
        small(10, 4), small(50, 6), small_hessian(10, 8),
        Row("Σ softplus x, value + gradient, 2M", "sum(log(1 + exp(x)))", "x", {"x": "n"},
            {"x": (2_000_000,)},
            lambda jnp, jax: jax.value_and_grad(lambda x: jnp.sum(jax.nn.softplus(x))),
            lambda x: (np.sum(_softplus(np, x)), np.where(
                x >= 0, 1, (e := np.exp(-np.abs(x)))) / (1 + e)), 2.5, value=True),
        Row("Σ sin x exp x, value + gradient, 2M", "sum(sin(x) ⊙ exp(x))", "x", {"x": "n"},
            {"x": (2_000_000,)},
            lambda jnp, jax: jax.value_and_grad(lambda x: jnp.sum(jnp.sin(x) * jnp.exp(x))),
            lambda x: ((s := np.sin(x)) @ (e := np.exp(x)), e * (s + np.cos(x))), 2.5, value=True),
    ]  # fmt: skip


def _sampled(np: Any, row: Row) -> list[Any]:
    rng = np.random.default_rng(0)
    values = []
    for name, shape in row.inputs.items():
        value = rng.standard_normal(shape) / (shape[-1] ** 0.5 if len(shape) > 1 else 1)
        values.append(value @ value.T + np.eye(shape[0]) if name in row.spd else value)
    return values


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


def _products(np: Any, operator: Any, array: Any, product: Callable[[Any], Any]) -> list[Action]:
    """The same vector multiplied by each: a matrix is compared by what it does."""
    vector = np.random.default_rng(1).standard_normal(operator.shape[1])
    matrix = np.asarray(array).reshape(operator.shape, order="F")
    return [lambda: operator @ vector, lambda: matrix @ vector, lambda: product(vector)]


def _compared(np: Any, mine: Any, other: Any) -> None:
    """An AssertionError unless all results agree."""
    for left, right in zip(_leaves(mine), _leaves(other), strict=True):
        scale = max(1e-30, float(np.max(np.abs(right))))
        np.testing.assert_allclose(left, right, rtol=1e-7, atol=1e-9 * scale)


def _seconds(action: Action, count: int) -> tuple[float, float]:
    """What an action takes, and how much of that the processor works for this process."""
    start, started = time.perf_counter(), time.process_time()
    for _ in range(count):
        action()
    ended, end = time.process_time(), time.perf_counter()
    return (end - start) / count, (ended - started) / count


def _count(action: Action) -> int:
    """How often an action is repeated in a measurement: from calls that are warm."""
    action()
    warm = min(_seconds(action, 1)[0] for _ in range(3))
    return max(1, int(SHORTEST / max(1e-9, warm)))


@dataclass(frozen=True)
class Times:
    """Seconds of matcalc, and what jax.jit and NumPy by hand take over that."""

    seconds: float
    peer: float
    hand: float


def _timed(actions: Sequence[Action]) -> Times:
    """The median of the first, and the medians of the ratios of the others to it.

    Each round begins with another one, so that none always finds what the same one left in the
    caches.
    """
    counts = [_count(action) for action in actions]
    places = range(len(actions))
    rounds: list[list[tuple[float, float]]] = []
    for start in range(ROUNDS):
        times = [(0.0, 0.0) for _ in places]
        for place in [*places[start % len(places) :], *places[: start % len(places)]]:
            times[place] = _seconds(actions[place], counts[place])
        rounds.append(times)
    return Times(
        statistics.median(mine[0] for mine, _, _ in rounds),
        statistics.median(peer[0] / mine[0] for mine, peer, _ in rounds),
        statistics.median(hand[1] / mine[1] for mine, _, hand in rounds),
    )


def _measured(np: Any, jax: Any, row: Row) -> list[Times]:
    """The time of matcalc, and the times of jax.jit and of NumPy by hand over it.

    Of an operator also those of its product with a vector.
    """
    from matcalc import derive

    d = derive(row.text, wrt=row.wrt, shapes=row.shapes, kind=row.kind)
    values = _sampled(np, row)
    named = dict(zip(row.inputs, values, strict=True))
    ours = d.function(value=row.value, gradient=row.gradient, structured=row.structured)
    given = [named[name] for name in d.inputs]
    peer = jax.jit(row.peer(jax.numpy, jax))
    there = [jax.device_put(value) for value in values]
    actions: list[Action] = [
        lambda: ours(*given),
        lambda: jax.block_until_ready(peer(*there)),
        lambda: row.hand(*values),
    ]
    results = [action() for action in actions]
    products = _products(np, *results) if row.structured else []
    found = [product() for product in products] or results
    for other in found[1:]:
        _compared(np, found[0], other)
    del results, found
    return [_timed(actions), *([_timed(products)] if products else [])]


def _print(name: str, times: Times, aim: str, marks: str) -> None:
    """One line of the table."""
    mine, peer, ours = times.seconds, times.peer, 1 / times.hand
    marks += " slower than by hand" if ours > 1.1 else ""
    print(
        f"{name:<56}{mine * 1e3:>9.4f}  {peer:>18.2f}  {aim:>6}  {ours:>18.2f}{marks}", flush=True
    )


def main(word: str = "") -> None:
    """Print the table, or its rows with a word in their names."""
    if "numpy" in sys.modules:
        raise RuntimeError("NumPy is loaded already, with threads that wait for each other")
    os.environ.update(ONE_THREAD)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import jax
    import numpy as np
    from scipy import linalg

    print(f"NumPy {np.__version__}, jax {jax.__version__}, double precision, one thread")
    print(f"{'':<56}{'ms':>9}  {'jax.jit / matcalc':>18}  {'aim':>6}  {'matcalc / by hand':>18}")
    ratios = []
    for row in [row for row in _rows(np, linalg) if word in row.name]:
        first, *rest = _measured(np, jax, row)
        ratios.append(first.peer)
        marks = " below its aim" if first.peer < row.aim else ""
        _print(row.name, first, f"{row.aim:g}", marks)
        for times in rest:
            _print("    a product with it", times, "", "")
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"{'geometric mean':<56}{'':>9}  {mean:>18.2f}  {8:>6g}")
