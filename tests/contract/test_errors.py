"""Wrong calls are refused in one style: the argument, what was expected, what came."""

import re

import pytest
import torch
from tests.contract.cases import Case, needs_items

from lossatlas import as_module

WRONG_TYPES = ("1", [1.0], True, 1j, object())


def refused(error, argument, call, *args, **keywords):
    """Assert that a call raises this error about this argument, saying what was expected and what came."""
    with pytest.raises(error) as caught:
        call(*args, **keywords)
    assert type(caught.value) is error
    message = str(caught.value)
    assert re.fullmatch(rf"`{re.escape(argument)}`: expected \S.*, got \S.*", message, re.S), message


def test_bad_inputs(entry):
    bad = entry.signature.bad_samples()
    assert {b.argument for b in bad} == set(entry.signature.names)
    for sample in bad:
        refused(sample.error, sample.argument, entry.function, **sample.inputs)
        refused(sample.error, sample.argument, as_module(entry), *(sample.inputs[n] for n in entry.signature.names))


def test_hyper_parameters_outside_their_domain(entry):
    inputs = entry.signature.sample()
    for name, domain in entry.domains.items():
        for value in domain.outside():
            refused(ValueError, name, entry.function, **inputs, **{name: value})
            refused(ValueError, name, entry.function, **inputs, **{name: torch.tensor(value)})
            refused(ValueError, name, as_module, entry, **{name: value})


def test_hyper_parameters_of_a_wrong_type(entry):
    inputs = entry.signature.sample()
    for name, domain in entry.domains.items():
        for value in WRONG_TYPES if domain.optional else (*WRONG_TYPES, None):
            refused(TypeError, name, entry.function, **inputs, **{name: value})
            refused(TypeError, name, as_module, entry, **{name: value})
    for name in set(entry.defaults).difference(entry.domains):
        refused(TypeError, name, entry.function, **inputs, **{name: object()})


def test_arguments_that_do_not_exist(entry):
    inputs = entry.signature.sample()
    first = entry.signature.names[0]
    refused(TypeError, "temprature", entry.function, **inputs, temprature=1.0)
    refused(TypeError, "temprature", as_module, entry, temprature=1.0)
    refused(TypeError, first, entry.function, inputs[first], **inputs)
    refused(TypeError, "arguments", entry.function, *inputs.values(), 1.0)
    for name in entry.signature.inputs.required:
        refused(TypeError, name, entry.function, **{k: v for k, v in inputs.items() if k != name})


def test_reduction_and_normalizer(entry):
    inputs = entry.signature.sample()
    for reduction in ("avg", "batchmean", None, 0):
        refused(ValueError, "reduction", entry.function, **inputs, reduction=reduction)
        refused(ValueError, "reduction", as_module, entry, reduction=reduction)
    refused(ValueError, "normalizer", entry.function, **inputs, reduction="sum", normalizer=2)
    for normalizer in (0, -1.0, float("nan"), float("inf"), torch.tensor(0.0), torch.ones(1)):
        refused(ValueError, "normalizer", entry.function, **inputs, normalizer=normalizer)
    for normalizer in (True, "3", [3.0], torch.tensor(True)):
        refused(TypeError, "normalizer", entry.function, **inputs, normalizer=normalizer)


def test_weights_and_masks(entry):
    needs_items(Case(entry))
    inputs = entry.signature.sample(N=5)
    for weight in (
        torch.ones(4),
        torch.ones(1),
        torch.tensor(1.0),
        torch.ones(5, 1, 1),
        -torch.ones(5),
        torch.full((5,), float("nan")),
        torch.full((5,), float("inf")),
    ):
        refused(ValueError, "sample_weight", entry.function, **inputs, sample_weight=weight)
    for weight in (
        [1.0] * 5,
        2.0,
        torch.ones(5, dtype=torch.long),
        torch.ones(5, dtype=torch.bool),
        torch.ones(5).to_sparse(),
    ):
        refused(TypeError, "sample_weight", entry.function, **inputs, sample_weight=weight)
    for mask in (torch.ones(4, dtype=torch.bool), torch.tensor(True), torch.ones(5, 9, dtype=torch.bool)):
        refused(ValueError, "mask", entry.function, **inputs, mask=mask)
    for mask in ([True] * 5, torch.ones(5), torch.ones(5, dtype=torch.long)):
        refused(TypeError, "mask", entry.function, **inputs, mask=mask)


def test_tensors_of_other_kinds_and_places(entry):
    inputs = entry.signature.sample(N=5)
    for name in entry.signature.names:
        refused(TypeError, name, entry.function, **{**inputs, name: inputs[name].to(torch.complex64)})
        refused(TypeError, name, entry.function, **{**inputs, name: inputs[name].to_sparse()})
    last = entry.signature.names[-1]
    if len(inputs) > 1:
        refused(ValueError, last, entry.function, **{**inputs, last: inputs[last].to("meta")})
    if entry.items != "batch":
        refused(ValueError, "sample_weight", entry.function, **inputs, sample_weight=torch.ones(5, device="meta"))
        refused(ValueError, "mask", entry.function, **inputs, mask=torch.ones(5, dtype=torch.bool, device="meta"))


def test_a_loss_for_whole_batches_refuses_what_needs_items(entry):
    if entry.items != "batch":
        pytest.skip("it has items")
    inputs = entry.signature.sample(N=5)
    refused(ValueError, "reduction", entry.function, **inputs, reduction="none")
    refused(ValueError, "sample_weight", entry.function, **inputs, sample_weight=torch.ones(5))
    refused(ValueError, "mask", entry.function, **inputs, mask=torch.ones(5, dtype=torch.bool))
