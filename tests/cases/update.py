"""Brings the case files and their checker up to date from the folder that keeps them.

python -m tests.cases.update ../shared/cases
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
FILES = ("check_cases.py", "functions.jsonl", "identities.jsonl", "parr_howard.jsonl")


def stale(origin: Path) -> list[str]:
    """The names of the files that differ from those in the folder `origin`."""
    return [
        name
        for name in FILES
        if (origin / name).is_file() and (origin / name).read_bytes() != (HERE / name).read_bytes()
    ]


def main(arguments: list[str] | None = None) -> int:
    """Copy what differs and say what that was; 1 if the folder does not have the files."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases.update", description=__doc__)
    parser.add_argument("origin", type=Path, help="the folder that keeps the case files")
    origin: Path = parser.parse_args(arguments).origin
    if missing := [name for name in FILES if not (origin / name).is_file()]:
        print(f"error: {origin} does not have {', '.join(missing)}", file=sys.stderr)
        return 1
    for name in stale(origin):
        shutil.copyfile(origin / name, HERE / name)
        print(f"updated {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
