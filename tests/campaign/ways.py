"""Other ways to have a result computed, each of which must give what plain NumPy code gives.

A program asks for one of them: the value with the derivative, inputs bound once, an array to write
to, results as linear operators, inputs that do not lie in one piece, a derivation that was pickled,
or the code of another library, where it is installed.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from matcalc import Derivation
from matcalc.check.differences import Array
from matcalc.errors import DerivationError
from matcalc.pipeline import leaves_of, mapped
from tests.emit.libraries import NEEDS, given_to

Functions = Mapping[str, Sequence[Callable[..., Any]]]
Known = Mapping[str, Any]


def _valued(d: Derivation, known: Known, functions: Functions) -> list[Any]:
    return leaves_of(d.function("numpy", value=True, functions=functions)(**known)[1])


def _bound(d: Derivation, known: Known, functions: Functions) -> list[Any]:
    """With every other input given beforehand."""
    before = dict(list(known.items())[::2])
    rest = {name: value for name, value in known.items() if name not in before}
    return leaves_of(d.function("numpy", functions=functions, bind=before)(**rest))


def _written(d: Derivation, known: Known, functions: Functions) -> list[Any]:
    """Into arrays that were there before, nested as the results are; numbers have no such."""
    function = d.function("numpy", functions=functions)
    first = function(**known)
    out = mapped(lambda leaf: np.full_like(leaf, np.nan) if np.ndim(leaf) else None, first)
    return leaves_of(function(**known, out=out) if any(map(np.ndim, leaves_of(first))) else first)


def _structured(d: Derivation, known: Known, functions: Functions) -> list[Any]:
    """As linear operators, made matrices again: between vec()s where there are more axes."""
    made = leaves_of(d.function("numpy", functions=functions, structured=True)(**known))
    return [part.toarray() if hasattr(part, "toarray") else part for part in made]


def _strided(d: Derivation, known: Known, functions: Functions) -> list[Any]:
    """From arrays that are every second entry of others, backwards, and may not be written to."""

    def seen(value: Any) -> Any:
        if not np.ndim(value):
            return value
        wide = np.full([2 * size for size in np.shape(value)], np.nan)
        view = wide[(slice(None, None, -2),) * wide.ndim]
        view[...] = value
        view.flags.writeable = False
        return view

    function = d.function("numpy", functions=functions)
    return leaves_of(function(**{name: seen(value) for name, value in known.items()}))


def _pickled(d: Derivation, known: Known, functions: Functions) -> list[Any]:
    """From a derivation that was written down and read again."""
    again: Derivation = pickle.loads(pickle.dumps(d))
    return leaves_of(again.function("numpy", functions=functions)(**known))


def _of_library(target: str) -> Callable[[Derivation, Known, Functions], list[Any]]:
    def computed(d: Derivation, known: Known, functions: Functions) -> list[Any]:
        def theirs(function: Callable[..., Any]) -> Callable[..., Any]:
            return lambda x: given_to(target, function(np.asarray(x)))

        own = {name: [theirs(f) for f in known] for name, known in functions.items()}
        function = d.function(target, functions=own)
        result = function(**{name: given_to(target, value) for name, value in known.items()})
        return [np.asarray(leaf) for leaf in leaves_of(result)]

    return computed


WAYS: Final[Mapping[str, Callable[[Derivation, Known, Functions], list[Any]]]] = {
    "value": _valued,
    "bind": _bound,
    "out": _written,
    "structured": _structured,
    "strided": _strided,
    "pickled": _pickled,
    **{target: _of_library(target) for target in NEEDS},
}
"""Ways to have a result computed, by name."""


def computed(
    way: str, d: Derivation, known: Known, functions: Functions, like: Sequence[Array]
) -> list[Array] | None:
    """The results in a way, in the shapes of others; None if it is not to be had in that way."""
    package = NEEDS.get(way)
    if package is not None and (find_spec(package) is None or (functions and way == "jax")):
        return None
    try:
        made = WAYS[way](d, known, functions)
    except DerivationError:
        return None  # a library lacks a function, and says so
    return [_shaped(np.asarray(a), b) for a, b in zip(made, like, strict=True)]


def _shaped(value: Array, like: Array) -> Array:
    vec = value.ndim == 2 < like.ndim and value.size == like.size
    return value.reshape(like.shape, order="F") if vec else value
