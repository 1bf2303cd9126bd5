"""python -m tests.browser FOLDER: a screenshot of each notebook, as JupyterLab shows it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.lab import NOTEBOOKS, browser, missing, page_of, screenshot, server


def main(folder: Path) -> None:
    if missing():
        sys.exit(missing())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, server(Path(work)) as address, browser() as opened:
        for path in NOTEBOOKS:
            page = page_of(opened, address, path.name)
            screenshot(page, folder / f"{path.stem}.png")
            folds = page.locator(".jp-OutputArea details")
            if folds.count():
                folds.first.locator("summary").first.click()
                page.wait_for_timeout(1000)
                folds.first.screenshot(path=str(folder / f"{path.stem}_steps.png"))
            page.close()


main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
