"""Operations written over an operand that is dead: `t1 *= x`, `np.exp(t1, out=t1)`.

The plan says which these are.  An expression that has been put off until it is used, and reads the
array, is computed before it is written over.
"""

from __future__ import annotations

import re
from collections import Counter

from matcalc.emit.inplace import NumpyWriter
from matcalc.emit.into import is_ufunc
from matcalc.emit.pysource import Py, added, multiplied
from matcalc.plan.plan import Plan
from matcalc.plan.values import Value, operands


class BufferWriter(NumpyWriter):
    """Writes values into the arrays that the plan says they may have."""

    def run(self, plan: Plan) -> None:
        """Write all that the outputs need."""
        if not plan.buffers or self.into:
            super().run(plan)
            return
        self._hints = {value: step.name for value, step in plan.steps.items() if step.name}
        uses = Counter(plan.outputs)
        for value in plan.values:
            uses.update(operands(value))
        for value in plan.values:
            uses.subtract(operands(value))
            base = plan.buffers.get(value)
            waiting = [v for v, count in uses.items() if count > 0 and v in self._texts]
            if base is None or not self._over(value, base, waiting):
                self._texts[value] = self._short(value)
                if value in plan.steps and not self._trivial(value):
                    self.settle(value)

    def _over(self, value: Value, base: Value, waiting: list[Value]) -> bool:
        """Write a value over an operand; False if it is not written as one operation."""
        local = self._texts[base].text.isidentifier()
        if local and value in self._hints:
            return False  # the user's name is for this value, and not for what was there before
        if value.op == "call" and not is_ufunc(value, self._short(value).text):
            return False
        if not local:
            name = self._taken.take(self._hints.get(value) or self._wish(value))
            self.lines.append(f"{name} = {self._texts[base].text}")
            self._texts[base] = Py(name)
        name = self._texts[base].text
        reads = re.compile(rf"\b{name}\b")
        for other in waiting:
            if other is not base and reads.search(self._texts[other].text):
                self.settle(other)
        statements = self._statements(value, base, name)
        for arg in value.args:  # what the second statement reads is computed before the first
            if len(statements) > 1 and arg is not base and reads.search(self._texts[arg].text):
                self.settle(arg)
                statements = self._statements(value, base, name)
        self.lines += statements
        self._texts[value] = Py(name)
        return True

    def _statements(self, value: Value, base: Value, name: str) -> list[str]:
        """The statements that leave a value where one of its operands was."""
        match value.op:
            case "add":
                return self._sum(value, base, name)
            case "mul":
                texts = self.args(value)
                place = value.args.index(base)
                before = [multiplied(texts[:place])] if place else []
                return [f"{name} *= {py.text}" for py in [*before, *texts[place + 1 :]]]
            case "div" if base is value.args[0]:
                return [f"{name} /= {self._texts[value.args[1]].text}"]
            case "div":
                return [f"np.divide({self._texts[value.args[0]].text}, {name}, out={name})"]
            case "pow" if base is value.args[0]:
                return [f"{name} **= {self._texts[value.args[1]].text}"]
            case "pow":
                return [f"np.power({self._texts[value.args[0]].text}, {name}, out={name})"]
            case "neg":
                return [f"np.negative({name}, out={name})"]
            case "add_diagonal":
                return [f'np.einsum("ii->i", {name})[...] {self.shifted(value.args[1])}']
            case _:
                return [f"{self._short(value).text[:-1]}, out={name})"]

    def _sum(self, value: Value, base: Value, name: str) -> list[str]:
        """The terms before the operand together, as they were, then each of the others."""
        place = value.args.index(base)
        lines = [f"{name} {self.shifted(term)}" for term in value.args[place + 1 :]]
        if place > 1:
            first = added([self._texts[term] for term in value.args[:place]]).text
            return [f"{name} += {first}", *lines]
        return [f"{name} {self.shifted(value.args[0])}", *lines] if place else lines
