"""Every signature keeps its word: what it samples, draws and transforms is valid, what is wrong is refused by name."""

import re

import pytest
import torch

import lossatlas
from lossatlas.contract import value_checks
from lossatlas.signatures import SIGNATURES

ALL = {**SIGNATURES, **{entry.signature.name: entry.signature for entry in lossatlas.registry()}}
pytestmark = pytest.mark.parametrize("signature", ALL.values(), ids=list(ALL))


def valid(signature, inputs):
    assert list(inputs) == list(signature.names)
    sizes = signature.inputs.check_shapes(inputs)
    signature.inputs.check_values(inputs, sizes)
    return sizes


def refused(signature, bad):
    with pytest.raises(bad.error) as caught:
        valid(signature, bad.inputs)
    assert re.fullmatch(rf"`{bad.argument}`: expected \S.*, got \S.*", str(caught.value), re.S), str(caught.value)


def test_samples_are_valid(signature):
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        inputs = signature.sample(3, dtype=dtype)
        sizes = valid(signature, inputs)
        assert all(inputs[name].dtype == dtype for name in signature.inputs.floating)
        assert all(sizes[axis] == n for axis, n in signature.samples.sizes.items() if axis in sizes)


def test_samples_of_all_sizes_are_valid(signature):
    for n in (0, 1, 7):
        valid(signature, signature.sample(N=n))
    smallest = {axis: max(1, signature.inputs.least.get(axis, 1)) for axis in signature.samples.sizes}
    valid(signature, signature.sample(**smallest))


def test_samples_follow_their_seed(signature):
    def same(a, b):
        return all(torch.equal(a[name], b[name]) for name in signature.names)

    assert same(signature.sample(5), signature.sample(5))
    assert not same(signature.sample(5), signature.sample(6))
    generator = torch.Generator().manual_seed(5)
    assert same(signature.sample(generator), signature.sample(5))
    assert not same(signature.sample(generator), signature.sample(5))


def test_edge_samples_are_valid(signature):
    cases = signature.edge_samples(2, dtype=torch.float32)
    assert "one item" in cases and len(cases) >= 4
    for inputs in cases.values():
        valid(signature, inputs)
        assert all(inputs[name].dtype == torch.float32 for name in signature.inputs.floating)


def test_edges_leave_the_sample_alone(signature):
    base = signature.sample(4)
    before = {name: value.clone() for name, value in base.items()}
    for make in (
        *signature.samples.edges.values(),
        *([signature.samples.perfect] if signature.samples.perfect else []),
    ):
        make(dict(base))
    assert all(torch.equal(base[name], before[name]) for name in base)


def test_bad_samples_are_refused_by_name(signature):
    cases = signature.bad_samples()
    assert {bad.argument for bad in cases} == set(signature.names)
    assert len({bad.name for bad in cases}) == len(cases)
    for bad in cases:
        refused(signature, bad)


def test_transforms_keep_inputs_valid(signature):
    assert set(signature.always) <= set(signature.transforms)
    for name, transform in signature.transforms.items():
        assert transform.name == name and transform.note
        inputs = signature.sample(8)
        moved = transform.apply(dict(inputs), torch.Generator().manual_seed(1))
        valid(signature, moved)
        assert {k: (v.shape, v.dtype) for k, v in moved.items()} == {k: (v.shape, v.dtype) for k, v in inputs.items()}
        assert any(not torch.equal(moved[k], inputs[k]) for k in inputs), f"{name} changes nothing"


def test_a_perfect_prediction_is_valid(signature):
    if signature.samples.perfect is None:
        pytest.skip("it knows no perfect prediction")
    valid(signature, signature.samples.perfect(signature.sample()))


def test_lines_make_valid_inputs(signature):
    assert signature.probes.lines or signature.probes.planes, "nothing to look at"
    for line in signature.probes.lines:
        assert line.start < line.stop and line.axis
        for dtype in (torch.float64, torch.float32):
            inputs = line.inputs(torch.linspace(line.start, line.stop, 11, dtype=dtype))
            valid(signature, inputs)
            assert signature.inputs.check_shapes(inputs).get("N", 11) == 11
            assert all(inputs[name].dtype == dtype for name in signature.inputs.floating)


def test_lines_carry_gradients(signature):
    for line in signature.probes.lines:
        t = torch.linspace(line.start, line.stop, 5, dtype=torch.float64, requires_grad=True)
        inputs = line.inputs(t)
        gradient = torch.autograd.grad(sum(inputs[name].pow(3).sum() for name in signature.inputs.floating), t)[0]
        assert gradient.isfinite().all() and gradient.any()


def test_planes_make_valid_inputs(signature):
    for plane in signature.probes.planes:
        u, v = torch.linspace(*plane.u, 7, dtype=torch.float64), torch.linspace(*plane.v, 7, dtype=torch.float64)
        u, v = (x.flatten() for x in torch.meshgrid(u, v, indexing="ij"))
        if plane.kind == "simplex":
            inside = (u > 0) & (v > 0) & (u + v < 1)
            u, v = u[inside], v[inside]
            assert len(plane.axes) == 3
        else:
            assert plane.kind == "plane" and len(plane.axes) == 2
        valid(signature, plane.inputs(u, v))


def test_masked_items_become_harmless(signature):
    inputs = signature.sample(N=4)
    keep = torch.tensor([True, False, True, False])
    changed = signature.inputs.neutralized(inputs, keep)
    valid(signature, changed)
    for name, kind in signature.inputs.fields.items():
        assert changed[name].dtype == inputs[name].dtype
        if kind.axes[0] in ("N", "*"):
            assert torch.equal(changed[name][keep], inputs[name][keep])
            assert (changed[name][~keep] == kind.neutral(inputs[name])).all()
        else:
            assert changed[name] is inputs[name]


def test_values_are_not_read_where_they_cannot_be(signature):
    bad = [b for b in signature.bad_samples() if b.error is ValueError and _only_values_are_wrong(signature, b.inputs)]
    for case in bad:
        with value_checks(False):
            valid(signature, case.inputs)
        valid(signature, {name: value.to("meta") for name, value in case.inputs.items()})

        def under_vmap(*values):
            valid(signature, dict(zip(signature.names, values, strict=True)))
            return values[0]

        torch.func.vmap(under_vmap)(*(value.unsqueeze(0) for value in case.inputs.values()))
        torch._dynamo.reset()  # signatures with many inputs have many such cases, each compiled anew
        compiled = torch.compile(under_vmap, fullgraph=True, backend="eager")
        compiled(*case.inputs.values())
        refused(signature, case)


def _only_values_are_wrong(signature, inputs):
    try:
        signature.inputs.check_shapes(inputs)
    except (TypeError, ValueError):
        return False
    return True


def test_inputs_on_two_devices_are_refused(signature):
    inputs = signature.sample()
    last = signature.names[-1]
    if len(signature.names) > 1:
        with pytest.raises(ValueError, match=f"`{last}`: expected a tensor on cpu, got one on meta"):
            signature.inputs.check_shapes({**inputs, last: inputs[last].to("meta")})


def test_it_says_what_it_is(signature):
    assert repr(signature) == f"<signature {signature.name}({', '.join(signature.names)})>"
    assert all(kind.what for kind in signature.inputs.fields.values())
