"""New texts from old ones: characters and words exchanged, dropped, doubled, nested and joined."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from time import monotonic
from typing import Final

from matcalc.language.book import known_functions

WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")

BRACKETS: Final = ("()", "[]", "{}", "‖‖", "||", '""')

LONGEST: Final = 1500
"""Characters of a text at most: what is longer is cut."""


class Mutator:
    """Makes texts from a pool of texts, with a source of random numbers of its own."""

    def __init__(self, random: Random, pieces: Sequence[str]) -> None:
        self.random = random
        self.pieces = pieces
        self.ways: list[Callable[[list[str], Sequence[str]], list[str]]] = [
            self._dropped, self._doubled, self._exchanged, self._inserted, self._inserted,
            self._replaced, self._replaced, self._bracketed, self._joined, self._joined,
            self._character, self._repeated, self._moved,
        ]  # fmt: skip

    def mutated(self, text: str, pool: Sequence[str]) -> str:
        """A text some steps away from another one."""
        words = WORDS.findall(text) or [" "]
        for _ in range(1 + int(self.random.expovariate(0.7))):
            words = self.random.choice(self.ways)(words, pool) or [" "]
        return "".join(words)[:LONGEST]

    def _stretch(self, words: list[str]) -> tuple[int, int]:
        """Two places, mostly near each other."""
        start = self.random.randrange(len(words))
        return start, min(len(words), start + 1 + int(self.random.expovariate(0.4)))

    def _dropped(self, words: list[str], _: Sequence[str]) -> list[str]:
        start, end = self._stretch(words)
        return words[:start] + words[end:]

    def _doubled(self, words: list[str], _: Sequence[str]) -> list[str]:
        start, end = self._stretch(words)
        return words[:end] + words[start:end] + words[end:]

    def _repeated(self, words: list[str], _: Sequence[str]) -> list[str]:
        start, end = self._stretch(words)
        return words[:start] + words[start:end] * self.random.choice([3, 10, 50]) + words[end:]

    def _exchanged(self, words: list[str], _: Sequence[str]) -> list[str]:
        one, other = (self.random.randrange(len(words)) for _ in range(2))
        words = list(words)
        words[one], words[other] = words[other], words[one]
        return words

    def _moved(self, words: list[str], _: Sequence[str]) -> list[str]:
        start, end = self._stretch(words)
        taken, rest = words[start:end], words[:start] + words[end:]
        place = self.random.randint(0, len(rest))
        return rest[:place] + taken + rest[place:]

    def _inserted(self, words: list[str], _: Sequence[str]) -> list[str]:
        place = self.random.randint(0, len(words))
        return [*words[:place], self.random.choice(self.pieces), *words[place:]]

    def _replaced(self, words: list[str], _: Sequence[str]) -> list[str]:
        words = list(words)
        words[self.random.randrange(len(words))] = self.random.choice(self.pieces)
        return words

    def _bracketed(self, words: list[str], _: Sequence[str]) -> list[str]:
        start, end = self._stretch(words)
        left, right = self.random.choice(BRACKETS)
        name = self.random.choice(["", *known_functions()])
        return [*words[:start], name, left, *words[start:end], right, *words[end:]]

    def _joined(self, words: list[str], pool: Sequence[str]) -> list[str]:
        """The head of one text and the tail of another."""
        other = WORDS.findall(self.random.choice(pool)) or [" "]
        start, end = self._stretch(other)
        place = self.random.randint(0, len(words))
        if self.random.random() < 0.5:
            return words[:place] + other[start:end] + words[place:]
        return words[:place] + other[start:]

    def _character(self, words: list[str], _: Sequence[str]) -> list[str]:
        """One character dropped, exchanged, or put in, of any of Unicode now and then."""
        text = list("".join(words))
        place = self.random.randrange(len(text)) if text else 0
        way = self.random.randrange(3)
        new = self.random.choice(self.random.choice(self.pieces) or " ")
        if self.random.random() < 0.1:
            new = chr(self.random.choice([self.random.randrange(0x300, 0x3000), 0x200B, 0, 0xD7FF]))
        text[place : place + (way != 0)] = [new] if way < 2 else []
        return WORDS.findall("".join(text))


def minimised(text: str, fails: Callable[[str], bool], seconds: float = 60) -> str:
    """A text that still fails from which no stretch of words or characters can be dropped, if there
    is the time."""
    end = monotonic() + seconds
    for pattern in (WORDS, re.compile(r".", re.DOTALL)):
        parts = pattern.findall(text)
        size = max(1, len(parts) // 2)
        while size:
            place = 0
            while place < len(parts):
                shorter = parts[:place] + parts[place + size :]
                if monotonic() < end and fails("".join(shorter)):
                    parts = shorter
                else:
                    place += size
            size //= 2
        text = "".join(parts)
    return text
