"""Systems, inverses and determinants of one matrix share one factorisation.

A symmetric positive definite matrix is factored by Cholesky; any other one by LU, if more than one
operation uses it, or if it stays the same in all calls.  Triangular matrices need no factors: they
are solved by substitution.  A single system with a general matrix is one call of a solver.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from matcalc.plan.hoist import Fixed
from matcalc.plan.rebuild import rebuild
from matcalc.plan.values import Value, Values, reachable

OPERATIONS: Final = frozenset({"solve", "inv", "logdet", "chol"})
TRIANGULAR: Final = frozenset({"lower", "upper"})

Factors = Literal["chol", "lu"]
"""What an operation with a factored matrix has to know of it."""


def factorised(
    values: Values, outputs: Sequence[Value], hints: dict[Value, str], fixed: Fixed
) -> tuple[list[Value], dict[Value, str]]:
    """The outputs with factorisations as values of their own."""
    order, _ = reachable(outputs)
    needs: Counter[Value] = Counter()
    definite: set[Value] = set()
    inverted: set[Value] = set()
    for value in order:
        if value.op in OPERATIONS and value.data not in TRIANGULAR:
            base = untransposed(value.args[0])
            needs[base] += value.op != "chol"
            if value.data == "spd":
                definite.add(base)
            if value.op in {"solve", "inv"}:
                inverted.add(base)
    needs = +needs
    shared = {base for base in needs if base in definite or needs[base] > 1 or fixed(base)}
    kept = any(base in inverted or base not in definite for base in shared)
    scipy = kept or any(v.op == "solve" and v.data in TRIANGULAR for v in order)
    if scipy:  # all of it, see `provider`
        shared = set(needs)
        inverted |= definite
    if not (shared or scipy):
        return list(outputs), hints

    def rewrite(value: Value, args: tuple[Value, ...]) -> Value | None:
        if value.op not in OPERATIONS or value.data in TRIANGULAR:
            return None
        base, matrix = untransposed(value.args[0]), untransposed(args[0])
        if value.op == "chol" and base not in definite:
            return values.make("chol", args, value.dims, scipy)
        if base not in shared:
            return None
        if base in definite:
            factor = values.make("chol", (matrix,), matrix.dims, base in inverted)
        else:
            factor = values.make("factor", (matrix,), matrix.dims)
        return _with_factor(values, value, args, factor, value.args[0] is not base)

    return rebuild(values, outputs, hints, rewrite)


def _with_factor(
    values: Values, value: Value, args: tuple[Value, ...], factor: Value, flipped: bool
) -> Value:
    kind: Factors = "chol" if factor.op == "chol" else "lu"
    turned = flipped and kind == "lu"
    match value.op:
        case "solve":
            return values.make("factor_solve", (factor, args[1]), value.dims, (kind, turned))
        case "inv":
            made = values.make("factor_inv", (factor,), value.dims, kind)
            return values.transpose(made) if turned else made
        case "logdet":
            return _logdet(values, factor)
        case _:
            return factor


def _logdet(values: Values, factor: Value) -> Value:
    """log|det A| by the diagonal of its factors: twice that of a Cholesky factor."""
    if factor.op == "factor":
        return values.make("factor_logdet", (factor,), ())
    entries = values.make("diagonal", (factor,), factor.dims[:1])
    logs = values.make("log", (entries,), entries.dims)
    return values.mul((values.number(2), values.sum(logs)))


def untransposed(value: Value) -> Value:
    """The matrix of which a value is the transpose, or the value itself."""
    return value.args[0] if value.op == "transpose" else value
