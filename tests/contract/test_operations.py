"""What is tested of every operation, generated from what it takes and what is declared of it.

An operation is a function that is no loss: a distance, a miner, an update, a weight, a schedule, a measure.
"""

import inspect

import pytest
import torch
from tests.contract.cases import cast, outcome, promise, tracked
from tests.contract.operations import as_lists, floating_parts, parts
from tests.contract.test_errors import WRONG_TYPES, refused
from tests.references import loop, recorded
from tests.references.numbers import exactly, rounded

import lossatlas
from lossatlas import measures
from lossatlas.contract import PROMISES_OF_OPERATIONS, Domain, get_operation

SEEDS = range(4)


# what it says of itself


def test_it_says_what_it_is(operation):
    entry = operation.entry
    text = inspect.getdoc(entry.body)
    assert entry.summary.endswith(".") and "Returns:" in text
    documented = text.partition("Args:")[2].partition("Returns:")[0]
    for name in inspect.signature(entry.function).parameters:
        assert name in documented, f"`{name}` is not explained under Args"


def test_it_is_found_by_name_and_function(operation):
    entry = operation.entry
    assert get_operation(entry.name) is entry and get_operation(entry.function) is entry
    assert entry in lossatlas.contract.operations(family=entry.family)
    family = measures if entry.family == "measures" else getattr(lossatlas.losses, entry.family)
    assert getattr(family, entry.name) is entry.function and entry.name in family.__all__


def test_defaults_are_those_recorded(operation):
    record = recorded.of(operation.entry)
    assert record, f"nothing is recorded of it: {recorded.RENEW}"
    assert record["defaults"] == recorded.defaults_of(operation.entry), recorded.RENEW


def test_exemptions_are_needed(operation):
    """None is declared that is not needed, at any setting."""
    for name in operation.entry.exempt:
        assert name in PROMISES_OF_OPERATIONS
        tests = [test for test in globals().values() if getattr(test, "promise", None) == name]
        ends = [outcome(test.without_exemption, operation) for test in tests]
        assert "failed" in ends, f"it keeps the promise {name!r}: take the exemption away"


# what it refuses


def test_bad_inputs(operation):
    bad = operation.signature.bad_samples()
    assert {b.argument for b in bad} == set(operation.signature.names)
    for sample in bad:
        refused(sample.error, sample.argument, operation.entry.function, **sample.inputs, **operation.hyper)


def test_tensors_of_other_kinds(operation):
    inputs = operation.sample()
    for name, value in inputs.items():
        if isinstance(value, torch.Tensor) and value.layout is torch.strided:
            for other in (value.to(torch.complex64), value.to_sparse()):
                if name not in operation.signature.inputs.fields or not accepts(operation, name, other):
                    refused(TypeError, name, operation, {**inputs, name: other})


def accepts(operation, name, value):
    """Whether a field takes this kind of tensor by declaration."""
    kind = operation.signature.inputs.fields[name]
    return value.layout in getattr(kind, "layouts", (torch.strided,)) and value.dtype in kind.dtypes


def test_hyper_parameters_outside_their_limits(operation):
    entry, inputs = operation.entry, operation.sample()
    for name, limit in entry.limits.items():
        given = {key: value for key, value in operation.hyper.items() if key != name}
        if isinstance(limit, Domain):
            for value in limit.outside():
                refused(ValueError, name, entry.function, **inputs, **given, **{name: value})
            for value in WRONG_TYPES if limit.optional else (*WRONG_TYPES, None):
                refused(TypeError, name, entry.function, **inputs, **given, **{name: value})
        else:
            assert limit.refused
            for error, values in ((TypeError, limit.refused), (ValueError, limit.outside)):
                for value in values:
                    refused(error, name, entry.function, **inputs, **given, **{name: value})


def test_every_hyper_parameter_has_limits(operation):
    assert set(operation.entry.defaults) == set(operation.entry.limits)


def test_arguments_that_do_not_exist_or_are_missing(operation):
    entry, inputs, names = operation.entry, operation.sample(), operation.signature.names
    refused(TypeError, "temprature", entry.function, **inputs, **operation.hyper, temprature=1.0)
    refused(TypeError, "arguments", entry.function, *inputs.values(), 1.0, **operation.hyper)
    if names:
        refused(TypeError, names[0], entry.function, inputs[names[0]], **inputs, **operation.hyper)
    for name in operation.signature.inputs.required:
        refused(TypeError, name, entry.function, **{k: v for k, v in inputs.items() if k != name}, **operation.hyper)
    for name, default in entry.defaults.items():
        if default is inspect.Parameter.empty:
            refused(
                TypeError, name, entry.function, **inputs, **{k: v for k, v in operation.hyper.items() if k != name}
            )


