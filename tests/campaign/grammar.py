"""What random programs are made of: for each shape and nature a table of forms, and the maker.

Forms stand in groups (arithmetic, operators of this shape, functions), and a group is chosen first,
so that a hundred functions do not crowd out products and sums.  The choices come from outside, so
that hypothesis can shrink a program and a plain loop can make thousands.  The first choice of
every list is the simplest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from tests.campaign import notation
from tests.campaign.declared import APPLIED, POSITIVE, SHAPES, VARIABLES
from tests.campaign.functions import BASE, along_forms, elementwise_forms, plain_forms
from tests.campaign.natures import NATURAL
from tests.campaign.terms import Dims, Form, Program, Term, Want

Pick = Callable[[int], int]
"""A number from 0 up to, not including, its argument."""

Groups = tuple[tuple[Form, ...], ...]

TOP: Final[Sequence[Dims]] = (
    *[()] * 6,
    *[("n",), ("m",), ("n", "n"), ("m", "n")] * 2,
    ("n", "m"),
    ("3",),
    ("m*n",),
    ("m", "n", "n"),
)
"""Shapes of programs."""

CARELESS: Final = 12
"""Once in so many times an argument is anything, whatever the domain of the function."""


VARIED: Final = 2
"""A variable is so many times as likely as a constant."""


@cache
def leaves(want: Want) -> tuple[Form, ...]:
    """Variables and constants of a shape and nature."""
    dims, nature = want.dims, want.nature
    names = list(VARIABLES.get(dims, ()))
    if nature in {"positive", "above"}:
        names = [name for name in names if name in POSITIVE]
    elif nature in {"spd", "symmetric", "regular"}:
        good = {"spd": "PN", "symmetric": "SPDN", "regular": "PNQC"}[nature]
        names = [name for name in names if name in good]
    elif nature in {"unit", "fraction"}:
        names = []
    sizes = ", ".join(dims)
    plain = all("/" not in d for d in dims)
    texts: list[str] = names * VARIED
    if nature == "any":
        texts += ["2", "1/3", "n", "pi"] if not dims else []
        texts += [f"ones({sizes})"] if plain and 1 <= len(dims) <= 2 else []
        texts += [f"e(0, {sizes})"] if plain and len(dims) == 1 else []
        texts += [f"eye({dims[0]})"] if plain and len(dims) == 2 and dims[0] == dims[1] else []
    elif nature in {"spd", "symmetric", "regular"}:
        texts += [f"eye({dims[0]})"] if plain else []
    elif nature == "positive":
        texts += ["2", "1/3"] if not dims else []
    elif nature == "above":
        texts += ["2"] if not dims else []
    return tuple(Form(text if text != "1/3" else "(1/3)") for text in texts)


@cache
def groups(want: Want) -> Groups:
    """The forms of a shape and nature, by group."""
    if want.nature != "any":
        return (tuple(NATURAL[want.nature](want.dims)),)
    arithmetic = tuple(_arithmetic(want.dims))
    special = (_scalars, _vectors, _matrices, _tensors)[len(want.dims)](want.dims)
    whole = _even([*along_forms(want.dims), *plain_forms().get(want.dims, [])])
    entries = _even([*elementwise_forms(want.dims)])
    found = (
        arithmetic,
        (*special, *_applied(want.dims)),
        whole,
        entries,
        tuple(notation.written(want.dims)),
    )
    known = [tuple(form for form in group if _possible(form)) for group in found]
    return tuple(group for group in known if group)


def _even(forms: Sequence[Form]) -> list[Form]:
    """The forms repeated until every function is as likely as any other."""
    by_name: dict[tuple[str, ...], list[Form]] = {}
    for form in forms:
        by_name.setdefault(form.names, []).append(form)
    longest = max(map(len, by_name.values()), default=0)
    return [form for own in by_name.values() for form in (own * longest)[:longest]]


def _possible(form: Form) -> bool:
    """Whether there is something to fill each place of a form with."""
    return all(part.dims in VARIABLES or part.dims in plain_forms() for part in form.parts)


def _arithmetic(dims: Dims) -> list[Form]:
    """Sums, scalings, quotients, comparisons: what every shape has."""
    same, scalar = Want(dims), Want(())
    positive = Want(dims, "positive")
    return [
        Form("({0} + {1})", (same, same), commutes=True),
        Form("({0} - {1})", (same, same)),
        Form("(-{0})", (same,)),
        Form("({0} * {1})", (scalar, same)),
        Form("({0} .* {1})", (same, same), commutes=True),
        Form("({0}.^2)", (same,)),
        Form("({0} + {1})", (same, scalar), commutes=True),
        Form("({0} / {1})", (same, Want((), "positive"))),
        Form("({0} ./ {1})", (same, positive)),
        Form("({0} / (2 + {1}.^2))", (same, same)),
        Form("({0}.^3)", (same,)),
        Form("({0}.^({1}))", (positive, scalar)),
        Form("({0} > {1})", (same, same)),
        Form("({0} <= {1})", (same, scalar)),
        Form("where({0} > 0, {1}, {2})", (same, same, same), ("where",)),
        Form("(3 {0})", (same,)),
        Form("({0}/2)", (same,)),
    ]


def _applied(dims: Dims) -> list[Form]:
    """Unknown functions and derivatives inside an expression."""
    forms = [
        Form(text, tuple(Want(part) for part in parts))
        for text, parts, result in APPLIED
        if result == dims
    ]
    if len(dims) < 3:
        forms.append(Form("f({0})", (Want(dims),)))
    inner = {
        (): ("(grad({0}, x) · y)", Want(())),
        ("n",): ("grad({0}, x)", Want(())),
        ("m", "n"): ("jacobian({0}, x)", Want(("m",))),
        ("n", "n"): ("hessian({0}, x)", Want(())),
    }
    if dims in inner:
        text, part = inner[dims]
        forms.append(Form(text, (part,)))
    return forms


def _scalars(_: Dims) -> list[Form]:
    """Contractions, quadratic forms and entries."""
    forms = []
    for d in BASE * 2:
        x = Want((d,))
        forms += [
            Form("({0} · {1})", (x, x), commutes=True),
            Form("({0}' {1} {2})", (x, Want((d, d)), x)),
            Form("({0})[0]", (x,)),
            Form("({0})[i]", (x,)),
            Form("norm({0})^2", (x,), ("norm",)),
            Form("tr({0}' {1})", (Want((d, "n")), Want((d, "n"))), ("tr",)),
            Form("({0} : {1})", (Want(("m", d)), Want(("m", d)))),
        ]
        for e in BASE:
            forms.append(Form("({0}' {1} {2})", (x, Want((d, e)), Want((e,)))))
            forms.append(Form("({0})[1,i]", (Want((d, e)),)))
    for other in _exotic():
        text = "sum({0}.^2)" if len(other) != 2 else "norm({0})"
        forms.append(Form(text, (Want(other),), ("sum" if len(other) != 2 else "norm",)))
    forms.append(
        Form(
            'einsum("ijk,i,j->", {0}, {1}, {2})',
            tuple(map(Want, (("m", "n", "n"), ("m",), ("n",)))),
        )
    )
    forms.append(Form("sum({0})", (Want(("m", "n", "n")),), ("sum",)))
    return forms


def _vectors(dims: Dims) -> list[Form]:
    """Products with matrices, rows, columns, diagonals, solutions."""
    (d,) = dims
    x = Want(dims)
    forms = []
    for e in [*BASE, *(o[1] for o in _exotic() if len(o) == 2 and o[0] == d)]:
        forms += [
            Form("({0} {1})", (Want((d, e)), Want((e,)))),
            Form("({0}' {1})'", (Want((e,)), Want((e, d))))
            if e in BASE and d in BASE
            else Form("({0} {1})", (Want((d, e)), Want((e,)))),
            Form("({0})[:,1]", (Want((d, e)),)),
        ]
        if e in BASE and d in BASE:
            forms.append(Form("({0}' {1})", (Want((e, d)), Want((e,)))))
            forms.append(Form("({0})[i,:]'", (Want((e, d)),)))
    if d in BASE:
        forms.append(Form("({0} \\ {1})", (Want((d, d), "regular"), x), ("solve",)))
        forms.append(Form("(inv({0}) {1})", (Want((d, d), "regular"), x), ("inv",)))
    if d == "n":
        forms.append(
            Form('einsum("ijk,ij->k", {0}, {1})', (Want(("m", "n", "n")), Want(("m", "n"))))
        )
        forms.append(Form("reshape({0}, n)", (Want(("n",)),), ("reshape",)))
    if d == "3":
        forms.append(Form("[{0}, {1}, {2}]", (Want(()),) * 3))
    if d == "m*n":
        forms.append(Form("reshape({0}, m*n)", (Want(("m", "n")),), ("reshape",)))
    return forms


def _matrices(dims: Dims) -> list[Form]:
    """Products, transposes, outer products, rows and columns expanded, powers, conjugations."""
    d, e = dims
    same = Want(dims)
    forms = [
        Form("{0}'", (Want((e, d)),)),
        Form("({0} {1}')", (Want((d,)), Want((e,)))),
        Form("({0} + {1}')", (same, Want((e,)))),
        Form("({0} - {1})", (same, Want((d,)))),
        *[Form("({0} {1})", (Want((d, k)), Want((k, e)))) for k in (*BASE, "3", "m*n", "m + n")],
    ]
    if d in BASE and e in BASE:
        forms.append(Form("({0} \\ {1})", (Want((d, d), "regular"), same), ("solve",)))
    if d == e and d in BASE:
        forms += [
            Form("({0}^2)", (same,)),
            Form("({0}^-1)", (Want(dims, "regular"),), ("inv",)),
            Form("({0}' {0})", (Want(("m", d)),)),
            Form("({0} {1} {0}')", (same, same)),
            Form(f"({{0}} + 2 eye({d}))", (same,)),
            Form("(diag({0}) {1})", (Want((d,)), same), ("diag",)),
            Form("({0} - {0}')", (same,)),
        ]
    if dims == ("n", "n"):
        forms += [
            Form(f"({a} {{0}} {b})", (same,)) for a, b in (("Q", "Q'"), ("D", "D"), ("L", "U"))
        ]
        forms += [Form("(S {0})", (same,)), Form("(P \\ {0})", (same,), ("solve",))]
        forms.append(Form('einsum("ijk,i->jk", {0}, {1})', (Want(("m", "n", "n")), Want(("m",)))))
    if dims == ("m", "n"):
        forms.append(Form('einsum("ijk,k->ij", {0}, {1})', (Want(("m", "n", "n")), Want(("n",)))))
        forms.append(Form("reshape({0}, m, n)", (Want(("m*n",)),), ("reshape",)))
    return forms


def _tensors(dims: Dims) -> list[Form]:
    """Tensors of rank 3."""
    if dims == ("m", "n", "n"):
        parts = (Want(("m", "n")), Want(("n", "n")))
        return [
            Form('einsum("ij,jk->ijk", {0}, {1})', parts),
            Form('einsum("i,jk->ijk", {0}, {1})', (Want(("m",)), parts[1])),
            Form('einsum("ikj->ijk", {0})', (Want(dims),)),
            Form('einsum("ijk,kl->ijl", {0}, {1})', (Want(dims), parts[1])),
        ]
    return []


@cache
def _exotic() -> tuple[Dims, ...]:
    """Shapes that functions of the book make beside those of the variables."""
    return tuple(dims for dims in plain_forms() if dims not in VARIABLES and dims)


@dataclass
class Maker:
    """Makes the terms of one program."""

    pick: Pick
    depth: int
    names: dict[Dims, list[str]] = field(default_factory=dict)

    def one(self, options: Sequence[Form]) -> Form:
        return options[self.pick(len(options))]

    def term(self, want: Want, depth: int, size: int) -> Term:
        """A term of at most this depth, of about this size."""
        if want.nature != "any" and self.pick(CARELESS) == CARELESS - 1:
            want = Want(want.dims)
        known = leaves(want)
        bound = self.names.get(want.dims, []) if want.nature == "any" else []
        options = (*known, *map(Form, bound))
        if options and (depth <= 0 or size <= 0):
            return Term(want, self.one(options))
        if depth <= 0 or size <= 0:
            form = self.one(plain_forms()[want.dims] if want.nature == "any" else groups(want)[0])
        else:
            found = groups(want)
            form = self.one(found[self.pick(len(found))])
        return Term(want, form, self.parts(form, depth - 1, size - 1))

    def parts(self, form: Form, depth: int, size: int) -> tuple[Term, ...]:
        """Terms for the places of a form, the size shared out among them."""
        rest, made = max(size, 0), []
        for k, want in enumerate(form.parts):
            own = rest if k == len(form.parts) - 1 else self.pick(rest + 1)
            rest -= own
            made.append(self.term(want, depth, own))
        return tuple(made)


@cache
def by_function() -> tuple[tuple[tuple[Dims, Form], ...], ...]:
    """For each function of the book its forms, with the shapes that they make."""
    found: dict[str, list[tuple[Dims, Form]]] = {}
    for dims in dict.fromkeys([*VARIABLES, *plain_forms()]):
        own = plain_forms().get(dims, [])
        for form in (*own, *along_forms(dims), *elementwise_forms(dims)):
            if _possible(form):
                found.setdefault(form.names[0], []).append((dims, form))
    return tuple(map(tuple, found.values()))


def _featured(maker: Maker, depth: int, size: int) -> Term:
    """A term that is about one function, any of the book: that, or the sum of its squares."""
    functions = by_function()
    own = functions[maker.pick(len(functions))]
    dims, form = own[maker.pick(len(own))]
    term = Term(Want(dims), form, maker.parts(form, depth - 1, size - 1))
    if maker.pick(2):
        return term
    return Term(Want(()), Form("sum({0}.^2)", (Want(dims),), ("sum",)), (term,))


def program(pick: Pick, depth: int) -> Program:
    """A random program of at most this depth: some bindings, and an expression."""
    maker = Maker(pick, depth)
    bindings = []
    for k in range((0, 0, 1, 2)[pick(4)]):
        dims = TOP[pick(len(TOP))]
        term = maker.term(Want(dims), 1 + pick(depth), 1 + pick(depth))
        name = f"d{k + 1}"
        bindings.append((name, term))
        maker.names.setdefault(dims, []).append(name)
    own, size = 1 + pick(depth), 1 + pick(2 * depth)
    if pick(4) == 3:
        body = _featured(maker, own, size)
    else:
        body = maker.term(Want(TOP[pick(len(TOP))]), own, size)
    return Program(tuple(bindings), body, SHAPES)
