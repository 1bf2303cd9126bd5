"""What the language has beside functions, in forms that the plain ones seldom come to: rows,
operands that occur twice, powers of every kind, inverses of transposes, products of many factors,
what is expanded over rows and columns, and einsum over any indices.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from tests.campaign.terms import Dims, Form, Want

BASE: Final = ("n", "m")
OPERANDS: Final[Sequence[Dims]] = (
    ("n",), ("m",), ("n", "n"), ("m", "n"), ("n", "m"), ("m", "m"), ("m", "n", "n"),
)  # fmt: skip
"""Shapes of what a random einsum contracts."""

CONTRACTIONS: Final = 30
"""How many random einsums there are of a shape."""


def written(dims: Dims) -> list[Form]:
    """The forms of a shape."""
    own = (_scalars, _vectors, _matrices, _nothing)[len(dims)](dims)
    return [*_entries(dims), *own, *own, *contractions(dims)]


def _nothing(_: Dims) -> list[Form]:
    return []


def _entries(dims: Dims) -> list[Form]:
    """Entry by entry: the same operand twice, powers, quotients, conditions of several parts."""
    x, positive, above = Want(dims), Want(dims, "positive"), Want(dims, "above")
    scalar = Want(())
    return [
        Form("({0} .* {0})", (x,)),
        Form("({0} - {0}.^2)", (x,)),
        Form("({0} .* exp(-{0}))", (x,), ("exp",)),
        Form("(1 / (1 + exp(-{0})))", (x,), ("exp",)),
        Form("(1 / {0})", (positive,)),
        Form("({0} / {1})", (scalar, above)),
        Form("((2).^(sin({0})))", (x,), ("sin",)),
        Form("({0}.^({1}))", (positive, Want((), "unit"))),
        Form("({0}.^(-2))", (positive,)),
        Form("({0}.^(3/2))", (positive,)),
        Form("(({0}.^2).^(3/4))", (x,)),
        Form("(({0}.^3).^(1/3) + {0})", (positive,)),
        Form("sqrt({0}.^2 + {1}.^2)", (x, above), ("sqrt",)),
        Form("log({0} ./ ({0} + {1}))", (positive, positive), ("log",)),
        Form("where(({0} > 0) .* ({1} < 2), {0}, {1}.^2)", (x, x), ("where",)),
        Form("where({0} <= {1}, {0} .* {1}, {2})", (x, x, scalar), ("where",)),
        Form("(({0} > {1}) .* {0} - ({1} >= {0}) .* {1})", (x, x)),
        Form("({0} - {1} * {0})", (x, scalar)),
        Form("({0} * {0}[0])" if len(dims) == 1 else "({0} * sum({0}))", (x,)),
    ]


def _scalars(_: Dims) -> list[Form]:
    """Norms between bars, traces and quadratic forms of products, quotients of these."""
    forms = []
    for d in BASE:
        x, A, B, spd = Want((d,)), Want((d, d)), Want(("m", d)), Want((d, d), "spd")
        forms += [
            Form("‖{0}‖", (x,), ("norm",)),
            Form("‖{0} {1} - {2}‖^2", (B, x, Want(("m",))), ("norm",)),
            Form("({0}' {1})^3", (x, x)),
            Form("(({0}' {1} {0}) / ({0}' {0}))", (x, A)),
            Form("(({0} {1})' ({0} {1}))", (A, x)),
            Form("tr({0} {1} {0}')", (A, A), ("tr",)),
            Form("tr({0}^3)", (A,), ("tr",)),
            Form("tr({0}^-1 {1})", (spd, A), ("tr", "inv")),
            Form("logdet({0} + {1})", (spd, spd), ("logdet",)),
            Form("({0}' {1}^-T {2})", (x, Want((d, d), "regular"), x), ("inv",)),
            Form("sum(sum({0}, axis=0).^2)", (B,), ("sum",)),
            Form("({0}' ({1} .* {2}) {3})", (Want(("m",)), B, B, x)),
            Form("({0}[0] * {0}[1])", (x,)),
            Form("({0}[0,:] · {1})", (B, x)),
        ]
    return forms


def _vectors(dims: Dims) -> list[Form]:
    """Columns by way of rows, products of many factors, sums over rows."""
    (d,) = dims
    x = Want(dims)
    forms = [
        Form("tanh({0}')'", (x,), ("tanh",)),
        Form("({0}' + {1}')'", (x, x)),
        Form("({0}' - {1})'", (x, Want(()))),
        Form("({0}' .* {1}')'", (x, x)),
        Form("({0}' / (1 + ({1}').^2))'", (x, x)),
        Form("where({0}' > 0, {1}', {0}'.^2)'", (x, x), ("where",)),
        Form("({0} ({0}' {1}))", (x, x)),
        Form("({0} / ‖{0}‖)", (x,), ("norm",)),
    ]
    if d in BASE:
        forms += [
            Form("softmax({0}')'", (x,), ("softmax",)),
            Form("({0}' {1})'", (x, Want((d, d)))),
            Form("({0}' {1}^-1)'", (x, Want((d, d), "regular")), ("inv",)),
            Form("({0}^-T {1})", (Want((d, d), "regular"), x), ("inv",)),
            Form("diag({0} {1}')", (x, x), ("diag",)),
            Form("diag({0} {1})", (Want((d, "m")), Want(("m", d))), ("diag",)),
            Form("sum({0} .* {1}, axis=1)", (Want((d, "n")), Want((d, "n"))), ("sum",)),
            Form("({0} {0}' {1})", (Want((d, "m")), x)),
            Form("(({0} {1}) .* ({2} {1}))", (Want((d, d)), x, Want((d, d)))),
        ]
    return forms


def _matrices(dims: Dims) -> list[Form]:
    """Expanded rows and columns, powers, triangles of products, rows and columns multiplied."""
    d, e = dims
    x = Want(dims)
    forms = [
        Form("({0} - mean({0}, axis=0)')", (x,), ("mean",)),
        Form("({0} + sum({0}, axis=1))", (x,), ("sum",)),
        Form("(({0}' + {1})')", (x, Want((e,)))),
        Form("({0} + {1} {2}')", (x, Want((d,)), Want((e,)))),
        Form("({0} .* ({1} {2}'))", (x, Want((d,)), Want((e,)))),
    ]
    if d in BASE and e in BASE:
        forms += [
            Form("({0} {0}' {0})", (x,)),
            Form("(diag({0}) {1} diag({2}))", (Want((d,)), x, Want((e,))), ("diag",)),
            Form(f"unvec(vec({{0}}), {d}, {e})", (x,), ("vec", "unvec")),
            Form("({0}[:,0] {0}[0,:])", (x,)),
            Form("softmax({0}', axis=0)'", (x,), ("softmax",)),
        ]
    if d == e and d in BASE:
        forms += [
            Form("({0}^3)", (x,)),
            Form("({0}^-2)", (Want(dims, "regular"),), ("inv",)),
            Form("({0}^-T)", (Want(dims, "regular"),), ("inv",)),
            Form("(({0} + {0}') / 2)", (x,)),
            Form("({0} {1} {0}^-1)", (Want(dims, "regular"), x), ("inv",)),
            Form("tril({0} {1}')", (Want((d,)), Want((d,))), ("tril",)),
            Form("(diag(diag({0})) {1})", (x, x), ("diag",)),
            Form(f"(eye({d}) - {{0}} {{0}}')", (Want((d,)),)),
        ]
    return forms


def contractions(dims: Dims) -> list[Form]:
    """Random einsums of a shape: indices on diagonals, summed alone, in three operands at once."""
    if not set(dims) <= set(BASE):
        return []
    drawn = random.Random(" ".join(dims))
    found = dict.fromkeys(form for form in _drawn(dims, drawn) if form is not None)
    return list(found)


def _drawn(dims: Dims, drawn: random.Random) -> Iterator[Form | None]:
    output = "ijk"[: len(dims)]
    made = 0
    while made < CONTRACTIONS:
        summed = [drawn.choice(BASE) for _ in range(drawn.randrange(3))]
        sizes = dict(zip(output + "pq", (*dims, *summed), strict=False))
        operands = [drawn.choice(OPERANDS) for _ in range(1 + drawn.randrange(3))]
        form = _einsum(output, sizes, operands, drawn)
        made += form is not None
        yield form


def _einsum(
    output: str, sizes: dict[str, str], operands: Sequence[Dims], drawn: random.Random
) -> Form | None:
    """An einsum with random indices on the axes of its operands; None if not all of them occur."""
    subscripts = []
    for dims in operands:
        fitting = [[x for x, size in sizes.items() if size == dim] for dim in dims]
        if not all(fitting):
            return None
        subscripts.append("".join(map(drawn.choice, fitting)))
    if set("".join(subscripts)) != set(sizes):
        return None
    places: list[int] = []
    parts: list[Want] = []
    for dims in operands:
        if Want(dims) in parts and drawn.randrange(2):  # the same operand once more
            places.append(parts.index(Want(dims)))
        else:
            places.append(len(parts))
            parts.append(Want(dims))
    arguments = ", ".join(f"{{{k}}}" for k in places)
    return Form(f'einsum("{",".join(subscripts)}->{output}", {arguments})', tuple(parts))
