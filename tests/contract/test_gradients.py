"""Gradients are those of the value, may be differentiated again, and respect the gradient from above."""

import pytest
import torch
from tests.contract.cases import close, gradients, needs_items, promise, take, tracked, value_and_gradients

from lossatlas.signatures import Field

EPS = torch.finfo(torch.float64).eps


def _function_of_floats(case, inputs):
    """The loss as a function of its floating-point inputs alone, and these."""
    names = case.signature.inputs.floating
    leaves = tracked(inputs, names)
    return lambda *values: case.each({**inputs, **dict(zip(names, values, strict=True))}), [leaves[n] for n in names]


def _small(case, seed):
    return case.sample(seed, N=3)


@promise("gradient")
def test_gradient(case):
    for seed in range(2):
        assert torch.autograd.gradcheck(*_function_of_floats(case, _small(case, seed)), raise_exception=True)


@promise("double_backward")
def test_second_gradient(case):
    inputs = _small(case, 0)
    grads = value_and_gradients(case, inputs, reduction="sum")[1]
    # Two gradients, each rounded by half an epsilon of its size, are subtracted and divided by two steps of 1e-6.
    atol = max(1e-5, *(grad.abs().max().item() * EPS / 2e-6 for grad in grads.values()))
    assert torch.autograd.gradgradcheck(*_function_of_floats(case, inputs), atol=atol, raise_exception=True)


def test_each_item_passes_on_the_gradient_that_it_gets(case):
    needs_items(case)
    leaves = tracked(case.sample(), case.signature.inputs.floating)
    items = case(leaves, reduction="none")
    cotangent = torch.randn(items.shape, generator=torch.Generator().manual_seed(7), dtype=items.dtype)
    got = gradients((items * cotangent).sum(), leaves, case)
    wanted = {name: torch.zeros_like(value) for name, value in got.items()}
    for n in range(len(items)):
        alone = case(take(case.signature, leaves, slice(n, n + 1)), reduction="none")
        for name, gradient in gradients((alone * cotangent[n : n + 1]).sum(), leaves, case).items():
            wanted[name] = wanted[name] + gradient
    for name in wanted:
        close(got[name], wanted[name], note=f"gradient of {name}")


def test_the_gradient_of_one_input_does_not_hang_on_the_others(case):
    """Often only the network's output wants a gradient, and the class vectors or the target none."""
    inputs = case.sample()
    together = value_and_gradients(case, inputs)[1]
    for name, wanted in together.items():
        alone = tracked(inputs, [name])
        (got,) = torch.autograd.grad(case(alone), alone[name], allow_unused=True, materialize_grads=True)
        close(got, wanted, note=f"gradient of {name}")


def test_inputs_may_be_made_from_one_another(case):
    """Class vectors that are means of features, say: each input's gradient counts once, also in a second gradient."""
    first, *others = case.signature.inputs.floating
    if not others:
        pytest.skip("it has one floating-point input")
    inputs = case.sample()
    grads = value_and_gradients(case, inputs)[1]
    wanted = grads[first] + sum(grads[name].sum() for name in others)
    for again in (False, True):
        leaves = tracked(inputs, [first])
        total = leaves[first].sum()
        moved = {name: inputs[name] + (total - total.detach()) for name in others}
        (got,) = torch.autograd.grad(case({**leaves, **moved}), leaves[first], create_graph=again)
        close(got.detach(), wanted, note=f"create_graph={again}")


def test_an_input_may_be_made_from_another(case):
    """Class vectors that are means of features, say: the gradients of both reach the features, each once."""
    inputs, kinds = case.sample(), case.signature.inputs.fields
    free = [name for name in case.signature.inputs.floating if type(kinds[name]) is Field]
    if len(free) < 2:
        pytest.skip("one free input")
    first, second = free[:2]
    grads = value_and_gradients(case, inputs)[1]
    wanted = grads[first] + 0.3 * grads[second].sum() / grads[first].numel()
    fixed = inputs[second] - 0.3 * inputs[first].mean()
    for options in ({}, {"create_graph": True}):
        leaf = inputs[first].clone().requires_grad_()
        value = case({**inputs, first: leaf, second: fixed + 0.3 * leaf.mean()})
        close(torch.autograd.grad(value, leaf, **options)[0].detach(), wanted, note=f"{options}")


def test_the_graph_can_be_used_twice(case):
    leaves = tracked(case.sample(), case.signature.inputs.floating)
    value = case(leaves)
    names = case.signature.inputs.floating
    options = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
    first, second = (torch.autograd.grad(value, [leaves[n] for n in names], **options) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
