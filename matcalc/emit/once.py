"""What is computed once of bound inputs, as the function around the one that is called.

def bind(X, y):
    gram = X.T @ X

    def gradient(w):
        return 2 * (gram @ w)

    return gradient
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from matcalc.emit.inplace import NumpyWriter
from matcalc.emit.names import Identifiers
from matcalc.expr.nodes import Symbol
from matcalc.plan.plan import Plan
from matcalc.plan.sizes import Source
from matcalc.plan.values import VIEWS, Value


class Once:
    """The lines before a function: `places` names the inputs that they compute for it."""

    def __init__(
        self,
        made: Plan,
        inputs: Sequence[Symbol],
        names: Mapping[str, str],
        sizes: Mapping[str, str],
        taken: Identifiers,
    ) -> None:
        self.inputs = inputs
        self.places: dict[str, str] = {}
        self.writer = NumpyWriter(names, sizes, taken)
        self.kept = tuple(names[s.name] for s in inputs if s.name in _read(made))
        if made.before is None:
            return
        self.writer.run(made.before)
        for place, value in zip(made.places, made.before.outputs, strict=True):
            assert isinstance(place.data, tuple)
            self.places[str(place.data[0])] = self.writer.settle(value)

    def carries(self, source: Source | None) -> bool:
        """Whether a size is read off a bound input."""
        return source is not None and source.symbol in self.inputs

    def lends(self, value: Value) -> bool:
        """Whether a value is, or is a view of, what is used again in the next call."""
        while value.op in VIEWS | {"reshape", "diagonal", "broadcast"} and value.args:
            value = value.args[0]
        if value.op != "input":
            return False
        assert isinstance(value.data, tuple)
        return value.data[0] in self.places or value.data[0] in {s.name for s in self.inputs}


def _read(made: Plan) -> Collection[object]:
    """The names of the inputs that a plan reads."""
    return {v.data[0] for v in made.values if v.op == "input" and isinstance(v.data, tuple)}
