"""JupyterLab in headless Chromium: a server on this machine, a page of a notebook, screenshots.

apt-get install chromium; pip install -e '.[dev,browser]'     is what it needs
python -m tests.browser FOLDER                                writes a screenshot of each notebook
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SECONDS = 60
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell, not only those in sight
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def missing() -> str:
    """What is not installed; empty if all is there."""
    if chromium() is None:
        return "no Chromium: apt-get install chromium"
    for name in ("playwright.sync_api", "jupyterlab"):
        try:
            __import__(name)
        except ImportError:
            return f"no {name.partition('.')[0]}: pip install -e '.[browser]'"
    return ""


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """JupyterLab on copies of the notebooks, trusted; its address."""
    work = folder / "work"
    shutil.copytree(NOTEBOOKS[0].parent, work)
    for name, values in SETTINGS.items():
        settings = folder / f"settings/@jupyterlab/{name}.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(values), encoding="utf-8")
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(folder / place) for name, place in places.items()}
    python = [sys.executable, "-m"]
    copies = [str(path) for path in work.glob("*.ipynb")]
    subprocess.run(
        [*python, "jupyter", "trust", *copies], env=environment, check=True, capture_output=True
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        f"--ServerApp.root_dir={work}", "--IdentityProvider.token=", "--ServerApp.password=",
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        running = subprocess.Popen(
            [*python, "jupyterlab", *options], env=environment, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, running)
        yield address
    finally:
        running.terminate()
        running.wait(SECONDS)


def _wait_for(address: str, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and running.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api") as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("JupyterLab does not answer")


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Chromium, headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield opened
        finally:
            opened.close()


def page_of(opened: Any, address: str, name: str) -> Any:
    """The page of a notebook, its outputs rendered and its mathematics typeset."""
    page = opened.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{address}/lab/tree/{name}?reset", timeout=1000 * SECONDS)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=1000 * SECONDS)
    page.wait_for_selector("mjx-container", timeout=1000 * SECONDS)
    settled = "() => { const n = document.querySelectorAll('mjx-container').length; " \
        "const same = n === window.seen; window.seen = n; return same; }"  # fmt: skip
    page.wait_for_function(settled, polling=1500, timeout=1000 * SECONDS)
    return page


def screenshot(page: Any, file: Path) -> None:
    """All of a notebook as one picture."""
    height = page.evaluate(
        "() => Math.max(...[...document.querySelectorAll('.jp-WindowedPanel-outer, .jp-Notebook')]"
        ".map(e => e.scrollHeight))"
    )
    page.set_viewport_size({"width": 1200, "height": min(int(height) + 160, 16000)})
    page.wait_for_timeout(500)
    page.screenshot(path=str(file))
