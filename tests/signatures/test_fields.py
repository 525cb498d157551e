"""Each kind of tensor on its own: what it takes, what it refuses, and its messages."""

import re

import pytest
import torch

from lossatlas.signatures import ClassIndex, Field, MultiHot, Positive, Sign, Simplex, takes
from lossatlas.signatures.fields import shape_text


def refused(error, call, *args, message):
    with pytest.raises(error) as caught:
        call(*args)
    assert re.search(message, str(caught.value)), str(caught.value)


def test_shapes_in_words():
    assert (
        shape_text(("N", "C")) == "shape (N, C)"
        and shape_text(("N",)) == "shape (N,)"
        and shape_text(("*",)) == "any shape"
    )
    assert shape_text((5,)) == "shape (5,)" and shape_text(()) == "shape ()"


@pytest.mark.parametrize("kind", [Field("N"), Positive("N"), Simplex("N C")])
@pytest.mark.parametrize(
    "value",
    [torch.ones(3, dtype=torch.long), torch.ones(3, dtype=torch.complex64), torch.ones(3).to_sparse(), [1.0], None],
)
def test_numbers_must_be_a_dense_floating_point_tensor(kind, value):
    refused(TypeError, kind.check_type, "x", value, message="`x`: expected a floating-point tensor of shape .*, got ")


def test_a_sparse_tensor_is_called_so():
    refused(
        TypeError,
        Field("N").check_type,
        "x",
        torch.ones(3).to_sparse(),
        message=r"got a sparse_coo float32 tensor of shape \(3,\)",
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.uint8, torch.int8])
def test_class_indices_are_integers_wide_enough_to_count(dtype):
    refused(
        TypeError, ClassIndex("N").check_type, "y", torch.ones(3).to(dtype), message="`y`: expected an integer tensor"
    )


def test_class_indices_name_the_one_that_is_outside():
    kind = ClassIndex("N")
    refused(ValueError, kind.check_values, "y", torch.tensor([0, 7, 1]), {"C": 3}, message=r"in \[0, 3\), got 7")
    refused(ValueError, kind.check_values, "y", torch.tensor([0, -100, 7]), {"C": 3}, message="got -100")
    kind.check_values("y", torch.tensor([0, 2]), {"C": 3})
    kind.check_values("y", torch.zeros(0, dtype=torch.long), {"C": 3})
    kind.check_values("y", torch.tensor(2**31 - 1, dtype=torch.int32), {"C": 2**40})


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.float32])
def test_signs(dtype):
    Sign("*").check_type("y", torch.tensor([1, -1]).to(dtype))
    Sign("*").check_values("y", torch.tensor([1, -1]).to(dtype), {})
    for value in (0, 2, -2):
        refused(
            ValueError,
            Sign("*").check_values,
            "y",
            torch.tensor([1, value]).to(dtype),
            {},
            message=f"labels -1 or .1, got {value}$",
        )
    refused(ValueError, Sign("*").check_values, "y", torch.tensor([float("nan")]), {}, message="got nan")
    refused(TypeError, Sign("*").check_type, "y", torch.tensor([True]), message="got a bool tensor")
    refused(TypeError, Sign("*").check_type, "y", torch.tensor([1], dtype=torch.uint8), message="got a uint8 tensor")


def test_multi_hot():
    for value in (torch.tensor([[True, False]]), torch.tensor([[1, 0]]), torch.tensor([[1.0, 0.0]])):
        MultiHot("N C").check_type("y", value)
        MultiHot("N C").check_values("y", value, {})
    refused(
        ValueError, MultiHot("N C").check_values, "y", torch.tensor([[0.5, 1.0]]), {}, message="labels 0 or 1, got 0.5"
    )


def test_positive():
    Positive("N").check_values("x", torch.tensor([1e-30]), {})
    for value in (0.0, -1.0, float("nan")):
        refused(
            ValueError,
            Positive("N").check_values,
            "x",
            torch.tensor([1.0, value]),
            {},
            message=f"got a smallest value of {value:g}",
        )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("classes", [2, 10, 1000, 50000])
def test_probabilities_may_be_rounded(dtype, classes):
    p = torch.randn(3, classes, generator=torch.Generator().manual_seed(0), dtype=torch.float64).softmax(-1)
    Simplex("N C").check_values("p", p.to(dtype), {})


def test_what_is_no_distribution():
    kind = Simplex("N C")
    refused(
        ValueError,
        kind.check_values,
        "p",
        torch.tensor([[0.5, 0.5], [0.9, 0.3]]),
        {},
        message=r"got a row that sums to 1\.2",
    )
    refused(ValueError, kind.check_values, "p", torch.tensor([[1.5, -0.5]]), {}, message=r"a smallest entry of -0\.5")
    refused(ValueError, kind.check_values, "p", torch.tensor([[0.5, float("nan")]]), {}, message="nan")
    refused(
        ValueError, kind.check_values, "p", torch.tensor([[0.5, float("inf")]]), {}, message="a row that sums to inf"
    )


