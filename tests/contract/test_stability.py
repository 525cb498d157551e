"""How far the inputs may grow and shrink before value or gradient are wrong: at least by a factor of 1e4 each way."""

import pytest
import torch
from tests.contract.cases import promise
from tests.contract.measured import note
from tests.contract.right import assert_right
from tests.references.exact import exact_of

from lossatlas.signatures import Field, Positive

FARTHEST = 8


def scaled(signature, inputs, factor):
    """The inputs with all that may be any size multiplied."""
    free = [name for name, kind in signature.inputs.fields.items() if type(kind) in (Field, Positive)]
    return {name: value * factor if name in free else value for name, value in inputs.items()}


def reach(case, inputs, direction):
    """How many powers of ten the inputs can be taken in this direction, one after the other, with a right result."""
    for exponent in range(1, FARTHEST + 1):
        try:
            there = scaled(case.signature, inputs, 10.0 ** (direction * exponent))
            # Where the numbers are small, so may the result be, and 0 is not near enough.
            assert_right(case, there, dtypes=[torch.float64], floor=min(1.0, 10.0 ** (direction * exponent)))
        except (AssertionError, ArithmeticError):
            return exponent - 1
    return FARTHEST


def _few(sizes):
    """Small sizes; of items of one number each, enough that some are right and some wrong."""
    return (
        {axis: n for axis, n in {"N": 2, "C": 3, "D": 2, "W": 3, "L": 2, "K": 2}.items() if axis in sizes}
        if len(sizes) > 1
        else {"N": 8}
    )


@promise("extremes")
def test_the_range_of_sizes_where_it_is_right(case):
    free = any(type(kind) in (Field, Positive) for kind in case.signature.inputs.fields.values())
    inputs = case.sample(**_few(case.signature.samples.sizes))
    if not free or exact_of(case, inputs) is None:
        pytest.skip("no input may be any size" if not free else "no naive loop is written for it")
    assert_right(case, inputs, dtypes=[torch.float64])
    grows, shrinks = reach(case, inputs, +1), reach(case, inputs, -1)
    note(case, grows_to=grows, shrinks_to=shrinks)
    assert grows >= 4 and shrinks >= 4, f"right for inputs from 1e-{shrinks} to 1e{grows} times their usual size"
