"""What came of the mutants: the journal, the figures, and the list of survivors."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

SURVIVORS: Final = Path(__file__).with_name("survivors.txt")


class Keyed(Protocol):
    """What has a key."""

    @property
    def key(self) -> str: ...


Verdicts = dict[str, dict[str, Any]]


def append(journal: Path, entry: Mapping[str, object]) -> None:
    journal.parent.mkdir(exist_ok=True)
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def read(journal: Path) -> Verdicts:
    """The last verdict on each mutant."""
    if not journal.exists():
        return {}
    lines = journal.read_text(encoding="utf-8").splitlines()
    return {entry["key"]: entry for entry in map(json.loads, lines)}


def survived(entry: Mapping[str, Any]) -> bool:
    return str(entry["status"]).startswith("survived")


def reasons() -> dict[str, str]:
    """The survivors that were judged: `reason` lines above the keys that they are for."""
    found: dict[str, str] = {}
    reason = ""
    if SURVIVORS.exists():
        for line in SURVIVORS.read_text(encoding="utf-8").splitlines():
            if line.startswith("## "):
                reason = line.removeprefix("## ").strip()
            elif line.strip() and not line.startswith("#"):
                key = line.strip()
                found[key + " " * key.endswith("=>")] = reason  # what is deleted becomes nothing
    return found


OPEN: Final = "not judged yet"

HEAD: Final = """\
# Mutants that no test notices, by the reason why.
# Below a reason stand the mutants that it is for; `python -m tests.mutation --report` keeps the
# reasons and adds what is new under "not judged yet".  A reason that begins with "equivalent" says
# that no input can tell the mutant from the original.
"""


def write_survivors(found: Mapping[str, Sequence[Keyed]], verdicts: Verdicts) -> None:
    """The list, with the reasons that it has; what has no verdict here stays as it is."""
    said = reasons()
    groups: dict[str, list[str]] = {}
    for members in found.values():
        for mutant in members:
            known = verdicts.get(mutant.key)
            alive = mutant.key in said if known is None else survived(known)
            if alive:
                reason = said.get(mutant.key, OPEN)
                groups.setdefault(reason, []).append(mutant.key)
    lines = [HEAD]
    for reason in sorted(groups, key=lambda r: (r == OPEN, r)):
        lines += [f"## {reason}", *(key.rstrip() for key in sorted(groups[reason])), ""]
    SURVIVORS.write_text("\n".join(lines), encoding="utf-8")


def table(
    found: Mapping[str, Sequence[Keyed]], excluded: Mapping[str, Counter[str]], verdicts: Verdicts
) -> str:
    """The figures by package."""
    said = reasons()
    lines = [
        f"{'':<18} {'mutants':>8} {'run':>6} {'killed':>7} {'equiv.':>7} {'survived':>9}  "
        "killed of the others, 95 %"
    ]
    for package, members in found.items():
        states = {m.key: str(verdicts.get(m.key, {}).get("status", "")) for m in members}
        ran = [key for key, status in states.items() if status and not status.startswith("broken")]
        killed = sum(states[key].startswith("killed") for key in ran)
        alive = [key for key in ran if states[key].startswith("survived")]
        equivalent = sum(said.get(key, "").startswith("equivalent") for key in alive)
        low, high = wilson(killed, len(ran) - equivalent)
        rate = killed / max(1, len(ran) - equivalent)
        lines.append(
            f"{package:<18} {len(members):>8} {len(ran):>6} {killed:>7} {equivalent:>7} "
            f"{len(alive) - equivalent:>9}  {rate:.1%} ({low:.1%} to {high:.1%})"
        )
        broken = sum(status.startswith("broken") for status in states.values())
        left = ", ".join(f"{n} {reason}" for reason, n in sorted(excluded[package].items()) if n)
        lines.append(f"{'':<18} no mutants: {left}" + (f"; {broken} not put" if broken else ""))
    return "\n".join(lines)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Wilson's interval of 95 % for a rate."""
    if not count:
        return 0.0, 1.0
    z, p = 1.96, hits / count
    middle = p + z * z / (2 * count)
    spread = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return (middle - spread) / (1 + z * z / count), (middle + spread) / (1 + z * z / count)