# the numbers


@promise("loop")
def test_the_naive_loop_gives_the_same(operation):
    naive = loop(operation.entry.name)
    assert naive is not None, "no naive loop in tests/families/<family>/references"
    for inputs in (operation.sample(seed) for seed in SEEDS):
        compare(operation(inputs), naive(**as_lists(inputs), **operation.hyper), rtol=1e-9)


@promise("loop")
def test_the_naive_loop_with_75_digits_gives_the_same(operation):
    naive = loop(operation.entry.name)
    assert naive is not None, "no naive loop in tests/families/<family>/references"
    for inputs in (operation.sample(7), *operation.signature.edge_samples().values()):
        with exactly():
            wanted = naive(**recorded.exact_inputs(inputs), **recorded.exact_inputs(operation.hyper))
            wanted = rounded_all(wanted)
        compare(operation(inputs), wanted, rtol=1e-11)


def compare(found, wanted, rtol):
    """Equal in all parts but for rounding, relative to each number and to the largest of its tensor."""
    found, wanted = parts(found), parts(wanted)
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        right = wanted[name]
        if isinstance(value, torch.Tensor):
            right = torch.as_tensor(right, dtype=value.dtype).reshape(value.shape)
            floating = value.numel() > 0 and value.is_floating_point()
            scale = value.detach().to_dense().nan_to_num(0, 0, 0).abs().max().item() if floating else 0.0
            torch.testing.assert_close(
                value.detach().to_dense(), right, rtol=rtol, atol=1e-13 * max(scale, 1e-15), equal_nan=True
            )
        else:
            assert value == right


def rounded_all(values):
    """Results of 75 digits as floats, in whatever tuples, lists and dictionaries they come."""
    if isinstance(values, dict):
        return {name: rounded_all(value) for name, value in values.items()}
    if isinstance(values, (tuple, list)):
        return (
            type(values)(map(rounded_all, values))
            if not hasattr(values, "_asdict")
            else type(values)(*map(rounded_all, values))
        )
    return values if values is None or isinstance(values, (bool, int, float, str)) else rounded(values)


# precision


@promise("half")
def test_half_precision_is_the_precise_result_rounded(operation):
    for dtype in (torch.float16, torch.bfloat16):
        inputs = cast(operation.signature, operation.sample(), dtype)
        with lossatlas.value_checks(False):  # shares in half precision do not sum to 1 in float64
            precise = operation(cast(operation.signature, inputs, torch.float64))
        eps = torch.finfo(dtype).eps
        for (name, found), wanted in zip(parts(operation(inputs)).items(), parts(precise).values(), strict=True):
            if isinstance(found, torch.Tensor) and found.is_floating_point():
                assert found.dtype == dtype, name
                torch.testing.assert_close(found.double(), wanted, rtol=eps, atol=1e-2 * eps)
            elif isinstance(found, torch.Tensor):
                assert torch.equal(found, wanted), name


def test_the_dtype_that_came_comes_back(operation):
    for dtype in (torch.float32, torch.float64):
        inputs = cast(operation.signature, operation.sample(), dtype)
        if operation.signature.inputs.floating:
            for name, found in floating_parts(operation(inputs)).items():
                assert found.dtype == dtype, name


def test_autocast_changes_nothing(operation):
    names = operation.signature.inputs.floating
    leaves = tracked(cast(operation.signature, operation.sample(), torch.float32), names)
    results = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            found = floating_parts(operation(leaves))
        total = [x.sum() for x in found.values() if x.requires_grad]
        given = [leaves[name] for name in names if leaves[name] is not None]
        gradients = torch.autograd.grad(sum(total), given, allow_unused=True) if total else []
        results.append([*found.values(), *(x for x in gradients if x is not None)])
    for plain, other in zip(*results, strict=True):
        assert other.dtype == plain.dtype and torch.equal(plain, other)


# gradients


