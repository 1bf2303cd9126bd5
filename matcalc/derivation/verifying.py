"""The claims of steps, judged by the numerical oracle: the steps again, each with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from matcalc.expr.nodes import Expr, Named, Symbol
from matcalc.show.record import Step, Verdict

if TYPE_CHECKING:
    from matcalc.check.claims import Claim, Outcome


def verified(
    steps: Sequence[Step], root: Expr, symbols: Sequence[Symbol], answer: Verdict
) -> tuple[tuple[Step, ...], Verdict]:
    """The steps with verdicts, and the verdict on all of them.

    answer  What the check of the whole derivation said; it is that of the answer's step.
    """
    from matcalc.check.claims import judge  # numpy is loaded when a check is asked for

    claims: dict[Claim, None] = {}
    for step in every(steps):
        claims.update(dict.fromkeys(claims_of(step)))
    found = dict(zip(claims, judge(list(claims), symbols, [root]), strict=True))
    judged = tuple(_judged(step, found, answer) for step in steps)
    return judged, summary(judged)


def every(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps, each before its details."""
    for step in steps:
        yield step
        yield from every(step.details)


def claims_of(step: Step) -> list[Claim]:
    """What a step says that numbers can contradict."""
    from matcalc.check.claims import Claim

    before, after, by = step.before, step.after, step.by
    if before is None or after is None:
        return []
    match step.kind:
        case "rewrite" | "intermediate" | "reading":
            return [Claim("equal", before, after)]
        case "symmetric":
            return [Claim("symmetric", before, after)]
        case "local" | "chain" | "index" if isinstance(by, Symbol | Named):
            held = frozenset(step.held)
            single = ((by, step.along),) if step.along is not None else ()
            ways = tuple((w, d) for w, d in step.ways if isinstance(w, Symbol | Named)) or single
            result = [Claim("derivative", before, after, by, ways, held)]
            if step.joined is not None:
                result.append(Claim("derivative", before, step.joined, by, ways, held))
            return result
        case _:
            return []


def _judged(step: Step, found: dict[Claim, Outcome], answer: Verdict) -> Step:
    details = tuple(_judged(detail, found, answer) for detail in step.details)
    if step.kind == "answer":
        return replace(step, verdict=answer, details=details)
    outcomes = [found[claim] for claim in claims_of(step)]
    verdict = _verdict(outcomes) if outcomes else None
    return replace(step, verdict=verdict, details=details)


def _verdict(outcomes: Sequence[Outcome]) -> Verdict:
    """The verdict on a step of which several things were judged."""
    worst = max(o.worst for o in outcomes)
    wrong = next((o.wrong for o in outcomes if o.wrong), "")
    if wrong:
        return Verdict(max(o.inputs for o in outcomes), worst, wrong, wrong=True)
    inputs = min(o.inputs for o in outcomes)
    reason = next((o.reason for o in outcomes if not o.inputs), "")
    return Verdict(inputs, worst, reason if not inputs else "")


def summary(steps: Sequence[Step]) -> Verdict:
    """The verdict on a whole derivation: wrong if a step is; verified if every step is."""
    verdicts = [(s, s.verdict) for s in every(steps) if s.verdict is not None]
    worst = max((v.worst for _, v in verdicts), default=0.0)
    for step, verdict in verdicts:
        if verdict.wrong:
            return Verdict(verdict.inputs, worst, f"{step.title}: {verdict.reason}", wrong=True)
    for step, verdict in verdicts:
        if not verdict.passed:
            return Verdict(0, worst, f"{step.title}: {verdict.reason}")
    if not verdicts:
        return Verdict(0, worst, "nothing to compare")
    return Verdict(min(v.inputs for _, v in verdicts), worst)
