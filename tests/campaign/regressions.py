"""The table of failures that were found and mended: `regressions.txt`."""

from __future__ import annotations

from pathlib import Path

from tests.campaign.asking import Asked, read

TABLE = Path(__file__).with_name("regressions.txt")


def regressions() -> dict[str, Asked]:
    """What is asked, by the name of the failure; names stand between blank lines after `==`."""
    found: dict[str, Asked] = {}
    for block in TABLE.read_text(encoding="utf-8").split("\n== ")[1:]:
        name, _, text = block.partition("\n")
        if name in found:
            raise ValueError(f"two regressions are called {name!r}")
        found[name] = read(text)
    return found
