"""Every case of the case files, one test each: the engine's derivative against independent ones."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import matcalc
from tests.cases import check_cases, update

HERE = Path(__file__).parent
ORIGIN = HERE.parents[2] / "shared" / "cases"


def cases() -> list[Any]:
    """The cases of all files."""
    return [
        pytest.param(path.stem, case, id=case.id)
        for path in sorted(HERE.glob("*.jsonl"))
        for case in check_cases.load(path)
    ]


@pytest.fixture(scope="session")
def jax() -> Any:
    """JAX in double precision, which judges more sharply than differences; None without it."""
    if importlib.util.find_spec("jax") is None:
        return None
    module = importlib.import_module("jax")
    module.config.update("jax_enable_x64", True)
    importlib.import_module("jax.scipy")
    return module


@pytest.mark.parametrize(("file", "case"), cases())
def test_case(file: str, case: Any, jax: Any) -> None:
    outcome, answer = check_cases.check_engine(case, jax, matcalc)
    assert outcome == "passed" or file != "parr_howard", f"{outcome}: {answer}"


@pytest.mark.skipif(
    not ORIGIN.is_dir(), reason="a plain clone, without the folder of the case files"
)
def test_copy_is_not_stale() -> None:
    stale = update.stale(ORIGIN)
    assert not stale, f"{', '.join(stale)}: run `python -m tests.cases.update ../shared/cases`"


def test_update_copies_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    origin, copy = tmp_path / "origin", tmp_path / "copy"
    for folder in (origin, copy):
        folder.mkdir()
        for name in update.FILES:
            (folder / name).write_text(name, encoding="utf-8")
    (origin / "functions.jsonl").write_text("new", encoding="utf-8")
    monkeypatch.setattr(update, "HERE", copy)
    assert update.main([str(origin)]) == 0
    assert capsys.readouterr().out == "updated functions.jsonl\n"
    assert update.stale(origin) == []


def test_update_refuses_a_folder_without_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert update.main([str(tmp_path)]) == 1
    assert "does not have check_cases.py" in capsys.readouterr().err
