"""Losses that compare anchors with a gallery: the batch as its own gallery, and any number of rows at a time."""

import inspect

import pytest
import torch
from tests.contract.cases import all_close, cases, close, garbage, take, value_and_gradients
from tests.contract.test_errors import refused

import lossatlas
from lossatlas.contract import is_number

#: signature -> input of the gallery -> the input whose rows stand in for it
OWN_GALLERY = {
    "embeddings": {"gallery": "embeddings", "gallery_labels": "labels"},
    "queries": {"gallery": "key"},
    "views": {"gallery_a": "view_a", "gallery_b": "view_b"},
}
COUNTS = torch.tensor([True, False, True, True, False, True])
WEIGHT = torch.tensor([0.5, 2.0, 0.0, 1.0, 3.0, 0.25], dtype=torch.float64)


def of_each(found):
    return pytest.mark.parametrize("compared", [pytest.param(case, id=case.id) for case in found])


compares = of_each([case for case in cases() if case.signature.inputs.optional])
compares_by_item = of_each([case for case in cases() if case.signature.inputs.optional and case.by_item])
takes_rows = of_each([case for case in cases() if "rows_at_once" in inspect.signature(case.entry.function).parameters])


def batch(case, n=6, seed=0, dtype=torch.float64):
    """A batch that is its own gallery."""
    inputs = case.sample(seed, N=n, dtype=dtype)
    return {name: inputs[name] for name in case.signature.inputs.required}


def gradients_of(case, inputs, cotangent=None, **keywords):
    """The value, and the gradients in what is given and floating; a cotangent for the items, or ones."""
    names = [name for name in case.signature.inputs.floating if name in inputs]
    leaves = {n: v.detach().clone().requires_grad_() if n in names else v for n, v in inputs.items()}
    value = case(leaves, **keywords)
    assert value.requires_grad
    gradients = torch.autograd.grad(
        value, [leaves[n] for n in names], torch.ones_like(value) if cotangent is None else cotangent
    )
    return value.detach(), dict(zip(names, gradients, strict=True))


@compares
def test_no_gallery_is_the_batch_itself(compared):
    inputs, roles = batch(compared), OWN_GALLERY[compared.signature.name]
    gallery = {name: inputs[of] for name, of in roles.items()}
    apart = {**inputs, **gallery, "own": torch.arange(6), "gallery_mask": torch.ones(6, dtype=torch.bool)}
    value, gradients = gradients_of(compared, inputs)
    expected, by_role = value_and_gradients(compared, apart)
    close(value, expected)
    for name, of in roles.items():
        if name in by_role:
            by_role[of] = by_role[of] + by_role.pop(name)
    all_close(gradients, by_role)


@compares_by_item
def test_a_masked_sample_is_no_anchor_and_in_no_gallery(compared):
    inputs = batch(compared)
    left = {name: value[COUNTS] for name, value in inputs.items()}
    for which in (0, 1):
        spoiled = {n: v.clone() for n, v in inputs.items()}
        for name, value in spoiled.items():
            value[~COUNTS] = garbage(compared.signature.inputs.fields[name], which)
        items, gradients = gradients_of(compared, spoiled, reduction="none", mask=COUNTS)
        expected, of_left = gradients_of(compared, left, reduction="none")
        close(items[COUNTS], expected)
        assert not items[~COUNTS].any()
        for name, gradient in gradients.items():
            close(gradient[COUNTS], of_left[name], note=f"gradient of {name}")
            assert not gradient[~COUNTS].any()
        close(compared(spoiled, mask=COUNTS), compared(left))


@of_each([case for case in cases() if case.signature.inputs.optional and "permute_gallery" in case.signature.always])
def test_items_come_in_the_order_of_the_batch(compared):
    inputs, order = batch(compared), torch.tensor([3, 0, 5, 1, 4, 2])
    items, other = compared.each(inputs), compared.each({name: value[order] for name, value in inputs.items()})
    close(other, items[order] if compared.by_item else items)


def ways(case):
    """Keywords that weigh, mask and reduce in every way, and the gradient that comes back to what they give."""
    generator = torch.Generator().manual_seed(3)
    cotangent = torch.randn(6, generator=generator, dtype=torch.float64)
    yield {"reduction": "mean"}, None
    yield {"reduction": "sum", "sample_weight": WEIGHT}, None
    yield {"reduction": "mean", "sample_weight": WEIGHT, "mask": COUNTS}, None
    yield {"reduction": "mean", "mask": COUNTS, "normalizer": 2.5}, None
    yield {"reduction": "none"}, cotangent
    yield {"reduction": "none", "sample_weight": WEIGHT, "mask": COUNTS}, cotangent


