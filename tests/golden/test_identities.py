"""The golden file of identities: what becomes of an expression that one of them is for.

Each line of identities.txt is `expression where declarations  =>  result`, the expression being
inside a sum that is derived by its weights: what comes out is the expression itself, simplified,
as a user sees it.  What an identity asks of a variable is taken away in turn: it must not apply.
After a change that is meant, and that reads better (an identity of the book that has no line yet
gets one):

    python -m tests.golden.test_identities
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from matcalc import derive, parse
from matcalc.language import book

FILE: Final = Path(__file__).with_name("identities.txt")
HEAD: Final = (
    "# What expressions simplify to: expression where declarations  =>  result.  "
    "test_identities.py says how to update this."
)


def simplified(question: str) -> str:
    """What an expression is printed as, once it has been through the engine."""
    expression, _, declared = question.partition(" where ")
    shapes = dict(part.split(": ", 1) for part in declared.split(", ") if part)
    dims = [str(d) for d in parse(expression, shapes).node.shape.dims]
    shapes["weight"] = f"R^({'×'.join(f'({d})' for d in dims)})" if dims else "R"
    whole = ("weight ({})", "sum(weight ⊙ ({}))", "sum(weight ⊙ ({}))")[len(dims)]
    result = derive(whole.format(expression), "weight", shapes=shapes, layout="denominator").result
    return " ".join(str(result).split())


def answers() -> dict[str, str]:
    """The expressions with what the file says of them."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("  =>  ") for line in lines if line and not line.startswith("#")]
    return {question: answer for question, _, answer in pairs}


@pytest.mark.parametrize(("question", "answer"), answers().items())
def test_what_it_simplifies_to(question: str, answer: str) -> None:
    assert simplified(question) == answer


@pytest.mark.parametrize(("question", "answer"), answers().items())
def test_the_names_of_dimensions_are_no_matter(question: str, answer: str) -> None:
    """A law speaks of n and m; what it is used on may speak of others."""
    assert simplified(renamed(question)) == renamed(answer)


def renamed(text: str) -> str:
    """With other names of dimensions, in the same order of the alphabet."""
    return re.sub(r"\b([mn])\b", r"\1\1", text)


def of_the_book() -> dict[str, list[str]]:
    """The left sides of all identities, by topic."""
    found: dict[str, list[str]] = {}
    for kind in ("identity", "expansion"):
        for law in book.laws(kind):
            left, _, rest = law.body.partition(" = ")
            declared = rest.partition(" where ")[2].partition('"')[0]
            question = " ".join(left.split())
            if declared.strip():
                question += f" where {' '.join(declared.split())}"
            found.setdefault(law.topic, []).append(question)
    return found


ASKED: Final = re.compile(
    r" (symmetric|spd|diagonal|orthogonal|invertible|lower|upper|positive|nonnegative)\b"
)


def asking_less() -> dict[str, str]:
    """The left sides of identities without one of the properties that are asked, and what becomes
    of them, but those that are known anyway: what is inverted is invertible."""
    found: dict[str, str] = {}
    for question in dict.fromkeys(q for members in of_the_book().values() for q in members):
        whole = simplified(question)
        for asked in ASKED.finditer(question, len(question.partition(" where ")[0])):
            less = question[: asked.start()] + question[asked.end() :]
            result = simplified(less)
            if result != whole:
                found[less] = result
    return found


def page() -> str:
    """The whole file: what stands in it, then what is new in the book."""
    known = dict(answers())
    lines = [HEAD]
    for topic, members in of_the_book().items():
        lines += ["", f"# {book.topics()[topic]}"]
        for question in dict.fromkeys(members):
            known.pop(question, None)
            lines.append(f"{question}  =>  {simplified(question)}")
    less = asking_less()
    known = {question: answer for question, answer in known.items() if question not in less}
    lines += ["", "# Without something that an identity asks"]
    lines += [f"{question}  =>  {answer}" for question, answer in less.items()]
    if known:
        lines += ["", "# And"]
        lines += [f"{question}  =>  {simplified(question)}" for question in known]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
