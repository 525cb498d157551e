"""Recorded exact numbers: the loss gives them, in value and gradient, and so does its naive loop still."""

import pytest
import torch
from tests.contract.cases import close
from tests.contract.right import items_and_gradients
from tests.references import recorded


def _record(case):
    record = recorded.numbers_of(case)
    if record is None:
        pytest.skip("no naive loop is written for it")
    return record, recorded.inputs_as_tensors(case, record)


def test_recorded_numbers(case):
    """A loss of which nothing is recorded yet is compared with what would be."""
    record, inputs = _record(case)
    items, gradients = items_and_gradients(case, inputs)
    close(items.flatten(), torch.tensor(record["items"], dtype=torch.float64), rtol=1e-12, atol=1e-14, note="value")
    assert gradients.keys() == record["gradient"].keys()
    for name, wanted in record["gradient"].items():
        wanted = torch.tensor(wanted, dtype=torch.float64)
        size = max(1.0, wanted.abs().max().item())
        close(gradients[name], wanted, rtol=1e-12, atol=1e-14 * size, note=f"gradient of {name}")


def test_the_recorded_numbers_are_those_of_the_naive_loop(case):
    record, inputs = _record(case)
    now = recorded.computed(case, inputs)
    close(torch.tensor(now["items"]), torch.tensor(record["items"]), rtol=1e-15, atol=1e-300, note=recorded.RENEW)
    for name, wanted in record["gradient"].items():
        close(torch.tensor(now["gradient"][name]), torch.tensor(wanted), rtol=1e-15, atol=1e-300, note=recorded.RENEW)
