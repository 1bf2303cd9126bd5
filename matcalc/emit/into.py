"""Results written into arrays of the caller: the last operation gets them as NumPy's `out`.

What has no `out` is computed first and copied.  The inputs must not overlap the arrays, since these
are written before the function has read all inputs.
"""

from __future__ import annotations

from matcalc.emit.blas import BlasWriter
from matcalc.emit.pysource import Prec, Py, added, multiplied
from matcalc.plan.functions import Called
from matcalc.plan.values import Value


class IntoWriter(BlasWriter):
    """Values that have an array of the caller in `into` are written there."""

    def settle(self, value: Value) -> str:
        """Make a value a local variable; one that has an array of its own is written there."""
        name = self.into.get(value)
        if name is None or self._texts[value].text == name:
            return super().settle(value)
        self.lines += self._writing(value, name)
        self._texts[value] = Py(name)
        return name

    def _writing(self, value: Value, name: str) -> list[str]:
        """The statements that write a value into an array."""
        text = self._texts[value].text
        if text.isidentifier() or value.op == "array":  # rows of numbers have no text of their own
            return [f"{name}[...] = {text}"]
        args = [self._texts[arg] for arg in value.args]
        match value.op:
            case "matmul" | "outer":
                return [f"np.{value.op}({args[0].text}, {args[1].text}, out={name})"]
            case "add":
                last, rest = args[-1], args[:-1]
                minus = value.args[-1].op == "neg" and last.text.startswith("-")
                first = (added(rest) if len(rest) > 1 else rest[0]).text
                function, text = ("subtract", last.text[1:]) if minus else ("add", last.text)
                return [f"np.{function}({first}, {text}, out={name})"]
            case "mul":
                first = (multiplied(args[:-1]) if len(args) > 2 else args[0]).text
                return [f"np.multiply({first}, {args[-1].text}, out={name})"]
            case "div":
                return [f"np.divide({args[0].text}, {args[1].text}, out={name})"]
            case "diag":
                return [f"{name}.fill(0)", f"np.fill_diagonal({name}, {args[0].text})"]
            case "call" if is_ufunc(value, text):
                return [f"{text[:-1]}, out={name})"]
        return [f"{name}[...] = {text}"]

    def zeros(self, value: Value) -> str:
        """The name of a new array of zeros, or of that for a value, filled with them."""
        name = self.into.get(value)
        if name is None:
            made = f"np.zeros({self.shape(value.dims)}, {self.dtype()})"
            return self._local(self._wish(value), made).text
        self.lines.append(f"{name}.fill(0)")
        return name

    def fresh(self, value: Value, base: Value, owned: bool) -> str:
        """The name of a new array with the entries of `base`, or of that for a value."""
        py, name = self._texts[base], self.into.get(value)
        if name is None:
            name = self._taken.take(self._hints.get(value) or self._wish(value))
            self.lines.append(f"{name} = {py.text if owned else py.within(Prec.ATOM) + '.copy()'}")
        else:
            self.lines += self._writing(base, name)
        return name


def is_ufunc(value: Value, text: str) -> bool:
    """Whether a call is written as one ufunc of its arguments."""
    function = value.data
    assert isinstance(function, Called)
    return function.is_ufunc and text.startswith("np.")
