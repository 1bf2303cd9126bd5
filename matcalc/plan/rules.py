"""The evaluation rules of the rule book (`compute name: lhs = rhs`) applied to expressions.

A rule says how to compute something well: without overflow, without cancellation, or with less
work.  The outermost place where a rule applies is rewritten first, so that `log(1 + exp(x))` is one
softplus before its parts are looked at.  How one rule is matched and written is in `rule`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import Final

from matcalc.expr.nodes import Call, Expr, Hadamard, Product, Symbol, children, postorder, rebuilt
from matcalc.language import book
from matcalc.plan.branches import guarded
from matcalc.plan.homogeneous import at_unit_vectors
from matcalc.plan.rule import Rule

ROUNDS: Final = 8
"""Rewrites of one place at most, one after the other."""

OPENING: Final = "evaluation-steps"
"""The topic of the rules that take a function apart."""

_CALLED: Final = re.compile(r"(\w+)\(")


@cache
def _laws() -> tuple[tuple[frozenset[str], book.Law], ...]:
    """The rules with the functions that their left sides name: only those that may apply are
    parsed."""
    return tuple(
        (frozenset(_CALLED.findall(law.body.partition(" = ")[0])), law)
        for law in book.laws("compute")
    )


@cache
def compiled(law: book.Law) -> Rule:
    """A rule, parsed."""
    lhs, rhs, _ = book.statement_exprs(None, book.law_statement("compute", law))
    return Rule(law.name, lhs, rhs, law.topic == OPENING)


def _applicable(names: Collection[str]) -> list[Rule]:
    """The rules whose functions occur, or may come to occur, in the order of the book."""
    reach, waiting = set(names), list(_laws())
    ready: list[tuple[frozenset[str], book.Law]] = []
    while any(wanted <= reach for wanted, _ in waiting):
        found = [entry for entry in waiting if entry[0] <= reach]
        waiting = [entry for entry in waiting if entry[0] - reach]
        for _, law in found:
            reach |= {n.name for n in postorder((compiled(law).rhs,)) if isinstance(n, Call)}
        ready += found
    return [compiled(law) for entry in _laws() if entry in ready for law in entry[1:]]


def _function(rule: Rule) -> str:
    """The function of variables alone that is the left side of a rule; empty if it is none."""
    lhs = rule.lhs
    whole = isinstance(lhs, Call) and all(isinstance(arg, Symbol) for arg in lhs.args)
    return lhs.name if whole and isinstance(lhs, Call) else ""


def rewritten(roots: Sequence[Expr], native: Collection[str] = ()) -> list[Expr]:
    """Expressions as they are computed best; functions in `native` are not taken apart.

    First the rules that join parts to a function, then what guards discarded branches, then what
    has quotients by norms at unit vectors, which must not be sought in what is guarded, then the
    rules that take a function apart: so these may write what the first would join again.
    """
    names = {node.name for node in postorder(tuple(roots)) if isinstance(node, Call)}
    rules = _applicable(names)
    joining = [rule for rule in rules if not rule.opens]
    opening = [rule for rule in rules if rule.opens and _function(rule) not in native]
    roots = list(roots)
    for _ in range(ROUNDS if joining else 0):  # what was joined may join with what is around it
        before, roots = roots, _Pass(joining).run(roots)
        if all(new is old for new, old in zip(roots, before, strict=True)):
            break
    roots = at_unit_vectors(guarded(roots))
    return _Pass(opening).run(roots) if opening else roots


class _Pass:
    """One pass of some rules over expressions: the outermost place where a rule applies first."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._heads: dict[type, list[Rule]] = {}
        for rule in rules:
            self._heads.setdefault(type(rule.lhs), []).append(rule)
            if isinstance(rule.lhs, Product):
                self._heads.setdefault(Hadamard, []).append(rule)
        self._writers: dict[Expr, set[str]] = {}

    def run(self, roots: Sequence[Expr]) -> list[Expr]:
        """Each node rewritten at its root, then its operands; iterative: depth is no limit."""
        self._writers = {node: set() for node in postorder(tuple(roots))}
        heads: dict[Expr, Expr] = {}
        done: dict[Expr, Expr] = {}
        pending = list(reversed(roots))
        while pending:
            node = pending[-1]
            if node in done:
                pending.pop()
                continue
            if node not in heads:
                heads[node] = self._head(node)
            inner = children(heads[node])
            missing = [child for child in inner if child not in done]
            if missing:
                pending.extend(reversed(missing))
            else:
                done[node] = rebuilt(heads[node], [done[child] for child in inner])
                pending.pop()
        return [done[root] for root in roots]

    def _head(self, node: Expr) -> Expr:
        """A node rewritten at its root until no rule applies there."""
        for _ in range(ROUNDS):
            for rule in self._heads.get(type(node), ()):
                made = None if rule.name in self._writers[node] else rule.applied(node)
                if made is not None:
                    self._write(rule, node, made)
                    node = made
                    break
            else:
                break
        return node

    def _write(self, rule: Rule, node: Expr, made: Expr) -> None:
        """Remember by which rules, one after the other, the new nodes of a result were written."""
        writers = self._writers[node] | {rule.name}
        pending = [made]
        while pending:
            new = pending.pop()
            if new not in self._writers:
                self._writers[new] = writers
                pending += children(new)
