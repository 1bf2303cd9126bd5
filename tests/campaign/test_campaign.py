"""The campaign on a few seeds, its grammar against the rule book, and that it finds wrongs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcalc import Derivation, parse
from matcalc.check import evaluate, sample
from matcalc.check.sample import OUTSIDE
from matcalc.errors import DerivationError
from matcalc.pipeline import mapped
from tests.campaign import asking, judge
from tests.campaign.asking import Asked, seeded
from tests.campaign.digits import UnknownError
from tests.campaign.functions import CHOICES, NATURES, WELL, entries
from tests.campaign.judge import judged
from tests.campaign.precise import Precise
from tests.campaign.regressions import regressions
from tests.campaign.run import CHUNK, Chunk, campaign, done, engine, read
from tests.campaign.shrink import shrunk
from tests.campaign.summary import summary, total

SEEDS = range(300, 2300)
DEPTH = 8
PART = 50


@pytest.mark.parametrize("first", SEEDS[::PART])
def test_no_derivative_is_wrong(first: int) -> None:
    chunk = done((first, PART, DEPTH, engine()))
    assert not [f for f in chunk.failures if f["word"] != "timeout"]
    assert total([chunk])["right"] > 0.8 * PART


@pytest.mark.parametrize("name", regressions())
def test_what_went_wrong_once_is_right(name: str) -> None:
    verdict = judged(regressions()[name], seconds=120.0)
    assert verdict.word == "right", verdict.detail


def test_a_question_reads_back() -> None:
    for seed in range(100):
        asked = seeded(seed, DEPTH).asked
        assert asking.read(str(asked)) == asked


def test_every_function_is_in_the_programs() -> None:
    """All functions of the book that are the language's own, in all their arities."""
    used = {name for seed in range(3000) for name in seeded(seed, DEPTH).program.names}
    assert {entry.name for entry in entries()} <= used


def test_the_domains_of_the_book_are_known() -> None:
    domains = {entry.fields.get("domain", "") for entry in entries()}
    assert domains == set(NATURES)


def test_what_is_said_of_arguments_is_said_of_arguments_that_exist() -> None:
    params = {(entry.name, param.name) for entry in entries() for param in entry.params}
    assert {*CHOICES, *WELL} <= params


def test_a_seed_is_always_the_same_program() -> None:
    assert [seeded(seed, 5) for seed in range(50)] == [seeded(seed, 5) for seed in range(50)]
    assert len({str(seeded(seed, 5)) for seed in range(50)}) > 45


def test_many_digits_agree_with_doubles() -> None:
    """What decides when results differ computes what the oracle computes."""
    compared = 0
    for seed in range(120):
        asked = seeded(seed, 3).asked
        expression = parse(asked.text, asked.shapes).node
        try:
            drawn = sample([expression], (), np.random.default_rng(1), sizes=dict(asked.sizes))
            got = Precise(expression, drawn.sizes, drawn.functions)(drawn.point).astype(float)
        except (UnknownError, *OUTSIDE, DerivationError):
            continue
        wanted = evaluate(expression, drawn.point, drawn.sizes, drawn.functions)
        assert np.allclose(got, wanted, rtol=1e-7, atol=1e-7), f"seed {seed}: {asked.text}"
        compared += 1
    assert compared > 100


def spoilt(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Make every derivation's result another one."""
    right = Asked.derived

    def wrong(asked: Asked, **options: Any) -> Derivation:
        d = right(asked, **options)
        return replace(d, solved=change(d.solved))

    monkeypatch.setattr(Asked, "derived", wrong)


def test_a_wrong_result_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every result made its negative: those that are not zero are found, with many digits."""

    def negated(solved: Any) -> Any:
        from matcalc.expr.build import neg

        arrays, written = (mapped(neg, tree) for tree in (solved.arrays, solved.written))
        return replace(solved, arrays=arrays, written=written)

    right = [asked for seed in range(60) if judged(asked := seeded(seed, 3).asked).word == "right"]
    moving = [asked for asked in right if "zero" not in str(asked.derived().structure)]
    spoilt(monkeypatch, negated)
    found = [verdict for asked in moving if (verdict := judged(asked)).word == "WRONG"]
    assert len(found) > 0.8 * len(moving) > 15
    assert {verdict.reason for verdict in found} == {"a result"}


def test_an_index_that_code_cannot_take_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same exception says of inputs, elsewhere, that the program has no value there."""

    def indexing(*_: object) -> None:
        raise IndexError("an index for each axis")

    monkeypatch.setattr("tests.campaign.judge.computed", indexing)
    asked = asking.read("X[0,:]'\n  by X; jvp; numerator; n = 2, m = 3; out; X: R^(m×n)")
    assert judged(asked).reason == "RuntimeError: IndexError: an index for each axis"


@pytest.mark.parametrize("factor", [-1.0, 1.00001, np.nan])
def test_code_that_computes_something_else_is_found(
    monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    def other(*args: Any) -> list[Any]:
        return [factor * value for value in args[-1]]

    monkeypatch.setattr("tests.campaign.judge.computed", other)
    asked = asking.read("pinv(X)\n  by X; jvp; numerator; n = 2, m = 3; out; X: R^(m×n)")
    assert judged(asked) == replace(judged(asked), word="WRONG", reason="code: out")


def test_a_failure_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that counts as wrong for one function in it ends up as little more than that."""

    def verdict(asked: Asked) -> judge.Verdict:
        wrong = re.search(r"\btanh\(", asked.text)
        return judge.Verdict("WRONG", "tanh") if wrong else judge.Verdict("right")

    monkeypatch.setattr("tests.campaign.shrink.judged", verdict)
    large = next(a for s in range(999) if re.search(r"\btanh\(", (a := seeded(s, 8)).program.text))
    small, found = shrunk(large)
    assert found.reason == "tanh"
    assert len(small.program.text) <= len("tanh(ones(m, n))") < len(large.program.text)


def test_a_journal_is_gone_on_with(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    first = list(campaign(CHUNK, 0, 2, 1, journal))
    assert [(c.first, c.count) for c in read(journal)] == [(0, CHUNK)]
    other = replace_line(journal, engine(), "another")
    both = list(campaign(2 * CHUNK, 0, 2, 1, journal))
    assert sum(total(both).values()) == 2 * CHUNK
    assert len(read(journal)) == 3
    assert {c.engine for c in read(journal)} == {engine(), other}
    journal.write_text(journal.read_text() + '{"engine": "cut o')
    again = list(campaign(2 * CHUNK, 0, 2, 1, journal))
    assert total(again) == total(both)
    assert len(again) == 2
    assert summary(again).splitlines()[0].startswith(f"{2 * CHUNK} programs")
    assert first[0].verdicts == next(c for c in again if c.first == 0).verdicts


def replace_line(journal: Path, old: str, new: str) -> str:
    journal.write_text(journal.read_text().replace(old, new))
    return new


def test_what_was_done_by_other_sources_is_refused() -> None:
    with pytest.raises(RuntimeError, match="sources have changed"):
        done((0, 1, 2, "another"))
    assert Chunk("e", 1, 0, 0).failures == []
