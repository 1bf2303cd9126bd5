"""The JSON of a derivation is what its schema says."""

from __future__ import annotations

import json

import jsonschema
import pytest

from matcalc import cli, derive
from matcalc.show import jsonable

PROGRAMS = [
    ("mean((y - max(0, X w + b))^2)", "w, b", "auto"),
    ("log(1 + exp(w·x))", "w", "hessian"),
    ("x^2 y", "x, y", "hessian"),
    ("x^2 y", "[x, y]", "auto"),
    ("exp(A X)", "X", "jacobian"),
    ("tanh(A x)", "x", "jvp"),
    ("logdet(X)", "X", "differential"),
    ("f(x) where f: R -> R", "x", "auto"),
]


@pytest.mark.parametrize(("program", "wrt", "kind"), PROGRAMS)
@pytest.mark.parametrize("level", ["textbook", "all", "index"])
def test_it_is_what_the_schema_says(program: str, wrt: str, kind: str, level: str) -> None:
    d = derive(program, wrt, kind=kind)
    told = d.explain(level, check=True)  # type: ignore[arg-type]  # one of the levels
    record = json.loads(json.dumps(jsonable.record(d, told)))
    jsonschema.Draft202012Validator.check_schema(jsonable.schema())
    jsonschema.Draft202012Validator(jsonable.schema()).validate(record)
    assert record["verified"]["passed"]
    for step in record["steps"]:
        sides = [step[side] for side in ("before", "joined", "after") if step[side] is not None]
        assert all(side["text"] and side["latex"] and side["shape"] for side in sides)


def test_the_schema_refuses_what_it_does_not_say() -> None:
    d = derive("x^2", "x")
    record = jsonable.record(d, d.explain())
    del record["steps"][1]["rule"]
    with pytest.raises(jsonschema.ValidationError, match="rule"):
        jsonschema.Draft202012Validator(jsonable.schema()).validate(record)


def test_the_command_prints_it() -> None:
    record = json.loads(cli.run(["x^2", "--wrt", "x", "--json"]).result)
    jsonschema.Draft202012Validator(jsonable.schema()).validate(record)
    assert record["schema"] == jsonable.SCHEMA and record["verified"]["inputs"] == 3
