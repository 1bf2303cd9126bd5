"""Forms whose values have a nature: positive, within (-1, 1), symmetric, positive definite …

They are what is written where a function of the book has a domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.campaign.terms import Dims, Form, Want


def _positive(dims: Dims) -> list[Form]:
    anything, positive = Want(dims), Want(dims, "positive")
    forms = [
        Form("(1 + {0}.^2)", (anything,)),
        Form("exp({0})", (anything,), ("exp",)),
        Form("({0} + {1})", (positive, positive), commutes=True),
        Form("({0} .* {1})", (positive, positive), commutes=True),
        Form("({0} ./ {1})", (positive, positive)),
        Form("softplus({0})", (anything,), ("softplus",)),
        Form("sigmoid({0})", (anything,), ("sigmoid",)),
        Form("cosh({0})", (anything,), ("cosh",)),
        Form("sqrt({0})", (positive,), ("sqrt",)),
        Form("(abs({0}) + 1)", (anything,), ("abs",)),
        Form("({0} * {1})", (Want((), "positive"), positive)),
    ]
    if not dims:
        forms += [
            Form("(1 + {0} · {0})", (Want(("n",)),)),
            Form("sum({0})", (Want(("m",), "positive"),), ("sum",)),
            Form("det({0})", (Want(("n", "n"), "spd"),), ("det",)),
            Form("norm({0})", (Want(("m", "n")),), ("norm",)),
        ]
    if len(dims) == 1:
        forms.append(Form("softmax({0})", (anything,), ("softmax",)))
    return forms


def _unit(dims: Dims) -> list[Form]:
    anything, unit = Want(dims), Want(dims, "unit")
    return [
        Form("tanh({0})", (anything,), ("tanh",)),
        Form("(sin({0})/2)", (anything,), ("sin",)),
        Form("({0} ./ (1 + {0}.^2))", (anything,)),
        Form("erf({0})", (anything,), ("erf",)),
        Form("({0} .* {1})", (unit, unit), commutes=True),
        Form("(-{0})", (unit,)),
    ]


def _fraction(dims: Dims) -> list[Form]:
    return [
        Form("sigmoid({0})", (Want(dims),), ("sigmoid",)),
        Form("normcdf({0})", (Want(dims),), ("normcdf",)),
        Form("(1 - {0})", (Want(dims, "fraction"),)),
    ]


def _above(dims: Dims) -> list[Form]:
    return [
        Form("(1 + {0})", (Want(dims, "positive"),)),
        Form("(2 + {0}.^2)", (Want(dims),)),
        Form("({0} + {1})", (Want(dims, "above"), Want(dims, "positive")), commutes=True),
    ]


def _symmetric(dims: Dims) -> list[Form]:
    (d, _), same, own = dims, Want(dims), Want(dims, "symmetric")
    return [
        Form("({0} + {0}')", (same,)),
        Form("({0}' {0})", (Want(("m", d)),)),
        Form("({0} {1} {0}')", (same, own)),
        Form("({0} {0}')", (Want((d,)),)),
        Form("({0} + {1})", (own, own), commutes=True),
        Form("({0} + {1})", (own, Want(dims, "spd")), commutes=True),
        Form("diag({0})", (Want((d,)),), ("diag",)),
    ]


def _spd(dims: Dims) -> list[Form]:
    (d, _), own = dims, Want(dims, "spd")
    return [
        Form(f"(eye({d}) + {{0}}' {{0}})", (Want(("m", d)),)),
        Form(f"({{0}} {{0}}' + eye({d}))", (Want((d, "n")),)),
        Form("({0} + {1})", (own, own), commutes=True),
        Form("({0} * {1})", (Want((), "positive"), own)),
        Form("inv({0})", (own,), ("inv",)),
        Form("diag({0})", (Want((d,), "positive"),), ("diag",)),
        Form("expm({0})", (Want(dims, "symmetric"),), ("expm",)),
        Form(f"(eye({d}) + {{0}} {{0}}')", (Want((d,)),)),
    ]


def _regular(dims: Dims) -> list[Form]:
    (d, _), own = dims, Want(dims, "regular")
    return [
        *_spd(dims),
        Form("({0} {1})", (own, own)),
        Form(f"({{0}} + 3 eye({d}))", (Want(dims),)),
        Form("{0}'", (own,)),
        Form("expm({0})", (Want(dims),), ("expm",)),
        Form("chol({0})", (Want(dims, "spd"),), ("chol",)),
    ]


NATURAL: Final[dict[str, Callable[[Dims], list[Form]]]] = {
    "positive": _positive,
    "unit": _unit,
    "fraction": _fraction,
    "above": _above,
    "symmetric": _symmetric,
    "spd": _spd,
    "regular": _regular,
}
"""The forms of each nature but `any`."""
