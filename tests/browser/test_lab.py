"""Notebooks as a person sees them: mathematics is typeset, folds open, pictures are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import NOTEBOOKS, browser, missing, page_of, server

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "all there"),
    pytest.mark.filterwarnings("ignore"),  # of the driver
]

READ = ".jp-RenderedMarkdown, .jp-RenderedLatex"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    with server(tmp_path_factory.mktemp("lab")) as address, browser() as opened:
        yield opened, address


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook(lab: tuple[Any, str], path: Path) -> None:
    page = page_of(*lab, path.name)
    formulas = page.locator("mjx-container").count()
    text = path.read_text(encoding="utf-8")
    assert formulas >= text.count('"text/latex"') > 0
    assert page.locator("mjx-merror, .katex-error, [data-mjx-error]").count() == 0

    # what is left of the dollar signs once MathJax has put its nodes in their place
    raw = page.evaluate(
        """selector => [...document.querySelectorAll(selector)].map(each => {
            const copy = each.cloneNode(true);
            copy.querySelectorAll('mjx-container, code, pre').forEach(part => part.remove());
            return copy.textContent; })""",
        READ,
    )
    assert raw
    for prose in raw:
        assert not re.search(r"\$|\\(frac|begin|operatorname|top|left)\b", prose), prose[:200]

    folds = page.locator(".jp-OutputArea details")
    if folds.count():
        first = folds.first
        steps = first.locator("mjx-container").first
        assert first.get_attribute("open") is None and not steps.is_visible()
        first.locator("summary").first.click()
        assert first.get_attribute("open") is not None and steps.is_visible()
    if '"image/svg+xml"' in text:
        shown = page.locator(".jp-RenderedSVG img, .jp-RenderedSVG svg")
        assert shown.count() == text.count('"image/svg+xml"')
        assert all(shown.nth(k).bounding_box()["height"] > 20 for k in range(shown.count()))
    page.close()


def test_the_lessons_have_folds() -> None:
    assert sum("<details>" in path.read_text(encoding="utf-8") for path in NOTEBOOKS) >= 3
