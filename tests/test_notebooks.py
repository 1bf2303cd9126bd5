"""The notebooks as they are committed: executed from top to bottom, with what matcalc shows now.

That they run is tested by nbmake; `jupyter execute --inplace notebooks/*.ipynb` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SHOWN = ("text/latex", "text/markdown")


def cells(path: Path) -> list[Any]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_executed_in_order(path: Path) -> None:
    found = cells(path)
    assert [cell["execution_count"] for cell in found] == list(range(1, len(found) + 1))
    kinds = {output["output_type"] for cell in found for output in cell["outputs"]}
    assert "error" not in kinds and "execute_result" in kinds
    assert not any(o.get("name") == "stderr" for cell in found for o in cell["outputs"])


def shown(cell: Any) -> list[str]:
    """What a cell shows of matcalc: formulas and derivations."""
    data = [output["data"] for output in cell["outputs"] if "data" in output]
    texts = [bundle[form] for bundle in data for form in SHOWN if form in bundle]
    return ["".join(text) for text in texts]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_shown_is_fresh(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "MPLBACKEND", "agg")
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    committed = [shown(cell) for cell in cells(path)]
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": path.parent}}).execute()
    now = [shown(cell) for cell in notebook.cells if cell.cell_type == "code"]
    assert committed == now
