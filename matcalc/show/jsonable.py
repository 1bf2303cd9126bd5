"""A derivation as JSON: `derivation.schema.json`, beside this module, says what is in it.

The keys and their meanings stay the same within one number of the schema; keys may be added.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from matcalc.emit.latex import latex
from matcalc.emit.text import text
from matcalc.expr.nodes import Expr
from matcalc.show.equations import Line, differentials, lines
from matcalc.show.record import Explanation, Formula, Rule, Step, Verdict, law

SCHEMA: Final = "matcalc/derivation/1"


def schema() -> dict[str, Any]:
    """The JSON Schema of what `record` gives."""
    path = Path(__file__).with_name("derivation.schema.json")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def record(d: Any, told: Explanation) -> dict[str, Any]:
    """Everything about a derivation and its explanation."""
    return {
        "schema": SCHEMA,
        "expression": str(d.expression),
        "wrt": list(d.wrt),
        "kind": d.kind,
        "layout": d.layout,
        "inputs": list(d.inputs),
        "directions": [direction.symbol.name for direction in d.directions],
        "shapes": {name: str(shape) for name, shape in _shapes(d)},
        "assumptions": list(d.assumptions),
        "shape": tree(d.shape),
        "structure": tree(d.structure),
        "result": tree(d.result),
        "latex": tree(d.result, lambda part: part.latex()),
        "level": told.level,
        "steps": [step(each) for each in told.steps],
        "verified": told.verdict and verdict(told.verdict),
    }


def _shapes(d: Any) -> list[tuple[str, object]]:
    symbols = [(symbol.name, symbol.shape) for symbol in d.program.variables.values()]
    return symbols + [(name, function) for name, function in d.program.functions.items()]


def tree(value: Any, write: Callable[[Any], Any] = str) -> Any:
    """A value as text, and a tuple of values as a list of texts."""
    return [tree(part, write) for part in value] if isinstance(value, tuple) else write(value)


def step(told: Step) -> dict[str, Any]:
    """One step, with its details."""
    named = differentials(told)

    def side(expr: Expr | None) -> dict[str, str] | None:
        if expr is None:
            return None
        shape = str(expr.shape)
        written = latex(expr, differentials=named)
        return {"text": text(expr, bindings=False), "latex": written, "shape": shape}

    return {
        "kind": told.kind,
        "title": told.title,
        "text": told.text,
        "of": told.of,
        "by": side(told.by),
        "before": side(told.before),
        "joined": side(told.joined),
        "after": side(told.after),
        "partials": told.partials and formula(told.partials),
        "held": list(told.held),
        "rule": told.rule and rule(told.rule),
        "lines": [line(each) for each in lines(told)],
        "verified": told.verdict and verdict(told.verdict),
        "details": [step(detail) for detail in told.details],
    }


def rule(used: Rule) -> dict[str, str]:
    """A rule: its name, statement and source."""
    return {"name": used.name, "statement": law(used), "source": used.source}


def formula(written: Formula) -> dict[str, str]:
    return {"text": written.text, "latex": written.latex}


def line(written: Line) -> dict[str, Any]:
    """An equation; where there is no sign, the right side alone is said."""
    left, right = formula(written.left), formula(written.right)
    return {"left": left, "sign": written.sign, "right": right}


def verdict(found: Verdict) -> dict[str, Any]:
    """What the numerical check said."""
    return {
        "passed": found.passed,
        "inputs": found.inputs,
        "worst": found.worst,
        "reason": found.reason,
    }
