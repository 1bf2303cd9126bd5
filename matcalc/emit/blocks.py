"""A plan with a batch axis as a loop over blocks of rows."""

from __future__ import annotations

from matcalc.emit.buffers import BufferWriter
from matcalc.emit.pysource import Py
from matcalc.plan.batch import Batch
from matcalc.plan.plan import Plan
from matcalc.plan.values import ATOMIC, VIEWS, Value


class BlockWriter(BufferWriter):
    """Writes constants, then the loop that computes rows and adds up totals, then the rest."""

    blocks = True

    def run(self, plan: Plan) -> None:
        """Write all that the outputs need."""
        batch = plan.batch
        if batch is None:
            super().run(plan)
            return
        self._hints = {value: step.name for value, step in plan.steps.items() if step.name}
        groups: dict[str, list[Value]] = {"constant": [], "row": [], "total": [], "after": []}
        for value in plan.values:
            groups[batch.roles[value]].append(value)
        self._constants(plan, groups["constant"], [*groups["row"], *groups["total"]])
        loop = [v for v in plan.values if batch.roles[v] in {"row", "total"}]
        self._loop(plan, batch, loop)
        for value in groups["after"]:
            self._write(plan, value)

    def _write(self, plan: Plan, value: Value) -> None:
        self._texts[value] = self._short(value)
        if value in plan.steps and not self._trivial(value):
            self.settle(value)

    def _constants(self, plan: Plan, constants: list[Value], inside: list[Value]) -> None:
        """What the loop uses and does not depend on rows is computed before it."""
        needed = {arg for value in inside for arg in value.args}
        for value in constants:
            self._write(plan, value)
            if value in needed and value.op not in ATOMIC | VIEWS and not value.plain:
                self.settle(value)

    def _loop(self, plan: Plan, batch: Batch, values: list[Value]) -> None:
        step, count = self._taken.take("i"), self.dim(batch.dim).text
        until = f"{step}:{step} + {batch.rows}"
        before, inner = self.lines, []
        inputs = [value for value in values if value.op == "input"]
        blocks = {value: self._taken.take(f"{self.leaf(value).text}_{step}") for value in inputs}
        for value in inputs:
            at = ":, " * batch.axes[value] + until
            inner.append(f"{blocks[value]} = {self.leaf(value).text}[{at}]")
            self._texts[value] = Py(blocks[value])
        self.lines = inner
        results: dict[Value, str] = {}
        for value in values:
            if value.op == "input":
                continue
            if batch.roles[value] == "total":
                name = self._taken.take(self._hints.get(value) or self._wish(value))
                zero = f"np.zeros({self.shape(value.dims)}, {self.dtype()})" if value.dims else "0"
                before.append(f"{name} = {zero}")
                inner.append(f"{name} += {self._short(value).text}")
                results[value] = name
                continue
            self._write(plan, value)
        for value in plan.outputs:
            if batch.roles[value] == "row" and value not in results:
                name = self._taken.take(self._wish(value))
                before.append(f"{name} = np.empty({self.shape(value.dims)}, {self.dtype()})")
                inner.append(f"{name}[{until}] = {self._texts[value].text}")
                results[value] = name
        self.lines = [
            *before,
            f"for {step} in range(0, {count}, {batch.rows}):",
            *("    " + line for line in inner),
        ]
        self._texts |= {value: Py(name) for value, name in results.items()}
