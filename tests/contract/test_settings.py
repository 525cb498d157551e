"""At the ends of its domain a hyper-parameter makes a formula take its limits: value and gradient stay right."""

import pytest
import torch
from tests.contract.cases import Case, ends_of
from tests.contract.right import assert_right
from tests.contract.test_edges import kind_of, small_edges

EXEMPT = {"extreme": "extremes", "ruled out": "minus_inf"}


def test_hyper_parameters_at_their_ends(entry):
    if not entry.domains:
        pytest.skip("it has no numbers to vary")
    for name, domain in entry.domains.items():
        for value in ends_of(domain, entry.defaults[name]):
            case = Case(entry, {name: value})
            assert_right(case, case.sample(N=3, dtype=torch.float32))
            for edge, inputs in small_edges(case.signature).items():
                if EXEMPT.get(kind_of(inputs)) not in entry.exempt:
                    assert_right(case, inputs, edge, slopes_too=edge not in case.signature.borders)
