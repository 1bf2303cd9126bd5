"""What libraries have in common whose arrays have a device: PyTorch and the array API standard.

An array is made of one dtype on one device, those of the inputs; a shape is a tuple; a number is
not an array.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, Final

from matcalc.dims import Dim
from matcalc.emit.functional import Functional
from matcalc.emit.pysource import Py, multiplied
from matcalc.expr.nodes import Symbol
from matcalc.plan.functions import Called
from matcalc.plan.values import Value

COMPARING: Final = frozenset({"leaky_relu"})
"""Functions that compare their first argument: it is an array, whatever the others are."""


class OnDevice(Functional):
    """Writes functions of arrays that keep the dtype and the device of the inputs."""

    reserved: ClassVar[Sequence[str]] = ("device",)
    boolean: ClassVar[frozenset[str]] = frozenset()
    maker: ClassVar[str] = "asarray"
    of_numbers: ClassVar[frozenset[str]] = frozenset()
    """Functions of entries that take a Python number for one of their arguments."""

    def dtype(self) -> str:
        """The arguments that keep the dtype and the device of the inputs."""
        return "dtype=dtype, device=device"

    def header(self, inputs: Sequence[tuple[str, Symbol]], body: str) -> list[str]:
        """The dtype and the device of the inputs, as far as they are used."""
        inputs = sorted(inputs, key=lambda each: not each[1].shape.dims)
        known = self.known(inputs[0][0] if inputs else "")
        used = [name for name in known if re.search(rf"\b{name}\b(?! ?=)", body)]
        return [f"{', '.join(used)} = {', '.join(known[name] for name in used)}"] if used else []

    def known(self, array: str) -> dict[str, str]:
        """What is known of an input, or where there is none of the library's own choice."""
        return {"dtype": f"{array}.dtype", "device": self.device_of(array)}

    def device_of(self, array: str) -> str:
        """Where an array is."""
        return f"{array}.device"

    def shape(self, dims: tuple[Dim, ...]) -> str:
        """A shape, a tuple in any case."""
        return f"({super().shape(dims)},)" if len(dims) == 1 else super().shape(dims)

    def range(self, count: str) -> str:
        """The whole numbers up to a count."""
        return f"{self.lib}.arange({count}, device=device)"

    def count(self, value: Value) -> str:
        """How many entries an array has."""
        return multiplied([self.dim(dim) for dim in value.dims]).text

    def places(self, dim: Dim) -> str:
        """The diagonal of a square array, as booleans."""
        return f"{self.lib}.eye({self.dim(dim).text}, dtype={self.lib}.bool, device=device)"

    def scalar(self, value: Value) -> Py:
        """A Python number as an array of the inputs' dtype."""
        return Py(self.array_of(value.args[0]))

    def array(self, value: Value) -> Py:
        """A matrix or vector of scalars."""
        whole = value.args[0].op == "array"
        rows = [row.args for row in value.args] if whole else [value.args]
        if all(entry.plain for row in rows for entry in row):
            texts = [f"[{self.listed(row)}]" for row in rows]
            return Py(self.literal(", ".join(texts) if whole else self.listed(rows[0])))
        texts = [f"{self.lib}.stack([{', '.join(map(self.array_of, row))}])" for row in rows]
        return Py(f"{self.lib}.stack([{', '.join(texts)}])" if whole else texts[0])

    def literal(self, inside: str) -> str:
        """An array of numbers."""
        return f"{self.lib}.tensor([{inside}], {self.dtype()})"

    def full(self, value: Value) -> Py:
        """A scalar at every place."""
        if value.args[0].plain:
            return super().full(value)
        text = self._texts[value.args[0]].text
        return Py(f"{self.lib}.broadcast_to({text}, {self.shape(value.dims)})")

    def vdot(self, value: Value) -> Py:
        """The sum of the products of the entries of two arrays."""
        return Py(f"{self.lib}.sum({multiplied(self.args(value)).text})")

    def where(self, value: Value) -> Py:
        """One of two arrays, entry by entry; two numbers get the dtype of the inputs."""
        test, *branches = value.args
        texts = [self._texts[branch].text for branch in branches]
        if all(branch.plain for branch in branches):
            texts = [self.array_of(branch) for branch in branches]
        return Py(f"{self.lib}.where({self.condition(test)}, {', '.join(texts)})")

    def condition(self, test: Value) -> str:
        """A value as a boolean array."""
        sides = test.args if test.op == "compare" else (test,)
        if all(side.plain for side in sides):
            return f"{self.lib}.{self.maker}({super().condition(test)}, device=device)"
        return super().condition(test)

    def argument(self, function: Called, name: str, arg: Value) -> Py:
        """The operand that a function, which takes arrays, has for a parameter."""
        number = function.entry.mode != "elementwise" or function.name in self.of_numbers
        if function.name in COMPARING and name == function.params[0]:
            number = False
        return self._texts[arg] if number or not arg.plain else Py(self.array_of(arg))

    def cast(self, value: Value) -> Py:
        """An indicator as a number of the inputs' dtype."""
        (arg,) = value.args
        return self._texts[arg] if arg.op == "where" else super().cast(value)
