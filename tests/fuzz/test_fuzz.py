"""Texts found by `python -m tests.fuzz`, each judged again; and some hundred new ones."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

import matcalc.language
from matcalc import parse
from tests.fuzz.__main__ import Campaign
from tests.fuzz.arcs import Arcs
from tests.fuzz.corpus import findings, seeds
from tests.fuzz.judge import slow, verdict
from tests.fuzz.mutate import minimised

INPUTS = 400


@pytest.mark.parametrize("path", findings(), ids=lambda path: path.stem)
def test_what_was_found(path: Path) -> None:
    assert slow(path.read_text(encoding="utf-8")) == ""


def test_new_texts() -> None:
    """The seeds and some hundred mutants: none fails, and mutants reach what no seed reaches."""
    campaign = Campaign(seed=0)
    campaign.run(600, inputs=len(campaign.begin))
    reached = len(campaign.reached)
    campaign.run(600, inputs=len(campaign.begin) + INPUTS)
    assert campaign.found == {}
    assert len(campaign.reached) > reached


def test_the_same_seed_makes_the_same_texts() -> None:
    first, second = Campaign(seed=7), Campaign(seed=7)
    for campaign in (first, second):
        campaign.run(600, inputs=100)
    assert first.pool == second.pool
    assert set(first.begin) == set(seeds())


def test_arcs_tell_texts_apart() -> None:
    arcs = Arcs()
    found = []
    parse("x")  # the first text loads the rule book
    for text in ("x", "x", "x +", 'einsum("ij,j->i", A, x)'):
        with arcs.recorded(), contextlib.suppress(matcalc.MatcalcError):
            parse(text)
        found.append(arcs.found)
    assert found[0] == found[1]
    assert found[2] - found[1] and found[3] - found[1] and found[3] - found[2]


def test_a_crash_is_found_and_made_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that breaks at a word is told from one that refuses it."""

    def broken(text: str, *_: object, **__: object) -> None:
        raise IndexError if "tanh" in text else matcalc.MatcalcError("no", source=text)

    monkeypatch.setattr("tests.fuzz.judge.parse", broken)
    said = verdict("sum(tanh(x)) + 2")
    assert said.startswith("crash: IndexError in ")
    assert minimised("sum(tanh(x)) + 2", lambda text: verdict(text) == said) == "tanh"
    assert verdict("x + 2").startswith("no place")
