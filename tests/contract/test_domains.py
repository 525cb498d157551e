"""Domains of hyper-parameters: what lies in them, how they are described, what they refuse."""

import math
from fractions import Fraction

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from tests.contract.test_errors import refused

from lossatlas.contract import Domain, above, at_least, between, inside, real
from lossatlas.contract.domains import Kind, around, other_than

DOMAINS = {
    "a finite number": real(),
    "a number >= 0": at_least(0),
    "a number > 1": above(1),
    "a number in [0, 1]": between(0, 1),
    "a number in (0, 1)": inside(0, 1),
    "a number in (0, 1]": inside(0, 1, open_high=False),
    "a number <= 2": Domain(high=2),
    "a number < 2": Domain(high=2, open_high=True),
    "a number in [0, 1] or None": between(0, 1, optional=True),
    "a number other than 0": other_than(0),
}


@pytest.mark.parametrize(("text", "domain"), DOMAINS.items())
def test_text_and_what_is_outside(text, domain):
    assert str(domain) == text
    for value in domain.outside():
        assert value not in domain
        refused(ValueError, "x", domain.check, "x", value)


@hypothesis.given(st.sampled_from(list(DOMAINS.values())), st.floats())
def test_in_or_out(domain, value):
    if value in domain:
        assert domain.check("x", value) == value
        assert domain.low <= value <= domain.high and math.isfinite(value)
    else:
        refused(ValueError, "x", domain.check, "x", value)


def test_ends():
    assert 0 in between(0, 1) and 1 in between(0, 1)
    assert 0 not in inside(0, 1) and 1 not in inside(0, 1) and 1 in inside(0, 1, open_high=False)
    assert 0 not in above(0) and 0 in at_least(0)


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), Fraction(1, 2), 0.5])
def test_numbers_become_pythons(value):
    assert type(between(0, 1).check("x", value)) is float


@pytest.mark.parametrize("value", ["0.5", True, np.bool_(True), None, [0.5], 0.5j, np.ones(1), torch.tensor(True)])
def test_what_is_no_number(value):
    refused(TypeError, "x", between(0, 1).check, "x", value)


def test_none_where_it_is_optional():
    assert between(0, 1, optional=True).check("x", None) is None
    refused(TypeError, "x", between(0, 1).check, "x", None)


def test_tensors_are_read_where_they_can_be():
    unit = between(0, 1)
    value = torch.tensor([0.0, 0.5, 1.0])
    assert unit.check("x", value) is value
    refused(ValueError, "x", unit.check, "x", torch.tensor([0.5, 2.0]))
    refused(ValueError, "x", unit.check, "x", torch.tensor(math.nan))
    torch.func.vmap(lambda x: unit.check("x", x))(torch.tensor([0.5, 2.0]))  # one per model: taken on trust


@pytest.mark.parametrize("default", [2.0, 0.0, -3.0, 1])
def test_the_domain_of_what_declares_none(default):
    low, high = around(default).show
    assert default in around(default) and low <= default <= high and low < high


def test_a_kind_tells_what_is_no_such_value_from_what_is_a_wrong_one():
    even = Kind("an even whole number", lambda value: type(value) is int, allows=lambda value: value % 2 == 0)
    assert even.check("x", 4) == 4
    refused(TypeError, "x", even.check, "x", 4.0)
    refused(ValueError, "x", even.check, "x", 3)
