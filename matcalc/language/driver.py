"""The LALR driver: runs a prebuilt table over tokens and calls a builder for each reduction."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any

from matcalc.language import table
from matcalc.language.tokens import Token


class _Splice(list[Any]):
    """The children of a repetition, on their way into the rule that repeats."""


def drive(
    grammar: str,
    start: str,
    tokens: Sequence[Token],
    builder: object,
    unexpected: Callable[[int, set[str]], Exception],
) -> Any:
    """The builder's value of the tokens, read from `start` of a grammar.

    For a token that cannot stand where it is, raises `unexpected(position, expected terminals)`;
    the position of the end is the number of tokens.
    """
    loaded = table.load(grammar)
    states, rules = loaded.states, loaded.rules
    first, last = loaded.starts[start]
    kind: Any = type(builder)
    calls = _callbacks(grammar, kind)
    state, path, values = first, [first], list[Any]()
    terminals = [*(token.kind for token in tokens), "$END"]
    position, count = 0, len(tokens)
    while True:
        action = states[state].get(terminals[position])
        if action is None:
            raise unexpected(position, {name for name in states[state] if name.isupper()})
        if action >= 0:
            path.append(action)
            values.append(tokens[position])
            state = action
            position += 1
            continue
        rule = rules[-1 - action]
        size = rule.size
        if rule.action != table.PASS:
            parts = values[-size:]
            del values[-size:]
            values.append(_value(rule, calls[-1 - action], builder, parts))
        del path[-size:]
        state = states[path[-1]][rule.origin]
        path.append(state)
        if state == last and position == count:
            return values[-1]


def _value(rule: table.Rule, call: Any, builder: object, parts: list[Any]) -> Any:
    """What a reduction makes of the children."""
    if rule.action == table.SPLICE:
        return _splice(parts)
    return call(builder, _flat(parts) if rule.splices else parts)


@cache
def _callbacks(grammar: str, kind: Hashable) -> list[Any]:
    """The builder's functions for the rules of a grammar, in order."""
    return [getattr(kind, rule.callback, None) for rule in table.load(grammar).rules]


def _splice(parts: list[Any]) -> _Splice:
    """A repetition, one longer."""
    if type(parts[0]) is _Splice:
        longer: _Splice = parts[0]
        longer.extend(parts[1:])
        return longer
    return _Splice(parts)


def _flat(parts: list[Any]) -> list[Any]:
    """The children with repetitions spliced in."""
    flat: list[Any] = []
    for part in parts:
        if type(part) is _Splice:
            flat.extend(part)
        else:
            flat.append(part)
    return flat
