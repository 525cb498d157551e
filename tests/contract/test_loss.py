"""What `@loss` adds to a formula, and what it refuses to register."""

import inspect

import numpy as np
import pytest
import torch
from tests.contract.cases import close
from tests.contract.test_errors import refused

import lossatlas
from lossatlas.contract import above, as_module, at_least, loss, value_checks
from lossatlas.signatures import logits, margin, multilabel, residual

pytestmark = pytest.mark.usefixtures("scratch_registry")

X = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]], dtype=torch.float64)
Y = torch.tensor([0, 1])


def plain(signature=residual, **declared):
    @loss(signature, **declared)
    def toy_loss(prediction, target, *, power=2.0):
        """The residual to a power."""
        return (prediction - target).abs() ** power

    return toy_loss


def seen_by_body(signature, **inputs):
    """The inputs as they reach a body."""
    seen = {}
    names = ", ".join(signature.names)
    namespace = {"seen": seen, "__name__": "toys"}
    exec(f"def seen_loss({names}):\n    seen.update(locals())\n    return {signature.names[0]}", namespace)
    loss(signature, items=" ".join(next(iter(signature.inputs.fields.values())).axes))(namespace["seen_loss"])(**inputs)
    return seen


def test_the_public_signature_lists_all_arguments():
    parameters = inspect.signature(plain()).parameters
    assert list(parameters) == ["prediction", "target", "power", "reduction", "sample_weight", "mask", "normalizer"]
    assert parameters["power"].default == 2.0 and parameters["reduction"].default == "mean"
    assert plain().__doc__ == "The residual to a power."


def test_inputs_go_by_place_or_name():
    toy, x, y = plain(), torch.ones(3), torch.zeros(3)
    assert toy(x, y) == toy(x, target=y) == toy(target=y, prediction=x) == 1


def test_a_scalar_input_is_one_item():
    toy, x, y = plain(), torch.tensor(3.0), torch.tensor(1.0)
    assert toy(x, y) == 4 and toy(x, y, reduction="none").shape == ()
    assert toy(x, y, sample_weight=torch.tensor(2.0), reduction="sum") == 8
    assert toy(x, y, mask=torch.tensor(False)) == 0
    refused(ValueError, "mask", toy, x, y, mask=torch.ones(1, dtype=torch.bool))


def test_items_of_any_shape_are_weighed_along_their_leading_axes():
    toy, x, y = plain(), torch.arange(6.0).reshape(3, 2), torch.zeros(3, 2)
    weight = torch.tensor([1.0, 0.0, 2.0])
    assert toy(x, y, sample_weight=weight) == (0 + 1 + 2 * (16 + 25)) / 6
    assert toy(x, y, sample_weight=weight, mask=x % 2 == 0) == (0 + 2 * 16) / 3
    assert toy(x.t(), y.t(), mask=torch.tensor([True, False]), reduction="sum") == 0 + 4 + 16


