"""The laws of index notation for every tensor that the case files lead to."""

from __future__ import annotations

import copy
import pickle

import pytest

from matcalc.simplify.simplify import Simplifier
from matcalc.tensor.lift import Lift
from tests.tensor.problems import CASES, leaves, lowering, solved, tensors
from tests.tensor.validator import validate

names = pytest.mark.parametrize("name", list(CASES))


def simplifier_of(name: str) -> Simplifier:
    """A simplifier of a case that has seen nothing yet."""
    found = solved(name).solved
    return Simplifier(found.lowering.known, found.book)


@names
def test_every_stage_is_in_canonical_form(name: str) -> None:
    d = solved(name)
    validate(d.solved.value, d.program.expression.shape)
    simplifier = simplifier_of(name)
    for raw in leaves(d.solved.raw):
        validate(raw)
        simple = simplifier(raw)
        validate(simple)
        assert simple.dims == raw.dims
    for array in leaves(d.solved.arrays):
        validate(lowering()(array), array.shape)


@names
def test_what_is_lifted_lowers_to_itself(name: str) -> None:
    for t in tensors(name):
        written = Lift(solved(name).solved.lowering.known)(t)
        assert written.shape.dims == t.dims
        assert lowering()(written) is t


@names
def test_a_copy_is_the_node_itself(name: str) -> None:
    for t in tensors(name):
        assert copy.copy(t) is t
        assert copy.deepcopy(t) is t
        assert pickle.loads(pickle.dumps(t)) is t