@takes_rows
def test_some_rows_at_a_time_give_what_all_give(compared):
    inputs = compared.sample(N=6)
    for rows, (keywords, cotangent) in zip((1, 2, 3, 11, 2, 1), ways(compared), strict=True):
        value, gradients = gradients_of(compared, inputs, cotangent, **keywords)
        again, more = gradients_of(compared, inputs, cotangent, **keywords, rows_at_once=rows)
        close(again, value, note=f"{rows} rows, {keywords}")
        all_close(more, gradients, note=f"{rows} rows, {keywords}")


@takes_rows
def test_some_rows_at_a_time_pass_gradients_to_weights_and_hyper_parameters(compared):
    inputs, entry = compared.sample(N=6), compared.entry
    numbers = {n: h for n, h in {**entry.defaults, **compared.hyper}.items() if is_number(h) and isinstance(h, float)}
    for keywords in ({"reduction": "mean"}, {"reduction": "none"}):
        found = []
        for rows in (None, 2):
            weight = WEIGHT.clone().requires_grad_()
            hyper = {name: torch.tensor(h, dtype=torch.float64, requires_grad=True) for name, h in numbers.items()}
            value = entry.function(
                **inputs, **{**compared.hyper, **hyper}, **keywords, sample_weight=weight, rows_at_once=rows
            )
            cotangent = torch.arange(1.0, 7.0, dtype=torch.float64) if value.ndim else None
            found.append(
                torch.autograd.grad(
                    value, [weight, *hyper.values()], cotangent, allow_unused=True, materialize_grads=True
                )
            )
        for dense, some, name in zip(*found, ("sample_weight", *numbers), strict=True):
            close(some, dense, note=f"gradient of {name}, {keywords}")


@takes_rows
def test_some_rows_at_a_time_in_half_precision(compared):
    inputs = compared.sample(N=6, dtype=torch.float16)
    for keywords in ({"reduction": "mean"}, {"reduction": "none"}):
        value, gradients = gradients_of(compared, inputs, **keywords)
        again, more = gradients_of(compared, inputs, **keywords, rows_at_once=4)
        assert again.dtype == torch.float16
        close(again, value, rtol=2e-3, atol=1e-6)
        all_close(more, gradients, rtol=4e-3, atol=1e-4)


@takes_rows
def test_some_rows_at_a_time_without_a_gradient(compared):
    inputs = compared.sample(N=6)
    with torch.no_grad():
        for reduction in ("mean", "none"):
            value = compared(inputs, reduction=reduction, rows_at_once=4)
            close(value, compared(inputs, reduction=reduction))
            assert not value.requires_grad


@takes_rows
def test_some_rows_at_a_time_refuse_a_second_derivative(compared):
    """Their gradients have no history: a second derivative would lack a part, and show no sign of it."""
    inputs = compared.sample(N=6)
    for reduction in ("mean", "none"):
        leaves = {n: v.clone().requires_grad_() if v.is_floating_point() else v for n, v in inputs.items()}
        value = compared(leaves, reduction=reduction, rows_at_once=4)
        with pytest.raises(ValueError, match=r"`rows_at_once`: expected None where a gradient is differentiated again"):
            torch.autograd.grad(
                value.sum(), [leaves[name] for name in compared.signature.inputs.floating], create_graph=True
            )


def test_some_rows_at_a_time_refuse_transforms():
    x, y = torch.randn(2, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def some(x):
        return lossatlas.nt_xent(x, y, rows_at_once=2)

    for transformed in (torch.func.grad(some), torch.func.hessian(some), lambda x: torch.func.jvp(some, (x,), (y,))):
        with pytest.raises(ValueError, match=r"`rows_at_once`: expected None under torch\.func"):
            transformed(x)


def labelled(inputs, labels):
    return {**inputs, "labels": labels} if "labels" in inputs else inputs


@compares
@pytest.mark.parametrize("rows", [None, 2])
def test_batches_with_little_in_them(compared, rows):
    keywords = {} if rows is None or not compared.by_item else {"rows_at_once": rows}
    five = batch(compared, 5)
    for what, inputs in {
        "empty": batch(compared, 0),
        "one item": batch(compared, 1),
        "one class": labelled(five, torch.zeros(5, dtype=torch.long)),
        "all different": labelled(five, torch.arange(5)),
    }.items():
        value, gradients = gradients_of(compared, inputs, **keywords)
        assert value.isfinite(), what
        assert all(gradient.isfinite().all() for gradient in gradients.values()), what
        if what == "empty":
            assert value == 0


@takes_rows
def test_numbers_of_rows_that_are_refused(compared):
    inputs = take(compared.signature, compared.sample(), torch.arange(2))
    for rows, error in ((0, ValueError), (-1, ValueError), (2.0, ValueError), (True, TypeError), ("2", TypeError)):
        refused(error, "rows_at_once", compared, inputs, rows_at_once=rows)
