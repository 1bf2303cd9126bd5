"""The distribution in empty environments: the wheel away from the checkout, the editable install.

Nothing is downloaded: the build back end is that of the development environment, and the empty
environment stays empty but for matcalc.  So this shows too that the main job needs nothing but a
Python interpreter.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULT = "(w · x + b > 0) x'\n"


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed, run without the checkout on its path."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def build(kind: str, source: Path, target: Path) -> Path:
    """The path of an sdist, wheel or editable wheel of the project in the folder `source`."""
    target.mkdir(exist_ok=True)
    code = f"import hatchling.build as b; print(b.build_{kind}({str(target)!r}))"
    return target / run(sys.executable, "-c", code, cwd=source).splitlines()[-1]


def environment(folder: Path, wheel: Path) -> Path:
    """The bin folder of a new environment that holds this wheel and nothing else."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    places = {"base": str(folder), "platbase": str(folder)}
    binaries = Path(sysconfig.get_path("scripts", "venv", places))
    install = ("install", "--quiet", "--no-deps", "--no-index", wheel)
    run(sys.executable, "-m", "pip", "--python", binaries / "python", *install, cwd=folder)
    return binaries


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    return build("wheel", ROOT, folder / "dist")


@pytest.fixture(scope="module", params=["wheel", "editable"])
def binaries(request: pytest.FixtureRequest, folder: Path, wheel: Path) -> Path:
    if request.param == "editable":
        wheel = build("editable", ROOT, folder / "editable-dist")
    return environment(folder / request.param, wheel)


def test_runs_the_main_job(binaries: Path, folder: Path) -> None:
    job = ("sum(max(0, w·x + b))", "--wrt", "w")
    assert run(binaries / "matcalc", *job, cwd=folder) == RESULT
    assert run(binaries / "python", "-m", "matcalc", *job, cwd=folder) == RESULT


def test_finds_the_rule_book(binaries: Path, folder: Path) -> None:
    assert "d tanh(x) =" in run(binaries / "matcalc", "rules", "tanh", cwd=folder)


def test_says_its_version(binaries: Path, folder: Path) -> None:
    assert run(binaries / "matcalc", "--version", cwd=folder).startswith("matcalc 0.")


def test_wheel_holds_the_package_and_its_texts_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    grammar = [path for path in (ROOT / "grammar").iterdir() if path.is_file()]
    texts = {f"matcalc/_grammar/{path.name}" for path in grammar}
    texts |= {f"matcalc/rules/{path.name}" for path in (ROOT / "matcalc/rules").glob("*.rules")}
    texts.add("matcalc/show/derivation.schema.json")
    assert names >= texts >= {"matcalc/_grammar/matcalc.lark", "matcalc/_grammar/rules.lark"}
    code = {name for name in names if name.endswith((".py", "/py.typed"))}
    assert names == texts | code
    assert {name.partition("/")[0] for name in names} == {"matcalc"}
    assert "matcalc/py.typed" in names


def test_sdist_builds_the_same_wheel(folder: Path, wheel: Path) -> None:
    with tarfile.open(build("sdist", ROOT, folder / "dist")) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    again = build("wheel", source, folder / "again")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert sorted(first.namelist()) == sorted(second.namelist())


def test_import_is_light() -> None:
    code = "import sys, matcalc; print(sorted({'numpy', 'scipy', 'sympy'} & set(sys.modules)))"
    assert run(sys.executable, "-c", code, cwd=ROOT) == "[]\n"
