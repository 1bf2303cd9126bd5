"""The smallest program that fails as a given one does: parts left out as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic
from typing import Final

from tests.campaign.asking import Made
from tests.campaign.grammar import leaves
from tests.campaign.judge import Verdict, judged
from tests.campaign.terms import Program, Term, Want, mentions

SECONDS: Final = 60.0
"""What shrinking one program may take."""


def shrunk(made: Made, seconds: float = SECONDS) -> tuple[Made, Verdict]:
    """The smallest program found whose verdict has the same word, and that verdict.

    A wrong result may change its reason on the way, a crash may not.
    """
    known = judged(made.asked)

    def same(verdict: Verdict) -> bool:
        return verdict.word == known.word and (
            known.word == "WRONG" or verdict.reason == known.reason
        )

    return _least(made, known, same, monotonic() + seconds)


def _least(
    made: Made, verdict: Verdict, same: Callable[[Verdict], bool], deadline: float
) -> tuple[Made, Verdict]:
    while True:
        for smaller in _smaller(made):
            if monotonic() > deadline:
                return made, verdict
            found = judged(smaller.asked)
            if same(found):
                made, verdict = smaller, found
                break
        else:
            return made, verdict


def _smaller(made: Made) -> Iterator[Made]:
    """The program with something left out, the largest cuts first; then simpler questions."""
    program = made.program
    for k, (name, _) in enumerate(program.bindings):
        rest = replace(program, bindings=program.bindings[:k] + program.bindings[k + 1 :])
        if not mentions(rest.text, name) and name not in made.wrt.split(", "):
            yield made.with_program(rest)
    bound = [(program.bindings[:k], term) for k, (_, term) in enumerate(program.bindings)]
    parts = sorted(list(program.body.walk())[1:], key=lambda part: part.size)
    for bindings, part in [*bound, *((program.bindings, part) for part in parts)]:
        if part.want.dims and made.kind in {"gradient", "hessian", "hvp"}:
            continue
        if not any(name in made.wrt.split(", ") for name, _ in program.bindings[len(bindings) :]):
            yield made.with_program(replace(program, bindings=bindings, body=part))
    for changed in _cut(program):
        yield made.with_program(changed)
    if ", " in made.wrt:
        for name in made.wrt.strip("[]").split(", "):
            yield replace(made, wrt=name)
    if made.kind != "auto":
        yield replace(made, kind="auto")
    if made.layout != "numerator":
        yield replace(made, layout="numerator")
    plain = (("n", 2), ("m", 3))
    if made.sizes != plain:
        yield replace(made, sizes=plain)


def _cut(program: Program) -> Iterator[Program]:
    """The program with one term replaced by a part of it, or by a leaf."""
    for term in _shorter(program.body):
        yield replace(program, body=term)
    for k, (name, bound) in enumerate(program.bindings):
        for term in _shorter(bound):
            bindings = (*program.bindings[:k], (name, term), *program.bindings[k + 1 :])
            yield replace(program, bindings=bindings)


def _shorter(term: Term) -> Iterator[Term]:
    if not term.parts:
        own = leaves(Want(term.want.dims))
        place = next((k for k, form in enumerate(own) if form.text == term.form.text), len(own))
        yield from (Term(term.want, form) for form in own[:place][:1])
        return
    yield from (Term(term.want, form) for form in leaves(term.want)[:2])
    for part in term.parts:
        if part.want.dims == term.want.dims:
            yield part
    for k, part in enumerate(term.parts):
        for shorter in _shorter(part):
            yield replace(term, parts=(*term.parts[:k], shorter, *term.parts[k + 1 :]))