@promise("gradient")
def test_gradient(operation):
    inputs, names = operation.sample(), operation.signature.inputs.floating
    leaves = tracked(inputs, names)
    found = floating_parts(operation(leaves))
    if not operation.entry.differentiable:
        assert not any(x.requires_grad for x in found.values())
        return
    assert any(x.requires_grad for x in found.values()), "nothing has a gradient: declare differentiable=False"

    def outputs(*values):
        given = {**inputs, **dict(zip(names, values, strict=True))}
        return tuple(x for x in floating_parts(operation(given)).values() if x.requires_grad)

    torch.autograd.gradcheck(outputs, tuple(leaves[name] for name in names))


@promise("func")
def test_torch_func_gives_the_same_gradient(operation):
    if not operation.entry.differentiable:
        return
    inputs, names = operation.sample(), operation.signature.inputs.floating

    def total(given):
        return sum(x.sum() for x in floating_parts(operation({**inputs, **given})).values())

    given = {name: inputs[name] for name in names}
    leaves = tracked(given, names)
    wanted = torch.autograd.grad(total(leaves), list(leaves.values()), allow_unused=True, materialize_grads=True)
    for name, right in zip(names, wanted, strict=True):
        torch.testing.assert_close(torch.func.grad(total)(given)[name], right)


@promise("vmap")
def test_vmap(operation):
    samples = [operation.sample(seed) for seed in (0, 1)]
    names = [name for name, value in samples[0].items() if isinstance(value, torch.Tensor)]
    if not names:
        pytest.skip("it takes no tensors")
    rest = {name: value for name, value in samples[0].items() if name not in names}
    stacked = {name: torch.stack([sample[name] for sample in samples]) for name in names}
    found = parts(torch.vmap(lambda given: operation({**rest, **given}))(stacked))
    for n, sample in enumerate(samples):
        for name, wanted in parts(operation({**rest, **{key: sample[key] for key in names}})).items():
            torch.testing.assert_close(found[name][n], wanted)


# sizes and strides


def axis_of_items(operation):
    """N where a tensor begins with it, else the first axis of the first tensor, where it may be of any length."""
    kinds = [kind for kind in operation.signature.inputs.fields.values() if kind.axes and kind.axes != ("*",)]
    first = [axis for kind in kinds for axis in kind.axes[:1] if axis not in "*..."]
    return "N" if "N" in first else next(iter(first), None)


@promise("empty")
def test_no_items(operation):
    axis = axis_of_items(operation)
    if axis is None or operation.signature.inputs.least.get(axis, 0) > 0:
        pytest.skip("it takes no inputs without items")
    for name, found in floating_parts(operation(operation.sample(**{axis: 0}))).items():
        assert found.isfinite().all(), name


@promise("single")
def test_one_item(operation):
    axis = axis_of_items(operation)
    if axis is None or operation.signature.inputs.least.get(axis, 0) > 1:
        pytest.skip("it takes no single items")
    for name, found in floating_parts(operation(operation.sample(**{axis: 1}))).items():
        assert not found.isnan().any(), name


@promise("strides")
def test_inputs_may_be_views_and_stay_as_they_are(operation):
    inputs = operation.sample()
    strided = {
        name: value.repeat_interleave(2, -1)[..., ::2] if isinstance(value, torch.Tensor) and value.ndim else value
        for name, value in inputs.items()
    }
    before = {name: value.clone() for name, value in strided.items() if isinstance(value, torch.Tensor)}
    for (name, found), wanted in zip(parts(operation(strided)).items(), parts(operation(inputs)).values(), strict=True):
        if isinstance(found, torch.Tensor):
            torch.testing.assert_close(found, wanted, msg=lambda text, name=name: f"{name}: {text}")
    assert all(torch.equal(strided[name], value) for name, value in before.items())


def test_leading_axes_broadcast(operation):
    names = [name for name, kind in operation.signature.inputs.fields.items() if kind.axes[:1] == ("...",)]
    if len(names) < 2:
        pytest.skip("no axes that broadcast with those of another input")
    inputs = operation.sample()
    for name in names:
        first = inputs[name][0]
        same = {**inputs, name: first.expand_as(inputs[name])}
        torch.testing.assert_close(operation({**inputs, name: first}), operation(same))


@promise("optional")
def test_inputs_that_need_not_be_given(operation):
    """Each alone, and all of them, may be left out."""
    inputs, optional = operation.sample(), operation.signature.inputs.optional
    if not optional:
        pytest.skip("it needs all of its inputs")
    for name, found in floating_parts(operation({k: v for k, v in inputs.items() if k not in optional})).items():
        assert not found.isnan().any(), name