def test_messages_fill_in_the_sizes_that_are_known():
    signature = takes(
        {"x": Field("N D"), "y": Field("D K"), "z": ClassIndex("N", below="K")}, sizes={"N": 3, "D": 2, "K": 4}
    )
    good = signature.sample()
    for name, value, message in [
        ("x", torch.ones(3), r"`x`: expected shape \(N, D\), got \(3,\)"),
        ("y", torch.ones(5, 4, dtype=torch.float64), r"`y`: expected shape \(2, .*\), got \(5, 4\)"),
        ("z", torch.ones(2, dtype=torch.long), r"`z`: expected shape \(3,\), got \(2,\)"),
    ]:
        refused(ValueError, signature.inputs.check_shapes, {**good, name: value}, message=message)


def test_inputs_of_any_shape_have_one_shape():
    signature = takes({"x": Field("*"), "y": Sign("*")}, sizes={"N": 3})
    for shape in ((), (3,), (2, 3, 4)):
        inputs = {"x": torch.ones(shape), "y": torch.ones(shape)}
        assert signature.inputs.shape_of("*", signature.inputs.check_shapes(inputs)) == shape
    refused(
        ValueError,
        signature.inputs.check_shapes,
        {"x": torch.ones(3), "y": torch.ones(1)},
        message=r"`y`: expected shape \(3,\), got \(1,\)",
    )


def test_a_row_of_probabilities_is_masked_as_a_whole():
    signature = takes({"p": Simplex("N C")}, sizes={"N": 2, "C": 4})
    p = torch.tensor([[0.1, 0.2, 0.3, 0.4], [1.0, 0, 0, 0]])
    keep = torch.tensor([[True, False, True, True], [False, False, False, False]])
    assert signature.inputs.neutralized({"p": p}, keep)["p"].tolist() == [p[0].tolist(), [0.25] * 4]


def test_half_precision_meets_in_float32_and_labels_do_not_count():
    signature = takes({"x": Field("*"), "w": Positive("*"), "y": Sign("*")}, sizes={"N": 2})
    for x, w, y, wide, out in [
        (torch.float16, torch.float16, torch.float64, torch.float32, torch.float16),
        (torch.float16, torch.bfloat16, torch.float32, torch.float32, torch.float32),
        (torch.bfloat16, torch.float32, torch.int64, torch.float32, torch.float32),
        (torch.float32, torch.float64, torch.int8, torch.float64, torch.float64),
    ]:
        inputs = {"x": torch.ones(2, dtype=x), "w": torch.ones(2, dtype=w), "y": torch.ones(2, dtype=y)}
        prepared, dtype = signature.inputs.prepared(inputs)
        assert dtype == out and {value.dtype for value in prepared.values()} == {wide}


def test_axes_that_broadcast_and_axes_of_a_fixed_size():
    taken = takes({"a": Field("... D D"), "b": Field("... D D"), "edges": Field("E 2")}).inputs
    edges = torch.zeros(4, 2)
    for first, second, together in (((), (), ()), ((5,), (), (5,)), ((5, 1), (3,), (5, 3))):
        sizes = taken.check_shapes({"a": torch.zeros(*first, 3, 3), "b": torch.zeros(*second, 3, 3), "edges": edges})
        assert tuple(sizes["..."]) == together and (sizes["D"], sizes["E"]) == (3, 4)
    given = {"a": torch.zeros(5, 3, 3), "b": torch.zeros(3, 3), "edges": edges}
    for name, value, message in (
        ("a", torch.zeros(5, 3, 4), r"`a`: expected shape \(..., 3, 3\), got \(5, 3, 4\)"),
        ("b", torch.zeros(3), r"`b`: expected shape \(..., 3, 3\)"),
        ("b", torch.zeros(4, 3, 3), r"`b`: expected shape \(..., 3, 3\), its leading axes broadcasting with \(5,\)"),
        ("edges", torch.zeros(4, 3), r"`edges`: expected shape \(4, 2\), got \(4, 3\)"),
    ):
        refused(ValueError, taken.check_shapes, {**given, name: value}, message=message)


def test_further_axes_of_one_field():
    taken = takes({"x": Field("N ..."), "y": Field("N ...")}).inputs
    for first, second in (((), ()), ((5,), ()), ((5, 2), (7,))):
        assert taken.check_shapes({"x": torch.zeros(3, *first), "y": torch.zeros(3, *second)}) == {"N": 3}
    given = {"x": torch.zeros(3, 5), "y": torch.zeros(3)}
    refused(
        ValueError, taken.check_shapes, {**given, "x": torch.zeros(())}, message=r"`x`: expected shape \(N, \.\.\.\)"
    )
    message = r"`y`: expected shape \(3, \.\.\.\), got \(4, 5\)"
    refused(ValueError, taken.check_shapes, {**given, "y": torch.zeros(4, 5)}, message=message)
