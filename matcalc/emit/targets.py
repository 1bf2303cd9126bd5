"""The targets that code is written for, by name; the writer of each is loaded when it is wanted."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from matcalc.errors import InputError

if TYPE_CHECKING:
    from matcalc.emit.functional import Functional

TARGETS: Final = ("numpy", "jax", "torch", "array_api")

ALIASES: Final = {"pytorch": "torch", "array-api": "array_api", "np": "numpy"}

_WRITERS: Final = {
    "numpy": ("matcalc.emit.blocks", "BlockWriter"),
    "jax": ("matcalc.emit.jax", "JaxWriter"),
    "torch": ("matcalc.emit.torch", "TorchWriter"),
    "array_api": ("matcalc.emit.array_api", "ArrayWriter"),
}


def target_named(name: str) -> str:
    """The target that a user means; InputError if there is none."""
    target = ALIASES.get(name, name)
    if target not in TARGETS:
        raise InputError(
            f"there is no code for the target {name!r}", expected="one of: " + ", ".join(TARGETS)
        )
    return target


def writer_of(target: str) -> type[Functional]:
    """What writes a target's code."""
    module, name = _WRITERS[target]
    kind: type[Functional] = getattr(import_module(module), name)
    return kind
