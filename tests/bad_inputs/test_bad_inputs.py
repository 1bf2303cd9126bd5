"""Every row of the tables: what derive() says, and what the command line does."""

from __future__ import annotations

import pytest

from matcalc.cli import main
from tests.bad_inputs.update import Row, rows

LEAST = 200


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.text[:40])
def test_what_is_said(row: Row) -> None:
    assert row.says.startswith("error: ")
    assert row.answer() == row.says


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.text[:40])
def test_the_command_line(row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    options = [f"--shape={name}: {space}" for name, space in row.shapes.items()]
    if "kind" in row.options:
        options.append(f"--kind={row.options['kind']}")
    assert main([row.program, "--wrt", row.options.get("by", "x"), *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.rstrip("\n").endswith(row.says)


def test_there_are_enough() -> None:
    assert len({row.text for row in rows()}) >= LEAST