def test_half_precision_is_computed_in_float32_and_returned_in_half():
    seen = seen_by_body(logits, logits=X.half(), target=Y)
    assert seen["logits"].dtype == torch.float32
    assert plain()(torch.ones(2, dtype=torch.bfloat16), torch.zeros(2, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_inputs_of_two_dtypes_meet_in_the_wider_one():
    seen = seen_by_body(residual, prediction=torch.ones(2), target=torch.zeros(2, dtype=torch.float64))
    assert seen["prediction"].dtype == seen["target"].dtype == torch.float64
    assert plain()(torch.ones(2).half(), torch.ones(2).bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_labels_reach_the_formula_as_it_needs_them(dtype):
    assert seen_by_body(logits, logits=X, target=Y.to(dtype))["target"].dtype == torch.int64
    signs = torch.tensor([1, -1], dtype=dtype)
    assert seen_by_body(margin, score=torch.ones(2).half(), label=signs)["label"].dtype == torch.float32


def test_labels_do_not_widen_the_result():
    score, label = torch.tensor([0.5, 2.0]), torch.tensor([1.0, -1.0], dtype=torch.float64)
    value = lossatlas.logistic_loss(score, label)
    assert value.dtype == torch.float32
    assert torch.equal(value, lossatlas.logistic_loss(score, label.long()))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float64])
def test_multi_hot_labels_may_be_of_any_kind(dtype):
    present = torch.tensor([[1, 0, 1], [0, 0, 1]], dtype=dtype)
    seen = seen_by_body(multilabel, logits=X.float(), target=present)
    assert seen["target"].dtype == torch.float32 and torch.equal(seen["target"] != 0, present != 0)


def test_gradients_reach_every_floating_point_input():
    prediction, target = torch.ones(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    weight = torch.tensor([1.0, 3.0], requires_grad=True)
    plain()(prediction, target, sample_weight=weight).backward()
    assert prediction.grad.tolist() == [0.5, 1.5] and target.grad.tolist() == [-0.5, -1.5]
    assert weight.grad.isfinite().all()


def test_a_masked_item_never_reaches_the_formula():
    @loss(residual)
    def toy_loss(prediction, target):
        return 1 / (prediction - target).sqrt()

    prediction = torch.tensor([4.0, 0.0, float("nan")], requires_grad=True)
    value = toy_loss(prediction, torch.tensor([0.0, 0.0, -1.0]), mask=torch.tensor([True, False, False]))
    value.backward()
    assert value == 0.5 and prediction.grad.tolist()[1:] == [0, 0] and prediction.grad[0] == -0.0625


@pytest.mark.parametrize("number", [np.float32(3), np.float64(3), np.int64(3), 3, torch.tensor(3.0), torch.tensor(3)])
def test_hyper_parameters_may_be_numbers_of_any_library(number):
    toy = plain(domains={"power": above(0)})
    value = toy(torch.full((2,), 2.0), torch.zeros(2), power=number)
    assert value == 8 and value.dtype == torch.float32
    assert as_module(toy, power=number)(torch.full((2,), 2.0), torch.zeros(2)) == 8


def test_hyper_parameters_may_be_learned():
    power = torch.tensor(2.0, requires_grad=True)
    plain(domains={"power": above(0)})(torch.full((2,), 2.0), torch.zeros(2), power=power).backward()
    assert power.grad.item() == pytest.approx(4 * np.log(2))


def test_a_module_learns_a_hyper_parameter_that_is_a_parameter():
    module = as_module(plain(), power=torch.nn.Parameter(torch.tensor(2.0)))
    assert [name for name, _ in module.named_parameters()] == ["power"]
    x, y = torch.full((2,), 2.0), torch.zeros(2)
    module(x, y).backward()
    assert module.power.grad.item() == pytest.approx(4 * np.log(2))
    module.load_state_dict({"power": torch.tensor(3.0)})
    assert module(x, y) == 8 and module.double()(x.double(), y.double()).dtype == torch.float64


def test_weights_in_half_precision_are_added_up_in_float32():
    x, y = torch.ones(5000, dtype=torch.float16), torch.zeros(5000, dtype=torch.float16)
    value = plain()(x, y, sample_weight=torch.ones(5000, dtype=torch.float16))
    assert value == 1 and value.dtype == torch.float16


def test_one_compiled_graph_serves_all_batch_sizes():
    torch._dynamo.reset()
    compiled = torch.compile(lossatlas.cross_entropy, fullgraph=True, backend="eager", dynamic=True)
    for n in (2, 5, 9):
        x, y = logits.sample(n, N=n)["logits"], torch.zeros(n, dtype=torch.long)
        close(compiled(x, y), lossatlas.cross_entropy(x, y))
        close(compiled(x, y, label_smoothing=0.1 * n), lossatlas.cross_entropy(x, y, label_smoothing=0.1 * n))


def test_entries_can_be_keys():
    assert {lossatlas.get("cross_entropy"): 1, logits: 2}[lossatlas.get("nll")] == 1


def test_an_optional_hyper_parameter_may_be_none():
    @loss(residual, domains={"cap": at_least(0)})
    def toy_loss(prediction, target, *, cap=None):
        size = (prediction - target).abs()
        return size if cap is None else size.clamp(max=cap)

    x, y = torch.full((2,), 2.0), torch.zeros(2)
    assert toy_loss(x, y) == toy_loss(x, y, cap=None) == as_module(toy_loss, cap=None)(x, y) == 2
    assert toy_loss(x, y, cap=1) == 1
    refused(TypeError, "cap", toy_loss, x, y, cap="1")


def test_value_checks_can_be_switched_off():
    low = torch.tensor([0, -7])
    refused(ValueError, "target", lossatlas.logit_z_loss, X, low)
    with value_checks(False):
        assert lossatlas.logit_z_loss(X, low).isfinite()
        refused(ValueError, "target", lossatlas.logit_z_loss, X, low[:1])
        with value_checks(True):
            refused(ValueError, "target", lossatlas.logit_z_loss, X, low)
    refused(ValueError, "target", lossatlas.logit_z_loss, X, low)


def test_shapes_are_found_without_values():
    value = lossatlas.cross_entropy(X.to("meta"), Y.to("meta"), sample_weight=torch.ones(2, device="meta"))
    assert value.is_meta and value.shape == ()


def test_a_loss_for_whole_batches():
    @loss(residual, items="batch", exempt={"items": "The variance belongs to the batch as a whole."})
    def toy_loss(prediction, target):
        return (prediction - target).var()

    x, y = torch.tensor([1.0, 3.0]), torch.zeros(2)
    assert toy_loss(x, y) == toy_loss(x, y, reduction="sum") == 2
    assert toy_loss(x, y, normalizer=4) == 0.5
    refused(ValueError, "reduction", toy_loss, x, y, reduction="none")
    refused(ValueError, "sample_weight", toy_loss, x, y, sample_weight=torch.ones(2))
    refused(ValueError, "mask", toy_loss, x, y, mask=torch.ones(2, dtype=torch.bool))


def test_what_cannot_be_registered():
    refused(ValueError, "exempt", plain, exempt={"magic": "It has none to offer to anyone."})
    refused(ValueError, "invariances", plain, invariances=("rotate",))
    refused(ValueError, "domains", plain, domains={"pwoer": above(0)})
    refused(TypeError, "power", plain, domains={"power": (0, 1)})
    refused(TypeError, "special_cases", plain, special_cases=["cross_entropy"])
    refused(ValueError, "toy_loss", plain, signature=logits)

    def no_default(prediction, target, *, power):
        return prediction

    def not_keyword_only(prediction, target, power=2.0):
        return prediction

    refused(ValueError, "power", loss(residual), no_default)
    refused(ValueError, "power", loss(residual), not_keyword_only)
    no_perfect = type(residual)("toy", residual.inputs, "*")
    refused(ValueError, "optimum", loss, no_perfect, optimum=0.0)


def test_a_decorator_without_signature_says_what_it_wants():
    with pytest.raises(TypeError, match=r"`signature`: expected a signature .*@loss\(logits"):

        @loss
        def bare(logits, target):
            return logits.sum(-1)


def test_a_hyper_parameter_may_not_take_a_name_that_the_decorator_adds():
    with pytest.raises(ValueError, match=r"expected arguments other than those that @loss adds, got \['mask'\]"):

        @loss(logits)
        def masked(logits, target, *, mask=1.0):
            return logits.sum(-1)


def test_an_unknown_keyword_is_answered_with_those_that_there_are():
    x = torch.randn(3, 2)
    for call, others in (
        (lambda: lossatlas.nt_xent(x, x, rows=2), ", rows_at_once"),
        (lambda: lossatlas.byol_loss(x, x, rows=2), ""),
    ):
        with pytest.raises(
            TypeError,
            match=(
                rf"`rows`: expected one of the keywords of \w+: .*reduction, sample_weight, mask, normalizer{others},"
                r" got rows=int 2"
            ),
        ):
            call()


def test_on_says_which_signatures_and_losses_go_together():
    with pytest.raises(
        ValueError, match=r"`signature`: expected one with forms .*, got <signature logits\(logits, target\)>"
    ):
        lossatlas.on(lossatlas.signatures.logits, "info_nce")
    with pytest.raises(
        ValueError,
        match=(
            r"`loss`: expected one that is written in the form 'cosine' or 'distance', got cross_entropy, on its inputs"
        ),
    ):
        lossatlas.on(lossatlas.signatures.pairs, "cross_entropy")
